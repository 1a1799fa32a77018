package app_test

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/agentplane/agentplane/sim"
)

// intruder does something once, right before the n-th exchange with the simulator since it was armed, and counts the
// times that the App asks git where everything is from then until the branch is moved.
type intruder struct {
	mu       sync.Mutex
	armed    bool
	left, on int // exchanges until it acts; exchanges seen since it was armed
	act      func()
	acted    bool
	asked    int
	landed   bool
}

func (i *intruder) before(x sim.Exchange) {
	i.mu.Lock()
	act := func() {}
	if i.armed && !i.landed && x.Hook == "" {
		i.on++
		if i.left--; i.left == 0 {
			i.acted, act = true, i.act
		}
	}
	i.mu.Unlock()
	act()
}

func (i *intruder) observe(x sim.Exchange) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.landed = i.landed || x.Route == "git receive-pack" && moveBranch.Match(x.RequestBody)
	if i.acted && !i.landed && x.Route == "git upload-pack" && asksForHeads(x.RequestBody) {
		i.asked++
	}
}

// landedAmidst has the App land a pull request while one thing happens right before the n-th exchange after CI has passed
// on its candidate. It tells whether what was tested landed, and how often the App has asked where the heads are in
// between; false when there are fewer exchanges.
func landedAmidst(t *testing.T, n int, act func(q *queued, p *sim.Pull)) (landed bool, asked int, happened bool) {
	t.Helper()
	i := &intruder{left: n}
	q := newQueued(t, "merge", func(s *setup) {
		s.watch, s.app.Workers, s.sim.Before, s.sim.Observe = false, 1, i.before, i.observe
	})
	p := q.propose("search", map[string]string{"src/pages/b": "b\n"})
	q.settle()
	q.ci.Hold()
	q.integrate(p)
	i.mu.Lock()
	i.armed, i.act = true, func() { act(q, p) }
	i.mu.Unlock()
	q.ci.Release()
	q.settle()
	q.invariants()
	i.mu.Lock()
	defer i.mu.Unlock()
	return strings.Contains(q.gitOut("log", "--format=%B", q.repo.Tip("integration/next")), "Agentplane-Pull: "), i.asked, i.acted
}

// TestAPushAtAnyMomentOfALanding pushes to the head right before each exchange of a landing, with nobody else asking
// anything. What was tested lands only when the App has not asked where the heads are since: then the push came too late.
func TestAPushAtAnyMomentOfALanding(t *testing.T) {
	t.Parallel()
	first, stride := 6, 5
	switch {
	case raceDetector:
		stride = 7
	case os.Getenv("AGENTPLANE_LONG") != "": // make soak takes them all
		stride = 1
	}
	var mu sync.Mutex
	var late, early int
	t.Run("moments", func(t *testing.T) {
		for n := first; n <= 36; n += stride {
			t.Run(fmt.Sprint(n), func(t *testing.T) {
				t.Parallel()
				landed, asked, happened := landedAmidst(t, n, func(q *queued, _ *sim.Pull) {
					q.commit("search", "agent/search", map[string]string{"src/content/trespass": "x\n"})
				})
				mu.Lock()
				defer mu.Unlock()
				switch {
				case !happened:
				case landed && asked > 0:
					t.Errorf("pushed before exchange %d, the old head landed although the heads were asked for %d times since", n, asked)
				case landed:
					late++
				default:
					early++
				}
			})
		}
	})
	if os.Getenv("AGENTPLANE_LONG") != "" && !raceDetector && (late == 0 || early == 0) || early == 0 {
		t.Errorf("%d pushes came in time and %d too late: want some of each", early, late)
	}
	t.Logf("%d pushes came in time, %d too late", early, late)
}

// TestAPushAtAnyMomentToTheBranch has a person push to the integration branch right before exchanges of a landing. Whatever
// came first, what the person pushed stays: the invariants hold that what lands stands on it.
func TestAPushAtAnyMomentToTheBranch(t *testing.T) {
	t.Parallel()
	stride := 6
	switch {
	case raceDetector:
		stride = 9
	case os.Getenv("AGENTPLANE_LONG") != "":
		stride = 1
	}
	for n := 6; n <= 18; n += stride {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			var world *queued
			var sha string
			landedAmidst(t, n, func(q *queued, _ *sim.Pull) {
				var err error
				sha, err = q.repo.Commit(sim.Commit{By: q.ana, Branch: "integration/next", Message: "By hand", Files: map[string]string{"by-hand": "x\n"}})
				q.must(err)
				world = q
			})
			if world != nil && !world.contains(world.repo.Tip("integration/next"), sha) {
				t.Errorf("pushed before exchange %d, %s is not on the branch any more", n, sha)
			}
		})
	}
}
