package printjobs

import (
	"bytes"
	"cmp"
	"fmt"
	"iter"
	"maps"
	"math"
	"slices"

	"postgang/printjobs/exchange"
	"postgang/printjobs/impose"
	"postgang/printjobs/prepare"
)

// Planner plans candidates that come one by one, as [Plan] plans a list of
// them. Of each it keeps some 80 bytes and a tag of the caller's, so that a
// night of a million letters fits in memory: of the facts nothing but the size
// of the file is in the letters that it gives.
type Planner[T any] struct {
	profile Profile
	groups  map[exchange.Class][][]kept[T] // in pieces of keptAtOnce: a list that grows is there twice for a while
	texts   []string                       // there are few accounts, codes and zones: each once
	places  map[string]uint32              // in texts
	count   int
}

const keptAtOnce = 1024

// kept is a letter as a Planner has it; texts by their places.
type kept[T any] struct {
	id                                                keptID
	bytes, weight                                     int64
	account, konteringskode, postcode, zone, envelope uint32
	sheets, pages, pagesColour, giroSheets            int32
	askedDuplex, askedColour                          bool
	duplex, colour, manual, dropped                   bool
	tag                                               T
}

// keptID is a shipment's id: the bytes of a UUID, or the place of another text, and one more.
type keptID struct {
	uuid [16]byte
	text uint32
}

// keep packs an id.
func (pl *Planner[T]) keep(id string) keptID {
	if uuid, ok := packUUID(id); ok {
		return keptID{uuid: uuid}
	}
	return keptID{text: pl.place(id) + 1}
}

// shipment is an id as it came.
func (pl *Planner[T]) shipment(id keptID) string {
	if id.text > 0 {
		return pl.texts[id.text-1]
	}
	return unpackUUID(id.uuid)
}

// compareIDs compares ids as texts.
func (pl *Planner[T]) compareIDs(a, b keptID) int {
	if a.text == 0 && b.text == 0 { // digits, then letters, and hyphens in the same places: as their bytes
		return bytes.Compare(a.uuid[:], b.uuid[:])
	}
	return cmp.Compare(pl.shipment(a), pl.shipment(b))
}

// uuidHyphens are where a UUID as text has hyphens.
var uuidHyphens = [...]int{8, 13, 18, 23}

// packUUID gives the bytes of a UUID that is written in small letters.
func packUUID(s string) (out [16]byte, ok bool) {
	if len(s) != 36 {
		return out, false
	}
	n := 0
	for i := range len(s) {
		c := s[i]
		switch {
		case slices.Contains(uuidHyphens[:], i):
			if c != '-' {
				return out, false
			}
			continue
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		default:
			return out, false
		}
		out[n/2] = out[n/2]<<4 | c
		n++
	}
	return out, true
}

// unpackUUID writes what packUUID has read.
func unpackUUID(uuid [16]byte) string {
	var out [36]byte
	at := 0
	for i, b := range uuid {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			out[at] = '-'
			at++
		}
		const digits = "0123456789abcdef"
		out[at], out[at+1] = digits[b>>4], digits[b&15]
		at += 2
	}
	return string(out[:])
}

// NewPlanner makes a planner for a profile, which must be valid.
func NewPlanner[T any](p Profile) (*Planner[T], error) {
	if err := p.Validate(); err != nil {
		return nil, fmt.Errorf("plan: %w", err)
	}
	return &Planner[T]{profile: p, groups: map[exchange.Class][][]kept[T]{}, places: map[string]uint32{}}, nil
}

// Add takes a candidate, which must not come twice. One that no job can take
// is given back with the reason, and is not planned. An error means that the
// call itself is wrong.
func (pl *Planner[T]) Add(c Candidate, tag T) (*SetAside, error) {
	pl.count++
	if err := c.identified(pl.count); err != nil {
		return nil, err
	}
	class, f, _, why := place(c, pl.profile)
	if why != nil {
		return &SetAside{why.Shipment, why.Code, why.Args}, nil
	}
	if max(f.Sheets, f.Pages) > math.MaxInt32 {
		return nil, fmt.Errorf("plan: shipment %s has %d pages", c.Shipment, f.Pages)
	}
	pieces := pl.groups[class]
	if n := len(pieces); n == 0 || len(pieces[n-1]) == keptAtOnce {
		pieces = append(pieces, make([]kept[T], 0, keptAtOnce))
		pl.groups[class] = pieces
	}
	last := &pieces[len(pieces)-1]
	*last = append(*last, kept[T]{
		id: pl.keep(c.Shipment), bytes: c.Facts.Bytes, weight: f.WeightMilligram,
		account: pl.place(c.Account), konteringskode: pl.place(c.Konteringskode), postcode: pl.place(c.Postcode), zone: pl.place(c.Zone),
		envelope: pl.place(string(f.Envelope)),
		sheets:   int32(f.Sheets), pages: int32(f.Pages), pagesColour: int32(f.PagesColour), giroSheets: int32(f.GiroSheets),
		askedDuplex: c.Duplex, askedColour: c.Colour, duplex: f.Duplex, colour: f.Colour, manual: f.Manual, tag: tag,
	})
	return nil, nil
}

// place is where a text is kept.
func (pl *Planner[T]) place(s string) uint32 {
	at, ok := pl.places[s]
	if !ok {
		at = uint32(len(pl.texts))
		pl.texts = append(pl.texts, s)
		pl.places[s] = at
	}
	return at
}

// letter is a letter as others have it.
func (pl *Planner[T]) letter(k *kept[T]) PlannedLetter {
	l := pl.nameless(k)
	l.Shipment = pl.shipment(k.id)
	return l
}

// nameless is a letter without its id, which takes time to write.
func (pl *Planner[T]) nameless(k *kept[T]) PlannedLetter {
	return PlannedLetter{
		Candidate{
			Account: pl.texts[k.account], Konteringskode: pl.texts[k.konteringskode], Postcode: pl.texts[k.postcode],
			Zone: pl.texts[k.zone], Facts: prepare.Facts{Bytes: k.bytes}, Duplex: k.askedDuplex, Colour: k.askedColour,
		},
		Figures{
			Sheets: int(k.sheets), Pages: int(k.pages), PagesColour: int(k.pagesColour), GiroSheets: int(k.giroSheets),
			Duplex: k.duplex, Colour: k.colour, Envelope: impose.Envelope(pl.texts[k.envelope]), Manual: k.manual, WeightMilligram: k.weight,
		},
	}
}

// left are the letters of pieces that are not dropped.
func left[T any](pieces [][]kept[T]) []*kept[T] {
	var out []*kept[T]
	for _, piece := range pieces {
		for i := range piece {
			if !piece[i].dropped {
				out = append(out, &piece[i])
			}
		}
	}
	return out
}

// Keep goes through the letters in the order of their tags, and by shipment
// among equals, and drops those that keep does not keep.
func (pl *Planner[T]) Keep(order func(a, b T) int, keep func(l PlannedLetter, tag T) bool) {
	var all []*kept[T]
	for _, pieces := range pl.groups {
		all = append(all, left(pieces)...)
	}
	slices.SortFunc(all, func(a, b *kept[T]) int {
		return cmp.Or(order(a.tag, b.tag), pl.compareIDs(a.id, b.id))
	})
	for _, k := range all {
		k.dropped = !keep(pl.letter(k), k.tag)
	}
}

// Jobs gives the jobs that Plan would give, one after the other, each with
// the tags of its letters.
func (pl *Planner[T]) Jobs() iter.Seq2[Planned, []T] {
	return func(yield func(Planned, []T) bool) {
		classes := slices.SortedFunc(maps.Keys(pl.groups), compareClasses)
		compare, seen := comparer(pl.profile.Sort), pl.nameless
		if slices.ContainsFunc(pl.profile.Sort, func(k SortKey) bool { plain, _ := k.descending(); return plain == KeyShipment }) {
			seen = pl.letter
		}
		for _, class := range classes {
			letters := left(pl.groups[class])
			slices.SortFunc(letters, func(a, b *kept[T]) int {
				return cmp.Or(compare(seen(a), seen(b)), pl.compareIDs(a.id, b.id))
			})
			for len(letters) > 0 {
				n := pl.profile.jobEnd(len(letters), func(i int) (int, int64) { return int(letters[i].sheets), letters[i].bytes })
				job, tags := Planned{Class: class, Letters: make([]PlannedLetter, n)}, make([]T, n)
				for i, k := range letters[:n] {
					job.Letters[i], tags[i] = pl.letter(k), k.tag
				}
				if !yield(job, tags) {
					return
				}
				letters = letters[n:]
			}
		}
	}
}
