package sim

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Limits of commit statuses, as GitHub documents or answers them.
const (
	maxStatuses    = 1000 // of one context on one commit
	maxDescription = 140  // characters
)

// status is a commit status: the older sibling of a check run.
type status struct {
	id                  int64
	sha, state, context string
	description, target string
	by                  *User
	at                  time.Time
}

func statusRoutes() []route {
	return []route{
		{"GET", "/repos/{owner}/{repo}/commits/{ref}/status", "statuses:read", (*call).combinedStatus},
		{"GET", "/repos/{owner}/{repo}/commits/{ref}/statuses", "statuses:read", (*call).listStatuses},
		{"POST", "/repos/{owner}/{repo}/statuses/{sha}", "statuses:write", (*call).createStatus},
	}
}

// SetStatus puts a commit status on a commit, as an account would.
func (r *Repo) SetStatus(by *User, sha, state, context, description string) {
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	r.addStatus(&status{sha: sha, state: state, context: context, description: description, by: by})
}

func (r *Repo) addStatus(s *status) {
	s.id, s.at = r.g.nextID("status"), r.g.now()
	r.statuses = append(r.statuses, s)
	r.g.log(Event{Kind: "status", Repo: r.fullName(), Actor: login(s.by), SHA: s.sha, Text: "set " + s.context + " to " + s.state})
	found, err := r.commit(s.sha)
	if err != nil {
		return // a test's status on a commit that is not there
	}
	branches := r.branchesWith(s.sha)
	r.broadcast("status", "", func(*App) fields {
		body := r.renderStatus(s)
		delete(body, "url")
		delete(body, "node_id")
		maps.Copy(body, fields{"sha": s.sha, "name": r.fullName(), "commit": r.renderCommit(found), "branches": branches,
			"created_at": zoned(s.at), "updated_at": zoned(s.at), "sender": r.g.renderUser(s.by)})
		return body
	})
}

// zoned is how stamps look in status events alone.
func zoned(t time.Time) string { return t.Format("2006-01-02T15:04:05") + "+00:00" }

// branchesWith lists at most ten branches that contain a commit.
func (r *Repo) branchesWith(sha string) []fields {
	out := []fields{}
	for _, ref := range slices.Sorted(maps.Keys(r.refs)) {
		name, isBranch := strings.CutPrefix(ref, "refs/heads/")
		if tip := r.refs[ref]; isBranch && len(out) < 10 && r.reachable(tip, nil)[sha] {
			out = append(out, fields{"name": name, "protected": r.protections[name] != nil, "commit": fields{"sha": tip, "url": r.apiURL() + "/commits/" + tip}})
		}
	}
	return out
}

// createStatus takes only a whole commit id, unlike the readings.
func (c *call) createStatus() *reply {
	sha := c.params["sha"]
	if len(sha) != 40 || !isHex(sha) {
		return fail(http.StatusUnprocessableEntity, "No commit found for SHA: "+sha)
	}
	if _, err := c.repo.commit(sha); err != nil {
		return fail(http.StatusUnprocessableEntity, "No commit found for SHA: "+sha)
	}
	var q struct {
		State       string  `json:"state"`
		TargetURL   *string `json:"target_url"`
		Description *string `json:"description"`
		Context     *string `json:"context"`
	}
	if refusal := c.decode(&q); refusal != nil {
		return refusal
	}
	s := &status{sha: sha, state: q.State, context: "default", description: deref(q.Description), target: deref(q.TargetURL), by: c.actor()}
	if q.Context != nil {
		s.context = *q.Context
	}
	if refusal := c.repo.statusProblem(s); refusal != nil {
		return refusal
	}
	c.repo.addStatus(s)
	shown := c.renderFullStatus(s)
	out := answer(http.StatusCreated, shown)
	out.header.Set("Location", c.repo.apiURL()+"/statuses/"+sha)
	return out
}

// statusProblem is GitHub's refusal of a status, or nil.
func (r *Repo) statusProblem(s *status) *reply {
	same := 0
	for _, old := range r.statuses {
		if old.sha == s.sha && old.context == s.context {
			same++
		}
	}
	target, err := url.Parse(s.target)
	switch {
	case !slices.Contains([]string{"error", "failure", "pending", "success"}, s.state):
		return validationFailed("Status", "state", "custom", "state is not included in the list")
	case utf8.RuneCountInString(s.description) > maxDescription:
		return validationFailed("Status", "description", "custom", fmt.Sprintf("description is too long (maximum is %d characters)", maxDescription))
	case s.target != "" && (err != nil || target.Scheme != "http" && target.Scheme != "https"):
		return validationFailed("Status", "target_url", "custom", "target_url must use http(s) scheme")
	case s.context == "":
		return validationFailed("Status", "context", "custom", "context can't be blank")
	case same >= maxStatuses:
		return validationFailed("Status", "", "custom", "This SHA and context has reached the maximum number of statuses.")
	}
	return nil
}

// statusesOf lists the statuses of a commit, the newest first.
func (c *call) statusesOf(sha string) []*status {
	var list []*status
	for _, s := range slices.Backward(c.repo.statuses) {
		if s.sha == sha {
			list = append(list, s)
		}
	}
	return list
}

func (r *Repo) renderStatus(s *status) fields {
	out := fields{"id": s.id, "node_id": nodeID("Status", s.id), "url": r.apiURL() + "/statuses/" + s.sha, "avatar_url": nil,
		"state": s.state, "description": orNull(s.description), "target_url": orNull(s.target), "context": s.context,
		"created_at": stamp(s.at), "updated_at": stamp(s.at)}
	if s.by != nil {
		out["avatar_url"] = r.g.web("/avatars/u/%d", s.by.ID)
	}
	return out
}

// renderFullStatus also says whose it is.
func (c *call) renderFullStatus(s *status) any {
	shown := c.repo.renderStatus(s)
	shown["creator"] = c.g.renderUser(s.by)
	return shown
}

func (c *call) listStatuses() *reply {
	found, refusal := c.refCommit()
	if refusal != nil {
		return refusal
	}
	return listOf(c, c.statusesOf(found.id), c.renderFullStatus)
}

// combinedStatus is failure when any context failed, pending when one is
// pending or there is none, else success. Check runs are not in it.
func (c *call) combinedStatus() *reply {
	found, refusal := c.refCommit()
	if refusal != nil {
		return refusal
	}
	var latest []*status
	seen := map[string]bool{}
	state := "success"
	for _, s := range c.statusesOf(found.id) {
		if seen[s.context] {
			continue
		}
		seen[s.context] = true
		latest = append(latest, s)
		switch {
		case s.state == "failure" || s.state == "error":
			state = "failure"
		case s.state == "pending" && state != "failure":
			state = "pending"
		}
	}
	if len(latest) == 0 {
		state = "pending"
	}
	page, header := pageOf(c, latest)
	out := ok(fields{"state": state, "sha": found.id, "total_count": len(latest), "repository": c.repo.renderWithAddresses(),
		"statuses":   renderAll(page, func(s *status) any { return c.repo.renderStatus(s) }),
		"commit_url": c.repo.apiURL() + "/commits/" + found.id, "url": c.repo.apiURL() + "/commits/" + found.id + "/status"})
	out.header = header
	return out
}
