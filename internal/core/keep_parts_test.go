package core_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/docket-desk/docket/internal/core"
)

// What is kept in several documents changes as a whole: the last list alone is there, and one
// that cannot be kept leaves the one before it.
func TestDocumentsAreReplacedAsAWhole(t *testing.T) {
	d := newDesk(t)
	resource, _ := d.running(t)
	there := func() []string {
		var out []string
		if err := d.View(ctx, d.staff, func(s *core.Scene) error {
			list, err := s.ShownDocuments(core.DocumentQuery{Kind: "test.parts", Parent: resource})
			for _, doc := range list {
				out = append(out, doc.Name+"="+string(doc.Body))
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		slices.Sort(out)
		return out
	}
	part := func(name, body string) core.Part { return core.Part{Name: name, Body: json.RawMessage(body)} }
	for _, step := range []struct {
		parts []core.Part
		want  []string
		kind  core.Kind
	}{
		{[]core.Part{part("a", "1"), part("b", "2"), part("c", "3")}, []string{"a=1", "b=2", "c=3"}, ""},
		{[]core.Part{part("b", "4"), part("d", "5")}, []string{"b=4", "d=5"}, ""},
		{[]core.Part{part("b", "6"), part("e", `"`+strings.Repeat("x", core.MaxDocument)+`"`)}, []string{"b=4", "d=5"}, core.TooLarge},
		{[]core.Part{part("a", "7")}, []string{"a=7"}, ""},
		{nil, nil, ""},
	} {
		if err := d.ReplaceDocuments(ctx, d.seller, "test.parts", d.buyer.ID, resource, step.parts); core.KindOf(err) != step.kind {
			t.Fatalf("%v: %v", step.parts, err)
		}
		if got := there(); !slices.Equal(got, step.want) {
			t.Errorf("kept are %v, want %v", got, step.want)
		}
	}
}
