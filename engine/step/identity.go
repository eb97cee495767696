package step

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"postgang/engine/store"
)

// identify reads this archive's identity, or gives it one.
func (e *Step) identify(ctx context.Context, wanted string) error {
	return e.Archive.InTx(ctx, func(tx store.Tx) error {
		id, err := tx.Setting(ctx, store.SettingIdentity)
		if errors.Is(err, store.ErrNotFound) {
			if id = wanted; id == "" {
				id = uuid.NewString()
			}
			err = tx.SetSetting(ctx, store.SettingIdentity, id)
		}
		if err != nil {
			return fmt.Errorf("archive identity: %w", err)
		}
		e.Installation = id
		if e.JobTag, err = tx.Setting(ctx, "installation"); err != nil {
			return fmt.Errorf("archive identity: %w", err)
		}
		if e.Namespace, err = uuid.Parse(id); err != nil {
			return fmt.Errorf("archive identity: %w", err)
		}
		// A key of our own keeps fingerprints from being guessed by hashing known addresses; it need not outlive the
		// archive, so it is derived from its random identity.
		e.FingerprintKey = append([]byte("fingerprint "), e.Namespace[:]...)
		return nil
	})
}

// ShipmentID derives a shipment's id from its hand-in: the same hand-in gives the same id whatever happened between.
func (e *Step) ShipmentID(account, key string) string {
	return uuid.NewSHA1(e.Namespace, []byte(account+"\x00"+key)).String()
}
