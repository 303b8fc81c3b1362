//go:build linux

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"regexp"
	"syscall"
	"time"
)

// server is a process that answers on a port of its own.
type server struct {
	cmd  *exec.Cmd
	addr string // of its http port
}

var listening = regexp.MustCompile(`http://([0-9.]+:[0-9]+)`)

// startDocket starts docket serve as it was built.
func (b *bench) startDocket(ctx context.Context, s site) (*server, error) {
	args := []string{"serve", "--data", s.Data, "--http", "127.0.0.1:0", "--https", "127.0.0.1:0", "--log-level", "warn"}
	if s.DB != "" {
		args = append(args, "--db", s.DB)
	}
	return startServer(ctx, exec.Command(b.docket, args...))
}

// startServer starts a process and waits until it says where it answers.
func startServer(ctx context.Context, cmd *exec.Cmd) (*server, error) {
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := &server{cmd: cmd}
	said := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if m := listening.FindStringSubmatch(lines.Text()); m != nil {
				said <- m[1]
				break
			}
		}
		close(said)
		for lines.Scan() { // so that it never waits for a reader
		}
	}()
	t := time.NewTimer(patience)
	defer t.Stop()
	select {
	case s.addr = <-said:
	case <-t.C:
	case <-ctx.Done():
	}
	if s.addr == "" {
		return nil, errors.Join(fmt.Errorf("%s does not say where it answers", cmd.Path), ctx.Err(), s.stop())
	}
	return s, nil
}

// stop asks the process to end, and ends it if it does not.
func (s *server) stop() error {
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	t := time.AfterFunc(patience, func() { s.cmd.Process.Kill() })
	defer t.Stop()
	return s.cmd.Wait()
}

func (s *server) meter() meter {
	return others(func() ([]int, error) { return []int{s.cmd.Process.Pid}, nil })
}

// asking is what one client of many asks next, spelled into buf.
type asking func(buf []byte, r *rand.Rand) []byte

// loadHTTP loads an address with one connection for each worker.
func loadHTTP(ctx context.Context, addr string, p plan, next asking) (out sample, err error) {
	wires := make([]*wire, p.workers)
	defer func() {
		for _, w := range wires {
			if w != nil {
				err = errors.Join(err, w.close())
			}
		}
	}()
	for n := range wires {
		if wires[n], err = dial(addr); err != nil {
			return sample{}, err
		}
	}
	bufs := make([][]byte, p.workers)
	return load(ctx, p, func(_ context.Context, w int, r *rand.Rand) error {
		bufs[w] = next(bufs[w][:0], r)
		return wires[w].ask(bufs[w])
	})
}

// oneOf asks any of some requests.
func oneOf(requests [][]byte) asking {
	return func(_ []byte, r *rand.Rand) []byte { return requests[r.IntN(len(requests))] }
}

// get spells a GET with a token.
func get(addr, path string, actor int) []byte {
	return fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Token %s\r\nAccept: application/json\r\n\r\n", path, addr, tokenOf(actor))
}

// poster asks for orders through the native door, of anyone, each under a key of its own.
func (d *desk) poster(addr string) asking {
	customers := d.world.customers
	return func(buf []byte, r *rand.Rand) []byte {
		customer := r.IntN(customers)
		buf = fmt.Appendf(buf, "POST /docket/v1/orders HTTP/1.1\r\nHost: %s\r\nAuthorization: Token %s\r\nContent-Type: application/json\r\nIdempotency-Key: %s%d\r\n",
			addr, tokenOf(customer*usersOf+r.IntN(usersOf)), d.run, d.keys.Add(1))
		const body = `{"offering":"hours-%d-%d","project":"%s","name":"allocation of a survey","amounts":{"cpu":"100","storage":"5"}}`
		text := fmt.Appendf(make([]byte, 0, 256), body, r.IntN(providers), r.IntN(offeringsOf), projectSlug(customer, r.IntN(projectsOf)))
		buf = fmt.Appendf(buf, "Content-Length: %d\r\n\r\n", len(text))
		return append(buf, text...)
	}
}
