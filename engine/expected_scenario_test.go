package engine_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"postgang/engine"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// came records that letters of an account came at a time. They were refused: what came has come.
func (s *stage) came(t *testing.T, account string, at time.Time, letters int) {
	t.Helper()
	must(t, s.archive.InTx(s.ctx, func(tx store.Tx) error {
		for range letters {
			id := uuid.NewString()
			v := shipment.Shipment{ID: id, Account: account, HandIn: id, Status: shipment.StatusAvvist, ReceivedAt: at, Version: 1}
			if err := tx.InsertShipment(s.ctx, v, nil); err != nil {
				return err
			}
		}
		return nil
	}))
}

// TestUsualWorkHasNotCome: the alarm is raised when what comes each Tuesday has not come, and is over when it does or the day is.
func TestUsualWorkHasNotCome(t *testing.T) {
	t.Parallel()
	for _, off := range []bool{false, true} {
		t.Run(fmt.Sprintf("unexpected %v", off), func(t *testing.T) {
			t.Parallel()
			s := setup(t, func(c *engine.Config) { c.Rules.Unexpected = off })
			want := func(keys ...string) {
				t.Helper()
				s.watch(t)
				if off {
					keys = nil
				}
				s.wantAlarms(t, keys...)
			}
			for week := 1; week <= 8; week++ {
				before := tuesday.AddDate(0, 0, -7*week)
				s.came(t, konto, before.Add(-time.Hour), 30)     // at 9, or at 10 by the clock of summer
				s.came(t, "nedlagt", before.Add(-time.Hour), 30) // is configured no more
			}
			s.clock.set(tuesday.Add(2*time.Hour - time.Millisecond))
			want()
			s.clock.set(tuesday.Add(2 * time.Hour))
			want("expected:" + konto)
			if !off {
				s.wantAlarmText(t, "expected:"+konto, "about 30 letters of account skatt were expected by 2026-11-24 11:00, as on other Tuesdays, and have not come")
			}
			missing, err := s.engine.MissingWork(s.ctx)
			must(t, err)
			if len(missing) != 1 || missing[0].Account != konto || missing[0].Came != 0 {
				t.Errorf("missing: %+v", missing)
			}
			s.came(t, konto, s.clock.now(), 2)
			want("expected:" + konto)
			s.came(t, konto, s.clock.now(), 1) // a tenth of what is usual
			want()
			s.clock.set(tuesday.AddDate(0, 0, 7).Add(9 * time.Hour))
			want("expected:" + konto)
			s.clock.set(tuesday.AddDate(0, 0, 8))
			want()
		})
	}
}

// TestUsualWorkIsSharedBetweenProcesses: what one found that usually comes today, others take from the archive.
func TestUsualWorkIsSharedBetweenProcesses(t *testing.T) {
	t.Parallel()
	s := setup(t)
	for week := 1; week <= 8; week++ {
		s.came(t, konto, tuesday.AddDate(0, 0, -7*week).Add(-time.Hour), 30)
	}
	s.clock.set(tuesday.Add(2 * time.Hour))
	s.watch(t)
	s.came(t, "helse", tuesday.AddDate(0, 0, -7), 30) // would be counted by who looks again
	const key = "forecast-usual"
	must(t, s.archive.InTx(s.ctx, func(tx store.Tx) error {
		text, err := tx.Setting(s.ctx, key)
		if err != nil {
			return err
		}
		return tx.SetSetting(s.ctx, key, strings.Replace(text, `"Letters":30`, `"Letters":44`, 1))
	}))
	s.restart(t)
	s.watch(t)
	missing, err := s.engine.MissingWork(s.ctx)
	must(t, err)
	if len(missing) != 1 || missing[0].Letters != 44 {
		t.Errorf("missing: %+v", missing)
	}
}
