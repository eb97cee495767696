// Package printoppdrag writes print orders as NAV's printoppdrag 2.2 has them (docs/sources.md, Vendors and receipts): a letter is a ZIP
// of its own, named by its bestillingsId, with an XML that says where it goes and how it is printed, and its PDF.
//
// It is pure: bytes in, bytes out. How a ZIP reaches the vendor, and what counts as handed over, is in package exchange.
package printoppdrag

import (
	"archive/zip"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"
)

// Version names the contract, as a vendor's profile in the configuration does.
const Version = "nav-printoppdrag-2.2"

// Priorities of [Terms].
const (
	PriorityA = "A"
	PriorityB = "B"
)

// DefaultDocumentType is what a letter is called when nothing else is agreed.
const DefaultDocumentType = "STANDARD"

// Terms are what was agreed with the vendor.
type Terms struct {
	CustomerID   string // kundeId: whom the vendor has the order from
	Priority     string // PriorityA or PriorityB; empty: PriorityB
	DocumentType string // dokumentType; empty: DefaultDocumentType
	// DocumentTypeColour is the dokumentType of letters with colour, of which the contract has no other word; empty: as without.
	DocumentTypeColour string
}

// codeForm is what ids and types look like.
var codeForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// Validate says everything that is wrong with the terms, or returns nil.
func (t Terms) Validate() error {
	var errs []error
	if !codeForm.MatchString(t.CustomerID) {
		errs = append(errs, errors.New("customer id: want the kundeId that the vendor has given, of letters, digits, dot, hyphen and underscore"))
	}
	if t.Priority != "" && t.Priority != PriorityA && t.Priority != PriorityB {
		errs = append(errs, fmt.Errorf("priority %q is neither %s nor %s", t.Priority, PriorityA, PriorityB))
	}
	for _, kind := range []string{t.DocumentType, t.DocumentTypeColour} {
		if kind != "" && !codeForm.MatchString(kind) {
			errs = append(errs, fmt.Errorf("document type %q: want letters, digits, dot, hyphen and underscore", kind))
		}
	}
	return errors.Join(errs...)
}

// Destinations: destinasjon of a letter by its postage zone.
var destinations = map[string]string{"NORGE": "INNLAND", "EUROPA": "EUROPA", "VERDEN": "VERDEN"}

// Address is where a letter goes; personal data.
type Address struct {
	Name        string
	Lines       []string // empty ones are left out
	Postcode    string
	City        string
	CountryName string // the last line of an address abroad; empty: it is in Norway
	Country     string // of an address abroad by ISO 3166-1 alpha-2; empty: it is not known by a code
}

// Order is one letter.
type Order struct {
	ID        string    // bestillingsId; names the ZIP and is never used again
	Created   time.Time // KundeOpprettet: its day, in the time zone that it carries
	Zone      string    // postage zone: NORGE, EUROPA or VERDEN
	Duplex    bool
	Colour    bool
	Document  string // dokumentId; names the PDF, so no personal data
	Recipient Address
}

// The elements, in the order of the schema.
type (
	bestilling struct {
		XMLName   xml.Name         `xml:"Bestilling"`
		Schema    string           `xml:"xmlns:xsi,attr"`
		Location  string           `xml:"xsi:noNamespaceSchemaLocation,attr"`
		Info      bestillingsInfo  `xml:"BestillingsInfo"`
		Mailpiece mailpieceElement `xml:"Mailpiece"`
	}
	bestillingsInfo struct {
		ID       string       `xml:"bestillingsId,attr"`
		Customer string       `xml:"kundeId,attr"`
		Created  string       `xml:"KundeOpprettet"`
		Document documentInfo `xml:"DokumentInfo"`
		Channel  channel      `xml:"Kanal"`
	}
	documentInfo struct {
		Destination string `xml:"destinasjon,attr"`
		Sorting     string `xml:"sorteringsfelt,attr"`
	}
	channel struct {
		Treatment string `xml:"behandling,attr"`
		Kind      string `xml:"type,attr"`
	}
	mailpieceElement struct {
		ID       string          `xml:"mailpieceId,attr"`
		Address  string          `xml:"Ressurs>Adresse"`
		Country  string          `xml:"Landkode"`
		Postcode string          `xml:"Postnummer"`
		Document documentElement `xml:"Dokument"`
	}
	documentElement struct {
		ID       string `xml:"dokumentId,attr"`
		Kind     string `xml:"dokumentType,attr"`
		Name     string `xml:"Navn"`
		Country  string `xml:"Landkode"`
		Postcode string `xml:"Postnummer"`
	}
)

// XML gives the order's XML. Landkode and Postnummer stand there for every letter, as the schema demands, also where NAV leaves one of
// them out; a letter abroad without a postcode has an empty Postnummer. No fødselsnummer is in it: Skattyternummer is left out.
func XML(o Order, t Terms) ([]byte, error) {
	if err := t.Validate(); err != nil {
		return nil, fmt.Errorf("print order: %w", err)
	}
	destination, known := destinations[o.Zone]
	switch {
	case !codeForm.MatchString(o.ID) || !codeForm.MatchString(o.Document):
		return nil, errors.New("print order: its id, or that of its document, cannot name a file")
	case !known:
		return nil, fmt.Errorf("print order %s: postage zone is unknown", o.ID)
	case o.Created.IsZero():
		return nil, fmt.Errorf("print order %s: it has no day", o.ID)
	}
	a := o.Recipient
	country := a.Country
	if a.CountryName == "" {
		country = "NO"
	}
	return marshal(bestilling{
		Schema: "http://www.w3.org/2001/XMLSchema-instance", Location: "printoppdrag-2_2.xsd",
		Info: bestillingsInfo{
			ID: o.ID, Customer: t.CustomerID, Created: o.Created.Format(time.DateOnly),
			Document: documentInfo{destination, "USORTERT"},
			Channel:  channel{o.treatment(t), "PRINT"},
		},
		Mailpiece: mailpieceElement{
			ID: o.ID, Address: a.text(), Country: country, Postcode: a.Postcode,
			Document: documentElement{o.Document, t.documentType(o.Colour), a.Name, country, a.Postcode},
		},
	})
}

func marshal(b bestilling) ([]byte, error) {
	text, err := xml.MarshalIndent(b, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("print order: %w", err)
	}
	return append([]byte(xml.Header), append(text, '\n')...), nil
}

// treatment is behandling: priority, envelope (X: with a window, which our forside is made for), and sides.
func (o Order) treatment(t Terms) string {
	sides := "S"
	if o.Duplex {
		sides = "D"
	}
	priority := t.Priority
	if priority == "" {
		priority = PriorityB
	}
	return priority + "_X_" + sides
}

func (t Terms) documentType(colour bool) string {
	switch {
	case colour && t.DocumentTypeColour != "":
		return t.DocumentTypeColour
	case t.DocumentType != "":
		return t.DocumentType
	}
	return DefaultDocumentType
}

// text is the address in lines that carriage returns part. They are written as references, since a reader of XML makes line feeds of
// plain ones.
func (a Address) text() string {
	lines := append([]string{a.Name}, a.Lines...)
	lines = append(lines, strings.TrimSpace(a.Postcode+" "+a.City), a.CountryName)
	var out []string
	for _, l := range lines {
		if l = strings.Join(strings.Fields(l), " "); l != "" {
			out = append(out, l)
		}
	}
	return strings.Join(out, "\r")
}

// Write writes the ZIP of an order: <bestillingsId>.xml and <dokumentId>.pdf. The same order gives the same bytes.
func Write(w io.Writer, o Order, t Terms, pdf io.Reader) error {
	text, err := XML(o, t)
	if err != nil {
		return err
	}
	z := zip.NewWriter(w)
	for _, f := range []struct {
		name    string
		content io.Reader
	}{{o.ID + ".xml", strings.NewReader(string(text))}, {o.Document + ".pdf", pdf}} {
		// To whole days, in UTC: what a ZIP keeps of a time depends on no zone then.
		entry, err := z.CreateHeader(&zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: o.Created.UTC().Truncate(24 * time.Hour)})
		if err != nil {
			return fmt.Errorf("print order %s: %w", o.ID, err)
		}
		if _, err := io.Copy(entry, f.content); err != nil {
			return fmt.Errorf("print order %s: write %s: %w", o.ID, f.name, err)
		}
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("print order %s: %w", o.ID, err)
	}
	return nil
}
