package core

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"time"

	"github.com/docket-desk/docket/internal/catalog"
	"github.com/docket-desk/docket/internal/day"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/imagery"
	"github.com/docket-desk/docket/internal/ledger"
	"github.com/docket-desk/docket/internal/limit"
	"github.com/docket-desk/docket/internal/money"
	"github.com/docket-desk/docket/internal/order"
	"github.com/docket-desk/docket/internal/tenant"
)

// Placement asks for an order.
type Placement struct {
	Type     order.Type // "": create
	Offering id.ID      // of a create; else the resource's own
	Plan     id.ID      // 0: the offering's only plan, or on an update the resource's own
	Project  id.ID      // 0: the actor's home customer's default project
	Resource id.ID      // of an update, terminate or restore
	Ref      id.ID      // a door's document the order is for
	Name     string     // of the resource; "": made from the offering's name and the id
	Asks     []Ask
	Imagery  *ImageryAsk
	Periods  int // paid ahead; 0: 1
	StartsOn *day.Day
	EndsOn   *day.Day // of the resource
	Confirm  bool     // the payer must confirm, though they placed it
	Free     bool     // a replacement: due 0
	Staged   bool     // an update that replaces all quantities: components not named go to zero
	Live     bool     // the resource's name must be unique among the customer's live ones
	Request  json.RawMessage
	Notes    order.Notes
	Attrs    json.RawMessage // of the resource
	Idem     *IdemKey
	Keep     *Keeping // a document that is kept with the order, or not at all
}

// Ask is a quantity of one component. Of an update it is the target.
type Ask struct {
	Component string // code
	Quantity  money.Micro
	Label     string
	Detail    json.RawMessage
	Replaces  string
}

// ImageryAsk names imagery: acquisitions, each with cells or whole, inside an area.
type ImageryAsk struct {
	Acquisitions []AcquisitionAsk
	Area         imagery.AOI // zero: no area
}

// AcquisitionAsk names an acquisition by its catalogue id; no cells: all of them.
type AcquisitionAsk struct {
	CatalogID string
	Cells     []string
}

// IdemKey makes a placement safe to repeat: the same key and body again get the
// first order.
type IdemKey struct {
	Key       string // what the client sent, or a hash of the body where a door makes its own
	Body      []byte // canonical body
	Window    time.Duration
	WhileGood bool // only while the first order is not erred, rejected or canceled
}

// Quote is what an order would be: made by QuoteOrder and, within its transaction, by
// PlaceOrder.
type Quote struct {
	Order     order.Order
	Lines     []order.Line
	Sheet     catalog.Sheet
	Standings []Standing // of every limit touched, before the order
}

// Standing is a limit with what counts against it now.
type Standing struct {
	limit.Limit
	Window     day.Day
	Used, Held money.Micro
}

// Available is what may still be asked: never below zero.
func (s Standing) Available() money.Micro { return max(0, s.Value-s.Used-s.Held) }

// Placed is an order with its lines and resource as they stand.
type Placed struct {
	Order    order.Order
	Lines    []order.Line
	Resource order.Resource
	Offering catalog.Offering
	Repeated bool // the answer to a repeat of an earlier request

	entries []ledger.Entry // where this call has changed the order; see EntriesOf
}

// QuoteOrder is PlaceOrder up to the write: the same validation, the same quote, the
// same refusals, nothing kept. It is what a dry run answers.
func (c *Core) QuoteOrder(ctx context.Context, who Actor, p Placement) (Quote, error) {
	var q Quote
	if err := who.write(); err != nil {
		return q, err
	}
	now := c.Now()
	err := c.store.View(ctx, func(r Reader) error {
		d := &draft{c: c, r: r, who: who, now: now, ids: &drawn{c: c}, counts: true, moved: map[int]bool{}}
		ms, err := c.measureFor(r, who, p, now)
		if err != nil {
			return err
		}
		if err := d.place(p, d.ids.draw(), ms); err != nil {
			return err
		}
		q = Quote{Order: d.o, Lines: d.lines, Sheet: d.sheet}
		q.Standings, err = c.standings(r, d.o.Customer, []LimitScope{{tenant.OnCustomer, d.o.Customer}, {tenant.OnUser, d.o.User}})
		return err
	})
	return q, err
}

// PlaceOrder places an order: holds the quote at every level that has a limit, in the
// transaction that writes the order.
func (c *Core) PlaceOrder(ctx context.Context, who Actor, p Placement) (Placed, error) {
	if err := who.write(); err != nil {
		return Placed{}, err
	}
	w := &placing{c: c, who: who, p: p, now: c.Now(), ids: &drawn{c: c, ids: []id.ID{c.NewID()}}}
	if p.Keep != nil {
		if err := who.wide(0); err != nil {
			return Placed{}, err
		}
		w.kept = c.NewID()
	}
	if err := w.prepare(ctx); err != nil {
		return Placed{}, err
	}
	err := w.update(ctx)
	if errors.Is(err, errCounts) {
		w.on.Exclusive = true
		err = w.update(ctx)
	}
	if KindOf(err) == LimitExceeded {
		c.noteRefusal(ctx, who, AsError(err))
	}
	if KindOf(err) == Unavailable && p.Idem != nil { // what was done before is told even where nothing can be written
		if e := c.store.View(ctx, w.look); e == nil && w.again {
			return w.out, nil
		}
	}
	if err != nil {
		return Placed{}, err
	}
	c.nudge(w.now, w.jobs)
	return w.out, nil
}

// placing is one call of PlaceOrder.
type placing struct {
	c   *Core
	who Actor
	p   Placement
	now time.Time
	ids *drawn

	on    Touch
	kept  id.ID // of a document that is new with the order
	ms    []measured
	again bool // a repeat needs no measuring, and may no longer measure the same
	out   Placed
	jobs  []Job
}

// prepare names what the placement rests on and measures what takes its time, in a snapshot
// of its own; where both are known without one, all else is read where it counts.
func (w *placing) prepare(ctx context.Context) error {
	var err error
	if w.c.foresees(w.p) {
		err = w.touch(nil)
	} else {
		err = w.c.store.View(ctx, w.look)
	}
	w.on = touchIdem(w.on, w.who, w.p.Idem)
	if k := w.p.Keep; k != nil { // it is found by its name
		w.on.Scan, w.on.Exclusive, w.on.Offerings = true, k.Beside != 0, append(w.on.Offerings, k.Beside)
	}
	return err
}

func (w *placing) update(ctx context.Context) error {
	if w.p.Keep == nil {
		return w.c.store.Update(ctx, w.on, w.write)
	}
	return w.c.untilKept(ctx, w.on, w.write)
}

func (w *placing) touch(r Reader) (err error) {
	w.on, err = touchPlacement(&Scene{c: w.c, r: r, who: w.who}, &w.p, day.Of(w.now))
	return err
}

// look reads what needs no transaction that writes: a repeat's first order, imagery, whose
// geometry takes its time, and whose project it is.
func (w *placing) look(r Reader) (err error) {
	if w.p.Idem != nil {
		w.out, w.again, err = w.c.repeat(r, w.who, w.p.Idem, w.now)
		if err != nil || w.again {
			return err
		}
	}
	if w.ms, err = w.c.measureFor(r, w.who, w.p, w.now); err != nil {
		return err
	}
	return w.touch(r)
}

func (w *placing) write(tx Tx) error {
	w.out, w.jobs = Placed{}, nil
	if w.p.Idem != nil {
		first, again, err := w.c.repeat(tx, w.who, w.p.Idem, w.now)
		if err != nil || again {
			w.out = first
			return err
		}
	}
	d := &draft{c: w.c, r: tx, who: w.who, now: w.now, ids: w.ids.again(), counts: w.on.Exclusive, moved: map[int]bool{}}
	if err := d.place(w.p, d.ids.draw(), w.ms); err != nil {
		return err
	}
	if k := w.p.Idem; k != nil {
		d.idem = &Idem{Day: day.Of(w.now), Hash: idemHash(w.who, k), Body: bodyHash(k.Body), About: d.o.ID, At: w.now}
	}
	if k := w.p.Keep; k != nil {
		doc, changed, err := (&Scene{c: w.c, r: tx, who: w.who}).keep(*k, w.kept)
		if err != nil {
			return err
		}
		if changed {
			d.doc = &doc
		}
	}
	if err := d.write(tx); err != nil {
		return err
	}
	w.out, w.jobs = d.placed(), d.jobs
	return nil
}

func idemHash(who Actor, k *IdemKey) [16]byte {
	holder := who.Key
	if holder == 0 {
		holder = who.User.ID
	}
	h := sha256.Sum256([]byte(holder.Decimal() + "\x00" + who.Door + "\x00" + k.Key))
	return [16]byte(h[:16])
}

func bodyHash(b []byte) [8]byte {
	h := sha256.Sum256(b)
	return [8]byte(h[:8])
}

// repeat finds the order of an earlier request with the same key.
func (c *Core) repeat(r Reader, who Actor, k *IdemKey, now time.Time) (Placed, bool, error) {
	today := day.Of(now)
	had, err := r.Idem([]day.Day{today - 1, today, today + 1}, idemHash(who, k))
	if KindOf(err) == NotFound && err != nil {
		return Placed{}, false, nil
	}
	if err != nil {
		return Placed{}, false, err
	}
	if k.Window > 0 && now.Sub(had.At) > k.Window {
		return Placed{}, false, nil
	}
	o, err := r.Order(had.About)
	if err != nil && KindOf(err) == NotFound { // it made something else: see once.go
		return Placed{}, false, otherRequest(Ref{})
	}
	if err != nil {
		return Placed{}, false, err
	}
	if k.WhileGood && (o.State == order.Erred || o.State == order.Rejected || o.State == order.Canceled) {
		return Placed{}, false, nil
	}
	if had.Body != bodyHash(k.Body) {
		return Placed{}, false, otherRequest(Ref{"order", o.ID})
	}
	p, err := c.placed(r, o)
	p.Repeated = true
	return p, err == nil, err
}

// foresees reports whether it is known, without reading, what a placement rests on and that
// nothing is to be measured beforehand. The second need not stay true: place measures what
// was not.
func (c *Core) foresees(p Placement) bool {
	if p.Type != "" && p.Type != order.Create {
		return true
	}
	m, seen := c.sheets.measure(p.Offering)
	_, owned := c.owners.find(p.Project)
	return seen && m != catalog.Imagery && owned
}

// measureFor measures what needs no transaction: imagery.
func (c *Core) measureFor(r Reader, who Actor, p Placement, now time.Time) ([]measured, error) {
	if p.Resource != 0 || p.Offering == 0 {
		return []measured{}, nil
	}
	off, err := r.Offering(p.Offering)
	if err != nil {
		return nil, err
	}
	if ok, err := c.seesOffering(r, who, off); err != nil || !ok {
		return nil, errors.Join(err, notFound("offering", p.Offering))
	}
	sh, err := c.sheet(r, off) // the next order of this offering knows by it whether to come here at all
	if err != nil {
		return nil, err
	}
	if off.Measure != catalog.Imagery {
		return []measured{}, nil
	}
	return measureImagery(r, &sh, p.Imagery, now)
}

// Moved is how a line moves.
type Moved struct {
	Line      int // n
	To        order.LineState
	Delivered *money.Micro // nil: all of it, where the line ends well
	Shipment  *order.Shipment
	Message   string
}

// Verdict is what comes with an act.
type Verdict struct {
	Message  string          // shown to all
	Trace    string          // of an error
	Comment  string          // the reviewer's
	Attrs    json.RawMessage // the provider's additions to the request
	Attempt  int             // of a worker's job; acts of workers are dropped where another has it
	Job      string          // the worker's kind of job
	Lines    []Moved         // how lines end; none: all open lines end well, in full
	Assets   []order.Asset   // of the resource
	Delta    money.Micro     // of Adjust: what to charge (positive) or refund
	Quantity money.Micro     // of Adjust
	Line     int             // of Adjust
	Amend    func(s *Scene, a *Amendment) error
	Output   string
	Idem     *IdemKey // the same request again gets the order as it is now
}
