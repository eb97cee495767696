package nights

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"postgang/engine/shipment"
	"postgang/engine/store"
)

// Backup is what a backup holds, for the ledger of runs.
type Backup struct {
	ID                        string
	Letters, Documents, Added int
	Bytes                     int64 // of documents
}

// Note says it.
func (b Backup) Note() shipment.Note {
	return shipment.Note{Code: "backed-up", Args: shipment.Args{
		"id": b.ID, "letters": strconv.Itoa(b.Letters), "documents": strconv.Itoa(b.Documents), "mb": strconv.FormatInt(b.Bytes>>20, 10), "added": strconv.Itoa(b.Added),
	}}
}

// settingBackup keeps when the last backup was begun that was finished.
const settingBackup = "backup-last"

// BackedUp records that a backup was made of what the archive was at a time.
func (e *Nights) BackedUp(ctx context.Context, of time.Time) error {
	err := e.Archive.InTx(ctx, func(tx store.Tx) error {
		if err := tx.SetSetting(ctx, settingBackup, of.UTC().Format(time.RFC3339Nano)); err != nil {
			return err
		}
		return tx.ResolveAlarm(ctx, alarmBackup+"old")
	})
	if err != nil {
		return fmt.Errorf("record the backup: %w", err)
	}
	return nil
}

// lastBackup is when the last backup was begun; where a schedule makes them and none was made yet, since when it does; the zero time: never.
// An archive that was put back has the time of the backup before.
func (e *Nights) lastBackup(ctx context.Context, r store.Reader) (time.Time, error) {
	for _, key := range []string{settingBackup, ledgerBegins + ScheduleBackup} {
		text, err := r.Setting(ctx, key)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return time.Time{}, err
		}
		return time.Parse(time.RFC3339Nano, text)
	}
	return time.Time{}, nil
}
