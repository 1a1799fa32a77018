package git

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestFetchEach has many pull requests, of which one is gone and one is bad.
func TestFetchEach(t *testing.T) {
	l := newLab(t)
	base := l.commit(text("a", "1"))
	l.ref("refs/heads/main", base)
	refs := []Ref{{"refs/heads/main"}}
	want := map[string]string{"refs/heads/main": base}
	for i := range 60 {
		name := fmt.Sprintf("refs/pull/%d/head", i)
		refs = append(refs, Ref{name}, Ref{name})
		want[name] = l.commit(text("a", fmt.Sprint(i)), base)
		l.ref(name, want[name])
	}
	l.raw("", "update-ref", "-d", "refs/pull/7/head")
	delete(want, "refs/pull/7/head")
	srv := l.serve()
	r := mirrors(t, Limits{}).Repo(7, srv.remote())
	got, err := r.FetchEach(t.Context(), refs...)
	if err != nil || len(got) != 61 {
		t.Fatalf("%d of 61: %v", len(got), err)
	}
	var missing *MissingRefError
	if !errors.As(got["refs/pull/7/head"].Err, &missing) || missing.Ref != "refs/pull/7/head" {
		t.Errorf("the missing one: %v", got["refs/pull/7/head"])
	}
	for name, id := range want {
		if got[name] != (Fetched{Commit: id}) {
			t.Errorf("%s: %v", name, got[name])
		}
	}
	if n := srv.count(); n > 8 {
		t.Errorf("%d requests for 60 pull requests", n)
	}
	// One that turns bad keeps no other from moving.
	bad := l.commitTree(l.treeObject("100644", "..", l.raw("x", "hash-object", "-w", "--stdin")), base)
	l.ref("refs/pull/1/head", bad)
	want["refs/pull/2/head"] = l.commit(text("a", "moved"), base)
	l.ref("refs/pull/2/head", want["refs/pull/2/head"])
	for range 2 {
		got, err = r.FetchEach(t.Context(), Ref{"refs/pull/1/head"}, Ref{"refs/pull/2/head"}, Ref{"refs/pull/3/head"})
		if err != nil || got["refs/pull/2/head"].Commit != want["refs/pull/2/head"] || got["refs/pull/3/head"].Commit != want["refs/pull/3/head"] {
			t.Errorf("beside a bad one: %v %v", got, err)
		}
		if e := refusal(t, got["refs/pull/1/head"].Err, BadObjects); e.Ref != "refs/pull/1/head" {
			t.Errorf("the bad one: %v", e)
		}
	}
	if has, err := r.Has(t.Context(), bad); err != nil || has[bad] {
		t.Errorf("the bad one is in the mirror: %v", err)
	}
	if none, err := r.FetchEach(t.Context()); err != nil || len(none) > 0 {
		t.Errorf("nothing asked: %v %v", none, err)
	}
	srv.Close()
	var remote *RemoteError
	if got, err := r.FetchEach(t.Context(), Ref{"refs/heads/main"}); !errors.As(err, &remote) || got != nil {
		t.Errorf("no server: %v %v", got, err)
	}
}

// TestAfterAForcePush: a head that no reference leads to any more is judged as
// before, and comes back by its id to a mirror that was built again.
func TestAfterAForcePush(t *testing.T) {
	l := newLab(t)
	base := l.commit(text("a", "1", "b", "1"))
	reviewed, pushed := l.commit(text("a", "2", "b", "1"), base), l.commit(text("a", "1", "b", "2"), base)
	l.ref("refs/heads/main", base)
	l.ref("refs/pull/1/head", reviewed)
	r := mirrors(t, Limits{}).Repo(7, l.serve().remote())
	refs := []Ref{{"refs/heads/main"}, {"refs/pull/1/head"}}
	if has, err := r.Has(t.Context(), base); err != nil || has[base] {
		t.Errorf("before the first fetch: %v %v", has, err)
	}
	if _, err := r.Fetch(t.Context(), refs...); err != nil {
		t.Fatal(err)
	}
	l.ref("refs/pull/1/head", pushed)
	if _, err := r.Fetch(t.Context(), refs...); err != nil {
		t.Fatal(err)
	}
	r.upkeep(t.Context(), 0)
	judge := func() {
		t.Helper()
		touch, err := r.Touched(t.Context(), base, reviewed)
		if err != nil {
			t.Fatal(err)
		}
		files, err := r.ShowAll(t.Context(), reviewed, "a", "b")
		if d := cmp.Diff([]string{"a"}, changed(touch)); d != "" || err != nil || string(files["a"].Data) != "2" {
			t.Errorf("%s %v %v", d, files, err)
		}
	}
	judge()
	if err := r.Delete(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Fetch(t.Context(), refs...); err != nil {
		t.Fatal(err)
	}
	var missing *NotFoundError
	if _, err := r.Touched(t.Context(), base, reviewed); !errors.As(err, &missing) || missing.Rev != reviewed {
		t.Errorf("after the mirror was lost: %v", err)
	}
	err := r.FetchCommits(t.Context(), id1, reviewed, base)
	if !errors.As(err, &missing) || missing.Rev != id1 || strings.Contains(err.Error(), reviewed) {
		t.Errorf("one that nobody has: %v", err)
	}
	judge()
	if err := r.FetchCommits(t.Context(), reviewed); err != nil {
		t.Error(err)
	}
	if err := r.Forget(t.Context(), reviewed, "refs/pull/1/head"); err != nil {
		t.Error(err)
	}
	judge()
}

func TestFetchCommitsGoThroughTheQuarantine(t *testing.T) {
	l := newLab(t)
	base := l.commit(text("a", "1"))
	l.ref("refs/heads/main", base)
	bad := l.commitTree(l.treeObject("100644", "..", l.raw("x", "hash-object", "-w", "--stdin")), base)
	blob := l.raw("x", "hash-object", "-w", "--stdin")
	r := mirrors(t, Limits{}).Repo(7, l.serve().remote())
	for _, id := range []string{bad, blob} {
		for range 2 {
			_ = refusal(t, r.FetchCommits(t.Context(), id), BadObjects)
		}
	}
	if has, err := r.Has(t.Context(), bad, blob); err != nil || has[bad] || has[blob] {
		t.Errorf("they are in the mirror: %v %v", has, err)
	}
	for _, bad := range []string{"", "HEAD", "refs/heads/main", base[:39], "-x"} {
		if r.FetchCommits(t.Context(), bad) == nil {
			t.Errorf("%q was fetched", bad)
		}
		if _, err := r.Has(t.Context(), bad); err == nil {
			t.Errorf("%q was looked for", bad)
		}
	}
	if l.local().FetchCommits(t.Context(), base) == nil {
		t.Error("a clone was written")
	}
}

func TestTrees(t *testing.T) {
	l := newLab(t)
	one := l.commit(text("a", "1"))
	two := l.commit(text("a", "2"), one)
	again := l.commit(text("a", "1"), two)
	blob := l.raw("1", "hash-object", "--stdin")
	trees, err := l.local().Trees(t.Context(), one, two, again, id1, blob, one)
	if err != nil || len(trees) != 3 || trees[one] != trees[again] || trees[one] == trees[two] || trees[one] != l.raw("", "rev-parse", one+"^{tree}") {
		t.Errorf("%v %v", trees, err)
	}
	if trees, err := l.local().Trees(t.Context(), id1); err != nil || len(trees) > 0 {
		t.Errorf("of nothing: %v %v", trees, err)
	}
}

func TestTimesAndContains(t *testing.T) {
	l := newLab(t)
	one := l.commit(text("a", "1"))
	two := l.commit(text("a", "2"), one)
	side := l.commit(text("b", "1"), one)
	times, err := l.local().Times(t.Context(), one, two, id1)
	if err != nil || len(times) != 2 || times[one].Unix() <= 0 || times[one].Location() != time.UTC {
		t.Errorf("%v %v", times, err)
	}
	has, err := l.local().Contains(t.Context(), two, one, two, side, id1)
	if err != nil || !has[one] || !has[two] || has[side] || has[id1] {
		t.Errorf("%v %v", has, err)
	}
	if has, err := l.local().Contains(t.Context(), id1, one); err != nil || has[one] {
		t.Errorf("of a commit that is not here: %v %v", has, err)
	}
}

func TestChain(t *testing.T) {
	l := newLab(t)
	one := l.commit(text("a", "1"))
	side := l.commit(text("b", "1"), one)
	two := l.commit(text("a", "2"), one, side)
	three := l.commit(text("a", "3"), two)
	chain, err := l.local().Chain(t.Context(), one, three)
	if err != nil || !cmp.Equal(chain, []string{two, three}) {
		t.Errorf("%v %v", chain, err)
	}
	if chain, err := l.local().Chain(t.Context(), one, one); err != nil || len(chain) != 0 {
		t.Errorf("to itself: %v %v", chain, err)
	}
	for why, from := range map[string]string{"it only came in by a merge": side, "it is later": three, "it is not here": id1} {
		if chain, err := l.local().Chain(t.Context(), from, two); err == nil && len(chain) > 0 {
			t.Errorf("%s: %v", why, chain)
		}
	}
}
