package outposts

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
)

const (
	idemWindow  = 24 * time.Hour
	defaultPage = 100
	mostResults = 1000
)

// query are the parameters as they came; reading one notes what is wrong with it.
type query struct {
	*faults
	values url.Values
}

func readQuery(r *http.Request) *query { return &query{&faults{}, r.URL.Query()} }

// list returns a repeated parameter; most 0: without bound.
func (q *query) list(name string, w words, most int) []string {
	all := q.values[name]
	q.sized(name, len(all), 0, most)
	for n, s := range all {
		w.check(q.faults, fmt.Sprintf("%s.%d", name, n+1), s)
	}
	return all
}

// lets reports whether a filter takes a value: an absent one takes all.
func lets(filter []string, value string) bool {
	return len(filter) == 0 || slices.Contains(filter, value)
}

// page is where a list goes on, and how much of it is wanted.
type page struct {
	limit int
	seen  int    // entries given so far
	after string // the last of them; "" at the beginning
}

// page reads MaxResults and NextToken: the number of entries given so far and, behind
// ##, the last of them, which own reports to be one.
func (q *query) page(own func(string) bool) page {
	p := page{limit: defaultPage}
	if s := q.values.Get("MaxResults"); q.values.Has("MaxResults") {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > mostResults || strconv.Itoa(n) != s {
			q.add("MaxResults", fmt.Sprintf("Member must be an integer between 1 and %d", mostResults))
		}
		p.limit = n
	}
	if s := q.values.Get("NextToken"); q.values.Has("NextToken") {
		was := len(*q.faults)
		nextToken.check(q.faults, "NextToken", s)
		count, after, _ := strings.Cut(s, "##")
		seen, err := strconv.Atoi(count)
		if len(*q.faults) == was && (err != nil || !own(after)) {
			q.add("NextToken", "Member must be a token that this operation returned")
		}
		p.seen, p.after = seen, after
	}
	return p
}

func ownID(s string) bool { _, err := id.ParseBase36(s); return err == nil }

// next is the token of the page after one that ends with last.
func (p page) next(n int, last string) string { return fmt.Sprintf("%d##%s", p.seen+n, last) }

// afterID is where an id-sorted list goes on.
func (p page) afterID() id.ID {
	i, _ := id.ParseBase36(p.after) // page asked ownID; "" is 0, the beginning
	return i
}

// chunk is how many records of a filtered list are read at a time.
const chunk = 500

// collect reads a list sorted by id until a page of it is full, and reports the token of
// the next page, "" where this one is the last.
func collect[T any](p page, read func(core.Page) ([]T, error), idOf func(T) id.ID, keep func(T) bool) ([]T, string, error) {
	var out []T
	after := p.afterID()
	for {
		some, err := read(core.Page{After: after, Limit: chunk, Ascending: true})
		if err != nil {
			return nil, "", err
		}
		for _, one := range some {
			after = idOf(one)
			if !keep(one) {
				continue
			}
			if len(out) == p.limit {
				return out, p.next(len(out), idOf(out[len(out)-1]).Base36()), nil
			}
			out = append(out, one)
		}
		if len(some) < chunk {
			return out, "", nil
		}
	}
}
