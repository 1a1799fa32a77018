package checks

import (
	"fmt"
	"strings"
	"testing"
)

func TestRenderTextPaints(t *testing.T) {
	good, bad := onOneCommit(t)
	bad.Findings = append(bad.Findings, Finding{Rule: RuleEmpty, Level: Notice, Verdict: Success, Message: "note\x1b[2J"})
	bad.Omitted = 3
	got := RenderText(bad, func(tone Tone, s string) string { return fmt.Sprintf("<%s:%s>", tone, s) })
	for _, want := range []string{
		"<bad:✗> <strong:agentplane/ownership>  1 file outside search's paths\n", "<good:✓> <strong:agentplane/review>",
		"<strong:src/a.ts>\n", "<faint:ownership/outside · .agentplane.yml:18 · the agent acts>", "  → git checkout origin/next -- 'src/a.ts'\n",
		"<faint:i> <strong:(the pull request)>\n  note\\x1b[2J\n", "and 3 more findings\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the text lacks %q:\n%s", want, got)
		}
	}
	if plain := RenderText(good, nil); strings.Contains(plain, "\x1b") || strings.Count(plain, "\n") != 3 {
		t.Errorf("a good report is more than its checks: %q", plain)
	}
	for v, want := range map[Verdict]string{Success: "✓", Pending: "…", ActionRequired: "!", Failure: "✗", "": "✗"} {
		if mark, _ := signOf(v); mark != want {
			t.Errorf("signOf(%q) = %s, want %s", v, mark, want)
		}
	}
}

func TestRenderGitHubEscapes(t *testing.T) {
	for _, tc := range []struct {
		finding Finding
		want    string
		why     string
	}{
		{Finding{Rule: "a/b", Level: Error, Path: "x", Message: "m"}, "::error file=x,line=1,title=a/b::m\n", "a file"},
		{Finding{Rule: "a/b", Level: Warning, Message: "m"}, "::warning title=a/b::m\n", "no file"},
		{Finding{Rule: "a/b", Level: Notice, Message: "m", Line: 7, Path: "x"}, "::notice file=x,line=7,title=a/b::m\n", "a line"},
		{Finding{Rule: "a/b", Message: "m"}, "::error title=a/b::m\n", "no level: the loudest"},
		{Finding{Rule: "a/b", Level: Error, Path: "a,b:c%d\ne", Message: "50%\n::warning::x"}, "::error file=a%2Cb%3Ac%25d\\ne,line=1,title=a/b::50%25\\n::warning::x\n", "a path and a message that would start another command"},
		{Finding{Rule: "a/b", Level: Error, Message: "m", Fix: "do\nthis"}, "::error title=a/b::m%0ANext: do\\nthis\n", "the line break is ours"},
	} {
		if got := RenderGitHub(Report{Findings: []Finding{tc.finding}}); got != tc.want {
			t.Errorf("got %q, want %q (%s)", got, tc.want, tc.why)
		}
	}
}
