package shipment

import (
	"encoding/json"
	"regexp"
)

// Note is why something stands in a history, of a shipment or of a job: a code and arguments, which engine/words words. What a person
// or a vendor said in own words is an argument.
type Note struct {
	Code string // lower-case words joined by hyphens, as engine/words knows them
	Args Args
}

// String is what a history keeps: the code, a blank and a JSON object of the arguments. The note without a code is empty.
func (n Note) String() string {
	if n.Code == "" {
		return ""
	}
	return kept(n.Code, noted{Args: n.Args})
}

// ReadNote reads what a history keeps. ok is false for a text, as earlier versions kept it, and for a code without arguments.
func ReadNote(reason string) (n Note, ok bool) {
	code, rest, ok := readKept(reason)
	return Note{code, rest.Args}, ok
}

// noted is what a history keeps beyond the code.
type noted struct {
	Args  Args  `json:"arg,omitempty"`
	Pages []int `json:"sider,omitempty"`
}

func kept(code string, rest noted) string {
	b, _ := json.Marshal(rest) // strings and numbers always are JSON
	return code + " " + string(b)
}

var keptForm = regexp.MustCompile(`^([a-z0-9-]+) (\{.*\})$`)

func readKept(reason string) (code string, rest noted, ok bool) {
	m := keptForm.FindStringSubmatch(reason)
	if m == nil || json.Unmarshal([]byte(m[2]), &rest) != nil {
		return "", noted{}, false
	}
	return m[1], rest, true
}
