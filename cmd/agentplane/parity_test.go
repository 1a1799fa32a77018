package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/agentplane/agentplane/checks"
	"github.com/agentplane/agentplane/sim"
)

// parityContract owns little, so that the fixtures can leave it in many ways.
const parityContract = `version: 1
integration: { branch: integration/next, target: main }
agents:
  search:
    branch: agent/search
    owns: [src/pages/, src/components/, shared/]
    never: [src/content/]
  metadata:
    branch: agent/metadata
    owns: [src/content/, shared/]
interfaces:
  schema: { paths: [src/pages/schema.ts], by: ["@mona"] }
approvals:
  secrets: deny
`

// fixture is one change of the search agent, made on the base's files.
type fixture struct {
	why    string
	commit sim.Commit
	base   sim.Commit // what happens on the integration branch meanwhile
}

func fixtures() []fixture {
	files := func(pairs ...string) map[string]string {
		m := map[string]string{}
		for i := 0; i < len(pairs); i += 2 {
			m[pairs[i]] = pairs[i+1]
		}
		return m
	}
	many := files()
	for i := range 5001 {
		many[fmt.Sprintf("src/pages/%d.astro", i)] = "x\n"
	}
	return []fixture{
		{why: "in order", commit: sim.Commit{Files: files("src/pages/a.astro", "b\n")}},
		{why: "outside", commit: sim.Commit{Files: files("README.md", "x\n", "src/pages/a.astro", "b\n")}},
		{why: "another's and never", commit: sim.Commit{Files: files("src/content/config.ts", "x\n")}},
		{why: "owned by two", commit: sim.Commit{Files: files("shared/a.ts", "x\n")}},
		{why: "renamed out of another's folder", commit: sim.Commit{
			Files: files("src/pages/config.ts", "export const tags = [];\n"), Delete: []string{"src/content/config.ts"},
		}},
		{why: "only the mode", commit: sim.Commit{Files: files("README.md", "# blog\n"), Executable: []string{"README.md"}}},
		{why: "a symbolic link", commit: sim.Commit{Files: files("src/pages/l", "../content"), Links: []string{"src/pages/l"}}},
		{why: "a submodule", commit: sim.Commit{
			Files: files("src/pages/m", "0123456789012345678901234567890123456789"), Modules: []string{"src/pages/m"},
		}},
		{why: "classes", commit: sim.Commit{Files: files(
			"package-lock.json", "{}\n", ".github/workflows/ci.yml", "on: push\n", ".env", "KEY=1\n", "CLAUDE.md", "x\n", ".gitattributes", "* text\n",
		)}},
		{why: "the contract", commit: sim.Commit{Files: files(".agentplane.yml", parityContract+"# more\n")}},
		{why: "an interface", commit: sim.Commit{Files: files("src/pages/schema.ts", "x\n")}},
		{why: "names that hide", commit: sim.Commit{Files: files("src/pages/a\nb", "x\n", "src/pages/\xff", "x\n", "src/pages/a\u202eb", "x\n", "src/pages/`@octo` fixes #1", "x\n")}},
		{why: "a twin in another case", commit: sim.Commit{Files: files("src/pages/A.astro", "x\n")}},
		{why: "conflicting", commit: sim.Commit{Files: files("src/pages/a.astro", "b\n")}, base: sim.Commit{Files: files("src/pages/a.astro", "c\n")}},
		{why: "nothing", commit: sim.Commit{}},
		{why: "too many", commit: sim.Commit{Files: many}},
		{why: "generated", commit: sim.Commit{Files: files("src/pages/dist/a.js", "x\n", "src/pages/b.min.js", "x\n")}},
	}
}

// TestCheckAndTheAppFindTheSame judges every fixture twice: by the App, over HTTP, and by `agentplane check` in a clone.
func TestCheckAndTheAppFindTheSame(t *testing.T) {
	for _, f := range fixtures() {
		t.Run(f.why, func(t *testing.T) {
			t.Parallel()
			s := newParity(t)
			sha := s.play(f)
			byApp, byCheck := s.app(sha), s.check("agent/search")
			if len(byApp.Findings) == 0 && f.why != "in order" {
				t.Error("the App found nothing")
			}
			if d := cmp.Diff(plain(byApp), plain(byCheck)); d != "" {
				t.Errorf("the App and check differ (-app +check)\n%s", d)
			}
		})
	}
}

// plain leaves out what the two must call differently: the pull request's number, and the base, which a clone knows as
// origin's; and what only the App can know: what people said, other pull requests, and what a contract would change for them.
func plain(r checks.Report) checks.Report {
	r.Outcome = checks.Outcome{}
	r.Findings = slices.DeleteFunc(r.Findings, func(f checks.Finding) bool {
		return f.Verdict == checks.Success && (f.Rule == checks.RuleUnread || f.Rule == checks.RuleContractProposed)
	})
	r.PR, r.Target = 0, strings.TrimPrefix(r.Target, "origin/")
	for i := range r.Findings {
		r.Findings[i].PR = 0
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
		".agentplane.yml": parityContract, "README.md": "# blog\n", "src/pages/a.astro": "a\n",
		"src/content/config.ts": "export const tags = [];\n", "shared/a.ts": "a\n",
	}
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
	if _, err := p.repo.OpenPull(sim.NewPull{By: bot, Title: "Work", Head: "agent/search", Base: "integration/next"}); err != nil {
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
func (p *parity) check(branch string) checks.Report {
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
	root.SetArgs([]string{"check", "--repo", dir, "--base", "origin/integration/next", "--head", "origin/" + branch, "--format", "json"})
	if err := root.ExecuteContext(p.t.Context()); status(err) == exitTrouble {
		p.t.Fatalf("check: %v\n%s", err, &trouble)
	}
	var r checks.Report
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		p.t.Fatalf("read check's report: %v\n%s", err, &out)
	}
	return r
}
