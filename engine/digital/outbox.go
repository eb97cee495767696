package digital

import (
	"context"
	"fmt"
	"io"

	"postgang/engine/channel"
	"postgang/engine/digital/altinn"
	"postgang/engine/party"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// AltinnAccount is how an account sends through Altinn.
type AltinnAccount struct {
	Resource string // id of the service in Altinn's register
	// SecureResource is a service that asks for level 4, for letters that demand it. Empty: these cannot go this way.
	SecureResource string
	Text           altinn.Text // unless party.Account has a Notice
	Silent         bool        // no notification is ordered: the deadline begins when the letter is published
}

// ArchiveOutbox gives letters out of the archive, with their documents as they were handed in.
type ArchiveOutbox struct {
	Archive  store.Archive
	Blobs    store.Blobs
	Accounts map[string]party.Account // by key: who has KRR waits for it
	Altinn   map[string]AltinnAccount // by account
}

// Letter gives what is sent of a shipment. It is not ready while KRR is still to be asked about a person.
func (o *ArchiveOutbox) Letter(ctx context.Context, id string) (l altinn.Letter, ready bool, err error) {
	err = o.Archive.View(ctx, func(r store.Reader) error {
		s, err := r.Shipment(ctx, id)
		if err != nil {
			return err
		}
		ready, err = o.ready(ctx, r, s)
		if err != nil || !ready {
			return err
		}
		docs, err := r.Documents(ctx, id)
		if err != nil {
			return err
		}
		versions, err := r.Versions(ctx, s.Account)
		if err != nil {
			return err
		}
		// What its recipient reads was decided when it was prepared.
		account := o.Accounts[s.Account].OfLetter(versions, s.Settings, s.ReceivedAt)
		l = o.letter(ctx, s, docs, account.Notice)
		return nil
	})
	if err != nil {
		return l, false, fmt.Errorf("letter %s for Altinn: %w", id, err)
	}
	return l, ready, nil
}

// ready tells whether KRR has said that the letter may go digitally, where the account asks it. What KRR sends to paper is due, and
// not asked about here.
func (o *ArchiveOutbox) ready(ctx context.Context, r store.Reader, s shipment.Shipment) (bool, error) {
	has := false
	for _, name := range o.Accounts[s.Account].Channels {
		has = has || name == NameKRR
	}
	if !has || s.Submission.ToOrganisation() {
		return true, nil
	}
	cases, err := r.ChannelCases(ctx, s.ID)
	for _, c := range cases {
		if c.Channel == NameKRR {
			return c.State != channel.Waits, err
		}
	}
	return true, err // accepted before the account had KRR
}

func (o *ArchiveOutbox) letter(ctx context.Context, s shipment.Shipment, docs []shipment.Document, text *party.Notice) altinn.Letter {
	a := o.Altinn[s.Account]
	l := altinn.Letter{
		Resource: a.Resource, Shipment: s.ID, Recipient: s.Submission.Recipient.DigitalID, Title: s.Submission.Title, Text: a.Text, Notify: !a.Silent,
	}
	if text != nil {
		l.Text = altinn.Text(*text)
	}
	if s.Submission.RequireLevel4 {
		l.Resource = a.SecureResource
	}
	for _, d := range docs {
		l.Attachments = append(l.Attachments, altinn.Attachment{
			Name: d.FileName, Bytes: d.Blob.Bytes,
			Open: func() (io.ReadCloser, error) {
				b, err := o.Blobs.Open(ctx, d.Blob)
				if err != nil {
					return nil, err
				}
				return blobReader{io.NewSectionReader(b, 0, b.Size()), b}, nil
			},
		})
	}
	return l
}

// blobReader reads a blob from its beginning.
type blobReader struct {
	io.Reader
	io.Closer
}
