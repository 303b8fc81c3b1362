package waldur

import (
	"slices"
	"strconv"
	"time"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/tenant"
)

// member is a person with a role of their own in a resource's project, and their account in
// its offering, if they have one.
type member struct {
	user    tenant.User
	grant   tenant.Grant
	account account
	mail    bool // their e-mail may be told
}

// rank orders roles, so that one who has several is told by the highest.
var rank = []tenant.Role{tenant.ProjectManager, tenant.ProjectAdmin, tenant.ProjectMember}

// team lists the people of a resource's project, one row each; with has_consent, those who
// agreed to the offering's terms, where it has any, or did not.
func (v *view) team(r order.Resource) []member {
	var out []member
	grants := v.grantsFor(r)
	v.people(granted(grants))
	for _, g := range grants {
		u := v.user(g.User)
		n := slices.IndexFunc(out, func(m member) bool { return m.user.ID == u.ID })
		switch {
		case !u.Active:
		case n < 0:
			out = append(out, member{user: u, grant: g})
		case slices.Index(rank, g.Role) < slices.Index(rank, out[n].grant.Role):
			out[n].grant = g
		}
	}
	if yes, err := strconv.ParseBool(v.req.URL.Query().Get("has_consent")); err == nil {
		out = slices.DeleteFunc(out, func(m member) bool { return v.consents(r.Offering, m.user.ID).counts() != yes })
	}
	tells := exposure(v.sheet(r.Offering).Offering).has("email")
	for n, m := range out {
		out[n].mail = tells || v.knows(m.user.ID)
		out[n].account, _ = v.accountIn(v.sheet(r.Offering).Offering, m.user.ID)
	}
	return out
}

var teamModel = model[member]{
	{name: "url", value: func(v *view, m member) any { return v.userLink(m.user.ID) }},
	{name: "uuid", value: func(_ *view, m member) any { return m.user.ID.UUID(id.User) }},
	{name: "username", value: func(_ *view, m member) any { return m.user.Login }},
	{name: "full_name", value: func(_ *view, m member) any { return m.user.FullName }},
	{name: "email", value: func(_ *view, m member) any {
		if !m.mail {
			return absent
		}
		return m.user.Email
	}},
	{name: "role", value: func(_ *view, m member) any { return roleName[m.grant.Role] }},
	{name: "expiration_time", value: func(_ *view, m member) any { return stampOrNull(m.grant.Until) }},
	{name: "offering_user_username", value: func(_ *view, m member) any { return orNull(m.account.shown()) }},
	{name: "offering_user_state", value: func(_ *view, m member) any { return orNull(m.account.doc.State) }},
}

// planPeriod is a run of a resource's terms on one plan.
type planPeriod struct {
	resource order.Resource
	id       id.ID // its first term's
	plan     id.ID
	from     time.Time
	until    *time.Time
	terms    []id.ID // all of them
}

// periods joins terms into runs of one plan, oldest first.
func periods(r order.Resource, terms []order.Term) []planPeriod {
	var out []planPeriod
	for _, t := range terms {
		if n := len(out) - 1; n >= 0 && out[n].plan == t.Plan && out[n].until != nil && out[n].until.Equal(t.From) {
			out[n].until = t.Until
			out[n].terms = append(out[n].terms, t.ID)
			continue
		}
		out = append(out, planPeriod{r, t.ID, t.Plan, t.From, t.Until, []id.ID{t.ID}})
	}
	return out
}

// planPeriods lists the periods still open or ended this month.
func (v *view) planPeriods(r order.Resource) []planPeriod {
	terms, err := v.Terms(r.ID)
	v.failed(err)
	month := core.PeriodOf(v.door.core.Now()).Time()
	return slices.DeleteFunc(periods(r, terms), func(p planPeriod) bool { return p.until != nil && p.until.Before(month) })
}

var planPeriodModel = model[planPeriod]{
	{name: "uuid", value: func(_ *view, p planPeriod) any { return p.id.UUID(id.Term) }},
	{name: "plan_name", value: func(v *view, p planPeriod) any { return planName(v, p.plan) }},
	{name: "plan_uuid", value: func(v *view, p planPeriod) any {
		if p.plan == 0 {
			return hashed(id.Plan, "none")
		}
		return p.plan.UUID(id.Plan)
	}},
	{name: "start", value: func(_ *view, p planPeriod) any { return stamp(p.from) }},
	{name: "end", value: func(_ *view, p planPeriod) any { return stampOrNull(p.until) }},
	{name: "components", value: func(v *view, p planPeriod) any { return periodUsageModel.objects(v, v.usedIn(p)) }},
}

// usedIn lists this month's reports that a period prices.
func (v *view) usedIn(p planPeriod) []order.Usage {
	month := core.PeriodOf(v.door.core.Now())
	list, err := v.Usages(core.UsageQuery{Resources: []id.ID{p.resource.ID}, From: &month, To: &month, ReportedOnly: true, Page: everything})
	v.failed(err)
	return slices.DeleteFunc(list, func(u order.Usage) bool { return !slices.Contains(p.terms, u.Term) })
}

// spanStart is the first day of the span over which a component's cap counts.
func spanStart(today day.Day, period *string) day.Day {
	t := today.Time()
	if period == nil {
		return today.Month(0)
	}
	starts := map[string]day.Day{
		"month": today.Month(0), "quarterly": day.Date(t.Year(), (t.Month()-1)/3*3+1, 1), "annual": day.Date(t.Year(), 1, 1), "total": 0,
	}
	return starts[*period]
}
