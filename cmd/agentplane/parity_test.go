package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/agentplane/agentplane/checks"
	"github.com/agentplane/agentplane/sim"
)

// fixtures are everything that the two are compared on.
func fixtures() []fixture {
	return slices.Concat(ownershipFixtures(), reviewFixtures(), proposalFixtures(), evidenceFixtures())
}

// TestCheckAndTheAppFindTheSame judges every fixture twice: by the App, over HTTP, and by `agentplane check` in a clone.
func TestCheckAndTheAppFindTheSame(t *testing.T) {
	for i, f := range fixtures() {
		if raceDetector && i%8 != 0 { // make worlds plays all of them
			continue
		}
		t.Run(f.why, func(t *testing.T) {
			t.Parallel()
			s := newParity(t)
			sha := s.play(f)
			byApp, byCheck := s.app(sha), s.check("agent/search", f.notes(sha))
			waits := waiting(byCheck)
			for _, r := range byApp.Matrix {
				if slices.Contains(waits, r.Requirement) != (r.Needs != checks.LevelClaimed) && !slices.Contains(f.never, r.Requirement) {
					t.Errorf("check waits for %q, and the App's row is %+v", waits, r)
				}
			}
			byApp, byCheck = plain(byApp, waits), plain(byCheck, waits)
			if len(byApp.Findings) == 0 && !f.clean {
				t.Error("the App found nothing that both can know")
			}
			if d := gocmp.Diff(byApp, byCheck); d != "" {
				t.Errorf("the App and check differ (-app +check)\n%s", d)
			}
		})
	}
}

// waiting are the requirements that check leaves to CI.
func waiting(byCheck checks.Report) []string {
	var names []string
	for _, r := range byCheck.Matrix {
		if r.State == checks.RowWaiting {
			names = append(names, r.Requirement)
		}
	}
	return names
}

// exclusion is a finding that only one of the two can have.
type exclusion struct {
	why  string
	rule checks.RuleID
	of   func(f checks.Finding, waits []string) bool
}

// exclusions are all findings that are not compared. Every other one has to be the same, to the letter.
func exclusions() []exclusion {
	notice := func(f checks.Finding, _ []string) bool {
		return f.Verdict == checks.Success && strings.Contains(f.Message, "left to the App: ")
	}
	observed := func(f checks.Finding, waits []string) bool {
		return slices.ContainsFunc(waits, func(name string) bool { return strings.HasPrefix(f.Message, "`"+name+"`: ") })
	}
	return []exclusion{
		{"check's notice that GitHub alone knows who opens and pushes", checks.RuleBranch, notice},
		{"check's notice that GitHub alone knows what people say and what other pull requests do", checks.RuleUnread, notice},
		{"check's sentence on what CI observes later; the App has one for each requirement", checks.RuleWaiting,
			func(f checks.Finding, waits []string) bool {
				return strings.HasPrefix(f.Message, "Observed by CI, later: ") || observed(f, waits)
			}},
		{"what CI reported of a requirement that check waits for", checks.RuleFailed, observed},
		{"what CI reported against what the notes claim", checks.RuleContradicted, observed},
	}
}

// plain leaves out the exclusions, and what the two must call differently: the pull request's number, and the base, which a
// clone knows as origin's. Of the matrix, rows that wait for CI in a clone keep what is claimed for them. Of the outcome only
// what the proposed contract does to paths is git's to know: the rest is people, other pull requests, and the past.
func plain(r checks.Report, waits []string) checks.Report {
	r.PR, r.Target, r.Attempt = 0, strings.TrimPrefix(r.Target, "origin/"), 0
	effects := r.Effects
	r.Outcome = checks.Outcome{}
	if effects != nil {
		r.Effects = &checks.Effects{Owners: effects.Owners}
	}
	r.Findings = slices.DeleteFunc(r.Findings, func(f checks.Finding) bool {
		return slices.ContainsFunc(exclusions(), func(e exclusion) bool { return e.rule == f.Rule && e.of(f, waits) })
	})
	for i := range r.Findings {
		r.Findings[i].PR = 0
	}
	for i, row := range r.Matrix {
		if slices.Contains(waits, row.Requirement) {
			r.Matrix[i] = checks.Row{Requirement: row.Requirement, Required: row.Required, Needs: row.Needs, Claim: row.Claim, Contract: row.Contract}
		}
	}
	for i, c := range r.Checks {
		r.Checks[i].Title = strings.TrimSuffix(c.Title, ", as far as is known here")
		if c.Name == checks.CheckVerification && len(waits) > 0 { // its findings say the rest
			r.Checks[i].Verdict, r.Checks[i].Title = "", ""
		}
	}
	return r
}

// parity is a stage with a repository of its own.
type parity struct {
	*stage
	t *testing.T
}

func newParity(t *testing.T) *parity {
	s, err := newStage(t.Context(), "127.0.0.1:0", &story{
		Repository: "octo/blog", Default: "main", Integration: "integration/next", Files: "main",
		Pulls: []storyPull{{Author: "search-agent[bot]"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	})
	return &parity{stage: s, t: t}
}

func (p *parity) commit(c sim.Commit) string {
	p.t.Helper()
	sha, err := p.repo.Commit(c)
	if err != nil {
		p.t.Fatal(err)
	}
	return sha
}

// play puts the fixture's base and change into the repository and opens the pull request.
func (p *parity) play(f fixture) (sha string) {
	p.t.Helper()
	start := map[string]string{
		".agentplane.yml": cmp.Or(f.contract, parityContract), "README.md": "# blog\n", "src/pages/a.astro": "a\n",
		"src/content/config.ts": "export const tags = [];\n", "shared/a.ts": "a\n", "check.sh": "true\n",
		"src/pages/schema.ts": paritySchema, "src/components/list.ts": "export const tagged = (post) => post.tags.length;\n",
	}
	maps.Copy(start, f.start)
	p.commit(sim.Commit{Branch: "main", Message: "Start", Files: start})
	if err := p.repo.Push(nil, "integration/next", p.repo.Tip("main"), true); err != nil {
		p.t.Fatal(err)
	}
	bot := p.cast["search-agent[bot]"]
	f.commit.By, f.commit.Branch, f.commit.From, f.commit.Message = bot, "agent/search", "integration/next", "Work"
	sha = p.commit(f.commit)
	if f.base.Files != nil {
		f.base.Branch, f.base.Message = "integration/next", "Meanwhile"
		p.commit(f.base)
	}
	if _, err := p.repo.OpenPull(sim.NewPull{By: bot, Title: "Work", Body: f.notes(sha), Head: "agent/search", Base: "integration/next"}); err != nil {
		p.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(p.t.Context(), time.Minute)
	defer cancel()
	if err := p.settle(ctx); err != nil {
		p.t.Fatal(err)
	}
	return sha
}

// app reads the App's report from its check run.
func (p *parity) app(sha string) checks.Report {
	p.t.Helper()
	run, ok := p.repo.CheckRun(sha, checks.CheckOwnership)
	r, held := reportIn(run)
	if !ok || !held {
		p.t.Fatalf("no report on %s: %+v", sha, run)
	}
	return r
}

// check clones the repository and judges the branch there, as a developer would.
func (p *parity) check(branch, body string) checks.Report {
	p.t.Helper()
	dir := p.t.TempDir()
	address := strings.Replace(p.repo.CloneURL(), "://", "://x:"+p.cast["search-agent[bot]"].Token+"@", 1)
	clone := exec.Command("git", "clone", "--quiet", "--no-checkout", address, dir)
	if out, err := clone.CombinedOutput(); err != nil {
		p.t.Fatalf("clone: %v\n%s", err, out)
	}
	var out, trouble bytes.Buffer
	root := newRoot()
	root.SetOut(&out)
	root.SetErr(&trouble)
	root.SetIn(strings.NewReader(body))
	root.SetArgs([]string{"check", "--body", "-", "--repo", dir, "--base", "origin/integration/next", "--head", "origin/" + branch, "--format", "json"})
	if err := root.ExecuteContext(p.t.Context()); status(err) == exitTrouble {
		p.t.Fatalf("check: %v\n%s", err, &trouble)
	}
	holdSchema(p.t, out.Bytes())
	var r checks.Report
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		p.t.Fatalf("read check's report: %v\n%s", err, &out)
	}
	return r
}
