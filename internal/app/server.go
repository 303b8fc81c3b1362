package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/docket-desk/docket/internal/core"
)

// Bounds of the ports.
const (
	headerWithin = 10 * time.Second
	readWithin   = time.Minute
	writeWithin  = 5 * time.Minute
	idleFor      = 2 * time.Minute
	maxHeader    = 64 << 10
	stopWithin   = 3 * time.Second // for requests under way; the workers and the books need some of five, too
)

// Server is a desk with its ports open and its workers at work.
type Server struct {
	*Desk
	HTTPAddr, HTTPSAddr string // as they are listened on

	plain, secure *http.Server
	lines         []net.Listener
	failed        chan error
	stopWorkers   context.CancelFunc
	workers       sync.WaitGroup
}

// Serve opens a desk's ports and starts its workers. It returns once both ports listen;
// Stop ends it and closes the desk. Where it fails the desk is closed.
func (d *Desk) Serve(ctx context.Context) (*Server, error) {
	s := &Server{Desk: d, failed: make(chan error, 2)}
	if err := s.listen(); err != nil {
		for _, l := range s.lines {
			l.Close()
		}
		return nil, errors.Join(err, d.Close())
	}
	// The workers outlive the call's context on purpose: Stop ends them after the ports.
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	s.stopWorkers = cancel
	for _, run := range d.workers() {
		s.workers.Go(func() { run(work) })
	}
	return s, nil
}

func (s *Server) listen() error {
	handler, err := s.Handler()
	if err != nil {
		return err
	}
	for _, port := range []struct {
		addr   string
		bound  *string
		server **http.Server
		secure bool
	}{{s.Config.HTTP, &s.HTTPAddr, &s.plain, false}, {s.Config.HTTPS, &s.HTTPSAddr, &s.secure, true}} {
		l, err := net.Listen("tcp", port.addr)
		if err != nil {
			return fmt.Errorf("%w: choose another address with --http and --https; port 0 takes a free one", err)
		}
		s.lines = append(s.lines, l)
		*port.bound = l.Addr().String()
		*port.server = &http.Server{Handler: handler, ReadHeaderTimeout: headerWithin, ReadTimeout: readWithin, WriteTimeout: writeWithin, IdleTimeout: idleFor,
			MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug)}
		serve := (*port.server).Serve
		if port.secure {
			t, err := s.Config.tls(l.Addr())
			if err != nil {
				return err
			}
			(*port.server).TLSConfig = t
			srv := *port.server
			serve = func(l net.Listener) error { return srv.ServeTLS(l, "", "") }
		}
		go func() {
			if err := serve(l); err != nil && !errors.Is(err, http.ErrServerClosed) {
				s.failed <- err
			}
		}()
	}
	return nil
}

// Wait returns when ctx ends or a port fails.
func (s *Server) Wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-s.failed:
		return err
	}
}

// Stop ends the ports, then the workers, then closes the books, within five seconds.
// Requests under way have three to end; jobs that are cut off run again at the next start.
func (s *Server) Stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopWithin)
	defer cancel()
	s.stopWorkers()
	var ports sync.WaitGroup
	for _, srv := range []*http.Server{s.plain, s.secure} {
		ports.Go(func() {
			if srv.Shutdown(ctx) != nil {
				srv.Close()
			}
		})
	}
	ports.Wait()
	s.workers.Wait()
	return s.Desk.Close()
}

// Handler is everything that both ports answer.
func (d *Desk) Handler() (http.Handler, error) {
	r := router{}
	for _, one := range doors {
		prefixes, handler, err := one(d)
		if err != nil {
			return nil, err
		}
		for _, p := range prefixes {
			r = append(r, route{p, handler})
		}
	}
	// The longest prefix first: /api/v1 is another door's than /api.
	slices.SortStableFunc(r, func(a, b route) int { return len(b.prefix) - len(a.prefix) })
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", d.ready)
	mux.HandleFunc("GET /{$}", d.front)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "There is nothing here. / lists what this desk answers.", http.StatusNotFound)
	})
	return router(r).before(mux), nil
}

type route struct {
	prefix  string
	handler http.Handler
}

type router []route

// before hands requests to the door whose prefix their path begins with. It is no
// ServeMux, which would clean paths and answer some with a redirect: a redirect turns a
// vendor's client's POST into a GET.
func (rs router) before(rest http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, one := range rs {
			if tail, ok := strings.CutPrefix(r.URL.Path, one.prefix); ok && (tail == "" || tail[0] == '/') {
				one.handler.ServeHTTP(w, r)
				return
			}
		}
		rest.ServeHTTP(w, r)
	})
}

func (d *Desk) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	if err := d.Ready(ctx); err != nil {
		http.Error(w, "not ready: "+core.AsError(plain(err)).Error(), http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ready")
}

func (d *Desk) front(w http.ResponseWriter, _ *http.Request) {
	fmt.Fprint(w, `Docket: one order desk behind the APIs that its users' programs already speak.

/api/v1          imagery (also at the root: /auth, /order, /select, …)
/orders, …       hardware: racks and servers for a site
/v1, /v2, /v3    resource pools
/api             allocations
/docket/v1       the operator's API; its description is at /docket/v1/openapi.json
/healthz /readyz
`)
}
