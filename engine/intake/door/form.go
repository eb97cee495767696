package door

import (
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
	"unicode/utf8"

	"postgang/engine/access"
	"postgang/engine/shipment"
)

// Translation brings a hand-in's JSON into the words of forsendelse.json, and tells what it finds wrong in its own words. What it cannot
// translate it leaves as it is: reading it as forsendelse.json tells that then.
type Translation func(json []byte) (forsendelse []byte, found []shipment.Refusal)

// TakeForm hands in what comes as the form of SvarUt's REST dialects: multipart, the part "forsendelse" with JSON first and then the
// documents. No type of a part and no Content-Length is asked for, and the names of the documents' parts mean nothing: real clients
// disagree on all of them. translate may be nil. It gives the shipment's id, as [Upload.Take] does.
func (d *Door) TakeForm(r *http.Request, c Caller, account *Account, dialect access.Dialect, i Identity, translate Translation) (string, *Problem) {
	if r.ContentLength > MaxDigitalBytes+shipment.MaxSubmissionBytes {
		return "", errLarge
	}
	parts, p := formOf(r)
	if p != nil {
		return "", p
	}
	first, err := parts.NextPart()
	switch {
	case errors.Is(err, io.EOF):
		return "", NewProblem(http.StatusBadRequest, "forsendelse-mangler", "Delen «forsendelse» mangler.")
	case err != nil:
		return "", d.ReadProblem(err)
	case first.FormName() != "forsendelse":
		return "", NewProblem(http.StatusBadRequest, "forsendelse-forst", "Den første delen må hete «forsendelse» og inneholde JSON. Dokumentene kommer etter den.")
	}
	forsendelse, err := io.ReadAll(io.LimitReader(first, shipment.MaxSubmissionBytes+1))
	if err != nil {
		return "", d.ReadProblem(err)
	}
	var found []shipment.Refusal
	if translate != nil && len(forsendelse) <= shipment.MaxSubmissionBytes {
		forsendelse, found = translate(forsendelse)
	}
	return d.takeParts(r.Context(), c, account, dialect, i, forsendelse, found, parts)
}

// takeParts spools the documents that follow, and hands all in.
func (d *Door) takeParts(ctx context.Context, c Caller, account *Account, dialect access.Dialect, i Identity, forsendelse []byte, found []shipment.Refusal, parts *multipart.Reader) (string, *Problem) {
	up, p := d.Begin(ctx, account)
	if p != nil {
		return "", p
	}
	defer up.Close()
	if sub, _ := shipment.ParseSubmission(forsendelse); !sub.DigitalOnly {
		if p := up.Printed(); p != nil {
			return "", p
		}
	}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", d.ReadProblem(err)
		}
		if p := up.Add(shipment.Private(fileName(part)), part); p != nil {
			return "", p
		}
	}
	return up.Take(ctx, c, dialect, i, forsendelse, found)
}

func formOf(r *http.Request) (*multipart.Reader, *Problem) {
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || !strings.HasPrefix(kind, "multipart/") || params["boundary"] == "" {
		return nil, NewProblem(http.StatusUnsupportedMediaType, "ikke-multipart", "Innholdet må være multipart/form-data: delen «forsendelse», og så dokumentene.")
	}
	return multipart.NewReader(r.Body, params["boundary"]), nil
}

// fileName is the file name of a part, without what is a folder in it. It may come as bytes of UTF-8 or of Latin-1.
func fileName(p *multipart.Part) string {
	name := p.FileName()
	if utf8.ValidString(name) {
		return name
	}
	var b strings.Builder
	for _, c := range []byte(name) {
		b.WriteRune(rune(c))
	}
	return b.String()
}
