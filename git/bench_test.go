package git

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// large is a repository of n files in 200 directories, with a target that
// moved on and a pull request of 50 files in 10 commits.
func large(t testing.TB, n int) (l *lab, target, head string) {
	t.Helper()
	l = newLab(t)
	files := tree{}
	for i := range n {
		files[fmt.Sprintf("dir%d/sub%d/file%d.txt", i%20, i%200, i)] = file{data: fmt.Sprintf("contents %d\n", i)}
	}
	base := l.commit(files)
	target = l.change(base, text("dir0/sub0/file0.txt", "moved on\n"))
	head = base
	for c := range 10 {
		files = tree{}
		for i := range 5 {
			files[fmt.Sprintf("dir3/sub3/file%d.txt", 3+200*(c*5+i))] = file{data: fmt.Sprintf("change %d %d\n", c, i)}
		}
		head = l.change(head, files)
	}
	l.ref("refs/heads/main", target)
	l.ref("refs/pull/1/head", head)
	l.raw("", "repack", "-adq")
	return l, target, head
}

func TestLargeRepository(t *testing.T) {
	l, target, head := large(t, 20_000)
	r := mirrors(t, Limits{}).Repo(7, l.serve().remote())
	start := time.Now()
	if _, err := r.Fetch(t.Context(), Ref{"refs/heads/main"}, Ref{"refs/pull/1/head"}); err != nil {
		t.Fatal(err)
	}
	t.Logf("first fetch of 20,000 files: %v", time.Since(start))
	start = time.Now()
	got, err := r.Touched(t.Context(), target, head)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("touched: %v", time.Since(start))
	if len(got.Changes) != 50 || len(got.Paths) != 20_000 || !slices.IsSorted(changed(got)) {
		t.Errorf("%d changes, %d paths", len(got.Changes), len(got.Paths))
	}
	if paths, err := r.Paths(t.Context(), target); err != nil || !slices.Equal(paths, got.Paths) {
		t.Errorf("%d paths: %v", len(paths), err)
	}
}

func BenchmarkTouched(b *testing.B) {
	l, target, head := large(b, 20_000)
	r := mirrors(b, Limits{}).Repo(7, l.serve().remote())
	if _, err := r.Fetch(b.Context(), Ref{"refs/heads/main"}, Ref{"refs/pull/1/head"}); err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	for b.Loop() {
		if _, err := r.Touched(b.Context(), target, head); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFetchNothingMoved(b *testing.B) {
	l, _, _ := large(b, 20_000)
	r := mirrors(b, Limits{}).Repo(7, l.serve().remote())
	for b.Loop() {
		if _, err := r.Fetch(b.Context(), Ref{"refs/heads/main"}, Ref{"refs/pull/1/head"}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFetchOneCommit(b *testing.B) {
	l, _, head := large(b, 20_000)
	r := mirrors(b, Limits{}).Repo(7, l.serve().remote())
	files := text("a", "1")
	for b.Loop() {
		b.StopTimer()
		files = files.with("a", files["a"].data+"1")
		l.ref("refs/heads/main", l.commit(files, head))
		b.StartTimer()
		if _, err := r.Fetch(b.Context(), Ref{"refs/heads/main"}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkShow(b *testing.B) {
	l, target, _ := large(b, 20_000)
	r := mirrors(b, Limits{}).Repo(7, l.serve().remote())
	if _, err := r.Fetch(b.Context(), Ref{"refs/heads/main"}); err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	for b.Loop() {
		if _, err := r.Show(b.Context(), target, "dir0/sub0/file0.txt"); err != nil {
			b.Fatal(err)
		}
	}
}
