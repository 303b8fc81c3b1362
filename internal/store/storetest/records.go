package storetest

import (
	"reflect"
	"testing"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/imagery"
	"github.com/docket-desk/docket/internal/ledger"
	"github.com/docket-desk/docket/internal/limit"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/tenant"
)

// record is how one type of record is put, put again and read.
type record[T any] struct {
	put     func(core.Tx, T) error
	again   func(core.Tx, T) error // over the first; nil: put
	get     func(core.Reader, T) (T, error)
	key     []string // fields that name it
	always  []string // fields that may not be empty
	left    []string // fields the store fills in itself
	once    bool     // never put again
	expects func(*T)
}

// only returns the one element of a list that there should be one of.
func only[T any](list []T, err error) (T, error) {
	var zero T
	if err != nil || len(list) != 1 {
		return zero, err
	}
	return list[0], nil
}

// try fills, puts, reads and puts again many records of the type.
func (rec record[T]) try(t *testing.T, s core.Store) {
	for seed := range uint64(24) {
		f := newFiller(seed)
		f.always, f.left = append(rec.always, rec.key...), append(rec.left, "Rev")
		var first T
		fill(f, &first)
		want := first
		update(t, s, func(tx core.Tx) error { return rec.put(tx, first) })
		rec.same(t, s, want, 1)
		if rec.once {
			continue
		}
		var second T
		fill(f, &second)
		a, b := reflect.ValueOf(first), reflect.ValueOf(&second).Elem()
		for _, k := range rec.key {
			b.FieldByName(k).Set(a.FieldByName(k))
		}
		setRev(&second, 1)
		put := rec.again
		if put == nil {
			put = rec.put
		}
		update(t, s, func(tx core.Tx) error { return put(tx, second) })
		rec.same(t, s, second, 2)
	}
}

func (rec record[T]) same(t *testing.T, s core.Store, want T, rev int64) {
	t.Helper()
	setRev(&want, rev)
	if rec.expects != nil {
		rec.expects(&want)
	}
	view(t, s, func(r core.Reader) error {
		got, err := rec.get(r, want)
		if err != nil {
			return err
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("read back\n%+v\nwant\n%+v", got, want)
		}
		return nil
	})
}

func setRev[T any](p *T, rev int64) {
	if v := reflect.ValueOf(p).Elem().FieldByName("Rev"); v.IsValid() {
		v.SetInt(rev)
	}
}

func recordsRoundTrip(t *testing.T, s core.Store) {
	t.Run("tenants", func(t *testing.T) { tenantRecords(t, s) })
	t.Run("catalogue", func(t *testing.T) { catalogueRecords(t, s) })
	t.Run("orders", func(t *testing.T) { orderRecords(t, s) })
	t.Run("the rest", func(t *testing.T) { otherRecords(t, s) })
}

func tenantRecords(t *testing.T, s core.Store) {
	record[tenant.Customer]{key: []string{"ID"}, always: []string{"Slug", "Number"}, put: core.Tx.PutCustomer,
		get: func(r core.Reader, v tenant.Customer) (tenant.Customer, error) { return r.Customer(v.ID) }}.try(t, s)
	record[tenant.Contract]{key: []string{"Customer", "From"}, put: core.Tx.PutContract,
		get: func(r core.Reader, v tenant.Contract) (tenant.Contract, error) { return only(r.Contracts(v.Customer)) }}.try(t, s)
	record[tenant.Project]{key: []string{"ID"}, put: core.Tx.PutProject,
		get: func(r core.Reader, v tenant.Project) (tenant.Project, error) { return r.Project(v.ID) }}.try(t, s)
	record[tenant.User]{key: []string{"ID"}, always: []string{"Login"}, put: core.Tx.PutUser,
		get: func(r core.Reader, v tenant.User) (tenant.User, error) { return r.User(v.ID) }}.try(t, s)
	record[tenant.Grant]{key: []string{"ID"}, always: []string{"User"}, put: core.Tx.PutGrant,
		get: func(r core.Reader, v tenant.Grant) (tenant.Grant, error) {
			return only(r.Grants(core.GrantQuery{Users: []id.ID{v.User}, All: true}))
		}}.try(t, s)
	record[tenant.Key]{key: []string{"ID"}, put: core.Tx.PutKey,
		get: func(r core.Reader, v tenant.Key) (tenant.Key, error) { return r.Key(v.ID) }}.try(t, s)
	record[tenant.Provider]{key: []string{"ID"}, always: []string{"Customer"}, put: core.Tx.PutProvider,
		get: func(r core.Reader, v tenant.Provider) (tenant.Provider, error) { return r.Provider(v.ID) }}.try(t, s)
	record[core.Bucket]{key: []string{"ID"}, always: []string{"Customer", "Name"}, put: core.Tx.PutBucket,
		get: func(r core.Reader, v core.Bucket) (core.Bucket, error) { return r.Bucket(v.Customer, v.Name) }}.try(t, s)
}

func catalogueRecords(t *testing.T, s core.Store) {
	record[catalog.Offering]{key: []string{"ID"}, always: []string{"Provider"}, put: core.Tx.PutOffering,
		get: func(r core.Reader, v catalog.Offering) (catalog.Offering, error) { return r.Offering(v.ID) }}.try(t, s)
	record[catalog.Component]{key: []string{"ID"}, always: []string{"Offering"}, put: core.Tx.PutComponent,
		get: func(r core.Reader, v catalog.Component) (catalog.Component, error) { return r.Component(v.ID) }}.try(t, s)
	record[catalog.Plan]{key: []string{"ID"}, always: []string{"Offering"}, put: core.Tx.PutPlan,
		get: func(r core.Reader, v catalog.Plan) (catalog.Plan, error) { return r.Plan(v.ID) }}.try(t, s)
	record[catalog.Price]{key: []string{"Plan", "Component", "From"},
		put: func(tx core.Tx, v catalog.Price) error { // found by its plan's offering
			if _, err := tx.Plan(v.Plan); err != nil {
				if err := tx.PutPlan(catalog.Plan{ID: v.Plan, Offering: v.Plan}); err != nil {
					return err
				}
			}
			return tx.PutPrice(v)
		},
		get: func(r core.Reader, v catalog.Price) (catalog.Price, error) {
			p, err := r.Plan(v.Plan)
			if err != nil {
				return v, err
			}
			return only(r.Prices(p.Offering))
		}}.try(t, s)
	record[limit.Limit]{key: []string{"ID"}, always: []string{"Scope", "ScopeID"}, put: core.Tx.PutLimit,
		get: func(r core.Reader, v limit.Limit) (limit.Limit, error) {
			return only(r.Limits([]core.LimitScope{{Scope: v.Scope, ID: v.ScopeID}}))
		}}.try(t, s)
	record[limit.Balance]{key: []string{"Key"}, always: []string{"Limit", "Window"}, put: core.Tx.SetBalance,
		get: func(r core.Reader, v limit.Balance) (limit.Balance, error) { return r.Balance(v.Key) }}.try(t, s)
}

func orderRecords(t *testing.T, s core.Store) {
	record[order.Order]{key: []string{"ID"}, put: core.Tx.InsertOrder, again: core.Tx.UpdateOrder,
		get: func(r core.Reader, v order.Order) (order.Order, error) { return r.Order(v.ID) }}.try(t, s)
	record[order.Line]{key: []string{"Order", "N"}, again: core.Tx.UpdateLine,
		put: func(tx core.Tx, v order.Line) error { return tx.InsertLines([]order.Line{v}) },
		get: func(r core.Reader, v order.Line) (order.Line, error) { return only(r.Lines(v.Order)) }}.try(t, s)
	record[order.Resource]{key: []string{"ID"}, always: []string{"Customer"}, put: core.Tx.InsertResource, again: core.Tx.UpdateResource,
		get: func(r core.Reader, v order.Resource) (order.Resource, error) { return r.Resource(v.ID) }}.try(t, s)
	record[order.Term]{key: []string{"ID"}, always: []string{"Resource"}, put: core.Tx.PutTerm,
		get: func(r core.Reader, v order.Term) (order.Term, error) { return only(r.Terms(v.Resource)) }}.try(t, s)
	record[order.Term]{key: []string{"ID"}, always: []string{"Resource"}, put: core.Tx.PutTerm,
		get: func(r core.Reader, v order.Term) (order.Term, error) { return r.Term(v.ID) }}.try(t, s)
	record[order.Asset]{key: []string{"ID"}, always: []string{"Resource"}, put: core.Tx.PutAsset,
		get: func(r core.Reader, v order.Asset) (order.Asset, error) { return only(r.Assets(v.Resource)) }}.try(t, s)
	record[order.Usage]{key: []string{"ID"}, always: []string{"Resource"}, put: core.Tx.PutUsage,
		get: func(r core.Reader, v order.Usage) (order.Usage, error) { return r.Usage(v.ID) }}.try(t, s)
	record[order.UserUsage]{key: []string{"Usage", "Username"}, put: core.Tx.PutUserUsage,
		get: func(r core.Reader, v order.UserUsage) (order.UserUsage, error) { return only(r.UserUsages(v.Usage)) }}.try(t, s)
	record[ledger.Entry]{key: []string{"Subject", "N"}, once: true,
		put: func(tx core.Tx, v ledger.Entry) error { return tx.InsertEntries([]ledger.Entry{v}) },
		get: func(r core.Reader, v ledger.Entry) (ledger.Entry, error) { return only(r.Entries(v.Subject)) }}.try(t, s)
}

func otherRecords(t *testing.T, s core.Store) {
	pos := int64(0)
	record[core.Event]{key: []string{"Subject"}, left: []string{"Pos"}, once: true, put: core.Tx.InsertEvent,
		expects: func(e *core.Event) { pos++; e.Pos = pos },
		get: func(r core.Reader, v core.Event) (core.Event, error) {
			return only(r.Events(core.EventQuery{Subject: v.Subject}))
		}}.try(t, s)
	record[core.Job]{key: []string{"Subject", "Kind"}, put: core.Tx.PutJob,
		get: func(r core.Reader, v core.Job) (core.Job, error) { return r.Job(v.Subject, v.Kind) }}.try(t, s)
	record[core.Idem]{key: []string{"Hash"}, put: core.Tx.PutIdem,
		get: func(r core.Reader, v core.Idem) (core.Idem, error) { return r.Idem([]day.Day{v.Day}, v.Hash) }}.try(t, s)
	record[core.Document]{key: []string{"ID"}, put: core.Tx.PutDocument,
		get: func(r core.Reader, v core.Document) (core.Document, error) { return r.Document(v.ID) }}.try(t, s)
	record[imagery.Acquisition]{key: []string{"ID"}, always: []string{"CatalogID"}, put: core.Tx.PutAcquisition,
		get: func(r core.Reader, v imagery.Acquisition) (imagery.Acquisition, error) {
			return only(r.Acquisitions(core.AcquisitionQuery{IDs: []id.ID{v.ID}}))
		}}.try(t, s)
	record[imagery.Tile]{key: []string{"Cell", "Acquisition", "CatalogID"}, always: []string{"AcquiredAt"}, put: putTileOfItsOwn,
		get: func(r core.Reader, v imagery.Tile) (imagery.Tile, error) {
			return only(r.Tiles(core.TileQuery{Acquisitions: []id.ID{v.Acquisition}}))
		}}.try(t, s)
	update(t, s, func(tx core.Tx) error { return tx.PutMeta("name", "first") })
	update(t, s, func(tx core.Tx) error { return tx.PutMeta("name", "second") })
	view(t, s, func(r core.Reader) error {
		got, err := r.Meta("name")
		if got != "second" {
			t.Errorf("meta is %q", got)
		}
		return err
	})
}

// putTileOfItsOwn puts a tile and the acquisition that it says what it has of.
func putTileOfItsOwn(tx core.Tx, v imagery.Tile) error {
	if err := tx.PutAcquisition(imagery.Acquisition{ID: v.Acquisition, CatalogID: v.CatalogID, AcquiredAt: v.AcquiredAt}); err != nil {
		return err
	}
	return tx.PutTile(v)
}

func nothingFound(t *testing.T, s core.Store) {
	view(t, s, func(r core.Reader) error {
		for what, read := range map[string]func() error{
			"customer":  func() error { _, err := r.Customer(7); return err },
			"project":   func() error { _, err := r.Project(7); return err },
			"user":      func() error { _, err := r.User(7); return err },
			"login":     func() error { _, err := r.UserByLogin("nobody"); return err },
			"key":       func() error { _, err := r.Key(7); return err },
			"provider":  func() error { _, err := r.Provider(7); return err },
			"offering":  func() error { _, err := r.Offering(7); return err },
			"component": func() error { _, err := r.Component(7); return err },
			"plan":      func() error { _, err := r.Plan(7); return err },
			"bucket":    func() error { _, err := r.Bucket(7, "b"); return err },
			"order":     func() error { _, err := r.Order(7); return err },
			"resource":  func() error { _, err := r.Resource(7); return err },
			"usage":     func() error { _, err := r.Usage(7); return err },
			"term":      func() error { _, err := r.Term(7); return err },
			"document":  func() error { _, err := r.Document(7); return err },
			"job":       func() error { _, err := r.Job(7, "k"); return err },
			"next job":  func() error { _, err := r.NextJob(nil); return err },
			"idem":      func() error { _, err := r.Idem([]day.Day{1}, [16]byte{}); return err },
		} {
			t.Run(what, func(t *testing.T) { wantNotFound(t, read()) })
		}
		b, err := r.Balance(limit.Key{Limit: 7, Window: 3})
		if want := (limit.Balance{Key: limit.Key{Limit: 7, Window: 3}}); err != nil || b != want {
			t.Errorf("balance without a row is %v, %v; want %v", b, err, want)
		}
		v, err := r.Meta("unset")
		if v != "" || err != nil {
			t.Errorf("meta unset is %q, %v", v, err)
		}
		return nil
	})
	err := s.View(t.Context(), func(r core.Reader) error { _, err := r.Order(99); return err })
	if e := core.AsError(err); e.About != (core.Ref{Kind: "order", ID: 99}) {
		t.Errorf("not found is about %v, want order 99", e.About)
	}
}
