package door

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"postgang/engine/intake/sealed"
)

// PublicKeyPath is where SvarUt gives the certificate that documents are encrypted for.
const PublicKeyPath = "/forsendelse/publickey/hent"

// PublicKey gives the newest certificate of an account, in PEM, or in DER to who accepts application/pkix-cert. The account is the one
// that ?konto= names, or the first of who calls, by Basic or as in REST V2 and V3. SvarUt has one key for everybody and asks nobody who they
// are: who does not say it is answered where one account alone has keys.
func (d *Door) PublicKey() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key, p := d.publicKey(r)
		if p != nil {
			d.Log.Info("a public key was not given", "status", p.Status, "code", p.Code)
			if p.Status == http.StatusUnauthorized {
				w.Header().Set("WWW-Authenticate", `Basic realm="postgang", charset="UTF-8"`)
			}
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(p.Status)
			_ = json.NewEncoder(w).Encode(map[string]string{"errorCode": p.Code, "message": p.Text}) // who asked may be gone
			return
		}
		body, kind, ext := key.PEM, "application/x-pem-file", ".pem"
		if strings.Contains(r.Header.Get("Accept"), "application/pkix-cert") {
			body, kind, ext = key.Certificate.Raw, "application/pkix-cert", ".cer"
		}
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Content-Disposition", `attachment; filename="`+key.Name+ext+`"`)
		w.Header().Set("Cache-Control", "no-cache")
		_, _ = w.Write(body)
	})
}

func (d *Door) publicKey(r *http.Request) (sealed.Key, *Problem) {
	none := NewProblem(http.StatusNotFound, sealed.CodeNoKey, "Kontoen har ingen nøkkel for krypterte dokumenter. Lever dem ukryptert.")
	if d.Sealed == nil {
		return sealed.Key{}, none
	}
	account, p := d.accountOfKey(r)
	if p != nil {
		return sealed.Key{}, p
	}
	key, err := d.Sealed.Folder.Newest(account)
	switch {
	case errors.Is(err, sealed.ErrNoKey):
		return key, none
	case err != nil:
		d.Log.Error("read keys", "error", err)
		return key, ErrInternal
	}
	return key, nil
}

// accountOfKey is the account whose key is asked for.
func (d *Door) accountOfKey(r *http.Request) (string, *Problem) {
	var c Caller
	var p *Problem
	_, _, basic := r.BasicAuth()
	switch {
	case basic:
		c, p = d.Basic(r)
	case r.Header.Get("IntegrasjonId") != "":
		c, p = d.Bearer(r)
	default:
		all, err := d.Sealed.Folder.All()
		only := ""
		for _, k := range all {
			if _, ours := d.byKey[k.Account]; ours && k.Account != only {
				if only != "" {
					return "", NewProblem(http.StatusUnauthorized, "innlogging-mangler", "Flere kontoer har nøkkel. Logg inn, så nøkkelen til riktig konto blir gitt.")
				}
				only = k.Account
			}
		}
		if only == "" && err != nil {
			d.Log.Error("read keys", "error", err)
			return "", ErrInternal
		}
		return only, nil
	}
	if p != nil {
		return "", p
	}
	a, p := d.Account(c, r.URL.Query().Get("konto"))
	if p != nil {
		return "", p
	}
	return a.Key, nil
}
