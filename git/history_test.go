package git

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestUnrelatedAndManyBases(t *testing.T) {
	l := newLab(t)
	a, b := l.commit(text("a", "1")), l.commit(text("a", "2"))
	_, err := l.local().Touched(t.Context(), a, b)
	_ = refusal(t, err, Unrelated)
	var bases []string
	for i := range 9 {
		bases = append(bases, l.commit(text("a", fmt.Sprint(i)), a))
	}
	head, target := l.commit(text("a", "x"), bases...), l.commit(text("a", "y"), bases...)
	_, err = l.local().Touched(t.Context(), target, head)
	if e := refusal(t, err, TooManyBases); e.Count != 9 || e.Limit != 8 {
		t.Errorf("got %v", e)
	}
}

// TestReplaceAndGrafts: a repository that rewrites its own history when read.
func TestReplaceAndGrafts(t *testing.T) {
	l := newLab(t)
	base := l.commit(text("theirs/f", "1"))
	harmless := l.commit(text("theirs/f", "1", "mine/a", "x"), base)
	evil := l.commit(text("theirs/f", "evil"), base)
	l.ref("refs/replace/"+evil, harmless)
	if err := os.MkdirAll(filepath.Join(l.dir, "info"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(l.dir, "info", "grafts"), []byte(base+"\n"+evil+" "+harmless+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := l.raw("", "diff", "--name-only", base, evil); out != "mine/a" {
		t.Fatalf("the replacement does not work in plain git: %q", out)
	}
	got, err := l.local().Touched(t.Context(), base, evil)
	if err != nil || !slices.Equal(changed(got), []string{"theirs/f"}) {
		t.Errorf("a replacement reference or graft was believed: %v %v", got, err)
	}
	l.ref("refs/heads/main", base)
	l.ref("refs/pull/1/head", evil)
	r := mirrors(t, Limits{}).Repo(7, l.serve().remote())
	if _, err := r.Fetch(t.Context(), Ref{"refs/heads/main"}, Ref{"refs/pull/1/head"}); err != nil {
		t.Fatal(err)
	}
	got, err = r.Touched(t.Context(), base, evil)
	if err != nil || !slices.Equal(changed(got), []string{"theirs/f"}) {
		t.Errorf("in a mirror: %v %v", got, err)
	}
}

func TestUnreadableObject(t *testing.T) {
	l := newLab(t)
	base := l.commit(text("d/f", "1"))
	head := l.commitTree(l.treeObject("40000", "d", repeat("1", 40)), base)
	_, err := l.local().Touched(t.Context(), base, head)
	_ = refusal(t, err, Unreadable)
}
