package ledger

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/docket-desk/docket/internal/money"
)

func TestEntriesOfAPostingSumToZero(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		accounts := map[Account]Sums{}
		var entries []Entry
		for range rapid.IntRange(0, 40).Draw(t, "entries") {
			e := Entry{Kind: rapid.SampledFrom(Kinds()).Draw(t, "kind"), Amount: money.Micro(rapid.Int64Range(0, 1e12).Draw(t, "amount")),
				Quantity: money.Micro(rapid.Int64Range(0, 1e12).Draw(t, "quantity"))}
			entries = append(entries, e)
			from, to := e.Kind.Accounts()
			accounts[from] = accounts[from].Plus(Sums{-e.Amount, -e.Quantity})
			accounts[to] = accounts[to].Plus(Sums{e.Amount, e.Quantity})
		}
		sum := accounts[Allowance].Plus(accounts[Held]).Plus(accounts[Used])
		if sum != (Sums{}) {
			t.Fatalf("allowance + held + used = %v", sum)
		}
		totals := Total(entries)
		if totals.Held() != accounts[Held] || totals.Charged() != accounts[Used] {
			t.Fatalf("held %v, charged %v; the accounts say %v, %v", totals.Held(), totals.Charged(), accounts[Held], accounts[Used])
		}
		var held, used Sums
		for _, e := range entries {
			h, u := e.Delta()
			held, used = held.Plus(h), used.Plus(u)
		}
		if held != accounts[Held] || used != accounts[Used] {
			t.Fatalf("deltas add up to %v, %v", held, used)
		}
	})
}

func TestEveryKindHasAWordAndTwoAccounts(t *testing.T) {
	words := map[string]bool{}
	for _, k := range Kinds() {
		from, to := k.Accounts()
		if k.String() == "" || words[k.String()] || from == to {
			t.Errorf("kind %d: %q, %d → %d", k, k, from, to)
		}
		words[k.String()] = true
	}
}
