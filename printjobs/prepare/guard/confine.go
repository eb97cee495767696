// Package guard cuts a process off from everything but the files that it is
// handed, and bounds what it may take: so that what reads untrusted bytes can
// do no harm, even when it is taken over.
package guard

// Confinement tells what the kernel refuses a worker from before its first
// letter on, as the worker found by trying.
type Confinement struct {
	// Files: it cannot open any file. It reads and writes those that the pool
	// has opened for it.
	Files bool `json:"files"`
	// Network: it cannot make a socket.
	Network bool `json:"network"`
	// Programs: it cannot start a program.
	Programs bool `json:"programs"`
}

// Whole reports that the worker is cut off from everything but its letter.
func (c Confinement) Whole() bool { return c.Files && c.Network && c.Programs }
