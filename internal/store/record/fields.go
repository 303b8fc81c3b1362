package record

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/docket-desk/docket/internal/id"
)

// Fields goes over the columns of one row in order, into a statement's parameters or
// out of its result. A record says its columns once, in one function, for both ways,
// so that what is written is what is read.
type Fields struct {
	row    Row
	params Params // where they go in
	n      int    // the column it stands at, from 0
	err    error
}

// Into goes over columns into parameters.
func Into(p Params) *Fields { return &Fields{params: p} }

// From goes over columns out of a row.
func From(r Row) *Fields { return &Fields{row: r} }

// Err is the first value that was none of those its field may have.
func (f *Fields) Err() error { return f.err }

func (f *Fields) in() bool { return f.params != nil }

func (f *Fields) next() int { f.n++; return f.n - 1 }

func (f *Fields) null() bool { return f.row.Null(f.n) }

func (f *Fields) fail(err error) {
	if f.err == nil {
		f.err = err
	}
}

type integer interface {
	~int | ~int32 | ~int64 | ~uint8
}

// num is a whole number: an id, an amount, a day, a count.
func num[T integer](f *Fields, p *T) {
	if f.in() {
		f.params.Int(f.next(), int64(*p))
		return
	}
	*p = T(f.row.Int(f.next()))
}

// opt is a whole number that may be absent.
func opt[T integer](f *Fields, p **T) {
	if f.in() {
		if *p == nil {
			f.params.Null(f.next())
			return
		}
		f.params.Int(f.next(), int64(**p))
		return
	}
	*p = nil
	if !f.null() {
		v := T(f.row.Int(f.n))
		*p = &v
	}
	f.n++
}

// text is a text, empty where there is none.
func text[T ~string](f *Fields, p *T) {
	if f.in() {
		f.params.Text(f.next(), string(*p))
		return
	}
	*p = T(f.row.Text(f.next()))
}

// code is one of a table of small numbers.
func code[T comparable](f *Fields, p *T, table codes[T]) {
	if f.in() {
		c, ok := table.code[*p]
		if !ok {
			f.fail(fmt.Errorf("%v is no %s", *p, table.what))
		}
		f.params.Int(f.next(), c)
		return
	}
	c := f.row.Int(f.next())
	w, ok := table.word[c]
	if !ok {
		f.fail(fmt.Errorf("%d stands for no %s", c, table.what))
	}
	*p = w
}

func flag(f *Fields, p *bool) {
	if f.in() {
		v := int64(0)
		if *p {
			v = 1
		}
		f.params.Int(f.next(), v)
		return
	}
	*p = f.row.Int(f.next()) != 0
}

// at is an instant.
func at(f *Fields, p *time.Time) {
	if f.in() {
		f.params.Int(f.next(), p.UnixMicro())
		return
	}
	*p = time.UnixMicro(f.row.Int(f.next())).UTC()
}

// since is an instant that may not have come yet: the zero time, which takes no room.
func since(f *Fields, p *time.Time) {
	if f.in() {
		if p.IsZero() {
			f.params.Int(f.next(), 0)
			return
		}
		at(f, p)
		return
	}
	*p = time.Time{}
	if f.row.Int(f.n) != 0 {
		at(f, p)
		return
	}
	f.n++
}

// optAt is an instant that may be absent.
func optAt(f *Fields, p **time.Time) {
	if f.in() {
		if *p == nil {
			f.params.Null(f.next())
			return
		}
		f.params.Int(f.next(), (*p).UnixMicro())
		return
	}
	*p = nil
	if !f.null() {
		t := time.UnixMicro(f.row.Int(f.n)).UTC()
		*p = &t
	}
	f.n++
}

// blob is bytes; none and empty are one.
func blob(f *Fields, p *[]byte) {
	if f.in() {
		if len(*p) == 0 {
			f.params.Null(f.next())
			return
		}
		f.params.Bytes(f.next(), *p)
		return
	}
	*p = f.bytes()
}

func (f *Fields) bytes() []byte { return f.row.Bytes(f.next()) }

// raw is JSON as it came; none is null.
func raw(f *Fields, p *json.RawMessage) {
	if f.in() {
		if len(*p) == 0 {
			f.params.Null(f.next())
			return
		}
		f.params.Text(f.next(), string(*p))
		return
	}
	*p = f.bytes()
}

// object is a struct kept as JSON; one that says nothing is null.
func object[T any](f *Fields, p *T) {
	if !f.in() {
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
		f.params.Null(f.next())
	default:
		f.params.Text(f.next(), s)
	}
}

// optObject is a struct kept as JSON that may be absent.
func optObject[T any](f *Fields, p **T) {
	if f.in() {
		if *p == nil {
			f.params.Null(f.next())
			return
		}
		b, err := json.Marshal(*p)
		if err != nil {
			f.fail(err)
		}
		f.params.Text(f.next(), string(b))
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

// amounts are numbers by component, quantities or rates: an object from id to number, nil
// is null. Written by hand, for every order writes some.
func amounts[M ~map[id.ID]T, T ~int64](f *Fields, p *M) {
	if f.in() {
		if *p == nil {
			f.params.Null(f.next())
			return
		}
		f.params.Text(f.next(), string(appendAmounts(nil, *p)))
		return
	}
	*p = nil
	if f.null() {
		f.n++
		return
	}
	q := M{}
	if b := f.bytes(); len(b) > len("{}") {
		if err := json.Unmarshal(b, &q); err != nil {
			f.fail(err)
		}
	}
	*p = q
}

func appendAmounts[M ~map[id.ID]T, T ~int64](b []byte, q M) []byte {
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
