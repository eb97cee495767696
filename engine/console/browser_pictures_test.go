package console

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestBrowserPictures draws pages of a demo's console, for docs/pictures/make.sh and for whoever wants to look at all of them:
// POSTGANG_CONSOLE is the address of a "postgang-lab console", POSTGANG_PICTURES the folder for the PNGs. POSTGANG_PAGES=all draws
// each page of the menu, and what it leads to, in both themes, wide and narrow.
func TestBrowserPictures(t *testing.T) {
	base, folder := os.Getenv("POSTGANG_CONSOLE"), os.Getenv("POSTGANG_PICTURES")
	if base == "" || folder == "" {
		t.Skip("draws the pages of a running console, when it is told which")
	}
	needBrowser(t)
	b := newTab(t, base)
	b.open("/")
	b.press("Alle Roller, alle roller samtidig")
	if os.Getenv("POSTGANG_PAGES") == "all" {
		b.drawAll(folder)
		return
	}
	b.view(1280, 860)
	b.draw(filepath.Join(folder, "oversikt.png"))
	b.media("prefers-color-scheme", "dark")
	b.open("/")
	b.open(eval[string](b, `[...document.querySelectorAll("tbody tr")].find((r) => r.innerText.startsWith("Postlagt")).querySelector("a").getAttribute("href")`))
	b.open(eval[string](b, `document.querySelector("tbody th a").getAttribute("href")`))
	b.draw(filepath.Join(folder, "forsendelse.png"))
	b.media()
	b.view(390, 860)
	b.open("/statistikk")
	b.draw(filepath.Join(folder, "statistikk.png"))
}

// pictureName is the name of the file with a page's picture.
func pictureName(i int, path, theme string, width int64) string {
	name := strings.Trim(strings.NewReplacer("/", "-", "?", "-", "=", "-", "&", "-", "%", "-").Replace(path), "-")
	return fmt.Sprintf("%02d-%.40s-%s-%d.png", i, name, theme, width)
}

// draw saves what is seen in the window as a PNG.
func (b *tab) draw(path string) {
	b.t.Helper()
	b.settle()
	b.call(func(ctx context.Context) error {
		png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
		if err != nil {
			return err
		}
		return os.WriteFile(path, png, 0o644)
	})
}

// drawAll saves every page whole, in both themes and two widths.
func (b *tab) drawAll(folder string) {
	b.t.Helper()
	paths := eval[[]string](b, `[...document.querySelectorAll(".side a")].map((a) => a.getAttribute("href"))`)
	for _, list := range []string{"/forsendelser", "/forsendelser?satt_til_side=alle", "/jobber", "/okonomi/maneder", "/okonomi/fakturaer", "/okonomi/avvik", "/okonomi/kvitteringer"} {
		b.open(list)
		// The first page that a row leads to, and the pages that ask before something is done there.
		first := eval[[]string](b, `[...document.querySelectorAll("tbody a")].slice(0, 1).map((a) => a.getAttribute("href"))`)
		for _, path := range first {
			b.open(path)
			paths = append(append(paths, path), eval[[]string](b, `[...document.querySelectorAll(".title .aside a")].map((a) => a.getAttribute("href"))`)...)
		}
	}
	for i, path := range paths {
		if strings.Contains(path, "arbeidsbok") || strings.Contains(path, "csv") { // files, not pages
			continue
		}
		for _, theme := range []string{"light", "dark"} {
			for _, width := range []int64{1280, 390} {
				b.media("prefers-color-scheme", theme)
				b.view(width, 900)
				b.open(path)
				b.settle()
				b.call(func(ctx context.Context) error {
					png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
					if err != nil {
						return err
					}
					return os.WriteFile(filepath.Join(folder, pictureName(i, path, theme, width)), png, 0o644)
				})
			}
		}
	}
}
