package sim

import (
	"maps"
	"strings"
	"time"
)

// broadcast sends an event about a repository to every App that is installed
// on it, may read what it is about, and subscribed. build makes the payload
// for one App; nil leaves that App out.
func (r *Repo) broadcast(event, action string, build func(*App) fields) {
	for _, a := range r.g.sortedApps() {
		i := a.installed(r)
		if i == nil || !a.subscribed(event) || !i.mayRead(event) {
			continue
		}
		body := build(a)
		if body == nil {
			continue
		}
		if body["repository"] == nil {
			body["repository"] = r.renderRepo()
		}
		if r.owner.Kind == "Organization" {
			body["organization"] = r.g.renderOrganization(r.owner)
		}
		body["installation"] = fields{"id": i.ID, "node_id": nodeID("IntegrationInstallation", i.ID)}
		a.send(delivery{event: event, action: action, install: i, repo: r, body: body})
	}
}

// mayRead says whether the installation has a permission that the event needs.
func (i *Installation) mayRead(event string) bool {
	for _, permission := range eventNeeds[event] {
		if levelOf(i.permissions[permission]) > 0 {
			return true
		}
	}
	return false
}

func (g *GitHub) renderOrganization(u *User) fields {
	at := g.api("/orgs/%s", u.Login)
	return fields{"login": u.Login, "id": u.ID, "node_id": nodeID("Organization", u.ID), "url": at, "repos_url": at + "/repos",
		"events_url": at + "/events", "hooks_url": at + "/hooks", "issues_url": at + "/issues", "members_url": at + "/members{/member}",
		"public_members_url": at + "/public_members{/member}", "avatar_url": g.web("/avatars/u/%d", u.ID), "description": ""}
}

// send sends a pull_request event, and starts the workflows that wait for it.
func (p *Pull) send(action string, by *User, more fields) {
	p.repo.broadcast("pull_request", action, func(*App) fields {
		body := fields{"action": action, "number": p.Number, "pull_request": p.renderHook(), "sender": p.repo.g.renderUser(by)}
		maps.Copy(body, more)
		return body
	})
	p.repo.startWorkflows(trigger{event: eventPull, action: action, branch: p.baseRef, sha: p.headSHA, by: by, pull: p})
}

// sendRepository sends a repository event.
func (r *Repo) sendRepository(action string, changes fields, by *User) {
	r.broadcast("repository", action, func(*App) fields {
		body := fields{"action": action, "sender": r.g.renderUser(by)}
		if changes != nil {
			body["changes"] = changes
		}
		return body
	})
}

// sendPing tells a new App's address that it will be called.
func (a *App) sendPing() {
	events := []string{}
	events = append(events, a.m.DefaultEvents...)
	at := a.g.api("/app/hook")
	a.send(delivery{event: "ping", body: fields{"zen": "Anything added dilutes everything else.", "hook_id": a.hookID(),
		"hook": fields{"type": "App", "id": a.hookID(), "name": "web", "active": true, "events": events, "app_id": a.ID,
			"config":     fields{"content_type": "json", "insecure_ssl": "0", "secret": "********", "url": a.HookURL},
			"updated_at": stamp(a.created), "created_at": stamp(a.created), "deliveries_url": at + "/deliveries"}}})
}

// sendPush sends a push event.
func (r *Repo) sendPush(by *User, c refChange) {
	var body fields
	r.broadcast("push", "", func(*App) fields {
		if body == nil {
			body = r.pushPayload(by, c)
		}
		return maps.Clone(body)
	})
}

// sendMade tells of a branch or tag that was made or deleted.
func (r *Repo) sendMade(by *User, c refChange) {
	kind, name := "branch", strings.TrimPrefix(c.ref, "refs/heads/")
	if tag, isTag := strings.CutPrefix(c.ref, "refs/tags/"); isTag {
		kind, name = "tag", tag
	}
	body := fields{"ref": name, "ref_type": kind, "pusher_type": "user", "sender": r.g.renderUser(by)}
	switch {
	case c.after == "":
		r.broadcast("delete", "", func(*App) fields { return maps.Clone(body) })
	case c.before == "":
		body["master_branch"], body["description"] = r.defaultBranch, nil
		r.broadcast("create", "", func(*App) fields { return maps.Clone(body) })
	}
}

func (r *Repo) pushPayload(by *User, c refChange) fields {
	repo := r.renderRepo()
	owner, _ := r.g.renderUser(r.owner).(fields)
	owner["name"], owner["email"] = r.owner.Login, nil
	maps.Copy(repo, fields{"owner": owner, "created_at": r.created.Unix(), "pushed_at": r.pushed.Unix(), "stargazers": 0,
		"master_branch": r.defaultBranch, "url": r.webURL()})
	if r.owner.Kind == "Organization" {
		repo["organization"] = r.owner.Login
	}
	body := fields{"ref": c.ref, "before": orNone(c.before), "after": orNone(c.after), "repository": repo,
		"pusher": renderPusher(by), "sender": r.g.renderUser(by), "created": c.before == "", "deleted": c.after == "",
		"forced": false, "base_ref": nil, "compare": r.webURL() + "/compare/" + compareLabel(c), "commits": []fields{}, "head_commit": nil}
	if c.after == "" {
		return body
	}
	if c.before != "" {
		body["forced"] = !r.reachable(c.after, nil)[c.before]
	}
	if head, err := r.commit(c.after); err == nil {
		body["head_commit"] = r.renderPushCommit(head)
	}
	if strings.HasPrefix(c.ref, "refs/heads/") {
		body["commits"] = r.pushCommits(c)
	}
	return body
}

// renderPusher has no address for bots, as on GitHub.
func renderPusher(by *User) fields {
	if by == nil {
		return fields{"name": "none"}
	}
	if by.Kind == "Bot" {
		return fields{"name": by.Login, "email": nil}
	}
	return fields{"name": by.Login, "email": by.email()}
}

func compareLabel(c refChange) string {
	switch {
	case c.before == "":
		return strings.TrimPrefix(c.ref, "refs/heads/")
	case c.after == "":
		return short(c.before) + "..." + short(noCommit)
	}
	return short(c.before) + "..." + short(c.after)
}

// pushCommits lists what a push brought, at most 2,048 commits. A new branch
// brings what the default branch does not have.
func (r *Repo) pushCommits(c refChange) []fields {
	from := c.before
	if from == "" {
		from = r.refs["refs/heads/"+r.defaultBranch]
	}
	if from == c.after {
		return []fields{}
	}
	out := []fields{}
	for _, found := range r.between(from, c.after) {
		if len(out) == 2048 {
			break
		}
		out = append(out, r.renderPushCommit(found))
	}
	return out
}

func (r *Repo) renderPushCommit(c *commit) fields {
	out := fields{"id": c.id, "tree_id": c.tree, "distinct": true, "message": strings.TrimRight(c.message, "\n"),
		"timestamp": c.author.at.Format(time.RFC3339), "url": r.webURL() + "/commit/" + c.id,
		"author": r.renderSigner(c.author), "committer": r.renderSigner(c.committer)}
	added, removed, modified := r.touched(c)
	out["added"], out["removed"], out["modified"] = added, removed, modified
	return out
}

func (r *Repo) renderSigner(s signature) fields {
	out := fields{"name": s.name, "email": s.email, "date": s.at.Format(time.RFC3339)}
	if u := r.g.accountOf(s); u != nil {
		out["username"] = u.Login
	}
	return out
}

// accountOf finds the account behind a commit's address: anybody can write any.
func (g *GitHub) accountOf(s signature) *User {
	for _, u := range g.users {
		if u.email() == s.email {
			return u
		}
	}
	return nil
}

// touched lists a commit's files by what happened to them, against its first parent. Git is asked once for each commit.
func (r *Repo) touched(c *commit) (added, removed, modified []string) {
	added, removed, modified = []string{}, []string{}, []string{}
	if c.touched == nil {
		from := emptyTree
		if len(c.parents) > 0 {
			from = c.parents[0]
		}
		raw, err := r.g.git(r.Dir, nil, "diff-tree", "-r", "--no-renames", "--raw", "--no-abbrev", "-z", from, c.id)
		if err != nil {
			return added, removed, modified
		}
		c.touched = parseRaw(raw)
	}
	for _, f := range c.touched {
		switch f.status {
		case "added":
			added = append(added, f.path)
		case "removed":
			removed = append(removed, f.path)
		default:
			modified = append(modified, f.path)
		}
	}
	return added, removed, modified
}
