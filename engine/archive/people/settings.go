package people

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"

	"postgang/engine/access"
	"postgang/engine/archive/sqlrow"
	"postgang/engine/party"
)

const versionColumns = `number, account, from_day, made_at, actor, reason, change`

// Versions lists what was set of an account, or of all.
func (r Reader) Versions(ctx context.Context, account string) ([]party.Version, error) {
	where, args := "", []any(nil)
	if account != "" {
		where, args = " WHERE account = $1", []any{account}
	}
	out, err := sqlrow.List(ctx, r.rows, func(scan sqlrow.Scan) (v party.Version, err error) {
		err = scan(&v.Number, &v.Account, &v.From, sqlrow.When(&v.Made), actorOf{&v.By}, &v.Reason, sqlrow.JSON(&v.Change))
		return v, err
	}, `SELECT `+versionColumns+` FROM account_version`+where+` ORDER BY number`, args...)
	if err != nil {
		return nil, fmt.Errorf("list what was set of accounts: %w", err)
	}
	return out, nil
}

// Logo reads a logo that a version has set.
func (r Reader) Logo(ctx context.Context, sha string) ([]byte, error) {
	text, err := sqlrow.One(ctx, r.rows, sqlrow.Scalar[string], `SELECT picture FROM account_logo WHERE sha256 = $1`, sha)
	if err != nil {
		return nil, fmt.Errorf("logo: %w", err)
	}
	return base64.StdEncoding.DecodeString(text)
}

// AddVersion adds to what was set of accounts.
func (t Writer) AddVersion(ctx context.Context, v party.Version, before party.Change) (party.Version, error) {
	out, err := t.addVersion(ctx, v, before)
	if err != nil {
		return v, fmt.Errorf("set of account %s: %w", v.Account, err)
	}
	return out, nil
}

func (t Writer) addVersion(ctx context.Context, v party.Version, before party.Change) (party.Version, error) {
	former, err := sqlrow.One(ctx, t.rows, sqlrow.Scalar[int], `SELECT coalesce(MAX(number), 0) FROM account_version`)
	if err != nil {
		return v, err
	}
	v.Number, v.Made, v.By = former+1, t.now, access.By(ctx)
	change, err := sqlrow.Encode(v.Change)
	if err != nil {
		return v, err
	}
	was, err := sqlrow.Encode(before)
	if err != nil {
		return v, err
	}
	err = t.rows.InsertRows(ctx, `account_version (`+versionColumns+`)`, [][]any{{v.Number, v.Account, string(v.From), v.Made, v.By.String(), v.Reason, change}})
	if err != nil {
		return v, err
	}
	return v, t.addChange(ctx, access.Change{At: t.now, Actor: v.By, Subject: access.SubjectOfAccount(v.Account), Before: was, After: change, Reason: string(v.From) + ": " + v.Reason})
}

// PutLogo stores a logo.
func (t Writer) PutLogo(ctx context.Context, picture []byte) (string, error) {
	sum := sha256.Sum256(picture)
	sha := hex.EncodeToString(sum[:])
	_, err := t.rows.Exec(ctx, `INSERT INTO account_logo (sha256, picture) VALUES ($1, $2) ON CONFLICT (sha256) DO NOTHING`, sha, base64.StdEncoding.EncodeToString(picture))
	if err != nil {
		return "", fmt.Errorf("store logo: %w", err)
	}
	return sha, nil
}
