package sim

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

func peopleRoutes() []route {
	return slices.Concat(reviewRoutes(), teamRoutes(), commentRoutes(), labelRoutes(), statusRoutes())
}

func reviewRoutes() []route {
	return []route{
		{"GET", "/repos/{owner}/{repo}/pulls/{pull_number}/reviews", "pull_requests:read", (*call).listReviews},
		{"POST", "/repos/{owner}/{repo}/pulls/{pull_number}/reviews", "pull_requests:write", (*call).createReview},
		{"GET", "/repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers", "pull_requests:read", (*call).listRequested},
		{"POST", "/repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers", "pull_requests:write", (*call).requestReviewers},
	}
}

// listReviews lists them as they were submitted, the oldest first. A pending
// one is only its author's to see.
func (c *call) listReviews() *reply {
	p := c.thePull()
	if p == nil {
		return notFound()
	}
	list := slices.DeleteFunc(slices.Clone(p.reviews), func(v review) bool { return v.state == reviewPending && v.by != c.actor() })
	return listOf(c, list, func(v review) any { return p.renderReview(v) })
}

// reviewRequest is the body of POST reviews.
type reviewRequest struct {
	CommitID *string `json:"commit_id"`
	Body     *string `json:"body"`
	Event    *string `json:"event"`
	Comments []any   `json:"comments"`
}

func (c *call) createReview() *reply {
	p := c.repo.pull(int(c.number("pull_number")))
	if p == nil {
		return notFound()
	}
	var q reviewRequest
	if refusal := c.decode(&q); refusal != nil {
		return refusal
	}
	state, known := map[string]string{"APPROVE": Approved, "REQUEST_CHANGES": ChangesRequested, "COMMENT": Commented, "": reviewPending}[deref(q.Event)]
	switch {
	case !known:
		return unprocessable("Variable $event of type PullRequestReviewEvent was provided invalid value")
	case len(q.Comments) > 0:
		c.g.unknown = append(c.g.unknown, c.x.Method+" "+c.x.Path+" with comments on lines")
		return unprocessable("comments on lines are not simulated")
	}
	v := review{by: c.actor(), state: state, body: deref(q.Body), commit: p.headSHA}
	if id := deref(q.CommitID); id != "" && id != p.headSHA {
		if !p.contains(id) {
			return unprocessable("The provided commit_id is not part of the pull request")
		}
		v.commit = id
	}
	v, problem := p.review(v)
	if problem != "" {
		return unprocessable(problem)
	}
	return ok(p.renderReview(v))
}

// unprocessable is the form of a 422 that reviews have.
func unprocessable(problem string) *reply {
	out := fail(http.StatusUnprocessableEntity, "Unprocessable Entity")
	body, _ := out.body.(fields)
	body["errors"] = []string{problem}
	return out
}

// renderReview is a review as the REST API shows it.
func (p *Pull) renderReview(v review) fields {
	at := p.repo.apiURL() + "/pulls/" + itoa(int64(p.Number))
	page := p.pageURL() + "#pullrequestreview-" + itoa(v.id)
	link := func(to string) fields { return fields{"href": to} }
	out := fields{"id": v.id, "node_id": nodeID("PullRequestReview", v.id), "user": p.repo.g.renderUser(v.by), "body": v.body,
		"state": v.state, "html_url": page, "pull_request_url": at, "author_association": p.repo.association(v.by),
		"_links": fields{"html": link(page), "pull_request": link(at)}, "commit_id": v.commit}
	if !v.at.IsZero() {
		out["submitted_at"] = stamp(v.at)
	}
	return out
}

// sendReview sends a pull_request_review event. Webhooks write states in small
// letters and an empty body as null.
func (p *Pull) sendReview(action string, by *User, v review, more fields) {
	p.repo.broadcast("pull_request_review", action, func(*App) fields {
		shown := p.renderReview(v)
		shown["state"], shown["body"] = strings.ToLower(v.state), orNull(v.body)
		body := fields{"action": action, "review": shown, "pull_request": p.renderSimple(), "sender": p.repo.g.renderUser(by)}
		maps.Copy(body, more)
		return body
	})
}

func (c *call) listRequested() *reply {
	p := c.thePull()
	if p == nil {
		return notFound()
	}
	return ok(fields{"users": p.renderAsked(), "teams": renderAll(p.askedTeams, func(t *Team) any { return t.renderFull() })})
}

func (p *Pull) renderAsked() []any {
	return renderAll(p.asked, p.repo.g.renderUser)
}

func (p *Pull) renderAskedTeams() []any {
	return renderAll(p.askedTeams, func(t *Team) any { return t.render() })
}

// requestReviewers finds people by login and teams by slug. Whoever is not
// found is no collaborator; an App that may not read members finds no team.
func (c *call) requestReviewers() *reply {
	p := c.repo.pull(int(c.number("pull_number")))
	if p == nil {
		return notFound()
	}
	var q struct {
		Reviewers []string `json:"reviewers"`
		Teams     []string `json:"team_reviewers"`
	}
	if refusal := c.decode(&q); refusal != nil {
		return refusal
	}
	if refusal := c.needTriage(); refusal != nil {
		return refusal
	}
	if len(q.Reviewers)+len(q.Teams) == 0 {
		return fail(http.StatusUnprocessableEntity, "Name at least one of reviewers and team_reviewers.")
	}
	var users []*User
	for _, login := range q.Reviewers {
		users = append(users, c.g.users[strings.ToLower(login)])
	}
	var teams []*Team
	for _, slug := range q.Teams {
		var found *Team
		if t := c.caller.token; t.install == nil || t.may("members", levelOf("read")) {
			found = c.repo.owner.team(slug)
		}
		teams = append(teams, found)
	}
	if problem := p.requestReview(c.actor(), users, teams); problem != "" {
		return fail(http.StatusUnprocessableEntity, problem)
	}
	return answer(http.StatusCreated, renderListed(p))
}

// needTriage refuses people who may only read the repository.
func (c *call) needTriage() *reply {
	if t := c.caller.token; t.user != nil && !c.repo.mayTriage(t.user) {
		return fail(http.StatusForbidden, "Must have triage access to the repository.")
	}
	return nil
}
