package printfile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"postgang/fixtures/judges"
)

func meta(i, sides int) PartMetadata {
	return PartMetadata{Kind: KindLetter, Job: "ABCD000017", ID: "f3b0-" + strconv.Itoa(i),
		Number: i + 1, Sheets: (sides + 1) / 2, Pages: sides, Konteringskode: "2100/æ"}
}

// linkParts writes one part for each number of sides.
func linkParts(t testing.TB, opt Options, counts ...int) ([]byte, Result) {
	t.Helper()
	opt.Parts = true
	opt.PartsMetadata = PartMetadata{Job: "ABCD000017"}.Dict()
	var buf bytes.Buffer
	l := NewLinker(&buf, opt)
	for i, n := range counts {
		if err := l.BeginPart(meta(i, n).Dict()); err != nil {
			t.Fatal(err)
		}
		p := letter(t, i, n)
		for k := range n {
			if err := l.AddSide(Side{Width: 595.276, Height: 841.89, Placements: []Placement{{p, k, Identity, nil}}}); err != nil {
				t.Fatal(err)
			}
		}
		l.Release(p)
		if err := l.EndPart(); err != nil {
			t.Fatal(err)
		}
	}
	res, err := l.Close()
	if err != nil {
		t.Fatal(err)
	}
	return buf.Bytes(), res
}

func TestPartsAreReadBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		counts := rapid.SliceOfN(rapid.IntRange(1, 5), 1, 12).Draw(rt, "sides of each part")
		opt := Options{Version: rapid.SampledFrom([]string{"1.6", "1.7", "2.0"}).Draw(rt, "version"), XRefStream: rapid.Bool().Draw(rt, "stream")}
		b, res := linkParts(t, opt, counts...)
		sum, err := Inspect(bytes.NewReader(b), res.Bytes)
		if err != nil {
			rt.Fatal(err)
		}
		if res.Parts != len(counts) || len(sum.Parts) != len(counts) {
			rt.Fatalf("%d parts written, %d read, want %d", res.Parts, len(sum.Parts), len(counts))
		}
		side := 1
		for i, n := range counts {
			p := sum.Parts[i]
			got, err := PartMetadataOf(p.Metadata)
			if err != nil || p.FirstSide != side || p.LastSide != side+n-1 || got != meta(i, n) {
				rt.Fatalf("part %d: sides %d to %d, %+v (%v)", i+1, p.FirstSide, p.LastSide, got, err)
			}
			side += n
		}
		again, _ := linkParts(t, opt, counts...)
		if !bytes.Equal(b, again) {
			rt.Fatal("not deterministic")
		}
	})
}

// qpdfObjects gives all objects of a file as qpdf tells them in JSON.
func qpdfObjects(t testing.TB, file []byte) map[string]map[string]any {
	t.Helper()
	qpdf := judges.Path(t, "qpdf")
	path := filepath.Join(t.TempDir(), "in.pdf")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(qpdf, "--json=2", "--json-key=qpdf", "--json-stream-data=none", path).Output()
	if err != nil {
		t.Fatalf("qpdf --json: %v", err)
	}
	var doc struct {
		QPDF []json.RawMessage `json:"qpdf"`
	}
	if err := json.Unmarshal(out, &doc); err != nil || len(doc.QPDF) != 2 {
		t.Fatalf("qpdf --json: %v", err)
	}
	var objects map[string]struct {
		Value any `json:"value"`
	}
	if err := json.Unmarshal(doc.QPDF[1], &objects); err != nil {
		t.Fatal(err)
	}
	dicts := make(map[string]map[string]any)
	for name, o := range objects {
		if d, ok := o.Value.(map[string]any); ok {
			dicts[strings.TrimPrefix(name, "obj:")] = d
		}
	}
	return dicts
}

// The tree of parts as another program reads it, checked against the tables 408
// and 409 of ISO 32000-2.
func TestPartTreeByQPDF(t *testing.T) {
	t.Parallel()
	counts := []int{1, 3, 2, 1, 4}
	for _, version := range []string{"1.6", "1.7", "2.0"} {
		b, _ := linkParts(t, Options{Version: version}, counts...)
		qpdfCheck(t, b)
		objs := qpdfObjects(t, b)
		at := func(ref any) map[string]any {
			d := objs[fmt.Sprint(ref)]
			if d == nil {
				t.Fatalf("no dictionary %v", ref)
			}
			return d
		}
		only := func(d map[string]any, keys ...string) {
			t.Helper()
			for k := range d {
				if !strings.Contains(" "+strings.Join(keys, " ")+" ", " "+k+" ") {
					t.Fatalf("key %s where only %v belong", k, keys)
				}
			}
		}
		catalog := at(objs["trailer"]["/Root"])
		rootRef := catalog["/DPartRoot"]
		root := at(rootRef)
		only(root, "/Type", "/DPartRootNode", "/RecordLevel", "/NodeNameList")
		if root["/Type"] != "/DPartRoot" || root["/RecordLevel"] != 1.0 || fmt.Sprint(root["/NodeNameList"]) != "[/PrintFile /Letter]" {
			t.Fatalf("root: %v", root)
		}
		nodeRef := root["/DPartRootNode"]
		node := at(nodeRef)
		only(node, "/Type", "/Parent", "/DParts", "/DPM")
		if node["/Type"] != "/DPart" || node["/Parent"] != rootRef {
			t.Fatalf("root node: %v", node)
		}
		var pages []any
		var walk func(ref any)
		walk = func(ref any) {
			d := at(ref)
			if d["/Type"] == "/Page" {
				pages = append(pages, ref)
				return
			}
			for _, k := range d["/Kids"].([]any) {
				walk(k)
			}
		}
		walk(catalog["/Pages"])
		rows := node["/DParts"].([]any)
		if len(rows) != 1 || len(rows[0].([]any)) != len(counts) {
			t.Fatalf("DParts: %v", rows)
		}
		first := 0
		for i, leafRef := range rows[0].([]any) {
			leaf := at(leafRef)
			only(leaf, "/Type", "/Parent", "/Start", "/End", "/DPM")
			end := any(nil) // not present for one page
			if counts[i] > 1 {
				end = pages[first+counts[i]-1]
			}
			if leaf["/Type"] != "/DPart" || leaf["/Parent"] != nodeRef || leaf["/Start"] != pages[first] || leaf["/End"] != end {
				t.Fatalf("part %d: %v", i+1, leaf)
			}
			for _, p := range pages[first : first+counts[i]] {
				if at(p)["/DPart"] != leafRef {
					t.Fatalf("part %d: page %v does not lead back", i+1, p)
				}
			}
			cip4 := leaf["/DPM"].(map[string]any)["/CIP4_Root"].(map[string]any)
			if cip4["/Type"] != "/CIP4_Root" || cip4["/CIP4_ExternalID"] != "/f3b0-"+strconv.Itoa(i) {
				t.Fatalf("part %d: metadata %v", i+1, cip4)
			}
			first += counts[i]
		}
		if first != len(pages) {
			t.Fatalf("parts have %d pages, the file %d", first, len(pages))
		}
	}
}

// Many parts stand in several rows, and their table may go to a temporary file.
func TestManyParts(t *testing.T) {
	if testing.Short() {
		t.Skip("writes very many parts")
	}
	t.Parallel()
	run := func(n int, opt Options) ([]byte, Result) {
		opt.Parts = true
		var buf bytes.Buffer
		l := NewLinker(&buf, opt)
		for range n {
			if err := l.BeginPart(nil); err != nil {
				t.Fatal(err)
			}
			if err := l.AddSide(Side{Width: 100, Height: 100}); err != nil {
				t.Fatal(err)
			}
			if err := l.EndPart(); err != nil {
				t.Fatal(err)
			}
		}
		res, err := l.Close()
		if err != nil {
			t.Fatal(err)
		}
		parts := 0
		sum, err := InspectParts(bytes.NewReader(buf.Bytes()), res.Bytes, func(SideSummary) {}, func(p PartSummary) {
			if parts++; p.FirstSide != parts || p.LastSide != parts || p.Metadata != nil {
				t.Fatalf("part %d: %+v", parts, p)
			}
		})
		if err != nil || parts != n || sum.SHA256 != res.SHA256 {
			t.Fatalf("%d parts of %d (%v)", parts, n, err)
		}
		return buf.Bytes(), res
	}
	b, _ := run(2*partRow+1, Options{})
	if n := bytes.Count(b, []byte(" 0 R] [")); n != 2 {
		t.Fatalf("%d breaks between rows, want 2", n)
	}
	qpdfCheck(t, b)
	dir := t.TempDir()
	_, whole := run(chunkObjects+10, Options{})
	_, spilt := run(chunkObjects+10, Options{SpillBytes: 1, TempDir: dir})
	if whole != spilt {
		t.Fatal("a table of parts on disk changes the file")
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Fatalf("temporary files left: %v %v", left, err)
	}
}

func TestPartMistakes(t *testing.T) {
	t.Parallel()
	side := Side{Width: 100, Height: 100}
	with := Options{Parts: true}
	for _, c := range []struct {
		name, want string
		opt        Options
		do         func(l *Linker) error
	}{
		{"no option", "Options.Parts", Options{}, func(l *Linker) error { return l.BeginPart(nil) }},
		{"old version", "need PDF 1.6", Options{Parts: true, Version: "1.5"}, func(l *Linker) error { return l.BeginPart(nil) }},
		{"metadata alone", "and no parts", Options{PartsMetadata: Dict{"A": Int(1)}}, func(l *Linker) error { return l.AddSide(side) }},
		{"file's metadata", "null", Options{Parts: true, PartsMetadata: Dict{"A": Null{}}}, func(l *Linker) error { return l.BeginPart(nil) }},
		{"outside", "outside of all parts", with, func(l *Linker) error { return l.AddSide(side) }},
		{"after", "outside of all parts", with, func(l *Linker) error {
			l.BeginPart(nil)
			l.AddSide(side)
			l.EndPart()
			return l.AddSide(side)
		}},
		{"nested", "do not nest", with, func(l *Linker) error { l.BeginPart(nil); return l.BeginPart(nil) }},
		{"not begun", "no part is begun", with, func(l *Linker) error { return l.EndPart() }},
		{"empty", "without sides", with, func(l *Linker) error { l.BeginPart(nil); return l.EndPart() }},
		{"not ended", "part 1 is not ended", with, func(l *Linker) error {
			l.BeginPart(nil)
			l.AddSide(side)
			_, err := l.Close()
			return err
		}},
		{"reference", "reference to object 1", with, func(l *Linker) error { return l.BeginPart(Dict{"A": Array{Ref(1)}}) }},
		{"stream", "stream inside", with, func(l *Linker) error { return l.BeginPart(Dict{"A": Stream{}}) }},
		{"null", "null", with, func(l *Linker) error { return l.BeginPart(Dict{"A": Dict{"B": Null{}}}) }},
		{"key", "XML name token", with, func(l *Linker) error { return l.BeginPart(Dict{"A B": Int(1)}) }},
		{"long name", "a name of 128 bytes", with, func(l *Linker) error { return l.BeginPart(PartMetadata{ID: strings.Repeat("x", 128)}.Dict()) }},
		{"too much", "metadata of", with, func(l *Linker) error { return l.BeginPart(Dict{"A": make(HexString, maxPartText)}) }},
		{"nil", "nil", with, func(l *Linker) error { return l.BeginPart(Dict{"A": nil}) }},
	} {
		l := NewLinker(io.Discard, c.opt)
		err := c.do(l)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
		if err := l.BeginPart(nil); err == nil {
			t.Errorf("%s: the print file can still be used", c.name)
		}
		l.Close()
	}
}

// A tree that is wrong in one place is not a sound print file.
func TestInspectRefusesWrongParts(t *testing.T) {
	t.Parallel()
	b, res := linkParts(t, Options{}, 1, 2, 2, 1)
	if _, err := Inspect(bytes.NewReader(b), res.Bytes); err != nil {
		t.Fatal(err)
	}
	objs := readFileObjects(t, b)
	var nodes []int // of the parts
	for _, row := range objs[objs[objs[objs[0].(Dict)["Root"].(Ref)].(Dict)["DPartRoot"].(Ref)].(Dict)["DPartRootNode"].(Ref)].(Dict)["DParts"].(Array) {
		for _, n := range row.(Array) {
			nodes = append(nodes, int(n.(Ref)))
		}
	}
	if nodes = nodes[1:]; len(nodes) != 3 || digits(nodes[0]) != digits(nodes[1]) {
		t.Fatalf("nodes %v: numbers of different width cannot be exchanged", nodes)
	}
	back := fmt.Sprintf("/DPart %d 0 R", nodes[0])
	end := fmt.Sprintf("/End %d 0 R", int(objs[Ref(nodes[0])].(Dict)["End"].(Ref)))
	start := fmt.Sprintf("/Start %d 0 R", int(objs[Ref(nodes[1])].(Dict)["Start"].(Ref)))
	for _, c := range []struct{ name, old, new, want string }{
		{"another way back", back, fmt.Sprintf("/DPart %d 0 R", nodes[1]), "another document part"},
		{"no way back", back, strings.Repeat(" ", len(back)), "some sides"},
		{"another end", end, strings.Replace(end, "/End", "/Enp", 1), "first and last page"},
		{"another start", start, fmt.Sprintf("/Start %d 0 R", int(objs[Ref(nodes[1])].(Dict)["End"].(Ref))), "first and last page"},
		{"level", "/RecordLevel 1", "/RecordLevel 0", "levels"},
		{"names", "/PrintFile", "/PrintFila", "levels"},
		{"no root", "/DPartRoot ", "/DPartRoof ", "does not name their root"},
		{"order", fmt.Sprintf(" %d 0 R %d 0 R", nodes[0], nodes[1]), fmt.Sprintf(" %d 0 R %d 0 R", nodes[1], nodes[0]), "another part 2"},
		{"one less", fmt.Sprintf(" %d 0 R]]", nodes[2]), strings.Repeat(" ", len(fmt.Sprintf(" %d 0 R", nodes[2]))) + "]]", "names 3 parts"},
	} {
		if len(c.old) != len(c.new) || !bytes.Contains(b, []byte(c.old)) {
			t.Fatalf("%s: %q cannot become %q", c.name, c.old, c.new)
		}
		bad := bytes.Replace(b, []byte(c.old), []byte(c.new), 1)
		_, err := Inspect(bytes.NewReader(bad), int64(len(bad)))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
	}
}

// Metadata of another form than ours are told from ours.
func TestPartMetadataOf(t *testing.T) {
	t.Parallel()
	for _, m := range []PartMetadata{{}, {Kind: "Control"}, {Number: 1}, {Job: "A", ID: "b c", Konteringskode: "x"}, meta(3, 3)} {
		if got, err := PartMetadataOf(m.Dict()); err != nil || got != m {
			t.Errorf("%+v became %+v (%v)", m, got, err)
		}
	}
	for _, d := range []Dict{
		nil, {}, {"CIP4_Root": Dict{}}, {"CIP4_Root": Int(1)},
		{"CIP4_Root": Dict{"Type": Name("CIP4_Root"), "More": Int(1)}},
		{"CIP4_Root": Dict{"Type": Name("CIP4_Root")}, "Postgang": Dict{"Number": Int(-1)}},
		{"CIP4_Root": Dict{"Type": Name("CIP4_Root")}, "Postgang": Dict{"Number": String("1")}},
		{"CIP4_Root": Dict{"Type": Name("CIP4_Root")}, "Postgang": Dict{"Konteringskode": HexString{0xFE, 0xFF, 0xD8, 0x00}}},
	} {
		if m, err := PartMetadataOf(d); err == nil {
			t.Errorf("%v is read as %+v", d, m)
		}
	}
}
