package storetest

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"time"

	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/ledger"
	"github.com/docket-desk/docket/internal/order"
)

// began is when the tests' world begins.
var began = time.Date(2024, 2, 28, 23, 0, 0, 0, time.UTC)

// filler makes records up from a seed, field by field, so that a column that a store
// forgets is missed. Some fields are left zero, unless their name is in always.
type filler struct {
	rnd    *rand.Rand
	always []string
	left   []string // stay zero
}

func newFiller(seed uint64) *filler { return &filler{rnd: rand.New(rand.NewPCG(seed, 7))} }

// fill fills the struct that p points to.
func fill[T any](f *filler, p *T) { f.structure(reflect.ValueOf(p).Elem()) }

// words are the values that named types may have; other texts are free.
var wordsOf = map[reflect.Type][]any{
	reflect.TypeFor[order.Type]():          boxed(order.Types()),
	reflect.TypeFor[order.State]():         boxed(order.States()),
	reflect.TypeFor[order.Outcome]():       {order.Outcome(""), order.Full, order.Partial},
	reflect.TypeFor[order.LineState]():     boxed(order.LineStates()),
	reflect.TypeFor[order.ResourceState](): boxed(order.ResourceStates()),
	reflect.TypeFor[ledger.Kind]():         boxed(ledger.Kinds()),
}

func boxed[T any](list []T) []any {
	var out []any
	for _, v := range list {
		out = append(out, v)
	}
	return out
}

func (f *filler) structure(v reflect.Value) {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if slices.Contains(f.left, field.Name) {
			continue
		}
		_, must := wordsOf[field.Type]
		if !must && !field.Anonymous && !slices.Contains(f.always, field.Name) && f.rnd.IntN(4) == 0 {
			continue
		}
		f.value(v.Field(i), field.Name)
	}
}

var (
	typeTime = reflect.TypeFor[time.Time]()
	typeRaw  = reflect.TypeFor[json.RawMessage]()
	typeID   = reflect.TypeFor[id.ID]()
	typeDay  = reflect.TypeFor[day.Day]()
)

func (f *filler) value(v reflect.Value, name string) {
	if words := wordsOf[v.Type()]; words != nil {
		v.Set(reflect.ValueOf(words[f.rnd.IntN(len(words))]))
		return
	}
	switch v.Type() {
	case typeTime:
		v.Set(reflect.ValueOf(began.Add(time.Duration(f.rnd.IntN(1e9)) * time.Microsecond)))
		return
	case typeRaw:
		v.SetBytes([]byte(fmt.Sprintf(`{"%s":["<é&\"",%d.50]}`, name, f.rnd.IntN(1e9))))
		return
	case typeID:
		v.SetInt(f.rnd.Int64N(int64(id.Max)) + 1)
		return
	case typeDay:
		v.SetInt(f.rnd.Int64N(40000) - 1000)
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprintf("%s 'Ω'\"%d\x01", name, f.rnd.IntN(1e9)))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int64:
		v.SetInt(f.rnd.Int64() - math.MaxInt64/2)
	case reflect.Int, reflect.Int32:
		v.SetInt(f.rnd.Int64N(1<<31-1) + 1)
	case reflect.Uint8:
		v.SetUint(f.rnd.Uint64N(16))
	case reflect.Float64:
		v.SetFloat(f.rnd.Float64() * 100)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		f.value(v.Elem(), name)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		f.value(v.Index(0), name)
		f.value(v.Index(1), name)
	case reflect.Array:
		for i := range v.Len() {
			f.value(v.Index(i), name)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range f.rnd.IntN(2) + 1 {
			k, e := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			f.value(k, name)
			f.value(e, name)
			v.SetMapIndex(k, e)
		}
	case reflect.Struct:
		f.structure(v)
	default:
		panic("no value is made up for a field " + name + " of type " + v.Type().String())
	}
}
