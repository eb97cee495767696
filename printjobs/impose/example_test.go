package impose_test

import (
	"fmt"

	"postgang/printjobs/impose"
)

// A letter of two documents, printed on both sides: the first has three pages,
// the second a giro form on its second page.
func ExampleLay() {
	plan, err := impose.Lay(impose.Letter{
		Duplex:    true,
		Documents: []impose.Document{{Pages: 3}, {Pages: 2, Giro: []int{2}}},
	}, impose.DefaultOptions())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(plan)
	// Output:
	// 5 sheets, duplex, 6 pages, C5, 31.950 g
	// 1/5 COVER  cover    -
	// 2/5 PLAIN  1.1      1.2
	// 3/5 PLAIN  1.3      -
	// 4/5 PLAIN  2.1      -
	// 5/5 GIRO   2.2      -
}

// Five finished sheets on A3, two beside each other: cut, and the left stack laid
// on the right one, they are in order.
func ExamplePress_Arrange() {
	press := impose.DefaultPress()
	press.WidthMM, press.HeightMM, press.Columns = 420, 297, 2
	press.Order = impose.CutAndStack
	if err := press.Validate(); err != nil {
		fmt.Println(err)
		return
	}
	a := press.Arrange(5)
	for sheet := range a.Sheets() {
		fmt.Println(a.At(sheet, 0), a.At(sheet, 1))
	}
	fmt.Println(press.Front(1))
	// Output:
	// 0 3
	// 1 4
	// 2 -1
	// [1 0 0 1 595.276 0]
}
