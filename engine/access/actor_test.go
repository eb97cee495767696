package access_test

import (
	"testing"
	"time"

	"postgang/engine/access"
)

// TestSameHuman: a person of the console and the log-in name that is tied to it are one, and so is whoever acts for either.
func TestSameHuman(t *testing.T) {
	people := []access.Person{{ID: "1", Name: "Kari Nordmann", Login: "kari"}, {ID: "2", Name: "Ola", Login: "ola"}, {ID: "3", Name: "Per"}, {ID: "4", Name: "Kari før", Login: "kari", Ended: noon}}
	console := func(id string) access.Actor { return access.Actor{Kind: access.Human, ID: id} }
	command := func(id, by string) access.Actor {
		return access.Actor{Kind: access.CommandLine, ID: id, For: by}
	}
	for _, c := range []struct {
		a, b access.Actor
		want bool
	}{
		{console("1"), console("1"), true},
		{console("1"), console("2"), false},
		{console("1"), command("kari", ""), true},
		{console("1"), command("root", "kari"), true},
		{console("1"), command("kari", "ola"), true}, // may be either
		{console("2"), command("kari", "ola"), true},
		{console("1"), command("root", "kari nordmann"), true},
		{console("1"), command("ola", ""), false},
		{console("1"), command("root", ""), false},
		{console("3"), command("per", ""), false}, // nobody has said so
		{console("3"), command("root", "Per"), true},
		{console("4"), command("kari", ""), true}, // who came back under another id
		{command("kari", ""), command("kari", "ola"), true},
		{command("drift", "kari"), command("drift", "ola"), false},
		{command("drift", "kari"), command("drift", "Kari Nordmann"), true},
		{console("1"), access.Actor{Kind: access.Integrated, ID: "1"}, false},
		{console("1"), access.Actor{}, false},
	} {
		if got := access.SameHuman(c.a, c.b, people); got != c.want || access.SameHuman(c.b, c.a, people) != c.want {
			t.Errorf("%s and %s: %v, want %v", c.a, c.b, got, c.want)
		}
	}
	asked := access.Asked{By: console("1"), At: noon}
	if asked.MayDo(command("kari", ""), people, noon.Add(time.Hour)) || !asked.MayDo(command("ola", ""), people, noon.Add(time.Hour)) {
		t.Error("who asked is taken for the second person, or another is not")
	}
}
