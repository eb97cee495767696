package metrics

import (
	"context"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v2"

	"postgang/engine/alarm"
	"postgang/engine/node"
	"postgang/engine/queue"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// served is what /metrics says of a state, with something of each kind.
func served(t *testing.T, s State, err error) string {
	t.Helper()
	p := New("1.2.3")
	p.Transaction("alone", time.Millisecond, time.Second, nil)
	p.Transaction("beside", time.Millisecond, time.Second, errors.New("feil"))
	p.Transaction("beside", time.Millisecond, time.Second, store.ErrNotFound)
	if side := p.Dialled("trykk", time.Now(), nil, errors.New("borte")); side != nil {
		t.Errorf("a failed log-in gives %v", side)
	}
	p.sent.WithLabelValues("trykk").Add(10)
	b := blobs{nil, p}
	b.count("put", shipment.BlobRef{Bytes: 100}, nil)
	b.count("open", shipment.BlobRef{Bytes: 100}, store.ErrNotFound)
	b.count("open", shipment.BlobRef{Bytes: 100}, errors.New("borte"))
	rec := httptest.NewRecorder()
	p.Handler(func(context.Context) (State, error) { return s, err }, func(error) {}).ServeHTTP(rec, httptest.NewRequest("GET", "/metrics", nil))
	if rec.Code != 200 {
		t.Fatalf("%d: %s", rec.Code, rec.Body)
	}
	return rec.Body.String()
}

var everything = State{
	Letters: []store.StatusCount{{Account: "skole", Status: "AKSEPTERT", Count: 3}, {Account: "skole", Status: "AKSEPTERT", Hold: "for-stor", Count: 2}},
	Overdue: []store.OverdueCount{{Account: "skole", Count: 4, Oldest: time.Unix(1000, 0)}},
	Jobs:    []store.PrintJob{{Vendor: "trykk", State: store.JobOffered}, {Vendor: "trykk", State: store.JobOffered}},
	Alarms:  []alarm.Alarm{{Key: "uncertain:X"}, {Key: "held:Y", AckedAt: time.Unix(1, 0)}},
	Slots:   []store.Slot{{Schedule: "night", State: store.SlotRunning, At: time.Unix(3000, 0)}},
	Done:    []store.Slot{{Schedule: "night", State: store.SlotDone, Finished: time.Unix(2000, 0)}},
	Nodes:   []node.Node{{Name: "a"}, {Name: "b", Silent: time.Hour}, {Name: "c", Stopped: time.Unix(1, 0)}},
	Tasks:   []queue.Count{{Kind: store.TaskPrepare, State: "available", Tasks: 7}},
	Free:    123,
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	got := served(t, everything, nil)
	for _, line := range []string{
		`postgang_archive_up 1`,
		`postgang_letters{account="skole",status="AKSEPTERT"} 5`,
		`postgang_letters_set_aside{account="skole",reason="for-stor"} 2`,
		`postgang_letters_due{account="skole"} 4`,
		`postgang_oldest_due_timestamp_seconds{account="skole"} 1000`,
		`postgang_jobs{state="OFFERED",vendor="trykk"} 2`,
		`postgang_alarms{acknowledged="false",kind="uncertain",severity="critical"} 1`,
		`postgang_alarms{acknowledged="true",kind="held",severity="minor"} 1`,
		`postgang_schedule_last_timestamp_seconds{schedule="night",state="RUNNING"} 3000`,
		`postgang_schedule_last_done_timestamp_seconds{schedule="night"} 2000`,
		`postgang_node_up{node="a"} 1`,
		`postgang_node_up{node="b"} 0`,
		`postgang_tasks{kind="prepare_letter",state="available"} 7`,
		`postgang_documents_free_bytes 123`,
		`postgang_archive_transactions_total{kind="beside",result="failed"} 1`,
		`postgang_archive_transactions_total{kind="beside",result="ok"} 1`,
		`postgang_archive_wait_seconds_count{kind="alone"} 1`,
		`postgang_documents_operations_total{operation="open",result="ok"} 1`,
		`postgang_documents_operations_total{operation="open",result="failed"} 1`,
		`postgang_documents_bytes_total{operation="put"} 100`,
		`postgang_vendor_failures_total{operation="log-in",vendor="trykk"} 1`,
		`postgang_build_info{version="1.2.3"} 1`,
	} {
		if !strings.Contains(got, line+"\n") {
			t.Errorf("it lacks %s", line)
		}
	}
	if strings.Contains(got, `node="c"`) {
		t.Error("a machine that has ended in order is missed")
	}
	if away := served(t, State{}, errors.New("borte")); !strings.Contains(away, "postgang_archive_up 0\n") || strings.Contains(away, "postgang_letters{") {
		t.Errorf("without the archive:\n%s", away)
	}
}

var named = regexp.MustCompile(`postgang_[a-z_]+`)

// metricNames are the metrics that a text names, without what Prometheus adds to those of a histogram.
func metricNames(text string) []string {
	var out []string
	for _, name := range named.FindAllString(text, -1) {
		for _, end := range []string{"_bucket", "_count", "_sum"} {
			name = strings.TrimSuffix(name, end)
		}
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// TestWatchers: the dashboard and the alert rules can be read, and name metrics that are there; the page on watching names all of them.
func TestWatchers(t *testing.T) {
	t.Parallel()
	there := metricNames(served(t, everything, nil))
	read := func(name string) []byte {
		t.Helper()
		b, err := os.ReadFile("../../docs/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	dashboard, rules, page := read("watching/grafana-dashboard.json"), read("watching/prometheus-alerts.yml"), read("watching.md")
	var panels struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(dashboard, &panels); err != nil || len(panels.Panels) < 10 {
		t.Errorf("dashboard: %d panels, %v", len(panels.Panels), err)
	}
	var shown strings.Builder
	for _, p := range panels.Panels {
		for _, target := range p.Targets {
			shown.WriteString(target.Expr + "\n")
		}
	}
	var groups struct {
		Groups []struct {
			Rules []struct{ Alert, Expr string }
		}
	}
	if err := yaml.Unmarshal(rules, &groups); err != nil || len(groups.Groups) != 1 || len(groups.Groups[0].Rules) < 5 {
		t.Errorf("rules: %+v, %v", groups, err)
	}
	for name, text := range map[string]string{"dashboard": shown.String(), "rules": string(rules), "page": string(page)} {
		for _, metric := range metricNames(text) {
			if !slices.Contains(there, metric) {
				t.Errorf("the %s names %s, which is not there", name, metric)
			}
		}
	}
	for _, metric := range there {
		if !strings.Contains(string(page), "`"+metric+"`") {
			t.Errorf("docs/watching.md does not name %s", metric)
		}
		if !strings.Contains(shown.String(), metric) {
			t.Errorf("the dashboard does not show %s", metric)
		}
	}
}
