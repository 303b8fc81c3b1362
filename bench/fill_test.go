//go:build linux

package main

import (
	"testing"

	"github.com/docket-desk/docket/internal/core"
)

func TestWhatFillingStoresIsOrdersThatVerifyAgreesWith(t *testing.T) {
	s := site{Data: t.TempDir()}
	if err := s.found(t.Context(), 7); err != nil {
		t.Fatal(err)
	}
	d, err := s.open(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer d.close()
	for _, part := range [][2]int{{0, 100}, {100, 600}} {
		if err := d.fill(t.Context(), part[0], part[1]); err != nil {
			t.Fatal(err)
		}
	}
	v, err := d.core.Verify(t.Context(), core.System())
	if err != nil {
		t.Fatal(err)
	}
	if v.Orders != 600 || v.Entries != 4*600 || len(v.Disagrees) > 0 {
		t.Errorf("verify found %d orders, %d entries and %v; want 600, 2400 and nothing", v.Orders, v.Entries, v.Disagrees)
	}
}
