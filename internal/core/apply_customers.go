package core

import (
	"crypto/rand"
	"fmt"
	"math/big"
	"reflect"
	"strings"

	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/tenant"
)

func (a *applier) customer(path string, s CustomerSpec) error {
	if err := checkSlug(path+".slug", s.Slug); err != nil {
		return err
	}
	old, found, err := a.findCustomer(s.Slug)
	if err != nil {
		return err
	}
	c := old
	if !found {
		c = tenant.Customer{ID: a.c.NewID(), Slug: s.Slug, Name: s.Slug, Currency: "USD", YearFrom: day.Date(a.now.Year(), 1, 1)}
		if s.Number == "" {
			c.Number = randomNumber()
		}
	}
	if err := a.changeCustomer(path, &c, old, s, found); err != nil {
		return err
	}
	same := found && reflect.DeepEqual(c, old)
	if !same {
		if err := a.tx.PutCustomer(c); err != nil {
			return within(path, err)
		}
		c.Rev++
	}
	a.customers[c.Slug] = c
	a.did(path, "customer", c.Slug, c.ID, became(found, same))
	if found && c.YearFrom != old.YearFrom {
		a.moved[c.ID] = true
	}
	if err := a.contracts(path, c, s); err != nil {
		return err
	}
	for n, p := range s.Projects {
		if err := a.project(at(path+".projects", n), c, p); err != nil {
			return err
		}
	}
	for n, b := range s.Buckets {
		if err := a.bucket(at(path+".buckets", n), c, b); err != nil {
			return err
		}
	}
	return nil
}

func (a *applier) changeCustomer(path string, c *tenant.Customer, old tenant.Customer, s CustomerSpec, found bool) error {
	name(&c.Name, s.Name)
	name(&c.Number, s.Number)
	name(&c.Currency, s.Currency)
	name(&c.ForeignID, s.ForeignID)
	set(&c.YearFrom, s.YearFrom)
	if s.ApproveOver != nil {
		c.ApproveOver = s.ApproveOver
	}
	set(&c.ExpireAfter, s.ExpireAfter)
	set(&c.Blocked, s.Blocked)
	set(&c.Archived, s.Archived)
	attrs(&c.Attrs, s.Attrs)
	if len(c.Number) != 12 || strings.Trim(c.Number, "0123456789") != "" {
		return invalid(path+".number", "A customer's number has 12 digits.")
	}
	if found && c.Number != old.Number {
		return invalid(path+".number", "The number of %s is %s and never changes: accounts are named by it.", c.Slug, old.Number)
	}
	if !c.Currency.Valid() {
		return invalid(path+".currency", "%.80q is no currency: want three capital letters such as USD.", c.Currency)
	}
	if found && c.Currency != old.Currency {
		if ordered, err := a.hasOrders(OrderQuery{Customers: []id.ID{c.ID}}); err != nil || ordered {
			return orErr(err, invalid(path+".currency", "%s has orders in %s: its currency is fixed.", c.Slug, old.Currency).because(ReasonCurrency))
		}
	}
	if c.ApproveOver != nil && *c.ApproveOver < 0 {
		return invalid(path+".approve_over", "The bound must not be negative.")
	}
	if s.YearFrom == nil && len(s.Contracts) > 0 {
		return a.yearFromContract(c, s)
	}
	return nil
}

// yearFromContract anchors the year at a customer's first contract.
func (a *applier) yearFromContract(c *tenant.Customer, s CustomerSpec) error {
	have, err := a.tx.Contracts(c.ID)
	if err != nil || len(have) > 0 {
		return err
	}
	c.YearFrom = s.Contracts[0].From
	for _, k := range s.Contracts {
		c.YearFrom = min(c.YearFrom, k.From)
	}
	return nil
}

func orErr(err error, otherwise *Error) error {
	if err != nil {
		return err
	}
	return otherwise
}

// randomNumber makes a customer's 12 digits; the first is not 0, so that no tool that
// takes them for a number loses one.
func randomNumber() string {
	n, err := rand.Int(rand.Reader, big.NewInt(900_000_000_000))
	if err != nil {
		panic(err) // crypto/rand ends the program itself before it comes to this
	}
	return fmt.Sprintf("%d", n.Int64()+100_000_000_000)
}

func (a *applier) contracts(path string, c tenant.Customer, s CustomerSpec) error {
	have, err := a.tx.Contracts(c.ID)
	if err != nil {
		return err
	}
	for n, k := range s.Contracts {
		path := at(path+".contracts", n)
		if k.To <= k.From {
			return invalid(path+".to", "The contract ends on %s, before it has begun on %s.", k.To, k.From)
		}
		found, same := false, false
		for m, old := range have {
			switch {
			case old.From == k.From:
				found, same = true, old.To == k.To
				if !same && (old.To <= a.today || k.To < a.today) {
					return invalid(path+".to", "What is past of a contract never changes: it ended on %s.", old.To)
				}
				have[m].To = k.To
			case k.From < old.To && old.From < k.To:
				return invalid(path, "The contract overlaps the one from %s to %s.", old.From, old.To)
			}
		}
		a.did(path, "contract", c.Slug+" "+k.From.String(), 0, became(found, same))
		if same {
			continue
		}
		if err := a.tx.PutContract(tenant.Contract{Customer: c.ID, From: k.From, To: k.To}); err != nil {
			return within(path, err)
		}
		if !found {
			have = append(have, tenant.Contract{Customer: c.ID, From: k.From, To: k.To})
		}
		a.moved[c.ID] = true
	}
	return nil
}

func (a *applier) project(path string, c tenant.Customer, s ProjectSpec) error {
	if err := checkSlug(path+".slug", s.Slug); err != nil {
		return err
	}
	old, found, err := a.findProject(s.Slug)
	if err != nil {
		return err
	}
	if found && old.Customer != c.ID {
		return invalid(path+".slug", "The project %s belongs to another customer.", s.Slug).because(ReasonName)
	}
	p := old
	if !found {
		p = tenant.Project{ID: a.c.NewID(), Customer: c.ID, Slug: s.Slug, Name: s.Slug}
	}
	name(&p.Name, s.Name)
	name(&p.BackendID, s.BackendID)
	attrs(&p.Attrs, s.Attrs)
	if s.StartOn != nil {
		p.StartOn = s.StartOn
	}
	if s.EndOn != nil {
		p.EndOn = s.EndOn
	}
	if p.StartOn != nil && p.EndOn != nil && *p.EndOn < *p.StartOn {
		return invalid(path+".end_on", "The project ends on %s, before it has begun on %s.", p.EndOn, p.StartOn)
	}
	if err := a.chooseDefault(c, &p, s, found); err != nil {
		return err
	}
	same := found && reflect.DeepEqual(p, old)
	if !same {
		if found {
			p.ChangedAt = a.now
		}
		if err := a.tx.PutProject(p); err != nil {
			return within(path, err)
		}
	}
	if err := a.projectDays(p, old); err != nil {
		return within(path, err)
	}
	a.projects[p.Slug] = p
	a.did(path, "project", p.Slug, p.ID, became(found, same))
	return nil
}

// projectDays sets the jobs by a project's first and last day, where they moved: that of
// each order which waits for the one, and the project's own for the other.
func (a *applier) projectDays(p, old tenant.Project) error {
	if p.EndOn != nil && (old.EndOn == nil || *old.EndOn != *p.EndOn) {
		if err := a.tx.PutJob(Job{Subject: p.ID, Kind: JobProject, RunAt: p.EndOn.Time()}); err != nil {
			return err
		}
	}
	if old.StartOn == nil || *old.StartOn == *p.StartOn {
		return nil
	}
	q := OrderQuery{Customers: []id.ID{p.Customer}, Projects: []id.ID{p.ID}, States: []order.State{order.PendingProject}, Page: Page{Ascending: true, Limit: 500}}
	for {
		page, err := a.tx.Orders(q)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, o := range page {
			if err := a.tx.PutJob(Job{Subject: o.ID, Kind: JobOpen, RunAt: p.StartOn.Time()}); err != nil {
				return err
			}
		}
		q.After = page[len(page)-1].ID
	}
}

// chooseDefault keeps a customer at one default project: its first until another is named.
func (a *applier) chooseDefault(c tenant.Customer, p *tenant.Project, s ProjectSpec, found bool) error {
	var now []tenant.Project
	stored, err := a.tx.Projects(ProjectQuery{Customers: []id.ID{c.ID}, Default: true})
	if err != nil {
		return err
	}
	for _, d := range stored {
		if mine, ok := a.projects[d.Slug]; ok {
			d = mine
		}
		now = append(now, d)
	}
	for _, d := range a.projects {
		if d.Customer == c.ID && d.Default && !containsProject(now, d.ID) {
			now = append(now, d)
		}
	}
	if s.Default == nil {
		if !found {
			p.Default = len(now) == 0
		}
		return nil
	}
	p.Default = *s.Default
	if !p.Default {
		return nil
	}
	for _, d := range now {
		if d.ID == p.ID || !d.Default {
			continue
		}
		d.Default, d.ChangedAt = false, a.now
		if err := a.tx.PutProject(d); err != nil {
			return err
		}
		a.projects[d.Slug] = d
	}
	return nil
}

func containsProject(list []tenant.Project, i id.ID) bool {
	for _, p := range list {
		if p.ID == i {
			return true
		}
	}
	return false
}

// bucketKinds are the places that deliveries can be written to.
var bucketKinds = []string{"folder", "s3", "gcs", "azure"}

func (a *applier) bucket(path string, c tenant.Customer, s BucketSpec) error {
	if s.Name == "" || strings.ContainsAny(s.Name, "/\\ \x00") || strings.HasPrefix(s.Name, ".") || len(s.Name) > 255 {
		return invalid(path+".name", "%.80q is no bucket's name: it may have no slash and no blank, and no dot in front.", s.Name)
	}
	b, err := a.tx.Bucket(c.ID, s.Name)
	found := err == nil
	if err != nil && KindOf(err) != NotFound {
		return err
	}
	if !found {
		b = Bucket{ID: a.c.NewID(), Customer: c.ID, Name: s.Name, Kind: "folder"}
	}
	old := b
	name(&b.Kind, s.Kind)
	name(&b.URL, s.URL)
	if err := oneOf(path+".kind", b.Kind, bucketKinds...); err != nil {
		return err
	}
	if b.Kind != "folder" && b.URL == "" {
		return invalid(path+".url", "A bucket of kind %s needs the URL it is opened by.", b.Kind)
	}
	if s.Secret != "" {
		if was, err := a.c.master.Open(b.Secret); err != nil || string(was) != s.Secret {
			if b.Secret, err = a.c.master.Seal([]byte(s.Secret)); err != nil {
				return err
			}
		}
	}
	if err := a.ownFolder(path, c, b); err != nil {
		return err
	}
	same := found && reflect.DeepEqual(b, old)
	if !same {
		if err := a.tx.PutBucket(b); err != nil {
			return within(path, err)
		}
	}
	a.did(path, "bucket", c.Slug+"/"+b.Name, b.ID, became(found, same))
	return nil
}

// ownFolder keeps two customers' buckets from being one folder.
func (a *applier) ownFolder(path string, c tenant.Customer, b Bucket) error {
	if b.Kind != "folder" || b.URL != "" {
		return nil
	}
	others, err := a.tx.Customers(CustomerQuery{Page: Page{Limit: 100_000}})
	if err != nil {
		return err
	}
	for _, o := range others {
		if o.ID == c.ID {
			continue
		}
		theirs, err := a.tx.Bucket(o.ID, b.Name)
		if err == nil && theirs.Kind == "folder" && theirs.URL == "" {
			return invalid(path+".name", "The folder %s is another customer's: name this bucket differently, or give it a URL.", b.Name).because(ReasonName)
		}
		if err != nil && KindOf(err) != NotFound {
			return err
		}
	}
	return nil
}
