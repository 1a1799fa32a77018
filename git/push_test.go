package git

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var who = Identity{Name: "agentplane", Email: "bot@example.com", When: time.Unix(1700000000, 0).In(time.FixedZone("", 3600))}

func TestMergeAndPush(t *testing.T) {
	l := newLab(t)
	base := l.commit(text("a", lines(9), "b", "1"))
	onto := l.commit(text("a", lines(9, "1", "x"), "b", "1"), base)
	head := l.commit(text("a", lines(9, "7", "y"), "b", "1"), base)
	l.ref("refs/heads/main", onto)
	l.ref("refs/heads/agent", head)
	r := mirrors(t, Limits{}).Repo(7, l.serve().remote())
	if _, err := r.Fetch(t.Context(), Ref{"refs/heads/main"}, Ref{"refs/heads/agent"}); err != nil {
		t.Fatal(err)
	}
	c := Commit{Head: head, Message: "Merge agent\n\n-F /etc/passwd\n", Author: who, Committer: who}
	id, err := r.Merge(t.Context(), onto, c)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := r.Merge(t.Context(), onto, c); err != nil || again != id {
		t.Errorf("the same merge gave %s, then %s %v", id, again, err)
	}
	touch, err := r.Touched(t.Context(), onto, head)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Push(t.Context(), "refs/heads/main", id, onto); err != nil {
		t.Fatal(err)
	}
	if got := l.raw("", "rev-parse", "refs/heads/main", "main^1", "main^2", "main^{tree}"); got != strings.Join([]string{id, onto, head, touch.Landed}, "\n") {
		t.Errorf("landed %q, touched judged %s", got, touch.Landed)
	}
	want := "agentplane <bot@example.com> 1700000000 +0100"
	if got := l.raw("", "cat-file", "commit", id); !strings.Contains(got, "author "+want) || !strings.Contains(got, "committer "+want) ||
		!strings.HasSuffix(got, "\n\nMerge agent\n\n-F /etc/passwd") {
		t.Errorf("commit is %q", got)
	}
	if tree, err := r.TouchedTree(t.Context(), onto, touch.Landed); err != nil || !slices.Equal(changed(tree), []string{"a"}) {
		t.Errorf("the kept tree cannot be judged again: %v %v", tree, err)
	}
}

func TestMergeConflictLeavesNothing(t *testing.T) {
	l := newLab(t)
	base := l.commit(text("a", "0\n", "b", "0\n"))
	onto, head := l.commit(text("a", "1\n", "b", "1\n"), base), l.commit(text("a", "2\n", "b", "2\n"), base)
	l.ref("refs/heads/main", onto)
	l.ref("refs/heads/agent", head)
	r := mirrors(t, Limits{}).Repo(7, l.serve().remote())
	if _, err := r.Fetch(t.Context(), Ref{"refs/heads/main"}, Ref{"refs/heads/agent"}); err != nil {
		t.Fatal(err)
	}
	before := listing(t, r.dir)
	_, err := r.Merge(t.Context(), onto, Commit{Head: head, Message: "m", Author: who, Committer: who})
	var conflict *ConflictError
	if !errors.As(err, &conflict) || !slices.Equal(conflict.Paths, []string{"a", "b"}) {
		t.Errorf("got %v", err)
	}
	if d := cmp.Diff(before, listing(t, r.dir)); d != "" {
		t.Error(d)
	}
	for name, c := range map[string]Commit{
		"angle":   {Head: head, Author: Identity{"a<b", "x@y", time.Unix(1, 0)}, Committer: who},
		"newline": {Head: head, Author: Identity{"a\nb", "x@y", time.Unix(1, 0)}, Committer: who},
		"no time": {Head: head, Author: Identity{Name: "a", Email: "x@y"}, Committer: who},
		"NUL":     {Head: head, Author: who, Committer: who, Message: "a\x00b"},
		"no head": {Head: "main", Author: who, Committer: who},
	} {
		if _, err := r.Merge(t.Context(), onto, c); err == nil || errors.As(err, &conflict) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPushComparesAndSwaps(t *testing.T) {
	l := newLab(t)
	base := l.commit(text("a", "0"))
	next, other, side := l.commit(text("a", "1"), base), l.commit(text("a", "2"), base), l.commit(text("a", "3"), base)
	for name, id := range map[string]string{"main": base, "next": next, "other": other, "side": side} {
		l.ref("refs/heads/"+name, id)
	}
	srv := l.serve()
	r := mirrors(t, Limits{}).Repo(7, srv.remote())
	if _, err := r.Fetch(t.Context(), Ref{"refs/heads/main"}, Ref{"refs/heads/next"}, Ref{"refs/heads/other"}, Ref{"refs/heads/side"}); err != nil {
		t.Fatal(err)
	}
	const main, fresh = "refs/heads/main", "refs/heads/agentplane/candidate/1"
	for _, step := range []struct {
		name, ref, to, expect string
		actual                string // not "-": MovedError
		after                 string
	}{
		{"fast-forward", main, next, base, "-", next},
		{"expected was passed", main, other, base, next, next},
		{"sideways, as expected", main, other, next, "-", other},
		{"back, as expected", main, base, other, "-", base},
		{"there already, from elsewhere", main, base, next, base, base},
		{"there already, as expected", main, base, base, "-", base},
		{"create", fresh, next, "", "-", next},
		{"create what exists", fresh, other, "", next, next},
		{"move what does not exist", "refs/heads/none", next, base, "", ""},
		{"delete what moved", fresh, "", other, next, next},
		{"delete", fresh, "", next, "-", ""},
	} {
		err := r.Push(t.Context(), step.ref, step.to, step.expect)
		var moved *MovedError
		switch {
		case step.actual == "-" && err != nil:
			t.Errorf("%s: %v", step.name, err)
		case step.actual != "-" && (!errors.As(err, &moved) || moved.Actual != step.actual || moved.Expected != step.expect):
			t.Errorf("%s: want it found at %q, got %v", step.name, step.actual, err)
		}
		if got, err := r.Tips(t.Context(), step.ref); err != nil || got[step.ref] != step.after {
			t.Errorf("%s: it is at %v, want %q (%v)", step.name, got, step.after, err)
		}
	}
}

func TestPushRaceAndRefusals(t *testing.T) {
	l := newLab(t)
	base := l.commit(text("a", "0"))
	next, other := l.commit(text("a", "1"), base), l.commit(text("a", "2"), base)
	for name, id := range map[string]string{"main": base, "next": next, "other": other} {
		l.ref("refs/heads/"+name, id)
	}
	srv := l.serve()
	r := mirrors(t, Limits{}).Repo(7, srv.remote())
	if _, err := r.Fetch(t.Context(), Ref{"refs/heads/next"}); err != nil {
		t.Fatal(err)
	}
	var n atomic.Int32
	srv.set(func(s *server) {
		s.before = func(service string) {
			if service != "receive-pack" {
				return
			}
			if n.Add(1) == 2 { // the remote told its state, and moves before it is sent the change
				l.ref("refs/heads/main", other)
			}
		}
	})
	var moved *MovedError
	if err := r.Push(t.Context(), "refs/heads/main", next, base); !errors.As(err, &moved) || moved.Actual != other {
		t.Errorf("a race: %v", err)
	}
	srv.set(func(s *server) { s.before = nil })
	hook := filepath.Join(l.dir, "hooks", "update")
	if err := os.MkdirAll(filepath.Dir(hook), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(hook, []byte("#!/bin/sh\necho branch rule says no >&2\nexit 1\n"), 0o700); err != nil { //nolint:gosec // a hook must be executable
		t.Fatal(err)
	}
	var rejected *RejectedError
	if err := r.Push(t.Context(), "refs/heads/main", next, other); !errors.As(err, &rejected) || !strings.Contains(rejected.Reason, "declined") {
		t.Errorf("a rule: %v", err)
	}
	for status, kind := range map[int]RemoteKind{401: Auth, 403: Auth, 404: NotFound, 502: Unavailable} {
		srv.set(func(s *server) {
			s.answer = func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(status); return true }
		})
		var e *RemoteError
		if err := r.Push(t.Context(), "refs/heads/main", next, other); !errors.As(err, &e) || e.Kind != kind {
			t.Errorf("%d: %v", status, err)
		}
	}
	for _, bad := range [][3]string{
		{"main", next, base}, {"refs/heads/a:b", next, base}, {"refs/heads/main", "main", base}, {"refs/heads/main", next, "main"}, {"refs/heads/main", "", ""},
	} {
		if err := r.Push(t.Context(), bad[0], bad[1], bad[2]); err == nil {
			t.Errorf("%q was pushed", bad)
		}
	}
}
