package app_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/agentplane/agentplane/sim"
)

// TestWhatLandsAgainIsJudgedAgain: the target took the offer squashed, and took one change of it back, while a change that
// was made on top of that one landed. Landing again, its branch would bring back what is another agent's.
func TestWhatLandsAgainIsJudgedAgain(t *testing.T) {
	t.Parallel()
	q := newQueued(t, "merge", func(s *setup) { s.app.Now, s.app.TickEvery = brisk(), 20*time.Millisecond })
	one := q.propose("metadata", map[string]string{"src/content/b": "b\n"})
	q.settle()
	q.integrate(one)
	two := q.propose("search", map[string]string{"src/pages/c": "c\n"}) // stands on the integration branch
	q.settle()
	offer := q.offered()
	q.ci.Hold()
	q.integrate(two)
	var armed atomic.Bool
	armed.Store(true)
	q.hub.SetFaults(sim.Faults{LateBy: 500 * time.Millisecond, Decide: func(x sim.Exchange) sim.Fault {
		if x.Method == "GET" && strings.Contains(x.Query, "git-receive-pack") && armed.CompareAndSwap(true, false) {
			go func() {
				if _, err := offer.Merge(q.ana, sim.Merge{Method: "squash"}); err != nil {
					t.Error(err)
				}
				if _, err := q.repo.Commit(sim.Commit{By: q.ana, Branch: "main", Message: "Take it back", Delete: []string{"src/content/b"}}); err != nil {
					t.Error(err)
				}
			}()
			return sim.FaultLate
		}
		return sim.FaultNone
	}})
	q.ci.Release()
	q.settle()
	q.hub.Heal()
	for range 20 {
		q.must(q.app.Tick(t.Context()))
		q.settle()
	}
	if q.file("main", "src/pages/c") != "" || two.State() != "merged" {
		t.Fatalf("it did not land while the offer was merged: %s", two.State())
	}
	if q.file("integration/next", "src/content/b") != "" {
		t.Errorf("what the target took back is on the branch again: %s\n%s", q.lane(two), q.gitOut("log", "--format=%h %s", "--first-parent", q.repo.Tip("integration/next")))
	}
	q.invariants()
}
