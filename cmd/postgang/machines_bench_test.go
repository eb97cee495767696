package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"postgang/cmd/cli"
	"postgang/cmd/config"
	"postgang/engine/archive/postgrestest"
	"postgang/engine/shipment"
	"postgang/fixtures/letters"
)

// benchLetters are handed in for each measurement of BenchmarkMachines, unless POSTGANG_LETTERS says otherwise.
const benchLetters = 1000

// BenchmarkMachines has one process take letters into an archive in PostgreSQL, and one, two and three prepare and compose them. It tells
// their CPU time a letter, with the guarded processes that read PDFs, and how long each write transaction waited for its turn, by the
// metrics that they answer with. On one machine, wall time says little of several.
func BenchmarkMachines(b *testing.B) {
	n := benchLetters
	if s := os.Getenv("POSTGANG_LETTERS"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil {
			b.Fatal(err)
		}
	}
	source := filepath.Join(b.TempDir(), "brev")
	expected, err := letters.Generate(source, letters.Options{Shipments: n, Seed: 3})
	if err != nil {
		b.Fatal(err)
	}
	for _, nodes := range []int{1, 2, 3} {
		b.Run(fmt.Sprintf("nodes=%d", nodes), func(b *testing.B) {
			for range b.N {
				benchMachines(b, nodes, source, expected)
			}
		})
	}
}

func benchMachines(b *testing.B, nodes int, source string, expected letters.Expected) {
	dsn, dir := postgrestest.Postgres(b), b.TempDir()
	var common strings.Builder
	for _, a := range expected.Accounts {
		fmt.Fprintf(&common, "[accounts.%s.sender]\nname = %q\npostcode = %q\ncity = %q\n[accounts.%s.rules]\nallow_synthetic = true\n", a.Key, a.Name, a.Postcode, a.City, a.Key)
	}
	write := func(in, health string) {
		text := fmt.Sprintf("[archive]\ndatabase = %q\ndocuments = %q\n[intake]\nsettle = \"0s\"\nevery = \"1s\"\nfolder = %q\n[prepare]\nworkers = 1\n[vendors.v]\nkind = \"manuell\"\n[schedule]\nnight = \"* * * * *\"\n%s%s",
			dsn, filepath.Join(dir, "dokumenter"), filepath.Join(dir, "post"), health, common.String())
		if err := os.WriteFile(filepath.Join(in, config.DefaultName), []byte(text), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	write(dir, "")
	if out, errOut, code := program(b, dir, 0, "archive", "create"); code != cli.ExitOK {
		b.Fatalf("archive create: exit code %d\n%s%s", code, out, errOut)
	}
	for _, a := range expected.Accounts {
		if out, errOut, code := program(b, dir, 0, "submit", "--wait=false", "--account", a.Key, filepath.Join(source, a.Key)); code != cli.ExitOK {
			b.Fatalf("submit: exit code %d\n%s%s", code, out, errOut)
		}
	}
	exe, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	var processes []*exec.Cmd
	var addresses []string
	log := &syncBuffer{}
	begun := time.Now()
	for i := range nodes {
		in, roles := dir, ""
		if i > 0 {
			roles = "prepare,compose"
			in = filepath.Join(dir, fmt.Sprint("maskin", i+1))
			if err := os.Mkdir(in, 0o700); err != nil {
				b.Fatal(err)
			}
		}
		address := freeAddress(b)
		write(in, fmt.Sprintf("[health]\naddress = %q\n", address))
		cmd := exec.Command(exe, "serve", "--node", fmt.Sprint("maskin", i+1), "--roles", roles)
		cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = in, append(os.Environ(), envBeProgram+"=1"), log, log
		if err := cmd.Start(); err != nil {
			b.Fatal(err)
		}
		processes, addresses = append(processes, cmd), append(addresses, address)
	}
	conn, err := pgx.Connect(b.Context(), dsn)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close(b.Context())
	const left = `SELECT $2 - (SELECT count(*) FROM shipment WHERE status <> $1) + (SELECT count(*) FROM print_job WHERE state IN ('PLANNING', 'PLANNED')),
		(SELECT count(*) FROM river_job WHERE kind = 'prepare_letter' AND finalized_at IS NULL), (SELECT count(*) FROM print_job WHERE state = 'COMPOSED'), (SELECT count(*) FROM print_job)`
	locked := lockShare(b, dsn, nodes)
	var prepared, collected time.Time
	for first := true; ; first = false {
		var undone, prepare, composed, jobs int
		if err := conn.QueryRow(b.Context(), left, string(shipment.StatusMottatt), len(expected.Shipments)).Scan(&undone, &prepare, &composed, &jobs); err != nil {
			b.Fatal(err)
		}
		if first && undone == 0 {
			b.Fatal("nothing is left to do")
		}
		if undone+prepare == 0 && prepared.IsZero() {
			prepared = time.Now()
		}
		if jobs > 0 && collected.IsZero() {
			collected = time.Now()
		}
		if undone+prepare == 0 && composed > 0 {
			break
		}
		if time.Since(begun) > 10*time.Minute {
			b.Fatalf("%d letters are left to prepare, %d jobs are composed\n%s", prepare, composed, log.String())
		}
		time.Sleep(100 * time.Millisecond)
	}
	share := locked()
	wall := time.Since(begun) - max(collected.Sub(prepared), 0) // what was waited for the night is no work
	var cpu float64
	waited, writes := map[string]float64{}, map[string]float64{}
	for i, address := range addresses {
		for _, how := range []string{"alone", "beside"} {
			waited[how] += sumOf(b, address, `postgang_archive_wait_seconds_sum{kind="`+how+`"}`)
			writes[how] += sumOf(b, address, `postgang_archive_wait_seconds_count{kind="`+how+`"}`)
		}
		_ = processes[i].Process.Signal(os.Interrupt)
	}
	for _, p := range processes {
		_ = p.Wait() // its exit code is not what is measured
		cpu += (p.ProcessState.UserTime() + p.ProcessState.SystemTime()).Seconds()
	}
	b.ReportMetric(cpu*1000/float64(len(expected.Shipments)), "cpu-ms/letter")
	for how, seconds := range waited {
		b.ReportMetric(1000*seconds/max(writes[how], 1), "ms-waited-"+how)
		b.ReportMetric(writes[how]/float64(len(expected.Shipments)), how+"/letter")
	}
	b.ReportMetric(100*share, "%-of-time-behind-locks")
	b.ReportMetric(wall.Seconds(), "s")
	b.ReportMetric(0, "ns/op")
}

// lockShare looks every few milliseconds how many of the connections to a database wait for a lock. What it gives says how many did, by process:
// unlike how long processes waited, it has nothing of the time that it takes to ask.
func lockShare(b *testing.B, dsn string, nodes int) (share func() float64) {
	b.Helper()
	ctx, stop := context.WithCancel(b.Context())
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		b.Fatal(err)
	}
	var looks, waiting int
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer conn.Close(context.WithoutCancel(ctx))
		for every := time.NewTicker(5 * time.Millisecond); ; {
			select {
			case <-ctx.Done():
				every.Stop()
				return
			case <-every.C:
			}
			var n int
			if err := conn.QueryRow(ctx, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&n); err != nil {
				if ctx.Err() == nil {
					b.Error(err)
				}
				return
			}
			looks++
			waiting += n
		}
	}()
	return func() float64 {
		stop()
		<-done
		return float64(waiting) / float64(max(looks, 1)*nodes)
	}
}

// sumOf is a metric of a process.
func sumOf(b *testing.B, address, name string) (sum float64) {
	b.Helper()
	answer, err := http.Get("http://" + address + "/metrics")
	if err != nil {
		b.Fatal(err)
	}
	defer answer.Body.Close()
	lines := bufio.NewScanner(io.LimitReader(answer.Body, 1<<20))
	for lines.Scan() {
		if !strings.HasPrefix(lines.Text(), name) {
			continue
		}
		fields := strings.Fields(lines.Text())
		v, err := strconv.ParseFloat(fields[len(fields)-1], 64)
		if err != nil {
			b.Fatal(err)
		}
		sum += v
	}
	return sum
}
