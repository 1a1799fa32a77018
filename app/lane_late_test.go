package app_test

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/agentplane/agentplane/sim"
)

// stall holds the first push to the integration branch back, as a GitHub that takes its time, until it is released.
type stall struct {
	once     sync.Once
	sent     chan struct{} // closed when the push has arrived
	released chan struct{}
}

func (s *stall) before(x sim.Exchange) {
	if x.Route != "git receive-pack" || x.Method != "POST" || !moveBranch.Match(x.RequestBody) {
		return
	}
	s.once.Do(func() {
		close(s.sent)
		<-s.released
	})
}

// TestALandingThatGoesThroughLateHasLanded: the server dies while it pushes, the pull request is taken out of the lane
// meanwhile, and only then GitHub carries the push out. It was tested and judged when it was sent: it has landed, and the
// branch was moved by nobody else.
func TestALandingThatGoesThroughLateHasLanded(t *testing.T) {
	t.Parallel()
	s := &stall{sent: make(chan struct{}), released: make(chan struct{})}
	q := newQueued(t, "merge", func(u *setup) { u.sim.Before, u.watch, u.app.StopWithin = s.before, false, 100*time.Millisecond })
	one := q.propose("metadata", map[string]string{"src/content/b": "b\n"})
	two := q.propose("search", map[string]string{"src/pages/b": "b\n"})
	q.settle()
	one.Comment(q.ana, "/integrate "+one.Head())
	<-s.sent
	q.stop()
	q.must(one.SetDraft(q.bot("metadata"), true))
	q.restart(true)
	time.AfterFunc(300*time.Millisecond, func() { close(s.released) })
	q.settle()
	if one.State() != "merged" {
		t.Fatalf("it is %s: %s\n%s", one.State(), q.lane(one), q.comments(one))
	}
	q.integrate(two)
	if two.State() != "merged" {
		t.Errorf("the next one is %s: %s\n%s", two.State(), q.lane(two), q.comments(two))
	}
	q.invariants()
}

// TestALandingThatWasNeverSentIsGivenUp is the same, but the push is lost with the server: nothing lands.
func TestALandingThatWasNeverSentIsGivenUp(t *testing.T) {
	t.Parallel()
	s := &stall{sent: make(chan struct{}), released: make(chan struct{})}
	q := newQueued(t, "merge", func(u *setup) { u.sim.Before, u.watch, u.app.StopWithin = s.before, false, 100*time.Millisecond })
	one := q.propose("metadata", map[string]string{"src/content/b": "b\n"})
	q.settle()
	tip := q.repo.Tip("integration/next")
	one.Comment(q.ana, "/integrate "+one.Head())
	<-s.sent
	q.stop()
	q.must(one.SetDraft(q.bot("metadata"), true))
	q.restart(true)
	q.settle()
	if got := q.repo.Tip("integration/next"); got != tip || q.lane(one) != "action_required: Withdrawn from the lane: it is a draft now" {
		t.Errorf("the branch was moved from %s to %s, and the pull request is told %q", tip, got, q.lane(one))
	}
	close(s.released)
}

// TestASecondTryMayComeLateToo: what speaks against a landing goes away again, it is sent once more, and then the same
// speaks against it. The second one may come for as long after it was sent as the first.
func TestASecondTryMayComeLateToo(t *testing.T) {
	t.Parallel()
	q := newQueued(t, "merge", func(u *setup) { u.watch, u.app.Pace.Push = false, 4*time.Second })
	one := q.propose("metadata", map[string]string{"src/content/b": "b\n"})
	q.settle()
	sent := make(chan string, 1) // the commit of a push whose answer is lost
	q.hub.SetFaults(sim.Faults{Decide: func(x sim.Exchange) sim.Fault {
		m := moveBranch.FindSubmatch(x.RequestBody)
		if x.Route != "git receive-pack" || m == nil {
			return sim.FaultNone
		}
		select {
		case sent <- string(m[2]):
		default:
		}
		return sim.FaultCutBefore
	}})
	one.Comment(q.ana, "/integrate "+one.Head())
	<-sent
	q.must(one.SetDraft(q.bot("metadata"), true))
	again, late := time.After(3*time.Second), time.After(5400*time.Millisecond)
	<-again
	for len(sent) > 0 {
		<-sent
	}
	q.must(one.SetDraft(q.bot("metadata"), false))
	commit := <-sent
	q.must(one.SetDraft(q.bot("metadata"), true))
	<-late // of the first one; the second was sent three seconds later
	q.hub.Heal()
	q.must(q.repo.Push(nil, "integration/next", commit, false))
	q.settle()
	if now := q.lane(one); !strings.HasPrefix(now, "success") {
		t.Errorf("it has landed, and is told %s\n%s", now, q.comments(one))
	}
}

// deaf holds back the App's reading of the branch after it has moved it, until it has asked for a pull request again.
type deaf struct {
	mu          sync.Mutex
	moved, held bool
	path        string
	asked       chan struct{}
}

func (d *deaf) before(x sim.Exchange) {
	d.mu.Lock()
	d.moved = d.moved || x.Route == "git receive-pack" && moveBranch.Match(x.RequestBody)
	back := d.moved && !d.held && bytes.Contains(x.RequestBody, []byte("ref-prefix refs/heads/integration/next")) &&
		!bytes.Contains(x.RequestBody, []byte("refs/heads/main"))
	d.held = d.held || back
	if d.held && x.Path == d.path {
		select {
		case d.asked <- struct{}{}:
		default:
		}
	}
	d.mu.Unlock()
	if back {
		<-d.asked
		<-time.After(300 * time.Millisecond) // for the rest of that judgement
	}
}

// TestTheTopOfAStackStaysWhileItsBottomLands: GitHub has closed the bottom, and the lane has not heard yet that it landed,
// when the top is judged. It is stacked on nothing open then, and stays all the same.
func TestTheTopOfAStackStaysWhileItsBottomLands(t *testing.T) {
	t.Parallel()
	d := &deaf{path: "/repos/octo/blog/pulls/2", asked: make(chan struct{}, 1)}
	q := newQueued(t, "merge", func(u *setup) { u.sim.Before, u.watch = d.before, false })
	bottom := q.propose("metadata", map[string]string{"src/content/b": "b\n"})
	_, err := q.repo.Commit(sim.Commit{By: q.bot("search"), Branch: "agent/search", From: "agent/metadata", Message: "Work", Files: map[string]string{"src/pages/b.needs": "b\n"}})
	q.must(err)
	top := q.openOnto("search", "agent/search", "agent/metadata")
	q.settle()
	q.integrate(top, bottom)
	if bottom.State() != "merged" || top.State() != "merged" || top.Base() != "integration/next" {
		t.Errorf("the bottom is %s, the top %s onto %s: %s\n%s", bottom.State(), top.State(), top.Base(), q.lane(top), q.comments(top))
	}
	q.invariants()
}

// TestTheTopOfAStackThatGoesElsewhereLeaves: a person gives it another base while the bottom waits.
func TestTheTopOfAStackThatGoesElsewhereLeaves(t *testing.T) {
	t.Parallel()
	q := newQueued(t, "merge")
	bottom := q.propose("metadata", map[string]string{"src/content/b": "b\n"})
	_, err := q.repo.Commit(sim.Commit{By: q.bot("search"), Branch: "agent/search", From: "agent/metadata", Message: "Work", Files: map[string]string{"src/pages/b.needs": "b\n"}})
	q.must(err)
	top := q.openOnto("search", "agent/search", "agent/metadata")
	q.settle()
	q.ci.Hold()
	q.integrate(top, bottom)
	q.must(top.Retarget(q.ana, "main"))
	q.settle()
	if got := q.lane(top); !strings.Contains(got, "it goes to another branch now") {
		t.Errorf("it is told %s", got)
	}
	q.ci.Release()
	q.settle()
	if bottom.State() != "merged" || top.State() != "open" || top.Base() != "main" {
		t.Errorf("the bottom is %s, the top %s onto %s", bottom.State(), top.State(), top.Base())
	}
}
