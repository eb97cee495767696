package rest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"postgang/engine/intake/door/doortest"
	"postgang/engine/intake/rest"
	"postgang/fixtures/contracts"
	"postgang/fixtures/judges"
)

// svarut are the contracts of REST V3 and V2, by what keeps their schemas apart.
var svarut = map[string]string{
	"v3_send": "svarut-v3/forsendelse-send-api-v3.json", "v3_status": "svarut-v3/forsendelse-status-api-v3.json",
	"v2_send": "svarut-v2/forsendelse-send-api-v2.json", "v2_status": "svarut-v2/forsendelse-status-api-v2.json",
	"v2_reference": "svarut-v2/forsendelse-eksternref-api-v2.json", "v2_events": "svarut-v2/forsendelse-hendelser-api-v2.json",
	"v2_read": "svarut-v2/forsendelse-lest-api-v2.json", "v2_metadata": "svarut-v2/forsendelse-metadata-api-v2.json",
	"v2_remove": "svarut-v2/forsendelse-slett-api-v2.json", "v2_types": "svarut-v2/forsendelse-typer-api-v2.json",
	"v2_systems": "svarut-v2/mottakersystem-api-v2.json",
}

// oneContract is all of them as one, so that one Prism judges them.
func oneContract(t *testing.T) []byte {
	t.Helper()
	paths, schemas := map[string]map[string]any{}, map[string]any{}
	for name, file := range svarut {
		path := contracts.Find(file)
		if path == "" {
			t.Skip("no contract " + file)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		const ref = "#/components/schemas/"
		var doc struct {
			Paths      map[string]map[string]map[string]any
			Components struct{ Schemas map[string]any }
		}
		if err := json.Unmarshal(bytes.ReplaceAll(text, []byte(ref), []byte(ref+name+"_")), &doc); err != nil {
			t.Fatal(file, err)
		}
		for p, operations := range doc.Paths {
			if paths[p] == nil {
				paths[p] = map[string]any{}
			}
			for method, o := range operations {
				o["operationId"] = name + "_" + fmt.Sprint(o["operationId"])
				paths[p][method] = o
			}
		}
		for s, schema := range doc.Components.Schemas {
			schemas[name+"_"+s] = schema
		}
	}
	out, err := json.Marshal(map[string]any{
		"openapi": "3.0.1", "info": map[string]string{"title": "SvarUt REST V3 and V2", "version": "1"},
		"paths": paths, "components": map[string]any{"schemas": schemas},
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestNode: a client that openapi-typescript 7.13.0 and openapi-fetch 0.17.0 make of SvarUt's contracts sends ten letters each in V3 and V2,
// of each one cut off before its answer and sent again, and Prism 5.16.0 holds all other answers against the contracts. It is left out of
// the sends, where it takes multipart bodies for wrong that are not.
func TestNode(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("compiles TypeScript")
	}
	node, packages := judges.Node(t)
	dir := t.TempDir()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.WriteFile(filepath.Join(dir, "svarut.json"), oneContract(t), 0o600))
	script, err := os.ReadFile("testdata/judge.mts")
	must(err)
	must(os.WriteFile(filepath.Join(dir, "judge.mts"), script, 0o600))
	must(os.Symlink(filepath.Join(packages, "node_modules"), filepath.Join(dir, "node_modules")))
	run := func(args ...string) (string, error) {
		cmd := exec.CommandContext(t.Context(), node, args...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	for _, args := range [][]string{
		{"node_modules/openapi-typescript/bin/cli.js", "svarut.json", "-o", "api.d.ts", "--default-non-nullable", "false"},
		{"node_modules/typescript/bin/tsc", "--strict", "--skipLibCheck", "--target", "es2023", "--lib", "es2023,dom,dom.iterable", "--module", "esnext", "--moduleResolution", "bundler", "--types", "node", "judge.mts"},
	} {
		if out, err := run(args...); err != nil {
			t.Fatalf("%v: %v\n%s", args[0], err, out)
		}
	}

	w := doortest.New(t, nil)
	keyed := func(key string) func(r *http.Request) bool {
		return func(r *http.Request) bool { return r.Header.Get("Idempotency-Key") == key }
	}
	h := doortest.CutOnce(doortest.CutOnce(rest.Handler(w.Door, "/api"), keyed("v2-6")), keyed("v3-3"))
	url := w.Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Judge-Broken") == "" {
			h.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"hendelser":[{"hendelse":"Mottatt"}]}`)) // who asked judges it
	})).URL + "/api"
	out, err := run("judge.mjs", url, startPrism(t, node, dir, url), doortest.KontoID, w.Integration.ID, w.Password, "11111111-2222-4333-8444-555555555555")
	t.Logf("%s", out)
	if n := len(w.Shipments()); err != nil || n != 22 || !strings.Contains(out, "cut v3 3") || !strings.Contains(out, "cut v2 6") {
		t.Errorf("%v, %d shipments", err, n)
	}
}

// startPrism gives the address of a Prism that answers 500 for what breaks the contract.
func startPrism(t *testing.T, node, dir, upstream string) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := ln.Addr().(*net.TCPAddr)
	if err := ln.Close(); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), node, "node_modules/@stoplight/prism-cli/dist/index.js", "proxy", "svarut.json", upstream, "--errors", "--port", fmt.Sprint(address.Port))
	cmd.Dir = dir
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
		if t.Failed() {
			t.Logf("%s", said.String())
		}
	})
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if c, err := net.Dial("tcp", address.String()); err == nil {
			_ = c.Close() // it listens
			return "http://" + address.String()
		}
	}
	t.Fatal("Prism does not start")
	return ""
}
