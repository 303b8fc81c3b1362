package arch

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/docket-desk/docket/"

type pkg struct {
	ImportPath   string
	Imports      []string
	TestImports  []string
	XTestImports []string
	GoFiles      []string
	Dir          string
}

func packages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,TestImports,XTestImports,GoFiles,Dir", "./...")
	cmd.Dir = "../.."
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var all []pkg
	for d := json.NewDecoder(out); ; {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	return all
}

// level finds a package's level; packages below a named one (internal/app/demo) stand
// with it.
func level(path string) (int, string) {
	best, name := -1, ""
	for n, names := range Levels {
		for _, p := range names {
			if (path == p || strings.HasPrefix(path, p+"/")) && len(p) > len(name) {
				best, name = n, p
			}
		}
	}
	return best, name
}

func TestImportsPointToLowerLevels(t *testing.T) {
	seen := 0
	for _, p := range packages(t) {
		path := strings.TrimPrefix(p.ImportPath, module)
		if path == "client" {
			for _, i := range p.Imports {
				if strings.Contains(i, ".") {
					t.Errorf("client imports %s: it stands on the standard library alone", i)
				}
			}
			continue
		}
		if path == "internal/arch" || path == "e2e" || strings.HasPrefix(path, "e2e/") || path == "bench" {
			continue
		}
		from, family := level(path)
		if from < 0 {
			t.Errorf("%s has no level: name it in arch.Levels", path)
			continue
		}
		seen++
		for _, i := range p.Imports {
			to, ok := strings.CutPrefix(i, module)
			if !ok || slices.Contains(Beside[path], to) || slices.Contains(Beside[family], to) {
				continue
			}
			lvl, other := level(to)
			if other == family || (lvl >= 0 && lvl < from) {
				continue
			}
			t.Errorf("%s (level %d) imports %s (level %d)", path, from, to, lvl)
		}
	}
	if seen < 10 {
		t.Fatalf("only %d packages were looked at", seen)
	}
}

func TestNoVendorsWordIsInTheCore(t *testing.T) {
	word := regexp.MustCompile(`(?i)\b(` + strings.Join(Words, "|") + `)\b`)
	banned := map[string]string{"net/http": "HTTP", "database/sql": "SQL"}
	for _, p := range packages(t) {
		path := strings.TrimPrefix(p.ImportPath, module)
		n, _ := level(path)
		if n < 0 || n > CoreLevel {
			continue
		}
		for _, i := range p.Imports {
			if what, bad := banned[i]; bad {
				t.Errorf("%s imports %s: the core knows no %s", path, i, what)
			}
		}
		for _, f := range p.GoFiles {
			b, err := os.ReadFile(filepath.Join(p.Dir, f))
			if err != nil {
				t.Fatal(err)
			}
			for n, line := range strings.Split(string(b), "\n") {
				code, _, _ := strings.Cut(line, "//") // a comment may cite its source
				if w := word.FindString(code); w != "" {
					t.Errorf("%s/%s:%d speaks of %q", path, f, n+1, w)
				}
			}
		}
	}
}
