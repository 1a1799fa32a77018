package sim

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// build is one attempt of a workflow run on its way.
type build struct {
	ci   *CI
	repo *Repo
	run  *workflowRun
	env  []string
}

// newBuild lets the run be stopped from now on, which ends the context. The
// caller holds the lock.
func newBuild(ci *CI, w *workflowRun) (context.Context, *build) {
	r := w.suite.repo
	ref, head := "refs/heads/"+w.branch, ""
	if w.pull > 0 {
		ref, head = fmt.Sprintf("refs/pull/%d/merge", w.pull), w.branch
	}
	b := &build{ci: ci, repo: r, run: w}
	ctx, stop := context.WithCancel(ci.g.ctx)
	w.stop = stop
	b.env = []string{"CI=true", "GITHUB_ACTIONS=true", "GITHUB_SERVER_URL=" + ci.g.url, "GITHUB_REPOSITORY=" + r.fullName(),
		"GITHUB_SHA=" + w.suite.sha, "GITHUB_REF=" + ref, "GITHUB_REF_NAME=" + w.branch, "GITHUB_EVENT_NAME=" + w.event,
		"GITHUB_HEAD_REF=" + head, "GITHUB_BASE_REF=" + w.base, "GITHUB_WORKFLOW=" + w.name, "GITHUB_RUN_ID=" + itoa(w.id),
		"GITHUB_RUN_NUMBER=" + itoa(w.number), "GITHUB_RUN_ATTEMPT=" + itoa(int64(w.attempt)), "GITHUB_ACTOR=" + login(w.actor)}
	return ctx, b
}

// work runs the jobs that are not done, each when those it waits for are.
func (b *build) work(ctx context.Context) {
	waiting := slices.DeleteFunc(slices.Clone(b.run.jobs), func(j Job) bool { return b.run.done[j.key()] != "" })
	for len(waiting) > 0 && ctx.Err() == nil {
		i := slices.IndexFunc(waiting, b.ready)
		if i < 0 {
			for _, j := range waiting {
				b.end(j, outcome{conclusion: "failure", title: "It waits for jobs that do not exist, or for itself"})
			}
			break
		}
		b.perform(ctx, waiting[i])
		waiting = slices.Delete(waiting, i, i+1)
	}
	b.ci.g.mu.Lock()
	defer b.ci.g.mu.Unlock()
	b.run.stop()
	b.run.stop = nil
	switch {
	case b.repo.deleted || b.ci.g.ctx.Err() != nil || b.run.status == "completed":
	case b.run.cancelled:
		b.run.abandon()
	default:
		b.run.finish("")
	}
}

// ready tells whether all jobs that j waits for are done.
func (b *build) ready(j Job) bool {
	return !slices.ContainsFunc(j.After, func(id string) bool { return b.run.done[j.workflow+"/"+id] == "" })
}

// perform runs one job, or skips it, and reports.
func (b *build) perform(ctx context.Context, j Job) {
	needs, other := standing{ok: true}, ""
	for _, id := range j.After {
		if c := b.run.done[j.workflow+"/"+id]; c != "success" {
			needs.ok, needs.failed, other = false, needs.failed || c != "skipped", cmp.Or(other, id)
		}
	}
	holds, err := needs.holds(j.If)
	switch {
	case err != nil:
		b.end(j, outcome{conclusion: "failure", title: err.Error()})
	case !holds && other != "":
		b.end(j, outcome{conclusion: "skipped", title: "Skipped: " + other + " did not succeed"})
	case !holds:
		b.end(j, outcome{conclusion: "skipped", title: "Skipped: its condition does not hold"})
	default:
		b.start(j)
		b.end(j, b.execute(ctx, j))
	}
}

// start reports the job as queued, when it is not yet, and as in progress.
func (b *build) start(j Job) {
	b.locked(func() {
		if b.run.job(j.key()) == nil {
			b.run.put(j, checkRequest{Status: ptr("queued")})
		}
		b.run.begin()
		b.run.put(j, checkRequest{Status: ptr("in_progress"), StartedAt: ptr(b.ci.g.now()), steps: layout(j)})
	})
}

// end reports how a job ended, and lets others see it. A job that was stopped
// is left to be abandoned.
func (b *build) end(j Job, out outcome) {
	b.locked(func() {
		if b.run.cancelled {
			return
		}
		b.run.put(j, out.request())
		b.run.done[j.key()] = out.conclusion
		if j.ContinueOnError && out.conclusion == "failure" {
			b.run.done[j.key()] = "success"
		}
	})
}

// locked does something to a repository that is still there.
func (b *build) locked(do func()) {
	b.ci.g.mu.Lock()
	defer b.ci.g.mu.Unlock()
	if !b.repo.deleted {
		do()
	}
}

// key tells the jobs of a run apart; its last part is what other jobs call this one.
func (j Job) key() string { return j.workflow + "/" + cmp.Or(j.id, j.Name) }

// execute runs a job's steps in a fresh checkout.
func (b *build) execute(ctx context.Context, j Job) outcome {
	p := &progress{b: b, job: j, steps: layout(j)}
	dir, err := os.MkdirTemp("", "agentplane-ci-")
	if err != nil {
		return p.broken("No folder for the checkout", err)
	}
	defer func() { _ = removeAll(dir) }()
	work, home := filepath.Join(dir, "work"), filepath.Join(dir, "home")
	p.begin(0)
	if err := errors.Join(os.Mkdir(work, 0o755), os.Mkdir(home, 0o755), b.checkout(work)); err != nil {
		return p.broken("The checkout failed", err)
	}
	p.end(0, "success")
	env := slices.Concat([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "TMPDIR=" + home, "LANG=C.UTF-8",
		"GIT_CONFIG_NOSYSTEM=1", "GITHUB_WORKSPACE=" + work, "GITHUB_JOB=" + cmp.Or(j.id, j.Name)}, b.env, b.ci.o.Env)
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(j.Timeout, b.ci.o.Timeout))
	defer cancel()
	return p.runSteps(ctx, work, env)
}

// checkout fetches the commit, and only it, as actions/checkout does. The
// repository itself stays out of reach of the commands' git.
func (b *build) checkout(dir string) error {
	for _, args := range [][]string{
		{"init", "--quiet"},
		{"fetch", "--quiet", "--depth=1", "--no-tags", b.repo.Dir, b.run.suite.sha},
		{"checkout", "--quiet", "--detach", "FETCH_HEAD"},
	} {
		if _, err := b.ci.g.git(dir, nil, args...); err != nil {
			return err
		}
	}
	return nil
}

// jobStep is a step of a job as the API shows it.
type jobStep struct {
	number             int
	name               string
	status, conclusion string
	started, completed time.Time
	calm               bool // it is done only when no step has failed
}

// end completes a step that has not ended.
func (s *jobStep) end(conclusion string, at time.Time) {
	if s.status == "completed" {
		return
	}
	if s.started.IsZero() {
		s.started = at
	}
	s.status, s.conclusion, s.completed = "completed", conclusion, at
}
