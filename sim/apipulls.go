package sim

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"
)

func pullRoutes() []route {
	return []route{
		{"GET", "/repos/{owner}/{repo}/pulls", "pull_requests:read", (*call).listPulls},
		{"POST", "/repos/{owner}/{repo}/pulls", "pull_requests:write", (*call).createPull},
		{"GET", "/repos/{owner}/{repo}/pulls/{pull_number}", "pull_requests:read", (*call).getPull},
		{"PATCH", "/repos/{owner}/{repo}/pulls/{pull_number}", "pull_requests:write", (*call).updatePull},
		{"GET", "/repos/{owner}/{repo}/pulls/{pull_number}/files", "pull_requests:read", (*call).listFiles},
		{"GET", "/repos/{owner}/{repo}/pulls/{pull_number}/commits", "pull_requests:read", (*call).listPullCommits},
		{"GET", "/repos/{owner}/{repo}/commits/{commit_sha}/pulls", "pull_requests:read", (*call).commitPulls},
	}
}

// seen is a pull request as the caller sees it: on a stale read as it was
// before its last change, or nil when that is when it did not exist.
func (c *call) seen(p *Pull) *Pull {
	if !c.stale || !c.g.staleWindow(p.changed) {
		return p
	}
	return p.older
}

// pulls are the pull requests the caller sees, newest first.
func (c *call) pulls() []*Pull {
	var out []*Pull
	for _, p := range slices.Backward(c.repo.pulls) {
		if seen := c.seen(p); seen != nil {
			out = append(out, seen)
		}
	}
	return out
}

func (c *call) thePull() *Pull {
	p := c.repo.pull(int(c.number("pull_number")))
	if p == nil {
		return nil
	}
	return c.seen(p)
}

func (c *call) listPulls() *reply {
	state := c.query.Get("state")
	if state == "" {
		state = "open"
	}
	if !slices.Contains([]string{"open", "closed", "all"}, state) {
		return validationFailed("PullRequest", "state", "invalid", "")
	}
	list := slices.DeleteFunc(c.pulls(), func(p *Pull) bool {
		head, base := c.query.Get("head"), c.query.Get("base")
		label := p.headRef
		if p.headOwner != nil {
			label = p.headOwner.Login + ":" + p.headRef
		}
		return state != "all" && p.state != state || base != "" && p.baseRef != base ||
			strings.Contains(head, ":") && !strings.EqualFold(label, head)
	})
	c.sortPulls(list)
	return listOf(c, list, renderListed)
}

// renderListed is a pull request in a list.
func renderListed(p *Pull) any {
	out := p.renderSimple()
	restOnly(out, "head")
	restOnly(out, "base")
	out["requested_teams"] = renderAll(p.askedTeams, func(t *Team) any { return t.renderFull() })
	return out
}

// sortPulls orders by creation, newest first, unless asked otherwise.
func (c *call) sortPulls(list []*Pull) {
	descending := c.query.Get("direction") == "desc" || c.query.Get("direction") == "" && (c.query.Get("sort") == "" || c.query.Get("sort") == "created")
	slices.SortStableFunc(list, func(a, b *Pull) int {
		order := a.Number - b.Number
		if c.query.Get("sort") == "updated" {
			if byTime := a.updated.Compare(b.updated); byTime != 0 {
				order = byTime
			}
		}
		if descending {
			return -order
		}
		return order
	})
}

func (c *call) getPull() *reply {
	p := c.thePull()
	if p == nil {
		return notFound()
	}
	out := p.renderFull()
	if !c.stale {
		if err := p.checkMergeable(); err != nil {
			return c.broken(err)
		}
		out = p.renderFull()
	}
	return ok(out)
}

// pullRequest is the body of POST and PATCH pulls.
type pullRequest struct {
	Title *string `json:"title"`
	Head  *string `json:"head"`
	Base  *string `json:"base"`
	Body  *string `json:"body"`
	State *string `json:"state"`
	Draft bool    `json:"draft"`
}

// refuse is GitHub's answer to a title or a text that it does not take, or nil.
func (q *pullRequest) refuse() *reply {
	switch {
	case q.Title != nil && strings.TrimSpace(*q.Title) == "":
		return validationFailed("PullRequest", "title", "missing_field", "")
	case utf8.RuneCountInString(deref(q.Body)) > maxComment:
		return validationFailed("PullRequest", "body", "custom", fmt.Sprintf("body is too long (maximum is %d characters)", maxComment))
	}
	return nil
}

func (c *call) createPull() *reply {
	var q pullRequest
	if refusal := c.decode(&q); refusal != nil {
		return refusal
	}
	if q.Title == nil || q.Head == nil || q.Base == nil {
		return invalid(`"title", "head" and "base" weren't all supplied.`)
	}
	if refusal := q.refuse(); refusal != nil {
		return refusal
	}
	if c.needOf("contents:read") != nil {
		return validationFailed("PullRequest", "", "custom", "not all refs are readable")
	}
	p, problem, err := c.repo.openPull(NewPull{By: c.actor(), Title: *q.Title, Body: deref(q.Body), Head: *q.Head, Base: *q.Base, Draft: q.Draft})
	switch {
	case err != nil:
		return c.broken(err)
	case strings.HasSuffix(problem, " invalid"):
		return validationFailed("PullRequest", strings.TrimSuffix(problem, " invalid"), "invalid", "")
	case problem != "":
		return validationFailed("PullRequest", "", "custom", problem)
	}
	out := answer(http.StatusCreated, p.renderFull())
	out.header.Set("Location", c.repo.apiURL()+"/pulls/"+itoa(int64(p.Number)))
	return out
}

func (c *call) updatePull() *reply {
	p := c.repo.pull(int(c.number("pull_number")))
	if p == nil {
		return notFound()
	}
	var q pullRequest
	if refusal := c.decode(&q); refusal != nil {
		return refusal
	}
	if q.State != nil && *q.State != "open" && *q.State != "closed" {
		return validationFailed("PullRequest", "state", "invalid", "")
	}
	if refusal := q.refuse(); refusal != nil {
		return refusal
	}
	if problem := p.edit(c.actor(), PullEdit{Title: q.Title, Body: q.Body, Base: q.Base, State: q.State}); problem != "" {
		return validationFailed("PullRequest", "base", "invalid", problem)
	}
	return ok(p.renderFull())
}

// listFiles lists at most 3,000 files, as GitHub does.
func (c *call) listFiles() *reply {
	p := c.thePull()
	if p == nil {
		return notFound()
	}
	files, err := c.repo.diffFiles(c.repo.mergeBase(p.baseSHA, p.headSHA), p.headSHA)
	if err != nil {
		return c.broken(err)
	}
	return listOf(c, files[:min(len(files), 3000)], func(f diffFile) any { return c.repo.renderFile(f, p.headSHA) })
}

// listPullCommits lists at most 250 commits, as GitHub does.
func (c *call) listPullCommits() *reply {
	p := c.thePull()
	if p == nil {
		return notFound()
	}
	list := c.repo.between(p.baseSHA, p.headSHA)
	return listOf(c, list[:min(len(list), 250)], func(found *commit) any { return c.repo.renderCommit(found) })
}

// commitPulls lists the open pull requests that contain the commit, or the
// merged one that brought it.
func (c *call) commitPulls() *reply {
	found, err := c.resolve(c.params["commit_sha"])
	if err != nil {
		return fail(http.StatusUnprocessableEntity, "No commit found for SHA: "+c.params["commit_sha"])
	}
	var list []*Pull
	for _, p := range c.pulls() {
		if p.headSHA == found.id || p.contains(found.id) {
			list = append(list, p)
		}
	}
	return listOf(c, list, renderListed)
}

func (p *Pull) contains(sha string) bool {
	return slices.ContainsFunc(p.repo.between(p.baseSHA, p.headSHA), func(c *commit) bool { return c.id == sha })
}

func (p *Pull) pageURL() string { return p.repo.webURL() + "/pull/" + itoa(int64(p.Number)) }

// renderIssue is a pull request as the issue behind it.
func (p *Pull) renderIssue() fields {
	simple := p.renderSimple()
	at := issueURL(p.repo, p.Number)
	out := renderIssueLinks(at, p.repo)
	out["id"], out["comments"] = p.id, p.comments
	out["pull_request"] = fields{"url": simple["url"], "html_url": simple["html_url"], "diff_url": simple["diff_url"], "patch_url": simple["patch_url"], "merged_at": simple["merged_at"]}
	for _, key := range []string{"number", "title", "user", "labels", "state", "assignee", "assignees", "milestone",
		"created_at", "updated_at", "closed_at", "author_association", "active_lock_reason", "body", "draft", "html_url", "node_id"} {
		out[key] = simple[key]
	}
	return out
}

// issueURL is the address of the issue behind a pull request.
func issueURL(r *Repo, number int) string { return r.apiURL() + "/issues/" + itoa(int64(number)) }
