package outposts

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
)

// offered is a catalog item with the offering that it is a component of.
type offered struct {
	component catalog.Component
	item      Item
	sheet     *catalog.Sheet
}

// hardware lists every item of the catalog, by id: the components of offerings that are
// counted and shipped. What a paused one has goes on and takes no new orders: its items are
// discontinued. Where two offerings have one id, that of the one that takes orders, else the
// older's.
func hardware(s *core.Scene) ([]offered, error) {
	sheets, err := s.OfferingsMeasured(catalog.Count, catalog.Shipment)
	if err != nil {
		return nil, err
	}
	var out []offered
	for n := range sheets {
		st := sheets[n].Offering.State
		if st != catalog.Active && st != catalog.Paused {
			continue
		}
		for _, c := range sheets[n].Components {
			if !skuCode.pattern.MatchString(c.Code) {
				continue
			}
			item := readItem(c)
			if st == catalog.Paused {
				item.Status = discontinued
			}
			out = append(out, offered{c, item, &sheets[n]})
		}
	}
	slices.SortStableFunc(out, func(a, b offered) int {
		return cmp.Or(cmp.Compare(a.component.Code, b.component.Code), cmp.Compare(a.sheet.Offering.State, b.sheet.Offering.State)) // active before paused
	})
	return slices.CompactFunc(out, func(a, b offered) bool { return a.component.Code == b.component.Code }), nil
}

// findItem returns the item of an id.
func findItem(s *core.Scene, code string) (offered, error) {
	all, err := hardware(s)
	if err != nil {
		return offered{}, err
	}
	for _, o := range all {
		if o.component.Code == code {
			return o, nil
		}
	}
	return offered{}, none("Catalog item", code)
}

func (d *door) getCatalogItem(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	i, err := label(r, "item", "CatalogItemId", skuCode)
	if err != nil {
		return err
	}
	var found offered
	if err := d.core.View(r.Context(), who, func(s *core.Scene) (err error) { found, err = findItem(s, i.spelled); return err }); err != nil {
		return err
	}
	return reply(w, r, itemOutput{found.item.wire(found.component.Code)})
}

func (d *door) listCatalogItems(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	q := readQuery(r)
	classes := q.list("ItemClassFilter", itemClass, 0)
	storage := q.list("SupportedStorageFilter", supportedStorage, 0)
	families := q.list("EC2FamilyFilter", family, 0)
	p := q.page(skuCode.pattern.MatchString)
	if err := q.err(); err != nil {
		return err
	}
	var all []offered
	if err := d.core.View(r.Context(), who, func(s *core.Scene) (err error) { all, err = hardware(s); return err }); err != nil {
		return err
	}
	out := itemsOutput{CatalogItems: []wireItem{}}
	for _, o := range all {
		if o.component.Code <= p.after || !lets(classes, o.item.Class) || !letsAny(storage, o.item.Storage) || !letsAny(families, o.item.families()) {
			continue
		}
		if n := len(out.CatalogItems); n == p.limit {
			out.NextToken = p.next(n, out.CatalogItems[n-1].CatalogItemID)
			break
		}
		out.CatalogItems = append(out.CatalogItems, o.item.wire(o.component.Code))
	}
	return reply(w, r, out)
}

// letsAny reports whether a filter takes one of several values.
func letsAny(filter, values []string) bool {
	return len(filter) == 0 || slices.ContainsFunc(values, func(v string) bool { return slices.Contains(filter, v) })
}

// base36 is seven letters or digits made of a name.
func base36(name string) string {
	sum := sha256.Sum256([]byte(name))
	s := strconv.FormatUint(binary.BigEndian.Uint64(sum[:8])%(36*36*36*36*36*36*36), 36)
	return strings.Repeat("0", 7-len(s)) + s
}
