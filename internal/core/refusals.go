package core

import (
	"sync"
	"time"

	"github.com/docket-desk/docket/internal/id"
)

type refusalKey struct{ limit, user id.ID }

// throttle lets the first of a kind through each minute.
type throttle struct {
	mu   sync.Mutex
	last map[refusalKey]time.Time
}

func (t *throttle) first(k refusalKey, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if at, ok := t.last[k]; ok && now.Sub(at) < time.Minute && !now.Before(at) {
		return false
	}
	if t.last == nil || len(t.last) > 10000 { // forgetting costs an event too many
		t.last = map[refusalKey]time.Time{}
	}
	t.last[k] = now
	return true
}
