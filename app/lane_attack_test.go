package app_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/agentplane/agentplane/sim"
)

// onPull tells whether a request reads or changes one pull request itself.
func onPull(x sim.Exchange, method string, number int) bool {
	return x.Method == method && strings.HasSuffix(x.Path, fmt.Sprintf("/pulls/%d", number))
}

func TestAPullRequestThatGitHubForgetsForAMomentStopsNoLane(t *testing.T) {
	t.Parallel()
	q := newQueued(t, "merge")
	p := q.propose("search", map[string]string{"src/pages/b": "b\n"})
	other := q.propose("review", map[string]string{"tests/two": "t\n"})
	q.settle()
	p.Comment(q.ana, "/integrate pause until GitHub stumbles")
	q.settle()
	q.integrate(p)
	var forgets atomic.Int32
	forgets.Store(6)
	q.hub.SetFaults(sim.Faults{Decide: func(x sim.Exchange) sim.Fault {
		if onPull(x, http.MethodGet, p.Number) && forgets.Add(-1) >= 0 {
			return sim.FaultMissing
		}
		return sim.FaultNone
	}})
	other.Comment(q.ana, "/integrate resume")
	q.settle()
	q.hub.Heal()
	q.must(q.app.Sweep(t.Context()))
	q.settle()
	if forgets.Load() >= 6 {
		t.Fatal("nothing was forgotten")
	}
	if p.State() != "merged" {
		t.Errorf("it is %s: %s", p.State(), q.lane(p))
	}
}

func TestWhatIsClosedBehindOurBackDoesNotLand(t *testing.T) {
	t.Parallel()
	for why, end := range map[string]func(q *queued, p *sim.Pull) error{
		"closed":     func(q *queued, p *sim.Pull) error { return p.Close(q.ana) },
		"a draft":    func(q *queued, p *sim.Pull) error { return p.SetDraft(q.ana, true) },
		"retargeted": func(q *queued, p *sim.Pull) error { return p.Retarget(q.ana, "main") },
	} {
		t.Run(why, func(t *testing.T) {
			q := newQueued(t, "merge")
			p := q.propose("search", map[string]string{"src/pages/b": "b\n"})
			q.settle()
			q.ci.Hold()
			q.integrate(p)
			q.hub.SetFaults(sim.Faults{Decide: func(x sim.Exchange) sim.Fault {
				if x.Hook == "pull_request" {
					return sim.FaultLose
				}
				return sim.FaultNone
			}})
			q.must(end(q, p))
			q.settle()
			q.ci.Release()
			q.settle()
			if q.file("integration/next", "src/pages/b") != "" {
				t.Errorf("it landed although it is %s", why)
			}
		})
	}
}

func TestWhatLandsWhileTheOfferIsMergedLandsAgain(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"merge", "squash", "rebase"} {
		t.Run(how, func(t *testing.T) {
			var armed atomic.Bool
			var offer *sim.Pull
			q := newQueued(t, "merge", func(s *setup) { s.app.Now, s.app.TickEvery = brisk(), 20*time.Millisecond })
			one := q.propose("metadata", map[string]string{"src/content/b": "b\n"})
			two := q.propose("search", map[string]string{"src/pages/c": "c\n"})
			q.settle()
			q.integrate(one)
			offer = q.offered()
			q.ci.Hold()
			q.integrate(two)
			armed.Store(true)
			q.hub.SetFaults(sim.Faults{LateBy: 500 * time.Millisecond, Decide: func(x sim.Exchange) sim.Fault {
				if x.Method == "GET" && strings.Contains(x.Query, "git-receive-pack") && armed.CompareAndSwap(true, false) {
					go func() {
						if _, err := offer.Merge(q.ana, sim.Merge{Method: how}); err != nil {
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
			if armed.Load() {
				t.Fatal("the offer was not merged in between")
			}
			if two.State() != "merged" || offer.State() != "merged" {
				t.Fatalf("two is %s, offer %s", two.State(), offer.State())
			}
			if q.file("main", "src/pages/c") != "" {
				t.Fatal("the offer took both")
			}
			q.must(q.app.Sweep(t.Context()))
			q.settle()
			for range 20 {
				q.must(q.app.Tick(t.Context()))
				q.settle()
			}
			if q.file("integration/next", "src/pages/c") != "c\n" {
				t.Errorf("what landed after the merged commit is lost: %s", q.lane(two))
			}
			if next := q.offer(); next == nil {
				t.Error("it is not offered")
			}
			q.invariants()
		})
	}
}

func TestALockedConversationStopsNothing(t *testing.T) {
	t.Parallel()
	q := newQueued(t, "squash")
	p := q.propose("search", map[string]string{"src/pages/b": "b\n"})
	q.settle()
	p.Comment(q.ana, "/integrate status")
	p.Comment(q.ana, "/integrate "+p.Head())
	p.Lock(true)
	q.settle()
	if q.file("integration/next", "src/pages/b") == "" {
		t.Errorf("it is %s: %s", p.State(), q.lane(p))
	}
	if p.State() != "closed" {
		t.Errorf("landed, it is %s", p.State())
	}
}

func TestTheBranchMayGoWithItsOffer(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"merge", "squash", "rebase"} {
		t.Run(how, func(t *testing.T) {
			q := newQueued(t, "merge")
			q.repo.SetDeleteMerged(true)
			one := q.propose("metadata", map[string]string{"src/content/b": "b\n"})
			q.settle()
			q.integrate(one)
			offer := q.offer()
			_, err := offer.Merge(q.ana, sim.Merge{Method: how})
			q.must(err)
			q.settle()
			if q.repo.Tip("integration/next") != q.repo.Tip("main") {
				t.Errorf("the integration branch is not at the target: %s, %s", q.repo.Tip("integration/next"), q.repo.Tip("main"))
			}
			two := q.propose("search", map[string]string{"src/pages/b.needs": "b\n"})
			q.settle()
			q.integrate(two)
			if two.State() != "merged" || q.offer() == nil {
				t.Errorf("after the restart #%d is %s %s; offered: %v", two.Number, two.State(), q.lane(two), q.offer() != nil)
			}
		})
	}
}

func TestAProtectedBranchIsNamedAndGoesOnWhenMended(t *testing.T) {
	t.Parallel()
	q := newQueued(t, "merge")
	p := q.propose("search", map[string]string{"src/pages/b": "b\n"})
	q.settle()
	q.repo.Protect("integration/next", sim.Protection{Push: &sim.Allowed{Users: []*sim.User{q.ana}}})
	q.integrate(p)
	if p.State() != "open" || !strings.Contains(q.comments(p), "rotected") || !strings.Contains(q.comments(p), "/integrate resume") {
		t.Errorf("it is %s and says\n%s", p.State(), q.comments(p))
	}
	q.repo.Unprotect("integration/next")
	p.Comment(q.ana, "/integrate resume")
	q.settle()
	if p.State() != "merged" {
		t.Errorf("mended, it is %s: %s", p.State(), q.lane(p))
	}
}

func TestTwoChangesOfALockfile(t *testing.T) {
	t.Parallel()
	var lines []string
	for i := range 60 {
		lines = append(lines, fmt.Sprintf("package-%d 1.0.0", i))
	}
	q := newQueued(t, "merge", func(s *setup) {
		s.files["package-lock.json"] = strings.Join(lines, "\n") + "\n"
	})
	change := func(i int) string {
		l := slices.Clone(lines)
		l[i] = "evil 2.0.0"
		return strings.Join(l, "\n") + "\n"
	}
	one := q.propose("metadata", map[string]string{"src/content/b": "b\n", "package-lock.json": change(2)})
	two := q.propose("search", map[string]string{"src/pages/b": "b\n", "package-lock.json": change(50)})
	q.settle()
	for _, p := range []*sim.Pull{one, two} {
		_, err := p.Review(q.ana, sim.Approved, "")
		q.must(err)
	}
	q.settle()
	q.integrate(one, two)
	if one.State() != "merged" || !strings.Contains(q.comments(two), "judged on what would land") {
		t.Errorf("the first is %s, and the second says:\n%s", one.State(), q.comments(two))
	}
	if strings.Count(q.file("integration/next", "package-lock.json"), "evil") > 1 {
		t.Error("contents that nobody approved have landed")
	}
}

// TestWhatNobodyJudgedIsNotOfferedAsLanded: a lane that is new trusts nothing of what its branch holds already.
func TestWhatNobodyJudgedIsNotOfferedAsLanded(t *testing.T) {
	t.Parallel()
	q := newQueued(t, "merge")
	_, err := q.repo.Commit(sim.Commit{By: q.bot("search"), Branch: "integration/next", Message: "Smuggle", Files: map[string]string{"check.sh": "exit 0\n"}})
	q.must(err)
	p := q.propose("search", map[string]string{"src/pages/b": "b\n"}) // makes the lane known
	q.settle()
	offer, err := q.repo.OpenPull(sim.NewPull{By: q.bot("search"), Title: "Offer", Head: "integration/next", Base: "main"})
	q.must(err)
	q.settle()
	if got := q.conclusion(offer.Head()); got == "success" {
		t.Errorf("what an agent pushed to the branch before the lane began passes as landed\n%s", q.text(offer.Head()))
	}
	q.integrate(p)
	if got := q.conclusion(offer.Head()); p.State() != "merged" || got == "success" {
		t.Errorf("with #%d (%s) on top of it, it is %q\n%s", p.Number, p.State(), got, q.text(offer.Head()))
	}
	_, err = q.repo.Commit(sim.Commit{By: q.ana, Branch: "integration/next", Message: "By hand", Files: map[string]string{"by-hand": "x\n"}})
	q.must(err)
	q.settle()
	offer.Comment(q.ana, "/integrate resume")
	q.settle()
	if got := q.conclusion(offer.Head()); got != "success" {
		t.Errorf("a person took the branch as it is, and it is %q\n%s", got, q.text(offer.Head()))
	}
}
