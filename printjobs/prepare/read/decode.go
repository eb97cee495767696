package read

import (
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"

	"postgang/printjobs/prepare/filter"
)

// Decode returns the decoded bytes of a stream, in full or as far as they can
// be had. ok is false when that is nothing, when a filter is for images, or
// when the limit is passed.
func (s *Document) Decode(sd types.StreamDict, limit int64) (data []byte, ok bool) {
	data, _, ok = filter.DecodeStream(sd, limit)
	return data, ok
}

// DecodeContent decodes a stream of drawing operators, and tells how whole it
// is.
func (s *Document) DecodeContent(sd types.StreamDict) (data []byte, state filter.Integrity, ok bool) {
	return filter.DecodeStream(sd, s.Limits.MaxContentBytes)
}

// trustsSums reports whether whoever wrote the document knows how to write
// checksums, so that a wrong one tells of data that were altered: others in it
// are right.
func (s *Document) trustsSums() bool {
	if s.sums == 0 {
		if s.sums = -1; sumsAreRight(s.Ctx.Table, s.Limits.MaxContentBytes) {
			s.sums = 1
		}
	}
	return s.sums > 0
}

// sumsAreRight looks at some streams of a document.
func sumsAreRight(table map[int]*model.XRefTableEntry, limit int64) bool {
	tried := 0
	for _, entry := range table {
		sd, ok := entryStream(entry)
		if !ok || len(sd.FilterPipeline) != 1 || sd.FilterPipeline[0].Name != "FlateDecode" || len(sd.Raw) < 16 {
			continue
		}
		if _, state := filter.InflatedSize(sd.Raw, limit); state == filter.Sound {
			return true
		}
		if tried++; tried == 50 {
			return false
		}
	}
	return false
}

// Lossy reports whether data in this state are not what was written.
func (s *Document) Lossy(state filter.Integrity) bool {
	return state >= filter.CutOff || state == filter.Altered && s.trustsSums()
}
