package visit

import (
	"net/http"

	"postgang/engine/access"
)

// Audience is whom a route is for.
type Audience int

// Whom routes are for.
const (
	Nobody    Audience = iota // the zero value: a route without a rule
	Everybody                 // also those who are not logged in
	Known                     // who is logged in, with or without roles
	Members                   // who has any role
	ForAction                 // who may do what the route needs, somewhere or everywhere
)

// Route is one address of the console, and what it takes.
type Route struct {
	Method, Pattern string // as of http.ServeMux
	To              Audience
	Need            access.Action // of ForAction
	All             bool          // it must be permitted for all accounts: what is shown belongs to none of them
	Do              func(v *Visit) error
}

// Get is a page for who may do something.
func Get(pattern string, need access.Action, do func(v *Visit) error) Route {
	return Route{Method: http.MethodGet, Pattern: pattern, To: ForAction, Need: need, Do: do}
}

// Post does something for who may.
func Post(pattern string, need access.Action, do func(v *Visit) error) Route {
	return Route{Method: http.MethodPost, Pattern: pattern, To: ForAction, Need: need, Do: do}
}

// Whole is the route for who may do it for all accounts.
func (r Route) Whole() Route {
	r.All = true
	return r
}
