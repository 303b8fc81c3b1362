package sqlite

import (
	"context"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
)

// metaIDs is the setting under which the floor of ids is kept.
const metaIDs = "ids"

// Node is number 0: nobody else writes to the file. A desk that was killed kept no floor
// of its last moments, but its records tell.
func (s *Store) Node(ctx context.Context) (core.Node, error) {
	var n core.Node
	err := s.View(ctx, func(r core.Reader) (err error) {
		if n.Floor, err = keptFloor(r); err != nil {
			return err
		}
		newest, err := r.Newest()
		n.Floor = max(n.Floor, newest)
		return err
	})
	return n, err
}

func keptFloor(r core.Reader) (id.ID, error) {
	kept, err := r.Meta(metaIDs)
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
		return tx.PutMeta(metaIDs, floor.Decimal())
	})
}
