package sim

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"
)

// Rules is what may not happen to a branch. Protections and rulesets are made of them.
type Rules struct {
	Checks         []RequiredCheck // status checks that must have passed
	Strict         bool            // a pull request must hold the base's tip
	PullRequest    bool            // changes come through a pull request
	Reviews        int             // approving reviews a pull request needs; implies PullRequest
	NoCreation     bool
	NoUpdate       bool
	NoDeletion     bool
	NonFastForward bool // no force-pushes
}

// RequiredCheck is a status check that must have passed: a check run or a
// commit status of that name, and both where both are there.
type RequiredCheck struct {
	Name string
	App  *App // the one whose check counts; nil: whoever's
}

// Allowed are accounts, teams and Apps that may do something.
type Allowed struct {
	Users []*User
	Teams []*Team
	Apps  []*App
}

// Protection is the protection of a branch: Rules, and who they do not hold for.
// Force-pushes and deletion are refused unless AllowForce and AllowDeletion say
// otherwise, whatever NonFastForward, NoDeletion, NoCreation and NoUpdate say.
type Protection struct {
	Rules
	Admins        bool     // the rules hold for administrators too
	Push          *Allowed // who alone may push and merge; nil: whoever may write
	NoReview      Allowed  // who needs no pull request
	AllowForce    bool
	AllowDeletion bool

	id int64
	at time.Time
}

// Ruleset is a ruleset of a repository.
type Ruleset struct {
	Name string
	// Include and Exclude are patterns of full references, as of path.Match
	// with ** for any number of segments, or ~ALL, or ~DEFAULT_BRANCH.
	Include, Exclude []string
	Enforcement      string // "active", which "" means, "evaluate" or "disabled"
	Rules
	Bypass []Bypass

	id               int64
	created, updated time.Time
}

// Bypass is somebody whom a ruleset does not hold for: an App, a team, or
// everybody with at least a role.
type Bypass struct {
	App  *App
	Team *Team
	Role string // "write", "maintain" or "admin"
	Mode string // "always", which "" means, or "pull_request": only for merging one
}

// Protect protects a branch, or changes its protection.
func (r *Repo) Protect(branch string, p Protection) {
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	action := "edited"
	old := r.protections[branch]
	if old == nil {
		action, old = "created", &Protection{id: r.g.nextID("protection"), at: r.g.now()}
	}
	p.id, p.at, p.PullRequest = old.id, old.at, p.PullRequest || p.Reviews > 0
	r.protections[branch] = &p
	r.sendProtection(action, branch, &p)
}

// Unprotect takes the protection of a branch away.
func (r *Repo) Unprotect(branch string) {
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	old := r.protections[branch]
	if old == nil {
		return
	}
	delete(r.protections, branch)
	r.sendProtection("deleted", branch, old)
}

// SetRuleset makes a ruleset, or changes the one of that name.
func (r *Repo) SetRuleset(s Ruleset) error {
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	if problem := s.problem(); problem != "" {
		return fmt.Errorf("make the ruleset %q of %s: %s", s.Name, r.fullName(), problem)
	}
	if s.Enforcement == "" {
		s.Enforcement = "active"
	}
	s.PullRequest, s.updated = s.PullRequest || s.Reviews > 0, r.g.now()
	at := r.rulesetAt(s.Name)
	if at >= 0 {
		s.id, s.created = r.rulesets[at].id, r.rulesets[at].created
		r.rulesets[at] = &s
		r.sendRuleset("edited", &s)
		return nil
	}
	s.id, s.created = r.g.nextID("ruleset"), s.updated
	r.rulesets = append(r.rulesets, &s)
	r.sendRuleset("created", &s)
	return nil
}

// RemoveRuleset deletes the ruleset of that name.
func (r *Repo) RemoveRuleset(name string) error {
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	at := r.rulesetAt(name)
	if at < 0 {
		return fmt.Errorf("remove the ruleset %q of %s: there is none of that name", name, r.fullName())
	}
	old := r.rulesets[at]
	r.rulesets = slices.Delete(r.rulesets, at, at+1)
	r.sendRuleset("deleted", old)
	return nil
}

func (r *Repo) rulesetAt(name string) int {
	return slices.IndexFunc(r.rulesets, func(s *Ruleset) bool { return s.Name == name })
}

func (s *Ruleset) problem() string {
	if s.Name == "" || len(s.Include) == 0 {
		return "it needs a name and references to hold for"
	}
	if !slices.Contains([]string{"", "active", "evaluate", "disabled"}, s.Enforcement) {
		return fmt.Sprintf("there is no enforcement %q; take active, evaluate or disabled", s.Enforcement)
	}
	for _, pattern := range slices.Concat(s.Include, s.Exclude) {
		if _, err := path.Match(pattern, ""); err != nil {
			return fmt.Sprintf("the pattern %q cannot be read", pattern)
		}
	}
	for _, b := range s.Bypass {
		if !slices.Contains([]string{"", "always", "pull_request"}, b.Mode) {
			return fmt.Sprintf("there is no bypass mode %q; take always or pull_request", b.Mode)
		}
	}
	return ""
}

// holdsFor tells whether the ruleset is about a reference at all.
func (s *Ruleset) holdsFor(r *Repo, ref string) bool {
	matches := func(pattern string) bool {
		switch pattern {
		case "~ALL":
			return strings.HasPrefix(ref, "refs/heads/")
		case "~DEFAULT_BRANCH":
			return ref == "refs/heads/"+r.defaultBranch
		}
		return matchRef(strings.Split(pattern, "/"), strings.Split(ref, "/"))
	}
	return slices.ContainsFunc(s.Include, matches) && !slices.ContainsFunc(s.Exclude, matches)
}

func matchRef(pattern, ref []string) bool {
	switch {
	case len(pattern) == 0 || len(ref) == 0:
		return len(pattern) == len(ref)
	case pattern[0] == "**":
		return matchRef(pattern[1:], ref[1:]) || matchRef(pattern, ref[1:]) || len(pattern) == 1
	}
	ok, err := path.Match(pattern[0], ref[0])
	return ok && err == nil && matchRef(pattern[1:], ref[1:])
}

// includes tells whether somebody is named, by account, team or App.
func (a *Allowed) includes(who pusher) bool {
	if app := who.app(); app != nil {
		return slices.Contains(a.Apps, app)
	}
	return slices.Contains(a.Users, who.by) || slices.ContainsFunc(a.Teams, func(t *Team) bool { return t.role(who.by) != "" })
}

// bypassed tells whether a ruleset does not hold for a move.
func (s *Ruleset) bypassed(m move) bool {
	return slices.ContainsFunc(s.Bypass, func(b Bypass) bool {
		app := m.who.app()
		named := app != nil && b.App == app || app == nil && b.Team != nil && b.Team.role(m.who.by) != "" ||
			app == nil && b.Role != "" && higher(m.repo.role(m.who.by), b.Role) == m.repo.role(m.who.by)
		return named && (b.Mode != "pull_request" || m.pull != nil)
	})
}
