package config

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// envCredentials names the environment variable of the folder in which systemd lays the credentials of a unit.
const envCredentials = "CREDENTIALS_DIRECTORY"

// unitCredentials is where it lays those of the package's unit, while that runs: commands that a person starts as the same user have no
// such variable.
var unitCredentials = "/run/credentials/postgang.service"

const credentialPrefix = "$" + envCredentials + "/"

// isCredential reports whether a setting names one of systemd's credentials in place of a file.
func isCredential(file string) bool { return strings.HasPrefix(file, credentialPrefix) }

// credentials is the folder of credentials; empty: there is none.
func credentials() string {
	if dir := os.Getenv(envCredentials); dir != "" {
		return dir
	}
	if _, err := os.ReadDir(unitCredentials); err == nil {
		return unitCredentials
	}
	return ""
}

// InCredentials reports whether a file is one of systemd's credentials. It may be read by the unit's user alone, whatever its mode says:
// that user is named in an access list, which a mode shows as rights of the group.
func InCredentials(path string) bool {
	dir := credentials()
	return dir != "" && filepath.Dir(path) == dir
}

// noCredential reports whether a setting names a credential and there are none, which is told of all settings at once.
func noCredential(file string) bool { return isCredential(file) && credentials() == "" }

// credentialFile is the file of a credential.
func credentialFile(setting string) string {
	return filepath.Join(credentials(), strings.TrimPrefix(setting, credentialPrefix))
}

// checkCredentials looks through all settings of a file for credentials that cannot be.
func (c *checker) checkCredentials(at string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for _, key := range sortedKeys(v) {
			c.checkCredentials(strings.TrimPrefix(at+"."+key, "."), v[key])
		}
	case []any:
		for i, e := range v {
			c.checkCredentials(fmt.Sprintf("%s[%d]", at, i), e)
		}
	case string:
		name, ok := strings.CutPrefix(v, credentialPrefix)
		switch {
		case !ok:
		case !strings.HasSuffix(at, "_file"):
			c.add(at, "takes no credential of systemd: only settings whose names end in _file do")
		case strings.Contains(name, "/") || slices.Contains([]string{"", ".", ".."}, name):
			c.add(at, "%q is no name of a credential: it is what stands before the colon in LoadCredential=", name)
		case credentials() == "":
			c.add(at, "there are no credentials of systemd here: $%s is not set and the unit does not run. Start with LoadCredential=%s:FILE in the unit, or name a file", envCredentials, name)
		}
	}
}
