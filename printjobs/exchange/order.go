package exchange

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
)

// KindOrder is the kind of a job's file that is handed over by itself, in a job of one letter: a print order by printoppdrag 2.2.
// Where a job has one, nothing else of it is sent.
const KindOrder = "order"

// Endings of names in the exchange of print orders.
const (
	orderSuffix     = ".zip"
	orderPartSuffix = ".tmp" // behind the whole name
)

// OrderName is the name of a job's print order, whose bestillingsId is the job's id.
func OrderName(job string) string { return job + orderSuffix }

// parseOrderName gives the job of a print order's name, also of one that is not renamed yet.
func parseOrderName(name string) (job string, part, ok bool) {
	name, part = strings.CutSuffix(name, orderPartSuffix)
	job, ok = strings.CutSuffix(name, orderSuffix)
	return job, part, ok && ValidJob(job)
}

// OrderSession is a session with a vendor that takes print orders (printoppdrag 2.2) instead of our own contract. An order goes up as
// <job>.zip.tmp and is handed over by its rename to <job>.zip, which replaces nothing.
//
// The vendor answers nothing, and may take an order away, or hide it, the moment it is renamed. So what is not there says nothing by
// itself: that an order was handed over is known by the answer to the rename, or by the order under its name. That it was not is known by
// the file under its temporary name, since only the rename takes it away. When neither is there nothing is known.
type OrderSession struct {
	s        *Session
	receipts bool // the vendor has a folder of receipts
}

// DialOrders is [Dial] for a vendor that takes print orders. Of the target's folders it needs the inbox; receipts are looked for only where
// their folder is named, and answers never.
func DialOrders(ctx context.Context, t Target) (*OrderSession, error) {
	s, err := Dial(ctx, t)
	if err != nil {
		return nil, err
	}
	return &OrderSession{s, t.Folders.Receipts != ""}, nil
}

// Close ends the session.
func (o *OrderSession) Close() error { return o.s.Close() }

// Features tells what the vendor's server offers.
func (o *OrderSession) Features() Features { return o.s.Features() }

// State looks for a job's order. Ready: it is there under its name. Files has it under that name while it still has its temporary one.
func (o *OrderSession) State(ctx context.Context, job string) (RemoteState, error) {
	if err := checkJob(job); err != nil {
		return RemoteState{}, fmt.Errorf("look for order: %w", err)
	}
	st := RemoteState{Files: map[string]int64{}, Parts: map[string]int64{}}
	final := at(o.s.target.Folders.Inbox, OrderName(job))
	// The temporary name first: a rename between the two looks is seen at the second.
	part, err := o.s.stat(ctx, final+orderPartSuffix)
	if err != nil {
		return RemoteState{}, fmt.Errorf("look for order %s: %w", job, err)
	}
	there, err := o.s.stat(ctx, final)
	if err != nil {
		return RemoteState{}, fmt.Errorf("look for order %s: %w", job, err)
	}
	st.Ready = there != nil
	if part != nil && part.Mode().IsRegular() {
		st.Files[OrderName(job)], st.Parts[OrderName(job)+orderPartSuffix] = part.Size(), part.Size()
	}
	return st, nil
}

// Put brings a job's order to the vendor under its temporary name, and proves its bytes there. It may be repeated. Other files of the job
// stay here. It refuses with [ErrReady] once the order is handed over, as far as that shows.
func (o *OrderSession) Put(ctx context.Context, f File, src io.ReaderAt) error {
	if f.Kind != KindOrder {
		return nil
	}
	job, part, ok := parseOrderName(f.Name)
	if !ok || part || !shaPattern.MatchString(f.SHA256) || f.Bytes <= 0 {
		return fmt.Errorf("put %s: %w", showName(f.Name), ErrName)
	}
	final := at(o.s.target.Folders.Inbox, f.Name)
	there, err := o.s.stat(ctx, final)
	if err == nil && there != nil {
		err = ErrReady
	}
	if err != nil {
		return fmt.Errorf("put order %s: %w", job, err)
	}
	ours, err := o.is(ctx, final+orderPartSuffix, f)
	if err == nil && !ours {
		err = o.s.upload(ctx, final+orderPartSuffix, src, f.Bytes, f.SHA256)
	}
	if err != nil {
		return fmt.Errorf("put order %s: %w", job, err)
	}
	return nil
}

// PutReady hands an order over by its rename, after its bytes are proven under the temporary name. Repeating it does nothing more while the
// order shows under its name. Errors: [ErrConflict] when another file has the name; [ErrIncomplete] when the order is there under neither
// name, or is not the one: then it is not known whether it was handed over, and it must not be sent again.
func (o *OrderSession) PutReady(ctx context.Context, r Ready) error {
	if r.Order.Kind != KindOrder || r.Order.Name != OrderName(r.Job) {
		return fmt.Errorf("hand over order %s: %w", showName(r.Job), ErrName)
	}
	if err := o.handOver(ctx, r.Order); err != nil {
		return fmt.Errorf("hand over order %s: %w", r.Job, err)
	}
	return nil
}

func (o *OrderSession) handOver(ctx context.Context, f File) error {
	final := at(o.s.target.Folders.Inbox, f.Name)
	part := final + orderPartSuffix
	if done, err := o.handedOver(ctx, final, f); done || err != nil {
		return err
	}
	ours, err := o.is(ctx, part, f)
	if err != nil {
		return err
	}
	if !ours {
		return fmt.Errorf("%w: neither under its temporary name nor under its own", ErrIncomplete)
	}
	// The plain rename, since it fails when the name is taken.
	err = o.s.effect(ctx, StepReady, final, "rename "+part, func(func()) error { return o.s.client.Rename(part, final) })
	if err == nil || errors.Is(err, ErrConnection) {
		return err
	}
	// A refusal: the name is taken, or it is done and was answered wrongly. Then the order may be taken away already.
	if done, err2 := o.handedOver(ctx, final, f); done || err2 != nil {
		return err2
	}
	if ours, err2 := o.is(ctx, part, f); err2 != nil || ours {
		return errors.Join(err, err2)
	}
	return fmt.Errorf("%w: its rename was refused, and it is there under neither name: %w", ErrIncomplete, err)
}

// handedOver reports whether the order stands under its name; another file there is ErrConflict.
func (o *OrderSession) handedOver(ctx context.Context, final string, f File) (bool, error) {
	there, err := o.s.stat(ctx, final)
	if err != nil || there == nil {
		return false, err
	}
	ours, err := o.is(ctx, final, f)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, ErrUnstable):
		return false, fmt.Errorf("%w: it was taken while it was looked at", ErrIncomplete)
	case errors.Is(err, fs.ErrPermission):
		return false, fmt.Errorf("%w: %s is there and cannot be read: is it ours?", ErrIncomplete, final)
	case err != nil:
		return false, err
	case !ours:
		return false, fmt.Errorf("%s is another letter's: %w", final, ErrConflict)
	}
	return true, o.s.remove(ctx, final+orderPartSuffix)
}

// is reports whether a file holds the order's bytes. It is read back whole: the name is not made from them.
func (o *OrderSession) is(ctx context.Context, name string, f File) (bool, error) {
	fi, err := o.s.stat(ctx, name)
	if err != nil || fi == nil || !fi.Mode().IsRegular() || fi.Size() != f.Bytes {
		return false, err
	}
	sum := sha256.New()
	var n int64
	err = o.s.do(ctx, "read "+name, func(progress func()) error {
		r, err := o.s.client.Open(name)
		if err != nil {
			return err
		}
		defer func() { _ = r.Close() }() // only read
		chunk := make([]byte, 256<<10)
		for {
			m, err := r.Read(chunk)
			progress()
			sum.Write(chunk[:m])
			n += int64(m)
			if errors.Is(err, io.EOF) || n > f.Bytes {
				return nil
			}
			if err != nil {
				return err
			}
		}
	})
	return err == nil && n == f.Bytes && hex.EncodeToString(sum.Sum(nil)) == f.SHA256, err
}

// Withdraw takes away a job's order that still has its temporary name. It refuses with [ErrReady] when it shows under its own. names says
// nothing: a job has one order.
func (o *OrderSession) Withdraw(ctx context.Context, job string, _ []string) error {
	st, err := o.State(ctx, job)
	if err == nil && st.Ready {
		err = ErrReady
	}
	if err == nil {
		err = o.s.remove(ctx, at(o.s.target.Folders.Inbox, OrderName(job)+orderPartSuffix))
	}
	if err != nil {
		return fmt.Errorf("withdraw order %s: %w", showName(job), err)
	}
	return nil
}

// Sightings lists the orders of an installation that the inbox still shows, as [Session.Sightings] does. Orders that the vendor has taken
// leave none.
func (o *OrderSession) Sightings(ctx context.Context, installation string) ([]Sighting, error) {
	entries, err := o.s.list(ctx, o.s.target.Folders.Inbox)
	if err != nil {
		return nil, fmt.Errorf("look for orders: %w", err)
	}
	seen := map[string]Sighting{}
	for _, e := range entries {
		job, part, ok := parseOrderName(e.Name())
		if !ok || !strings.HasPrefix(job, installation) {
			continue
		}
		x := seen[job]
		x.Job = job
		if part {
			x.Files = append(x.Files, e.Name())
		} else {
			x.Ready = true
		}
		seen[job] = x
	}
	var out []Sighting
	for _, x := range seen {
		out = append(out, x)
	}
	slices.SortFunc(out, func(a, b Sighting) int { return strings.Compare(a.Job, b.Job) })
	return out, nil
}

// ReadyFile finds none: an order has no ticket at the vendor.
func (o *OrderSession) ReadyFile(context.Context, string) (Ready, error) {
	return Ready{}, fmt.Errorf("read ready file: %w", fs.ErrNotExist)
}

// JobDocument finds none: ticket and manifest stay here.
func (o *OrderSession) JobDocument(_ context.Context, name string) ([]byte, error) {
	return nil, fmt.Errorf("read %s: %w", showName(name), fs.ErrNotExist)
}

// Answers are none: the vendor of print orders gives none.
func (o *OrderSession) Answers(context.Context, func(string, bool) bool) ([]Answer, []Problem, error) {
	return nil, nil, nil
}

// AnswersOf are none, as Answers.
func (o *OrderSession) AnswersOf(context.Context, ...string) ([]Answer, []Problem, error) {
	return nil, nil, nil
}

// errNoReceipts: something was asked of a folder that the vendor has not got.
var errNoReceipts = fmt.Errorf("the vendor has no folder of receipts: %w", fs.ErrNotExist)

// ReceiptFiles is [Session.ReceiptFiles], or none where there is no folder of receipts.
func (o *OrderSession) ReceiptFiles(ctx context.Context) ([]RemoteFile, []Problem, error) {
	if !o.receipts {
		return nil, nil, nil
	}
	return o.s.ReceiptFiles(ctx)
}

// Fetch is [Session.Fetch].
func (o *OrderSession) Fetch(ctx context.Context, name string) ([]byte, error) {
	if !o.receipts {
		return nil, errNoReceipts
	}
	return o.s.Fetch(ctx, name)
}

// MoveDone is [Session.MoveDone].
func (o *OrderSession) MoveDone(ctx context.Context, name string) error {
	if !o.receipts {
		return errNoReceipts
	}
	return o.s.MoveDone(ctx, name)
}

// DoneFiles is [Session.DoneFiles], or none where there is no folder of receipts.
func (o *OrderSession) DoneFiles(ctx context.Context) ([]RemoteFile, error) {
	if !o.receipts {
		return nil, nil
	}
	return o.s.DoneFiles(ctx)
}

// FetchDone is [Session.FetchDone].
func (o *OrderSession) FetchDone(ctx context.Context, name string) ([]byte, error) {
	if !o.receipts {
		return nil, errNoReceipts
	}
	return o.s.FetchDone(ctx, name)
}

// JobsInReceipt is [Session.JobsInReceipt].
func (o *OrderSession) JobsInReceipt(ctx context.Context, name string, done bool, installation string) ([]string, error) {
	if !o.receipts {
		return nil, errNoReceipts
	}
	return o.s.JobsInReceipt(ctx, name, done, installation)
}

// CheckFolders looks at the inbox, and at the folders of receipts where there are any.
func (o *OrderSession) CheckFolders(ctx context.Context) []FolderProblem {
	f := o.s.target.Folders
	folders := []folderUse{{f.Inbox, true}}
	if o.receipts {
		folders = append(folders, folderUse{f.Receipts, false}, folderUse{f.ReceiptsDone, true})
	}
	return o.s.checkFolders(ctx, folders)
}
