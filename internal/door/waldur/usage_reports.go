package waldur

import (
	"net/http"
	"slices"
	"time"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/tenant"
)

// setUsage takes a provider's report of what a resource used in a month. Here the body
// comes first and the right last.
func (d *door) setUsage(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	b, err := readBody(r)
	if err != nil {
		return err
	}
	report := core.UsageReport{}
	items := b.list("usages", true)
	for _, item := range items {
		code := item.text("type", true, 0)
		amount, _ := item.decimal("amount", true)
		report.Amounts = append(report.Amounts, core.UsageAmount{Component: code, Amount: amount, Recurring: item.flag("recurring"), Note: item.text("description", false, core.MostNote)})
	}
	b.gather("usages", items)
	report.Date, _ = b.instant("date")
	if err := d.reportedOn(r, who, b, &report); err != nil {
		return err
	}
	if len(items) == 0 { // nothing is reported, and nothing is wrong with that
		return reply(w, http.StatusCreated, map[string]any{})
	}
	if _, err := d.core.ReportUsage(r.Context(), who, report); err != nil {
		return reportRefused(err, items)
	}
	return reply(w, http.StatusCreated, map[string]any{})
}

// reportedOn finds the resource that a report is of, named itself or by its plan period.
func (d *door) reportedOn(r *http.Request, who core.Actor, b *body, report *core.UsageReport) error {
	resource, period := b.text("resource", false, 0), b.text("plan_period", false, 0)
	if resource == "" && period == "" {
		if err := b.done(); err != nil {
			return err
		}
		return serializerRule("Either plan_period or resource should be provided.")
	}
	return d.read(r, who, func(v *view) error {
		if period != "" {
			v.reportedPeriod(b, period, report)
		}
		if resource != "" {
			i, err := id.ParseUUID(id.Resource, resource)
			if err == nil {
				_, err = v.Resource(i)
			}
			switch {
			case err != nil && core.KindOf(err) != core.NotFound && i != 0:
				return err
			case err != nil:
				b.errs.add("resource", "Object with uuid=%s does not exist.", resource)
			}
			report.Resource = i
		}
		return b.done()
	})
}

// reportedPeriod finds a plan period: the resource it is of, and that it is not over.
func (v *view) reportedPeriod(b *body, uuid string, report *core.UsageReport) {
	i, err := id.ParseUUID(id.Term, uuid)
	var p planPeriod
	if err == nil {
		p, err = v.planPeriod(i)
	}
	switch {
	case err != nil && i != 0 && core.KindOf(err) != core.NotFound:
		v.failed(err)
	case err != nil:
		b.errs.add("plan_period", "Object with uuid=%s does not exist.", uuid)
	case p.until != nil && p.until.Before(core.PeriodOf(v.door.core.Now()).Time()):
		b.errs.add("plan_period", "Billing period is closed.")
	default:
		report.Resource, report.Term = p.resource.ID, p.id
	}
}

// planPeriod finds the period that a stretch is a part of.
func (v *view) planPeriod(i id.ID) (planPeriod, error) {
	t, err := v.Term(i)
	if err != nil {
		return planPeriod{}, err
	}
	terms, err := v.Terms(t.Resource)
	for _, p := range periods(order.Resource{ID: t.Resource}, terms) {
		if slices.Contains(p.terms, i) {
			return p, err
		}
	}
	return planPeriod{}, err
}

// reportRefused words what the core has against a report.
func reportRefused(err error, items []*body) error {
	e := core.AsError(err)
	switch e.Reason {
	case core.ReasonState, core.ReasonClosed, core.ReasonFuture:
		return fieldError(e.Field, "%s", e.Msg)
	case core.ReasonComponent:
		return serializerRule("%s", e.Msg)
	case core.ReasonQuantity:
		errs := make([]fieldErrors, len(items))
		for n, item := range items {
			errs[n] = fieldErrors{}
			if m, ok := item.decimal("amount", false); ok && (m < 0 || len(items) == 1) {
				errs[n].add("amount", "%s", e.Msg)
			}
		}
		return refuse(http.StatusBadRequest, fieldErrors{"usages": errs})
	}
	return err
}

// part is one user's part of a report, as a body tells it.
type part struct {
	username string
	amount   money.Micro
	date     time.Time
}

func readPart(b *body) part {
	p := part{username: b.text("username", true, 100)}
	p.amount, _ = b.decimal("usage", false)
	p.date, _ = b.instant("date")
	if _, ok := b.raw("user", false); ok {
		b.text("user", false, 0) // a link to the user's account: its name says who it is
	}
	return p
}

// setUserUsage takes one user's part.
func (d *door) setUserUsage(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	return d.userReport(w, r, who, func(b *body) []part { return []part{readPart(b)} })
}

// setUserUsages takes several users' parts, all or none.
func (d *door) setUserUsages(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	return d.userReport(w, r, who, func(b *body) []part {
		items := b.list("usages", true)
		parts := make([]part, len(items))
		for n, item := range items {
			parts[n] = readPart(item)
		}
		b.gather("usages", items)
		return parts
	})
}

func (d *door) userReport(w http.ResponseWriter, r *http.Request, who core.Actor, read func(b *body) []part) error {
	i := named(r, id.Usage)
	err := d.read(r, who, func(v *view) error {
		u, err := v.usage(i)
		if err != nil {
			return err
		}
		if !v.mayIn(tenant.SetUsage, u.resource.Provider, u.resource.Offering) {
			return refuse(http.StatusForbidden, detail("You do not have permission to perform this action."))
		}
		return nil
	})
	if err != nil {
		return err
	}
	b, err := readBody(r)
	if err != nil {
		return err
	}
	parts := read(b)
	if err := b.done(); err != nil {
		return err
	}
	report := core.UserUsageReport{Usage: i, Users: map[string]money.Micro{}}
	for n, p := range parts {
		if n > 0 && core.PeriodOf(p.date) != core.PeriodOf(report.Date) {
			return fieldError("usages", "All parts of one report must be of one month.")
		}
		report.Date, report.Users[p.username] = p.date, p.amount
	}
	report.Check = withinUserLimits(report.Users)
	if err := d.core.ReportUserUsage(r.Context(), who, report); err != nil {
		if e := core.AsError(err); e.Reason == core.ReasonQuantity {
			return fieldError("usage", "%s", e.Msg)
		}
		return err
	}
	return reply(w, http.StatusCreated, map[string]any{})
}
