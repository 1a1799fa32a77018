package app_test

import (
	"net/http"
	"net/http/httptest"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/agentplane/agentplane/sim"
)

// laneContract asks for one thing that CI observes, of agents and of the integration.
const laneContract = `version: 1
integration: { branch: integration/next, target: main }
agents:
  metadata: { branch: agent/metadata, owns: [src/content/] }
  search:   { branch: agent/search, owns: [src/pages/], after: [metadata] }
  review:   { branch: agent/review, owns: [tests/], after: [metadata, search] }
verification:
  check:
    run: sh check.sh
    evidence: { workflow: .github/workflows/ci.yml, job: check }
queue: { batch: 4, parallel: 3, timeout: 60m, method: METHOD }
`

// laneCheck is what CI runs: every test must find what it wants in the pages, and every page in the contents.
const laneCheck = `status=0
for f in $(cat src/pages/*.needs 2>/dev/null); do [ -f "src/content/$f" ] || { echo "a page needs $f"; status=1; }; done
for f in $(cat tests/*.forbids 2>/dev/null); do [ ! -f "src/pages/$f" ] || { echo "a test forbids $f"; status=1; }; done
exit $status
`

// laneFiles is what the repository of a world with a lane begins with.
func laneFiles(method string) map[string]string {
	return map[string]string{
		".agentplane.yml":          strings.Replace(laneContract, "METHOD", method, 1),
		".github/workflows/ci.yml": "name: ci\non: [push, pull_request]\njobs:\n  check:\n    runs-on: ubuntu-latest\n    steps:\n      - run: sh check.sh\n",
		"check.sh":                 laneCheck, "src/content/a": "a\n", "src/pages/index": "page\n", "tests/one": "test\n",
	}
}

// queued is a world whose CI really runs, with a lane.
type queued struct {
	*world
	ana  *sim.User // may integrate
	ci   *sim.CI
	past *history
}

func newQueued(t testing.TB, method string, change ...func(*setup)) *queued {
	t.Helper()
	all := append([]func(*setup){func(s *setup) {
		s.files = laneFiles(method)
	}}, change...)
	past := &history{}
	all = append(all, func(s *setup) { past.watch(&s.sim) })
	q := &queued{world: newWorld(t, all...), past: past}
	past.of(q.hub)
	q.staff()
	return q
}

// staff are ana, who may integrate, and the CI.
func (q *queued) staff() {
	q.t.Helper()
	q.ana = q.hub.User("ana")
	q.must(q.repo.Collaborate(q.ana, "write"))
	var err error
	q.ci, err = q.hub.StartCI(sim.CIOptions{})
	q.must(err)
	_, err = q.ci.App.Install("octo", "blog")
	q.must(err)
}

// propose opens an agent's pull request with files.
func (q *queued) propose(agent string, files map[string]string) *sim.Pull {
	q.t.Helper()
	q.commit(agent, "agent/"+agent, files)
	return q.open(agent, "agent/"+agent)
}

// integrate has ana enter pull requests at their heads, all before the lane moves, and waits.
func (q *queued) integrate(pulls ...*sim.Pull) {
	q.t.Helper()
	for _, p := range pulls {
		p.Comment(q.ana, "/integrate "+p.Head())
	}
	q.settle()
}

// firstParents lists the commits of a branch that are not on another one, the oldest first, as git has them.
func (q *queued) firstParents(branch, without string) []string {
	q.t.Helper()
	out := q.gitOut("rev-list", "--first-parent", "--reverse", q.repo.Tip(branch), "^"+q.repo.Tip(without))
	return strings.Fields(out)
}

// gitOut asks git about the repository as GitHub has it.
func (q *queued) gitOut(args ...string) string {
	q.t.Helper()
	out, err := exec.CommandContext(q.t.Context(), "git", append([]string{"--git-dir", q.repo.Dir}, args...)...).CombinedOutput()
	if err != nil {
		q.t.Fatalf("git %s: %v\n%s", args, err, out)
	}
	return string(out)
}

// file reads a file of a branch, "" where there is none.
func (q *queued) file(branch, path string) string { return q.fileAt(q.repo.Tip(branch), path) }

// fileAt reads a file of a commit, "" where there is none.
func (q *queued) fileAt(sha, path string) string {
	out, err := exec.CommandContext(q.t.Context(), "git", "--git-dir", q.repo.Dir, "show", sha+":"+path).Output()
	if err != nil {
		return ""
	}
	return string(out)
}

// lane is what the check run agentplane/integration says about a pull request's head.
func (q *queued) lane(p *sim.Pull) string {
	run, ok := q.repo.CheckRun(p.Head(), "agentplane/integration")
	if !ok {
		return "nothing"
	}
	state := run.Conclusion
	if run.Status != "completed" {
		state = run.Status
	}
	return state + ": " + run.Title
}

// comments is what the App's comments on a pull request hold.
func (q *queued) comments(p *sim.Pull) string {
	var all []string
	for _, c := range p.Comments() {
		if c.By == "agentplane[bot]" {
			all = append(all, c.Body)
		}
	}
	return strings.Join(all, "\n---\n")
}

// offer is the open pull request from the integration branch to main, or nil.
func (q *queued) offer() *sim.Pull {
	for n := 1; ; n++ {
		p := q.repo.Pull(n)
		if p == nil || p.State() == "open" && p.Branch() == "integration/next" {
			return p
		}
	}
}

// offered is the open offer, which a lane makes at its next tick when it still rested at the last one.
func (q *queued) offered() *sim.Pull {
	q.t.Helper()
	for range 20 {
		if p := q.offer(); p != nil {
			return p
		}
		q.must(q.app.Tick(q.t.Context()))
		q.settle()
	}
	q.t.Fatal("what landed is not offered")
	return nil
}

// passed tells whether CI ran on a commit and passed.
func (q *queued) passed(sha string) bool {
	runs := q.repo.WorkflowRuns(sha)
	return len(runs) > 0 && slices.ContainsFunc(runs, func(r sim.WorkflowRun) bool { return r.Conclusion == "success" })
}

func (q *queued) candidates() []string {
	return strings.Fields(q.gitOut("for-each-ref", "--format=%(refname)", "refs/heads/agentplane/"))
}

// measures holds what /metrics shows.
func (q *queued) measures(lines ...string) {
	q.t.Helper()
	answer := httptest.NewRecorder()
	q.app.Handler().ServeHTTP(answer, httptest.NewRequestWithContext(q.t.Context(), http.MethodGet, "/metrics", nil))
	for _, want := range lines {
		if !strings.Contains(answer.Body.String(), want) {
			q.t.Errorf("/metrics lacks %s", want)
		}
	}
}
