package sim

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Limits of check runs, as GitHub documents them.
const (
	maxText        = 65535 // characters of summary and of text
	maxTitle       = 255
	maxAnnotations = 50 // in one request; they add up over updates
	maxMessage     = 64 << 10
	maxActions     = 3
	maxSameName    = 1000 // runs of one name in a suite; the oldest go
)

// annotation is one remark on lines of a file.
type annotation struct {
	Path        string  `json:"path"`
	StartLine   *int    `json:"start_line"`
	EndLine     *int    `json:"end_line"`
	StartColumn *int    `json:"start_column"`
	EndColumn   *int    `json:"end_column"`
	Level       string  `json:"annotation_level"`
	Message     *string `json:"message"`
	Title       *string `json:"title"`
	RawDetails  *string `json:"raw_details"`
}

// checkOutput is the output of a check run in a request.
type checkOutput struct {
	Title       *string      `json:"title"`
	Summary     *string      `json:"summary"`
	Text        *string      `json:"text"`
	Annotations []annotation `json:"annotations"`
	Images      []struct {
		Alt      string `json:"alt"`
		ImageURL string `json:"image_url"`
	} `json:"images"`
}

// checkAction is a button of a check run.
type checkAction struct {
	Label       string `json:"label"`
	Description string `json:"description"`
	Identifier  string `json:"identifier"`
}

// checkRequest is the body of POST and PATCH check-runs.
type checkRequest struct {
	Name        *string       `json:"name"`
	HeadSHA     *string       `json:"head_sha"`
	DetailsURL  *string       `json:"details_url"`
	ExternalID  *string       `json:"external_id"`
	Status      *string       `json:"status"`
	StartedAt   *time.Time    `json:"started_at"`
	Conclusion  *string       `json:"conclusion"`
	CompletedAt *time.Time    `json:"completed_at"`
	Output      *checkOutput  `json:"output"`
	Actions     []checkAction `json:"actions"`

	job   *jobOf    // of a new run that the CI makes
	steps []jobStep // of a run that is a job; nil leaves them
}

// checkRun is one check of one App on one commit.
type checkRun struct {
	id                   int64
	suite                *suite
	name, externalID     string
	detailsURL           string
	status, conclusion   string
	title, summary, text *string
	annotations          []annotation
	started, completed   time.Time
	job                  *jobOf    // the CI's own; nil for what Apps report
	steps                []jobStep // of a job
	older                *checkRun // as it was before the last change
	changed              int       // request number of that change
}

// problems lists what GitHub's validation rejects, in GitHub's words.
func (q *checkRequest) problems() []string {
	var out []string
	if q.Status != nil && !slices.Contains([]string{"queued", "in_progress", "completed"}, *q.Status) {
		out = append(out, fmt.Sprintf("Invalid property /status: %q is not a possible value. Must be one of the following: queued, in_progress, completed.", *q.Status))
	}
	if q.Conclusion != nil && !slices.Contains([]string{"action_required", "cancelled", "failure", "neutral", "success", "skipped", "timed_out"}, *q.Conclusion) {
		out = append(out, fmt.Sprintf("Invalid property /conclusion: %q is not a possible value.", *q.Conclusion))
	}
	if q.Status != nil && *q.Status == "completed" && q.Conclusion == nil {
		out = append(out, `Invalid request. "conclusion" wasn't supplied for a completed check run.`)
	}
	if len(q.Actions) > maxActions {
		out = append(out, fmt.Sprintf("Invalid request. No more than %d items are allowed; %d were supplied.", maxActions, len(q.Actions)))
	}
	for _, a := range q.Actions {
		if over(&a.Label, 20) || over(&a.Description, 40) || over(&a.Identifier, 20) {
			out = append(out, "Invalid property /actions: label and identifier have at most 20 characters, description at most 40.")
		}
	}
	if q.Output != nil {
		out = append(out, q.Output.problems()...)
	}
	return out
}

func (o *checkOutput) problems() []string {
	var out []string
	if o.Summary == nil {
		out = append(out, `Invalid request. "summary" wasn't supplied.`)
	}
	if over(o.Title, maxTitle) {
		out = append(out, fmt.Sprintf("Invalid property /output/title: only %d characters are allowed; %d were supplied.", maxTitle, utf8.RuneCountInString(*o.Title)))
	}
	for name, text := range map[string]*string{"summary": o.Summary, "text": o.Text} {
		if over(text, maxText) {
			out = append(out, fmt.Sprintf("Invalid request. Only %d characters are allowed; %d were supplied (%s).", maxText, utf8.RuneCountInString(*text), name))
		}
	}
	if len(o.Annotations) > maxAnnotations {
		out = append(out, fmt.Sprintf("Invalid request. No more than %d items are allowed; %d were supplied.", maxAnnotations, len(o.Annotations)))
	}
	for i, a := range o.Annotations {
		if problem := a.problem(); problem != "" {
			out = append(out, fmt.Sprintf("Invalid property /output/annotations/%d: %s", i, problem))
		}
	}
	slices.Sort(out)
	return out
}

func (a annotation) problem() string {
	switch {
	case a.Path == "" || a.StartLine == nil || a.EndLine == nil || a.Message == nil || a.Level == "":
		return "path, start_line, end_line, annotation_level and message are required."
	case !slices.Contains([]string{"notice", "warning", "failure"}, a.Level):
		return fmt.Sprintf("%q is no annotation_level; it is one of notice, warning, failure.", a.Level)
	case *a.StartLine != *a.EndLine && (a.StartColumn != nil || a.EndColumn != nil):
		return "start_column and end_column are only allowed when start_line and end_line are equal."
	case len(*a.Message) > maxMessage || a.RawDetails != nil && len(*a.RawDetails) > maxMessage:
		return "message and raw_details have at most 64 KB."
	case over(a.Title, maxTitle):
		return "title has at most 255 characters."
	}
	return ""
}

func over(s *string, limit int) bool { return s != nil && utf8.RuneCountInString(*s) > limit }

// createRun makes a check run for an App, or returns GitHub's refusal.
func (r *Repo) createRun(a *App, q checkRequest) (*checkRun, *reply) {
	problems := q.problems()
	if q.Name == nil || *q.Name == "" {
		problems = append(problems, `Invalid request. "name" wasn't supplied.`)
	}
	if q.HeadSHA == nil {
		problems = append(problems, `Invalid request. "head_sha" wasn't supplied.`)
	}
	if q.Output != nil && q.Output.Title == nil {
		problems = append(problems, `Invalid request. "title" wasn't supplied.`)
	}
	if len(problems) > 0 {
		return nil, invalid(problems...)
	}
	c, err := r.commit(*q.HeadSHA)
	if err != nil || len(*q.HeadSHA) != 40 {
		return nil, fail(http.StatusUnprocessableEntity, "No commit found for SHA: "+*q.HeadSHA)
	}
	s := r.suite(a, c.id)
	if q.job != nil {
		s = q.job.run.suite
	}
	if s == nil {
		s = r.newSuite(a, r.branchAt(c.id), refChange{after: c.id})
	}
	run := &checkRun{id: r.g.nextID("check-run"), suite: s, job: q.job, status: "queued", started: r.g.now(), changed: len(r.g.requests)}
	if q.Status == nil && q.Conclusion == nil {
		run.status = "queued"
	}
	run.apply(q, r.g.now())
	r.runs = append(r.runs, run)
	r.dropOldest(run)
	s.changed(a.bot, run, "created")
	if run.status == "completed" {
		r.sendRun(run, "completed", a.bot, nil)
	}
	s.settle(a.bot)
	return run, nil
}

// updateRun changes a check run, or returns GitHub's refusal.
func (r *Repo) updateRun(a *App, run *checkRun, q checkRequest) *reply {
	if run.suite.app != a {
		return fail(http.StatusForbidden, fmt.Sprintf("Invalid app_id `%d` - check run can only be modified by the GitHub App that created it.", a.ID))
	}
	if problems := q.problems(); len(problems) > 0 {
		return invalid(problems...)
	}
	old := *run
	old.older = nil
	run.older, run.changed = &old, len(r.g.requests)
	run.apply(q, r.g.now())
	run.suite.changed(a.bot, run, "")
	if run.status == "completed" && old.status != "completed" {
		r.sendRun(run, "completed", a.bot, nil)
	}
	run.suite.settle(a.bot)
	return nil
}

func (s *suite) changed(by *User, run *checkRun, action string) {
	s.reset, s.updated = false, s.repo.g.now()
	if action != "" {
		s.repo.sendRun(run, action, by, nil)
	}
	text := run.name + " is " + run.status
	if run.conclusion != "" {
		text = run.name + " is " + run.conclusion
	}
	if run.title != nil && *run.title != "" {
		text += ": " + *run.title
	}
	e := Event{Kind: "check", Repo: s.repo.fullName(), Actor: by.Login, SHA: s.sha, Text: text}
	if pulls := s.repo.pullsAt(s.sha); len(pulls) > 0 {
		e.PR = pulls[0].Number
	}
	s.repo.g.log(e)
}

// apply sets what the request names. Annotations add up; a conclusion
// completes the run, and another status than completed reopens it.
func (c *checkRun) apply(q checkRequest, now time.Time) {
	set := func(to *string, from *string) {
		if from != nil {
			*to = *from
		}
	}
	set(&c.name, q.Name)
	set(&c.detailsURL, q.DetailsURL)
	set(&c.externalID, q.ExternalID)
	set(&c.status, q.Status)
	if q.Status != nil && *q.Status != "completed" {
		c.conclusion, c.completed = "", time.Time{}
	}
	if q.steps != nil {
		c.steps = q.steps
	}
	if q.StartedAt != nil {
		c.started = *q.StartedAt
	}
	if q.Conclusion != nil {
		c.conclusion, c.status = *q.Conclusion, "completed"
		c.completed = now
	}
	if q.CompletedAt != nil && c.status == "completed" {
		c.completed = *q.CompletedAt
	}
	if q.Output != nil {
		if q.Output.Title != nil {
			c.title = q.Output.Title
		}
		c.summary, c.text = q.Output.Summary, q.Output.Text
		c.annotations = append(slices.Clip(c.annotations), q.Output.Annotations...)
	}
}

// dropOldest keeps at most a thousand runs of one name in a suite.
func (r *Repo) dropOldest(last *checkRun) {
	same := 0
	for _, run := range r.runs {
		if run.suite == last.suite && run.name == last.name {
			same++
		}
	}
	for ; same > maxSameName; same-- {
		at := slices.IndexFunc(r.runs, func(run *checkRun) bool { return run.suite == last.suite && run.name == last.name })
		r.runs = slices.Delete(r.runs, at, at+1)
	}
}

// branchAt is a branch whose tip a commit is, or "".
func (r *Repo) branchAt(sha string) string {
	for _, c := range compareRefs(nil, r.refs) {
		if branch, ok := strings.CutPrefix(c.ref, "refs/heads/"); ok && c.after == sha {
			return branch
		}
	}
	return ""
}

// render is a check run as the REST API shows it.
func (c *checkRun) render() fields {
	r := c.suite.repo
	at := r.apiURL() + "/check-runs/" + itoa(c.id)
	page := r.webURL() + "/runs/" + itoa(c.id)
	details := c.detailsURL
	if details == "" {
		details = c.suite.app.m.URL
	}
	if c.job != nil {
		page = c.jobURL()
		details = page
	}
	return fields{"id": c.id, "name": c.name, "node_id": nodeID("CheckRun", c.id), "head_sha": c.suite.sha, "external_id": c.externalID,
		"url": at, "html_url": page, "details_url": details, "status": c.status, "conclusion": orNull(c.conclusion),
		"started_at": stamp(c.started), "completed_at": stamp(c.completed),
		"output": fields{"title": c.title, "summary": c.summary, "text": c.text, "annotations_count": len(c.annotations),
			"annotations_url": at + "/annotations"},
		"check_suite": fields{"id": c.suite.id}, "app": r.g.renderApp(c.suite.app), "pull_requests": r.renderCheckPulls(c.suite.sha)}
}
