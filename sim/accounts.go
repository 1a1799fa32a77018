package sim

import "strings"

// User is an account: a person, a bot ("name[bot]") or an organization.
type User struct {
	ID    int64
	Login string
	Kind  string // "User", "Bot" or "Organization"
	// Token signs the account in, for git over HTTP (as the password) and for
	// the API. Organizations have none.
	Token string
	g     *GitHub
	app   *App // the App behind a bot, if any

	members map[*User]bool // of an organization: true for public ones
	teams   []*Team        // of an organization
}

// User is the person with that login; the first call makes the account.
func (g *GitHub) User(login string) *User { return g.openAccount(login, "User") }

// Bot is the bot account with that login, "name[bot]"; the first call makes it.
func (g *GitHub) Bot(login string) *User { return g.openAccount(login, "Bot") }

// Org is the organization with that login; the first call makes it.
func (g *GitHub) Org(login string) *User { return g.openAccount(login, "Organization") }

func (g *GitHub) openAccount(login, kind string) *User {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.account(login, kind)
}

// account finds or makes an account. Logins are compared without case, as on
// GitHub.
func (g *GitHub) account(login, kind string) *User {
	key := strings.ToLower(login)
	if u := g.users[key]; u != nil {
		return u
	}
	u := &User{ID: g.nextID("account"), Login: login, Kind: kind, g: g}
	if kind != "Organization" {
		u.Token = "ghp_" + g.secret("user")[:36]
		g.tokens[u.Token] = &token{user: u}
	}
	g.users[key] = u
	return u
}

// RenameUser gives an account another login. Its numeric id stays, and the old
// login is free for the next account: what identifies people is the id.
func (g *GitHub) RenameUser(u *User, login string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.users, strings.ToLower(u.Login))
	u.Login = login
	g.users[strings.ToLower(login)] = u
	g.log(Event{Kind: "account", Actor: login, Text: "is the new login of account " + itoa(u.ID)})
}

// email is the address GitHub gives for a private one.
func (u *User) email() string { return itoa(u.ID) + "+" + u.Login + "@users.noreply.github.com" }

// permission is the coarse permission of an account on a repository: admin,
// write, read or none. As in GitHub's API, maintain counts as write and triage
// as read.
func (r *Repo) permission(u *User) string {
	if u == nil {
		return "none"
	}
	switch r.role(u) {
	case "admin":
		return "admin"
	case "maintain", "write":
		return "write"
	case "triage", "read":
		return "read"
	}
	return "none"
}

// role is the fine role of an account: admin, maintain, write, triage, read or
// "" for none.
func (r *Repo) role(u *User) string {
	role := r.granted(u)
	if role == "" && !r.private {
		return "read"
	}
	return role
}
