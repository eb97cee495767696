package exchange

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// TestVendorsWordsAreNotRepeated: what the vendor writes may name people, and comes into no error.
func TestVendorsWordsAreNotRepeated(t *testing.T) {
	t.Parallel()
	const person = "Kari Testperson 01017012345"
	for name, text := range map[string]string{
		"unknown field":  `{"format": "postgang-answer-1", "` + person + `": 1}`,
		"field twice":    `{"` + person + `": 1, "` + person + `": 2}`,
		"format":         `{"format": "` + person + `"}`,
		"job":            `{"format": "postgang-answer-1", "job": "` + person + `"}`,
		"no JSON":        person,
		"type":           `{"letters": "` + person + `"}`,
		"time":           `{"time": "` + person + `"}`,
		"reason too odd": `{"reasons": ["` + person + `\u0007"]}`,
	} {
		_, err := ParseAnswer([]byte(text))
		if err == nil {
			t.Errorf("%s: taken", name)
		} else if strings.Contains(err.Error(), "Kari") || strings.Contains(err.Error(), "01017012345") {
			t.Errorf("%s: %v", name, err)
		}
	}
	gone := withoutWords(fmt.Errorf("read: %w", errors.New("ssh: disconnect, reason 11: bye "+person)))
	if got := gone.Error(); got != "the server has ended the connection (SSH reason 11)" {
		t.Errorf("disconnected: %s", got)
	}
	if got := hidden(person); strings.Contains(got, "Kari") || !strings.HasPrefix(got, "«27 characters, SHA-256 ") {
		t.Errorf("hidden: %s", got)
	}
}
