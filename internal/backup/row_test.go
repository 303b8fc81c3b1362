package backup

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"

	"github.com/docket-desk/docket/internal/core"
)

var values = rapid.Custom(func(t *rapid.T) core.Value {
	switch k := core.ValueKind(rapid.IntRange(0, 3).Draw(t, "kind")); k {
	case core.Integer:
		return core.Value{Kind: k, Int: rapid.Int64().Draw(t, "number")}
	case core.Text, core.Octets:
		return core.Value{Kind: k, Bytes: rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")}
	}
	return core.Value{}
})

func TestRowsAreReadAsTheyWereWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.IntRange(1, 9).Draw(t, "columns")
		rows := rapid.SliceOf(rapid.SliceOfN(values, width, width)).Draw(t, "rows")
		var b []byte
		for _, row := range rows {
			b = appendRow(b, row)
		}
		got := make([]core.Value, width)
		for n, row := range rows {
			var err error
			if b, err = cutRow(b, got); err != nil {
				t.Fatal(err)
			}
			for i, v := range row {
				if g := got[i]; g.Kind != v.Kind || v.Kind == core.Integer && g.Int != v.Int || v.Kind > core.Integer && !bytes.Equal(g.Bytes, v.Bytes) {
					t.Fatalf("row %d: %v, want %v", n, got, row)
				}
			}
		}
		if len(b) > 0 {
			t.Fatalf("%d bytes are left", len(b))
		}
	})
}

func FuzzWhatIsNoRowIsRefused(f *testing.F) {
	f.Add(appendRow(nil, []core.Value{{}, {Kind: core.Integer, Int: -5}, {Kind: core.Text, Bytes: []byte("é")}}))
	f.Add([]byte{2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Add([]byte{1, 0x80})
	f.Add([]byte{9})
	f.Fuzz(func(t *testing.T, b []byte) {
		row := make([]core.Value, 3)
		rest, err := cutRow(b, row)
		if err != nil {
			return
		}
		// What passes is a row: written again and read again, it is the same one.
		again := make([]core.Value, 3)
		if left, err := cutRow(appendRow(nil, row), again); err != nil || len(left) > 0 || len(rest) > len(b) {
			t.Errorf("%v, %v: %d bytes are left", row, err, len(left))
		}
	})
}
