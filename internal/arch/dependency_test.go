package arch

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// required reads go.mod: the modules it requires, and whether each is marked as indirect.
func required(t *testing.T) map[string]bool {
	t.Helper()
	b, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	indirect := map[string]bool{}
	for line := range strings.Lines(string(b)) {
		code, comment, _ := strings.Cut(strings.TrimPrefix(line, "require "), "//")
		if words := strings.Fields(code); len(words) == 2 && strings.HasPrefix(words[1], "v") {
			indirect[words[0]] = strings.TrimSpace(comment) == "indirect"
		}
	}
	return indirect
}

// moduleOf is the longest module path that an import path begins with.
func moduleOf(path string, modules map[string]bool) string {
	best := ""
	for m := range modules {
		if (path == m || strings.HasPrefix(path, m+"/")) && len(m) > len(best) {
			best = m
		}
	}
	return best
}

func TestWhatIsImportedIsADirectDependencyWithADecision(t *testing.T) {
	files, err := filepath.Glob("../../docs/decisions/*.md")
	if err != nil {
		t.Fatal(err)
	}
	var decisions []byte
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		decisions = append(decisions, b...)
	}
	modules := required(t)
	used := map[string]string{}
	for _, p := range packages(t) {
		for _, i := range append(p.Imports, append(p.TestImports, p.XTestImports...)...) {
			if first, _, _ := strings.Cut(i, "/"); strings.Contains(first, ".") && !strings.HasPrefix(i, module) {
				used[moduleOf(i, modules)] = p.ImportPath
			}
		}
	}
	for m, by := range used {
		if modules[m] {
			t.Errorf("%s imports %s, which go.mod calls indirect: go mod tidy", by, m)
		}
		if !bytes.Contains(decisions, []byte(strings.TrimPrefix(m, "github.com/"))) {
			t.Errorf("%s imports %s, for which there is no decision", by, m)
		}
	}
	if len(used) < 8 {
		t.Errorf("only %d dependencies were found", len(used))
	}
}
