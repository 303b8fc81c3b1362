package world

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/docket-desk/docket/client"
	"github.com/docket-desk/docket/internal/door/native"
)

func TestTheDemoWorldIsRead(t *testing.T) {
	doc, err := Demo()
	if err != nil {
		t.Fatal(err)
	}
	w, err := native.World(doc.World)
	if err != nil {
		t.Fatal(doc.Locate(err))
	}
	if len(w.Customers) != 4 || len(w.Users) != 5 || !w.Archive.Generated {
		t.Errorf("%d customers, %d users, generated %v", len(w.Customers), len(w.Users), w.Archive.Generated)
	}
	if alice := w.Users[0]; alice.Password == nil || len(alice.Tokens) != 1 || len(alice.Pairs) != 2 || !alice.Pairs[1].ReadOnly {
		t.Errorf("alice's keys: %+v", alice)
	}
}

func TestAMistakeNamesFileLineAndMember(t *testing.T) {
	for name, tt := range map[string]struct{ text, want string }{
		"a member nobody knows":         {"customers:\n  - slug: x\n    nmae: X\n", "w.yaml:3: customers[0].nmae: there is no such member; there are slug, name"},
		"a list that is an object":      {"customers:\n  slug: x\n", "w.yaml:2: customers: want a list"},
		"an object that is a text":      {"customers:\n  - aurora\n", "w.yaml:2: customers[0]: want an object"},
		"a text that is a list":         {"customers:\n  - slug: [x]\n", "w.yaml:2: customers[0].slug: want a text or a number"},
		"a flag that is none":           {"users:\n  - login: x\n    staff: maybe\n", "w.yaml:3: users[0].staff: want true or false"},
		"a number that is none":         {"providers:\n  - offerings:\n      - plans:\n          - term_months: long\n", "w.yaml:4: providers[0].offerings[0].plans[0].term_months: want a whole number"},
		"a member twice":                {"customers:\n  - slug: x\n    slug: y\n", "w.yaml:3: customers[0].slug: the member is there twice"},
		"what is no YAML":               {"customers: [\n", "w.yaml: line 1: did not find expected node content"},
		"attributes that are no object": {"users:\n  - attrs: 3\n", "w.yaml:2: users[0].attrs: want an object"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse("w.yaml", []byte(tt.text))
			if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
				t.Errorf("got %v\nwant %s", err, tt.want)
			}
		})
	}
}

func TestARefusalIsLocatedWhereTheMemberWasWritten(t *testing.T) {
	dir := t.TempDir()
	files := map[string]string{
		"one.yaml": "customers:\n  - slug: a\n",
		"two.yaml": "# the second file's customers follow\ncustomers:\n  - slug: b\n    projects:\n      - slug: p\n        name: P\n",
	}
	var paths []string
	for _, name := range []string{"one.yaml", "two.yaml"} {
		paths = append(paths, filepath.Join(dir, name))
		if err := os.WriteFile(paths[len(paths)-1], []byte(files[name]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	doc, err := Read(paths...)
	if err != nil {
		t.Fatal(err)
	}
	if len(doc.World.Customers) != 2 || doc.World.Customers[1].Projects[0].Name != "P" {
		t.Fatalf("the files are read as %+v", doc.World)
	}
	for path, line := range map[string]int{
		"customers[1].projects[0].slug":   5,
		"customers[1].projects[0].end_on": 5, // was left out: its record's line
		"customers[1].number":             3,
	} {
		var f *Fault
		if err := doc.Locate(&client.Problem{Field: path, Detail: "No."}); !errors.As(err, &f) || f.File != paths[1] || f.Line != line || f.Path != path || f.Msg != "No." {
			t.Errorf("%s is located at %v, want line %d of two.yaml", path, err, line)
		}
	}
	other := errors.New("the network is down")
	if got := doc.Locate(other); got != other {
		t.Errorf("another error became %v", got)
	}
}

func TestNumbersKeepTheirDigits(t *testing.T) {
	doc, err := Parse("w.yaml", []byte("customers:\n  - slug: x\n    number: 012345678901\n    approve_over: 1234567.123456\n"))
	if err != nil {
		t.Fatal(err)
	}
	if c := doc.World.Customers[0]; c.Number != "012345678901" || c.ApproveOver != "1234567.123456" {
		t.Errorf("read as %+v", c)
	}
}
