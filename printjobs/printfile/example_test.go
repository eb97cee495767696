package printfile_test

import (
	"bytes"
	"fmt"
	"log"

	"postgang/printjobs/printfile"
)

// Two letters that share a font become a print file of four sides: each letter
// has one page and a blank back.
func Example() {
	prepare := func(text string) []byte {
		b := printfile.NewBuilder()
		font := b.Add(printfile.Dict{
			"Type": printfile.Name("Font"), "Subtype": printfile.Name("Type1"), "BaseFont": printfile.Name("Helvetica"),
		})
		b.Share(font)
		b.AddPage(b.Add(printfile.Stream{
			Dict: printfile.Dict{
				"Type": printfile.Name("XObject"), "Subtype": printfile.Name("Form"),
				"BBox":      printfile.Array{printfile.Int(0), printfile.Int(0), printfile.Int(595), printfile.Int(842)},
				"Resources": printfile.Dict{"Font": printfile.Dict{"F1": font}},
			},
			Data: []byte("BT /F1 12 Tf 72 700 Td (" + text + ") Tj ET"),
		}), 595, 842)
		letter, err := b.Prepared()
		if err != nil {
			log.Fatal(err)
		}
		var file bytes.Buffer
		if _, err := letter.WriteTo(&file); err != nil {
			log.Fatal(err)
		}
		return file.Bytes()
	}

	var out bytes.Buffer
	l := printfile.NewLinker(&out, printfile.Options{Title: "job 17"})
	for _, file := range [][]byte{prepare("first"), prepare("second")} {
		letter, err := printfile.OpenPrepared(bytes.NewReader(file), int64(len(file)))
		if err != nil {
			log.Fatal(err)
		}
		width, height := letter.PageSize(0)
		front := []printfile.Placement{{Source: letter, Page: 0, Matrix: printfile.Identity}}
		for _, side := range []printfile.Side{
			{Width: width, Height: height, Placements: front},
			{Width: width, Height: height},
		} {
			if err := l.AddSide(side); err != nil {
				log.Fatal(err)
			}
		}
		l.Release(letter)
	}
	res, err := l.Close()
	if err != nil {
		log.Fatal(err)
	}

	sum, err := printfile.Inspect(bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil {
		log.Fatal(err)
	}
	for i, s := range sum.Sides {
		fmt.Printf("side %d: %d pages placed, blank %v\n", i+1, s.Placements, s.Blank)
	}
	fmt.Println("same file:", sum.SHA256 == res.SHA256, "shared objects used again:", res.SharedHits)
	// Output:
	// side 1: 1 pages placed, blank false
	// side 2: 0 pages placed, blank true
	// side 3: 1 pages placed, blank false
	// side 4: 0 pages placed, blank true
	// same file: true shared objects used again: 1
}
