//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Allocations are measured on two desks of one density: what holds for a row of the small
// one has to hold for a row of the large one. Each is of one provider with one cluster.
type estate struct {
	name                             string
	customers, projects, users, each int // each: resources in a project
}

// resources is how many the provider delivers.
func (e estate) resources() int { return e.projects * e.each }

// estates are the two desks: the bounds, and a hundredth of them.
func estates() []estate {
	return []estate{{"few", 1, 2, 5, 50}, {"many", 20, 200, 500, 50}}
}

const (
	rolesOf    = 2  // each user's, in projects
	waitingFor = 20 // orders that a round leaves to the agent
)

// errand is something that an agent or a provider does over all rows of a desk, or over
// the part of them that a round has its turn at. It tells how many rows it did.
type errand struct {
	key, what string
	before    func(a *agent) error // what others do first, and does not count
	do        func(a *agent) (rows int, err error)
}

// errands are what is measured, in an agent's order; each is of contract and guide alike.
func errands() []errand {
	return []errand{
		{"begin", "agent: what begins each cycle", nil, (*agent).begin},
		{"orders", "agent: an order taken, made and set done", (*agent).placeOrders, (*agent).takeOrders},
		{"resources", "agent: the list of resources, all pages, 23 fields", nil, (*agent).readResources},
		{"accounts", "agent: the list of accounts, all pages", nil, (*agent).listAccounts},
		{"members", "agent: a resource's members, limits and backend kept up", nil, (*agent).keepMembers},
		{"report", "agent: a month's usage of a resource, three components, five users", nil, (*agent).report},
		{"whole", "provider: resources, all pages, whole", nil, (*agent).wholeResources},
		{"placed", "provider: orders, all pages", nil, (*agent).listOrders},
		{"users", "provider: users of its resources", nil, (*agent).listUsers},
		{"keys", "provider: keys of those users", nil, (*agent).listKeys},
		{"projects", "provider: projects with its resources", nil, (*agent).listProjects},
		{"permissions", "provider: roles in those projects", nil, (*agent).listPermissions},
		{"usages", "provider: this month's usages, ten pages of them", nil, (*agent).listUsages},
	}
}

// allocationTargets are the lines of the table of allocations, in its order. A row may take
// no longer among many than among few.
func allocationTargets() []line {
	var out []line
	for _, x := range errands() {
		out = append(out, line{Key: "allocations." + x.key, What: x.what, Least: 1.6, Aim: 1.2, Lower: true})
	}
	return append(out, line{Key: "allocations.resident", What: "the server's memory at its most, 10k resources", Unit: "MiB", Least: 256, Aim: 128, Lower: true})
}

// allocationReadings are what those were made of.
func allocationReadings() []line {
	var out []line
	for _, x := range errands() {
		out = append(out, line{Key: "allocations." + x.key + ".few", What: x.what + ", of 100", Unit: "µs"},
			line{Key: "allocations." + x.key + ".many", What: x.what + ", of 10k", Unit: "µs"},
			line{Key: "allocations." + x.key + ".cpu", What: x.what + ", of 10k: CPU of the server", Unit: "µs"})
	}
	return append(out, line{Key: "allocations.anonymous", What: "the server's memory behind all that, without pages of files", Unit: "MiB"})
}

// stepAllocations does every errand on both desks and notes what a row took.
func (b *bench) stepAllocations(ctx context.Context) error {
	took := map[string]map[string]perRow{}
	for _, e := range b.estates {
		rows, err := b.work(ctx, e)
		if err != nil {
			return fmt.Errorf("%s allocations: %w", e.name, err)
		}
		took[e.name] = rows
	}
	for _, x := range errands() {
		few, many := took["few"][x.key], took["many"][x.key]
		b.book.note("allocations."+x.key, over(many.time, few.time))
		b.book.note("allocations."+x.key+".few", few.time)
		b.book.note("allocations."+x.key+".many", many.time)
		b.book.note("allocations."+x.key+".cpu", many.cpu)
	}
	return nil
}

// perRow is what one row took: of the time that the caller waits, and of the server's
// processor, both in microseconds.
type perRow struct{ time, cpu float64 }

// work serves a desk and does all errands on it, one after the other as one agent does.
func (b *bench) work(ctx context.Context, e estate) (out map[string]perRow, err error) {
	srv, err := b.startDocket(ctx, b.sites[e.name])
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, srv.stop()) }()
	a, err := b.hire(ctx, srv.addr, e)
	if err != nil {
		return nil, err
	}
	out = map[string]perRow{}
	for _, x := range errands() {
		if out[x.key], err = b.timed(srv, a, x); err != nil {
			return nil, fmt.Errorf("%s: %w", x.key, err)
		}
	}
	if e.name == "many" {
		peak, err := peakResident(srv.cmd.Process.Pid)
		if err != nil {
			return nil, err
		}
		b.book.note("allocations.resident", peak)
		_, own, err := resident(srv.cmd.Process.Pid)
		if err != nil {
			return nil, err
		}
		b.book.note("allocations.anonymous", own)
	}
	return out, nil
}

// timed does an errand until a load's time has passed, once at least.
func (b *bench) timed(srv *server, a *agent, x errand) (perRow, error) {
	var took time.Duration
	cpu, rows, meter := 0.0, 0, srv.meter()
	for rows == 0 || took < b.opt.time {
		if x.before != nil {
			if err := x.before(a); err != nil {
				return perRow{}, err
			}
		}
		before, err := meter()
		if err != nil {
			return perRow{}, err
		}
		began := time.Now()
		n, err := x.do(a)
		if err == nil && n == 0 {
			err = errors.New("there are no rows")
		}
		if err != nil {
			return perRow{}, err
		}
		rows, took = rows+n, took+time.Since(began)
		after, err := meter()
		if err != nil {
			return perRow{}, err
		}
		cpu += after.cpu - before.cpu
	}
	return perRow{over(float64(took.Microseconds()), float64(rows)), over(cpu*1e6, float64(rows))}, nil
}
