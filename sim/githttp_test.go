package sim

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// clone clones the repository with a token and returns the folder.
func (w *world) clone(token string) string {
	w.t.Helper()
	dir := filepath.Join(w.t.TempDir(), "clone")
	if out, err := gitRun(w.t, w.t.TempDir(), token, "clone", "--quiet", w.repo.CloneURL(), dir); err != nil {
		w.t.Fatalf("clone: %v\n%s", err, out)
	}
	return dir
}

// Real git clones, commits, pushes and fetches; pushing fires what a verb fires.
func TestGitPushes(t *testing.T) {
	w := newWorld(t)
	dir := w.clone(w.bot.Token)
	big := make([]byte, 3<<20) // does not fit one buffer: the request is chunked
	_, _ = rand.Read(big)
	w.must(os.WriteFile(filepath.Join(dir, "big"), big, 0o600))
	run := func(args ...string) string {
		t.Helper()
		out, err := gitRun(t, dir, w.bot.Token, args...)
		if err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
		return strings.TrimSpace(out)
	}
	run("switch", "-qc", "agent/x")
	run("add", ".")
	run("commit", "-qm", "Big")
	run("push", "-q", "origin", "agent/x")
	head := run("rev-parse", "HEAD")
	if w.repo.Tip("agent/x") != head {
		t.Fatalf("tip after the push: %s, want %s", w.repo.Tip("agent/x"), head)
	}
	w.drain()
	if got := w.hook.take(); !slices.Equal(got, []string{"push", "check_suite requested"}) {
		t.Errorf("events of the push: %v", got)
	}
	p, err := w.repo.OpenPull(NewPull{By: w.bot, Title: "x", Head: "agent/x"})
	w.must(err)
	w.drain()
	w.hook.take()
	run("commit", "-q", "--amend", "-m", "Bigger")
	run("push", "-qf", "origin", "agent/x")
	if p.Head() != run("rev-parse", "HEAD") {
		t.Error("the pull request did not follow a force-push")
	}
	w.drain()
	if got := w.hook.take(); !slices.Contains(got, "pull_request synchronize") {
		t.Errorf("events of the force-push: %v", got)
	}
	for _, protocol := range []string{"0", "1", "2"} {
		if got := run("-c", "protocol.version="+protocol, "ls-remote", "origin", "refs/pull/1/head"); !strings.HasPrefix(got, p.Head()) {
			t.Errorf("protocol %s: refs/pull/1/head is %q", protocol, got)
		}
		run("-c", "protocol.version="+protocol, "fetch", "-q", "--depth=1", "origin", "refs/pull/1/head")
	}
	run("fetch", "-q", "origin", head) // an amended commit, by its id
	if out, err := gitRun(t, dir, w.bot.Token, "push", "-q", "origin", "HEAD:refs/pull/1/head"); err == nil {
		t.Errorf("pushed to GitHub's own references: %s", out)
	}
	run("push", "-q", "origin", ":agent/x")
	if w.repo.Tip("agent/x") != "" || p.State() != "closed" {
		t.Errorf("after the branch was deleted: tip %q, pull request %s", w.repo.Tip("agent/x"), p.State())
	}
}

// Who may read and write by git: as by the API.
func TestGitRights(t *testing.T) {
	w := newWorld(t)
	reader, eve := w.g.User("reader"), w.g.User("eve")
	w.must(w.repo.Collaborate(reader, "read"))
	app, err := w.g.RegisterApp([]byte(richManifest), "", "")
	w.must(err)
	inst, err := app.Install("octo")
	w.must(err)
	other, err := w.g.Repo("octo", "other", map[string]string{"x": "x"})
	w.must(err)
	mint := func(i *Installation, q tokenRequest) string {
		w.g.mu.Lock()
		defer w.g.mu.Unlock()
		value, _, refusal := i.mint(q)
		if refusal != nil {
			t.Fatal(refusal.body)
		}
		return value
	}
	dir := w.clone(w.bot.Token)
	for _, c := range []struct {
		name, token string
		read, write bool
		why         string
	}{
		{"writer", w.bot.Token, true, true, "a collaborator with write"},
		{"reader", reader.Token, true, false, "a collaborator with read"},
		{"stranger", eve.Token, false, false, "nobody here"},
		{"anonymous", "", false, false, "the repository is private"},
		{"garbage", "ghp_x", false, false, "no such token"},
		{"reading App", mint(w.inst, tokenRequest{}), true, false, "contents: read"},
		{"App without contents", mint(w.inst, tokenRequest{Permissions: map[string]string{"checks": "read"}}), false, false, "not in the subset"},
		{"writing App", mint(inst, tokenRequest{}), true, true, "contents: write"},
		{"App elsewhere", mint(inst, tokenRequest{RepositoryIDs: []int64{other.ID}}), false, false, "a token for another repository"},
	} {
		_, err := gitRun(t, dir, c.token, "ls-remote", "-q", w.repo.CloneURL())
		if (err == nil) != c.read {
			t.Errorf("%s (%s) reads: %v", c.name, c.why, err)
		}
		out, err := gitRun(t, dir, c.token, "push", "-q", w.repo.CloneURL(), "HEAD:refs/heads/by-"+strings.ReplaceAll(c.name, " ", "-"))
		if (err == nil) != c.write {
			t.Errorf("%s (%s) writes: %v %s", c.name, c.why, err, out)
		}
	}
	token := mint(w.inst, tokenRequest{})
	w.clock.advance(tokenLife)
	if _, err := gitRun(t, dir, token, "ls-remote", "-q", w.repo.CloneURL()); err == nil {
		t.Error("an expired token reads")
	}
}

// Git meets the same faults, and recovers when they end.
func TestGitFaults(t *testing.T) {
	w := newWorld(t)
	dir := w.clone(w.bot.Token)
	if out, err := gitRun(t, dir, "", "commit", "-q", "--allow-empty", "-m", "x"); err != nil {
		t.Fatal(out)
	}
	for _, fault := range []Fault{FaultServerError, FaultBadGateway, FaultCutBefore} {
		w.g.SetFaults(only(fault))
		if _, err := gitRun(t, dir, w.bot.Token, "ls-remote", "-q", "origin"); err == nil {
			t.Errorf("%s: git noticed nothing", fault)
		}
	}
	w.g.SetFaults(Faults{Decide: func(x Exchange) Fault {
		if x.Method == "POST" && x.Route == routePush {
			return FaultCutAfter
		}
		return FaultNone
	}})
	if _, err := gitRun(t, dir, w.bot.Token, "push", "-q", "origin", "HEAD:refs/heads/cut"); err == nil {
		t.Error("the push that was cut off succeeded")
	}
	if w.repo.Tip("cut") == "" {
		t.Error("the push that was cut off had no effect")
	}
	w.g.SetFaults(Faults{Git: 1})
	if _, err := gitRun(t, dir, w.bot.Token, "fetch", "-q", "origin"); err == nil {
		t.Error("a rate of 1 hit nothing")
	}
	w.g.Heal()
	if out, err := gitRun(t, dir, w.bot.Token, "fetch", "-q", "origin"); err != nil {
		t.Errorf("after healing: %s", out)
	}
}

// Histories written by plain git are seen once they are announced.
func TestPlainGit(t *testing.T) {
	w := newWorld(t)
	p := w.pull("agent/x", "src/a.txt")
	out, err := w.g.git(w.repo.Dir, nil, "commit-tree", "-m", "Unrelated", p.Head()+"^{tree}")
	w.must(err)
	sha := strings.TrimSpace(string(out))
	_, err = w.g.git(w.repo.Dir, nil, "update-ref", "refs/heads/agent/x", sha)
	w.must(err)
	if w.repo.Tip("agent/x") == sha {
		t.Error("seen before it was announced")
	}
	w.must(w.repo.Pushed(w.ann))
	if p.Head() != sha {
		t.Errorf("head after the announcement: %s, want %s", p.Head(), sha)
	}
	merge, err := w.repo.Commit(Commit{Branch: "main", Message: "Merge", Parents: []string{sha}})
	w.must(err)
	if p.State() != "merged" {
		t.Errorf("after merge %s: %s", merge, p.State())
	}
}

// Odd files arrive as they are: modes, links, modules, any byte in a name.
func TestOddFiles(t *testing.T) {
	w := newWorld(t)
	module := strings.Repeat("1", 40)
	sha, err := w.repo.Commit(Commit{By: w.bot, Branch: "odd", Message: "Odd\n\nwith a body", Files: map[string]string{
		"new\nline": "1", "quote\"back\\slash": "2", "\xff\xfe": "3", "tool": "4", "link": "../..", "module": module, "e\u0301": "5"},
		Executable: []string{"tool"}, Links: []string{"link"}, Modules: []string{"module"}, Delete: []string{"README.md"}})
	w.must(err)
	out, err := w.g.git(w.repo.Dir, nil, "ls-tree", "-r", "-z", sha)
	w.must(err)
	var got []string
	for line := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		mode, rest, _ := strings.Cut(line, " ")
		_, name, _ := strings.Cut(rest, "\t")
		got = append(got, mode+" "+name)
	}
	want := []string{"100644 e\u0301", "120000 link", "160000 module", "100644 new\nline", "100644 quote\"back\\slash", "100644 src/a.txt", "100755 tool", "100644 \xff\xfe"}
	if !slices.Equal(got, want) {
		t.Errorf("tree:\n got %q\nwant %q", got, want)
	}
	if _, err := w.repo.Commit(Commit{Branch: "x", From: "absent", Message: "m", Files: map[string]string{"a": "a"}}); err == nil {
		t.Error("a branch started from nowhere")
	}
}
