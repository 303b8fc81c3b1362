package postgres

import (
	"cmp"
	"context"
	"slices"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/ledger"
	"github.com/docket-desk/docket/internal/limit"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/store/record"
)

// act is one act of a batch: it reads what the batch keeps and changes it there. What it
// needs and did not name, it names for the next batch (want); what a batch does not keep
// at all it does alone (refuser).
type act struct {
	record.Tx
	record.Shelved // goes before what Tx reads
	b              *batch
	ctx            context.Context
	over           bool
	failed         error
	wrote          bool
	lone           bool       // it must run alone
	wants          core.Touch // what it needs beside what it named
	keys           []limit.Key
}

var _ core.Tx = (*act)(nil)

// errNotKept ends an act that comes again; nobody sees it.
var errNotKept = &core.Error{Kind: core.Internal, Op: "update", Msg: "The act runs again under more locks."}

// refuser is the engine of what a batch does not keep.
type refuser struct{ a *act }

func (r refuser) Query(string, bool, []record.Arg, func(record.Row)) error {
	if err := r.a.usable(); err != nil {
		return err
	}
	r.a.lone = true
	return errNotKept
}

func (r refuser) Exec(_, _ string, _ func(record.Params) error) (int, error) {
	if err := r.a.usable(); err != nil {
		return 0, r.Spoil(err)
	}
	r.a.lone = true
	return 0, r.Spoil(errNotKept)
}

func (r refuser) Spoil(err error) error { return r.a.spoil(err) }

func (r refuser) RequestContains([]string, string) (string, []record.Arg) { return "", nil }

func (b *batch) newAct(ctx context.Context) *act {
	a := &act{b: b, ctx: ctx, Shelved: record.Shelved{Shelf: &b.shelf.Shelf, Under: &b.direct}}
	a.Tx = record.Tx{Reader: record.Reader{Engine: refuser{a}, Now: b.w.s.opts.Now}, Owners: &b.w.s.owners}
	return a
}

func (a *act) usable() error {
	switch {
	case a.over:
		return errOver
	case a.failed != nil:
		return a.failed
	}
	return nil
}

func (a *act) spoil(err error) error {
	if a.failed == nil {
		a.failed = err
	}
	return err
}

// want names what the act needs; it runs again when that is locked, too.
func (a *act) want(t core.Touch) error {
	a.wants.Customers = append(a.wants.Customers, t.Customers...)
	a.wants.Offerings = append(a.wants.Offerings, t.Offerings...)
	a.wants.Orders = append(a.wants.Orders, t.Orders...)
	a.wants.Resources = append(a.wants.Resources, t.Resources...)
	a.wants.Documents = append(a.wants.Documents, t.Documents...)
	a.wants.Idem = append(a.wants.Idem, t.Idem...)
	return errNotKept
}

// short reports whether the act needs more than its batch keeps.
func (a *act) short() bool {
	w := a.wants
	return len(w.Customers)+len(w.Offerings)+len(w.Orders)+len(w.Resources)+len(w.Documents)+len(w.Idem)+len(a.keys) > 0
}

func (a *act) writing() error {
	if err := a.usable(); err != nil {
		return a.spoil(err)
	}
	a.wrote = true
	return nil
}

// found is a row that is kept by its id.
func found[T any](a *act, rows map[id.ID]*slot[T], kind string, i id.ID, want core.Touch) (T, error) {
	var none T
	if err := a.usable(); err != nil {
		return none, err
	}
	s, ok := rows[i]
	switch {
	case !ok:
		return none, a.want(want)
	case !s.there:
		return none, record.Nothing(core.Ref{Kind: kind, ID: i})
	}
	return s.v, nil
}

func (a *act) Order(i id.ID) (order.Order, error) {
	return found(a, a.b.orders, "order", i, core.Touch{Orders: []id.ID{i}})
}

func (a *act) Resource(i id.ID) (order.Resource, error) {
	return found(a, a.b.resources, "resource", i, core.Touch{Resources: []id.ID{i}})
}

func (a *act) Document(i id.ID) (core.Document, error) {
	return found(a, a.b.documents, "document", i, core.Touch{Documents: []id.ID{i}})
}

func (a *act) Lines(orders ...id.ID) ([]order.Line, error) {
	if err := a.usable(); err != nil {
		return nil, err
	}
	var out []order.Line
	for _, i := range unique(slices.Clone(orders)) {
		if _, ok := a.b.orders[i]; !ok {
			return nil, a.want(core.Touch{Orders: []id.ID{i}})
		}
		out = append(out, values(a.b.lines[i])...)
	}
	return out, nil
}

// Entries are an order's, or a usage's whose resource is locked.
func (a *act) Entries(subject id.ID) ([]ledger.Entry, error) {
	if err := a.usable(); err != nil {
		return nil, err
	}
	list, ok := a.b.entries[subject]
	if ok {
		return values(list), nil
	}
	if !a.ownsUsage(subject) {
		return nil, a.want(core.Touch{Orders: []id.ID{subject}})
	}
	found, err := a.b.direct.Entries(subject)
	if err == nil {
		a.b.entries[subject] = storedAll(found)
	}
	return found, err
}

func storedAll[T any](list []T) []slot[T] {
	out := make([]slot[T], len(list))
	for n, v := range list {
		out[n] = stored(v)
	}
	return out
}

func (a *act) ownsUsage(i id.ID) bool {
	for _, list := range a.b.usages {
		if slices.ContainsFunc(list, func(s slot[order.Usage]) bool { return s.v.ID == i }) {
			return true
		}
	}
	return false
}

func (a *act) Job(subject id.ID, kind string) (core.Job, error) {
	if err := a.usable(); err != nil {
		return core.Job{}, err
	}
	if !a.b.subjects[subject] {
		return core.Job{}, a.want(core.Touch{Orders: []id.ID{subject}, Resources: []id.ID{subject}})
	}
	s, ok := a.b.jobs[jobKey{subject, kind}]
	if !ok || !s.there {
		return core.Job{}, record.Nothing(core.Ref{Kind: "job", ID: subject})
	}
	return s.v, nil
}

func (a *act) Balance(k limit.Key) (limit.Balance, error) {
	if err := a.usable(); err != nil {
		return limit.Balance{Key: k}, err
	}
	s, ok := a.b.balances[k]
	if !ok {
		a.keys = append(a.keys, k)
		return limit.Balance{Key: k}, errNotKept
	}
	return s.v, nil
}

func (a *act) Idem(days []day.Day, hash [16]byte) (core.Idem, error) {
	if err := a.usable(); err != nil {
		return core.Idem{}, err
	}
	if !a.b.near(days...) {
		a.lone = true
		return core.Idem{}, errNotKept
	}
	s, ok := a.b.idem[hash]
	switch {
	case !ok:
		return core.Idem{}, a.want(core.Touch{Idem: [][16]byte{hash}})
	case !s.there || !slices.Contains(days, s.v.Day):
		return core.Idem{}, noRequest()
	}
	return s.v, nil
}

// owned are the rows that belong to a resource, read when they are first asked for; they
// move under its lock alone.
func owned[T any](a *act, lists map[id.ID][]slot[T], resource id.ID, read func(id.ID) ([]T, error)) ([]slot[T], error) {
	if err := a.usable(); err != nil {
		return nil, err
	}
	if list, ok := lists[resource]; ok {
		return list, nil
	}
	r, ok := a.b.resources[resource]
	if !ok {
		return nil, a.want(core.Touch{Resources: []id.ID{resource}})
	}
	if r.was {
		found, err := read(resource)
		if err != nil {
			return nil, err
		}
		lists[resource] = storedAll(found)
	}
	return lists[resource], nil
}

func (a *act) Terms(resource id.ID) ([]order.Term, error) {
	list, err := owned(a, a.b.terms, resource, a.b.direct.Terms)
	out := values(list)
	slices.SortStableFunc(out, func(x, y order.Term) int { return x.From.Compare(y.From) })
	return out, err
}

func (a *act) Assets(resources ...id.ID) ([]order.Asset, error) {
	var out []order.Asset
	for _, i := range unique(slices.Clone(resources)) {
		list, err := owned(a, a.b.assets, i, func(i id.ID) ([]order.Asset, error) { return a.b.direct.Assets(i) })
		if err != nil {
			return nil, err
		}
		out = append(out, values(list)...)
	}
	return out, nil
}

// usagesBefore is how many months of a resource's usages before those first asked for a
// batch reads along: what acts of the same resource look back on. More is read alone.
const usagesBefore = 13

// usagesOf are the usages of a resource whose period begins on a day or later.
func (a *act) usagesOf(resource id.ID, from day.Day) ([]slot[order.Usage], error) {
	if bound, ok := a.b.usagesFrom[resource]; ok && from < bound {
		if err := a.usable(); err != nil {
			return nil, err
		}
		a.lone = true
		return nil, errNotKept
	}
	return owned(a, a.b.usages, resource, func(i id.ID) ([]order.Usage, error) {
		bound := from.Month(-usagesBefore)
		found, err := a.b.direct.Usages(core.UsageQuery{Resources: []id.ID{i}, From: &bound, Any: &core.Sight{All: true}, Page: core.Page{Ascending: true, Limit: 1 << 30}})
		if err == nil {
			a.b.usagesFrom[i] = bound
		}
		return found, err
	})
}

// Usages are those of one resource since a day; other lists are read alone.
func (a *act) Usages(q core.UsageQuery) ([]order.Usage, error) {
	one := len(q.Resources) == 1 && q.From != nil && q.Any != nil && q.Any.All && q.After == 0 && q.Before == 0 && q.Skip == 0 &&
		len(q.Customers)+len(q.Projects)+len(q.Providers)+len(q.Offerings) == 0
	if !one {
		return a.Tx.Usages(q)
	}
	list, err := a.usagesOf(q.Resources[0], *q.From)
	if err != nil {
		return nil, err
	}
	var out []order.Usage
	for _, s := range list {
		u := s.v
		if (len(q.Components) == 0 || slices.Contains(q.Components, u.Component)) && (q.From == nil || u.Period >= *q.From) && (q.To == nil || u.Period <= *q.To) &&
			(!q.ReportedOnly || u.Reported != nil) {
			out = append(out, u)
		}
	}
	slices.SortFunc(out, func(x, y order.Usage) int {
		if q.Ascending {
			return cmp.Compare(x.ID, y.ID)
		}
		return cmp.Compare(y.ID, x.ID)
	})
	most := q.Limit
	if most <= 0 {
		most = 100
	}
	return out[:min(len(out), most)], nil
}
