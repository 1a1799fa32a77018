package checks

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/agentplane/agentplane/ownership"
)

// candidateFacts are those of a candidate on which CI has shown everything, and on nothing else: what runs on a push.
func candidateFacts(t testing.TB) Facts {
	f := Facts{
		Head: Ref{Repo: 7, Name: "agentplane/candidate/blog/3", SHA: commit("a")}, HeadTree: commit("e"),
		HeadSince: readAt.Add(-5 * time.Minute), ReadAt: readAt, CI: shownFacts(t).CI,
	}
	f.CI.Runs[0].Event = ownership.EventPush
	return f
}

func TestIntegrationColumn(t *testing.T) {
	c := *verification(t)
	if got := IntegrationColumn(&c); !slices.Equal(got, []string{"check", "build", "preview"}) {
		t.Errorf("in the contract's order, what CI observes: %v", got)
	}
	c.Requirements = slices.Clone(c.Requirements)
	c.Requirements[0].For, c.Requirements[1].For = []string{"search"}, []string{"docs", "integration"}
	if got := IntegrationColumn(&c); !slices.Equal(got, []string{"build", "preview"}) {
		t.Errorf("not what binds agents only: %v", got)
	}
	c.Requirements = nil
	if IntegrationColumn(&c) != nil || IntegrationColumn(nil) != nil || Integrated(nil, Facts{}) != nil {
		t.Error("of no requirements, or no contract, there is no column")
	}
}

// TestIntegrated plays what CI may say about a candidate. Nothing but success on this very commit is shown.
func TestIntegrated(t *testing.T) {
	job := func(f *Facts) *RunJob { return &f.CI.Runs[0].Jobs[0] }
	check := func(f *Facts) *CheckRun { return &f.CI.CheckRuns[0] }
	long := func(f *Facts) { f.HeadSince = f.ReadAt.Add(-2 * time.Hour) }
	for _, tc := range []struct {
		why   string
		of    string
		play  func(*Facts)
		want  RowState
		flags string // of started, late, never-started and blocked those that hold
		says  string
	}{
		{"success", "check", func(*Facts) {}, RowShown, "started", "job check of .github/workflows/ci.yml passed"},
		{"success", "build", func(*Facts) {}, RowShown, "started", "check run build passed"},
		{"success", "preview", func(*Facts) {}, RowShown, "started", "status ci/preview passed"},

		{"another commit", "check", func(f *Facts) { f.CI.Runs[0].SHA = commit("d") }, RowWaiting, "", "; it ran on dddddddddd, which is another commit"},
		{"another commit of the same tree", "check", func(f *Facts) { f.CI.Runs[0].SHA, f.CI.Runs[0].Tree = commit("d"), commit("e") }, RowWaiting, "", "; it ran on dddddddddd, which is another commit"},
		{"no tree, and none of the run", "check", func(f *Facts) { f.CI.Runs[0].SHA, f.HeadTree = commit("d"), "" }, RowWaiting, "", "has not started on this commit"},
		{"a pull request's run, which tests a merge", "check", func(f *Facts) { f.CI.Runs[0].Event = ownership.EventPullRequest }, RowWaiting, "", "a run by pull_request of a branch in repository 7 does not count"},
		{"a failing run by pull_request beside a success", "check", func(f *Facts) {
			other := f.CI.Runs[0]
			other.ID, other.Event, other.Jobs = 200, ownership.EventPullRequest, []RunJob{{Name: "check", Status: "completed", Conclusion: "failure"}}
			f.CI.Runs = append(f.CI.Runs, other)
		}, RowShown, "started", "passed"},
		{"a pull request's run of another repository", "check", func(f *Facts) { f.CI.Runs[0].Event, f.CI.Runs[0].Repo = ownership.EventPullRequest, 99 }, RowWaiting, "", "has not started"},
		{"a push to a fork at the same commit", "check", func(f *Facts) { f.CI.Runs[0].Repo = 99 }, RowWaiting, "", "a run by push of a branch in repository 99 does not count"},
		{"a run by hand", "check", func(f *Facts) { f.CI.Runs[0].Event = "workflow_dispatch" }, RowWaiting, "", "a run by workflow_dispatch"},
		{"another workflow", "check", func(f *Facts) { f.CI.Runs[0].Workflow = ".github/workflows/other.yml" }, RowWaiting, "", "has not started"},
		{"the repository is not known", "check", func(f *Facts) { f.Head.Repo, f.CI.Runs[0].Repo = 0, 0 }, RowWaiting, "", "has not started"},
		{"another App's check run", "build", func(f *Facts) { check(f).App, check(f).AppID = "evil", 6 }, RowWaiting, "", "one of this name is by evil, which does not count"},
		{"a check run of another commit", "build", func(f *Facts) { check(f).SHA = commit("d") }, RowWaiting, "", "it was reported on dddddddddd"},
		{"somebody else's status", "preview", func(f *Facts) { f.CI.Statuses[0].Creator = Account{ID: 5, Login: "mona"} }, RowWaiting, "", "one of this name is by mona"},

		{"a step that is only called so", "check", func(f *Facts) {
			f.CI.Workflows[ciFile] = "on: push\njobs:\n  check:\n    steps: [{ name: Run npm run check, run: 'true' }]\n"
		}, RowMissing, "", "has no step whose run is npm run check; the step Run npm run check is only called so"},
		{"a step that may fail", "check", func(f *Facts) {
			f.CI.Workflows[ciFile] = "on: push\njobs:\n  check:\n    steps: [{ run: npm run check, continue-on-error: true }]\n"
		}, RowMissing, "", "runs npm run check in a step that"},
		{"a workflow that the candidate does not have", "check", func(f *Facts) { f.CI.Workflows = nil }, RowMissing, "", "the head has no such file"},
		{"skipped", "check", func(f *Facts) { job(f).Conclusion = "skipped" }, RowMissing, "started", "was skipped"},
		{"cancelled", "check", func(f *Facts) { job(f).Conclusion = "cancelled" }, RowMissing, "started", "was cancelled"},
		{"neutral", "build", func(f *Facts) { check(f).Conclusion = "neutral" }, RowMissing, "started", "ended neutral, which is not success"},
		{"stale", "build", func(f *Facts) { check(f).Conclusion = "stale" }, RowMissing, "started", "was given up by GitHub as stale"},
		{"the step skipped in a job that passed", "check", func(f *Facts) { job(f).Steps[3].Conclusion = "skipped" }, RowMissing, "started", "passed, but its step Run npm run check was skipped"},

		{"a failure", "check", func(f *Facts) { job(f).Conclusion, job(f).Errors = "failure", []string{"a.ts:1:2 `x`\n\tis @octo's"} }, RowFailed, "started", "failed: a.ts:1:2 `x` is @octo's"},
		{"out of time", "check", func(f *Facts) { job(f).Conclusion = "timed_out" }, RowFailed, "started", "ran out of its time: timed_out"},
		{"a run again that fails later", "check", func(f *Facts) {
			again := f.CI.Runs[0]
			again.ID, again.Created, again.Jobs = again.ID+1, again.Created.Add(-time.Hour), []RunJob{{Name: "check", Status: "completed", Conclusion: "failure", Errors: []string{"boom"}}}
			f.CI.Runs = append([]Run{again}, f.CI.Runs...)
		}, RowFailed, "started", "failed: boom"},
		{"a check run that fails later", "build", func(f *Facts) {
			later := *check(f)
			later.ID, later.Conclusion, later.Title = later.ID+1, "failure", "red"
			f.CI.CheckRuns = append([]CheckRun{later}, f.CI.CheckRuns...)
		}, RowFailed, "started", "failed: red"},
		{"an error by status", "preview", func(f *Facts) { f.CI.Statuses[0].State, f.CI.Statuses[0].Description = "error", "no disk" }, RowFailed, "started", "ended with an error: no disk"},

		{"running", "check", func(f *Facts) { f.CI.Runs[0].Status, job(f).Status = "in_progress", "in_progress" }, RowWaiting, "started", "has been running since 05:03 UTC on 4 March"},
		{"running for too long", "check", func(f *Facts) {
			f.CI.Runs[0].Status, job(f).Status, job(f).Started = "in_progress", "in_progress", readAt.Add(-2*time.Hour)
		}, RowWaiting, "started late", "has been running since 03:06 UTC on 4 March, longer than 1h"},
		{"queued", "check", func(f *Facts) { f.CI.Runs[0].Status, job(f).Status, job(f).Started = "queued", "queued", time.Time{} }, RowWaiting, "started", "has been queued"},
		{"queued for too long", "check", func(f *Facts) {
			f.CI.Runs[0].Status, f.CI.Runs[0].Created, job(f).Status, job(f).Started = "queued", readAt.Add(-2*time.Hour), "queued", time.Time{}
		}, RowWaiting, "started late never-started", "never started: it has been queued"},
		{"a check run in a queue for too long", "build", both(long, func(f *Facts) { check(f).Status, check(f).Started = "queued", time.Time{} }), RowWaiting, "started late never-started", "has been queued"},
		{"a run without its job, for too long", "check", func(f *Facts) {
			f.CI.Runs[0].Status, f.CI.Runs[0].Created, f.CI.Runs[0].Jobs = "in_progress", readAt.Add(-2*time.Hour), nil
		}, RowWaiting, "started late never-started", "has waited in its run"},
		{"no run", "check", func(f *Facts) { f.CI.Runs = nil }, RowWaiting, "", "has not started on this commit since 05:01 UTC on 4 March"},
		{"no run for too long", "check", both(long, func(f *Facts) { f.CI.Runs = nil }), RowWaiting, "late never-started", "never started on this commit"},
		{"no check run for too long", "build", both(long, func(f *Facts) { f.CI.CheckRuns = nil }), RowWaiting, "late never-started", "was not reported"},
		{"no run, and since when is not known", "check", func(f *Facts) { f.CI.Runs, f.HeadSince = nil, time.Time{} }, RowWaiting, "late never-started", "since when is not known"},
		{"a status that stays pending", "preview", func(f *Facts) { f.CI.Statuses[0].State, f.CI.Statuses[0].At = "pending", readAt.Add(-2*time.Hour) }, RowWaiting, "started late", "has been pending"},
		{"a run that a person must allow", "check", func(f *Facts) { f.CI.Runs[0].Status = "waiting" }, RowWaiting, "started blocked", "waits for a person"},

		{"CI was not read", "check", func(f *Facts) { f.CI = nil }, RowUnknown, "", "What CI reported could not be read"},
		{"jobs were not read", "check", func(f *Facts) { f.CI.Runs[0].JobsKnown = false }, RowUnknown, "started", "has jobs that could not be read"},
		{"the commit is not known", "check", func(f *Facts) { f.Head.SHA = "" }, RowUnknown, "", "The head is not known"},
	} {
		f := candidateFacts(t)
		tc.play(&f)
		column := Integrated(verification(t), f)
		got := column[slices.IndexFunc(column, func(i Integration) bool { return i.Requirement == tc.of })]
		if flags := got.flags(); got.State != tc.want || flags != tc.flags || !strings.Contains(got.Detail, tc.says) {
			t.Errorf("%s: %s is %s, %q, %q; want %s, %q, %q", tc.why, tc.of, got.State, flags, got.Detail, tc.want, tc.flags, tc.says)
		}
		if (got.Signature != nil) != (got.State == RowFailed) || visible(got.Detail) != got.Detail {
			t.Errorf("%s: %+v", tc.why, got)
		}
	}
}

func (i Integration) flags() string {
	var on []string
	for _, f := range []struct {
		name string
		on   bool
	}{{"started", i.Started}, {"late", i.Late}, {"never-started", i.NeverStarted}, {"blocked", i.Blocked}} {
		if f.on {
			on = append(on, f.name)
		}
	}
	return strings.Join(on, " ")
}

// TestIntegratedSignature: a failure has the same signature on a candidate as on the head that brought it.
func TestIntegratedSignature(t *testing.T) {
	f, g := shownFacts(t), candidateFacts(t)
	for _, facts := range []*Facts{&f, &g} {
		facts.CI.Runs[0].Jobs[0].Conclusion, facts.CI.Runs[0].Jobs[0].Errors = "failure", []string{"src/a.ts:12: boom"}
	}
	want := Evaluate(verification(t), f).Signatures
	got := Integrated(verification(t), g)[0].Signature
	if len(want) != 1 || got == nil || *got != want[0] {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// TestIntegratedByPullRequestOnly: a contract that counts nothing but runs by pull_request is told so at once.
func TestIntegratedByPullRequestOnly(t *testing.T) {
	c := *verification(t)
	c.Requirements = slices.Clone(c.Requirements)
	c.Requirements[0].Evidence.Events = []string{ownership.EventPullRequest}
	got := Integrated(&c, candidateFacts(t))[0]
	if got.State != RowMissing || !strings.Contains(got.Detail, "only runs by pull_request count, and they test another commit") {
		t.Errorf("%+v", got)
	}
}

// TestIntegratedIsNoWeaker: whatever forgery does not show a requirement on a pull request's head shows none on a
// candidate.
func TestIntegratedIsNoWeaker(t *testing.T) {
	for _, what := range []string{"failure", "running", "skipped", "none", "never", "elsewhere", "twin", "unread"} {
		f := candidateFacts(t)
		reported(&f, what)
		if got := Integrated(verification(t), f)[0]; got.State == RowShown {
			t.Errorf("%s: %+v", what, got)
		}
	}
}
