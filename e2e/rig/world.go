package rig

import (
	"testing"

	"github.com/docket-desk/docket/client"
	"github.com/docket-desk/docket/internal/app/world"
)

// Names in the world: the demo's, and what is added to it.
const (
	Customer   = "aurora-institute"
	Project    = "aurora"
	Provider   = "nordic-compute"
	operations = "docket-operations"
	bucketName = "aurora-deliveries"

	// Storage is an offering of limits by hand, which the provider approves; a unit costs 1.00.
	Storage = "storage"
	// Bench is the same without approval.
	Bench = "bench"
	// Component is what both measure.
	Component = "tb"

	rack   = "OR-S1U1C6G"
	flavor = "modelarts.vm.cpu.2u.d"
	region = "eu-north-1"
)

// World is the demo's world with room for many orders, in which one unit of storage, one
// server paid at once and one small node for an hour cost 1.00 each. change is asked last.
func World(t testing.TB, change func(w *client.World)) client.World {
	t.Helper()
	doc, err := world.Demo()
	if err != nil {
		t.Fatal(err)
	}
	w := doc.World
	w.Customers[0].Limits = []client.Limit{Money(FirstLimit)}
	for p := range w.Providers {
		for o := range w.Providers[p].Offerings {
			reprice(&w.Providers[p].Offerings[o])
		}
		if w.Providers[p].Customer == Provider {
			w.Providers[p].Offerings = append(w.Providers[p].Offerings, byHand(Storage, "always"), byHand(Bench, "never"))
		}
	}
	if change != nil {
		change(&w)
	}
	return w
}

// Money is a limit of money on all that is ever ordered.
func Money(value string) client.Limit {
	return client.Limit{Measure: "money", Period: "total", Value: value}
}

func reprice(o *client.Offering) {
	for p := range o.Plans {
		for n := range o.Plans[p].Prices {
			price := &o.Plans[p].Prices[n]
			switch o.Plans[p].Code + " " + price.Component {
			case "all-upfront-36 " + rack:
				price.Once = "1"
			case "on-demand " + flavor:
				price.Each = "1"
			}
		}
	}
}

func byHand(code, approval string) client.Offering {
	stock := true
	return client.Offering{Code: code, Name: code, Measure: "limits", Fulfilment: "manual", Approval: approval, Cancel: "preparing",
		Attrs:      map[string]any{"type": "Marketplace.Basic", "category": "Services", "plugin_options": map[string]any{}},
		Components: []client.Component{{Code: Component, Name: "Storage", Unit: "TB", Billing: "limit", Stock: &stock}},
		Plans:      []client.Plan{{Code: "list", Name: "List", Unit: "month", Prices: []client.Price{{Component: Component, Each: "1"}}}}}
}

// FirstLimit is the buyer's limit before anybody has changed it.
const FirstLimit = "1000000000"
