package waldur

import (
	"bytes"
	"encoding/json"
	"net/url"
	"slices"
)

// key is one key of a model with how its value is read. A value may be absent: where the
// vendor's client takes no null, the key is left out instead.
type key[T any] struct {
	name  string
	value func(v *view, t T) any
	asked bool // only where it is asked for by name: it is dear
}

// model is how a record is written.
type model[T any] []key[T]

type absence struct{}

// absent as a value leaves its key out.
var absent = absence{}

// always gives several keys the same value in every record.
func always[T any](value any, names ...string) model[T] {
	m := make(model[T], len(names))
	for n, name := range names {
		m[n] = key[T]{name: name, value: func(*view, T) any { return value }}
	}
	return m
}

// of writes one record by another's model: the part a record has of something else.
func of[T, U any](m model[U], get func(v *view, t T) U) model[T] {
	out := make(model[T], len(m))
	for n, k := range m {
		out[n] = key[T]{name: k.name, asked: k.asked, value: func(v *view, t T) any { return k.value(v, get(v, t)) }}
	}
	return out
}

func (m model[T]) has(name string) bool {
	return slices.ContainsFunc(m, func(k key[T]) bool { return k.name == name })
}

// fields are the names that the caller asks for and the model has; none: everything.
func (m model[T]) fields(q url.Values) []string {
	var out []string
	for _, f := range q["field"] {
		if m.has(f) {
			out = append(out, f)
		}
	}
	return out
}

// object writes a record: the fields named, or all but those that must be asked for.
func (m model[T]) object(v *view, t T, fields []string) json.RawMessage {
	var b bytes.Buffer
	b.WriteByte('{')
	for _, k := range m {
		if len(fields) > 0 && !slices.Contains(fields, k.name) || len(fields) == 0 && k.asked {
			continue
		}
		value := k.value(v, t)
		if value == absent {
			continue
		}
		if b.Len() > 1 {
			b.WriteByte(',')
		}
		b.WriteByte('"')
		b.WriteString(k.name)
		b.WriteString(`":`)
		v.failed(encode(&b, value))
	}
	b.WriteByte('}')
	return b.Bytes()
}

// objects writes several, as an array.
func (m model[T]) objects(v *view, list []T) []json.RawMessage {
	out := make([]json.RawMessage, len(list))
	for n, t := range list {
		out[n] = m.object(v, t, nil)
	}
	return out
}

func encode(b *bytes.Buffer, value any) error {
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		return err
	}
	b.Truncate(b.Len() - 1) // the encoder's line end
	return nil
}
