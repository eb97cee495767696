package cli

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"postgang/billing/money"
)

// TestJSONForm: whatever a result is made of, programs get one form.
func TestJSONForm(t *testing.T) {
	t.Parallel()
	type inner struct{ WeightGram int }
	type Base struct{ TicketSHA string }
	at := time.Date(2026, 11, 24, 20, 30, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		v    any
		want string
	}{
		"names": {struct{ FirstSide, HTMLPage int }{1, 2}, `{"first_side":1,"html_page":2}`},
		"own names": {struct {
			A int `json:"b"`
		}{1}, `{"b":1}`},
		"no lists":  {struct{ List []int }{}, `{"list":[]}`},
		"no map":    {struct{ Map map[string]int }{}, `{"map":{}}`},
		"amounts":   {struct{ Net money.Ore }{1234}, `{"net_ore":1234}`},
		"times":     {struct{ At time.Time }{at}, `{"at":"2026-11-24T21:30:00+01:00"}`},
		"moments":   {struct{ At Moment }{When(at)}, `{"at":"2026-11-24T21:30:00+01:00"}`},
		"durations": {struct{ Took time.Duration }{1500 * time.Millisecond}, `{"took_seconds":1.5}`},
		"left out": {struct {
			At Moment `json:"at,omitempty"`
			L  []int  `json:"l,omitempty"`
		}{}, `{}`},
		"embedded": {struct {
			Base
			In inner
		}{}, `{"ticket_sha":"","in":{"weight_gram":0}}`},
		"text":    {"Ås <&>", `"Ås <&>"`},
		"any map": {map[string]any{"b": []string(nil), "a": nil}, `{"a":null,"b":[]}`},
	} {
		var b bytes.Buffer
		if err := WriteJSON(&b, c.v, ""); err != nil {
			t.Errorf("%s: %v", name, err)
		} else if got := strings.TrimSpace(b.String()); got != c.want || !json.Valid(b.Bytes()) {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	if err := WriteJSON(&bytes.Buffer{}, struct{ F func() }{}, ""); err == nil {
		t.Error("a function became JSON")
	}
}
