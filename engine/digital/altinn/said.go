package altinn

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"time"
)

// Status is what has become of a correspondence, in Altinn's words.
type Status string

// The statuses that mean something to us. Fetched is not read: it is so when the recipient's system or a list has got it.
const (
	Published Status = "Published"
	Fetched   Status = "Fetched"
	Opened    Status = "Read"
	Confirmed Status = "Confirmed"
	Reserved  Status = "Reserved"
	Failed    Status = "Failed"
)

// StatusChange is one line of a correspondence's history.
type StatusChange struct {
	Status Status    `json:"status"`
	Text   string    `json:"statusText"` // may name the recipient: never shown or kept
	At     time.Time `json:"statusChanged"`
}

// Overview is the cheap answer. What is said of content and recipient is not read.
type Overview struct {
	ID        string     `json:"correspondenceId"`
	Reference string     `json:"sendersReference"`
	Status    Status     `json:"status"`
	Text      string     `json:"statusText"` // may name the recipient: never shown or kept
	Changed   time.Time  `json:"statusChanged"`
	Published *time.Time `json:"published"`
	Read      *time.Time `json:"read"` // since 2026-06
}

// Details is the answer that costs Altinn most: with history and notifications.
type Details struct {
	Overview
	History       []StatusChange `json:"statusHistory"`
	Notifications []Notification `json:"notifications"`
}

// Notification is an order of a notification, or of a reminder, with what became of it.
type Notification struct {
	Reminder   bool `json:"isReminder"`
	Processing struct {
		Status string    `json:"status"` // Order_Completed, …
		At     time.Time `json:"lastUpdate"`
	} `json:"processingStatus"`
	Details struct {
		Mail  *Delivery  `json:"email"`
		SMS   *Delivery  `json:"sms"`
		Mails []Delivery `json:"emails"`
		SMSes []Delivery `json:"smses"`
	} `json:"notificationStatusDetails"`
}

// Delivery is one e-mail or SMS. To whom is not read.
type Delivery struct {
	Succeeded bool `json:"succeeded"`
	Send      struct {
		Status string    `json:"status"` // Email_Delivered, SMS_Failed_TTL, …
		At     time.Time `json:"lastUpdate"`
	} `json:"sendStatus"`
}

// Overview asks what has become of a correspondence. The error may be [ErrNotFound].
func (c *Client) Overview(ctx context.Context, id string) (Overview, error) {
	var o Overview
	err := c.get(ctx, "overview", correspondencePath+"/"+url.PathEscape(id), &o)
	return o, err
}

// Details asks for history and notifications too. The error may be [ErrNotFound].
func (c *Client) Details(ctx context.Context, id string) (Details, error) {
	var d Details
	err := c.get(ctx, "details", correspondencePath+"/"+url.PathEscape(id)+"/details", &d)
	return d, err
}

// Enough tells that an overview says all there is to know: asking for details is dear to Altinn.
func (o Overview) Enough() bool {
	return o.Read != nil && !o.Read.IsZero()
}

// Look asks for as much as is needed to know what has happened.
func (c *Client) Look(ctx context.Context, id string) (Details, error) {
	o, err := c.Overview(ctx, id)
	if err != nil || o.Enough() {
		return Details{Overview: o}, err
	}
	return c.Details(ctx, id)
}

// What is what a correspondence's answer means for its letter.
type What int

// What there is. All but Waiting are events of the shipment.
const (
	Waiting       What = iota // nothing yet, or nothing that concerns us
	Notified                  // VARSLET: the deadline begins
	ReadIt                    // LEST
	IsReserved                // RESERVERT
	NotNotifiable             // IKKE_VARSLBAR
	Undeliverable             // it was not published: to print, with its cause
)

var whatNames = [...]string{"waiting", "notified", "read", "reserved", "not-notifiable", "undeliverable"}

// String is the name of w in keys; it never changes.
func (w What) String() string {
	if w < 0 || int(w) >= len(whatNames) {
		return "unknown"
	}
	return whatNames[w]
}

// Said is one thing that Altinn says of a letter.
type Said struct {
	What  What
	At    time.Time
	Key   string // the same for the same thing, whenever it is read
	Cause string // code, without anything private: why it is undeliverable or not notifiable; "" for the others
}

// Causes, in a shipment's history.
const (
	CauseNoRecipient = "altinn-recipient-unknown"      // deleted, bankrupt, or not in the register
	CauseMissingRole = "altinn-missing-role"           // nobody in the organisation may read it
	CauseNoSender    = "altinn-sender-unknown"         // our own organisation
	CauseDialog      = "altinn-dialog"                 // Altinn's own trouble
	CauseAttachment  = "altinn-attachment"             // an attachment did not pass Altinn's check
	CauseFailed      = "altinn-failed"                 // for a reason that we do not know
	CauseNoService   = "altinn-no-service"             // no service of ours can carry it, such as one of level 4
	CauseRefused     = "altinn-refused"                // the letter itself was refused when it was sent
	CauseAllFailed   = "altinn-notification-failed"    // every e-mail and SMS failed
	CauseNoOrder     = "altinn-notification-not-made"  // published, but no notification was ever ordered
	CauseUnconfirmed = "altinn-notification-uncertain" // nobody could say that it came
	CauseReserved    = "altinn-reserved"               // reserved, by what Altinn found
)

// How long is waited for what may never come. Without an end to it a letter whose recipient never heard of it would wait for ever.
const (
	// NoOrderAfter is how long after the publishing a notification must have been ordered: Altinn tries for some hours.
	NoOrderAfter = 24 * time.Hour
	// UnconfirmedAfter is how long after the publishing somebody must have been reached: Altinn looks for 196 hours.
	UnconfirmedAfter = 9 * 24 * time.Hour
)

// Hint is what an event said that the answer cannot tell. It counts only where the answer agrees.
type Hint struct {
	NoOrder bool // …notificationcreationfailed
}

// Read says what an answer means, purely. ordered: a notification was ordered when the letter was sent. What is said stands in no
// particular order.
//
//   - Published without an order, else the first e-mail or SMS that was sent, main or reminder: [Notified]
//   - Read or Confirmed: [ReadIt]
//   - Reserved, or Failed because the recipient is reserved: [IsReserved]
//   - every e-mail and SMS of the main order failed, or no order was made: [NotNotifiable]. One that timed out (TTL) is unconfirmed,
//     not failed.
//   - Failed otherwise: [Undeliverable]
func Read(d Details, ordered bool, hint Hint, now time.Time) []Said {
	var said []Said
	say := func(w What, at time.Time, cause string) {
		if at.IsZero() {
			at = now
		}
		said = append(said, Said{What: w, At: at, Key: Key(d.ID, w), Cause: cause})
	}
	published := d.at(Published)
	if d.Published != nil && !d.Published.IsZero() {
		published = *d.Published
	}
	if read := d.readAt(); !read.IsZero() {
		say(ReadIt, read, "")
	}
	if at, text, ok := d.last(Failed); ok {
		if cause := failure(text); cause == CauseReserved {
			say(IsReserved, at, cause)
		} else {
			say(Undeliverable, at, cause)
		}
		return said
	}
	if at, _, ok := d.last(Reserved); ok {
		say(IsReserved, at, CauseReserved)
		return said
	}
	if published.IsZero() {
		return said
	}
	if !ordered {
		say(Notified, published, "")
		return said
	}
	sent, failed := d.deliveries()
	main := false
	for _, n := range d.Notifications {
		main = main || !n.Reminder
	}
	switch waited := now.Sub(published); {
	case !sent.IsZero():
		say(Notified, sent, "")
	case !failed.IsZero():
		say(NotNotifiable, failed, CauseAllFailed)
	case len(said) > 0: // read: nobody needs to be told of it
	case !main && (hint.NoOrder || waited >= NoOrderAfter):
		say(NotNotifiable, published, CauseNoOrder)
	case waited >= UnconfirmedAfter:
		say(NotNotifiable, published.Add(UnconfirmedAfter), CauseUnconfirmed)
	}
	return said
}

// Refused says what an error of [Client.Create] means for the letter; false: nothing, it is to be tried again. reference is our own
// id, since Altinn has given none.
func Refused(err error, reference string, now time.Time) (Said, bool) {
	if ClassOf(err) != OfLetter {
		return Said{}, false
	}
	s := Said{What: Undeliverable, At: now, Cause: CauseRefused}
	switch {
	case errors.Is(err, ErrReserved):
		s.What, s.Cause = IsReserved, CauseReserved
	case errors.Is(err, ErrUnknownRecipient):
		s.Cause = CauseNoRecipient
	case errors.Is(err, ErrMissingRole):
		s.Cause = CauseMissingRole
	}
	s.Key = Key(reference, s.What)
	return s, true
}

// Key is the identity of an event: the same thing of the same correspondence is one, however often it is read.
func Key(id string, w What) string { return "altinn:" + id + ":" + w.String() }

// at is when a status was first reached, by the history where there is one; zero: not, as far as is told.
func (d Details) at(s Status) time.Time {
	var first time.Time
	for _, h := range d.History {
		if h.Status == s && !h.At.IsZero() && (first.IsZero() || h.At.Before(first)) {
			first = h.At
		}
	}
	if first.IsZero() && d.Status == s {
		first = d.Changed
	}
	return first
}

// last is the status's latest line. It may stand in the history alone, since what is highest is shown on top.
func (d Details) last(s Status) (at time.Time, text string, ok bool) {
	if d.Status == s {
		at, text, ok = d.Changed, d.Text, true
	}
	for _, h := range d.History {
		if h.Status == s && (!ok || h.At.After(at)) {
			at, text, ok = h.At, h.Text, true
		}
	}
	return at, text, ok
}

func (d Details) readAt() time.Time {
	at := d.at(Opened)
	for _, t := range []time.Time{d.at(Confirmed), deref(d.Read)} {
		if !t.IsZero() && (at.IsZero() || t.Before(at)) {
			at = t
		}
	}
	return at
}

func deref(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

// failure reads why a correspondence was not published. The text is Altinn's own and may name the recipient; a code comes out.
func failure(text string) string {
	t := strings.ToLower(text)
	switch {
	case strings.Contains(t, "krr") || strings.Contains(t, "reserved") || strings.Contains(t, "reserverasjonsregister"):
		return CauseReserved
	case strings.Contains(t, "lacks role") || strings.Contains(t, "required role"):
		return CauseMissingRole
	case strings.Contains(t, "party for recipient"):
		return CauseNoRecipient
	case strings.Contains(t, "party for sender"):
		return CauseNoSender
	case strings.Contains(t, "dialogporten"):
		return CauseDialog
	case t == "failed":
		return CauseAttachment
	}
	return CauseFailed
}

// deliveries says when the first e-mail or SMS was sent, main or reminder, or, when none was, when the last of the main order
// failed for good. Both zero: it is not decided.
func (d Details) deliveries() (sent, failed time.Time) {
	undecided := false
	for _, n := range d.Notifications {
		all := append(append([]Delivery(nil), n.Details.Mails...), n.Details.SMSes...)
		for _, one := range []*Delivery{n.Details.Mail, n.Details.SMS} {
			if one != nil { // the latest of the lists; alone in older answers
				all = append(all, *one)
			}
		}
		for _, a := range all {
			switch a.outcome() {
			case deliverySent:
				if at := first(a.Send.At, n.Processing.At); sent.IsZero() || at.Before(sent) {
					sent = at
				}
			case deliveryFailed:
				if !n.Reminder && a.Send.At.After(failed) {
					failed = a.Send.At
				}
			default:
				undecided = undecided || !n.Reminder
			}
		}
		if !n.Reminder && n.Processing.Status != "Order_Completed" {
			undecided = true
		}
		if !n.Reminder && len(all) == 0 && n.Processing.Status == "Order_Completed" {
			failed = n.Processing.At // done, and there was nobody to send to
		}
	}
	if undecided || !sent.IsZero() {
		failed = time.Time{}
	}
	return sent, failed
}

func first(a, b time.Time) time.Time {
	if a.IsZero() {
		return b
	}
	return a
}

type deliveryOutcome int

const (
	deliveryOpen deliveryOutcome = iota // on its way, or nobody can say (TTL)
	deliverySent
	deliveryFailed
)

func (d Delivery) outcome() deliveryOutcome {
	s := strings.ToLower(d.Send.Status)
	switch {
	case d.Succeeded, s == "email_succeeded", s == "email_delivered", s == "sms_accepted", s == "sms_delivered", s == "completed":
		return deliverySent
	case strings.HasSuffix(s, "_ttl"):
		return deliveryOpen
	case strings.Contains(s, "_failed"):
		return deliveryFailed
	}
	return deliveryOpen
}
