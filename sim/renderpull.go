package sim

import (
	"fmt"
	"maps"
	"slices"
)

// renderEnd is the head or the base of a pull request.
func (p *Pull) renderEnd(owner *User, r *Repo, ref, sha string) fields {
	out := fields{"label": ref, "ref": ref, "sha": sha, "user": p.repo.g.renderUser(owner), "repo": nil}
	if owner != nil {
		out["label"] = owner.Login + ":" + ref
	}
	if r != nil {
		out["repo"] = r.renderMergeSettings()
	}
	return out
}

// renderSimple is a pull request as lists show it.
func (p *Pull) renderSimple() fields {
	g, r := p.repo.g, p.repo
	at, issue := fmt.Sprintf("%s/pulls/%d", r.apiURL(), p.Number), fmt.Sprintf("%s/issues/%d", r.apiURL(), p.Number)
	page := fmt.Sprintf("%s/pull/%d", r.webURL(), p.Number)
	statuses := r.apiURL() + "/statuses/" + p.headSHA
	link := func(to string) fields { return fields{"href": to} }
	return fields{
		"url": at, "id": p.id, "node_id": nodeID("PullRequest", p.id), "html_url": page, "diff_url": page + ".diff",
		"patch_url": page + ".patch", "issue_url": issue, "number": p.Number, "state": p.state, "locked": false,
		"title": p.title, "user": g.renderUser(p.by), "body": orNull(p.body), "created_at": stamp(p.created),
		"updated_at": stamp(p.updated), "closed_at": stamp(p.closed), "merged_at": p.mergedAt(),
		"merge_commit_sha": orNull(p.mergeSHA), "assignee": nil, "assignees": []any{}, "requested_reviewers": p.renderAsked(),
		"requested_teams": p.renderAskedTeams(), "labels": p.renderLabels(), "milestone": nil, "draft": p.draft, "commits_url": at + "/commits",
		"review_comments_url": at + "/comments", "review_comment_url": r.apiURL() + "/pulls/comments{/number}",
		"comments_url": issue + "/comments", "statuses_url": statuses,
		"head": p.renderEnd(p.headOwner, p.headRepo, p.headRef, p.headSHA),
		"base": p.renderEnd(r.owner, r, p.baseRef, p.baseSHA),
		"_links": fields{"self": link(at), "html": link(page), "issue": link(issue), "comments": link(issue + "/comments"),
			"review_comments": link(at + "/comments"), "review_comment": link(r.apiURL() + "/pulls/comments{/number}"),
			"commits": link(at + "/commits"), "statuses": link(statuses)},
		"author_association": r.association(p.by), "auto_merge": nil, "active_lock_reason": nil,
	}
}

func (p *Pull) mergedAt() any {
	if p.merged {
		return stamp(p.closed)
	}
	return nil
}

// renderFull is one pull request, as the REST API shows it.
func (p *Pull) renderFull() fields {
	out := p.renderHook()
	for _, end := range []string{"head", "base"} {
		restOnly(out, end)
	}
	out["requested_teams"] = renderAll(p.askedTeams, func(t *Team) any {
		shown := t.renderFull()
		delete(shown, "parent")
		return shown
	})
	return out
}

// restOnly adds to a repository inside a pull request what the REST API shows
// to the caller and webhooks do not have.
func restOnly(pull fields, end string) {
	shown, _ := pull[end].(fields)
	if repo, isRepo := shown["repo"].(fields); isRepo {
		repo["permissions"], repo["temp_clone_token"] = renderRole("read"), ""
	}
}

// renderHook is one pull request, as webhooks show it.
func (p *Pull) renderHook() fields {
	out := p.renderSimple()
	stat := p.repo.diffStat(p.baseSHA, p.headSHA)
	var mergeable any
	state := "unknown"
	switch {
	case p.state != "open":
	case p.merge == mergeClean:
		mergeable, state = true, p.held()
	case p.merge == mergeConflict:
		mergeable, state = false, "dirty"
	}
	if p.draft && state == "clean" {
		state = "draft"
	}
	maps.Copy(out, fields{
		"merged": p.merged, "mergeable": mergeable, "rebaseable": mergeable, "mergeable_state": state,
		"merged_by": p.repo.g.renderUser(p.mergedBy), "comments": p.comments, "review_comments": 0,
		"maintainer_can_modify": p.headRepo != nil && p.headRepo != p.repo, "commits": stat.commits,
		"additions": stat.additions, "deletions": stat.deletions, "changed_files": stat.files,
	})
	return out
}

// held is the state of a pull request without conflicts: "blocked" or "behind"
// where rules refuse to merge it for people without special rights.
func (p *Pull) held() string {
	ref := "refs/heads/" + p.baseRef
	refused, err := move{repo: p.repo, ref: ref, before: p.repo.refs[ref], after: p.mergeSHA, pull: p}.refuse()
	switch {
	case err != nil:
		return "unknown"
	case refused == nil:
		return "clean"
	}
	if reasons := slices.Concat(refused.protection, refused.rules); len(reasons) == 1 && reasons[0] == outOfDate {
		return "behind"
	}
	return "blocked"
}

// renderMinimal is a pull request inside a check run or suite.
func (p *Pull) renderMinimal() fields {
	end := func(r *Repo, ref, sha string) fields {
		return fields{"ref": ref, "sha": sha, "repo": fields{"id": r.ID, "url": r.apiURL(), "name": r.name}}
	}
	return fields{"url": fmt.Sprintf("%s/pulls/%d", p.repo.apiURL(), p.Number), "id": p.id, "number": p.Number,
		"head": end(p.headRepo, p.headRef, p.headSHA), "base": end(p.repo, p.baseRef, p.baseSHA)}
}

// renderCheckPulls lists the open pull requests of a commit as check runs and
// suites do. Those from forks are left out.
func (r *Repo) renderCheckPulls(sha string) []fields {
	out := []fields{}
	for _, p := range r.pullsAt(sha) {
		if p.state == "open" && p.headRepo == r {
			out = append(out, p.renderMinimal())
		}
	}
	return out
}
