package exchange

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// errText is a server that speaks before the protocol does.
var errText = errors.New("it sends text before the SFTP protocol begins (a greeting, or a start script of the login shell): ask the vendor to switch that off for our login")

// unreachableError says that nobody answers at an address, in words for people: the layers of the network's own error
// say it four times. It is an [ErrConnection].
type unreachableError struct {
	text  string
	cause error
}

func (e *unreachableError) Error() string        { return e.text }
func (e *unreachableError) Unwrap() error        { return e.cause }
func (e *unreachableError) Is(target error) bool { return target == ErrConnection }

// unreachable words why nobody could be reached.
func unreachable(err error, dial context.Context) error {
	var dns *net.DNSError
	text := "cannot be reached"
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		text = "cannot be found: there is no host of that name"
	case errors.As(err, &dns):
		text = "cannot be found: the name service does not answer"
	case errors.Is(err, syscall.ECONNREFUSED):
		text = "does not answer: connection refused"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		text = "cannot be reached: no route to it"
	case errors.Is(err, context.Canceled) || errors.Is(context.Cause(dial), context.Canceled):
		text = "was not waited for"
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded), errors.Is(context.Cause(dial), context.DeadlineExceeded):
		text = "does not answer"
	}
	return &unreachableError{text, err}
}

// withoutSHA1 leaves out what rests on SHA-1. The library still offers it to old servers; a signature or a MAC that can be
// forged must not say what is handed over.
func withoutSHA1(algorithms []string) []string {
	return slices.DeleteFunc(slices.Clone(algorithms), sha1Algorithm)
}

func sha1Algorithm(name string) bool {
	return strings.Contains(name, "sha1") || name == ssh.KeyAlgoRSA || name == ssh.CertAlgoRSAv01 || strings.HasPrefix(name, "ssh-dss")
}

// onlySHA1 reports whether a server offers nothing but what rests on SHA-1.
func onlySHA1(algorithms []string) bool {
	return len(algorithms) > 0 && len(withoutSHA1(algorithms)) == 0
}

// offered lists the first few algorithms of a server; the names are the server's, and can be anything.
func offered(algorithms []string) string {
	const shown = 3
	names := make([]string, 0, shown)
	for _, a := range algorithms[:min(shown, len(algorithms))] {
		names = append(names, strings.Trim(showName(a), `"`))
	}
	if len(algorithms) > shown {
		names = append(names, "…")
	}
	return strings.Join(names, ", ")
}

// loginAdvice says what to look at when the server refuses the login, by what we log in with.
func (t Target) loginAdvice() string {
	var with []string
	if t.Signer != nil || t.KeyFile != "" {
		with = append(with, "that the vendor has our public key")
	}
	if t.Agent {
		with = append(with, "that the agent holds our key and the vendor has its public part")
	}
	if t.PasswordEnv != "" {
		with = append(with, "the password in "+t.PasswordEnv)
	}
	return "check the user, and " + strings.Join(with, ", and ")
}

// answers gives the password to a server that asks for it by questions (keyboard-interactive, as PAM and many Windows servers
// do). Questions whose answer is shown are about something else, and get none.
func answers(password string) ssh.KeyboardInteractiveChallenge {
	return func(_, _ string, questions []string, echos []bool) ([]string, error) {
		out := make([]string, len(questions))
		for i := range questions {
			if !echos[i] {
				out[i] = password
			}
		}
		return out, nil
	}
}

// CheckHostKey says what is wrong with the text of a pinned host key; see Target.HostKey.
func CheckHostKey(text string) error {
	_, err := pinLines(text, "localhost:22")
	return err
}

// CheckKey says what is wrong with our private key, its passphrase or its certificate, without connecting. Nil where there
// is no key file.
func (t Target) CheckKey() error {
	if t.KeyFile == "" {
		return nil
	}
	signer, err := readKey(t.KeyFile, t.KeyPassphraseEnv)
	if err == nil && t.CertFile != "" {
		_, err = certified(signer, t.CertFile)
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
		methods = append(methods, ssh.PublicKeysCallback(func() ([]ssh.Signer, error) {
			signers, err := agent.NewClient(conn).Signers()
			for i := range signers {
				signers[i] = modern(signers[i])
			}
			return signers, err
		}))
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
		methods = append(methods, ssh.Password(password), ssh.KeyboardInteractive(answers(password)))
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
	signer, err := ssh.ParsePrivateKey(b)
	var missing *ssh.PassphraseMissingError
	if errors.As(err, &missing) && passphraseEnv != "" {
		signer, err = ssh.ParsePrivateKeyWithPassphrase(b, []byte(os.Getenv(passphraseEnv)))
		if err != nil {
			return nil, fmt.Errorf("read key file %s: wrong passphrase in %s", file, passphraseEnv)
		}
	}
	switch {
	case err == nil:
		return modern(signer), nil
	case errors.As(err, &missing):
		return nil, fmt.Errorf("read key file %s: it needs a passphrase; name its environment variable in key_passphrase_env", file)
	}
	// The parser's own text could quote the key.
	return nil, fmt.Errorf("read key file %s: %s", file, noKey(b))
}

// modern has an RSA key sign with SHA-2 only.
func modern(signer ssh.Signer) ssh.Signer {
	if a, ok := signer.(ssh.AlgorithmSigner); ok && signer.PublicKey().Type() == ssh.KeyAlgoRSA {
		if m, err := ssh.NewSignerWithAlgorithms(a, []string{ssh.KeyAlgoRSASHA256, ssh.KeyAlgoRSASHA512}); err == nil {
			return m
		}
	}
	return signer
}

// noKey says what a file is instead of a private key that can be read, and what to do.
func noKey(b []byte) string {
	switch {
	case bytes.Contains(b, []byte("BEGIN ENCRYPTED PRIVATE KEY")):
		return "it is an encrypted key in PKCS#8 form, which cannot be read; \"ssh-keygen -p -f FILE\" writes it in OpenSSH form"
	case bytes.HasPrefix(b, []byte("PuTTY-User-Key-File")):
		return "it is a key of PuTTY; have PuTTYgen export it in OpenSSH form, or \"puttygen FILE -O private-openssh -o NEW\""
	case bytes.Contains(b, []byte("BEGIN SSH2 PUBLIC KEY")), publicKey(b):
		return "it is a public key; the private one usually has the same name without .pub"
	case len(bytes.TrimSpace(b)) == 0:
		return "it is empty"
	}
	return "not a private key in OpenSSH or PEM form"
}

func publicKey(b []byte) bool {
	_, _, _, _, err := ssh.ParseAuthorizedKey(b)
	return err == nil
}
