package sim

import (
	"net/http"
	"slices"
)

func checkRoutes() []route {
	return []route{
		{"GET", "/repos/{owner}/{repo}/commits/{ref}/check-runs", "checks:read", (*call).listRuns},
		{"GET", "/repos/{owner}/{repo}/commits/{ref}/check-suites", "checks:read", (*call).listSuites},
		{"GET", "/repos/{owner}/{repo}/commits/{ref}", "contents:read", (*call).getCommit},
		{"POST", "/repos/{owner}/{repo}/check-runs", "checks:write", (*call).createCheckRun},
		{"GET", "/repos/{owner}/{repo}/check-runs/{check_run_id}", "checks:read", (*call).getCheckRun},
		{"PATCH", "/repos/{owner}/{repo}/check-runs/{check_run_id}", "checks:write", (*call).updateCheckRun},
		{"GET", "/repos/{owner}/{repo}/check-runs/{check_run_id}/annotations", "checks:read", (*call).listAnnotations},
		{"POST", "/repos/{owner}/{repo}/check-runs/{check_run_id}/rerequest", "checks:write", (*call).rerequestRun},
		{"GET", "/repos/{owner}/{repo}/check-suites/{check_suite_id}", "checks:read", (*call).getSuite},
		{"POST", "/repos/{owner}/{repo}/check-suites/{check_suite_id}/rerequest", "checks:write", (*call).rerequestSuite},
		{"GET", "/repos/{owner}/{repo}/check-suites/{check_suite_id}/check-runs", "checks:read", (*call).listSuiteRuns},
	}
}

// seenRun is a check run as the caller sees it: on a stale read as it was
// before its last change, or nil when that is when it did not exist.
func (c *call) seenRun(run *checkRun) *checkRun {
	if !c.stale || !c.g.staleWindow(run.changed) {
		return run
	}
	return run.older
}

func (c *call) refCommit() (*commit, *reply) {
	found, err := c.resolve(c.params["ref"])
	if err != nil {
		return nil, fail(http.StatusUnprocessableEntity, "No commit found for SHA: "+c.params["ref"])
	}
	return found, nil
}

func (c *call) listRuns() *reply {
	found, refusal := c.refCommit()
	if refusal != nil {
		return refusal
	}
	return c.runsOf(func(s *suite) bool {
		app := c.query.Get("app_id")
		return s.sha == found.id && (app == "" || app == itoa(s.app.ID))
	})
}

// runsOf lists the runs of some suites, newest first; of each name in a suite
// only the latest, unless filter=all.
func (c *call) runsOf(want func(*suite) bool) *reply {
	type key struct {
		suite *suite
		name  string
	}
	var list []*checkRun
	newest := map[key]bool{}
	for _, run := range slices.Backward(c.repo.runs) {
		seen := c.seenRun(run)
		if seen == nil || !want(run.suite) {
			continue
		}
		k := key{run.suite, seen.name}
		if c.query.Get("filter") != "all" && newest[k] {
			continue
		}
		newest[k] = true
		if name := c.query.Get("check_name"); name != "" && name != seen.name {
			continue
		}
		if status := c.query.Get("status"); status != "" && status != seen.status {
			continue
		}
		list = append(list, seen)
	}
	return countedOf(c, "check_runs", list, func(run *checkRun) any { return run.render() })
}

func (c *call) listSuites() *reply {
	found, refusal := c.refCommit()
	if refusal != nil {
		return refusal
	}
	var list []*suite
	for _, s := range c.repo.suites {
		app, name := c.query.Get("app_id"), c.query.Get("check_name")
		named := name == "" || slices.ContainsFunc(s.latest(), func(run *checkRun) bool { return run.name == name })
		if s.sha == found.id && named && (app == "" || app == itoa(s.app.ID)) {
			list = append(list, s)
		}
	}
	return countedOf(c, "check_suites", list, func(s *suite) any { return s.render() })
}

func (c *call) getCommit() *reply {
	found, refusal := c.refCommit()
	if refusal != nil {
		return refusal
	}
	return c.showCommit(found)
}

// showCommit answers a commit with its files.
func (c *call) showCommit(found *commit) *reply {
	from := ""
	if len(found.parents) > 0 {
		from = found.parents[0]
	}
	files, err := c.repo.diffFiles(from, found.id)
	if err != nil {
		return c.broken(err)
	}
	page, header := pageOf(c, files[:min(len(files), 3000)])
	shown := c.repo.renderCommit(found)
	additions, deletions := 0, 0
	for _, f := range files {
		additions, deletions = additions+f.additions, deletions+f.deletions
	}
	shown["stats"] = fields{"total": additions + deletions, "additions": additions, "deletions": deletions}
	shown["files"] = renderAll(page, func(f diffFile) any { return c.repo.renderFile(f, found.id) })
	out := ok(shown)
	out.header = header
	return out
}

func (c *call) createCheckRun() *reply {
	var q checkRequest
	if refusal := c.decode(&q); refusal != nil {
		return refusal
	}
	run, refusal := c.repo.createRun(c.caller.app, q)
	if refusal != nil {
		return refusal
	}
	out := answer(http.StatusCreated, run.render())
	out.header.Set("Location", c.repo.apiURL()+"/check-runs/"+itoa(run.id))
	return out
}

func (c *call) theRun() *checkRun { return c.repo.run(c.number("check_run_id")) }

func (c *call) getCheckRun() *reply {
	run := c.theRun()
	if run != nil {
		run = c.seenRun(run)
	}
	if run == nil {
		return notFound()
	}
	return ok(run.render())
}

func (c *call) updateCheckRun() *reply {
	run := c.theRun()
	if run == nil {
		return notFound()
	}
	var q checkRequest
	if refusal := c.decode(&q); refusal != nil {
		return refusal
	}
	if refusal := c.repo.updateRun(c.caller.app, run, q); refusal != nil {
		return refusal
	}
	return ok(run.render())
}

func (c *call) listAnnotations() *reply {
	run := c.theRun()
	if run == nil {
		return notFound()
	}
	return listOf(c, run.annotations, func(a annotation) any {
		return fields{"path": a.Path, "blob_href": c.repo.webURL() + "/blob/" + run.suite.sha + "/" + escapePath(a.Path),
			"start_line": a.StartLine, "start_column": a.StartColumn, "end_line": a.EndLine, "end_column": a.EndColumn,
			"annotation_level": a.Level, "title": a.Title, "message": a.Message, "raw_details": a.RawDetails}
	})
}

func (c *call) rerequestRun() *reply {
	run := c.theRun()
	switch {
	case run == nil:
		return notFound()
	case run.suite.app != c.caller.app:
		return fail(http.StatusForbidden, "Invalid app_id `"+itoa(c.caller.app.ID)+"` - check run can only be modified by the GitHub App that created it.")
	}
	run.rerequest(c.actor())
	return answer(http.StatusCreated, fields{})
}

func (c *call) theSuite() *suite {
	id := c.number("check_suite_id")
	for _, s := range c.repo.suites {
		if s.id == id {
			return s
		}
	}
	return nil
}

func (c *call) getSuite() *reply {
	s := c.theSuite()
	if s == nil {
		return notFound()
	}
	return ok(s.render())
}

func (c *call) rerequestSuite() *reply {
	s := c.theSuite()
	if s == nil {
		return notFound()
	}
	s.rerequest(c.actor())
	return answer(http.StatusCreated, fields{})
}

func (c *call) listSuiteRuns() *reply {
	s := c.theSuite()
	if s == nil {
		return notFound()
	}
	return c.runsOf(func(other *suite) bool { return other == s })
}
