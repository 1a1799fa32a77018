package sim

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"
	"unicode/utf8"
)

// maxComment is how many characters a comment may have.
const maxComment = 65536

// comment is an issue comment, on a pull request or on a plain issue.
type comment struct {
	id               int64
	pull             *Pull // nil on a plain issue
	issue            *Issue
	by               *User
	app              *App // that wrote it, in its own name
	body             string
	created, updated time.Time
	reactions        []reaction
	deleted          bool
	older            *comment // as it was before the last change; nil when that was the first
	changed          int      // request number of that change
}

// reaction is one account's answer to a comment by a sign.
type reaction struct {
	id      int64
	by      *User
	content string
	at      time.Time
}

// signs are the contents a reaction can have.
var signs = []string{"+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes"}

// Comment writes a comment on the pull request and returns its id. Bodies that
// GitHub would refuse are written all the same.
func (p *Pull) Comment(by *User, body string) int64 {
	p.repo.g.mu.Lock()
	defer p.repo.g.mu.Unlock()
	return p.repo.addComment(&comment{pull: p, by: by, body: body}).id
}

// Lock locks the conversation, or unlocks it. Apps may say nothing more in it, whatever they may write elsewhere.
func (p *Pull) Lock(on bool) {
	p.repo.g.mu.Lock()
	defer p.repo.g.mu.Unlock()
	p.locked = on
}

func (r *Repo) addComment(m *comment) *comment {
	m.id, m.created, m.updated, m.changed = r.g.nextID("comment"), r.g.now(), r.g.now(), len(r.g.requests)
	if m.by != nil {
		m.app = m.by.app
	}
	r.comments = append(r.comments, m)
	m.counted(1)
	r.sendComment(m, "created", m.by, nil)
	m.log(m.by, "commented "+quoted(firstLine(m.body)))
	return m
}

// counted keeps the number of comments that a pull request or issue shows.
func (m *comment) counted(more int) {
	if m.pull != nil {
		m.pull.keep()
		m.pull.comments += more
		return
	}
	m.issue.comments += more
	m.issue.updated = m.issue.repo.g.now()
}

func (m *comment) log(by *User, text string) {
	if m.pull != nil {
		m.pull.log(by, text)
		return
	}
	r := m.issue.repo
	r.g.log(Event{Kind: "issue", Repo: r.fullName(), Actor: login(by), Text: text})
}

// EditComment gives a comment another text, in its author's name or another's.
func (r *Repo) EditComment(by *User, id int64, body string) error {
	return r.commentVerb("edit", id, func(m *comment) { r.editComment(m, by, body) })
}

// DeleteComment deletes a comment.
func (r *Repo) DeleteComment(by *User, id int64) error {
	return r.commentVerb("delete", id, func(m *comment) { r.deleteComment(m, by) })
}

// React answers a comment by a sign: +1, -1, laugh, confused, heart, hooray,
// rocket or eyes. The same sign again changes nothing.
func (r *Repo) React(by *User, id int64, sign string) error {
	if !slices.Contains(signs, sign) {
		return fmt.Errorf("react to comment %d: there is no sign %q; take one of %v", id, sign, signs)
	}
	return r.commentVerb("react to", id, func(m *comment) { m.react(by, sign) })
}

func (r *Repo) commentVerb(what string, id int64, do func(*comment)) error {
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	m := r.comment(id)
	if m == nil {
		return fmt.Errorf("%s comment %d of %s: there is no such comment", what, id, r.fullName())
	}
	do(m)
	return nil
}

// comment finds a comment that was not deleted, or nil.
func (r *Repo) comment(id int64) *comment {
	for _, m := range r.comments {
		if m.id == id && !m.deleted {
			return m
		}
	}
	return nil
}

// keep remembers the comment as it is, for stale reads.
func (m *comment) keep(g *GitHub) {
	old := *m
	old.older = nil
	m.older, m.changed = &old, len(g.requests)
}

func (r *Repo) editComment(m *comment, by *User, body string) {
	if m.body == body {
		return
	}
	m.keep(r.g)
	from := m.body
	m.body, m.updated = body, r.g.now()
	r.sendComment(m, "edited", by, fields{"changes": fields{"body": fields{"from": from}}})
	m.log(by, "edited a comment of "+login(m.by))
}

func (r *Repo) deleteComment(m *comment, by *User) {
	m.keep(r.g)
	m.deleted = true
	m.counted(-1)
	r.sendComment(m, "deleted", by, nil)
	m.log(by, "deleted a comment of "+login(m.by))
}

// react tells whether the reaction is new.
func (m *comment) react(by *User, sign string) (reaction, bool) {
	for _, have := range m.reactions {
		if have.by == by && have.content == sign {
			return have, false
		}
	}
	g := by.g
	m.keep(g)
	v := reaction{id: g.nextID("reaction"), by: by, content: sign, at: g.now()}
	m.reactions = append(slices.Clip(m.reactions), v)
	return v, true
}

// commentProblem is GitHub's refusal of a body, or nil.
func commentProblem(body string) *reply {
	switch {
	case body == "":
		return validationFailed("IssueComment", "data", "unprocessable", "Body cannot be blank")
	case utf8.RuneCountInString(body) > maxComment:
		return validationFailed("IssueComment", "data", "unprocessable", fmt.Sprintf("Body is too long (maximum is %d characters)", maxComment))
	}
	return nil
}

func (r *Repo) sendComment(m *comment, action string, by *User, more fields) {
	r.broadcast("issue_comment", action, func(a *App) fields {
		if i := a.installed(r); m.pull == nil && levelOf(i.permissions["issues"]) == 0 {
			return nil
		}
		body := fields{"action": action, "sender": r.g.renderUser(by), "issue": m.renderOn(), "comment": r.renderComment(m)}
		maps.Copy(body, more)
		return body
	})
}

func (m *comment) renderOn() fields {
	if m.pull != nil {
		return m.pull.renderIssue()
	}
	return m.issue.render()
}

func (r *Repo) renderComment(m *comment) fields {
	at := r.apiURL() + "/issues/comments/" + itoa(m.id)
	var issue, page string
	if m.pull != nil {
		issue, page = issueURL(r, m.pull.Number), m.pull.pageURL()
	} else {
		issue, page = issueURL(r, m.issue.Number), m.issue.pageURL()
	}
	out := fields{"id": m.id, "node_id": nodeID("IssueComment", m.id), "url": at, "html_url": page + "#issuecomment-" + itoa(m.id),
		"issue_url": issue, "user": r.g.renderUser(m.by), "created_at": stamp(m.created), "updated_at": stamp(m.updated),
		"author_association": r.association(m.by), "body": m.body, "performed_via_github_app": nil, "reactions": renderReactions(at, m.reactions)}
	if m.app != nil {
		out["performed_via_github_app"] = r.g.renderApp(m.app)
	}
	return out
}

// renderReactions counts the signs.
func renderReactions(at string, list []reaction) fields {
	out := fields{"url": at + "/reactions", "total_count": len(list)}
	for _, sign := range signs {
		count := 0
		for _, v := range list {
			if v.content == sign {
				count++
			}
		}
		out[sign] = count
	}
	return out
}

// mayChange refuses to let people without push access change what others wrote.
func (c *call) mayChange(m *comment) *reply {
	if t := c.caller.token; t.user != nil && t.user != m.by && !c.repo.mayPush(t.user) {
		return fail(http.StatusForbidden, "Must have admin rights to Repository.")
	}
	return nil
}
