package config

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"postgang/engine/node"
)

// Node is this machine among several that serve one archive in PostgreSQL.
type Node struct {
	Name  string   `toml:"name"`  // default: the host's name
	Roles []string `toml:"roles"` // of node.Roles; none: all
}

func (c *checker) node(cfg *Config, n Node) {
	var err error
	if cfg.Roles, err = node.ParseRoles(n.Roles); err != nil {
		c.add("node.roles", "%v", err)
	}
	if cfg.Node = n.Name; n.Name != "" && !node.ValidName(n.Name) {
		c.add("node.name", "%q is no name of a machine: up to 63 letters, digits, dots, hyphens and underscores", n.Name)
	}
	if n.Name == "" {
		if cfg.Node, err = os.Hostname(); err != nil || !node.ValidName(cfg.Node) {
			cfg.Node = "node"
		}
	}
}

// ofMachine are the settings that may differ between machines that serve one archive.
var ofMachine = []string{"node", "health", "archive.work", "documents.cache", "documents.cache_mb", "archive.database", "intake.folder", "prepare.workers", "http.address", "console.address"}

// fingerprint is the same for configurations that treat letters alike, as far as the file says.
func fingerprint(doc map[string]any) (string, error) {
	shared := make(map[string]any, len(doc))
	for table, settings := range doc {
		if slices.Contains(ofMachine, table) {
			continue
		}
		if t, ok := settings.(map[string]any); ok {
			some := make(map[string]any, len(t))
			for name, v := range t {
				if !slices.Contains(ofMachine, table+"."+name) {
					some[name] = v
				}
			}
			if len(some) == 0 {
				continue
			}
			settings = some
		}
		shared[strings.ToLower(table)] = settings
	}
	b, err := json.Marshal(shared) // its keys are sorted
	if err != nil {
		return "", fmt.Errorf("fingerprint of the configuration: %w", err)
	}
	const long = 12
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])[:long], nil
}
