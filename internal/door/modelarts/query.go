package modelarts

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strconv"

	"github.com/docket-desk/docket/internal/core"
)

// query are a request's parameters. One that is given empty is not given.
type query struct{ values url.Values }

func readQuery(r *http.Request) (query, error) {
	v, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return query{}, bad("The query string is none.")
	}
	return query{v}, nil
}

func (q query) text(name string) string { return q.values.Get(name) }

// number reads a parameter that is a non-negative integer; ok reports whether it is given.
func (q query) number(name string) (n int64, ok bool, err error) {
	s := q.text(name)
	if s == "" {
		return 0, false, nil
	}
	n, err = strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || s[0] == '+' {
		return 0, true, bad("The parameter %s must be a non-negative integer.", name)
	}
	return n, true, nil
}

// upTo reads a limit: 0 and none at all are the usual one.
func (q query) upTo(name string, usual, most int) (int, error) {
	n, _, err := q.number(name)
	switch {
	case err != nil:
		return 0, err
	case n > int64(most):
		return 0, bad("The parameter %s must be at most %d.", name, most)
	case n == 0:
		return usual, nil
	}
	return int(n), nil
}

// workspace is the only one there is.
const workspace = "0"

// elsewhere reports whether the parameter names another workspace than the one there is.
func (q query) elsewhere() bool {
	w := q.text("workspaceId")
	return w != "" && w != workspace
}

const mostItems = 500

// listMeta is what a paged list says of the rest.
type listMeta struct {
	Continue  string `json:"continue,omitempty"`
	Remaining *int   `json:"remainingItemCount,omitempty"`
}

// paged cuts a list at limit and continue, a token that names the last item given.
func paged[T any](q query, all []T, name func(T) string) ([]T, listMeta, error) {
	limit, err := q.upTo("limit", mostItems, mostItems)
	if err != nil {
		return nil, listMeta{}, err
	}
	if token := q.text("continue"); token != "" {
		last, err := base64.RawURLEncoding.DecodeString(token)
		at := -1
		for n, one := range all {
			if name(one) == string(last) {
				at = n
			}
		}
		if err != nil || at < 0 {
			return nil, listMeta{}, bad("The parameter continue must be what an earlier answer gave.")
		}
		all = all[at+1:]
	}
	if len(all) <= limit {
		return all, listMeta{}, nil
	}
	rest := len(all) - limit
	return all[:limit], listMeta{base64.RawURLEncoding.EncodeToString([]byte(name(all[limit-1]))), &rest}, nil
}

// chunk is how many records of a list that is answered whole are read at a time.
const chunk = 500

// everything reads a list to its end, oldest first.
func everything[T any](read func(core.Page) ([]T, error)) ([]T, error) {
	var all []T
	for {
		some, err := read(core.Page{Skip: len(all), Limit: chunk, Ascending: true})
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
		if len(some) < chunk {
			return all, nil
		}
	}
}
