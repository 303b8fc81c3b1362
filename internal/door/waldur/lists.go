package waldur

import (
	"cmp"
	"encoding/json"
	"math"
	"net/http"
	"slices"
	"strings"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/front"
)

// everything is the page of lists that are read whole: what is set up by people is few.
var everything = core.Page{Limit: math.MaxInt32, Ascending: true}

// list is how one list is read: Q is the core's query for what grows without bound, T a
// row. What the query can say (filters, an ordering) the store does; the rest is done
// over all rows that the query lets through.
type list[Q, T any] struct {
	filters map[string]filter[Q, T]
	sorts   map[string]sorting[Q, T] // what `o` takes, without "-"
	// loose: `o` takes any word, and one that is no key does not order.
	loose bool
	// rows reads the rows of q: all of them where size is 0.
	rows func(v *view, q Q, skip, size int) ([]T, error)
	// count counts the rows of q; nil: rows are few and always read whole.
	count func(v *view, q Q) (int, error)
	// prime reads at once what writing each of a page's rows would read one by one; wants
	// says whether a key will be written.
	prime func(v *view, rows []T, wants func(names ...string) bool)
	model model[T]
}

// ask is one request for a list: the query so far and what the query cannot say.
type ask[Q, T any] struct {
	q    Q
	none bool // a filter names what is not there
	keep []func(T) bool
	by   []func(a, b T) int
	errs fieldErrors
	// fault is what is wrong with a parameter that the vendor does not word by its name.
	fault error
}

// filter narrows by one parameter; its values are never empty texts.
type filter[Q, T any] func(v *view, a *ask[Q, T], name string, values []string)

// sorting orders by one key: by the query, where it can (and this is the only key), else
// by comparing rows.
type sorting[Q, T any] struct {
	query func(q *Q, down bool)
	rows  func(v *view, a, b T) int
}

// few is the query of lists that are read whole.
type few struct{}

// wordless readers of whole lists.
func whole[T any](read func(v *view) ([]T, error)) func(v *view, _ few, _, _ int) ([]T, error) {
	return func(v *view, _ few, _, _ int) ([]T, error) { return read(v) }
}

// serve answers a list. base is the query before the parameters.
func (l *list[Q, T]) serve(d *door, base func(v *view) (Q, error)) front.Handler {
	return func(w http.ResponseWriter, r *http.Request, who core.Actor) error {
		var out []json.RawMessage
		err := d.read(r, who, func(v *view) error {
			q, err := base(v)
			if err != nil {
				return err
			}
			a, err := l.ask(v, q)
			if err != nil {
				return err
			}
			rows, p, err := l.page(v, a)
			if err != nil {
				return err
			}
			p.head(w.Header(), v)
			if r.Method == http.MethodHead {
				return nil
			}
			fields := l.model.fields(r.URL.Query())
			if l.prime != nil {
				l.prime(v, rows, func(names ...string) bool {
					return len(fields) == 0 || slices.ContainsFunc(names, func(s string) bool { return slices.Contains(fields, s) })
				})
			}
			out = make([]json.RawMessage, len(rows))
			for n, t := range rows {
				out[n] = l.model.object(v, t, fields)
			}
			return nil
		})
		if err != nil {
			w.Header().Del("Link")
			w.Header().Del("X-Result-Count")
			return err
		}
		if r.Method == http.MethodHead {
			w.Header().Set("Content-Type", "application/json")
			return empty(w, http.StatusOK)
		}
		return reply(w, http.StatusOK, out)
	}
}

// open is serve for lists whose query starts empty.
func (l *list[Q, T]) open(d *door) front.Handler {
	return l.serve(d, func(*view) (q Q, err error) { return q, nil })
}

// ask reads the parameters. Unknown ones and empty ones do not narrow.
func (l *list[Q, T]) ask(v *view, q Q) (*ask[Q, T], error) {
	a := &ask[Q, T]{q: q, errs: fieldErrors{}}
	params := v.req.URL.Query()
	names := make([]string, 0, len(params))
	for name := range params {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		values := slices.DeleteFunc(params[name], func(s string) bool { return s == "" })
		if f, ok := l.filters[name]; ok && len(values) > 0 {
			f(v, a, name, values)
		}
	}
	l.order(v, a, params["o"])
	if v.err != nil {
		return nil, v.err
	}
	return a, cmp.Or(a.fault, a.errs.refusal())
}

// order reads `o`: keys in repeated parameters or joined by commas, "-" turns one round.
func (l *list[Q, T]) order(v *view, a *ask[Q, T], values []string) {
	keys := strings.FieldsFunc(strings.Join(values, ","), func(r rune) bool { return r == ',' })
	for _, k := range keys {
		name, down := strings.CutPrefix(k, "-")
		s, ok := l.sorts[name]
		switch {
		case !ok && l.sorts != nil && !l.loose:
			a.errs.add("o", "Select a valid choice. %s is not one of the available choices.", k)
		case !ok:
		case s.query != nil && (len(keys) == 1 || s.rows == nil):
			s.query(&a.q, down)
		case s.rows != nil:
			a.by = append(a.by, func(x, y T) int {
				if down {
					return s.rows(v, y, x)
				}
				return s.rows(v, x, y)
			})
		}
	}
}

// page reads the rows of the page that is asked for.
func (l *list[Q, T]) page(v *view, a *ask[Q, T]) ([]T, paging, error) {
	params := v.req.URL.Query()
	if a.none {
		p, err := pageOf(params, 0)
		return nil, p, err
	}
	if l.count != nil && len(a.keep) == 0 && len(a.by) == 0 {
		total, err := l.count(v, a.q)
		if err != nil {
			return nil, paging{}, err
		}
		p, err := pageOf(params, total)
		if err != nil || v.req.Method == http.MethodHead {
			return nil, p, err
		}
		rows, err := l.rows(v, a.q, p.skip(), p.size)
		return rows, p, err
	}
	rows, err := l.all(v, a)
	if err != nil {
		return nil, paging{}, err
	}
	p, err := pageOf(params, len(rows))
	if err != nil {
		return nil, p, err
	}
	from, to := p.bounds()
	return rows[from:to], p, v.err
}

// all reads every row that passes.
func (l *list[Q, T]) all(v *view, a *ask[Q, T]) ([]T, error) {
	rows, err := l.rows(v, a.q, 0, 0)
	if err != nil {
		return nil, err
	}
	for _, keep := range a.keep {
		rows = slices.DeleteFunc(rows, func(t T) bool { return !keep(t) })
	}
	if len(a.by) > 0 {
		slices.SortStableFunc(rows, func(x, y T) int {
			for _, by := range a.by {
				if c := by(x, y); c != 0 {
					return c
				}
			}
			return 0
		})
	}
	return rows, nil
}

// sortedBy orders rows by what get reads of them.
func sortedBy[Q, T any, C cmp.Ordered](get func(v *view, t T) C) sorting[Q, T] {
	return sorting[Q, T]{rows: func(v *view, a, b T) int { return cmp.Compare(get(v, a), get(v, b)) }}
}

// corePage is the core's page for skip and size; size 0: everything.
func corePage(p core.Page, skip, size int) core.Page {
	p.Skip, p.Limit = skip, size
	if size == 0 {
		p.Limit = math.MaxInt32
	}
	return p
}
