package printjobs

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"postgang/fixtures/judges"
	"postgang/printjobs/exchange"
	"postgang/printjobs/printoppdrag"
)

// orderProfile is the profile of a vendor who takes print orders.
func orderProfile(t *testing.T) Profile {
	t.Helper()
	p := testProfile(t)
	p.Orders, p.MaxLettersPerJob = &printoppdrag.Terms{CustomerID: "KOMMUNE"}, 1
	return p
}

// TestComposeOrder: the order of a letter holds its print file, cover and all, and an XML that says where it goes.
func TestComposeOrder(t *testing.T) {
	t.Parallel()
	judges.Need(t, "pdftotext")
	p := orderProfile(t)
	planned, s := planOne(t, p, 0, candidate("d1", func(c *Candidate) { c.Facts = factsOf(map[int]string{1: "c"}, 2); c.Duplex, c.Colour = true, true }))
	dir := t.TempDir()
	job := jobOf(t, testJob, planned, s, p)
	out, err := Compose(t.Context(), dir, job, p, nil)
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, f := range out.Files {
		kinds = append(kinds, f.Kind)
	}
	if got := strings.Join(kinds, " "); got != "print manifest order ticket" {
		t.Fatalf("files are %s", got)
	}
	print, order := out.Files[0], out.Files[2]
	data, err := os.ReadFile(order.Path)
	if err != nil || order.Name != testJob+".zip" || int64(len(data)) != order.Bytes || order.Path != filepath.Join(dir, order.Name) {
		t.Fatalf("%+v, %v", order, err)
	}
	z, err := zip.NewReader(bytes.NewReader(data), order.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	content := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		content[f.Name] = string(b)
	}
	pdf, err := os.ReadFile(print.Path)
	if err != nil || content["d1.pdf"] != string(pdf) || len(content) != 2 {
		t.Errorf("the order holds %d files, and not the print file", len(content))
	}
	for _, want := range []string{`bestillingsId="` + testJob + `" kundeId="KOMMUNE"`, `behandling="B_X_D"`, `destinasjon="INNLAND"`, `dokumentId="d1"`, "<Landkode>NO</Landkode>"} {
		if !strings.Contains(content[testJob+".xml"], want) {
			t.Errorf("the XML lacks %s:\n%s", want, content[testJob+".xml"])
		}
	}
	if texts := texts(t, print.Path); !strings.Contains(texts[0], "d1") {
		t.Errorf("no cover in front: %q", texts[0])
	}
	again, err := Compose(t.Context(), t.TempDir(), jobOf(t, testJob, planned, s, p), p, nil)
	if err != nil || again.Files[2].SHA256 != order.SHA256 {
		t.Errorf("composed again it has other bytes (%v)", err)
	}

	job = jobOf(t, testJob, planned, s, p)
	letters := job.Letters
	job.Letters = func(yield func(Letter, error) bool) {
		for l, err := range letters {
			l.Only = []int{1}
			yield(l, err)
		}
	}
	if _, err := Compose(t.Context(), t.TempDir(), job, p, nil); err == nil || !strings.Contains(err.Error(), "single sheets") {
		t.Errorf("single sheets: %v", err)
	}
}

func TestOrderProfile(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Profile){
		"each letter":    func(p *Profile) { p.MaxLettersPerJob = 2 },
		"control sheets": func(p *Profile) { p.Control = true },
		"customer id":    func(p *Profile) { p.Orders = &printoppdrag.Terms{} },
	} {
		p := orderProfile(t)
		if err := p.Validate(); err != nil {
			t.Fatal(err)
		}
		change(&p)
		if err := p.Validate(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, ok := exchange.ParseAnswerName(exchange.OrderName(testJob)); ok {
		t.Error("an order has the name of an answer")
	}
}
