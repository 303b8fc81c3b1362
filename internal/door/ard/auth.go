package ard

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/docket-desk/docket/internal/auth"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/front"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/tenant"
)

// tokenInput is a request for a token, as a form or as JSON. What else comes along is
// ignored: the client's library adds keywords of the call that made it ask.
type tokenInput struct {
	GrantType    string `json:"grant_type"`
	Username     string `json:"username"`
	Password     string `json:"password"`
	RefreshToken string `json:"refresh_token"`
}

type tokenOutput struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int    `json:"expires_in"` // seconds
	RefreshToken string `json:"refresh_token,omitempty"`
}

func readTokenInput(r *http.Request) (tokenInput, error) {
	var in tokenInput
	body := strings.TrimSpace(string(front.Body(r)))
	if strings.HasPrefix(body, "{") || strings.Contains(r.Header.Get("Content-Type"), "json") {
		err := front.ReadJSON(r, &in)
		return in, err
	}
	form, err := url.ParseQuery(body)
	if err != nil {
		return in, &core.Error{Kind: core.Invalid, Reason: front.ReasonSyntax, Msg: "The body is neither a form nor JSON."}
	}
	return tokenInput{form.Get("grant_type"), form.Get("username"), form.Get("password"), form.Get("refresh_token")}, nil
}

// authenticate exchanges a password or a refresh token for an access token. The client
// sends a dummy Authorization header with the first; it means nothing.
func (d *door) authenticate(w http.ResponseWriter, r *http.Request, _ core.Actor) error {
	in, err := readTokenInput(r)
	if err != nil {
		return err
	}
	grants := map[string]func(*http.Request, tokenInput) (tokenOutput, error){"password": d.byPassword, "refresh_token": d.byRefresh}
	grant, ok := grants[in.GrantType]
	if !ok {
		return invalid("grant_type", "grant_type has to be password or refresh_token.")
	}
	out, err := grant(r, in)
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	return front.WriteJSON(w, http.StatusOK, out)
}

func (d *door) byPassword(r *http.Request, in tokenInput) (tokenOutput, error) {
	if in.Username == "" || in.Password == "" {
		return tokenOutput{}, invalid("username", "username and password have to be given.")
	}
	h, err := auth.Login(r.Context(), d.core, in.Username, in.Password)
	if err != nil {
		return tokenOutput{}, err
	}
	out, err := d.accessToken(h)
	if err != nil {
		return out, err
	}
	out.RefreshToken, err = d.opt.Refresh.Issue(h, renewFor)
	return out, err
}

func (d *door) byRefresh(r *http.Request, in tokenInput) (tokenOutput, error) {
	if in.RefreshToken == "" {
		return tokenOutput{}, invalid("refresh_token", "refresh_token has to be given.")
	}
	t, err := d.opt.Refresh.Parse(r.Context(), in.RefreshToken)
	if err != nil {
		return tokenOutput{}, err
	}
	return d.accessToken(t.Holder) // the client keeps the refresh token it has
}

func (d *door) accessToken(h core.Holder) (tokenOutput, error) {
	token, err := d.opt.Access.Issue(h, accessFor)
	return tokenOutput{AccessToken: token, TokenType: "Bearer", ExpiresIn: int(accessFor.Seconds())}, err
}

// userLimits are the four that the client's command line looks for.
type userLimits struct {
	Annual   number `json:"annual_subscription_fee_limit"`
	Fresh    number `json:"fresh_imagery_fee_limit"`
	Standard number `json:"standard_imagery_fee_limit"`
	Training number `json:"training_imagery_fee_limit"`
}

type userOutput struct {
	AccountID   string     `json:"account_id"`
	Name        string     `json:"name"`
	Active      bool       `json:"active"`
	Admin       bool       `json:"admin"`
	Created     string     `json:"created"`
	Modified    string     `json:"modified"`
	UserID      string     `json:"user_id"`
	CountryCode *string    `json:"country_code"`
	JobTitle    *string    `json:"job_title"`
	Email       string     `json:"email"`
	Limits      userLimits `json:"limits"`
}

type selfOutput struct {
	User      userOutput        `json:"user"`
	Links     map[string]string `json:"links"`
	Timestamp string            `json:"response_timestamp"`
}

// self tells who the caller is.
func (d *door) self(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	var out selfOutput
	err := d.core.View(r.Context(), who, func(s *core.Scene) error {
		home, err := account(s)
		if err != nil {
			return err
		}
		limits, err := userLimit(s, home.ID, who.User.ID)
		if err != nil {
			return err
		}
		out.User = wireUser(who, home, limits)
		return nil
	})
	if err != nil {
		return err
	}
	out.Links = map[string]string{
		"self":    d.link(r, "admin", "account", out.User.AccountID, "user", out.User.UserID),
		"account": d.link(r, "admin", "account", out.User.AccountID),
	}
	out.Timestamp = wireTime(d.core.Now())
	return front.WriteJSON(w, http.StatusOK, out)
}

func wireUser(who core.Actor, home tenant.Customer, l limitsOutput) userOutput {
	u := who.User
	var about struct {
		CountryCode *string `json:"country_code"`
		JobTitle    *string `json:"job_title"`
	}
	if len(u.Attrs) > 0 {
		_ = json.Unmarshal(u.Attrs, &about) // what others keep there under these names is not shown
	}
	name := u.FullName
	if name == "" {
		name = u.Login
	}
	made := wireTime(u.ID.Time())
	return userOutput{AccountID: home.ID.Decimal(), Name: name, Active: u.Active, Admin: admin(who, home.ID), Created: made, Modified: made,
		UserID: u.ID.Dashed(id.User), CountryCode: about.CountryCode, JobTitle: about.JobTitle, Email: u.Email,
		Limits: userLimits{l.Annual, l.Fresh, l.Standard, l.Training}}
}

// admin reports whether the caller administers an account: its owner does.
func admin(who core.Actor, customer id.ID) bool {
	return who.IsStaff() || who.HasRole(tenant.CustomerOwner, customer)
}

// account is the caller's own.
func account(s *core.Scene) (tenant.Customer, error) {
	home, err := s.Home()
	if core.KindOf(err) == core.NotFound && err != nil {
		return home, &core.Error{Kind: core.Forbidden, Msg: "This user belongs to no account."}
	}
	return home, err
}
