package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"charm.land/lipgloss/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/agentplane/agentplane/checks"
)

// readme shows what the demo prints, between two marks.
const (
	readme     = "../../README.md"
	readmeFrom = "<!-- demo:begin (real output of the command above) -->\n```text\n"
	readmeTo   = "```\n<!-- demo:end -->"
)

// playDemo runs `agentplane demo` as a person would, without a terminal. path is searched for programs first.
func playDemo(t *testing.T, path string, args ...string) string {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	demo := exec.CommandContext(t.Context(), exe)
	demo.Args = append([]string{"agentplane", "demo"}, args...)
	demo.Env = append(os.Environ(), "PATH="+path+string(os.PathListSeparator)+os.Getenv("PATH"))
	demo.Stdout, demo.Stderr = &stdout, &stderr
	if err := demo.Run(); err != nil || stderr.Len() > 0 {
		t.Fatalf("agentplane demo %q: %v\n%s%s", args, err, &stdout, &stderr)
	}
	return stdout.String()
}

// TestDemoTellsPrograms reads the events, and finds the story in them. It is played without Universal Ctags: the review
// then knows less of what changed, says so, and the story ends the same.
func TestDemoTellsPrograms(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	for _, name := range []string{"ctags-universal", "universal-ctags", "ctags"} {
		if err := os.WriteFile(filepath.Join(path, name), []byte("#!/bin/sh\necho Exuberant Ctags\n"), 0o700); err != nil { //nolint:gosec // a program
			t.Fatal(err)
		}
	}
	var got []string
	last := 0.0
	for line := range strings.Lines(playDemo(t, path, "--once", "--format", "json")) {
		var m moment
		d := json.NewDecoder(strings.NewReader(line))
		d.DisallowUnknownFields()
		if err := d.Decode(&m); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		if m.Seconds < last {
			t.Errorf("%s at %v, after %v", m.Kind, m.Seconds, last)
		}
		last = m.Seconds
		name, ours := strings.CutPrefix(m.Check, "agentplane/")
		switch {
		case m.Kind == "check" && ours && m.Verdict != string(checks.Success):
			got = append(got, fmt.Sprintf("#%d %s %s", m.PR, name, m.Verdict))
			for _, f := range m.Findings {
				if f.Verdict != checks.Success && f.Verdict != checks.Pending {
					got = append(got, strings.TrimSpace("  "+string(f.Rule)+" "+f.Path))
				}
			}
		case m.Kind == "tested":
			tested := "tested"
			for _, n := range m.Pulls {
				tested += fmt.Sprintf(" #%d", n)
			}
			got = append(got, strings.TrimSuffix(tested+" "+m.Verdict, " success"))
		case m.Kind == "landed":
			got = append(got, fmt.Sprintf("landed #%d", m.PR))
		case m.Kind != "check":
			got = append(got, m.Kind)
		}
	}
	want := []string{
		"start",
		"act", "opened",
		"act", "opened", "#2 ownership failure", "ownership/never src/content/config.ts",
		"#2 review action_required", "interface/post-schema src/content/config.ts", "interface/post-schema src/content/config.ts", "asked", "pushed",
		"act", "opened", "#3 verification in_progress",
		"cancel", "#3 verification failure", "verification/unobserved", "verification/unobserved",
		"rerun", "#3 verification failure", "verification/contradicted", "verification/failed",
		"pushed", "#3 verification failure", "notes/stale", "edited",
		"act", "pushed", "#1 review action_required", "class/lockfiles package-lock.json", "asked", "commented",
		"act", "pushed",
		"#1 review action_required", "interface/post-schema", "interface/post-schema src/content/config.ts",
		"interface/post-schema src/content/config.ts", "interface/post-schema src/content/config.ts", "asked",
		"#2 review failure", "interface/post-schema src/pages/blog/index.astro",
		"approved", "pushed", "pushed",
		"act", "commented", "commented", "commented", "commented",
		"#1 integration action_required", "#2 integration action_required", "#3 integration action_required",
		"commented", "tested #1", "tested #1 #2", "tested #1 #2 #3 failure", "landed #1", "landed #2", "offered", "#3 integration failure",
		"act", "pushed", "#3 verification failure", "notes/stale", "edited",
		"commented", "tested #1 #2 #3", "landed #3", "offered",
		"act", "merged", "restarted",
		"end",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("the story (-want +told):\n%s", d)
	}
}

// TestDemoNoticesAnotherEnd tells a story that ends otherwise, which the demo must not call a success.
func TestDemoNoticesAnotherEnd(t *testing.T) {
	t.Parallel()
	out, err := playChanged(t, func(s *story) {
		s.Steps = s.Steps[1:2]
		s.Steps[0].Then["search"] = storyState{}
	})
	if !errors.Is(err, errMissed) || status(err) != exitFindings {
		t.Errorf("the demo ended with %v", err)
	}
	for _, want := range []string{"another way than told", `agentplane/ownership is "failure", the story tells "success"`} {
		if !strings.Contains(out, want) {
			t.Errorf("it does not say %q:\n%s", want, out)
		}
	}
}

// TestDemoHoldsEachPartOfAState changes one thing at a time that the story tells of the trespass.
func TestDemoHoldsEachPartOfAState(t *testing.T) {
	t.Parallel()
	p, told := newPlay(t, io.Discard)
	if err := p.step(t.Context(), told, told.Steps[1]); err != nil || len(p.misses) > 0 {
		t.Fatalf("the trespass: %v, %q", err, p.misses)
	}
	o := p.find("search")
	tests := []struct {
		why    string
		change func(*storyState)
		want   string // the only miss
	}{
		{"the trespass is not told to be one", func(s *storyState) { s.Ownership = "" }, `agentplane/ownership is "failure", the story tells "success"`},
		{"another verdict on the interface", func(s *storyState) { s.Review = "failure" }, `agentplane/review is "action_required", the story tells "failure"`},
		{"CI is told to go on", func(s *storyState) { s.Verification = "in_progress" }, `agentplane/verification is "success", the story tells "in_progress"`},
		{"a rule is not told", func(s *storyState) { s.Rules = s.Rules[1:] }, `findings of ["interface/post-schema" "ownership/never"], the story tells ["ownership/never"]`},
		{"another file is told", func(s *storyState) { s.Names = []string{"package.json"} }, `no finding names "package.json", as the story tells`},
		{"nobody is told to be asked", func(s *storyState) { s.Asked = nil }, `["@octo/architects"] are asked for a review, the story tells []`},
	}
	right := o.state
	for _, test := range tests {
		p.misses, o.state = nil, right
		test.change(&o.state)
		if p.expect(o); len(p.misses) != 1 || !strings.HasSuffix(p.misses[0], test.want) {
			t.Errorf("%s: %q, want %q", test.why, p.misses, test.want)
		}
	}
}

// TestDemoRefusesAStepItCannotPlay: what is wrong with the story is said, with the step.
func TestDemoRefusesAStepItCannotPlay(t *testing.T) {
	t.Parallel()
	p, told := newPlay(t, io.Discard)
	if err := p.step(t.Context(), told, told.Steps[0]); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		why  string
		step storyStep
		want string
	}{
		{"an agent without a pull request", storyStep{Pull: "nobody", Approve: true}, `no pull request of "nobody"`},
		{"a person outside the cast", storyStep{Pull: "metadata", By: "zoe", Approve: true}, `nobody of the story is called "zoe"`},
		{"not open yet", storyStep{Pull: "search", By: "ana", Approve: true}, "it is not open yet"},
		{"a step without anything", storyStep{Pull: "metadata"}, "nothing happens in it"},
		{"another word for CI", storyStep{Pull: "metadata", CI: "pause"}, `CI cannot "pause": take cancel or rerun`},
		{"a folder that is not there", storyStep{Pull: "metadata", Commit: &storyCommit{Files: "pulls/none"}}, "pulls/none"},
		{"nothing left to cancel", storyStep{Pull: "metadata", CI: "cancel"}, "completed already"},
		{"an approval of one's own", storyStep{Pull: "metadata", Approve: true}, "Can not approve your own pull request"},
	}
	for _, test := range tests {
		if err := p.step(t.Context(), told, test.step); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.why, err, test.want)
		}
	}
	_, err := playChanged(t, func(s *story) { s.Steps = []storyStep{{Pull: "nobody"}} })
	if want := `play step 1 of the story, on nobody's pull request: the story has no pull request of "nobody"`; fmt.Sprint(err) != want || status(err) != exitTrouble {
		t.Errorf("the demo ended with %v, want %s", err, want)
	}
}

// newPlay sets the stage for the story that the binary carries.
func newPlay(t *testing.T, out io.Writer) (*play, *story) {
	t.Helper()
	told, err := loadStory()
	if err != nil {
		t.Fatal(err)
	}
	stage, err := newStage(t.Context(), "127.0.0.1:0", told)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stage.close(); err != nil {
			t.Error(err)
		}
	})
	return &play{stage: stage, tell: newTeller(out, "text"), started: time.Now()}, told
}

// playChanged plays another story than the one that the binary carries.
func playChanged(t *testing.T, change func(*story)) (string, error) {
	t.Helper()
	told, err := loadStory()
	if err != nil {
		t.Fatal(err)
	}
	change(told)
	var out bytes.Buffer
	err = playStory(t.Context(), &out, told, demoOptions{listen: "127.0.0.1:0", format: "text", once: true})
	return out.String(), err
}

// TestDemoFitsATerminal: but for commands, which stay whole, no line is longer than 80 columns.
func TestDemoFitsATerminal(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), readmeFrom)
	shown, _, _ := strings.Cut(rest, readmeTo)
	for line := range strings.Lines(shown) {
		if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > lineWidth && !strings.Contains(line, "git checkout ") {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}

func TestFindingsAreToldOnceAndNotAll(t *testing.T) {
	t.Parallel()
	finding := func(message, fix string) checks.Finding {
		return checks.Finding{Rule: "ownership/outside", Path: message, Verdict: checks.Failure, Message: message, Fix: fix, Contract: ".agentplane.yml:3"}
	}
	many := []checks.Finding{
		finding("one", "Push."), finding("two", "Push."), {Verdict: checks.Pending, Message: "waits"},
		finding("three", "Stop."), finding("four", "Stop."), finding("five", "Stop."),
	}
	var out strings.Builder
	teller := newTeller(&out, "text")
	told := moment{Kind: "check", PR: 1, Check: checks.CheckOwnership, Verdict: "failure", Text: "5 files", Findings: many}
	teller.tell(told)
	told.Text, told.Findings = "Again", append(many, finding("six", "Push."))
	teller.tell(told)
	want := `         ✗ #1 agentplane/ownership: 5 files
           one
           two
           decided by .agentplane.yml:3
           next: Push.
           three
           decided by .agentplane.yml:3
           next: Stop.
           and 2 more findings in the check run
         ✗ #1 agentplane/ownership: Again
           six
           decided by .agentplane.yml:3
           next: Push.
`
	if d := cmp.Diff(want, out.String()); d != "" {
		t.Error(d)
	}
}

func TestFindingsAreWrapped(t *testing.T) {
	t.Parallel()
	long := "`git checkout origin/" + strings.Repeat("x", 90) + " -- 'a b'`"
	tests := []struct{ why, lead, text, want string }{
		{"short", "  next: ", "Push again.", "  next: Push again.\n"},
		{"nothing", "  ", "", "  \n"},
		{
			"at spaces, and below the text", "next: ", strings.Repeat("word ", 17),
			"next: " + strings.Repeat("word ", 14) + "word\n      word word\n",
		},
		{"exactly as wide", "", strings.Repeat("x", 40) + " " + strings.Repeat("y", 39) + " z", strings.Repeat("x", 40) + " " + strings.Repeat("y", 39) + "\nz\n"},
		{"never within a command", "", "Or " + long + ", then push.", "Or\n" + long + ",\nthen push.\n"},
		{"a lone backtick is text", "", "a ` b", "a ` b\n"},
		{"characters count, not bytes", "", strings.Repeat("é", 78) + " a", strings.Repeat("é", 78) + " a\n"},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			(&textTeller{out: &out}).wrapped(test.lead, test.text, lipgloss.NewStyle())
			if d := cmp.Diff(test.want, out.String()); d != "" {
				t.Error(d)
			}
		})
	}
}
