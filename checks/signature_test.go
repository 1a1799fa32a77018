package checks

import (
	"strings"
	"testing"
	"time"
)

func TestNormalError(t *testing.T) {
	for _, tc := range []struct{ a, b, why string }{
		{"src/a.ts:12:7 - error TS2322", "lib/deep/b.ts:1:99 - error TS1", "paths and numbers"},
		{"/opt/x/a.go: boom", `C:\build\a.go: boom`, "absolute paths of two systems"},
		{"took 12.3s", "took 450 ms", "durations"},
		{"at deadbeef1 failed", "at 0123456789abcdef0123456789abcdef01234567 failed", "commits"},
		{"\x1b[31mError:\x1b[0m boom", "error: boom", "colours and case"},
		{"2026-03-04T05:06:07.123Z boom", "2025-12-31 23:59:59 boom", "times"},
		{"expected 'a' but", `expected "a" but`, "quotes"},
		{"see https://x.example/1?y=2 now", "see http://y.example/ now", "addresses"},
		{"pointer 0xc0001234 is nil", "pointer 0xff is nil", "addresses in memory"},
		{"id 123e4567-e89b-12d3-a456-426614174000", "id 00000000-0000-0000-0000-000000000001", "UUIDs"},
		{"a   b\t c", "a b c", "spaces"},
		{"1,234.5 files", "7 files", "numbers with separators"},
	} {
		if a, b := normalError(tc.a), normalError(tc.b); a != b {
			t.Errorf("%s: %q and %q", tc.why, a, b)
		}
	}
	for _, tc := range [][2]string{{"cannot find module", "cannot find name"}, {"TypeError: x", "RangeError: x"}, {"", "x"}} {
		if normalError(tc[0]) == normalError(tc[1]) {
			t.Errorf("%q and %q are the same failure", tc[0], tc[1])
		}
	}
	if a, b := signatureOf("check", sighting{first: "x"}), signatureOf("build", sighting{first: "x"}); a.Hash == b.Hash || len(a.Hash) != 32 {
		t.Errorf("two requirements share a signature: %+v %+v", a, b)
	}
	if s := signatureOf("check", sighting{first: strings.Repeat("é", 5000)}); len(s.Text) > maxErrorText {
		t.Errorf("the text has %d bytes", len(s.Text))
	}
}

// TestAttempts counts heads. In past, one letter a head: x and y are failures of two kinds, + a pass, . nothing decided;
// the present head fails with kind x where now is x.
func TestAttempts(t *testing.T) {
	c := verification(t)
	same := signatureOf("check", sighting{first: "boom 1"}).Hash
	for _, tc := range []struct {
		past      string
		now       string
		retried   time.Duration // before now; 0: never
		attempt   int
		escalated bool
		why       string
	}{
		{"", "+", 0, 0, false, "nothing fails"},
		{"", "x", 0, 1, false, "the first failure"},
		{"x", "x", 0, 2, false, "the second"},
		{"xx", "x", 0, 3, true, "the third"},
		{"xxx", "x", 0, 4, true, "the fourth"},
		{"yy", "x", 0, 1, false, "another failure"},
		{"x+x", "x", 0, 2, false, "a pass between"},
		{"x.x", "x", 0, 3, true, "a head on which CI did not end"},
		{"xxx", "+", 0, 3, true, "a push that passes does not clear it"},
		{"xxx", "", 0, 3, true, "nor does one that waits"},
		{"xxxy", "y", 0, 3, true, "nor does another failure"},
		{"xx", "x", time.Minute, 1, false, "a person said retry after the others"},
		{"xxx", "+", time.Minute, 0, false, "and it passes"},
		{"xxx", "x", 3 * time.Hour, 4, true, "a retry before the failures"},
	} {
		f := shownFacts(t)
		for i, kind := range tc.past {
			head := strings.Repeat(string(rune('1'+i)), 40)
			f.Past.Heads = append(f.Past.Heads, head)
			switch kind {
			case '+':
				f.Past.Passes = append(f.Past.Passes, PastPass{"check", head})
			case 'x', 'y':
				sig := map[rune]string{'x': same, 'y': "other"}[kind]
				f.Past.Failures = append(f.Past.Failures, PastFailure{Requirement: "check", Signature: sig, Head: head, PR: 3 + i, At: f.ReadAt.Add(-time.Hour)})
			}
		}
		f.Past.Heads = append(f.Past.Heads, f.Head.SHA)
		job := &f.CI.Runs[0].Jobs[0]
		switch tc.now {
		case "x", "y":
			job.Conclusion, job.Errors = "failure", []string{map[string]string{"x": "boom 2", "y": "crash"}[tc.now]}
		case "":
			job.Status = "in_progress"
		}
		if tc.retried > 0 {
			f.Conversation.People = append(f.Conversation.People, Standing{Account: Account{ID: 61, Login: "sam"}, Permission: "write"})
			f.Conversation.Comments = append(f.Conversation.Comments, Comment{ID: 1, By: Account{ID: 61, Login: "sam"}, Body: "/retry", At: f.ReadAt.Add(-tc.retried)})
		}
		r := Evaluate(c, f)
		if r.Attempt != tc.attempt || r.Attempts != 3 || r.Escalated != tc.escalated || tc.escalated != (len(byRule(r.Findings, RuleAttempts)) > 0) {
			t.Errorf("%s (%q, now %q): attempt %d of %d, escalated %v; want %d, %v: %v", tc.why, tc.past, tc.now, r.Attempt, r.Attempts, r.Escalated, tc.attempt, tc.escalated, rulesOf(r))
		}
		if want := map[bool]Verdict{true: ActionRequired, false: r.check(CheckVerification).Verdict}[tc.escalated]; tc.now != "y" && r.check(CheckVerification).Verdict != want {
			t.Errorf("%s: %s, want %s: a person must act, not the agent", tc.why, r.check(CheckVerification).Verdict, want)
		}
		if fails := tc.now == "x" || tc.now == "y"; fails != (len(r.Signatures) == 1) {
			t.Errorf("%s: signatures %+v", tc.why, r.Signatures)
		}
	}
}

// TestNeedsHumanWithoutHistory: the label stands in for a history that is gone, until a person says retry.
func TestNeedsHumanWithoutHistory(t *testing.T) {
	f := shownFacts(t)
	f.Labels = []string{LabelNeedsHuman}
	if r := Evaluate(verification(t), f); !r.Escalated || r.Verdict() != ActionRequired {
		t.Errorf("%s: %v", r.Verdict(), rulesOf(r))
	}
	f.Conversation.People = []Standing{{Account: Account{ID: 61, Login: "sam"}, Permission: "write"}}
	f.Conversation.Comments = []Comment{{ID: 1, By: Account{ID: 61, Login: "sam"}, Body: "/retry", At: f.ReadAt}}
	if r := Evaluate(verification(t), f); r.Escalated {
		t.Errorf("a retry does not clear it: %v", rulesOf(r))
	}
}

// TestHarnessIsApproved: a person's approval of the changed harness lets observed evidence count.
func TestHarnessIsApproved(t *testing.T) {
	f := shownFacts(t)
	touch(&f, modified("scripts/check.sh"))
	if r := Evaluate(verification(t), f); r.Verdict() != ActionRequired || len(byRule(r.Findings, RuleHarness)) != 1 {
		t.Errorf("%s: %v", r.Verdict(), rulesOf(r))
	}
	f.Conversation.People = []Standing{{Account: Account{ID: 61, Login: "sam"}, Permission: "write"}}
	f.Conversation.Comments = []Comment{{ID: 1, By: Account{ID: 61, Login: "sam"}, Body: "/approve harness", At: f.ReadAt, Head: f.Head.SHA}}
	if r := Evaluate(verification(t), f); r.Verdict() != Success {
		t.Errorf("approved: %s: %v", r.Verdict(), rulesOf(r))
	}
}

// TestNeedsOfCI: only what the requirements of this pull request need is asked for.
func TestNeedsOfCI(t *testing.T) {
	c := verification(t)
	for _, tc := range []struct {
		why   string
		spoil func(*Facts)
		want  Needs
	}{
		{"an agent's", func(*Facts) {}, Needs{Runs: []string{ciFile}, CheckRuns: true, Statuses: true}},
		{"a person's", func(f *Facts) { f.Head.Name, f.Author = "fix", Account{ID: 5, Login: "mona"} }, Needs{}},
		{"a clone", func(f *Facts) { f.Local = true }, Needs{Runs: []string{ciFile}}},
		{"a clone where the harness is changed", func(f *Facts) { f.Local = true; touch(f, modified("scripts/x.sh")) }, Needs{Runs: []string{ciFile}}},
		{"no contract in force", func(f *Facts) { f.Contract.Kind = ContractInvalid }, Needs{}},
		{"the harness is changed", func(f *Facts) { touch(f, modified("scripts/x.sh")) }, Needs{Runs: []string{ciFile}, CheckRuns: true, Statuses: true, Conversation: true}},
		{"it failed before", func(f *Facts) { f.Past.Failures = []PastFailure{{}} }, Needs{Runs: []string{ciFile}, CheckRuns: true, Statuses: true, Conversation: true}},
		{"the label", func(f *Facts) { f.Labels = []string{"needs-human"} }, Needs{Runs: []string{ciFile}, CheckRuns: true, Statuses: true, Conversation: true}},
	} {
		f := shownFacts(t)
		tc.spoil(&f)
		got := NeedsOf(c, f)
		if strings.Join(got.Runs, " ") != strings.Join(tc.want.Runs, " ") || got.CheckRuns != tc.want.CheckRuns || got.Statuses != tc.want.Statuses || got.Conversation != tc.want.Conversation {
			t.Errorf("%s: %+v, want %+v", tc.why, got, tc.want)
		}
	}
}
