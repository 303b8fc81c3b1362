package sqlite

import (
	"slices"
	"testing"
)

func TestEveryTableWithIdsIsAskedForItsNewest(t *testing.T) {
	s := openIn(t, t.TempDir(), Options{})
	st, err := s.writer.c.Prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND sql LIKE '%' || char(10) || char(9) || 'id %INTEGER PRIMARY KEY%' ORDER BY name")
	if err != nil {
		t.Fatal(err)
	}
	var have []string
	for {
		more, err := st.Step()
		if err != nil {
			t.Fatal(err)
		}
		if !more {
			break
		}
		have = append(have, st.ColumnText(0))
	}
	if want := slices.Sorted(slices.Values(numbered)); len(have) == 0 || !slices.Equal(have, want) {
		t.Errorf("tables with ids are %v, asked are %v", have, want)
	}
}
