package access

import (
	"errors"
	"time"
)

// Asked is what one person has asked for, and takes another one to do.
type Asked struct {
	Subject string // what it is, e.g. month/2026-10
	By      Actor
	At      time.Time
	Reason  string // no personal data
	// Second is who has done it, and DoneAt when; zero: nobody yet.
	Second Actor
	DoneAt time.Time
}

// AskedTime is how long another person may do what one has asked for.
const AskedTime = 7 * 24 * time.Hour

var (
	// ErrSecondPerson says that it takes two persons, and that this one is the first. It is recorded that it was asked for, and nothing else is done.
	ErrSecondPerson = errors.New("takes two persons: it is noted that you ask for it, and another person must do the same within 7 days")
	// ErrNobody says that it takes two persons, and it is not known who this one is.
	ErrNobody = errors.New("takes two persons, and it is not known who you are")
)

// MayDo reports whether an actor may do at a time what another one has asked for. people are those of the archive, ended ones with
// them: see SameHuman.
func (a Asked) MayDo(by Actor, people []Person, now time.Time) bool {
	return a.DoneAt.IsZero() && now.Before(a.At.Add(AskedTime)) && !SameHuman(a.By, by, people)
}
