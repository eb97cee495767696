package billing_test

import (
	"fmt"

	"postgang/billing"
)

// A minimum charge of 100 kroner for three konteringskoder with 120, 45 and 7 letters.
func ExampleAllocate() {
	for _, part := range billing.Allocate(100_00, []int64{120, 45, 7}) {
		fmt.Println(part)
	}
	// Output:
	// 69,77
	// 26,16
	// 4,07
}

// The figures of the SvarUt spreadsheet of 2014, with examples for those that are lost.
func ExampleCostBenefitInputs_Compute() {
	cb, err := billing.SeedInputs().Compute()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("a letter without:", cb.Total.Without.Plain(","))
	fmt.Println("a letter with:   ", cb.Total.With.Plain(","))
	fmt.Println("saved in a year: ", cb.Year.Saving.Plain(","))
	// Output:
	// a letter without: 32,65
	// a letter with:    13,20
	// saved in a year:  2274705,88
}
