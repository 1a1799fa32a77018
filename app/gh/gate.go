package gh

import (
	"sync"
	"time"
)

// maxWait bounds how long a limit without a stated end is obeyed before GitHub is asked again.
const maxWait = 15 * time.Minute

// gate remembers until when GitHub asked each installation to wait.
//
// A limit that states its end is obeyed to that moment. One that does not is obeyed for minWait (GitHub asks for at least
// a minute), doubled each time the next request is limited again.
type gate struct {
	minWait time.Duration

	mu     sync.Mutex
	closed map[int64]closure
}

type closure struct {
	until   time.Time
	refusal int // limits in a row that did not state their end
}

func newGate(minWait time.Duration) *gate {
	return &gate{minWait: minWait, closed: map[int64]closure{}}
}

// closedUntil is the moment an installation may send again; the zero time when it may send now.
func (g *gate) closedUntil(installation int64) time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.closed[installation].until
}

// close notes a limit met at now and returns when to send again.
func (g *gate) close(installation int64, wait time.Duration, now time.Time) time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	c := g.closed[installation]
	if wait <= 0 {
		wait = min(g.minWait<<min(c.refusal, 10), maxWait)
		c.refusal++
	}
	c.until = now.Add(wait)
	g.closed[installation] = c
	return c.until
}

// open forgets an installation's limits after an answer that was none.
func (g *gate) open(installation int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.closed, installation)
}
