package sim

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// fields is a JSON object as it is sent. Keys are written as GitHub names
// them, and come out in alphabetical order.
type fields map[string]any

// encode writes JSON. Everything given to it consists of maps, lists, strings
// and numbers, which always encode.
func encode(v any) []byte {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return []byte(`{"message":"Server Error"}`)
	}
	return []byte(strings.TrimSuffix(b.String(), "\n"))
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// stamp writes a time as GitHub does, and null for none.
func stamp(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(time.RFC3339)
}

func nodeID(kind string, id any) string {
	return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%s%v", kind, id))
}

// orNull turns an empty string into null.
func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

func writeFile(dir, name, content string) error {
	if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

func (g *GitHub) api(format string, args ...any) string {
	return g.url + "/api/v3" + fmt.Sprintf(format, args...)
}

func (g *GitHub) web(format string, args ...any) string { return g.url + fmt.Sprintf(format, args...) }

// renderUser is a simple user; null for none.
func (g *GitHub) renderUser(u *User) any {
	if u == nil {
		return nil
	}
	at := g.api("/users/%s", url.PathEscape(u.Login))
	page := g.web("/%s", url.PathEscape(u.Login))
	if slug, ok := strings.CutSuffix(u.Login, "[bot]"); ok {
		page = g.web("/apps/%s", slug)
	}
	return fields{
		"login": u.Login, "id": u.ID, "node_id": nodeID("User", u.ID), "avatar_url": g.web("/avatars/u/%d", u.ID),
		"gravatar_id": "", "url": at, "html_url": page, "followers_url": at + "/followers",
		"following_url": at + "/following{/other_user}", "gists_url": at + "/gists{/gist_id}",
		"starred_url": at + "/starred{/owner}{/repo}", "subscriptions_url": at + "/subscriptions",
		"organizations_url": at + "/orgs", "repos_url": at + "/repos", "events_url": at + "/events{/privacy}",
		"received_events_url": at + "/received_events", "type": u.Kind, "user_view_type": "public", "site_admin": false,
	}
}

// renderFullUser is what GET /users/{username} answers.
func (g *GitHub) renderFullUser(u *User) fields {
	out, _ := g.renderUser(u).(fields)
	maps.Copy(out, fields{"name": nil, "company": nil, "blog": "", "location": nil, "email": nil, "hireable": nil,
		"bio": nil, "twitter_username": nil, "public_repos": 0, "public_gists": 0, "followers": 0, "following": 0,
		"created_at": stamp(g.now()), "updated_at": stamp(g.now())})
	return out
}

// repoLinks are the addresses below a repository: key, and what follows its own.
var repoLinks = [][2]string{
	{"archive_url", "/{archive_format}{/ref}"}, {"assignees_url", "/assignees{/user}"}, {"blobs_url", "/git/blobs{/sha}"},
	{"branches_url", "/branches{/branch}"}, {"collaborators_url", "/collaborators{/collaborator}"},
	{"comments_url", "/comments{/number}"}, {"commits_url", "/commits{/sha}"}, {"compare_url", "/compare/{base}...{head}"},
	{"contents_url", "/contents/{+path}"}, {"contributors_url", "/contributors"}, {"deployments_url", "/deployments"},
	{"downloads_url", "/downloads"}, {"events_url", "/events"}, {"forks_url", "/forks"}, {"git_commits_url", "/git/commits{/sha}"},
	{"git_refs_url", "/git/refs{/sha}"}, {"git_tags_url", "/git/tags{/sha}"}, {"hooks_url", "/hooks"},
	{"issue_comment_url", "/issues/comments{/number}"}, {"issue_events_url", "/issues/events{/number}"},
	{"issues_url", "/issues{/number}"}, {"keys_url", "/keys{/key_id}"}, {"labels_url", "/labels{/name}"},
	{"languages_url", "/languages"}, {"merges_url", "/merges"}, {"milestones_url", "/milestones{/number}"},
	{"notifications_url", "/notifications{?since,all,participating}"}, {"pulls_url", "/pulls{/number}"},
	{"releases_url", "/releases{/id}"}, {"stargazers_url", "/stargazers"}, {"statuses_url", "/statuses/{sha}"},
	{"subscribers_url", "/subscribers"}, {"subscription_url", "/subscription"}, {"tags_url", "/tags"},
	{"teams_url", "/teams"}, {"trees_url", "/git/trees{/sha}"},
}

func (r *Repo) apiURL() string { return r.g.api("/repos/%s", r.fullName()) }

func (r *Repo) webURL() string { return r.g.web("/%s", r.fullName()) }

// renderMinimal has the keys of a minimal repository.
func (r *Repo) renderMinimal() fields {
	at := r.apiURL()
	out := fields{
		"id": r.ID, "node_id": nodeID("Repository", r.ID), "name": r.name, "full_name": r.fullName(), "private": r.private,
		"owner": r.g.renderUser(r.owner), "html_url": r.webURL(), "description": nil, "fork": r.parent != nil, "url": at,
	}
	for _, link := range repoLinks {
		out[link[0]] = at + link[1]
	}
	return out
}

// renderWithAddresses is a minimal repository with those of git.
func (r *Repo) renderWithAddresses() fields {
	out, whole := r.renderMinimal(), r.renderRepo()
	out["git_url"], out["ssh_url"] = whole["git_url"], whole["ssh_url"]
	return out
}

// renderRepo has the keys of a repository in lists, pull requests and webhooks.
func (r *Repo) renderRepo() fields {
	out := r.renderMinimal()
	open := 0
	for _, p := range r.pulls {
		if p.state == "open" {
			open++
		}
	}
	visibility := "public"
	if r.private {
		visibility = "private"
	}
	maps.Copy(out, fields{
		"created_at": stamp(r.created), "updated_at": stamp(r.updated), "pushed_at": stamp(r.pushed),
		"git_url":   "git://" + strings.TrimPrefix(r.g.url, "http://") + "/" + r.fullName() + ".git",
		"ssh_url":   "git@" + strings.TrimPrefix(r.g.url, "http://") + ":" + r.fullName() + ".git",
		"clone_url": r.webURL() + ".git", "svn_url": r.webURL(), "homepage": nil, "size": 0, "stargazers_count": 0,
		"watchers_count": 0, "language": nil, "has_issues": true, "has_projects": true, "has_downloads": true,
		"has_wiki": true, "has_pages": false, "has_discussions": false, "forks_count": 0, "mirror_url": nil,
		"archived": false, "disabled": false, "open_issues_count": open, "license": nil, "allow_forking": true,
		"is_template": false, "web_commit_signoff_required": false, "topics": []string{}, "visibility": visibility,
		"forks": 0, "open_issues": open, "watchers": 0, "default_branch": r.defaultBranch,
	})
	return out
}

// renderInSuite is a repository inside a check suite.
func (r *Repo) renderInSuite() fields {
	out := r.renderRepo()
	maps.Copy(out, fields{"permissions": renderRole("read"), "temp_clone_token": "", "delete_branch_on_merge": false,
		"network_count": 0, "subscribers_count": 0})
	return out
}

// renderMergeSettings is a repository with how it merges: part of a repository
// inside a pull request, and of the whole one.
func (r *Repo) renderMergeSettings() fields {
	out := r.renderRepo()
	allowed := func(method string) bool { return r.methods == nil || slices.Contains(r.methods, method) }
	maps.Copy(out, fields{"allow_squash_merge": allowed("squash"), "allow_merge_commit": allowed("merge"), "allow_rebase_merge": allowed("rebase"),
		"allow_auto_merge": false, "delete_branch_on_merge": r.deleteMerged, "allow_update_branch": false,
		"use_squash_pr_title_as_default": false, "squash_merge_commit_message": "COMMIT_MESSAGES",
		"squash_merge_commit_title": "COMMIT_OR_PR_TITLE", "merge_commit_message": "PR_TITLE",
		"merge_commit_title": "MERGE_MESSAGE"})
	return out
}

// renderFull is what GET /repos/{owner}/{repo} answers.
func (r *Repo) renderFull(role string) fields {
	out := r.renderMergeSettings()
	out["network_count"], out["subscribers_count"] = 0, 0
	out["permissions"], out["temp_clone_token"], out["template_repository"] = renderRole(role), "", nil
	if r.owner.Kind == "Organization" {
		out["organization"] = r.g.renderUser(r.owner)
	}
	if r.parent != nil {
		out["parent"], out["source"] = r.parent.renderMergeSettings(), r.parent.renderMergeSettings()
	}
	return out
}

// renderRole spells a role out as GitHub's five permissions.
func renderRole(role string) fields {
	rank := map[string]int{"read": 1, "triage": 2, "write": 3, "maintain": 4, "admin": 5}[role]
	return fields{"pull": rank >= 1, "triage": rank >= 2, "push": rank >= 3, "maintain": rank >= 4, "admin": rank >= 5}
}

// renderSelection is a list of repositories as installation events have it.
func renderSelection(repos []*Repo) []fields {
	out := []fields{}
	for _, r := range repos {
		out = append(out, fields{"id": r.ID, "node_id": nodeID("Repository", r.ID), "name": r.name,
			"full_name": r.fullName(), "private": r.private})
	}
	return out
}

// renderApp is an App as everybody sees it.
func (g *GitHub) renderApp(a *App) fields {
	events := []string{}
	events = append(events, a.m.DefaultEvents...)
	return fields{"id": a.ID, "client_id": a.ClientID, "slug": a.Slug, "node_id": nodeID("Integration", a.ID), "owner": g.renderUser(a.owner),
		"name": a.m.Name, "description": a.m.Description, "external_url": a.m.URL, "html_url": g.web("/apps/%s", a.Slug),
		"created_at": stamp(a.created), "updated_at": stamp(a.created), "permissions": a.permissions(), "events": events}
}

// renderInstallation is an installation as the REST API shows it.
func (g *GitHub) renderInstallation(i *Installation) fields {
	events := []string{}
	events = append(events, i.app.m.DefaultEvents...)
	page := g.web("/settings/installations/%d", i.ID)
	if i.account.Kind == "Organization" {
		page = g.web("/organizations/%s/settings/installations/%d", i.account.Login, i.ID)
	}
	out := fields{"id": i.ID, "client_id": i.app.ClientID, "account": g.renderUser(i.account), "repository_selection": i.selection(),
		"access_tokens_url": g.api("/app/installations/%d/access_tokens", i.ID), "repositories_url": g.api("/installation/repositories"),
		"html_url": page, "app_id": i.app.ID, "app_slug": i.app.Slug, "target_id": i.account.ID, "target_type": i.account.Kind,
		"permissions": i.permissions, "events": events, "created_at": stamp(i.created), "updated_at": stamp(i.updated),
		"single_file_name": nil, "has_multiple_single_files": false, "single_file_paths": []string{},
		"suspended_by": nil, "suspended_at": stamp(i.suspended)}
	if !i.suspended.IsZero() {
		out["suspended_by"] = g.renderUser(i.account)
	}
	return out
}

// renderHookInstallation is an installation inside its own events.
func (g *GitHub) renderHookInstallation(i *Installation) fields {
	out := g.renderInstallation(i)
	out["created_at"], out["updated_at"] = i.created.Unix(), i.updated.Unix()
	return out
}
