package access

import "context"

// Reader reads who may hand in over the network, and which ways were used. It is part of store.Reader.
type Reader interface {
	// Integrations are in the order of their names, ended ones with them.
	Integrations(ctx context.Context) ([]Integration, error)
	// Integration finds one by id or name; store.ErrNotFound.
	Integration(ctx context.Context, idOrName string) (Integration, error)
	// Ways are in the order of account, dialect and integration.
	Ways(ctx context.Context) ([]Way, error)
	// Asked lists what was asked for and takes two persons, the newest first; open: only what nobody has done yet.
	Asked(ctx context.Context, open bool) ([]Asked, error)
}

// Writer changes who may hand in. It is part of store.Tx.
type Writer interface {
	// PutIntegration stores an integration, new or changed. store.ErrExists when another one has the name.
	PutIntegration(ctx context.Context, i Integration) error
	// CountWay counts one hand-in, now.
	CountWay(ctx context.Context, account string, dialect Dialect, integration string) error
	// AskSecond records, now, that the actor of the context asks for what takes two persons, in place of what was asked for and not done.
	AskSecond(ctx context.Context, subject, reason string) error
	// DoneBySecond records, now, that the actor of the context has done what another one asked for. No error when nobody asked.
	DoneBySecond(ctx context.Context, subject string) error
}
