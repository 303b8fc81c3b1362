package outposts

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/order"
)

// assetAttrs is what this door reads of an asset's attributes. All may be left out.
type assetAttrs struct {
	Type      string   `json:"asset_type"` // COMPUTE, the default, STORAGE …
	Rack      string   `json:"rack_id"`
	Host      string   `json:"host_id"`
	Elevation *float64 `json:"rack_elevation"`
}

func (d *door) listAssets(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	q := readQuery(r)
	hosts := q.list("HostIdFilter", hostID, 0)
	states := q.list("StatusFilter", computeAssetState, 5)
	types := q.list("AssetTypeFilter", assetType, 5)
	p := q.page(ownID)
	i, err := label(r, "outpost", "OutpostId", outpostID)
	if err != nil {
		return err
	}
	if err := q.err(); err != nil {
		return err
	}
	out := assetsOutput{Assets: []wireAsset{}}
	err = d.core.View(r.Context(), who, func(s *core.Scene) error {
		on, err := findOutpost(s, i)
		if err != nil {
			return err
		}
		all, err := assetsOn(s, on)
		if err != nil {
			return err
		}
		read := func(c core.Page) ([]shownAsset, error) { return after(all, c), nil }
		found, next, err := collect(p, read, func(a shownAsset) id.ID { return a.id }, func(a shownAsset) bool {
			return lets(types, a.wire.Type) && (a.wire.Compute == nil && len(hosts)+len(states) == 0 ||
				a.wire.Compute != nil && lets(hosts, a.wire.Compute.HostID) && lets(states, a.wire.Compute.State))
		})
		for _, a := range found {
			out.Assets = append(out.Assets, a.wire)
		}
		out.NextToken = next
		return err
	})
	if err != nil {
		return err
	}
	return reply(w, r, out)
}

type shownAsset struct {
	id   id.ID
	wire wireAsset
}

// after is the part of a list that a page asks for.
func after(all []shownAsset, c core.Page) []shownAsset {
	n, _ := slices.BinarySearchFunc(all, c.After+1, func(a shownAsset, i id.ID) int { return int(a.id - i) })
	return all[n:min(len(all), n+c.Limit)]
}

// assetsOn lists the assets of the live resources that are for an Outpost, by id.
func assetsOn(s *core.Scene, on outpost) ([]shownAsset, error) {
	resources, err := subscriptionsOf(s, on)
	if err != nil {
		return nil, err
	}
	state := map[id.ID]order.ResourceState{}
	var ids []id.ID
	for _, res := range resources {
		if res.State != order.Terminated {
			state[res.ID] = res.State
			ids = append(ids, res.ID)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	assets, err := s.Assets(ids...)
	if err != nil {
		return nil, err
	}
	var out []shownAsset
	for _, a := range assets {
		if a.State == core.AssetGone {
			continue
		}
		c, err := s.Component(a.Component)
		if err != nil {
			return nil, err
		}
		out = append(out, shownAsset{a.ID, showAsset(a, c, state[a.Resource])})
	}
	slices.SortFunc(out, func(a, b shownAsset) int { return int(a.id - b.id) })
	return out, nil
}

func showAsset(a order.Asset, c catalog.Component, res order.ResourceState) wireAsset {
	var attrs assetAttrs
	if len(a.Attrs) > 0 {
		_ = json.Unmarshal(a.Attrs, &attrs) // others write them too; what is no word of ours is passed over
	}
	out := wireAsset{AssetID: a.Name, RackID: attrs.Rack, Type: attrs.Type}
	if !assetID.pattern.MatchString(out.AssetID) {
		out.AssetID = a.ID.Decimal()
	}
	if !slices.Contains(assetType, out.Type) {
		out.Type = assetType[0]
	}
	if attrs.Elevation != nil {
		out.Location = &wireLocation{*attrs.Elevation}
	}
	if out.Type == assetType[0] {
		out.Compute = &wireCompute{HostID: attrs.Host, State: strings.ToUpper(a.State), Families: readItem(c).families()}
		if out.Compute.HostID == "" {
			out.Compute.HostID = a.ID.Hex17(hostPrefix)
		}
		if a.State == core.AssetActive || !slices.Contains(computeAssetState, out.Compute.State) {
			out.Compute.State = assetState[res]
		}
	}
	return out
}
