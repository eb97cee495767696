package access

import (
	"context"
	"time"
)

// Reader reads who may hand in over the network, which ways were used, who may log in to the console, and the logs of what persons have
// changed and seen. It is part of store.Reader.
type Reader interface {
	// Integrations are in the order of their names, ended ones with them.
	Integrations(ctx context.Context) ([]Integration, error)
	// Integration finds one by id or name; store.ErrNotFound.
	Integration(ctx context.Context, idOrName string) (Integration, error)
	// Ways are in the order of account, dialect and integration.
	Ways(ctx context.Context) ([]Way, error)
	// Asked lists what was asked for and takes two persons, the newest first; open: only what nobody has done yet.
	Asked(ctx context.Context, open bool) ([]Asked, error)

	// People are those who may log in, in the order of their names, ended ones with them, each with Sorted grants.
	People(ctx context.Context) ([]Person, error)
	// Person finds one by id, also an ended one; store.ErrNotFound.
	Person(ctx context.Context, id string) (Person, error)
	// PersonBy finds who logs in: the person who is known by issuer and subject, or else the one who is invited by the keyed hash of
	// the number (empty: none) and was never bound. Ended ones are not found; store.ErrNotFound.
	PersonBy(ctx context.Context, issuer, subject, number string) (Person, error)
	// ActorNames are the names of persons and integrations by how the archive keeps them as actors (Actor.String): ended ones with
	// them, and a person also by the log-in name of the command line.
	ActorNames(ctx context.Context) (map[string]string, error)
	// Changes are the newest first, unless the filter says otherwise.
	Changes(ctx context.Context, f LogFilter) ([]Change, error)
	// Lookups are the newest first, unless the filter says otherwise.
	Lookups(ctx context.Context, f LogFilter) ([]Lookup, error)
}

// Writer changes who may hand in and who may log in, and adds to the logs. It is part of store.Tx.
type Writer interface {
	// PutIntegration stores an integration, new or changed, and adds to the log of changes as PutPerson does. store.ErrExists when
	// another one has the name.
	PutIntegration(ctx context.Context, i Integration, reason string) error
	// CountWay counts one hand-in, now. It is stored at the end of the transaction.
	CountWay(ctx context.Context, account string, dialect Dialect, integration string) error
	// AskSecond records, now, that the actor of the context asks for what takes two persons, in place of what was asked for and not done.
	AskSecond(ctx context.Context, subject, reason string) error
	// DoneBySecond records, now, that the actor of the context has done what another one asked for. No error when nobody asked.
	DoneBySecond(ctx context.Context, subject string) error

	// PutPerson stores a person with its grants, new or changed, and adds to the log of changes who did it (By), what it was before,
	// what it is now, and why. It never changes Created and LastLogin of one who is there. store.ErrExists when another one who is
	// not ended has the issuer and subject, the number, or the log-in name.
	PutPerson(ctx context.Context, p Person, reason string) error
	// EndSessionsOf ends, now, the sessions of a person that last, adds to the log of changes that they were ended, and counts them.
	// With none it does nothing. store.ErrNotFound.
	EndSessionsOf(ctx context.Context, person, reason string) (int, error)
	// RecordLogin notes that a person has logged in, now; store.ErrNotFound.
	RecordLogin(ctx context.Context, id string) error
	// AddChange adds to the log of changes what the actor of the context does now, of a subject of which no other method here stores
	// the change. Subject, Before, After and Reason are given, the rest is the archive's.
	AddChange(ctx context.Context, c Change) error
	// AddLookup adds to the innsynslogg and returns the row as it was added: its At is now, and Seq and Hash are the archive's.
	AddLookup(ctx context.Context, l Lookup) (Lookup, error)
}

// LogFilter selects rows of a log; zero fields select all.
type LogFilter struct {
	Actor    string // Actor.String
	Subject  string // of changes; all of a kind when it ends in a stroke, as the kinds of engine/change
	Shipment string // of look-ups, its id
	Scope    *Scope // of look-ups, of accounts within it alone; nil: of all, also those of no account
	From, To time.Time
	// Oldest gives the oldest first, for verifying; else the newest are first.
	Oldest bool
	// After is the number of the last row seen, for paging in either order; 0: from the beginning.
	After int64
	Limit int // 0: no limit
}
