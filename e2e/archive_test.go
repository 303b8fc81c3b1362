package e2e

import (
	"path/filepath"
	"strings"
	"testing"
)

// Real tiles' metadata stay out of the repository (their licence forbids
// commercial use), so this one test alone depends on a folder beside it.
func TestRealTilesAreImportedAndOrdered(t *testing.T) {
	needsClients(t)
	folder := filepath.Join(root, "..", "shared", "data", "open-imagery")
	files, err := filepath.Glob(filepath.Join(folder, "*.geojson"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Skip("the metadata of real tiles is not beside the repository, and is not copied into it")
	}
	d := empty(t)
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	if said, code := try(t, d.keys, path, "archive", "import", files[0]); code == 0 || !strings.Contains(said, "stand-in") {
		t.Errorf("tiles without pixels were taken without --stand-in-pixels (exit %d):\n%s", code, tail(said))
	}
	d.docket(t, append([]string{"archive", "import", "--stand-in-pixels"}, files...)...)
	d.docket(t, append([]string{"archive", "import", "--stand-in-pixels"}, files...)...) // as often as one likes

	script := filepath.Join(root, "e2e", "clients", "ard", "real_tiles.py")
	t.Log(strings.TrimSpace(d.python(t, "ard", append([]string{script}, files...)...)))
	d.verified(t)
	d.stop(t)
}
