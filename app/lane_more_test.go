package app_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/agentplane/agentplane/sim"
)

func TestGitHubsOwnMergeQueueIsAnswered(t *testing.T) {
	t.Parallel()
	q := newQueued(t, "merge")
	good := q.propose("search", map[string]string{"src/pages/b": "b\n"})
	bad := q.propose("review", map[string]string{"src/pages/c": "c\n"})
	q.settle()
	for p, want := range map[*sim.Pull]string{good: "success", bad: "failure"} {
		sha, err := q.repo.Commit(sim.Commit{By: q.ana, Branch: fmt.Sprintf("group-%d", p.Number), From: "main", Message: "Group", Files: map[string]string{"g": p.Head()}})
		q.must(err)
		q.must(p.RequestMergeGroup(q.ana, sha))
		q.settle()
		if run, _ := q.repo.CheckRun(sha, "agentplane/ownership"); run.Conclusion != want {
			t.Errorf("the group of #%d has ownership %q, want %q", p.Number, run.Conclusion, want)
		}
	}
	if err := good.Close(q.ana); err != nil {
		t.Fatal(err)
	}
	sha, err := q.repo.Commit(sim.Commit{By: q.ana, Branch: "group-late", From: "main", Message: "Group", Files: map[string]string{"g": "late"}})
	q.must(err)
	q.must(good.RequestMergeGroup(q.ana, sha))
	q.settle()
	if run, there := q.repo.CheckRun(sha, "agentplane/ownership"); there {
		t.Errorf("a closed pull request's group has %v", run)
	}
}

func TestAConflictIsToldWithWhomAndWhere(t *testing.T) {
	t.Parallel()
	q := newQueued(t, "merge", func(s *setup) {
		s.files[".agentplane.yml"] = strings.Replace(s.files[".agentplane.yml"], "owns: [tests/]", "owns: [tests/, src/pages/shared]", 1) + "shared: [src/pages/shared]\n"
		s.files["src/pages/shared"] = "one\n"
	})
	search := q.propose("search", map[string]string{"src/pages/shared": "of search\n"})
	review := q.propose("review", map[string]string{"src/pages/shared": "of review\n"})
	q.settle()
	q.integrate(search, review)
	if search.State() != "merged" || review.State() != "open" {
		t.Fatalf("search is %s, review %s: %s\n%s", search.State(), review.State(), q.lane(review), q.comments(review))
	}
	run, _ := q.repo.CheckRun(review.Head(), "agentplane/ownership")
	said := run.Summary + q.comments(review)
	thrownOut := strings.Contains(said, "Conflicts with pull request 1 in 1 file") // a candidate was built before its head was judged again
	want := []string{"src/pages/shared", "git pull", "Held"}
	if thrownOut {
		want = []string{"src/pages/shared", "git rebase " + q.repo.Tip("integration/next"), `"kind": "conflict"`}
	}
	for _, want := range want {
		if !strings.Contains(said, want) {
			t.Errorf("nothing names %q:\n%s", want, said)
		}
	}
	q.must(q.repo.Push(nil, "agent/review", q.repo.Tip("integration/next"), true))
	q.commit("review", "agent/review", map[string]string{"src/pages/shared": "of both\n"})
	q.settle()
	if thrownOut {
		q.integrate(review)
	}
	if review.State() != "merged" {
		t.Errorf("mended, it is %s: %s\n%s", review.State(), q.lane(review), q.comments(review))
	}
}

// TestWhatLandedAfterTheOfferWasMergedLandsAgain: the offer is merged while the App hears nothing, and lands one more.
func TestWhatLandedAfterTheOfferWasMergedLandsAgain(t *testing.T) {
	t.Parallel()
	q := newQueued(t, "merge")
	one := q.propose("metadata", map[string]string{"src/content/b": "b\n"})
	two := q.propose("search", map[string]string{"src/pages/b": "b\n"})
	q.settle()
	q.integrate(one)
	offer := q.offer()
	q.ci.Hold()
	q.integrate(two)
	q.hub.SetFaults(sim.Faults{Lose: 1})
	_, err := offer.Merge(q.ana, sim.Merge{Method: "squash"})
	q.must(err)
	q.ci.Release()
	q.settle()
	q.hub.Heal()
	q.must(q.app.Sweep(t.Context()))
	q.settle()
	if q.file("integration/next", "src/pages/b") == "" || q.file("integration/next", "src/content/b") == "" {
		t.Errorf("the branch lacks one of the two; #%d is %s: %s", two.Number, two.State(), q.lane(two))
	}
	if !strings.Contains(q.gitOut("log", "--format=%H", "integration/next"), q.repo.Tip("main")) {
		t.Error("the branch does not stand on the target")
	}
	q.invariants()
}

func TestABranchThatIsGoneIsMadeAgainOnceAPersonHasSeenIt(t *testing.T) {
	t.Parallel()
	q := newQueued(t, "merge")
	one := q.propose("metadata", map[string]string{"src/content/b": "b\n"})
	q.settle()
	q.integrate(one)
	q.must(q.repo.DeleteBranch(q.ana, "integration/next"))
	q.settle()
	if q.repo.Tip("integration/next") != "" {
		t.Fatal("the branch came back by itself")
	}
	sha, err := q.repo.Commit(sim.Commit{By: q.bot("search"), Branch: "agent/search", From: "main", Message: "Work", Files: map[string]string{"src/pages/b": "b\n"}})
	q.must(err)
	_ = sha
	two, err := q.repo.OpenPull(sim.NewPull{By: q.bot("search"), Title: "Work", Head: "agent/search", Base: "main"})
	q.must(err)
	q.settle()
	two.Comment(q.ana, "/integrate resume")
	q.settle()
	if q.repo.Tip("integration/next") != q.repo.Tip("main") {
		t.Errorf("the branch is at %q, and the target at %s\n%s", q.repo.Tip("integration/next"), q.repo.Tip("main"), q.comments(two))
	}
	q.must(two.Retarget(q.ana, "integration/next"))
	q.settle()
	q.integrate(two)
	if two.State() != "merged" {
		t.Errorf("#%d is %s: %s", two.Number, two.State(), q.lane(two))
	}
}

func TestAStackLandsFromItsBottom(t *testing.T) {
	t.Parallel()
	q := newQueued(t, "merge", func(s *setup) {
		s.files[".agentplane.yml"] = strings.Replace(s.files[".agentplane.yml"], ", after: [metadata]", "", 1)
	})
	bottom := q.propose("metadata", map[string]string{"src/content/b": "b\n"})
	_, err := q.repo.Commit(sim.Commit{By: q.bot("search"), Branch: "agent/search", From: "agent/metadata", Message: "Work", Files: map[string]string{"src/pages/b.needs": "b\n"}})
	q.must(err)
	top := q.openOnto("search", "agent/search", "agent/metadata")
	q.settle()
	q.integrate(top)
	if top.State() != "open" || !strings.Contains(q.comments(top), fmt.Sprint(bottom.Number)) {
		t.Errorf("the top is %s: %s\n%s", top.State(), q.lane(top), q.comments(top))
	}
	q.integrate(bottom)
	if bottom.State() != "merged" || top.State() != "merged" || top.Base() != "integration/next" {
		t.Errorf("the bottom is %s, the top %s onto %s: %s\n%s", bottom.State(), top.State(), top.Base(), q.lane(top), q.comments(top))
	}
	q.invariants()
}

func TestABranchThatFailsByItselfBlamesNobody(t *testing.T) {
	t.Parallel()
	q := newQueued(t, "merge")
	p := q.propose("search", map[string]string{"src/pages/b": "b\n"})
	q.settle()
	// The target breaks, and the branch starts from it: nothing has landed yet.
	_, err := q.repo.Commit(sim.Commit{By: q.ana, Branch: "main", Message: "Break it", Files: map[string]string{"src/pages/x.needs": "nothing-there\n"}})
	q.must(err)
	q.settle()
	q.integrate(p)
	if got := q.lane(p); p.State() != "open" || strings.HasPrefix(got, "failure: ") {
		t.Errorf("it is %s: %s\n%s", p.State(), got, q.comments(p))
	}
	_, err = q.repo.Commit(sim.Commit{By: q.ana, Branch: "main", Message: "Mend it", Delete: []string{"src/pages/x.needs"}})
	q.must(err)
	q.settle()
	p.Comment(q.ana, "/integrate resume")
	q.settle()
	if p.State() != "merged" {
		t.Errorf("mended, it is %s: %s\n%s", p.State(), q.lane(p), q.comments(p))
	}
	q.invariants()
}

func TestAContractThatBreaksStopsTheLane(t *testing.T) {
	t.Parallel()
	q := newQueued(t, "merge")
	p := q.propose("search", map[string]string{"src/pages/b": "b\n"})
	q.settle()
	good := q.file("main", ".agentplane.yml")
	q.ci.Hold()
	q.integrate(p)
	_, err := q.repo.Commit(sim.Commit{By: q.ana, Branch: "main", Message: "Break the contract", Files: map[string]string{".agentplane.yml": "version: 7\n"}})
	q.must(err)
	q.settle()
	q.ci.Release()
	q.settle()
	if p.State() != "open" {
		t.Fatalf("it is %s under a broken contract", p.State())
	}
	_, err = q.repo.Commit(sim.Commit{By: q.ana, Branch: "main", Message: "Mend the contract", Files: map[string]string{".agentplane.yml": good + "# mended\n"}})
	q.must(err)
	q.settle()
	if p.State() != "merged" {
		t.Errorf("mended, it is %s: %s\n%s", p.State(), q.lane(p), q.comments(p))
	}
	q.invariants()
}

// TestWhatIsOfferedIsVouchedForWithoutTheDatabase: the App's own mark on a landed commit outlives the database, and a foreign
// commit has none.
func TestWhatIsOfferedIsVouchedForWithoutTheDatabase(t *testing.T) {
	t.Parallel()
	q := newQueued(t, "merge")
	p := q.propose("search", map[string]string{"src/pages/b": "b\n"})
	q.settle()
	q.integrate(p)
	offer := q.offer()
	ownership := func() string {
		run, _ := q.repo.CheckRun(offer.Head(), "agentplane/ownership")
		return run.Conclusion
	}
	if run, _ := q.repo.CheckRun(offer.Head(), "agentplane/integration"); run.Conclusion != "success" || ownership() != "success" {
		t.Errorf("the landed commit shows %q, the offer's ownership %q", run.Conclusion, ownership())
	}
	q.restart(false)
	q.must(q.app.Sweep(t.Context()))
	q.settle()
	if got := ownership(); got != "success" {
		t.Errorf("without the database the offer's ownership is %q", got)
	}
	q.restart(false)
	_, err := q.repo.Commit(sim.Commit{By: q.ana, Branch: "integration/next", Message: "By hand", Files: map[string]string{"by-hand": "x\n"}})
	q.must(err)
	q.must(q.app.Sweep(t.Context()))
	q.settle()
	if got := ownership(); got == "success" {
		t.Errorf("what nobody landed passes as landed once the database is lost")
	}
}

// TestAnApprovalThatIsTakenBackUnheardLandsNothing: the review is dismissed while the candidate is tested, and GitHub tells
// nobody.
func TestAnApprovalThatIsTakenBackUnheardLandsNothing(t *testing.T) {
	t.Parallel()
	q := newQueued(t, "merge", func(s *setup) {
		s.files[".agentplane.yml"] += "interfaces:\n  pages: { paths: [src/pages/index] }\n"
	})
	p := q.propose("search", map[string]string{"src/pages/index": "other\n"})
	q.settle()
	review, err := p.Review(q.ana, sim.Approved, "")
	q.must(err)
	q.settle()
	q.ci.Hold()
	q.integrate(p)
	if got := q.lane(p); !strings.HasPrefix(got, "in_progress: ") {
		t.Fatalf("it is not being tested: %s\n%s", got, q.comments(p))
	}
	q.hub.SetFaults(sim.Faults{Lose: 1})
	q.must(p.Dismiss(q.ana, review, "on second thoughts"))
	q.settle()
	q.hub.Heal()
	q.ci.Release()
	q.settle()
	if p.State() != "open" || q.file("integration/next", "src/pages/index") != "page\n" {
		t.Fatalf("it is %s: %s", p.State(), q.lane(p))
	}
	if got := q.lane(p); !strings.HasPrefix(got, "queued: ") {
		t.Errorf("it shows %s\n%s", got, q.comments(p))
	}
	_, err = p.Review(q.ana, sim.Approved, "")
	q.must(err)
	q.settle()
	if p.State() != "merged" {
		t.Errorf("approved again, it is %s: %s\n%s", p.State(), q.lane(p), q.comments(p))
	}
}
