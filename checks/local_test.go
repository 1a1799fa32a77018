package checks

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// cloned is what a clone knows of a pull request that the App finds in order: git's part of it, and the notes.
func cloned(t *testing.T) Facts {
	t.Helper()
	f := shownFacts(t)
	f.Local, f.PR, f.Author, f.Pusher, f.SiblingsKnown = true, 0, Account{}, Account{}, false
	f.Conversation, f.Past, f.HeadTree, f.CI = nil, nil, "", &CI{Workflows: f.CI.Workflows}
	return f
}

// TestCloneTakesNothingForAPass: what only GitHub has waits, whatever else the facts hold, and the notes are judged fully.
func TestCloneTakesNothingForAPass(t *testing.T) {
	const waits = "Observed by CI, later: `check`, `build` and `preview`"
	workflow := func(old, now string) func(*Facts) {
		return func(f *Facts) { f.CI.Workflows[ciFile] = strings.Replace(f.CI.Workflows[ciFile], old, now, 1) }
	}
	for _, tc := range []struct {
		why   string
		spoil func(*Facts)
		want  Verdict
		title string
		says  []string
	}{
		{"in order", func(*Facts) {}, Pending, "Later, on GitHub: check, build, preview", []string{waits}},
		{"no notes were given", func(f *Facts) { f.Body, f.BodyKnown = "", false }, Pending, "Later, on GitHub: check, build, preview, docs-build and 2 more", []string{
			waits, "The notes were not given here, so the App judges what they say of `docs-build`, `filters` and `notes`", "agentplane check --body FILE", "## Remaining risk",
		}},
		{"no notes were written", func(f *Facts) { f.Body = "" }, Failure, "Not shown: docs-build, filters, notes", []string{waits, "has no section"}},
		{"the notes are of another head", func(f *Facts) { f.Body = strings.Replace(f.Body, "head: a", "head: b", 1) }, Failure, "Not shown: filters", []string{"notes/stale"}},
		{"the notes are too long", func(f *Facts) { f.Body += strings.Repeat("x", 64<<10) }, Failure, "", []string{"more than 64 KiB"}},
		{"the command runs nowhere", workflow("npm run check", "npm run check || true"), ActionRequired, "Not shown: check", []string{
			"has no step whose run is `npm run check`", "runs more than that", "Observed by CI, later: `build` and `preview`",
		}},
		{"the job is gone", workflow("  check:", "  checks:"), ActionRequired, "Not shown: check", []string{"has no job `check`"}},
		{"the job may fail", workflow("runs-on:", "continue-on-error: true\n    runs-on:"), ActionRequired, "Not shown: check", []string{"continue-on-error"}},
		{"the file is gone", func(f *Facts) { f.CI.Workflows = nil }, ActionRequired, "Not shown: check", []string{"the head has no such file"}},
		{"the agent's own change broke it", func(f *Facts) {
			touch(f, modified(ciFile))
			workflow("npm run check", "true")(f)
		}, Failure, "Not shown: check", []string{"Restore `.github/workflows/ci.yml` as the base has it."}},
		{"the workflows were not read", func(f *Facts) { f.CI = nil }, Pending, "", []string{waits}},
		{"somebody put CI's results into the facts", func(f *Facts) {
			f.CI.Runs, f.CI.CheckRuns, f.CI.Statuses = shownFacts(t).CI.Runs, shownFacts(t).CI.CheckRuns, shownFacts(t).CI.Statuses
		}, Pending, "", []string{waits}},
	} {
		f := cloned(t)
		tc.spoil(&f)
		r := Evaluate(verification(t), f)
		text := RenderText(r, nil)
		check := r.check(CheckVerification)
		if check.Verdict != tc.want || tc.title != "" && check.Title != tc.title {
			t.Errorf("%s: %s, %q, want %s, %q", tc.why, check.Verdict, check.Title, tc.want, tc.title)
		}
		for _, want := range tc.says {
			if !strings.Contains(text, want) {
				t.Errorf("%s: nothing says %q in\n%s", tc.why, want, text)
			}
		}
		for _, row := range r.Matrix {
			if row.Evidence == LevelObserved || row.Evidence == LevelIntegrated || row.Needs == LevelObserved && row.State == RowShown {
				t.Errorf("%s: %s is taken for observed: %+v", tc.why, row.Requirement, row)
			}
		}
	}
}

// TestCloneJudgesWorkflowsAsTheAppDoes: what no CI could ever observe is the same finding before CI ran, and after.
func TestCloneJudgesWorkflowsAsTheAppDoes(t *testing.T) {
	for _, body := range []string{"", shownFacts(t).Body} {
		app, clone := shownFacts(t), cloned(t)
		app.Body, clone.Body = body, body
		app.CI.Workflows, clone.CI.Workflows = nil, nil
		find := func(f Facts) string {
			return fmt.Sprint(slices.DeleteFunc(Evaluate(verification(t), f).Of(CheckVerification), func(f Finding) bool { return f.Rule == RuleWaiting }))
		}
		if a, c := find(app), find(clone); a != c || !strings.Contains(a, "no such file") {
			t.Errorf("the App says\n%s\nand a clone\n%s", a, c)
		}
	}
}

// TestCloneSaysOnceWhatItLeaves counts the notices: one for each check that something is left of.
func TestCloneSaysOnceWhatItLeaves(t *testing.T) {
	for _, tc := range []struct {
		why               string
		spoil             func(*Facts)
		ownership, review string // what the notices end with, "" for none
		title             string
	}{
		{"an agent's", func(*Facts) {}, "who opens the pull request and pushes, and whether the branch has another one open", "", "Nothing needs an approval"},
		{"an approval is needed", func(f *Facts) { touch(f, modified("CLAUDE.md")) }, "another one open", "left to the App: who approves what needs an approval", "Needs approval: agent-config"},
		{"the contract", func(f *Facts) { touch(f, modified(".agentplane.yml")) }, "another one open", "and what the proposed contract would change for other open pull requests", "Needs approval: contract"},
		{"no agent's", func(f *Facts) { f.Head.Name = "fix" }, "", "", "Nothing needs an approval"},
	} {
		f := cloned(t)
		tc.spoil(&f)
		r := Evaluate(verification(t), f)
		for check, want := range map[string]string{CheckOwnership: tc.ownership, CheckReview: tc.review} {
			left := slices.DeleteFunc(r.Of(check), func(f Finding) bool { return !strings.Contains(f.Message, "left to the App") })
			if want == "" && len(left) == 0 {
				continue
			}
			if len(left) != 1 || left[0].Verdict != Success || left[0].Level != Notice || !strings.HasSuffix(left[0].Message, want) {
				t.Errorf("%s: %s says %+v, want one notice that ends with %q", tc.why, check, left, want)
			}
		}
		if got := r.check(CheckReview).Title; got != tc.title {
			t.Errorf("%s: %q, want %q", tc.why, got, tc.title)
		}
	}
	f := goodFacts()
	f.Local = true
	touch(&f, modified("src/components/search/a.ts"))
	if got := Evaluate(example(t), f).check(CheckReview).Title; got != "Nothing needs an approval, as far as is known here" {
		t.Errorf("with interfaces: %q", got)
	}
}

// TestCloneProposes: a proposed contract is looked at in a clone, but for the other pull requests.
func TestCloneProposes(t *testing.T) {
	f := proposing(t, strings.Replace(string(exampleSource(t)), "      - src/lib/listing.ts\n", "", 1))
	f.Local, f.Proposal.Pulls = true, nil
	r := Evaluate(example(t), f)
	if r.Effects == nil || !r.Effects.Unread || len(r.Effects.Owners) == 0 {
		t.Fatalf("effects %+v", r.Effects)
	}
	text := RenderText(r, nil)
	for _, want := range []string{"What the proposed contract would change:", "metadata: 0 paths gained, 1 path lost", "Other open pull requests were not looked at."} {
		if !strings.Contains(text, want) {
			t.Errorf("nothing says %q in\n%s", want, text)
		}
	}
	if strings.Contains(text, "keep the same verdict") {
		t.Errorf("pull requests that nobody looked at keep their verdict:\n%s", text)
	}
}

// TestMatrixForTerminalAndActions: the matrix is in both, lines stay short, and none is taken for a command.
func TestMatrixForTerminalAndActions(t *testing.T) {
	r := Evaluate(verification(t), cloned(t))
	r.Matrix[0].Requirement = "::error::" + marker
	r.Matrix[1].Requirement = strings.Repeat("n", 60)
	text, github := RenderText(r, nil), RenderGitHub(r)
	for _, want := range []string{"  ✓ notes                     shown: needs claimed, has claimed\n", "waiting: needs observed, has missing → Observed by CI, later.\n"} {
		if !strings.Contains(text, want) || !strings.Contains(github, want) {
			t.Errorf("no %q in\n%s\nor in\n%s", want, text, github)
		}
	}
	for line := range strings.Lines(github) {
		if trimmed := strings.TrimSpace(line); strings.HasPrefix(trimmed, "::error::") || strings.Contains(line, "##[") {
			t.Errorf("a requirement's name is a command: %q", line)
		}
	}
	if !strings.HasPrefix(github, "::group::agentplane/verification\n  ") {
		t.Errorf("the matrix is no group of the log:\n%s", github)
	}
}
