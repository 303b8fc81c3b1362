package waldur

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/tenant"
)

// accountQuery narrows accounts to some offerings; nil: any.
type accountQuery struct{ offerings []id.ID }

// accounts lists those that the caller may see: their own; those in offerings that the
// caller's customers deliver, or that they manage. Where terms need consent, those who
// deliver see who gave it.
func (v *view) accounts(q accountQuery) ([]account, error) {
	docs, err := v.accountDocuments(q)
	if err != nil {
		return nil, err
	}
	out := make([]account, 0, len(docs))
	for _, d := range docs {
		if a := accountOf(d); v.seesAccount(a) {
			out = append(out, a)
		}
	}
	return out, v.err
}

// accountDocuments reads no more than may be shown: by offering, by the customers who
// deliver, and one's own by name.
func (v *view) accountDocuments(q accountQuery) ([]core.Document, error) {
	all := core.DocumentQuery{Kind: kindAccount, Page: everything}
	if q.offerings != nil {
		var out []core.Document
		for _, o := range q.offerings {
			all.Parent = o
			docs, err := v.ShownDocuments(all)
			if err != nil {
				return nil, err
			}
			out = append(out, docs...)
		}
		return out, nil
	}
	if v.seesAll() {
		return v.ShownDocuments(all)
	}
	offerings, err := v.Offerings(core.OfferingQuery{Page: everything})
	if err != nil {
		return nil, err
	}
	var out []core.Document
	for _, o := range offerings {
		one := all
		one.Parent = o.ID
		if !v.delivers(o) {
			k := accountKey(v.provider(o.Provider), o.ID, v.who.User.ID)
			one.Parent, one.Customers, one.Name = 0, []id.ID{k.Customer}, k.Name
		}
		docs, err := v.ShownDocuments(one)
		if err != nil {
			return nil, err
		}
		out = append(out, docs...)
	}
	slices.SortFunc(out, func(a, b core.Document) int { return int(math.Copysign(1, float64(a.ID-b.ID))) })
	return out, v.err
}

func (v *view) seesAccount(a account) bool {
	if v.seesAll() || a.User == v.who.User.ID {
		return true
	}
	o := v.sheet(a.Offering).Offering
	return v.delivers(o) && accountOptionsOf(o).Allowed && v.consents(a.Offering, a.User).counts()
}

// account returns one that the caller may see.
func (v *view) account(i id.ID) (account, error) {
	d, err := v.ShownDocument(kindAccount, i)
	if err != nil {
		return account{}, noDocument(kindAccount, i, err)
	}
	a := accountOf(d)
	if !v.seesAccount(a) {
		return account{}, noDocument(kindAccount, i, v.err)
	}
	return a, nil
}

// noDocument is the refusal where there is no document of this door for the caller; other
// failures stay what they are.
func noDocument(kind string, i id.ID, err error) error {
	if err != nil && core.KindOf(err) != core.NotFound {
		return err
	}
	return &core.Error{Kind: core.NotFound, About: core.Ref{Kind: kind, ID: i}}
}

// accountIn finds a user's account in an offering.
func (v *view) accountIn(o catalog.Offering, user id.ID) (account, bool) {
	k := accountKey(v.provider(o.Provider), o.ID, user)
	docs, err := v.ShownDocuments(core.DocumentQuery{Kind: k.Kind, Customers: []id.ID{k.Customer}, Name: k.Name, Page: core.Page{Limit: 1}})
	v.failed(err)
	if len(docs) == 0 {
		return account{}, false
	}
	return accountOf(docs[0]), true
}

func ofAccount(read func(a account) any) func(*view, account) any {
	return func(_ *view, a account) any { return read(a) }
}

// ofHolder reads what is told of an account's user, where the offering's terms let those
// who deliver know it.
func ofHolder(attribute string, read func(u tenant.User) any) func(*view, account) any {
	return func(v *view, a account) any {
		if !v.exposes(a, attribute) {
			return absent
		}
		return read(v.user(a.User))
	}
}

// exposes reports whether the caller may be told an attribute of an account's user.
func (v *view) exposes(a account, attribute string) bool {
	return v.seesAll() || v.who.User.ID == a.User || exposure(v.sheet(a.Offering).Offering).has(attribute)
}

func holderProfile(attribute string, read func(p profile) string) func(*view, account) any {
	return ofHolder(attribute, func(u tenant.User) any { return read(attrs[profile](u.Attrs)) })
}

var accountModel = slices.Concat(model[account]{
	{name: "url", value: func(v *view, a account) any { return v.accountLink(a.doc.ID) }},
	{name: "uuid", value: ofAccount(func(a account) any { return a.doc.ID.UUID(id.Document) })},
	{name: "user", value: func(v *view, a account) any { return v.userLink(a.User) }},
	{name: "offering", value: func(v *view, a account) any { return v.providerOfferingLink(a.Offering) }},
	{name: "username", value: ofAccount(func(a account) any { return a.Username })},
	{name: "offering_uuid", value: ofAccount(func(a account) any { return a.Offering.UUID(id.Offering) })},
	{name: "offering_name", value: func(v *view, a account) any { return v.sheet(a.Offering).Offering.Name }},
	{name: "user_uuid", value: ofAccount(func(a account) any { return a.User.UUID(id.User) })},
	{name: "user_username", value: ofHolder("username", func(u tenant.User) any { return u.Login })},
	{name: "user_full_name", value: ofHolder("full_name", func(u tenant.User) any { return u.FullName })},
	{name: "user_first_name", value: ofHolder("full_name", func(u tenant.User) any { return firstName(u) })},
	{name: "user_last_name", value: ofHolder("full_name", func(u tenant.User) any { return lastName(u) })},
	{name: "user_email", value: ofHolder("email", func(u tenant.User) any { return u.Email })},
	{name: "user_phone_number", value: holderProfile("phone_number", func(p profile) string { return p.Phone })},
	{name: "user_organization", value: holderProfile("organization", func(p profile) string { return p.Organization })},
	{name: "user_job_title", value: holderProfile("job_title", func(p profile) string { return p.JobTitle })},
	{name: "user_civil_number", value: ofHolder("civil_number", func(u tenant.User) any { return orNull(attrs[profile](u.Attrs).Civil) })},
	{name: "created", value: ofAccount(func(a account) any { return stamp(a.doc.ID.Time()) })},
	{name: "modified", value: ofAccount(func(a account) any { return stamp(a.Modified) })},
	{name: "customer_uuid", value: ofAccount(func(a account) any { return a.doc.Customer.UUID(id.Customer) })},
	{name: "customer_name", value: func(v *view, a account) any { return v.customer(a.doc.Customer).Name }},
	{name: "is_restricted", value: ofAccount(func(a account) any { return a.Restricted })},
	{name: "state", value: ofAccount(func(a account) any { return a.doc.State })},
	{name: "runtime_state", value: ofAccount(func(a account) any {
		if s, ok := accountRuntime[a.state()]; ok {
			return s
		}
		return absent
	})},
	{name: "service_provider_comment", value: ofAccount(func(a account) any { return a.Comment })},
	{name: "service_provider_comment_url", value: ofAccount(func(a account) any { return a.CommentURL })},
	{name: "has_consent", value: func(v *view, a account) any { return v.consents(a.Offering, a.User).given() }},
	{name: "requires_reconsent", value: func(v *view, a account) any { return v.consents(a.Offering, a.User).again() }},
	{name: "offering_has_active_tos", value: func(v *view, a account) any { return termsOf(v.sheet(a.Offering).Offering).Active() }},
	{name: "consent_data", value: func(v *view, a account) any { return v.consents(a.Offering, a.User).data(v) }},
}, always[account](false, "has_compliance_checklist"), always[account](true, "is_profile_complete"), always[account]([]string{}, "missing_profile_attributes"),
	always[account](nil, "uidnumber", "primarygroup", "login_shell", "home_directory"),
	always[account](absent, "user_active_isds", "user_address", "user_affiliations", "user_birth_date", "user_country_of_residence", "user_eduperson_assurance",
		"user_gender", "user_identity_source", "user_nationalities", "user_nationality", "user_organization_address", "user_organization_country",
		"user_organization_registry_code", "user_organization_type", "user_organization_vat_code", "user_personal_title", "user_place_of_birth",
		"user_primary_gid", "user_uid_number")) // not kept of anybody

func (v *view) accountLink(i id.ID) string {
	return v.origin + "/api/marketplace-offering-users/" + i.UUID(id.Document) + "/"
}

func accountMade(_ *view, a account) time.Time  { return a.doc.ID.Time() }
func accountMoved(_ *view, a account) time.Time { return a.Modified }

// accountHolder reads a user's text to find and order by, "" where the caller is not told it.
func accountHolder(attribute string, read func(u tenant.User) string) func(v *view, a account) string {
	return func(v *view, a account) string {
		if !v.exposes(a, attribute) {
			return ""
		}
		return read(v.user(a.User))
	}
}

var (
	holderLogin = accountHolder("username", func(u tenant.User) string { return u.Login })
	holderName  = accountHolder("full_name", func(u tenant.User) string { return u.FullName })
)

func accountStateNames() map[accountState]string {
	out := map[accountState]string{}
	for _, s := range accountStates {
		out[s] = string(s)
	}
	return out
}

var accounts = list[accountQuery, account]{
	rows: func(v *view, q accountQuery, _, _ int) ([]account, error) { return v.accounts(q) },
	filters: map[string]filter[accountQuery, account]{
		"offering_uuid": uuids(id.Offering, func(_ *view, a *ask[accountQuery, account], ids []id.ID) { among(a, &a.q.offerings, ids) }),
		"offering":      links(id.Offering, func(_ *view, a *ask[accountQuery, account], ids []id.ID) { among(a, &a.q.offerings, ids) }),
		"offering_slug": equals[accountQuery](func(v *view, a account) string {
			o := v.sheet(a.Offering).Offering
			return orElse(o.Slug, slugOf(o.Code))
		}),
		"provider_uuid":        idIn[accountQuery](id.Customer, func(_ *view, a account) id.ID { return a.doc.Customer }),
		"parent_offering_uuid": nothing[accountQuery, account](id.Offering),
		"user_uuid":            idIn[accountQuery](id.User, func(_ *view, a account) id.ID { return a.User }),
		"user_username":        equals[accountQuery](holderLogin),
		"query": contains[accountQuery](func(v *view, a account) string {
			return strings.Join([]string{a.Username, holderLogin(v, a), holderName(v, a), v.sheet(a.Offering).Offering.Name}, "\n")
		}),
		"state": choices(accountStateNames(), func(_ *view, a *ask[accountQuery, account], chosen []accountState) {
			a.keep = append(a.keep, func(t account) bool { return slices.Contains(chosen, t.state()) })
		}),
		"runtime_state": choices(accountRuntime, func(_ *view, a *ask[accountQuery, account], chosen []accountState) {
			a.keep = append(a.keep, func(t account) bool { return slices.Contains(chosen, t.state()) })
		}),
		"is_restricted":           is[accountQuery](func(_ *view, a account) bool { return a.Restricted }),
		"has_consent":             is[accountQuery](func(v *view, a account) bool { return v.consents(a.Offering, a.User).given() }),
		"has_complete_profile":    is[accountQuery](func(*view, account) bool { return true }),
		"offering_has_active_tos": is[accountQuery](func(v *view, a account) bool { return termsOf(v.sheet(a.Offering).Offering).Active() }),
		"created":                 since[accountQuery](accountMade),
		"created_before":          until[accountQuery](accountMade),
		"modified":                since[accountQuery](accountMoved),
		"modified_before":         until[accountQuery](accountMoved),
	},
	sorts: map[string]sorting[accountQuery, account]{
		"created":         sortedBy[accountQuery](func(_ *view, a account) int64 { return int64(a.doc.ID) }),
		"modified":        sortedBy[accountQuery](func(_ *view, a account) int64 { return a.Modified.UnixMicro() }),
		"username":        sortedBy[accountQuery](func(_ *view, a account) string { return a.Username }),
		"user_first_name": sortedBy[accountQuery](accountHolder("full_name", firstName)),
		"user_last_name":  sortedBy[accountQuery](accountHolder("full_name", lastName)),
	},
	model: accountModel,
}
