package sim

import "slices"

func actionRoutes() []route {
	return []route{
		{"GET", "/repos/{owner}/{repo}/actions/runs", "actions:read", (*call).listWorkflowRuns},
		{"GET", "/repos/{owner}/{repo}/actions/runs/{run_id}", "actions:read", (*call).getWorkflowRun},
		{"GET", "/repos/{owner}/{repo}/actions/runs/{run_id}/jobs", "actions:read", (*call).listJobs},
		{"GET", "/repos/{owner}/{repo}/actions/jobs/{job_id}", "actions:read", (*call).getJob},
	}
}

// seenWorkflow is a workflow run as the caller sees it: on a stale read as it
// was before its last change, or nil when that is when it did not exist.
func (c *call) seenWorkflow(w *workflowRun) *workflowRun {
	if w == nil || !c.stale || !c.g.staleWindow(w.changed) {
		return w
	}
	return w.older
}

// listWorkflowRuns lists runs, newest first. The filter by date is not simulated.
func (c *call) listWorkflowRuns() *reply {
	if c.query.Has("created") {
		c.g.unknown = append(c.g.unknown, c.x.Method+" "+c.x.Path+"?created")
		return notFound()
	}
	var list []*workflowRun
	for _, live := range slices.Backward(c.repo.workflowRuns) {
		if w := c.seenWorkflow(live); w != nil && c.wanted(w) {
			list = append(list, w)
		}
	}
	return countedOf(c, "workflow_runs", list, func(w *workflowRun) any { return c.renderWorkflowRun(w) })
}

// wanted applies the filters of the list. A status is one, or a conclusion.
func (c *call) wanted(w *workflowRun) bool {
	for name, values := range map[string][]string{
		"head_sha": {w.suite.sha}, "event": {w.event}, "branch": {w.branch}, "actor": {login(w.actor)},
		"status": {w.status, w.conclusion}, "check_suite_id": {itoa(w.suite.id)},
	} {
		if asked := c.query.Get(name); asked != "" && !slices.Contains(values, asked) {
			return false
		}
	}
	return true
}

// renderWorkflowRun is a workflow run as the REST API shows it.
func (c *call) renderWorkflowRun(w *workflowRun) fields {
	out := w.render()
	out["repository"] = c.repo.renderWithAddresses()
	if c.query.Get("exclude_pull_requests") == "true" {
		out["pull_requests"] = []fields{}
	}
	return out
}

func (c *call) theWorkflowRun() *workflowRun {
	return c.seenWorkflow(c.repo.workflowRun(c.number("run_id")))
}

func (c *call) getWorkflowRun() *reply {
	w := c.theWorkflowRun()
	if w == nil {
		return notFound()
	}
	return ok(c.renderWorkflowRun(w))
}

// listJobs lists the newest execution of each job, or with filter=all every one.
func (c *call) listJobs() *reply {
	w := c.theWorkflowRun()
	if w == nil {
		return notFound()
	}
	live := c.repo.workflowRun(w.id)
	jobs := live.latest()
	if c.query.Get("filter") == "all" {
		jobs = live.attempts()
	}
	var list []*checkRun
	for _, job := range jobs {
		if seen := c.seenRun(job); seen != nil {
			list = append(list, seen)
		}
	}
	return countedOf(c, "jobs", list, func(job *checkRun) any { return job.renderJob() })
}

func (c *call) getJob() *reply {
	job := c.repo.run(c.number("job_id"))
	if job != nil {
		job = c.seenRun(job)
	}
	if job == nil || job.job == nil {
		return notFound()
	}
	return ok(job.renderJob())
}

// render is a workflow run as its events show it.
func (w *workflowRun) render() fields {
	r, s := w.suite.repo, w.suite
	at := r.apiURL() + "/actions/runs/" + itoa(w.id)
	out := fields{"id": w.id, "node_id": nodeID("WorkflowRun", w.id), "name": w.name, "display_title": w.title, "path": w.file.path,
		"event": w.event, "head_branch": orNull(w.branch), "head_sha": s.sha, "status": w.status, "conclusion": orNull(w.conclusion),
		"run_number": w.number, "run_attempt": w.attempt, "workflow_id": w.file.id, "check_suite_id": s.id,
		"check_suite_node_id": nodeID("CheckSuite", s.id), "created_at": stamp(w.created), "run_started_at": stamp(w.started),
		"updated_at": stamp(w.updated), "actor": r.g.renderUser(w.actor), "triggering_actor": r.g.renderUser(w.by),
		"url": at, "html_url": r.webURL() + "/actions/runs/" + itoa(w.id), "jobs_url": at + "/jobs", "logs_url": at + "/logs",
		"artifacts_url": at + "/artifacts", "cancel_url": at + "/cancel", "rerun_url": at + "/rerun", "previous_attempt_url": nil,
		"check_suite_url": r.apiURL() + "/check-suites/" + itoa(s.id), "workflow_url": r.apiURL() + "/actions/workflows/" + itoa(w.file.id),
		"pull_requests": r.renderCheckPulls(s.sha), "referenced_workflows": []fields{}, "head_commit": r.renderSimpleCommit(s.sha),
		"repository": r.renderMinimal(), "head_repository": nil}
	if w.attempt > 1 {
		out["previous_attempt_url"] = at + "/attempts/" + itoa(int64(w.attempt-1))
	}
	if w.headRepo != nil {
		out["head_repository"] = w.headRepo.renderMinimal()
	}
	return out
}

// renderWorkflow is a workflow inside the events of its runs.
func (r *Repo) renderWorkflow(f *workflowFile) fields {
	page := r.webURL() + "/blob/" + r.defaultBranch + "/" + f.path
	return fields{"id": f.id, "node_id": nodeID("Workflow", f.id), "name": f.name, "path": f.path, "state": "active",
		"created_at": stamp(f.created), "updated_at": stamp(f.created), "html_url": page,
		"url":       r.apiURL() + "/actions/workflows/" + itoa(f.id),
		"badge_url": r.webURL() + "/workflows/" + escapePath(f.name) + "/badge.svg"}
}

// jobURL is the page of a job.
func (c *checkRun) jobURL() string {
	return c.suite.repo.webURL() + "/actions/runs/" + itoa(c.job.run.id) + "/job/" + itoa(c.id)
}

// renderJob is a job as the REST API and its events show it.
func (c *checkRun) renderJob() fields {
	r, w := c.suite.repo, c.job.run
	var runner, group, runnerName, groupName any
	if c.status != "queued" && c.conclusion != "skipped" {
		runner, runnerName, group, groupName = 1, "GitHub Actions 1", 0, "GitHub Actions"
	}
	labels := append([]string{}, c.job.labels...)
	steps := []fields{}
	for _, s := range c.steps {
		if s.status == "queued" && s.number == c.steps[len(c.steps)-1].number {
			continue // the end of the job shows when it is reached
		}
		steps = append(steps, fields{"number": s.number, "name": s.name, "status": s.status, "conclusion": orNull(s.conclusion),
			"started_at": stamp(s.started), "completed_at": stamp(s.completed)})
	}
	return fields{"id": c.id, "node_id": nodeID("CheckRun", c.id), "run_id": w.id, "run_attempt": c.job.attempt,
		"run_url": r.apiURL() + "/actions/runs/" + itoa(w.id), "workflow_name": w.name, "name": c.name, "head_branch": orNull(w.branch),
		"head_sha": c.suite.sha, "url": r.apiURL() + "/actions/jobs/" + itoa(c.id), "html_url": c.jobURL(),
		"check_run_url": r.apiURL() + "/check-runs/" + itoa(c.id), "status": c.status, "conclusion": orNull(c.conclusion),
		"created_at": stamp(c.job.created), "started_at": stamp(c.started), "completed_at": stamp(c.completed), "steps": steps,
		"labels": labels, "runner_id": runner, "runner_name": runnerName, "runner_group_id": group, "runner_group_name": groupName}
}
