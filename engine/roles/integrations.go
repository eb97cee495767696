package roles

import (
	"context"
	"fmt"
	"time"

	"postgang/engine/access"
	"postgang/engine/store"
)

// AddIntegration makes an integration, and the password that is shown once. store.ErrExists when there is one of the name,
// access.ErrOutside when an account is not the giver's to configure, and the errors of access.New and access.ValidAccounts.
func (d *Directory) AddIntegration(ctx context.Context, name, organisation string, accounts []string, reason string) (made access.Integration, password string, err error) {
	if err := access.ValidAccounts(accounts, d.c.Accounts); err != nil {
		return made, "", err
	}
	err = d.inTx(ctx, reason, func(tx store.Tx, w access.Giver) (err error) {
		if made, password, err = access.New(name, organisation, accounts, tx.Now()); err != nil {
			return err
		}
		if err := w.Integration(made.Accounts, d.c.Organisations); err != nil {
			return err
		}
		return tx.PutIntegration(ctx, made, reason)
	})
	if err != nil {
		return access.Integration{}, "", err
	}
	return made, password, nil
}

// RotateIntegration gives an integration a new password, which is shown once; the one before is taken for keep longer. Errors as of
// ChangeIntegration.
func (d *Directory) RotateIntegration(ctx context.Context, idOrName string, keep time.Duration, reason string) (i access.Integration, password string, err error) {
	i, err = d.changeIntegration(ctx, idOrName, reason, func(i *access.Integration, now time.Time) error {
		password = i.Rotate(now, now.Add(keep))
		return nil
	})
	return i, password, err
}

// ChangeIntegration changes which accounts an integration may send from (nil: as before), and to whom its tokens are issued (nil: as
// before). store.ErrNotFound, access.ErrIntegrationEnded, and access.ErrOutside when one of its accounts, of before or of now, is not
// the giver's to configure.
func (d *Directory) ChangeIntegration(ctx context.Context, idOrName string, accounts []string, organisation *string, reason string) (access.Integration, error) {
	if err := access.ValidAccounts(accounts, d.c.Accounts); err != nil {
		return access.Integration{}, err
	}
	return d.changeIntegration(ctx, idOrName, reason, func(i *access.Integration, _ time.Time) error {
		if len(accounts) > 0 {
			i.Accounts = accounts
		}
		if organisation != nil {
			if *organisation != "" && !access.IsOrganisation(*organisation) {
				return fmt.Errorf("no organisasjonsnummer")
			}
			i.Organisation = *organisation
		}
		return nil
	})
}

// EndIntegration ends an integration for good: it can hand in nothing from now on. Errors as of ChangeIntegration.
func (d *Directory) EndIntegration(ctx context.Context, idOrName, reason string) (access.Integration, error) {
	return d.changeIntegration(ctx, idOrName, reason, func(i *access.Integration, now time.Time) error {
		i.Ended = now
		return nil
	})
}

// changeIntegration changes an integration in one transaction, and ends the alarm of its wrong passwords.
func (d *Directory) changeIntegration(ctx context.Context, idOrName, reason string, change func(i *access.Integration, now time.Time) error) (i access.Integration, err error) {
	err = d.inTx(ctx, reason, func(tx store.Tx, w access.Giver) error {
		i, err = tx.Integration(ctx, idOrName)
		if err == nil {
			err = w.Integration(i.Accounts, d.c.Organisations)
		}
		if err == nil && !i.Ended.IsZero() {
			err = access.ErrIntegrationEnded
		}
		if err == nil {
			err = change(&i, tx.Now())
		}
		if err == nil {
			err = w.Integration(i.Accounts, d.c.Organisations)
		}
		if err == nil {
			err = tx.PutIntegration(ctx, i, reason)
		}
		if err != nil {
			return err
		}
		return tx.ResolveAlarm(ctx, "password:"+i.ID)
	})
	return i, err
}
