package git

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestWhatIdsNameIsAskedOnce takes the objects away: what was asked before is still known, and nothing else is.
func TestWhatIdsNameIsAskedOnce(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	base := l.commit(text("a", "1\n", "b", "1\n"))
	head := l.commit(text("a", "2\n", "b", "1\n"), base)
	r := l.mirrored(Limits{}, base, head)
	ctx := t.Context()
	questions := map[string]func() (any, error){
		"touched":         func() (any, error) { return r.Touched(ctx, base, head) },
		"show":            func() (any, error) { return r.ShowAll(ctx, head, "a", "none") },
		"trees":           func() (any, error) { return r.Trees(ctx, base, head) },
		"contains":        func() (any, error) { return r.Contains(ctx, head, base) },
		"touched by tree": func() (any, error) { return r.TouchedTree(ctx, base, l.raw("", "rev-parse", head+"^{tree}")) },
	}
	before := map[string]any{}
	for name, ask := range questions {
		got, err := ask()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		before[name] = got
	}
	objects := filepath.Join(r.dir, "objects")
	if err := os.Rename(objects, filepath.Join(t.TempDir(), "aside")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(objects, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, ask := range questions {
		got, err := ask()
		if err != nil {
			t.Errorf("%s, asked again: %v", name, err)
		} else if d := cmp.Diff(before[name], got); d != "" {
			t.Errorf("%s, asked again (-before +after)\n%s", name, d)
		}
	}
	if has, err := r.Has(ctx, base); err != nil || has[base] {
		t.Errorf("whether a commit is here was not asked again: %v, %v", has, err)
	}
	if _, err := r.Touched(ctx, head, base); err == nil {
		t.Error("what was never asked has an answer without objects")
	}
	if err := r.Delete(ctx); err != nil {
		t.Fatal(err)
	}
	for name, ask := range questions {
		got, err := ask()
		if name == "trees" || name == "contains" { // of commits that are not here they say nothing
			if err != nil || fmt.Sprint(got) != "map[]" {
				t.Errorf("%s, of a deleted mirror: %v, %v", name, got, err)
			}
		} else if err == nil {
			t.Errorf("%s is still known of a deleted mirror", name)
		}
	}
}

// TestAnswersHaveABound fills the memory: the oldest are forgotten, the newest are there, and huge ones are never kept.
func TestAnswersHaveABound(t *testing.T) {
	t.Parallel()
	a := newAnswers()
	for i := range 1000 {
		a.keep(fmt.Sprint(i), i, answersSize/100)
		if a.size > answersSize {
			t.Fatalf("after %d answers %d bytes are kept, of at most %d", i, a.size, answersSize)
		}
	}
	a.keep("huge", 0, answersSize/2)
	for question, want := range map[string]bool{"0": false, "999": true, "990": true, "huge": false} {
		if _, ok := a.find(question); ok != want {
			t.Errorf("answer %s kept: %t, want %t", question, ok, want)
		}
	}
	a.keep("999", 1, 10)
	a.forget("")
	if a.size != 0 || a.said.Len() != 0 {
		t.Errorf("%d bytes of %d answers are left of nothing", a.size, a.said.Len())
	}
}

// TestACallerMayChangeItsAnswer: two pull requests may land the same tree on the same target. What one caller notes on its
// answer, or appends to it, is no other caller's.
func TestACallerMayChangeItsAnswer(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	base := l.commit(text("a", "1\n", "b", "1\n"))
	head := l.commit(text("a", "2\n", "b", "1\n"), base)
	r := l.mirrored(Limits{}, base, head)
	tree := l.raw("", "rev-parse", head+"^{tree}")
	for name, ask := range map[string]func() (*Touch, error){
		"touched":         func() (*Touch, error) { return r.Touched(t.Context(), base, head) },
		"touched by tree": func() (*Touch, error) { return r.TouchedTree(t.Context(), base, tree) },
	} {
		first, err := ask()
		if err != nil {
			t.Fatal(err)
		}
		want := *first
		first.Head, first.Bases = "mine", append(first.Bases, "mine")
		first.Paths, first.Changes, first.Conflicts = append(first.Paths, "mine"), append(first.Changes, Change{}), append(first.Conflicts, "mine")
		second, err := ask()
		if d := cmp.Diff(&want, second); d != "" || err != nil {
			t.Errorf("%s: %v (-want +got)\n%s", name, err, d)
		}
		if len(second.Paths) != cap(second.Paths) || len(second.Changes) != cap(second.Changes) {
			t.Errorf("%s: two callers append to one list", name)
		}
	}
	files, err := r.ShowAll(t.Context(), head, "a")
	if err != nil {
		t.Fatal(err)
	}
	files["a"] = File{}
	if again, err := r.ShowAll(t.Context(), head, "a"); err != nil || string(again["a"].Data) != "2\n" {
		t.Errorf("the file is %+v, %v", again, err)
	}
}

// TestAnAnswerOfADeletedMirrorIsNotKept deletes a mirror while it is asked: what it says then goes with it.
func TestAnAnswerOfADeletedMirrorIsNotKept(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	base := l.commit(text("a", "1\n"))
	r := l.mirrored(Limits{}, base)
	deleted := make(chan error, 1)
	_, err := once(t.Context(), r, "question", "ask", func(*scratch) (shown, error) {
		r.st.mu.Lock() // which whoever has read takes
		go func() {
			defer r.st.mu.Unlock()
			deleted <- r.Delete(t.Context())
		}()
		return shown{}, nil
	})
	if err := errors.Join(err, <-deleted); err != nil {
		t.Fatal(err)
	}
	if _, known := recall[shown](r, "question"); known {
		t.Error("an answer of a mirror that is gone is still known")
	}
}

// TestAnotherProcessDeletesAMirror: whoever finds a mirror in doubt deletes it for all, and what it has said is in doubt too.
func TestAnotherProcessDeletesAMirror(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	base := l.commit(text("a", "1\n"))
	head := l.commit(text("a", "2\n"), base)
	r := l.mirrored(Limits{}, base, head)
	other, err := Open(t.Context(), r.m.options)
	if err != nil {
		t.Fatal(err)
	}
	ask := func() (*Touch, map[string]string, error) {
		touch, err := r.Touched(t.Context(), base, head)
		trees, failed := r.Trees(t.Context(), base)
		return touch, trees, errors.Join(err, failed)
	}
	if _, trees, err := ask(); err != nil || len(trees) != 1 {
		t.Fatal(err, trees)
	}
	if err := other.Repo(7, r.remote).Delete(t.Context()); err != nil {
		t.Fatal(err)
	}
	if touch, trees, err := ask(); err == nil || len(trees) > 0 {
		t.Errorf("of a mirror that is gone: %+v, %v", touch, trees)
	}
	if err := r.create(); err != nil {
		t.Fatal(err)
	}
	if touch, trees, err := ask(); err == nil || len(trees) > 0 {
		t.Errorf("of a mirror that was made anew: %+v, %v", touch, trees)
	}
}
