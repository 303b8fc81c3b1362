package waldur

import (
	"bytes"
	"encoding/json"
	cli "flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The operations of the vendor's API as its own client reads and writes them: what
// testdata/contract.json restates of the contract. Where the contract lies beside the
// repository (../shared/contracts/waldur.json), a test holds the two against each other.

var writeContract = cli.Bool("contract", false, "write testdata/contract.json anew from ../shared/contracts/waldur.json")

const contractFile = "testdata/contract.json"

// documented is one operation.
type documented struct {
	Name     string   `json:"name"`
	Method   string   `json:"method"`
	Path     string   `json:"path"`
	Success  []int    `json:"success"`
	Query    []string `json:"query,omitempty"` // name:type
	Body     []string `json:"body,omitempty"`  // name:type, with ! where it must be sent
	Model    string   `json:"model,omitempty"` // "": the client does not read the answer
	List     bool     `json:"list,omitempty"`
	Paged    bool     `json:"paged,omitempty"`
	Required []string `json:"required,omitempty"`
	NotNull  []string `json:"not_null,omitempty"`
}

type contract struct {
	Operations []documented
	Models     map[string]map[string]string // key: type, with ! where it must be there and ? where it may be null
}

// fields are the name:type pairs of a list, in its order.
func fields(list []string) func(yield func(name, typ string) bool) {
	return func(yield func(name, typ string) bool) {
		for _, s := range list {
			name, typ, _ := strings.Cut(s, ":")
			if !yield(name, typ) {
				return
			}
		}
	}
}

// sortKeys are what `o` takes, without "-".
func (o documented) sortKeys() []string {
	var out []string
	for name, typ := range fields(o.Query) {
		if name == "o" && strings.HasPrefix(typ, "enum(") {
			for _, k := range choicesOf(typ) {
				if k = strings.TrimPrefix(k, "-"); !slices.Contains(out, k) {
					out = append(out, k)
				}
			}
		}
	}
	return out
}

// choicesOf are the values of an enum's type.
func choicesOf(typ string) []string {
	_, rest, ok := strings.Cut(typ, "enum(")
	if !ok {
		return nil
	}
	inside, _, _ := strings.Cut(rest, ")")
	return strings.Split(inside, "|")
}

func loadContract(t testing.TB) contract {
	t.Helper()
	raw, err := os.ReadFile(contractFile)
	if err != nil {
		t.Fatal(err)
	}
	var c contract
	if err := json.Unmarshal(raw, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// beside finds a file of the folder "shared" beside the repository, or above it.
func beside(t testing.TB, name string) string {
	t.Helper()
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for up := here; up != filepath.Dir(up); up = filepath.Dir(up) {
		file := filepath.Join(up, "shared", name)
		if _, err := os.Stat(file); err == nil {
			return file
		}
	}
	return ""
}

// published is an operation as the contract's own file has it.
type published struct {
	Operation, Method, Path, Response string
	Query                             []string
	Request                           *struct{ Fields map[string]string }
	Success                           json.RawMessage
	Required                          []string          `json:"required_response_fields"`
	NotNull                           []string          `json:"must_not_be_null"`
	Fields                            map[string]string `json:"response_fields"`
	Nested                            map[string]map[string]string
	Paginated                         bool
}

func readPublished(t testing.TB, file string) contract {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var list []published
	if err := json.Unmarshal(raw, &list); err != nil {
		t.Fatal(err)
	}
	c := contract{Models: map[string]map[string]string{}}
	for _, p := range list {
		o := documented{Name: p.Operation, Method: p.Method, Path: p.Path, Query: p.Query, Paged: p.Paginated, Required: p.Required, NotNull: p.NotNull}
		if json.Unmarshal(p.Success, &o.Success) != nil {
			var one int
			if err := json.Unmarshal(p.Success, &one); err != nil {
				t.Fatalf("%s: success %s", p.Operation, p.Success)
			}
			o.Success = []int{one}
		}
		if p.Request != nil {
			for name, typ := range p.Request.Fields {
				o.Body = append(o.Body, name+":"+typ)
			}
			slices.Sort(o.Body)
		}
		if p.Response != "ignored" {
			o.Model, o.List = strings.CutPrefix(p.Response, "list of ")
			c.Models[o.Model] = p.Fields
			for name, fields := range p.Nested {
				c.Models[name] = fields
			}
		}
		c.Operations = append(c.Operations, o)
	}
	return c
}

// text writes the table with an operation and a model a line, so that a change can be read.
func (c contract) text(t testing.TB) []byte {
	var b bytes.Buffer
	line := func(v any) []byte {
		raw, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	b.WriteString("{\"Operations\": [\n")
	for n, o := range c.Operations {
		fmt.Fprintf(&b, "%s%s\n", line(o), ending(n, len(c.Operations)))
	}
	b.WriteString("],\n\"Models\": {\n")
	names := make([]string, 0, len(c.Models))
	for name := range c.Models {
		names = append(names, name)
	}
	slices.Sort(names)
	for n, name := range names {
		fmt.Fprintf(&b, "%q: %s%s\n", name, line(c.Models[name]), ending(n, len(names)))
	}
	b.WriteString("}}\n")
	return b.Bytes()
}

func ending(n, of int) string {
	if n < of-1 {
		return ","
	}
	return ""
}

func TestTheTableOfOperationsIsTheContracts(t *testing.T) {
	file := beside(t, "contracts/waldur.json")
	if file == "" {
		if *writeContract {
			t.Fatal("there is no shared/contracts/waldur.json beside the repository to write from")
		}
		t.Skip("the contract does not lie beside the repository: " + contractFile + " stands alone")
	}
	want := readPublished(t, file).text(t)
	if *writeContract {
		if err := os.WriteFile(contractFile, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(contractFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what the contract says: go test ./internal/door/waldur -run Contracts -contract", contractFile)
	}
}
