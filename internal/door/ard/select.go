package ard

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/front"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/imagery"
)

// selectKind is the kind of document that selects are kept as.
const selectKind = "ard.select"

// selectRecord is a select as it is kept: what was asked, and what was told of it then.
// What it found is found again when it is read, among the tiles of that day.
type selectRecord struct {
	At           time.Time            `json:"at"`
	Details      searchDetails        `json:"details"`
	Area         string               `json:"area"` // WKT as imagery.StoredAOI reads it
	Depth        imagery.DepthSummary `json:"depth"`
	Acquisitions int                  `json:"acquisitions"`
	Usage        json.RawMessage      `json:"usage"`
}

type selectOutput struct {
	ID           string               `json:"id"`
	Status       string               `json:"status"`
	Details      searchDetails        `json:"request_details"`
	Depth        imagery.DepthSummary `json:"stack_depth_summary"`
	Acquisitions int                  `json:"unique_acquisitions"`
	Usage        json.RawMessage      `json:"usage"`
	Links        map[string]string    `json:"links"`
	Error        *struct{}            `json:"error_message"` // nothing that was accepted fails
	Timestamp    string               `json:"response_timestamp"`
}

// echoed is how much of a geometry is kept as it was sent. Of a longer one the WKT of
// the area is shown: a document holds 64 KiB, and both must fit.
const echoed = 8 << 10

// makeSelect finds tiles and keeps the question, at once: selects never are RUNNING.
func (d *door) makeSelect(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	var in searchInput
	if err := front.ReadJSON(r, &in); err != nil {
		return err
	}
	details, err := in.details(imagery.DefaultStackDepth)
	if err != nil {
		return err
	}
	aoi, err := readArea(in.Intersects, in.BBox)
	if err != nil {
		return err
	}
	if aoi.IsZero() && len(details.IDs) == 0 {
		return invalid("intersects", "One of intersects, bbox and ids has to be given.")
	}
	if len(details.Intersects) > echoed {
		details.Intersects = json.RawMessage("null") // shown from Area
	}
	rec := selectRecord{At: d.core.Now(), Details: details, Area: aoi.WKT()}
	doc := core.Document{ID: d.core.NewID(), Kind: selectKind}
	err = d.core.View(r.Context(), who, func(s *core.Scene) error {
		home, err := account(s)
		if err != nil {
			return err
		}
		doc.Customer = home.ID
		return rec.find(s, aoi, home.ID)
	})
	if err != nil {
		return err
	}
	if doc.Body, err = json.Marshal(rec); err != nil {
		return err
	}
	if doc, err = d.core.NewDocument(r.Context(), who, doc, nil); err != nil {
		return err
	}
	return front.WriteJSON(w, http.StatusOK, d.wireSelect(r, doc.ID, rec))
}

// find runs a new select and notes what it found and would cost.
func (rec *selectRecord) find(s *core.Scene, aoi imagery.AOI, customer id.ID) error {
	req, err := rec.Details.request(aoi, rec.At)
	if err != nil {
		return err
	}
	found, err := s.SelectImagery(req)
	if err != nil {
		return err
	}
	archive, err := s.Archive()
	if err != nil {
		return err
	}
	limits, left, err := accountGauge(s, customer, archive)
	if err != nil {
		return err
	}
	parts := map[imagery.Category]part{}
	for category, c := range found.Costs {
		parts[category] = part{c.Area, c.Amount}
	}
	told := usage(parts, true)
	told.Limits, told.Available, told.AsOf = &limits, &left, wireTime(rec.At)
	rec.Depth, rec.Acquisitions = found.Result.Depth, len(found.Result.Acquisitions)
	rec.Usage, err = json.Marshal(told)
	return err
}

// again finds what the select found when it was made: with the ages of that instant, and
// without acquisitions that the archive got since.
func (rec *selectRecord) again(s *core.Scene, own id.ID) (imagery.Result, error) {
	aoi, err := imagery.StoredAOI(rec.Area)
	if err != nil {
		return imagery.Result{}, err
	}
	req, err := rec.Details.request(aoi, rec.At)
	if err != nil {
		return imagery.Result{}, err
	}
	return s.FindImagery(req, own)
}

func (d *door) wireSelect(r *http.Request, i id.ID, rec selectRecord) selectOutput {
	out := selectOutput{ID: i.Decimal(), Status: succeeded, Details: rec.Details, Depth: rec.Depth, Acquisitions: rec.Acquisitions, Usage: rec.Usage,
		Links: map[string]string{"self": d.link(r, "select", "request", i.Decimal())}, Timestamp: wireTime(d.core.Now())}
	for ext := range selectFiles {
		out.Links[ext] = d.link(r, "select", "files", i.Decimal()+"."+ext)
	}
	if rec.Area != "" && !given(rec.Details.Intersects) && !given(rec.Details.BBox) {
		out.Details.Intersects, _ = json.Marshal(rec.Area) // a text always encodes
	}
	return out
}

// readSelect returns a select that the caller may see.
func readSelect(s *core.Scene, text string) (id.ID, selectRecord, error) {
	var rec selectRecord
	i, err := id.ParseDecimal(text)
	if err != nil {
		return 0, rec, noSuch("select")
	}
	doc, err := s.Document(selectKind, i)
	if core.KindOf(err) == core.NotFound && err != nil {
		return 0, rec, noSuch("select")
	}
	if err != nil {
		return 0, rec, err
	}
	return i, rec, json.Unmarshal(doc.Body, &rec)
}

func (d *door) showSelect(w http.ResponseWriter, r *http.Request, who core.Actor) error {
	var out selectOutput
	err := d.core.View(r.Context(), who, func(s *core.Scene) error {
		i, rec, err := readSelect(s, r.PathValue("id"))
		if err != nil {
			return err
		}
		out = d.wireSelect(r, i, rec)
		return nil
	})
	if err != nil {
		return err
	}
	return front.WriteJSON(w, http.StatusOK, out)
}

// selectFile answers a caller with a token with a link to the file, and one who has such
// a link, and comes without a token, with the file.
func (d *door) selectFile(w http.ResponseWriter, r *http.Request, _ core.Actor) error {
	name, ext, _ := strings.Cut(r.PathValue("file"), ".")
	file, known := selectFiles[ext]
	if !known {
		return noSuch("file")
	}
	var scheme front.Scheme = d.opt.Scheme
	signed := r.URL.RawQuery != "" && r.Header.Get("Authorization") == ""
	if signed {
		scheme = d.opt.Links
	}
	who, err := scheme.Authenticate(r)
	if err != nil {
		return err
	}
	return d.core.View(r.Context(), who, func(s *core.Scene) error {
		i, rec, err := readSelect(s, name)
		if err != nil {
			return err
		}
		if !signed {
			target := d.opt.Links.Sign(under(r, "select", "files", i.Decimal()+"."+ext), who.Key, d.core.Now().Add(linkFor))
			return front.WriteJSON(w, http.StatusOK, map[string]string{"download_link": d.frame.Origin(r) + target})
		}
		found, err := rec.again(s, i)
		if err != nil {
			return err
		}
		body, err := file.write(i, rec, found)
		if err != nil {
			return err
		}
		w.Header().Set("Content-Type", file.mediaType)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
		_, _ = w.Write(body) // a client gone has nobody to tell
		return nil
	})
}
