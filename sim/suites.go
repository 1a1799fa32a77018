package sim

import (
	"maps"
	"slices"
	"time"
)

// suite is a check suite: what one App says about one commit.
type suite struct {
	id               int64
	repo             *Repo
	app              *App
	branch           string // "" when no branch is known to have the commit at its end
	sha              string
	before, after    string
	created, updated time.Time
	reset            bool         // rerequested, and nothing reported since
	completed        bool         // the completed event was sent
	workflow         *workflowRun // whose jobs its runs are, for suites of the CI
}

// requestSuites makes a suite for each App that may write checks, and asks it
// for checks. The CI makes its suites itself, one for each run.
func (r *Repo) requestSuites(by *User, branch string, c refChange) {
	for _, a := range r.g.sortedApps() {
		i := a.installed(r)
		if i == nil || !i.suspended.IsZero() || i.permissions["checks"] != "write" || r.g.ci != nil && a == r.g.ci.App {
			continue
		}
		s := r.suite(a, c.after)
		if s != nil {
			continue // the commit was pushed before: its suite exists
		}
		s = r.newSuite(a, branch, c)
		r.sendSuite(s, "requested", by)
	}
}

func (r *Repo) newSuite(a *App, branch string, c refChange) *suite {
	s := &suite{id: r.g.nextID("suite"), repo: r, app: a, branch: branch, sha: c.after, before: c.before, after: c.after,
		created: r.g.now(), updated: r.g.now()}
	r.suites = append(r.suites, s)
	return s
}

func (r *Repo) suite(a *App, sha string) *suite {
	for _, s := range r.suites {
		if s.app == a && s.sha == sha {
			return s
		}
	}
	return nil
}

// sendSuite sends a check_suite event: "completed" to all, others only to the
// App whose suite it is.
func (r *Repo) sendSuite(s *suite, action string, by *User) {
	r.broadcast("check_suite", action, func(a *App) fields {
		if action != "completed" && (a != s.app || a.installed(r).permissions["checks"] != "write") {
			return nil
		}
		return fields{"action": action, "check_suite": s.renderHook(), "sender": r.g.renderUser(by)}
	})
	r.g.log(Event{Kind: "suite", Repo: r.fullName(), Actor: login(by), SHA: s.sha, Text: action + " checks of " + s.app.Slug})
}

// rerequest asks the App for its checks again. The suite is queued; its runs
// stay as they are until the App reports.
func (s *suite) rerequest(by *User) {
	if s.workflow != nil {
		s.workflow.again(by, "")
		return
	}
	s.reset, s.completed, s.updated = true, false, s.repo.g.now()
	s.repo.sendSuite(s, "rerequested", by)
}

// latest are the newest runs of each name.
func (s *suite) latest() []*checkRun {
	var out []*checkRun
	seen := map[string]bool{}
	for _, run := range slices.Backward(s.repo.runs) {
		if run.suite == s && !seen[run.name] {
			seen[run.name] = true
			out = append(out, run)
		}
	}
	slices.Reverse(out)
	return out
}

// status is derived from the latest runs; a suite of the CI is what its
// workflow run is.
func (s *suite) status() (status, conclusion string) {
	if s.workflow != nil {
		return s.workflow.status, s.workflow.conclusion
	}
	runs := s.latest()
	if len(runs) == 0 || s.reset {
		return "queued", ""
	}
	best := len(conclusionRank)
	status = "queued"
	done := true
	for _, run := range runs {
		if run.status != "queued" {
			status = "in_progress"
		}
		if run.status != "completed" {
			done = false
			continue
		}
		if rank := slices.Index(conclusionRank, run.conclusion); rank >= 0 && rank < best {
			best = rank
		}
	}
	if !done || best == len(conclusionRank) {
		return status, ""
	}
	return "completed", conclusionRank[best]
}

// conclusionRank orders conclusions for a suite: the first one present wins.
var conclusionRank = []string{"action_required", "timed_out", "failure", "cancelled", "stale", "success", "neutral", "skipped"}

// settle sends the completed event when the suite has just become complete.
func (s *suite) settle(by *User) {
	status, _ := s.status()
	if status == "completed" && !s.completed {
		s.completed = true
		s.repo.sendSuite(s, "completed", by)
	}
	if status != "completed" {
		s.completed = false
	}
}

// render is a suite as the REST API shows it.
func (s *suite) render() fields {
	r := s.repo
	status, conclusion := s.status()
	at := r.apiURL() + "/check-suites/" + itoa(s.id)
	out := fields{"id": s.id, "node_id": nodeID("CheckSuite", s.id), "head_branch": orNull(s.branch), "head_sha": s.sha,
		"status": status, "conclusion": orNull(conclusion), "url": at, "before": orNone(s.before), "after": orNone(s.after),
		"pull_requests": r.renderCheckPulls(s.sha), "app": r.g.renderApp(s.app), "created_at": stamp(s.created),
		"updated_at": stamp(s.updated), "latest_check_runs_count": len(s.latest()), "check_runs_url": at + "/check-runs",
		"head_commit": r.renderSimpleCommit(s.sha), "repository": r.renderInSuite(), "rerequestable": true, "runs_rerequestable": true}
	return out
}

// renderHook is a suite inside its own events.
func (s *suite) renderHook() fields {
	out := s.render()
	delete(out, "repository")
	return out
}

// renderInside is a suite inside a check run's event.
func (s *suite) renderInside() fields {
	out := s.renderHook()
	for _, key := range []string{"latest_check_runs_count", "check_runs_url", "head_commit", "rerequestable", "runs_rerequestable"} {
		delete(out, key)
	}
	return out
}

// renderSimpleCommit is a commit inside a suite.
func (r *Repo) renderSimpleCommit(sha string) any {
	c, err := r.commit(sha)
	if err != nil {
		return nil
	}
	person := func(s signature) fields { return fields{"name": s.name, "email": s.email} }
	return fields{"id": c.id, "tree_id": c.tree, "message": c.message, "timestamp": c.author.at.Format(time.RFC3339),
		"author": person(c.author), "committer": person(c.committer)}
}

// sendRun sends a check_run event: created and completed to all Apps that
// read checks, rerequested only to the App whose run it is.
func (r *Repo) sendRun(run *checkRun, action string, by *User, more fields) {
	r.broadcast("check_run", action, func(a *App) fields {
		if action != "created" && action != "completed" && a != run.suite.app {
			return nil
		}
		shown := run.render()
		shown["check_suite"] = run.suite.renderInside()
		body := fields{"action": action, "check_run": shown, "sender": r.g.renderUser(by)}
		maps.Copy(body, more)
		return body
	})
}
