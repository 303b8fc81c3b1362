package sqlite

import (
	"context"
	"encoding/binary"
	"os"

	"zombiezen.com/go/sqlite"
)

// Frames of the log, a page each. Taking them into the file off the writer's path keeps
// its stalls short, but under load it never catches up, and the log begins again at its
// start only when all of it has been taken: so once it is overlong, the writer takes what
// little the checkpointer has left, between two batches.
const (
	longLog  = 8000
	overlong = 16000
	little   = 50
	passes   = 3
)

// checkpoint takes the log into the file whenever it is long, on a connection of its own.
func (s *Store) checkpoint() {
	var c *conn
	defer func() {
		if c != nil {
			c.c.Close()
		}
	}()
	for {
		select {
		case <-s.closed:
			return
		case <-s.long:
		}
		if c == nil {
			var err error
			if c, err = openConn(s.path(), sqlite.OpenReadWrite, "synchronous = full", "wal_autocheckpoint = 0"); err != nil {
				c = nil
				continue // the next commit asks again; the log only grows until then
			}
		}
		s.takeLog(c)
	}
}

// takeLog runs passive checkpoints, which wait for nobody; what a reader's snapshot still
// needs is left to the next. That one fails costs nothing but the log's length.
func (s *Store) takeLog(c *conn) {
	const passive = "PRAGMA wal_checkpoint(PASSIVE)"
	if c.script(passive) != nil || s.log.length() < overlong {
		return
	}
	for n := 1; n < passes && s.log.waiting() > little; n++ {
		if c.script(passive) != nil {
			return
		}
	}
	_ = s.line.Between(context.Background(), func() error { return s.writer.script(passive) })
}

// walIndex reads how long the log is from the index that SQLite keeps beside it, which
// has it at fixed places: see "WAL-Index Format" in SQLite's documentation.
type walIndex struct{ file *os.File }

func openWALIndex(path string) (*walIndex, error) {
	f, err := os.Open(path + "-shm")
	if err != nil {
		return nil, err
	}
	return &walIndex{f}, nil
}

func (w *walIndex) close() {
	if w != nil {
		w.file.Close()
	}
}

// frames are those in the log and those of them that are in the file already.
func (w *walIndex) frames() (log, done int) {
	var b [100]byte
	if n, _ := w.file.ReadAt(b[:], 0); n < len(b) {
		return 0, 0
	}
	return int(binary.NativeEndian.Uint32(b[16:])), int(binary.NativeEndian.Uint32(b[96:]))
}

func (w *walIndex) length() int { log, _ := w.frames(); return log }

func (w *walIndex) waiting() int { log, done := w.frames(); return log - done }
