package sim

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-github/v60/github"
)

// runSome makes workflow runs in every state, told and really run.
func runSome(w *world, p *Pull) *CI {
	w.t.Helper()
	ci, err := w.g.StartCI(CIOptions{})
	w.must(err)
	_, err = ci.App.Install("octo", "blog")
	w.must(err)
	w.commit("agent/x", ".github/workflows/ci.yml", "on: [push, pull_request]\njobs:\n  check:\n    runs-on: ubuntu-latest\n"+
		"    steps: [{ uses: actions/checkout@v4 }, { run: ls }, { run: exit 3 }, { run: ls never }]\n"+
		"  late: { needs: check, steps: [{ run: ls }] }\n")
	w.drain()
	_, err = w.repo.ReportRun(RunReport{SHA: p.Head(), Pull: p, Jobs: []JobReport{{Name: "told", Status: "in_progress", Steps: []StepReport{{Name: "Run make"}}}}})
	w.must(err)
	ci.Hold()
	w.must(w.repo.Rerun(w.ann, w.repo.WorkflowRuns(p.Head())[0].ID))
	w.drain()
	return ci
}

func callActions(t *testing.T, w *world, p *Pull) {
	ctx, gh := t.Context(), w.client()
	runSome(w, p)
	list := good[*github.WorkflowRuns](t)(gh.Actions.ListRepositoryWorkflowRuns(ctx, "octo", "blog", &github.ListWorkflowRunsOptions{
		HeadSHA: p.Head(), Branch: "agent/x", Actor: "search-agent[bot]", ExcludePullRequests: true, ListOptions: github.ListOptions{PerPage: 1}}))
	if list.GetTotalCount() != 2 || len(list.WorkflowRuns) != 1 {
		t.Errorf("%d runs, %d on the page; want the 2 by the bot, and 1", list.GetTotalCount(), len(list.WorkflowRuns))
	}
	for _, run := range w.repo.WorkflowRuns(p.Head()) {
		got := good[*github.WorkflowRun](t)(gh.Actions.GetWorkflowRunByID(ctx, "octo", "blog", run.ID))
		if got.GetRunAttempt() != run.Attempt || got.GetStatus() != run.Status || got.GetConclusion() != run.Conclusion || len(got.PullRequests) != 1 {
			t.Errorf("run %d is %v, want %+v", run.ID, got, run)
		}
		for _, filter := range []string{"latest", "all"} {
			jobs := good[*github.Jobs](t)(gh.Actions.ListWorkflowJobs(ctx, "octo", "blog", run.ID, &github.ListWorkflowJobsOptions{Filter: filter}))
			for _, j := range jobs.Jobs {
				one := good[*github.WorkflowJob](t)(gh.Actions.GetWorkflowJobByID(ctx, "octo", "blog", j.GetID()))
				check := good[*github.CheckRun](t)(gh.Checks.GetCheckRun(ctx, "octo", "blog", j.GetID()))
				if one.GetRunID() != run.ID || check.GetName() != j.GetName() || check.GetHTMLURL() != j.GetHTMLURL() || check.GetApp().GetSlug() != "github-actions" {
					t.Errorf("job %d of %d: %v, and its check run %v", j.GetID(), run.ID, one, check)
				}
			}
		}
	}
}

// workflows is a world with a CI whose repository's default branch has workflow files.
func workflows(t *testing.T, files map[string]string) (*world, *CI) {
	t.Helper()
	w, ci := withCI(t, CIOptions{Timeout: 20 * time.Second})
	all := map[string]string{}
	for name, text := range files {
		all[".github/workflows/"+name] = text
	}
	_, err := w.repo.Commit(Commit{By: w.ann, Branch: "main", Message: "Add workflows [skip ci]", Files: all})
	w.must(err)
	w.drain()
	return w, ci
}

// onlyTrue is a job that passes.
const onlyTrue = "\njobs: { check: { steps: [{ run: 'true' }] } }\n"

// started lists the runs on a commit, as "file event".
func (w *world) started(sha string) []string {
	out := []string{}
	for _, run := range w.repo.WorkflowRuns(sha) {
		out = append(out, strings.TrimPrefix(run.Path, ".github/workflows/")+" "+run.Event)
	}
	return out
}

// queueManifest is an App that hears of merge groups.
const queueManifest = `
name: Queue
url: https://example.com
default_permissions: {merge_queues: read}
default_events: [merge_group]
`

func TestTriggers(t *testing.T) {
	w, _ := workflows(t, map[string]string{
		"a.yml": "on: push" + onlyTrue,
		"b.yml": "on: [pull_request, workflow_dispatch]" + onlyTrue,
		"c.yml": "on: { push: { branches: ['agent/*', 'release/**'] }, schedule: [{ cron: x }] }" + onlyTrue,
		"d.yml": "on: { push: { branches-ignore: ['agent/**'] }, pull_request: { branches: [release], types: [opened, closed] } }" + onlyTrue,
		"e.yml": "on: { merge_group: { types: [checks_requested] }, workflow_dispatch: { inputs: { a: { type: string } } } }" + onlyTrue,
		"f.yml": "on: { push: { paths: [x] } }" + onlyTrue,
		"g.yml": "on: pull_request\njobs: { check: { strategy: { matrix: {} }, steps: [] } }\n",
	})
	check := func(why, sha string, want ...string) {
		t.Helper()
		w.drain()
		if got := w.started(sha); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", why, got, want)
		}
	}
	check("a push with [skip ci]", w.repo.Tip("main"))
	check("a push", w.commit("agent/x", "x", "1"), "a.yml push", "c.yml push", "f.yml push")
	check("a deeper branch", w.commit("agent/z/y", "x", "2"), "a.yml push", "f.yml push")
	check("another one", w.commit("release/1/2", "x", "3"), "a.yml push", "c.yml push", "d.yml push", "f.yml push")
	p, err := w.repo.OpenPull(NewPull{By: w.bot, Title: "X", Head: "agent/x"})
	w.must(err)
	pushed := []string{"a.yml push", "c.yml push", "f.yml push"}
	check("opened", p.Head(), append(pushed, "b.yml pull_request", "g.yml pull_request")...)
	w.must(p.Edit(w.bot, PullEdit{Body: ptr("new")}))
	w.must(p.Close(w.bot))
	check("edited and closed", p.Head(), append(pushed, "b.yml pull_request", "g.yml pull_request")...)
	w.must(p.Reopen(w.bot))
	check("reopened", p.Head(), append(pushed, "b.yml pull_request", "g.yml pull_request", "b.yml pull_request", "g.yml pull_request")...)
	check("synchronize", w.commit("agent/x", "x", "4"), append(pushed, "b.yml pull_request", "g.yml pull_request")...)
	w.must(w.repo.Dispatch(w.ann, ".github/workflows/b.yml", "agent/z/y"))
	check("dispatched", w.repo.Tip("agent/z/y"), "a.yml push", "f.yml push", "b.yml workflow_dispatch")
	if err := w.repo.Dispatch(w.ann, ".github/workflows/a.yml", "agent/z/y"); err == nil {
		t.Error("a workflow without the trigger was dispatched")
	}
	queue, err := w.g.RegisterApp([]byte(queueManifest), w.hook.URL, "s")
	w.must(err)
	_, err = queue.Install("octo")
	w.must(err)
	tip := w.repo.Tip("release/1/2")
	w.must(p.RequestMergeGroup(w.ann, tip))
	check("in a merge queue", tip, "a.yml push", "c.yml push", "d.yml push", "f.yml push", "a.yml push", "d.yml push", "f.yml push", "e.yml merge_group")
	if run := w.repo.WorkflowRuns(tip)[7]; run.Branch != "gh-readonly-queue/main/pr-1-"+w.repo.Tip("main") {
		t.Errorf("the run of the merge group is of the branch %s", run.Branch)
	}
	if !slices.ContainsFunc(queue.Deliveries(), func(d Delivery) bool { return d.Event == "merge_group" && d.Action == "checks_requested" }) {
		t.Error("merge_group was not sent")
	}
	for _, run := range w.repo.WorkflowRuns(p.Head()) {
		want := "success"
		if strings.Contains("f.yml g.yml", run.Path[len(run.Path)-5:]) {
			want = "failure" // what is not simulated says so
		}
		if run.Conclusion != want {
			t.Errorf("%s ended with %q, want %q", run.Path, run.Conclusion, want)
		}
	}
}

// Nothing runs for a pull request that cannot be merged, and that looks like
// evidence that is late.
func TestConflictsStartNothing(t *testing.T) {
	w, _ := workflows(t, map[string]string{"ci.yml": "on: pull_request" + onlyTrue})
	p := w.pull("agent/x", "src/a.txt")
	w.drain()
	if got := w.started(p.Head()); len(got) != 1 {
		t.Errorf("%q, want one run", got)
	}
	w.commit("main", "src/a.txt", "other\n")
	w.commit("agent/x", "src/a.txt", "mine\n")
	w.drain()
	if got := w.started(p.Head()); len(got) != 0 {
		t.Errorf("%q, want nothing for a pull request with a conflict", got)
	}
}

// A fork's run is filed in the repository it is for, under the fork's branch
// name: a branch called main is not the repository's.
func TestRunsOfForks(t *testing.T) {
	w, _ := workflows(t, map[string]string{"ci.yml": "on: [push, pull_request]" + onlyTrue})
	fork, err := w.repo.Fork(w.g.User("eve"))
	w.must(err)
	sha, err := fork.Commit(Commit{By: w.g.User("eve"), Branch: "main", Message: "Mine", Files: map[string]string{"x": "x"}})
	w.must(err)
	_, err = w.repo.OpenPull(NewPull{By: w.g.User("eve"), Title: "From a fork", Head: "eve:main"})
	w.must(err)
	w.drain()
	w.app, err = w.g.RegisterApp([]byte(richManifest), "", "")
	w.must(err)
	w.inst, err = w.app.Install("octo")
	w.must(err)
	list := good[*github.WorkflowRuns](t)(w.client().Actions.ListRepositoryWorkflowRuns(t.Context(), "octo", "blog", &github.ListWorkflowRunsOptions{HeadSHA: sha}))
	if list.GetTotalCount() != 1 {
		t.Fatalf("%d runs, want one", list.GetTotalCount())
	}
	run := list.WorkflowRuns[0]
	if run.GetEvent() != "pull_request" || run.GetHeadBranch() != "main" || run.GetHeadRepository().GetOwner().GetLogin() != "eve" || len(run.PullRequests) != 0 {
		t.Errorf("%s of %s from %s, %d pull requests", run.GetEvent(), run.GetHeadBranch(), run.GetHeadRepository().GetFullName(), len(run.PullRequests))
	}
	suite := good[*github.CheckSuite](t)(w.client().Checks.GetCheckSuite(t.Context(), "octo", "blog", run.GetCheckSuiteID()))
	if suite.HeadBranch != nil || suite.GetConclusion() != run.GetConclusion() {
		t.Errorf("the suite is of the branch %q and ended with %s", suite.GetHeadBranch(), suite.GetConclusion())
	}
}

// listed is a job's steps as "number name: conclusion".
func listed(j WorkflowJob) []string {
	var out []string
	for _, s := range j.Steps {
		out = append(out, fmt.Sprintf("%d %s: %s", s.Number, s.Name, s.Conclusion))
	}
	return out
}

func TestSteps(t *testing.T) {
	w, _ := workflows(t, map[string]string{"ci.yml": `
name: CI
on: push
jobs:
  passes:
    steps:
      - uses: actions/checkout@v4
      - { name: Go, uses: actions/setup-go@v5 }
      - run: |

          ls
          ls src
      - { run: exit 2, continue-on-error: true }
      - { run: ls never, if: false }
      - { run: ls, if: "${{ success() }}" }
      - { run: ls never, if: failure() }
  fails:
    continue-on-error: true
    steps: [{ uses: actions/checkout@v4 }, { uses: actions/setup-node@v4 }, { run: exit 1 }, { run: ls }, { name: Tidy, run: ls, if: always() }, { run: ls src, if: failure() }]
  tolerated: { needs: fails, steps: [{ run: ls }] }
  broken: { steps: [{ run: exit 1 }] }
  skipped: { needs: broken, steps: [{ run: ls }] }
  unwanted: { if: false, steps: [{ run: ls }] }
  behind: { needs: unwanted, steps: [{ run: ls }] }
  always: { needs: [broken, unwanted], if: always(), steps: [{ run: ls }] }
  mended: { needs: broken, if: failure(), steps: [{ run: ls }] }
  calm: { needs: unwanted, if: failure(), steps: [{ run: ls }] }
`})
	sha := w.commit("work", "x", "x")
	w.drain()
	run := w.repo.WorkflowRuns(sha)[0]
	got := map[string]string{}
	for _, j := range run.Jobs {
		got[j.Name] = j.Conclusion
	}
	want := map[string]string{"passes": "success", "fails": "failure", "tolerated": "success", "broken": "failure", "skipped": "skipped",
		"unwanted": "skipped", "behind": "skipped", "always": "success", "mended": "success", "calm": "skipped"}
	if diff := cmp.Diff(want, got); diff != "" || run.Conclusion != "failure" {
		t.Errorf("the run is %s; jobs (-want +got):\n%s", run.Conclusion, diff)
	}
	wantSteps := []string{"1 Set up job: success", "2 Run actions/checkout@v4: success", "3 Go: success", "4 Run ls: success",
		"5 Run exit 2: success", "6 Run ls never: skipped", "7 Run ls: success", "8 Run ls never: skipped", "15 Post Go: success",
		"16 Post Run actions/checkout@v4: success", "17 Complete job: success"}
	if diff := cmp.Diff(wantSteps, listed(run.Jobs[0])); diff != "" {
		t.Errorf("steps of the job that passes (-want +got):\n%s", diff)
	}
	wantSteps = []string{"1 Set up job: success", "2 Run actions/checkout@v4: success", "3 Run actions/setup-node@v4: success",
		"4 Run exit 1: failure", "5 Run ls: skipped", "6 Tidy: success", "7 Run ls src: success", "13 Post Run actions/setup-node@v4: skipped",
		"14 Post Run actions/checkout@v4: success", "15 Complete job: success"}
	if diff := cmp.Diff(wantSteps, listed(run.Jobs[1])); diff != "" {
		t.Errorf("steps of the job that fails (-want +got):\n%s", diff)
	}
}

// A failure that nothing else makes worse does not fail the run when its job
// may fail, and a run whose jobs were all skipped is skipped.
func TestConclusionsOfRuns(t *testing.T) {
	w, ci := workflows(t, map[string]string{
		"a.yml": "on: push\njobs: { a: { continue-on-error: true, steps: [{ run: exit 1 }] } }",
		"b.yml": "on: push\njobs: { a: { if: false, steps: [{ run: exit 1 }] } }",
		"c.yml": "on: push\njobs: { a: { if: false, steps: [{ run: ls }] }, b: { steps: [{ run: ls }] } }",
	})
	sha := w.commit("work", "x", "x")
	w.drain()
	var got []string
	suites := map[int64]bool{}
	for _, run := range w.repo.WorkflowRuns(sha) {
		got = append(got, run.Conclusion)
		suites[run.CheckSuite] = true
	}
	if !slices.Equal(got, []string{"success", "skipped", "success"}) || len(suites) != 3 {
		t.Errorf("runs ended with %q in %d suites, want success, skipped, success in one each", got, len(suites))
	}
	w.g.mu.Lock()
	defer w.g.mu.Unlock()
	if n := len(slices.DeleteFunc(slices.Clone(w.repo.suites), func(s *suite) bool { return s.app != ci.App || s.sha != sha })); n != 3 {
		t.Errorf("the CI has %d suites on the commit, want one for each of 3 runs", n)
	}
}
