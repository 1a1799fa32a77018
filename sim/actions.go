package sim

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"
)

// Events that start workflows.
const (
	eventPush       = "push"
	eventPull       = "pull_request"
	eventMergeGroup = "merge_group"
	eventDispatch   = "workflow_dispatch"
)

// workflowFile is a workflow as a repository knows it: by its path, for ever.
type workflowFile struct {
	id      int64
	path    string // ".github/workflows/ci.yml"
	name    string // what its newest run is called
	runs    int64  // the number of its newest run
	created time.Time
}

// workflowRun is one run of a workflow: jobs on one commit, tried once or more.
// It has a check suite of its own, and its jobs are the suite's check runs.
type workflowRun struct {
	id, number                int64
	attempt                   int // from 1
	file                      *workflowFile
	name, event, title        string
	suite                     *suite
	branch                    string // of a pull request from a fork: the fork's
	base                      string // the base of a pull request; "" for other events
	pull                      int    // its number; 0 for other events
	headRepo                  *Repo
	actor, by                 *User // who caused the first attempt, who the newest
	status, conclusion        string
	created, started, updated time.Time

	jobs      []Job              // what the newest attempt runs; nil when it is only told
	done      map[string]string  // conclusions that other jobs see, by job key
	stop      context.CancelFunc // ends what runs now; nil while nothing does
	cancelled bool

	older   *workflowRun // as it was before the last change
	changed int          // request number of that change
}

// jobOf ties a check run to the workflow run whose job it is.
type jobOf struct {
	run       *workflowRun
	attempt   int
	key       string
	labels    []string
	created   time.Time
	tolerated bool // its failure does not fail the run
}

// keep remembers the run as it is, for stale reads, and stamps it.
func (w *workflowRun) keep() {
	old := *w
	old.older = nil
	w.older, w.changed, w.updated = &old, len(w.suite.repo.g.requests), w.suite.repo.g.now()
}

// workflow finds or makes a repository's record of a workflow file.
func (r *Repo) workflow(path, name string) *workflowFile {
	i := slices.IndexFunc(r.workflowFiles, func(f *workflowFile) bool { return f.path == path })
	if i < 0 {
		i = len(r.workflowFiles)
		r.workflowFiles = append(r.workflowFiles, &workflowFile{id: r.g.nextID("workflow"), path: path, created: r.g.now()})
	}
	r.workflowFiles[i].name = name
	return r.workflowFiles[i]
}

// newRun makes a run and its suite, and announces it. No job has begun.
func (r *Repo) newRun(app *App, w workflow, t trigger) *workflowRun {
	file := r.workflow(w.path, w.name)
	file.runs++
	run := &workflowRun{id: r.g.nextID("workflow-run"), number: file.runs, attempt: 1, file: file, name: w.name, event: t.event,
		branch: cmp.Or(t.head, t.branch), headRepo: r, actor: cmp.Or(t.by, r.owner), by: cmp.Or(t.by, r.owner), status: "queued", jobs: w.jobs,
		created: r.g.now(), started: r.g.now(), updated: r.g.now(), changed: len(r.g.requests), done: map[string]string{}}
	branch := cmp.Or(t.head, t.branch)
	if c, err := r.commit(t.sha); err == nil {
		run.title = firstLine(c.message)
	}
	if p := t.pull; p != nil {
		run.pull, run.base, run.title, run.branch, run.headRepo = p.Number, p.baseRef, p.title, p.headRef, p.headRepo
		branch = p.headRef
		if p.headRepo != r {
			branch = ""
		}
	}
	run.suite = r.newSuite(app, branch, refChange{before: t.before, after: t.sha})
	run.suite.workflow = run
	r.workflowRuns = append(r.workflowRuns, run)
	run.announce("requested")
	return run
}

// announce sends a workflow_run event and notes it in the timeline.
func (w *workflowRun) announce(action string) {
	r := w.suite.repo
	r.broadcast("workflow_run", action, func(*App) fields {
		return fields{"action": action, "workflow_run": w.render(), "workflow": r.renderWorkflow(w.file), "sender": r.g.renderUser(w.by)}
	})
	text := fmt.Sprintf("%s of %s for %s", action, w.file.path, w.event)
	if w.conclusion != "" {
		text += ": " + w.conclusion
	}
	r.g.log(Event{Kind: "run", Repo: r.fullName(), PR: w.pull, Actor: login(w.by), SHA: w.suite.sha, Ref: w.branch, Text: text})
}

// begin is called when a job of the attempt begins.
func (w *workflowRun) begin() {
	if w.status != "queued" {
		return
	}
	w.keep()
	w.status = "in_progress"
	w.announce("in_progress")
}

// finish derives the conclusion from the newest jobs, unless one is given.
func (w *workflowRun) finish(conclusion string) {
	if conclusion == "" {
		conclusion = w.derive()
	}
	w.keep()
	w.status, w.conclusion = "completed", conclusion
	w.suite.updated = w.updated
	w.suite.settle(w.suite.app.bot)
	w.announce("completed")
}

// derive is the worst conclusion among the newest jobs. A failure that the
// workflow tolerates counts as success.
func (w *workflowRun) derive() string {
	best := len(conclusionRank)
	for _, c := range w.latest() {
		conclusion := c.conclusion
		if c.job.tolerated && conclusion == "failure" {
			conclusion = "success"
		}
		if rank := slices.Index(conclusionRank, conclusion); rank >= 0 && rank < best {
			best = rank
		}
	}
	if w.cancelled || best == len(conclusionRank) {
		return "cancelled"
	}
	return conclusionRank[best]
}

// attempts are the run's jobs in all attempts, oldest first.
func (w *workflowRun) attempts() []*checkRun {
	var out []*checkRun
	for _, c := range w.suite.repo.runs {
		if c.job != nil && c.job.run == w {
			out = append(out, c)
		}
	}
	return out
}

// latest are the newest executions of the run's jobs: those of the newest
// attempt, and of earlier ones what was not tried again.
func (w *workflowRun) latest() []*checkRun {
	var out []*checkRun
	seen := map[string]bool{}
	for _, c := range slices.Backward(w.attempts()) {
		if !seen[c.job.key] {
			seen[c.job.key] = true
			out = append(out, c)
		}
	}
	slices.Reverse(out)
	return out
}

// job is the newest execution of a job in the newest attempt, or nil.
func (w *workflowRun) job(key string) *checkRun {
	for _, c := range slices.Backward(w.attempts()) {
		if c.job.key == key && c.job.attempt == w.attempt {
			return c
		}
	}
	return nil
}

// put makes or changes the check run of a job, and sends the job's events. A
// refusal is a mistake of the simulator's own and is logged.
func (w *workflowRun) put(j Job, q checkRequest) *checkRun {
	r, c := w.suite.repo, w.job(j.key())
	before := ""
	var refused *reply
	if c != nil {
		before = c.status
		refused = r.updateRun(w.suite.app, c, q)
	} else {
		q.Name, q.HeadSHA = &j.Name, &w.suite.sha
		q.job = &jobOf{run: w, attempt: w.attempt, key: j.key(), labels: j.labels, created: r.g.now(), tolerated: j.ContinueOnError}
		c, refused = r.createRun(w.suite.app, q)
	}
	if refused != nil {
		r.g.o.Log.Error("simulated ci cannot report", "job", j.Name, "head", w.suite.sha, "answer", refused.body)
		return nil
	}
	if c.status != before {
		c.sendJob()
	}
	return c
}

// sendJob sends the workflow_job event of a job's new status.
func (c *checkRun) sendJob() {
	r := c.suite.repo
	r.broadcast("workflow_job", c.status, func(*App) fields {
		return fields{"action": c.status, "workflow_job": c.renderJob(), "sender": r.g.renderUser(c.job.run.by)}
	})
}

// abandon cancels what has not ended, and ends the run.
func (w *workflowRun) abandon() {
	w.cancelled = true
	for _, c := range w.latest() {
		if c.status == "completed" {
			continue
		}
		steps := slices.Clone(c.steps)
		for i := range steps {
			steps[i].end("cancelled", w.suite.repo.g.now())
		}
		q := outcome{conclusion: "cancelled", title: "The run was canceled"}.request()
		q.steps = steps
		if refused := w.suite.repo.updateRun(w.suite.app, c, q); refused == nil {
			c.sendJob()
		}
	}
	w.finish("")
}

// CancelRun is a person clicking "Cancel workflow". What runs is ended, and
// what waits never runs.
func (r *Repo) CancelRun(by *User, runID int64) error {
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	w := r.workflowRun(runID)
	switch {
	case w == nil:
		return fmt.Errorf("cancel run %d of %s: there is no such run", runID, r.fullName())
	case w.status == "completed":
		return fmt.Errorf("cancel run %d of %s: it is completed already", runID, r.fullName())
	}
	w.by, w.cancelled = cmp.Or(by, r.owner), true
	if w.stop != nil {
		w.stop() // the CI abandons it
		return nil
	}
	r.g.ci.drop(w)
	w.abandon()
	return nil
}

// Rerun is a person clicking "Re-run all jobs": a new attempt of a completed
// run, at the same commit and by the same workflow file, with new jobs. A run
// that was told by ReportRun waits to be told again.
func (r *Repo) Rerun(by *User, runID int64) error {
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	w := r.workflowRun(runID)
	switch {
	case w == nil:
		return fmt.Errorf("rerun %d of %s: there is no such run", runID, r.fullName())
	case !w.again(by, ""):
		return fmt.Errorf("rerun %d of %s: it is not completed; cancel it first", runID, r.fullName())
	}
	return nil
}

// again begins a new attempt: of all jobs, or of the one with that key and
// those that need it. It is false for a run that has not ended.
func (w *workflowRun) again(by *User, only string) bool {
	if w.status != "completed" {
		return false
	}
	w.keep()
	w.attempt, w.status, w.conclusion, w.cancelled = w.attempt+1, "queued", "", false
	w.by, w.started = cmp.Or(by, w.actor), w.suite.repo.g.now()
	w.suite.completed = false
	if only == "" {
		w.done = map[string]string{}
	} else {
		w.forget(only)
	}
	w.announce("requested")
	if w.jobs != nil {
		w.suite.repo.g.ci.enqueue(w)
	}
	return true
}

// forget takes a job, and those that need it, for not done.
func (w *workflowRun) forget(key string) {
	delete(w.done, key)
	for _, j := range w.jobs {
		needs := slices.ContainsFunc(j.After, func(id string) bool { return j.workflow+"/"+id == key })
		if _, was := w.done[j.key()]; was && needs {
			w.forget(j.key())
		}
	}
}

func (r *Repo) workflowRun(id int64) *workflowRun {
	for _, w := range r.workflowRuns {
		if w.id == id {
			return w
		}
	}
	return nil
}
