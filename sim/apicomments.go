package sim

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// Either of two permissions opens what an issue and a pull request have in
// common; on a plain issue only the first does.
const (
	readThread  = "issues:read pull_requests:read"
	writeThread = "issues:write pull_requests:write"
)

func commentRoutes() []route {
	return []route{
		{"GET", "/repos/{owner}/{repo}/issues/comments", readThread, (*call).listRepoComments},
		{"GET", "/repos/{owner}/{repo}/issues/comments/{comment_id}", readThread, (*call).getComment},
		{"PATCH", "/repos/{owner}/{repo}/issues/comments/{comment_id}", writeThread, (*call).updateComment},
		{"GET", "/repos/{owner}/{repo}/issues/comments/{comment_id}/reactions", readThread, (*call).listReactions},
		{"POST", "/repos/{owner}/{repo}/issues/comments/{comment_id}/reactions", writeThread, (*call).createReaction},
		{"DELETE", "/repos/{owner}/{repo}/issues/comments/{comment_id}", writeThread, (*call).removeComment},
		{"GET", "/repos/{owner}/{repo}/issues/{issue_number}", "issues:read", (*call).getIssue},
		{"GET", "/repos/{owner}/{repo}/issues/{issue_number}/comments", readThread, (*call).listComments},
		{"POST", "/repos/{owner}/{repo}/issues/{issue_number}/comments", writeThread, (*call).createComment},
	}
}

// onIssue is the pull request or the plain issue that the path numbers, or
// GitHub's refusal. A plain issue needs its own permission.
func (c *call) onIssue(level string) (*Pull, *Issue, *reply) {
	n := int(c.number("issue_number"))
	if p := c.repo.pull(n); p != nil {
		return p, nil, nil
	}
	i := c.repo.issue(n)
	if i == nil {
		return nil, nil, notFound()
	}
	return nil, i, c.needOf("issues:" + level)
}

// needOf refuses an App that lacks a permission beyond what the route asks for.
func (c *call) needOf(need string) *reply {
	if t := c.caller.token; t != nil && t.install != nil {
		return c.authorizeApp(t, need)
	}
	return nil
}

func (c *call) getIssue() *reply {
	p, i, refusal := c.onIssue("read")
	switch {
	case refusal != nil:
		return refusal
	case p == nil:
		return ok(i.renderFull())
	}
	if p = c.seen(p); p == nil {
		return notFound()
	}
	out := p.renderIssue()
	out["closed_by"], out["pinned_comment"] = c.g.renderUser(p.closedBy), nil
	return ok(out)
}

// seenComment is a comment as the caller sees it, or nil.
func (c *call) seenComment(m *comment) *comment {
	if c.stale && c.g.staleWindow(m.changed) {
		m = m.older
	}
	if m == nil || m.deleted {
		return nil
	}
	return m
}

// commentsOf are the comments the caller sees of those that are wanted, changed
// since the time it asks for.
func (c *call) commentsOf(wanted func(*comment) bool) ([]*comment, *reply) {
	var since time.Time
	if text := c.query.Get("since"); text != "" {
		var err error
		if since, err = time.Parse(time.RFC3339, text); err != nil {
			return nil, validationFailed("IssueComment", "since", "invalid", "")
		}
	}
	var list []*comment
	for _, m := range c.repo.comments {
		if seen := c.seenComment(m); seen != nil && wanted(seen) && !seen.updated.Before(since) {
			list = append(list, seen)
		}
	}
	return list, nil
}

func (c *call) listComments() *reply {
	p, i, refusal := c.onIssue("read")
	if refusal != nil {
		return refusal
	}
	list, refusal := c.commentsOf(func(m *comment) bool { return m.pull == p && m.issue == i })
	if refusal != nil {
		return refusal
	}
	return listOf(c, list, c.renderComment)
}

// renderComment is a comment as the REST API shows it, with what webhooks do
// not have.
func (c *call) renderComment(m *comment) any {
	out := c.repo.renderComment(m)
	out["minimized"], out["pin"] = nil, nil
	return out
}

// listRepoComments lists those of all pull requests and, with the permission,
// issues: the oldest first, unless asked otherwise.
func (c *call) listRepoComments() *reply {
	issues := c.needOf("issues:read") == nil
	list, refusal := c.commentsOf(func(m *comment) bool { return m.pull != nil || issues })
	if refusal != nil {
		return refusal
	}
	if c.query.Get("sort") == "updated" {
		slices.SortStableFunc(list, func(a, b *comment) int { return a.updated.Compare(b.updated) })
	}
	if c.query.Has("sort") && c.query.Get("direction") == "desc" {
		slices.Reverse(list)
	}
	return listOf(c, list, c.renderComment)
}

// theComment is the one the path names, to write, or GitHub's refusal.
func (c *call) theComment() (*comment, *reply) {
	m := c.repo.comment(c.number("comment_id"))
	if m == nil {
		return nil, notFound()
	}
	if m.pull == nil {
		return m, c.needOf("issues:write")
	}
	return m, nil
}

// readComment is the one the path names as a reading finds it, stale or not.
func (c *call) readComment() (*comment, *reply) {
	i := slices.IndexFunc(c.repo.comments, func(m *comment) bool { return m.id == c.number("comment_id") })
	if i < 0 {
		return nil, notFound()
	}
	m := c.seenComment(c.repo.comments[i])
	switch {
	case m == nil:
		return nil, notFound()
	case m.pull == nil:
		return m, c.needOf("issues:read")
	}
	return m, nil
}

func (c *call) getComment() *reply {
	m, refusal := c.readComment()
	if refusal != nil {
		return refusal
	}
	return ok(c.renderComment(m))
}

// commentBody reads the body of POST and PATCH.
func (c *call) commentBody() (string, *reply) {
	var q struct {
		Body string `json:"body"`
	}
	if refusal := c.decode(&q); refusal != nil {
		return "", refusal
	}
	return q.Body, commentProblem(q.Body)
}

func (c *call) createComment() *reply {
	p, i, refusal := c.onIssue("write")
	if refusal != nil {
		return refusal
	}
	body, refusal := c.commentBody()
	if refusal != nil {
		return refusal
	}
	if p != nil && p.locked {
		return fail(http.StatusForbidden, "Unable to create comment because issue is locked.")
	}
	m := c.repo.addComment(&comment{pull: p, issue: i, by: c.actor(), body: body})
	out := answer(http.StatusCreated, c.renderComment(m))
	out.header.Set("Location", c.repo.apiURL()+"/issues/comments/"+itoa(m.id))
	return out
}

func (c *call) updateComment() *reply {
	m, refusal := c.theComment()
	if refusal == nil {
		refusal = c.mayChange(m)
	}
	if refusal != nil {
		return refusal
	}
	body, refusal := c.commentBody()
	if refusal != nil {
		return refusal
	}
	c.repo.editComment(m, c.actor(), body)
	return ok(c.renderComment(m))
}

func (c *call) removeComment() *reply {
	m, refusal := c.theComment()
	if refusal == nil {
		refusal = c.mayChange(m)
	}
	if refusal != nil {
		return refusal
	}
	c.repo.deleteComment(m, c.actor())
	return answer(http.StatusNoContent, nil)
}

func (c *call) listReactions() *reply {
	m, refusal := c.readComment()
	if refusal != nil {
		return refusal
	}
	list := slices.Clone(m.reactions)
	if sign := c.query.Get("content"); sign != "" {
		list = slices.DeleteFunc(list, func(v reaction) bool { return v.content != sign })
	}
	return listOf(c, list, c.renderReaction)
}

func (c *call) renderReaction(v reaction) any {
	return fields{"id": v.id, "node_id": nodeID("Reaction", v.id), "user": c.g.renderUser(v.by), "content": v.content, "created_at": stamp(v.at)}
}

// createReaction answers 200 for a reaction that was there. On a pull request
// an App needs to write pull requests: unlike for comments, writing issues is
// not enough.
func (c *call) createReaction() *reply {
	m, refusal := c.theComment()
	if refusal == nil && m.pull != nil {
		refusal = c.needOf("pull_requests:write")
	}
	if refusal != nil {
		return refusal
	}
	var q struct {
		Content string `json:"content"`
	}
	if refusal := c.decode(&q); refusal != nil {
		return refusal
	}
	if !slices.Contains(signs, q.Content) {
		return validationFailed("Reaction", "content", "invalid", "content must be one of "+strings.Join(signs, ", "))
	}
	v, isNew := m.react(c.actor(), q.Content)
	if !isNew {
		return ok(c.renderReaction(v))
	}
	return answer(http.StatusCreated, c.renderReaction(v))
}
