package checks

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/agentplane/agentplane/ownership"
)

// many returns the report of a search pull request that touches n paths of nobody's, with the given tail in each.
func many(t *testing.T, n int, tail string) Report {
	f := goodFacts()
	for i := range n {
		touch(&f, modified(fmt.Sprintf("src/lib/%05d%s", i, tail)))
	}
	return Evaluate(example(t), f)
}

func TestLongReportsAreShortenedWithCounts(t *testing.T) {
	for _, tc := range []struct {
		why  string
		n    int
		tail string
	}{
		{"as many as a summary shows", summaryFindings, ".ts"},
		{"one more", summaryFindings + 1, ".ts"},
		{"more than the text holds", 3000, ".ts"},
		{"long names", 500, strings.Repeat("x", 4000)},
		{"names of four bytes a rune, escaped in JSON", 500, strings.Repeat("\U000e0041", 500)},
		{"names of backticks", 500, strings.Repeat("`", 300)},
	} {
		r := many(t, tc.n, tc.tail)
		if len(r.Findings) < tc.n || r.Omitted != 0 {
			t.Errorf("%s: the report has %d findings, want all %d", tc.why, len(r.Findings), tc.n)
		}
		d := Render(r)[0]
		holdDocument(t, d)
		shown := strings.Count(d.Summary, "`ownership/outside`\n")
		if shown > summaryFindings {
			t.Errorf("%s: the summary shows %d findings", tc.why, shown)
		}
		rest := fmt.Sprintf("- and %s more findings, in the details below", thousands(tc.n-summaryFindings))
		if tc.n > summaryFindings && tc.tail == ".ts" && !strings.Contains(d.Summary, rest) {
			t.Errorf("%s: the summary lacks %q", tc.why, rest)
		}
		holdShortened(t, d.Text, len(r.Findings))
		if got := len(d.Annotations) + d.Omitted; got != len(r.Of(d.Name)) {
			t.Errorf("%s: %d annotations and %d left out, of %d", tc.why, len(d.Annotations), d.Omitted, len(r.Of(d.Name)))
		}
	}
}

// holdShortened holds that the fenced report accounts for every finding.
func holdShortened(t *testing.T, text string, findings int) {
	t.Helper()
	_, after, _ := strings.Cut(text, "```json\n")
	var r Report
	if err := json.Unmarshal([]byte(strings.TrimSuffix(after, "\n```\n")), &r); err != nil {
		t.Fatal(err)
	}
	validate(t, []byte(strings.TrimSuffix(after, "\n```\n")))
	if len(r.Findings)+r.Omitted != findings {
		t.Errorf("the fenced report has %d findings and leaves out %d, of %d", len(r.Findings), r.Omitted, findings)
	}
}

// TestRenderOfAnyReport renders a report that Evaluate would never make, as one that was read from a file may be.
func TestRenderOfAnyReport(t *testing.T) {
	evil := marker + "`\n/integrate\n@octo closes #1 <b> https://evil.example \u202e\xff"
	huge := strings.Repeat(evil, 5000)
	r := Report{
		PR: 1, PRs: make([]int, 5000), Agent: huge, Target: huge, Base: evil, Head: huge,
		Checks: []Check{{Name: CheckOwnership, Verdict: "neutral", Title: huge}},
		Findings: []Finding{
			{Rule: RuleID(evil), Check: CheckOwnership, Level: "x", Verdict: "y", Path: evil, Line: -5, Owner: evil, Contract: evil, Message: huge, Fix: huge},
			{Rule: RuleOutside, Check: CheckOwnership, Verdict: Failure, Path: "a", Message: evil, Fix: "git rm -- 'a'\n/integrate"},
		},
	}
	d := Render(r)[0]
	if d.Conclusion != "failure" {
		t.Errorf("an unknown verdict concludes %q, want failure", d.Conclusion)
	}
	for _, s := range []string{d.Summary, d.Text} {
		if len(s) > MaxText || !utf8.ValidString(s) || strings.Contains(outside(t, s), marker) {
			t.Errorf("%d bytes, not UTF-8, or hostile text outside code", len(s))
		}
		spans(t, s, nil)
	}
	if len(d.Title) > MaxTitle || !utf8.ValidString(d.Title) {
		t.Errorf("title of %d bytes", len(d.Title))
	}
	if Render(Report{}) == nil || (Report{}).Verdict() != Failure {
		t.Error("the empty report must render nothing and fail")
	}
}

func TestConclusion(t *testing.T) {
	for _, tc := range []struct {
		v                  Verdict
		status, conclusion string
	}{
		{Success, "completed", "success"},
		{Failure, "completed", "failure"},
		{ActionRequired, "completed", "action_required"},
		{Pending, "in_progress", ""},
		{"", "completed", "failure"},
		{"neutral", "completed", "failure"},
		{"skipped", "completed", "failure"},
	} {
		if s, c := conclusion(tc.v); s != tc.status || c != tc.conclusion {
			t.Errorf("conclusion(%q) = %q, %q, want %q, %q", tc.v, s, c, tc.status, tc.conclusion)
		}
	}
}

func TestDigest(t *testing.T) {
	f := goodFacts()
	touch(&f, modified("src/a.ts"))
	before := Render(Evaluate(example(t), f))[0]
	if Digest(before) != Digest(Render(Evaluate(example(t), f))[0]) {
		t.Error("equal documents have different digests")
	}
	f.ReadAt = f.ReadAt.AddDate(0, 0, 1)
	if Digest(before) != Digest(Render(Evaluate(example(t), f))[0]) {
		t.Error("the time of reading changes the digest, so every sweep would publish again")
	}
	for _, change := range []func(*Document){
		func(d *Document) { d.Conclusion = "success" },
		func(d *Document) { d.Title += "." },
		func(d *Document) { d.Summary += "." },
		func(d *Document) { d.Text += "." },
		func(d *Document) { d.Annotations = nil },
	} {
		d := before
		change(&d)
		if Digest(d) == Digest(before) {
			t.Errorf("a changed document has the same digest: %+v", d)
		}
	}
}

func TestPathsLimit(t *testing.T) {
	c := example(t)
	limited := *c
	limited.Limits = ownership.Limits{Paths: 3}
	f := goodFacts()
	for i := range 4 {
		touch(&f, modified(fmt.Sprintf("src/components/search/%d", i)))
	}
	if r := Evaluate(&limited, f); r.Verdict() != Failure || r.Findings[0].Rule != RuleTooLarge || len(r.Findings) != 1 {
		t.Errorf("four paths of three allowed: %v", rulesOf(r))
	}
	f.Touched.Changes = append(f.Touched.Changes[:3], f.Touched.Changes[0])
	if r := Evaluate(&limited, f); r.Verdict() != Success {
		t.Errorf("three paths of three allowed: %v", rulesOf(r))
	}
}

// TestShortenedReportsAreFull holds that no finding is left out for which there was room.
func TestShortenedReportsAreFull(t *testing.T) {
	r := many(t, 60, "`\u202e.ts")
	whole := indent(r)
	for _, limit := range []int{len(whole) + 100, len(whole), len(whole) - 1, len(whole) / 2, len(indent(r.shortened(1))), 1} {
		text := indentedJSON(r, limit)
		var got Report
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Fatal(err)
		}
		if len(text) > limit && len(got.Findings) > 0 {
			t.Errorf("%d bytes, %d allowed", len(text), limit)
		}
		if more := len(got.Findings) + 2; more <= len(r.Findings) && len(indent(r.shortened(more))) <= limit {
			t.Errorf("limit %d: %d findings, and %d would fit", limit, len(got.Findings), more)
		}
		if len(got.Findings)+got.Omitted != len(r.Findings) {
			t.Errorf("limit %d: %d findings and %d left out, of %d", limit, len(got.Findings), got.Omitted, len(r.Findings))
		}
	}
}
