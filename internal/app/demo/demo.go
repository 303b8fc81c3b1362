// Package demo plays the demo: the demo's world served, one order placed through each door
// over the wire, as that vendor's client writes it, and each followed to its end. For its
// own four orders it plays the other sides too, the operator who ships and the provider
// who approves; all other orders wait for theirs. It knows the vendors' wires only as far
// as these orders go.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/docket-desk/docket/client"
	"github.com/docket-desk/docket/internal/app"
	"github.com/docket-desk/docket/internal/app/world"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/door/native"
)

// Options are the demo's own flags.
type Options struct {
	NoOrders bool // leave out the four orders
	Exit     bool // end when the four orders have ended
	Out      io.Writer
}

// ErrEnded says that an order did not end as it should have.
var ErrEnded = errors.New("not every order ended as it should have")

// Run plays the demo until ctx ends or, with Exit, the four orders have.
func Run(ctx context.Context, cfg app.Config, opt Options) error {
	began := time.Now()
	if err := roles(cfg); err != nil {
		return err
	}
	d, err := app.Open(ctx, cfg)
	if err != nil {
		return err
	}
	// Those of an earlier run name ports that nobody answers. They are nobody else's: the folder is this desk's by now.
	for _, name := range []string{jsonName, envName} {
		if err := os.Remove(filepath.Join(cfg.Data, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return errors.Join(err, d.Close())
		}
	}
	made, err := makeWorld(ctx, d)
	if err != nil {
		return errors.Join(err, d.Close())
	}
	s, err := d.Serve(ctx)
	if err != nil {
		return err
	}
	err = play(ctx, s, made, opt, began)
	return errors.Join(err, s.Stop())
}

// demoRoles enables what the demo's people are: plain members of a project.
const demoRoles = `# What roles may do here beside the defaults; docs/roles.md tells the rest.
project.member: {enabled: true}
`

// roles leaves the demo's file about roles in its folder, unless there is one.
func roles(cfg app.Config) error {
	if cfg.Roles != "" {
		return nil
	}
	if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(cfg.RolesFile(), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = f.WriteString(demoRoles)
	return errors.Join(err, f.Close())
}

func makeWorld(ctx context.Context, d *app.Desk) (core.Made, error) {
	doc, err := world.Demo()
	if err != nil {
		return core.Made{}, err
	}
	w, err := native.World(doc.World)
	if err != nil {
		return core.Made{}, doc.Locate(err)
	}
	give(&w, d.Master)
	made, err := d.Apply(ctx, app.Operator(), w)
	return made, doc.Locate(err)
}

func play(ctx context.Context, s *app.Server, made core.Made, opt Options, began time.Time) error {
	e, err := environment(ctx, s, made)
	if err != nil {
		return err
	}
	w, err := newWire(e)
	if err != nil {
		return err
	}
	if err := w.answers(ctx); err != nil {
		return err
	}
	if err := e.write(s.Config.Data); err != nil {
		return err
	}
	fmt.Fprintf(opt.Out, "The demo's desk answers at %s and %s, %.1f s after its start.\n", e["DOCKET_URL"], e["DOCKET_HTTPS_URL"], time.Since(began).Seconds())
	var ended error
	if !opt.NoOrders {
		if ended = orders(ctx, w, opt.Out); ctx.Err() != nil {
			return nil // asked to end: the orders are followed on at the next start
		}
	}
	if opt.Exit {
		return ended
	}
	if ended != nil {
		fmt.Fprintln(opt.Out, ended)
	}
	howTo(opt.Out, s.Config, e)
	return s.Wait(ctx)
}

// orders places and follows the four orders, each on its own, and prints what became of them.
func orders(ctx context.Context, w *wire, out io.Writer) error {
	say := &progress{out: out}
	scripts := []script{&ardOrder{wire: w}, &outpostsOrder{wire: w}, &modelartsOrder{wire: w}, &waldurOrder{wire: w}}
	results := make([]result, len(scripts))
	run := make(chan int)
	for n, s := range scripts {
		go func() {
			results[n] = follow(ctx, w, s, say)
			run <- n
		}()
	}
	for range scripts {
		<-run
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err := table(out, results); err != nil {
		return err
	}
	for _, r := range results {
		if !r.well() {
			return ErrEnded
		}
	}
	return nil
}

// script is one door's order, as its vendor's client goes about it.
type script interface {
	door() string
	// find looks for the order of an earlier run; "" where there is none.
	find(ctx context.Context) (order string, err error)
	place(ctx context.Context) (order string, err error)
	// step plays the other side's next move on an order in a state of the operator's
	// view; there may be none.
	step(ctx context.Context, o client.Order) error
	// ended asks through the door whether the order has come to its end.
	ended(ctx context.Context, order string) (bool, error)
}

// result is what became of a script.
type result struct {
	door string
	id   string       // as the door spells it
	told client.Order // as the operator sees it
	err  error
}

// well reports whether the order ended as it should: whole, and charged what was held.
func (r result) well() bool {
	return r.err == nil && r.told.State == "done" && r.told.Outcome == "full" && r.told.Held == "0" && r.told.Charged == r.told.Due
}

const (
	pollEvery = 50 * time.Millisecond
	endWithin = 2 * time.Minute // of one order: workers take moments
)

func follow(ctx context.Context, w *wire, s script, say *progress) (r result) {
	r.door = s.door()
	ctx, cancel := context.WithTimeout(ctx, endWithin)
	defer cancel()
	if r.id, r.err = s.find(ctx); r.err == nil && r.id == "" {
		if r.id, r.err = s.place(ctx); r.err == nil {
			say.line("%s: placed order %s", r.door, r.id)
		}
	} else if r.err == nil {
		say.line("%s: found order %s", r.door, r.id)
	}
	last := ""
	for r.err == nil {
		if r.told, r.err = w.operator.Order(ctx, r.id); r.err != nil {
			break
		}
		if now := stage(r.told); now != last {
			say.line("%s: order %s is %s", r.door, r.id, now)
			last = now
		}
		var over bool
		if over, r.err = s.ended(ctx, r.id); over && r.told.EndedAt != nil {
			break
		}
		if r.err == nil {
			r.err = s.step(ctx, r.told)
		}
		if r.err == nil {
			r.err = pause(ctx, pollEvery)
		}
	}
	if r.err != nil && ctx.Err() == nil {
		say.line("%s: %s", r.door, r.err)
	}
	return r
}

// stage is an order's state, and that of its lines where they tell more.
func stage(o client.Order) string {
	if o.State != "executing" || len(o.Lines) == 0 || o.Lines[0].State == "preparing" {
		return o.State
	}
	return o.State + ", " + o.Lines[0].State
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
