package database

import (
	"slices"
	"strings"
	"testing"
)

// TestToolTarget: PostgreSQL's programs get what they know, and no password in their arguments.
func TestToolTarget(t *testing.T) {
	t.Parallel()
	for _, dsn := range []string{
		"postgres://u:hemmelig@db.example.org:5433/post?sslmode=verify-full&sslrootcert=/etc/a b.pem&pool_max_conns=20&jit=off",
		"postgres://u@db.example.org:5433/post?password=hemmelig&sslmode=verify-full&sslrootcert=%2Fetc%2Fa+b.pem&default_query_exec_mode=exec",
	} {
		target, env, err := toolTarget(dsn)
		if err != nil || !slices.Equal(env, []string{"PGPASSWORD=hemmelig"}) {
			t.Errorf("%s: %v %v", dsn, env, err)
		}
		if target != "postgres://u@db.example.org:5433/post?sslmode=verify-full&sslrootcert=%2Fetc%2Fa%20b.pem" {
			t.Error(target)
		}
	}
	if target, env, err := toolTarget("postgres:///post?host=/run/postgresql"); err != nil || len(env) != 0 || target != "postgres:///post?host=%2Frun%2Fpostgresql" {
		t.Error(target, env, err)
	}
	if _, _, err := toolTarget("postgres://%zz"); err == nil || strings.Contains(err.Error(), "%zz") {
		t.Error(err)
	}
}

// TestToolSaid: what a program says of its fault is told without values of rows.
func TestToolSaid(t *testing.T) {
	t.Parallel()
	said := toolSaid("pg_restore: error: could not execute query: ERROR:  duplicate key\nDETAIL:  Key (id)=(Kari Nordmann) already exists.\nCommand was: COPY x\n")
	if said != "pg_restore: error: could not execute query: ERROR:  duplicate key" {
		t.Error(said)
	}
}
