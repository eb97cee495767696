package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"postgang/engine/download"
	"postgang/engine/intake/door"
	"postgang/engine/intake/rest"
	"postgang/engine/intake/restv1"
	"postgang/engine/intake/sealed"
	"postgang/engine/intake/soap"
	"postgang/engine/login"
	"postgang/engine/maskinporten"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// newDoor is the way in over the network as configured; nil: it is shut.
func newDoor(a *App, now func() time.Time) (*door.Door, error) {
	l := a.Config.HTTP
	if l.Address == "" {
		return nil, nil
	}
	c := door.Config{
		Engine: a.Engine, Archive: a.Archive, Spool: filepath.Join(a.Config.Work, "http"), Now: now, Log: a.Log,
		Uploads: l.Uploads, PerMinute: l.PerMinute, Proxies: l.Proxies, OldStatuses: a.Config.OldStatuses,
	}
	for _, acc := range a.Config.Accounts {
		c.Accounts = append(c.Accounts, door.Account{Account: acc, KontoID: a.Config.KontoIDs[acc.Key]})
	}
	if l.Tokens != nil {
		v := *l.Tokens
		v.Now = now
		verifier, err := maskinporten.NewVerifier(v)
		if err != nil {
			return nil, err
		}
		c.Tokens = tokens{verifier}
	}
	var err error
	a.sealed, err = sealed.New(sealed.Config{Folder: sealed.Folder(l.Keys), Workers: a.Config.Prepare.Workers, Most: door.MaxDigitalBytes})
	if err != nil {
		return nil, err
	}
	c.Sealed = a.sealed
	return door.New(c)
}

// tokens checks access tokens for the door.
type tokens struct{ verifier *maskinporten.Verifier }

// Consumer is whom a token was issued to.
func (t tokens) Consumer(ctx context.Context, token string) (string, error) {
	got, err := t.verifier.Verify(ctx, token)
	if errors.Is(err, maskinporten.ErrUnreachable) {
		return "", fmt.Errorf("%w: %w", door.ErrUnreachable, err)
	}
	return got.Organisation, err
}

// newPages are the pages on which recipients open their letters; nil: there are none.
func newPages(a *App, blobs store.Blobs, now func() time.Time) (http.Handler, error) {
	c := a.Config.Download
	if a.Door == nil || c.Login.Issuer == "" {
		return nil, nil
	}
	c.Login.Now = now
	client, err := login.New(c.Login, download.Sessions{Archive: a.Archive})
	if err != nil {
		return nil, err
	}
	return download.Handler(download.Config{
		Archive: a.Archive, Blobs: blobs, Events: a.Engine, Login: client, Level: c.Level, HighLevel: c.HighLevel,
		Sender: func(ctx context.Context, s shipment.Shipment) string {
			name, err := a.Engine.SenderName(ctx, s)
			if err != nil {
				a.Log.Error("the sender of a letter is not known", "shipment", s.ID, "error", err)
			}
			return name
		}, Now: now, Log: a.Log,
	}), nil
}

// Handler answers all dialects, recipients, and Altinn.
func (a *App) Handler() http.Handler {
	mux := http.NewServeMux()
	if a.pages != nil {
		mux.Handle(download.Path+"/", a.pages)
		mux.Handle(login.Path+"/", a.pages)
	}
	if a.altinnEvents != nil {
		mux.Handle(a.Config.Altinn.EventsPath+"/", a.altinnEvents)
	}
	mux.Handle(a.Config.HTTP.Prefix+"/", rest.Handler(a.Door, a.Config.HTTP.Prefix))
	soap.Handle(mux, a.Door)
	for base := range map[string]bool{"": true, "/tjenester": true, a.Config.HTTP.Prefix: true} {
		mux.Handle("GET "+base+door.PublicKeyPath, a.Door.PublicKey())
	}
	v1 := restv1.Handler(a.Door)
	return door.Bounded(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// V1 has senders' references in its paths, which a mux would tidy.
		if slices.ContainsFunc(restv1.Bases, func(base string) bool { return strings.HasPrefix(r.URL.Path, base+"/") }) {
			v1.ServeHTTP(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	}))
}

// headerTime is how long the head of a request may take.
const headerTime = 20 * time.Second

// ServeHTTP takes hand-ins over the network until ctx is done; then what is under way has StopLimit to end. One process of an archive
// may do it at a time.
func (a *App) ServeHTTP(ctx context.Context, ln net.Listener) error {
	if err := a.Door.Clean(); err != nil {
		a.Log.Warn("what was spooled of killed hand-ins is left", "error", err)
	}
	s := &http.Server{Handler: a.Handler(), ReadHeaderTimeout: headerTime, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10}
	return serveUntil(ctx, s, ln, a.Config.HTTP.CertFile, a.Config.HTTP.KeyFile)
}

// serveUntil answers until ctx is done; then what is under way has StopLimit to end. Without a certificate it is plain.
func serveUntil(ctx context.Context, s *http.Server, ln net.Listener, certFile, keyFile string) error {
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(ended)
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), StopLimit)
		defer cancel()
		if s.Shutdown(bounded) != nil {
			_ = s.Close()
		}
	})
	var err error
	if certFile != "" {
		err = s.ServeTLS(ln, certFile, keyFile)
	} else {
		err = s.Serve(ln)
	}
	if !stop() {
		<-ended
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}
