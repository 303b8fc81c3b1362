package native

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/docket-desk/docket/client"
	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/imagery"
	"github.com/docket-desk/docket/internal/limit"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/tenant"
)

// World reads a World off the wire. What is no number, no day, no instant is refused
// with the member's path as Field; whether it makes sense is the core's to say.
func World(in client.World) (core.World, error) {
	r := &reader{}
	w := core.World{}
	for n, c := range in.Customers {
		w.Customers = append(w.Customers, r.customer(at("customers", n), c))
	}
	for n, u := range in.Users {
		w.Users = append(w.Users, r.user(at("users", n), u))
	}
	for n, p := range in.Providers {
		w.Providers = append(w.Providers, r.provider(at("providers", n), p))
	}
	for n, l := range in.Resources {
		w.Resources = append(w.Resources, r.resource(at("resources", n), l))
	}
	if in.Archive != nil {
		w.Archive = r.archive("archive", *in.Archive)
	}
	if r.err != nil {
		return core.World{}, r.err
	}
	return w, nil
}

// reader keeps the first fault.
type reader struct{ err error }

func (r *reader) refuse(path, format string, args ...any) {
	if r.err == nil {
		r.err = &core.Error{Kind: core.Invalid, Field: path, Msg: fmt.Sprintf(format, args...)}
	}
}

func at(path string, n int) string { return fmt.Sprintf("%s[%d]", path, n) }

// read turns a text into a value; the empty text into none.
func read[T any](r *reader, path, s string, parse func(string) (T, error)) *T {
	if s == "" {
		return nil
	}
	v, err := parse(s)
	if err != nil {
		r.refuse(path, "%s.", err)
	}
	return &v
}

func (r *reader) micro(path, s string) *money.Micro { return read(r, path, s, money.ParseMicro) }
func (r *reader) day(path, s string) *day.Day       { return read(r, path, s, day.Parse) }

func (r *reader) rate(path, s string) money.Rate {
	if v := read(r, path, s, money.ParseRate); v != nil {
		return *v
	}
	return 0
}

func (r *reader) span(path, s string) *time.Duration {
	return read(r, path, s, func(s string) (time.Duration, error) {
		d, err := time.ParseDuration(s)
		if err != nil || d < 0 {
			return 0, fmt.Errorf("%.40q is no span of time: write 90s, 30m or 720h", s)
		}
		return d, nil
	})
}

func (r *reader) instant(path, s string) *time.Time {
	return read(r, path, s, func(s string) (time.Time, error) {
		t, err := time.Parse(time.RFC3339, s)
		if err != nil {
			return t, fmt.Errorf("%.40q is no instant: write 2026-01-31T00:00:00Z", s)
		}
		return t.UTC().Truncate(time.Microsecond), nil
	})
}

func (r *reader) attrs(path string, v map[string]any) json.RawMessage {
	if v == nil {
		return nil
	}
	b, err := json.Marshal(v)
	if err != nil {
		r.refuse(path, "%s.", err)
	}
	return b
}

func (r *reader) customer(path string, in client.Customer) core.CustomerSpec {
	out := core.CustomerSpec{Slug: in.Slug, Name: in.Name, Number: in.Number, Currency: money.Currency(in.Currency),
		YearFrom: r.day(path+".year_from", in.YearFrom), ApproveOver: r.micro(path+".approve_over", in.ApproveOver),
		ExpireAfter: r.span(path+".expire_after", in.ExpireAfter), Blocked: in.Blocked, Archived: in.Archived,
		Attrs: r.attrs(path+".attrs", in.Attrs), ForeignID: in.ForeignID, Limits: r.limits(path, in.Limits)}
	for n, k := range in.Contracts {
		p := at(path+".contracts", n)
		from, to := r.day(p+".from", k.From), r.day(p+".to", k.To)
		if from == nil || to == nil {
			r.refuse(p, "A contract has a first day (from) and a first day after its end (to).")
			continue
		}
		out.Contracts = append(out.Contracts, core.ContractSpec{From: *from, To: *to})
	}
	for n, p := range in.Projects {
		path := at(path+".projects", n)
		out.Projects = append(out.Projects, core.ProjectSpec{Slug: p.Slug, Name: p.Name, Default: p.Default, StartOn: r.day(path+".start_on", p.StartOn),
			EndOn: r.day(path+".end_on", p.EndOn), BackendID: p.BackendID, Attrs: r.attrs(path+".attrs", p.Attrs), Limits: r.limits(path, p.Limits)})
	}
	for _, b := range in.Buckets {
		out.Buckets = append(out.Buckets, core.BucketSpec{Name: b.Name, Kind: b.Kind, URL: b.URL, Secret: b.Secret})
	}
	return out
}

func (r *reader) limits(path string, in []client.Limit) []core.LimitSpec {
	var out []core.LimitSpec
	for n, l := range in {
		path := at(path+".limits", n)
		s := core.LimitSpec{Customer: l.Customer, Measure: limit.Measure(l.Measure), Offering: l.Offering, Component: l.Component, Period: limit.Period(l.Period)}
		switch l.Value {
		case "":
			r.refuse(path+".value", "Say the limit's value, or none to take it away.")
		case "none":
		default:
			s.Value = r.micro(path+".value", l.Value)
		}
		out = append(out, s)
	}
	return out
}

func (r *reader) resource(path string, in client.Limited) core.ResourceSpec {
	i, err := parseOrder(in.ID)
	if err != nil {
		if i, err = id.ParseUUID(id.Resource, in.ID); err != nil {
			r.refuse(path+".id", "There is no resource %s.", clip(in.ID))
		}
	}
	return core.ResourceSpec{ID: i, Limits: r.limits(path, in.Limits)}
}

func (r *reader) user(path string, in client.User) core.UserSpec {
	out := core.UserSpec{Login: in.Login, Name: in.Name, Email: in.Email, Home: in.Home, Active: in.Active, Staff: in.Staff, Support: in.Support,
		Attrs: r.attrs(path+".attrs", in.Attrs), Limits: r.limits(path, in.Limits)}
	for n, g := range in.Roles {
		out.Roles = append(out.Roles, core.RoleSpec{Role: tenant.Role(g.Role), Customer: g.Customer, Project: g.Project, Offering: g.Offering,
			Until: r.instant(at(path+".roles", n)+".until", g.Until)})
	}
	if in.Password != nil {
		out.Password = &core.PasswordSpec{Value: in.Password.Value}
	}
	for n, t := range in.Tokens {
		end := r.instant(at(path+".tokens", n)+".expires_at", t.ExpiresAt)
		out.Tokens = append(out.Tokens, core.TokenSpec{Value: t.Value, Narrowing: core.Narrowing{Project: t.Project, ReadOnly: t.ReadOnly, ExpiresAt: end}})
	}
	for n, p := range in.Pairs {
		end := r.instant(at(path+".pairs", n)+".expires_at", p.ExpiresAt)
		out.Pairs = append(out.Pairs, core.PairSpec{AccessKey: p.AccessKey, Secret: p.Secret, Narrowing: core.Narrowing{Project: p.Project, ReadOnly: p.ReadOnly, ExpiresAt: end}})
	}
	return out
}

func (r *reader) provider(path string, in client.Provider) core.ProviderSpec {
	out := core.ProviderSpec{Customer: in.Customer}
	for n, o := range in.Offerings {
		path := at(path+".offerings", n)
		spec := core.OfferingSpec{Code: o.Code, Name: o.Name, Slug: o.Slug, Description: o.Description, State: catalog.State(o.State),
			Measure: catalog.Measuring(o.Measure), Fulfilment: catalog.Fulfilment(o.Fulfilment), Consent: catalog.Consent(o.Consent),
			Approval: catalog.Approval(o.Approval), Cancel: catalog.Cancelling(o.Cancel), Charged: catalog.Charging(o.Charged), Shared: o.Shared,
			PrivateTo: o.PrivateTo, ForProject: o.ForProject, Deadline: r.span(path+".deadline", o.Deadline), Attrs: r.attrs(path+".attrs", o.Attrs),
			Limits: r.limits(path, o.Limits)}
		for n, c := range o.Components {
			path := at(path+".components", n)
			spec.Components = append(spec.Components, core.ComponentSpec{Code: c.Code, Name: c.Name, Unit: c.Unit, Billing: catalog.Billing(c.Billing), Stock: c.Stock,
				Min: r.micro(path+".min", c.Min), Max: r.micro(path+".max", c.Max), Attrs: r.attrs(path+".attrs", c.Attrs)})
		}
		for n, p := range o.Plans {
			spec.Plans = append(spec.Plans, r.plan(at(path+".plans", n), p))
		}
		out.Offerings = append(out.Offerings, spec)
	}
	return out
}

func (r *reader) plan(path string, in client.Plan) core.PlanSpec {
	out := core.PlanSpec{Code: in.Code, Customer: in.Customer, Name: in.Name, Unit: catalog.Unit(in.Unit), Option: in.Option, TermMonths: in.TermMonths,
		Prepaid: in.Prepaid, Currency: money.Currency(in.Currency), MaxResources: in.MaxResources, Archived: in.Archived, Attrs: r.attrs(path+".attrs", in.Attrs)}
	for n, p := range in.Prices {
		path := at(path+".prices", n)
		out.Prices = append(out.Prices, core.PriceSpec{Component: p.Component, From: r.day(path+".from", p.From), Once: r.rate(path+".once", p.Once),
			Each: r.rate(path+".each", p.Each), Amount: r.micro(path+".amount", p.Amount)})
	}
	return out
}

func (r *reader) archive(path string, in client.Archive) core.ArchiveSpec {
	if len(in.Imports) > 0 {
		r.refuse(path+".imports", "Files are read by the program that sends the world: send their collections.")
	}
	out := core.ArchiveSpec{Generated: in.Generated}
	for n, c := range in.Collections {
		a, err := Collection(c, in.StandInPixels)
		if err != nil {
			r.refuse(at(path+".collections", n), "%s", err)
			continue
		}
		out.Tiles = append(out.Tiles, a)
	}
	return out
}

// Collection reads tiles for the archive from a decoded GeoJSON or STAC collection.
// Tiles without pixels are refused by name unless stand-ins may be delivered for them.
func Collection(c any, standIns bool) (imagery.Archive, error) {
	b, err := json.Marshal(c)
	if err != nil {
		return imagery.Archive{}, err
	}
	a, err := imagery.Import(b)
	if err != nil || standIns {
		return a, err
	}
	var without bytes.Buffer
	n := 0
	for _, t := range a.Tiles {
		if len(t.Properties.Assets) > 0 {
			continue
		}
		if n++; n <= 5 {
			fmt.Fprintf(&without, " %s %s", t.CatalogID, t.Cell)
		}
	}
	if n > 0 {
		return imagery.Archive{}, fmt.Errorf("%d tiles have no pixels (%s …): name their assets, or let small stand-ins be delivered for them (--stand-in-pixels, stand_in_pixels)", n, bytes.TrimSpace(without.Bytes()))
	}
	return a, nil
}
