package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"postgang/billing/civil"
	"postgang/billing/codes"
	"postgang/billing/money"
	"postgang/billing/reading"
	"postgang/cmd/app"
	"postgang/cmd/cli"
	"postgang/engine/calendar"
	"postgang/engine/store"
	"postgang/reports"
)

func newCodes(o *options) *cobra.Command {
	return cli.Group("codes", "The register of konteringskoder: import it, hold what is spent against it",
		newCodesImport(o), newCodesList(o), newCodesBudget(o))
}

func newCodesImport(o *options) *cobra.Command {
	var yes bool
	var reason string
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Replace the register with that of a CSV or Excel file",
		Long: `Replaces the register of konteringskoder with that of a CSV file (semicolons, UTF-8 or Windows-1252) or of the
first sheet of an Excel workbook, and says what changed. The first line names the columns, all but kode may be left
out:
` + strings.Join(codes.Columns(), ";") + `.
Days are written 2026-01-31 or 31.01.2026, siste_dag is included; budsjett is kroner net for a calendar year.
Amounts and codes that can be read in two ways, such as 120.000 or a number cell shown as 0100, are refused. In
Excel, format kode as text. When more than half of the codes disappear, it asks first, or wants --yes.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			data, err := readLimited(args[0])
			if err != nil {
				return err
			}
			rows, err := reports.ReadRegister(data)
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			entries, problems := codes.ParseRegister(rows)
			if len(problems) > 0 {
				return fmt.Errorf("%s: nothing was imported:\n  %s", args[0], strings.Join(firstProblems(problems), "\n  "))
			}
			return o.with(cmd.Context(), false, func(a *app.App) error {
				change, err := a.Engine.CompareCodes(cmd.Context(), entries)
				if err != nil {
					return err
				}
				if change.MostGone() && !yes {
					ok, err := o.confirm(
						fmt.Sprintf("Of %d codes %d are not in this file (%s). Replace the register all the same?", change.Before, len(change.Gone), someOf(change.Gone)),
						fmt.Sprintf("of %d codes %d are not in this file (%s); nothing was imported: add --yes if it is the right one", change.Before, len(change.Gone), someOf(change.Gone)))
					if err != nil || !ok {
						return err
					}
				}
				if change, err = a.Engine.ImportCodes(cmd.Context(), entries, reason); err != nil {
					return err
				}
				return o.Print(codesView(change), func(w io.Writer) { showCodesChange(w, change) })
			})
		},
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do it without asking, even when most codes disappear")
	cmd.Flags().StringVar(&reason, "reason", "", "why, for the log of changes; no personal data")
	return cmd
}

// mostProblems is how many problems of a register are shown: who sees more has another file.
const mostProblems = 20

func firstProblems(problems []reading.Problem) []string {
	var texts []string
	for _, p := range problems[:min(mostProblems, len(problems))] {
		texts = append(texts, p.String())
	}
	if more := len(problems) - len(texts); more > 0 {
		texts = append(texts, fmt.Sprintf("and %d more", more))
	}
	return texts
}

// someOf names the first of a list of codes.
func someOf(codes []string) string {
	const most = 10
	if len(codes) <= most {
		return strings.Join(codes, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(codes[:most], ", "), len(codes)-most)
}

// codesChanged is what an import of codes changed.
type codesChanged struct {
	Codes           int       `json:"codes"`
	Before          int       `json:"codes_before"`
	New             []string  `json:"new"`
	Gone            []string  `json:"gone"`
	Changed         []string  `json:"changed"`
	BudgetsChanged  []string  `json:"budgets_changed"`
	BudgetBeforeOre money.Ore `json:"budget_before_ore"`
	BudgetOre       money.Ore `json:"budget_ore"`
}

func codesView(c codes.Change) codesChanged {
	return codesChanged{c.After, c.Before, c.New, c.Gone, c.Changed, c.Budgets, c.BudgetBefore, c.BudgetAfter}
}

func showCodesChange(w io.Writer, c codes.Change) {
	fmt.Fprintf(w, "The register has %d konteringskoder now.\n", c.After)
	if c.Before == 0 {
		return
	}
	for _, l := range []struct {
		what  string
		codes []string
	}{{"gone", c.Gone}, {"new", c.New}, {"changed", c.Changed}, {"of these, with another budget", c.Budgets}} {
		if len(l.codes) > 0 {
			fmt.Fprintf(w, "  %d %s: %s\n", len(l.codes), l.what, someOf(l.codes))
		}
	}
	if c.BudgetBefore != c.BudgetAfter {
		fmt.Fprintf(w, "  all budgets together: kr %s before, kr %s now\n", c.BudgetBefore, c.BudgetAfter)
	}
}

// maxImport is the largest file that is read whole: a register or an invoice is far smaller.
const maxImport = 64 << 20

// readLimited reads a file that a person names.
func readLimited(path string) ([]byte, error) { return readWithin(path, maxImport) }

// readWithin reads a file of at most so many bytes.
func readWithin(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(data)) > most {
		err = fmt.Errorf("%s is larger than %d MB: is it the right file?", path, most>>20)
	}
	return data, err
}

// codeView is a code of the register; both days count.
type codeView struct {
	Code       string     `json:"code"`
	Name       string     `json:"name"`
	Ansvar     string     `json:"ansvar"`
	Funksjon   string     `json:"funksjon"`
	Art        string     `json:"art"`
	Prosjekt   string     `json:"prosjekt"`
	FirstDay   string     `json:"first_day"`
	LastDay    string     `json:"last_day"`
	BudgetOre  *money.Ore `json:"budget_ore"`
	ReplacedBy string     `json:"replaced_by"`
}

func viewCode(c codes.Entry) codeView {
	v := codeView{c.Code, c.Name, c.Ansvar, c.Funksjon, c.Art, c.Prosjekt, string(c.ValidFrom), "", nil, c.ReplacedBy}
	if c.ValidTo != "" {
		v.LastDay = string(c.ValidTo.AddDays(-1))
	}
	if c.HasBudget {
		v.BudgetOre = &c.Budget
	}
	return v
}

func newCodesList(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "The register",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.with(cmd.Context(), false, func(a *app.App) error {
				views := []codeView{}
				err := a.Archive.View(cmd.Context(), func(r store.Reader) error {
					entries, err := r.CodeRegister(cmd.Context())
					for _, c := range entries {
						views = append(views, viewCode(c))
					}
					return err
				})
				if err != nil {
					return err
				}
				return o.Print(views, func(w io.Writer) {
					cli.Table(w, "CODE NAME ANSVAR FUNKSJON ART PROSJEKT FIRST_DAY LAST_DAY BUDGET REPLACED_BY", func(row func(...any)) {
						for _, c := range views {
							budget := ""
							if c.BudgetOre != nil {
								budget = c.BudgetOre.String()
							}
							row(c.Code, c.Name, c.Ansvar, c.Funksjon, c.Art, c.Prosjekt, c.FirstDay, c.LastDay, budget, c.ReplacedBy)
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
			return o.with(cmd.Context(), false, func(a *app.App) error {
				day := civil.Of(a.Now(), calendar.Oslo).AddDays(1)
				if to != "" {
					d, err := civil.Parse(to)
					if err != nil {
						return cli.Usage("--to must be a day such as 2026-11-30: %w", err)
					}
					day = d.AddDays(1)
				}
				rows, err := a.Engine.Budgets(cmd.Context(), day, nil)
				if err != nil {
					return err
				}
				return o.Print(rows, func(w io.Writer) {
					if len(rows) == 0 {
						fmt.Fprintln(w, "There is no register: postgang codes import FILE")
						return
					}
					cli.Table(w, "CODE NAME BUDGET SPENT LEFT FORECAST NOTE", func(row func(...any)) {
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
