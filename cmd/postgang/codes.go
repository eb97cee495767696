package main

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"golang.org/x/text/encoding/charmap"

	"postgang/billing"
	"postgang/engine"
	"postgang/reports"
)

func newCodes(o *options) *cobra.Command {
	return group("codes", "The register of konteringskoder: import it, hold what is spent against it",
		newCodesImport(o), newCodesList(o), newCodesBudget(o))
}

func newCodesImport(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "import FILE",
		Short: "Replace the register with that of a CSV or Excel file",
		Long: `Replaces the register of konteringskoder with that of a CSV file (semicolons, UTF-8 or Windows-1252) or of the
first sheet of an Excel workbook. The first line names the columns, all but kode may be left out:
` + strings.Join(billing.RegisterColumns(), ";") + `.
Days are written 2026-01-01, siste_dag is included; budsjett is kroner net for a calendar year. In Excel, format
kode as text, or leading zeros are lost.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			data, err := readLimited(args[0])
			if err != nil {
				return err
			}
			rows, err := registerRows(data)
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			entries, problems := billing.ParseRegister(rows)
			if len(problems) > 0 {
				texts := make([]string, len(problems))
				for i, p := range problems {
					texts[i] = p.String()
				}
				return fmt.Errorf("%s: nothing was imported:\n  %s", args[0], strings.Join(texts, "\n  "))
			}
			return o.with(cmd.Context(), false, func(a *app) error {
				if err := a.engine.ImportCodes(cmd.Context(), entries); err != nil {
					return err
				}
				return o.print(map[string]int{"codes": len(entries)}, func(w io.Writer) { fmt.Fprintf(w, "The register has %d konteringskoder now.\n", len(entries)) })
			})
		},
	}
}

// maxImport is the largest file that is read whole: a register or an invoice is far smaller.
const maxImport = 64 << 20

// readLimited reads a file that a person names.
func readLimited(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxImport+1))
	if err == nil && len(data) > maxImport {
		err = fmt.Errorf("%s is larger than %d MB: is it the right file?", path, maxImport>>20)
	}
	return data, err
}

// registerRows reads a CSV file or a workbook.
func registerRows(data []byte) ([][]string, error) {
	if bytes.HasPrefix(data, []byte("PK\x03\x04")) {
		return reports.ReadRows(bytes.NewReader(data), "forste_dag", "siste_dag")
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(data) {
		var err error
		if data, err = charmap.Windows1252.NewDecoder().Bytes(data); err != nil {
			return nil, errors.New("the file is neither UTF-8 nor Windows-1252")
		}
	}
	r := csv.NewReader(bytes.NewReader(data))
	r.Comma, r.FieldsPerRecord = ';', -1
	rows, err := r.ReadAll()
	var pe *csv.ParseError
	if errors.As(err, &pe) {
		return nil, fmt.Errorf("line %d: misplaced quotation mark", pe.StartLine)
	}
	return rows, err
}

func newCodesList(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "The register",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.with(cmd.Context(), false, func(a *app) error {
				var entries []billing.CodeEntry
				err := a.archive.View(cmd.Context(), func(r engine.Reader) (err error) {
					entries, err = r.CodeRegister(cmd.Context())
					return err
				})
				if err != nil {
					return err
				}
				return o.print(entries, func(w io.Writer) {
					table(w, "CODE NAME ANSVAR FUNKSJON ART PROSJEKT FROM TO BUDGET REPLACED_BY", func(row func(...any)) {
						for _, c := range entries {
							budget := ""
							if c.HasBudget {
								budget = c.Budget.String()
							}
							row(c.Code, c.Name, c.Ansvar, c.Funksjon, c.Art, c.Prosjekt, c.ValidFrom, c.ValidTo, budget, c.ReplacedBy)
						}
					})
				})
			})
		},
	}
}

func newCodesBudget(o *options) *cobra.Command {
	var to string
	cmd := &cobra.Command{
		Use:   "budget",
		Short: "What is booked this year against the budgets, with unknown codes and what they may stand for",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.with(cmd.Context(), false, func(a *app) error {
				day := billing.CivilOf(a.now(), engine.Oslo).AddDays(1)
				if to != "" {
					d, err := billing.ParseCivil(to)
					if err != nil {
						return usage("--to must be a day such as 2026-11-30: %w", err)
					}
					day = d.AddDays(1)
				}
				rows, err := a.engine.Budgets(cmd.Context(), day, nil)
				if err != nil {
					return err
				}
				return o.print(rows, func(w io.Writer) {
					if len(rows) == 0 {
						fmt.Fprintln(w, "There is no register: postgang codes import FILE")
						return
					}
					table(w, "CODE NAME BUDGET SPENT LEFT FORECAST NOTE", func(row func(...any)) {
						for _, b := range rows {
							budget, left := "", ""
							if b.HasBudget {
								budget, left = b.Budget.String(), b.Left().String()
							}
							row(b.Code, b.Name, budget, b.Spent, left, b.Forecast, b.Note)
						}
					})
				})
			})
		},
	}
	cmd.Flags().StringVar(&to, "to", "", "last day that counts; default today")
	return cmd
}
