package modelarts

import (
	"net/http"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/front"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/order"
)

// The billing centre has a host of its own at the vendor's; here it is this one.

type serviceTypes struct {
	Total int           `json:"total_count"`
	Types []serviceType `json:"service_types"`
}

type serviceType struct {
	Name         string `json:"service_type_name"`
	Code         string `json:"service_type_code"`
	Abbreviation string `json:"abbreviation"`
}

const (
	serviceCode  = "hws.service.type.modelarts"
	resourceCode = "hws.resource.type.modelarts.pool"
)

// listServiceTypes is asked by Terraform at its start, to learn which site this is.
func (d *door) listServiceTypes(w http.ResponseWriter, r *http.Request, _ core.Actor) error {
	return reply(w, r, http.StatusOK, serviceTypes{1, []serviceType{{"ModelArts", serviceCode, "ModelArts"}}})
}

// payOrder is the payer's word that an order may go on.
func (d *door) payOrder(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	var in struct {
		Order string `json:"order_id"`
	}
	if err := readObject(r, &in); err != nil {
		return err
	}
	if in.Order == "" {
		return bad("order_id must be an order's id.")
	}
	i, err := parsePaymentID(in.Order)
	if err != nil {
		return noOrder(in.Order)
	}
	_, err = d.core.Act(r.Context(), who, i, order.ApproveConsumer, core.Verdict{})
	if err != nil && core.KindOf(err) == core.Conflict {
		return refuse(core.Conflict, http.StatusBadRequest, codePaid, "The order does not wait to be paid. %s", core.AsError(err).Msg)
	}
	if err != nil {
		return missing(err, noOrder(in.Order))
	}
	w.Header().Set("X-Request-Id", front.RequestID(r))
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// unsubscribe ends pools that are paid ahead, and withdraws those that wait to be paid.
func (d *door) unsubscribe(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	var in struct {
		Resources []string `json:"resource_ids"`
	}
	if err := readObject(r, &in); err != nil {
		return err
	}
	if len(in.Resources) == 0 || len(in.Resources) > 10 {
		return bad("resource_ids must name 1 to 10 resources.")
	}
	var all []order.Resource
	err := d.core.View(r.Context(), who, func(s *core.Scene) error {
		for _, name := range in.Resources {
			res, ok, err := subscription(s, name)
			if err != nil {
				return err
			}
			if !ok {
				return noPool(name)
			}
			all = append(all, res)
		}
		return nil
	})
	if err != nil {
		return err
	}
	orders := []string{}
	for _, res := range all {
		p, err := d.end(r, who, res)
		if err != nil {
			return err
		}
		orders = append(orders, paymentID(p.Order.ID))
	}
	return reply(w, r, http.StatusOK, map[string]any{"order_ids": orders})
}

// subscription finds the pool of a resource's id that is paid ahead and there.
func subscription(s *core.Scene, name string) (order.Resource, bool, error) {
	i, err := parseSubscriptionID(name)
	if err != nil {
		return order.Resource{}, false, nil
	}
	res, err := s.Resource(i)
	if err != nil {
		return res, false, unlessMissing(err)
	}
	sheet, err := s.ShownOffering(res.Offering)
	plan, _ := sheet.Plan(res.Plan)
	isPool := sheet.Offering.Measure == catalog.Count && sheet.Offering.Fulfilment == catalog.Instant
	return res, isPool && aheadOfUse(plan) && res.State != order.Terminated, err
}

// subscribed is a pool as the billing centre lists it.
type subscribed struct {
	ID        string `json:"id"`
	Resource  string `json:"resource_id"`
	Name      string `json:"resource_name"`
	Region    string `json:"region_code"`
	Service   string `json:"service_type_code"`
	Kind      string `json:"resource_type_code"`
	Project   string `json:"project_id"`
	Main      int    `json:"is_main_resource"`
	Status    int    `json:"status"` // 2 in use, 4 frozen
	Effective string `json:"effective_time"`
	Expires   string `json:"expire_time"`
	Policy    int    `json:"expire_policy"` // 4: frozen then
}

type subscriptionList struct {
	Total int          `json:"total_count"`
	Data  []subscribed `json:"data"`
}

func (d *door) querySubscriptions(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	var in struct {
		Resources []string `json:"resource_ids"`
		Order     string   `json:"order_id"`
	}
	if err := readObject(r, &in); err != nil {
		return err
	}
	out := subscriptionList{Data: []subscribed{}}
	err := d.core.View(r.Context(), who, func(s *core.Scene) error {
		names := in.Resources
		if in.Order != "" {
			name, err := subscribedBy(s, in.Order)
			if err != nil {
				return err
			}
			names = append(names, name)
		}
		for _, name := range names {
			res, ok, err := subscription(s, name)
			if err != nil {
				return err
			}
			if ok && res.State != order.Creating {
				out.Data = append(out.Data, showSubscription(res))
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	out.Total = len(out.Data)
	return reply(w, r, http.StatusOK, out)
}

// subscribedBy is the id of the resource that an order is for; "" for an unknown order.
func subscribedBy(s *core.Scene, paid string) (string, error) {
	i, err := parsePaymentID(paid)
	if err != nil {
		return "", nil
	}
	p, err := s.Order(i)
	if err != nil {
		return "", unlessMissing(err)
	}
	return subscriptionID(p.Resource), nil
}

func showSubscription(res order.Resource) subscribed {
	out := subscribed{ID: res.ID.UUID(id.Resource), Resource: subscriptionID(res), Name: res.Name, Service: serviceCode, Kind: resourceCode, Project: res.Project.UUID(id.Project),
		Main: 1, Status: 2, Effective: stamp(res.ID.Time()), Policy: 4}
	if res.PaidUntil != nil {
		out.Expires = stamp(*res.PaidUntil)
	}
	return out
}
