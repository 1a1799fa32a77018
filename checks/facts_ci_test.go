package checks

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/agentplane/agentplane/ownership"
)

// verified is the contract that the tests of verification judge by, and ciFile its workflow.
const (
	verified = "testdata/verification.yml"
	ciFile   = ".github/workflows/ci.yml"
)

// shownFacts are those of a pull request that shows everything the contract of verification requires.
func shownFacts(t testing.TB) Facts {
	f := goodFacts()
	f.CI = &CI{Workflows: map[string]string{ciFile: string(readFile(t, "testdata/ci.yml"))}}
	facts := string(readFile(t, "testdata/shown.txt"))
	for line := range strings.Lines(facts) {
		words := strings.Fields(line)
		if len(words) > 0 && !ciLine(&f, words[0], append(words[1:], "", "", "", "", "", "", "")) {
			t.Fatalf("shown.txt: cannot read %q", line)
		}
	}
	f.Body = goodNotes
	return f
}

// goodNotes are whole notes for the head of goodFacts.
const goodNotes = `Adds the search box.

## Commands run

- ` + "`make docs`" + `: exit 0

## Remaining risk

The list is long without script.

` + "```agentplane" + `
head: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
agent: search
commands:
  - { id: check, run: npm run check, exit: 0, seconds: 12.4 }
statements: [filters]
` + "```\n"

func verification(t testing.TB) *ownership.Contract {
	c, err := ownership.Parse(ownership.FileName, readFile(t, verified))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// useFiles puts the other files of a golden into the facts: the description, and workflow files.
func useFiles(f *Facts, in map[string][]byte) {
	if body, ok := in["body.md"]; ok {
		f.Body = string(body)
	}
	for name, src := range in {
		if strings.HasPrefix(name, ".github/workflows/") {
			ci(f).Workflows[name] = string(src)
		}
	}
}

func isFact(f txtar.File) bool {
	return f.Name == "contract.yml" || f.Name == "proposed.yml" || f.Name == "facts" || f.Name == "body.md" || strings.HasPrefix(f.Name, ".github/workflows/")
}

// ci is what CI reported; lines of facts add to it.
func ci(f *Facts) *CI {
	if f.CI == nil {
		f.CI = &CI{Workflows: map[string]string{}}
	}
	return f.CI
}

// ciLine reads a line of facts about CI, the notes and the past.
func ciLine(f *Facts, key string, w []string) bool {
	switch key {
	case "ci":
		ci(f)
	case "no-ci":
		f.CI = nil
	case "no-body":
		f.BodyKnown = false
	case "no-past":
		f.Past = nil
	case "label":
		f.Labels = append(f.Labels, w[0])
	case "head-since":
		f.HeadSince = f.ReadAt.Add(-ago(w[0]))
	case "no-workflow":
		delete(ci(f).Workflows, w[0])
	case "past":
		pastLine(f, w)
	default:
		return reportedLine(f, key, w)
	}
	return true
}

// pastLine is "past HEAD-DIGIT pass|fail REQUIREMENT SIGNATURE".
func pastLine(f *Facts, w []string) {
	if f.Past == nil {
		f.Past = &Past{}
	}
	head := strings.Repeat(w[0], 40)
	f.Past.Heads = append(f.Past.Heads, head)
	switch w[1] {
	case "pass":
		f.Past.Passes = append(f.Past.Passes, PastPass{w[2], head})
	case "fail":
		f.Past.Failures = append(f.Past.Failures, PastFailure{
			Requirement: w[2], Signature: w[3], Head: head, PR: 12, URL: "https://github.example/octo/blog/runs/" + w[0],
			At: f.ReadAt.Add(-time.Hour),
		})
	}
}

// reportedLine reads what CI reported. SHA is a digit that is repeated, or "head".
func reportedLine(f *Facts, key string, w []string) bool {
	if !slices.Contains([]string{"run", "job", "step", "error", "check", "status", "jobs-unread", "repo"}, key) {
		return false
	}
	c := ci(f)
	var job *RunJob
	if n := len(c.Runs); n > 0 && len(c.Runs[n-1].Jobs) > 0 {
		job = &c.Runs[n-1].Jobs[len(c.Runs[n-1].Jobs)-1]
	}
	switch key {
	case "run": // run ID EVENT SHA STATUS CONCLUSION [TREE]
		c.Runs = append(c.Runs, Run{
			ID: int64(number(w[0])), Workflow: ciFile, Event: w[1], Repo: 7, SHA: commitOf(f, w[2]), Status: w[3], Conclusion: dash(w[4]), Tree: tree(w[5]),
			Attempt: 1, URL: "https://github.example/octo/blog/actions/runs/" + w[0], Created: f.ReadAt.Add(-4 * time.Minute), JobsKnown: true,
		})
	case "job": // job NAME STATUS CONCLUSION [AGO], in the last run
		run := &c.Runs[len(c.Runs)-1]
		run.Jobs = append(run.Jobs, RunJob{ID: run.ID*10 + int64(len(run.Jobs)), Name: w[0], Status: w[1], Conclusion: dash(w[2]), URL: run.URL + "/job/1"})
		if w[3] != "" {
			run.Jobs[len(run.Jobs)-1].Started = f.ReadAt.Add(-ago(w[3]))
		}
	case "step": // step CONCLUSION NAME…, in the last job
		job.Steps = append(job.Steps, RunStep{Number: len(job.Steps) + 1, Name: strings.TrimSpace(strings.Join(w[1:], " ")), Status: "completed", Conclusion: w[0]})
	case "error": // error TEXT, of the last job
		job.Errors = append(job.Errors, w[0])
	case "check": // check ID NAME APP STATUS CONCLUSION SHA TITLE
		c.CheckRuns = append(c.CheckRuns, CheckRun{
			ID: int64(number(w[0])), Name: w[1], App: w[2], AppID: int64(len(w[2])), Status: w[3], Conclusion: dash(w[4]), SHA: commitOf(f, w[5]), Title: w[6],
			URL: "https://github.example/octo/blog/runs/" + w[0], Started: f.ReadAt.Add(-3 * time.Minute),
		})
	case "status": // status CONTEXT ID LOGIN STATE DESCRIPTION
		c.Statuses = append(c.Statuses, Status{
			Context: w[0], Creator: Account{ID: int64(number(w[1])), Login: w[2]}, State: w[3], Description: w[4], At: f.ReadAt.Add(-2 * time.Minute),
			URL: "https://ci.example/" + w[0],
		})
	case "jobs-unread":
		c.Runs[len(c.Runs)-1].JobsKnown = false
	case "repo":
		c.Runs[len(c.Runs)-1].Repo = int64(number(w[0]))
	}
	return true
}

func commitOf(f *Facts, s string) string {
	if s == "head" {
		return f.Head.SHA
	}
	return strings.Repeat(s, 40)
}

func tree(s string) string { return strings.Repeat(s, 40) }

func dash(s string) string { return strings.TrimPrefix(s, "-") }

func ago(s string) time.Duration {
	d, err := time.ParseDuration(s)
	if err != nil {
		panic(err)
	}
	return d
}
