package sqlite

import (
	"cmp"
	"maps"
	"slices"

	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/limit"
	"github.com/docket-desk/docket/internal/store/record"
)

// balances are those that the writer has read or written, as they were committed: exact,
// because nobody else writes. A batch changes them in memory and writes each once, before
// it commits; one rolled back just forgets what it moved.
type balances map[limit.Key]limit.Balance

// mostBalances bounds the memory; beyond it what is needed is read again.
const mostBalances = 200_000

func (x *balances) keep(moved map[limit.Key]limit.Balance) {
	if *x == nil || len(*x) >= mostBalances {
		*x = balances{}
	}
	maps.Copy(*x, moved)
}

func (tx *tx) Balance(k limit.Key) (limit.Balance, error) {
	if err := tx.e.usable(); err != nil {
		return limit.Balance{Key: k}, err
	}
	if b, ok := tx.batch.moved[k]; ok {
		return b, nil
	}
	kept := &tx.batch.store.balances
	if b, ok := (*kept)[k]; ok {
		return b, nil
	}
	b, err := tx.Tx.Balance(k)
	if err == nil {
		kept.keep(map[limit.Key]limit.Balance{k: b})
	}
	return b, err
}

func (tx *tx) AddBalance(delta limit.Balance) error {
	was, err := tx.Balance(delta.Key)
	if err != nil {
		return tx.Spoil(err)
	}
	return tx.SetBalance(limit.Balance{Key: delta.Key, Used: was.Used + delta.Used, Held: was.Held + delta.Held})
}

func (tx *tx) SetBalance(b limit.Balance) error {
	if err := tx.e.usable(); err != nil {
		return tx.Spoil(err)
	}
	tx.e.wrote = true
	tx.batch.moved[b.Key] = b
	return nil
}

// Balances reads the table, once it has what this batch moved.
func (tx *tx) Balances(limits []id.ID) ([]limit.Balance, error) {
	if err := tx.batch.writeBalances(); err != nil {
		return nil, tx.Spoil(err)
	}
	return tx.Tx.Balances(limits)
}

// DeleteLimit takes its balances with it.
func (tx *tx) DeleteLimit(i id.ID) error {
	of := func(k limit.Key, _ limit.Balance) bool { return k.Limit == i }
	maps.DeleteFunc(tx.batch.moved, of)
	maps.DeleteFunc(tx.batch.store.balances, of) // read again, should this be rolled back
	return tx.Tx.DeleteLimit(i)
}

const putBalance = "INSERT INTO balances (limit_id, window_day, used, held) VALUES (?1, ?2, ?3, ?4) " +
	"ON CONFLICT (limit_id, window_day) DO UPDATE SET used = excluded.used, held = excluded.held"

// writeBalances writes what the batch moved, in the order of keys.
func (b *batch) writeBalances() error {
	keys := slices.SortedFunc(maps.Keys(b.moved), func(x, y limit.Key) int {
		return cmp.Or(cmp.Compare(x.Limit, y.Limit), cmp.Compare(x.Window, y.Window))
	})
	if len(keys) > 0 {
		b.written.add(record.Written(putBalance), 0)
	}
	s, err := b.store.writer.c.Prepare(putBalance)
	if err != nil {
		return err
	}
	for _, k := range keys {
		m := b.moved[k]
		for n, v := range [...]int64{int64(k.Limit), int64(k.Window), int64(m.Used), int64(m.Held)} {
			s.BindInt64(n+1, v)
		}
		if _, err := s.Step(); err != nil {
			return err
		}
		if err := s.Reset(); err != nil {
			return err
		}
	}
	return nil
}
