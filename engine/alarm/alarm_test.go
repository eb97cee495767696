package alarm

import (
	"os"
	"regexp"
	"testing"
)

// TestEveryAlarmIsJudgedAndDocumented: docs/alarms.md and the table of kinds name the same alarms.
func TestEveryAlarmIsJudgedAndDocumented(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/alarms.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z-]+):").FindAllStringSubmatch(string(text), -1) {
		documented[row[1]] = true
		if _, ok := alarmKinds[row[1]]; !ok {
			t.Errorf("alarm %s is documented and not in alarmKinds", row[1])
		}
	}
	for kind := range alarmKinds {
		if !documented[kind] {
			t.Errorf("alarm %s is not documented", kind)
		}
	}
	if len(documented) < 20 {
		t.Errorf("only %d alarms are documented", len(documented))
	}
}

// TestSortAlarms: the gravest first, those as grave as they stood; a kind that nobody has judged is major.
func TestSortAlarms(t *testing.T) {
	t.Parallel()
	list := []Alarm{{Key: "held:1"}, {Key: "no-answer:A"}, {Key: "held:2"}, {Key: "uncertain:A"}, {Key: "ny:x"}, {Key: "restored:v"}}
	Sort(list)
	var got string
	for _, a := range list {
		got += a.Key + " "
	}
	if got != "uncertain:A restored:v no-answer:A ny:x held:1 held:2 " {
		t.Errorf("order %s", got)
	}
}

// TestSays: what is not raised yet says nothing, also where nothing is to be said beyond the key.
func TestSays(t *testing.T) {
	t.Parallel()
	open := map[string]Args{"here": {}, "told": {"n": "1"}}
	for _, tc := range []struct {
		key  string
		now  Args
		want bool
	}{
		{"here", nil, true}, {"here", Args{}, true}, {"not raised", nil, false}, {"not raised", Args{}, false},
		{"told", Args{"n": "1"}, true}, {"told", Args{"n": "2"}, false},
	} {
		if got := open[tc.key].Says(tc.now); got != tc.want {
			t.Errorf("%s says %v: %v", tc.key, tc.now, got)
		}
	}
}
