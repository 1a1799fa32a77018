package sim

import (
	"net/http"
	"slices"
	"strings"
)

func teamRoutes() []route {
	return []route{
		{"GET", "/orgs/{org}/teams/{team_slug}/members", "members:read", (*call).listMembers},
		{"GET", "/orgs/{org}/teams/{team_slug}/memberships/{username}", "members:read", (*call).getMembership},
		{"GET", "/repos/{owner}/{repo}/collaborators/{username}", "metadata:read", (*call).checkCollaborator},
	}
}

// authorizeOrg lets an installation on the organization do what its
// permissions allow, and members of the organization read.
func (c *call) authorizeOrg(op route) *reply {
	org := c.g.users[strings.ToLower(c.params["org"])]
	t := c.caller.token
	switch {
	case t == nil:
		return fail(http.StatusUnauthorized, "Requires authentication")
	case org == nil || org.Kind != "Organization":
		return notFound()
	case t.install != nil && t.install.account != org:
		return notFound()
	case t.install != nil:
		return t.need(op.need)
	}
	if _, member := org.members[t.user]; !member {
		return notFound()
	}
	return nil
}

func (c *call) theTeam() *Team {
	return c.g.users[strings.ToLower(c.params["org"])].team(c.params["team_slug"])
}

func (c *call) listMembers() *reply {
	t := c.theTeam()
	if t == nil {
		return notFound()
	}
	list := slices.Clone(t.members)
	if role := c.query.Get("role"); role == "member" || role == "maintainer" {
		list = slices.DeleteFunc(list, func(m member) bool { return m.role != role })
	}
	return listOf(c, list, func(m member) any {
		shown, _ := c.g.renderUser(m.user).(fields)
		shown["role"], shown["inherited"] = m.role, false
		return shown
	})
}

// getMembership answers 404 for whoever is not in the team, known or not.
func (c *call) getMembership() *reply {
	t, u := c.theTeam(), c.g.users[strings.ToLower(c.params["username"])]
	if t == nil || u == nil || t.role(u) == "" {
		return notFound()
	}
	return ok(fields{"role": t.role(u), "state": "active", "url": t.apiURL() + "/memberships/" + u.Login})
}

// checkCollaborator answers without a body: 204 for those who were given a
// role, by name, through a team or as a member of the organization.
func (c *call) checkCollaborator() *reply {
	u := c.g.users[strings.ToLower(c.params["username"])]
	if u == nil || c.repo.granted(u) == "" {
		return notFound()
	}
	return answer(http.StatusNoContent, nil)
}

func (t *Team) apiURL() string { return t.org.g.api("/organizations/%d/team/%d", t.org.ID, t.id) }

// renderFull is a team as the REST API shows it in lists of pull requests and
// of those who were asked. One pull request alone does not say what its parent is.
func (t *Team) renderFull() fields {
	out := t.render()
	out["notification_setting"], out["type"], out["parent"] = "notifications_enabled", "organization", nil
	return out
}

// render is a team as webhooks show it.
func (t *Team) render() fields {
	at := t.apiURL()
	return fields{"id": t.id, "node_id": nodeID("Team", t.id), "url": at, "name": t.name, "slug": t.Slug, "description": "",
		"html_url": t.org.g.web("/orgs/%s/teams/%s", t.org.Login, t.Slug), "members_url": at + "/members{/member}",
		"repositories_url": at + "/repos", "privacy": "closed", "permission": "pull"}
}
