package sim

import (
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-github/v60/github"
)

// shownJobs is what the newest executions of a run's jobs are, one line each.
func shownJobs(run WorkflowRun) []string {
	out := []string{fmt.Sprintf("run, attempt %d: %s %s", run.Attempt, run.Status, run.Conclusion)}
	for _, j := range run.Jobs {
		out = append(out, fmt.Sprintf("%s, attempt %d: %s %s", j.Name, j.Attempt, j.Status, j.Conclusion))
	}
	return out
}

// runIs compares a run with what is wanted of it.
func (w *world) runIs(why string, id int64, want ...string) {
	w.t.Helper()
	run, found := w.repo.Run(id)
	if diff := cmp.Diff(want, shownJobs(run)); diff != "" || !found {
		w.t.Errorf("%s: found %v (-want +got):\n%s", why, found, diff)
	}
}

const twoJobs = "on: push\njobs: { one: { steps: [{ run: exit 1 }] }, two: { needs: one, if: always(), steps: [{ run: ls }] } }\n"

func TestReruns(t *testing.T) {
	w, _ := workflows(t, map[string]string{"ci.yml": twoJobs})
	sha := w.commit("work", "x", "x")
	w.drain()
	first := w.repo.WorkflowRuns(sha)[0]
	w.must(w.repo.Rerun(w.ann, first.ID))
	if err := w.repo.Rerun(w.ann, first.ID); err == nil || !strings.Contains(err.Error(), "not completed") {
		t.Errorf("a run was rerun while it runs: %v", err)
	}
	w.drain()
	w.runIs("all again", first.ID, "run, attempt 2: completed failure", "one, attempt 2: completed failure", "two, attempt 2: completed success")
	second, _ := w.repo.Run(first.ID)
	if second.Jobs[0].ID == first.Jobs[0].ID || second.CheckSuite != first.CheckSuite || second.Number != first.Number {
		t.Errorf("%+v is no new attempt of %+v", second, first)
	}
	w.repo.Rerequest(w.ann, second.Jobs[1].ID)
	w.drain()
	w.runIs("one job again", first.ID, "run, attempt 3: completed failure", "one, attempt 2: completed failure", "two, attempt 3: completed success")
	w.repo.Rerequest(w.ann, second.Jobs[0].ID)
	w.drain()
	w.runIs("and what needs it", first.ID, "run, attempt 4: completed failure", "one, attempt 4: completed failure", "two, attempt 4: completed success")
	if all := w.repo.AllCheckRuns(sha); len(all) != 7 {
		t.Errorf("%d check runs, want 7", len(all))
	}
	w.repo.RerequestSuites(w.ann, sha)
	w.drain()
	w.runIs("the suite again", first.ID, "run, attempt 5: completed failure", "one, attempt 5: completed failure", "two, attempt 5: completed success")
	for _, err := range []error{w.repo.Rerun(w.ann, 1), w.repo.CancelRun(w.ann, 1), w.repo.CancelRun(w.ann, first.ID)} {
		if err == nil {
			t.Error("what cannot be rerun or cancelled was")
		}
	}
}

// Runs that no runner takes stay queued, and Drain does not wait for them.
func TestHeldRuns(t *testing.T) {
	w, ci := workflows(t, map[string]string{"ci.yml": twoJobs})
	ci.Hold()
	sha := w.commit("work", "x", "x")
	other := w.commit("other", "x", "y")
	w.drain()
	id, dropped := w.repo.WorkflowRuns(sha)[0].ID, w.repo.WorkflowRuns(other)[0].ID
	w.runIs("held", id, "run, attempt 1: queued ", "one, attempt 1: queued ")
	w.must(w.repo.CancelRun(w.ann, dropped))
	w.runIs("cancelled while held", dropped, "run, attempt 1: completed cancelled", "one, attempt 1: completed cancelled")
	ci.Release()
	w.drain()
	w.runIs("released", id, "run, attempt 1: completed failure", "one, attempt 1: completed failure", "two, attempt 1: completed success")
	w.runIs("still cancelled", dropped, "run, attempt 1: completed cancelled", "one, attempt 1: completed cancelled")
}

func TestCancelledWhileRunning(t *testing.T) {
	mark := filepath.Join(t.TempDir(), "running")
	w, _ := workflows(t, map[string]string{"ci.yml": "on: push\njobs: { one: { steps: [{ run: 'touch " + mark + "; sleep 60' }, { run: ls }] }, two: { needs: one, steps: [{ run: ls }] } }"})
	sha := w.commit("work", "x", "x")
	id := w.repo.WorkflowRuns(sha)[0].ID
	for run, _ := w.repo.Run(id); run.Status == "queued"; run, _ = w.repo.Run(id) {
		pause(t.Context(), time.Millisecond)
	}
	w.must(w.repo.CancelRun(w.ann, id))
	w.drain()
	w.runIs("cancelled", id, "run, attempt 1: completed cancelled", "one, attempt 1: completed cancelled")
	w.must(w.repo.Rerun(w.ann, id))
	w.must(w.repo.CancelRun(w.ann, id))
	w.drain()
	w.runIs("cancelled again", id, "run, attempt 2: completed cancelled", "one, attempt 2: completed cancelled")
}

// What a run looks like can be told without running anything, so that tests of
// evidence are fast.
func TestToldRuns(t *testing.T) {
	w, _ := withCI(t, CIOptions{Manual: true})
	sha := w.commit("work", ".github/workflows/ci.yml", twoJobs)
	w.drain()
	if got := w.started(sha); len(got) != 0 {
		t.Fatalf("%q ran by itself", got)
	}
	id, err := w.repo.ReportRun(RunReport{SHA: sha, Name: "CI", Jobs: []JobReport{
		{Name: "check", Status: "queued"},
		{Name: "build", Steps: []StepReport{{Name: "Run make"}, {Name: "Run make test", Conclusion: "failure"}, {Name: "Upload", Conclusion: "skipped"}},
			Annotations: []Annotation{{Path: "a.go", StartLine: 3, EndLine: 3, Level: "failure", Message: "no"}}, Took: time.Minute}}})
	w.must(err)
	w.runIs("begun", id, "run, attempt 1: in_progress ", "check, attempt 1: queued ", "build, attempt 1: completed failure")
	run, _ := w.repo.Run(id)
	want := []string{"1 Set up job: success", "2 Run make: success", "3 Run make test: failure", "4 Upload: skipped", "9 Complete job: success"}
	if diff := cmp.Diff(want, listed(run.Jobs[1])); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	_, err = w.repo.ReportRun(RunReport{Run: id, Jobs: []JobReport{{Name: "check", Status: "in_progress"}}})
	w.must(err)
	w.runIs("goes on", id, "run, attempt 1: in_progress ", "check, attempt 1: in_progress ", "build, attempt 1: completed failure")
	_, err = w.repo.ReportRun(RunReport{Run: id, Jobs: []JobReport{{Name: "check"}}})
	w.must(err)
	w.runIs("ends", id, "run, attempt 1: completed failure", "check, attempt 1: completed success", "build, attempt 1: completed failure")
	_, err = w.repo.ReportRun(RunReport{Run: id, Jobs: []JobReport{{Name: "check"}, {Name: "build"}}})
	w.must(err)
	w.runIs("told again", id, "run, attempt 2: completed success", "check, attempt 2: completed success", "build, attempt 2: completed success")
	for _, told := range []RunReport{{SHA: "main"}, {Run: 1}, {SHA: sha, Jobs: []JobReport{{}}}, {SHA: sha, Jobs: []JobReport{{Name: "x", Conclusion: "fine"}}}} {
		if _, err := w.repo.ReportRun(told); err == nil {
			t.Errorf("%+v was taken", told)
		}
	}
}

func TestReportCheckSpeaksForItsAppOnly(t *testing.T) {
	w, _ := withCI(t, CIOptions{Manual: true})
	sha := w.repo.Tip("main")
	_, err := w.repo.ReportRun(RunReport{SHA: sha, Jobs: []JobReport{{Name: "check", Conclusion: "failure"}}})
	w.must(err)
	run, err := w.app.ReportCheck(w.repo, sha, "check", "success")
	w.must(err)
	if run.App != "agent-plane" || run.Conclusion != "success" {
		t.Errorf("%+v", run)
	}
	w.drain()
	if runs := w.repo.CheckRuns(sha); len(runs) != 2 || runs[0].App != "github-actions" || runs[0].Conclusion != "failure" {
		t.Errorf("the check of the same name changed another App's: %+v", runs)
	}
	w.inst.Uninstall()
	if _, err := w.app.ReportCheck(w.repo, sha, "check", "success"); err == nil {
		t.Error("an App that is not installed made a check run")
	}
}

func TestActionsNeedTheirPermission(t *testing.T) {
	w, _ := withCI(t, CIOptions{Manual: true})
	id, err := w.repo.ReportRun(RunReport{SHA: w.repo.Tip("main"), Jobs: []JobReport{{Name: "check"}}})
	w.must(err)
	run, _ := w.repo.Run(id)
	w.drain()
	for _, path := range []string{"runs", "runs/" + itoa(id), "runs/" + itoa(id) + "/jobs", "jobs/" + itoa(run.Jobs[0].ID)} {
		got := w.call("GET", "/repos/octo/blog/actions/"+path, w.token(`null`), "")
		if got.status != http.StatusForbidden || got.header.Get("X-Accepted-Github-Permissions") != "actions=read" {
			t.Errorf("%s without the permission: %d %s", path, got.status, got.header.Get("X-Accepted-Github-Permissions"))
		}
	}
	for _, event := range w.hook.take() {
		if strings.HasPrefix(event, "workflow") {
			t.Errorf("%s was sent to an App that may not read actions", event)
		}
	}
	if _, err := w.g.RegisterApp([]byte("name: X\nurl: x\ndefault_permissions: {checks: write}\ndefault_events: [workflow_run]\n"), "", ""); err == nil {
		t.Error("an App without the permission subscribed to workflow_run")
	}
}

func TestRunFilters(t *testing.T) {
	w, _, _ := richWorld(t)
	head := w.repo.Tip("agent/x")
	other, err := w.repo.ReportRun(RunReport{SHA: w.repo.Tip("main"), Event: "merge_group", By: w.ann, Jobs: []JobReport{{Name: "a", Status: "queued"}}})
	w.must(err)
	suite, _ := w.repo.Run(other)
	gh := w.client()
	for why, c := range map[string]struct {
		o    github.ListWorkflowRunsOptions
		want int
	}{
		"all":           {github.ListWorkflowRunsOptions{}, 2},
		"of a commit":   {github.ListWorkflowRunsOptions{HeadSHA: head}, 1},
		"of no commit":  {github.ListWorkflowRunsOptions{HeadSHA: strings.Repeat("0", 40)}, 0},
		"of an event":   {github.ListWorkflowRunsOptions{Event: "merge_group"}, 1},
		"of a branch":   {github.ListWorkflowRunsOptions{Branch: "main"}, 1},
		"by a status":   {github.ListWorkflowRunsOptions{Status: "queued"}, 1},
		"by conclusion": {github.ListWorkflowRunsOptions{Status: "success"}, 1},
		"by an actor":   {github.ListWorkflowRunsOptions{Actor: "ann"}, 1},
		"of a suite":    {github.ListWorkflowRunsOptions{CheckSuiteID: suite.CheckSuite}, 1},
		"of both":       {github.ListWorkflowRunsOptions{Branch: "main", Status: "success"}, 0},
	} {
		list := good[*github.WorkflowRuns](t)(gh.Actions.ListRepositoryWorkflowRuns(t.Context(), "octo", "blog", &c.o))
		if list.GetTotalCount() != c.want || len(list.WorkflowRuns) != c.want {
			t.Errorf("%s: %d runs, want %d", why, list.GetTotalCount(), c.want)
		}
	}
	if got := w.call("GET", "/repos/octo/blog/actions/runs?created=2020-01-01T00:00:00Z", w.token(`null`), ""); got.status != http.StatusNotFound || len(w.g.Unknown()) != 1 {
		t.Errorf("the filter that is not simulated: %d, unknown %q", got.status, w.g.Unknown())
	}
	for _, path := range []string{"runs/1", "runs/1/jobs", "jobs/1"} {
		if got := w.call("GET", "/repos/octo/blog/actions/"+path, w.token(`null`), ""); got.status != http.StatusNotFound {
			t.Errorf("%s: %d", path, got.status)
		}
	}
}

// A replica that is behind shows runs and jobs as they were, or not at all.
func TestStaleRuns(t *testing.T) {
	w, _, _ := richWorld(t)
	sha := w.repo.Tip("main")
	id, err := w.repo.ReportRun(RunReport{SHA: sha, Jobs: []JobReport{{Name: "a", Status: "in_progress"}}})
	w.must(err)
	w.g.SetFaults(Faults{Stale: 1, StaleFor: 1000})
	path := "/repos/octo/blog/actions/runs/" + itoa(id)
	if got := w.call("GET", path, w.token(`null`), ""); got.status != http.StatusOK || !strings.Contains(string(got.body), `"status":"queued"`) {
		t.Errorf("a run that has just begun: %d %.200s", got.status, got.body)
	}
	_, err = w.repo.ReportRun(RunReport{Run: id, Jobs: []JobReport{{Name: "a"}}})
	w.must(err)
	for _, p := range []string{path, path + "/jobs"} {
		if got := w.call("GET", p, w.token(`null`), ""); !strings.Contains(string(got.body), `"status":"in_progress"`) {
			t.Errorf("%s just after the end: %.300s", p, got.body)
		}
	}
	w.g.Heal()
	if got := w.call("GET", path, w.token(`null`), ""); !strings.Contains(string(got.body), `"conclusion":"success"`) {
		t.Errorf("healed: %.300s", got.body)
	}
}

// The events of a run come in an order that a reader can rely on here: each
// job's states, then the end of the suite and of the run.
func TestEventsOfARun(t *testing.T) {
	w, _ := withCI(t, CIOptions{})
	app, err := w.g.RegisterApp([]byte(wideManifest), w.hook.URL, "s")
	w.must(err)
	_, err = app.Install("octo")
	w.must(err)
	w.drain()
	w.commit("work", ".github/workflows/ci.yml", "on: push\njobs: { a: { steps: [{ run: ls }] }, b: { needs: a, if: false, steps: [{ run: ls }] } }")
	w.drain()
	var got []string
	for _, d := range app.Deliveries() {
		if strings.HasPrefix(d.Event, "workflow") || d.Event == "check_suite" && d.Action == "completed" {
			got = append(got, d.Event+" "+d.Action)
		}
	}
	want := []string{"workflow_run requested", "workflow_job queued", "workflow_run in_progress", "workflow_job in_progress",
		"workflow_job completed", "workflow_job completed", "check_suite completed", "workflow_run completed"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// Annotations come from what a step prints.
func TestWorkflowCommands(t *testing.T) {
	long := strings.Repeat("echo ::error::e\n", 12)
	w, _ := workflows(t, map[string]string{"ci.yml": `
on: push
jobs:
  lint:
    steps:
      - run: |
          echo "::error file=src/a.txt,line=2,col=3,endColumn=5,title=Lint%3A a%2C b::No: 100%25%0Asecond line"
          echo "  ::warning file=$GITHUB_WORKSPACE/src/a.txt,line=1,endLine=2,col=7::Two lines" >&2
          echo "::notice::Nowhere"
          echo "said ::error::inside a line"
          echo "::stop-commands::pause"; echo "::error::not heeded"; echo "::pause::"
          echo "::error file=x,line=-4,endLine=nine::Odd"
          echo "::debug::quiet"; echo "::error"; echo "::group::x"
          exit 7
  many: { steps: [{ run: "` + strings.ReplaceAll(long, "\n", "; ") + `echo ::warning::w; exit 1" }] }
  last: { steps: [{ run: 'printf "::error::no line end"' }] }
`})
	sha := w.commit("work", "x", "x")
	w.drain()
	show := func(a Annotation) string {
		return fmt.Sprintf("%s %s:%d-%d %s|%s", a.Level, a.Path, a.StartLine, a.EndLine, a.Title, a.Message)
	}
	got := map[string][]string{}
	for _, run := range w.repo.CheckRuns(sha) {
		for _, a := range run.Annotations {
			got[run.Name] = append(got[run.Name], show(a))
		}
	}
	many := slices.Repeat([]string{"failure .github:1-1 |e"}, 10)
	want := map[string][]string{
		"lint": {"failure src/a.txt:2-2 Lint: a, b|No: 100%\nsecond line", "warning src/a.txt:1-2 |Two lines", "notice .github:1-1 |Nowhere",
			"failure x:1-1 |Odd", "failure .github:1-1 |Process completed with exit code 7."},
		"many": append(many, "warning .github:1-1 |w", "failure .github:1-1 |Process completed with exit code 1."),
		"last": {"failure .github:1-1 |no line end"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("annotations (-want +got):\n%s", diff)
	}
}

// Whatever a step prints, its annotations are such as GitHub takes.
func FuzzConsole(f *testing.F) {
	f.Add([]byte("::error file=a,line=1,endLine=0,col=2,endColumn=1,title=t::m\n"), []byte("::stop-commands::x\n::error::y\n::x::\n"))
	f.Add([]byte("::error "), []byte("file=%2C::\xff\x00\n::warning::"))
	f.Fuzz(func(t *testing.T, first, second []byte) {
		var c console
		for range 7 {
			c.step(Step{Run: "x"}, "/work")
			_, _ = c.Write(first)
			_, _ = c.Write(second)
			c.fail("Process completed with exit code 1.")
		}
		q := outcome{conclusion: "failure", annotations: c.found}.request()
		if problems := q.problems(); len(problems) > 0 || *c.found[len(c.found)-1].Message != "Process completed with exit code 1." {
			t.Errorf("%q and %q: %q", first, second, problems)
		}
	})
}
