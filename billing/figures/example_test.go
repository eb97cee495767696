package figures_test

import (
	"fmt"

	"postgang/billing/figures"
)

// The figures of the SvarUt spreadsheet of 2014, with examples for those that are lost.
func ExampleCostBenefitInputs_Compute() {
	cb, err := figures.SeedInputs().Compute()
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
