package waldur

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// rule says what a documented parameter of a list does. Every one has a rule: it narrows by
// what its rows say, or to the rows that the rule names; or to none, since no record here
// has such a thing; or it is taken and without effect. The last two say why.
type filterRule struct {
	key    string                     // the rows' key it is about
	keep   func(v any, s string) bool // which of its values a parameter lets pass
	spell  func(v string) []string    // how a value of a row is asked for; nil: as it is
	picks  map[string][]string        // or: a parameter with the rows it leaves, as stage names them
	label  string                     // the rows' key that tells them in picks; "": uuid
	beside string                     // what the query has beside
	none   string
	idle   string
}

func same(key string) filterRule {
	return filterRule{key: key, keep: func(v any, s string) bool { return word(v) == s }}
}

// sameID is same for UUIDs, asked for in either form.
func sameID(key string) filterRule {
	return filterRule{key: key, keep: func(v any, s string) bool {
		return v != nil && word(v) == strings.ToLower(strings.ReplaceAll(s, "-", ""))
	},
		spell: func(v string) []string { return []string{v, dashed(v), strings.ToUpper(v)} }}
}

func hasPart(key string) filterRule {
	return filterRule{key: key, keep: func(v any, s string) bool { return strings.Contains(strings.ToLower(word(v)), strings.ToLower(s)) },
		spell: func(v string) []string { return []string{v, strings.ToUpper(v[len(v)/3 : len(v)*2/3+1])} }}
}

func from(key string) filterRule {
	return filterRule{key: key, keep: func(v any, s string) bool { return v != nil && word(v) >= s }}
}

func upTo(key string) filterRule {
	return filterRule{key: key, keep: func(v any, s string) bool { return v != nil && word(v) <= s }}
}

// linked is for links: the host does not count.
func linked(key, path string) filterRule {
	return filterRule{key: key, keep: func(v any, s string) bool {
		return v != nil && strings.Contains(strings.ReplaceAll(s, "-", ""), word(v))
	},
		spell: func(v string) []string {
			return []string{path + v + "/", "https://elsewhere.example" + path + dashed(v) + "/"}
		}}
}

func noRow(why string) filterRule { return filterRule{none: why} }
func idle(why string) filterRule  { return filterRule{idle: why} }

func picks(label string, p map[string][]string) filterRule { return filterRule{label: label, picks: p} }

const (
	noTags    = "offerings have no tags"
	noGroups  = "there are no groups of organizations or offerings"
	noTerms   = "offerings have no terms of service to agree to"
	noParents = "an offering is no part of another"
	noScience = "projects name no science domain"
	noAffil   = "projects have no affiliation"
	noCalls   = "there are no calls for proposals"
	noPlugins = "a resource has no record of another system behind it"
)

// filterRules are told by parameter, and by operation and parameter where a list differs.
var filterRules = map[string]filterRule{
	"name": hasPart("name"), "name_exact": same("name"), "slug": same("slug"), "description": hasPart("description"),
	"created": from("created"), "created_before": upTo("created"), "modified": from("modified"), "modified_before": upTo("modified"),
	"customer_uuid": sameID("customer_uuid"), "project_uuid": sameID("project_uuid"), "offering_uuid": sameID("offering_uuid"), "resource_uuid": sameID("resource_uuid"),
	"category_uuid": sameID("category_uuid"), "provider_uuid": sameID("provider_uuid"), "plan_uuid": sameID("plan_uuid"),
	"offering": linked("offering_uuid", "/api/marketplace-public-offerings/"), "customer": linked("customer_uuid", "/api/customers/"), "resource": linked("resource_uuid", "/api/marketplace-resources/"),
	"state": same("state"), "backend_id": same("backend_id"), "offering_slug": same("offering_slug"), "offering_type": same("offering_type"), "parent_offering_uuid": noRow(noParents),

	// people
	"username": same("username"), "email": hasPart("email"), "full_name": hasPart("full_name"), "native_name": hasPart("native_name"), "job_title": hasPart("job_title"),
	"phone_number": hasPart("phone_number"), "organization": hasPart("organization"), "is_active": same("is_active"), "is_staff": same("is_staff"), "is_support": same("is_support"),
	"date_joined": from("date_joined"), "agreement_date": noRow(noTerms), "registration_method": picks("username", map[string][]string{"zzz": nil}),
	"civil_number":                                                picks("username", map[string][]string{"17": {"mary"}, "1": nil}),
	"user_keyword":                                                picks("username", map[string][]string{"MARY man": {"mary"}, "carol@": {"carol"}, "zzz": nil}),
	"username_list":                                               picks("username", map[string][]string{"mary,carol": {"mary", "carol"}, "mary": {"mary"}, "zzz": nil}),
	"users_list query":                                            picks("username", map[string][]string{"MARY man": {"mary"}, "carol@": {"carol"}, "zzz": nil}),
	"users_list customer_uuid":                                    picks("username", map[string][]string{"nordic": {"pat", "sam"}, "borealis": {"bob"}, "unknown": nil}),
	"users_list project_uuid":                                     picks("username", map[string][]string{"twin": {"carol", "operator", "sue"}, "later-project": nil, "unknown": nil}),
	"users_list organization_roles":                               picks("username", map[string][]string{"CUSTOMER.MANAGER": {"sam"}, "CUSTOMER.SUPPORT,CUSTOMER.MANAGER": {"sam", "frank"}, "zzz": nil}),
	"users_list project_roles":                                    picks("username", map[string][]string{"PROJECT.MANAGER": {"mary"}, "PROJECT.ADMIN": {"carol", "adam"}, "zzz": nil}),
	"marketplace_service_providers_users_list query":              picks("username", map[string][]string{"MARY man": {"mary"}, "carol@": {"carol"}, "zzz": nil}),
	"marketplace_service_providers_users_list date_joined":        picks("username", map[string][]string{"2026-11-10T10:30:00Z": {"adam", "retired"}, "2027-01-01": nil}),
	"marketplace_service_providers_users_list description":        picks("username", map[string][]string{"FIRST": {"mary"}, "zzz": nil}),
	"marketplace_service_providers_users_list native_name":        picks("username", map[string][]string{"maria": {"mary"}, "zzz": nil}),
	"marketplace_service_providers_users_list is_staff":           picks("username", map[string][]string{"true": {"operator"}}),
	"marketplace_service_providers_users_list is_support":         picks("username", map[string][]string{"true": {"sue"}}),
	"marketplace_service_providers_users_list customer_uuid":      picks("username", map[string][]string{"nordic": nil, "aurora": {"adam", "carol", "mary", "operator", "retired", "sue"}, "unknown": nil}),
	"marketplace_service_providers_users_list project_uuid":       picks("username", map[string][]string{"twin": {"carol", "operator", "sue"}, "unknown": nil}),
	"marketplace_service_providers_users_list organization_roles": picks("username", map[string][]string{"CUSTOMER.OWNER": nil, "zzz": nil}),
	"marketplace_service_providers_users_list project_roles":      picks("username", map[string][]string{"PROJECT.MANAGER": {"mary"}, "zzz": nil}),

	// customers and projects
	"abbreviation": hasPart("abbreviation"), "contact_details": hasPart("contact_details"), "agreement_number": same("agreement_number"), "registration_code": same("registration_code"),
	"archived": same("archived"), "is_service_provider": same("is_service_provider"), "accounting_is_running": filterRule{picks: map[string][]string{"false": nil}},
	"organization_group_name": noRow(noGroups), "organization_group_uuid": noRow(noGroups), "is_call_managing_organization": noRow(noCalls),
	"customers_list query":                       picks("slug", map[string][]string{"AURO": {"aurora"}, "bo": {"borealis"}, "zzz": nil}),
	"has_resources":                              picks("slug", map[string][]string{"true": {"aurora", "borealis", "cirrus"}, "1": {"aurora", "borealis", "cirrus"}}),
	"service_provider_uuid":                      picks("slug", map[string][]string{"provider": {"aurora", "borealis"}, "nordic": {"aurora", "borealis"}, "cirrus-provider": {"borealis", "cirrus"}, "unknown": nil}),
	"customers_list user_uuid":                   picks("slug", map[string][]string{"bob": {"borealis"}, "unknown": nil}),
	"customers_list current_user_has_role":       picks("slug", map[string][]string{"CUSTOMER.OWNER": nil}),
	"owned_by_current_user":                      picks("slug", map[string][]string{"true": nil}),
	"current_user_has_project_create_permission": picks("slug", map[string][]string{"false": nil}),
	"customer_name":                              hasPart("customer_name"), "customer_native_name": hasPart("customer_native_name"), "customer_abbreviation": hasPart("customer_abbreviation"),
	"is_removed": noRow("projects are not removed"), "include_terminated": idle("projects are not removed"),
	"affiliation_name": noRow(noAffil), "affiliation_uuid": noRow(noAffil), "has_affiliation": noRow(noAffil), "science_domain_uuid": noRow(noScience), "science_sub_domain_uuid": noRow(noScience),
	"conceal_finished_projects": picks("slug", map[string][]string{"true": {"archived", "aurora", "blocked", "borealis", "cirrus", "later", "nordic", "twin"}}),
	"can_admin":                 picks("slug", map[string][]string{"true": nil}),
	"can_manage":                picks("slug", map[string][]string{"false": nil}),
	"projects_list customer":    sameID("customer_uuid"), "marketplace_service_providers_projects_list customer": sameID("customer_uuid"),
	"projects_list query":                                                    picks("slug", map[string][]string{"TWIN": {"twin"}, "zzz": nil}),
	"projects_list user_uuid":                                                picks("slug", map[string][]string{"carol": {"aurora", "twin"}, "unknown": nil}),
	"projects_list user_uuid_with_active_role":                               picks("slug", map[string][]string{"mary": {"aurora"}, "unknown": nil}),
	"projects_list current_user_has_role":                                    picks("slug", map[string][]string{"PROJECT.MEMBER": {"twin"}, "zzz": nil}),
	"marketplace_service_providers_projects_list query":                      picks("slug", map[string][]string{"TWIN": {"twin"}, "zzz": nil}),
	"marketplace_service_providers_projects_list user_uuid_with_active_role": picks("slug", map[string][]string{"mary": {"aurora"}, "unknown": nil}),
	"marketplace_service_providers_projects_list current_user_has_role":      picks("slug", map[string][]string{"PROJECT.MEMBER": {"twin"}, "zzz": nil}),
	"users_list modified":                                                    picks("username", map[string][]string{"2026-11-10T10:30:00Z": {"adam", "carol", "cy", "frank", "mary", "retired"}, "2027-01-01": nil}),
	"projects_list modified":                                                 picks("slug", map[string][]string{"2026-11-10T10:30:00Z": {"aurora", "cirrus", "twin"}, "2027-01-01": nil}),
	"projects_list modified_before":                                          picks("slug", map[string][]string{"2026-11-10T10:30:00Z": {"archived", "aurora", "blocked", "borealis", "cirrus", "later", "nordic", "old", "twin"}, "2026-01-01": nil}),
	"marketplace_service_providers_users_list modified":                      picks("username", map[string][]string{"2026-11-10T10:30:00Z": {"adam", "carol", "mary", "retired"}, "2027-01-01": nil}),
	"marketplace_service_providers_projects_list modified":                   picks("slug", map[string][]string{"2026-11-10T10:30:00Z": {"aurora", "twin"}, "2027-01-01": nil}),
	"marketplace_service_providers_projects_list modified_before":            picks("slug", map[string][]string{"2026-11-10T10:30:00Z": {"aurora", "borealis", "later", "twin"}, "2026-01-01": nil}),
	"marketplace_service_providers_project_permissions_list modified":        picks("user_username", map[string][]string{"2026-11-10T10:30:00Z": {"adam", "carol", "operator", "retired", "sue"}, "2027-01-01": nil}),
	"marketplace_service_providers_project_permissions_list modified_before": picks("user_username", map[string][]string{"2026-11-10T10:30:00Z": {"adam", "carol", "carol", "mary", "mary", "operator", "retired", "sue"}, "2026-01-01": nil}),
	"marketplace_provider_offerings_list modified":                           picks("name", map[string][]string{"2026-11-10T10:30:00Z": {"Cell", "Weather"}, "2027-01-01": nil}),
	"marketplace_provider_offerings_list modified_before":                    picks("name", map[string][]string{"2026-11-10T10:30:00Z": {"Cell", "Draft", "Gone", "HPC", "Hardware", "Lab desk", "Secret", "Weather"}, "2026-01-01": nil}),
	"marketplace_service_providers_projects_list conceal_finished_projects":  idle("no finished project has anything left to be served"),

	// members
	"customers_list_users_list full_name": hasPart("user_full_name"), "customers_list_users_list username": same("user_username"), "customers_list_users_list user": sameID("user_uuid"),
	"customers_list_users_list user_url": linked("user_uuid", "/api/users/"), "customers_list_users_list role": same("role_name"), "customers_list_users_list user_slug": hasPart("user_username"),
	"customers_list_users_list native_name":   picks("user_username", map[string][]string{"franc": {"frank"}, "zzz": nil}),
	"customers_list_users_list search_string": picks("user_username", map[string][]string{"ALICE o": {"alice"}, "frank@": {"frank"}, "zzz": nil}),
	"projects_list_users_list full_name":      hasPart("user_full_name"), "projects_list_users_list username": same("user_username"), "projects_list_users_list user": sameID("user_uuid"),
	"projects_list_users_list user_url": linked("user_uuid", "/api/users/"), "projects_list_users_list role": same("role_name"), "projects_list_users_list user_slug": hasPart("user_username"),
	"projects_list_users_list native_name":                             picks("user_username", map[string][]string{"karo": {"carol"}, "zzz": nil}),
	"projects_list_users_list search_string":                           picks("user_username", map[string][]string{"CAROL": {"carol"}, "zzz": nil}),
	"marketplace_service_providers_project_permissions_list full_name": hasPart("user_full_name"), "marketplace_service_providers_project_permissions_list native_name": hasPart("user_native_name"),
	"marketplace_service_providers_project_permissions_list username": same("user_username"), "marketplace_service_providers_project_permissions_list user": sameID("user_uuid"),
	"marketplace_service_providers_project_permissions_list user_url": linked("user_uuid", "/api/users/"), "marketplace_service_providers_project_permissions_list user_slug": hasPart("user_username"),
	"role_name": same("role_name"), "expiration_time": from("expiration_time"), "scope_name": hasPart("project_name"), "scope_uuid": sameID("project_uuid"),
	"scope_type": filterRule{label: "user_username", picks: map[string][]string{"customer": nil}},
	"marketplace_service_providers_project_permissions_list is_active": filterRule{label: "user_username", picks: map[string][]string{"false": nil}},
	"role_uuid": picks("user_username", map[string][]string{"role PROJECT.MANAGER": {"mary"}, "unknown": nil}),

	// the catalogue
	"title": hasPart("title"), "customer_keyword": picks("customer_slug", map[string][]string{"NORD": {"nordic"}, "ci": {"cirrus"}, "zzz": nil}),
	"marketplace_categories_list customer_uuid":             picks("title", map[string][]string{"cirrus": {"Forecasts", "Services"}, "unknown": nil}),
	"marketplace_categories_list customers_offerings_state": picks("title", map[string][]string{"3": {"Services"}, "1": {"Allocations"}, "5": nil}),
	"offering_name":          picks("title", map[string][]string{"weath": {"Forecasts"}, "zzz": nil}),
	"has_shared":             picks("title", map[string][]string{"false": nil}),
	"group_uuid":             noRow(noGroups),
	"resource_customer_uuid": picks("title", map[string][]string{"borealis": {"Forecasts", "Services"}, "unknown": nil}),
	"resource_project_uuid":  picks("title", map[string][]string{"twin": {"HPC", "Services"}, "unknown": nil}),
	"accessible":             picks("uuid", map[string][]string{"false": nil}),

	"shared": same("shared"), "billable": same("billable"), "type": same("type"), "keyword": picks("slug", map[string][]string{"FORECASTS": {"wx"}, "hpc": {"hpc"}, "zzz": nil}),
	"marketplace_provider_offerings_list query":                  picks("slug", map[string][]string{"FORECASTS": {"wx"}, "hpc": {"hpc"}, "zzz": nil}),
	"marketplace_provider_offerings_list project_uuid":           picks("slug", map[string][]string{"project": {"draft", "gone", "hardware", "hpc", "lab", "wx"}, "bobs-project": {"cell", "draft", "gone", "hardware", "hpc", "lab", "secret", "wx"}, "unknown": nil}),
	"marketplace_provider_offerings_list resource_customer_uuid": picks("slug", map[string][]string{"borealis": {"wx", "lab"}, "unknown": nil}),
	"marketplace_provider_offerings_list resource_project_uuid":  picks("slug", map[string][]string{"twin": {"hpc", "lab"}, "unknown": nil}),
	"marketplace_provider_offerings_list scope_uuid":             noRow(noPlugins),
	"uuid_list":                picks("slug", map[string][]string{"hpc": {"hpc"}, "unknown": nil}),
	"allowed_customer_uuid":    picks("slug", map[string][]string{"aurora": {"draft", "gone", "hardware", "hpc", "lab", "wx"}, "borealis": {"cell", "draft", "gone", "hardware", "hpc", "lab", "secret", "wx"}}),
	"consumer_customer_uuid":   picks("slug", map[string][]string{"aurora": {"draft", "gone", "hardware", "hpc", "lab", "wx"}}),
	"service_manager_uuid":     picks("slug", map[string][]string{"olga": {"hpc"}, "sam": {"draft", "gone", "hardware", "hpc", "lab", "secret"}, "unknown": nil}),
	"attributes":               picks("slug", map[string][]string{`{"vendor":"cirrus"}`: {"wx"}, `{"tags":["wind","sun"]}`: {"wx"}, `{"tags":["sun"]}`: nil, `{"vendor":"x"}`: nil}),
	"can_create_offering_user": picks("slug", map[string][]string{"true": {"hpc", "wx"}}),
	"has_terms_of_service":     picks("slug", map[string][]string{"true": {"wx"}}), "has_active_terms_of_service": picks("slug", map[string][]string{"true": {"wx"}}), "user_has_consent": picks("slug", map[string][]string{"true": {"wx"}}), "open_for_proposals": noRow(noCalls), "accessible_via_calls": noRow(noCalls),
	"parent_uuid": noRow(noParents), "category_group_uuid": noRow(noGroups), "offering_group_uuid": noRow(noGroups),
	"tag": noRow(noTags), "tag_name": noRow(noTags), "tag_names_and": noRow(noTags), "tags_and": noRow(noTags),
	"importable": noRow("nothing here can be imported"), "user_has_offering_user": picks("slug", map[string][]string{"true": {"wx"}}),

	"marketplace_plans_list offering":           picks("name", map[string][]string{"/api/marketplace-provider-offerings/{wx}/": {"Plain", "Former"}, "/api/marketplace-public-offerings/{lab}/": {"Standard"}, "zzz": nil}),
	"marketplace_plans_list offering_uuid":      picks("name", map[string][]string{"wx": {"Plain", "Former"}, "unknown": nil}),
	"marketplace_plans_list offering_slug":      picks("name", map[string][]string{"wx": {"Plain", "Former"}, "zzz": nil}),
	"marketplace_plan_components_list shared":   picks("plan_name", map[string][]string{"false": {"Only", "Only"}}),
	"marketplace_plan_components_list archived": picks("plan_name", map[string][]string{"true": {"Former"}}),

	// orders
	"marketplace_orders_list modified": from("modified"), "marketplace_orders_list modified_before": upTo("modified"),
	"marketplace_orders_list offering_slug": {key: "offering_name", keep: func(v any, s string) bool {
		return slugOf(word(v)) == s || s == "lab" && v == "Lab desk" || s == "wx" && v == "Weather"
	}, spell: func(v string) []string {
		return []string{map[string]string{"Lab desk": "lab", "Weather": "wx", "HPC": "hpc"}[v]}
	}},
	"marketplace_orders_list resource":      linked("marketplace_resource_uuid", "/api/marketplace-resources/"),
	"marketplace_orders_list resource_uuid": sameID("marketplace_resource_uuid"), "resource_name": hasPart("resource_name"), "was_auto_approved": noRow("no rule approves orders by itself"),
	"can_approve_as_consumer":                      picks("resource_name", map[string][]string{"true": {"gamma"}}),
	"can_approve_as_provider":                      picks("resource_name", map[string][]string{"true": {"delta", "nu"}}),
	"marketplace_orders_list query":                picks("resource_name", map[string][]string{"GAMM": {"gamma"}, "order gamma": {"gamma"}, "resource gamma": {"gamma"}, "zzz": nil}),
	"marketplace_orders_list service_manager_uuid": picks("resource_name", map[string][]string{"unknown": nil, "olga": {"alpha", "gamma", "delta", "epsilon", "theta", "nu", "xi", "pi", "alpha", "nu", "xi", "nu"}}),

	// resources
	"project_name": hasPart("project_name"), "offering_shared": same("offering_shared"), "offering_billable": same("offering_billable"),
	"downscaled": same("downscaled"), "paused": same("paused"), "restrict_member_access": same("restrict_member_access"),
	"marketplace_resources_list runtime_state": picks("name", map[string][]string{"running": {"alpha"}, "RUNNING": {"alpha"}, "zzz": nil}),
	"flavor_name": noRow("no provider here tells one"), "image_name": noRow("no provider here tells one"), "is_attached": noRow(noPlugins), "scope": noRow(noPlugins),
	"has_terminate_date": picks("name", map[string][]string{"true": {"alpha", "eta"}}),
	"limit_based":        same("is_limit_based"), "usage_based": same("is_usage_based"),
	"only_limit_based":                                picks("name", map[string][]string{"true": {"beta", "eta", "iota", "kappa", "mu", "omicron", "zeta"}}),
	"only_usage_based":                                picks("name", map[string][]string{"true": nil}),
	"component_count":                                 picks("name", map[string][]string{"2": {"lambda", "lambda2"}, "77": nil}),
	"limit_component_count":                           picks("name", map[string][]string{"0": nil, "77": nil}),
	"order_state":                                     picks("name", map[string][]string{"rejected": {"kappa"}, "pending-consumer": {"gamma"}}),
	"lexis_links_supported":                           picks("name", map[string][]string{"true": {"lambda", "lambda2"}}),
	"resource_attributes":                             picks("name", map[string][]string{`{"flavor":"wide"}`: {"eta"}, `{"flavor":"thin"}`: nil}),
	"visible_to_username":                             picks("name", map[string][]string{"bob": {"lambda", "mu"}, "cy": {"lambda", "lambda2"}, "zzz": nil}),
	"visible_to_providers":                            picks("name", map[string][]string{"true": {"alpha", "beta", "delta", "zeta", "eta", "theta", "iota", "kappa", "lambda", "lambda2", "mu", "nu", "xi", "omicron", "pi"}}),
	"marketplace_resources_list query":                picks("name", map[string][]string{"ALPH": {"alpha"}, "cluster-b": {"theta"}, "resource mu": {"mu"}, "zzz": nil}),
	"marketplace_resources_list service_manager_uuid": picks("name", map[string][]string{"unknown": nil, "olga": {"alpha", "gamma", "delta", "epsilon", "theta", "nu", "xi", "pi"}}),
	"marketplace_resources_list offering_slug":        same("offering_slug"),

	// keys
	"fingerprint_md5": same("fingerprint_md5"), "fingerprint_sha256": same("fingerprint_sha256"), "fingerprint_sha512": same("fingerprint_sha512"), "is_shared": same("is_shared"), "user_uuid": sameID("user_uuid"),
	"keys_list created": picks("name", map[string][]string{"2027-01-01": nil}), "keys_list created_before": picks("name", map[string][]string{"2026-01-01": nil}),
	"keys_list modified": picks("name", map[string][]string{"2027-01-01": nil}), "keys_list modified_before": picks("name", map[string][]string{"2026-01-01": nil}),
	"marketplace_service_providers_keys_list created":         picks("name", map[string][]string{"2027-01-01": nil}),
	"marketplace_service_providers_keys_list created_before":  picks("name", map[string][]string{"2026-01-01": nil}),
	"marketplace_service_providers_keys_list modified":        picks("name", map[string][]string{"2027-01-01": nil}),
	"marketplace_service_providers_keys_list modified_before": picks("name", map[string][]string{"2026-01-01": nil}),

	// accounts, agents, what was found
	"user_username": same("user_username"), "is_restricted": same("is_restricted"), "has_consent": same("has_consent"), "has_complete_profile": same("is_profile_complete"),
	"offering_has_active_tos": same("offering_has_active_tos"), "runtime_state": same("runtime_state"),
	"marketplace_offering_users_list modified": from("modified"), "marketplace_offering_users_list modified_before": upTo("modified"),
	"marketplace_offering_users_list offering_slug": picks("user_username", map[string][]string{"wx": {"bob", "operator"}, "zzz": nil}),
	"marketplace_offering_users_list provider_uuid": sameID("customer_uuid"),
	"marketplace_offering_users_list query":         picks("user_username", map[string][]string{"WEATH": {"bob", "operator"}, "mm": {"mary"}, "zzz": nil}),
	"marketplace_site_agent_identities_list name":   same("name"), "version": same("version"), "last_restarted": from("last_restarted"),
	"marketplace_site_agent_identities_list offering_uuid": sameID("offering"),
	"orphaned":                        picks("name", map[string][]string{"true": {"agent-gone"}}),
	"backend_resources_list modified": from("modified"), "backend_resources_list modified_before": upTo("modified"),
	"backend_resources_list offering_uuid": sameID("offering"), "backend_resources_list project_uuid": sameID("project"),
	"marketplace_resource_api_keys_list offering_uuid":   picks("client_id", map[string][]string{"hpc": {"c1"}, "unknown": nil}),
	"marketplace_resource_api_keys_list modified_before": upTo("modified"),

	// usages
	"billing_period": same("billing_period"), "component_usage__billing_period": same("billing_period"),
	"billing_period_year":  picks("uuid", map[string][]string{"2025": nil}),
	"billing_period_month": picks("uuid", map[string][]string{"12": nil}),
	"date_after":           {key: "date", keep: func(v any, s string) bool { return word(v)[:10] >= s }, spell: func(v string) []string { return []string{v[:10], "2026-11-13"} }},
	"date_before":          {key: "date", keep: func(v any, s string) bool { return word(v)[:10] <= s }, spell: func(v string) []string { return []string{v[:10], "2026-11-13"} }},
	"marketplace_component_user_usages_list type":     same("component_type"),
	"component_user_usage_limits_list component_type": same("component_type"), "component_user_usage_limits_list username": same("user"),
	"component_user_usage_limits_list resource": linked("resource_uuid", "/api/marketplace-resources/"),
}

// ruleOf finds the rule of a parameter; both views of resources and of offerings have the same.
func ruleOf(o documented, name string) (filterRule, bool) {
	op := strings.Replace(strings.Replace(o.Name, "provider_resources", "resources", 1), "public_offerings", "provider_offerings", 1)
	for _, key := range []string{o.Name + " " + name, op + " " + name} {
		if r, ok := filterRules[key]; ok {
			return r, true
		}
	}
	r, ok := filterRules[name]
	return r, ok
}

// well are values of each type that are well formed and name nothing.
var well = map[string]string{"uuid": "00000000000000000000000000000000", "string": "zzz-no-such-thing", "datetime": "2026-01-01T00:00:00Z", "date": "2026-01-01", "number": "99", "bool": "true"}

func TestEveryDocumentedFilterNarrows(t *testing.T) {
	s := newStage(t)
	s.named["role PROJECT.MANAGER"] = roleUUID(t, s, "PROJECT.MANAGER")
	for _, o := range s.routed(withRows) {
		path := s.pathOf(o, nil)
		for name, typ := range fields(o.Query) {
			if slices.Contains([]string{"o", "field", "page", "page_size"}, name) {
				continue
			}
			r, ok := ruleOf(o, name)
			if !ok {
				t.Errorf("%s: nothing says what %s does", o.Name, name)
				continue
			}
			t.Run(o.Name+"/"+name, func(t *testing.T) { s.toldTo(t).tryFilter(o, path, name, typ, r) })
		}
	}
}

func roleUUID(t *testing.T, s *stage, name string) string {
	t.Helper()
	for _, r := range s.rows("/api/projects/"+s.named["project"]+"/list_users/", "") {
		if r["role_name"] == name {
			return word(r["role_uuid"])
		}
	}
	t.Fatalf("nobody is %s", name)
	return ""
}

func (s *stage) tryFilter(o documented, path, name, typ string, r filterRule) {
	t := s.t
	all := s.rows(path, "")
	switch {
	case r.picks != nil:
		s.tryPicks(path, name, r, all)
	case r.idle != "":
		for _, value := range []string{well[typeOf(typ)], "false"} {
			if value == "false" && typeOf(typ) != "bool" {
				continue
			}
			if got := s.rows(path, name+"="+escape(value)); !slices.Equal(toldAll(got), toldAll(all)) {
				t.Errorf("%s=%s leaves %d of %d rows, and is said to be without effect: %s", name, value, len(got), len(all), r.idle)
			}
		}
	case r.none != "":
		if got := s.rows(path, name+"="+escape(well[typeOf(typ)])); len(got) > 0 {
			t.Errorf("%s leaves %d rows: %s", name, len(got), r.none)
		}
		if typeOf(typ) == "bool" {
			if got := s.rows(path, name+"=false"); !slices.Equal(toldAll(got), toldAll(all)) {
				t.Errorf("%s=false leaves %d of %d rows: %s", name, len(got), len(all), r.none)
			}
		}
	default:
		s.tryKey(o, path, name, typ, r, all)
	}
}

// tryPicks asks with each value of a rule; a value that names a record stands for its UUID.
func (s *stage) tryPicks(path, name string, r filterRule, all []row) {
	t := s.t
	label := orElse(r.label, "uuid")
	whole := column(all, label)
	narrows := false
	for value, want := range r.picks {
		asked := value
		if uuid, ok := s.named[value]; ok && (strings.Contains(name, "uuid") || name == "uuid_list" || strings.Contains(value, " ")) {
			asked = uuid
		}
		for n, uuid := range s.named {
			asked = strings.ReplaceAll(asked, "{"+n+"}", uuid)
		}
		got := column(s.rows(path, name+"="+escape(asked)), label)
		slices.Sort(got)
		want = slices.Clone(want)
		slices.Sort(want)
		if !slices.Equal(got, want) && (len(got) > 0 || len(want) > 0) {
			t.Errorf("%s=%s leaves %v, want %v", name, value, got, want)
		}
		narrows = narrows || len(got) < len(whole)
		if strings.Contains(name, "uuid") && asked != value {
			if other := column(s.rows(path, name+"="+dashed(asked)), label); len(other) != len(got) {
				t.Errorf("%s=%s with dashes leaves %d rows, without %d", name, value, len(other), len(got))
			}
		}
	}
	if !narrows {
		t.Errorf("%s lets everything pass that it was tried with", name)
	}
}

// tryKey asks with every value that the rows have, and with one that none has, and compares
// with the rows that must pass.
func (s *stage) tryKey(o documented, path, name, typ string, r filterRule, all []row) {
	t := s.t
	var values []string
	for _, v := range column(all, r.key) {
		if v != "" && !slices.Contains(values, v) {
			values = append(values, v)
		}
	}
	if len(values) == 0 {
		t.Errorf("%s is not tried: no row has %s", name, r.key)
		return
	}
	if strings.HasPrefix(typ, "bool") {
		values = []string{"true", "false"}
	}
	asked := []string{}
	for _, v := range values[:min(len(values), 8)] {
		if r.spell == nil {
			asked = append(asked, v)
		} else {
			asked = append(asked, r.spell(v)...)
		}
	}
	narrows := false
	if w := well[typeOf(typ)]; w != "" && typeOf(typ) != "bool" {
		asked = append(asked, w)
	}
	for _, v := range asked {
		want := slices.DeleteFunc(slices.Clone(all), func(x row) bool { return !r.keep(at(x, r.key), v) })
		got := s.rows(path, name+"="+escape(v))
		if !slices.Equal(toldAll(got), toldAll(want)) {
			t.Errorf("%s=%s leaves %d rows, want the %d of %d with its %s: %v", name, v, len(got), len(want), len(all), r.key, column(got, r.key))
		}
		if twice := s.rows(path, name+"="+escape(v)+"&"+name+"="+escape(v)); !slices.Equal(toldAll(twice), toldAll(got)) {
			t.Errorf("%s=%s asked for twice leaves %d rows, once %d", name, v, len(twice), len(got))
		}
		narrows = narrows || len(want) < len(all)
	}
	if !narrows {
		t.Errorf("%s is not tried: all rows have the same %s", name, r.key)
	}
	if strings.HasSuffix(typ, "[]") && len(values) > 1 && r.spell == nil {
		two := s.rows(path, name+"="+escape(values[0])+"&"+name+"="+escape(values[1]))
		want := slices.DeleteFunc(slices.Clone(all), func(x row) bool { v := word(at(x, r.key)); return v != values[0] && v != values[1] })
		if !slices.Equal(toldAll(two), toldAll(want)) {
			t.Errorf("%s with %s and %s leaves %d rows, want %d", name, values[0], values[1], len(two), len(want))
		}
	}
}

func TestAFilterOfAttributesMustBeAnObject(t *testing.T) {
	s := newStage(t)
	for value, want := range map[string]string{"x": `["Filter attribute is not valid json."]`, "[1]": `["Filter attribute should be an dict."]`, "null": `["Filter attribute should be an dict."]`} {
		for _, path := range []string{"/api/marketplace-public-offerings/?attributes=", "/api/marketplace-resources/?resource_attributes="} {
			if res, b := s.ask("bob", http.MethodGet, path+escape(value), ""); res.StatusCode != http.StatusBadRequest || string(b) != want {
				t.Errorf("%s%s: %d %s, want 400 %s", path, value, res.StatusCode, b, want)
			}
		}
	}
	var rows []json.RawMessage
	s.get("bob", "/api/marketplace-public-offerings/?attributes="+escape("{}"), &rows)
	if len(rows) == 0 {
		t.Error("an empty object lets nothing pass")
	}
}
