package app_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/agentplane/agentplane/checks"
	"github.com/agentplane/agentplane/sim"
)

// judgedContract asks for everything that is judged besides ownership.
const judgedContract = `version: 1
integration: { branch: integration/next, target: main, integrators: ["@octo/platform"] }
agents:
  metadata:
    branch: agent/metadata
    owns: [src/content/, src/lib/listing.ts, package.json]
  search:
    branch: agent/search
    owns: [src/pages/, src/components/search/]
verification:
  check:
    run: sh check.sh
    evidence: { workflow: .github/workflows/ci.yml, job: check }
  notes:
    sections: [Commands run, Remaining risk]
approvals:
  lockfiles: { by: ["@octo/platform"] }
interfaces:
  post-schema:
    paths: [src/content/config.ts]
    consumers: [src/pages/]
    by: ["@octo/architects"]
limits: { attempts: 3 }
`

const judgedWorkflow = `name: ci
on: [push]
jobs:
  check:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: sh check.sh
`

const schemaBefore = `import { defineCollection, z } from 'astro:content';

const blog = defineCollection({
  schema: z.object({
    title: z.string(),
    tags: z.array(z.string()),
  }),
});
`

// judged is a world with people, a CI whose results are told by the test, and a contract that asks for all of it.
type judged struct {
	*world
	ana, ben, eve *sim.User // platform, architect, and somebody who may only read
	later         func()    // moves every clock two seconds on: GitHub stamps comments with whole seconds
}

func newJudged(t testing.TB, change ...func(*setup)) *judged {
	t.Helper()
	var ahead atomic.Int64
	clock := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	all := append([]func(*setup){func(s *setup) {
		s.sim.Now, s.app.Now = clock, clock
		s.files[".agentplane.yml"], s.files[".github/workflows/ci.yml"] = judgedContract, judgedWorkflow
		s.files["check.sh"], s.files["src/content/config.ts"] = "true\n", schemaBefore
		s.files["package-lock.json"] = "{}\n"
		s.files["src/pages/index.astro"] = "<ul></ul>\n"
	}}, change...)
	j := &judged{world: newWorld(t, all...), later: func() { ahead.Add(int64(2 * time.Second)) }}
	j.ana, j.ben, j.eve = j.hub.User("ana"), j.hub.User("ben"), j.hub.User("eve")
	j.must(j.repo.Collaborate(j.ana, "write"))
	j.must(j.repo.Collaborate(j.ben, "write"))
	j.must(j.repo.Collaborate(j.eve, "read"))
	octo := j.hub.Org("octo")
	for slug, who := range map[string]*sim.User{"platform": j.ana, "architects": j.ben} {
		j.must(j.repo.CollaborateTeam(octo.Team(slug, who), "write"))
	}
	ci, err := j.hub.StartCI(sim.CIOptions{})
	j.must(err)
	ci.Hold()
	_, err = ci.App.Install("octo", "blog")
	j.must(err)
	return j
}

// verdicts settles and returns what each of our check runs says about a commit: its conclusion, or its status before that.
func (j *judged) verdicts(sha string) map[string]string {
	j.t.Helper()
	j.settle()
	all := map[string]string{}
	for _, run := range j.repo.CheckRuns(sha) {
		if name, ours := strings.CutPrefix(run.Name, "agentplane/"); ours {
			all[name] = run.Conclusion
			if run.Status != "completed" {
				all[name] = run.Status
			}
		}
	}
	return all
}

// says settles and returns a check run's title and summary.
func (j *judged) says(sha, name string) string {
	j.t.Helper()
	j.settle()
	run, _ := j.repo.CheckRun(sha, name)
	return run.Title + "\n" + run.Summary
}

// want holds one check run's verdict, with its text where it is another.
func (j *judged) want(sha, name, verdict, why string) {
	j.t.Helper()
	if got := j.verdicts(sha)[strings.TrimPrefix(name, "agentplane/")]; got != verdict {
		j.t.Errorf("%s: %s is %q, want %q\n%s", why, name, got, verdict, j.says(sha, name))
	}
}

func TestAnApprovalIsBoundToWhatItSaw(t *testing.T) {
	t.Parallel()
	j := newJudged(t)
	lock := map[string]string{"package-lock.json": `{"a":1}` + "\n", "package.json": "{}\n"}
	sha := j.commit("metadata", "agent/metadata", lock)
	p := j.open("metadata", "agent/metadata")
	j.want(sha, checks.CheckReview, "action_required", "nobody approved the lockfile")
	if got := p.Requested(); len(got) != 1 || got[0] != "@octo/platform" {
		t.Errorf("requested %q, want @octo/platform", got)
	}
	for _, who := range []*sim.User{j.eve, j.ben} {
		_, err := p.Review(who, "APPROVED", "")
		j.must(err)
		j.want(sha, checks.CheckReview, "action_required", who.Login+" is not in @octo/platform")
	}
	_, err := p.Review(j.ana, "APPROVED", "")
	j.must(err)
	j.want(sha, checks.CheckReview, "success", "ana is in @octo/platform")
	same := j.commit("metadata", "agent/metadata", map[string]string{"src/lib/listing.ts": "export {};\n"})
	j.want(same, checks.CheckReview, "success", "the lockfile is as it was approved")
	other := j.commit("metadata", "agent/metadata", map[string]string{"package-lock.json": `{"a":2}` + "\n"})
	j.want(other, checks.CheckReview, "action_required", "the lockfile changed after the approval")
	j.later()
	p.Comment(j.ana, "/approve lockfiles")
	j.want(other, checks.CheckReview, "success", "approved by a command")
	id, err := p.Review(j.ana, "CHANGES_REQUESTED", "no")
	j.must(err)
	j.want(other, checks.CheckReview, "action_required", "changes were requested")
	j.must(p.Dismiss(j.ben, id, "late"))
	j.want(other, checks.CheckReview, "action_required", "dismissing brings no older approval back")
}

func TestAPlannerWidensTheScope(t *testing.T) {
	t.Parallel()
	j := newJudged(t)
	sha := j.commit("search", "agent/search", map[string]string{"src/lib/listing.ts": "export {};\n"})
	p := j.open("search", "agent/search")
	j.want(sha, checks.CheckOwnership, "failure", "it is metadata's")
	j.later()
	p.Comment(j.ben, "/expand src/lib/listing.ts because")
	j.want(sha, checks.CheckOwnership, "failure", "ben is no integrator")
	j.later()
	p.Comment(j.ana, "/expand src/lib/listing.ts the page needs it")
	j.want(sha, checks.CheckOwnership, "success", "ana is an integrator")
	if got := j.says(sha, checks.CheckOwnership); !strings.Contains(got, "ana") {
		t.Errorf("the summary does not name who widened the scope:\n%s", got)
	}
}

// TestARefusedReactionHoldsNothingUp: GitHub takes the right to react away, and the verdict comes all the same.
func TestARefusedReactionHoldsNothingUp(t *testing.T) {
	t.Parallel()
	j := newJudged(t, func(s *setup) { s.files["src/lib/other.ts"] = "export {};\n" })
	sha := j.commit("search", "agent/search", map[string]string{"src/lib/listing.ts": "export {};\n", "src/lib/other.ts": "export let x;\n"})
	p := j.open("search", "agent/search")
	j.settle()
	j.later()
	p.Comment(j.ana, "/expand src/lib/listing.ts the page needs it")
	j.want(sha, checks.CheckOwnership, "failure", "one of two paths")
	j.must(j.inst.Grant("pull_requests", "read"))
	j.later()
	mark := j.hub.Mark()
	p.Comment(j.ana, "/expand src/lib/other.ts and this")
	j.want(sha, checks.CheckOwnership, "success", "ana is an integrator")
	refused := 0
	for _, r := range j.hub.APIRequests(mark) {
		if strings.HasSuffix(r.Path, "/reactions") && r.Status == 403 {
			refused++
		}
	}
	if refused < 1 || refused > 3 {
		t.Errorf("%d reactions were refused, want one for each judgement", refused)
	}
}
