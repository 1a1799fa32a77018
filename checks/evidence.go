package checks

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/agentplane/agentplane/ownership"
)

// look looks for a requirement's evidence in what CI reported.
func (j *judge) look(q *ownership.Requirement) sighting {
	e := q.Evidence
	switch ci := j.facts.CI; {
	case ci == nil:
		return sighting{outlook: seesUnknown, what: "What CI reported", why: "could not be read"}
	case j.facts.Head.SHA == "":
		return sighting{outlook: seesUnknown, what: "The head", why: "is not known, so nothing is evidence of it"}
	case e.Workflow != "":
		return j.lookForJob(q)
	case e.Check != "":
		return j.lookForCheck(e)
	}
	return j.lookForStatus(e)
}

// lookForJob walks down from the workflow's file and its runs to the step. A workflow that the check run of a job
// might only pretend to belong to is never asked.
func (j *judge) lookForJob(q *ownership.Requirement) sighting {
	e := q.Evidence
	s := sighting{what: "job " + code(e.Job) + " of " + code(e.Workflow)}
	job, why := j.declaredJob(e)
	var steps []int
	if why == "" {
		steps, why = job.stepsOf(q)
	}
	if why != "" {
		s.why = why
		s.fix, s.person = j.workflowRemedy(e.Workflow)
		return s
	}
	if len(j.eventsOf(e)) == 0 {
		s.why = "cannot be shown by a candidate: only runs by " + code(ownership.EventPullRequest) + " count, and they test another commit"
		s.fix, s.person = "A person lets runs by "+code(ownership.EventPush)+" count in the contract.", true
		return s
	}
	runs, other := j.runsFor(e)
	if len(runs) == 0 {
		return j.notBegun(s, e, other)
	}
	for i, run := range runs {
		one := s
		one.url, one.sha, one.alive = run.URL, j.elsewhere(run.SHA), true
		one = j.inRun(one, run, job, steps)
		if i == 0 {
			s = one
		} else {
			s = s.worse(one)
		}
	}
	return s
}

// declaredJob finds the job in the workflow's file at the head.
func (j *judge) declaredJob(e ownership.Evidence) (workflowJob, string) {
	src, ok := j.facts.CI.Workflows[e.Workflow]
	if !ok {
		return workflowJob{}, "cannot run: the head has no such file"
	}
	w, why := readWorkflow(src)
	if why != "" {
		return workflowJob{}, "cannot be checked: the file " + why
	}
	job, why := w.job(e.Job)
	switch {
	case why != "":
		return job, "does not exist: the file " + why
	case job.unusable != "":
		return job, "cannot be evidence: it " + job.unusable
	case w.mistaken(job):
		return job, "cannot be told apart by its name from another job of the file"
	}
	return job, ""
}

// stepsOf returns the steps whose command is the requirement's and whose success says that it succeeded, by index.
func (w workflowJob) stepsOf(q *ownership.Requirement) (steps []int, why string) {
	why = "has no step whose run is " + code(q.Run)
	for i, s := range w.steps {
		switch {
		case s.run == "" || !sameCommand(s.run, q.Run):
			if near := nearCommand(s, q.Run); near != "" && len(steps) == 0 {
				why += near
			}
		case s.unusable != "":
			why = "runs " + code(q.Run) + " in a step that " + s.unusable
		case !sameDirectory(s.directory, q.Evidence.Directory):
			why = fmt.Sprintf("runs %s in the directory %s, and the contract says %s", code(q.Run), code(cmp.Or(s.directory, ".")), code(cmp.Or(q.Evidence.Directory, ".")))
		default:
			steps = append(steps, i)
		}
	}
	if len(steps) > 0 {
		return steps, ""
	}
	return nil, why
}

// nearCommand says what a step does that only looks like the command, once.
func nearCommand(s workflowStep, run string) string {
	switch {
	case s.run != "" && strings.Contains(commandKey(s.run), commandKey(run)):
		return "; the step " + code(s.name) + " runs more than that"
	case s.run != "" && (s.name == run || s.name == "Run "+run):
		return "; the step " + code(s.name) + " is only called so"
	}
	return ""
}

// workflowRemedy says how to get evidence from a workflow's file, and whether a person must.
func (j *judge) workflowRemedy(file string) (fix string, person bool) {
	if j.changed(file) {
		return "Restore " + code(file) + " as the base has it.", false
	}
	return "A person makes the workflow run the command as a step of its own, or mends the evidence in the contract.", true
}

// changed reports whether the pull request touches a path.
func (j *judge) changed(path string) bool {
	return slices.ContainsFunc(j.changes, func(c Change) bool { return c.Path == path })
}

// runsFor returns the newest run of each accepted event, oldest first, and the newest of those that do not count: of
// another repository's branch, another event or other contents. That one's ID is 0 where there is none. Runs of another
// commit of the same tree count only where there is none of the head itself.
func (j *judge) runsFor(e ownership.Evidence) (runs []Run, other Run) {
	head, twins := map[string]Run{}, map[string]Run{}
	keep := func(newest map[string]Run, r Run) {
		if old, ok := newest[r.Event]; !ok || compareRuns(r, old) > 0 {
			newest[r.Event] = r
		}
	}
	for _, r := range j.facts.CI.Runs {
		counts := slices.Contains(j.eventsOf(e), r.Event) && r.Repo != 0 && r.Repo == j.facts.Head.Repo
		switch {
		case r.Workflow != e.Workflow:
		case counts && r.SHA == j.facts.Head.SHA:
			keep(head, r)
		case counts && j.sameTree(r.SHA, r.Tree):
			keep(twins, r)
		case other.ID == 0 || compareRuns(r, other) > 0:
			other = r
		}
	}
	if len(head) == 0 {
		head = twins
	}
	return slices.SortedFunc(maps.Values(head), compareRuns), other
}

// eventsOf are the events whose runs count. One by pull_request says that it ran the head, and tests a merge of it with
// the base, so it is no evidence of what lands exactly.
func (j *judge) eventsOf(e ownership.Evidence) []string {
	return slices.DeleteFunc(e.AcceptedEvents(), func(event string) bool { return j.exact && event == ownership.EventPullRequest })
}

// compareRuns orders runs by age: GitHub's ids grow, and times may not.
func compareRuns(a, b Run) int {
	return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Attempt, b.Attempt), cmp.Compare(a.Status, b.Status),
		cmp.Compare(a.Conclusion, b.Conclusion), cmp.Compare(a.SHA, b.SHA))
}

// notBegun is what is seen where no run counts. CI has the contract's time to begin, from when the head was seen.
func (j *judge) notBegun(s sighting, e ownership.Evidence, other Run) sighting {
	s = j.awaited(s, "has not started on this commit", j.facts.HeadSince)
	if s.person = s.outlook == seesLate; s.person {
		s.why = strings.Replace(s.why, "has not started", "never started", 1)
		s.fix = "A person looks at the triggers of " + code(e.Workflow) + " (" + strings.Join(codesOf(j.eventsOf(e)), " or ") + " count) and whether it is disabled, then starts it."
	}
	switch {
	case other.ID == 0:
	case !j.sameTree(other.SHA, other.Tree):
		s.stale = other.SHA
		s.why += "; it ran on " + short(other.SHA) + ", " + j.otherwise()
	default:
		s.why += "; a run by " + code(other.Event) + " of a branch in repository " + fmt.Sprint(other.Repo) + " does not count"
	}
	return s
}

func codesOf(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = code(s)
	}
	return out
}

// inRun looks for the job in one run.
func (j *judge) inRun(s sighting, run Run, job workflowJob, steps []int) sighting {
	if !run.JobsKnown {
		s.outlook, s.what, s.why = seesUnknown, "The run of "+code(run.Workflow), "has jobs that could not be read"
		return s
	}
	var legs []RunJob
	for _, rj := range run.Jobs {
		if rj.Name == job.name && !job.matrix || job.matrix && isLeg(rj.Name, job.name) {
			legs = append(legs, rj)
		}
	}
	switch {
	case run.Status == "waiting" || run.Conclusion == "action_required":
		s.outlook, s.why = seesBlocked, "waits for a person to let it run on GitHub"
		return s
	case len(legs) > job.legs:
		s.why = fmt.Sprintf("was found %d times in one run, so which one ran the command is not known", len(legs))
		return s
	case len(legs) < job.legs && run.Status != "completed":
		return j.awaited(s, "has waited in its run", run.Created)
	case len(legs) < job.legs:
		s.outlook, s.why = ended(run.Conclusion)
		s.first, s.fix = run.Conclusion, rerun(run)
		if s.outlook == seesSuccess {
			s.outlook, s.why = seesNothing, fmt.Sprintf("was found %d of %d times in a run that has ended", len(legs), job.legs)
		}
		return s
	}
	slices.SortFunc(legs, func(a, b RunJob) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	var all sighting
	for i, leg := range legs {
		one := j.inJob(s, run, leg, job.named(steps))
		if i == 0 || all.outlook == seesSuccess || one.outlook > all.outlook && one.outlook != seesSuccess {
			all = one
		}
	}
	return all
}

// namedStep is a step of the file as it should appear among those that ran: by its name, and its place among the
// steps of that name.
type namedStep struct {
	name        string
	place, many int
}

// named returns steps of the job, by index, as they should appear in a run.
func (w workflowJob) named(steps []int) []namedStep {
	var all []namedStep
	for _, i := range steps {
		n := namedStep{name: w.steps[i].name}
		for k, s := range w.steps {
			if s.name == n.name {
				n.many++
				if k < i {
					n.place++
				}
			}
		}
		all = append(all, n)
	}
	return all
}

// inJob looks at one job of a run, and then at the steps.
func (j *judge) inJob(s sighting, run Run, job RunJob, steps []namedStep) sighting {
	s.url, s.ran = cmp.Or(job.URL, s.url), job.Status == "completed" || !job.Started.IsZero()
	switch {
	case !s.ran:
		s = j.awaited(s, "has been queued", run.Created)
		if s.outlook == seesLate {
			s.why = "never started: it " + s.why
		}
		return s
	case job.Status != "completed":
		return j.awaited(s, "has been running", job.Started)
	}
	s.outlook, s.why = ended(job.Conclusion)
	if s.outlook == seesFailure {
		s.first = firstOf(append(slices.Clone(job.Errors), failedStep(job), job.Conclusion)...)
	}
	if s.outlook == seesNothing {
		s.fix = rerun(run)
	}
	for _, step := range steps {
		if s.outlook == seesSuccess {
			s = inSteps(s, job, step)
		}
	}
	return s
}

// failedStep is the name of the first step of a job that failed.
func failedStep(job RunJob) string {
	for _, step := range inOrder(job.Steps) {
		if o, _ := ended(step.Conclusion); o == seesFailure {
			return step.Name
		}
	}
	return ""
}

func inOrder(steps []RunStep) []RunStep {
	return slices.SortedFunc(slices.Values(steps), func(a, b RunStep) int {
		return cmp.Or(cmp.Compare(a.Number, b.Number), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Conclusion, b.Conclusion))
	})
}

// inSteps looks for one step in a job that succeeded. As many steps of its name as the file has must have run;
// otherwise which one is the command's is not known.
func inSteps(s sighting, job RunJob, want namedStep) sighting {
	var found []RunStep
	for _, step := range inOrder(job.Steps) {
		if step.Name == want.name {
			found = append(found, step)
		}
	}
	if len(found) != want.many {
		s.outlook = seesNothing
		s.why = fmt.Sprintf("passed, but its steps do not fit the file: %d are called %s, and the file has %d", len(found), code(want.name), want.many)
		return s
	}
	step := found[want.place]
	if step.Status != "completed" || step.Conclusion != "success" {
		s.outlook, s.why = ended(cmp.Or(step.Conclusion, "missing"))
		s.why = "passed, but its step " + code(step.Name) + " " + s.why
		s.first = step.Name
	}
	return s
}

// rerun is the command that has a run's jobs done again.
func rerun(run Run) string { return fmt.Sprintf("gh run rerun %d", run.ID) }
