package sim

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// CI is a second App, called GitHub Actions. It runs the workflow files of a
// commit when their triggers say so, as workflow runs whose jobs are check runs
// too: queued, in progress, completed. Install its App where it should run.
//
// It runs what the commit says, with the rights of this process and without a
// sandbox: its repositories must be trusted. Runs and their jobs run one after
// the other, in order, so that the same commits give the same sequence of
// events, and GitHub.Drain waits for them.
type CI struct {
	App *App

	g     *GitHub
	o     CIOptions
	held  bool
	queue []*workflowRun // to be run
	kept  []*workflowRun // not to be run before Release
	wake  chan struct{}
}

// CIOptions says what the CI runs.
type CIOptions struct {
	// Jobs run for every push to a branch, as a workflow of their own. Nil: the
	// commit's own workflows, the files in .github/workflows.
	Jobs []Job
	// Manual: nothing runs by itself. Repo.ReportRun tells of runs.
	Manual bool
	// Timeout ends a job that has none of its own; 0 means one minute.
	Timeout time.Duration
	// Env is added to the environment of all commands, as "NAME=value". Else
	// they see PATH, a HOME of their own, and a few variables that GitHub sets.
	Env []string
}

// Job is a check that the CI makes: steps in a fresh checkout of the commit.
type Job struct {
	Name    string // of the check run
	Steps   []Step
	After   []string      // jobs that must have succeeded; else this one is skipped
	Timeout time.Duration // for all steps together; 0 means CIOptions.Timeout
	// If is a condition: "" or success(), always(), failure(), cancelled(),
	// !cancelled(), true or false. Any other fails the job.
	If string
	// ContinueOnError keeps a failure of the job from failing the run.
	ContinueOnError bool

	workflow string   // the file it is from; After speaks of jobs of the same file
	id       string   // what After calls it; "" means its name
	labels   []string // what the runner must have
}

// Step is one shell script, or an action that does nothing here.
type Step struct {
	Name string            // what reports call it; "" means "Run " and the script's first line
	Run  string            // run by bash -e, or by sh -e where there is no bash
	Uses string            // an action in place of a script: shown, not run
	Dir  string            // where, below the checkout
	Env  map[string]string // added to the environment
	If   string            // a condition, as of Job
	// ContinueOnError makes a failure of the step a success.
	ContinueOnError bool

	pipefail bool // a failure inside a pipe fails the script
}

// Command is a job with one step.
func Command(name, script string) Job { return Job{Name: name, Steps: []Step{{Run: script}}} }

// ciManifest is the CI's own.
const ciManifest = `
name: GitHub Actions
url: https://github.com/features/actions
description: Automate your workflow from idea to production
public: true
default_permissions:
  actions: write
  checks: write
  contents: read
  metadata: read
`

// StartCI registers the CI. It runs until Close; there can be one.
func (g *GitHub) StartCI(o CIOptions) (*CI, error) {
	o.Timeout = cmp.Or(o.Timeout, time.Minute)
	app, err := g.RegisterApp([]byte(ciManifest), "", "")
	if err != nil {
		return nil, fmt.Errorf("start the CI: %w", err)
	}
	ci := &CI{App: app, g: g, o: o, wake: make(chan struct{}, 1)}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ci = ci
	g.work.Go(ci.runAll)
	return ci, nil
}

// Hold keeps all runs that are made from now on queued, as GitHub does when no
// runner is free.
func (ci *CI) Hold() {
	ci.g.mu.Lock()
	defer ci.g.mu.Unlock()
	ci.held = true
}

// Release ends Hold. What was kept queued runs, in order.
func (ci *CI) Release() {
	ci.g.mu.Lock()
	defer ci.g.mu.Unlock()
	kept := ci.kept
	ci.held, ci.kept = false, nil
	for _, w := range kept {
		ci.push(w)
	}
}

// enqueue reports the jobs that need no other as queued, and has the run run.
func (ci *CI) enqueue(w *workflowRun) {
	for _, j := range w.jobs {
		if len(j.After) == 0 && w.done[j.key()] == "" {
			w.put(j, checkRequest{Status: ptr("queued")})
		}
	}
	if ci.held {
		ci.kept = append(ci.kept, w)
		return
	}
	ci.push(w)
}

func (ci *CI) push(w *workflowRun) {
	ci.queue = append(ci.queue, w)
	ci.g.pending++
	select {
	case ci.wake <- struct{}{}:
	default:
	}
}

// runAll is the CI's own goroutine, until Close.
func (ci *CI) runAll() {
	for ci.g.ctx.Err() == nil {
		ctx, b := ci.next()
		if b == nil {
			select {
			case <-ci.wake:
			case <-ci.g.ctx.Done():
			}
			continue
		}
		b.work(ctx)
		ci.g.mu.Lock()
		ci.settle()
		ci.g.mu.Unlock()
	}
}

// next takes the first run of the queue.
func (ci *CI) next() (context.Context, *build) {
	ci.g.mu.Lock()
	defer ci.g.mu.Unlock()
	if len(ci.queue) == 0 {
		return ci.g.ctx, nil
	}
	w := ci.queue[0]
	ci.queue = ci.queue[1:]
	return newBuild(ci, w)
}

// settle tells Drain that a run is no longer due.
func (ci *CI) settle() {
	ci.g.pending--
	close(ci.g.settled)
	ci.g.settled = make(chan struct{})
}

// drop takes a run that has not begun out of the queue.
func (ci *CI) drop(w *workflowRun) {
	same := func(other *workflowRun) bool { return other == w }
	if slices.ContainsFunc(ci.queue, same) {
		ci.queue = slices.DeleteFunc(ci.queue, same)
		ci.settle()
	}
	ci.kept = slices.DeleteFunc(ci.kept, same)
}

// trigger is something that happened and may start workflows.
type trigger struct {
	event, action string
	branch        string // that was pushed, or the base of a pull request: what filters look at
	head          string // the branch of the commit; "" means the same
	before, sha   string
	by            *User
	pull          *Pull
}

// startWorkflows makes a run of each workflow file of the commit that waits
// for what happened. The caller holds the lock.
func (r *Repo) startWorkflows(t trigger) {
	ci := r.g.ci
	if ci == nil || ci.o.Manual {
		return
	}
	if i := ci.App.installed(r); i == nil || !i.suspended.IsZero() {
		return
	}
	found, err := r.workflowsFor(ci, t)
	if err != nil {
		r.g.o.Log.Error("simulated ci cannot read workflows", "repo", r.fullName(), "head", t.sha, "err", err)
	}
	for _, w := range found {
		ci.enqueue(r.newRun(ci.App, w, t))
	}
}

// workflowsFor lists the workflows of a commit that an event starts.
func (r *Repo) workflowsFor(ci *CI, t trigger) ([]workflow, error) {
	c, err := r.commit(t.sha)
	if err != nil {
		return nil, fmt.Errorf("read workflows at %s: %w", t.sha, err)
	}
	all := []workflow{{path: workflowDir + "/ci.yml", name: "CI", jobs: ci.o.Jobs, on: map[string]filter{eventPush: {}}}}
	if ci.o.Jobs == nil {
		if all, err = r.workflows(c); err != nil {
			return nil, err
		}
	}
	all = slices.DeleteFunc(all, func(w workflow) bool { return !w.startsOn(t) })
	if len(all) == 0 || skipsCI(c.message) && (t.event == eventPush || t.event == eventPull) {
		return nil, nil
	}
	if t.pull != nil {
		if conflict, err := t.pull.conflicts(); conflict || err != nil {
			return nil, err
		}
	}
	return all, nil
}

// skipsCI says whether a commit asks for no workflows.
func skipsCI(message string) bool {
	return slices.ContainsFunc([]string{"[skip ci]", "[ci skip]", "[no ci]", "[skip actions]", "[actions skip]"},
		func(mark string) bool { return strings.Contains(message, mark) })
}

// Dispatch starts a workflow on a branch, as "Run workflow" does. The file
// must have the trigger workflow_dispatch.
func (r *Repo) Dispatch(by *User, path, branch string) error {
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	before := len(r.workflowRuns)
	sha := r.refs["refs/heads/"+branch]
	r.startWorkflows(trigger{event: eventDispatch, action: path, branch: branch, sha: sha, by: by})
	if len(r.workflowRuns) == before {
		return fmt.Errorf("dispatch %s on %s of %s: Workflow does not have 'workflow_dispatch' trigger", path, branch, r.fullName())
	}
	return nil
}

func ptr[T any](v T) *T { return &v }

// variables are the lines of an environment, sorted.
func variables(env map[string]string) []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(env)) {
		out = append(out, name+"="+env[name])
	}
	return out
}
