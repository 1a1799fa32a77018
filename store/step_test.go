package store_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/agentplane/agentplane/queue"
	"github.com/agentplane/agentplane/store"
)

func TestADeclinedStepDoesNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		db := open(t, b.url(t), quick())
		never := func(queue.Lane) bool { return false }
		l, stepped, err := db.StepIf(within(t), blog, opening()[0], never)
		if err != nil || stepped || l.Branch != blog.Branch {
			t.Errorf("a lane that is not there: %+v, %v, %v", l, stepped, err)
		}
		if ids, err := db.LaneIDs(within(t)); err != nil || len(ids) > 0 {
			t.Errorf("a declined step made lanes: %v, %v", ids, err)
		}
		step(t, db, blog, append(opening(), enter(4)...)...)
		before := replay(t, db, blog)
		for _, e := range []queue.Event{enter(5)[0], queue.Ticked{At: noon.Add(time.Hour)}} {
			l, stepped, err = db.StepIf(within(t), blog, e, never)
			if err != nil || stepped || len(l.Entries) != 1 || !l.Now.Equal(noon) {
				t.Errorf("declined: %+v, %v, %v", l, stepped, err)
			}
		}
		if after := replay(t, db, blog); len(after) != len(before) {
			t.Errorf("declined steps made %d rows", len(after)-len(before))
		}
		l, stepped, err = db.StepIf(within(t), blog, enter(5)[0], func(l queue.Lane) bool { return l.Tip == "base" })
		if err != nil || !stepped || len(l.Entries) != 2 {
			t.Errorf("wanted: %+v, %v, %v", l, stepped, err)
		}
		if _, stepped, err := db.StepIf(within(t), blog, nil, never); err == nil || stepped {
			t.Error("no event was stepped")
		}
	})
}

// TestNothingComesBetweenTheAnswerAndTheStep: of many that step only a lane
// without entries, one does.
func TestNothingComesBetweenTheAnswerAndTheStep(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		url := b.url(t)
		dbs := []*store.DB{open(t, url, quick())}
		if b.name == "postgres" { // a second process
			dbs = append(dbs, open(t, url, quick()))
		}
		for round := range 5 {
			id := store.LaneID{Repo: 1, Branch: fmt.Sprint("integration/", round)}
			var did atomic.Int32
			var wg sync.WaitGroup
			for i := range 8 {
				wg.Go(func() {
					_, stepped, err := dbs[i%len(dbs)].StepIf(within(t), id, enter(1 + i)[0], func(l queue.Lane) bool { return len(l.Entries) == 0 })
					if err != nil {
						t.Error(err)
					}
					if stepped {
						did.Add(1)
					}
				})
			}
			wg.Wait()
			if l, _, err := dbs[0].Lane(within(t), id); err != nil || did.Load() != 1 || len(l.Entries) != 1 {
				t.Errorf("%d stepped, %d entries, %v", did.Load(), len(l.Entries), err)
			}
		}
	})
}
