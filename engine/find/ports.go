package find

import (
	"context"
	"time"

	"postgang/engine/access"
	"postgang/engine/shipment"
)

// Reader finds what people ask for. It is part of store.Reader. People's programs ask through scoped.Reader and recipient.Finder.
type Reader interface {
	// HandedIn gives the letters of an account that came under these keys of its sender, in no order. Keys that are new are left out.
	HandedIn(ctx context.Context, account string, keys []string) ([]shipment.Shipment, error)
	// Identify lists what a text, or what it is a part of, identifies within a scope: first what it is exactly, then what begins with it,
	// then what has it in it; at most so many. A text of fewer than three characters is looked for exactly alone. The letters A to Z are
	// alike in both cases in a part.
	Identify(ctx context.Context, scope access.Scope, text string, most int) ([]Hit, error)
	// Twin finds the shipment of the same account, with the same reference of the sender and the same content, that came last, after a
	// time; empty: there is none. Of more than a hundred letters with that reference since then it looks at the last hundred.
	Twin(ctx context.Context, s shipment.Shipment, after time.Time) (id string, err error)
	// ShipmentsOfPerson lists shipments by whom they are for, the one that came last first, as f narrows them. It is for
	// recipient.Finder alone, which logs it.
	ShipmentsOfPerson(ctx context.Context, p PersonQuery, f Filter) ([]shipment.Shipment, error)
}

// Writer keeps whom letters are for. It is part of store.Tx.
type Writer interface {
	// PutPersons keeps whom letters are for, instead of what was kept before.
	PutPersons(ctx context.Context, ps ...Person) error
	// DeletePersons forgets whom shipments are for: they are found by their identifiers alone. What is not there is no error.
	DeletePersons(ctx context.Context, shipments ...string) error
}

// Hit is something that an identifier was found as.
type Hit struct {
	Kind    Kind
	ID      string
	Account string // of a shipment, or a receipt of one; empty: of no one account
	Field   Field  // what of it was found
	Match   Match
}

// Kind is what an identifier is of.
type Kind string

// The kinds.
const (
	Shipment Kind = "shipment"
	Job      Kind = "job"
	Receipt  Kind = "receipt"
	Invoice  Kind = "invoice"
)

// Field is which identifier of something was found.
type Field string

// The fields.
const (
	ID        Field = "id"
	HandIn    Field = "hand_in"   // the key of a hand-in
	Reference Field = "reference" // eksternReferanse
	Number    Field = "number"    // of an invoice; the vendor's of a receipt
)

// Match is how well an identifier was found.
type Match string

// The matches, the best first.
const (
	Exact  Match = "exact"
	Prefix Match = "prefix"
	Part   Match = "part"
)

// Person is whom a letter is for, as it is found. It lies apart from the letter and is deleted with it.
type Person struct {
	Shipment, Account string
	// Words are the name and the address, folded so that spellings are alike (recipient.Fold); words with single spaces between.
	Words shipment.Private
	// Number is the keyed hash of the fødselsnummer or organisasjonsnummer, 64 hex digits; empty: there is none, or no key.
	Number string
	// Before is set for a letter that came before all that have a row: it stands behind them in lists.
	Before bool
}

// PersonQuery is whom is looked for.
type PersonQuery struct {
	Words  []shipment.Private // each must be part of a word of the name or address; folded as those of Person
	Number string             // as that of Person; empty: any
}

// ShortestWord is how many letters one of the words must have at least, where no number is given.
const ShortestWord = 3

// Enough reports whether the query says enough to look: else it finds nothing.
func (q PersonQuery) Enough() bool {
	for _, w := range q.Words {
		if len([]rune(w.Reveal())) >= ShortestWord {
			return true
		}
	}
	return q.Number != ""
}
