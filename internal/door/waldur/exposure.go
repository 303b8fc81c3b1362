package waldur

import (
	"slices"

	"github.com/docket-desk/docket/internal/catalog"
)

// exposed are the attributes of a user that an offering lets those who deliver it see.
type exposed []string

// attributesOfUser are all there may be, in the vendor's order.
var attributesOfUser = []string{"full_name", "email", "username", "registration_method", "organization", "organization_country", "organization_type",
	"organization_registry_code", "organization_vat_code", "organization_address", "affiliations", "phone_number", "job_title", "gender", "personal_title",
	"place_of_birth", "address", "country_of_residence", "nationality", "nationalities", "eduperson_assurance", "identity_source", "civil_number", "birth_date",
	"active_isds", "uid_number", "primary_gid"}

// attributesByDefault are those of an offering that says nothing of it.
var attributesByDefault = exposed{"full_name", "email", "username"}

// exposureKept is the setting in an offering's attributes.
type exposureKept struct {
	Exposed *[]string `json:"exposed_user_attributes"`
}

func exposure(o catalog.Offering) exposed {
	list := attrs[exposureKept](o.Attrs).Exposed
	if list == nil {
		return attributesByDefault
	}
	var out exposed
	for _, a := range attributesOfUser {
		if slices.Contains(*list, a) {
			out = append(out, a)
		}
	}
	return out
}

func (e exposed) has(attribute string) bool { return slices.Contains(e, attribute) }

func (e exposed) names() []string { return append([]string{}, e...) }
