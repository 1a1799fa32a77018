package checks

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// cells gives every requirement's needs, evidence, claim and state, as one line each.
func cells(r Report) map[string]string {
	out := map[string]string{}
	for _, row := range r.Matrix {
		out[row.Requirement] = strings.Join([]string{row.Needs, row.Evidence, string(row.State), row.Claim}, " ")
	}
	return out
}

// TestLevels goes through the table of levels: what is claimed against what CI says, for one requirement of each kind.
func TestLevels(t *testing.T) {
	c := verification(t)
	const success, failed, stale = "run: npm run check, exit: 0", "run: npm run check, exit: 1", "stale"
	for _, tc := range []struct {
		claim string // "" for none
		ci    string // success, failure, running, none, unread
		want  string
		rules []RuleID
	}{
		{"", "success", "observed observed shown ", nil},
		{success, "success", "observed observed shown success", nil},
		{failed, "success", "observed observed shown failure", []RuleID{RuleContradicted}},
		{stale, "success", "observed observed shown stale", []RuleID{RuleNotesStale, RuleStale}},
		{"", "failure", "observed missing failed ", []RuleID{RuleFailed}},
		{success, "failure", "observed claimed failed success", []RuleID{RuleContradicted, RuleFailed}},
		{failed, "failure", "observed missing failed failure", []RuleID{RuleFailed}},
		{"", "running", "observed missing waiting ", []RuleID{RuleWaiting}},
		{success, "running", "observed claimed waiting success", []RuleID{RuleWaiting}},
		{"", "none", "observed missing waiting ", []RuleID{RuleWaiting}},
		{success, "none", "observed claimed waiting success", []RuleID{RuleWaiting}},
		{"", "never", "observed missing waiting ", []RuleID{RuleLate}},
		{success, "never", "observed claimed waiting success", []RuleID{RuleUnobserved}},
		{"", "skipped", "observed missing missing ", []RuleID{RuleMissing}},
		{success, "skipped", "observed claimed missing success", []RuleID{RuleUnobserved}},
		{"", "elsewhere", "observed missing waiting ", []RuleID{RuleStale}},
		{success, "elsewhere", "observed claimed waiting success", []RuleID{RuleStale}},
		{"", "twin", "observed observed shown ", nil},
		{"", "unread", "observed missing unknown ", []RuleID{RuleEvidenceUnread}},
		{success, "unread", "observed claimed unknown success", []RuleID{RuleEvidenceUnread}},
	} {
		f := shownFacts(t)
		claimed(&f, tc.claim)
		reported(&f, tc.ci)
		r := Evaluate(c, f)
		if got := cells(r)["check"]; got != tc.want {
			t.Errorf("claim %q, CI %s: %q, want %q", tc.claim, tc.ci, got, tc.want)
		}
		var rules []RuleID
		for _, finding := range r.Of(CheckVerification) {
			if !slices.Contains(rules, finding.Rule) {
				rules = append(rules, finding.Rule)
			}
		}
		slices.Sort(rules)
		if !slices.Equal(rules, tc.rules) {
			t.Errorf("claim %q, CI %s: %v, want %v", tc.claim, tc.ci, rules, tc.rules)
		}
		if shown := strings.Contains(tc.want, "shown"); !shown && r.check(CheckVerification).Verdict == Success {
			t.Errorf("claim %q, CI %s: it passes", tc.claim, tc.ci)
		}
	}
}

// claimed makes the notes claim something about check.
func claimed(f *Facts, claim string) {
	line := "  - { id: check, " + claim + " }\n"
	switch claim {
	case "":
		line = ""
	case "stale":
		line = "  - { id: check, run: npm run check, exit: 0 }\n"
		f.Body = strings.Replace(f.Body, "head: a", "head: b", 1)
	}
	f.Body = strings.Replace(f.Body, "  - { id: check, run: npm run check, exit: 0, seconds: 12.4 }\n", line, 1)
}

// reported makes CI say something about check.
func reported(f *Facts, what string) {
	run := &f.CI.Runs[0]
	job := &run.Jobs[0]
	switch what {
	case "failure":
		job.Conclusion = "failure"
	case "running":
		run.Status, job.Status, job.Conclusion = "in_progress", "in_progress", ""
	case "skipped":
		job.Conclusion = "skipped"
	case "none", "never":
		f.CI.Runs = nil
		if what == "never" {
			f.HeadSince = f.ReadAt.Add(-2 * time.Hour)
		}
	case "elsewhere":
		run.SHA, run.Tree = strings.Repeat("d", 40), strings.Repeat("d", 40)
		f.HeadSince = f.ReadAt.Add(-2 * time.Hour)
	case "twin":
		run.SHA, run.Tree = strings.Repeat("d", 40), f.HeadTree
	case "unread":
		run.JobsKnown = false
	}
}
