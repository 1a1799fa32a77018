package checks

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWorst(t *testing.T) {
	order := []Verdict{Success, Pending, ActionRequired, Failure}
	for i, v := range order {
		for k, w := range order {
			if v.Worse(w) != (i > k) {
				t.Errorf("%s.Worse(%s) = %v", v, w, v.Worse(w))
			}
			if got := Worst(v, w); got != order[max(i, k)] {
				t.Errorf("Worst(%s, %s) = %s", v, w, got)
			}
		}
	}
	for _, unknown := range []Verdict{"", "neutral", "skipped", "stale"} {
		if !unknown.Worse(ActionRequired) || Worst(Success, unknown) == Success {
			t.Errorf("%q ranks below failure: whoever forgets to decide would pass", unknown)
		}
	}
	if Worst() != Success {
		t.Error("no finding is no reason to fail")
	}
}

// onOneCommit are the reports of two pull requests of one head: 12 to main is in order, 15 to another base is not.
func onOneCommit(t *testing.T) (good, bad Report) {
	f := goodFacts()
	touch(&f, modified("src/components/search/a.ts"))
	good = Evaluate(example(t), f)
	f = goodFacts()
	f.PR, f.Base.Name, f.Base.SHA = 15, "next", strings.Repeat("c", 40)
	touch(&f, modified("src/components/search/a.ts"), modified("src/a.ts"))
	return good, Evaluate(example(t), f)
}

func TestCombine(t *testing.T) {
	good, bad := onOneCommit(t)
	got := Combine(good, bad)
	want := []Check{
		{CheckOwnership, Failure, "Pull request 15: 1 file outside search's paths"},
		{CheckVerification, Success, "Nothing stands against 2 pull requests on this commit"},
		{CheckReview, Success, "Nothing stands against 2 pull requests on this commit"},
	}
	if diff := cmp.Diff(want, got.Checks); diff != "" {
		t.Errorf("checks (-want +got):\n%s", diff)
	}
	if got.PR != 15 || got.Target != "next" || !cmp.Equal(got.PRs, []int{12, 15}) {
		t.Errorf("PR %d, target %q, PRs %v: the worst must speak, and all must be named", got.PR, got.Target, got.PRs)
	}
	if f := got.Findings[0]; f.PR != 15 {
		t.Errorf("a finding does not say whose it is: %+v", f)
	}
	summary := Render(got)[0].Summary
	for _, part := range []string{"head of pull requests 12, 15", "Pull request 15: `src/a.ts`"} {
		if !strings.Contains(summary, part) {
			t.Errorf("the summary lacks %q:\n%s", part, summary)
		}
	}
	if !cmp.Equal(Combine(good), good) {
		t.Error("one report does not come back as it is")
	}
	if Combine().Verdict() != Failure {
		t.Error("no report passes")
	}
}

func TestCombineMissingCheck(t *testing.T) {
	good, bad := onOneCommit(t)
	bad.Checks = bad.Checks[:1]
	if v := Combine(good, bad).check(CheckReview).Verdict; v != Failure {
		t.Errorf("a check that one report lacks was not judged, and is %s", v)
	}
}

// TestCombineManyPullRequests: a title names them all, and is still cut to what GitHub takes.
func TestCombineManyPullRequests(t *testing.T) {
	_, bad := onOneCommit(t)
	var all []Report
	for i := range 200 {
		bad.PR = 1000 + i
		all = append(all, bad)
	}
	d := Render(Combine(all...))[0]
	if len(d.Title) > MaxTitle || !strings.HasPrefix(d.Title, "Pull request 1000, 1001, ") || !strings.Contains(d.Title, "more characters)") {
		t.Errorf("title of %d bytes: %q", len(d.Title), d.Title)
	}
	if !strings.Contains(d.Summary, "the head of 200 pull requests") {
		t.Errorf("the summary does not count them: %q", d.Summary[:200])
	}
}
