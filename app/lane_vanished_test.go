package app_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/agentplane/agentplane/sim"
)

// carrying is a lane in which a pull request is about to land when the target takes the offer of another one: it lands, and
// is to land again. From the moment when the offer is merged, after decides what goes wrong. CI is released by the caller.
func carrying(t *testing.T, after func(two *sim.Pull, x sim.Exchange) sim.Fault) (q *queued, two, three *sim.Pull) {
	q = newQueued(t, "squash", func(s *setup) {
		s.app.Pace.Absent, s.watch = 600*time.Millisecond, false
	})
	one := q.propose("metadata", map[string]string{"src/content/b": "b\n"})
	two = q.propose("search", map[string]string{"src/pages/c": "c\n"})
	three = q.propose("review", map[string]string{"tests/two": "t\n"})
	q.settle()
	q.integrate(one)
	offer := q.offer()
	q.ci.Hold()
	q.integrate(two)
	var begun, merged atomic.Bool
	q.hub.SetFaults(sim.Faults{LateBy: 500 * time.Millisecond, Decide: func(x sim.Exchange) sim.Fault {
		switch {
		case x.Method == "GET" && strings.Contains(x.Query, "git-receive-pack") && begun.CompareAndSwap(false, true):
			go func() {
				if _, err := offer.Merge(q.ana, sim.Merge{Method: "squash"}); err != nil {
					t.Error(err)
				}
				merged.Store(true)
			}()
			return sim.FaultLate
		case merged.Load():
			return after(two, x)
		}
		return sim.FaultNone
	}})
	return q, two, three
}

// hides tells whether a request asks for a pull request itself.
func hides(p *sim.Pull, x sim.Exchange) bool {
	return x.Path == fmt.Sprintf("/repos/octo/blog/pulls/%d", p.Number)
}

// TestWhatLandsAgainAndIsGoneHoldsNobody: what had landed and was to land again has no pull request any more. It cannot be
// judged, so it does not land; it leaves, the next one lands, and the offer and the status say what is missing.
func TestWhatLandsAgainAndIsGoneHoldsNobody(t *testing.T) {
	t.Parallel()
	q, two, three := carrying(t, func(two *sim.Pull, x sim.Exchange) sim.Fault {
		if hides(two, x) {
			return sim.FaultMissing
		}
		return sim.FaultNone
	})
	q.ci.Release()
	q.settle()
	q.integrate(three)
	q.lacks(two, three)
}

// TestWhatLandsAgainAndHasNoCommitHoldsNobody is the same, when GitHub has dropped the pull request's commit as well, and
// the mirror was deleted: there is nothing to build any more.
func TestWhatLandsAgainAndHasNoCommitHoldsNobody(t *testing.T) {
	t.Parallel()
	q, two, three := carrying(t, func(two *sim.Pull, x sim.Exchange) sim.Fault {
		if hides(two, x) {
			return sim.FaultServerError
		}
		return sim.FaultNone
	})
	q.ci.Release()
	q.started()
	q.stop()
	q.must(os.RemoveAll(q.mirrors))
	q.hub.SetFaults(sim.Faults{Decide: func(x sim.Exchange) sim.Fault {
		if hides(two, x) {
			return sim.FaultMissing
		}
		return sim.FaultNone
	}})
	for _, ref := range []string{"refs/pull/%d/head", "refs/pull/%d/merge"} {
		q.gitOut("update-ref", "-d", fmt.Sprintf(ref, two.Number))
	}
	q.gitOut("update-ref", "-d", "refs/heads/agent/search")
	q.gitOut("reflog", "expire", "--expire=now", "--all")
	q.gitOut("gc", "--quiet", "--prune=now")
	if exec.CommandContext(t.Context(), "git", "--git-dir", q.repo.Dir, "cat-file", "-e", two.Head()).Run() == nil {
		t.Fatalf("the commit is still there, below %s", q.gitOut("for-each-ref", "--contains", two.Head(), "--format=%(refname)"))
	}
	q.restart(true)
	q.settle()
	q.integrate(three)
	q.lacks(two, three)
}

// TestWhatLandsAgainWaitsWhileTheAppSeesNothing: the pull request is not shown, and neither is the list of them. That is
// access that was lost for a while, and takes nobody out.
func TestWhatLandsAgainWaitsWhileTheAppSeesNothing(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	q, two, _ := carrying(t, func(two *sim.Pull, x sim.Exchange) sim.Fault {
		if hides(two, x) || x.Path == "/repos/octo/blog/pulls" && x.Query != "" && !strings.Contains(x.Query, "head=") {
			asked.Add(1)
			return sim.FaultMissing
		}
		return sim.FaultNone
	})
	q.ci.Release()
	q.started()
	const gone = 1200 * time.Millisecond // twice what makes a pull request count as gone
	since, enough := time.Now(), asked.Load()+40
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for asked.Load() < enough || time.Since(since) < gone {
		if time.Since(since) > time.Minute {
			t.Fatalf("it asked only %d times in a minute", asked.Load()+40-enough)
		}
		<-look.C
	}
	q.hub.Heal()
	q.settle()
	if q.file("integration/next", "src/pages/c") == "" {
		t.Errorf("it did not land again: %s\n%s", q.lane(two), q.comments(two))
	}
}

// started waits until the integration branch has started again from the target.
func (q *queued) started() {
	q.t.Helper()
	for range 3000 {
		if q.repo.Tip("integration/next") == q.repo.Tip("main") {
			return
		}
		<-time.After(20 * time.Millisecond)
	}
	q.t.Fatal("the branch did not start again")
}

// lacks holds that of two pull requests the second landed, and everybody is told that the first is missing.
func (q *queued) lacks(gone, landed *sim.Pull) {
	q.t.Helper()
	if q.file("integration/next", "tests/two") == "" {
		q.t.Errorf("the next one is %s: %s\n%s", landed.State(), q.lane(landed), q.comments(landed))
	}
	if q.file("integration/next", "src/pages/c") != "" {
		q.t.Error("what cannot be judged is on the branch")
	}
	offer := q.offer()
	if offer == nil || !strings.Contains(offer.Body(), fmt.Sprintf("- Pull request %d: `it", gone.Number)) {
		q.t.Fatalf("the offer does not say what is missing: %v", offer)
	}
	offer.Comment(q.ana, "/integrate status")
	q.settle()
	if row := fmt.Sprintf("| %d |", gone.Number); !strings.Contains(q.comments(offer), row) || !strings.Contains(q.comments(offer), "ejected") {
		q.t.Errorf("the status does not say what is missing:\n%s", q.comments(offer))
	}
}
