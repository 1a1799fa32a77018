package sim

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// tree is what git says a commit holds.
func (w *world) tree(rev string) string {
	w.t.Helper()
	out, err := w.g.git(w.repo.Dir, nil, "rev-parse", rev+"^{tree}")
	w.must(err)
	return strings.TrimSpace(string(out))
}

// Every method lands the same tree, and leaves the pull request merged.
func TestMergeMethods(t *testing.T) {
	for _, c := range []struct {
		method          string
		parents, commit int // of the new tip, and on first parents since the base
		subject         string
	}{
		{"merge", 2, 1, "Merge pull request #1 from octo/agent/x"},
		{"squash", 1, 1, "Change src/b.txt (#1)"},
		{"rebase", 1, 2, "Change src/c.txt"},
	} {
		t.Run(c.method, func(t *testing.T) {
			w := wide(t)
			p := w.pull("agent/x", "src/b.txt")
			w.commit("agent/x", "src/c.txt", "c\n")
			base := w.commit("main", "src/d.txt", "d\n")
			want := w.tree(w.mergeOf("main", "agent/x"))
			w.pullEvents()
			got := w.call("PUT", "/repos/octo/blog/pulls/1/merge", w.token(`null`), body(t, fields{"merge_method": c.method, "sha": p.Head()}))
			tip := w.repo.commitOf(t, w.repo.Tip("main"))
			if got.status != 200 || !strings.Contains(string(got.body), tip.id) || tip.tree != want || len(tip.parents) != c.parents || firstLine(tip.message) != c.subject {
				t.Errorf("%d %s, tip %+v, want the tree %s", got.status, got.body, tip, want)
			}
			if first := w.repo.commitOf(t, tip.id+"~"+itoa(int64(c.commit))).id; first != base {
				t.Errorf("%d commits below the tip is %s, want %s", c.commit, first, base)
			}
			if log := w.repo.History(tip.id, base); len(log) != c.commit || log[len(log)-1] != (Logged{tip.id, tip.message}) {
				t.Errorf("between the base and the tip: %+v, want %d commits", log, c.commit)
			}
			if events := w.g.Events(); !slices.ContainsFunc(events, func(e Event) bool { return e.Kind == "push" && e.Ref == "main" && e.SHA == tip.id }) {
				t.Errorf("no event tells of the push to main: %+v", events)
			}
			shown := w.read(1)
			if !shown.GetMerged() || shown.GetMergeCommitSHA() != tip.id || shown.GetMergedBy().GetLogin() != "wide[bot]" || w.repo.Tip("agent/x") == "" {
				t.Errorf("afterwards: merged %v at %s by %s", shown.GetMerged(), shown.GetMergeCommitSHA(), shown.GetMergedBy().GetLogin())
			}
			if events := w.pullEvents(); !slices.Equal(events, []string{"pull_request closed", "pull_request closed"}) {
				t.Errorf("events, to two Apps: %v", events)
			}
		})
	}
}

// Why GitHub does not merge.
func TestMergesAreRefused(t *testing.T) {
	w := wide(t)
	boss := w.g.User("boss")
	w.must(w.repo.Collaborate(boss, "admin"))
	auth := w.token(`null`)
	for i, c := range []struct {
		why     string
		prepare func(*Pull)
		body    string
		status  int
		message string
	}{
		{"a head that moved", nil, `{"sha":"` + strings.Repeat("1", 40) + `"}`, 409, "Head branch was modified. Review and try the merge again."},
		{"closed", func(p *Pull) { w.must(p.Close(w.ann)) }, ``, 405, "Pull Request is not mergeable"},
		{"merged already", func(p *Pull) { _, err := p.Merge(w.ann, Merge{}); w.must(err) }, ``, 405, "Pull Request is not mergeable"},
		{"a draft", func(p *Pull) { w.must(p.SetDraft(w.ann, true)) }, ``, 405, "Pull Request is still a draft"},
		{"a conflict", func(p *Pull) { w.commit("main", p.title[len("Change "):], "other\n") }, ``, 405, "Pull Request is not mergeable"},
		{"a conflict on rebasing", func(p *Pull) { w.commit("main", p.title[len("Change "):], "other\n") }, `{"merge_method":"rebase"}`, 405, "This branch can't be rebased"},
		{"a method that there is not", nil, `{"merge_method":"octopus"}`, 422, ""},
		{"a method that is switched off", func(*Pull) { w.must(w.repo.SetMergeMethods("merge")) }, `{"merge_method":"squash"}`, 405, "Squash merges are not allowed on this repository."},
		{"a check that is not there", func(*Pull) { w.repo.Protect("main", Protection{Rules: Rules{Checks: []RequiredCheck{{Name: "x"}}}}) }, ``, 405, `Required status check "x" is expected.`},
		{"no review", func(*Pull) { w.repo.Protect("main", Protection{Rules: Rules{Reviews: 1}}) }, ``, 405,
			"At least 1 approving review is required by reviewers with write access."},
		{"too few reviews", func(p *Pull) {
			w.repo.Protect("main", Protection{Rules: Rules{Reviews: 2}})
			_, err := p.Review(w.ann, Approved, "")
			w.must(err)
		}, ``, 405, "At least 2 approving reviews are required by reviewers with write access."},
		{"a review of somebody who may not write", func(p *Pull) {
			w.repo.Protect("main", Protection{Rules: Rules{Reviews: 1}})
			_, err := p.Review(w.g.User("eve"), Approved, "")
			w.must(err)
		}, ``, 405, "At least 1 approving review is required by reviewers with write access."},
		{"a request for changes", func(p *Pull) {
			w.repo.Protect("main", Protection{Rules: Rules{Reviews: 1}})
			_, err := p.Review(boss, Approved, "")
			w.must(err)
			_, err = p.Review(w.ann, ChangesRequested, "no")
			w.must(err)
		}, ``, 405, "At least 1 approving review is required by reviewers with write access."},
		{"a ruleset", func(*Pull) {
			w.must(w.repo.SetRuleset(Ruleset{Name: "r", Include: []string{"refs/heads/main"}, Rules: Rules{NoUpdate: true}}))
		}, ``, 405,
			"Repository rule violations found\n\nCannot update this protected ref.\n\n"},
	} {
		if c.prepare == nil {
			c.prepare = func(*Pull) {}
		}
		p := w.pull("agent/"+itoa(int64(i)), "file"+itoa(int64(i)))
		c.prepare(p)
		tip := w.repo.Tip("main")
		got := w.call("PUT", "/repos/octo/blog/pulls/"+itoa(int64(p.Number))+"/merge", auth, c.body)
		if got.status != c.status || c.message != "" && got.message() != c.message || w.repo.Tip("main") != tip {
			t.Errorf("%s: %d %q, want %d %q", c.why, got.status, got.message(), c.status, c.message)
		}
		w.repo.Unprotect("main")
		_ = w.repo.RemoveRuleset("r")
		w.must(w.repo.SetMergeMethods("merge", "squash", "rebase"))
	}
	if got := w.call("PUT", "/repos/octo/blog/pulls/1/merge", w.as(`{"pull_requests":"write"}`), ``); got.status != 403 {
		t.Errorf("without contents: write: %d", got.status)
	}
	if err := w.repo.SetMergeMethods("octopus"); err == nil {
		t.Error("a method that there is not was allowed")
	}
}

// Strict checks want the base's tip in the head; reading tells before merging does.
func TestBlockedAndBehind(t *testing.T) {
	w := wide(t)
	_, err := w.g.StartCI(CIOptions{Manual: true})
	w.must(err)
	p := w.pull("agent/x", "src/b.txt")
	w.repo.Protect("main", Protection{Rules: Rules{Checks: []RequiredCheck{{Name: "build"}}, Strict: true}})
	state := func() string {
		w.read(p.Number)
		return w.read(p.Number).GetMergeableState()
	}
	if got := state(); got != "blocked" {
		t.Errorf("without its check: %s", got)
	}
	w.check(p.Head(), "build", "success")
	if got := state(); got != "clean" {
		t.Errorf("with its check: %s", got)
	}
	boss := w.g.User("boss")
	w.must(w.repo.Collaborate(boss, "admin"))
	w.must(w.repo.Push(boss, "main", w.child(w.repo.Tip("main")), false))
	if got := state(); got != "behind" {
		t.Errorf("after the base moved: %s", got)
	}
	if _, err := p.Merge(w.ann, Merge{}); err == nil || !strings.Contains(err.Error(), "out of date") {
		t.Errorf("merged though behind: %v", err)
	}
	if got := w.call("PUT", "/repos/octo/blog/pulls/1/update-branch", w.token(`null`), body(t, fields{"expected_head_sha": p.Head()})); got.status != 202 {
		t.Fatalf("update-branch: %d %s", got.status, got.body)
	}
	w.check(p.Head(), "build", "skipped")
	if _, err := p.Merge(w.ann, Merge{Method: "squash", SHA: p.Head(), Title: "Landed", Message: "By hand"}); err != nil {
		t.Error(err)
	}
	if got := w.repo.commitOf(t, w.repo.Tip("main")).message; got != "Landed\n\nBy hand\n" {
		t.Errorf("message %q", got)
	}
}

// Refusals of update-branch and of merging branches.
func TestBranchesAreMerged(t *testing.T) {
	w := wide(t)
	auth := w.token(`null`)
	p := w.pull("agent/x", "src/a.txt")
	update := func(body string) string {
		got := w.call("PUT", "/repos/octo/blog/pulls/1/update-branch", auth, body)
		return itoa(int64(got.status)) + " " + got.message()
	}
	if got := update(``); got != "422 There are no new commits on the base branch." {
		t.Error(got)
	}
	w.commit("main", "src/a.txt", "conflicting\n")
	if got := update(`{"expected_head_sha":"` + w.repo.Tip("main") + `"}`); got != "422 expected head sha didn’t match current head ref." {
		t.Error(got)
	}
	if got := update(``); got != "422 merge conflict between base and head" {
		t.Error(got)
	}
	w.commit("lane", "lane", "x")
	for _, c := range []struct {
		body    string
		status  int
		message string
	}{
		{`{"base":"lane","head":"main"}`, 204, ""},
		{`{"base":"lane","head":"agent/x"}`, 409, "Merge conflict"},
		{`{"base":"absent","head":"main"}`, 404, "Base does not exist"},
		{`{"base":"lane","head":"absent"}`, 404, "Head does not exist"},
		{`{"base":"main","head":"` + w.repo.Tip("lane") + `","commit_message":"Land"}`, 201, ""},
		{`{"base":"main","head":"lane"}`, 204, ""},
		{`{"base":"main"}`, 422, "Invalid request.\n\n\"base\", \"head\" weren't supplied."},
	} {
		if got := w.call("POST", "/repos/octo/blog/merges", auth, c.body); got.status != c.status || got.message() != c.message {
			t.Errorf("%s: %d %s, want %d %s", c.body, got.status, got.body, c.status, c.message)
		}
	}
	w.repo.Protect("lane", Protection{Push: &Allowed{}})
	w.commit("main", "more", "x")
	if got := w.call("POST", "/repos/octo/blog/merges", auth, `{"base":"lane","head":"main"}`); got.status != 409 || !strings.Contains(got.message(), "not authorized to push") {
		t.Errorf("into a protected branch: %d %s", got.status, got.body)
	}
	w.must(p.Close(w.ann))
	if got := update(``); got != "422 Pull request is closed" {
		t.Error(got)
	}
}

// A merged head branch goes where the repository says so, and what is stacked
// on it moves to its base.
func TestMergedBranchesGo(t *testing.T) {
	w := wide(t)
	below := w.pull("agent/x", "src/b.txt")
	_, err := w.repo.Commit(Commit{By: w.bot, Branch: "agent/y", From: "agent/x", Message: "y", Files: map[string]string{"y": "y"}})
	w.must(err)
	above, err := w.repo.OpenPull(NewPull{By: w.bot, Title: "y", Head: "agent/y", Base: "agent/x"})
	w.must(err)
	w.repo.SetDeleteMerged(true)
	_, err = below.Merge(w.ann, Merge{Method: "rebase"})
	w.must(err)
	if got := w.read(above.Number); w.repo.Tip("agent/x") != "" || got.GetBase().GetRef() != "main" || got.GetState() != "open" {
		t.Errorf("branch %q, the one above it %s to %s", w.repo.Tip("agent/x"), got.GetState(), got.GetBase().GetRef())
	}
}

// An App may not merge what changes workflows without the permission.
func TestMergedWorkflows(t *testing.T) {
	w := wide(t)
	_, err := w.repo.Commit(Commit{By: w.ann, Branch: "agent/ci", Message: "CI", Files: map[string]string{".github/workflows/ci.yml": "on: push\n"}})
	w.must(err)
	p, err := w.repo.OpenPull(NewPull{By: w.ann, Title: "CI", Head: "agent/ci"})
	w.must(err)
	for _, method := range []string{"merge", "squash", "rebase"} {
		got := w.call("PUT", "/repos/octo/blog/pulls/1/merge", w.token(`null`), `{"merge_method":"`+method+`"}`)
		if got.status != 403 || !strings.Contains(got.message(), "without `workflows` permission") {
			t.Errorf("%s: %d %s", method, got.status, got.body)
		}
	}
	if got := w.call("POST", "/repos/octo/blog/merges", w.token(`null`), `{"base":"main","head":"agent/ci"}`); got.status != 403 {
		t.Errorf("merges: %d %s", got.status, got.body)
	}
	_, err = p.Merge(w.ann, Merge{})
	w.must(err)
}

// What GitHub refuses for once has no effect and the words of a lasting
// refusal; what it answers late has happened.
func TestTransientRefusals(t *testing.T) {
	w := wide(t)
	auth := w.token(`null`)
	p := w.pull("agent/x", "src/b.txt")
	w.commit("agent/y", "y", "y")
	next := w.child(w.repo.Tip("main"))
	for _, c := range []struct {
		method, path, body string
		status             int
		message            string
	}{
		{"PUT", "/pulls/1/merge", ``, 405, "Base branch was modified. Review and try the merge again."},
		{"PUT", "/pulls/1/update-branch", ``, 422, "merge conflict between base and head"},
		{"POST", "/merges", `{"base":"main","head":"agent/x"}`, 409, "not authorized to push to this branch"},
		{"PATCH", "/git/refs/heads/main", body(t, fields{"sha": next}), 422, "Update is not a fast forward"},
		{"POST", "/git/refs", body(t, fields{"ref": "refs/heads/new", "sha": next}), 422, "Reference update failed"},
		{"DELETE", "/git/refs/heads/agent/y", ``, 422, "Reference does not exist"},
		{"POST", "/pulls", `{"title":"y","head":"agent/y","base":"main"}`, 422, "Validation Failed"},
	} {
		tips := w.repo.Tip("main") + w.repo.Tip("new") + w.repo.Tip("agent/y") + p.State()
		w.g.SetFaults(only(FaultRefused))
		got := w.call(c.method, "/repos/octo/blog"+c.path, auth, c.body)
		if got.status != c.status || got.message() != c.message || w.repo.Tip("main")+w.repo.Tip("new")+w.repo.Tip("agent/y")+p.State() != tips {
			t.Errorf("%s %s: %d %q, want %d %q", c.method, c.path, got.status, got.message(), c.status, c.message)
		}
	}
	w.g.Heal()
	token := strings.TrimPrefix(auth, "Bearer ")
	dir := w.clone(token)
	w.g.SetFaults(Faults{Refused: 1})
	out, err := gitRun(t, dir, token, "push", "origin", "HEAD:refs/heads/new")
	if err == nil || !strings.Contains(out, "remote: fatal error in commit_refs") || w.repo.Tip("new") != "" {
		t.Errorf("a push refused for once: %v %s", err, out)
	}
	w.g.SetFaults(Faults{Late: 1, LateBy: 200 * time.Millisecond})
	begun := time.Now()
	if out, err := gitRun(t, dir, token, "push", "-q", "origin", "HEAD:refs/heads/new"); err != nil || time.Since(begun) < 200*time.Millisecond {
		t.Errorf("a late push: %v %s, after %s", err, out, time.Since(begun))
	}
	begun = time.Now()
	if got := w.call("PUT", "/repos/octo/blog/pulls/1/merge", auth, ``); got.status != 200 || time.Since(begun) < 200*time.Millisecond || p.State() != "merged" {
		t.Errorf("a late merge: %d after %s", got.status, time.Since(begun))
	}
}

// A fetch may see the references as they were, for a while.
func TestStaleFetches(t *testing.T) {
	w := newWorld(t)
	dir := w.clone(w.bot.Token)
	old := w.repo.Tip("main")
	w.commit("main", "x", "x")
	see := func() string {
		out, err := gitRun(t, dir, w.bot.Token, "ls-remote", "-q", "origin", "refs/heads/main")
		w.must(err)
		sha, _, _ := strings.Cut(out, "\t")
		return sha
	}
	w.g.SetFaults(Faults{StaleGit: 1, StaleFor: 6})
	if got := see(); got != old {
		t.Errorf("just pushed: %s, want the old tip %s", got, old)
	}
	if out, err := gitRun(t, dir, w.bot.Token, "fetch", "-q", "origin", "main"); err != nil {
		t.Errorf("a stale fetch: %s", out)
	}
	for range 4 {
		see()
	}
	if got := see(); got != w.repo.Tip("main") {
		t.Errorf("a while later: %s, want %s", got, w.repo.Tip("main"))
	}
}

// An App opens a pull request of its lane, keeps it current, and it can be
// merged by any method and opened again.
func TestOffers(t *testing.T) {
	w := wide(t)
	auth := w.token(`null`)
	pulls := "/repos/octo/blog/pulls"
	for i, method := range []string{"merge", "squash", "rebase"} {
		w.must(w.repo.Push(w.ann, "integration", w.repo.Tip("main"), true))
		w.commit("integration", "file"+itoa(int64(i)), "x")
		number := i + 1
		at := pulls + "/" + itoa(int64(number))
		for _, c := range []struct {
			method, path, body string
			status             int
		}{
			{"POST", pulls, `{"title":" ","head":"integration","base":"main"}`, 422},
			{"POST", pulls, body(t, fields{"title": "x", "head": "integration", "base": "main", "body": strings.Repeat("x", 65537)}), 422},
			{"POST", pulls, `{"title":"Offer","head":"integration","base":"main","body":"Evidence"}`, 201},
			{"POST", pulls, `{"title":"Offer","head":"integration","base":"main"}`, 422},
			{"PATCH", at, `{"title":"Newer","body":"More"}`, 200},
			{"PATCH", at, body(t, fields{"body": strings.Repeat("x", 65537)}), 422},
			{"PATCH", at, `{"base":"absent"}`, 422},
			{"PATCH", at, `{"state":"closed"}`, 200},
			{"PATCH", at, `{"state":"open"}`, 200},
		} {
			if got := w.call(c.method, c.path, auth, c.body); got.status != c.status {
				t.Errorf("%s %s %.80s: %d %s, want %d", c.method, c.path, c.body, got.status, got.body, c.status)
			}
		}
		if got := w.read(number); got.GetTitle() != "Newer" || got.GetBody() != "More" || got.GetUser().GetLogin() != "wide[bot]" {
			t.Errorf("the offer: %s", got)
		}
		if _, err := w.repo.Pull(number).Merge(w.ann, Merge{Method: method}); err != nil || w.repo.Pull(number).State() != "merged" {
			t.Errorf("merged by %s: %v", method, err)
		}
		if got := w.call("PATCH", at, auth, `{"state":"open"}`); got.status != 422 {
			t.Errorf("opened after it was merged: %d", got.status)
		}
	}
}
