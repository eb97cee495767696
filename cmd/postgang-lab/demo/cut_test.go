package demo

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	"github.com/pdfcpu/pdfcpu/pkg/api"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"

	"postgang/printjobs/exchange"
	"postgang/printjobs/impose"
)

func init() { api.DisableConfigDir() }

// cutPress makes a PDF in dir whose pages are the finished sides of a print file in order, as they come from cutting the
// press sheets and laying the stacks on each other. It goes by the ticket, and by what a vendor is told of its press: where
// the cells lie.
func cutPress(dir, path string, t exchange.Ticket, press impose.Press, f exchange.File, sheets int) (string, error) {
	per := 1
	if t.Class.Duplex {
		per = 2
	}
	up := t.Press.Columns * t.Press.Rows
	finished := sheets + f.Header + f.Trailer
	height := f.Sides / per // of the pile
	if finished > up*t.Press.StackSheets || height > t.Press.StackSheets || t.Press.Order != exchange.OrderCutAndStack {
		return "", errors.New("the file is cut in several piles, or not at all: this judge knows one pile")
	}
	cells := make([]string, per*up)
	for i := range cells {
		cell, back := i/per, i%per == 1
		r := press.Trim(cell, back)
		area := fmt.Sprintf("[%f %f %f %f]", r.X0, r.Y0, r.X1, r.Y1)
		boxes, err := api.PageBoundaries("media:"+area+", crop:"+area, types.POINTS)
		if err != nil {
			return "", err
		}
		cells[i] = filepath.Join(dir, fmt.Sprintf("%s-%d.pdf", filepath.Base(path), i))
		if err := api.AddBoxesFile(path, cells[i], nil, boxes, nil); err != nil {
			return "", fmt.Errorf("crop %s: %w", filepath.Base(path), err)
		}
	}
	out := filepath.Join(dir, filepath.Base(path))
	args := []string{"--empty", "--pages"}
	for sheet := range finished {
		cell, at := sheet/height, sheet%height
		for side := range per {
			args = append(args, cells[cell*per+side], strconv.Itoa(at*per+side+1))
		}
	}
	args = append(args, "--", out)
	if msg, err := exec.Command("qpdf", args...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("qpdf: %w: %s", err, msg)
	}
	for _, c := range cells {
		os.Remove(c)
	}
	return out, nil
}

// withoutMarks paints over the strip at the left edge where the marks of the demo's vendors stand; letters have nothing there.
func withoutMarks(page *image.Gray) *image.Gray {
	const right, top, bottom = 18.5, 78, 176 // mm
	dot := func(mm float64) int { return int(mm / 25.4 * pageDPI) }
	draw.Draw(page, image.Rect(0, dot(top), dot(right), dot(bottom)), image.NewUniform(color.White), image.Point{}, draw.Src)
	return page
}
