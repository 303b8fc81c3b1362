package sqlite

import (
	"context"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/store/record"
)

// Node is number 0: nobody else writes to the file. A desk that was killed kept no floor
// of its last moments, but its records tell.
func (s *Store) Node(ctx context.Context) (core.Node, error) {
	var n core.Node
	err := s.View(ctx, func(r core.Reader) (err error) {
		n.Floor, err = floorOf(r)
		return err
	})
	return n, err
}

func floorOf(r core.Reader) (id.ID, error) {
	floor, err := keptFloor(r)
	if err != nil {
		return 0, err
	}
	newest, err := r.Newest()
	return max(floor, newest), err
}

func keptFloor(r core.Reader) (id.ID, error) {
	kept, err := r.Meta(record.MetaIDs)
	if err != nil || kept == "" {
		return 0, err
	}
	return id.ParseDecimal(kept)
}

// KeepFloor remembers up to where ids were drawn.
func (s *Store) KeepFloor(ctx context.Context, floor id.ID) error {
	return s.Update(ctx, core.Touch{}, func(tx core.Tx) error {
		if kept, err := keptFloor(tx); err != nil || kept >= floor {
			return err
		}
		return tx.PutMeta(record.MetaIDs, floor.Decimal())
	})
}
