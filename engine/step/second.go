package step

import (
	"context"
	"fmt"

	"postgang/engine/access"
	"postgang/engine/store"
)

// Second makes sure that what takes two persons is done by the second one: nil, and the caller does it and then calls
// DoneBySecond in its transaction. Else it records that the actor of the context has asked for it, and returns
// access.ErrSecondPerson. It takes one person alone when the configuration says so.
func (e *Step) Second(ctx context.Context, subject, reason string) error {
	if !e.TwoPersons {
		return nil
	}
	by := access.By(ctx)
	if by.Kind == access.System {
		return fmt.Errorf("%s %w", subject, access.ErrNobody)
	}
	may := false
	err := e.Archive.InTx(ctx, func(tx store.Tx) error {
		asked, err := tx.Asked(ctx, true)
		if err != nil {
			return err
		}
		people, err := tx.People(ctx)
		if err != nil {
			return err
		}
		for _, a := range asked {
			if a.Subject == subject && a.MayDo(by, people, tx.Now()) {
				may = true
				return nil
			}
		}
		return tx.AskSecond(ctx, subject, reason)
	})
	if err == nil && !may {
		err = fmt.Errorf("%s %w", subject, access.ErrSecondPerson)
	}
	return err
}

// DoneBySecond records in the transaction that does it that the second person has done what takes two.
func (e *Step) DoneBySecond(ctx context.Context, tx store.Tx, subject string) error {
	if !e.TwoPersons || subject == "" {
		return nil
	}
	return tx.DoneBySecond(ctx, subject)
}
