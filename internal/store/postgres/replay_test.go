package postgres

import (
	"fmt"
	"slices"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/docket-desk/docket/internal/ledger"
	"github.com/docket-desk/docket/internal/money"
)

// bound is a limit of the world, as the judge knows it. All that is ordered counts in one
// month, so that a month's is as good as one in total.
type bound struct {
	name     string
	value    int64 // -1: none; for those that change: at first
	changes  bool
	quantity bool
	counts   func(e ledger.Entry) bool
}

func (j *judge) bounds() []bound {
	kit, solo := j.d.sheets["kit"], j.d.sheets["solo"]
	box, bag := kit.Components[0].ID, kit.Components[1].ID
	out := []bound{
		{name: "box", value: boxRoom, quantity: true, counts: func(e ledger.Entry) bool { return e.Component == box }},
		{name: "bag", value: -1, changes: true, quantity: true, counts: func(e ledger.Entry) bool { return e.Component == bag }},
		{name: "hot", value: 60, changes: true, counts: func(e ledger.Entry) bool { return e.Offering == solo.Offering.ID }},
	}
	for n := range customers {
		project := j.d.homes[customer(n+1)]
		mine := func(e ledger.Entry) bool { return e.Project == project }
		out = append(out, bound{name: "money of " + customer(n+1), value: allMoney, counts: mine},
			bound{name: "kit of " + customer(n+1), value: kitMoney, counts: func(e ledger.Entry) bool { return mine(e) && e.Offering == kit.Offering.ID }},
			bound{name: customer(n + 1), value: -1, changes: true, counts: mine})
	}
	return out
}

// could are the lowest and the highest value that a limit may have had while an act was
// under way; none is the highest.
func (j *judge) could(b bound, began, ended int64) (low, high money.Micro) {
	const none = money.Micro(1) << 60
	value := func(v int64) money.Micro {
		if v < 0 {
			return none
		}
		return units(v)
	}
	low, high = value(b.value), value(b.value)
	if !b.changes {
		return low, high
	}
	var sets []note
	for _, n := range j.notes {
		if n.Kind == "set" && n.Limit == b.name && (n.Status == done || n.Status == nobodyKnows || n.Ended == 0) {
			sets = append(sets, n)
		}
	}
	slices.SortFunc(sets, func(x, y note) int { return int(x.Began - y.Began) })
	for _, n := range sets {
		v := value(n.Amount)
		switch {
		case n.Began > ended:
		case n.Status == done && n.Ended < began: // what was before is over
			low, high = v, v
		default:
			low, high = min(low, v), max(high, v)
		}
	}
	return low, high
}

// standing is what a limit had counted once the event at a position stood.
type standing struct {
	pos int64
	sum money.Micro
}

// replay goes through the feed: what was held, or charged by hand, had room at its place.
func (j *judge) replay() {
	byPos := map[int64]note{}
	for op, pos := range j.pos {
		byPos[pos] = j.notes[op]
	}
	bounds := j.bounds()
	sums := make([]money.Micro, len(bounds))
	hot := []standing{{}}
	for _, e := range j.events {
		posted := j.posted(e)
		for n, b := range bounds {
			var mine []ledger.Entry
			for _, x := range posted {
				if b.counts(x) {
					mine = append(mine, x)
				}
			}
			asked := moved(mine, b.quantity)
			sums[n] += asked
			if b.name == "hot" {
				hot = append(hot, standing{e.Pos, sums[n]})
			}
			if asked <= 0 || (e.Kind != "order.placed" && e.Kind != "order.adjusted") {
				continue
			}
			act, known := byPos[e.Pos]
			if !known {
				continue // of the time before the run
			}
			if act.Ended == 0 {
				act.Ended = 1 << 62
			}
			if _, high := j.could(b, act.Began, act.Ended); sums[n] > high {
				j.say("above a limit", "%s of order %s at %d takes %s to %s of %s", e.Kind, e.Order, e.Pos, b.name, sums[n], high)
			}
		}
	}
	j.refusals(bounds[2], hot)
}

// refusals of the hot balance each had a moment without room. Where a checker gives up,
// the order of positions is a witness.
func (j *judge) refusals(b bound, hot []standing) {
	for _, n := range j.notes {
		if n.Who != "hot" || n.Status != refused {
			continue
		}
		from, to := int64(0), hot[len(hot)-1].pos
		for op, pos := range j.pos {
			switch x := j.notes[op]; {
			case x.Ended != 0 && x.Ended < n.Began:
				from = max(from, pos)
			case x.Began > n.Ended:
				to = min(to, pos-1)
			}
		}
		low, _ := j.could(b, n.Began, n.Ended)
		if !slices.ContainsFunc(hot, func(s standing) bool { return s.pos >= from && s.pos <= to && s.sum+units(n.Amount) > low }) {
			j.say("refused with room", "%s of %d between %d and %d", n.mark(), n.Amount, from, to)
		}
	}
}

// asked is an operation on the hot balance.
type asked struct {
	kind   string
	amount int64 // to be added, or the new limit
}

// balance is what a checker believes of it.
type balance struct{ limit, sum int64 }

var oneBalance = porcupine.Model{
	Init: func() any { return balance{60, 0} },
	Step: func(state, input, output any) (bool, any) {
		b, in := state.(balance), input.(asked)
		switch in.kind {
		case "place":
			room := b.sum+in.amount <= b.limit
			if room != output.(bool) {
				return false, b
			}
			if room {
				b.sum += in.amount
			}
		case "set":
			b.limit = in.amount
		default:
			b.sum += in.amount
		}
		return true, b
	},
	DescribeOperation: func(input, output any) string { return fmt.Sprint(input, output) },
}

// check gives the history of the hot balance to a checker of linearizability.
func (j *judge) check() {
	var history []porcupine.Operation
	solo := j.d.sheets["solo"].Offering.ID
	for _, n := range j.notes {
		pos := j.pos[n.Op]
		in := asked{kind: n.Kind, amount: n.Amount}
		switch {
		case n.Kind == "place" && n.Who == "hot" && (pos != 0 || n.Status == refused):
		case n.Kind == "set" && n.Limit == "hot" && n.Status == done:
		case n.Kind == "set" && n.Limit == "hot" && (n.Status == nobodyKnows || n.Ended == 0):
			return // it may have been done at any time, or never: then this says nothing
		case pos != 0 && n.Order != 0 && j.orders[n.Order].Offering == solo:
			mine := j.settled(n.Order)
			if n.Kind == "adjust" {
				mine = j.corrected(n.Order, n.mark())
			}
			in.amount = int64(moved(mine, false) / money.Unit)
			if n.Kind == "adjust" {
				in.kind = "place" // it is asked of the limit, too
			}
		default:
			continue
		}
		if n.Ended == 0 || (pos != 0 && n.Status != done) {
			n.Ended = 1 << 62
		}
		history = append(history, porcupine.Operation{ClientId: int(n.Op), Input: in, Output: pos != 0, Call: n.Began, Return: n.Ended})
	}
	switch porcupine.CheckOperationsTimeout(oneBalance, history, 10*time.Second) {
	case porcupine.Illegal:
		j.say("not linearizable", "%d operations on one balance", len(history))
	case porcupine.Unknown:
		j.gaveUp = len(history)
	case porcupine.Ok:
		j.checked = len(history)
	}
}
