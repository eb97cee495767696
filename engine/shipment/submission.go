package shipment

import (
	"time"

	"postgang/billing/codes"
	"postgang/engine/identity"
)

// InvalidCode stands for a konteringskode that a hand-in was refused for.
const InvalidCode = "(ugyldig)"

// ShownCode is a konteringskode as it may be shown. What does not have the form of one is anybody's text, and is only
// kept with the refused hand-in.
func ShownCode(code string) string {
	if code != "" && (!codes.Valid(code) || len(identity.FindNationalIDs(code)) > 0) {
		return InvalidCode
	}
	return code
}

// Range is a range of numbers from 1, both ends in it.
type Range struct{ From, To int }

// Has tells whether a number is in the range.
func (r Range) Has(n int) bool { return r.From <= n && n <= r.To }

// Submission is a hand-in's forsendelse.json: SvarUt's v2 names, with v3's landkode (docs/sources.md, Hand-ins). Only the
// fields that paper, money or the rules need are typed; Noark metadata is kept as it came.
type Submission struct {
	Title              Private         `json:"tittel"`
	Recipient          PostalAddress   `json:"mottaker"`
	SendingSystem      string          `json:"avgivendeSystem,omitempty"`
	SendingSystemActor string          `json:"avgivendeSystemAktor,omitempty"`
	Konteringskode     string          `json:"konteringskode,omitempty"`
	DigitalOnly        bool            `json:"kunDigitalLevering,omitempty"`
	PrintOnly          bool            `json:"kunPrint,omitempty"` // ours: what v3 says by its /print endpoint
	Encrypted          bool            `json:"kryptert,omitempty"`
	RequireLevel4      bool            `json:"krevNiva4Innlogging,omitempty"`
	Print              printConfig     `json:"utskriftskonfigurasjon"`
	ReplyTo            *PostalAddress  `json:"svarSendesTil,omitempty"`
	ReplyToShipment    string          `json:"svarPaForsendelse,omitempty"`
	AllowReplyLink     bool            `json:"svarPaForsendelseLink,omitempty"`
	Documents          []SubmittedFile `json:"dokumenter"`
	Links              []link          `json:"lenker,omitempty"`
	ShipmentType       string          `json:"forsendelsestype,omitempty"`
	ExternalReference  string          `json:"eksternReferanse,omitempty"` // may be shared by many shipments; no key
	CorrelationID      string          `json:"korrelasjonsid,omitempty"`
	SigningExpires     *time.Time      `json:"signeringUtloper,omitempty"`
	SignatureType      string          `json:"signaturType,omitempty"`
	Confidential       bool            `json:"taushetsbelagtPost,omitempty"`
	ExposedTo          []Private       `json:"eksponertFor,omitempty"`
	Language           string          `json:"spraak,omitempty"` // ours, of the drop folder alone: the forside's labels; KRR's codes
	MetadataFromSystem map[string]any  `json:"metadataFraAvleverendeSystem,omitempty"`
	MetadataForImport  map[string]any  `json:"metadataForImport,omitempty"`
}

// PostalAddress is an Adresse of the v2 API with v3's landkode.
type PostalAddress struct {
	Name        Private `json:"navn"`
	DigitalID   Private `json:"digitalId,omitempty"` // fødselsnummer, D-number or organisasjonsnummer
	Line1       Private `json:"adresselinje1,omitempty"`
	Line2       Private `json:"adresselinje2,omitempty"`
	Line3       Private `json:"adresselinje3,omitempty"`
	Postcode    string  `json:"postnummer,omitempty"`
	City        Private `json:"poststed,omitempty"`
	Country     string  `json:"land,omitempty"`     // name, free text
	CountryCode string  `json:"landkode,omitempty"` // ISO 3166-1 alpha-2; absent: Norwegian, unless land says otherwise
}

// printConfig is what the sender asks of print; both default to false (SvarUt V10+).
type printConfig struct {
	Colour bool `json:"utskriftMedFarger,omitempty"`
	Duplex bool `json:"tosidig,omitempty"`
	// LetterType is APOST or BPOST in SOAP, for A and B post. They became one in 2018, so it is kept and decides nothing.
	LetterType string `json:"brevtype,omitempty"`
}

// SubmittedFile is one entry of dokumenter; the order is the order in the letter.
type SubmittedFile struct {
	FileName     Private          `json:"filnavn"`
	MimeType     string           `json:"mimeType"`
	GiroPages    []int            `json:"giroarkSider,omitempty"`
	Excluded     bool             `json:"skalEkskluderesFraUtskrift,omitempty"`
	ToBeSigned   bool             `json:"skalSigneres,omitempty"`
	DocumentType string           `json:"dokumentType,omitempty"`
	Sensitive    bool             `json:"inneholderPersonsensitivInformasjon,omitempty"`
	Metadata     []map[string]any `json:"ekstraMetadata,omitempty"`
}

// link is a Lenke.
type link struct {
	URL  Private `json:"url"`
	Text Private `json:"tekst"`
	Lead Private `json:"ledetekst,omitempty"`
}
