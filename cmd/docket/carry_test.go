package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/docket-desk/docket/internal/app"
	"github.com/docket-desk/docket/internal/backup"
)

func TestADeskAtRestIsBackedUpCheckedAndRestored(t *testing.T) {
	data, _ := atRest(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "desk.tar")
	said := must(t, "backup", "--data", data, file, "--progress")
	for _, want := range []string{"backup: ", " rows, ", " in " + file, "Not in it: the master key", filepath.Join(data, "master.key"), "docket.yaml", "buckets/"} {
		if !strings.Contains(said, want) {
			t.Errorf("it says %s\nwithout %q", said, want)
		}
	}
	for _, args := range [][]string{{"backup", "--verify", file}, {"restore", "--check", file}} {
		if said := must(t, args...); !strings.HasPrefix(said, file+" is whole: ") {
			t.Errorf("%v says %s", args, said)
		}
	}
	again := filepath.Join(dir, "again")
	if said := must(t, "restore", "--data", again, file); !strings.Contains(said, "rows from sqlite are in "+again) || !strings.Contains(said, "the books agree") || !strings.Contains(said, "It needs the master key with the fingerprint ") {
		t.Errorf("it says %s", said)
	}
	must(t, "verify", "--data", again)
	var was, is backup.Manifest
	for m, args := range map[*backup.Manifest][]string{&was: {"--data", data, "--json", filepath.Join(dir, "was.tar")}, &is: {"--data", again, "--json", "file://" + filepath.Join(dir, "is")}} {
		if err := json.Unmarshal([]byte(must(t, append([]string{"backup"}, args...)...)), m); err != nil {
			t.Fatal(err)
		}
	}
	for n, table := range was.Tables {
		if is.Tables[n].Sum != table.Sum {
			t.Errorf("%s: %d rows, had %d", table.Name, is.Tables[n].Rows, table.Rows)
		}
	}
	if said := must(t, "restore", "--check", filepath.Join(dir, "is")); !strings.Contains(said, "is whole") { // the folder's path does, too
		t.Errorf("it says %s", said)
	}
	if len(was.Tables) < 20 || was.Rows == 0 || was.Rows != is.Rows {
		t.Errorf("%d tables, %d rows and %d", len(was.Tables), was.Rows, is.Rows)
	}
}

func TestARunningDeskIsAskedForItsBackup(t *testing.T) {
	data, world := atRest(t)
	staff := filepath.Join(t.TempDir(), "staff.yaml")
	if err := os.WriteFile(staff, []byte("users:\n  - {login: op, staff: true, tokens: [{value: 0000000000000b0b5e5e5e5e5e5e5e5e5e5e5e5e}]}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	must(t, "apply", "--data", data, world, staff)
	cfg, err := app.Load(data, map[string]string{"http": "127.0.0.1:0", "https": "127.0.0.1:0", "log-level": "error"}, func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	d, err := app.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	s, err := d.Serve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop()
	t.Setenv("DOCKET_URL", "http://"+s.HTTPAddr)
	t.Setenv("DOCKET_TOKEN", "0000000000000b0b5e5e5e5e5e5e5e5e5e5e5e5e")
	dir := t.TempDir()
	file := filepath.Join(dir, "desk.tar")
	if said := must(t, "backup", file); !strings.Contains(said, " in "+file) || !strings.Contains(said, "Not in it") {
		t.Errorf("it says %s", said)
	}
	must(t, "restore", "--data", filepath.Join(dir, "again"), file)
	must(t, "backup", "--data", data, filepath.Join(dir, "beside.tar")) // while it runs
	t.Setenv("DOCKET_TOKEN", "none")
	if code, said := docket(t, "backup", filepath.Join(dir, "none.tar")); code != exitFailed || !strings.Contains(said, "DOCKET_TOKEN") {
		t.Errorf("%d %s", code, said)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 3 {
		t.Errorf("there is %v, %v", left, err)
	}
}

func TestBackupsAndMovesThatCannotBeSayWhy(t *testing.T) {
	data, _ := atRest(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "desk.tar")
	must(t, "backup", "--data", data, file)
	for name, tt := range map[string]struct {
		args []string
		code int
		say  string
	}{
		"no desk named":              {[]string{"backup", filepath.Join(dir, "a.tar")}, exitUsage, "DOCKET_URL"},
		"to nowhere":                 {[]string{"backup", "--data", data}, exitUsage, "`docket backup --help` says more"},
		"over a file":                {[]string{"backup", "--data", data, file}, exitFailed, "is there already"},
		"a folder for a file":        {[]string{"backup", "--data", data, dir}, exitFailed, "is a folder: name a file in it"},
		"no such bucket":             {[]string{"backup", "--data", data, "cloud://a/b"}, exitFailed, "cloud://a/b cannot be opened"},
		"of no desk":                 {[]string{"backup", "--data", filepath.Join(dir, "none"), filepath.Join(dir, "b.tar")}, exitFailed, "there is no desk in"},
		"within no time":             {[]string{"backup", "--data", data, "--within", "0s", filepath.Join(dir, "c.tar")}, exitUsage, "--within"},
		"within too little":          {[]string{"backup", "--data", data, "--within", "1ns", filepath.Join(dir, "d.tar")}, exitFailed, "not handed over within 1ns"},
		"nobody there":               {[]string{"backup", "--url", "http://127.0.0.1:1", filepath.Join(dir, "e.tar")}, exitFailed, "docket serve"},
		"a database that is none":    {[]string{"backup", "--db", "mysql://a/b", filepath.Join(dir, "f.tar")}, exitFailed, "postgres://user:password@host"},
		"restored to nowhere":        {[]string{"restore", file}, exitUsage, "--data, or a database with --db"},
		"restored from nothing":      {[]string{"restore", "--data", filepath.Join(dir, "x"), filepath.Join(dir, "none.tar")}, exitFailed, "no such file"},
		"restored over a desk":       {[]string{"restore", "--data", data, file}, exitFailed, "there is a desk in " + data + " already"},
		"verified, and none":         {[]string{"backup", "--verify", filepath.Join(data, "docket.db")}, exitFailed, "is no backup"},
		"moved from nowhere":         {[]string{"move", "--to", data}, exitUsage, "--from and --to"},
		"moved over a desk":          {[]string{"move", "--from", data, "--to", data}, exitFailed, "already"},
		"moved from an empty folder": {[]string{"move", "--from", dir, "--to", filepath.Join(dir, "y")}, exitFailed, "there is no desk in"},
		"moved to what is none":      {[]string{"move", "--from", data, "--to", "mysql://a:secret@b/c"}, exitFailed, "postgres://user:password@host"},
	} {
		t.Run(name, func(t *testing.T) {
			if code, said := docket(t, tt.args...); code != tt.code || !strings.Contains(said, tt.say) {
				t.Errorf("%d %s\nwant %d and %q in it", code, said, tt.code, tt.say)
			}
		})
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("there is %v, %v", left, err)
	}
}

func TestAMovedDeskNeedsTheSameMasterKey(t *testing.T) {
	data, _ := atRest(t)
	to := filepath.Join(t.TempDir(), "to")
	if said := must(t, "move", "--from", data, "--to", to); !strings.Contains(said, "rows from sqlite are in "+to) || !strings.Contains(said, data+" is as it was. Serve only one of them.") {
		t.Errorf("it says %s", said)
	}
	must(t, "verify", "--data", to)
	if code, said := docket(t, "migrate", "--data", to); code != exitFailed || !strings.Contains(said, "another master key") {
		t.Errorf("%d %s", code, said)
	}
	key, err := os.ReadFile(filepath.Join(data, "master.key"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(to, "master.key"), key, 0o600); err != nil {
		t.Fatal(err)
	}
	must(t, "migrate", "--data", to)
}
