package app

import "testing"

// TestInTheOpen: which connections to PostgreSQL doctor warns of.
func TestInTheOpen(t *testing.T) {
	t.Setenv("PGHOST", "")
	t.Setenv("PGSSLMODE", "")
	for dsn, want := range map[string]bool{
		"postgres://u@localhost/n":                              false,
		"postgres://u@127.0.0.1:5433/n":                         false,
		"postgres://u@[::1]/n":                                  false,
		"postgres:///n?host=/run/postgresql":                    false,
		"postgres://u@db.example.org/n":                         true,
		"postgres://u@db.example.org/n?sslmode=prefer":          true,
		"postgres://u@db.example.org/n?sslmode=require":         true,
		"postgres://u@db.example.org/n?sslmode=verify-full":     false,
		"postgres:///n?host=db.example.org&sslmode=verify-ca":   false,
		"postgresql://u@db.example.org:5432/n?sslmode=disable":  true,
		"postgres://u@10.0.0.5/n?application_name=postgang":     true,
		"postgres://u@db.example.org/n?sslmode=verify-full&x=y": false,
	} {
		if got := inTheOpen(dsn); got != want {
			t.Errorf("%s: %v", dsn, got)
		}
	}
}
