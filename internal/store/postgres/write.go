package postgres

import (
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/ledger"
	"github.com/docket-desk/docket/internal/limit"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/store/record"
)

// What an act of a batch writes: it changes what the batch keeps.

func (a *act) InsertOrder(o order.Order) error {
	if err := a.writing(); err != nil {
		return err
	}
	if s, ok := a.b.orders[o.ID]; ok && s.there {
		return a.spoil(taken())
	}
	o.Rev = 1
	put(a.b.keep, a.b.orders, o.ID, o)
	a.fresh(o.ID)
	a.note(o.Customer, o.Project, o.User, o.Offering, o.Provider)
	return nil
}

// fresh says that all there is of a new record is what this batch writes.
func (a *act) fresh(i id.ID) {
	k := a.b.keep
	subject, had := k.subjects[i]
	entries, hadEntries := k.entries[i]
	k.subjects[i] = true
	if !hadEntries {
		k.entries[i] = nil
	}
	k.undo = append(k.undo, func() {
		if !had {
			delete(k.subjects, i)
		} else {
			k.subjects[i] = subject
		}
		if !hadEntries {
			delete(k.entries, i)
		} else {
			k.entries[i] = entries
		}
	})
}

func (a *act) note(customer, project, user, offering, provider id.ID) {
	a.b.w.s.owners.Note(&a.b.added, customer, project, user, offering, provider)
}

func taken() error {
	return &core.Error{Kind: core.Conflict, Reason: core.ReasonName, Op: "write", Msg: "That name is taken."}
}

func (a *act) UpdateOrder(o order.Order) error {
	if err := a.writing(); err != nil {
		return err
	}
	s, ok := a.b.orders[o.ID]
	if !ok {
		return a.spoil(a.want(core.Touch{Orders: []id.ID{o.ID}}))
	}
	if !s.there || s.v.Rev != o.Rev {
		return a.spoil(record.Stale(core.Ref{Kind: "order", ID: o.ID}))
	}
	o.Rev++
	put(a.b.keep, a.b.orders, o.ID, o)
	a.note(o.Customer, o.Project, o.User, o.Offering, o.Provider)
	return nil
}

func (a *act) InsertLines(lines []order.Line) error {
	if err := a.writing(); err != nil {
		return err
	}
	for _, l := range lines {
		if _, ok := a.b.orders[l.Order]; !ok {
			return a.spoil(a.want(core.Touch{Orders: []id.ID{l.Order}}))
		}
		add(a.b.keep, a.b.lines, l.Order, l)
	}
	return nil
}

func (a *act) UpdateLine(l order.Line) error {
	if err := a.writing(); err != nil {
		return err
	}
	if _, ok := a.b.orders[l.Order]; !ok {
		return a.spoil(a.want(core.Touch{Orders: []id.ID{l.Order}}))
	}
	if !change(a.b.keep, a.b.lines, l.Order, l, func(x order.Line) bool { return x.N == l.N }) {
		return a.spoil(record.Nothing(core.Ref{Kind: "line", ID: l.Order}))
	}
	return nil
}

func (a *act) InsertResource(r order.Resource) error {
	if err := a.writing(); err != nil {
		return err
	}
	if s, ok := a.b.resources[r.ID]; ok && s.there {
		return a.spoil(taken())
	}
	r.Rev = 1
	put(a.b.keep, a.b.resources, r.ID, r)
	a.note(r.Customer, r.Project, r.User, r.Offering, r.Provider)
	return nil
}

func (a *act) UpdateResource(r order.Resource) error {
	if err := a.writing(); err != nil {
		return err
	}
	s, ok := a.b.resources[r.ID]
	if !ok {
		return a.spoil(a.want(core.Touch{Resources: []id.ID{r.ID}}))
	}
	if !s.there || s.v.Rev != r.Rev {
		return a.spoil(record.Stale(core.Ref{Kind: "resource", ID: r.ID}))
	}
	r.Rev++
	put(a.b.keep, a.b.resources, r.ID, r)
	a.note(r.Customer, r.Project, r.User, r.Offering, r.Provider)
	return nil
}

// replaceOwned puts a row that belongs to a resource.
func replaceOwned[T any](a *act, lists map[id.ID][]slot[T], resource id.ID, v T, read func(id.ID) ([]T, error), same func(T) bool) error {
	if err := a.writing(); err != nil {
		return err
	}
	if _, err := owned(a, lists, resource, read); err != nil {
		return a.spoil(err)
	}
	if !change(a.b.keep, lists, resource, v, same) {
		add(a.b.keep, lists, resource, v)
	}
	return nil
}

func (a *act) PutTerm(t order.Term) error {
	return replaceOwned(a, a.b.terms, t.Resource, t, a.b.direct.Terms, func(x order.Term) bool { return x.ID == t.ID })
}

func (a *act) PutAsset(x order.Asset) error {
	return replaceOwned(a, a.b.assets, x.Resource, x, func(i id.ID) ([]order.Asset, error) { return a.b.direct.Assets(i) }, func(y order.Asset) bool { return y.ID == x.ID })
}

func (a *act) PutUsage(u order.Usage) error {
	if err := a.writing(); err != nil {
		return err
	}
	if _, err := a.usagesOf(u.Resource, u.Period); err != nil {
		return a.spoil(err)
	}
	if !change(a.b.keep, a.b.usages, u.Resource, u, func(x order.Usage) bool { return x.ID == u.ID }) {
		add(a.b.keep, a.b.usages, u.Resource, u)
		if _, ok := a.b.entries[u.ID]; !ok {
			a.fresh(u.ID)
		}
	}
	return nil
}

func (a *act) PutUserUsage(u order.UserUsage) error {
	if err := a.writing(); err != nil {
		return err
	}
	put(a.b.keep, a.b.shares, shareKey{u.Usage, u.Username}, u) // whoever comes later replaces it
	return nil
}

// InsertEntries adds entries of an order or a usage that is kept.
func (a *act) InsertEntries(entries []ledger.Entry) error {
	if err := a.writing(); err != nil {
		return err
	}
	for _, e := range entries {
		if _, err := a.Entries(e.Subject); err != nil {
			return a.spoil(err)
		}
		add(a.b.keep, a.b.entries, e.Subject, e)
	}
	return nil
}

func (a *act) AddBalance(d limit.Balance) error {
	if err := a.writing(); err != nil {
		return err
	}
	s, ok := a.b.balances[d.Key]
	if !ok {
		a.keys = append(a.keys, d.Key)
		return a.spoil(errNotKept)
	}
	put(a.b.keep, a.b.balances, d.Key, limit.Balance{Key: d.Key, Used: s.v.Used + d.Used, Held: s.v.Held + d.Held})
	return nil
}

func (a *act) InsertEvent(e core.Event) error {
	if err := a.writing(); err != nil {
		return err
	}
	a.b.events = append(a.b.events, e)
	return nil
}

func (a *act) PutJob(j core.Job) error {
	if err := a.writing(); err != nil {
		return err
	}
	if !a.b.subjects[j.Subject] {
		return a.spoil(a.want(core.Touch{Orders: []id.ID{j.Subject}, Resources: []id.ID{j.Subject}}))
	}
	put(a.b.keep, a.b.jobs, jobKey{j.Subject, j.Kind}, j)
	return nil
}

func (a *act) DeleteJob(subject id.ID, kind string, attempt int) (bool, error) {
	if err := a.writing(); err != nil {
		return false, err
	}
	if !a.b.subjects[subject] {
		return false, a.spoil(a.want(core.Touch{Orders: []id.ID{subject}, Resources: []id.ID{subject}}))
	}
	k := jobKey{subject, kind}
	s, ok := a.b.jobs[k]
	if !ok || !s.there || (attempt >= 0 && s.v.Attempt != attempt) {
		return false, nil
	}
	drop(a.b.keep, a.b.jobs, k)
	return true, nil
}

func (a *act) PutIdem(i core.Idem) error {
	if err := a.writing(); err != nil {
		return err
	}
	if !a.b.near(i.Day) {
		a.lone = true
		return a.spoil(errNotKept)
	}
	if _, ok := a.b.idem[i.Hash]; !ok {
		return a.spoil(a.want(core.Touch{Idem: [][16]byte{i.Hash}}))
	}
	put(a.b.keep, a.b.idem, i.Hash, i)
	return nil
}

// DropIdem drops what cannot be named.
func (a *act) DropIdem(day.Day, int) (int, error) { return a.Exec("drop idem", "", nil) }
