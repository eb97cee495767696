package documents_test

import (
	"path/filepath"
	"testing"

	"postgang/engine/documents"
	"postgang/engine/documents/documentstest"
	"postgang/engine/shipment"
)

// TestFolder: documents in a folder do what every store of them must.
func TestFolder(t *testing.T) {
	t.Parallel()
	documentstest.Exercise(t, func(t *testing.T) documentstest.Place {
		path := t.TempDir()
		return documentstest.Place{
			Trusts: true,
			Open: func(t testing.TB) documents.Store {
				d, err := documents.OpenDir(path)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { d.Close() })
				return d
			},
			File: func(ref shipment.BlobRef) string {
				return filepath.Join(path, "sha256", ref.SHA256[:2], ref.SHA256[2:])
			},
		}
	})
}
