package postgres

import (
	"net"
	"net/url"
	"sync"
	"testing"
	"time"
)

// fate is what becomes of a piece of what a client sends.
type fate int

const (
	pass      fate = iota
	cutAfter       // the server gets it and works on; nobody hears the answer
	cutWithin      // the server gets half of it and waits for the rest
	swallow        // the server's next answer is lost, and then the connection
	silence        // the connection stays, and nothing comes through any more
)

// proxy stands before the database and does to connections what networks do.
type proxy struct {
	listener net.Listener
	to       string
	// linger is how long the server's end stays open after a cut.
	linger func() time.Duration

	mu    sync.Mutex
	judge func(sent []byte) fate // nil: all pass
	seen  map[fate]int
	quiet []net.Conn // those that fell silent
}

// hangUp ends the connections that fell silent.
func (p *proxy) hangUp() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.quiet {
		c.Close()
	}
}

// newProxy is one before the database of an address; its own address comes back with it.
func newProxy(t testing.TB, dsn string) (*proxy, string) {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: l, to: u.Host, linger: func() time.Duration { return 0 }, seen: map[fate]int{}}
	t.Cleanup(func() { l.Close() })
	go p.serve()
	u.Host = l.Addr().String()
	return p, u.String()
}

// set says what becomes of what is sent from now on.
func (p *proxy) set(judge func(sent []byte) fate) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.judge = judge
}

// count is how often a fate was met.
func (p *proxy) count(f fate) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.seen[f]
}

func (p *proxy) fate(sent []byte) fate {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.judge == nil {
		return pass
	}
	f := p.judge(sent)
	p.seen[f]++
	return f
}

func (p *proxy) serve() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		go p.connect(client)
	}
}

// link is one connection through the proxy.
type link struct {
	client, server net.Conn
	mu             sync.Mutex
	deaf           bool // answers are lost
	lastAnswer     bool // the next one is lost, and then the connection
}

func (p *proxy) connect(client net.Conn) {
	server, err := net.Dial("tcp", p.to)
	if err != nil {
		client.Close()
		return
	}
	l := &link{client: client, server: server}
	go l.answers()
	defer client.Close()
	buf := make([]byte, 1<<18)
	for {
		n, err := client.Read(buf)
		if err != nil {
			server.Close()
			return
		}
		switch f := p.fate(buf[:n]); f {
		case pass, swallow:
			l.mu.Lock()
			l.lastAnswer = l.lastAnswer || f == swallow
			l.mu.Unlock()
			if _, err := server.Write(buf[:n]); err != nil {
				return
			}
		case cutAfter, cutWithin:
			if f == cutWithin {
				n /= 2
			}
			l.hush()
			_, _ = server.Write(buf[:n]) // it may be gone already
			time.AfterFunc(p.linger(), func() { server.Close() })
			return
		case silence:
			l.hush()
			p.mu.Lock()
			p.quiet = append(p.quiet, client)
			p.mu.Unlock()
			for err == nil { // what comes is for nobody
				_, err = client.Read(buf)
			}
			server.Close()
			return
		}
	}
}

func (l *link) hush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.deaf = true
}

// answers hands on what the server sends.
func (l *link) answers() {
	buf := make([]byte, 1<<16)
	for {
		n, err := l.server.Read(buf)
		l.mu.Lock()
		deaf, last := l.deaf, l.lastAnswer
		l.mu.Unlock()
		switch {
		case err != nil && !deaf, last:
			l.client.Close()
			l.server.Close()
			return
		case err != nil:
			return
		case !deaf:
			if _, err := l.client.Write(buf[:n]); err != nil {
				l.server.Close()
				return
			}
		}
	}
}

// once meets the first piece that a test is for with a fate, and lets all others pass.
func once(f fate, is func(sent []byte) bool) func([]byte) fate {
	met := false
	return func(sent []byte) fate {
		if met || !is(sent) {
			return pass
		}
		met = true
		return f
	}
}
