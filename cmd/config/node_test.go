package config

import (
	"strings"
	"testing"
)

func TestNodes(t *testing.T) {
	base := minimal
	one, err := Parse("postgang.toml", []byte(base))
	if err != nil {
		t.Fatal(err)
	}
	if one.Node == "" || len(one.Roles) != 6 || one.Fingerprint == "" {
		t.Errorf("node %q has roles %v and fingerprint %q", one.Node, one.Roles, one.Fingerprint)
	}
	for name, c := range map[string]struct {
		add  string
		same bool
	}{
		"a machine of its own":  {"[node]\nname = \"trykk2\"\nroles = [\"compose\"]\n[health]\naddress = \"127.0.0.1:1\"\n[prepare]\nworkers = 3\n", true},
		"another way to do it":  {"[prepare]\ncpu = \"3s\"\n", false},
		"a comment and nothing": {"# hei\n", true},
	} {
		other, err := Parse("postgang.toml", []byte(base+c.add))
		if err != nil {
			t.Fatal(name, err)
		}
		if (other.Fingerprint == one.Fingerprint) != c.same {
			t.Errorf("%s: fingerprints %q and %q", name, one.Fingerprint, other.Fingerprint)
		}
	}
	_, err = Parse("postgang.toml", []byte(base+"[node]\nname = \"to ord\"\nroles = [\"trykke\"]\n"))
	if err == nil || !strings.Contains(err.Error(), "node.name") || !strings.Contains(err.Error(), `"trykke" is no role`) {
		t.Errorf("faults of [node]: %v", err)
	}
}
