package printjobs

import (
	"archive/zip"
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"

	"postgang/printjobs/exchange"
	"postgang/printjobs/printfile"
	"postgang/printjobs/printoppdrag"
)

// orderOf is the print order of a letter, which is the only one of its job.
func (c *composer) orderOf(l Letter) *printoppdrag.Order {
	a := l.Cover.Recipient
	return &printoppdrag.Order{
		ID: c.job.ID, Created: c.job.Created, Zone: l.Zone, Duplex: c.job.Class.Duplex, Colour: c.job.Class.Colour, Document: l.Shipment,
		Recipient: printoppdrag.Address{
			Name: a.Name, Lines: []string{a.Line1, a.Line2, a.Line3}, Postcode: a.Postcode, City: a.City, Country: l.Country, CountryName: a.Country,
		},
	}
}

// writeOrder writes the ZIP of a finished print file's letter, and reads it back: what is in it is the print file, to the last byte.
func (c *composer) writeOrder(f *printFile, res printfile.Result) (exchange.File, error) {
	st, err := c.staging.create()
	if err != nil {
		return exchange.File{}, err
	}
	sum := sha256.New()
	w := bufio.NewWriter(io.MultiWriter(st, sum))
	if err := printoppdrag.Write(w, *f.order, *c.profile.Orders, io.NewSectionReader(f.staged.f, 0, res.Bytes)); err != nil {
		return exchange.File{}, err
	}
	if err := w.Flush(); err != nil {
		return exchange.File{}, fmt.Errorf("write print order: %w", err)
	}
	if err := st.flush(); err != nil {
		return exchange.File{}, err
	}
	file := exchange.File{
		Name: exchange.OrderName(c.job.ID), Kind: exchange.KindOrder, SHA256: hex.EncodeToString(sum.Sum(nil)), Bytes: st.written, Letters: 1,
	}
	if err := proveOrder(st, file, *f.order, res); err != nil {
		return exchange.File{}, err
	}
	st.name = file.Name
	return file, st.close()
}

func proveOrder(st *stagedFile, file exchange.File, o printoppdrag.Order, res printfile.Result) error {
	sum := sha256.New()
	if _, err := io.Copy(sum, io.NewSectionReader(st.f, 0, file.Bytes+1)); err != nil {
		return fmt.Errorf("read print order back: %w", err)
	}
	z, err := zip.NewReader(st.f, file.Bytes)
	if err != nil || hex.EncodeToString(sum.Sum(nil)) != file.SHA256 {
		return fmt.Errorf("%w: the print order is not what was written", ErrNotAsPlanned)
	}
	pdf, err := z.Open(o.Document + ".pdf")
	if err != nil {
		return fmt.Errorf("%w: the print order has no PDF: %w", ErrNotAsPlanned, err)
	}
	defer pdf.Close() // only read
	sum.Reset()
	n, err := io.Copy(sum, pdf)
	if err != nil || n != res.Bytes || hex.EncodeToString(sum.Sum(nil)) != res.SHA256 {
		return fmt.Errorf("%w: the print order holds another PDF than the print file (%w)", ErrNotAsPlanned, err)
	}
	return nil
}
