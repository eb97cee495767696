package altinn

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf16"

	"github.com/google/uuid"

	"postgang/engine/shipment"
)

// Bounds of Altinn. Lengths are in UTF-16 units, as Altinn counts.
const (
	MostTitle       = 255
	MostBody        = 30000
	MostSummary     = 255
	MostSender      = 256
	MostAttachments = 100
	mostFileName    = 255
	mostSubject     = 128
	mostMail        = 1024
	mostSMS         = 160
)

// Text is what an account has Altinn write, in bokmål. Body is shown as Markdown; the others are plain.
type Text struct {
	Sender  string // whose letter it is; "": the organisation's name in Altinn
	Summary string // "": the same as the title
	Body    string

	// The notification. All three or none; none: Altinn's own words.
	MailSubject, MailBody, SMS string
}

// Check says what of a text Altinn would not take.
func (t Text) Check() error {
	for _, f := range []struct {
		name, text string
		most       int
	}{
		{"sender", t.Sender, MostSender}, {"summary", t.Summary, MostSummary}, {"body", t.Body, MostBody},
		{"mail subject", t.MailSubject, mostSubject}, {"mail body", t.MailBody, mostMail}, {"sms", t.SMS, mostSMS},
	} {
		if n := units(f.text); n > f.most {
			return fmt.Errorf("the %s has %d characters, more than %d", f.name, n, f.most)
		}
	}
	if strings.TrimSpace(t.Body) == "" {
		return errors.New("the body is empty")
	}
	given := 0
	for _, s := range []string{t.MailSubject, t.MailBody, t.SMS} {
		if s != "" {
			given++
		}
	}
	if given != 0 && given != 3 {
		return errors.New("mail subject, mail body and sms must be given together, or none of them")
	}
	return nil
}

// Attachment is one document of a letter. It is opened when its turn comes, and may be opened again.
type Attachment struct {
	Name  shipment.Private // file name
	Bytes int64            // exactly as many as Open gives
	Open  func() (io.ReadCloser, error)
}

// Letter is what is sent to one recipient.
type Letter struct {
	Resource    string // resource id of the service in Altinn's register
	Shipment    string // our id: sendersReference, and what the idempotent key is made from
	Recipient   shipment.Private
	Title       shipment.Private
	Text        Text
	Attachments []Attachment
	Due         time.Time // dueDateTime: when Altinn says receiverneverread; zero: never
	Notify      bool      // order a notification, with a reminder
}

// Create sends a letter and gives its id in Altinn. It may be called again after any error or crash: the second time gives the id
// of the first.
//
// An error is an [*Error]; its class says whether this letter cannot go, [ErrReserved], [ErrUnknownRecipient] and [ErrMissingRole]
// among them, or whether it is to be tried again. Attachments are streamed.
func (c *Client) Create(ctx context.Context, l Letter) (string, error) {
	const op = "create"
	form, err := l.form()
	if err != nil {
		return "", err
	}
	sending, cancel := context.WithTimeout(ctx, c.c.SendTimeout)
	defer cancel()
	status, body, err := c.call(sending, op, http.MethodPost, correspondencePath+"/upload", form.contentType, form.open)
	if err != nil {
		return "", err
	}
	var made struct {
		Correspondences []struct {
			ID string `json:"correspondenceId"`
		} `json:"correspondences"`
	}
	err = decode(op, status, body, &made)
	if errors.Is(err, errDuplicate) {
		return c.sent(ctx, l)
	}
	if err != nil {
		return "", err
	}
	if len(made.Correspondences) != 1 || uuid.Validate(made.Correspondences[0].ID) != nil {
		// It may have been made all the same: the next try finds it by its key.
		return "", &Error{Op: op, Status: status, Class: Temporary, cause: errors.New("the answer holds no id")}
	}
	return made.Correspondences[0].ID, nil
}

// sent finds a letter that Altinn has already.
func (c *Client) sent(ctx context.Context, l Letter) (string, error) {
	ids, err := c.Find(ctx, l.Resource, l.Shipment)
	if err != nil {
		return "", err
	}
	if len(ids) == 0 {
		// The other request that has the key is not done.
		return "", &Error{Op: "create", Status: http.StatusConflict, Code: codeDuplicate, Class: Temporary}
	}
	return ids[0], nil
}

// Find gives the ids of what was sent under a reference of ours, sorted.
func (c *Client) Find(ctx context.Context, resource, reference string) ([]string, error) {
	var found struct {
		IDs []string `json:"ids"`
	}
	q := url.Values{"resourceId": {resource}, "role": {"Sender"}, "sendersReference": {reference}}
	if err := c.get(ctx, "search", correspondencePath+"?"+q.Encode(), &found); err != nil {
		return nil, err
	}
	ids := slices.DeleteFunc(found.IDs, func(id string) bool { return uuid.Validate(id) != nil })
	slices.Sort(ids)
	return ids, nil
}

// IdempotentKey is the key under which Altinn takes a shipment once. Keys are one space for all senders; therefore it is made from
// the resource too.
func IdempotentKey(resource, shipmentID string) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte("postgang:altinn:"+resource+":"+shipmentID)).String()
}

// form writes the letter as fields, with files left open between them.
func (l Letter) form() (*form, error) {
	recipient, err := recipientURN(l.Recipient)
	switch {
	case err != nil:
		return nil, &Error{Op: "create", Class: OfLetter, cause: err}
	case len(l.Attachments) > MostAttachments:
		return nil, &Error{Op: "create", Code: 1038, Class: OfLetter}
	}
	if err := l.Text.Check(); err != nil {
		return nil, &Error{Op: "create", Class: Setup, cause: err}
	}
	title := Title(l.Title)
	if title == "" {
		return nil, &Error{Op: "create", Code: 1020, Class: OfLetter}
	}
	f := newForm()
	const base, content, notify = "Correspondence.", "Correspondence.Content.", "Correspondence.Notification."
	f.field(base+"ResourceId", l.Resource)
	f.field(base+"SendersReference", l.Shipment)
	if l.Text.Sender != "" {
		f.field(base+"MessageSender", l.Text.Sender)
	}
	f.field(content+"Language", "nb")
	f.field(content+"MessageTitle", title)
	f.field(content+"MessageSummary", or(l.Text.Summary, title))
	f.field(content+"MessageBody", l.Text.Body)
	names := fileNames(l.Attachments)
	for i, name := range names {
		at := fmt.Sprintf("%sAttachments[%d].", content, i)
		f.field(at+"FileName", name)
		f.field(at+"SendersReference", fmt.Sprintf("%s-%d", l.Shipment, i+1))
		f.field(at+"DataLocationType", "NewCorrespondenceAttachment")
		f.field(at+"IsEncrypted", "false")
	}
	if !l.Due.IsZero() {
		f.field(base+"DueDateTime", l.Due.UTC().Format(time.RFC3339))
	}
	f.field(base+"IgnoreReservation", "false")
	f.field(base+"IsConfirmationNeeded", "false")
	if l.Notify {
		f.field(notify+"NotificationChannel", "EmailPreferred")
		f.field(notify+"SendReminder", "true")
		if l.Text.MailSubject == "" {
			f.field(notify+"NotificationTemplate", "GenericAltinnMessage")
		} else {
			f.field(notify+"NotificationTemplate", "CustomMessage")
			for _, which := range []string{"", "Reminder"} {
				f.field(notify+which+"EmailSubject", l.Text.MailSubject)
				f.field(notify+which+"EmailBody", l.Text.MailBody)
				f.field(notify+which+"SmsBody", l.Text.SMS)
			}
			f.field(notify+"ReminderNotificationChannel", "EmailPreferred")
		}
	}
	f.field("Recipients[0]", recipient)
	f.field("IdempotentKey", IdempotentKey(l.Resource, l.Shipment))
	for i, a := range l.Attachments {
		f.file("Attachments", names[i], a)
	}
	return f.close()
}

// recipientURN is how Altinn names a person or an organisation. The error does not repeat the number.
func recipientURN(id shipment.Private) (string, error) {
	digits := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, id.Reveal())
	if strings.Trim(digits, "0123456789") == "" {
		switch len(digits) {
		case 9:
			return "urn:altinn:organization:identifier-no:" + digits, nil
		case 11:
			return "urn:altinn:person:identifier-no:" + digits, nil
		}
	}
	return "", errors.New("the recipient has neither 9 nor 11 digits")
}

// markup is what Altinn takes for Markdown or HTML in a title, and refuses.
var markup = strings.NewReplacer("*", "", "_", " ", "#", "", "<", "(", ">", ")", "[", "(", "]", ")", "{", "(", "}", ")", "|", "/",
	"~", "-", "^", "", "=", "-", "`", "'", `\`, "/", `"`, "'", "$", "")

// Title is a title as Altinn takes it: plain, on one line, no longer than [MostTitle].
func Title(title shipment.Private) string {
	t := strings.Join(strings.FieldsFunc(markup.Replace(title.Reveal()), func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r)
	}), " ")
	return cut(strings.TrimLeft(t, "+- "), MostTitle, "…")
}

// units counts as Altinn does.
func units(s string) (n int) {
	for _, r := range s {
		n += utf16.RuneLen(r)
	}
	return n
}

// cut leaves so much of a text that it and what stands for the rest have no more than most units.
func cut(s string, most int, rest string) string {
	if units(s) <= most {
		return s
	}
	most -= units(rest)
	n := 0
	for i, r := range s {
		if n += utf16.RuneLen(r); n > most {
			return strings.TrimRightFunc(s[:i], unicode.IsSpace) + rest
		}
	}
	return s + rest
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// windowsNames may be no file's name, whatever its extension.
var windowsNames = []string{"con", "prn", "aux", "nul"}

// fileNames are the attachments' names as Altinn takes them: by Windows' rules, none twice, ending in .pdf where nothing else is
// told. Files are matched to what is said of them by name.
func fileNames(as []Attachment) []string {
	names := make([]string, len(as))
	used := map[string]bool{}
	for i, a := range as {
		name := strings.Map(func(r rune) rune {
			if unicode.IsControl(r) || strings.ContainsRune(`<>:"/\|?*`, r) {
				return '_'
			}
			return r
		}, a.Name.Reveal())
		name = strings.TrimRight(strings.TrimSpace(name), ". ")
		stem, ext := name, ".pdf"
		if dot := strings.LastIndexByte(name, '.'); dot >= 0 && len(name)-dot <= 6 {
			stem, ext = name[:dot], name[dot:]
		}
		low := strings.ToLower(stem)
		numbered := len(low) == 4 && (strings.HasPrefix(low, "com") || strings.HasPrefix(low, "lpt")) && low[3] >= '0' && low[3] <= '9'
		if stem == "" || slices.Contains(windowsNames, low) || numbered {
			stem = "dokument " + stem
		}
		for n := 1; ; n++ {
			mark := ""
			if n > 1 {
				mark = fmt.Sprintf(" (%d)", n)
			}
			names[i] = cut(strings.TrimSpace(stem), mostFileName-units(mark+ext), "") + mark + ext
			if !used[strings.ToLower(names[i])] {
				break
			}
		}
		used[strings.ToLower(names[i])] = true
	}
	return names
}

// form is a multipart body made of bytes in memory and files that are opened in their turn, so that its length is known and
// nothing large is held.
type form struct {
	contentType string
	parts       []part
	size        int64

	buf bytes.Buffer
	w   *multipart.Writer
}

type part struct {
	text []byte
	file *Attachment
}

func newForm() *form {
	f := &form{}
	f.w = multipart.NewWriter(&f.buf)
	f.contentType = f.w.FormDataContentType()
	return f
}

// Writing to memory does not fail.

func (f *form) field(name, value string) {
	_ = f.w.WriteField(name, value)
}

func (f *form) file(field, name string, a Attachment) {
	h := textproto.MIMEHeader{}
	quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(name)
	h.Set("Content-Disposition", fmt.Sprintf(`form-data; name="%s"; filename="%s"`, field, quoted))
	h.Set("Content-Type", "application/octet-stream")
	_, _ = f.w.CreatePart(h)
	f.flush()
	f.parts = append(f.parts, part{file: &a})
	f.size += a.Bytes
}

func (f *form) flush() {
	f.parts = append(f.parts, part{text: bytes.Clone(f.buf.Bytes())})
	f.size += int64(f.buf.Len())
	f.buf.Reset()
}

func (f *form) close() (*form, error) {
	if err := f.w.Close(); err != nil {
		return nil, err
	}
	f.flush()
	return f, nil
}

// open gives the body from its beginning, and its length.
func (f *form) open() (io.ReadCloser, int64) { return &formReader{parts: f.parts}, f.size }

// formReader reads a form; one file is open at a time.
type formReader struct {
	parts []part
	at    io.Reader
	file  io.Closer
}

func (r *formReader) Read(p []byte) (int, error) {
	for {
		if r.at == nil {
			if len(r.parts) == 0 {
				return 0, io.EOF
			}
			next := r.parts[0]
			r.parts = r.parts[1:]
			if next.file == nil {
				r.at = bytes.NewReader(next.text)
			} else {
				file, err := next.file.Open()
				if err != nil {
					return 0, fmt.Errorf("open an attachment: %w", err)
				}
				r.at, r.file = file, file
			}
		}
		n, err := r.at.Read(p)
		if errors.Is(err, io.EOF) {
			r.at = nil
			err = r.Close()
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

// Close closes the file that is open, if any.
func (r *formReader) Close() error {
	if r.file == nil {
		return nil
	}
	err := r.file.Close()
	r.file = nil
	return err
}
