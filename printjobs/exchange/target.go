package exchange

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pkg/sftp"
	"github.com/skeema/knownhosts"
	"golang.org/x/crypto/ssh"
)

// Folders are the vendor's folders, as remote paths with slashes, relative to
// where the login lands or absolute. Empty fields take the defaults.
type Folders struct {
	Inbox        string // our files; default "inn"
	Answers      string // the vendor's answers; default "svar"
	Receipts     string // the vendor's receipts; default "kvittering"
	ReceiptsDone string // where we move receipts that are booked; default "kvittering/arkiv"
}

// Default folders.
const (
	DefaultInbox        = "inn"
	DefaultAnswers      = "svar"
	DefaultReceipts     = "kvittering"
	DefaultReceiptsDone = "kvittering/arkiv"
)

func (f Folders) withDefaults() Folders {
	set := func(s *string, d string) {
		if *s == "" {
			*s = d
		}
	}
	set(&f.Inbox, DefaultInbox)
	set(&f.Answers, DefaultAnswers)
	set(&f.Receipts, DefaultReceipts)
	set(&f.ReceiptsDone, DefaultReceiptsDone)
	return f
}

// Timeouts bound every wait for the vendor; pkg/sftp and ssh have no deadlines
// of their own. Zero fields take the defaults.
type Timeouts struct {
	Dial      time.Duration // connect, key exchange and login together; default 20 s
	Operation time.Duration // one request such as stat or rename, or a silence within a transfer; default 60 s
	Keepalive time.Duration // between keepalive@openssh.com requests; one unanswered for three times this ends the connection; default 15 s
}

// Default timeouts. A transfer may take any time as long as it moves.
const (
	DefaultDialTimeout      = 20 * time.Second
	DefaultOperationTimeout = 60 * time.Second
	DefaultKeepalive        = 15 * time.Second
)

func (t Timeouts) withDefaults() Timeouts {
	set := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	set(&t.Dial, DefaultDialTimeout)
	set(&t.Operation, DefaultOperationTimeout)
	set(&t.Keepalive, DefaultKeepalive)
	return t
}

// Limits on what is read from the vendor, in bytes. Zero fields take the
// defaults.
type Limits struct {
	Receipt int64 // a receipt file; default 256 MiB, room for a million letters
	Resume  int64 // a part of an upload that was cut is read back, and gone on with, from this size on; default 8 MiB; negative: never
	Verify  int64 // an uploaded file up to this size is read back and hashed; default 1 MiB; negative: never
}

// Default limits. documentLimit bounds the JSON documents, which are small.
const (
	DefaultReceiptLimit = 256 << 20
	DefaultVerifyLimit  = 1 << 20
	DefaultResume       = 8 << 20
	documentLimit       = 4 << 20
)

// Target is a vendor's SFTP account.
type Target struct {
	Address string // host or host:port; port 22 when none
	User    string
	// HostKey pins the server's key: one or more lines, in the form of
	// known_hosts ("[host]:port ssh-ed25519 AAAA…") or of authorized_keys
	// ("ssh-ed25519 AAAA…", which holds for Address). Required; there is no way
	// to connect without it.
	HostKey string

	Signer           ssh.Signer // our key; comes before KeyFile
	KeyFile          string     // our private key in OpenSSH or PEM form
	KeyPassphraseEnv string     // name of the environment variable with the key's passphrase
	Agent            bool       // keys and certificates of the SSH agent at $SSH_AUTH_SOCK, instead of KeyFile
	CertFile         string     // our OpenSSH user certificate for KeyFile, such as key-cert.pub
	PasswordEnv      string     // name of the environment variable with a password, for vendors without keys

	Folders  Folders
	Timeouts Timeouts
	Limits   Limits
	// ConcurrentWrites sends many write requests before the first is answered:
	// 25 times faster at 10 ms round trip. Off only for servers that cannot.
	ConcurrentWrites bool
	UseFstat         bool // for servers that need it, e.g. IBM Sterling
	MaxPacket        int  // bytes in one request; 0: 32 KiB, which every server must take

	// Trace is called before and after each effect at the vendor with the
	// effect's name (one of the Step constants followed by ":before" or
	// ":after") and the remote path. Crash tests end the process in it. May be nil.
	Trace func(step string, args ...string)
}

// Steps that [Target].Trace reports.
const (
	StepCreate = "create" // a part file is created or emptied
	StepWrite  = "write"  // its bytes are sent
	StepSync   = "sync"   // the server is asked to put it on disk
	StepRename = "rename" // it gets its final name, or a receipt is moved aside
	StepReady  = "ready"  // the ready file gets its final name: the hand-over
	StepRemove = "remove" // a file is removed
)

// Session is one connection to a vendor. Its methods may be used by several
// goroutines at once. After an [ErrConnection] it is of no more use: close it
// and dial again.
type Session struct {
	target Target
	client *sftp.Client
	ssh    *ssh.Client
	conn   *watchedConn
	posix  bool // the server renames onto existing files
	fsync  bool // the server can flush a file to disk

	stop     chan struct{}
	stopOnce sync.Once
}

// Features are what the vendor's server offers beyond the plain protocol.
type Features struct {
	PosixRename   bool   // replaces atomically; without it we remove first
	Fsync         bool   // puts a file on disk before its rename
	ServerVersion string // as the server names itself, ASCII, shortened
}

// Features tells what the vendor's server offers.
func (s *Session) Features() Features {
	return Features{s.posix, s.fsync, strings.Trim(showName(string(s.ssh.ServerVersion())), `"`)}
}

// Dial connects and logs in. The context bounds only the dialling; each later
// method takes its own. Errors: [ErrHostKeyChanged], [ErrHostKeyUnknown],
// [ErrAuth], [ErrConnection], or a fault in the target itself.
func Dial(ctx context.Context, t Target) (*Session, error) {
	t.Folders = t.Folders.withDefaults()
	t.Timeouts = t.Timeouts.withDefaults()
	if t.Limits.Receipt == 0 {
		t.Limits.Receipt = DefaultReceiptLimit
	}
	if t.Limits.Resume == 0 {
		t.Limits.Resume = DefaultResume
	}
	if t.Limits.Verify == 0 {
		t.Limits.Verify = DefaultVerifyLimit
	}
	if t.Address == "" || t.User == "" {
		return nil, errors.New("dial vendor: address and user must be set")
	}
	address := t.Address
	if _, _, err := net.SplitHostPort(address); err != nil {
		address = net.JoinHostPort(strings.Trim(address, "[]"), "22")
	}
	pins, err := parsePins(t.HostKey, address)
	if err != nil {
		return nil, fmt.Errorf("dial vendor: %w", err)
	}
	auth, forget, err := t.auth(ctx)
	if err != nil {
		return nil, fmt.Errorf("dial vendor: %w", err)
	}
	defer forget()

	dialCtx, cancel := context.WithTimeout(ctx, t.Timeouts.Dial)
	defer cancel()
	raw, err := (&net.Dialer{KeepAlive: t.Timeouts.Keepalive}).DialContext(dialCtx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("the vendor's server at %s %w", address, unreachable(err, dialCtx))
	}
	conn := &watchedConn{Conn: raw}
	// Closing is the only thing that wakes every reader and writer below.
	release := context.AfterFunc(dialCtx, func() { conn.fail(context.Cause(dialCtx)) })

	s, err := t.login(conn, address, pins, auth)
	if !release() && err == nil {
		// The time ran out in the last moment: the connection is closed.
		_ = s.Close()
		err = conn.reason(dialCtx.Err())
	}
	if err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("the vendor's server at %s: %w", address, t.dialError(err, conn))
	}
	go s.keepalive()
	return s, nil
}

func (t Target) login(conn *watchedConn, address string, pins *pinned, auth []ssh.AuthMethod) (*Session, error) {
	algorithms := ssh.SupportedAlgorithms()
	sc, chans, reqs, err := ssh.NewClientConn(conn, address, &ssh.ClientConfig{
		Config:            ssh.Config{KeyExchanges: algorithms.KeyExchanges, Ciphers: algorithms.Ciphers, MACs: withoutSHA1(algorithms.MACs)},
		User:              t.User,
		Auth:              auth,
		HostKeyCallback:   pins.check,
		HostKeyAlgorithms: withoutSHA1(pins.algorithms),
		ClientVersion:     "SSH-2.0-Postgang",
	})
	if err != nil {
		return nil, err
	}
	client := ssh.NewClient(sc, chans, reqs)
	opts := []sftp.ClientOption{sftp.UseConcurrentWrites(t.ConcurrentWrites), sftp.UseFstat(t.UseFstat)}
	if t.MaxPacket > 0 {
		opts = append(opts, sftp.MaxPacket(t.MaxPacket))
	}
	files, err := sftp.NewClient(client, opts...)
	if err != nil {
		_ = client.Close()
		if strings.Contains(err.Error(), "packet too long") {
			// The first four bytes of a text, taken for a length. pkg/sftp has no error type for it.
			return nil, errText
		}
		return nil, fmt.Errorf("start the sftp subsystem: %w", err)
	}
	s := &Session{target: t, client: files, ssh: client, conn: conn, stop: make(chan struct{})}
	_, s.posix = files.HasExtension("posix-rename@openssh.com")
	_, s.fsync = files.HasExtension("fsync@openssh.com")
	return s, nil
}

func (t Target) dialError(err error, conn *watchedConn) error {
	var neg *ssh.AlgorithmNegotiationError
	switch {
	case errors.Is(err, ErrHostKeyChanged), errors.Is(err, ErrHostKeyUnknown), errors.Is(err, errText):
		return err
	case errors.As(err, &neg):
		if strings.Contains(neg.What, "host key") && !onlySHA1(neg.RequestedAlgorithms) {
			// We offer only the kinds of key that are pinned.
			return fmt.Errorf("%w: it has no key of the pinned kind; %s", ErrHostKeyChanged, changedAdvice)
		}
		return fmt.Errorf("%w: as %s it offers only %s; ask the vendor for a current one, without SHA-1", ErrAlgorithms, neg.What, offered(neg.RequestedAlgorithms))
	case strings.Contains(err.Error(), "unable to authenticate"):
		// ssh has no error type for this.
		return fmt.Errorf("%w: %s", ErrAuth, t.loginAdvice())
	}
	return fmt.Errorf("%w: %w", ErrConnection, conn.reason(err))
}

// Close ends the session. It is safe to call it more than once.
func (s *Session) Close() error {
	s.stopOnce.Do(func() { close(s.stop) })
	s.conn.fail(net.ErrClosed)
	// Both return the error of a closed connection, which is what we want here.
	_ = s.client.Close()
	_ = s.ssh.Close()
	return nil
}

// keepalive notices a dead peer while nothing else is under way, and keeps
// firewalls from forgetting the connection.
func (s *Session) keepalive() {
	every := s.target.Timeouts.Keepalive
	const patience = 3
	for {
		select {
		case <-s.stop:
			return
		case <-time.After(every):
		}
		alive := time.AfterFunc(patience*every, func() {
			s.conn.fail(errors.New("the server has not answered keepalives"))
		})
		// The server's yes or no is of no interest, only that it answers.
		_, _, err := s.ssh.SendRequest("keepalive@openssh.com", true, nil)
		alive.Stop()
		if err != nil {
			s.conn.fail(err)
			return
		}
	}
}

// watchedConn remembers why it was closed, so that the cause is told and not
// the "use of closed network connection" that follows from it.
type watchedConn struct {
	net.Conn
	received atomic.Int64 // bytes
	mu       sync.Mutex
	cause    error
}

// Read counts what the server sends, by which a request that only waits its
// turn is told from one that hangs.
func (c *watchedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.received.Add(int64(n))
	return n, err
}

func (c *watchedConn) fail(cause error) {
	c.mu.Lock()
	if c.cause == nil {
		c.cause = cause
	}
	c.mu.Unlock()
	_ = c.Close() // whoever waits on it learns the cause from reason
}

func (c *watchedConn) reason(err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cause != nil {
		err = c.cause
	}
	return withoutWords(err)
}

var disconnected = regexp.MustCompile(`ssh: disconnect, reason ([0-9]+)`)

// withoutWords leaves out what a server says when it ends a connection: its words can hold anything.
func withoutWords(err error) error {
	if m := disconnected.FindStringSubmatch(err.Error()); m != nil {
		return fmt.Errorf("the server has ended the connection (SSH reason %s)", m[1])
	}
	return err
}

const changedAdvice = "somebody may stand between us and the vendor, or the vendor has a new key: " +
	"ask the vendor by another way for its fingerprint before pinning the new key"

// pinned holds the keys that a server may show.
type pinned struct {
	db         *knownhosts.HostKeyDB
	algorithms []string
}

// pinLines reads the pinned key or keys, as lines of known_hosts. Those keep their host patterns; lines of authorized_keys
// hold for address.
func pinLines(text, address string) ([]byte, error) {
	var lines bytes.Buffer
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if _, _, _, _, _, err := ssh.ParseKnownHosts([]byte(line)); err == nil {
			lines.WriteString(line + "\n")
			continue
		}
		key, _, options, _, err := ssh.ParseAuthorizedKey([]byte(line))
		if err != nil || len(options) > 0 {
			return nil, fmt.Errorf("host key line %d: neither of the form of known_hosts nor of authorized_keys", i+1)
		}
		lines.WriteString(knownhosts.Line([]string{address}, key) + "\n")
	}
	if lines.Len() == 0 {
		return nil, fmt.Errorf("%w: set the vendor's host key (ask the vendor, and compare with `ssh-keyscan`)", ErrHostKeyUnknown)
	}
	return lines.Bytes(), nil
}

// parsePins makes the pinned keys ready to be held against what a server shows.
func parsePins(text, address string) (*pinned, error) {
	lines, err := pinLines(text, address)
	if err != nil {
		return nil, err
	}
	// The library reads files only; the content is public.
	f, err := os.CreateTemp("", "postgang-known-hosts-")
	if err != nil {
		return nil, fmt.Errorf("host key: %w", err)
	}
	defer os.Remove(f.Name())
	_, err = f.Write(lines)
	if err2 := f.Close(); err == nil {
		err = err2
	}
	if err != nil {
		return nil, fmt.Errorf("host key: %w", err)
	}
	db, err := knownhosts.NewDB(f.Name())
	if err != nil {
		return nil, fmt.Errorf("host key: pinned lines cannot be read: %w", err)
	}
	// No algorithms means nothing is pinned for the address; the handshake then
	// offers all, so that check can tell the fingerprint that was shown.
	return &pinned{db, db.HostKeyAlgorithms(address)}, nil
}

func (p *pinned) check(host string, remote net.Addr, key ssh.PublicKey) error {
	err := p.db.HostKeyCallback()(host, remote, key)
	switch {
	case err == nil:
		return nil
	case knownhosts.IsHostUnknown(err):
		return fmt.Errorf("%w: the server shows %s %s; ask the vendor whether that is its key, then pin it",
			ErrHostKeyUnknown, key.Type(), ssh.FingerprintSHA256(key))
	default:
		// Changed, revoked, or a certificate that does not hold.
		return fmt.Errorf("%w: the server shows %s %s; %s", ErrHostKeyChanged, key.Type(), ssh.FingerprintSHA256(key), changedAdvice)
	}
}
