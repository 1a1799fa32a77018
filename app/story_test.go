package app_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/agentplane/agentplane/checks"
	"github.com/agentplane/agentplane/sim"
)

func TestATrespassTurnsRedAndItsFixGreen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sha := w.commit("search", "agent/search", map[string]string{
		"src/pages/index.astro": "<input>\n", "src/content/config.ts": "export const tags = ['x'];\n",
	})
	w.open("search", "agent/search")
	w.expect(sha, "failure", "search wrote metadata's file")
	run, _ := w.repo.CheckRun(sha, checks.CheckOwnership)
	if len(run.Annotations) != 1 || run.Annotations[0].Path != "src/content/config.ts" {
		t.Errorf("annotations %+v", run.Annotations)
	}
	for _, want := range []string{".agentplane.yml:", "src/content/config.ts", "may never touch", "git checkout"} {
		if !strings.Contains(run.Summary, want) {
			t.Errorf("the summary does not say %q:\n%s", want, run.Summary)
		}
	}
	fixed := w.commit("search", "agent/search", map[string]string{"src/content/config.ts": "export const tags = [];\n"})
	w.expect(fixed, "success", "the file is as it was")
	if got := w.conclusion(sha); got != "failure" {
		t.Errorf("the old head's verdict became %q", got)
	}
	if unknown := w.hub.Unknown(); len(unknown) > 0 {
		t.Errorf("unknown addresses: %q", unknown)
	}
}

func TestOnlyWhatChangedIsWritten(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sha := w.commit("search", "agent/search", map[string]string{"src/pages/index.astro": "<input>\n"})
	w.open("search", "agent/search")
	w.expect(sha, "success", "search owns it")
	writes := func() (n int) {
		for _, r := range w.hub.APIRequests(0) {
			if strings.Contains(r.Path, "/check-runs") && r.Method != "GET" {
				n++
			}
		}
		return n
	}
	before := writes()
	w.commit("metadata", "integration/next", map[string]string{"src/content/config.ts": "export const tags = ['y'];\n"})
	w.settle()
	w.must(w.app.Sweep(t.Context()))
	w.settle()
	if after := writes(); after != before {
		t.Errorf("%d writes for a target that moved and a sweep", after-before)
	}
	run, _ := w.repo.CheckRun(sha, checks.CheckOwnership)
	if !w.repo.Rerequest(w.bot("search"), run.ID) {
		t.Fatal("the check run could not be rerequested")
	}
	w.settle()
	if after := writes(); after == before {
		t.Error("a check run that a person asked for again was not written")
	}
	w.expect(sha, "success", "asked for again")
}

func TestRequestsForAJudgement(t *testing.T) {
	w := newWorld(t)
	w.settle()
	mark := w.hub.Mark()
	sha := w.commit("search", "agent/search", map[string]string{"src/pages/index.astro": "<input>\n"})
	w.open("search", "agent/search")
	w.expect(sha, "success", "search owns it")
	t.Logf("the first, with its tokens: %v", routes(sent(w, mark)))
	w.settle()
	mark = w.hub.Mark()
	w.hub.SetFaults(sim.Faults{Decide: func(x sim.Exchange) sim.Fault {
		if x.Hook != "" && x.Hook != "pull_request" {
			return sim.FaultLose // each delivery of a push may have it looked at once more, with nothing changed
		}
		return sim.FaultNone
	}})
	sha = w.commit("search", "agent/search", map[string]string{"src/pages/index.astro": "<select>\n"})
	w.expect(sha, "success", "search owns it")
	w.hub.SetFaults(sim.Faults{})
	again := sent(w, mark)
	t.Logf("from a push to its verdict: %v", routes(again))
	if n := len(again); n > 6 {
		t.Errorf("%d requests for a judgement, at most 6 are allowed: %v", n, routes(again))
	}
	mark = w.hub.Mark()
	w.must(w.repo.Pull(1).Edit(w.bot("search"), sim.PullEdit{Title: ptr("Another title")}))
	w.settle()
	unchanged := sent(w, mark)
	t.Logf("nothing changed: %v", routes(unchanged))
	if n := len(unchanged); n > 2 {
		t.Errorf("%d requests when nothing changed, at most 2 are allowed: %v", n, routes(unchanged))
	}
}

func ptr[T any](v T) *T { return &v }

// sent lists the App's requests since a mark.
func sent(w *world, mark sim.Mark) []sim.Request {
	return slices.DeleteFunc(w.hub.APIRequests(mark), func(r sim.Request) bool { return !strings.HasPrefix(r.Caller, w.reg.Slug) })
}

// routes counts requests by route.
func routes(all []sim.Request) map[string]int {
	counts := map[string]int{}
	for _, r := range all {
		counts[r.Route]++
	}
	return counts
}

func TestTheWorseVerdictStandsOnASharedHead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sha := w.commit("search", "agent/search", map[string]string{"src/pages/index.astro": "<input>\n"})
	w.open("search", "agent/search")
	w.expect(sha, "success", "alone")
	w.must(w.repo.Push(w.bot("review"), "agent/review-1", sha, false))
	bad := w.open("review", "agent/review-1")
	w.expect(sha, "failure", "the same commit is another agent's pull request too")
	if got := w.text(sha); !strings.Contains(got, "Pull request 2") {
		t.Errorf("the text does not name the pull request:\n%s", got)
	}
	w.must(bad.Close(w.bot("review")))
	w.expect(sha, "success", "the other one was closed")
	w.must(bad.Reopen(w.bot("review")))
	w.expect(sha, "failure", "it was opened again")
	moved := w.commit("review", "agent/review-1", map[string]string{"src/pages/index.astro": "<ul></ul>\n", "tests/a.sh": "true\n"})
	w.expect(sha, "success", "it moved away")
	w.expect(moved, "success", "and is in order there")
}

func TestASecondPullRequestOfABranchFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sha := w.commit("search", "agent/search", map[string]string{"src/pages/index.astro": "<input>\n"})
	w.open("search", "agent/search")
	w.expect(sha, "success", "one")
	second := w.openOnto("search", "agent/search", "main")
	w.expect(sha, "failure", "two of one branch")
	if d := cmp.Diff([]string{"ownership/branch "}, slices.Compact(w.rules(sha))); d != "" {
		t.Errorf("rules (-want +got)\n%s", d)
	}
	w.must(second.Close(w.bot("search")))
	w.expect(sha, "success", "one again")
}
