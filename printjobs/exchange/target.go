package exchange

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pkg/sftp"
	"github.com/skeema/knownhosts"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
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
		return nil, fmt.Errorf("dial vendor %s: %w: %w", address, ErrConnection, err)
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
		return nil, fmt.Errorf("dial vendor %s: %w", address, dialError(err, conn))
	}
	go s.keepalive()
	return s, nil
}

func (t Target) login(conn *watchedConn, address string, pins *pinned, auth []ssh.AuthMethod) (*Session, error) {
	sc, chans, reqs, err := ssh.NewClientConn(conn, address, &ssh.ClientConfig{
		User:              t.User,
		Auth:              auth,
		HostKeyCallback:   pins.check,
		HostKeyAlgorithms: pins.algorithms,
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
		return nil, fmt.Errorf("start the sftp subsystem: %w", err)
	}
	s := &Session{target: t, client: files, ssh: client, conn: conn, stop: make(chan struct{})}
	_, s.posix = files.HasExtension("posix-rename@openssh.com")
	_, s.fsync = files.HasExtension("fsync@openssh.com")
	return s, nil
}

func dialError(err error, conn *watchedConn) error {
	var neg *ssh.AlgorithmNegotiationError
	switch {
	case errors.Is(err, ErrHostKeyChanged), errors.Is(err, ErrHostKeyUnknown):
		return err
	case errors.As(err, &neg):
		if strings.Contains(neg.What, "host key") {
			// We offer only the kinds of key that are pinned.
			return fmt.Errorf("%w: it has no key of the pinned kind; %s", ErrHostKeyChanged, changedAdvice)
		}
		return err
	case strings.Contains(err.Error(), "unable to authenticate"):
		// ssh has no error type for this.
		return fmt.Errorf("%w: check user and key, and that the vendor has our public key", ErrAuth)
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
		return c.cause
	}
	return err
}

func (t Target) auth(ctx context.Context) (methods []ssh.AuthMethod, forget func(), err error) {
	forget = func() {}
	switch {
	case t.Signer != nil:
		methods = append(methods, ssh.PublicKeys(t.Signer))
	case t.Agent:
		// Asked anew each time: keys come and go, and certificates are renewed.
		socket := os.Getenv("SSH_AUTH_SOCK")
		if socket == "" {
			return nil, nil, errors.New("an SSH agent is to log us in, and SSH_AUTH_SOCK is not set")
		}
		conn, err := (&net.Dialer{Timeout: t.Timeouts.Dial}).DialContext(ctx, "unix", socket)
		if err != nil {
			return nil, nil, fmt.Errorf("reach the SSH agent: %w", err)
		}
		_ = conn.SetDeadline(time.Now().Add(t.Timeouts.Dial))
		forget = func() { _ = conn.Close() }
		methods = append(methods, ssh.PublicKeysCallback(agent.NewClient(conn).Signers))
	case t.KeyFile != "":
		signer, err := readKey(t.KeyFile, t.KeyPassphraseEnv)
		if err != nil {
			return nil, nil, err
		}
		if t.CertFile != "" {
			if signer, err = certified(signer, t.CertFile); err != nil {
				return nil, nil, err
			}
		}
		methods = append(methods, ssh.PublicKeys(signer))
	}
	if t.PasswordEnv != "" {
		password, ok := os.LookupEnv(t.PasswordEnv)
		if !ok || password == "" {
			forget()
			return nil, nil, fmt.Errorf("environment variable %s with the vendor's password is not set", t.PasswordEnv)
		}
		methods = append(methods, ssh.Password(password))
	}
	if len(methods) == 0 {
		return nil, nil, errors.New("no key and no password is configured: set a key file")
	}
	return methods, forget, nil
}

// certified is a key with the certificate in a file.
func certified(signer ssh.Signer, file string) (ssh.Signer, error) {
	cert, err := readCert(file)
	if err != nil {
		return nil, err
	}
	out, err := ssh.NewCertSigner(cert, signer)
	if err != nil {
		return nil, fmt.Errorf("certificate %s: it is for another key than the key file's", file)
	}
	return out, nil
}

func readCert(file string) (*ssh.Certificate, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read certificate: %w", err)
	}
	key, _, _, _, err := ssh.ParseAuthorizedKey(b)
	cert, ok := key.(*ssh.Certificate)
	if err != nil || !ok || cert.CertType != ssh.UserCert {
		return nil, fmt.Errorf("%s is no OpenSSH user certificate", file)
	}
	return cert, nil
}

// Expires is when the certificate in CertFile does, in UTC; the zero time: there is none, or it never does.
func (t Target) Expires() (time.Time, error) {
	if t.CertFile == "" {
		return time.Time{}, nil
	}
	cert, err := readCert(t.CertFile)
	if err != nil || cert.ValidBefore > math.MaxInt64 {
		return time.Time{}, err
	}
	return time.Unix(int64(cert.ValidBefore), 0).UTC(), nil
}

func readKey(file, passphraseEnv string) (ssh.Signer, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read key file: %w", err)
	}
	if passphraseEnv != "" {
		signer, err := ssh.ParsePrivateKeyWithPassphrase(b, []byte(os.Getenv(passphraseEnv)))
		if err != nil {
			return nil, fmt.Errorf("read key file %s: wrong passphrase in %s, or not a private key", file, passphraseEnv)
		}
		return signer, nil
	}
	signer, err := ssh.ParsePrivateKey(b)
	var missing *ssh.PassphraseMissingError
	if errors.As(err, &missing) {
		return nil, fmt.Errorf("read key file %s: it needs a passphrase; name its environment variable", file)
	}
	if err != nil {
		// The parser's own text could quote the key.
		return nil, fmt.Errorf("read key file %s: not a private key in OpenSSH or PEM form", file)
	}
	return signer, nil
}

const changedAdvice = "somebody may stand between us and the vendor, or the vendor has a new key: " +
	"ask the vendor by another way for its fingerprint before pinning the new key"

// pinned holds the keys that a server may show.
type pinned struct {
	db         *knownhosts.HostKeyDB
	algorithms []string
}

// parsePins reads the pinned key or keys. Lines of known_hosts keep their host
// patterns; lines of authorized_keys hold for address.
func parsePins(text, address string) (*pinned, error) {
	var lines bytes.Buffer
	found := 0
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		found++
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
	if found == 0 {
		return nil, fmt.Errorf("%w: set the vendor's host key (ask the vendor, and compare with `ssh-keyscan`)", ErrHostKeyUnknown)
	}
	// The library reads files only; the content is public.
	f, err := os.CreateTemp("", "postgang-known-hosts-")
	if err != nil {
		return nil, fmt.Errorf("host key: %w", err)
	}
	defer os.Remove(f.Name())
	_, err = io.Copy(f, &lines)
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
