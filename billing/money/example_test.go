package money_test

import (
	"fmt"

	"postgang/billing/money"
)

// A minimum charge of 100 kroner for three konteringskoder with 120, 45 and 7 letters.
func ExampleAllocate() {
	for _, part := range money.Allocate(100_00, []int64{120, 45, 7}) {
		fmt.Println(part)
	}
	// Output:
	// 69,77
	// 26,16
	// 4,07
}
