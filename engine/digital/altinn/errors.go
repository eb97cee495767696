package altinn

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Class says what an error means for what is to be done.
type Class int

// The classes of errors.
const (
	// Temporary: ask again later. The letter stays digital.
	Temporary Class = iota
	// Setup: something is set up wrong, here or at Altinn, and no letter will go until a person puts it right. The letter stays
	// digital, since a wrong setting must never print everything.
	Setup
	// OfLetter: this letter cannot go this way, however often it is tried.
	OfLetter
)

// What an [Error] may be, by errors.Is.
var (
	ErrReserved         = errors.New("the recipient is reserved against digital post")
	ErrUnknownRecipient = errors.New("the recipient is unknown to Altinn")
	ErrMissingRole      = errors.New("nobody in the organisation may read it")
	ErrNotFound         = errors.New("no such correspondence")
)

// errDuplicate is inside this package: a letter that is there already was sent.
var errDuplicate = errors.New("a correspondence with this key exists")

// Numbers of Altinn's errors that mean something to us.
const (
	codeNotFound     = 1001
	codeUnknown      = 1029
	codeReserved     = 1030
	codeRegisterDown = 1032
	codeDuplicate    = 1034
	codeMissingRole  = 1044
)

// lettersOwn are the errors that are of the letter itself and come again each time: its title, its files, its recipient. What is
// not here may be of our settings, and must not print every letter.
var lettersOwn = []int{
	1002, // title is not plain text
	1020, // title is empty
	1037, // title is too long
	1038, // too many attachments
	2004, // a file is empty or too large
	2010, // a file's name is missing
	2011, // … too long
	2012, // … has characters that it must not have
	2013, // … of a type that is not taken
	2021, // … is reserved
	codeUnknown, codeReserved, codeMissingRole,
}

// Error is what went wrong with a request. It repeats no word of Altinn's, which name recipients.
type Error struct {
	Op     string // what was tried: "create", "details", …
	Status int    // of HTTP; 0: no answer
	Code   int    // Altinn's errorCode; 0: none
	Class  Class
	cause  error // of ours or of the network
}

// Error says what was tried, with Altinn's numbers.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "altinn: %s", e.Op)
	if e.Status != 0 {
		fmt.Fprintf(&b, ": HTTP %d", e.Status)
	}
	if e.Code != 0 {
		fmt.Fprintf(&b, ", error %d", e.Code)
	}
	if named := e.named(); named != nil {
		fmt.Fprintf(&b, " (%v)", named)
	}
	if e.cause != nil {
		fmt.Fprintf(&b, ": %v", e.cause)
	}
	return b.String()
}

// Unwrap gives the error of ours or of the network beneath.
func (e *Error) Unwrap() error { return e.cause }

// Is tells which of the named errors it is.
func (e *Error) Is(target error) bool {
	named := e.named()
	return named != nil && named == target
}

func (e *Error) named() error {
	switch e.Code {
	case codeReserved:
		return ErrReserved
	case codeUnknown:
		return ErrUnknownRecipient
	case codeMissingRole:
		return ErrMissingRole
	case codeDuplicate:
		return errDuplicate
	case codeNotFound:
		return ErrNotFound
	}
	if e.Status == http.StatusNotFound && e.Code == 0 {
		return ErrNotFound
	}
	return nil
}

// ClassOf is the class of an error; what is not of this package is temporary.
func ClassOf(err error) Class {
	if e := (*Error)(nil); errors.As(err, &e) {
		return e.Class
	}
	return Temporary
}

// problem reads an answer that is not what was asked for.
func problem(op string, status int, body []byte) error {
	var p struct {
		ErrorCode json.RawMessage `json:"errorCode"`
		Code      string          `json:"code"` // CORR-01030
	}
	e := &Error{Op: op, Status: status}
	if json.Unmarshal(body, &p) == nil {
		e.Code, _ = strconv.Atoi(strings.Trim(string(p.ErrorCode), `"`))
		if e.Code == 0 {
			if _, digits, ok := strings.Cut(p.Code, "CORR-"); ok {
				e.Code, _ = strconv.Atoi(digits)
			}
		}
	}
	switch {
	case e.Code == codeRegisterDown:
		e.Class = Temporary
	case slices.Contains(lettersOwn, e.Code):
		e.Class = OfLetter
	case status >= 500, status == http.StatusRequestTimeout, status == http.StatusTooManyRequests, status == http.StatusConflict:
		e.Class = Temporary
	default:
		e.Class = Setup
	}
	return e
}
