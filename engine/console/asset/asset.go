// Package asset holds the files that pages of the console need in a browser: style, fonts, a little script. Each is served under a name
// from its content, so that a browser keeps it for a year; what can be squeezed is squeezed once. What others made is listed in Origins.
package asset

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"maps"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Origin says where a file of others comes from.
type Origin struct {
	File    string // in files/
	Package string // of npm
	Path    string // in the package
	Version string
	Licence string // SPDX
	Text    string // of the licence, in licences/
	SHA256  string // lower-case hex
}

// Origins are the files that others made, unchanged.
var Origins = []Origin{
	{"designsystemet.css", "@digdir/designsystemet-css", "dist/src/index.css", "1.22.0", "MIT", "designsystemet.txt",
		"2cde59fd79f14cef7ecfd37cbe9838ed7e075935e7a7ddf9d6fd0b695ac94b12"},
	{"tema.css", "@digdir/designsystemet-css", "dist/theme/designsystemet.css", "1.22.0", "MIT", "designsystemet.txt",
		"1c7bd2f71f9a6660435a3a83ea049e2be508de4d576dfe4209b21f4c0ce0b423"},
	{"inter-400.woff2", "@fontsource/inter", "files/inter-latin-400-normal.woff2", "5.3.0", "OFL-1.1", "inter.txt",
		"8909904ab6c872eb994093482a88a28eca2cd95912d7b6fecd72103b0dc07edc"},
	{"inter-600.woff2", "@fontsource/inter", "files/inter-latin-600-normal.woff2", "5.3.0", "OFL-1.1", "inter.txt",
		"f9a06e79cd3a2a20951c0f0e28f66dd0e6d3fda73911d640a2125c8fcb78f21a"},
}

// Prefix is below which the files are served.
const Prefix = "/fil/"

//go:embed files licences
var embedded embed.FS

// file is one as it is served.
type file struct {
	name     string // with the hash of its content
	kind     string // Content-Type
	plain    []byte
	squeezed []byte // nil: squeezing does not pay
}

var kinds = map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".woff2": "font/woff2", ".svg": "image/svg+xml", ".txt": "text/plain; charset=utf-8"}

// files are all of them, by their plain names.
var files = sync.OnceValue(func() map[string]file {
	out := map[string]file{}
	for _, dir := range []string{"files", "licences"} {
		entries, err := fs.ReadDir(embedded, dir)
		if err != nil {
			panic(err) // they are part of the program
		}
		for _, e := range entries {
			content, err := embedded.ReadFile(dir + "/" + e.Name())
			if err != nil {
				panic(err)
			}
			if e.Name() != own {
				out[e.Name()] = newFile(e.Name(), content)
			}
		}
	}
	// Our style names the fonts, and they are served under other names than they stand here.
	style, err := embedded.ReadFile("files/" + own)
	if err != nil {
		panic(err)
	}
	for _, font := range slices.Sorted(maps.Keys(out)) {
		style = bytes.ReplaceAll(style, []byte("url("+font+")"), []byte("url("+out[font].name+")"))
	}
	out[own] = newFile(own, style)
	return out
})

// own is our style.
const own = "konsoll.css"

func newFile(name string, content []byte) file {
	sum := sha256.Sum256(content)
	ext := path.Ext(name)
	f := file{name: strings.TrimSuffix(name, ext) + "-" + hex.EncodeToString(sum[:6]) + ext, kind: kinds[ext], plain: content}
	if ext != ".woff2" {
		var b bytes.Buffer
		w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
		if err == nil {
			_, err = w.Write(content)
		}
		if err != nil || w.Close() != nil {
			panic("squeezing into memory cannot fail")
		}
		if b.Len() < len(content) {
			f.squeezed = b.Bytes()
		}
	}
	return f
}

// Path is the address of a file by its plain name, e.g. "konsoll.css"; one that is not there is a fault of the program.
func Path(name string) string {
	f, ok := files()[name]
	if !ok {
		panic("no file " + name)
	}
	return Prefix + f.name
}

// Sizes are what each file weighs on the way to a browser, in bytes, by its plain name.
func Sizes() map[string]int {
	out := map[string]int{}
	for name, f := range files() {
		out[name] = len(f.plain)
		if f.squeezed != nil {
			out[name] = len(f.squeezed)
		}
	}
	return out
}

// Serve answers with the file of a name with a hash, below Prefix; 404 when there is none.
func Serve(w http.ResponseWriter, r *http.Request, name string) {
	for _, f := range files() {
		if f.name != name {
			continue
		}
		h := w.Header()
		h.Set("Content-Type", f.kind)
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		h.Set("Vary", "Accept-Encoding")
		body := f.plain
		if f.squeezed != nil && takesGzip(r.Header.Get("Accept-Encoding")) {
			h.Set("Content-Encoding", "gzip")
			body = f.squeezed
		}
		h.Set("Content-Length", strconv.Itoa(len(body)))
		if r.Method != http.MethodHead {
			_, _ = w.Write(body) // who asked may be gone
		}
		return
	}
	http.NotFound(w, r)
}

// takesGzip reads a header Accept-Encoding.
func takesGzip(header string) bool {
	for part := range strings.SplitSeq(header, ",") {
		coding, weight, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.EqualFold(strings.TrimSpace(coding), "gzip") {
			w := strings.ReplaceAll(weight, " ", "")
			return w != "q=0" && w != "q=0.0" && w != "q=0.00" && w != "q=0.000"
		}
	}
	return false
}
