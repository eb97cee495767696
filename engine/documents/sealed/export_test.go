package sealed

// ShaOf is the SHA-256 of the name of an object; empty: it is none of ours.
func (s *Store) ShaOf(name string) string {
	if sha, ours := s.keys.names.sha(name); ours {
		return sha
	}
	return ""
}
