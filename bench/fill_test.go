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
	d, err := s.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer d.close()
	if err := d.fill(t.Context(), 500); err != nil {
		t.Fatal(err)
	}
	if err := d.fillTogether(t.Context(), 100); err != nil {
		t.Fatal(err)
	}
	v, err := d.core.Verify(t.Context(), core.System(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if v.Orders != 600 || v.Entries != 4*600 || len(v.Disagrees) > 0 {
		t.Errorf("verify found %d orders, %d entries and %v; want 600, 2400 and nothing", v.Orders, v.Entries, v.Disagrees)
	}
}
