package app

import (
	"sync"
	"time"
)

// doubts remembers what speaks against our records until it is confirmed: GitHub's answers may lag behind its own changes
// for a moment, and what looks like a rewind then is none. They are kept by what they are about: a lane, or a pull request.
// It is safe for concurrent use. A restart forgets them, which costs one more reading.
type doubts[About comparable] struct {
	now func() time.Time

	mu   sync.Mutex
	seen map[About]doubt
}

type doubt struct {
	what  string // a tip, the key of an effect, or a head
	since time.Time
	times int
}

// doubtTimes is how often the same must be seen before it counts.
const doubtTimes = 3

func newDoubts[About comparable](now func() time.Time) *doubts[About] {
	return &doubts[About]{now: now, seen: map[About]doubt{}}
}

// confirmed notes a reading, and tells whether it was seen often enough, and for as long as GitHub's answers may lag.
func (d *doubts[About]) confirmed(about About, what string, lag time.Duration) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	known, ok := d.seen[about]
	if !ok || known.what != what {
		known = doubt{what: what, since: d.now()}
	}
	known.times++
	d.seen[about] = known
	return known.times >= doubtTimes && d.now().Sub(known.since) >= lag
}

// settle forgets a doubt.
func (d *doubts[About]) settle(about About) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.seen, about)
}
