package accept

import (
	"context"
	"fmt"

	"postgang/engine/party"
	"postgang/engine/shipment"
)

// complete asks the register about an organisation, where the account wants it: a missing address is filled in, and a recipient that
// is deleted or bankrupt is warned of. A register that does not answer keeps a hand-in back only when its address is missing: it can
// be neither taken nor refused for that.
func (e *Acceptor) complete(ctx context.Context, account party.Account, sub *shipment.Submission) ([]shipment.Refusal, error) {
	if !account.AskRegister || e.Register == nil || !sub.ToOrganisation() {
		return nil, nil
	}
	o, err := e.Register.Organisation(ctx, sub.Recipient.DigitalID)
	switch {
	case err == nil:
		return sub.Complete(o), nil
	case sub.LacksAddress():
		return nil, fmt.Errorf("ask for the address of an organisation: %w", err)
	}
	e.Log.Warn("a recipient was not looked up; its letter is taken as it was handed in", "account", account.Key, "error", err)
	return nil, nil
}
