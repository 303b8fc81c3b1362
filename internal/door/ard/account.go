package ard

import (
	"encoding/json"
	"net/http"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/front"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/imagery"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/tenant"
)

// price is an exact price of one km² as a JSON number.
type price money.Rate

// MarshalJSON writes the shortest exact decimal.
func (p price) MarshalJSON() ([]byte, error) { return []byte(money.Rate(p).String()), nil }

type pricingOutput struct {
	Fresh    *price `json:"fresh_imagery_price"`
	Standard *price `json:"standard_imagery_price"`
	Training *price `json:"training_imagery_price"`
}

type accountLimits struct {
	Annual   number `json:"annual_subscription_fee_limit"`
	Fresh    number `json:"fresh_imagery_fee_limit"`
	Standard number `json:"standard_imagery_fee_limit"`
	Training number `json:"training_imagery_fee_limit"`
	Tasking  number `json:"tasking_imagery_fee_limit"`
}

type accountDetails struct {
	AccountID     string          `json:"account_id"`
	Name          string          `json:"name"`
	SAP           *string         `json:"sap"`
	ContractStart *string         `json:"contract_start"`
	ContractEnd   *string         `json:"contract_end"`
	Active        bool            `json:"active"`
	Internal      bool            `json:"internal"`
	Contacts      json.RawMessage `json:"sales_support_contacts"`
	Created       string          `json:"created"`
	Modified      string          `json:"modified"`
	Pricing       pricingOutput   `json:"pricing"`
	Limits        accountLimits   `json:"limits"`
}

type accountOutput struct {
	Account   accountDetails    `json:"account"`
	Links     map[string]string `json:"links"`
	Timestamp string            `json:"response_timestamp"`
}

// account tells an account's prices and limits to any of its users.
func (d *door) account(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	out := accountOutput{Timestamp: wireTime(d.core.Now())}
	err := d.core.View(r.Context(), who, func(s *core.Scene) error {
		customer, err := namedAccount(s, r)
		if err != nil {
			return err
		}
		out.Account, err = d.accountDetails(s, customer)
		return err
	})
	if err != nil {
		return err
	}
	i := out.Account.AccountID
	out.Links = map[string]string{
		"self":         d.link(r, "admin", "account", i),
		"users":        d.link(r, "admin", "account", i, "user"),
		"applications": d.link(r, "admin", "account", i, "application"),
		"credentials":  d.link(r, "admin", "account", i, "credentials"),
	}
	return front.WriteJSON(w, http.StatusOK, out)
}

func (d *door) accountDetails(s *core.Scene, c tenant.Customer) (accountDetails, error) {
	made := wireTime(c.ID.Time())
	out := accountDetails{AccountID: c.ID.Decimal(), Name: c.Name, Active: !c.Archived && !c.Blocked, Contacts: json.RawMessage("null"), Created: made, Modified: made}
	if c.ForeignID != "" {
		out.SAP = &c.ForeignID
	}
	contract, err := currentContract(s, c.ID, day.Of(d.core.Now()))
	if err != nil {
		return out, err
	}
	if contract != nil {
		from, to := contract.From.String(), contract.To.String()
		out.ContractStart, out.ContractEnd = &from, &to
	}
	archive, err := s.Archive()
	if err != nil {
		return out, err
	}
	prices := core.ImageryPrices(&archive, c.ID, d.core.Now())
	out.Pricing = pricingOutput{wirePrice(prices[imagery.Fresh]), wirePrice(prices[imagery.Standard]), wirePrice(prices[imagery.Training])}
	l, _, err := accountGauge(s, c.ID, archive)
	out.Limits = accountLimits{l.Annual, l.Fresh, l.Standard, l.Training, l.Tasking}
	return out, err
}

func wirePrice(r *money.Rate) *price {
	if r == nil {
		return nil
	}
	p := price(*r)
	return &p
}

// currentContract is the one that covers a day, else the last; nil where there is none.
func currentContract(s *core.Scene, customer id.ID, on day.Day) (*tenant.Contract, error) {
	list, err := s.Contracts(customer)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	for _, k := range list {
		if k.From <= on && on < k.To {
			return &k, nil
		}
	}
	return &list[len(list)-1], nil
}

type usageReport struct {
	AccountID string      `json:"account_id"`
	UserID    string      `json:"user_id,omitempty"`
	Usage     usageOutput `json:"usage"`
	Timestamp string      `json:"response_timestamp"`
}

// accountUsage reports what an account's users were charged, to any of them.
func (d *door) accountUsage(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	out := usageReport{Timestamp: wireTime(d.core.Now())}
	err := d.core.View(r.Context(), who, func(s *core.Scene) error {
		customer, err := namedAccount(s, r)
		if err != nil {
			return err
		}
		out.AccountID = customer.ID.Decimal()
		out.Usage, err = d.spent(s, r, core.SpendQuery{Customer: customer.ID}, core.LimitScope{Scope: tenant.OnCustomer, ID: customer.ID})
		return err
	})
	if err != nil {
		return err
	}
	return front.WriteJSON(w, http.StatusOK, out)
}

// userUsage reports what one user was charged, to that user and to admins.
func (d *door) userUsage(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	user, err := id.ParseUUID(id.User, r.PathValue("user"))
	if err != nil {
		return noSuch("user")
	}
	out := usageReport{UserID: user.Dashed(id.User), Timestamp: wireTime(d.core.Now())}
	err = d.core.View(r.Context(), who, func(s *core.Scene) error {
		home, err := account(s)
		if err != nil {
			return err
		}
		if _, err := s.User(user); err != nil {
			return err
		}
		if user != who.User.ID && !admin(who, home.ID) {
			return &core.Error{Kind: core.Forbidden, Msg: "Only an admin of the account may see another user's usage."}
		}
		out.AccountID = home.ID.Decimal()
		out.Usage, err = d.spent(s, r, core.SpendQuery{Customer: home.ID, User: user}, core.LimitScope{Scope: tenant.OnUser, ID: user})
		return err
	})
	if err != nil {
		return err
	}
	return front.WriteJSON(w, http.StatusOK, out)
}

// spent sums charges by the day they were made, which for imagery is that of delivery.
// Balances are those of today, whatever the dates.
func (d *door) spent(s *core.Scene, r *http.Request, q core.SpendQuery, on core.LimitScope) (usageOutput, error) {
	var out usageOutput
	archive, err := s.Archive()
	if err != nil {
		return out, err
	}
	q.Offering = archive.Offering.ID
	if q.From, err = instant(r.URL.Query(), "start_date", false); err != nil {
		return out, err
	}
	if q.Until, err = instant(r.URL.Query(), "end_date", true); err != nil {
		return out, err
	}
	if err := d.contractDates(s, &q); err != nil {
		return out, err
	}
	rows, err := s.Account(q)
	if err != nil {
		return out, err
	}
	prices := core.ImageryPrices(&archive, q.Customer, d.core.Now())
	out = usage(charged(archive, prices, rows), false)
	limits, left, err := gaugeOf(s, q.Customer, archive, on)
	out.Limits, out.Available = &limits, &left
	return out, err
}

// contractDates bounds a report that names no dates by the contract of today.
func (d *door) contractDates(s *core.Scene, q *core.SpendQuery) error {
	if q.From != nil || q.Until != nil {
		return nil
	}
	contract, err := currentContract(s, q.Customer, day.Of(d.core.Now()))
	if err != nil || contract == nil {
		return err
	}
	from, until := contract.From.Time(), contract.To.Time()
	q.From, q.Until = &from, &until
	return nil
}

// charged sorts sums by category. One without a price and without charges has no cost.
func charged(archive catalog.Sheet, prices map[imagery.Category]*money.Rate, rows []core.Spent) map[imagery.Category]part {
	parts := map[imagery.Category]part{}
	net := core.NetOf(rows)
	for _, category := range imagery.Categories() {
		c, _ := archive.Component(string(category))
		sums, spent := net[c.ID]
		p := part{area: sums.Quantity}
		if spent || prices[category] != nil {
			p.cost = &sums.Amount
		}
		parts[category] = p
	}
	return parts
}
