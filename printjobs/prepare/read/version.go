package read

import "regexp"

// Versions are those that there are, in their order.
var Versions = []string{"1.0", "1.1", "1.2", "1.3", "1.4", "1.5", "1.6", "1.7", "2.0"}

// VersionRank is the place of a version among those that there are; -1 for
// others.
func VersionRank(v string) int {
	for i, known := range Versions {
		if v == known {
			return i
		}
	}
	return -1
}

var versionHeader = regexp.MustCompile(`%PDF-([0-9]{1,2}\.[0-9]{1,2})`)

// headerVersion returns the version that a file claims at its beginning.
func headerVersion(file []byte) string {
	if m := versionHeader.FindSubmatch(file[:min(len(file), 1024)]); m != nil {
		return string(m[1])
	}
	return ""
}

// Version is the version that the document claims: that of its header, or of
// its catalog when that is newer (ISO 32000-1 7.2.2).
func (s *Document) Version() string {
	v := s.header
	if own := s.Name(s.Catalog()["Version"]); VersionRank(own) > VersionRank(v) {
		v = own
	}
	return v
}
