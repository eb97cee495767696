package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"postgang/cmd/app"
	"postgang/cmd/cli"
	"postgang/cmd/config"
	"postgang/engine/access"
	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/fixtures/casesystem"
)

// intakeOptions are the flags of bench intake.
type intakeOptions struct {
	letters, senders int
	kilobytes        int // of a letter
	large            int // MB of one large shipment; 0: none
}

func newBenchIntake(o *cli.Options) *cobra.Command {
	var b intakeOptions
	cmd := &cobra.Command{
		Use:   "intake",
		Short: "Measure hand-ins over HTTP and through the drop folder",
		Long: `Starts the daemon's way in as a process of its own and hands letters in, each of one page and different from all
others:
  http    over REST V2 on a loopback address, by --senders at the same time: until all are answered, and until all are
          decided
  folder  the same letters through the drop folder: until all are answered, which is when they are decided
  large   one shipment of --large MB over HTTP, and what it adds to the process's memory
Each has an SQLite archive of its own in a temporary folder. Nothing is kept.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if b.letters < 1 || b.senders < 1 || b.kilobytes < 4 || b.large < 0 || b.large > 349 {
				return cli.Usage("want at least one letter and sender, --kilobytes from 4, and --large up to 349")
			}
			r, err := intakeBench(cmd.Context(), o, b)
			if err != nil {
				return fmt.Errorf("bench intake: %w", err)
			}
			return o.Print(r, r.table)
		},
	}
	cmd.Flags().IntVar(&b.letters, "letters", 2000, "number of letters")
	cmd.Flags().IntVar(&b.senders, "senders", 200, "senders at the same time")
	cmd.Flags().IntVar(&b.kilobytes, "kilobytes", 100, "size of a letter's PDF")
	cmd.Flags().IntVar(&b.large, "large", 349, "size of the large shipment in MB; 0: none")
	return cmd
}

// intakeResult is the outcome, as programs read it. Memory is resident, of the process that takes the hand-ins; the processes that
// read PDFs are others.
type intakeResult struct {
	Letters   int `json:"letters"`
	Senders   int `json:"senders"`
	Kilobytes int `json:"kilobytes"`

	HTTPAnsweredSeconds float64 `json:"http_answered_seconds"`
	HTTPDecidedSeconds  float64 `json:"http_decided_seconds"`
	HTTPMedianSeconds   float64 `json:"http_median_seconds"` // of a sender's wait
	HTTPP99Seconds      float64 `json:"http_p99_seconds"`
	HTTPSlowestSeconds  float64 `json:"http_slowest_seconds"`
	HTTPPeakMB          float64 `json:"http_peak_mb"`
	FolderSeconds       float64 `json:"folder_seconds"`
	FolderPeakMB        float64 `json:"folder_peak_mb"`
	HTTPToFolder        float64 `json:"http_to_folder"` // letters a second, both until decided
	LargeMB             int     `json:"large_mb"`
	LargeSeconds        float64 `json:"large_seconds"`
	LargePeakMB         float64 `json:"large_peak_mb"`
	IdlePeakMB          float64 `json:"idle_peak_mb"` // before the large one
}

func (r *intakeResult) table(w io.Writer) {
	rate := func(s float64) string { return fmt.Sprintf("%.0f", float64(r.Letters)/s) }
	fmt.Fprintf(w, "%d letters of %d kB, %d senders at the same time.\n\n", r.Letters, r.Kilobytes, r.Senders)
	cli.Table(w, "WAY SECONDS LETTERS/S PEAK_MB", func(row func(...any)) {
		row("http, answered", fmt.Sprintf("%.1f", r.HTTPAnsweredSeconds), rate(r.HTTPAnsweredSeconds), "")
		row("http, decided", fmt.Sprintf("%.1f", r.HTTPDecidedSeconds), rate(r.HTTPDecidedSeconds), fmt.Sprintf("%.0f", r.HTTPPeakMB))
		row("folder, decided", fmt.Sprintf("%.1f", r.FolderSeconds), rate(r.FolderSeconds), fmt.Sprintf("%.0f", r.FolderPeakMB))
	})
	fmt.Fprintf(w, "\nHTTP takes ×%.2f the letters a second of the drop folder. A sender waits %.2f s (median), %.2f s (p99), %.2f s at most.\n",
		r.HTTPToFolder, r.HTTPMedianSeconds, r.HTTPP99Seconds, r.HTTPSlowestSeconds)
	if r.LargeMB > 0 {
		fmt.Fprintf(w, "A shipment of %d MB is answered in %.1f s; the process has %.0f MB at most, %.0f MB before.\n", r.LargeMB, r.LargeSeconds, r.LargePeakMB, r.IdlePeakMB)
	}
}

// intakeLetter is a PDF of one page that nobody else has, with an image of noise as its weight.
func intakeLetter(i, size int) []byte {
	noise := make([]byte, size-600)
	seed := rand.NewChaCha8([32]byte{byte(i), byte(i >> 8), byte(i >> 16), 7})
	_, _ = seed.Read(noise) // never fails
	var b bytes.Buffer
	var at []int
	object := func(head string, stream []byte) {
		at = append(at, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s", len(at), head)
		if stream != nil {
			b.WriteString("\nstream\n")
			b.Write(stream)
			b.WriteString("\nendstream")
		}
		b.WriteString("\nendobj\n")
	}
	b.WriteString("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	content := []byte("q 400 0 0 400 97 200 cm /I Do Q")
	object("<</Type/Catalog/Pages 2 0 R>>", nil)
	object("<</Type/Pages/Kids[3 0 R]/Count 1>>", nil)
	object("<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</XObject<</I 5 0 R>>>>/Contents 4 0 R>>", nil)
	object(fmt.Sprintf("<</Length %d>>", len(content)), content)
	const width = 100
	rows := len(noise) / width
	object(fmt.Sprintf("<</Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceGray/BitsPerComponent 8/Length %d>>", width, rows, rows*width), noise[:rows*width])
	start := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(at)+1)
	for _, o := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&b, "trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n", len(at)+1, start)
	return b.Bytes()
}

func intakeSubmission(i int) []byte {
	return fmt.Appendf(nil, `{"tittel":"Måling %d","mottaker":{"navn":"Måling %d","adresselinje1":"Storgata %d","postnummer":"0155","poststed":"OSLO"},"dokumenter":[{"filnavn":"brev.pdf","mimeType":"application/pdf"}]}`, i, i, i%500+1)
}

func intakeBench(ctx context.Context, o *cli.Options, b intakeOptions) (_ *intakeResult, err error) {
	dir, err := os.MkdirTemp("", "postgang-bench-intake-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	r := &intakeResult{Letters: b.letters, Senders: b.senders, Kilobytes: b.kilobytes, LargeMB: b.large}

	step, finish := o.Progress("hand-ins over HTTP")
	s, err := startIntake(ctx, o, filepath.Join(dir, "http"))
	if err != nil {
		return nil, err
	}
	defer s.end()
	began := time.Now()
	waits, err := s.sendAll(ctx, b, step)
	finish()
	if err != nil {
		return nil, err
	}
	r.HTTPAnsweredSeconds = time.Since(began).Seconds()
	if r.HTTPPeakMB, err = s.ask("decided"); err != nil {
		return nil, err
	}
	r.HTTPDecidedSeconds = time.Since(began).Seconds()
	slices.Sort(waits)
	at := func(part float64) float64 { return waits[min(int(part*float64(len(waits))), len(waits)-1)].Seconds() }
	r.HTTPMedianSeconds, r.HTTPP99Seconds, r.HTTPSlowestSeconds = at(0.5), at(0.99), at(1)
	s.end()

	step, finish = o.Progress("hand-ins through the drop folder")
	f, err := startIntake(ctx, o, filepath.Join(dir, "mappe"))
	if err != nil {
		return nil, err
	}
	defer f.end()
	if err := putAll(filepath.Join(dir, "mappe"), b, step); err != nil {
		return nil, err
	}
	finish()
	began = time.Now()
	if r.FolderPeakMB, err = f.ask("folder"); err != nil {
		return nil, err
	}
	r.FolderSeconds = time.Since(began).Seconds()
	r.HTTPToFolder = r.FolderSeconds / r.HTTPDecidedSeconds
	f.end()
	if b.large == 0 {
		return r, nil
	}
	l, err := startIntake(ctx, o, filepath.Join(dir, "stor"))
	if err != nil {
		return nil, err
	}
	defer l.end()
	if r.IdlePeakMB, err = l.ask("nothing"); err != nil {
		return nil, err
	}
	began = time.Now()
	if _, err := l.send(ctx, 0, intakeSubmission(0), io.MultiReader(bytes.NewReader(intakeLetter(0, 100<<10)), io.LimitReader(zeros{}, int64(b.large)<<20))); err != nil {
		return nil, err
	}
	r.LargeSeconds = time.Since(began).Seconds()
	if r.LargePeakMB, err = l.ask("nothing"); err != nil {
		return nil, err
	}
	return r, nil
}

// zeros are without end.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// putAll puts the letters into the drop folder, complete.
func putAll(dir string, b intakeOptions, step func(done, total int)) error {
	for i := range b.letters {
		folder := filepath.Join(dir, "data", "post", "inn", "maling", "brev-"+strconv.Itoa(i))
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return err
		}
		for name, data := range map[string][]byte{"forsendelse.json": intakeSubmission(i), "brev.pdf": intakeLetter(i, b.kilobytes<<10), "klar": nil} {
			if err := os.WriteFile(filepath.Join(folder, name), data, 0o600); err != nil {
				return err
			}
		}
		if step != nil {
			step(i+1, b.letters)
		}
	}
	return nil
}

// intakeProcess is the way in, in a process of its own.
type intakeProcess struct {
	*measured
	sender casesystem.Client
}

func startIntake(ctx context.Context, o *cli.Options, dir string) (*intakeProcess, error) {
	m, err := startMeasured(ctx, o, "", "intake-part", dir)
	if err != nil {
		return nil, err
	}
	return &intakeProcess{m, casesystem.Client{
		Base: "http://" + m.hello.Address, ID: m.hello.ID, Password: m.hello.Password,
		HTTP: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1000}},
	}}, nil
}

// ask has the process do something, waits until it is done, and tells the most memory that the process has had, in MB.
func (s *intakeProcess) ask(what string) (peak float64, err error) {
	d, err := s.do(what)
	return d.PeakMB, err
}

func (s *intakeProcess) sendAll(ctx context.Context, b intakeOptions, step func(done, total int)) ([]time.Duration, error) {
	waits := make([]time.Duration, b.letters)
	var next, done atomic.Int64
	var wg sync.WaitGroup
	errs := make([]error, b.senders)
	for n := range b.senders {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= b.letters || errs[n] != nil {
					return
				}
				waits[i], errs[n] = s.send(ctx, i, intakeSubmission(i), bytes.NewReader(intakeLetter(i, b.kilobytes<<10)))
				if n := int(done.Add(1)); step != nil {
					step(n, b.letters)
				}
			}
		})
	}
	wg.Wait()
	return waits, errors.Join(errs...)
}

// send hands one letter in, streamed, and says how long the sender waited.
func (s *intakeProcess) send(ctx context.Context, i int, submission []byte, letter io.Reader) (time.Duration, error) {
	began := time.Now()
	file := casesystem.File{Name: "brev.pdf", Open: func() (io.ReadCloser, error) { return io.NopCloser(letter), nil }}
	if _, err := s.sender.V2(ctx, "maling", strconv.Itoa(i), submission, file); err != nil {
		return 0, fmt.Errorf("letter %d: %w", i, err)
	}
	return time.Since(began), nil
}

// newBenchIntakePart is what startIntake runs; people have no use for it.
func newBenchIntakePart(o *cli.Options) *cobra.Command {
	return &cobra.Command{
		Use: "intake-part FOLDER", Hidden: true, Args: cobra.ExactArgs(1),
		Short: "The way in that is measured, run by intake in a process of its own",
		RunE:  func(cmd *cobra.Command, args []string) error { return intakePart(cmd.Context(), o, args[0]) },
	}
}

const intakeConfig = `
[intake]
settle = "0s"
[http]
address = "127.0.0.1:0"
no_tokens = true
calls_per_minute = 0
[vendors.hus]
kind = "manuell"
[accounts.maling.sender]
name = "Måling"
postcode = "0155"
city = "OSLO"
[accounts.maling.rules]
duplicate_limit = 0
`

func intakePart(ctx context.Context, o *cli.Options, dir string) (err error) {
	if err := os.MkdirAll(filepath.Join(dir, "data", "post", "inn", "maling"), 0o700); err != nil {
		return err
	}
	cfg, err := config.Parse(filepath.Join(dir, config.DefaultName), []byte(intakeConfig))
	if err != nil {
		return err
	}
	a, err := app.Open(ctx, cfg, o.Logger(), app.Options{Create: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	if err := a.Start(ctx); err != nil {
		return err
	}
	i, password, err := access.New("maling", "", []string{"maling"}, time.Now())
	if err == nil {
		err = a.Archive.InTx(ctx, func(tx store.Tx) error { return tx.PutIntegration(ctx, i, "bench") })
	}
	if err != nil {
		return err
	}
	ln, err := net.Listen("tcp", cfg.HTTP.Address)
	if err != nil {
		return err
	}
	serving, stop := context.WithCancel(ctx)
	defer stop()
	served := make(chan error, 1)
	go func() { served <- a.ServeHTTP(serving, ln) }()
	err = answering(o, hello{Address: ln.Addr().String(), ID: i.ID, Password: password}, "", func(what string, d *done) (err error) {
		switch what {
		case "decided":
			for undecided(ctx, a) {
				time.Sleep(20 * time.Millisecond)
			}
		case "folder":
			_, err = a.TakeAll(ctx, 0, nil)
		}
		d.PeakMB = peakRSS()
		return err
	})
	stop()
	return errors.Join(err, <-served)
}

// undecided reports whether a hand-in is MOTTATT yet.
func undecided(ctx context.Context, a *app.App) bool {
	left, err := store.View(ctx, a.Archive, func(r store.Reader) ([]shipment.Shipment, error) {
		return r.Shipments(ctx, store.ShipmentFilter{Statuses: []shipment.Status{shipment.StatusMottatt}, Limit: 1})
	})
	return err == nil && len(left) > 0
}
