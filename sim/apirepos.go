package sim

import (
	"encoding/base64"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"
)

func repoRoutes() []route {
	return []route{
		{"GET", "/repos/{owner}/{repo}", "metadata:read", (*call).getRepo},
		{"GET", "/repos/{owner}/{repo}/branches", "contents:read", (*call).listBranches},
		{"GET", "/repos/{owner}/{repo}/branches/{branch}", "contents:read", (*call).getBranch},
		{"GET", "/repos/{owner}/{repo}/collaborators/{username}/permission", "metadata:read", (*call).getPermission},
		{"GET", "/repos/{owner}/{repo}/contents/{path}", "contents:read", (*call).getContents},
		{"GET", "/repos/{owner}/{repo}/commits", "contents:read", (*call).listCommits},
		{"GET", "/repos/{owner}/{repo}/compare/{basehead}", "contents:read", (*call).compare},
	}
}

func (c *call) getRepo() *reply {
	role := c.role
	if c.caller.token != nil && c.caller.token.install != nil {
		role = "read"
	}
	return ok(c.repo.renderFull(role))
}

// refs are the references as announced, or as before that on a stale read.
func (c *call) refs() map[string]string {
	if c.stale && c.g.staleWindow(c.repo.refsChanged) {
		return c.repo.staleRefs
	}
	return c.repo.refs
}

func (c *call) listBranches() *reply {
	refs := c.refs()
	var names []string
	for _, ref := range slices.Sorted(maps.Keys(refs)) {
		if name, ok := strings.CutPrefix(ref, "refs/heads/"); ok {
			names = append(names, name)
		}
	}
	return listOf(c, names, func(name string) any {
		sha := refs["refs/heads/"+name]
		return fields{"name": name, "commit": fields{"sha": sha, "url": c.repo.apiURL() + "/commits/" + sha}, "protected": c.repo.protections[name] != nil,
			"protection": c.repo.renderProtected(name), "protection_url": c.repo.apiURL() + "/branches/" + name + "/protection"}
	})
}

func (c *call) getBranch() *reply {
	name := c.params["branch"]
	sha := c.refs()["refs/heads/"+name]
	if sha == "" {
		return fail(http.StatusNotFound, "Branch not found")
	}
	found, err := c.repo.commit(sha)
	if err != nil {
		return c.missing(err)
	}
	at := c.repo.apiURL() + "/branches/" + name
	return ok(fields{"name": name, "commit": c.repo.renderCommit(found), "protected": c.repo.protections[name] != nil, "protection_url": at + "/protection",
		"_links":     fields{"self": at, "html": c.repo.webURL() + "/tree/" + name},
		"protection": c.repo.renderProtected(name)})
}

func (c *call) getPermission() *reply {
	u := c.g.users[strings.ToLower(c.params["username"])]
	if u == nil {
		return notFound()
	}
	shown, _ := c.g.renderUser(u).(fields)
	role := c.repo.role(u)
	name := role
	if role == "" {
		name = "none"
	}
	shown["permissions"], shown["role_name"] = renderRole(role), name
	return ok(fields{"permission": c.repo.permission(u), "role_name": name, "user": shown})
}

// resolve turns a branch, a tag, a full reference or a commit id into a commit.
func (c *call) resolve(rev string) (*commit, error) {
	refs := c.refs()
	for _, name := range []string{"refs/heads/" + rev, "refs/tags/" + rev, "refs/" + rev, rev} {
		if id := refs[name]; id != "" {
			return c.repo.commit(id)
		}
	}
	if !isHex(rev) {
		return nil, errNoObject
	}
	return c.repo.commit(rev)
}

func isHex(s string) bool {
	return len(s) >= 4 && len(s) <= 40 && strings.Trim(s, "0123456789abcdef") == ""
}

func (c *call) getContents() *reply {
	rev := c.query.Get("ref")
	if rev == "" {
		rev = c.repo.defaultBranch
	}
	at, err := c.resolve(rev)
	if err != nil {
		return fail(http.StatusNotFound, "No commit found for the ref "+rev)
	}
	name := strings.Trim(c.params["path"], "/")
	e, err := c.repo.lookup(at, name)
	if err != nil {
		return c.missing(err)
	}
	if e.kind() == "tree" {
		return c.listFolder(e, name, rev)
	}
	shown, refusal := c.renderContent(e, name, rev, true)
	if refusal != nil {
		return refusal
	}
	if raw, isRaw := shown["raw"].([]byte); isRaw && wantsRaw(c.x.RequestHeader) {
		return &reply{status: http.StatusOK, header: http.Header{}, raw: raw, kind: "application/vnd.github.raw+json; charset=utf-8"}
	}
	delete(shown, "raw")
	return ok(shown)
}

func wantsRaw(h http.Header) bool {
	accept := h.Get("Accept")
	return strings.Contains(accept, "github.raw") || strings.Contains(accept, "github.v3.raw")
}

func (c *call) listFolder(e entry, name, rev string) *reply {
	_, entries, err := c.repo.tree(e.id)
	if err != nil {
		return c.missing(err)
	}
	list := []fields{}
	for _, child := range entries[:min(len(entries), 1000)] {
		shown, refusal := c.renderContent(child, path.Join(name, child.name), rev, false)
		if refusal != nil {
			return refusal
		}
		list = append(list, shown)
	}
	return ok(list)
}

// renderContent shows an entry as the contents API does. Content up to 1 MB is
// given in base64, larger files have encoding "none", and from 100 MB on nothing.
func (c *call) renderContent(e entry, name, rev string, whole bool) (fields, *reply) {
	kind := map[string]string{"120000": "symlink", "160000": "submodule", "40000": "dir"}[e.mode]
	if kind == "" {
		kind = "file"
	}
	at := c.repo.apiURL() + "/contents/" + escapePath(name) + "?ref=" + rev
	page := c.repo.webURL() + "/blob/" + rev + "/" + escapePath(name)
	object := c.repo.apiURL() + "/git/blobs/" + e.id
	out := fields{"type": kind, "size": 0, "name": path.Base(name), "path": name, "sha": e.id, "url": at, "git_url": object,
		"html_url": page, "download_url": nil, "_links": fields{"git": object, "self": at, "html": page}}
	if e.kind() != "blob" {
		if kind == "submodule" {
			out["submodule_git_url"] = nil
		}
		return out, nil
	}
	o, err := c.repo.objects.read(e.id)
	if err != nil {
		return nil, c.missing(err)
	}
	out["size"], out["download_url"] = len(o.data), c.repo.webURL()+"/raw/"+rev+"/"+escapePath(name)
	if !whole {
		return out, nil
	}
	out["raw"] = o.data
	switch {
	case kind == "symlink":
		out["target"] = string(o.data)
	case len(o.data) > 100<<20:
		return nil, fail(http.StatusForbidden, "This API returns blobs up to 100 MB in size.")
	case len(o.data) > 1<<20:
		out["encoding"], out["content"] = "none", ""
	default:
		out["encoding"], out["content"] = "base64", wrap64(o.data)
	}
	return out, nil
}

// wrap64 is base64 in lines of 60, as GitHub sends it.
func wrap64(data []byte) string {
	text := base64.StdEncoding.EncodeToString(data)
	var b strings.Builder
	for len(text) > 60 {
		b.WriteString(text[:60] + "\n")
		text = text[60:]
	}
	if text != "" {
		b.WriteString(text + "\n")
	}
	return b.String()
}

func (c *call) listCommits() *reply {
	rev := c.query.Get("sha")
	if rev == "" {
		rev = c.repo.defaultBranch
	}
	head, err := c.resolve(rev)
	if err != nil {
		return c.missing(err)
	}
	list := c.repo.between("", head.id)
	slices.Reverse(list)
	return listOf(c, list, func(found *commit) any { return c.repo.renderCommit(found) })
}

// compare answers base...head: at most 250 commits without paging, and 300
// files, on the first page only.
func (c *call) compare() *reply {
	base, head, found := strings.Cut(c.params["basehead"], "...")
	if !found {
		return notFound()
	}
	from, err := c.resolve(afterColon(base))
	if err != nil {
		return c.missing(err)
	}
	to, err := c.resolve(afterColon(head))
	if err != nil {
		return c.missing(err)
	}
	fork := c.repo.mergeBase(from.id, to.id)
	if fork == "" {
		return fail(http.StatusNotFound, "No common ancestor between "+base+" and "+head+".")
	}
	root, err := c.repo.commit(fork)
	if err != nil {
		return c.missing(err)
	}
	ahead, behind := c.repo.between(from.id, to.id), c.repo.between(to.id, from.id)
	files, err := c.repo.diffFiles(fork, to.id)
	if err != nil {
		return c.broken(err)
	}
	page, header := ahead[max(0, len(ahead)-250):], http.Header{}
	if c.query.Has("page") || c.query.Has("per_page") {
		page, header = pageOf(c, ahead)
	}
	if atLeast1(c.query.Get("page"), 1) > 1 {
		files = nil
	}
	status := map[[2]bool]string{{false, false}: "identical", {true, false}: "ahead", {false, true}: "behind", {true, true}: "diverged"}
	at := c.repo.apiURL() + "/compare/" + c.params["basehead"]
	web := c.repo.webURL() + "/compare/" + c.params["basehead"]
	out := ok(fields{"url": at, "html_url": web, "permalink_url": c.repo.webURL() + "/compare/" + short(from.id) + "..." + short(to.id),
		"diff_url": web + ".diff", "patch_url": web + ".patch", "base_commit": c.repo.renderCommit(from),
		"merge_base_commit": c.repo.renderCommit(root), "status": status[[2]bool{len(ahead) > 0, len(behind) > 0}],
		"ahead_by": len(ahead), "behind_by": len(behind), "total_commits": len(ahead),
		"commits": renderAll(page, func(found *commit) any { return c.repo.renderCommit(found) }),
		"files":   renderAll(files[:min(len(files), 300)], func(f diffFile) any { return c.repo.renderFile(f, to.id) })})
	out.header = header
	return out
}

// afterColon drops the owner from "owner:branch".
func afterColon(s string) string {
	if _, ref, ok := strings.Cut(s, ":"); ok {
		return ref
	}
	return s
}

// renderCommit is a commit as the commits API shows it.
func (r *Repo) renderCommit(c *commit) fields {
	at, page := r.apiURL()+"/commits/"+c.id, r.webURL()+"/commit/"+c.id
	parents := []fields{}
	for _, p := range c.parents {
		parents = append(parents, fields{"sha": p, "url": r.apiURL() + "/commits/" + p, "html_url": r.webURL() + "/commit/" + p})
	}
	return fields{"sha": c.id, "node_id": nodeID("Commit", c.id), "url": at, "html_url": page, "comments_url": at + "/comments",
		"commit": fields{"url": r.apiURL() + "/git/commits/" + c.id, "author": renderSignature(c.author), "committer": renderSignature(c.committer),
			"message": strings.TrimRight(c.message, "\n"), "comment_count": 0, "verification": renderUnsigned(),
			"tree": fields{"sha": c.tree, "url": r.apiURL() + "/git/trees/" + c.tree}},
		"author": r.g.renderUser(r.g.accountOf(c.author)), "committer": r.g.renderUser(r.g.accountOf(c.committer)), "parents": parents}
}

func renderSignature(s signature) fields {
	return fields{"name": s.name, "email": s.email, "date": s.at.Format(time.RFC3339)}
}

func renderUnsigned() fields {
	return fields{"verified": false, "reason": "unsigned", "signature": nil, "payload": nil, "verified_at": nil}
}

// renderFile is a file of a comparison.
func (r *Repo) renderFile(f diffFile, head string) fields {
	name := escapePath(f.path)
	out := fields{"sha": f.id, "filename": f.path, "status": f.status, "additions": f.additions, "deletions": f.deletions,
		"changes": f.additions + f.deletions, "blob_url": r.webURL() + "/blob/" + head + "/" + name,
		"raw_url": r.webURL() + "/raw/" + head + "/" + name, "contents_url": r.apiURL() + "/contents/" + name + "?ref=" + head}
	if f.previous != "" {
		out["previous_filename"] = f.previous
	}
	if f.patch != "" {
		out["patch"] = f.patch
	}
	return out
}
