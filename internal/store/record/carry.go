package record

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/docket-desk/docket/internal/core"
)

// MetaLoading is the setting that marks a store into which a desk is being loaded.
const MetaLoading = "loading"

// Marking is the statement that marks a store whose schema was just made, as part of the
// transaction that makes it: there is no moment at which it could be taken for a desk.
const Marking = "\nINSERT INTO meta (name, value) VALUES ('" + MetaLoading + "', 'begun');"

// MetaIDs is the setting under which a store that has no processes to tell apart keeps its
// floor of ids.
const MetaIDs = "ids"

// Requests are the columns of idem that stores have in common, in order of what is its
// key: the table itself is each store's own.
var Requests = Layout{Name: "idem", Columns: []string{"day", "hash", "body", "about_id", "at"}, Keys: 2}

// Carried lists the tables that go with a desk from store to store, by name.
var Carried = sync.OnceValue(func() []Layout {
	all := append(slices.Clone(layouts), Requests)
	slices.SortFunc(all, func(a, b Layout) int { return strings.Compare(a.Name, b.Name) })
	return all
})

// Handed is the condition that a row goes with its desk; "" where each does.
func (l Layout) Handed() string {
	if l.Name != meta.Name {
		return ""
	}
	return " WHERE name NOT IN ('" + MetaLoading + "', '" + MetaIDs + "')"
}

// Counting counts the rows that are handed over.
func (l Layout) Counting() string { return "SELECT count(*) FROM " + l.Name + l.Handed() }

// Handing reads the rows that are handed over, by key.
func (l Layout) Handing() string {
	return "SELECT " + strings.Join(l.Columns, ", ") + " FROM " + l.Name + l.Handed() + " ORDER BY " + strings.Join(l.Columns[:l.Keys], ", ")
}

// Same refuses a table that is not as this program keeps it, and returns its layout.
func Same(t core.Table) (Layout, error) {
	for _, l := range Carried() {
		if l.Name == t.Name && slices.Equal(l.Columns, t.Columns) {
			return l, nil
		}
	}
	return Layout{}, &core.Error{Kind: core.Invalid, Op: "load", Msg: fmt.Sprintf("This docket has no table %s with the columns %s.", t.Name, strings.Join(t.Columns, ", "))}
}

// Fits refuses a desk whose schema is another than a store's.
func Fits(s core.Snapshot, ours int) error {
	switch {
	case s.Schema > ours:
		return &core.Error{Kind: core.Conflict, Op: "load", Msg: fmt.Sprintf("The desk is at version %d, and this program knows versions up to %d: run a newer docket.", s.Schema, ours)}
	case s.Schema < ours:
		return &core.Error{Kind: core.Conflict, Op: "load", Msg: fmt.Sprintf("The desk is at version %d, older than this program's %d: load it with the docket that it comes from, then migrate it.", s.Schema, ours)}
	}
	return nil
}

// HalfLoaded refuses a store that carries the mark.
func HalfLoaded(where, remedy string) error {
	return &core.Error{Kind: core.Unavailable, Op: "open", Msg: "The desk in " + where + " is not whole: it was being restored or moved there, and that never ended. " + remedy}
}

// NotEmpty refuses to load over what is there.
func NotEmpty(where, table string) error {
	return &core.Error{Kind: core.Conflict, Op: "load", Msg: "There is something in " + where + " already (its table " + table + " has rows): a desk is only ever loaded where nothing is."}
}

// Older refuses to load over a desk that was not even migrated.
func Older(where string, version int64) error {
	return &core.Error{Kind: core.Conflict, Op: "load", Msg: fmt.Sprintf("There is a desk in %s already, at version %d: a desk is only ever loaded where nothing is.", where, version)}
}

// Unfit says which value cannot be kept, and where it stands.
func Unfit(t core.Table, n int64, column, why string) error {
	return &core.Error{Kind: core.Invalid, Op: "load", Msg: fmt.Sprintf("Row %d of table %s has in %s %s.", n, t.Name, column, why)}
}

// Uncounted refuses a table of which fewer or more rows came than were said.
func Uncounted(t core.Table, got int64) error {
	return &core.Error{Kind: core.Invalid, Op: "load", Msg: fmt.Sprintf("Of table %s %d rows came, and %d were to come.", t.Name, got, t.Rows)}
}
