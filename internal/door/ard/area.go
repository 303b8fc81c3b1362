package ard

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/docket-desk/docket/internal/imagery"
)

// bound on lists of a request.
const (
	mostIDs   = 1000
	mostCells = 50_000
)

// readArea reads what a body says of an area: at most one of intersects (WKT, GeoJSON,
// or GeoJSON in a text) and bbox. Neither is the zero area.
func readArea(intersects, bbox json.RawMessage) (imagery.AOI, error) {
	if given(intersects) && given(bbox) {
		return imagery.AOI{}, invalid("bbox", "Only one of intersects and bbox can be given.")
	}
	switch {
	case given(bbox):
		var edges []float64
		if err := json.Unmarshal(bbox, &edges); err != nil {
			return imagery.AOI{}, badArea("bbox", "bbox has to be a list of four numbers, west, south, east and north.")
		}
		return imagery.AOIFromBBox(edges)
	case given(intersects) && intersects[0] == '{':
		return imagery.AOIFromGeoJSON(intersects)
	case given(intersects):
		var text string
		if err := json.Unmarshal(intersects, &text); err != nil {
			return imagery.AOI{}, badArea("intersects", "intersects has to be WKT or GeoJSON.")
		}
		return imagery.ParseAOI(text)
	}
	return imagery.AOI{}, nil
}

// searchInput is the body of selects and of metadata searches.
type searchInput struct {
	IDs        json.RawMessage `json:"ids"`
	AcqIDs     json.RawMessage `json:"acq_ids"` // what the client's batch search calls ids
	Datetime   json.RawMessage `json:"datetime"`
	Intersects json.RawMessage `json:"intersects"`
	BBox       json.RawMessage `json:"bbox"`
	Query      json.RawMessage `json:"query"`
	StackDepth json.RawMessage `json:"stack_depth"`
	Category   json.RawMessage `json:"image_age_category"`
}

// searchDetails echoes a search with its defaults applied.
type searchDetails struct {
	IDs        []string        `json:"ids"`
	Datetime   *string         `json:"datetime"`
	StackDepth *int            `json:"stack_depth"`
	Intersects json.RawMessage `json:"intersects"`
	BBox       json.RawMessage `json:"bbox"`
	Query      json.RawMessage `json:"query"`
	Category   []string        `json:"image_age_category"`
}

// details reads what is on the wire; depth is the default of stack_depth, below 0 none.
func (in searchInput) details(depth int) (searchDetails, error) {
	out := searchDetails{Intersects: orNull(in.Intersects), BBox: orNull(in.BBox), Query: json.RawMessage("{}")}
	var err error
	ids := in.IDs
	if !given(ids) {
		ids = in.AcqIDs
	}
	if out.IDs, err = member[[]string](ids, "ids", "a list of acquisition ids"); err != nil {
		return out, err
	}
	if len(out.IDs) > mostIDs {
		return out, invalid("ids", "ids may name at most %d acquisitions.", mostIDs)
	}
	if out.Datetime, err = member[*string](in.Datetime, "datetime", "a text"); err != nil {
		return out, err
	}
	if given(in.Query) {
		if _, err := imagery.ParseQuery(in.Query); err != nil {
			return out, err
		}
		out.Query = in.Query
	}
	if out.Category, err = categories(in.Category); err != nil {
		return out, err
	}
	asked, err := member[*float64](in.StackDepth, "stack_depth", "a whole number")
	switch {
	case err != nil:
		return out, err
	case asked != nil && (*asked < 1 || *asked > 1e6 || *asked != float64(int(*asked))):
		return out, wrongType("stack_depth", "a whole number from 1 to 1000000")
	case asked != nil:
		depth = int(*asked)
	}
	if depth >= 0 {
		out.StackDepth = &depth
	}
	return out, nil
}

func orNull(raw json.RawMessage) json.RawMessage {
	if !given(raw) {
		return json.RawMessage("null")
	}
	return raw
}

// categories takes one name for a list of one.
func categories(raw json.RawMessage) ([]string, error) {
	if given(raw) && raw[0] == '"' {
		one, err := member[string](raw, "image_age_category", "a text")
		return []string{one}, err
	}
	return member[[]string](raw, "image_age_category", "a list of fresh, standard and training")
}

// request is what the details mean, reckoned at an instant. aoi comes apart: what was
// accepted once is read back without asking its rules again.
func (sd searchDetails) request(aoi imagery.AOI, at time.Time) (imagery.Request, error) {
	req := imagery.Request{AOI: aoi, IDs: sd.IDs, StackDepth: -1, At: at}
	var err error
	if sd.StackDepth != nil {
		req.StackDepth = *sd.StackDepth
	}
	if sd.Datetime != nil {
		if req.Interval, err = imagery.ParseInterval(strings.TrimSpace(*sd.Datetime)); err != nil {
			return req, err
		}
	}
	if req.Query, err = imagery.ParseQuery(sd.Query); err != nil {
		return req, err
	}
	req.Categories, err = imagery.ParseCategories(sd.Category)
	return req, err
}
