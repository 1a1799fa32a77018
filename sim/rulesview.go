package sim

import (
	"maps"
	"net/http"
	"slices"
)

func ruleRoutes() []route {
	return []route{
		{"GET", "/repos/{owner}/{repo}/branches/{branch}/protection", "administration:read", (*call).getProtection},
		{"GET", "/repos/{owner}/{repo}/rules/branches/{branch}", "metadata:read", (*call).branchRules},
		{"GET", "/repos/{owner}/{repo}/rulesets", "metadata:read", (*call).listRulesets},
	}
}

func (c *call) getProtection() *reply {
	branch := c.params["branch"]
	p := c.repo.protections[branch]
	switch {
	case c.repo.refs["refs/heads/"+branch] == "":
		return fail(http.StatusNotFound, "Branch not found")
	case p == nil:
		return fail(http.StatusNotFound, "Branch not protected")
	}
	return ok(p.render(c.repo, c.repo.apiURL()+"/branches/"+branch+"/protection"))
}

// render is a protection as its own operation shows it: what is not required is left out.
func (p *Protection) render(r *Repo, at string) fields {
	enabled := func(on bool) fields { return fields{"enabled": on} }
	out := fields{"url": at, "enforce_admins": fields{"url": at + "/enforce_admins", "enabled": p.Admins},
		"required_signatures":     fields{"url": at + "/required_signatures", "enabled": false},
		"required_linear_history": enabled(false), "allow_force_pushes": enabled(p.AllowForce), "allow_deletions": enabled(p.AllowDeletion),
		"block_creations": enabled(false), "required_conversation_resolution": enabled(false), "lock_branch": enabled(false),
		"allow_fork_syncing": enabled(false)}
	if len(p.Checks) > 0 {
		out["required_status_checks"] = fields{"url": at + "/required_status_checks", "enforcement_level": p.level(), "contexts_url": at + "/required_status_checks/contexts",
			"strict": p.Strict, "contexts": contexts(p.Checks), "checks": renderAll(p.Checks, func(c RequiredCheck) any { return c.render("app_id") })}
	}
	if p.PullRequest {
		reviews := at + "/required_pull_request_reviews"
		out["required_pull_request_reviews"] = fields{"url": reviews, "dismiss_stale_reviews": r.dismissStale,
			"require_code_owner_reviews": false, "required_approving_review_count": p.Reviews, "require_last_push_approval": false,
			"bypass_pull_request_allowances": p.NoReview.render(r.g)}
	}
	if p.Push != nil {
		restrictions := at + "/restrictions"
		out["restrictions"] = p.Push.render(r.g)
		maps.Copy(out["restrictions"].(fields), fields{"url": restrictions, "users_url": restrictions + "/users",
			"teams_url": restrictions + "/teams", "apps_url": restrictions + "/apps"})
	}
	return out
}

// level is whom the protection holds for.
func (p *Protection) level() string {
	if p.Admins {
		return "everyone"
	}
	return "non_admins"
}

func contexts(checks []RequiredCheck) []string {
	out := []string{}
	for _, c := range checks {
		out = append(out, c.Name)
	}
	return out
}

// render is a required check; key names what its App's id is called.
func (c RequiredCheck) render(key string) fields {
	out := fields{"context": c.Name}
	if c.App != nil {
		out[key] = c.App.ID
	} else if key == "app_id" {
		out[key] = nil
	}
	return out
}

func (a *Allowed) render(g *GitHub) fields {
	return fields{"users": renderAll(a.Users, func(u *User) any { return g.renderUser(u) }),
		"teams": renderAll(a.Teams, func(t *Team) any { return t.renderFull() }),
		"apps":  renderAll(a.Apps, func(app *App) any { return g.renderApp(app) })}
}

// renderProtected is the short form inside a branch.
func (r *Repo) renderProtected(branch string) fields {
	p := r.protections[branch]
	checks := fields{"enforcement_level": "off", "contexts": []string{}, "checks": []string{}}
	if p != nil && len(p.Checks) > 0 {
		checks = fields{"enforcement_level": p.level(), "contexts": contexts(p.Checks),
			"checks": renderAll(p.Checks, func(c RequiredCheck) any { return c.render("app_id") })}
	}
	return fields{"enabled": p != nil, "required_status_checks": checks}
}

// branchRules lists the rules of active rulesets that hold for a branch, which
// need not be there. Who may bypass them it does not tell.
func (c *call) branchRules() *reply {
	var list []fields
	for _, s := range c.repo.rulesets {
		if s.Enforcement != "active" || !s.holdsFor(c.repo, "refs/heads/"+c.params["branch"]) {
			continue
		}
		for _, rule := range s.Rules.render() {
			maps.Copy(rule, fields{"ruleset_source_type": "Repository", "ruleset_source": c.repo.fullName(), "ruleset_id": s.id})
			list = append(list, rule)
		}
	}
	return listOf(c, list, func(rule fields) any { return rule })
}

// render lists the rules as rulesets name them.
func (rules Rules) render() []fields {
	var out []fields
	add := func(on bool, kind string, parameters fields) {
		if rule := (fields{"type": kind}); on {
			if parameters != nil {
				rule["parameters"] = parameters
			}
			out = append(out, rule)
		}
	}
	add(rules.NoCreation, "creation", nil)
	add(rules.NoUpdate, "update", fields{"update_allows_fetch_and_merge": false})
	add(rules.NoDeletion, "deletion", nil)
	add(rules.NonFastForward, "non_fast_forward", nil)
	add(rules.PullRequest, "pull_request", fields{"required_approving_review_count": rules.Reviews, "dismiss_stale_reviews_on_push": false,
		"require_code_owner_review": false, "require_last_push_approval": false, "required_review_thread_resolution": false})
	add(len(rules.Checks) > 0, "required_status_checks", fields{"strict_required_status_checks_policy": rules.Strict,
		"required_status_checks": renderAll(rules.Checks, func(c RequiredCheck) any { return c.render("integration_id") })})
	return out
}

func (c *call) listRulesets() *reply {
	list := slices.Clone(c.repo.rulesets)
	return listOf(c, list, func(s *Ruleset) any { return s.render(c.repo) })
}

func (s *Ruleset) render(r *Repo) fields {
	return fields{"id": s.id, "node_id": nodeID("RepositoryRuleset", s.id), "name": s.Name, "target": "branch", "source_type": "Repository",
		"source": r.fullName(), "enforcement": s.Enforcement, "created_at": stamp(s.created), "updated_at": stamp(s.updated),
		"_links": fields{"self": fields{"href": r.apiURL() + "/rulesets/" + itoa(s.id)}, "html": fields{"href": r.webURL() + "/rules/" + itoa(s.id)}}}
}

// sendProtection tells Apps of a protection that was made, changed or taken away.
func (r *Repo) sendProtection(action, branch string, p *Protection) {
	level := func(on bool) string {
		if on {
			return p.level()
		}
		return "off"
	}
	actors := []string{}
	if p.Push != nil {
		for _, u := range p.Push.Users {
			actors = append(actors, u.Login)
		}
	}
	rule := fields{"id": p.id, "repository_id": r.ID, "name": branch, "created_at": stamp(p.at), "updated_at": stamp(r.g.now()),
		"pull_request_reviews_enforcement_level": level(p.PullRequest), "required_approving_review_count": p.Reviews,
		"dismiss_stale_reviews_on_push": r.dismissStale, "require_code_owner_review": false, "authorized_dismissal_actors_only": false,
		"ignore_approvals_from_contributors": false, "required_status_checks": contexts(p.Checks),
		"required_status_checks_enforcement_level": level(len(p.Checks) > 0), "strict_required_status_checks_policy": p.Strict,
		"signature_requirement_enforcement_level": "off", "linear_history_requirement_enforcement_level": "off",
		"lock_branch_enforcement_level": "off", "lock_allows_fork_sync": false, "admin_enforced": p.Admins,
		"allow_force_pushes_enforcement_level": level(p.AllowForce), "allow_deletions_enforcement_level": level(p.AllowDeletion),
		"merge_queue_enforcement_level": "off", "required_deployments_enforcement_level": "off",
		"required_conversation_resolution_level": "off", "authorized_actors_only": p.Push != nil, "authorized_actor_names": actors,
		"create_protected": false, "require_last_push_approval": false}
	r.broadcast("branch_protection_rule", action, func(*App) fields {
		out := fields{"action": action, "rule": rule, "sender": r.g.renderUser(r.owner)}
		if action == "edited" {
			out["changes"] = fields{}
		}
		return out
	})
	r.g.log(Event{Kind: "repository", Repo: r.fullName(), Actor: login(r.owner), Text: "protection of " + branch + " " + action})
}

// sendRuleset tells Apps of a ruleset that was made, changed or deleted.
func (r *Repo) sendRuleset(action string, s *Ruleset) {
	shown := s.render(r)
	shown["rules"] = append([]fields{}, s.Rules.render()...)
	shown["conditions"] = fields{"ref_name": fields{"include": s.Include, "exclude": append([]string{}, s.Exclude...)}}
	shown["bypass_actors"] = renderAll(s.Bypass, Bypass.render)
	r.broadcast("repository_ruleset", action, func(*App) fields {
		out := fields{"action": action, "repository_ruleset": shown, "sender": r.g.renderUser(r.owner)}
		if action == "edited" {
			out["changes"] = fields{}
		}
		return out
	})
	r.g.log(Event{Kind: "repository", Repo: r.fullName(), Actor: login(r.owner), Text: "ruleset " + quoted(s.Name) + " " + action})
}

func (b Bypass) render() any {
	mode := b.Mode
	if mode == "" {
		mode = "always"
	}
	switch {
	case b.App != nil:
		return fields{"actor_id": b.App.ID, "actor_type": "Integration", "bypass_mode": mode}
	case b.Team != nil:
		return fields{"actor_id": b.Team.id, "actor_type": "Team", "bypass_mode": mode}
	}
	id := map[string]int{"maintain": 2, "write": 4, "admin": 5}[b.Role]
	return fields{"actor_id": id, "actor_type": "RepositoryRole", "bypass_mode": mode}
}
