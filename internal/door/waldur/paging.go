package waldur

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

const (
	defaultPageSize = 10
	maxPageSize     = 300
)

// paging is which page of a list is asked for, and how the list's pages are linked.
type paging struct {
	size, page, pages, total int
}

var errPage = refuse(http.StatusNotFound, detail("Invalid page."))

// pageOf reads page and page_size. A size that cannot be read is the default, one that is
// too large is cut; a page that is not there is no page.
func pageOf(q url.Values, total int) (paging, error) {
	p := paging{size: defaultPageSize, page: 1, pages: 1, total: total}
	if n, err := strconv.Atoi(last(q["page_size"])); err == nil && n > 0 {
		p.size = min(n, maxPageSize)
	}
	if total > 0 {
		p.pages = (total + p.size - 1) / p.size
	}
	switch s := last(q["page"]); s {
	case "":
	case "last":
		p.page = p.pages
	default:
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > p.pages {
			return p, errPage
		}
		p.page = n
	}
	return p, nil
}

func (p paging) skip() int { return (p.page - 1) * p.size }

// bounds are the page's part of a list of all rows.
func (p paging) bounds() (from, to int) { return min(p.skip(), p.total), min(p.skip()+p.size, p.total) }

// head writes X-Result-Count and Link: first and last always, prev and next where they
// are. A link to the first page names no page, nor does one to the last of one.
func (p paging) head(h http.Header, v *view) {
	h.Set("X-Result-Count", strconv.Itoa(p.total))
	links := []string{p.link(v, 1, "first")}
	if p.page > 1 {
		links = append(links, p.link(v, p.page-1, "prev"))
	}
	if p.page < p.pages {
		links = append(links, p.link(v, p.page+1, "next"))
	}
	links = append(links, p.link(v, p.pages, "last"))
	h.Set("Link", strings.Join(links, ", "))
}

// link is one of them. A comma would end it for the client: it goes escaped.
func (p paging) link(v *view, page int, rel string) string {
	q := url.Values{}
	for k, values := range v.req.URL.Query() {
		q[k] = values
	}
	q.Del("page")
	if page > 1 {
		q.Set("page", strconv.Itoa(page))
	}
	u := v.origin + v.req.URL.EscapedPath()
	if len(q) > 0 {
		u += "?" + q.Encode()
	}
	return "<" + strings.ReplaceAll(u, ",", "%2C") + `>; rel="` + rel + `"`
}

func last(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[len(values)-1]
}
