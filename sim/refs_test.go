package sim

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// as is an Authorization header of a new token of the App's installation, cut
// down to permissions written as JSON.
func (w *world) as(permissions string) string {
	w.t.Helper()
	return w.token(`{"permissions":` + permissions + `}`)
}

// child commits nothing on top of a commit, without moving any branch.
func (w *world) child(parents ...string) string {
	w.t.Helper()
	args := []string{"commit-tree", "-m", "Child", parents[0] + "^{tree}"}
	for _, p := range parents {
		args = append(args, "-p", p)
	}
	out, err := w.g.git(w.repo.Dir, nil, args...)
	w.must(err)
	return strings.TrimSpace(string(out))
}

func body(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// References move as GitHub says, and say why when they do not.
func TestReferencesMove(t *testing.T) {
	w := wide(t)
	auth := w.token(`null`)
	first := w.repo.Tip("main")
	second, aside := w.commit("main", "b", "b"), w.child(first)
	w.must(w.repo.Push(w.ann, "lane", first, false))
	tree := w.repo.commitOf(t, first).tree
	w.drain()
	w.hook.take()
	refs := "/repos/octo/blog/git/refs"
	for _, c := range []struct {
		method, path, body string
		status             int
		message            string
		tip                string // of lane afterwards
	}{
		{"PATCH", "/heads/lane", `{"sha":"` + second + `"}`, 200, "", second},
		{"PATCH", "/heads/lane", `{"sha":"` + second + `"}`, 200, "", second},
		{"PATCH", "/heads/lane", `{"sha":"` + aside + `"}`, 422, "Update is not a fast forward", second},
		{"PATCH", "/heads/lane", `{"sha":"` + first + `","force":false}`, 422, "Update is not a fast forward", second},
		{"PATCH", "/heads/lane", `{"sha":"` + aside + `","force":true}`, 200, "", aside},
		{"PATCH", "/heads/absent", `{"sha":"` + first + `"}`, 422, "Reference does not exist", aside},
		{"PATCH", "/heads/lane", `{"sha":"` + strings.Repeat("1", 40) + `"}`, 422, "Object does not exist", aside},
		{"PATCH", "/heads/lane", `{"sha":"` + tree + `"}`, 422, "Reference update failed", aside},
		{"PATCH", "/heads/lane", `{"sha":"main"}`, 422, "The sha parameter must be exactly 40 characters and contain only [0-9a-f].", aside},
		{"PATCH", "/heads/lane", `{}`, 422, "Invalid request.\n\n\"sha\" wasn't supplied.", aside},
		{"POST", "", `{"ref":"refs/heads/lane","sha":"` + first + `"}`, 422, "Reference already exists", aside},
		{"POST", "", `{"ref":"refs/heads/lane/x","sha":"` + first + `"}`, 422, "Reference update failed", aside},
		{"POST", "", `{"ref":"refs/heads/a..b","sha":"` + first + `"}`, 422, "Reference name is not valid", aside},
		{"POST", "", `{"ref":"refs/pull/9/head","sha":"` + first + `"}`, 422, "Reference update failed", aside},
		{"POST", "", `{"ref":"heads/x","sha":"` + first + `"}`, 422, "Reference name must start with 'refs/' and have at least two slashes", aside},
		{"POST", "", `{"ref":"refs/heads/other","sha":"` + first + `"}`, 201, "", aside},
		{"POST", "", `{"ref":"refs/tags/tree","sha":"` + tree + `"}`, 201, "", aside},
		{"DELETE", "/heads/main", ``, 422, "Cannot delete the default branch", aside},
		{"DELETE", "/heads/absent", ``, 422, "Reference does not exist", aside},
		{"DELETE", "/heads/lane", ``, 204, "", ""},
	} {
		got := w.call(c.method, refs+c.path, auth, c.body)
		if got.status != c.status || got.message() != c.message || w.repo.Tip("lane") != c.tip {
			t.Errorf("%s %s %s: %d %q, lane at %s; want %d %q, %s", c.method, c.path, c.body, got.status, got.message(),
				short(w.repo.Tip("lane")), c.status, c.message, short(c.tip))
		}
	}
	w.drain()
	if got := count(w.hook.take(), "push"); got != 10 {
		t.Errorf("%d push events, want five for each of two Apps", got)
	}
	empty, err := w.g.Repo("octo", "empty", nil)
	w.must(err)
	w.inst.AddRepo(empty)
	if got := w.call("POST", "/repos/octo/empty/git/refs", w.token(`null`), `{"ref":"refs/heads/x","sha":"`+first+`"}`); got.status != 409 || got.message() != "Git Repository is empty." {
		t.Errorf("in an empty repository: %d %s", got.status, got.body)
	}
	if got := w.call("PATCH", refs+"/heads/main", w.as(`{"contents":"read"}`), `{"sha":"`+second+`"}`); got.status != 403 {
		t.Errorf("with contents: read: %d %s", got.status, got.body)
	}
}

func count(list []string, what string) int {
	return len(slices.DeleteFunc(list, func(s string) bool { return s != what }))
}

func (r *Repo) commitOf(t *testing.T, sha string) *commit {
	t.Helper()
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	c, err := r.commit(sha)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// An App's token pushes by git, and --force-with-lease is a compare and swap.
func TestAppsPushWithALease(t *testing.T) {
	w := wide(t)
	token := strings.TrimPrefix(w.token(`null`), "Bearer ")
	dir := w.clone(token)
	git := func(args ...string) (string, error) { return gitRun(t, dir, token, args...) }
	base := w.repo.Tip("main")
	if out, err := git("commit", "-q", "--allow-empty", "-m", "Candidate"); err != nil {
		t.Fatal(out)
	}
	if out, err := git("push", "-q", "--force-with-lease=main:"+base, "origin", "HEAD:main"); err != nil {
		t.Fatalf("a push with the right lease: %s", out)
	}
	landed := w.repo.Tip("main")
	foreign := w.commit("main", "foreign", "x")
	out, err := git("push", "--force-with-lease=main:"+landed, "origin", "HEAD~1:main")
	if err == nil || !strings.Contains(out, "stale info") || w.repo.Tip("main") != foreign {
		t.Errorf("a push with a lease that ran out: %v %s", err, out)
	}
	out, err = git("push", "origin", "HEAD:main")
	if err == nil || !strings.Contains(out, "fetch first") {
		t.Errorf("a push that is no fast-forward: %v %s", err, out)
	}
	out, err = git("push", "--force-with-lease=new:", "origin", "HEAD:new")
	if err != nil {
		t.Errorf("a lease on a branch that is not there: %s", out)
	}
}

// Between git's reading of the references and its push another push may land:
// the second is refused by the receiving side.
func TestRacingPushesAreRefused(t *testing.T) {
	w := wide(t)
	token := strings.TrimPrefix(w.token(`null`), "Bearer ")
	dir := w.clone(token)
	if out, err := gitRun(t, dir, token, "commit", "-q", "--allow-empty", "-m", "Late"); err != nil {
		t.Fatal(out)
	}
	foreign, err := gitRun(t, dir, token, "commit-tree", "-m", "Foreign", "-p", "origin/main", "origin/main^{tree}")
	w.must(err)
	foreign = strings.TrimSpace(foreign)
	hook := filepath.Join(dir, ".git", "hooks", "pre-push") // which git runs between the two
	w.must(os.WriteFile(hook, []byte("#!/bin/sh\nexec git push -q --no-verify origin "+foreign+":refs/heads/main\n"), 0o700))
	out, err := gitRun(t, dir, token, "push", "origin", "HEAD:main")
	if err == nil || !strings.Contains(out, "remote rejected") || w.repo.Tip("main") != foreign {
		t.Errorf("a push overtaken by another: %v %s", err, out)
	}
}

// An App without the permission moves no branch to what changes workflows, by
// any road, nor merges past such a change.
func TestWorkflowsNeedTheirPermission(t *testing.T) {
	w := wide(t)
	text := "refusing to allow a GitHub App to create or update workflow `.github/workflows/ci.yml` without `workflows` permission"
	base := w.repo.Tip("main")
	w.commit("lane", "x", "x")
	changed, err := w.repo.Commit(Commit{By: w.ann, Branch: "agent/ci", From: "main", Message: "CI", Files: map[string]string{".github/workflows/ci.yml": "on: push\n"}})
	w.must(err)
	merge := w.mergeOf("lane", "agent/ci")
	auth := w.token(`null`)
	for _, c := range []struct {
		method, path, body string
		status             int
		why                string
	}{
		{"PATCH", "/heads/lane", body(t, fields{"sha": merge}), 403, "a merge that brings a workflow"},
		{"POST", "", body(t, fields{"ref": "refs/heads/cand", "sha": merge}), 403, "a new branch at a new commit that brings one"},
		{"POST", "", body(t, fields{"ref": "refs/heads/copy", "sha": changed}), 201, "nothing new: somebody pushed that commit"},
		{"PATCH", "/heads/copy", body(t, fields{"sha": base, "force": true}), 403, "taking one away"},
		{"POST", "", body(t, fields{"ref": "refs/heads/cand", "sha": base}), 201, "no workflow anywhere"},
	} {
		got := w.call(c.method, "/repos/octo/blog/git/refs"+c.path, auth, c.body)
		if got.status != c.status || c.status == 403 && got.message() != text {
			t.Errorf("%s: %d %s, want %d", c.why, got.status, got.body, c.status)
		}
	}
	token := strings.TrimPrefix(auth, "Bearer ")
	dir := w.clone(token)
	w.must(os.MkdirAll(filepath.Join(dir, ".github/workflows"), 0o755))
	w.must(os.WriteFile(filepath.Join(dir, ".github/workflows/ci.yml"), []byte("on: push\n"), 0o600))
	for _, args := range [][]string{{"add", "."}, {"commit", "-qm", "CI"}} {
		if out, err := gitRun(t, dir, token, args...); err != nil {
			t.Fatal(out)
		}
	}
	out, err := gitRun(t, dir, token, "push", "origin", "HEAD:main", "HEAD~1:refs/heads/innocent")
	if err == nil || !strings.Contains(out, "! [remote rejected] HEAD -> main ("+text+")") || w.repo.Tip("main") != base || w.repo.Tip("innocent") != "" {
		t.Errorf("pushed by git: %v %s", err, out)
	}
	if out, err := gitRun(t, dir, w.ann.Token, "push", "-q", "origin", "HEAD:main"); err != nil {
		t.Errorf("a person's push: %s", out)
	}
	w.app, err = w.g.RegisterApp([]byte(strings.NewReplacer("name: Wide", "name: Wider", "{checks", "{workflows: write, checks").Replace(wideManifest)), "", "")
	w.must(err)
	w.inst, err = w.app.Install("octo", "blog")
	w.must(err)
	if got := w.call("PATCH", "/repos/octo/blog/git/refs/heads/lane", w.token(`null`), body(t, fields{"sha": merge})); got.status != 200 {
		t.Errorf("with the permission: %d %s", got.status, got.body)
	}
}

// mergeOf is a merge commit of two branches that no branch has.
func (w *world) mergeOf(a, b string) string {
	w.t.Helper()
	out, err := w.g.git(w.repo.Dir, nil, "merge-tree", "--write-tree", "--no-messages", a, b)
	w.must(err)
	tree := strings.TrimSpace(string(out))
	out, err = w.g.git(w.repo.Dir, nil, "commit-tree", "-m", "Merge", "-p", a, "-p", b, tree)
	w.must(err)
	return strings.TrimSpace(string(out))
}

// What a person may do to a branch.
func TestPeopleMoveBranches(t *testing.T) {
	w := newWorld(t)
	first := w.repo.Tip("main")
	w.commit("main", "b", "b")
	second := w.commit("main", "c", "c")
	w.must(w.repo.Rewind(w.ann, "main", 2))
	if w.repo.Tip("main") != first {
		t.Errorf("rewound to %s, want %s", w.repo.Tip("main"), first)
	}
	w.must(w.repo.Push(w.ann, "main", second, false))
	if err := w.repo.Push(w.ann, "main", first, false); err == nil || !strings.Contains(err.Error(), "not a fast-forward") {
		t.Errorf("pushed back without force: %v", err)
	}
	if err := w.repo.Rewind(w.ann, "main", 9); err == nil {
		t.Error("rewound past the first commit")
	}
	w.must(w.repo.Push(w.ann, "lane", second, false))
	w.must(w.repo.DeleteBranch(w.ann, "lane"))
	if w.repo.Tip("lane") != "" {
		t.Error("a deleted branch is there")
	}
}

func FuzzPushes(f *testing.F) {
	command := strings.Repeat("1", 40) + " " + strings.Repeat("2", 40) + " refs/heads/main"
	for _, seed := range []string{"", "0000", packet(command+"\x00 report-status side-band-64k") + packet(command) + "0000PACK",
		packet("shallow "+noCommit) + "0000", "0001", "ffff", "0003", "zzzz", packet(command)} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := parsePush(data)
		if err == nil && len(p.moves) == 0 && len(p.pack) > len(data) {
			t.Error("a pack longer than the push")
		}
		for _, m := range p.moves {
			if len(m.before) != 0 && len(m.before) != 40 || len(m.after) != 0 && len(m.after) != 40 {
				t.Errorf("a command with the ids %q and %q", m.before, m.after)
			}
		}
	})
}
