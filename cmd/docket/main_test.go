package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/docket-desk/docket/client"
)

// docket runs a command line and returns its exit code and all that it said.
func docket(t *testing.T, args ...string) (int, string) {
	t.Helper()
	root := command()
	var out bytes.Buffer
	root.SetOut(&out)
	root.SetErr(&out)
	root.SetArgs(args)
	err := root.ExecuteContext(t.Context())
	if err == nil {
		return exitDone, out.String()
	}
	code := exitFailed
	if e := (exit{}); errors.As(err, &e) {
		code = e.code
	}
	return code, out.String() + err.Error()
}

func must(t *testing.T, args ...string) string {
	t.Helper()
	code, said := docket(t, args...)
	if code != exitDone {
		t.Fatalf("docket %s: %d\n%s", strings.Join(args, " "), code, said)
	}
	return said
}

const desk = `
customers:
  - {slug: buyer, name: Buyer, projects: [{slug: lab}]}
  - {slug: seller, name: Seller, projects: [{slug: own}]}
users:
  - {login: olive, home: buyer, tokens: [{}]}
providers:
  - customer: seller
    offerings:
      - code: racks
        measure: count
        fulfilment: shipment
        components: [{code: big, stock: true}]
        plans: [{code: buy, prices: [{component: big, once: 1000}]}]
`

// atRest makes a desk at rest, with a world.
func atRest(t *testing.T) (data, world string) {
	t.Helper()
	data, world = t.TempDir(), filepath.Join(t.TempDir(), "world.yaml")
	if err := os.WriteFile(world, []byte(desk), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("DOCKET_URL", "")
	must(t, "apply", "--data", data, world)
	return data, world
}

func TestAWorldIsAppliedToADeskAtRest(t *testing.T) {
	data, file := atRest(t)
	var done client.Applied
	if err := json.Unmarshal([]byte(must(t, "apply", "--data", data, "--json", file)), &done); err != nil {
		t.Fatal(err)
	}
	for _, c := range done.Changes {
		if c.Did != "kept" {
			t.Errorf("the second time, %s %s was %s", c.Kind, c.Name, c.Did)
		}
	}
	if said := must(t, "apply", "--data", filepath.Join(t.TempDir(), "new"), file); !strings.Contains(said, "made    customer buyer") || !strings.Contains(said, "olive's token: 0") {
		t.Errorf("it says:\n%s", said)
	}
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	if err := os.WriteFile(bad, []byte("customers:\n  - slug: buyer\n    currency: dollars\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, said := docket(t, "apply", "--data", data, bad); code != exitFailed || !strings.Contains(said, bad+":3: customers[0].currency: ") {
		t.Errorf("%d %s", code, said)
	}
}

func TestTheBooksOfADeskAtRestAreVerified(t *testing.T) {
	data, _ := atRest(t)
	if said := must(t, "verify", "--data", data); !strings.HasPrefix(said, "All is well: 0 orders") {
		t.Errorf("it says %s", said)
	}
	var r client.Report
	if err := json.Unmarshal([]byte(must(t, "verify", "--data", data, "--json")), &r); err != nil || r.Disagrees == nil || r.Seconds <= 0 {
		t.Errorf("%+v, %v", r, err)
	}
	if said := must(t, "verify", "--data", data, "--progress"); !strings.Contains(said, "events: 0 orders, 0 entries; 0 rows, 0 a second\n") || !strings.Contains(said, "All is well") {
		t.Errorf("how far it is: %s", said)
	}
	must(t, "migrate", "--data", data)
}

func TestAnArchiveIsImportedWithAndWithoutPixels(t *testing.T) {
	data, _ := atRest(t)
	item := `{"type":"Feature","geometry":null,"properties":{"catalog_id":"10300100AABBCC00","datetime":"2026-01-02T03:04:05Z","platform":"WV02","utm_zone":10,"quadkey":"120020223032",
		"proj:epsg":32610,"proj:geometry":{"type":"Polygon","coordinates":[[[550000,4180000],[555000,4180000],[555000,4185000],[550000,4185000],[550000,4180000]]]},
		"tile:clouds_area":0,"tile:clouds_percent":0}`
	dir := t.TempDir()
	for name, text := range map[string]string{
		"bare.geojson": `{"type":"FeatureCollection","features":[` + item + `}]}`,
		"item.json":    item + `,"assets":{"visual":{"href":"./pixels.tif"}}}`,
		"catalog.json": `{"type":"Catalog","links":[{"rel":"self","href":"./catalog.json"},{"rel":"item","href":"./item.json"},{"rel":"child","href":"catalog.json"}]}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	bare := filepath.Join(dir, "bare.geojson")
	if code, said := docket(t, "archive", "import", "--data", data, bare); code != exitFailed || !strings.Contains(said, "10300100AABBCC00 Z10-120020223032") {
		t.Errorf("%d %s", code, said)
	}
	for _, args := range [][]string{{bare, "--stand-in-pixels"}, {filepath.Join(dir, "item.json")}, {filepath.Join(dir, "catalog.json")}} {
		if said := must(t, append([]string{"archive", "import", "--data", data}, args...)...); said != "1 tiles of 1 acquisitions are in the archive.\n" {
			t.Errorf("%v: %s", args, said)
		}
	}
	if code, said := docket(t, "archive", "import", "--data", data, filepath.Join(dir, "none.geojson")); code != exitFailed || !strings.Contains(said, "there is no file") {
		t.Errorf("%d %s", code, said)
	}
}

func TestMistakesSayWhatToDoNext(t *testing.T) {
	data, _ := atRest(t)
	for name, tt := range map[string]struct {
		args []string
		code int
		say  string
	}{
		"no such verb":         {[]string{"frob"}, exitUsage, "`docket --help` says more"},
		"no such order verb":   {[]string{"order", "frob"}, exitUsage, "`docket order --help` says more"},
		"no such flag":         {[]string{"serve", "--prot", "1"}, exitUsage, "`docket serve --help` says more"},
		"no data directory":    {[]string{"serve"}, exitUsage, "--data DIR"},
		"no desk named":        {[]string{"order", "list"}, exitUsage, "DOCKET_URL"},
		"a desk that is none":  {[]string{"order", "list", "--data", filepath.Join(data, "none")}, exitFailed, "docket serve --data"},
		"nobody there":         {[]string{"order", "list", "--url", "http://127.0.0.1:1"}, exitFailed, "docket serve"},
		"no URL":               {[]string{"order", "list", "--url", "desk"}, exitUsage, "http://127.0.0.1:8080"},
		"no such order":        {[]string{"order", "show", "12", "--data", data}, exitFailed, "There is no such order."},
		"no state to ship to":  {[]string{"order", "ship", "12", "--data", data}, exitUsage, "--state shipped"},
		"an amount left out":   {[]string{"order", "adjust", "12", "--data", data}, exitUsage, "--amount and --message"},
		"a page of nothing":    {[]string{"order", "list", "--limit", "0", "--data", data}, exitUsage, "1 to 1000"},
		"a bad setting":        {[]string{"serve", "--data", data, "--log-level", "loud"}, exitUsage, "debug, info, warn or error"},
		"another database":     {[]string{"serve", "--data", data, "--db", "mysql://x/y"}, exitUsage, "postgres://user:password@host"},
		"no file to apply":     {[]string{"apply", "--data", data}, exitUsage, "`docket apply --help` says more"},
		"an address taken":     {[]string{"serve", "--data", t.TempDir(), "--http", "256.0.0.1:1"}, exitFailed, "--http"},
		"nothing to migrate":   {[]string{"migrate", "--data", filepath.Join(data, "none")}, exitFailed, "docket serve --data"},
		"no books to look at":  {[]string{"verify", "--data", t.TempDir()}, exitFailed, "there is no desk in"},
		"an empty folder":      {[]string{"order", "list", "--data", t.TempDir()}, exitFailed, "there is no desk in"},
		"arguments too many":   {[]string{"version", "please"}, exitUsage, "docket version"},
		"a negative number":    {[]string{"order", "list", "--limit", "-1", "--data", data}, exitUsage, "1 to 1000"},
		"a number that's none": {[]string{"order", "list", "--limit", "x", "--data", data}, exitUsage, "`docket order list --help` says more"},
	} {
		t.Run(name, func(t *testing.T) {
			if code, said := docket(t, tt.args...); code != tt.code || !strings.Contains(said, tt.say) {
				t.Errorf("%d %s\nwant %d and %q in it", code, said, tt.code, tt.say)
			}
		})
	}
}

func TestEveryVerbHasHelpWithAnExample(t *testing.T) {
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		if c.Name() == "help" || c.Name() == "completion" {
			return
		}
		if c.Short == "" || (c.Example == "" && !c.HasSubCommands()) {
			t.Errorf("%s has no example", c.CommandPath())
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(command())
	if said := must(t, "--help"); !strings.Contains(said, "Exit codes: 0") {
		t.Errorf("the help says\n%s", said)
	}
}

func TestTheReadmesCommandsAreCommands(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("DOCKET_URL", "http://127.0.0.1:1")
	t.Setenv("DOCKET_TOKEN", "none")
	t.Chdir(t.TempDir())
	tried := 0
	for line := range strings.Lines(string(readme)) {
		line, _, _ = strings.Cut(line, "#")
		for part := range strings.SplitSeq(line, ";") {
			args, ok := strings.CutPrefix(strings.TrimSpace(part), "docket ")
			if !ok || strings.HasPrefix(args, "serve") { // which would serve
				continue
			}
			tried++
			if code, said := docket(t, strings.Fields(args)...); code == exitUsage {
				t.Errorf("docket %s: %s", args, said)
			}
		}
	}
	if tried < 5 {
		t.Errorf("only %d commands were found", tried)
	}
}

func TestTheClockIsTurnedOnlyOverAPort(t *testing.T) {
	t.Setenv("DOCKET_URL", "")
	t.Setenv("DOCKET_TOKEN", "")
	data, _ := atRest(t)
	for name, tt := range map[string]struct {
		args []string
		say  string
	}{
		"no desk":       {[]string{"clock"}, "which desk?"},
		"one at rest":   {[]string{"clock", "--data", data}, "unknown flag"},
		"to no instant": {[]string{"clock", "set"}, "accepts 1 arg"},
	} {
		t.Run(name, func(t *testing.T) {
			if code, said := docket(t, tt.args...); code != exitUsage || !strings.Contains(said, tt.say) {
				t.Errorf("%d %s, want %q", code, said, tt.say)
			}
		})
	}
}
