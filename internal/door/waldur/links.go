package waldur

import (
	"crypto/sha256"
	"encoding/binary"
	"net/url"
	"strings"

	"github.com/docket-desk/docket/internal/id"
)

// Links are absolute. On the way in the host does not count, and the UUID may be in
// either form.

func (v *view) userLink(i id.ID) string { return v.origin + "/api/users/" + i.UUID(id.User) + "/" }
func (v *view) customerLink(i id.ID) string {
	return v.origin + "/api/customers/" + i.UUID(id.Customer) + "/"
}
func (v *view) projectLink(i id.ID) string {
	return v.origin + "/api/projects/" + i.UUID(id.Project) + "/"
}
func (v *view) orderLink(i id.ID) string {
	return v.origin + "/api/marketplace-orders/" + i.UUID(id.Order) + "/"
}
func (v *view) resourceLink(i id.ID) string {
	return v.origin + "/api/marketplace-resources/" + i.UUID(id.Resource) + "/"
}
func (v *view) publicOfferingLink(i id.ID) string {
	return v.origin + "/api/marketplace-public-offerings/" + i.UUID(id.Offering) + "/"
}
func (v *view) providerOfferingLink(i id.ID) string {
	return v.origin + "/api/marketplace-provider-offerings/" + i.UUID(id.Offering) + "/"
}
func (v *view) publicPlanLink(offering, plan id.ID) string {
	return v.publicOfferingLink(offering) + "plans/" + plan.UUID(id.Plan) + "/"
}
func (v *view) planLink(plan id.ID) string {
	return v.origin + "/api/marketplace-plans/" + plan.UUID(id.Plan) + "/"
}
func (v *view) providerLink(i id.ID) string {
	return v.origin + "/api/marketplace-service-providers/" + i.UUID(id.Provider) + "/"
}
func (v *view) categoryLink(title string) string {
	return v.origin + "/api/marketplace-categories/" + hashed(id.Category, title) + "/"
}
func (v *view) usageLink(i id.ID) string {
	return v.origin + "/api/marketplace-component-usages/" + i.UUID(id.Usage) + "/"
}

// The paths that links of a body may have, by what they lead to. The last {segment} is
// the record.
var (
	offeringPaths = []string{"/api/marketplace-public-offerings/{uuid}/", "/api/marketplace-provider-offerings/{uuid}/"}
	planPaths     = []string{"/api/marketplace-public-offerings/{offering}/plans/{uuid}/", "/api/marketplace-plans/{uuid}/"}
	projectPaths  = []string{"/api/projects/{uuid}/"}
	userPaths     = []string{"/api/users/{uuid}/"}
	resourcePaths = []string{"/api/marketplace-resources/{uuid}/", "/api/marketplace-provider-resources/{uuid}/"}
)

// The vendor's sentences about links.
const (
	noMatch     = "Invalid hyperlink - No URL match."
	wrongMatch  = "Invalid hyperlink - Incorrect URL match."
	noSuchThing = "Invalid hyperlink - Object does not exist."
)

// follow reads a link to a record of a kind; the sentence is what is wrong with it.
func (d *door) follow(kind id.Kind, link string, paths []string) (id.ID, string) {
	u, err := url.Parse(link)
	if err != nil || !strings.HasPrefix(u.Path, "/") {
		return 0, noMatch
	}
	path := strings.TrimSuffix(u.Path, "/") + "/"
	for _, p := range paths {
		if parts, ok := match(p, path); ok {
			i, err := id.ParseUUID(kind, parts["uuid"])
			if err != nil {
				return 0, noSuchThing
			}
			return i, ""
		}
	}
	if len(d.methods(path)) > 0 {
		return 0, wrongMatch
	}
	return 0, noMatch
}

// hashed spells the UUID of what has a name but no id of its own: categories, roles,
// a user's part of a usage. The same name gives the same UUID in every desk.
func hashed(kind id.Kind, name ...string) string {
	h := sha256.Sum256([]byte(strings.Join(name, "\x00")))
	return id.ID(binary.BigEndian.Uint64(h[:8])>>2 | 1).UUID(kind)
}
