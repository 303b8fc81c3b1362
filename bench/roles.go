//go:build linux

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"github.com/docket-desk/docket/client"
)

// roleVariable names the role in which this program starts itself again.
const roleVariable = "DOCKET_BENCH_ROLE"

// play is what the program does in a role. It ends when whoever started it has ended.
func play(ctx context.Context, role string) error {
	ctx, cancel := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer cancel()
	switch role {
	case "bare":
		return bare(ctx)
	case "place":
		in := bufio.NewReader(os.Stdin)
		return playPlace(ctx, in, cancel)
	case "post":
		in := bufio.NewReader(os.Stdin)
		return playClients(ctx, in, cancel, func(_ context.Context, p part) (asking, error) {
			d := &desk{world: &world{customers: p.Customers}, run: runName()}
			return d.poster(p.Addr), nil
		})
	case "get":
		in := bufio.NewReader(os.Stdin)
		return playClients(ctx, in, cancel, newestOf)
	}
	return fmt.Errorf("there is no role %q", role)
}

// part is what one of several processes is to do.
type part struct {
	Site      site
	Addr      string // of the server, for post
	Customers int    // for post
	Workers   int
	Hot       bool
	Warm      time.Duration
	Time      time.Duration
	Seed      uint64
}

func (p part) plan() plan {
	return plan{workers: p.Workers, warm: p.Warm, time: p.Time, meter: myself, seed: p.Seed}
}

// playPlace places orders at once with others: it reads its part, says that it is ready,
// waits for the word and tells what it did.
func playPlace(ctx context.Context, in *bufio.Reader, cancel func()) (err error) {
	var p part
	if err := readPart(in, &p); err != nil {
		return err
	}
	d, err := p.Site.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	if err := ready(in, cancel); err != nil {
		return err
	}
	got, err := load(ctx, p.plan(), func(ctx context.Context, _ int, r *rand.Rand) error { return d.place(ctx, r, p.Hot) })
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(got)
}

func readPart(in *bufio.Reader, p *part) error {
	line, err := in.ReadBytes('\n')
	if err != nil {
		return err
	}
	return json.Unmarshal(line, p)
}

// ready says so and waits for the word. From then on the end of input ends the role.
func ready(in *bufio.Reader, cancel func()) error {
	fmt.Println("ready")
	if _, err := in.ReadString('\n'); err != nil {
		return err
	}
	go func() {
		io.Copy(io.Discard, in)
		cancel()
	}()
	return nil
}

// playClients asks over HTTP, so that who measures a server within this program does not
// measure its clients, too.
func playClients(ctx context.Context, in *bufio.Reader, cancel func(), what func(context.Context, part) (asking, error)) error {
	var p part
	if err := readPart(in, &p); err != nil {
		return err
	}
	next, err := what(ctx, p)
	if err != nil {
		return err
	}
	if err := ready(in, cancel); err != nil {
		return err
	}
	got, err := loadHTTP(ctx, p.Addr, p.plan(), next)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(got)
}

// newestOf asks for orders that the first users see, by their tokens.
func newestOf(ctx context.Context, p part) (asking, error) {
	var requests [][]byte
	for actor := range min(100, p.Customers) * usersOf {
		list, err := client.New("http://"+p.Addr, tokenOf(actor)).Orders(ctx, client.OrderQuery{Limit: 5})
		if err != nil {
			return nil, err
		}
		for _, o := range list.Orders {
			requests = append(requests, get(p.Addr, "/docket/v1/orders/"+o.ID, actor))
		}
	}
	if len(requests) == 0 {
		return nil, errors.New("there are no orders to read")
	}
	return oneOf(requests), nil
}

// child is this program at work in a role, in a process of its own.
type child struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// child starts one and waits until it is ready.
func (b *bench) child(role string, p part) (*child, error) {
	c := &child{cmd: b.again(role)}
	c.cmd.Stderr = os.Stderr
	in, err := c.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.in, c.out = in, bufio.NewReader(out)
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	if err = json.NewEncoder(in).Encode(p); err == nil {
		_, err = c.out.ReadString('\n')
	}
	if err != nil {
		return nil, errors.Join(err, c.end())
	}
	return c, nil
}

// end lets it end: its input ends, so it does.
func (c *child) end() error { return errors.Join(c.in.Close(), c.cmd.Wait()) }

// together starts a process for each part, lets all of them begin at once and joins what
// they did.
func (b *bench) together(role string, parts ...part) (out sample, err error) {
	var all []*child
	defer func() {
		for _, c := range all {
			err = errors.Join(err, c.end())
		}
	}()
	for _, p := range parts {
		c, err := b.child(role, p)
		if err != nil {
			return sample{}, err
		}
		all = append(all, c)
	}
	for _, c := range all {
		if _, err := io.WriteString(c.in, "go\n"); err != nil {
			return sample{}, err
		}
	}
	got := make([]sample, len(all))
	for n, c := range all {
		if err := json.NewDecoder(c.out).Decode(&got[n]); err != nil {
			return sample{}, err
		}
	}
	return joined(got), nil
}
