package git

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// work is a developer's clone of the lab with a worktree.
func (l *lab) work(args ...string) string {
	l.t.Helper()
	dir := filepath.Join(l.t.TempDir(), "work")
	cmd := exec.Command("git", append(append([]string{"clone", "--quiet"}, args...), "file://"+l.dir, dir)...)
	cmd.Env = labEnv("")
	if out, err := cmd.CombinedOutput(); err != nil {
		l.t.Fatalf("clone: %v: %s", err, out)
	}
	return dir
}

func in(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Env = dir, labEnv("")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %q: %v: %s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func TestLocal(t *testing.T) {
	l := newLab(t)
	base := l.commit(text("a", lines(9), "d/x", "1"))
	target := l.commit(text("a", lines(9, "1", "t"), "d/x", "1"), base)
	head := l.commit(text("a", lines(9, "7", "h"), "d/x", "1"), base)
	l.ref("refs/heads/main", target)
	l.ref("refs/heads/agent/x", head)
	dir := l.work()
	in(t, dir, "checkout", "--quiet", "agent/x")
	in(t, dir, "worktree", "add", "--quiet", "--detach", filepath.Join(filepath.Dir(dir), "tree"), "origin/main")
	hostile := "[core]\n\tfsmonitor = \"touch pwned; false\"\n\thooksPath = /tmp\n\tattributesFile = /dev/stdin\n[diff]\n\trenames = copies\n\texternal = \"touch pwned\"\n" +
		"[merge]\n\trenames = false\n[merge \"evil\"]\n\tdriver = touch pwned\n[alias]\n\trev-parse = !touch pwned\n"
	appendTo(t, filepath.Join(dir, ".git", "config"), hostile)
	appendTo(t, filepath.Join(dir, ".git", "info", "attributes"), "* merge=evil diff=evil\n")
	before := listing(t, dir)
	for _, at := range []struct{ dir, head string }{
		{dir, head}, {filepath.Join(dir, "d"), head}, {filepath.Join(filepath.Dir(dir), "tree"), target},
	} {
		r, err := Local(t.Context(), at.dir)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := r.Resolve(t.Context(), "HEAD"); err != nil || got != at.head {
			t.Errorf("HEAD of %s is %s, want %s: %v", at.dir, got, at.head, err)
		}
		got, err := r.Touched(t.Context(), target, head)
		if err != nil || got.Conflicted() || !slices.Equal(changed(got), []string{"a"}) {
			t.Errorf("in %s: %+v %v", at.dir, got, err)
		}
		if f, err := r.Show(t.Context(), head, "d/x"); err != nil || string(f.Data) != "1" {
			t.Errorf("show: %v", err)
		}
		if _, err := r.Fetch(t.Context()); err == nil {
			t.Error("a clone was fetched into")
		}
		if _, err := r.Merge(t.Context(), target, Commit{Head: head, Author: who, Committer: who}); err == nil {
			t.Error("a clone was merged in")
		}
		if err := r.Push(t.Context(), "refs/heads/main", head, target); err == nil {
			t.Error("a clone was pushed from")
		}
	}
	if d := cmp.Diff(before, listing(t, dir)); d != "" {
		t.Errorf("the clone was written to:\n%s", d)
	}
}

func appendTo(t *testing.T, path, data string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(data); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestResolve(t *testing.T) {
	l := newLab(t)
	c1 := l.commit(text("a", "1"))
	c2, c3, c4 := l.commit(text("a", "2"), c1), l.commit(text("a", "3"), c1), l.commit(text("a", "4"), c1)
	l.ref("refs/heads/main", c2)
	l.ref("refs/heads/only-remote", c3)
	dir := l.work()
	in(t, dir, "tag", "main", c1)
	in(t, dir, "tag", "origin/main", c1)
	in(t, dir, "tag", "v1", c1)
	in(t, dir, "tag", "-m", "x", "annotated", c1)
	in(t, dir, "update-ref", "refs/heads/"+c3[:9], c1)
	in(t, dir, "fetch", "--quiet", "origin", c4)
	r, err := Local(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ rev, want string }{
		{"HEAD", c2}, {"@", c2}, {"main", c2}, {"refs/tags/main", c1}, {"origin/main", c2}, {"only-remote", c3}, {"origin/only-remote", c3},
		{"v1", c1}, {"annotated", c1}, {"main~1", c1}, {"main^", c1}, {"main^0", c2}, {c4, c4}, {c4[:10], c4}, {c3[:9], c1},
		{"main~9", ""}, {"nope", ""}, {"", ""}, {"--all", ""}, {"-x", ""}, {"main..v1", ""}, {"^main", ""}, {":/x", ""}, {"main:a", ""}, {"main@{1}", ""},
		{repeat("1", 40), ""}, {"abc", ""}, {"main\nv1", ""}, {"*", ""},
	} {
		got, err := r.Resolve(t.Context(), tt.rev)
		var missing *NotFoundError
		if got != tt.want || (tt.want == "") != errors.As(err, &missing) {
			t.Errorf("%q: %q %v, want %q", tt.rev, got, err, tt.want)
		}
	}
}

func TestLocalRefusals(t *testing.T) {
	l := newLab(t)
	base := l.commit(text("a", "1"))
	l.ref("refs/heads/main", l.commit(text("a", "2"), base))
	_, err := Local(t.Context(), l.work("--depth=1"))
	if e := refusal(t, err, Shallow); !strings.Contains(e.Fix, "--unshallow") {
		t.Errorf("no fix in %v", e)
	}
	if _, err := Local(t.Context(), t.TempDir()); err == nil || !strings.Contains(err.Error(), "not inside a git repository") {
		t.Errorf("no repository: %v", err)
	}
	if _, err := Local(t.Context(), filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("no directory")
	}
	if _, err := Local(t.Context(), l.dir); err == nil {
		t.Error("a bare repository someone may have committed into a tree")
	}
}

// TestPartialClone: objects that only the remote has are not fetched behind
// the developer's back, and nothing passes without them.
func TestPartialClone(t *testing.T) {
	l := newLab(t)
	l.raw("", "config", "uploadpack.allowFilter", "true")
	base := l.commit(text("a", lines(9)))
	target, head := l.commit(text("a", lines(9, "1", "t")), base), l.commit(text("a", lines(9, "7", "h")), base)
	l.ref("refs/heads/main", target)
	l.ref("refs/heads/agent", head)
	r, err := Local(t.Context(), l.work("--filter=blob:none", "--no-checkout"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = r.Touched(t.Context(), target, head)
	if e := refusal(t, err, Unreadable); !strings.Contains(e.Fix, "--refetch") {
		t.Errorf("no fix in %v", e)
	}
}

// TestCloneThatBorrows: objects may lie in another repository on this disk.
func TestCloneThatBorrows(t *testing.T) {
	l := newLab(t)
	base := l.commit(text("a", "1"))
	head := l.commit(text("a", "2"), base)
	l.ref("refs/heads/main", head)
	dir := filepath.Join(t.TempDir(), "a:b \"c\"\\d") // a separator and quotes in the list of object directories
	in(t, t.TempDir(), "clone", "--quiet", "--shared", l.dir, dir)
	r, err := Local(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	got, err := r.Touched(t.Context(), base, head)
	if err != nil || !slices.Equal(changed(got), []string{"a"}) {
		t.Errorf("%v %v", got, err)
	}
}

func TestLocalSHA256(t *testing.T) {
	dir := t.TempDir()
	in(t, dir, "init", "--quiet", "--object-format=sha256", "-b", "main")
	var ids []string
	for _, data := range []string{"1", "2"} {
		appendTo(t, filepath.Join(dir, "f"), data)
		in(t, dir, "add", "f")
		in(t, dir, "commit", "--quiet", "-m", data)
		ids = append(ids, in(t, dir, "rev-parse", "HEAD"))
	}
	r, err := Local(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	got, err := r.Touched(t.Context(), ids[0], ids[1])
	if err != nil || !slices.Equal(changed(got), []string{"f"}) || len(got.Changes[0].NewID) != 64 {
		t.Errorf("%+v %v", got, err)
	}
}
