package waldur

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/tenant"
)

// What an agent asks of an offering beside its own keys.

func (d *door) agentOfferingOperations() []operation {
	const one = "/api/marketplace-provider-offerings/{uuid}/"
	const policies = "/api/marketplace-slurm-periodic-usage-policies/"
	return []operation{
		{"marketplace_provider_offerings_user_attribute_config_retrieve", "GET", one + "user-attribute-config/", d.attributeConfig, false},
		{"marketplace_provider_offerings_check_unique_backend_id", "POST", one + "check_unique_backend_id/", d.checkUnique, false},
		{"marketplace_slurm_periodic_usage_policies_list", "GET", policies, nobody.open(d), false},
		{"marketplace_slurm_periodic_usage_policies_report_command_result", "POST", policies + "{uuid}/report-command-result/", d.noPolicy, false},
	}
}

// nobody is a list of what there is none of: no offering has a usage policy.
var nobody = list[few, few]{rows: whole(func(*view) ([]few, error) { return nil, nil })}

// ofProvided lets those ask who deliver the offering of the path.
func ofProvided(v *view) (few, error) {
	_, err := v.providing(v.named(id.Offering))
	return few{}, err
}

func (d *door) noPolicy(http.ResponseWriter, *http.Request, core.Actor) error {
	return refuse(http.StatusNotFound, detail("No SlurmPeriodicUsagePolicy matches the given query."))
}

// attributeConfig tells which attributes of its users an offering lets its provider see.
func (d *door) attributeConfig(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	var out map[string]any
	err := d.read(r, who, func(v *view) error {
		o, err := v.providing(v.named(id.Offering))
		shown := exposure(o)
		at := stamp(o.ID.Time())
		out = map[string]any{"uuid": hashed(id.Document, "user attributes", o.ID.Base36()), "created": at, "modified": at, "exposed_fields": shown.names(),
			"is_default": attrs[exposureKept](o.Attrs).Exposed == nil, "offering_uuid": o.ID.UUID(id.Offering), "offering_name": o.Name}
		for _, a := range attributesOfUser {
			out["expose_"+a] = shown.has(a)
		}
		return err
	})
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, out)
}

// backendIDRules is what an offering's attributes say of ids in its backend.
type backendIDRules struct {
	Format struct {
		Regex string `json:"regex"`
	} `json:"format"`
}

// rulesOf returns the form that a backend id must have; nil where there is none.
func rulesOf(o catalog.Offering) *regexp.Regexp {
	kept := attrs[struct {
		Rules json.RawMessage `json:"backend_id_rules"`
	}](o.Attrs)
	s := attrs[backendIDRules](kept.Rules).Format.Regex
	if s == "" {
		return nil
	}
	form, err := regexp.Compile("^(?:" + s + ")$")
	if err != nil {
		return nil
	}
	return form
}

// checkUnique says whether no resource has a backend id yet: of the offering, or of all that
// its provider offers.
func (d *door) checkUnique(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	var o catalog.Offering
	err := d.read(r, who, func(v *view) (err error) {
		if o, err = v.providing(v.named(id.Offering)); err == nil && !v.mayIn(tenant.SetBackendID, o.Provider, o.ID) {
			err = errForbidden
		}
		return err
	})
	if err != nil {
		return err
	}
	b, err := readBody(r)
	if err != nil {
		return err
	}
	backendID, all, rules := b.text("backend_id", true, 255), b.flag("check_all_offerings"), b.flag("use_offering_rules")
	if err := b.done(); err != nil {
		return err
	}
	q := core.ResourceQuery{BackendID: backendID, Offerings: []id.ID{o.ID}}
	if all {
		q.Offerings, q.Providers = nil, []id.ID{o.Provider}
	}
	n := 0
	if err := d.read(r, who, func(v *view) error { n, err = v.CountResources(q); return err }); err != nil {
		return err
	}
	out := map[string]any{"is_unique": n == 0, "is_valid_format": nil, "errors": []string{}}
	var wrong []string
	if n > 0 {
		wrong = append(wrong, "Another resource has this backend ID.")
	}
	if form := rulesOf(o); rules && form != nil {
		fits := form.MatchString(backendID)
		out["is_valid_format"] = fits
		if !fits {
			wrong = append(wrong, "The backend ID has not the form that the offering asks for.")
		}
	}
	out["errors"] = slices.Concat([]string{}, wrong)
	return reply(w, http.StatusOK, out)
}
