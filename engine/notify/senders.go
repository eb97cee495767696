package notify

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/wneessen/go-mail"

	"postgang/engine/calendar"
)

// Secret is where a password or key is kept: never in the configuration itself.
type Secret struct {
	Env  string // name of an environment variable
	File string // or a file that holds nothing else
}

// Given reports whether there is to be one.
func (s Secret) Given() bool { return s.Env != "" || s.File != "" }

// Read gives the secret. It is read each time, so that a new one needs no restart.
func (s Secret) Read() (string, error) {
	if s.Env != "" {
		v := os.Getenv(s.Env)
		if v == "" {
			return "", fmt.Errorf("environment variable %s is empty", s.Env)
		}
		return v, nil
	}
	b, err := os.ReadFile(s.File)
	if err != nil {
		return "", err
	}
	v := strings.TrimRight(string(b), "\r\n")
	if v == "" {
		return "", errors.New("the file of the secret is empty")
	}
	return v, nil
}

// File appends messages to a file, a JSON object a line, and has them on disk before it says so.
type File struct{ Path string }

// Send appends. A line that a crash has cut is ended first, so that it spoils no other.
func (f File) Send(_ context.Context, messages []Message) error {
	var b bytes.Buffer
	for _, m := range messages {
		line, err := json.Marshal(m)
		if err != nil {
			return err
		}
		b.Write(append(line, '\n'))
	}
	file, err := os.OpenFile(f.Path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	err = func() error {
		info, err := file.Stat()
		if err != nil {
			return err
		}
		text := b.Bytes()
		if info.Mode().IsRegular() && info.Size() > 0 {
			last := make([]byte, 1)
			if _, err := file.ReadAt(last, info.Size()-1); err != nil {
				return err
			}
			if last[0] != '\n' {
				text = append([]byte{'\n'}, text...)
			}
		}
		if _, err := file.Write(text); err != nil {
			return err
		}
		return file.Sync()
	}()
	return errors.Join(err, file.Close())
}

// Mail sends messages by SMTP, several in one letter.
type Mail struct {
	Host     string
	Port     int
	TLS      string // "starttls" (required), "tls" (from the start), or "none" for a server on this machine
	User     string // empty: no login
	Password Secret
	From     string
	To       []string
	Origin   string // whose alarms, e.g. the installation's name; in the subject

	// Config, when set, is the TLS configuration; for servers with a certificate of their own, and tests.
	Config *tls.Config
}

// Send sends one e-mail with all messages.
func (m Mail) Send(ctx context.Context, messages []Message) error {
	subject := messages[0].Subject()
	if n := len(messages) - 1; n > 0 {
		subject += fmt.Sprintf(" and %d more", n)
	}
	var body strings.Builder
	for _, x := range messages {
		body.WriteString(text(x) + "\n\n")
	}
	msg, err := m.message(m.To, "Postgang "+strings.TrimSpace(m.Origin+" "+subject), body.String())
	if err != nil {
		return err
	}
	return m.deliver(ctx, msg)
}

// SendText sends a text to people of its own.
func (m Mail) SendText(ctx context.Context, to []string, subject, body string) error {
	msg, err := m.message(to, subject, body)
	if err != nil {
		return err
	}
	return m.deliver(ctx, msg)
}

// SendFile sends a file to people of its own.
func (m Mail) SendFile(ctx context.Context, to []string, subject, body, path string) error {
	msg, err := m.message(to, subject, body)
	if err != nil {
		return err
	}
	data, err := os.ReadFile(path) // AttachFile would leave out a file that is not there
	if err != nil {
		return err
	}
	if err := msg.AttachReader(filepath.Base(path), bytes.NewReader(data)); err != nil {
		return err
	}
	return m.deliver(ctx, msg)
}

func (m Mail) message(to []string, subject, body string) (*mail.Msg, error) {
	msg := mail.NewMsg(mail.WithNoDefaultUserAgent())
	if err := msg.From(m.From); err != nil {
		return nil, fmt.Errorf("sender's address: %w", err)
	}
	if err := msg.To(to...); err != nil {
		return nil, fmt.Errorf("recipients: %w", err)
	}
	msg.Subject(subject)
	msg.SetDate()
	msg.SetMessageID()
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no out-of-office replies
	msg.SetBodyString(mail.TypeTextPlain, body)
	return msg, nil
}

func (m Mail) deliver(ctx context.Context, msg *mail.Msg) error {
	opts := []mail.Option{mail.WithPort(m.Port), mail.WithTimeout(sendTime)}
	switch m.TLS {
	case "tls":
		opts = append(opts, mail.WithSSL())
	case "none":
		opts = append(opts, mail.WithTLSPolicy(mail.NoTLS))
	default:
		opts = append(opts, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if m.Config != nil {
		opts = append(opts, mail.WithTLSConfig(m.Config))
	}
	if m.User != "" {
		password, err := m.Password.Read()
		if err != nil {
			return fmt.Errorf("password: %w", err)
		}
		opts = append(opts, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(m.User), mail.WithPassword(password))
	}
	c, err := mail.NewClient(m.Host, opts...)
	if err != nil {
		return err
	}
	return c.DialAndSendWithContext(ctx, msg)
}

func text(m Message) string {
	when := func(t time.Time) string { return t.In(calendar.Oslo).Format("2006-01-02 15:04") }
	switch {
	case m.Test:
		return m.Text
	case m.Over:
		return fmt.Sprintf("OVER since %s: %s\n(raised %s: %s)", when(m.Ended), m.Key, when(m.Raised), m.Text)
	}
	s := fmt.Sprintf("ALARM since %s: %s\n%s", when(m.Raised), m.Key, m.Text)
	if m.Count > 1 {
		s += fmt.Sprintf("\n(%d times)", m.Count)
	}
	return s
}

// Webhook posts messages as JSON.
type Webhook struct {
	URL    string // https, or http to this machine
	Secret Secret // of the signature; none: unsigned
	Origin string
	Client *http.Client // nil: one of its own
}

// SignatureHeader carries "sha256=" and the HMAC-SHA256 of the body in hexadecimal digits.
const SignatureHeader = "X-Postgang-Signature"

// longestAnswer bounds what is read of a webhook's answer.
const longestAnswer = 4 << 10

// Send posts {"origin": …, "messages": […]}. Any answer of 200 to 299 is success; redirects are not followed, since the
// body is for one address alone.
func (w Webhook) Send(ctx context.Context, messages []Message) error {
	return w.Post(ctx, struct {
		Origin   string    `json:"origin"`
		Messages []Message `json:"messages"`
	}{w.Origin, messages})
}

// Post posts anything as JSON, as Send does its messages.
func (w Webhook) Post(ctx context.Context, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL, bytes.NewReader(body))
	if err != nil {
		return errors.New("the address of the webhook cannot be read")
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "postgang")
	if w.Secret.Given() {
		key, err := w.Secret.Read()
		if err != nil {
			return fmt.Errorf("secret: %w", err)
		}
		mac := hmac.New(sha256.New, []byte(key))
		mac.Write(body)
		req.Header.Set(SignatureHeader, "sha256="+hex.EncodeToString(mac.Sum(nil)))
	}
	return ask(w.Client, req, "the webhook")
}

// ask sends a request by a client's transport, nil: one of its own. Any answer of 200 to 299 is success; redirects are not followed.
func ask(client *http.Client, req *http.Request, whom string) error {
	c := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if client != nil {
		c.Transport = client.Transport
	}
	res, err := c.Do(req)
	if err != nil {
		// The address may hold a secret: only the cause is told.
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err
		}
		return err
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, longestAnswer)) // so that the connection can be kept
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return fmt.Errorf("%s answers %s", whom, res.Status)
	}
	return nil
}
