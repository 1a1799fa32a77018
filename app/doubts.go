package app

import (
	"sync"
	"time"

	"github.com/agentplane/agentplane/store"
)

// doubts remembers what speaks against our records until it is confirmed: GitHub's answers may lag behind its own changes
// for a moment, and what looks like a rewind then is none. It is safe for concurrent use. A restart forgets them, which
// costs one more reading.
type doubts struct {
	now func() time.Time

	mu   sync.Mutex
	seen map[store.LaneID]doubt
}

type doubt struct {
	what  string // a tip, or the key of an effect
	since time.Time
	times int
}

// doubtTimes is how often the same must be seen before it counts.
const doubtTimes = 3

func newDoubts(now func() time.Time) *doubts {
	return &doubts{now: now, seen: map[store.LaneID]doubt{}}
}

// confirmed notes a reading, and tells whether it was seen often enough, and for as long as GitHub's answers may lag.
func (d *doubts) confirmed(id store.LaneID, what string, lag time.Duration) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	known, ok := d.seen[id]
	if !ok || known.what != what {
		known = doubt{what: what, since: d.now()}
	}
	known.times++
	d.seen[id] = known
	return known.times >= doubtTimes && d.now().Sub(known.since) >= lag
}

// settle forgets the doubt about a lane.
func (d *doubts) settle(id store.LaneID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.seen, id)
}
