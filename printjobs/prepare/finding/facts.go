package finding

// PageFacts describes one page of the prepared letter.
type PageFacts struct {
	// Document is the index of the page's document, 0-based.
	Document int `json:"document"`
	// Page is the page number in its document, 1-based.
	Page int `json:"page"`
	// Colour reports whether anything is painted in other than grey.
	// Where it cannot be known cheaply the page counts as colour.
	Colour bool `json:"colour"`
	// NearGrey reports that the page has colour, and none that is further from
	// grey than a tenth of the scale: it would look the same in black. Where
	// colour cannot be known cheaply, it is not near grey; so is a picture in
	// JPEG. Letters prepared before there was this fact do not have it.
	NearGrey bool `json:"nearGrey,omitempty"`
	// Blank reports that nothing but white is painted.
	Blank bool `json:"blank"`
	// Giro reports that the page goes on a giro sheet.
	Giro bool `json:"giro"`
	// WidthMM and HeightMM are the page's size in mm as it came: the visible
	// box, after /Rotate and UserUnit, before any turning or scaling of ours.
	WidthMM  float64 `json:"widthMM"`
	HeightMM float64 `json:"heightMM"`
	// Scaled is the factor by which the page was scaled to fit A4; exactly 1
	// when it was not.
	Scaled float64 `json:"scaled"`
}

// Facts describes a prepared letter.
type Facts struct {
	// Recipe names the rules that made the file; after it "+" and eight digits
	// that stand for the checks, when these are not the default.
	Recipe string `json:"recipe"`
	// SHA256 of the prepared file, lower-case hexadecimal.
	SHA256 string `json:"sha256"`
	// Bytes is the size of the prepared file.
	Bytes int64 `json:"bytes"`
	// Pages in the order of the prepared file.
	Pages []PageFacts `json:"pages"`
	// DocumentPages holds the number of pages of each document.
	DocumentPages []int `json:"documentPages"`
	// Warnings are the findings that do not stop the letter.
	Warnings []Finding `json:"warnings,omitempty"`
}

// ColourPages returns the 1-based numbers, in the prepared file, of the pages
// that have colour.
func (f Facts) ColourPages() []int { return f.where(func(p PageFacts) bool { return p.Colour }) }

// BlankPages returns the 1-based numbers, in the prepared file, of the pages
// on which nothing is painted.
func (f Facts) BlankPages() []int { return f.where(func(p PageFacts) bool { return p.Blank }) }

// GiroPages returns the 1-based numbers, in the prepared file, of the giro
// pages.
func (f Facts) GiroPages() []int { return f.where(func(p PageFacts) bool { return p.Giro }) }

func (f Facts) where(keep func(PageFacts) bool) []int {
	var numbers []int
	for i, p := range f.Pages {
		if keep(p) {
			numbers = append(numbers, i+1)
		}
	}
	return numbers
}
