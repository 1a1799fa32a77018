package sim

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"
)

// RunReport tells of a workflow run that no command was run for. Nothing is
// compared with the workflow files: what it says may be false, as anything is
// that only looks like evidence.
type RunReport struct {
	// Run is the identifier of a run told of before. While it has not ended the
	// report changes it; after that the report is its next attempt. 0 is a new run.
	Run      int64
	Workflow string // the path of its file; "" means .github/workflows/ci.yml
	Name     string // of the workflow; "" means the path
	Event    string // "" means push
	SHA      string // the commit
	Branch   string // "" means one that ends at the commit
	Pull     *Pull  // for the event pull_request: what it is about
	By       *User  // nil means the owner
	Jobs     []JobReport
	// Conclusion ends the run with it. "": it ends when all jobs have ended, as
	// the worst of them. A run without jobs stays queued.
	Conclusion string
}

// JobReport tells of one job.
type JobReport struct {
	Name       string
	Status     string // "" means completed
	Conclusion string // "" means the first of the steps' that is a failure, else success
	Steps      []StepReport
	// Annotations are put on the check run of a job that is completed.
	Annotations []Annotation
	// Took is how long it ran.
	Took time.Duration
}

// StepReport tells of one step, by the name that the API shows: "Run make" for
// a step without a name. Set-up and end of the job are added.
type StepReport struct {
	Name       string
	Conclusion string // "" means success
}

// ReportRun makes or changes a workflow run as told, and returns its
// identifier. The CI must have been started; nothing is run.
func (r *Repo) ReportRun(told RunReport) (int64, error) {
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	w, err := r.toldRun(told)
	if err != nil {
		return 0, fmt.Errorf("report a run of %s at %s: %w", told.Workflow, r.fullName(), err)
	}
	open := len(told.Jobs) == 0
	for _, j := range told.Jobs {
		c, err := w.tell(j)
		if err != nil {
			return 0, fmt.Errorf("report the job %s of %s at %s: %w", j.Name, told.Workflow, r.fullName(), err)
		}
		open = open || c.status != "completed"
	}
	if told.Conclusion != "" || !open {
		w.finish(told.Conclusion)
	}
	return w.id, nil
}

// toldRun finds or makes the run that a report is about.
func (r *Repo) toldRun(told RunReport) (*workflowRun, error) {
	if told.Run != 0 {
		w := r.workflowRun(told.Run)
		switch {
		case w == nil:
			return nil, fmt.Errorf("there is no run %d", told.Run)
		case w.jobs != nil:
			return nil, fmt.Errorf("run %d is run by the CI", told.Run)
		}
		w.again(told.By, "")
		return w, nil
	}
	if r.g.ci == nil {
		return nil, errors.New("there is no CI; call StartCI first")
	}
	if told.Pull != nil {
		told.Event, told.SHA = cmp.Or(told.Event, eventPull), cmp.Or(told.SHA, told.Pull.headSHA)
	}
	if c, err := r.commit(told.SHA); err != nil || c.id != told.SHA {
		return nil, fmt.Errorf("there is no commit %q", told.SHA)
	}
	path := cmp.Or(told.Workflow, workflowDir+"/ci.yml")
	w := workflow{path: path, name: cmp.Or(told.Name, path)}
	return r.newRun(r.g.ci.App, w, trigger{event: cmp.Or(told.Event, eventPush), branch: cmp.Or(told.Branch, r.branchAt(told.SHA)),
		sha: told.SHA, by: told.By, pull: told.Pull}), nil
}

// tell reports one job: each state on the way is an event of its own.
func (w *workflowRun) tell(told JobReport) (*checkRun, error) {
	now := w.suite.repo.g.now()
	j := Job{Name: told.Name, labels: []string{"ubuntu-latest"}}
	if w.job(j.key()) == nil && w.put(j, checkRequest{Status: ptr("queued")}) == nil {
		return nil, errors.New("GitHub would refuse it; the log says why")
	}
	if told.Status == "queued" {
		return w.job(j.key()), nil
	}
	w.begin()
	begun := checkRequest{Status: ptr("in_progress"), StartedAt: &now, steps: told.layout()}
	begun.steps[0].status, begun.steps[0].started = "in_progress", now
	w.put(j, begun)
	if told.Status == "in_progress" {
		return w.job(j.key()), nil
	}
	q := told.outcome(now).request()
	q.CompletedAt = ptr(now.Add(told.Took))
	c := w.put(j, q)
	if c == nil {
		return nil, errors.New("GitHub would refuse it; the log says why")
	}
	return c, nil
}

func (told JobReport) layout() []jobStep {
	var j Job
	for _, s := range told.Steps {
		j.Steps = append(j.Steps, Step{Name: s.Name})
	}
	return layout(j)
}

// outcome is the end of the job as told.
func (told JobReport) outcome(now time.Time) outcome {
	out := outcome{conclusion: told.Conclusion, title: "Told to the simulator", steps: told.layout()}
	for i, s := range told.Steps {
		out.steps[i+1].end(cmp.Or(s.Conclusion, "success"), now)
		if out.conclusion == "" && !slices.Contains([]string{"", "success", "skipped"}, s.Conclusion) {
			out.conclusion = s.Conclusion
		}
	}
	for i := range out.steps {
		out.steps[i].end("success", now)
	}
	out.conclusion = cmp.Or(out.conclusion, "success")
	for _, a := range told.Annotations {
		seen := annotation{Path: a.Path, StartLine: &a.StartLine, EndLine: &a.EndLine, Level: a.Level, Message: &a.Message}
		if a.Title != "" {
			seen.Title = &a.Title
		}
		out.annotations = append(out.annotations, seen)
	}
	return out
}

// ReportCheck makes a completed check run of the App on a commit, as its
// server would by the API. Any App that may write checks can use any name.
func (a *App) ReportCheck(r *Repo, sha, name, conclusion string) (CheckRun, error) {
	a.g.mu.Lock()
	defer a.g.mu.Unlock()
	if i := a.installed(r); i == nil || levelOf(i.permissions["checks"]) < 2 {
		return CheckRun{}, fmt.Errorf("report the check %s of %s on %s: it may not write checks there", name, a.Slug, r.fullName())
	}
	run, refused := r.createRun(a, checkRequest{Name: &name, HeadSHA: &sha, Conclusion: &conclusion,
		Output: &checkOutput{Title: &name, Summary: &conclusion}})
	if refused != nil {
		return CheckRun{}, fmt.Errorf("report the check %s of %s on %s: GitHub refuses it: %s", name, a.Slug, r.fullName(), encode(refused.body))
	}
	return run.view(), nil
}

// WorkflowRun is a workflow run as stories and tests look at it.
type WorkflowRun struct {
	ID                 int64
	Name, Path, Event  string
	Branch, SHA        string
	Number             int64
	Attempt            int
	Status, Conclusion string
	Jobs               []WorkflowJob // the newest execution of each
	CheckSuite         int64
}

// WorkflowJob is a job of a workflow run. Its identifier is its check run's.
type WorkflowJob struct {
	ID                 int64
	Name               string
	Attempt            int
	Status, Conclusion string
	Steps              []WorkflowStep
}

// WorkflowStep is a step of a job.
type WorkflowStep struct {
	Number             int
	Name               string
	Status, Conclusion string
}

// WorkflowRuns lists the workflow runs on a commit, oldest first.
func (r *Repo) WorkflowRuns(sha string) []WorkflowRun {
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	var out []WorkflowRun
	for _, w := range r.workflowRuns {
		if w.suite.sha != sha {
			continue
		}
		v := WorkflowRun{ID: w.id, Name: w.name, Path: w.file.path, Event: w.event, Branch: w.branch, SHA: sha, Number: w.number,
			Attempt: w.attempt, Status: w.status, Conclusion: w.conclusion, CheckSuite: w.suite.id}
		for _, c := range w.latest() {
			v.Jobs = append(v.Jobs, c.viewJob())
		}
		out = append(out, v)
	}
	return out
}

func (c *checkRun) viewJob() WorkflowJob {
	v := WorkflowJob{ID: c.id, Name: c.name, Attempt: c.job.attempt, Status: c.status, Conclusion: c.conclusion}
	for _, s := range c.steps {
		v.Steps = append(v.Steps, WorkflowStep{Number: s.number, Name: s.name, Status: s.status, Conclusion: s.conclusion})
	}
	return v
}

// Run finds a workflow run of the repository by its identifier.
func (r *Repo) Run(id int64) (WorkflowRun, bool) {
	r.g.mu.Lock()
	w := r.workflowRun(id)
	r.g.mu.Unlock()
	if w == nil {
		return WorkflowRun{}, false
	}
	runs := r.WorkflowRuns(w.suite.sha)
	i := slices.IndexFunc(runs, func(v WorkflowRun) bool { return v.ID == id })
	return runs[i], true
}
