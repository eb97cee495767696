package reports

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"

	"postgang/billing/civil"
	"postgang/billing/figures"
	"postgang/billing/money"
)

// WriteJSON writes one table with the same columns and figures as WriteCSV: an array of objects, one a line, whose names are the
// columns' titles in their order. Amounts are numbers of kroner with two decimals, shares are fractions, days are YYYY-MM-DD, times
// are RFC 3339 in the report's location, what is empty is null; texts are as they are.
func WriteJSON(w io.Writer, r figures.Report, table Table) error {
	if err := writeJSON(w, r, table); err != nil {
		return fmt.Errorf("write json: %w", err)
	}
	return nil
}

func writeJSON(w io.Writer, r figures.Report, table Table) error {
	cols, rows, err := columnsOf(r, table)
	if err != nil {
		return err
	}
	names := make([]string, len(cols))
	for i, c := range cols {
		name, err := json.Marshal(c.title)
		if err != nil {
			return err
		}
		names[i] = string(name)
	}
	out := bufio.NewWriter(w)
	begin, line := "[\n{", []byte(nil)
	for cells, err := range rows.all {
		if err != nil {
			return err
		}
		line = append(line[:0], begin...)
		for i, c := range cells {
			if i > 0 {
				line = append(line, ',')
			}
			line = append(append(line, names[i]...), ':')
			if line, err = appendJSON(line, c.value, r.Location); err != nil {
				return err
			}
		}
		if _, err := out.Write(append(line, '}')); err != nil {
			return err
		}
		begin = ",\n{"
	}
	end := "\n]\n"
	if rows.n == 0 {
		end = "[]\n"
	}
	if _, err := out.WriteString(end); err != nil {
		return err
	}
	return out.Flush()
}

func appendJSON(b []byte, v any, loc *time.Location) ([]byte, error) {
	switch x := v.(type) {
	case money.Ore:
		return append(b, x.Plain(".")...), nil
	case money.Decimal:
		return strconv.AppendFloat(b, x.Float(), 'f', -1, 64), nil
	case civil.Date:
		v = string(x)
		if x == "" {
			v = nil
		}
	case time.Time:
		v = x.In(loc).Format(time.RFC3339)
		if x.IsZero() {
			v = nil
		}
	}
	text, err := json.Marshal(v)
	return append(b, text...), err
}
