//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os/exec"
	"time"

	"github.com/docket-desk/docket/internal/auth"
	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
	"github.com/docket-desk/docket/internal/order"
)

// step measures some lines, each beside its references, once a round.
type step struct {
	name     string
	needs    []string // desks, by name
	postgres bool
	do       func(b *bench, ctx context.Context) error
}

// steps are all there are, in the order of the first round; each later round begins with
// another one, so that what drifts within a round hits all of them alike.
func steps() []step {
	return []step{
		{name: "place", needs: []string{"empty", "base"}, do: (*bench).stepPlace},
		{name: "most", needs: []string{"empty", "most"}, do: (*bench).stepMost},
		{name: "post", needs: []string{"base"}, do: (*bench).stepPost},
		{name: "get", needs: []string{"base"}, do: (*bench).stepGet},
		{name: "list", needs: []string{"small", "most"}, do: (*bench).stepList},
		{name: "start", needs: []string{"empty", "most"}, do: (*bench).stepStart},
		{name: "allocations", needs: []string{"few", "many"}, do: (*bench).stepAllocations},
		{name: "postgres", postgres: true, do: (*bench).stepPostgres},
	}
}

// clients are how many ask at once, but where a plot asks more or fewer.
const clients = 64

func (b *bench) plan(workers int, m meter) plan {
	b.seed++
	return plan{workers: workers, warm: b.opt.time / 5, time: b.opt.time, meter: m, seed: b.seed}
}

// planOn is plan over a desk. A writer to PostgreSQL keeps in memory what people have set up,
// read one by one: it is given the time to have read that of a thousand customers.
func (b *bench) planOn(s site, workers int, m meter) plan {
	p := b.plan(workers, m)
	if s.DB != "" {
		p.warm = 2 * p.time
	}
	return p
}

// f1 takes the reference beside which the next figure stands.
func (b *bench) f1(ctx context.Context) (float64, error) {
	rate, err := f1(ctx, b.dir, b.opt.time/4)
	b.book.note("f1", rate)
	return rate, err
}

// place opens a desk, places orders without HTTP and closes it.
func (b *bench) place(ctx context.Context, s site, workers int, hot bool) (out sample, err error) {
	d, err := s.open(ctx)
	if err != nil {
		return sample{}, err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	return load(ctx, b.planOn(s, workers, b.meterOf(s)), func(ctx context.Context, _ int, r *rand.Rand) error { return d.place(ctx, r, hot) })
}

// stepPlace is the store alone, beside F1 and S1, with a thousand accounts and with one.
func (b *bench) stepPlace(ctx context.Context) error {
	bareDesk, err := b.fresh("empty")
	if err != nil {
		return err
	}
	alone, err := s1(ctx, bareDesk, b.plan(clients, myself))
	if err != nil {
		return err
	}
	s, err := b.fresh("base")
	if err != nil {
		return err
	}
	rate, err := b.f1(ctx)
	if err != nil {
		return err
	}
	before := s.size()
	got, err := b.place(ctx, s, clients, false)
	if err != nil {
		return err
	}
	grown := s.size() - before
	hot, err := b.place(ctx, s, clients, true)
	if err != nil {
		return err
	}
	b.book.note("s1", alone.rate())
	b.book.note("s1.cpu", alone.micros())
	b.book.note("sqlite.place", got.rate())
	b.book.note("sqlite.place/f1", over(got.rate(), rate))
	b.book.note("sqlite.cpu", got.micros())
	b.book.note("sqlite.cpu/s1", over(got.micros(), alone.micros()))
	b.book.note("sqlite.kb", got.kilobytes())
	b.book.note("sqlite.bytes", over(grown, float64(got.All)))
	b.book.note("sqlite.place.p50", got.p(.5))
	b.book.note("sqlite.place.p99", got.p(.99))
	b.book.note("sqlite.hot", hot.rate())
	b.book.note("sqlite.hot/place", over(hot.rate(), got.rate()))
	return nil
}

// stepMost is the store alone on the largest desk and on an empty one.
func (b *bench) stepMost(ctx context.Context) error {
	s, err := b.fresh("empty")
	if err != nil {
		return err
	}
	empty, err := b.place(ctx, s, clients, false)
	if err != nil {
		return err
	}
	most, err := b.place(ctx, b.sites["most"], clients, false)
	if err != nil {
		return err
	}
	b.book.note("sqlite.empty", empty.rate())
	b.book.note("sqlite.most", most.rate())
	b.book.note("sqlite.most/empty", over(most.rate(), empty.rate()))
	b.book.note("sqlite.most.p50", most.p(.5))
	b.book.note("sqlite.most.p99", most.p(.99))
	return nil
}

// post places orders through the native door of a server as it was built.
func (b *bench) post(ctx context.Context, s site, workers int) (out sample, err error) {
	d, err := s.glance(ctx)
	if err != nil {
		return sample{}, err
	}
	srv, err := b.startDocket(ctx, s)
	if err != nil {
		return sample{}, err
	}
	defer func() { err = errors.Join(err, srv.stop()) }()
	return loadHTTP(ctx, srv.addr, b.planOn(s, workers, srv.meter()), d.poster(srv.addr))
}

// glance opens a desk to look at its world, and closes it.
func (s site) glance(ctx context.Context) (*desk, error) {
	d, err := s.open(ctx)
	if err != nil {
		return nil, err
	}
	return d, d.close()
}

// stepPost is the whole POST beside F1 and the store alone, over the same desk.
func (b *bench) stepPost(ctx context.Context) error {
	s, err := b.fresh("base")
	if err != nil {
		return err
	}
	return b.postBeside(ctx, "sqlite", s)
}

func (b *bench) postBeside(ctx context.Context, store string, s site) error {
	rate, err := b.f1(ctx)
	if err != nil {
		return err
	}
	got, err := b.post(ctx, s, clients)
	if err != nil {
		return err
	}
	alone, err := b.place(ctx, s, clients, false)
	if err != nil {
		return err
	}
	b.book.note(store+".post", got.rate())
	b.book.note(store+".post/f1", over(got.rate(), rate))
	b.book.note(store+".post/place", over(got.rate(), alone.rate()))
	b.book.note(store+".post.p50", got.p(.5))
	b.book.note(store+".post.p99", got.p(.99))
	b.book.note(store+".post.cpu", got.micros())
	return nil
}

// stepGet reads orders through two doors, beside net/http alone.
func (b *bench) stepGet(ctx context.Context) (err error) {
	s := b.sites["base"]
	orders, d, err := s.newest(ctx, 2000)
	if err != nil {
		return err
	}
	srv, err := b.startDocket(ctx, s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, srv.stop()) }()
	byToken, signed, err := d.gets(srv.addr, orders)
	if err != nil {
		return err
	}
	for key, requests := range map[string][][]byte{"get.token": byToken, "get.sigv4": signed} {
		fixed, err := b.bare(ctx)
		if err != nil {
			return err
		}
		got, err := loadHTTP(ctx, srv.addr, b.plan(clients, srv.meter()), oneOf(requests))
		if err != nil {
			return err
		}
		b.book.note("bare", fixed.rate())
		b.book.note(key, got.rate())
		b.book.note(key+"/bare", over(got.rate(), fixed.rate()))
		b.book.note(key+".cpu", got.micros())
	}
	return nil
}

// bare loads net/http alone, in a process of its own as docket is.
func (b *bench) bare(ctx context.Context) (out sample, err error) {
	srv, err := startServer(ctx, b.again("bare"))
	if err != nil {
		return sample{}, err
	}
	defer func() { err = errors.Join(err, srv.stop()) }()
	return loadHTTP(ctx, srv.addr, b.plan(clients, nil), oneOf([][]byte{get(srv.addr, "/", 0)}))
}

// newest lists a desk's newest orders.
func (s site) newest(ctx context.Context, n int) (list []order.Order, d *desk, err error) {
	if d, err = s.open(ctx); err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	err = d.store.View(ctx, func(r core.Reader) error {
		list, err = r.Orders(core.OrderQuery{Any: &core.Sight{All: true}, Page: core.Page{Limit: n}})
		return err
	})
	if err == nil && len(list) == 0 {
		err = errors.New("there are no orders to read")
	}
	return list, d, err
}

// gets spells the reading of each order by who placed it: with a token through the native
// door, and signed through the hardware door, which shows orders of every door. Signatures
// are made here, before any time counts; they are good for a quarter of an hour.
func (d *desk) gets(addr string, orders []order.Order) (byToken, signed [][]byte, err error) {
	for _, o := range orders {
		actor := d.world.byUser[o.User]
		byToken = append(byToken, get(addr, "/docket/v1/orders/"+o.ID.Decimal(), actor))
		r, err := http.NewRequest(http.MethodGet, "http://"+addr+"/orders/"+o.ID.Hex17("oo-"), nil)
		if err != nil {
			return nil, nil, err
		}
		access, secret := pairOf(actor)
		if err := auth.SignV4(r, auth.Credentials{Access: access, Secret: secret, Region: "us-west-2", Service: "outposts"}, time.Now()); err != nil {
			return nil, nil, err
		}
		var spelled bytes.Buffer
		if err := r.Write(&spelled); err != nil {
			return nil, nil, err
		}
		signed = append(signed, spelled.Bytes())
	}
	return byToken, signed, nil
}

// stepList reads pages of a hundred of the busy customer's orders, on a small desk and on
// the largest, by one reader, from anywhere in the list.
func (b *bench) stepList(ctx context.Context) error {
	small, err := b.list(ctx, b.sites["small"])
	if err != nil {
		return err
	}
	most, err := b.list(ctx, b.sites["most"])
	if err != nil {
		return err
	}
	b.book.note("list.small", 1000/small.rate())
	b.book.note("list.most", 1000/most.rate())
	b.book.note("list.most/small", over(small.rate(), most.rate()))
	return nil
}

const page = 100

func (b *bench) list(ctx context.Context, s site) (out sample, err error) {
	d, err := s.open(ctx)
	if err != nil {
		return sample{}, err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	who := d.world.actors[busyCustomer*usersOf]
	q := core.OrderQuery{Customers: []id.ID{who.User.Home}, Page: core.Page{Limit: 1 << 30}}
	var places []id.ID // after which a whole page follows
	err = d.store.View(ctx, func(r core.Reader) error {
		all, err := r.Orders(q)
		for n := range len(all) - page {
			places = append(places, all[n].ID)
		}
		return err
	})
	if err == nil && len(places) == 0 {
		err = fmt.Errorf("the busy customer has no page of %d orders", page)
	}
	if err != nil {
		return sample{}, err
	}
	return load(ctx, b.plan(1, nil), func(ctx context.Context, _ int, r *rand.Rand) error {
		return d.core.View(ctx, who, func(s *core.Scene) error {
			q := q
			q.Page = core.Page{Limit: page, After: places[r.IntN(len(places))]}
			list, err := s.Orders(q)
			if err == nil && len(list) != page {
				err = fmt.Errorf("a page has %d orders", len(list))
			}
			return err
		})
	})
}

// stepStart starts the server, asks once, and looks at what it then holds of memory.
func (b *bench) stepStart(ctx context.Context) error {
	empty, err := b.fresh("empty")
	if err != nil {
		return err
	}
	for _, one := range []struct {
		site           site
		took, all, own string
	}{{empty, "", "idle.resident", "idle.anonymous"}, {b.sites["most"], "start", "idle.most", "idle.most.anonymous"}} {
		if err := b.start(ctx, one.site, one.took, one.all, one.own); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) start(ctx context.Context, s site, took, all, own string) (err error) {
	began := time.Now()
	srv, err := b.startDocket(ctx, s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, srv.stop()) }()
	w, err := dial(srv.addr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	if err := w.ask(get(srv.addr, "/docket/v1/orders?limit=1", 0)); err != nil {
		return err
	}
	if took != "" {
		b.book.note(took, time.Since(began).Seconds())
	}
	pass(ctx, b.opt.time/2)
	mib, anonymous, err := resident(srv.cmd.Process.Pid)
	b.book.note(all, mib)
	b.book.note(own, anonymous)
	return err
}

// again is this program in another role.
func (b *bench) again(role string) *exec.Cmd {
	cmd := exec.Command(b.self)
	cmd.Env = append(cmd.Environ(), roleVariable+"="+role)
	return cmd
}
