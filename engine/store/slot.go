package store

import (
	"context"
	"time"

	"postgang/engine/alarm"
)

// SlotReader reads slots of schedules, alarms and settings.
type SlotReader interface {
	// LastSlot is the newest slot of a schedule in the ledger; ErrNotFound.
	LastSlot(ctx context.Context, schedule string) (Slot, error)
	Slots(ctx context.Context, schedule string, limit int) ([]Slot, error) // newest first
	Alarms(ctx context.Context, open bool) ([]alarm.Alarm, error)          // newest first; open: only unresolved ones
	// AlarmDeliveries is what a sink may have to be told: alarms that are open, and those that it was told of and not of
	// their end; oldest first.
	AlarmDeliveries(ctx context.Context, sink string) ([]alarm.Delivery, error)
	// Unprepared counts the letters that cannot be prepared for a reason of ours, see SetUnprepared, by cause: those that are new while they are
	// MOTTATT, the others while they may be collected.
	Unprepared(ctx context.Context) ([]alarm.Unprepared, error)
	// UnpreparedAmong tells which of some letters SetUnprepared has noted since they were last prepared.
	UnpreparedAmong(ctx context.Context, shipments []string) (map[string]bool, error)
	// Setting is a value kept by the archive, e.g. "installation"; ErrNotFound.
	Setting(ctx context.Context, key string) (string, error)
}

// SlotWriter changes slots of schedules, alarms and settings.
type SlotWriter interface {
	// ClaimSlot records that a slot is being run, and by whom. False when it is in the ledger already (whatever its outcome).
	ClaimSlot(ctx context.Context, schedule string, slot time.Time, state SlotState) (bool, error)
	// FinishSlot records the outcome of a claimed slot.
	FinishSlot(ctx context.Context, schedule string, slot time.Time, state SlotState, summary string) error
	// RaiseAlarm opens an alarm, or counts one more occurrence of an open one with the same key, and keeps the newest arguments,
	// as AsStored makes them.
	RaiseAlarm(ctx context.Context, key string, args alarm.Args) error
	ResolveAlarm(ctx context.Context, keys ...string) error // no error when none is open
	// AckAlarm records, now, that a person knows of an open alarm, and why it may stay. ErrNotFound when none is open.
	AckAlarm(ctx context.Context, key, reason string) error
	// AlarmTold records, now, that a sink was told of an alarm, or of its end (over).
	AlarmTold(ctx context.Context, seq int64, sink string, over bool) error
	// SetUnprepared notes that a letter cannot be prepared: Cause, Again, Shipment and Why, as AsStored makes it. What was noted of it before is gone.
	SetUnprepared(ctx context.Context, u alarm.Unprepared) error
	// DropUnprepared takes back what SetUnprepared has noted of letters, and gives the causes for which there is none any more: Cause and Again.
	DropUnprepared(ctx context.Context, shipments ...string) ([]alarm.Unprepared, error)
	SetSetting(ctx context.Context, key, value string) error
}

// SlotState is what became of a scheduled slot.
type SlotState string

// The states of a slot.
const (
	SlotRunning SlotState = "RUNNING"
	SlotDone    SlotState = "DONE"
	SlotFailed  SlotState = "FAILED"
	SlotSkipped SlotState = "SKIPPED" // missed, and the schedule says not to catch up
)

// Slot is one planned run of a schedule. A slot runs once however many machines or restarts.
type Slot struct {
	Schedule string
	At       time.Time // the planned time
	State    SlotState
	Started  time.Time
	Finished time.Time
	// Summary is what came of it: a shipment.Note, which engine/words words; of a run that failed, and of earlier versions, a text.
	Summary string
	By      string // who has started it, as access.Actor keeps it; empty: Postgang by itself
}

// SettingIdentity is the archive's setting with its identity, a UUID. It is a secret.
const SettingIdentity = "identity"
