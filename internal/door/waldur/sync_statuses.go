package waldur

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/tenant"
)

// syncStatus is what an agent says of one member of a resource.
type syncStatus struct {
	Scope    string `json:"scope_type"`
	Role     string `json:"role_name"`
	State    string `json:"state"`
	Username string `json:"username,omitempty"`
	User     string `json:"user_uuid,omitempty"`
	Project  string `json:"resource_project_uuid,omitempty"`
	Message  string `json:"message,omitempty"`
	At       string `json:"at,omitempty"` // when it was said
}

// kindSyncStatuses is a resource's list, or a part of a long one, in a document beside it:
// lists of resources do not read it.
const kindSyncStatuses = "waldur.membership_sync"

// scopeResource is the word for a member of the resource itself.
const scopeResource = "resource"

// mostStatuses bounds a list.
const mostStatuses = 1000

func (d *door) syncStatusOperations() []operation {
	return []operation{
		{"marketplace_provider_resources_set_membership_sync_statuses", "POST", "/api/marketplace-provider-resources/{uuid}/set_membership_sync_statuses/", d.setSyncStatuses, false},
		{"marketplace_resources_team_members_list", "GET", "/api/marketplace-resources/{uuid}/team_members/", teammates.serve(d, ofTeam), false},
	}
}

// setSyncStatuses replaces a resource's list. Members who are not in its team are skipped.
func (d *door) setSyncStatuses(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	i := named(r, id.Resource)
	var customer id.ID
	var team []member
	opted := false
	err := d.read(r, who, func(v *view) error {
		res, err := providerView.resource(v, i)
		if err != nil {
			return err
		}
		if customer = v.provider(res.Provider).Customer; !v.may(tenant.SetState, customer, res.Offering) {
			return errForbidden
		}
		if err := v.Changeable(res); err != nil {
			return err
		}
		team = v.team(res)
		opted = accountOptionsOf(v.sheet(res.Offering).Offering).SyncStatuses
		return nil
	})
	if err != nil {
		return err
	}
	if !opted {
		return refuse(http.StatusConflict, detail("The offering has not opted in: its plugin option enable_membership_sync_status is not set."))
	}
	b, err := readBody(r)
	if err != nil {
		return err
	}
	stored, skipped := []syncStatus{}, []string{}
	items := b.list("statuses", true)
	if len(items) > mostStatuses {
		b.errs.add("statuses", "Ensure this field has no more than %d elements.", mostStatuses)
		items = nil
	}
	now := stamp(d.core.Now())
	for _, item := range items {
		s := readSyncStatus(item)
		s.At = now
		if !slices.ContainsFunc(team, s.of) {
			skipped = append(skipped, orElse(s.Username, s.User))
			continue
		}
		stored = append(stored, s)
	}
	b.gather("statuses", items)
	if err := b.done(); err != nil {
		return err
	}
	if err := d.keepSyncStatuses(r, who, customer, i, stored); err != nil {
		return err
	}
	return reply(w, http.StatusOK, map[string]any{"stored": len(stored), "skipped": skipped})
}

// keepSyncStatuses writes a list under the resource's name, and what does not fit into one
// document under that name and a number.
func (d *door) keepSyncStatuses(r *http.Request, who core.Actor, customer, resource id.ID, list []syncStatus) error {
	var parts []core.Part
	for n, part := range statusParts(list) {
		name := resource.Base36()
		if n > 0 {
			name += "/" + strconv.Itoa(n+1)
		}
		parts = append(parts, core.Part{Name: name, Body: part})
	}
	return d.core.ReplaceDocuments(r.Context(), who, kindSyncStatuses, customer, resource, parts)
}

// syncStatuses reads a resource's list.
func (v *view) syncStatuses(resource id.ID) []syncStatus {
	docs, err := v.ShownDocuments(core.DocumentQuery{Kind: kindSyncStatuses, Parent: resource, Page: everything})
	v.failed(err)
	var out []syncStatus
	for _, d := range docs {
		out = append(out, attrs[[]syncStatus](d.Body)...)
	}
	return out
}

// statusParts writes a list as JSON lists that fit into a document each, at least one.
func statusParts(list []syncStatus) []json.RawMessage {
	parts, part := []json.RawMessage{}, []byte("[")
	for _, s := range list {
		one, _ := json.Marshal(s) // texts
		if len(part) > 1 && len(part)+len(one)+2 > core.MaxDocument {
			parts, part = append(parts, append(part, ']')), []byte("[")
		}
		if len(part) > 1 {
			part = append(part, ',')
		}
		part = append(part, one...)
	}
	return append(parts, append(part, ']'))
}

func readSyncStatus(b *body) syncStatus {
	s := syncStatus{Scope: b.choice("scope_type", true, scopeResource, "resource_project"), Role: b.text("role_name", true, 150),
		State: b.choice("state", true, "synced", "pending", "error", "missing_in_idp"), Username: b.text("username", false, 255), Message: b.text("message", false, 2000)}
	s.User, s.Project = b.anyUUID("user_uuid"), b.anyUUID("resource_project_uuid")
	if !b.given("username") && !b.given("user_uuid") {
		b.errs.add("non_field_errors", "Either username or user_uuid is required.")
	}
	return s
}

// of reports whether the member spoken of is one of a team, by account, login or UUID.
func (s syncStatus) of(m member) bool {
	return s.User == m.user.ID.UUID(id.User) || s.Username != "" && (s.Username == m.account.Username || s.Username == m.user.Login)
}
