package app_test

import (
	"strings"
	"testing"

	"github.com/agentplane/agentplane/sim"
)

// laneRules are the rules that docs/operations.md advises for the branches of the lane.
func laneRules(bypass ...sim.Bypass) sim.Ruleset {
	return sim.Ruleset{
		Name: "agentplane lane", Include: []string{"refs/heads/integration/next", "refs/heads/agentplane/candidate/**/*"},
		Rules: sim.Rules{NoCreation: true, NoUpdate: true, NoDeletion: true, NonFastForward: true}, Bypass: bypass,
	}
}

// TestOnlyTheAppMovesBranchesUnderTheAdvisedRules: and CI runs where docs/integrate.md advises it, and nowhere else.
func TestOnlyTheAppMovesBranchesUnderTheAdvisedRules(t *testing.T) {
	t.Parallel()
	q := newQueued(t, "merge", func(s *setup) {
		s.files[".github/workflows/ci.yml"] = strings.Replace(s.files[".github/workflows/ci.yml"], "on: [push, pull_request]",
			"on:\n  pull_request:\n  push:\n    branches: [main, \"agentplane/candidate/**\"]", 1)
	})
	q.must(q.repo.SetRuleset(laneRules(sim.Bypass{App: q.reg})))
	required := []sim.RequiredCheck{{Name: "agentplane/ownership", App: q.reg}, {Name: "agentplane/verification", App: q.reg}, {Name: "agentplane/review", App: q.reg}}
	q.must(q.repo.SetRuleset(sim.Ruleset{Name: "agentplane target", Include: []string{"~DEFAULT_BRANCH"}, Rules: sim.Rules{
		PullRequest: true, Checks: required, NonFastForward: true, NoDeletion: true,
	}}))
	one := q.propose("metadata", map[string]string{"src/content/b": "b\n"})
	q.settle()
	for _, branch := range []string{"integration/next", "agentplane/candidate/integration-next/mine"} {
		if err := q.repo.Push(q.ana, branch, one.Head(), true); err == nil {
			t.Errorf("ana moved %s", branch)
		}
	}
	q.integrate(one)
	if one.State() != "merged" {
		t.Fatalf("it is %s: %s\n%s", one.State(), q.lane(one), q.comments(one))
	}
	tip := q.repo.Tip("integration/next")
	if runs := q.repo.WorkflowRuns(tip); len(runs) != 2 { // of the candidate, and by pull_request of the offer
		t.Errorf("CI ran %d times on what landed: %+v", len(runs), runs)
	}
	_, err := q.offer().Merge(q.ana, sim.Merge{Method: "squash"})
	q.must(err)
	q.settle()
	if q.repo.Tip("integration/next") != q.repo.Tip("main") || len(q.candidates()) > 0 {
		t.Errorf("the branch did not start again, or candidates are left: %v", q.candidates())
	}
	q.invariants()
}

func TestALaneThatMayNotPushSaysSoAndGoesOnWhenItMay(t *testing.T) {
	t.Parallel()
	q := newQueued(t, "merge")
	q.must(q.repo.SetRuleset(laneRules()))
	p := q.propose("search", map[string]string{"src/pages/b": "b\n"})
	q.settle()
	q.integrate(p)
	if got := q.comments(p); p.State() != "open" || !strings.Contains(got, "GitHub takes no candidate") {
		t.Fatalf("it is %s, and says:\n%s", p.State(), got)
	}
	q.must(q.repo.SetRuleset(laneRules(sim.Bypass{App: q.reg})))
	p.Comment(q.ana, "/integrate resume")
	q.settle()
	if p.State() != "merged" {
		t.Errorf("it is %s: %s\n%s", p.State(), q.lane(p), q.comments(p))
	}
}
