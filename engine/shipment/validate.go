package shipment

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"postgang/engine/calendar"
	"postgang/engine/identity"
	"postgang/engine/postcode"
)

// Limits of forsendelse.json. Lengths are in characters (code points).
const (
	MaxSubmissionBytes = 1 << 20 // our own limit; the largest real ones, full of metadata, are some 100 kB
	MaxDocuments       = 500     // our own limit: more files than a letter has sheets are a mistake
	maxDepth           = 20      // of nesting in forsendelse.json; its own vocabulary needs 5

	maxTitle         = 1000 // V2-SPEC
	maxName          = 100  // V3-SPEC
	maxAddressLine   = 70   // V3-SPEC
	maxCity          = 70   // V3-SPEC
	maxPostcode      = 20   // V3-SPEC
	maxCountry       = 80   // DPI-SCHEMA; SvarUt names none
	maxReference     = 100  // V2-SPEC: avgivendeSystem, forsendelsestype, eksternReferanse, korrelasjonsid
	maxFileName      = 226  // V2-SPEC
	maxMimeType      = 100  // our own
	maxLinks         = 5    // V3-SPEC
	maxURL           = 1000 // V3-SPEC
	maxLinkText      = 100  // V3-SPEC
	maxExtraMetadata = 20   // V3-SPEC
	maxMetadataKey   = 100  // V3-SPEC
	maxMetadataValue = 500  // V3-SPEC
	maxMetadataText  = 1000 // our own, for the other Noark texts
	maxExposedTo     = 100  // our own
)

// MimePDF is the one kind of document that can be printed.
const MimePDF = "application/pdf"

// ParseSubmission reads forsendelse.json. Field names must be exact: a field that is not known is left out with a
// warning, one of the wrong type with a refusal that names its path, and all the rest is read, so that [Submission.Validate]
// can tell everything else that is wrong at the same time. What is no JSON at all gives one refusal and an empty
// Submission. Field names that do not look like names are not repeated.
func ParseSubmission(data []byte) (Submission, []Refusal) {
	var s Submission
	one := func(code string, args Args) (Submission, []Refusal) {
		return Submission{}, []Refusal{{Code: code, Args: args}}
	}
	switch {
	case len(data) > MaxSubmissionBytes:
		return one("json-stor", Args{"kb": strconv.Itoa(MaxSubmissionBytes >> 10)})
	case !utf8.Valid(data):
		return one("json-tegnsett", nil)
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff")) // Windows tools write one
	if len(bytes.TrimSpace(data)) == 0 {
		return one("json-tom", nil)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	r := &jsonReader{dec: d}
	tree, err := r.value("", 0)
	if err == nil {
		if _, extra := d.Token(); extra != io.EOF {
			err = errors.New("more than one value")
		}
	}
	if err != nil {
		line := 1 + bytes.Count(data[:min(int(d.InputOffset()), len(data))], []byte("\n"))
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			line = 1 + bytes.Count(data[:min(max(int(syntax.Offset)-1, 0), len(data))], []byte("\n"))
		}
		if errors.Is(err, errDepth) {
			return one("json-dyp", Args{"max": strconv.Itoa(maxDepth)})
		}
		return one("json-feil", Args{"line": strconv.Itoa(line)})
	}
	if _, ok := tree.(map[string]any); !ok {
		return one("json-feil", Args{"case": "no-object"})
	}
	tree = r.fit(tree, reflect.TypeFor[Submission](), "")
	clean, err := json.Marshal(tree)
	if err == nil {
		err = json.Unmarshal(clean, &s)
	}
	if err != nil {
		// fit lets nothing through that does not fit; if it ever did, better to refuse than to guess.
		return one("json-feil", Args{"case": "unfit"})
	}
	return s, r.found
}

// Unreadable reports whether ParseSubmission could make nothing at all of forsendelse.json. If not, the Submission is
// worth validating even if single fields were refused.
func Unreadable(found []Refusal) bool {
	for _, r := range found {
		if strings.HasPrefix(r.Code, "json-") {
			return true
		}
	}
	return false
}

var errDepth = errors.New("nested too deeply")

// jsonReader reads JSON into maps and slices, notes fields that come twice, and then fits the tree to a type.
type jsonReader struct {
	dec   *json.Decoder
	found []Refusal
}

func (r *jsonReader) note(code, field string, args Args, warning bool) {
	const most = 100 // who gets more has sent something else altogether
	if len(r.found) < most {
		r.found = append(r.found, Refusal{Code: code, Field: field, Args: args, Warning: warning})
	}
}

// value reads one value. Its errors are those of the decoder.
func (r *jsonReader) value(path string, depth int) (any, error) {
	if depth > maxDepth {
		return nil, errDepth
	}
	t, err := r.dec.Token()
	if err != nil {
		return nil, err
	}
	delim, ok := t.(json.Delim)
	if !ok {
		return t, nil
	}
	if delim == '[' {
		list := []any{}
		for r.dec.More() {
			v, err := r.value(path+"["+strconv.Itoa(len(list))+"]", depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err = r.dec.Token()
		return list, err
	}
	object := map[string]any{}
	for r.dec.More() {
		t, err := r.dec.Token()
		if err != nil {
			return nil, err
		}
		key, _ := t.(string)
		at := join(path, fieldName(key))
		v, err := r.value(at, depth+1)
		if err != nil {
			return nil, err
		}
		if _, twice := object[key]; twice {
			r.note("felt-dobbelt", at, nil, false)
			continue
		}
		object[key] = v
	}
	_, err = r.dec.Token()
	return object, err
}

// fit returns the part of v that fits type t, and notes the rest.
func (r *jsonReader) fit(v any, t reflect.Type, path string) any {
	if v == nil {
		return nil
	}
	wrong := func(want string) any {
		r.note("felt-type", path, Args{"case": want}, false)
		return nil
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == reflect.TypeFor[time.Time]() {
		text, ok := v.(string)
		if ok {
			if _, err := time.Parse(time.RFC3339, text); err == nil {
				return v
			}
		}
		return wrong("time")
	}
	switch t.Kind() {
	case reflect.String:
		if _, ok := v.(string); !ok {
			return wrong("text")
		}
	case reflect.Bool:
		if _, ok := v.(bool); !ok {
			return wrong("bool")
		}
	case reflect.Int:
		n, ok := v.(json.Number)
		if ok {
			_, err := strconv.Atoi(n.String())
			ok = err == nil
		}
		if !ok {
			return wrong("integer")
		}
	case reflect.Slice:
		list, ok := v.([]any)
		if !ok {
			return wrong("list")
		}
		out := []any{}
		for i, e := range list {
			at := path + "[" + strconv.Itoa(i) + "]"
			if e == nil {
				r.note("felt-type", at, Args{"case": "null-element"}, false)
				continue
			}
			if e = r.fit(e, t.Elem(), at); e != nil {
				out = append(out, e)
			}
		}
		return out
	case reflect.Map:
		if _, ok := v.(map[string]any); !ok {
			return wrong("object")
		}
	case reflect.Struct:
		object, ok := v.(map[string]any)
		if !ok {
			return wrong("object")
		}
		fields := jsonFields(t)
		out := map[string]any{}
		for _, key := range sortedKeys(object) {
			f, known := fields[key]
			if !known {
				var args Args
				for name := range fields {
					if strings.EqualFold(name, key) {
						args = Args{"case": "meant", "meant": name}
					}
				}
				r.note("felt-ukjent", join(path, fieldName(key)), args, true)
				continue
			}
			if e := r.fit(object[key], f, join(path, key)); e != nil {
				out[key] = e
			}
		}
		return out
	}
	return v
}

// jsonFields gives the fields of a struct by their JSON names.
func jsonFields(t reflect.Type) map[string]reflect.Type {
	out := map[string]reflect.Type{}
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		out[name] = f.Type
	}
	return out
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

var plainName = regexp.MustCompile(`^[\p{L}_][\p{L}0-9_]*$`)

const mostName = 50 // characters

// fieldName is a field's name as it may be shown: what is no name could be content that ended up in the wrong place.
func fieldName(key string) string {
	if utf8.RuneCountInString(key) <= mostName && plainName.MatchString(key) && len(identity.FindNationalIDs(key)) == 0 {
		return key
	}
	return "(uleselig feltnavn)"
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// String hides a hand-in from careless format verbs: its metadata and references are free text.
func (s Submission) String() string { return privateMark }

// GoString hides it from %#v.
func (s Submission) GoString() string { return privateMark }

// LogValue hides it from slog.
func (s Submission) LogValue() slog.Value { return slog.StringValue(privateMark) }

// Normalise brings a hand-in into the one form that everything after it counts on: texts composed (NFC), trimmed and
// without line breaks; codes without the spaces that people paste in; landkode in upper case. It changes no meaning.
func (s *Submission) Normalise() {
	s.Title = tidyPrivate(s.Title)
	s.Recipient.normalise()
	if s.ReplyTo != nil {
		reply := *s.ReplyTo
		reply.normalise()
		s.ReplyTo = &reply
	}
	for _, p := range []*string{&s.SendingSystem, &s.SendingSystemActor, &s.ShipmentType, &s.ExternalReference, &s.CorrelationID} {
		*p = tidy(*p)
	}
	s.Konteringskode = strings.TrimSpace(norm.NFC.String(s.Konteringskode))
	s.SignatureType = strings.TrimSpace(s.SignatureType)
	s.Language = strings.ToLower(strings.TrimSpace(s.Language))
	s.ReplyToShipment = strings.ToLower(strings.TrimSpace(s.ReplyToShipment))
	s.Documents = append([]SubmittedFile(nil), s.Documents...)
	for i := range s.Documents {
		d := &s.Documents[i]
		// A file name is a name on a disk: only its composition is changed, since a Mac writes it decomposed.
		d.FileName = Private(norm.NFC.String(d.FileName.Reveal()))
		d.MimeType = strings.ToLower(strings.TrimSpace(d.MimeType))
		d.DocumentType = tidy(d.DocumentType)
	}
	s.Links = append([]link(nil), s.Links...)
	for i := range s.Links {
		l := &s.Links[i]
		l.URL = Private(strings.TrimSpace(l.URL.Reveal()))
		l.Text, l.Lead = tidyPrivate(l.Text), tidyPrivate(l.Lead)
	}
	s.ExposedTo = append([]Private(nil), s.ExposedTo...)
	for i := range s.ExposedTo {
		s.ExposedTo[i] = Private(identity.StripSpaces(s.ExposedTo[i].Reveal()))
	}
}

func (a *PostalAddress) normalise() {
	for _, p := range []*Private{&a.Name, &a.Line1, &a.Line2, &a.Line3, &a.City} {
		*p = tidyPrivate(*p)
	}
	a.DigitalID = Private(identity.StripSpaces(plainDigits(a.DigitalID.Reveal())))
	a.Country = tidy(a.Country)
	a.CountryCode = strings.ToUpper(identity.StripSpaces(a.CountryCode))
	a.Postcode = tidy(plainDigits(a.Postcode))
	if !a.Abroad() {
		a.Postcode = identity.StripSpaces(a.Postcode)
	}
}

// tidy composes a text, turns tabs and line breaks into spaces, and trims it. Other control characters stay, for
// Validate to refuse.
func tidy(s string) string {
	s = norm.NFC.String(s)
	s = strings.Map(func(r rune) rune {
		switch r {
		case '\t', '\n', '\r', '\u2028', '\u2029', '\u0085':
			return ' '
		case '\ufeff':
			return -1
		}
		return r
	}, s)
	return strings.TrimSpace(s)
}

func tidyPrivate(p Private) Private { return Private(tidy(p.Reveal())) }

// checker gathers reasons.
type checker struct {
	found []Refusal
	rules Rules
	reg   *postcode.Register
}

func (c *checker) refuse(code, field string, args Args) {
	c.found = append(c.found, Refusal{Code: code, Field: field, Args: args})
}

func (c *checker) warn(code, field string, args Args) {
	c.found = append(c.found, Refusal{Code: code, Field: field, Args: args, Warning: true})
}

// tooMany are the arguments of sentences about a number and its limit.
func tooMany(n, max int) Args {
	return Args{"n": strconv.Itoa(n), "max": strconv.Itoa(max)}
}

// text checks length and characters of a text.
func (c *checker) text(field, text string, max int) {
	if n := utf8.RuneCountInString(text); n > max {
		c.refuse("felt-langt", field, tooMany(n, max))
	}
	if !identity.Legible(text) {
		c.refuse("felt-tegn", field, nil)
	}
}

var (
	konteringskodeWidest = regexp.MustCompile(`^[a-zA-Z0-9_\-.øæåØÆÅ]{0,20}$`) // V2-SPEC, V3-SPEC
	konteringskodeV11    = regexp.MustCompile(`^[a-zA-Z0-9\-.øæåØÆÅ]{0,20}$`)  // KS-V5 to KS-V11
	countryCodeForm      = regexp.MustCompile(`^[A-Z]{2}$`)                    // V3-SPEC
	uuidForm             = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	languages            = []string{"", "nb", "nn", "se", "en"} // that the forside is made in; as in KRR's spraak
	mimeTypeForm         = regexp.MustCompile(`^[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*(;.*)?$`)
)

// Validate judges a hand-in whole and returns every reason to refuse it, and every warning, at once (docs/sources.md,
// Hand-ins). The Submission must be normalised. Nothing that was handed in is repeated in what is returned.
//
// What only the documents themselves can tell (readable, not protected, giro pages that exist) is for prepare, and what
// only the archive knows (the duplicate guard) for intake.
func (s Submission) Validate(r Rules, reg *postcode.Register, now time.Time) []Refusal {
	c := &checker{rules: r, reg: reg}

	if s.Title == "" {
		c.refuse("tittel-mangler", "tittel", nil)
	}
	c.text("tittel", s.Title.Reveal(), maxTitle)
	if len(identity.FindNationalIDs(s.Title.Reveal())) > 0 {
		c.warn("tittel-fodselsnummer", "tittel", nil)
	}

	if !slices.Contains(languages, s.Language) {
		c.refuse("spraak-ukjent", "spraak", nil)
	}
	if s.DigitalOnly && s.PrintOnly {
		c.refuse("levering-motstrid", "kunPrint", nil)
	}
	c.recipient(s)
	if s.ReplyTo != nil {
		c.replyTo(*s.ReplyTo)
	}
	c.secrecy(s)
	c.references(s, now)
	c.documents(s)
	c.links(s.Links)
	c.metadata("metadataFraAvleverendeSystem", s.MetadataFromSystem)
	c.metadata("metadataForImport", s.MetadataForImport)
	return c.found
}

func (c *checker) recipient(s Submission) {
	const field = "mottaker"
	a := s.Recipient
	if a.Name == "" {
		c.refuse("navn-mangler", field+".navn", nil)
	}
	c.text(field+".navn", a.Name.Reveal(), maxName)
	switch {
	case a.DigitalID != "":
		c.digitalID(field+".digitalId", a.DigitalID.Reveal())
	case s.DigitalOnly:
		c.refuse("digitalid-mangler", field+".digitalId", nil)
	}
	c.address(field, a, !s.DigitalOnly)
	if s.DigitalOnly {
		return
	}
	switch {
	case a.Line1 != "" || a.Line2 != "" || a.Line3 != "":
	case a.Abroad() || s.PrintOnly:
		c.refuse("adresse-mangler", field+".adresselinje1", nil)
	default:
		// Optional up to V2: small places and large addressees have none.
		c.warn("adresse-mangler", field+".adresselinje1", Args{"case": "line"})
	}
	c.window(field, a)
	c.plausible(field, a)
}

// address checks the fields of an address; paper says whether a letter may go there.
func (c *checker) address(field string, a PostalAddress, paper bool) {
	for i, line := range []Private{a.Line1, a.Line2, a.Line3} {
		c.text(field+".adresselinje"+strconv.Itoa(i+1), line.Reveal(), maxAddressLine)
	}
	c.text(field+".poststed", a.City.Reveal(), maxCity)
	c.text(field+".postnummer", a.Postcode, maxPostcode)
	c.text(field+".land", a.Country, maxCountry)
	c.country(field, a)
	if paper {
		for _, f := range []struct {
			name string
			text Private
		}{{"navn", a.Name}, {"adresselinje1", a.Line1}, {"adresselinje2", a.Line2}, {"adresselinje3", a.Line3}, {"poststed", a.City}} {
			if len(identity.FindNationalIDs(plainDigits(f.text.Reveal()))) > 0 {
				// It would show in the envelope's window (SvarUt changelog 2017-02-14).
				c.refuse("adresse-fodselsnummer", field+"."+f.name, nil)
			}
		}
	}
	if a.Abroad() {
		return // SvarUt changelog 2017-04-06: no postnummer needed
	}
	switch {
	case a.Postcode != "" && paper:
		c.found = append(c.found, checkPostcode(c.reg, field, a.Postcode, a.City.Reveal())...)
	case paper:
		c.refuse("postnummer-mangler", field+".postnummer", nil)
	}
	if a.City == "" && paper {
		c.refuse("poststed-mangler", field+".poststed", nil)
	}
}

// checkPostcode judges a Norwegian postnummer and poststed. field is the path of the address.
func checkPostcode(p *postcode.Register, field, code, city string) []Refusal {
	if !postcode.Digits(code, 4) {
		var args Args
		switch {
		case len(code) == 3 && postcode.Digits(code, 3):
			args = Args{"case": "lost-zero"}
		case postcode.Digits(city, 4):
			args = Args{"case": "swapped"} // as a broker is known to fill in an address that is missing
		}
		return []Refusal{{Code: "postnummer-form", Field: field + ".postnummer", Args: args}}
	}
	if p == nil {
		return nil
	}
	row, ok := p.Lookup(code)
	switch {
	case !ok:
		return []Refusal{{Code: "postnummer-ukjent", Field: field + ".postnummer", Args: dated(p)}}
	case row.Category == postcode.Service:
		return []Refusal{{Code: "postnummer-service", Field: field + ".postnummer", Warning: true}}
	case city != "" && !postcode.SameCity(row.City, city):
		return []Refusal{{Code: "poststed-avvik", Field: field + ".poststed", Args: dated(p), Warning: true}}
	}
	return nil
}

// dated says of which day the register is, if that is known.
func dated(p *postcode.Register) Args {
	if p.Dated.IsZero() {
		return nil
	}
	return Args{"case": "dated", "date": p.Dated.In(calendar.Oslo).Format("2006-01-02")}
}

func (c *checker) country(field string, a PostalAddress) {
	codeOfName, nameKnown := countryCode(a.Country)
	if a.CountryCode != "" {
		code, known := countryCode(a.CountryCode)
		switch {
		case !countryCodeForm.MatchString(a.CountryCode):
			c.refuse("landkode-form", field+".landkode", nil)
			return
		case !known:
			c.refuse("landkode-ukjent", field+".landkode", nil)
			return
		case a.Country != "" && nameKnown && codeOfName != code:
			c.warn("land-motstrid", field+".land", nil)
			return
		}
	}
	if a.Country != "" && !nameKnown {
		var args Args
		if a.CountryCode != "" {
			args = Args{"case": "code-used"}
		}
		c.warn("land-ukjent", field+".land", args)
	}
}

// The address window of a C5 envelope shows for sure five lines of some 86 mm (docs/sources.md, Address window); at 10 pt
// that is about 45 characters of ordinary text. The cover measures exactly and has the last word; this is an early warning.
const (
	windowLines = 5
	windowWidth = 45
)

func (c *checker) window(field string, a PostalAddress) {
	lines := 2 // name and post line
	if a.Abroad() {
		lines++
	}
	long := utf8.RuneCountInString(a.Name.Reveal()) > windowWidth || utf8.RuneCountInString(a.Postcode+" "+a.City.Reveal()) > windowWidth
	for _, l := range []Private{a.Line1, a.Line2, a.Line3} {
		if l != "" {
			lines++
			long = long || utf8.RuneCountInString(l.Reveal()) > windowWidth
		}
	}
	if lines > windowLines {
		c.warn("vindu-linjer", field, tooMany(lines, windowLines))
	}
	if long {
		c.warn("vindu-bredde", field, Args{"max": strconv.Itoa(windowWidth)})
	}
}

func (c *checker) digitalID(field, id string) {
	_, err := identity.ParseDigitalID(id, c.rules.NationalID, c.rules.AllowSynthetic)
	switch {
	case err == nil:
	case errors.Is(err, identity.ErrIDLostZero):
		c.refuse("digitalid-form", field, Args{"case": "lost-zero"})
	case errors.Is(err, identity.ErrIDLength):
		c.refuse("digitalid-form", field, nil)
	case errors.Is(err, identity.ErrIDDate):
		c.refuse("digitalid-dato", field, nil)
	case errors.Is(err, identity.ErrIDSynthetic):
		c.refuse("digitalid-syntetisk", field, nil)
	default:
		c.refuse("digitalid-kontroll", field, nil)
	}
}

// replyTo must be complete: it takes the sender's place on the cover (KS-V5). Return addresses are Norwegian (21G).
func (c *checker) replyTo(a PostalAddress) {
	const field = "svarSendesTil"
	if a.Name == "" {
		c.refuse("navn-mangler", field+".navn", Args{"case": "reply-to"})
	}
	c.text(field+".navn", a.Name.Reveal(), maxName)
	c.address(field, a, true)
	if a.Abroad() {
		c.warn("retur-utland", field, nil)
		if a.Line1 == "" {
			c.refuse("adresse-mangler", field+".adresselinje1", Args{"case": "reply-to"})
		}
	}
}

// secrecy: what is encrypted for SvarUt's key cannot be read by us, so it can never be printed (KS-SIK).
func (c *checker) secrecy(s Submission) {
	if s.DigitalOnly {
		return
	}
	if s.Encrypted {
		c.refuse("kryptert", "kryptert", nil)
	} else if s.RequireLevel4 {
		c.warn("niva4-papir", "krevNiva4Innlogging", nil)
	}
}

func (c *checker) references(s Submission, now time.Time) {
	c.text("avgivendeSystem", s.SendingSystem, maxReference)
	c.text("utskriftskonfigurasjon.brevtype", s.Print.LetterType, maxReference)
	c.text("avgivendeSystemAktor", s.SendingSystemActor, maxReference)
	c.text("forsendelsestype", s.ShipmentType, maxReference)
	c.text("eksternReferanse", s.ExternalReference, maxReference)
	c.text("korrelasjonsid", s.CorrelationID, maxReference)
	switch k := s.Konteringskode; {
	case !konteringskodeWidest.MatchString(k):
		c.refuse("konteringskode-form", "konteringskode", nil)
	case len(identity.FindNationalIDs(k)) > 0:
		// It would travel to the vendor, into receipts and into workbooks.
		c.refuse("konteringskode-fodselsnummer", "konteringskode", nil)
	case !konteringskodeV11.MatchString(k):
		c.warn("konteringskode-eldre", "konteringskode", nil)
	}
	if s.ReplyToShipment != "" && !uuidForm.MatchString(s.ReplyToShipment) {
		c.refuse("svarpa-form", "svarPaForsendelse", nil)
	}
	if s.SigningExpires != nil && s.SigningExpires.Before(now.Add(24*time.Hour)) {
		c.refuse("signering-frist", "signeringUtloper", nil)
	}
	switch s.SignatureType {
	case "", "AUTENTISERT_SIGNATUR", "AVANSERT_SIGNATUR":
	default:
		c.refuse("signatur-type", "signaturType", nil)
	}
	if len(s.ExposedTo) > maxExposedTo {
		c.refuse("eksponertfor-antall", "eksponertFor", Args{"max": strconv.Itoa(maxExposedTo)})
		return
	}
	for i, id := range s.ExposedTo {
		c.digitalID("eksponertFor["+strconv.Itoa(i)+"]", id.Reveal())
	}
}

func (c *checker) documents(s Submission) {
	const field = "dokumenter"
	if len(s.Documents) == 0 {
		c.refuse("dokument-ingen", field, nil)
		return
	}
	if len(s.Documents) > MaxDocuments {
		c.refuse("dokument-antall", field, tooMany(len(s.Documents), MaxDocuments))
		return
	}
	first := map[string]int{}
	printed, signed := 0, 0
	for i, d := range s.Documents {
		at := field + "[" + strconv.Itoa(i) + "]"
		c.fileName(at+".filnavn", d.FileName.Reveal())
		key := FileKey(d.FileName.Reveal())
		if j, twice := first[key]; twice && key != "" {
			c.refuse("filnavn-likt", at+".filnavn", Args{"document": strconv.Itoa(j + 1)})
		} else {
			first[key] = i
		}
		pdf := IsPDF(d.MimeType)
		switch {
		case d.MimeType == "":
			c.refuse("mimetype-mangler", at+".mimeType", nil)
		case len(d.MimeType) > maxMimeType || !mimeTypeForm.MatchString(d.MimeType):
			c.refuse("mimetype-form", at+".mimeType", nil)
		case !pdf && !d.Excluded && !s.DigitalOnly:
			c.refuse("dokument-ikke-pdf", at+".skalEkskluderesFraUtskrift", nil)
		}
		if pdf && !d.Excluded {
			printed++
		}
		c.giro(at+".giroarkSider", d, pdf)
		if d.ToBeSigned {
			if signed++; !pdf {
				c.refuse("signering-pdf", at+".skalSigneres", nil)
			}
			if signed == 2 {
				c.refuse("signering-antall", at+".skalSigneres", nil)
			}
		}
		c.text(at+".dokumentType", d.DocumentType, maxReference)
		c.entries(at+".ekstraMetadata", d.Metadata)
	}
	if printed == 0 && !s.DigitalOnly {
		c.refuse("dokument-ingen-trykk", field, nil)
	}
}

// fileName: SvarUt's rules (V2-SPEC; with folder refused since SvarUt changelog 2015-01-16).
func (c *checker) fileName(field, name string) {
	switch {
	case strings.TrimSpace(name) == "":
		c.refuse("filnavn-mangler", field, nil)
		return
	case strings.ContainsAny(name, `/\`) || name == "." || name == "..":
		c.refuse("filnavn-mappe", field, nil)
	case strings.ContainsAny(name, `"<>?*|:`) || !identity.Legible(name):
		c.refuse("filnavn-tegn", field, nil)
	}
	if n := utf8.RuneCountInString(name); n > maxFileName {
		c.refuse("felt-langt", field, Args{"case": "file-name", "n": strconv.Itoa(n), "max": strconv.Itoa(maxFileName)})
	}
}

func (c *checker) giro(field string, d SubmittedFile, pdf bool) {
	if len(d.GiroPages) == 0 {
		return
	}
	if !pdf || d.Excluded {
		c.refuse("giro-ikke-trykk", field, nil)
	}
	last := 0
	for _, p := range d.GiroPages {
		switch {
		case p < 1:
			c.refuse("giro-side", field, nil)
			return
		case p == last:
			c.refuse("giro-lik", field, nil)
			return
		case p < last:
			c.refuse("giro-orden", field, nil)
			return
		}
		last = p
	}
}

func (c *checker) links(links []link) {
	if len(links) > maxLinks {
		c.refuse("lenke-antall", "lenker", tooMany(len(links), maxLinks))
		return
	}
	for i, l := range links {
		at := "lenker[" + strconv.Itoa(i) + "]"
		u, err := url.Parse(l.URL.Reveal())
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
			c.refuse("lenke-form", at+".url", nil)
		}
		c.text(at+".url", l.URL.Reveal(), maxURL)
		if l.Text == "" {
			c.refuse("lenke-tekst", at+".tekst", nil)
		}
		c.text(at+".tekst", l.Text.Reveal(), maxLinkText)
		c.text(at+".ledetekst", l.Lead.Reveal(), maxLinkText)
	}
}

// metadata checks the sizes of Noark metadata; what they mean is the case system's.
func (c *checker) metadata(field string, m map[string]any) {
	for _, key := range sortedKeys(m) {
		at := join(field, fieldName(key))
		switch v := m[key].(type) {
		case string:
			c.text(at, v, maxMetadataText)
		case []any:
			if key != "ekstraMetadata" {
				c.refuse("metadata-form", at, Args{"case": "list"})
				continue
			}
			var entries []map[string]any
			for _, e := range v {
				entry, _ := e.(map[string]any)
				entries = append(entries, entry)
			}
			c.entries(at, entries)
		case map[string]any:
			c.refuse("metadata-form", at, Args{"case": "object"})
		}
	}
}

// entries checks a list of {key, value}.
func (c *checker) entries(field string, entries []map[string]any) {
	if len(entries) > maxExtraMetadata {
		c.refuse("metadata-antall", field, tooMany(len(entries), maxExtraMetadata))
		return
	}
	for i, e := range entries {
		at := field + "[" + strconv.Itoa(i) + "]"
		key, okKey := e["key"].(string)
		value, okValue := e["value"].(string)
		if !okKey || !okValue || key == "" {
			c.refuse("metadata-form", at, nil)
			continue
		}
		c.text(at+".key", key, maxMetadataKey)
		c.text(at+".value", value, maxMetadataValue)
	}
}

// IsPDF reports whether a MIME type is that of PDF, parameters left aside.
func IsPDF(mimeType string) bool {
	kind, _, _ := strings.Cut(mimeType, ";")
	return strings.EqualFold(strings.TrimSpace(kind), MimePDF)
}

// FileKey is a document's file name as names are compared: composed, without regard to case (V2-SPEC).
func FileKey(name string) string { return strings.ToLower(norm.NFC.String(name)) }

// Fingerprint is the keyed hash by which alike shipments are recognised: same account, title and recipient with all its
// address fields (SvarUt changelog 2017-10-03). HMAC-SHA256 in lower-case hex; without the key nobody can tell from it
// who the recipient is. Upper and lower case count: only what is sent twice by mistake is alike.
func (s Submission) Fingerprint(key []byte, account string) string {
	mac := hmac.New(sha256.New, key)
	a := s.Recipient
	for _, f := range []string{
		account, s.Title.Reveal(), a.Name.Reveal(), a.DigitalID.Reveal(), a.Line1.Reveal(), a.Line2.Reveal(),
		a.Line3.Reveal(), a.Postcode, a.City.Reveal(), a.Country, a.CountryCode,
	} {
		// Lengths in front, so that moving text from one field to the next makes another fingerprint.
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(f)))
		mac.Write(n[:])
		mac.Write([]byte(f))
	}
	return hex.EncodeToString(mac.Sum(nil))
}
