package postgres

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/docket-desk/docket/internal/core"
	"github.com/docket-desk/docket/internal/id"
)

// note is one act as its submitter saw it. It is written down before the act and again
// with its answer, so that one whose process is killed is known to have been tried.
type note struct {
	Op       int64
	Kind     string
	Who      string `json:",omitempty"` // the customer
	Key      string `json:",omitempty"`
	Order    id.ID  `json:",omitempty"` // acted on
	Amount   int64  `json:",omitempty"` // asked for, or kept of what was asked for; of a limit: its value
	Limit    string `json:",omitempty"`
	Began    int64
	Ended    int64  `json:",omitempty"` // 0: nobody was there to hear the answer
	Status   string `json:",omitempty"`
	Got      id.ID  `json:",omitempty"` // the order answered
	Repeated bool   `json:",omitempty"`
	Lines    int    `json:",omitempty"`
	Said     string `json:",omitempty"`
}

// lostCommits is the kind of a note that is no act's: of how many commits a desk lost the
// answer, and how many of these stand.
const lostCommits = "lost commits"

// mark is what an act leaves on what it changes, so that it is known again.
func (n note) mark() string { return fmt.Sprintf("op-%d", n.Op) }

// The ways in which an act ends.
const (
	done        = "done"
	refused     = "refused"  // by a limit, or a contract that is not there
	conflict    = "conflict" // somebody was first
	away        = "away"     // the database was, and it was not done
	nobodyKnows = "nobody knows"
	failed      = "failed" // which no act should
)

// statusOf reads an answer.
func statusOf(err error) string {
	e := core.AsError(err)
	switch {
	case err == nil:
		return done
	case e.Kind == core.LimitExceeded, e.Reason == core.ReasonContract:
		return refused
	case e.Kind == core.Conflict, e.Kind == core.NotFound && e.About.Kind == "resource": // what is given back was no resource
		return conflict
	case e.Kind == core.Unavailable && e.Msg == unknown:
		return nobodyKnows
	case e.Kind == core.Unavailable:
		return away
	}
	return failed
}

// notebook is a file of notes.
type notebook struct {
	mu   sync.Mutex
	file *os.File
	err  error
}

func openNotebook(r run) (*notebook, error) {
	f, err := os.Create(filepath.Join(r.Dir, fmt.Sprintf("%d.%d.notes", r.Process, r.Generation)))
	return &notebook{file: f}, err
}

func (b *notebook) write(n note) {
	line, err := json.Marshal(n)
	b.mu.Lock()
	defer b.mu.Unlock()
	if err == nil {
		_, err = b.file.Write(append(line, '\n'))
	}
	b.err = errors.Join(b.err, err)
}

func (b *notebook) close() error { return errors.Join(b.err, b.file.Close()) }

// try does one act and notes it.
func (d *desk) try(n note, act func(n *note) error) note {
	n.Op = int64(d.Process)<<48 | int64(d.Generation)<<32 | d.serial.Add(1)
	n.Began = time.Now().UnixNano()
	d.notes.write(n)
	err := act(&n)
	n.Ended, n.Status = time.Now().UnixNano(), statusOf(err)
	if err != nil {
		n.Said = err.Error()
	}
	d.notes.write(n)
	return n
}

// readNotes reads all of a run, by op.
func readNotes(t testing.TB, dir string) map[int64]note {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.notes"))
	if err != nil {
		t.Fatal(err)
	}
	out := map[int64]note{}
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		for s := bufio.NewScanner(f); s.Scan(); {
			var n note
			if json.Unmarshal(s.Bytes(), &n) == nil { // the last line of a killed process may be half a one
				out[n.Op] = n
			}
		}
		f.Close()
	}
	return out
}
