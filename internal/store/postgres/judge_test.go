package postgres

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/ledger"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
)

// judge holds what was answered during a run against what stands after it.
type judge struct {
	notes  map[int64]note
	d      *desk
	orders map[id.ID]order.Order
	marks  map[string]id.ID // orders by the mark of who placed them
	events []core.Event
	past   map[id.ID][]ledger.Entry // by subject
	pos    map[int64]int64          // where an act stands in the feed, by op
	found  map[string][]string      // what is wrong, by kind

	checked, gaveUp int // operations on the hot balance that the checker followed, or could not
}

func (j *judge) say(kind, format string, args ...any) {
	j.found[kind] = append(j.found[kind], fmt.Sprintf(format, args...))
}

// wrong lists what was found, a few of each kind.
func (j *judge) wrong() []string {
	var out []string
	for kind, list := range j.found {
		for n, s := range list[:min(3, len(list))] {
			out = append(out, fmt.Sprintf("%s (%d of %d): %s", kind, n+1, len(list), s))
		}
	}
	slices.Sort(out)
	return out
}

// judged reads all that stands and judges a run by it.
func judged(t testing.TB, r run) *judge {
	t.Helper()
	ctx := context.Background()
	r.Process = 100
	d, err := openDesk(ctx, r)
	if err != nil {
		t.Fatal(err)
	}
	defer d.store.Close()
	if err := d.meet(ctx); err != nil {
		t.Fatal(err)
	}
	j := &judge{notes: readNotes(t, r.Dir), d: d, orders: map[id.ID]order.Order{}, marks: map[string]id.ID{}, past: map[id.ID][]ledger.Entry{}, pos: map[int64]int64{}, found: map[string][]string{}}
	if err := j.read(ctx); err != nil {
		t.Fatal(err)
	}
	v, err := d.Verify(ctx, core.System(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range v.Disagrees {
		j.say("books", "%s", s)
	}
	j.place()
	j.keys()
	j.answers()
	j.claims()
	j.lifetimes()
	j.realTime()
	j.replay()
	j.check()
	return j
}

// read takes in what stands.
func (j *judge) read(ctx context.Context) error {
	return j.d.store.View(ctx, func(r core.Reader) error {
		for after := id.ID(0); ; {
			page, err := r.AllOrders(after, 1000)
			if err != nil {
				return err
			}
			if len(page) == 0 {
				break
			}
			for _, o := range page {
				j.orders[o.ID], after = o, o.ID
				j.marks[o.Name] = o.ID
			}
		}
		for after := (core.EntryKey{}); ; {
			page, err := r.AllEntries(after, 5000)
			if err != nil {
				return err
			}
			if len(page) == 0 {
				break
			}
			for _, e := range page {
				j.past[e.Subject] = append(j.past[e.Subject], e)
				after = core.EntryKey{Subject: e.Subject, N: e.N}
			}
		}
		for {
			page, err := r.Events(core.EventQuery{After: int64(len(j.events)), Limit: 5000})
			if err != nil || len(page) == 0 {
				return err
			}
			j.events = append(j.events, page...)
		}
	})
}

// ends are the events that end an order, and the acts that do so.
var ends = map[string]string{"order.canceled": string(order.Cancel), "order.done": string(order.Fulfil), "order.erred": string(order.Fail)}

// place finds where acts stand in the feed: orders are named by who placed them, and say
// who ended them.
func (j *judge) place() {
	byMark := map[string]int64{}
	for _, n := range j.notes {
		byMark[n.mark()] = n.Op
	}
	for _, e := range j.events {
		o := j.orders[e.Order]
		mark := ""
		switch {
		case e.Kind == "order.placed":
			mark = o.Name
		case ends[e.Kind] != "":
			mark = o.Message
		case e.Kind == "order.adjusted":
			mark = markOf(e)
		}
		if op, ok := byMark[mark]; ok {
			j.pos[op] = e.Pos
		}
	}
}

// keys: one order, and one answer, for each.
func (j *judge) keys() {
	placed, answered := map[string]id.ID{}, map[string]id.ID{}
	for _, n := range j.notes {
		if n.Key == "" || n.Kind != "place" {
			continue
		}
		if o, ok := j.marks[n.mark()]; ok {
			if first, twice := placed[n.Key]; twice {
				j.say("two orders of one key", "%q: %s and %s", n.Key, first, o)
			}
			placed[n.Key] = o
		}
		if n.Status != done {
			continue
		}
		if first, again := answered[n.Key]; again && first != n.Got {
			j.say("two answers to one key", "%q: %s and %s", n.Key, first, n.Got)
		}
		answered[n.Key] = n.Got
		if n.Lines == 0 {
			j.say("an order without lines", "%s was answered so", n.Got)
		}
	}
	for k, o := range answered {
		if placed[k] != o {
			j.say("an answer of no order", "%q got %s; what stands is %s", k, o, placed[k])
		}
	}
}

// answers: what was said to be done is, once; what was said not to be, is not.
func (j *judge) answers() {
	for _, n := range j.notes {
		at, was := j.pos[n.Op]
		switch n.Kind {
		case "report", "set", "sign", "claim", lostCommits: // they leave no mark
			if n.Status == failed || n.Status == refused || n.Status == conflict {
				j.say("failed", "%s: %s", n.Kind, n.Said)
			}
			continue
		case "adjust":
			if times := len(j.corrected(n.Order, n.mark())); times > 1 || times == 1 != was {
				j.say("adjusted again", "%s %d times", n.mark(), times)
			}
		}
		switch {
		case n.Status == failed:
			j.say("failed", "%s of %s: %s", n.Kind, n.Order, n.Said)
		case n.Status == done && !was && !n.Repeated && (n.Kind != "place" || n.Key == ""):
			j.say("lost", "%s of %s was answered %s and is not there", n.Kind, n.Order, n.Got)
		case was && (n.Status == refused || n.Status == conflict || n.Status == away):
			j.say("denied", "%s of %s stands at %d and was answered: %s", n.Kind, n.Order, at, n.Said)
		case n.Status == conflict && n.Kind == "place" && n.Who != "back":
			j.say("failed", "%s: %s", n.Kind, n.Said)
		}
	}
}

// claims: nobody else is given a job under the same attempt.
func (j *judge) claims() {
	first := map[string]int64{}
	for _, n := range j.notes {
		if n.Kind != "claim" {
			continue
		}
		name := fmt.Sprintf("job of %s, attempt %d", n.Order, n.Amount)
		if first[name] != 0 {
			j.say("claimed twice", "%s", name)
		}
		first[name] = n.Op
	}
}

// lifetimes: each order is placed once and ends at most once, by one who acted on it.
func (j *judge) lifetimes() {
	placed, ended := map[id.ID]int64{}, map[id.ID]int64{}
	for n, e := range j.events {
		if e.Pos != int64(n+1) {
			j.say("positions", "the event after %d is %d", n, e.Pos)
			return
		}
		switch {
		case e.Kind == "order.placed":
			if placed[e.Order] != 0 {
				j.say("placed again", "order %s at %d and %d", e.Order, placed[e.Order], e.Pos)
			}
			placed[e.Order] = e.Pos
		case ends[e.Kind] != "":
			if ended[e.Order] != 0 || placed[e.Order] == 0 {
				j.say("ended again", "order %s, placed at %d, ended at %d and %d", e.Order, placed[e.Order], ended[e.Order], e.Pos)
			}
			ended[e.Order] = e.Pos
		}
	}
	for o := range j.orders {
		if placed[o] == 0 {
			j.say("an order nobody heard of", "%s", o)
		}
	}
}

// realTime: what was answered before another was asked for stands before it.
func (j *judge) realTime() {
	var stand []note
	for _, n := range j.notes {
		if j.pos[n.Op] != 0 {
			stand = append(stand, n)
		}
	}
	slices.SortFunc(stand, func(a, b note) int { return cmp.Compare(j.pos[a.Op], j.pos[b.Op]) })
	first := int64(1) << 62 // answer to any that stands later
	for _, n := range slices.Backward(stand) {
		if first < n.Began {
			j.say("real time", "%s at %d was asked for after a later one had been answered", n.mark(), j.pos[n.Op])
		}
		if n.Ended != 0 {
			first = min(first, n.Ended)
		}
	}
}

// tally counts the acts, and those of unknown outcome that stand.
func (j *judge) tally() (acts, unknown, stand, unheard int, by map[string]int) {
	by = map[string]int{}
	for _, n := range j.notes {
		if n.Kind == lostCommits {
			by["commits whose answer was lost"] += int(n.Amount)
			by["and that stand"] += n.Lines
			continue
		}
		acts++
		status := n.Status
		if n.Ended == 0 {
			status = "unheard"
			unheard++
		}
		if status == nobodyKnows {
			unknown++
			if j.pos[n.Op] != 0 {
				stand++
			}
		}
		by[n.Kind+" "+status]++
	}
	return acts, unknown, stand, unheard, by
}

// tail polls the feed as its reader does and tells of the first gap it saw.
func tail(ctx context.Context, dsn string) (gap string) {
	var c *pgx.Conn
	at := int64(0)
	tick := time.NewTicker(3 * time.Millisecond)
	defer tick.Stop()
	for ctx.Err() == nil {
		<-tick.C
		if c == nil || c.IsClosed() {
			c, _ = pgx.Connect(ctx, dsn) // the server may be away
		}
		if c == nil {
			continue
		}
		rows, err := c.Query(ctx, "SELECT pos FROM events WHERE pos > $1 ORDER BY pos", at)
		if err != nil {
			continue
		}
		got, _ := pgx.CollectRows(rows, pgx.RowTo[int64]) // the next round sees what this one did not
		for _, pos := range got {
			if pos != at+1 && gap == "" {
				gap = fmt.Sprintf("%d after %d", pos, at)
			}
			at = pos
		}
	}
	if c != nil {
		c.Close(context.Background())
	}
	return gap
}

// posted are the entries that an event tells of: those of the same instant, but that what
// was held and what was corrected by hand can be told by itself.
func (j *judge) posted(e core.Event) []ledger.Entry {
	var out []ledger.Entry
	switch {
	case e.Kind == "usage.reported":
		for _, list := range j.past {
			if list[0].Usage != 0 && list[0].Resource == e.Subject {
				out = append(out, slices.DeleteFunc(slices.Clone(list), func(x ledger.Entry) bool { return !x.At.Equal(e.At) })...)
			}
		}
	case e.Kind == "order.adjusted":
		out = j.corrected(e.Order, markOf(e))
	case e.Kind == "order.placed":
		out = slices.DeleteFunc(slices.Clone(j.past[e.Order]), func(x ledger.Entry) bool { return x.Kind != ledger.Hold })
	case ends[e.Kind] != "":
		out = j.settled(e.Order)
	}
	return out
}

// settled are the entries that an order's end wrote.
func (j *judge) settled(o id.ID) []ledger.Entry {
	return slices.DeleteFunc(slices.Clone(j.past[o]), func(x ledger.Entry) bool { return x.Kind == ledger.Hold || strings.HasPrefix(x.Reason, "op-") })
}

// corrected are the entries that one correction wrote.
func (j *judge) corrected(o id.ID, mark string) []ledger.Entry {
	return slices.DeleteFunc(slices.Clone(j.past[o]), func(x ledger.Entry) bool { return x.Reason != mark })
}

// markOf is the mark in an event of a correction.
func markOf(e core.Event) string {
	_, rest, _ := strings.Cut(string(e.Body), `"message":"`)
	mark, _, _ := strings.Cut(rest, `"`)
	return mark
}

// moved is what entries add to used and held together.
func moved(list []ledger.Entry, quantity bool) money.Micro {
	sum := money.Micro(0)
	for _, e := range list {
		held, used := e.Delta()
		s := held.Plus(used)
		if quantity {
			sum += s.Quantity
		} else {
			sum += s.Amount
		}
	}
	return sum
}
