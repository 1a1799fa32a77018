package sim

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// CI is a second App, called GitHub Actions, that runs real commands on every
// pushed commit and reports each job as a check run: queued, in progress,
// completed. Install its App where it should run.
//
// It runs what the commit says, with the rights of this process and without a
// sandbox: its repositories must be trusted. Jobs run one after the other, in
// order, so that the same commits give the same sequence of events, and
// GitHub.Drain waits for them.
type CI struct {
	App *App

	g *GitHub
	o CIOptions
}

// CIOptions says what the CI runs.
type CIOptions struct {
	// Jobs run on every commit. Nil: those of the commit's own workflows, the
	// files in .github/workflows.
	Jobs []Job
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

	workflow string // the file it is from; After speaks of jobs of the same file
	id       string // what After calls it; "" means its name
}

// Step is one shell script.
type Step struct {
	Name string            // what reports call it; "" means the script's first line
	Run  string            // run by bash -e, or by sh -e where there is no bash
	Dir  string            // where, below the checkout
	Env  map[string]string // added to the environment
}

// Command is a job with one step.
func Command(name, script string) Job { return Job{Name: name, Steps: []Step{{Run: script}}} }

// ciManifest is the CI's own; Apps that may write checks get the check events
// without asking.
const ciManifest = `
name: GitHub Actions
url: https://github.com/features/actions
description: Automate your workflow from idea to production
public: true
default_permissions:
  checks: write
  contents: read
  metadata: read
`

// StartCI registers the CI. It runs until Close.
func (g *GitHub) StartCI(o CIOptions) (*CI, error) {
	o.Timeout = cmp.Or(o.Timeout, time.Minute)
	app, err := g.RegisterApp([]byte(ciManifest), "", "")
	if err != nil {
		return nil, fmt.Errorf("start the CI: %w", err)
	}
	ci := &CI{App: app, g: g, o: o}
	app.handle(ci.receive)
	return ci, nil
}

// ciEvent is what the CI reads of a check_suite or check_run event.
type ciEvent struct {
	Action     string `json:"action"`
	Repository struct {
		ID int64 `json:"id"`
	} `json:"repository"`
	CheckSuite struct {
		ID int64 `json:"id"`
	} `json:"check_suite"`
	CheckRun struct {
		ID int64 `json:"id"`
	} `json:"check_run"`
}

// receive takes the CI's webhooks. A request for a suite that has runs already
// is a repeated delivery and does nothing; asking again does.
func (ci *CI) receive(event string, payload []byte) {
	var e ciEvent
	if err := json.Unmarshal(payload, &e); err != nil {
		ci.g.o.Log.Error("simulated ci cannot read an event", "event", event, "err", err)
		return
	}
	switch event + " " + e.Action {
	case "check_suite requested":
		ci.build(e, func(s *suite) bool { return s.id == e.CheckSuite.ID && len(s.latest()) == 0 }, nil)
	case "check_suite rerequested":
		ci.build(e, func(s *suite) bool { return s.id == e.CheckSuite.ID }, nil)
	case "check_run rerequested":
		ci.g.mu.Lock()
		run := ci.run(e)
		ci.g.mu.Unlock()
		if run != nil {
			ci.build(e, func(s *suite) bool { return s == run.suite }, &run.name)
		}
	}
}

// run is the check run that an event is about, if it still exists.
func (ci *CI) run(e ciEvent) *checkRun {
	r := ci.g.repos[e.Repository.ID]
	if r == nil {
		return nil
	}
	i := slices.IndexFunc(r.runs, func(run *checkRun) bool { return run.id == e.CheckRun.ID && run.suite.app == ci.App })
	if i < 0 {
		return nil
	}
	return r.runs[i]
}

// build runs the jobs of the first suite that wanted accepts: all, or the one
// called only.
func (ci *CI) build(e ciEvent, wanted func(*suite) bool, only *string) {
	b, err := ci.plan(e, wanted)
	if err != nil {
		ci.g.o.Log.Error("simulated ci cannot plan its jobs", "repo", e.Repository.ID, "err", err)
	}
	if b == nil {
		return
	}
	if only != nil {
		b.jobs = slices.DeleteFunc(b.jobs, func(j Job) bool { return j.Name != *only })
		for i := range b.jobs {
			b.jobs[i].After = nil // they have run before
		}
	}
	b.work()
}

// build is one commit's jobs on their way.
type build struct {
	ci   *CI
	repo *Repo
	sha  string
	env  []string
	jobs []Job
	runs map[string]*checkRun // by job key
	done map[string]string    // conclusion by job key
}

// plan finds the suite and its jobs; nil when there is nothing to do.
func (ci *CI) plan(e ciEvent, wanted func(*suite) bool) (*build, error) {
	ci.g.mu.Lock()
	defer ci.g.mu.Unlock()
	r := ci.g.repos[e.Repository.ID]
	if r == nil || ci.App.installed(r) == nil {
		return nil, nil
	}
	i := slices.IndexFunc(r.suites, func(s *suite) bool { return s.app == ci.App && wanted(s) })
	if i < 0 {
		return nil, nil
	}
	s := r.suites[i]
	jobs := slices.Clone(ci.o.Jobs)
	if jobs == nil {
		var err error
		if jobs, err = r.workflowJobs(s.sha); err != nil {
			return nil, err
		}
	}
	env := []string{"CI=true", "GITHUB_ACTIONS=true", "GITHUB_SERVER_URL=" + ci.g.url, "GITHUB_REPOSITORY=" + r.fullName(),
		"GITHUB_SHA=" + s.sha, "GITHUB_REF=refs/heads/" + s.branch, "GITHUB_REF_NAME=" + s.branch}
	return &build{ci: ci, repo: r, sha: s.sha, env: env, jobs: jobs, runs: map[string]*checkRun{}, done: map[string]string{}}, nil
}

// work reports all jobs as queued, and then runs them.
func (b *build) work() {
	for _, j := range b.jobs {
		b.report(j, checkRequest{Status: ptr("queued")})
	}
	for waiting := b.jobs; len(waiting) > 0; {
		i := slices.IndexFunc(waiting, b.ready)
		if i < 0 {
			for _, j := range waiting {
				b.report(j, outcome{conclusion: "failure", title: "It waits for jobs that do not exist, or for itself"}.request())
			}
			return
		}
		b.perform(waiting[i])
		waiting = slices.Delete(slices.Clone(waiting), i, i+1)
	}
}

// ready tells whether all jobs that j waits for are done.
func (b *build) ready(j Job) bool {
	return !slices.ContainsFunc(j.After, func(id string) bool { return b.done[j.workflow+"/"+id] == "" })
}

// perform runs one job, or skips it, and reports.
func (b *build) perform(j Job) {
	var out outcome
	if i := slices.IndexFunc(j.After, func(id string) bool { return b.done[j.workflow+"/"+id] != "success" }); i >= 0 {
		out = outcome{conclusion: "skipped", title: "Skipped: " + j.After[i] + " did not succeed"}
	} else {
		b.report(j, checkRequest{Status: ptr("in_progress")})
		out = b.execute(j)
	}
	b.report(j, out.request())
	b.done[j.key()] = out.conclusion
}

// key tells the jobs of a build apart; its last part is what other jobs call this one.
func (j Job) key() string { return j.workflow + "/" + cmp.Or(j.id, j.Name) }

// report puts a job's state on its check run, which the first report makes. A
// refusal is a mistake of the simulator's own and is logged.
func (b *build) report(j Job, q checkRequest) {
	b.ci.g.mu.Lock()
	defer b.ci.g.mu.Unlock()
	if b.repo.deleted {
		return
	}
	var refused *reply
	if run := b.runs[j.key()]; run != nil {
		refused = b.repo.updateRun(b.ci.App, run, q)
	} else {
		q.Name, q.HeadSHA = &j.Name, &b.sha
		b.runs[j.key()], refused = b.repo.createRun(b.ci.App, q)
	}
	if refused != nil {
		b.ci.g.o.Log.Error("simulated ci cannot report", "job", j.Name, "head", b.sha, "answer", refused.body)
	}
}

// execute runs a job's steps in a fresh checkout.
func (b *build) execute(j Job) outcome {
	dir, err := os.MkdirTemp("", "agentplane-ci-")
	if err != nil {
		return outcome{conclusion: "failure", title: "No folder for the checkout", log: err.Error()}
	}
	defer func() { _ = removeAll(dir) }()
	work, home := filepath.Join(dir, "work"), filepath.Join(dir, "home")
	if err := errors.Join(os.Mkdir(work, 0o755), os.Mkdir(home, 0o755), b.checkout(work)); err != nil {
		return outcome{conclusion: "failure", title: "The checkout failed", log: err.Error()}
	}
	env := slices.Concat([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "TMPDIR=" + home, "LANG=C.UTF-8",
		"GIT_CONFIG_NOSYSTEM=1", "GITHUB_WORKSPACE=" + work, "GITHUB_JOB=" + cmp.Or(j.id, j.Name)}, b.env, b.ci.o.Env)
	return runSteps(b.ci.g.ctx, work, env, j.Steps, cmp.Or(j.Timeout, b.ci.o.Timeout))
}

// checkout fetches the commit, and only it, as actions/checkout does. The
// repository itself stays out of reach of the commands' git.
func (b *build) checkout(dir string) error {
	for _, args := range [][]string{
		{"init", "--quiet"},
		{"fetch", "--quiet", "--depth=1", "--no-tags", b.repo.Dir, b.sha},
		{"checkout", "--quiet", "--detach", "FETCH_HEAD"},
	} {
		if _, err := b.ci.g.git(dir, nil, args...); err != nil {
			return err
		}
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

// title is what reports call a step.
func (s Step) title() string {
	if s.Name != "" {
		return s.Name
	}
	line, _, _ := strings.Cut(strings.TrimSpace(s.Run), "\n")
	return line
}
