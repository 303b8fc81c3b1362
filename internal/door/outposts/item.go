package outposts

import (
	"encoding/json"
	"math"
	"strings"

	"github.com/docket-desk/docket/internal/catalog"
)

// Item is what the attributes of a component say of the catalog item that it is. The
// component's code is the item's id: OR- and seven capital letters or digits. All members
// may be left out.
type Item struct {
	// Class is RACK or SERVER: what ItemClassFilter asks for. The vendor never shows it.
	Class string `json:"item_class,omitempty"`
	// Status is AVAILABLE, the default, or DISCONTINUED: shown, but not ordered here.
	Status     string     `json:"status,omitempty"`
	Capacities []Capacity `json:"ec2_capacities,omitempty"`
	PowerKva   float64    `json:"power_kva,omitempty"`
	WeightLbs  int        `json:"weight_lbs,omitempty"`
	UplinkGbps []int      `json:"uplink_gbps,omitempty"`
	Storage    []string   `json:"storage,omitempty"`      // EBS, S3
	Scaling    string     `json:"rack_scaling,omitempty"` // SINGLE_RACK or MULTI_RACK
}

// Capacity is what an item can run of one family of instances.
type Capacity struct {
	Family   string `json:"Family"`   // such as c5
	MaxSize  string `json:"MaxSize"`  // such as 24xlarge
	Quantity Count  `json:"Quantity"` // a string on the wire
}

// Count is a number that the wire carries as a string. Attributes may have either.
type Count string

// UnmarshalJSON implements json.Unmarshaler.
func (c *Count) UnmarshalJSON(b []byte) error {
	var n json.Number
	if err := json.Unmarshal(b, &n); err != nil {
		return err
	}
	*c = Count(n)
	return nil
}

const (
	available    = "AVAILABLE"
	discontinued = "DISCONTINUED"
)

// readItem reads a component's attributes. What is no item's is passed over: operators
// write them by hand, and one that is wrong must not take the catalog down.
func readItem(c catalog.Component) Item {
	var i Item
	if len(c.Attrs) > 0 && json.Unmarshal(c.Attrs, &i) != nil {
		return Item{Status: discontinued}
	}
	if i.Status == "" {
		i.Status = available
	}
	if math.IsNaN(i.PowerKva) || i.PowerKva < 0 {
		i.PowerKva = 0
	}
	return i
}

func (i Item) families() []string {
	out := []string{}
	for _, c := range i.Capacities {
		out = append(out, c.Family)
	}
	return out
}

func (i Item) wire(code string) wireItem {
	out := wireItem{CatalogItemID: code, ItemStatus: i.Status, EC2Capacities: i.Capacities, PowerKva: i.PowerKva, WeightLbs: i.WeightLbs, UplinkGbps: i.UplinkGbps,
		Storage: i.Storage, Scaling: i.Scaling}
	if out.EC2Capacities == nil {
		out.EC2Capacities = []Capacity{}
	}
	if out.UplinkGbps == nil {
		out.UplinkGbps = []int{}
	}
	if out.Storage == nil {
		out.Storage = []string{}
	}
	return out
}

// spellItem is a component's catalog item id. One that is no hardware has none: it is
// given one of its own, always the same, which cannot be ordered.
func spellItem(c catalog.Component) string {
	if skuCode.pattern.MatchString(c.Code) {
		return c.Code
	}
	return "OR-" + strings.ToUpper(base36(c.Code))
}
