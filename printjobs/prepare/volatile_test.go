package prepare

import (
	"context"
	"os"
	"path/filepath"
	"testing"
)

// TestVolatile: what need not outlive a crash is the same in all else, here and from a worker.
func TestVolatile(t *testing.T) {
	t.Parallel()
	letter := onePage(a4, "1 0 0 rg 0 0 9 9 re f")
	want, durable := mustPrepare(t, letter)
	wantBytes, err := os.ReadFile(durable)
	if err != nil {
		t.Fatal(err)
	}
	in := write(t, "brev.pdf", letter)
	for name, prepare := range map[string]func(context.Context, Request) (Facts, error){
		"here": Letter, "in a worker": newPool(t, PoolOptions{Workers: 1}).Letter,
	} {
		dir := t.TempDir()
		out := filepath.Join(dir, "ut.pdf")
		got, err := prepare(t.Context(), Request{Documents: []Document{{Path: in}}, Output: out, Volatile: true})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if data, err := os.ReadFile(out); err != nil || string(data) != string(wantBytes) || got.SHA256 != want.SHA256 || got.Bytes != want.Bytes {
			t.Errorf("%s: another file than a durable one (%v)", name, err)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
			t.Errorf("%s: %d files, want the prepared one alone (%v)", name, len(left), err)
		}
	}
}
