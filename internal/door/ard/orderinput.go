package ard

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/front"
	"github.com/docket-desk/docket/internal/imagery"
)

// orderInput is the body of an order. Members it does not name are kept and shown again.
type orderInput struct {
	Acquisitions  json.RawMessage `json:"acquisitions"`
	SelectID      json.RawMessage `json:"select_id"`
	QueryID       json.RawMessage `json:"query_id"`
	Intersects    json.RawMessage `json:"intersects"`
	BBox          json.RawMessage `json:"bbox"`
	OutputConfig  json.RawMessage `json:"output_config"`
	Destination   json.RawMessage `json:"destination"` // an older name of a flat output_config
	Settings      json.RawMessage `json:"settings"`
	Notifications json.RawMessage `json:"notifications"`
	DryRun        json.RawMessage `json:"dry_run"`
}

// orderAsk is an order as it was understood.
type orderAsk struct {
	selectID     string // "": by acquisitions
	acquisitions []core.AcquisitionAsk
	area         imagery.AOI
	output       output
	settings     imagery.Settings
	notify       json.RawMessage
	dryRun       bool
	document     json.RawMessage // as sent, secrets masked
	idem         *core.IdemKey   // nil: each request is an order of its own
}

func (d *door) readOrder(r *http.Request) (orderAsk, error) {
	var in orderInput
	var members map[string]json.RawMessage
	if err := front.ReadJSON(r, &in); err != nil {
		return orderAsk{}, err
	}
	if err := front.ReadJSON(r, &members); err != nil {
		return orderAsk{}, err
	}
	ask, err := in.read()
	if err != nil {
		return ask, err
	}
	if ask.document, err = document(members, ask); err != nil {
		return ask, err
	}
	if !ask.dryRun {
		ask.idem, err = d.repeatKey(r)
	}
	return ask, err
}

func (in orderInput) read() (orderAsk, error) {
	var ask orderAsk
	var err error
	if ask.dryRun, err = member[bool](in.DryRun, "dry_run", "true or false"); err != nil {
		return ask, err
	}
	if ask.settings, err = readSettings(in.Settings); err != nil {
		return ask, err
	}
	if ask.notify, err = readNotifications(in.Notifications); err != nil {
		return ask, err
	}
	if ask.selectID, err = member[string](in.SelectID, "select_id", "a text"); err != nil {
		return ask, err
	}
	if ask.acquisitions, err = readAcquisitions(in.Acquisitions); err != nil {
		return ask, err
	}
	switch {
	case given(in.QueryID):
		return ask, invalid("query_id", "Orders by query_id are not taken; name acquisitions or a select_id.")
	case ask.selectID == "" && len(ask.acquisitions) == 0:
		return ask, invalid("acquisitions", "One of acquisitions and select_id has to be given.")
	case ask.selectID != "" && len(ask.acquisitions) > 0:
		return ask, invalid("select_id", "Only one of acquisitions and select_id can be given.")
	case ask.selectID != "" && (given(in.Intersects) || given(in.BBox)):
		return ask, invalid("select_id", "An order by select_id takes the area of the select; it cannot be given another.")
	}
	if ask.area, err = readArea(in.Intersects, in.BBox); err != nil {
		return ask, err
	}
	ask.output, err = readOutput(in.OutputConfig, in.Destination)
	return ask, err
}

// readAcquisitions takes each spelling there has been: ids, objects with cells, and
// objects with cell_ids.
func readAcquisitions(raw json.RawMessage) ([]core.AcquisitionAsk, error) {
	list, err := member[[]json.RawMessage](raw, "acquisitions", "a list")
	if err != nil {
		return nil, err
	}
	out := make([]core.AcquisitionAsk, 0, len(list))
	cells := 0
	for _, item := range list {
		var a struct {
			ID      string   `json:"id"`
			Cells   []string `json:"cells"`
			CellIDs []string `json:"cell_ids"`
		}
		if item[0] == '"' {
			err = json.Unmarshal(item, &a.ID)
		} else {
			err = json.Unmarshal(item, &a)
		}
		if err != nil || a.ID == "" {
			return nil, wrongType("acquisitions", "a list of ids, or of objects with an id and a list of cells")
		}
		a.Cells = append(a.Cells, a.CellIDs...)
		if cells += len(a.Cells); cells > mostCells {
			return nil, invalid("acquisitions", "An order may name at most %d cells.", mostCells)
		}
		out = append(out, core.AcquisitionAsk{CatalogID: a.ID, Cells: a.Cells})
	}
	return out, nil
}

func readSettings(raw json.RawMessage) (imagery.Settings, error) {
	s := imagery.DefaultSettings()
	if !given(raw) {
		return s, nil
	}
	if err := json.Unmarshal(raw, &s); err != nil {
		return s, wrongType("settings", "an object of switches, each true or false")
	}
	return s, nil
}

const mostNotifications = 50

// readNotifications checks who is to be told and returns the list as it was sent.
func readNotifications(raw json.RawMessage) (json.RawMessage, error) {
	const want = `a list of {"type": "email", "address": …} and {"type": "sns", "topic_arn": …}`
	list, err := member[[]struct {
		Type     string `json:"type"`
		Address  string `json:"address"`
		TopicARN string `json:"topic_arn"`
	}](raw, "notifications", want)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	if len(list) > mostNotifications {
		return nil, invalid("notifications", "notifications may name at most %d addresses.", mostNotifications)
	}
	for _, n := range list {
		email := n.Type == "email" && strings.Contains(n.Address, "@") && !strings.ContainsAny(n.Address, " \r\n")
		sns := n.Type == "sns" && strings.HasPrefix(n.TopicARN, "arn:")
		if !email && !sns {
			return nil, wrongType("notifications", want)
		}
	}
	return raw, nil
}

// output is where an order goes.
type output struct {
	config json.RawMessage // as sent, secrets masked
	bucket string
	prefix string
	kinds  []string // of buckets that fit
}

// outputShape is one way to write an output_config.
type outputShape struct {
	key    string // "": the members stand at the top
	bucket string // the member that names the bucket
	kinds  []string
}

// outputShapes are in the order in which they are looked for.
var outputShapes = []outputShape{
	{"amazon_s3", "bucket", []string{"s3"}},
	{"google_cloud_storage", "bucket", []string{"gcs"}},
	{"azure_blob_storage", "container", []string{"azure"}},
	{"", "bucket", []string{"s3"}},
}

// secrets are the members of an output_config that are never shown again.
var secrets = []string{"service_credentials", "sas_url"}

const masked = "********"

func readOutput(config, destination json.RawMessage) (output, error) {
	field := "output_config"
	if !given(config) {
		config, field = destination, "destination"
	}
	if !given(config) {
		return output{}, invalid("output_config", "output_config has to be given: where the order goes.")
	}
	top, err := member[map[string]json.RawMessage](config, field, "an object")
	if err != nil {
		return output{}, err
	}
	for _, shape := range outputShapes {
		inner := top
		if shape.key != "" {
			if !given(top[shape.key]) {
				continue
			}
			if inner, err = member[map[string]json.RawMessage](top[shape.key], shape.key, "an object"); err != nil {
				return output{}, err
			}
		}
		return shape.read(top, inner)
	}
	return output{}, invalid(field, "%s is of no known shape.", field) // unreached: the last shape takes anything
}

func (shape outputShape) read(top, inner map[string]json.RawMessage) (output, error) {
	out := output{kinds: shape.kinds}
	var err error
	if out.bucket, err = member[string](inner[shape.bucket], shape.bucket, "a text"); err != nil {
		return out, err
	}
	if out.prefix, err = member[string](inner["prefix"], "prefix", "a text"); err != nil {
		return out, err
	}
	if out.bucket == "" {
		return out, invalid("output_config", "output_config has to name a bucket: at its top, or under amazon_s3, google_cloud_storage or azure_blob_storage.")
	}
	for _, name := range secrets {
		if given(inner[name]) {
			inner[name] = json.RawMessage(`"` + masked + `"`)
		}
	}
	if shape.key != "" {
		if top[shape.key], err = json.Marshal(inner); err != nil {
			return out, err
		}
	}
	out.config, err = json.Marshal(top)
	return out, err
}

// document is what is kept and shown of a body: all of it, secrets masked. Of a geometry
// that takes more room than its area does, the WKT of that is kept.
func document(members map[string]json.RawMessage, ask orderAsk) (json.RawMessage, error) {
	if given(members["output_config"]) {
		members["output_config"] = ask.output.config
	} else {
		members["destination"] = ask.output.config
	}
	if len(members["intersects"]) > echoed {
		wkt, err := json.Marshal(ask.area.WKT())
		if err != nil {
			return nil, err
		}
		members["intersects"] = wkt
	}
	doc, err := json.Marshal(members)
	if err == nil && len(doc) > bodyBound {
		err = &core.Error{Kind: core.TooLarge, Msg: tooLarge + ": an order may have at most 1 MiB beside its geometry."}
	}
	return doc, err
}

// repeatKey is what makes a repeat of this request the same order: the caller's own
// Idempotency-Key, else the body.
func (d *door) repeatKey(r *http.Request) (*core.IdemKey, error) {
	if key := r.Header.Get("Idempotency-Key"); key != "" {
		if len(key) > 255 {
			return nil, invalid("Idempotency-Key", "An Idempotency-Key may have at most 255 characters.")
		}
		body, err := front.Canonical(front.Body(r))
		if err != nil {
			return nil, err
		}
		return &core.IdemKey{Key: "key:" + key, Body: body, Window: keyFor}, nil
	}
	return d.opt.Repeat.Key(r)
}
