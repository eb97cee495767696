package archive

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"postgang/engine/alarm"
	"postgang/engine/archive/sqlrow"
	"postgang/engine/change"
	"postgang/engine/store"
)

const slotColumns = `schedule, planned_at, state, started_at, finished_at, summary, actor`

func scanSlot(scan sqlrow.Scan) (store.Slot, error) {
	var s store.Slot
	err := scan(&s.Schedule, sqlrow.When(&s.At), &s.State, sqlrow.When(&s.Started), sqlrow.When(&s.Finished), &s.Summary, sqlrow.Text(&s.By))
	return s, err
}

// LastSlot reads the newest slot of a schedule.
func (r *reader) LastSlot(ctx context.Context, schedule string) (store.Slot, error) {
	s, err := sqlrow.One(ctx, r.Rows, scanSlot,
		`SELECT `+slotColumns+` FROM slot WHERE schedule = $1 ORDER BY planned_at DESC LIMIT 1`, schedule)
	if err != nil {
		return s, fmt.Errorf("last slot of schedule %s: %w", schedule, err)
	}
	return s, nil
}

// Slots lists the slots of a schedule, newest first.
func (r *reader) Slots(ctx context.Context, schedule string, limit int) ([]store.Slot, error) {
	a := sqlrow.Args{schedule}
	out, err := sqlrow.List(ctx, r.Rows, scanSlot,
		`SELECT `+slotColumns+` FROM slot WHERE schedule = $1 ORDER BY planned_at DESC`+a.Limit(limit), a...)
	if err != nil {
		return nil, fmt.Errorf("slots of schedule %s: %w", schedule, err)
	}
	return out, nil
}

// ClaimSlot records that a slot is being run, or was skipped.
func (t *tx) ClaimSlot(ctx context.Context, schedule string, slot time.Time, state store.SlotState) (bool, error) {
	var finished time.Time
	if state != store.SlotRunning {
		finished = t.now
	}
	n, err := t.Exec(ctx, `INSERT INTO slot (`+slotColumns+`) VALUES ($1, $2, $3, $4, $5, '', $6)
		ON CONFLICT (schedule, planned_at) DO NOTHING`, schedule, slot, state, t.now, finished, sqlrow.Actor(ctx))
	if err != nil {
		return false, fmt.Errorf("claim slot of schedule %s: %w", schedule, err)
	}
	return n == 1, nil
}

// FinishSlot records the outcome of a slot.
func (t *tx) FinishSlot(ctx context.Context, schedule string, slot time.Time, state store.SlotState, summary string) error {
	var finished time.Time
	if state != store.SlotRunning {
		finished = t.now
	}
	n, err := t.Exec(ctx, `UPDATE slot SET state = $3, finished_at = $4, summary = $5 WHERE schedule = $1 AND planned_at = $2`,
		schedule, slot, state, finished, sqlrow.Clean(summary))
	if err == nil && n == 0 {
		err = store.ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("finish slot of schedule %s: %w", schedule, err)
	}
	return nil
}

// Alarms lists alarms, newest first.
func (r *reader) Alarms(ctx context.Context, open bool) ([]alarm.Alarm, error) {
	where := ""
	if open {
		where = "WHERE resolved_at IS NULL"
	}
	out, err := sqlrow.List(ctx, r.Rows, func(scan sqlrow.Scan) (a alarm.Alarm, err error) {
		var said alarmSaid
		err = scan(&a.Key, &said.text, &said.args, sqlrow.When(&a.Raised), sqlrow.When(&a.Last), &a.Count, sqlrow.When(&a.Resolved), sqlrow.When(&a.AckedAt), &a.AckReason, sqlrow.Text(&a.AckBy))
		if err == nil {
			a.Args, err = said.arguments()
		}
		return a, err
	}, `SELECT key, message, arguments, raised_at, last_at, occurrences, resolved_at, acknowledged_at, ack_reason, ack_actor FROM alarm `+where+`
		ORDER BY raised_at DESC, seq DESC`)
	if err != nil {
		return nil, fmt.Errorf("list alarms: %w", err)
	}
	return out, nil
}

// alarmSaid is what a row of an alarm says: a sentence of an earlier version, or arguments.
type alarmSaid struct {
	text string
	args sql.NullString
}

func (s alarmSaid) arguments() (alarm.Args, error) {
	if !s.args.Valid {
		return alarm.Args{"text": s.text}, nil
	}
	args := alarm.Args{}
	if err := json.Unmarshal([]byte(s.args.String), &args); err != nil {
		return nil, fmt.Errorf("arguments of an alarm: %w", err)
	}
	return args, nil
}

// RaiseAlarm opens an alarm, or counts one more occurrence and keeps the newest arguments.
func (t *tx) RaiseAlarm(ctx context.Context, key string, args alarm.Args) error {
	said := args.AsStored()
	for name, value := range said {
		said[name] = sqlrow.Clean(value)
	}
	b, err := json.Marshal(said)
	if err != nil {
		return fmt.Errorf("raise alarm %s: %w", key, err)
	}
	n, err := t.Exec(ctx, `UPDATE alarm SET occurrences = occurrences + 1, last_at = $2, message = '', arguments = $3
		WHERE key = $1 AND resolved_at IS NULL`, key, t.now, string(b))
	if err == nil && n == 0 {
		_, err = t.Exec(ctx, `INSERT INTO alarm (key, message, arguments, raised_at, last_at, occurrences) VALUES ($1, '', $2, $3, $4, 1)`,
			key, string(b), t.now, t.now)
	}
	if err != nil {
		return fmt.Errorf("raise alarm %s: %w", key, err)
	}
	return nil
}

// ResolveAlarm closes open alarms.
func (t *tx) ResolveAlarm(ctx context.Context, keys ...string) error {
	if len(keys) == 0 {
		return nil
	}
	t.resolved = append(t.resolved, keys...)
	return t.Later(ctx, sqlrow.Alarms, t.resolveAlarms)
}

func (t *tx) resolveAlarms(ctx context.Context) error {
	keys := t.resolved
	t.resolved = nil
	for _, some := range sqlrow.Chunks(keys, 64) {
		a := sqlrow.Args{t.now}
		if _, err := t.Exec(ctx, `UPDATE alarm SET resolved_at = $1 WHERE resolved_at IS NULL AND key IN `+sqlrow.In(&a, some), a...); err != nil {
			return fmt.Errorf("resolve alarm %s: %w", some[0], err)
		}
	}
	return nil
}

// AckAlarm records that a person knows of an open alarm.
func (t *tx) AckAlarm(ctx context.Context, key, reason string) error {
	before, after, err := t.acknowledged(ctx, key)
	if err != nil {
		return fmt.Errorf("acknowledge alarm %s: %w", key, err)
	}
	n, err := t.Exec(ctx, `UPDATE alarm SET acknowledged_at = $2, ack_reason = $3, ack_actor = $4 WHERE key = $1 AND resolved_at IS NULL`, key, t.now, sqlrow.Clean(reason), sqlrow.Actor(ctx))
	if err == nil && n == 0 {
		err = store.ErrNotFound
	}
	if err == nil {
		err = t.AddChange(ctx, change.Of(change.Alarm, key, before, after, reason))
	}
	if err != nil {
		return fmt.Errorf("acknowledge alarm %s: %w", key, err)
	}
	return nil
}

// acknowledged is an open alarm as the log of changes keeps it, before and after somebody knows of it.
func (t *tx) acknowledged(ctx context.Context, key string) (before, after change.Facts, err error) {
	a, err := sqlrow.One(ctx, t.Rows, func(scan sqlrow.Scan) (a alarm.Alarm, err error) {
		err = scan(sqlrow.When(&a.Raised), sqlrow.When(&a.AckedAt), &a.AckReason)
		return a, err
	}, `SELECT raised_at, acknowledged_at, ack_reason FROM alarm WHERE key = $1 AND resolved_at IS NULL`, key)
	if err != nil {
		return nil, nil, err
	}
	raised := a.Raised.UTC().Format(time.RFC3339)
	before, after = change.Facts{"raised": raised, "state": "open"}, change.Facts{"raised": raised, "state": "known"}
	if a.Acknowledged() {
		before["state"], before["reason"] = "known", a.AckReason
	}
	return before, after, nil
}

// AlarmDeliveries lists what a sink may have to be told.
func (r *reader) AlarmDeliveries(ctx context.Context, sink string) ([]alarm.Delivery, error) {
	out, err := sqlrow.List(ctx, r.Rows, func(scan sqlrow.Scan) (d alarm.Delivery, err error) {
		var said alarmSaid
		err = scan(&d.Seq, &d.Key, &said.text, &said.args, sqlrow.When(&d.Raised), sqlrow.When(&d.Last), &d.Count, sqlrow.When(&d.Resolved), sqlrow.When(&d.AckedAt), &d.AckReason, sqlrow.Text(&d.AckBy), sqlrow.When(&d.ToldRaised), sqlrow.When(&d.ToldOver), sqlrow.When(&d.ToldBefore))
		if err == nil {
			d.Args, err = said.arguments()
		}
		return d, err
	}, `SELECT a.seq, a.key, a.message, a.arguments, a.raised_at, a.last_at, a.occurrences, a.resolved_at, a.acknowledged_at, a.ack_reason, a.ack_actor, d.raised_at, d.recovered_at,
			(SELECT MAX(e.raised_at) FROM alarm_delivery e JOIN alarm b ON b.seq = e.alarm WHERE e.sink = $1 AND b.key = a.key)
		FROM alarm a LEFT JOIN alarm_delivery d ON d.alarm = a.seq AND d.sink = $1
		WHERE a.resolved_at IS NULL OR (d.alarm IS NOT NULL AND d.recovered_at IS NULL)
		ORDER BY a.raised_at, a.seq`, sink)
	if err != nil {
		return nil, fmt.Errorf("alarms for sink %s: %w", sink, err)
	}
	return out, nil
}

// AlarmTold records what a sink was told.
func (t *tx) AlarmTold(ctx context.Context, seq int64, sink string, over bool) error {
	_, err := t.Exec(ctx, `INSERT INTO alarm_delivery (alarm, sink, raised_at) VALUES ($1, $2, $3) ON CONFLICT (alarm, sink) DO NOTHING`, seq, sink, t.now)
	if err == nil && over {
		_, err = t.Exec(ctx, `UPDATE alarm_delivery SET recovered_at = $3 WHERE alarm = $1 AND sink = $2`, seq, sink, t.now)
	}
	if err != nil {
		return fmt.Errorf("record that %s was told of an alarm: %w", sink, err)
	}
	return nil
}

// Setting reads a value kept by the archive.
func (r *reader) Setting(ctx context.Context, key string) (string, error) {
	v, err := sqlrow.One(ctx, r.Rows, sqlrow.Scalar[string], `SELECT value FROM setting WHERE key = $1`, key)
	if err != nil {
		return "", fmt.Errorf("setting %s: %w", key, err)
	}
	return v, nil
}

// SetSetting stores a value.
func (t *tx) SetSetting(ctx context.Context, key, value string) error {
	_, err := t.Exec(ctx, `INSERT INTO setting (key, value) VALUES ($1, $2)
		ON CONFLICT (key) DO UPDATE SET value = excluded.value`, key, value)
	if err != nil {
		return fmt.Errorf("set %s: %w", key, err)
	}
	return nil
}
