package backup

import (
	"encoding/binary"
	"errors"

	"github.com/docket-desk/docket/internal/core"
)

// A row is its values, one after the other: a byte for the kind, then of an integer its
// zigzag varint, of a text or octets their length as a varint and they themselves.

func appendRow(b []byte, row []core.Value) []byte {
	for i := range row {
		v := &row[i]
		b = append(b, byte(v.Kind))
		switch v.Kind {
		case core.Integer:
			b = binary.AppendVarint(b, v.Int)
		case core.Text, core.Octets:
			b = append(binary.AppendUvarint(b, uint64(len(v.Bytes))), v.Bytes...)
		}
	}
	return b
}

var errRow = errors.New("its rows cannot be read")

// cutRow reads a row of so many values from the beginning of b, and returns what follows
// it. What the values hold is b's.
func cutRow(b []byte, row []core.Value) ([]byte, error) {
	for i := range row {
		v := &row[i]
		if len(b) == 0 {
			return nil, errRow
		}
		v.Kind, b = core.ValueKind(b[0]), b[1:]
		switch v.Kind {
		case core.Null:
		case core.Integer:
			n := 0
			if v.Int, n = binary.Varint(b); n <= 0 {
				return nil, errRow
			}
			b = b[n:]
		case core.Text, core.Octets:
			size, n := binary.Uvarint(b)
			if n <= 0 || size > uint64(len(b)-n) {
				return nil, errRow
			}
			v.Bytes, b = b[n:n+int(size)], b[n+int(size):]
		default:
			return nil, errRow
		}
	}
	return b, nil
}
