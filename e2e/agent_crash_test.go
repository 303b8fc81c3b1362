package e2e

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"
)

// agentRounds is how often agent and desk are killed.
var agentRounds = flag.Int("agent-rounds", 12, "how often a site's agent is killed, and every other time its desk")

// An agent and its desk are killed at any moment of a pass, one or both, and started again
// over what they left: in the end each order is one allocation, each member has one account,
// and what was used is charged once.
func TestAgentsAndTheirDeskAreKilled(t *testing.T) {
	needsClients(t)
	dir := folder(t)
	d := open(t, dir, "--no-orders")
	s := newSite(t, d, newAgents(t)).noop()
	chance := rand.New(rand.NewPCG(1, uint64(time.Now().UnixNano())))

	var made []allocation
	used := map[string]float64{}
	for round := range *agentRounds {
		s.stir(t, round, &made, used)
		config := s.config(t, nil)
		mode := []string{orders, membership, reporting}[round%3]
		r := s.start(t, "waldur_site_agent", "-m", mode, "-c", config)
		pause := time.NewTimer(time.Duration(chance.IntN(400)) * time.Millisecond)
		select {
		case <-r.idle:
		case <-r.ended:
			t.Fatalf("%s ended by itself with %d\n%s", mode, r.code, tail(r.said(t)))
		case <-pause.C:
		}
		if round%2 == 1 { // the agent loses its desk in mid-pass, and then its life
			d.kill(t)
		}
		r.end(t, syscall.SIGKILL)
		if round%2 == 1 {
			d = open(t, dir, "--no-orders")
			s.d = d
		}
	}
	config := s.config(t, nil)
	for range 2 { // what a pass found of the one before, the next finishes
		for _, mode := range []string{orders, membership, reporting} {
			s.failing(t, config, mode)
		}
	}
	s.settled(t, map[string]string{"carol": "site_carol OK", "dave": "site_dave OK"})
	s.pass(t, config, membership)
	s.pass(t, config, reporting)

	sum := 0.0
	site := s.state(t)
	if len(site.Resources) != len(made) {
		t.Errorf("the site has %d allocations for %d orders", len(site.Resources), len(made))
	}
	for n, m := range made {
		equal(t, "order", s.orderState(t, m.UUID), "done")
		res := s.resource(t, m.Resource)
		equal(t, "resource", res.State+" "+res.BackendID, "OK a-"+res.Slug)
		equal(t, "members", members(site, res.BackendID), "site_carol site_dave")
		equal(t, "limits", fmt.Sprint(site.Resources[res.BackendID].Limits), "map[mem:1]")
		sum += 2.00 + 4.50*used[res.BackendID]
		if cpu := used[res.BackendID]; cpu > 0 {
			total, users := s.usage(t, m.Resource)
			equal(t, fmt.Sprintf("usage of %d", n), total, fmt.Sprintf("%.2f", cpu))
			equal(t, "users' parts", fmt.Sprint(users), fmt.Sprintf("map[site_carol:%.2f]", cpu))
		}
	}
	equal(t, "charged", s.charged(t), fmt.Sprintf("%.2f", sum))
	if got := s.identities(t); len(got) != 4 {
		t.Errorf("the agents are registered as %v", got)
	}
	d.verified(t)
	d.stop(t)
}

// stir gives the agents of a round something to do: an order, and usage of what is there.
func (s *site) stir(t *testing.T, round int, made *[]allocation, used map[string]float64) {
	t.Helper()
	if round%3 == 0 {
		*made = append(*made, s.order(t, fmt.Sprintf("r%d", round), 1))
	}
	if _, err := os.Stat(filepath.Join(s.dir, "site.json")); err != nil {
		return
	}
	for name := range s.state(t).Resources {
		used[name]++
		s.uses(t, name, map[string]float64{"site_carol": used[name]})
	}
}

// The event mode without a broker looks for itself and registers nothing.
func TestTheEventModeWithoutABroker(t *testing.T) {
	needsClients(t)
	d := empty(t)
	s := newSite(t, d, newAgents(t)).noop()
	config := s.config(t, map[string]any{"stomp_enabled": false})
	r := s.start(t, "waldur_site_agent", "-m", "event_process", "-c", config)
	select {
	case <-r.idle:
	case <-r.ended:
		t.Fatalf("it ended with %d\n%s", r.code, tail(r.said(t)))
	case <-time.After(passWithin):
		t.Fatalf("it made no pass\n%s", tail(r.said(t)))
	}
	r.end(t, syscall.SIGTERM)
	if got := s.identities(t); len(got) != 0 {
		t.Errorf("it registered %v", got)
	}
	d.stop(t)
}

// Asked for a broker that the desk has not, the event mode makes its first pass, which does
// orders, is told 404 for its queue, and goes on by looking for itself.
func TestTheEventModeAskedForABroker(t *testing.T) {
	needsClients(t)
	d := empty(t)
	s := newSite(t, d, newAgents(t)).noop()
	made := s.order(t, "first", 1)
	r := s.start(t, "waldur_site_agent", "-m", "event_process", "-c", s.config(t, map[string]any{"stomp_enabled": true, "websocket_use_tls": false}))
	select {
	case <-r.idle:
	case <-r.ended:
		t.Fatalf("it ended with %d\n%s", r.code, tail(r.said(t)))
	case <-time.After(passWithin):
		t.Fatalf("it made no pass\n%s", tail(r.said(t)))
	}
	r.end(t, syscall.SIGTERM)
	equal(t, "order", s.orderState(t, made.UUID), "done")
	if got, want := s.identities(t), []string{"agent-" + s.offering, "initial-offering-process"}; !slices.Equal(got, want) {
		t.Errorf("it registered %v, want %v", got, want)
	}
	d.stop(t)
}
