package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/imagery"
	"github.com/docket-desk/docket/internal/ledger"
	"github.com/docket-desk/docket/internal/limit"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/tenant"
)

// customer is one that can be put beside others.
func customer(i id.ID) tenant.Customer {
	return tenant.Customer{ID: i, Name: fmt.Sprint("customer ", i), Slug: fmt.Sprint("c", i), Number: fmt.Sprintf("%012d", i), Currency: "USD"}
}

func anOrder(i id.ID) order.Order {
	return order.Order{ID: i, Type: order.Create, State: order.Executing, Customer: 1, Resource: i}
}

func aResource(i id.ID) order.Resource {
	return order.Resource{ID: i, State: order.OK, Customer: 1, Name: fmt.Sprint("resource ", i)}
}

// revised are the records with a rev: how to put the one with id 1.
var revised = map[string]func(tx core.Tx, rev int64) error{
	"customer": func(tx core.Tx, rev int64) error { c := customer(1); c.Rev = rev; return tx.PutCustomer(c) },
	"offering": func(tx core.Tx, rev int64) error { return tx.PutOffering(catalog.Offering{ID: 1, Rev: rev}) },
	"plan":     func(tx core.Tx, rev int64) error { return tx.PutPlan(catalog.Plan{ID: 1, Rev: rev}) },
	"limit":    func(tx core.Tx, rev int64) error { return tx.PutLimit(limit.Limit{ID: 1, Rev: rev}) },
	"document": func(tx core.Tx, rev int64) error { return tx.PutDocument(core.Document{ID: 1, Rev: rev}) },
	"order": func(tx core.Tx, rev int64) error {
		if rev == 0 {
			return tx.InsertOrder(anOrder(1))
		}
		o := anOrder(1)
		o.Rev = rev
		return tx.UpdateOrder(o)
	},
	"resource": func(tx core.Tx, rev int64) error {
		if rev == 0 {
			return tx.InsertResource(aResource(1))
		}
		r := aResource(1)
		r.Rev = rev
		return tx.UpdateResource(r)
	},
}

func revs(t *testing.T, s core.Store) {
	for what, put := range revised {
		t.Run(what, func(t *testing.T) {
			for rev := range int64(4) { // 0 inserts as 1; 1, 2, 3 replace and add one
				update(t, s, func(tx core.Tx) error { return put(tx, rev) })
			}
			wantConflict(t, tryUpdate(s, func(tx core.Tx) error { return put(tx, 3) }), core.ReasonStale)
		})
	}
	view(t, s, func(r core.Reader) error {
		o, err := r.Order(1)
		if o.Rev != 4 {
			t.Errorf("rev is %d after an insert and three replacements, want 4", o.Rev)
		}
		return err
	})
}

func stale(t *testing.T, s core.Store) {
	for what, put := range revised {
		t.Run(what, func(t *testing.T) {
			absent := wantConflict(t, tryUpdate(s, func(tx core.Tx) error { return put(tx, 1) }), core.ReasonStale)
			if absent.About != (core.Ref{Kind: what, ID: 1}) {
				t.Errorf("the conflict is about %v", absent.About)
			}
			update(t, s, func(tx core.Tx) error { return put(tx, 0) })
			wantConflict(t, tryUpdate(s, func(tx core.Tx) error { return put(tx, 2) }), core.ReasonStale)
			wantConflict(t, tryUpdate(s, func(tx core.Tx) error { return put(tx, 0) }), core.ReasonName)
		})
	}
}

// clashes put a record that, put again under another id, takes a name twice.
var clashes = map[string]func(tx core.Tx, i id.ID) error{
	"customers' slugs":   func(tx core.Tx, i id.ID) error { c := customer(i); c.Slug = "same"; return tx.PutCustomer(c) },
	"customers' numbers": func(tx core.Tx, i id.ID) error { c := customer(i); c.Number = "012345678901"; return tx.PutCustomer(c) },
	"projects' slugs in a customer": func(tx core.Tx, i id.ID) error {
		return tx.PutProject(tenant.Project{ID: i, Customer: 1, Slug: "same"})
	},
	"logins": func(tx core.Tx, i id.ID) error { return tx.PutUser(tenant.User{ID: i, Login: "same"}) },
	"grants of one role in one scope": func(tx core.Tx, i id.ID) error {
		return tx.PutGrant(tenant.Grant{ID: i, User: 1, Role: tenant.ProjectAdmin, Scope: tenant.OnProject, ScopeID: 5})
	},
	"providers of one customer": func(tx core.Tx, i id.ID) error { return tx.PutProvider(tenant.Provider{ID: i, Customer: 1}) },
	"offerings' codes with one provider": func(tx core.Tx, i id.ID) error {
		return tx.PutOffering(catalog.Offering{ID: i, Provider: 1, Code: "same"})
	},
	"components' codes in an offering": func(tx core.Tx, i id.ID) error {
		return tx.PutComponent(catalog.Component{ID: i, Offering: 1, Code: "same"})
	},
	"plans' codes for one customer": func(tx core.Tx, i id.ID) error {
		return tx.PutPlan(catalog.Plan{ID: i, Offering: 1, Customer: 3, Code: "same"})
	},
	"public plans' codes": func(tx core.Tx, i id.ID) error { return tx.PutPlan(catalog.Plan{ID: i, Offering: 1, Code: "same"}) },
	"limits equal in all but value": func(tx core.Tx, i id.ID) error {
		return tx.PutLimit(limit.Limit{ID: i, Scope: tenant.OnCustomer, ScopeID: 1, Measure: limit.Money, Period: limit.Year, Value: 1})
	},
	"buckets' names with a customer": func(tx core.Tx, i id.ID) error { return tx.PutBucket(core.Bucket{ID: i, Customer: 1, Name: "same"}) },
	"live resources' names": func(tx core.Tx, i id.ID) error {
		return tx.InsertResource(order.Resource{ID: i, Customer: 1, Name: "same", State: order.Creating, Live: true})
	},
	"terms that begin at once": func(tx core.Tx, i id.ID) error { return tx.PutTerm(order.Term{ID: i, Resource: 1, From: began}) },
	"usages of one component and period": func(tx core.Tx, i id.ID) error {
		return tx.PutUsage(order.Usage{ID: i, Resource: 1, Component: 2, Period: 3})
	},
	"documents' names with a customer": func(tx core.Tx, i id.ID) error {
		return tx.PutDocument(core.Document{ID: i, Kind: "site", Customer: 1, Name: "same"})
	},
	"acquisitions' catalogue ids": func(tx core.Tx, i id.ID) error {
		return tx.PutAcquisition(imagery.Acquisition{ID: i, CatalogID: "same"})
	},
	"orders of one id": func(tx core.Tx, _ id.ID) error { return tx.InsertOrder(anOrder(1)) },
	"lines of one order and number": func(tx core.Tx, _ id.ID) error {
		return tx.InsertLines([]order.Line{{Order: 1, N: 1, State: order.Preparing}})
	},
	"entries of one subject and number": func(tx core.Tx, _ id.ID) error {
		return tx.InsertEntries([]ledger.Entry{{Subject: 1, N: 1, Kind: ledger.Hold}})
	},
	"resources of one id": func(tx core.Tx, _ id.ID) error { return tx.InsertResource(aResource(1)) },
}

func uniqueNames(t *testing.T, s core.Store) {
	i := id.ID(1000)
	for what, put := range clashes {
		i += 2
		t.Run(what, func(t *testing.T) {
			update(t, s, func(tx core.Tx) error { return put(tx, i) })
			wantConflict(t, tryUpdate(s, func(tx core.Tx) error { return put(tx, i+1) }), core.ReasonName)
		})
	}
	t.Run("plans' codes differ by customer", func(t *testing.T) {
		update(t, s, func(tx core.Tx) error {
			return errors.Join(tx.PutPlan(catalog.Plan{ID: 200, Offering: 9, Code: "c"}), tx.PutPlan(catalog.Plan{ID: 201, Offering: 9, Customer: 1, Code: "c"}))
		})
	})
	t.Run("documents and resources without a unique name", func(t *testing.T) {
		update(t, s, func(tx core.Tx) error {
			return errors.Join(tx.PutDocument(core.Document{ID: 200, Kind: "k", Customer: 9}), tx.PutDocument(core.Document{ID: 201, Kind: "k", Customer: 9}),
				tx.InsertResource(order.Resource{ID: 200, Customer: 9, Name: "n", State: order.OK}),
				tx.InsertResource(order.Resource{ID: 201, Customer: 9, Name: "n", State: order.OK}))
		})
	})
}

func namesFreed(t *testing.T, s core.Store) {
	now := began
	pool := order.Resource{ID: 1, Customer: 1, Name: "pool", State: order.OK, Live: true}
	update(t, s, func(tx core.Tx) error {
		return errors.Join(tx.InsertResource(pool), tx.PutDocument(core.Document{ID: 1, Kind: "k", Customer: 1, Name: "n"}),
			tx.PutGrant(tenant.Grant{ID: 1, User: 1, Role: tenant.ProjectAdmin, Scope: tenant.OnProject, ScopeID: 5}))
	})
	pool.State, pool.Rev = order.Terminated, 1
	update(t, s, func(tx core.Tx) error {
		return errors.Join(tx.UpdateResource(pool), tx.PutDocument(core.Document{ID: 1, Kind: "k", Customer: 1, Name: "n", RemovedAt: &now, Rev: 1}),
			tx.PutGrant(tenant.Grant{ID: 1, User: 1, Role: tenant.ProjectAdmin, Scope: tenant.OnProject, ScopeID: 5, RevokedAt: &now}))
	})
	pool.ID, pool.State = 2, order.Creating
	update(t, s, func(tx core.Tx) error {
		return errors.Join(tx.InsertResource(pool), tx.PutDocument(core.Document{ID: 2, Kind: "k", Customer: 1, Name: "n"}),
			tx.PutGrant(tenant.Grant{ID: 2, User: 1, Role: tenant.ProjectAdmin, Scope: tenant.OnProject, ScopeID: 5}))
	})
	err := tryUpdate(s, func(tx core.Tx) error {
		return tx.PutDocument(core.Document{ID: 1, Kind: "k", Customer: 1, Name: "n", Rev: 2})
	})
	wantConflict(t, err, core.ReasonName)
}

func deletes(t *testing.T, s core.Store) {
	b := limit.Balance{Key: limit.Key{Limit: 1, Window: 9}, Used: 5}
	other := limit.Balance{Key: limit.Key{Limit: 2, Window: 9}, Used: 6}
	update(t, s, func(tx core.Tx) error {
		return errors.Join(tx.PutLimit(limit.Limit{ID: 1, Scope: tenant.OnUser, ScopeID: 4}), tx.SetBalance(b), tx.SetBalance(other),
			tx.PutComponent(catalog.Component{ID: 3, Offering: 1}))
	})
	update(t, s, func(tx core.Tx) error { return errors.Join(tx.DeleteLimit(1), tx.DeleteComponent(3)) })
	view(t, s, func(r core.Reader) error {
		on, err := r.Limits([]core.LimitScope{{Scope: tenant.OnUser, ID: 4}})
		if len(on) != 0 || err != nil {
			t.Errorf("limits left: %v, %v", on, err)
		}
		left, err := r.Balances([]id.ID{1, 2})
		if len(left) != 1 || left[0] != other {
			t.Errorf("balances left: %v, %v; want that of the other limit", left, err)
		}
		_, err = r.Component(3)
		wantNotFound(t, err)
		return nil
	})
}

var errRefused = errors.New("refused")

func nothingOnError(t *testing.T, s core.Store) {
	err := tryUpdate(s, func(tx core.Tx) error {
		if err := errors.Join(tx.PutCustomer(customer(1)), tx.InsertOrder(anOrder(1)), tx.InsertEvent(core.Event{Kind: "k"}),
			tx.PutJob(core.Job{Subject: 1, Kind: "k", RunAt: began}), tx.AddBalance(limit.Balance{Key: limit.Key{Limit: 1}, Used: 3})); err != nil {
			return err
		}
		return errRefused
	})
	if !errors.Is(err, errRefused) {
		t.Fatalf("update returned %v, want what fn returned", err)
	}
	wantNothing(t, s)
}

// wantNothing fails the test where anything of customer 1 or order 1 is there.
func wantNothing(t *testing.T, s core.Store) {
	t.Helper()
	view(t, s, func(r core.Reader) error {
		_, err := r.Customer(1)
		wantNotFound(t, err)
		_, err = r.Order(1)
		wantNotFound(t, err)
		_, err = r.Job(1, "k")
		wantNotFound(t, err)
		events, err := r.Events(core.EventQuery{})
		b, err2 := r.Balance(limit.Key{Limit: 1})
		if len(events) != 0 || b.Used != 0 {
			t.Errorf("left are events %v, balance %v", events, b)
		}
		return errors.Join(err, err2)
	})
}

func nothingOnPanic(t *testing.T, s core.Store) {
	func() {
		defer func() {
			if p := recover(); p != nil && !strings.HasPrefix(fmt.Sprint(p), "out of range") {
				t.Errorf("panic is %v", p)
			}
		}()
		err := tryUpdate(s, func(tx core.Tx) error {
			if err := tx.PutCustomer(customer(1)); err != nil {
				return err
			}
			panic("out of range")
		})
		if err == nil {
			t.Error("an update that panicked returned nil")
		}
	}()
	wantNothing(t, s)
	update(t, s, func(tx core.Tx) error { return tx.PutCustomer(customer(1)) })
}

func failedWriteSpoils(t *testing.T, s core.Store) {
	missing := anOrder(9)
	missing.Rev = 1
	for name, fail := range map[string]func(tx core.Tx) error{
		"a stale rev":        func(tx core.Tx) error { return tx.UpdateOrder(missing) },
		"a name taken":       func(tx core.Tx) error { c := customer(2); c.Slug = "c1"; return tx.PutCustomer(c) },
		"a line not there":   func(tx core.Tx) error { return tx.UpdateLine(order.Line{Order: 8, N: 1, State: order.Building}) },
		"a state that isn't": func(tx core.Tx) error { return tx.InsertOrder(order.Order{ID: 5, Type: order.Create, State: "lost"}) },
	} {
		t.Run(name, func(t *testing.T) {
			var failed error
			err := tryUpdate(s, func(tx core.Tx) error {
				if err := tx.PutCustomer(customer(1)); err != nil {
					return err
				}
				if failed = fail(tx); failed == nil {
					t.Error("the write did not fail")
				}
				_ = tx.InsertOrder(anOrder(1)) // taken or not, it is not kept
				return nil
			})
			if err == nil || core.KindOf(err) != core.KindOf(failed) {
				t.Errorf("update returned %v, want the failed write's %v", err, failed)
			}
			wantNothing(t, s)
		})
	}
}

func readsItsWrites(t *testing.T, s core.Store) {
	update(t, s, func(tx core.Tx) error {
		if err := errors.Join(tx.PutCustomer(customer(1)), tx.InsertOrder(anOrder(1)), tx.AddBalance(limit.Balance{Key: limit.Key{Limit: 1}, Held: 4})); err != nil {
			return err
		}
		c, err := tx.Customer(1)
		list, err2 := tx.Orders(core.OrderQuery{Customers: []id.ID{1}})
		b, err3 := tx.Balance(limit.Key{Limit: 1})
		if c.Name != "customer 1" || c.Rev != 1 || len(list) != 1 || b.Held != 4 {
			t.Errorf("read %v, %v, %v", c, list, b)
		}
		return errors.Join(err, err2, err3)
	})
}

func overIsOver(t *testing.T, s core.Store) {
	var kept core.Tx
	update(t, s, func(tx core.Tx) error { kept = tx; return tx.PutCustomer(customer(1)) })
	if err := kept.PutCustomer(customer(2)); err == nil {
		t.Error("a write after the end was taken")
	}
	var reader core.Reader
	view(t, s, func(r core.Reader) error { reader = r; return nil })
	if _, err := reader.Customer(1); err == nil {
		t.Error("a read after the end was answered")
	}
	view(t, s, func(r core.Reader) error {
		_, err := r.Customer(2)
		wantNotFound(t, err)
		return nil
	})
}

func migrateAgain(t *testing.T, s core.Store) {
	update(t, s, func(tx core.Tx) error { return tx.PutCustomer(customer(1)) })
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	if err := s.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	view(t, s, func(r core.Reader) error { _, err := r.Customer(1); return err })
}

func idFloor(t *testing.T, s core.Store) {
	floor := func() id.ID {
		t.Helper()
		n, err := s.Node(t.Context())
		if err != nil || n.Number < 0 || n.Number > 255 {
			t.Fatalf("node %+v, %v", n, err)
		}
		return n.Floor
	}
	if got := floor(); got != 0 {
		t.Errorf("the floor of an empty store is %d", got)
	}
	for _, step := range []struct{ kept, want id.ID }{{7, 7}, {5, 7}, {8, 8}} {
		if err := s.KeepFloor(t.Context(), step.kept); err != nil {
			t.Fatal(err)
		}
		if got := floor(); got != step.want {
			t.Errorf("after %d was kept the floor is %d, want %d", step.kept, got, step.want)
		}
	}
	update(t, s, func(tx core.Tx) error { return tx.InsertOrder(anOrder(12)) })
	if got := floor(); got != 12 { // whoever placed it kept nothing before it died
		t.Errorf("with an order 12 the floor is %d", got)
	}
}
