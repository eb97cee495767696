package notify

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Ping tells a dead man's switch that something was done: a server that raises an alarm itself when it has heard nothing for too long, also when
// this machine is gone.
type Ping struct {
	// URL is asked for with GET; who knows it may be taken for us, so it may be a secret.
	URL    Secret
	Client *http.Client // nil: one of its own
}

// pingTime bounds a ping: nothing waits for it that matters.
const pingTime = 20 * time.Second

// Send asks for the address. Any answer of 200 to 299 is success; redirects are not followed.
func (p Ping) Send(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, pingTime)
	defer cancel()
	address, err := p.URL.Read()
	if err != nil {
		return fmt.Errorf("address: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil || req.URL.Host == "" || req.URL.Scheme != "https" && (req.URL.Scheme != "http" || !thisMachine(req.URL.Hostname())) {
		return errors.New("the address of the dead man's switch is none that begins with https:// (or http://localhost)")
	}
	req.Header.Set("User-Agent", "postgang")
	return ask(p.Client, req, "the dead man's switch")
}

func thisMachine(host string) bool {
	return host == "localhost" || host == "127.0.0.1" || host == "::1"
}
