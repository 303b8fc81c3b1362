package postgres

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/docket-desk/docket/internal/fault"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/ledger"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/store/record"
)

// flush is the third round: it writes all that the acts changed, the feed's events last,
// and commits.
func (b *batch) flush(ctx context.Context) error {
	for _, c := range b.w.sheet {
		c.clear()
	}
	if err := b.gather(); err != nil {
		return err
	}
	batch := b.w.s.node.batch()
	if err := fault.At(fault.CommitBefore); err != nil { // here, for a pipeline that is begun is sent, whatever ends it
		return err
	}
	p := b.pipe(ctx)
	p.send(sBatch, nil, bigint(batch))
	b.dropOld(p)
	for _, name := range sequence {
		if c := b.w.sheet[name]; c != nil && c.rows > 0 {
			p.send(name, nil, c.values()...)
		}
	}
	if c := b.w.sheet[sInsertEvents]; c != nil && c.rows > 0 {
		p.send(sTakeFeed, nil, bigint(lockFeed))
		p.send(sInsertEvents, nil, c.values()...)
	}
	p.send(sCommit, nil)
	err := p.end()
	if fatal(err) {
		return &lostError{batch, b.w.pid, err}
	}
	if err == nil {
		_ = fault.At(fault.CommitAfter) // an error here would deny what is done
	}
	return err
}

// sequence is the order in which a batch's statements write: the same in every process.
var sequence = []string{
	insertPrefix + "orders", replacePrefix + "orders", insertPrefix + "lines", replacePrefix + "lines",
	insertPrefix + "resources", replacePrefix + "resources", insertPrefix + "entries", replacePrefix + "balances",
	putPrefix + "terms", putPrefix + "assets", putPrefix + "usages", putPrefix + "user_usages", putPrefix + "jobs", putPrefix + "idem",
	putPrefix + "order_owners", putPrefix + "order_sources",
}

// sorted walks rows in the order of their keys.
func sorted[K comparable, T any](rows map[K]*slot[T], less func(a, b K) int, each func(*slot[T]) error) error {
	for _, k := range slices.SortedFunc(maps.Keys(rows), less) {
		if s := rows[k]; s.dirty {
			if err := each(s); err != nil {
				return err
			}
		}
	}
	return nil
}

func listed[T any](lists map[id.ID][]slot[T], each func([]slot[T]) error) error {
	for _, k := range slices.Sorted(maps.Keys(lists)) {
		if err := each(lists[k]); err != nil {
			return err
		}
	}
	return nil
}

// gather makes columns of all rows to be written.
func (b *batch) gather() error {
	steps := []func() error{
		func() error {
			return sorted(b.orders, cmp.Compare[id.ID], func(s *slot[order.Order]) error { return one(b, record.Orders, s) })
		},
		func() error {
			return sorted(b.resources, cmp.Compare[id.ID], func(s *slot[order.Resource]) error { return one(b, record.Resources, s) })
		},
		func() error {
			return listed(b.lines, func(l []slot[order.Line]) error {
				if err := rowsOf(b, insertPrefix+"lines", record.Lines, false, l); err != nil {
					return err
				}
				return rowsOf(b, replacePrefix+"lines", record.Lines, true, l)
			})
		},
		func() error {
			return listed(b.entries, func(l []slot[ledger.Entry]) error { return rowsOf(b, insertPrefix+"entries", record.Entries, false, l) })
		},
		func() error {
			return listed(b.terms, func(l []slot[order.Term]) error { return puts(b, record.Terms, l) })
		},
		func() error {
			return listed(b.assets, func(l []slot[order.Asset]) error { return puts(b, record.Assets, l) })
		},
		func() error {
			return listed(b.usages, func(l []slot[order.Usage]) error { return puts(b, record.Usages, l) })
		},
		b.gatherBalances, b.gatherJobs, b.gatherIdem, b.gatherRest,
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// one adds a row that is inserted or replaced.
func one[T any](b *batch, t *record.Table[T], s *slot[T]) error {
	name := insertPrefix + t.Name
	if s.was {
		name = replacePrefix + t.Name
	}
	return b.row(name, t.Name, func(f *record.Fields) { t.Each(f, &s.v) })
}

func puts[T any](b *batch, t *record.Table[T], list []slot[T]) error {
	if err := rowsOf(b, putPrefix+t.Name, t, false, list); err != nil {
		return err
	}
	return rowsOf(b, putPrefix+t.Name, t, true, list)
}

func (b *batch) gatherBalances() error {
	for _, s := range b.balances {
		if s.dirty {
			if err := b.row(replacePrefix+"balances", "balances", func(f *record.Fields) { record.Balances.Each(f, &s.v) }); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *batch) gatherJobs() error {
	for _, s := range b.jobs {
		if s.dirty && s.there {
			if err := b.row(putPrefix+"jobs", "jobs", func(f *record.Fields) { record.Jobs.Each(f, &s.v) }); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *batch) gatherIdem() error {
	for _, s := range b.idem {
		if !s.dirty {
			continue
		}
		c := b.w.sheet[putPrefix+"idem"]
		if c == nil {
			c = newColumns(b.w.oids["idem"])
			b.w.sheet[putPrefix+"idem"] = c
		}
		c.Int(0, int64(s.v.Day))
		c.Bytes(1, s.v.Hash[:])
		c.Bytes(2, s.v.Body[:])
		c.Int(3, int64(s.v.About))
		c.Int(4, s.v.At.UnixMicro())
		c.rows++
	}
	return nil
}

func (b *batch) gatherRest() error {
	for _, s := range b.shares {
		if err := b.row(putPrefix+"user_usages", "user_usages", func(f *record.Fields) { record.UserUsages.Each(f, &s.v) }); err != nil {
			return err
		}
	}
	for n, e := range b.events {
		e.Pos = int64(n + 1) // after the last
		if err := b.row(sInsertEvents, "events", func(f *record.Fields) { record.Events.Each(f, &e) }); err != nil {
			return err
		}
	}
	var err error
	add := func(table string) func(func(*record.Fields)) {
		return func(each func(*record.Fields)) {
			if e := b.row(putPrefix+table, table, each); err == nil {
				err = e
			}
		}
	}
	b.added.Each(add(record.Ownerships.Name), add(record.Sources.Name))
	return err
}

// dropOld deletes jobs that are over, and the rows that requests had under other days.
func (b *batch) dropOld(p *pipeline) {
	var subjects []int64
	var kinds []string
	for _, k := range slices.SortedFunc(maps.Keys(b.jobs), func(x, y jobKey) int {
		return cmp.Or(cmp.Compare(x.subject, y.subject), cmp.Compare(x.kind, y.kind))
	}) {
		if s := b.jobs[k]; s.was && !s.there {
			subjects, kinds = append(subjects, int64(k.subject)), append(kinds, k.kind)
		}
	}
	if len(subjects) > 0 {
		p.send(sDropJobs, nil, numbers(subjects), words(kinds))
	}
	var on []int32
	var list [][]byte
	for h, s := range b.idem {
		for _, d := range b.idemDays[h] {
			if s.dirty && d != s.v.Day {
				on, list = append(on, int32(d)), append(list, h[:])
			}
		}
	}
	if len(on) > 0 {
		p.send(sDropIdem, nil, days(on), hashes(list))
	}
}
