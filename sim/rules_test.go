package sim

import (
	"strings"
	"testing"
)

// check puts a check run of the CI on a commit.
func (w *world) check(sha, name, conclusion string) {
	w.t.Helper()
	_, err := w.repo.ReportRun(RunReport{SHA: sha, Jobs: []JobReport{{Name: name, Conclusion: conclusion}}})
	w.must(err)
}

// appOf finds a registered App.
func (w *world) appOf(slug string) *App {
	w.t.Helper()
	w.g.mu.Lock()
	defer w.g.mu.Unlock()
	for _, a := range w.g.sortedApps() {
		if a.Slug == slug {
			return a
		}
	}
	w.t.Fatalf("there is no App %s", slug)
	return nil
}

// A branch's protection decides about references by API and by git, whoever moves them.
func TestProtectedBranches(t *testing.T) {
	w := wide(t)
	_, err := w.g.StartCI(CIOptions{Manual: true})
	w.must(err)
	boss := w.g.User("boss")
	w.must(w.repo.Collaborate(boss, "admin"))
	base := w.repo.Tip("main")
	unchecked, checked, failed := w.child(base), w.child(base, w.commit("x", "x", "x")), w.child(base, w.commit("y", "y", "y"))
	for _, sha := range []string{unchecked, checked, failed} {
		w.must(w.repo.Push(w.ann, "keep-"+sha[:7], sha, false))
	}
	w.check(checked, "build", "success")
	w.repo.SetStatus(w.ann, checked, "success", "lint", "")
	w.check(failed, "build", "failure")
	build, lint := RequiredCheck{Name: "build"}, RequiredCheck{Name: "lint"}
	app, person, admin := w.token(`null`), "Bearer "+w.ann.Token, "Bearer "+boss.Token
	for _, c := range []struct {
		why     string
		p       Protection
		who     string
		body    fields
		status  int
		message string
	}{
		{"one check that is not there", Protection{Rules: Rules{Checks: []RequiredCheck{build}}}, app, fields{"sha": unchecked}, 422, `Required status check "build" is expected.`},
		{"one that failed", Protection{Rules: Rules{Checks: []RequiredCheck{build}}}, app, fields{"sha": failed}, 422, `Required status check "build" is failing.`},
		{"several", Protection{Rules: Rules{Checks: []RequiredCheck{build, lint}}}, app, fields{"sha": unchecked}, 422, `2 of 2 required status checks are expected.`},
		{"several, of which one failed", Protection{Rules: Rules{Checks: []RequiredCheck{build, lint}}}, app, fields{"sha": failed}, 422,
			`2 of 2 required status checks have not succeeded: 1 expected and 1 failing.`},
		{"all passed", Protection{Rules: Rules{Checks: []RequiredCheck{build, lint}}}, app, fields{"sha": checked}, 200, ""},
		{"passed, but not by the App it is pinned to", Protection{Rules: Rules{Checks: []RequiredCheck{{Name: "build", App: w.app}}}}, app, fields{"sha": checked}, 422, `Required status check "build" is expected.`},
		{"passed by the App it is pinned to", Protection{Rules: Rules{Checks: []RequiredCheck{{Name: "build", App: w.appOf("github-actions")}}}}, app, fields{"sha": checked}, 200, ""},
		{"a status of a person for one that is pinned", Protection{Rules: Rules{Checks: []RequiredCheck{{Name: "lint", App: w.app}}}}, app, fields{"sha": checked}, 422, `Required status check "lint" is expected.`},
		{"a person", Protection{Rules: Rules{Checks: []RequiredCheck{build}}}, person, fields{"sha": unchecked}, 422, `Required status check "build" is expected.`},
		{"an administrator", Protection{Rules: Rules{Checks: []RequiredCheck{build}}}, admin, fields{"sha": unchecked}, 200, ""},
		{"an administrator whom the rules hold for", Protection{Rules: Rules{Checks: []RequiredCheck{build}}, Admins: true}, admin, fields{"sha": unchecked}, 422, `Required status check "build" is expected.`},
		{"pull requests required", Protection{Rules: Rules{Reviews: 1}}, app, fields{"sha": unchecked}, 422, "Changes must be made through a pull request."},
		{"pull requests required, but not of the App", Protection{Rules: Rules{Reviews: 1}, NoReview: Allowed{Apps: []*App{w.app}}}, app, fields{"sha": unchecked}, 200, ""},
		{"not of another App", Protection{Rules: Rules{Reviews: 1}, NoReview: Allowed{Users: []*User{w.ann}}}, app, fields{"sha": unchecked}, 422, "Changes must be made through a pull request."},
		{"pushes restricted", Protection{Push: &Allowed{Users: []*User{w.ann}}}, app, fields{"sha": unchecked}, 422,
			"You're not authorized to push to this branch. Visit https://docs.github.com/articles/about-protected-branches/ for more information."},
		{"restricted to the person", Protection{Push: &Allowed{Users: []*User{w.ann}}}, person, fields{"sha": unchecked}, 200, ""},
		{"restricted, but not for administrators", Protection{Push: &Allowed{}}, admin, fields{"sha": unchecked}, 200, ""},
		{"restricted for administrators too", Protection{Push: &Allowed{}, Admins: true}, admin, fields{"sha": unchecked}, 422,
			"You're not authorized to push to this branch. Visit https://docs.github.com/articles/about-protected-branches/ for more information."},
		{"restricted to the App", Protection{Push: &Allowed{Apps: []*App{w.app}}}, app, fields{"sha": unchecked}, 200, ""},
		{"force-pushes", Protection{}, admin, fields{"sha": base, "force": true}, 422, "Cannot force-push to this branch"},
		{"force-pushes allowed", Protection{AllowForce: true}, app, fields{"sha": base, "force": true}, 200, ""},
	} {
		w.repo.Unprotect("main")
		from := base
		if c.body["force"] == true {
			from = unchecked
		}
		w.must(w.repo.Push(w.ann, "main", from, true))
		w.repo.Protect("main", c.p)
		got := w.call("PATCH", "/repos/octo/blog/git/refs/heads/main", c.who, body(t, c.body))
		if got.status != c.status || got.message() != c.message || (w.repo.Tip("main") == c.body["sha"]) != (c.status == 200) {
			t.Errorf("%s: %d %q, want %d %q", c.why, got.status, got.message(), c.status, c.message)
		}
	}
	w.repo.Protect("lane", Protection{Rules: Rules{Checks: []RequiredCheck{build}}})
	if got := w.call("POST", "/repos/octo/blog/git/refs", app, body(t, fields{"ref": "refs/heads/lane", "sha": unchecked})); got.status != 422 || got.message() != "Reference update failed" {
		t.Errorf("a protected branch made: %d %s", got.status, got.body)
	}
	w.must(w.repo.Push(boss, "lane", checked, false))
	if got := w.call("DELETE", "/repos/octo/blog/git/refs/heads/lane", admin, ""); got.status != 422 || got.message() != "Cannot delete this branch" {
		t.Errorf("a protected branch deleted: %d %s", got.status, got.body)
	}
	if err := w.repo.Push(w.ann, "lane", w.child(checked), false); err == nil || !strings.Contains(err.Error(), `"build" is expected`) {
		t.Errorf("a verb: %v", err)
	}
	if _, err := w.repo.Commit(Commit{By: w.ann, Branch: "lane", Message: "x", Files: map[string]string{"n": "n"}}); err == nil || w.repo.Tip("lane") != checked {
		t.Errorf("a commit: %v", err)
	}
}

// Rulesets decide too, for all whom they do not let by.
func TestRulesets(t *testing.T) {
	w := wide(t)
	boss := w.g.User("boss")
	w.must(w.repo.Collaborate(boss, "admin"))
	crew := w.g.Org("octo").Team("crew")
	w.must(w.repo.CollaborateTeam(crew, "write"))
	w.must(crew.Add(w.ann, "member"))
	base := w.repo.Tip("main")
	next := w.child(base)
	app, person, admin := w.token(`null`), "Bearer "+w.ann.Token, "Bearer "+boss.Token
	const found = "Repository rule violations found\n\n"
	for _, c := range []struct {
		why     string
		s       Ruleset
		who     string
		status  int
		message string
	}{
		{"updates", Ruleset{Include: []string{"~ALL"}, Rules: Rules{NoUpdate: true}}, app, 422, found + "Cannot update this protected ref.\n\n"},
		{"two rules", Ruleset{Include: []string{"~ALL"}, Rules: Rules{NoUpdate: true, PullRequest: true}}, app, 422,
			found + "Cannot update this protected ref.\n\nChanges must be made through a pull request.\n\n"},
		{"the default branch", Ruleset{Include: []string{"~DEFAULT_BRANCH"}, Rules: Rules{NoUpdate: true}}, app, 422, found + "Cannot update this protected ref.\n\n"},
		{"a pattern", Ruleset{Include: []string{"refs/heads/**"}, Rules: Rules{NoUpdate: true}}, app, 422, found + "Cannot update this protected ref.\n\n"},
		{"another branch", Ruleset{Include: []string{"refs/heads/release/*"}, Rules: Rules{NoUpdate: true}}, app, 200, ""},
		{"excluded", Ruleset{Include: []string{"~ALL"}, Exclude: []string{"refs/heads/ma*"}, Rules: Rules{NoUpdate: true}}, app, 200, ""},
		{"evaluated only", Ruleset{Include: []string{"~ALL"}, Enforcement: "evaluate", Rules: Rules{NoUpdate: true}}, app, 200, ""},
		{"disabled", Ruleset{Include: []string{"~ALL"}, Enforcement: "disabled", Rules: Rules{NoUpdate: true}}, app, 200, ""},
		{"bypassed by the App", Ruleset{Include: []string{"~ALL"}, Rules: Rules{NoUpdate: true}, Bypass: []Bypass{{App: w.app}}}, app, 200, ""},
		{"bypassed only for pull requests", Ruleset{Include: []string{"~ALL"}, Rules: Rules{NoUpdate: true}, Bypass: []Bypass{{App: w.app, Mode: "pull_request"}}}, app, 422,
			found + "Cannot update this protected ref.\n\n"},
		{"bypassed by a role, which Apps have not", Ruleset{Include: []string{"~ALL"}, Rules: Rules{NoUpdate: true}, Bypass: []Bypass{{Role: "write"}}}, app, 422,
			found + "Cannot update this protected ref.\n\n"},
		{"bypassed by a lower role", Ruleset{Include: []string{"~ALL"}, Rules: Rules{NoUpdate: true}, Bypass: []Bypass{{Role: "write"}}}, admin, 200, ""},
		{"a higher role", Ruleset{Include: []string{"~ALL"}, Rules: Rules{NoUpdate: true}, Bypass: []Bypass{{Role: "admin"}}}, person, 422, found + "Cannot update this protected ref.\n\n"},
		{"bypassed by a team", Ruleset{Include: []string{"~ALL"}, Rules: Rules{NoUpdate: true}, Bypass: []Bypass{{Team: crew}}}, person, 200, ""},
		{"administrators are not spared", Ruleset{Include: []string{"~ALL"}, Rules: Rules{NoUpdate: true}}, admin, 422, found + "Cannot update this protected ref.\n\n"},
		{"a check", Ruleset{Include: []string{"~ALL"}, Rules: Rules{Checks: []RequiredCheck{{Name: "build"}}}}, app, 422, found + "Required status check \"build\" is expected.\n\n"},
	} {
		c.s.Name = "rules"
		w.must(w.repo.SetRuleset(c.s))
		got := w.call("PATCH", "/repos/octo/blog/git/refs/heads/main", c.who, body(t, fields{"sha": next}))
		if got.status != c.status || got.message() != c.message {
			t.Errorf("%s: %d %q, want %d %q", c.why, got.status, got.message(), c.status, c.message)
		}
		w.must(w.repo.RemoveRuleset("rules"))
		w.must(w.repo.Push(boss, "main", base, true))
	}
	w.must(w.repo.SetRuleset(Ruleset{Name: "rules", Include: []string{"~ALL"}, Rules: Rules{NoCreation: true, NoDeletion: true, NonFastForward: true}}))
	refs := "/repos/octo/blog/git/refs"
	for _, c := range []struct{ method, path, body, message string }{
		{"POST", "", body(t, fields{"ref": "refs/heads/new", "sha": base}), "Cannot create ref due to creations being restricted."},
		{"PATCH", "/heads/main", body(t, fields{"sha": w.sideways(), "force": true}), "Cannot force-push to this branch"},
		{"DELETE", "/heads/side", "", "Cannot delete this branch"},
	} {
		if got := w.call(c.method, refs+c.path, app, c.body); got.status != 422 || got.message() != found+c.message+"\n\n" {
			t.Errorf("%s %s: %d %q, want %q", c.method, c.path, got.status, got.message(), c.message)
		}
	}
	for _, s := range []Ruleset{{Name: "x"}, {Include: []string{"~ALL"}}, {Name: "x", Include: []string{"["}}, {Name: "x", Include: []string{"~ALL"}, Enforcement: "on"},
		{Name: "x", Include: []string{"~ALL"}, Bypass: []Bypass{{Mode: "sometimes"}}}} {
		if err := w.repo.SetRuleset(s); err == nil {
			t.Errorf("%+v was made", s)
		}
	}
	if err := w.repo.RemoveRuleset("x"); err == nil {
		t.Error("a ruleset that is not there was removed")
	}
}

// sideways is a commit beside main, at the end of the branch side.
func (w *world) sideways() string {
	w.t.Helper()
	s := w.repo.rulesets[0]
	w.must(w.repo.RemoveRuleset(s.Name))
	w.must(w.repo.Push(w.ann, "side", w.child(w.repo.Tip("main")), true))
	w.commit("main", "m", "m")
	w.must(w.repo.SetRuleset(*s))
	return w.repo.Tip("side")
}

// Git says what the rules say, and takes none of a push of which one reference is refused.
func TestRulesHoldForGit(t *testing.T) {
	w := wide(t)
	token := strings.TrimPrefix(w.token(`null`), "Bearer ")
	dir := w.clone(token)
	base := w.repo.Tip("main")
	if out, err := gitRun(t, dir, token, "commit", "-q", "--allow-empty", "-m", "Next"); err != nil {
		t.Fatal(out)
	}
	w.repo.Protect("main", Protection{Rules: Rules{Checks: []RequiredCheck{{Name: "build"}}, Reviews: 1}})
	out, err := gitRun(t, dir, token, "push", "origin", "HEAD:main", "HEAD:refs/heads/side")
	for _, want := range []string{"remote: error: GH006: Protected branch update failed for refs/heads/main.",
		`remote: error: Changes must be made through a pull request. Required status check "build" is expected.`,
		"! [remote rejected] HEAD -> main (protected branch hook declined)", "! [remote rejected] HEAD -> side (pre-receive hook declined)"} {
		if err == nil || !strings.Contains(out, want) {
			t.Errorf("pushed to a protected branch: %v %s\nwant %s", err, out, want)
		}
	}
	if w.repo.Tip("main") != base || w.repo.Tip("side") != "" {
		t.Error("a refused push moved something")
	}
	w.repo.Unprotect("main")
	w.must(w.repo.SetRuleset(Ruleset{Name: "r", Include: []string{"~DEFAULT_BRANCH"}, Rules: Rules{NoUpdate: true}}))
	out, err = gitRun(t, dir, token, "push", "origin", "HEAD:main")
	for _, want := range []string{"remote: error: GH013: Repository rule violations found for refs/heads/main.",
		"/octo/blog/rules?ref=refs%2Fheads%2Fmain", "remote: - Cannot update this protected ref.",
		"! [remote rejected] HEAD -> main (push declined due to repository rule violations)"} {
		if err == nil || !strings.Contains(out, want) {
			t.Errorf("pushed to a branch with rules: %v %s\nwant %s", err, out, want)
		}
	}
	if out, err := gitRun(t, dir, token, "push", "-q", "origin", "HEAD:refs/heads/side"); err != nil {
		t.Errorf("pushed beside the rules: %s", out)
	}
	w.must(w.repo.SetRuleset(Ruleset{Name: "r", Include: []string{"~DEFAULT_BRANCH"}, Rules: Rules{NoUpdate: true}, Bypass: []Bypass{{App: w.app}}}))
	if out, err := gitRun(t, dir, token, "push", "-q", "origin", "HEAD:main"); err != nil {
		t.Errorf("pushed by an App that may bypass them: %s", out)
	}
}

// Who may read rules sees them as they are.
func TestRulesAreRead(t *testing.T) {
	w := wide(t)
	w.must(w.everyRule("main", "main"))
	app := w.token(`null`)
	var branch struct{ Protected bool }
	w.must(jsonInto(w.call("GET", "/repos/octo/blog/branches/main", app, "").body, &branch))
	var rules []struct{ Type string }
	w.must(jsonInto(w.call("GET", "/repos/octo/blog/rules/branches/main", app, "").body, &rules))
	if !branch.Protected || len(rules) != 6 {
		t.Errorf("protected: %v, rules: %v", branch.Protected, rules)
	}
	for path, want := range map[string]string{"/branches/x/protection": "404 Branch not found", "/branches/side/protection": "404 Branch not protected"} {
		if path == "/branches/side/protection" {
			w.commit("side", "s", "s")
		}
		if got := w.call("GET", "/repos/octo/blog"+path, app, ""); itoa(int64(got.status))+" "+got.message() != want {
			t.Errorf("%s: %d %s, want %s", path, got.status, got.body, want)
		}
	}
	if got := w.call("GET", "/repos/octo/blog/branches/main/protection", w.as(`{"contents":"write"}`), ""); got.status != 403 {
		t.Errorf("without administration: %d", got.status)
	}
	if got := w.call("GET", "/repos/octo/blog/branches/main/protection", "Bearer "+w.ann.Token, ""); got.status != 404 {
		t.Errorf("a person who is no administrator: %d", got.status)
	}
}
