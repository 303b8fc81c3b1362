// Package ledger holds entries and what they add up to. An entry moves an amount
// and a quantity of one component from one of a customer's three accounts
// (allowance, held, used) to another, so it balances by construction; entries are
// appended and never changed. Which limits an entry counts against is said by
// package limit.
package ledger

import (
	"time"

	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/money"
)

// Account is one of the three faces of (customer, currency or component).
type Account uint8

// The accounts.
const (
	Allowance Account = iota
	Held
	Used
)

// Kind is what an entry does.
type Kind uint8

// The kinds, and no others.
const (
	Hold Kind = iota + 1
	Release
	Capture
	Charge
	Refund
)

var kinds = map[Kind]struct {
	name     string
	from, to Account
}{
	Hold:    {"hold", Allowance, Held},
	Release: {"release", Held, Allowance},
	Capture: {"capture", Held, Used},
	Charge:  {"charge", Allowance, Used},
	Refund:  {"refund", Used, Allowance},
}

// Kinds lists them all.
func Kinds() []Kind { return []Kind{Hold, Release, Capture, Charge, Refund} }

// String is the word for a kind.
func (k Kind) String() string { return kinds[k].name }

// Accounts are the two accounts a kind moves between.
func (k Kind) Accounts() (from, to Account) { return kinds[k].from, kinds[k].to }

// Entry is one row of the ledger. Its key is (Subject, N).
type Entry struct {
	Subject   id.ID // the order, else the usage row
	N         int   // within the subject, from 1
	Posting   int   // entries written together
	Kind      Kind
	Amount    money.Micro // ≥ 0
	Quantity  money.Micro // ≥ 0
	Component id.ID
	Currency  money.Currency
	Customer  id.ID
	Project   id.ID
	User      id.ID
	Provider  id.ID
	Offering  id.ID
	Resource  id.ID
	Usage     id.ID // 0: none
	CountsOn  day.Day
	At        time.Time
	By        id.ID
	Reason    string
}

// Delta is what an entry adds to held and used.
func (e Entry) Delta() (held, used Sums) {
	s := Sums{e.Amount, e.Quantity}
	from, to := e.Kind.Accounts()
	add := func(a Account, s Sums) {
		switch a {
		case Held:
			held = held.Plus(s)
		case Used:
			used = used.Plus(s)
		case Allowance: // what neither held nor used has
		}
	}
	add(from, Sums{-s.Amount, -s.Quantity})
	add(to, s)
	return held, used
}

// Sums is an amount and a quantity.
type Sums struct{ Amount, Quantity money.Micro }

// Plus adds.
func (s Sums) Plus(t Sums) Sums { return Sums{s.Amount + t.Amount, s.Quantity + t.Quantity} }

// Totals are the sums of a set of entries by kind.
type Totals map[Kind]Sums

// Total adds entries up.
func Total(entries []Entry) Totals {
	t := Totals{}
	for _, e := range entries {
		t[e.Kind] = t[e.Kind].Plus(Sums{e.Amount, e.Quantity})
	}
	return t
}

// Held is what is still held: hold − release − capture.
func (t Totals) Held() Sums {
	return Sums{t[Hold].Amount - t[Release].Amount - t[Capture].Amount, t[Hold].Quantity - t[Release].Quantity - t[Capture].Quantity}
}

// Charged is what was charged: capture + charge − refund.
func (t Totals) Charged() Sums {
	return Sums{t[Capture].Amount + t[Charge].Amount - t[Refund].Amount, t[Capture].Quantity + t[Charge].Quantity - t[Refund].Quantity}
}
