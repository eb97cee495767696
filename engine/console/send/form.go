package send

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"

	"postgang/engine/accept"
	"postgang/engine/access"
	"postgang/engine/console/page"
	"postgang/engine/console/scoped"
	"postgang/engine/intake/door"
	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/engine/words"
)

// written is what somebody has written in the form.
type written struct {
	Account                                                    string
	Number, Name, Line1, Line2, Line3, Postcode, City, Country string
	Title, Konteringskode, Reference                           string
	Paper, Colour, Duplex, Level4                              bool
	Key                                                        string // of the form: a letter for each
}

// formPage is the form.
type formPage struct {
	written
	Accounts []page.Choice
	Faults   []fault
	Wrong    map[string]string // what is wrong with a field, by its id
	Lost     bool              // files were chosen, and must be chosen again
	Gone     bool              // a draft is not there any more
	MaxSize  string
	Codes    []page.Choice // konteringskoder to choose from; none: there is no register, or it is too long
	CodeNote string        // what is doubtful about the one that was written
}

// fault is something that is wrong with what was written.
type fault struct {
	Field string // id of the field; empty: of none
	Text  string
}

// uploadTime is how long a form with its files may take to come.
const uploadTime = 15 * time.Minute

const (
	mostText  = 4 << 10 // bytes of a field
	mostParts = 100
)

// form shows the form, empty or as a draft of the person was written.
func form(v *request) error {
	p := formPage{written: written{Key: rand.Text(), Duplex: true}, Gone: v.R.URL.Query().Get("borte") != ""}
	if d := v.drafts.get(v.R.URL.Query().Get("utkast"), v.Person.ID, v.Now()); d != nil {
		p.written, p.Lost = d.written, true
	}
	return v.show(http.StatusOK, p)
}

func (v *request) show(status int, p formPage) error {
	p.Accounts = v.Choices(p.Account)
	var most int64
	for _, a := range v.Accounts {
		if v.Scope.Has(a.Key) {
			most = max(most, a.Rules.MaxBytes)
		}
	}
	if most > 0 {
		p.MaxSize = page.Size(most)
	}
	register, err := v.register()
	if err != nil {
		return err
	}
	p.Codes, p.CodeNote = codeChoices(register, v.today()), codeNote(register, p.Konteringskode, v.today())
	p.Wrong = map[string]string{}
	for _, f := range p.Faults {
		if p.Wrong[f.Field] == "" {
			p.Wrong[f.Field] = f.Text
		}
	}
	return v.Show(status, "send", "Send forsendelse", p)
}

// coming is a form that comes, with its files.
type coming struct {
	written
	upload *door.Upload
	names  []string
	faults []fault
}

func (c *coming) close() {
	if c.upload != nil {
		c.upload.Close()
	}
}

// write takes the form, and tries what is in it.
func write(v *request) error {
	parts, err := v.R.MultipartReader()
	if err != nil {
		return v.Redirect("/send") // no form of ours
	}
	control := http.NewResponseController(v.W)
	_ = control.SetReadDeadline(time.Now().Add(uploadTime)) // a writer without deadlines has a test behind it
	c := &coming{}
	if err := v.read(parts, c); err != nil {
		c.close()
		return err
	}
	d, err := v.try(c)
	if err != nil || d == nil {
		defer c.close()
	}
	switch {
	case err != nil:
		return err
	case d == nil:
		return v.show(http.StatusUnprocessableEntity, formPage{written: c.written, Faults: c.faults, Lost: len(c.names) > 0})
	}
	return v.Redirect("/send/utkast/" + v.drafts.put(d, v.Now()))
}

// read reads the parts of the form. Fields come before files, as they stand in it.
func (v *request) read(parts *multipart.Reader, c *coming) error {
	fields := map[string]*string{
		"konto": &c.Account, "nummer": &c.Number, "navn": &c.Name, "adresse1": &c.Line1, "adresse2": &c.Line2, "adresse3": &c.Line3, "postnummer": &c.Postcode,
		"poststed": &c.City, "land": &c.Country, "tittel": &c.Title, "konteringskode": &c.Konteringskode, "referanse": &c.Reference, "nokkel": &c.Key,
	}
	flags := map[string]*bool{"farger": &c.Colour, "tosidig": &c.Duplex, "niva4": &c.Level4}
	for n := 0; ; n++ {
		part, err := parts.NextPart()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil || n >= mostParts:
			c.faults = append(c.faults, fault{"dokument1", "Innholdet kom ikke helt fram. Prøv igjen."})
			return nil
		}
		name := part.FormName()
		if strings.HasPrefix(name, "dokument") {
			if err := v.file(part, c); err != nil {
				return err
			}
			continue
		}
		text, err := io.ReadAll(io.LimitReader(part, mostText))
		if err != nil {
			c.faults = append(c.faults, fault{"", "Innholdet kom ikke helt fram. Prøv igjen."})
			return nil
		}
		value := strings.TrimSpace(string(text))
		if to := fields[name]; to != nil {
			*to = value
		}
		if to := flags[name]; to != nil {
			*to = value != ""
		}
		if name == "levering" {
			c.Paper = value == "papir"
		}
	}
}

// file spools a file of the form.
func (v *request) file(part *multipart.Part, c *coming) error {
	name := path.Base(strings.ReplaceAll(part.FileName(), `\`, "/"))
	if part.FileName() == "" || c.Account == "" {
		return nil // none was chosen, or there is no account whose letter it would be, which is told
	}
	if c.upload == nil {
		account, ok := v.Door.Own(c.Account)
		if !ok || !v.Scope.Has(c.Account) {
			return fmt.Errorf("account of a letter: %w", store.ErrNotFound)
		}
		up, p := v.Door.Begin(v.Ctx, account)
		if p == nil {
			if p = up.Printed(); p != nil {
				up.Close()
			}
		}
		if p != nil {
			return p
		}
		c.upload = up
	}
	name = unlike(name, c.names)
	c.names = append(c.names, name)
	if len(c.faults) > 0 {
		return nil // too much has come already
	}
	if p := c.upload.Add(shipment.Private(name), part); p != nil {
		if p.Status >= http.StatusInternalServerError {
			return p
		}
		c.faults = append(c.faults, fault{"dokument1", p.Text})
	}
	return nil
}

// unlike gives a file a name that none of the others has.
func unlike(name string, others []string) string {
	taken := map[string]bool{}
	for _, o := range others {
		taken[shipment.FileKey(o)] = true
	}
	ext := path.Ext(name)
	for n, first := 2, strings.TrimSuffix(name, ext); taken[shipment.FileKey(name)]; n++ {
		name = first + "-" + strconv.Itoa(n) + ext
	}
	return name
}

// submission is what was written as forsendelse.json.
func (w written) submission(names []string) shipment.Submission {
	s := shipment.Submission{
		Title: shipment.Private(w.Title), SendingSystem: System, Konteringskode: w.Konteringskode, PrintOnly: w.Paper, RequireLevel4: w.Level4,
		ExternalReference: w.Reference, Documents: []shipment.SubmittedFile{},
		Recipient: shipment.PostalAddress{
			Name: shipment.Private(w.Name), DigitalID: shipment.Private(w.Number), Line1: shipment.Private(w.Line1), Line2: shipment.Private(w.Line2),
			Line3: shipment.Private(w.Line3), Postcode: w.Postcode, City: shipment.Private(w.City), Country: w.Country,
		},
	}
	s.Print.Colour, s.Print.Duplex = w.Colour, w.Duplex
	for _, name := range names {
		s.Documents = append(s.Documents, shipment.SubmittedFile{FileName: shipment.Private(name), MimeType: shipment.MimePDF})
	}
	return s
}

// try says what is wrong with a letter, all of it at once, in c; or gives the draft of it, which has the upload from then on.
func (v *request) try(c *coming) (*draft, error) {
	if c.Account == "" {
		c.faults = append(c.faults, fault{"konto", "Velg hvilken konto brevet sendes fra."})
	} else if _, ok := v.Door.Own(c.Account); !ok || !v.Scope.Has(c.Account) {
		return nil, fmt.Errorf("account of a letter: %w", store.ErrNotFound)
	}
	if !c.Paper && c.Number == "" {
		c.faults = append(c.faults, fault{"nummer", "Skriv fødselsnummer eller organisasjonsnummer, eller velg «Bare på papir»."})
	}
	if c.Account == "" || c.upload == nil {
		c.faults = append(c.faults, fault{"dokument1", "Velg minst ett dokument."})
	}
	if c.Key == "" {
		c.Key = rand.Text()
	}
	d := &draft{person: v.Person.ID, account: c.Account, written: c.written, names: c.names, made: v.Now(), upload: c.upload}
	if err := v.first(d); err != nil {
		return nil, err
	}
	h := shipment.HandIn{Account: v.ruling(c.Account), Key: d.key.InArchive(), Dialect: string(access.ByHand), At: v.Now()}
	var err error
	if d.json, err = json.Marshal(c.submission(c.names)); err != nil {
		return nil, errors.New("what was written cannot be handed in") // the cause may quote it
	}
	h.JSON = d.json
	if c.upload != nil {
		h.Files = c.upload.Files()
	}
	if h.Account != "" {
		if d.tried, err = v.Engine.Try(v.Ctx, h); err != nil {
			return nil, err
		}
	}
	c.faults = append(c.faults, faultsOf(d.tried, c.names, c.upload == nil)...)
	if len(c.faults) > 0 {
		return nil, nil
	}
	return d, nil
}

// ruling is the account by whose rules a letter is tried: where none was chosen, the first that may be, so that all else is told too.
func (v *request) ruling(chosen string) string {
	if may := v.Choices(""); chosen == "" && len(may) > 0 {
		return may[0].Value
	}
	return chosen
}

// first gives a draft an identity of its own where a letter was sent with the form before.
func (v *request) first(d *draft) error {
	d.key = door.Identity{Key: d.written.Key}
	if d.account == "" {
		return nil
	}
	err := v.View(func(r *scoped.Reader) error {
		_, err := r.LetterByHandIn(v.Ctx, d.account, d.key.InArchive())
		return err
	})
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil
	case err != nil:
		return err
	}
	d.again, d.written.Key = true, rand.Text()
	d.key.Key = d.written.Key
	return nil
}

// fieldOf are the form's fields by those of forsendelse.json.
var fieldOf = map[string]string{
	"tittel": "tittel", "mottaker": "navn", "mottaker.navn": "navn", "mottaker.digitalId": "nummer", "mottaker.adresselinje1": "adresse1", "mottaker.adresselinje2": "adresse2",
	"mottaker.adresselinje3": "adresse3", "mottaker.postnummer": "postnummer", "mottaker.poststed": "poststed", "mottaker.land": "land", "mottaker.landkode": "land",
	"konteringskode": "konteringskode", "eksternReferanse": "referanse", "krevNiva4Innlogging": "niva4", "kunPrint": "papir", "dokumenter": "dokument1",
}

// documentField is a field of forsendelse.json that is about a document.
var documentField = regexp.MustCompile(`^dokumenter\[(\d+)\]`)

// faultsOf are the reasons for which a letter would be refused, by the fields of the form. That there are no files is told otherwise.
func faultsOf(t accept.Tried, names []string, none bool) []fault {
	var out []fault
	for _, r := range t.Refusals {
		if r.Warning || none && strings.HasPrefix(r.Code, "dokument-") {
			continue
		}
		out = append(out, fault{Text: textOf(r, names), Field: idOf(r.Field)})
	}
	return out
}

func idOf(field string) string {
	if documentField.MatchString(field) {
		return "dokument1"
	}
	return fieldOf[field]
}

// textOf words a reason or warning, with the document that it is about.
func textOf(r shipment.Refusal, names []string) string {
	text := words.Refusal(r, words.Norwegian)
	if m := documentField.FindStringSubmatch(r.Field); m != nil {
		if n, err := strconv.Atoi(m[1]); err == nil && n < len(names) {
			return names[n] + ": " + text
		}
	}
	return text
}
