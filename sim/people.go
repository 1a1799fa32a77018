package sim

import (
	"fmt"
	"slices"
	"strings"
)

// Team is a team of an organization.
type Team struct {
	Slug string

	id      int64
	org     *User
	name    string
	members []member
	roles   map[*Repo]string // what its members may do there
}

// member is one account of a team.
type member struct {
	user *User
	role string // "member" or "maintainer"
}

// Team is the organization's team with that name; the first call makes it. The
// accounts become its members, and thereby private members of the organization.
func (u *User) Team(name string, members ...*User) *Team {
	u.g.mu.Lock()
	defer u.g.mu.Unlock()
	t := u.team(slugOf(name))
	if t == nil {
		t = &Team{Slug: slugOf(name), id: u.g.nextID("team"), org: u, name: name, roles: map[*Repo]string{}}
		u.teams = append(u.teams, t)
	}
	for _, m := range members {
		t.add(m, "member")
	}
	return t
}

// team finds a team by its slug.
func (u *User) team(slug string) *Team {
	for _, t := range u.teams {
		if strings.EqualFold(t.Slug, slug) {
			return t
		}
	}
	return nil
}

// Add makes an account a member of the team, with the role "member" or "maintainer".
func (t *Team) Add(u *User, role string) error {
	t.org.g.mu.Lock()
	defer t.org.g.mu.Unlock()
	if role != "member" && role != "maintainer" {
		return fmt.Errorf("add %s to the team %s: there is no role %q; take member or maintainer", u.Login, t.Slug, role)
	}
	t.add(u, role)
	return nil
}

func (t *Team) add(u *User, role string) {
	t.drop(u)
	t.members = append(t.members, member{u, role})
	if _, known := t.org.members[u]; !known {
		t.org.join(u, false)
	}
}

// Remove takes an account out of the team. It stays in the organization.
func (t *Team) Remove(u *User) {
	t.org.g.mu.Lock()
	defer t.org.g.mu.Unlock()
	t.drop(u)
}

func (t *Team) drop(u *User) {
	t.members = slices.DeleteFunc(t.members, func(m member) bool { return m.user == u })
}

// role is an account's role in the team, "" for those who are not in it.
func (t *Team) role(u *User) string {
	for _, m := range t.members {
		if m.user == u {
			return m.role
		}
	}
	return ""
}

// Join makes an account a member of the organization: a public one, or a
// private one whom only those may see who may see members. Members may read
// the organization's repositories, which is GitHub's default.
func (u *User) Join(m *User, public bool) {
	u.g.mu.Lock()
	defer u.g.mu.Unlock()
	u.join(m, public)
}

func (u *User) join(m *User, public bool) {
	if u.members == nil {
		u.members = map[*User]bool{}
	}
	u.members[m] = public
}

// Leave takes an account out of the organization and of all its teams.
func (u *User) Leave(m *User) {
	u.g.mu.Lock()
	defer u.g.mu.Unlock()
	delete(u.members, m)
	for _, t := range u.teams {
		t.drop(m)
	}
}

// CollaborateTeam gives the members of a team a role, as Collaborate does for
// an account; "none" takes it away. The team is one of the repository's owner.
func (r *Repo) CollaborateTeam(t *Team, role string) error {
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	switch {
	case t.org != r.owner:
		return fmt.Errorf("give the team %s a role on %s: it is a team of %s", t.Slug, r.fullName(), t.org.Login)
	case role == "none":
		delete(t.roles, r)
	case slices.Contains(roles, role):
		t.roles[r] = role
	default:
		return fmt.Errorf("give the team %s the role %q on %s: there is no such role; take %s or none", t.Slug, role,
			r.fullName(), strings.Join(roles, ", "))
	}
	return nil
}

// roles are what an account may do on a repository, the least first.
var roles = []string{"read", "triage", "write", "maintain", "admin"}

// higher is the role of two that allows more; "" allows nothing.
func higher(a, b string) string {
	if slices.Index(roles, b) > slices.Index(roles, a) {
		return b
	}
	return a
}

// granted is the role that was given to an account: by name, through its
// teams, or as a member of the organization.
func (r *Repo) granted(u *User) string {
	if u == r.owner {
		return "admin"
	}
	role := r.roles[u]
	if _, known := r.owner.members[u]; known {
		role = higher(role, "read")
	}
	for _, t := range r.owner.teams {
		if t.role(u) != "" {
			role = higher(role, t.roles[r])
		}
	}
	return role
}

// association is how author_association names an account towards a
// repository, as somebody sees it who may not see private members: they are
// named as if they were strangers.
func (r *Repo) association(u *User) string {
	switch {
	case u == nil:
		return "NONE"
	case r.owner == u:
		return "OWNER"
	case r.owner.members[u]:
		return "MEMBER"
	case r.roles[u] != "":
		return "COLLABORATOR"
	case slices.ContainsFunc(r.pulls, func(p *Pull) bool { return p.merged && p.by == u }):
		return "CONTRIBUTOR"
	}
	return "NONE"
}

// mayPush tells whether an account may push to the repository.
func (r *Repo) mayPush(u *User) bool {
	return slices.Index(roles, r.role(u)) >= slices.Index(roles, "write")
}

// mayTriage tells whether an account may label, and ask for reviews.
func (r *Repo) mayTriage(u *User) bool {
	return slices.Index(roles, r.role(u)) >= slices.Index(roles, "triage")
}
