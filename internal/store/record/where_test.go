package record

import (
	"testing"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/order"
)

func TestFiltersBecomeConditions(t *testing.T) {
	never := false
	for name, tt := range map[string]struct {
		filter func(w *where)
		want   string
		args   int
	}{
		"nothing narrows nothing": {func(w *where) {
			in(w, "a", []id.ID(nil))
			is(w, "b", id.ID(0))
			w.text("c", "")
			w.yes("d", nil)
			words(w, "e", []string(nil))
			w.contains("", "f")
			w.between("g", nil, nil)
			w.sight(nil, owners{customer: "h"})
			w.sight(&core.Sight{All: true}, owners{customer: "h"})
		}, "", 0},
		"one of a list is compared": {func(w *where) { in(w, "a", []id.ID{4}) }, " WHERE a = ?", 1},
		"many are one parameter":    {func(w *where) { in(w, "a", []id.ID{4, 5, 6}) }, " WHERE a = ANY (?)", 1},
		"neighbours are a span": {func(w *where) {
			coded(w, "a", orderStates, []order.State{order.Erred, order.Done, order.Erred})
		}, " WHERE a BETWEEN ? AND ?", 2},
		"others are not": {func(w *where) {
			coded(w, "a", orderStates, []order.State{order.Erred, order.Executing})
		}, " WHERE a = ANY (?)", 1},
		"one is one": {func(w *where) {
			coded(w, "a", orderStates, []order.State{order.Erred, order.Erred})
		}, " WHERE a = ?", 1},
		"conditions hold together": {func(w *where) { w.text("a", "x"); w.yes("b", &never) }, " WHERE a = ? AND b = ?", 2},
		"parts of a sight each show": {func(w *where) {
			w.sight(&core.Sight{Customers: []id.ID{1}, Users: []id.ID{2}}, owners{customer: "c", user: "u"})
		}, " WHERE (c = ? OR u = ?)", 2},
		"a sight of nothing shows none": {func(w *where) { w.sight(&core.Sight{}, owners{customer: "c"}) }, " WHERE (1 = 0)", 0},
		"a part the record has not":     {func(w *where) { w.sight(&core.Sight{Users: []id.ID{2}}, owners{customer: "c"}) }, " WHERE (1 = 0)", 0},
	} {
		t.Run(name, func(t *testing.T) {
			var w where
			tt.filter(&w)
			if w.sql() != tt.want || len(w.args) != tt.args {
				t.Errorf("got %q with %d parameters, want %q with %d", w.sql(), len(w.args), tt.want, tt.args)
			}
		})
	}
}

func TestPatternsMatchTheirTextAlone(t *testing.T) {
	if got, want := Pattern(`50%_Off\`).Text, `%50\%\_off\\%`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
