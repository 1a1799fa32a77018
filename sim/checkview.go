package sim

import "slices"

// CheckRun is a check run as stories and tests look at it.
type CheckRun struct {
	ID                   int64
	Name, App            string // App is the slug
	SHA                  string
	Status, Conclusion   string
	ExternalID           string
	Title, Summary, Text string
	DetailsURL           string
	Annotations          []Annotation
}

// Annotation is a remark of a check run on lines of a file.
type Annotation struct {
	Path               string
	StartLine, EndLine int
	Level              string // "notice", "warning" or "failure"
	Title, Message     string
}

// CheckRuns lists the latest check run of each App and name on a commit,
// oldest first: what the page of a pull request shows.
func (r *Repo) CheckRuns(sha string) []CheckRun {
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	var out []CheckRun
	for _, s := range r.suites {
		if s.sha != sha {
			continue
		}
		for _, run := range s.latest() {
			out = append(out, run.view())
		}
	}
	slices.SortFunc(out, func(a, b CheckRun) int { return int(a.ID - b.ID) })
	return out
}

// CheckRun is the latest check run of that name on a commit, of any App.
func (r *Repo) CheckRun(sha, name string) (CheckRun, bool) {
	for _, run := range slices.Backward(r.CheckRuns(sha)) {
		if run.Name == name {
			return run, true
		}
	}
	return CheckRun{}, false
}

// AllCheckRuns lists every check run ever made on a commit and still kept.
func (r *Repo) AllCheckRuns(sha string) []CheckRun {
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	var out []CheckRun
	for _, run := range r.runs {
		if run.suite.sha == sha {
			out = append(out, run.view())
		}
	}
	return out
}

// Rerequest is a person clicking "Re-run" on a check run; false when there is
// no such run.
func (r *Repo) Rerequest(by *User, runID int64) bool {
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	run := r.run(runID)
	if run == nil {
		return false
	}
	run.rerequest(by)
	return true
}

// RerequestSuites is a person clicking "Re-run all checks" on a commit.
func (r *Repo) RerequestSuites(by *User, sha string) {
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	for _, s := range r.suites {
		if s.sha == sha {
			s.rerequest(by)
		}
	}
}

// rerequest queues the suite, not the run, and tells the App. A job of the CI
// is tried again.
func (c *checkRun) rerequest(by *User) {
	if c.job != nil {
		c.job.run.again(by, c.job.key)
		return
	}
	c.suite.reset, c.suite.completed = true, false
	c.suite.repo.sendRun(c, "rerequested", by, nil)
}

func (r *Repo) run(id int64) *checkRun {
	for _, run := range r.runs {
		if run.id == id {
			return run
		}
	}
	return nil
}

func (c *checkRun) view() CheckRun {
	v := CheckRun{ID: c.id, Name: c.name, App: c.suite.app.Slug, SHA: c.suite.sha, Status: c.status, Conclusion: c.conclusion,
		ExternalID: c.externalID, Title: deref(c.title), Summary: deref(c.summary), Text: deref(c.text), DetailsURL: c.detailsURL}
	for _, a := range c.annotations {
		v.Annotations = append(v.Annotations, Annotation{Path: a.Path, StartLine: *a.StartLine, EndLine: *a.EndLine,
			Level: a.Level, Title: deref(a.Title), Message: deref(a.Message)})
	}
	return v
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
