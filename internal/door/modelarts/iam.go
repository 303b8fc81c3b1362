package modelarts

import (
	"net/http"
	"slices"
	"time"

	"github.com/docket-desk/docket/internal/auth"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/tenant"
)

// tokenLife is how long a token is good for.
const tokenLife = 24 * time.Hour

// ref names a record of IAM by either of the two.
type ref struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

func (f ref) none() bool { return f == ref{} }

type tokenInput struct {
	Auth struct {
		Identity struct {
			Methods  []string `json:"methods"`
			Password struct {
				User struct {
					ref
					Domain   ref    `json:"domain"`
					Password string `json:"password"`
				} `json:"user"`
			} `json:"password"`
		} `json:"identity"`
		Scope struct {
			Project *struct {
				ref
				Domain ref `json:"domain"`
			} `json:"project"`
			Domain *ref `json:"domain"`
		} `json:"scope"`
	} `json:"auth"`
}

type wireToken struct {
	Expires string        `json:"expires_at"`
	Issued  string        `json:"issued_at"`
	Methods []string      `json:"methods"`
	User    wireUser      `json:"user"`
	Project *wireProject  `json:"project,omitempty"`
	Domain  *ref          `json:"domain,omitempty"`
	Roles   []ref         `json:"roles"`
	Catalog []interface{} `json:"catalog"`
}

type wireUser struct {
	ID              string `json:"id"`
	Name            string `json:"name"`
	Domain          ref    `json:"domain"`
	PasswordExpires string `json:"password_expires_at"`
}

type wireProject struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Domain ref    `json:"domain"`
}

// iamTime is how IAM writes instants.
const iamTime = "2006-01-02T15:04:05.000000Z"

func (d *door) createToken(w http.ResponseWriter, r *http.Request, _ core.Actor) error {
	var in tokenInput
	if err := readObject(r, &in); err != nil {
		return err
	}
	user := in.Auth.Identity.Password.User
	switch {
	case !slices.Equal(in.Auth.Identity.Methods, []string{"password"}):
		return bad("auth.identity.methods must be password.")
	case user.Name == "" || user.Password == "":
		return bad("auth.identity.password.user must have a name and a password.")
	}
	wrong := refuse(core.Unauthenticated, http.StatusUnauthorized, "", "The username or password is wrong.")
	h, err := d.opt.Login(r.Context(), user.Name, user.Password)
	if err != nil {
		if e := core.AsError(err); e.Kind == core.Unauthenticated && e.Reason != auth.ReasonLocked {
			return wrong
		} else if e.Kind == core.Unauthenticated {
			return refuse(core.Unauthenticated, http.StatusUnauthorized, "", "%s", e.Msg)
		}
		return err
	}
	now := d.core.Now()
	out := wireToken{Expires: now.Add(tokenLife).Format(iamTime), Issued: now.Format(iamTime), Methods: []string{"password"}, Roles: []ref{}, Catalog: []any{}}
	var narrow auth.Extra
	err = d.core.View(r.Context(), h.Actor, func(s *core.Scene) error {
		home, err := domainOf(s, user.Domain)
		if err != nil {
			return missing(err, wrong)
		}
		domain := ref{home.ID.UUID(id.Customer), home.Slug}
		out.User = wireUser{ID: h.Actor.User.ID.UUID(id.User), Name: h.Actor.User.Login, Domain: domain}
		out.Domain = &domain
		out.Roles = roles(h.Actor)
		return in.scope(s, &out, &narrow)
	})
	if err != nil {
		return err
	}
	token, err := d.opt.Tokens.Issue(h, tokenLife, narrow)
	if err != nil {
		return err
	}
	w.Header().Set("X-Subject-Token", token)
	return reply(w, r, http.StatusCreated, map[string]any{"token": out})
}

// scope finds what the token is to be for: a project, or a domain as a whole.
func (in tokenInput) scope(s *core.Scene, out *wireToken, narrow *auth.Extra) error {
	denied := refuse(core.Unauthenticated, http.StatusUnauthorized, "", "The user has no access to the scope that is asked for.")
	switch want := in.Auth.Scope; {
	case want.Project != nil:
		p, name, err := projectOf(s, want.Project.ref, want.Project.Domain)
		if err != nil {
			return missing(err, denied)
		}
		customer, err := s.CustomerName(p.Customer)
		if err != nil {
			return err
		}
		out.Project, out.Domain = &wireProject{p.ID.UUID(id.Project), name, ref{customer.ID.UUID(id.Customer), customer.Slug}}, nil
		narrow.Project = p.ID
	case want.Domain != nil:
		c, err := domainOf(s, *want.Domain)
		if err != nil {
			return missing(err, denied)
		}
		out.Domain = &ref{c.ID.UUID(id.Customer), c.Slug}
	}
	return nil
}

// roles lists the caller's roles; IAM's own have other names, and no client reads them.
func roles(a core.Actor) []ref {
	out := []ref{}
	for _, g := range a.Grants {
		one := ref{g.ID.UUID(id.Grant), string(g.Role)}
		if !slices.ContainsFunc(out, func(r ref) bool { return r.Name == one.Name }) {
			out = append(out, one)
		}
	}
	return out
}

// domainOf finds the customer that a domain is; without a name, the caller's own.
func domainOf(s *core.Scene, want ref) (tenant.Customer, error) {
	if want.none() {
		return s.Home()
	}
	if want.ID != "" {
		i, err := id.ParseUUID(id.Customer, want.ID)
		if err != nil {
			return tenant.Customer{}, absent("domain")
		}
		return s.Customer(i)
	}
	for _, q := range []core.CustomerQuery{{Slug: want.Name}, {Name: want.Name}, {Number: want.Name}} {
		q.Limit = 1
		list, err := s.Customers(q)
		if err != nil {
			return tenant.Customer{}, err
		}
		if len(list) > 0 {
			return list[0], nil
		}
	}
	return tenant.Customer{}, absent("domain")
}

func absent(kind string) *core.Error {
	return &core.Error{Kind: core.NotFound, About: core.Ref{Kind: kind}, Msg: "There is no such " + kind + "."}
}
