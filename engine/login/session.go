// Package login lets people log in with OpenID Connect (ID-porten, Entra ID or another): it sends them to the provider, judges what the
// provider says, and keeps sessions as rows, so that the provider can end one by its sid. Who a person is, is kept as a keyed hash
// alone; the fødselsnummer is in memory while the answer is judged, and nowhere else.
package login

import (
	"context"
	"time"
)

// How long a session lasts.
const (
	IdleTime = 30 * time.Minute
	MostTime = 10 * time.Hour
)

// Session is a person who has logged in.
type Session struct {
	Token   string // SHA-256 of the cookie's token, lower-case hex
	Issuer  string
	SID     string // the provider's own id of its session; empty: it gave none
	Subject string // the provider's id of the person, at us
	Person  string // keyed hash of the person's fødselsnummer; empty: the provider gave none
	// Organisations are keyed hashes of the organisasjonsnummer that the person may read for.
	Organisations []string
	Level         string // acr: how sure the provider is
	Began, Last   time.Time
	Ended         time.Time // zero: it lasts
}

// Lasts reports whether the session lasts at a time.
func (s Session) Lasts(now time.Time) bool {
	return s.Ended.IsZero() && now.Before(s.Last.Add(IdleTime)) && now.Before(s.Began.Add(MostTime))
}

// Reader reads sessions. It is part of store.Reader.
type Reader interface {
	// Session finds one by Session.Token; ErrNone when there is none.
	Session(ctx context.Context, token string) (Session, error)
	// SessionsOfPeople are those that are not ended of persons who may log in to the console, the newest first. Whether one lasts is
	// for Session.Lasts to say.
	SessionsOfPeople(ctx context.Context) ([]Session, error)
}

// Writer changes sessions. It is part of store.Tx.
type Writer interface {
	InsertSession(ctx context.Context, s Session) error
	// TouchSession records that a session was used, now.
	TouchSession(ctx context.Context, token string) error
	// EndSessions ends sessions, now: one by its token, or those of an issuer's sid.
	EndSessions(ctx context.Context, token, issuer, sid string) error
	// ForgetSessions removes sessions that began before a time.
	ForgetSessions(ctx context.Context, before time.Time) error
}
