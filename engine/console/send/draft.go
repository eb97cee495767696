package send

import (
	"crypto/rand"
	"sync"
	"time"

	"postgang/engine/accept"
	"postgang/engine/intake/door"
)

// Bounds of drafts.
const (
	// DraftTime is how long a draft lies unsent.
	DraftTime  = 30 * time.Minute
	mostOwn    = 3   // drafts of one person
	mostDrafts = 100 // of all, which bounds the disk that they take
)

// draft is a letter that is written and not sent.
type draft struct {
	person  string // whose it is: access.Person.ID
	account string
	written written
	names   []string // of the files, in their order
	json    []byte   // forsendelse.json
	key     door.Identity
	tried   accept.Tried
	again   bool // a letter was sent with the form before
	made    time.Time

	mu     sync.Mutex // held while it is sent or thrown away
	upload *door.Upload
	sent   string // the shipment; empty: not yet
}

// drop gives back what a draft takes. The caller holds mu.
func (d *draft) drop() {
	if d.upload != nil {
		d.upload.Close()
		d.upload = nil
	}
}

// drafts are those of everybody, by what their addresses say.
type drafts struct {
	mu  sync.Mutex
	all map[string]*draft
}

// put keeps a draft, and makes room for it.
func (ds *drafts) put(d *draft, now time.Time) (id string) {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	if ds.all == nil {
		ds.all = map[string]*draft{}
	}
	ds.clear(func(o *draft) bool { return now.Sub(o.made) >= DraftTime })
	for ds.count(d.person) >= mostOwn {
		ds.oldest(d.person)
	}
	for len(ds.all) >= mostDrafts {
		ds.oldest("")
	}
	id = rand.Text()
	ds.all[id] = d
	return id
}

// get finds somebody's draft; nil: there is none.
func (ds *drafts) get(id, person string, now time.Time) *draft {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	ds.clear(func(o *draft) bool { return now.Sub(o.made) >= DraftTime })
	if d := ds.all[id]; d != nil && d.person == person {
		return d
	}
	return nil
}

// remove throws somebody's draft away.
func (ds *drafts) remove(id, person string) {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	ds.clear(func(o *draft) bool { return o == ds.all[id] && o.person == person })
}

// clear throws drafts away, but for one that is being sent.
func (ds *drafts) clear(which func(*draft) bool) {
	for id, d := range ds.all {
		if which(d) && d.mu.TryLock() {
			d.drop()
			d.mu.Unlock()
			delete(ds.all, id)
		}
	}
}

func (ds *drafts) count(person string) (n int) {
	for _, d := range ds.all {
		if d.person == person {
			n++
		}
	}
	return n
}

// oldest forgets the oldest draft of a person, or of all; what it takes is given back when it is not being sent.
func (ds *drafts) oldest(person string) {
	var oldest string
	for id, d := range ds.all {
		if (person == "" || d.person == person) && (oldest == "" || d.made.Before(ds.all[oldest].made)) {
			oldest = id
		}
	}
	d := ds.all[oldest]
	delete(ds.all, oldest)
	if d.mu.TryLock() {
		d.drop()
		d.mu.Unlock()
	}
}
