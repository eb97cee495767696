package access

import (
	"context"
	"errors"
	"strings"
)

// ActorKind is what kind of actor does something.
type ActorKind string

// The kinds of actors. They stand in the archive: never rename one.
const (
	System      ActorKind = ""            // Postgang by itself: a schedule, a task, a vendor's answer
	CommandLine ActorKind = "kommando"    // whoever runs the command line; ID is the log-in name on the machine
	Human       ActorKind = "person"      // a person in the console; ID is Person.ID
	Integrated  ActorKind = "integrasjon" // a system that hands in; ID is Integration.ID
)

// Actor is who does something. The zero Actor is Postgang by itself.
type Actor struct {
	Kind ActorKind
	ID   string
	// For is whom an actor on the command line acts for, as --by says; empty: for nobody else.
	For string
}

// String is the actor as the archive keeps it: "kommando/kari", "kommando/root/kari" when root acts for kari, "person/" and an id, or
// empty for Postgang by itself.
func (a Actor) String() string {
	switch {
	case a.Kind == System:
		return ""
	case a.For != "":
		return string(a.Kind) + "/" + a.ID + "/" + a.For
	}
	return string(a.Kind) + "/" + a.ID
}

// ParseActor reads what String wrote.
func ParseActor(text string) (Actor, error) {
	if text == "" {
		return Actor{}, nil
	}
	kind, rest, _ := strings.Cut(text, "/")
	id, other, _ := strings.Cut(rest, "/")
	switch k := ActorKind(kind); {
	case id == "":
	case k == CommandLine, (k == Human || k == Integrated) && other == "":
		return Actor{Kind: k, ID: id, For: other}, nil
	}
	return Actor{}, errors.New("not an actor as the archive keeps it")
}

// SamePerson reports whether two actors may be one person. Whoever acts for somebody may be either.
func (a Actor) SamePerson(b Actor) bool {
	if a.Kind != b.Kind {
		return false
	}
	return a.Who() == b.Who()
}

// SameHuman reports whether two actors may be one person, also when one acts in the console and the other on the command line: people
// say who has which log-in name. A name that --by gives is taken for a log-in name, and for the name of a person.
func SameHuman(a, b Actor, people []Person) bool {
	if a.SamePerson(b) {
		return true
	}
	for _, p := range people {
		if a.mayBe(p) && b.mayBe(p) {
			return true
		}
	}
	return false
}

// mayBe reports whether an actor may be a person, or acts for that person.
func (a Actor) mayBe(p Person) bool {
	switch a.Kind {
	case Human:
		return a.ID == p.ID
	case CommandLine:
		return p.Login != "" && (a.ID == p.Login || a.For == p.Login) || a.For != "" && strings.EqualFold(a.For, p.Name)
	case System, Integrated:
	}
	return false
}

// Who is the person that an actor stands for, as histories show it.
func (a Actor) Who() string {
	if a.For != "" {
		return a.For
	}
	return a.ID
}

type actorKey struct{}

// As has what is done with the context be done by an actor: the archive records it with each row that people answer for.
func As(ctx context.Context, a Actor) context.Context { return context.WithValue(ctx, actorKey{}, a) }

// By is who does what is done with the context; the zero Actor: Postgang by itself.
func By(ctx context.Context) Actor {
	a, _ := ctx.Value(actorKey{}).(Actor)
	return a
}
