package main

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/agentplane/agentplane/checks"
	"github.com/agentplane/agentplane/sim"
)

// laneSteps plays how metadata's first commit lands.
func laneSteps(t *testing.T) (*play, *story) {
	t.Helper()
	p, told := newPlay(t, io.Discard)
	p.lane = watchedLane{branch: told.Integration, target: told.Default, tip: p.repo.Tip(told.Integration)}
	steps := []storyStep{
		told.Steps[0],
		{By: "ana", Enter: []string{"metadata"}, Landed: []string{"metadata"}, Then: map[string]storyState{
			"metadata": {Integration: "success", Merged: true},
			offerOf:    {Integration: "success", Verification: "failure", Rules: []string{"verification/missing"}}, // nobody has claimed that search filters
		}},
	}
	for _, step := range steps { // alone, it lands at once
		if err := p.step(t.Context(), told, step); err != nil {
			t.Fatal(err)
		}
	}
	if len(p.misses) > 0 {
		t.Fatalf("the landing: %q", p.misses)
	}
	return p, told
}

// TestDemoHoldsTheLane changes one thing at a time that the story tells of a change that landed.
func TestDemoHoldsTheLane(t *testing.T) {
	t.Parallel()
	p, told := laneSteps(t)
	o := p.find("metadata")
	for _, test := range []struct {
		why    string
		change func(*storyState)
		want   string // the only miss ends so
	}{
		{"it is not told to be in the lane", func(s *storyState) { s.Integration = "" }, `agentplane/integration is "success" (Landed), the story tells ""`},
		{"it is told to be thrown out", func(s *storyState) { s.Integration = "failure" }, `agentplane/integration is "success" (Landed), the story tells "failure"`},
		{"it is told to be open", func(s *storyState) { s.Merged = false }, `is merged, the story tells open`},
	} {
		right := o.state
		p.misses = nil
		test.change(&o.state)
		if p.placed(o); len(p.misses) != 1 || !strings.HasSuffix(p.misses[0], test.want) {
			t.Errorf("%s: %q, want %q", test.why, p.misses, test.want)
		}
		o.state = right
	}
	p.misses, o.state.Says = nil, []string{"Landed on", "another place"}
	if p.placed(o); len(p.misses) != 1 || !strings.Contains(p.misses[0], `does not say "another place"`) {
		t.Errorf("what it says: %q", p.misses)
	}
	p.misses, p.lane.landed = nil, nil
	if p.expectLane(); !slices.Equal(p.misses, []string{`integration/blog-discovery holds ["metadata"], the story tells []`}) {
		t.Errorf("what landed: %q", p.misses)
	}
	p.misses, p.lane.landed = nil, []string{"metadata", ""}
	_, err := p.repo.Commit(sim.Commit{By: p.cast["ana"], Branch: told.Integration, Message: "By hand", Files: map[string]string{"x": "x\n"}})
	if err != nil {
		t.Fatal(err)
	}
	if p.expectLane(); len(p.misses) != 1 || !strings.HasSuffix(p.misses[0], "which CI did not pass as a candidate") {
		t.Errorf("a commit that was not tested as a candidate: %q", p.misses)
	}
	p.misses, p.lane.landed, p.lane.target = nil, nil, "agent/metadata-filter-contract"
	if err := p.repo.Push(p.cast["ana"], told.Integration, p.repo.Tip(told.Default), true); err != nil {
		t.Fatal(err)
	}
	if p.expectLane(); len(p.misses) != 1 || !strings.HasSuffix(p.misses[0], "and nothing is between them") {
		t.Errorf("two branches apart: %q", p.misses)
	}
}

// TestDemoRefusesToEnterOrMergeWhatIsNotThere: what is wrong with the story is said.
func TestDemoRefusesToEnterOrMergeWhatIsNotThere(t *testing.T) {
	t.Parallel()
	p, told := newPlay(t, io.Discard)
	for _, test := range []struct {
		why  string
		step storyStep
		want string
	}{
		{"a pull request that is not open", storyStep{By: "ana", Enter: []string{"search"}}, "search has no open pull request to enter"},
		{"entered by nobody", storyStep{Enter: []string{"search"}}, `nobody of the story is called ""`},
		{"nothing is offered", storyStep{Pull: offerOf, By: "ana", Merge: true}, "it is not open yet"},
	} {
		if err := p.step(t.Context(), told, test.step); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.why, err, test.want)
		}
	}
	step := told.Steps[0]
	step.Then = map[string]storyState{"metadata": {}, offerOf: {}}
	if err := p.step(t.Context(), told, step); err != nil || !slices.Equal(p.misses, []string{"integration has no pull request, the story tells how it stands"}) {
		t.Errorf("a state of what is not there: %v, %q", err, p.misses)
	}
}

// TestDemoNoticesThatNobodyIsAtFault takes the culprit's fault away: then all three land at once, which is another story.
func TestDemoNoticesThatNobodyIsAtFault(t *testing.T) {
	t.Parallel()
	out, err := playChanged(t, func(s *story) {
		s.Steps = slices.DeleteFunc(s.Steps, func(step storyStep) bool {
			return step.Commit != nil && step.Commit.Files == "pulls/search-feed"
		})
		last := slices.IndexFunc(s.Steps, func(step storyStep) bool { return step.Comment == "/integrate resume" })
		s.Steps = s.Steps[:last+1]
	})
	if !errors.Is(err, errMissed) || status(err) != exitFindings {
		t.Errorf("the demo ended with %v", err)
	}
	for _, want := range []string{
		`agentplane/integration is "success" (Landed), the story tells "failure"`, "#3 is merged, the story tells open",
		`integration/blog-discovery holds ["metadata" "search" "review"], the story tells ["metadata" "search"]`,
	} {
		if !strings.Contains(out, want) {
			t.Errorf("it does not say %q:\n%s", want, out)
		}
	}
}

// TestDemoStaysForPushes: after the story a push to a branch whose pull request was merged opens another one, which is
// judged.
func TestDemoStaysForPushes(t *testing.T) {
	t.Parallel()
	p, _ := laneSteps(t)
	var out strings.Builder
	p.tell = newTeller(&out, "text")
	o := p.find("metadata")
	for _, path := range []string{"src/layouts/BaseLayout.astro", "src/content/blog/new.md"} {
		_, err := p.repo.Commit(sim.Commit{By: o.author, Branch: o.branch, Message: "Try", Files: map[string]string{path: "x\n"}})
		if err != nil {
			t.Fatal(err)
		}
		if err := p.follow(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{"opens #3: Hand out the posts of one tag", "metadata may never touch src/layouts/BaseLayout.astro", "pushes to #3: "} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("it does not say %q:\n%s", want, &out)
		}
	}
}

func TestLaneMomentsAreTold(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	teller := newTeller(&out, "text")
	place := &lanePlace{
		Hold: &laneWhy{Why: "it waits for #1"}, Stop: &laneWhy{By: "ana", Why: "wait"},
		Reason: &laneReason{Requirement: "check", Detail: "no choice", With: []int{1, 2}}, Next: "Rebase.",
	}
	offer := moment{Kind: "offered", PR: 4, Text: "next to main: 1 change", URL: "http://x/4", Offered: []string{"Pull request 1"}}
	for _, m := range []moment{
		{Kind: "tested", Pulls: []int{1, 2}, SHA: "0123456789", Verdict: "success"},
		{Kind: "tested", Pulls: []int{1}, SHA: "0123456789", Verdict: "failure", Check: "check"},
		{Kind: "landed", PR: 1, Branch: "next", SHA: "0123456789"},
		{Kind: "check", Check: checks.CheckIntegration, PR: 1, Verdict: "success", Text: "Landed"},
		{Kind: "check", Check: checks.CheckIntegration, PR: 3, Verdict: "failure", Text: "Failed: check", Lane: place},
		{Kind: "check", Check: checks.CheckIntegration, PR: 3, Verdict: "action_required", Text: "Paused", Lane: &lanePlace{Stop: place.Stop}},
		{Kind: "check", Check: checks.CheckIntegration, PR: 3, Verdict: "failure", Text: "Unreadable"},
		offer, offer,
		{Kind: "restarted", Branch: "next", Text: "main", SHA: "0123456789"},
	} {
		teller.tell(m)
	}
	want := `         ✓ CI passed #1 + #2 as 0123456
         ✗ CI did not pass #1 as 0123456: check
         ✓ #1 landed on next as 0123456
         ✗ #3 agentplane/integration: Failed: check
           by ana: wait
           it waits for #1
           check: no choice
           it fails together with #1 + #2, which landed
           next: Rebase.
         ● #3 agentplane/integration: Paused
         ✗ #3 agentplane/integration: Unreadable
         → #4 offers next to main: 1 change
           http://x/4
           Pull request 1
         → #4 offers next to main: 1 change
           http://x/4
         → next starts again from main, at 0123456
`
	if d := cmp.Diff(want, out.String()); d != "" {
		t.Error(d)
	}
}

func TestWhatAnOfferSaysIsRead(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		why, body string
		want      []string
	}{
		{"nothing", "", nil},
		{"two changes, and no other section", "x\n\n## What landed\n\n- Pull `1`\n  At `a`.\n- Pull 2\n\n## Evidence\n\n- no\n", []string{"Pull 1. At a.", "Pull 2"}},
		{"no list", "\n## What landed\n\nNothing.\n", nil},
	} {
		if d := cmp.Diff(test.want, offeredIn(test.body)); d != "" {
			t.Errorf("%s: %s", test.why, d)
		}
	}
}
