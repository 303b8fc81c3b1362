package sqlite

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"zombiezen.com/go/sqlite"

	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
)

// fields goes over the columns of one row in order, into a statement's parameters or
// out of its result. A record says its columns once, in one function, for both ways,
// so that what is written is what is read.
type fields struct {
	s   *sqlite.Stmt
	n   int // the column it stands at, from 0
	in  bool
	err error
}

func (f *fields) next() int { f.n++; return f.n - 1 }

func (f *fields) null() bool { return f.s.ColumnType(f.n) == sqlite.TypeNull }

func (f *fields) fail(err error) {
	if f.err == nil {
		f.err = err
	}
}

type integer interface {
	~int | ~int32 | ~int64 | ~uint8
}

// num is a whole number: an id, an amount, a day, a count.
func num[T integer](f *fields, p *T) {
	if f.in {
		f.s.BindInt64(f.next()+1, int64(*p))
		return
	}
	*p = T(f.s.ColumnInt64(f.next()))
}

// opt is a whole number that may be absent.
func opt[T integer](f *fields, p **T) {
	if f.in {
		if *p == nil {
			f.s.BindNull(f.next() + 1)
			return
		}
		f.s.BindInt64(f.next()+1, int64(**p))
		return
	}
	*p = nil
	if !f.null() {
		v := T(f.s.ColumnInt64(f.n))
		*p = &v
	}
	f.n++
}

// text is a text, empty where there is none.
func text[T ~string](f *fields, p *T) {
	if f.in {
		f.s.BindText(f.next()+1, string(*p))
		return
	}
	*p = T(f.s.ColumnText(f.next()))
}

// code is one of a table of small numbers.
func code[T comparable](f *fields, p *T, table codes[T]) {
	if f.in {
		c, ok := table.code[*p]
		if !ok {
			f.fail(fmt.Errorf("%v is no %s", *p, table.what))
		}
		f.s.BindInt64(f.next()+1, c)
		return
	}
	c := f.s.ColumnInt64(f.next())
	w, ok := table.word[c]
	if !ok {
		f.fail(fmt.Errorf("%d stands for no %s", c, table.what))
	}
	*p = w
}

func flag(f *fields, p *bool) {
	if f.in {
		f.s.BindBool(f.next()+1, *p)
		return
	}
	*p = f.s.ColumnInt64(f.next()) != 0
}

// at is an instant.
func at(f *fields, p *time.Time) {
	if f.in {
		f.s.BindInt64(f.next()+1, p.UnixMicro())
		return
	}
	*p = time.UnixMicro(f.s.ColumnInt64(f.next())).UTC()
}

// optAt is an instant that may be absent.
func optAt(f *fields, p **time.Time) {
	if f.in {
		if *p == nil {
			f.s.BindNull(f.next() + 1)
			return
		}
		f.s.BindInt64(f.next()+1, (*p).UnixMicro())
		return
	}
	*p = nil
	if !f.null() {
		t := time.UnixMicro(f.s.ColumnInt64(f.n)).UTC()
		*p = &t
	}
	f.n++
}

// blob is bytes; none and empty are one.
func blob(f *fields, p *[]byte) {
	if f.in {
		if len(*p) == 0 {
			f.s.BindNull(f.next() + 1)
			return
		}
		f.s.BindBytes(f.next()+1, *p)
		return
	}
	*p = f.bytes()
}

// fixed is bytes of one length.
func fixed(f *fields, p []byte) {
	if f.in {
		f.s.BindBytes(f.next()+1, p)
		return
	}
	if n := f.s.ColumnBytes(f.next(), p); n != len(p) {
		f.fail(fmt.Errorf("%d bytes stand where %d belong", n, len(p)))
	}
}

func (f *fields) bytes() []byte {
	i := f.next()
	n := f.s.ColumnLen(i)
	if n == 0 {
		return nil
	}
	b := make([]byte, n)
	f.s.ColumnBytes(i, b)
	return b
}

// raw is JSON as it came; none is null.
func raw(f *fields, p *json.RawMessage) {
	if f.in {
		if len(*p) == 0 {
			f.s.BindNull(f.next() + 1)
			return
		}
		f.s.BindText(f.next()+1, string(*p))
		return
	}
	*p = f.bytes()
}

// object is a struct kept as JSON; one that says nothing is null.
func object[T any](f *fields, p *T) {
	if !f.in {
		if b := f.bytes(); b != nil {
			if err := json.Unmarshal(b, p); err != nil {
				f.fail(err)
			}
		}
		return
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // so that JSON inside it comes back as it was
	if err := e.Encode(p); err != nil {
		f.fail(err)
	}
	switch s := string(bytes.TrimSuffix(b.Bytes(), []byte("\n"))); s {
	case "{}", "null":
		f.s.BindNull(f.next() + 1)
	default:
		f.s.BindText(f.next()+1, s)
	}
}

// optObject is a struct kept as JSON that may be absent.
func optObject[T any](f *fields, p **T) {
	if f.in {
		if *p == nil {
			f.s.BindNull(f.next() + 1)
			return
		}
		b, err := json.Marshal(*p)
		if err != nil {
			f.fail(err)
		}
		f.s.BindText(f.next()+1, string(b))
		return
	}
	*p = nil
	if f.null() {
		f.n++
		return
	}
	*p = new(T)
	object(f, *p)
}

// amounts are quantities by component: an object from id to micro, nil is null.
// Written by hand, for every order writes some.
func amounts(f *fields, p *order.Quantities) {
	if f.in {
		if *p == nil {
			f.s.BindNull(f.next() + 1)
			return
		}
		f.s.BindText(f.next()+1, string(appendAmounts(nil, *p)))
		return
	}
	*p = nil
	if f.null() {
		f.n++
		return
	}
	q := order.Quantities{}
	if b := f.bytes(); len(b) > len("{}") {
		if err := json.Unmarshal(b, (*map[id.ID]money.Micro)(&q)); err != nil {
			f.fail(err)
		}
	}
	*p = q
}

func appendAmounts(b []byte, q order.Quantities) []byte {
	var few [8]id.ID
	keys := few[:0]
	for k := range q {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	b = append(b, '{')
	for n, k := range keys {
		if n > 0 {
			b = append(b, ',')
		}
		b = append(b, '"')
		b = strconv.AppendInt(b, int64(k), 10)
		b = append(b, `":`...)
		b = strconv.AppendInt(b, int64(q[k]), 10)
	}
	return append(b, '}')
}
