package core

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/imagery"
)

// DeliveryRequest is what a worker needs to deliver an order of imagery, whichever door
// it was placed through. Whoever places imagery puts it into Placement.Request with
// Encode; ParseDelivery reads it back out of Order.Request.
type DeliveryRequest struct {
	Bucket   string           `json:"bucket"` // a name among the customer's buckets
	Prefix   string           `json:"prefix"` // as CleanPrefix returns it; "": the bucket's root
	Settings imagery.Settings `json:"settings"`
	// Document is the request as its door received it, secrets masked: a JSON object, of
	// which a copy is delivered beside the tiles.
	Document json.RawMessage `json:"-"`
}

// deliveryKey is the one member of an order's request that is the core's.
const deliveryKey = "delivery"

// Encode returns the document with the delivery in it under the key "delivery", which
// takes the place of any such member that was sent.
func (d DeliveryRequest) Encode() (json.RawMessage, error) {
	members := map[string]json.RawMessage{}
	if len(d.Document) > 0 {
		if err := json.Unmarshal(d.Document, &members); err != nil {
			return nil, fmt.Errorf("the document of a delivery is no JSON object: %w", err)
		}
	}
	own, err := json.Marshal(d)
	if err != nil {
		return nil, err
	}
	if members == nil { // the document was null
		members = map[string]json.RawMessage{}
	}
	members[deliveryKey] = own
	return json.Marshal(members)
}

// ParseDelivery reads an order's request. ok is false where there is no delivery in it:
// the order is not of imagery, or nobody said where to put it.
func ParseDelivery(request json.RawMessage) (d DeliveryRequest, ok bool, err error) {
	members := map[string]json.RawMessage{}
	if len(request) > 0 {
		if err := json.Unmarshal(request, &members); err != nil {
			return d, false, fmt.Errorf("an order's request is no JSON object: %w", err)
		}
	}
	own, ok := members[deliveryKey]
	if !ok {
		return DeliveryRequest{Document: request}, false, nil
	}
	if err := json.Unmarshal(own, &d); err != nil {
		return d, false, fmt.Errorf("the delivery of an order's request: %w", err)
	}
	delete(members, deliveryKey)
	d.Document, err = json.Marshal(members)
	return d, err == nil, err
}

// LineCells is the detail of a line of imagery: the cells of its acquisition that are
// delivered, as imagery.Cell spells them.
type LineCells struct {
	Cells []string `json:"cells"`
}

// Encode returns the detail of a line.
func (l LineCells) Encode() json.RawMessage {
	if l.Cells == nil {
		l.Cells = []string{}
	}
	b, err := json.Marshal(l)
	if err != nil { // texts alone cannot fail
		return json.RawMessage(`{"cells":[]}`)
	}
	return b
}

// ParseLineCells reads a line's detail; a line without one has no cells.
func ParseLineCells(detail json.RawMessage) (LineCells, error) {
	var l LineCells
	if len(detail) == 0 {
		return l, nil
	}
	err := json.Unmarshal(detail, &l)
	return l, err
}

// maxPrefix keeps an object's whole name within the 1024 bytes that stores take.
const maxPrefix = 512

// CleanPrefix returns a prefix without slashes at its ends. Invalid, reason
// destination, where it could lead out of its bucket or no store could hold it.
func CleanPrefix(prefix string) (string, error) {
	p := strings.Trim(prefix, "/")
	bad := len(p) > maxPrefix || strings.ContainsFunc(p, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\\' || r == '\uFFFD' })
	for _, part := range strings.Split(p, "/") {
		bad = bad || part == "." || part == ".." || (part == "" && p != "")
	}
	if bad {
		return "", invalid("prefix", "The prefix %.60q cannot be delivered to: it has to be at most %d bytes of plain folder names with single slashes between.", prefix, maxPrefix).because(ReasonDestination)
	}
	return p, nil
}

// folderBucket is the kind of bucket that stands in for any other: where a desk keeps
// its buckets as folders, each cloud's bucket is one.
const folderBucket = "folder"

// Destination returns the customer's bucket of a name, if it is of one of the kinds
// given or a folder. Invalid, reason destination, otherwise: nothing can be delivered.
func (s *Scene) Destination(customer id.ID, name string, kinds ...string) (Bucket, error) {
	buckets, err := s.Buckets(customer)
	if err != nil {
		return Bucket{}, err
	}
	for _, b := range buckets {
		if b.Name == name && (b.Kind == folderBucket || slices.Contains(kinds, b.Kind)) {
			return b, nil
		}
	}
	return Bucket{}, invalid("bucket", "Nothing can be delivered to %.80q: no such bucket is set up for this account.", name).because(ReasonDestination)
}
