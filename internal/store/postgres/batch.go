package postgres

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/ledger"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/store/line"
	"github.com/docket-desk/docket/internal/store/record"
)

// batch is one transaction of many acts.
type batch struct {
	*keep
	w        *writer
	calls    []*waiter
	outcomes []line.Outcome // of calls, one each, where they have decided
	engine   engine         // for what is read statement by statement
	direct   record.Reader
	shelf    *shelf
	today    day.Day
}

// lostError says that the connection was lost when it was too late to tell whether the
// batch was committed.
type lostError struct {
	batch int64
	pid   uint32
	err   error
}

func (e *lostError) Error() string {
	return "the connection was lost while committing: " + e.err.Error()
}
func (e *lostError) Unwrap() error { return e.err }

// attempt runs the batch once: it locks and reads, lets each act decide, writes, commits
// and answers. An error means that nothing of it stands, or, where it is a lostError, that
// nobody knows; then nobody was answered, and calls are those that must come again.
func (b *batch) attempt() error {
	ctx, cancel := context.WithTimeout(context.Background(), roundWithin)
	defer cancel()
	b.engine = engine{conn: b.w.conn, ctx: ctx}
	b.direct = record.Reader{Engine: &b.engine, Now: b.w.s.opts.Now}
	b.shelf, b.today = &b.w.shelf, day.Of(b.w.s.opts.Now())
	if err := b.lock(ctx); err != nil {
		return err
	}
	if err := b.lockBalances(ctx); err != nil {
		return err
	}
	if wrote := b.decide(); b.engine.broken != nil {
		return b.engine.broken
	} else if wrote {
		if err := b.flush(ctx); err != nil {
			return err
		}
	} else if _, err := b.w.conn.Exec(ctx, "ROLLBACK"); err != nil {
		return err
	}
	b.stands()
	return nil
}

// stands answers everybody: what was decided is in the database.
func (b *batch) stands() {
	b.w.s.owners.Keep(b.added)
	for n, c := range b.calls {
		c.Answer(b.outcomes[n])
	}
}

// pipeline sends statements and hands every row of the nth to read[n].
type pipeline struct {
	p    *pgconn.Pipeline
	read []func(record.Row)
}

var binary1 = []int16{1}

func (b *batch) pipe(ctx context.Context) *pipeline {
	return &pipeline{p: b.w.conn.PgConn().StartPipeline(ctx)}
}

func (p *pipeline) send(name string, read func(record.Row), params ...[]byte) {
	p.p.SendQueryPrepared(name, params, binary1, binary1)
	p.read = append(p.read, read)
}

// end waits for all answers. The first error ends the transaction, and what follows it in
// the pipeline is not run.
func (p *pipeline) end() error {
	if err := p.p.Sync(); err != nil {
		return errors.Join(err, p.p.Close())
	}
	var first error
	var r row
	for n := 0; ; {
		got, err := p.p.GetResults()
		if err != nil {
			if first == nil {
				first = err
			}
			if fatal(err) {
				_ = p.p.Close()
				return first
			}
			n++
			continue
		}
		switch got := got.(type) {
		case *pgconn.ResultReader:
			for got.NextRow() {
				if n < len(p.read) && p.read[n] != nil {
					r.values = got.Values()
					p.read[n](&r)
				}
			}
			if _, err := got.Close(); err != nil && first == nil {
				first = err
			}
			n++
		case *pgconn.PipelineSync:
			if err := p.p.Close(); first == nil {
				first = err
			}
			return first
		default:
			_ = p.p.Close()
			return errors.Join(first, errors.New("the pipeline ended before its answers"))
		}
	}
}

// lock is the first round: all that the acts named, and what lies under it.
func (b *batch) lock(ctx context.Context) error {
	var all core.Touch
	for _, c := range b.calls {
		all.Customers = append(all.Customers, c.on.Customers...)
		all.Offerings = append(all.Offerings, c.on.Offerings...)
		all.Documents = append(all.Documents, c.on.Documents...)
		all.Orders = append(all.Orders, c.on.Orders...)
		all.Resources = append(all.Resources, c.on.Resources...)
		all.Idem = append(all.Idem, c.on.Idem...)
	}
	l := locksOf(all)
	p := b.pipe(ctx)
	p.send(sBegin, nil)
	if !leftOut.deskLock {
		p.send(sShareDesk, nil, bigint(lockDesk))
	}
	if len(l.requests) > 0 && !leftOut.requestLocks {
		p.send(sTakeRequests, nil, numbers(l.requests))
	}
	orders, resources := numbers(l.orders), numbers(l.resources)
	rows := len(l.orders)+len(l.resources) > 0
	if len(l.records) > 0 || rows {
		p.send(sShareRecords, func(r record.Row) { b.locked[id.ID(r.Int(1))] = true }, numbers(l.records), orders, resources)
	}
	rev, holder := int64(0), ""
	p.send(sShelf, func(r record.Row) { rev, holder = r.Int(0), r.Text(1) }, integer(int32(b.w.s.node.number)))
	if len(l.requests) > 0 {
		b.readIdem(p, all.Idem)
	}
	if rows {
		b.readOrders(p, l, orders, resources)
	}
	if docs := keys(all.Documents); len(docs) > 0 {
		b.readDocuments(p, docs)
	}
	if err := p.end(); err != nil {
		return err
	}
	if err := b.w.s.node.check(holder); err != nil {
		return err
	}
	if leftOut.shelf {
		rev = 0
	}
	b.shelf.at(rev)
	b.settleOrders(l.orders)
	return b.engine.broken
}

// settleOrders leaves of the orders that were read those that were named, and those that
// are open on the resources now that these are locked: an open order may have ended, and
// another begun, between two statements. What was read of any other is not all of it, or
// not under a lock.
func (b *batch) settleOrders(named []int64) {
	kept := map[id.ID]bool{}
	for _, k := range named {
		kept[id.ID(k)] = true
	}
	for _, s := range b.resources {
		if _, ok := b.orders[s.v.OpenOrder]; ok {
			kept[s.v.OpenOrder] = true
		}
	}
	isOther := func(i id.ID) bool { return !kept[i] }
	maps.DeleteFunc(b.orders, func(i id.ID, _ *slot[order.Order]) bool { return isOther(i) })
	maps.DeleteFunc(b.lines, func(i id.ID, _ []slot[order.Line]) bool { return isOther(i) })
	maps.DeleteFunc(b.entries, func(i id.ID, _ []slot[ledger.Entry]) bool { return isOther(i) })
	noJobs := func(i id.ID) bool { return isOther(i) && b.resources[i] == nil }
	maps.DeleteFunc(b.jobs, func(k jobKey, _ *slot[core.Job]) bool { return noJobs(k.subject) })
	maps.DeleteFunc(b.subjects, func(i id.ID, _ bool) bool { return noJobs(i) })
}

func (b *batch) readIdem(p *pipeline, asked [][16]byte) {
	var list [][]byte
	for _, h := range asked {
		if b.idem[h] == nil {
			b.idem[h] = &slot[core.Idem]{}
			list = append(list, h[:])
		}
	}
	var on []int32
	for d := b.today - idemDays; d <= b.today+idemDays; d++ {
		on = append(on, int32(d))
	}
	p.send(sIdem, func(r record.Row) {
		i := readIdem(r)
		b.idemDays[i.Hash] = append(b.idemDays[i.Hash], i.Day)
		*b.idem[i.Hash] = stored(i) // the latest comes last
	}, days(on), hashes(list))
}

// idemDays is how many days around today requests are looked for in: clocks differ, and a
// day ends between two requests.
const idemDays = 2

// near reports whether requests of all these days are kept.
func (b *batch) near(days ...day.Day) bool {
	return !slices.ContainsFunc(days, func(d day.Day) bool { return d < b.today-idemDays || d > b.today+idemDays })
}

// readOrders reads the orders and resources that were named, and all that moves under
// their locks alone.
func (b *batch) readOrders(p *pipeline, l locks, orders, resources []byte) {
	for _, k := range l.orders {
		b.orders[id.ID(k)] = &slot[order.Order]{}
		b.subjects[id.ID(k)] = true
		b.entries[id.ID(k)] = nil
	}
	for _, k := range l.resources {
		b.resources[id.ID(k)] = &slot[order.Resource]{}
		b.subjects[id.ID(k)] = true
	}
	p.send(sOrders, func(r record.Row) {
		o := scan(b, r, record.Orders)
		s := stored(o)
		b.orders[o.ID] = &s
		b.subjects[o.ID] = true
		if _, ok := b.entries[o.ID]; !ok {
			b.entries[o.ID] = nil
		}
	}, orders, resources)
	p.send(sResources, func(r record.Row) {
		v := scan(b, r, record.Resources)
		s := stored(v)
		b.resources[v.ID] = &s
		b.subjects[v.ID] = true
	}, orders, resources)
	p.send(sLines, func(r record.Row) {
		v := scan(b, r, record.Lines)
		b.lines[v.Order] = append(b.lines[v.Order], stored(v))
	}, orders, resources)
	p.send(sEntries, func(r record.Row) {
		v := scan(b, r, record.Entries)
		b.entries[v.Subject] = append(b.entries[v.Subject], stored(v))
	}, orders, resources)
	p.send(sJobs, func(r record.Row) {
		v := scan(b, r, record.Jobs)
		s := stored(v)
		b.jobs[jobKey{v.Subject, v.Kind}] = &s
	}, orders, resources)
}

func (b *batch) readDocuments(p *pipeline, docs []int64) {
	for _, k := range docs {
		b.documents[id.ID(k)] = &slot[core.Document]{}
	}
	p.send(sDocuments, func(r record.Row) {
		v := scan(b, r, record.Documents)
		s := stored(v)
		b.documents[v.ID] = &s
	}, numbers(docs))
}

// scan reads a row of a table.
func scan[T any](b *batch, r record.Row, t *record.Table[T]) T {
	var v T
	f := record.From(r)
	t.Each(f, &v)
	if err := f.Err(); err != nil && b.engine.broken == nil {
		b.engine.broken = &core.Error{Kind: core.Internal, Op: "read " + t.Name, Err: err}
	}
	return v
}

// decide lets each act decide in turn, each seeing those before it. Those that need more
// than is kept leave the batch; whoever fails leaves nothing in it.
func (b *batch) decide() (wrote bool) {
	stay := b.calls[:0:0]
	for n, c := range b.calls {
		a := b.newAct(context.WithoutCancel(c.Ctx))
		events, added := len(b.events), b.added
		o := line.Protect(func() error { return c.Fn(a) })
		a.over = true // fn may have kept tx
		if o.Err == nil && o.Panicked == nil {
			o.Err = a.failed
		}
		if b.engine.broken != nil { // the batch comes again, this act with it
			b.calls = slices.Concat(stay, b.calls[n:])
			return false
		}
		short := a.lone || a.short()
		if short || o.Err != nil || o.Panicked != nil {
			b.takeBack(events, added)
		}
		b.undo = b.undo[:0]
		switch {
		case a.lone, short && c.rounds == mostRounds:
			c.Answer(line.Outcome{Alone: true})
		case short:
			c.name(a)
			b.w.later = append(b.w.later, c)
		default:
			stay = append(stay, c)
			b.outcomes = append(b.outcomes, o)
			wrote = wrote || a.wrote && o.Err == nil && o.Panicked == nil
		}
	}
	b.calls = stay
	return wrote
}

// name adds what an act found out that it needs.
func (c *waiter) name(a *act) {
	c.rounds++
	w := a.wants
	c.on.Customers = slices.Concat(c.on.Customers, w.Customers)
	c.on.Offerings = slices.Concat(c.on.Offerings, w.Offerings)
	c.on.Orders = slices.Concat(c.on.Orders, w.Orders)
	c.on.Resources = slices.Concat(c.on.Resources, w.Resources)
	c.on.Documents = slices.Concat(c.on.Documents, w.Documents)
	c.on.Idem = slices.Concat(c.on.Idem, w.Idem)
	c.keys = append(c.keys, a.keys...)
}

// rowsOf adds the rows of slots that are to be written: those that are new, or those that
// were there.
func rowsOf[T any](b *batch, statement string, t *record.Table[T], was bool, list []slot[T]) error {
	for n := range list {
		if s := &list[n]; s.dirty && s.there && s.was == was {
			if err := b.row(statement, t.Name, func(f *record.Fields) { t.Each(f, &s.v) }); err != nil {
				return err
			}
		}
	}
	return nil
}

// row adds a row to those that a statement writes.
func (b *batch) row(statement, table string, each func(*record.Fields)) error {
	c := b.w.sheet[statement]
	if c == nil {
		c = newColumns(b.w.oids[table])
		b.w.sheet[statement] = c
	}
	if err := c.add(each); err != nil {
		return &core.Error{Kind: core.Invalid, Op: "write " + table, Msg: "A value is none of those its field may have.", Err: err}
	}
	return nil
}
