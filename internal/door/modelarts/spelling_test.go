package modelarts

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/order"
)

func TestEverySpellingIsReadBackWhateverTheRecordIsCalled(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		i, name := id.ID(rapid.Int64Range(1, int64(id.Max)).Draw(t, "id")), rapid.String().Draw(t, "name")
		res := order.Resource{ID: i, Name: name}
		for what, read := range map[string]func() (id.ID, error){
			"order":        func() (id.ID, error) { return parseOrderName(orderName(order.Order{ID: i, Name: name})) },
			"payment":      func() (id.ID, error) { return parsePaymentID(paymentID(i)) },
			"subscription": func() (id.ID, error) { return parseSubscriptionID(subscriptionID(res)) },
			"pool":         func() (id.ID, error) { return parseNamed(id.Resource, poolName(res)) },
		} {
			if got, err := read(); err != nil || got != i {
				t.Errorf("%s: %d came back as %d, %v", what, i, got, err)
			}
		}
	})
}

func TestAPoolsNameStandsInItsOrdersNamesAsItIs(t *testing.T) {
	for name, want := range map[string]string{"pool-5ed5": "pool-5ed5", "--a-": "--a-", "The Rack": "the-rack", "": "order", "förder": "f-rder"} {
		if got := plain(name); got != want {
			t.Errorf("%q is written %q, want %q", name, got, want)
		}
	}
}

func TestWhatNamesNothingIsNotRead(t *testing.T) {
	for _, s := range []string{"", "order.", "order.-", "order.pool", "order.pool-", "order.pool-!", "pool-1q2y54b2ebky", "order.pool-zzzzzzzzzzzzz", "order.a-01"} {
		if i, err := parseOrderName(s); err == nil {
			t.Errorf("%q is read as order %d", s, i)
		}
	}
	for _, s := range []string{"", "-", "pool", "d0c4e70000098000832666415c000023", "pool-d0c4e70000088000832666415c000023", "pool-zzc4e70000098000832666415c000023", "poold0c4e70000098000832666415c000023"} {
		if i, err := parseNamed(id.Resource, s); err == nil {
			t.Errorf("%q is read as resource %d", s, i)
		}
	}
	for _, s := range []string{"", "CS", "cs1q2", "CS-1", "CS0"} {
		if i, err := parsePaymentID(s); err == nil {
			t.Errorf("%q is read as order %d", s, i)
		}
	}
}

func FuzzNames(f *testing.F) {
	f.Add("order.pool-5ed5-w4l2n")
	f.Add("pool-5ed5-d0c4e70000098000832666415c000023")
	f.Add("CS1Q2Y54B2EBKY")
	f.Fuzz(func(t *testing.T, s string) {
		for _, parse := range []func(string) (id.ID, error){parseOrderName, parsePaymentID, parseSubscriptionID, func(s string) (id.ID, error) { return parseNamed(id.Resource, s) }} {
			if i, err := parse(s); err == nil && !i.Valid() {
				t.Errorf("%q is read as %d", s, i)
			}
		}
	})
}
