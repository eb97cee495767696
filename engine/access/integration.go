// Package access says who may what. Integrations hand in over the network, each with a password of its own, tied to an organisation and
// to accounts; persons have roles in the console, for an account, an organisation or all; and an Actor is who does something. It is
// pure: it stores nothing, and reads no clock.
//
// Passwords are drawn by us and never chosen, with 160 random bits. So one round of SHA-256 with a salt keeps them as safe as a slow
// hash would, and checking one costs so little that wrong ones cannot be used to keep the machine busy.
package access

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"postgang/engine/identity"
)

// Integration is a system that hands in: a case system, an archive or a broker.
type Integration struct {
	ID   string // UUID, lower case: IntegrasjonId of REST V2 and V3
	Name string // user name of REST V1 and SOAP; unique, see NameForm
	// Organisation is the organisasjonsnummer that an access token of Maskinporten must be issued to; empty: no token is accepted.
	Organisation string
	Accounts     []string // keys of the accounts that it may send from; the first is meant where a dialect names none

	Password    Hash
	PasswordAt  time.Time // when the password was made
	Former      Hash      // the password before, zero: none
	FormerUntil time.Time // until when (exclusive) it is taken

	Created time.Time
	Ended   time.Time // zero: in use
}

// String is the integration's name alone.
func (i Integration) String() string { return i.Name }

// Hash is a password as it is kept: "sha256$" + salt + "$" + sum, both in lower-case hex.
type Hash string

// String hides the hash.
func (Hash) String() string { return "(hash)" }

// NameForm is what a name must look like: it is typed as a user name, and stands in logs.
var NameForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{1,49}$`)

// New makes an integration and the password that is shown once.
func New(name, organisation string, accounts []string, now time.Time) (Integration, string, error) {
	switch {
	case !NameForm.MatchString(name) || len(identity.FindNationalIDs(name)) > 0:
		return Integration{}, "", errors.New("the name must have 2 to 50 of A–Z, a–z, 0–9, dot, hyphen and underscore, and begin with a letter or digit")
	case organisation != "" && !IsOrganisation(organisation):
		return Integration{}, "", errors.New("the organisation is no organisasjonsnummer: 9 digits, the last of which checks the others")
	case len(accounts) == 0:
		return Integration{}, "", errors.New("name at least one account that it may send from")
	}
	password := newPassword()
	return Integration{
		ID: uuid.NewString(), Name: name, Organisation: organisation, Accounts: slices.Clone(accounts),
		Password: hashOf(password), PasswordAt: now, Created: now,
	}, password, nil
}

// integrationState is an integration as the log of changes keeps it.
type integrationState struct {
	Name         string    `json:"name"`
	Organisation string    `json:"organisation,omitempty"`
	Accounts     []string  `json:"accounts"`
	PasswordAt   time.Time `json:"password_at"`
	FormerUntil  time.Time `json:"former_until,omitzero"`
	Ended        bool      `json:"ended,omitempty"`
}

// State is an integration as the log of changes keeps it, as Person.State: no password, and no hash of one.
func (i Integration) State() (string, error) {
	b, err := json.Marshal(integrationState{i.Name, i.Organisation, i.Accounts, i.PasswordAt.UTC(), i.FormerUntil.UTC(), !i.Ended.IsZero()})
	return string(b), err
}

// IntegrationSubject names an integration as the subject of a change.
func IntegrationSubject(id string) string { return Actor{Kind: Integrated, ID: id}.String() }

// IsOrganisation reports whether a number is an organisasjonsnummer.
func IsOrganisation(number string) bool {
	id, err := identity.ParseDigitalID(number, identity.NationalIDBoth, false)
	return err == nil && id.Kind == identity.IDOrganisation
}

// Rotate gives the integration a new password, which is shown once. The one before is taken until a time; zero: no longer.
func (i *Integration) Rotate(now, formerUntil time.Time) (password string) {
	password = newPassword()
	i.Former, i.FormerUntil = "", time.Time{}
	if formerUntil.After(now) {
		i.Former, i.FormerUntil = i.Password, formerUntil
	}
	i.Password, i.PasswordAt = hashOf(password), now
	return password
}

// Check reports whether a password is the integration's at a time. An ended integration has none.
func (i Integration) Check(password string, now time.Time) bool {
	is := i.Password.is(password)
	was := i.Former.is(password) && now.Before(i.FormerUntil)
	return (is || was) && i.Ended.IsZero()
}

// MaySend reports whether the integration may send from an account.
func (i Integration) MaySend(account string) bool { return slices.Contains(i.Accounts, account) }

// letters of a password: no two that look alike.
var letters = base32.NewEncoding("abcdefghijkmnpqrstuvwxyz23456789").WithPadding(base32.NoPadding)

func newPassword() string {
	b := make([]byte, 20)
	rand.Read(b) // never fails: crypto/rand
	return letters.EncodeToString(b)
}

func hashOf(password string) Hash {
	salt := make([]byte, 16)
	rand.Read(salt) // never fails: crypto/rand
	return Hash("sha256$" + hex.EncodeToString(salt) + "$" + sum(salt, password))
}

func sum(salt []byte, password string) string {
	h := sha256.New()
	h.Write(salt)
	h.Write([]byte(password))
	return hex.EncodeToString(h.Sum(nil))
}

func (h Hash) is(password string) bool {
	form, rest, _ := strings.Cut(string(h), "$")
	hexSalt, want, ok := strings.Cut(rest, "$")
	salt, err := hex.DecodeString(hexSalt)
	if !ok || form != "sha256" || err != nil || len(salt) == 0 {
		return false
	}
	return subtle.ConstantTimeCompare([]byte(sum(salt, password)), []byte(want)) == 1
}

// Dialect is the way a shipment was handed in.
type Dialect string

// The dialects. They stand in the archive: never rename one.
const (
	Folder Dialect = "mappe"    // the drop folder, which needs no integration
	ByHand Dialect = "for-hand" // by a person: a letter written in the console, or one sent again
	RestV3 Dialect = "rest-v3"  // KS SvarUt REST V3
	RestV2 Dialect = "rest-v2"  // KS SvarUt REST V2
	RestV1 Dialect = "rest-v1"  // KS SvarUt REST V1
	SoapV9 Dialect = "soap-v9"  // KS SvarUt SOAP V9
	SoapV4 Dialect = "soap-v4"  // KS SvarUt SOAP V4 and V5, which share a namespace
	// SoapV10 and SoapV11 are spellings of V9 that clients are known to use; no contract of them is public.
	SoapV10 Dialect = "soap-v10"
	SoapV11 Dialect = "soap-v11"
)

// Way is how an account was handed in to: which integration in which dialect, and when for the first and the last time.
type Way struct {
	Account     string
	Dialect     Dialect
	Integration string // its id; empty: the drop folder
	First, Last time.Time
	HandIns     int // accepted for preparing; the same once more is not counted
}

// ValidAccounts is an error that names accounts that are not among the configured ones.
func ValidAccounts(accounts, configured []string) error {
	for _, a := range accounts {
		if !slices.Contains(configured, a) {
			return fmt.Errorf("account %q is not configured; there are: %s", a, strings.Join(configured, ", "))
		}
	}
	return nil
}
