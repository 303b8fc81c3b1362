package crash

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/docket-desk/docket/client"
	"github.com/docket-desk/docket/e2e/rig"
	"github.com/docket-desk/docket/internal/id"
)

// tally counts what the rounds did, for the report.
type tally struct {
	unanswered, wereDone, acts, delivered int
	orders                                int
	events                                int64
}

// deliverWithin bounds the deliveries that a crash cut off.
const deliverWithin = time.Minute

// settle holds a desk that was started again to what it answered. Its clock is turned on
// first: the leases of those who died end then.
func (l *load) settle(count *tally) {
	ctx := l.t.Context()
	if err := l.d.Quiet(ctx); err != nil { // two of the doors have no key on the wire: a client of theirs looks first
		l.t.Fatal(err)
	}
	if err := l.d.Advance(ctx, 2*time.Minute); err != nil {
		l.t.Fatalf("the clock cannot be turned: %v", err)
	}
	before, err := l.d.Orders(ctx, client.OrderQuery{})
	if err != nil {
		l.t.Fatalf("the orders cannot be read: %v", err)
	}
	l.repeat(before, count)
	l.awaitDeliveries()
	have, err := l.d.Orders(ctx, client.OrderQuery{})
	if err != nil {
		l.t.Fatalf("the orders cannot be read: %v", err)
	}
	for _, s := range l.book.disagree(have) {
		l.t.Error(s)
	}
	for _, o := range have {
		if o.Door == "ard" && o.State != "done" {
			l.t.Errorf("Order %s of imagery is %s: %s", o.ID, o.State, o.Message)
		}
	}
	l.checkDeliveries(count)
	if l.limit.n > 0 {
		if err := l.checkLimit(ctx); err != nil {
			l.t.Error(err)
		}
	}
	report := l.d.Verify(l.t)
	if report.Orders != len(have) {
		l.t.Errorf("the books have %d orders, the list %d", report.Orders, len(have))
	}
	count.orders, count.events = report.Orders, report.Events
}

// repeat asks again, under the same key, what had no answer, until it has one.
func (l *load) repeat(before []client.Order, count *tally) {
	there := map[string]bool{}
	for _, o := range before {
		there[o.ID] = true
	}
	orders, acts := l.book.unanswered()
	for _, o := range orders {
		r := insist(func() rig.Result { return o.door.Place(l.t.Context(), o.key, o.many, true) })
		if r.Outcome == rig.Unknown {
			l.t.Errorf("%s %s, asked again, has no answer: %s", o.door.Name(), o.key, r)
		}
		if l.hear(o, r); there[r.ID.Decimal()] {
			count.wereDone++
		}
	}
	count.unanswered += len(orders)
	count.acts += len(acts)
	for _, a := range acts {
		l.repeatAct(a)
	}
}

func insist(ask func() rig.Result) (r rig.Result) {
	for range 20 {
		if r = ask(); r.Outcome != rig.Unknown {
			break
		}
	}
	return r
}

// repeatAct asks an act again. One that was done and is asked again under its key is not
// refused: not where nobody else tried the same.
func (l *load) repeatAct(a act) {
	var state string
	r := insist(func() (r rig.Result) { r, state = a.ask(l.t.Context()); return r })
	l.book.acted(a, r, state)
	if r.Outcome != rig.Refused || a.bare || a.on.tried[a.name] > 1 || strings.HasPrefix(a.name, "approve") || a.name == "building" {
		return
	}
	now, err := l.d.Staff().Order(l.t.Context(), a.on.id.Decimal())
	if err == nil && now.State == a.name && a.on.door.Name() != "waldur" {
		l.t.Errorf("order %d is %s by the one request there was for it, which is refused on repeat: %s", a.on.id, now.State, r)
	}
}

// awaitDeliveries waits until no order of imagery is under way, and turns the clock on for
// those that wait to be tried again.
func (l *load) awaitDeliveries() {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	turn := time.NewTicker(2 * time.Second)
	defer turn.Stop()
	late := time.After(deliverWithin)
	for {
		open, err := l.d.Orders(l.t.Context(), client.OrderQuery{Door: "ard", States: []string{"executing"}})
		if err != nil {
			l.t.Fatal(err)
		}
		if len(open) == 0 {
			return
		}
		select {
		case <-tick.C:
		case <-turn.C:
			if err := l.d.Advance(l.t.Context(), 2*time.Minute); err != nil {
				l.t.Fatal(err)
			}
		case <-late:
			l.t.Fatalf("%d orders of imagery are not delivered %s after the start, among them %s", len(open), deliverWithin, open[0].ID)
		}
	}
}

// checkDeliveries reads what this round's orders of imagery left in the bucket.
func (l *load) checkDeliveries(count *tally) {
	for _, o := range l.book.orders {
		if o.round != l.round || o.door.Name() != "ard" || o.outcome != rig.Done {
			continue
		}
		if err := delivered(filepath.Join(l.d.Bucket(), o.key), o.id); err != nil {
			l.t.Errorf("order %d, delivered to %s: %v", o.id, o.key, err)
		}
		count.delivered++
	}
}

// delivered checks that a folder holds what its manifest lists, whole, and nothing else.
func delivered(dir string, i id.ID) error {
	name := i.Decimal() + "-manifest.json"
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return err
	}
	var manifest struct {
		Files []struct {
			Path   string `json:"path"`
			Bytes  int64  `json:"bytes"`
			SHA256 string `json:"sha256"`
		} `json:"files"`
	}
	if err := json.Unmarshal(b, &manifest); err != nil || len(manifest.Files) < 5 {
		return fmt.Errorf("the manifest lists %d files, %w", len(manifest.Files), err)
	}
	listed := map[string]bool{name: true}
	for _, f := range manifest.Files {
		content, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(f.Path)))
		if err != nil {
			return err
		}
		if sum := sha256.Sum256(content); int64(len(content)) != f.Bytes || hex.EncodeToString(sum[:]) != f.SHA256 {
			return fmt.Errorf("%s has %d bytes and another checksum than the manifest says", f.Path, len(content))
		}
		listed[f.Path] = true
	}
	return filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err == nil && !listed[filepath.ToSlash(rel)] {
			err = fmt.Errorf("%s lies there and is in no manifest", rel)
		}
		return err
	})
}
