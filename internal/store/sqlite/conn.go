package sqlite

import (
	"fmt"
	"strings"
	"time"

	"zombiezen.com/go/sqlite"

	"github.com/docket-desk/docket/internal/core"
)

// conn is a connection and the statements it keeps prepared.
type conn struct {
	c     *sqlite.Conn
	kept  map[string]*sqlite.Stmt // of queries that filters shape
	stood stood                   // in the snapshot that it reads
}

// mostKept bounds the shaped queries a connection keeps prepared: clients choose
// filters, so there is no end to their combinations.
const mostKept = 200

func openConn(path string, flags sqlite.OpenFlags, pragmas ...string) (*conn, error) {
	raw, err := sqlite.OpenConn(path, flags)
	if err != nil {
		return nil, err
	}
	c := &conn{c: raw, kept: map[string]*sqlite.Stmt{}}
	raw.SetBusyTimeout(5 * time.Second) // only someone else's tool can make it busy
	err = addFold(raw)
	for _, p := range pragmas {
		if err == nil {
			err = c.script("PRAGMA " + p)
		}
	}
	if err != nil {
		raw.Close()
		return nil, err
	}
	return c, nil
}

// addFold adds fold(text): lower case in every script, where SQLite's own lower and
// LIKE know the Latin alphabet alone.
func addFold(c *sqlite.Conn) error {
	return c.CreateFunction("fold", &sqlite.FunctionImpl{
		NArgs:         1,
		Deterministic: true,
		Scalar: func(_ sqlite.Context, args []sqlite.Value) (sqlite.Value, error) {
			if args[0].Type() == sqlite.TypeNull {
				return sqlite.Value{}, nil
			}
			return sqlite.TextValue(strings.ToLower(args[0].Text())), nil
		},
	})
}

// script runs statements one after another, without parameters, rows dropped.
func (c *conn) script(text string) error {
	for text = uncommented(text); text != ""; text = uncommented(text) {
		s, rest, err := c.c.PrepareTransient(text)
		if err != nil {
			return fmt.Errorf("%.60q: %w", text, err)
		}
		for more := true; more && err == nil; {
			more, err = s.Step()
		}
		if e := s.Finalize(); err == nil {
			err = e
		}
		if err != nil {
			return fmt.Errorf("%.60q: %w", text, err)
		}
		text = text[len(text)-rest:]
	}
	return nil
}

// uncommented drops spaces and comments before the first statement: a comment alone
// is none that could be run.
func uncommented(text string) string {
	text = strings.TrimSpace(text)
	for strings.HasPrefix(text, "--") {
		_, text, _ = strings.Cut(text, "\n")
		text = strings.TrimSpace(text)
	}
	return text
}

// number runs a query of one whole number; no row is 0.
func (c *conn) number(sql string) (int64, error) {
	s, err := c.c.Prepare(sql)
	if err != nil {
		return 0, err
	}
	ok, err := s.Step()
	if err != nil || !ok {
		return 0, err
	}
	n := s.ColumnInt64(0)
	return n, s.Reset()
}

// run steps a statement that has neither parameters nor rows, such as BEGIN.
func (c *conn) run(sql string) error {
	s, err := c.c.Prepare(sql)
	if err == nil {
		_, err = s.Step()
	}
	return err
}

// shaped prepares a query that filters shaped, and keeps it within bounds. No other
// query is being read meanwhile: every list is gathered whole.
func (c *conn) shaped(sql string) (*sqlite.Stmt, error) {
	if s := c.kept[sql]; s != nil {
		return c.c.Prepare(sql)
	}
	if len(c.kept) >= mostKept {
		for _, s := range c.kept {
			if err := s.Finalize(); err != nil {
				return nil, err
			}
		}
		clear(c.kept)
	}
	s, err := c.c.Prepare(sql)
	if err == nil {
		c.kept[sql] = s
	}
	return s, err
}

// endTx rolls back whatever the connection is in the middle of.
func (c *conn) endTx() error {
	if c.c.AutocommitEnabled() {
		return nil
	}
	return c.run("ROLLBACK")
}

// pool hands out connections for reading, at most so many, opened as they are needed.
type pool struct {
	open func() (*conn, error)
	free chan *conn // nil stands for one not opened yet
}

func newPool(n int, open func() (*conn, error)) *pool {
	p := &pool{open: open, free: make(chan *conn, n)}
	for range n {
		p.free <- nil
	}
	return p
}

// take waits for a connection until done or closed.
func (p *pool) take(done, closed <-chan struct{}) (*conn, bool, error) {
	select {
	case c := <-p.free:
		if c != nil {
			return c, true, nil
		}
		c, err := p.open()
		if err != nil {
			p.free <- nil
		}
		return c, err == nil, err
	case <-done:
		return nil, false, nil
	case <-closed:
		return nil, false, nil
	}
}

func (p *pool) give(c *conn) { p.free <- c }

// close waits for every connection to come back and closes it.
func (p *pool) close() error {
	var first error
	for range cap(p.free) {
		if c := <-p.free; c != nil {
			if err := c.c.Close(); first == nil {
				first = err
			}
		}
	}
	return first
}

var errOver = &core.Error{Kind: core.Internal, Op: "store", Msg: "The transaction is over."}
