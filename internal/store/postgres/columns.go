package postgres

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/docket-desk/docket/internal/store/record"
)

// columns gathers rows column by column, each an array in PostgreSQL's binary form, so
// that one statement of one text takes any number of rows: INSERT … SELECT … FROM
// unnest($1, $2, …).
type columns struct {
	rows int
	of   []column
}

type column struct {
	oid   uint32 // of an element
	nulls bool
	data  []byte // elements, each with its length before it
}

var _ record.Params = (*columns)(nil)

func newColumns(oids []uint32) *columns {
	c := &columns{of: make([]column, len(oids))}
	for i, oid := range oids {
		c.of[i].oid = oid
	}
	return c
}

func (c *columns) clear() {
	c.rows = 0
	for i := range c.of {
		c.of[i].nulls, c.of[i].data = false, c.of[i].data[:0]
	}
}

// add appends a row.
func (c *columns) add(each func(*record.Fields)) error {
	f := record.Into(c)
	each(f)
	c.rows++
	return f.Err()
}

func (c *columns) Int(i int, v int64) {
	d := &c.of[i]
	switch d.oid {
	case pgtype.Int2OID:
		d.data = binary.BigEndian.AppendUint16(append(d.data, 0, 0, 0, 2), uint16(v))
	case pgtype.Int4OID:
		d.data = binary.BigEndian.AppendUint32(append(d.data, 0, 0, 0, 4), uint32(v))
	default:
		d.data = binary.BigEndian.AppendUint64(append(d.data, 0, 0, 0, 8), uint64(v))
	}
}

func (c *columns) Text(i int, v string) {
	d := &c.of[i]
	d.data = append(binary.BigEndian.AppendUint32(d.data, uint32(len(v))), v...)
}

func (c *columns) Bytes(i int, v []byte) {
	d := &c.of[i]
	d.data = append(binary.BigEndian.AppendUint32(d.data, uint32(len(v))), v...)
}

func (c *columns) Null(i int) {
	d := &c.of[i]
	d.nulls = true
	d.data = append(d.data, 0xff, 0xff, 0xff, 0xff)
}

// values are the arrays, one a column.
func (c *columns) values() [][]byte {
	out := make([][]byte, len(c.of))
	for i := range c.of {
		d := &c.of[i]
		out[i] = append(arrayHead(d.oid, c.rows, d.nulls), d.data...)
	}
	return out
}

// arrayHead begins an array of one dimension, counted from 1.
func arrayHead(oid uint32, n int, nulls bool) []byte {
	b := make([]byte, 0, 20)
	if n == 0 {
		b = append(b, 0, 0, 0, 0)
	} else {
		b = append(b, 0, 0, 0, 1)
	}
	if nulls {
		b = append(b, 0, 0, 0, 1)
	} else {
		b = append(b, 0, 0, 0, 0)
	}
	b = binary.BigEndian.AppendUint32(b, oid)
	if n == 0 {
		return b
	}
	return append(binary.BigEndian.AppendUint32(b, uint32(n)), 0, 0, 0, 1)
}

// numbers is an array of bigint.
func numbers(list []int64) []byte {
	b := arrayHead(pgtype.Int8OID, len(list), false)
	for _, v := range list {
		b = binary.BigEndian.AppendUint64(append(b, 0, 0, 0, 8), uint64(v))
	}
	return b
}

// days is an array of integer.
func days(list []int32) []byte {
	b := arrayHead(pgtype.Int4OID, len(list), false)
	for _, v := range list {
		b = binary.BigEndian.AppendUint32(append(b, 0, 0, 0, 4), uint32(v))
	}
	return b
}

// hashes is an array of bytea.
func hashes(list [][]byte) []byte {
	b := arrayHead(pgtype.ByteaOID, len(list), false)
	for _, v := range list {
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(v))), v...)
	}
	return b
}

// words is an array of text.
func words(list []string) []byte {
	b := arrayHead(pgtype.TextOID, len(list), false)
	for _, v := range list {
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(v))), v...)
	}
	return b
}

// bigint is one number, and integer a smaller one.
func bigint(v int64) []byte  { return binary.BigEndian.AppendUint64(nil, uint64(v)) }
func integer(v int32) []byte { return binary.BigEndian.AppendUint32(nil, uint32(v)) }

// The statements that take rows as columns.

var elementOf = map[uint32]string{pgtype.Int2OID: "smallint", pgtype.Int4OID: "integer", pgtype.Int8OID: "bigint", pgtype.TextOID: "text", pgtype.ByteaOID: "bytea"}

// unnested is FROM's source of rows, as v (columns).
func unnested(l record.Layout, oids []uint32) string {
	parts := make([]string, len(oids))
	for i, oid := range oids {
		parts[i] = fmt.Sprintf("$%d::%s[]", i+1, elementOf[oid])
	}
	return "unnest(" + strings.Join(parts, ", ") + ") AS v (" + strings.Join(l.Columns, ", ") + ")"
}

func insertMany(l record.Layout, oids []uint32) string {
	return "INSERT INTO " + l.Name + " (" + strings.Join(l.Columns, ", ") + ") SELECT " + strings.Join(l.Columns, ", ") + " FROM " + unnested(l, oids)
}

// putMany inserts, or replaces by key.
func putMany(l record.Layout, oids []uint32) string {
	var set []string
	for _, c := range l.Columns[l.Keys:] {
		set = append(set, c+" = excluded."+c)
	}
	sql := insertMany(l, oids) + " ON CONFLICT (" + strings.Join(l.Columns[:l.Keys], ", ") + ") DO "
	if len(set) == 0 {
		return sql + "NOTHING"
	}
	return sql + "UPDATE SET " + strings.Join(set, ", ")
}

// replaceMany replaces by key rows that are locked. Where one is not there after all it
// divides by zero, for nobody looks at the answer before the commit.
func replaceMany(l record.Layout, oids []uint32) string {
	var set, key []string
	for i, c := range l.Columns {
		if i < l.Keys {
			key = append(key, "t."+c+" = v."+c)
		} else {
			set = append(set, c+" = v."+c)
		}
	}
	return "WITH done AS (UPDATE " + l.Name + " AS t SET " + strings.Join(set, ", ") + " FROM " + unnested(l, oids) + " WHERE " + strings.Join(key, " AND ") +
		" RETURNING 1) SELECT 1 / (count(*) = cardinality($1))::integer FROM done"
}
