package door

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"slices"
	"strconv"

	"postgang/engine/intake/sealed"
	"postgang/engine/shipment"
)

// open opens the documents of a hand-in that says kryptert, and gives its forsendelse.json without that: what goes to the engine is what
// would have come unencrypted, so that the same letter encrypted anew is the same hand-in.
//
// What is only for digital channels and not for a key of ours stays as it is. closed tells that the documents could not be looked into.
func (u *Upload) open(ctx context.Context, sub shipment.Submission, forsendelse []byte) (clear []byte, found []shipment.Refusal, closed bool, p *Problem) {
	if !sub.Encrypted {
		return forsendelse, nil, false, nil
	}
	if u.door.Sealed == nil {
		return u.noKey(sub, forsendelse)
	}
	files := slices.Clone(u.files)
	left := u.most
	for i := range files {
		if err := u.spill(i); err != nil {
			return nil, nil, false, u.door.spoolProblem(err)
		}
		from := u.path(i)
		to := from + ".clear"
		n, err := u.door.Sealed.Open(ctx, u.account.Key, from, to, left)
		var refusal *sealed.Refusal
		switch {
		case errors.As(err, &refusal):
			switch code := refusal.Code; {
			case code == sealed.CodeNoKey:
				return u.noKey(sub, forsendelse)
			case code == sealed.CodeTooLarge:
				return nil, nil, false, errLarge
			case sub.DigitalOnly && (code == sealed.CodeUnknownKey || code == sealed.CodeForm):
				return forsendelse, nil, true, nil
			}
			found = append(found, shipment.Refusal{Code: refusal.Code, Field: placeOf(sub, files[i])})
			continue
		case err != nil && ctx.Err() != nil:
			return nil, nil, false, errSlow
		case err != nil:
			u.door.Log.Error("open an encrypted document", "account", u.account.Key, "error", err)
			return nil, nil, false, ErrInternal
		}
		left -= n
		files[i].Bytes, files[i].Open = n, func() (io.ReadCloser, error) { return os.Open(to) }
	}
	clear, p = withoutEncryption(forsendelse)
	if len(found) == 0 {
		for i := range u.files {
			_ = os.Remove(u.path(i)) // else Close removes it
		}
		u.files = files
	}
	return clear, found, len(found) > 0, p
}

// noKey refuses a hand-in for an account that has no key, unless it is never to be printed.
func (u *Upload) noKey(sub shipment.Submission, forsendelse []byte) ([]byte, []shipment.Refusal, bool, *Problem) {
	if sub.DigitalOnly {
		return forsendelse, nil, true, nil
	}
	clear, p := withoutEncryption(forsendelse)
	return clear, []shipment.Refusal{{Code: sealed.CodeNoKey, Field: "kryptert"}}, true, p
}

// placeOf is where forsendelse.json names a file.
func placeOf(sub shipment.Submission, f shipment.HandInFile) string {
	at := slices.IndexFunc(sub.Documents, func(d shipment.SubmittedFile) bool {
		return shipment.FileKey(d.FileName.Reveal()) == shipment.FileKey(f.Name.Reveal())
	})
	if at < 0 {
		return ""
	}
	return "dokumenter[" + strconv.Itoa(at) + "]"
}

// withoutEncryption is forsendelse.json with null in the place of what kryptert is there. All else stays byte for byte, so that whatever
// is wrong with it is found as ever.
func withoutEncryption(data []byte) ([]byte, *Problem) {
	out := bytes.Clone(data)
	start := len(data) - len(bytes.TrimPrefix(data, []byte("\ufeff")))
	dec := json.NewDecoder(bytes.NewReader(data[start:]))
	if _, err := dec.Token(); err != nil {
		return nil, ErrInternal // it was read before
	}
	for dec.More() {
		name, err := dec.Token()
		var value json.RawMessage
		if err == nil {
			err = dec.Decode(&value)
		}
		if err != nil {
			return nil, ErrInternal
		}
		if end := start + int(dec.InputOffset()); name == "kryptert" && string(value) == "true" {
			copy(out[end-len("true"):end], "null")
		}
	}
	if sub, _ := shipment.ParseSubmission(out); sub.Encrypted {
		return nil, ErrInternal
	}
	return out, nil
}
