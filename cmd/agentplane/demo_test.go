package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

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

// differing is what differs from one run of the demo to the next: the port, times and the number of requests, which
// depends on what is read together. Columns are kept.
var differing = regexp.MustCompile(`127\.0\.0\.1:\d+|(?m:^ *\d+\.\d\ds)|\d+ ms|\d+ API requests|\d+\.\d s\.`)

func steady(output string) string {
	return differing.ReplaceAllStringFunc(output, func(s string) string {
		return regexp.MustCompile(`[ \d]*\d`).ReplaceAllString(s, "#")
	})
}

// playDemo runs `agentplane demo` as a person would, without a terminal.
func playDemo(t *testing.T, args ...string) string {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	demo := exec.CommandContext(t.Context(), exe)
	demo.Args = append([]string{"agentplane", "demo"}, args...)
	demo.Stdout, demo.Stderr = &stdout, &stderr
	if err := demo.Run(); err != nil || stderr.Len() > 0 {
		t.Fatalf("agentplane demo %q: %v\n%s%s", args, err, &stdout, &stderr)
	}
	return stdout.String()
}

// TestReadmeShowsTheDemo holds the README's picture of the demo to what the demo prints.
func TestReadmeShowsTheDemo(t *testing.T) {
	t.Parallel()
	got := playDemo(t)
	page, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, begins := strings.Cut(string(page), readmeFrom)
	shown, after, ends := strings.Cut(rest, readmeTo)
	if !begins || !ends {
		t.Fatalf("%s lacks the marks of the demo's output", readme)
	}
	d := cmp.Diff(steady(shown), steady(got))
	if d == "" {
		return
	}
	if !*update {
		t.Fatalf("the README shows another demo; -update puts this one there (-shown +printed):\n%s", d)
	}
	if err := os.WriteFile(readme, []byte(before+readmeFrom+got+readmeTo+after), 0o644); err != nil { //nolint:gosec // a page of the repository
		t.Fatal(err)
	}
}

// TestDemoTellsPrograms reads the events, and finds the story in them.
func TestDemoTellsPrograms(t *testing.T) {
	t.Parallel()
	var got []string
	last := 0.0
	for line := range strings.Lines(playDemo(t, "--once", "--format", "json")) {
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
		if m.Kind != "check" {
			got = append(got, m.Kind)
		} else if m.Check == checks.CheckOwnership {
			got = append(got, m.Verdict)
			for _, f := range m.Findings {
				if f.Verdict != checks.Success {
					got = append(got, string(f.Rule)+" "+f.Path)
				}
			}
		}
	}
	want := []string{
		"start", "opened", "success", "opened", "failure", "ownership/never src/content/config.ts",
		"pushed", "success", "opened", "success", "end",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("the story (-want +told):\n%s", d)
	}
}

// TestDemoNoticesAnotherEnd tells a story that ends otherwise, which the demo must not call a success.
func TestDemoNoticesAnotherEnd(t *testing.T) {
	t.Parallel()
	tests := []struct {
		why    string
		change func(*story)
		want   string
	}{
		{"the trespass is not told to be one", func(s *story) { s.Pulls[1].Commits[0].Ownership = "success" }, `is "failure", the story tells "success"`},
		{"another file is told", func(s *story) { s.Pulls[1].Commits[0].Outside = []string{"package.json"} }, `the findings name ["src/content/config.ts"], the story tells ["package.json"]`},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			t.Parallel()
			told, err := loadStory()
			if err != nil {
				t.Fatal(err)
			}
			told.Pulls = told.Pulls[:2]
			test.change(told)
			var out bytes.Buffer
			err = playStory(t.Context(), &out, told, demoOptions{listen: "127.0.0.1:0", format: "text", once: true})
			if !errors.Is(err, errMissed) || status(err) != exitFindings {
				t.Errorf("the demo ended with %v", err)
			}
			if !strings.Contains(out.String(), "another way than told") || !strings.Contains(out.String(), test.want) {
				t.Errorf("it does not tell what went otherwise:\n%s", &out)
			}
		})
	}
}

func TestFindingsAreWrapped(t *testing.T) {
	t.Parallel()
	long := "`git checkout origin/" + strings.Repeat("x", 90) + " -- 'a b'`"
	tests := []struct{ why, lead, text, want string }{
		{"short", "next: ", "Push again.", "next: Push again.\n"},
		{"nothing", "", "", "\n"},
		{
			"at spaces, and below the lead", "next: ", strings.Repeat("word ", 20),
			"next: " + strings.Repeat("word ", 15) + "word\n      word word word word\n",
		},
		{"never within a command", "", "Or " + long + ", then push.", "Or\n" + long + ",\nthen push.\n"},
		{"a lone backtick is text", "", "a ` b", "a ` b\n"},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			(&textTeller{out: &out}).wrapped(test.lead, test.text, lipgloss.NewStyle())
			want := strings.ReplaceAll(test.want, "\n", "\n"+findingIndent)
			want = findingIndent + strings.TrimSuffix(want, findingIndent)
			if d := cmp.Diff(want, out.String()); d != "" {
				t.Error(d)
			}
		})
	}
}
