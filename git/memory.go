package git

import (
	"errors"
	"sync"
	"time"
)

const (
	memoryTime = time.Hour // how long a costly refusal is repeated from memory
	memorySize = 1000      // how many are remembered
)

// memory repeats costly refusals, so that a pull request that takes git to its
// limits does so once an hour and not whenever somebody looks at it again. It
// forgets, because a machine short of memory may have been at fault.
type memory struct {
	mu   sync.Mutex
	said map[string]recollection
}

type recollection struct {
	err   *RefusedError
	until time.Time
}

// recall returns the refusal of the same work, or nil.
func (m *memory) recall(work string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s, ok := m.said[work]; ok && time.Now().Before(s.until) {
		return s.err
	}
	return nil
}

// note remembers err if it is a refusal that was costly to find.
func (m *memory) note(work string, err error) {
	var e *RefusedError
	if !errors.As(err, &e) || e.Kind != OutOfLimits && e.Kind != TooLarge && e.Kind != BadObjects {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.said) >= memorySize {
		clear(m.said)
	}
	m.said[work] = recollection{e, time.Now().Add(memoryTime)}
}
