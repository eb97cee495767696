package shipment

import (
	"io"
	"log/slog"
	"time"
)

// HandIn is one complete hand-in as a channel (the drop folder, the HTTP API) gives it to the engine.
type HandIn struct {
	Account string // account key
	Key     string // the hand-in's own key, unique within the account; the same key is the same shipment
	// ID is the id that the shipment gets, a UUID in lower case, where the sender knows it already; empty: it derives from Account and Key.
	ID string
	// Dialect and Integration are the way it came, see [Shipment].
	Dialect, Integration string
	JSON                 []byte // forsendelse.json as it came
	Files                []HandInFile
	At                   time.Time // when it was handed in
	// Refusals are what the channel found itself, e.g. files that no document names. Refused for its size or for what
	// is no plain file, a hand-in comes without Files: then none of them is missing, they are just not to be read.
	Refusals []Refusal
}

// String is the hand-in's name alone: the rest is personal data.
func (h HandIn) String() string { return h.Account + "/" + h.Key }

// GoString hides the rest from %#v.
func (h HandIn) GoString() string { return h.String() }

// LogValue hides the rest from slog.
func (h HandIn) LogValue() slog.Value { return slog.StringValue(h.String()) }

// HandInFile is a file of a hand-in.
type HandInFile struct {
	Name  Private // plain name without folder, as filnavn in dokumenter
	Bytes int64   // size when the channel judged the hand-in complete
	// Open opens the file for reading. It is no path on purpose: the channel stays the one who knows how to open a file
	// that outsiders may write, without following links, and its errors never hold the file's name. A read fails when
	// the file is no longer the one that was judged complete.
	Open func() (io.ReadCloser, error)
}

// Received answers a hand-in.
type Received struct {
	ID      string // the shipment
	Already bool   // the hand-in was known before
	Other   bool   // the key was used before, for a hand-in with other content: that one is ID, and nothing of this is stored
}

// Result is what became of a hand-in. Until Done (the shipment is AKSEPTERT, AVVIST or further) ask again later:
// documents are prepared in the background.
type Result struct {
	Done     bool
	ID       string
	Status   Status
	Refusals []Refusal // reasons and warnings
}
