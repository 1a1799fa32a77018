package sim

import (
	"net/http"
	"net/url"
	"strings"
)

// authorize finds the repository of the operation and decides whether the
// caller may do it. What the caller may not see is not found; what it may see
// and not do is forbidden.
func (c *call) authorize(op route) *reply {
	switch op.need {
	case "app":
		if c.caller.app == nil || c.caller.token != nil {
			return fail(http.StatusUnauthorized, "A JSON web token could not be decoded")
		}
		return c.lookRepo(op)
	case "installation":
		if c.caller.token == nil || c.caller.token.install == nil {
			return fail(http.StatusForbidden, "You must authenticate with an installation access token in order to list repositories for an installation.")
		}
		return nil
	}
	if c.caller.app != nil && c.caller.token == nil && op.pattern != "/rate_limit" {
		return fail(http.StatusUnauthorized, "Bad credentials")
	}
	switch {
	case strings.HasPrefix(op.pattern, "/orgs/"):
		return c.authorizeOrg(op)
	case !strings.HasPrefix(op.pattern, "/repos/"):
		return nil
	}
	if refusal := c.lookRepo(op); refusal != nil {
		return refusal
	}
	if t := c.caller.token; t != nil && t.install != nil {
		return c.authorizeApp(t, op.need)
	}
	return c.authorizeUser(op.need)
}

// lookRepo finds the repository, answers 404 when the caller may not see it,
// and redirects from a former name.
func (c *call) lookRepo(op route) *reply {
	if !strings.HasPrefix(op.pattern, "/repos/") {
		return nil
	}
	asked := c.params["owner"] + "/" + c.params["repo"]
	r := c.g.names[strings.ToLower(asked)]
	if r == nil || !c.sees(r) {
		return notFound()
	}
	c.repo = r
	if c.caller.token != nil && c.caller.token.user != nil {
		c.role = r.role(c.caller.token.user)
	}
	if strings.EqualFold(asked, r.fullName()) {
		return nil
	}
	status := http.StatusMovedPermanently
	if c.x.Method != http.MethodGet {
		status = http.StatusTemporaryRedirect
	}
	rest := strings.SplitN(strings.Trim(c.x.Path, "/"), "/", 4)
	to := c.g.api("/repositories/%d", r.ID)
	if len(rest) == 4 {
		to += "/" + rest[3]
	}
	if c.x.Query != "" {
		to += "?" + c.x.Query
	}
	out := answer(status, fields{"message": "Moved Permanently", "url": to, "documentation_url": docsURL})
	out.header.Set("Location", to)
	return out
}

// sees says whether the caller may know that a repository exists.
func (c *call) sees(r *Repo) bool {
	t := c.caller.token
	switch {
	case t != nil && t.install != nil:
		return t.covers(r) || !r.private
	case t != nil:
		return r.role(t.user) != ""
	case c.caller.app != nil:
		return c.caller.app.installed(r) != nil || !r.private
	}
	return !r.private
}

// authorizeApp refuses what the token's permissions do not grant. GitHub lets
// any token read public repositories; the simulator does so only for those
// outside the installation, so that a missing permission always shows.
func (c *call) authorizeApp(t *token, need string) *reply {
	switch {
	case need == "":
		return nil
	case t.covers(c.repo):
		return t.need(need)
	case !strings.Contains(need, ":write"):
		return nil
	}
	return forbidden(need)
}

// need refuses a token that has none of the permissions.
func (t *token) need(need string) *reply {
	for one := range strings.FieldsSeq(need) {
		permission, level, _ := strings.Cut(one, ":")
		if t.may(permission, levelOf(level)) {
			return nil
		}
	}
	return forbidden(need)
}

// forbidden says which permissions, any of them, would do.
func forbidden(need string) *reply {
	var accepted []string
	for one := range strings.FieldsSeq(need) {
		permission, level, _ := strings.Cut(one, ":")
		accepted = append(accepted, url.PathEscape(permission)+"="+level)
	}
	out := fail(http.StatusForbidden, "Resource not accessible by integration")
	out.header.Set("X-Accepted-GitHub-Permissions", strings.Join(accepted, "; "))
	return out
}

// authorizeUser lets people do what their role allows. What concerns pull
// requests and issues is open to all who may read, and some of it is refused
// later.
func (c *call) authorizeUser(need string) *reply {
	if strings.HasPrefix(need, "administration:") && c.role != "admin" {
		return notFound()
	}
	if !strings.Contains(need, ":write") {
		return nil
	}
	if c.caller.token == nil {
		return fail(http.StatusUnauthorized, "Requires authentication")
	}
	permission, _, _ := strings.Cut(need, ":")
	switch {
	case permission == "checks":
		return fail(http.StatusForbidden, "You must authenticate via a GitHub App.")
	case permission != "pull_requests" && permission != "issues" && !c.repo.mayPush(c.caller.token.user):
		return fail(http.StatusForbidden, "Must have push access to repository")
	}
	return nil
}
