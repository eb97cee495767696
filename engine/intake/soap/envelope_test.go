package soap

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"

	"postgang/engine/intake/door"
)

// readAll reads an envelope, and gives what its documents hold.
func readAll(r io.Reader) (op *node, documents [][]byte, p *door.Problem) {
	e := &envelope{
		began: func(xml.Name) *door.Problem { return nil },
		took: func(content io.Reader) (int, *door.Problem) {
			data, err := io.ReadAll(content)
			if err != nil {
				return 0, errBase64
			}
			documents = append(documents, data)
			return len(documents), nil
		},
	}
	op, p = e.read(r, func(error) *door.Problem { return errXML })
	return op, documents, p
}

const (
	before = `<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body><sendForsendelse><forsendelse><dokumenter><data>`
	after  = `</data><filnavn>a.pdf</filnavn></dokumenter></forsendelse></sendForsendelse></e:Body></e:Envelope>`
)

// TestNothingIsHeld: a document of 96 MB in the envelope takes no more memory than a small one.
func TestNothingIsHeld(t *testing.T) {
	line := strings.Repeat("A", 76) + "\r\n"
	body := io.MultiReader(strings.NewReader(before), io.LimitReader(&repeated{text: line}, int64(len(line))*1_250_000), strings.NewReader(after))
	var came int64
	e := &envelope{
		began: func(xml.Name) *door.Problem { return nil },
		took: func(content io.Reader) (int, *door.Problem) {
			n, err := io.Copy(io.Discard, content)
			if err != nil {
				return 0, errBase64
			}
			came = n
			return 1, nil
		},
	}
	var was, is runtime.MemStats
	runtime.ReadMemStats(&was)
	if _, p := e.read(body, func(error) *door.Problem { return errXML }); p != nil {
		t.Fatal(p)
	}
	runtime.ReadMemStats(&is)
	if came != 57*1_250_000 {
		t.Errorf("%d bytes came", came)
	}
	if used := is.TotalAlloc - was.TotalAlloc; used > 2<<20 {
		t.Errorf("%d bytes of memory were taken", used)
	}
}

// repeated is a text without end.
type repeated struct {
	text string
	at   int
}

func (r *repeated) Read(p []byte) (n int, err error) {
	for n < len(p) {
		c := copy(p[n:], r.text[r.at:])
		n, r.at = n+c, (r.at+c)%len(r.text)
	}
	return n, nil
}

// plain reads the base64 of an envelope as encoding/xml alone does, with everything in memory.
func plain(data []byte) (texts []string, ok bool) {
	d := xml.NewDecoder(bytes.NewReader(data))
	d.CharsetReader = func(string, io.Reader) (io.Reader, error) { return nil, errXML }
	var path []string
	var text strings.Builder
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			return texts, true
		}
		if err != nil {
			return nil, false
		}
		switch t := t.(type) {
		case xml.StartElement:
			path = append(path, t.Name.Local)
			text.Reset()
		case xml.CharData:
			text.Write(t)
		case xml.EndElement:
			if n := len(path); n > 4 && path[1] == "Body" && strings.EqualFold(path[n-1], "data") && strings.EqualFold(path[n-2], "dokumenter") {
				if s := strings.Join(strings.Fields(text.String()), ""); s != "" {
					texts = append(texts, s)
				}
			}
			path = path[:len(path)-1]
			text.Reset()
		}
	}
}

// FuzzEnvelope: what is read past the decoder is what the decoder would have read, and nothing panics.
func FuzzEnvelope(f *testing.F) {
	for _, content := range []string{"QQ==", " Q&#13;\nQ&#x3d;= ", "<![CDATA[QUJD]]>", "QU<![CDATA[JD]]>\n", "<!-- x -->QUJD", "QUJD<!-- x -->", `<Include href="cid:a"/>`, "", "<b>QUJD</b>", "Q]]>", "&amp;"} {
		f.Add([]byte(before + content + after))
	}
	f.Add([]byte(strings.Replace(before, "<data>", "<data/><data a='/'>", 1) + "QUJD" + after))
	f.Add([]byte(`<?xml version="1.0" encoding="ISO-8859-1"?>` + before + "QUJD" + after))
	f.Fuzz(func(t *testing.T, data []byte) {
		op, documents, p := readAll(bytes.NewReader(data))
		if p != nil {
			return
		}
		spread(op)
		out, _ := canonical(op)
		if !json.Valid(out) {
			t.Fatalf("no JSON: %s", out)
		}
		texts, ok := plain(data)
		if !ok || len(documents) == 0 || len(texts) != len(documents) {
			return // encodings, what stands behind the envelope, and elements within data are ours to judge
		}
		for i, s := range texts {
			if want, err := base64.StdEncoding.DecodeString(s); err == nil && !bytes.Equal(want, documents[i]) {
				t.Fatalf("document %d is %q, want %q", i, documents[i], want)
			}
		}
	})
}
