package app_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/agentplane/agentplane/sim"
)

func TestThreeLandInTheOrderOfTheirAgents(t *testing.T) {
	t.Parallel()
	q := newQueued(t, "merge")
	metadata := q.propose("metadata", map[string]string{"src/content/b": "b\n"})
	search := q.propose("search", map[string]string{"src/pages/b.needs": "a\n"})
	review := q.propose("review", map[string]string{"tests/two": "t\n"})
	q.settle()
	review.Comment(q.ana, "/integrate pause until all are in")
	q.settle()
	q.integrate(review, search, metadata)
	q.measures("agentplane_lane_entries 3", "agentplane_lane_candidates 0", "agentplane_lanes_stopped 1")
	for _, p := range []*sim.Pull{metadata, search, review} {
		if got := q.lane(p); !strings.HasPrefix(got, "action_required: ") && !strings.HasPrefix(got, "queued: ") {
			t.Errorf("while it is paused, #%d shows %q", p.Number, got)
		}
	}
	review.Comment(q.ana, "/integrate resume")
	q.settle()
	var order []string
	for _, sha := range q.firstParents("integration/next", "main") {
		_, rest, _ := strings.Cut(q.gitOut("log", "-1", "--format=%s", sha), "#")
		order = append(order, strings.Fields(rest)[0])
	}
	want := []string{fmt.Sprint(metadata.Number), fmt.Sprint(search.Number), fmt.Sprint(review.Number)}
	if !slices.Equal(order, want) {
		t.Errorf("landed %v, want %v\n%s", order, want, q.comments(search))
	}
	for _, p := range []*sim.Pull{metadata, search, review} {
		if p.State() != "merged" {
			t.Errorf("#%d is %s after it landed", p.Number, p.State())
		}
		if got := q.lane(p); !strings.HasPrefix(got, "success: ") {
			t.Errorf("#%d shows %q", p.Number, got)
		}
	}
	q.invariants()
	q.measures("agentplane_lane_entries 0", "agentplane_lanes_stopped 0", `agentplane_effect_seconds_count{kind="land",outcome="done"}`)
	if left := q.candidates(); len(left) > 0 {
		t.Errorf("candidates were left behind: %v", left)
	}
	offer := q.offer()
	if offer == nil {
		t.Fatal("nothing is offered to main")
	}
	for _, p := range []*sim.Pull{metadata, search, review} {
		if !strings.Contains(offer.Body(), fmt.Sprintf("Pull request %d", p.Number)) {
			t.Errorf("the offer does not name #%d:\n%s", p.Number, offer.Body())
		}
	}
}

func TestTheCulpritOfAPairIsThrownOutAndLandsWhenItIsMended(t *testing.T) {
	t.Parallel()
	q := newQueued(t, "merge")
	metadata := q.propose("metadata", map[string]string{"src/content/b": "b\n"})
	search := q.propose("search", map[string]string{"src/pages/feed": "f\n"})
	review := q.propose("review", map[string]string{"tests/x.forbids": "feed\n"})
	q.settle()
	q.integrate(metadata)
	q.integrate(search, review)
	if search.State() != "merged" || review.State() != "open" {
		t.Fatalf("search is %s, review %s", search.State(), review.State())
	}
	if got := q.lane(review); !strings.HasPrefix(got, "failure: ") {
		t.Errorf("the culprit shows %q", got)
	}
	together := fmt.Sprintf("pull requests %d and %d, which landed", metadata.Number, search.Number) // which it is, nobody has tested
	for _, want := range []string{"check", together, `"kind":`} {
		if !strings.Contains(q.comments(review), want) {
			t.Errorf("the comment lacks %q:\n%s", want, q.comments(review))
		}
	}
	q.commit("review", "agent/review", map[string]string{"tests/x.forbids": "other\n"})
	q.settle()
	q.integrate(review)
	if review.State() != "merged" {
		t.Errorf("mended, it is %s; %s", review.State(), q.lane(review))
	}
	q.invariants()
}

// TestACulpritThatWasTestedAloneIsToldWhatLandedBelowIt: it passes at its own head, so what it fails with is what the
// branch holds and the head does not, by the time it failed.
func TestACulpritThatWasTestedAloneIsToldWhatLandedBelowIt(t *testing.T) {
	t.Parallel()
	q := newQueued(t, "merge")
	first := q.propose("metadata", map[string]string{"src/content/b": "b\n"})
	q.settle()
	q.integrate(first)
	q.must(q.repo.Push(q.bot("review"), "agent/review", q.repo.Tip("integration/next"), false))
	review := q.propose("review", map[string]string{"tests/x.forbids": "feed\n"})
	search := q.propose("search", map[string]string{"src/pages/feed": "f\n"})
	q.settle()
	q.integrate(search)
	q.integrate(review)
	for _, want := range []string{fmt.Sprintf("fails together with pull request %d, which landed", search.Number), "git rebase " + q.repo.Tip("integration/next")} {
		if !strings.Contains(q.comments(review), want) {
			t.Errorf("the comment lacks %q:\n%s", want, q.comments(review))
		}
	}
}

func TestTheBranchStartsAgainWhenTheOfferIsMerged(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"merge", "squash", "rebase"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			q := newQueued(t, "merge")
			one := q.propose("metadata", map[string]string{"src/content/b": "b\n"})
			q.settle()
			q.integrate(one)
			offer := q.offer()
			if offer == nil {
				t.Fatal("nothing is offered")
			}
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
				t.Errorf("after the restart #%d is %s; offered: %v", two.Number, two.State(), q.offer() != nil)
			}
			q.invariants()
		})
	}
}

func TestWhoeverMovesTheBranchFreezesTheLane(t *testing.T) {
	t.Parallel()
	for how, move := range map[string]func(q *queued){
		"adds a commit": func(q *queued) {
			_, err := q.repo.Commit(sim.Commit{By: q.ana, Branch: "integration/next", Message: "By hand", Files: map[string]string{"by-hand": "x\n"}})
			q.must(err)
		},
		"force-pushes": func(q *queued) {
			q.must(q.repo.Push(q.ana, "integration/next", q.repo.Tip("main"), true))
		},
		"rewinds": func(q *queued) { q.must(q.repo.Rewind(q.ana, "integration/next", 1)) },
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			q := newQueued(t, "merge")
			one := q.propose("metadata", map[string]string{"src/content/b": "b\n"})
			two := q.propose("search", map[string]string{"src/pages/c": "c\n"})
			q.settle()
			q.integrate(one)
			move(q)
			moved := q.repo.Tip("integration/next")
			q.settle()
			q.integrate(two)
			if two.State() == "merged" || q.repo.Tip("integration/next") != moved {
				t.Fatalf("the lane went on: #%d is %s", two.Number, two.State())
			}
			if got := q.comments(two); !strings.Contains(got, "frozen") || !strings.Contains(got, moved[:10]) {
				t.Errorf("the comment does not say what was seen:\n%s", got)
			}
			two.Comment(q.ana, "/integrate resume")
			q.settle()
			if two.State() != "merged" {
				t.Errorf("resumed, #%d is %s: %s", two.Number, two.State(), q.lane(two))
			}
			if !strings.Contains(q.gitOut("log", "--format=%H", q.repo.Tip("integration/next")), moved) {
				t.Errorf("the branch does not stand on what the person took over")
			}
		})
	}
}

func TestAPushTakesAnEntryOutUntilItIsJudged(t *testing.T) {
	t.Parallel()
	q := newQueued(t, "merge")
	p := q.propose("search", map[string]string{"src/pages/b": "b\n"})
	q.settle()
	q.ci.Hold()
	q.integrate(p)
	q.commit("search", "agent/search", map[string]string{"src/content/trespass": "x\n"})
	q.settle()
	q.ci.Release()
	q.settle()
	if p.State() != "open" || q.file("integration/next", "src/pages/b") != "" {
		t.Errorf("it landed (%s) after a push that trespasses", p.State())
	}
	if got := q.lane(p); !strings.HasPrefix(got, "queued: ") {
		t.Errorf("it shows %q", got)
	}
	_, err := q.repo.Commit(sim.Commit{By: q.bot("search"), Branch: "agent/search", Message: "Mend", Delete: []string{"src/content/trespass"}})
	q.must(err)
	q.settle()
	if p.State() != "merged" {
		t.Errorf("mended, it is %s: %s", p.State(), q.lane(p))
	}
	q.invariants()
}

func TestCommandsToTheLane(t *testing.T) {
	t.Parallel()
	q := newQueued(t, "merge")
	eve := q.hub.User("eve")
	q.must(q.repo.Collaborate(eve, "read"))
	p := q.propose("search", map[string]string{"src/pages/b": "b\n"})
	q.settle()
	old := p.Head()
	q.commit("search", "agent/search", map[string]string{"src/pages/b": "c\n"})
	q.settle()
	p.Comment(eve, "/integrate "+p.Head())
	p.Comment(q.ana, "> /integrate")
	p.Comment(q.bot("search"), "/integrate "+p.Head())
	q.settle()
	if got := q.comments(p); got != "" || q.lane(p) != "nothing" {
		t.Errorf("commands of those who may not, or none at all, were answered: %s %s", got, q.lane(p))
	}
	p.Comment(q.ana, "/integrate "+old)
	q.settle()
	if got := q.comments(p); !strings.Contains(got, p.Head()) {
		t.Errorf("a command at an old head is not told the new one:\n%s", got)
	}
	q.ci.Hold()
	q.integrate(p)
	p.Comment(q.ana, "/integrate cancel")
	q.settle()
	q.ci.Release()
	q.settle()
	if p.State() != "open" || !strings.Contains(q.lane(p), "ithdrawn") {
		t.Errorf("withdrawn, it is %s: %s", p.State(), q.lane(p))
	}
	p.Comment(eve, "/integrate status")
	q.settle()
	if got := q.comments(p); !strings.Contains(got, "Nothing is in the lane") {
		t.Errorf("no answer to status:\n%s", got)
	}
}

func TestDependenciesAreWaitedFor(t *testing.T) {
	t.Parallel()
	q := newQueued(t, "merge")
	base := q.propose("metadata", map[string]string{"src/content/b": "b\n"})
	p := q.propose("search", map[string]string{"src/pages/b": "b\n"})
	body := fmt.Sprintf("Depends-On: #%d\n", base.Number)
	q.must(p.Edit(q.bot("search"), sim.PullEdit{Body: &body}))
	q.settle()
	q.integrate(p)
	if p.State() != "open" || !strings.Contains(q.comments(p), fmt.Sprintf("#%d", base.Number)) {
		t.Errorf("it is %s, and says:\n%s", p.State(), q.comments(p))
	}
	q.integrate(base)
	if base.State() != "merged" || p.State() != "merged" {
		t.Errorf("the dependency is %s, what needs it %s: %s", base.State(), p.State(), q.lane(p))
	}
	q.invariants()
}

func TestDependenciesThatCanNeverBeMetArePrinted(t *testing.T) {
	t.Parallel()
	for why, tc := range map[string]struct{ body, want string }{
		"itself":           {"Depends-On: #SELF", "itself"},
		"each other":       {"Depends-On: #OTHER", "#1"},
		"another's":        {"Depends-On: octo/elsewhere#4", "octo/elsewhere"},
		"nobody's":         {"Depends-On: #4711", "4711"},
		"closed":           {"Depends-On: #CLOSED", "closed"},
		"what is unusable": {"Depends-On: the other one", "cannot be read"},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			q := newQueued(t, "merge")
			other := q.propose("metadata", map[string]string{"src/content/b": "b\n"})
			closed := q.propose("review", map[string]string{"tests/c": "c\n"})
			q.must(closed.Close(q.ana))
			p := q.propose("search", map[string]string{"src/pages/b": "b\n"})
			number := func(p *sim.Pull) string { return fmt.Sprint(p.Number) }
			body := strings.NewReplacer("SELF", number(p), "OTHER", number(other), "CLOSED", number(closed)).Replace(tc.body)
			q.must(p.Edit(q.bot("search"), sim.PullEdit{Body: &body}))
			q.settle()
			q.integrate(p)
			if why == "each other" {
				back := "Depends-On: #" + number(p)
				q.must(other.Edit(q.bot("metadata"), sim.PullEdit{Body: &back}))
				q.settle()
				q.integrate(other)
			}
			if p.State() != "open" || !strings.Contains(q.lane(p)+q.comments(p), tc.want) {
				t.Errorf("%s: it is %s, and says %s\n%s", why, p.State(), q.lane(p), q.comments(p))
			}
		})
	}
}

func TestASquashedPullRequestIsClosedAndToldWhereItLanded(t *testing.T) {
	t.Parallel()
	q := newQueued(t, "squash")
	p := q.propose("search", map[string]string{"src/pages/b": "b\n"})
	q.commit("search", "agent/search", map[string]string{"src/pages/c": "c\n"})
	q.settle()
	q.integrate(p)
	commits := q.firstParents("integration/next", "main")
	if p.State() != "closed" || len(commits) != 1 {
		t.Fatalf("it is %s, the branch has %v", p.State(), commits)
	}
	if !strings.Contains(q.comments(p), commits[0][:10]) {
		t.Errorf("the comment does not say where it landed:\n%s", q.comments(p))
	}
	q.invariants()
}

func TestAWorkflowIsNotPushedWithoutThePermission(t *testing.T) {
	t.Parallel()
	q := newQueued(t, "merge", func(s *setup) {
		s.files[".agentplane.yml"] = strings.Replace(s.files[".agentplane.yml"], "owns: [tests/]", "owns: [tests/, .github/]", 1)
	})
	p := q.propose("review", map[string]string{".github/workflows/other.yml": "name: other\non: [workflow_dispatch]\njobs: {}\n"})
	q.settle()
	_, err := p.Review(q.ana, sim.Approved, "")
	q.must(err)
	q.settle()
	before := len(q.candidates())
	q.integrate(p)
	if p.State() != "open" || !strings.Contains(q.comments(p), "workflows") {
		t.Errorf("it is %s, and says:\n%s", p.State(), q.comments(p))
	}
	if len(q.candidates()) != before {
		t.Error("a candidate was pushed all the same")
	}
}

func TestTheTargetThatMovesByItselfIsTestedOnTheBranch(t *testing.T) {
	t.Parallel()
	q := newQueued(t, "merge")
	p := q.propose("search", map[string]string{"src/pages/b": "b\n"})
	q.settle()
	q.integrate(p)
	_, err := q.repo.Commit(sim.Commit{By: q.ana, Branch: "main", Message: "A fix", Files: map[string]string{"fix": "x\n"}})
	q.must(err)
	q.settle()
	if q.file("integration/next", "fix") != "x\n" {
		t.Errorf("the target's commit is not on the integration branch")
	}
	if !q.passed(q.repo.Tip("integration/next")) {
		t.Error("the merge of the target was not tested")
	}
	q.invariants()
}

func TestALaneIsRebuiltWithoutItsDatabase(t *testing.T) {
	t.Parallel()
	q := newQueued(t, "merge")
	p := q.propose("search", map[string]string{"src/pages/b": "b\n"})
	q.settle()
	q.ci.Hold()
	p.Comment(q.ana, "/integrate "+p.Head())
	q.settle()
	q.restart(false)
	q.ci.Release()
	q.over(p) // CI may end before the lane knows the commit again, and is looked at with a tick then
	if p.State() != "merged" {
		t.Errorf("after the database was lost it is %s: %s", p.State(), q.lane(p))
	}
	q.invariants()
}
