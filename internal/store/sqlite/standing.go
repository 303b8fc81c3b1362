package sqlite

import (
	"encoding/binary"
	"sync/atomic"

	"github.com/docket-desk/docket/internal/store/record"
)

// marks tell readers which tables a commit has written since: the mark of each moves before
// and after a commit that writes it, so it is odd in between. Nobody but this process's writer
// writes to the file.
type marks [record.MostTables]atomic.Int64

func (m *marks) move(tables record.Tables) {
	for n := range tables.Each {
		m[n].Add(1)
	}
}

// stood are marks as they were read.
type stood [record.MostTables]int64

// before reads the marks before a snapshot is taken.
func (m *marks) before(s *stood) {
	for n := range s {
		s[n] = m[n].Load()
	}
}

// after leaves of the marks read before a snapshot those that still stand once it is taken: it
// has all that was committed under them and nothing that is committed later.
func (m *marks) after(s *stood) {
	for n := range s {
		if s[n]%2 != 0 || s[n] != m[n].Load() {
			s[n] = moving
		}
	}
}

const moving = -1

// Standing is the marks of tables in the reader's snapshot.
func (r *reader) Standing(of record.Tables) string {
	var b []byte
	for n := range of.Each {
		if r.e.c == nil || r.e.c.stood[n] == moving {
			return ""
		}
		b = binary.AppendVarint(b, r.e.c.stood[n])
	}
	return string(b)
}
