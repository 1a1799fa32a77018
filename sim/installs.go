package sim

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Installation is an App installed on an account.
type Installation struct {
	ID int64

	g         *GitHub
	app       *App
	account   *User
	all       bool           // on all repositories of the account, later ones too
	repos     map[int64]bool // the selected ones
	suspended time.Time
	removed   bool
	created   time.Time
	updated   time.Time
	// permissions are those accepted at installation: an App whose manifest
	// asks for more later does not get it by itself.
	permissions map[string]string
}

// Install installs the App on an account, for the named repositories of it, or
// for all when none is named.
func (a *App) Install(owner string, repos ...string) (*Installation, error) {
	g := a.g
	g.mu.Lock()
	defer g.mu.Unlock()
	account := g.users[strings.ToLower(owner)]
	if account == nil {
		return nil, fmt.Errorf("install %s on %s: there is no such account; make it with Org, User or Repo", a.Slug, owner)
	}
	for _, i := range g.installs {
		if i.app == a && i.account == account && !i.removed {
			return nil, fmt.Errorf("install %s on %s: it is installed there already", a.Slug, owner)
		}
	}
	i := &Installation{ID: g.nextID("installation"), g: g, app: a, account: account, all: len(repos) == 0,
		repos: map[int64]bool{}, created: g.now(), updated: g.now(), permissions: a.permissions()}
	for _, name := range repos {
		r := g.names[strings.ToLower(owner+"/"+name)]
		if r == nil {
			return nil, fmt.Errorf("install %s on %s: there is no repository %s", a.Slug, owner, name)
		}
		i.repos[r.ID] = true
	}
	g.installs[i.ID] = i
	i.send("created", fields{"repositories": renderSelection(i.repositories()), "requester": nil})
	g.log(Event{Kind: "installation", Actor: owner, Text: "installed " + a.Slug})
	return i, nil
}

// has says whether a repository is in the installation.
func (i *Installation) has(r *Repo) bool {
	return r != nil && !r.deleted && r.owner == i.account && (i.all || i.repos[r.ID])
}

func (i *Installation) repositories() []*Repo {
	var out []*Repo
	for _, r := range i.g.sortedRepos() {
		if i.has(r) {
			out = append(out, r)
		}
	}
	return out
}

// AddRepo selects one more repository.
func (i *Installation) AddRepo(r *Repo) {
	i.g.mu.Lock()
	defer i.g.mu.Unlock()
	i.changeRepos([]*Repo{r}, nil)
}

// RemoveRepo takes a repository away.
func (i *Installation) RemoveRepo(r *Repo) {
	i.g.mu.Lock()
	defer i.g.mu.Unlock()
	i.changeRepos(nil, []*Repo{r})
}

func (i *Installation) changeRepos(added, removed []*Repo) {
	for _, r := range added {
		i.repos[r.ID] = true
	}
	for _, r := range removed {
		delete(i.repos, r.ID)
	}
	i.updated = i.g.now()
	action := "added"
	if len(added) == 0 {
		action = "removed"
	}
	i.app.send(delivery{event: "installation_repositories", action: action, install: i, body: fields{
		"action": action, "installation": i.g.renderHookInstallation(i), "repository_selection": i.selection(),
		"repositories_added": renderSelection(added), "repositories_removed": renderSelection(removed),
		"requester": nil, "sender": i.g.renderUser(i.account)}})
}

// Suspend stops the installation: its tokens no longer work, and no events are sent.
func (i *Installation) Suspend() { i.setSuspended(i.g.now(), "suspend") }

// Unsuspend ends a suspension.
func (i *Installation) Unsuspend() { i.setSuspended(time.Time{}, "unsuspend") }

func (i *Installation) setSuspended(at time.Time, action string) {
	i.g.mu.Lock()
	defer i.g.mu.Unlock()
	if i.removed || i.suspended.IsZero() == at.IsZero() {
		return
	}
	i.suspended, i.updated = at, i.g.now()
	i.send(action, nil)
	i.g.log(Event{Kind: "installation", Actor: i.account.Login, Text: action + "ed " + i.app.Slug})
}

// Uninstall removes the App from the account. Its tokens stop working at once.
func (i *Installation) Uninstall() {
	i.g.mu.Lock()
	defer i.g.mu.Unlock()
	if i.removed {
		return
	}
	i.send("deleted", fields{"repositories": renderSelection(i.repositories())})
	i.removed = true
	delete(i.g.installs, i.ID)
	i.g.log(Event{Kind: "installation", Actor: i.account.Login, Text: "uninstalled " + i.app.Slug})
}

// Grant changes what the account accepted: permission to level, "none" to take
// it away. It can never exceed the App's manifest.
func (i *Installation) Grant(permission, level string) error {
	i.g.mu.Lock()
	defer i.g.mu.Unlock()
	if levelOf(level) > levelOf(i.app.permissions()[permission]) {
		return fmt.Errorf("grant %s %s to %s: its manifest does not ask for that", permission, level, i.app.Slug)
	}
	i.permissions[permission] = level
	if level == "none" {
		delete(i.permissions, permission)
	}
	i.send("new_permissions_accepted", fields{"repositories": renderSelection(i.repositories())})
	return nil
}

func (i *Installation) selection() string {
	if i.all {
		return "all"
	}
	return "selected"
}

// send sends an installation event, which Apps always get, suspended or not.
func (i *Installation) send(action string, more fields) {
	body := fields{"action": action, "installation": i.g.renderHookInstallation(i), "sender": i.g.renderUser(i.account)}
	maps.Copy(body, more)
	i.app.send(delivery{event: "installation", action: action, install: i, body: body})
}

func (g *GitHub) sortedInstalls() []*Installation {
	var out []*Installation
	for _, id := range slices.Sorted(maps.Keys(g.installs)) {
		out = append(out, g.installs[id])
	}
	return out
}

// installed finds an App's installation that covers a repository.
func (a *App) installed(r *Repo) *Installation {
	for _, i := range a.g.sortedInstalls() {
		if i.app == a && i.has(r) {
			return i
		}
	}
	return nil
}
