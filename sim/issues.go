package sim

import "time"

// Issue is a plain issue: what has a number and comments and is no pull request.
type Issue struct {
	Number int

	id       int64
	repo     *Repo
	by       *User
	title    string
	body     string
	comments int
	created  time.Time
	updated  time.Time
}

// OpenIssue opens a plain issue. It can be commented on and nothing else, and
// only its comments send events.
func (r *Repo) OpenIssue(by *User, title, body string) *Issue {
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	r.issues++
	i := &Issue{Number: r.issues, id: r.g.nextID("issue"), repo: r, by: by, title: title, body: body, created: r.g.now(), updated: r.g.now()}
	r.plainIssues = append(r.plainIssues, i)
	return i
}

// Comment writes a comment on the issue and returns its id.
func (i *Issue) Comment(by *User, body string) int64 {
	i.repo.g.mu.Lock()
	defer i.repo.g.mu.Unlock()
	return i.repo.addComment(&comment{issue: i, by: by, body: body}).id
}

// issue finds a plain issue by its number, or nil.
func (r *Repo) issue(number int) *Issue {
	for _, i := range r.plainIssues {
		if i.Number == number {
			return i
		}
	}
	return nil
}

func (i *Issue) pageURL() string { return i.repo.webURL() + "/issues/" + itoa(int64(i.Number)) }

// render is an issue as webhooks show it.
func (i *Issue) render() fields {
	at := issueURL(i.repo, i.Number)
	out := renderIssueLinks(at, i.repo)
	for key, value := range (fields{"html_url": i.pageURL(), "id": i.id, "node_id": nodeID("Issue", i.id), "number": i.Number,
		"title": i.title, "body": orNull(i.body), "user": i.repo.g.renderUser(i.by), "state": "open", "labels": []any{},
		"comments": i.comments, "assignee": nil, "assignees": []any{}, "milestone": nil, "created_at": stamp(i.created),
		"updated_at": stamp(i.updated), "closed_at": nil, "author_association": i.repo.association(i.by), "active_lock_reason": nil,
		"draft": false}) {
		out[key] = value
	}
	return out
}

// renderFull is an issue as the REST API shows it.
func (i *Issue) renderFull() fields {
	out := i.render()
	out["closed_by"], out["pinned_comment"] = nil, nil
	delete(out, "draft")
	return out
}

// renderIssueLinks are what issues and pull requests have in common.
func renderIssueLinks(at string, r *Repo) fields {
	return fields{"url": at, "repository_url": r.apiURL(), "labels_url": at + "/labels{/name}", "comments_url": at + "/comments",
		"events_url": at + "/events", "timeline_url": at + "/timeline", "locked": false, "state_reason": nil,
		"performed_via_github_app": nil, "reactions": renderReactions(at, nil)}
}
