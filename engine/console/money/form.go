package money

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"

	"postgang/billing/reading"
	"postgang/engine/console/page"
	"postgang/engine/console/visit"
	"postgang/engine/identity"
	"postgang/engine/words"
)

// form is a page that asks before something is done, with what is to be written, chosen or sent for it.
type form struct {
	Title, Text string
	Facts       []page.Fact
	LookTitle   string    // over Look
	Look        []string  // what to look at before
	Cannot      string    // why it cannot be done; empty: it can
	Refused     string    // why it was not done; empty: nothing was tried
	Problems    []problem // what is wrong with a file that was sent
	Action      string    // where the form goes
	File        bool      // a file goes with it
	Fields      []field
	Button      string
	Danger      bool // it cannot be undone
	Back        string
}

// field is something to fill in.
type field struct {
	Kind              string // tekst, fil, dato, maned, valg, knapper, kryss or skjult
	Name, Label, Help string
	Value             string
	Choices           []page.Choice // of valg and knapper
	Checked           bool          // of kryss
	Required          bool
	Accept            string // of fil
	Wrong             string // what is wrong with what was filled in
}

// IsWrong reports whether something in the form is to be mended.
func (f form) IsWrong() bool {
	return f.Refused != "" || len(f.Problems) > 0 || slices.ContainsFunc(f.Fields, func(fl field) bool { return fl.Wrong != "" })
}

// ask shows a form.
func (v *request) ask(f form) error {
	status := http.StatusOK
	if f.IsWrong() {
		status = http.StatusUnprocessableEntity
	}
	return v.Show(status, "okonomi-skjema", f.Title, f)
}

// reasonField asks for a reason.
func reasonField() field {
	return field{
		Kind: "tekst", Name: "begrunnelse", Label: "Begrunnelse", Help: "Blir stående i historikken, sammen med hvem du er. Ikke skriv personopplysninger.", Required: true,
	}
}

// set fills in the value of a field, and what is wrong with it.
func (f *form) set(name, value, wrong string) {
	for i := range f.Fields {
		if f.Fields[i].Name != name {
			continue
		}
		f.Fields[i].Value, f.Fields[i].Wrong = value, cmp.Or(wrong, f.Fields[i].Wrong)
		f.Fields[i].Checked = value != ""
		for j := range f.Fields[i].Choices {
			f.Fields[i].Choices[j].Chosen = f.Fields[i].Choices[j].Value == value
		}
	}
}

// maxUpload is the largest file that is taken: a register, an invoice or a night's receipts are far smaller.
const maxUpload = 64 << 20

// maxFields is how much beside a file is taken.
const maxFields = 64 << 10

// sent is a form that came with a file.
type sent struct {
	url.Values
	Name  string // of the file, without its folder
	Data  []byte
	Wrong string // what is wrong with the file
}

// sent reads a form with a file named «fil».
func (v *request) sent() (sent, error) {
	var out sent
	if kind, _, err := mime.ParseMediaType(v.R.Header.Get("Content-Type")); err != nil || kind != "multipart/form-data" {
		return out, fmt.Errorf("skjemaet kom ikke fram slik det skal: %w", visit.ErrBad)
	}
	out.Values = url.Values{}
	v.R.Body = http.MaxBytesReader(v.W, v.R.Body, maxUpload+maxFields)
	parts, err := v.R.MultipartReader()
	left := int64(maxFields)
	for err == nil {
		p, partErr := parts.NextPart()
		if errors.Is(partErr, io.EOF) {
			break
		}
		if err = partErr; err != nil {
			break
		}
		if p.FormName() == "fil" {
			out.Name = identity.Scrub(path.Base(strings.ReplaceAll(p.FileName(), `\`, "/")))
			if out.Data, err = io.ReadAll(io.LimitReader(p, maxUpload+1)); len(out.Data) > maxUpload {
				break
			}
			continue
		}
		value, readErr := io.ReadAll(io.LimitReader(p, left+1))
		if left -= int64(len(value)); left < 0 {
			return out, fmt.Errorf("skjemaet er for stort: %w", visit.ErrBad)
		}
		out.Add(p.FormName(), string(value))
		err = readErr
	}
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge), len(out.Data) > maxUpload:
		out.Data, out.Wrong = nil, "Filen er større enn 64 MB. Er det riktig fil?"
	case err != nil:
		return out, fmt.Errorf("filen kom ikke hel fram. Prøv igjen: %w", visit.ErrBad)
	case out.Name == "" || out.Name == "." || out.Name == "/":
		out.Wrong = "Velg en fil."
	case len(out.Data) == 0:
		out.Wrong = "Filen er tom."
	}
	return out, nil
}

// shownProblems is how many problems of a file are shown: who sees more has another file.
const shownProblems = 20

// problem is something wrong with a file.
type problem struct {
	Text   string
	Detail string // in English, as it was found
}

// problemsOf words what is wrong with a file.
func problemsOf(list []reading.Problem) []problem {
	var out []problem
	for _, p := range list[:min(len(list), shownProblems)] {
		text := words.FileProblem(p.Code, words.Norwegian)
		if p.Column != "" {
			text = "«" + p.Column + "»: " + text
		}
		if p.Line > 0 {
			text = "Linje " + page.Number(p.Line) + ": " + text
		} else {
			text = page.Sentence(text)
		}
		out = append(out, problem{text, p.Text})
	}
	if more := len(list) - len(out); more > 0 {
		out = append(out, problem{Text: page.Counted(more, "feil til", "feil til")})
	}
	return out
}
