package exchange

// WithoutPosixRename makes a session believe that the server cannot replace a
// file by rename.
func (s *Session) WithoutPosixRename() { s.posix = false }
