package modelarts

import (
	"net/http"
	"regexp"
	"slices"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/tenant"
)

// regionNamed is what the names of the vendor's regions look like. There, each region is a
// project of its own, which bears its name, and clients ask for the project of the region
// that they are set to. Here such a name stands for the default project.
var regionNamed = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]{1,3}$`)

// projectOf finds a project by its id or name, and the name that it goes by.
func projectOf(s *core.Scene, want, domain ref) (tenant.Project, string, error) {
	if want.ID != "" {
		i, err := id.ParseUUID(id.Project, want.ID)
		if err != nil {
			return tenant.Project{}, "", absent("project")
		}
		p, err := s.Project(i)
		return p, p.Slug, err
	}
	home, err := domainOf(s, domain)
	if err != nil {
		return tenant.Project{}, "", err
	}
	list, err := projectsNamed(s, want.Name, []id.ID{home.ID})
	switch {
	case err != nil:
		return tenant.Project{}, "", err
	case len(list) > 0:
		return list[0], list[0].Slug, nil
	case !regionNamed.MatchString(want.Name):
		return tenant.Project{}, "", absent("project")
	}
	p, err := s.DefaultProject(home.ID)
	return p, want.Name, err
}

// projectsNamed lists the projects of a name that the caller sees.
func projectsNamed(s *core.Scene, name string, customers []id.ID) ([]tenant.Project, error) {
	for _, q := range []core.ProjectQuery{{Slug: name}, {Name: name}} {
		q.Customers, q.Limit = customers, mostItems
		list, err := s.Projects(q)
		if err != nil || len(list) > 0 {
			return list, err
		}
	}
	return nil, nil
}

type projectItem struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Domain      string `json:"domain_id"`
	Parent      string `json:"parent_id"`
	IsDomain    bool   `json:"is_domain"`
	Enabled     bool   `json:"enabled"`
	Description string `json:"description"`
}

type domainItem struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Enabled     bool   `json:"enabled"`
	Description string `json:"description"`
}

func (d *door) listProjects(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	q, err := readQuery(r)
	if err != nil {
		return err
	}
	out := []projectItem{}
	err = d.core.View(r.Context(), who, func(s *core.Scene) error {
		list, alias, err := projectsFor(s, who, q.text("name"))
		for _, p := range list {
			if domain := q.text("domain_id"); domain != "" && domain != p.Customer.UUID(id.Customer) {
				continue
			}
			name := p.Slug
			if alias {
				name = q.text("name")
			}
			customer := p.Customer.UUID(id.Customer)
			out = append(out, projectItem{p.ID.UUID(id.Project), name, customer, customer, false, true, p.Name})
		}
		return err
	})
	if err != nil {
		return err
	}
	return reply(w, r, http.StatusOK, map[string]any{"projects": out, "links": struct{}{}})
}

// projectsFor lists the caller's projects, all or those of a name; alias reports that the
// name is a region's. Clients want exactly one: the caller's own customer goes first.
func projectsFor(s *core.Scene, who core.Actor, name string) (list []tenant.Project, alias bool, err error) {
	keyed := func(list []tenant.Project) []tenant.Project {
		return slices.DeleteFunc(list, func(p tenant.Project) bool { return who.Project != 0 && p.ID != who.Project })
	}
	if name == "" {
		list, err = everything(func(p core.Page) ([]tenant.Project, error) { return s.Projects(core.ProjectQuery{Page: p}) })
		return keyed(list), false, err
	}
	home, err := s.Home()
	if err != nil && core.KindOf(err) != core.NotFound {
		return nil, false, err
	}
	if err == nil {
		if list, err = projectsNamed(s, name, []id.ID{home.ID}); err != nil || len(list) > 0 {
			return keyed(list), false, err
		}
	}
	if list, err = projectsNamed(s, name, nil); err != nil || len(list) > 0 {
		return keyed(list), false, err
	}
	if !regionNamed.MatchString(name) {
		return nil, false, nil
	}
	if who.Project != 0 {
		p, err := s.Project(who.Project)
		return []tenant.Project{p}, true, err
	}
	if home.ID == 0 {
		return nil, false, nil
	}
	p, err := s.DefaultProject(home.ID)
	if err != nil {
		return nil, false, unlessMissing(err)
	}
	return []tenant.Project{p}, true, nil
}

// listDomains: the caller's own customer first, for clients take the first.
func (d *door) listDomains(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	out := []domainItem{}
	err := d.core.View(r.Context(), who, func(s *core.Scene) error {
		if who.SeesAll() { // everybody's customers are not one's own
			home, err := s.Home()
			if err == nil {
				out = append(out, domainItem{home.ID.UUID(id.Customer), home.Slug, true, home.Name})
			}
			return unlessMissing(err)
		}
		all, err := everything(func(p core.Page) ([]tenant.Customer, error) { return s.Customers(core.CustomerQuery{Page: p}) })
		slices.SortStableFunc(all, func(a, b tenant.Customer) int {
			own := map[bool]int{true: 0, false: 1}
			return own[a.ID == who.User.Home] - own[b.ID == who.User.Home]
		})
		for _, c := range all {
			out = append(out, domainItem{c.ID.UUID(id.Customer), c.Slug, true, c.Name})
		}
		return err
	})
	if err != nil {
		return err
	}
	return reply(w, r, http.StatusOK, map[string]any{"domains": out, "links": struct{}{}})
}

// showCatalog is empty: clients keep the endpoints that they were set to.
func (d *door) showCatalog(w http.ResponseWriter, r *http.Request, _ core.Actor) error {
	return reply(w, r, http.StatusOK, map[string]any{"catalog": []struct{}{}, "links": struct{}{}})
}
