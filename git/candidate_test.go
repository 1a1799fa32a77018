package git

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// mirrored serves the lab's commits, each on a branch of its own, and fetches
// them into a mirror.
func (l *lab) mirrored(limits Limits, ids ...string) *Repo {
	l.t.Helper()
	var refs []Ref
	l.ref("refs/heads/main", ids[0])
	for i, id := range ids {
		name := fmt.Sprint("refs/heads/b", i)
		l.ref(name, id)
		refs = append(refs, Ref{name})
	}
	r := mirrors(l.t, limits).Repo(7, l.serve().remote())
	if _, err := r.Fetch(l.t.Context(), refs...); err != nil {
		l.t.Fatal(err)
	}
	return r
}

// changesOf are heads as changes to merge.
func changesOf(heads ...string) []Commit {
	all := make([]Commit, len(heads))
	for i, h := range heads {
		all[i] = Commit{Head: h, Message: fmt.Sprintf("Merge change %d\n", i+1), Author: who, Committer: who}
	}
	return all
}

// candidate builds one that must succeed.
func candidate(t *testing.T, r *Repo, onto string, o CandidateOptions, heads ...string) []Merged {
	t.Helper()
	made, err := r.Candidate(t.Context(), onto, changesOf(heads...), o)
	if err != nil {
		t.Fatal(err)
	}
	if len(made) != len(heads) {
		t.Fatalf("%d changes made %+v", len(heads), made)
	}
	return made
}

// stored reads a tree out of the mirror, as paths with contents.
func stored(t *testing.T, r *Repo, treeish string) map[string]string {
	t.Helper()
	show := func(args ...string) string {
		cmd := exec.Command("git", args...) //nolint:gosec // a test
		cmd.Env = labEnv(r.dir)
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("git %q: %v", args, err)
		}
		return string(out)
	}
	files := map[string]string{}
	for _, path := range strings.Fields(show("ls-tree", "-r", "--name-only", treeish)) {
		files[path] = show("cat-file", "blob", treeish+":"+path)
	}
	return files
}

func TestCandidate(t *testing.T) {
	l := newLab(t)
	base := l.commit(text("a", lines(9), "b", "1", "c", "1"))
	tip := l.commit(text("a", lines(9), "b", "1", "c", "2"), base)
	one := l.commit(text("a", lines(9, "0", "one"), "b", "1", "c", "1"), base)
	two := l.commit(text("a", lines(9, "8", "two"), "b", "1", "c", "1", ".github/workflows/x.yml", "on: push"), base)
	three := l.commit(text("a", lines(9, "0", "one"), "b", "3", "c", "1"), one) // stacked on one
	for _, squash := range []bool{false, true} {
		r := l.mirrored(Limits{}, tip, one, two, three)
		o := CandidateOptions{Squash: squash}
		made := candidate(t, r, tip, o, one, two, three)
		want := map[string]string{"a": lines(9, "0", "one", "8", "two"), "b": "3", "c": "2", ".github/workflows/x.yml": "on: push"}
		if d := cmp.Diff(want, stored(t, r, made[2].Commit)); d != "" {
			t.Errorf("squash %v: %s", squash, d)
		}
		if again := candidate(t, r, tip, o, one, two, three); !slices.EqualFunc(made, again, func(a, b Merged) bool { return cmp.Equal(a, b) }) {
			t.Errorf("the same candidate twice: %+v and %+v", made, again)
		}
		elsewhere := l.mirrored(Limits{}, tip, one, two, three)
		if again := candidate(t, elsewhere, tip, o, one, two, three); again[2].Commit != made[2].Commit {
			t.Errorf("another process builds %s instead of %s", again[2].Commit, made[2].Commit)
		}
		before := tip
		for i, touches := range [][]string{{"a"}, {".github/workflows/x.yml", "a"}, {"b"}} {
			touch, err := r.TouchedTree(t.Context(), before, made[i].Tree)
			if err != nil || !slices.Equal(changed(touch), touches) {
				t.Errorf("change %d lands %v, %v", i, touch, err)
			}
			before = made[i].Commit
		}
		if len(made[0].Workflows)+len(made[2].Workflows) > 0 || !slices.Equal(made[1].Workflows, []string{".github/workflows/x.yml"}) {
			t.Errorf("workflows: %+v", made)
		}
		const branch, main = "refs/heads/agentplane/candidate/1-a", "refs/heads/b0"
		for _, step := range []struct{ ref, to, expect string }{
			{branch, made[2].Commit, ""}, {main, made[2].Commit, tip}, {branch, "", made[2].Commit},
		} {
			if step.to == "" {
				below, err := r.TipsBelow(t.Context(), "refs/heads/agentplane/candidate/")
				if d := cmp.Diff(map[string]string{branch: made[2].Commit}, below); err != nil || d != "" {
					t.Errorf("candidates on the remote: %v %s", err, d)
				}
			}
			if err := r.Push(t.Context(), step.ref, step.to, step.expect); err != nil {
				t.Error(err)
			}
		}
		below, err := r.TipsBelow(t.Context(), "refs/heads/agentplane/candidate/")
		tips, err2 := r.Tips(t.Context(), main)
		if err := errors.Join(err, err2); err != nil || len(below) != 0 || tips[main] != made[2].Commit {
			t.Errorf("after landing: %v %v %v", below, tips, err)
		}
		parents := strings.Fields(l.raw("", "rev-list", "--parents", "-n1", made[2].Commit))[1:]
		count := l.raw("", "rev-list", "--count", tip+".."+made[2].Commit)
		if wantParents, wantCount := []string{made[1].Commit, three}, "6"; !squash && (!slices.Equal(parents, wantParents) || count != wantCount) {
			t.Errorf("merged: parents %v, %s commits", parents, count)
		}
		if squash && (!slices.Equal(parents, []string{made[1].Commit}) || count != "3") {
			t.Errorf("squashed: parents %v, %s commits", parents, count)
		}
		l.raw("", "update-ref", "-d", "refs/heads/b0")
	}
}

// untimed is a listing without times: git touches a pack in which it finds what
// it was about to write.
func untimed(files []string) []string {
	for i, f := range files {
		files[i] = f[:strings.LastIndexByte(f, ' ')]
	}
	return files
}

func TestCandidateConflicts(t *testing.T) {
	l := newLab(t)
	base := l.commit(text("a", "0\n", "b", "0\n", "c", "0\n", "d/e", "0\n"))
	tip := l.commit(text("a", "0\n", "b", "0\n", "c", "tip\n", "d/e", "0\n"), base)
	a1 := l.commit(text("a", "1\n", "b", "0\n", "c", "0\n", "d/e", "0\n"), base)
	b1 := l.commit(text("a", "0\n", "b", "1\n", "c", "0\n", "d/e", "0\n"), base)
	ab := l.commit(text("a", "2\n", "b", "2\n", "c", "0\n", "d/e", "0\n"), base)
	a2 := l.commit(text("a", "2\n", "b", "0\n", "c", "0\n", "d/e", "0\n"), base)
	c1 := l.commit(text("a", "0\n", "b", "0\n", "c", "1\n", "d/e", "0\n"), base)
	file := l.commit(text("a", "0\n", "b", "0\n", "c", "0\n", "d", "a file\n"), base)
	deep := l.commit(text("a", "0\n", "b", "0\n", "c", "0\n", "d/e", "1\n"), base)
	r := l.mirrored(Limits{}, tip, a1, b1, ab, a2, c1, file, deep)
	before := untimed(listing(t, r.dir))
	for _, c := range []struct {
		why   string
		heads []string
		entry int
		paths []string
		base  bool
		with  []int
	}{
		{"with one of two below", []string{a1, b1, a2}, 2, []string{"a"}, false, []int{0}},
		{"with both below", []string{a1, b1, ab}, 2, []string{"a", "b"}, false, []int{0, 1}},
		{"with what was there before", []string{a1, c1}, 1, []string{"c"}, true, nil},
		{"the first one, with what was there before", []string{c1, a1}, 0, []string{"c"}, true, nil},
		{"in the middle; what follows is not reached", []string{a1, a2, b1}, 1, []string{"a"}, false, []int{0}},
		{"a file in the place of a folder", []string{file, deep}, 1, nil, false, []int{0}},
	} {
		for _, squash := range []bool{false, true} {
			_, err := r.Candidate(t.Context(), tip, changesOf(c.heads...), CandidateOptions{Squash: squash})
			var entry *EntryError
			var conflict *ConflictError
			if !errors.As(err, &entry) || !errors.As(err, &conflict) {
				t.Errorf("%s: %v", c.why, err)
				continue
			}
			if entry.Entry != c.entry || entry.Head != c.heads[c.entry] || conflict.Head != entry.Head || conflict.Base != c.base || !slices.Equal(conflict.With, c.with) ||
				c.paths != nil && !slices.Equal(conflict.Paths, c.paths) {
				t.Errorf("%s: change %d conflicts in %q with %v, base %v", c.why, entry.Entry, conflict.Paths, conflict.With, conflict.Base)
			}
		}
	}
	if d := cmp.Diff(before, untimed(listing(t, r.dir))); d != "" {
		t.Errorf("a candidate that conflicts leaves something: %s", d)
	}
}

// TestStackedOnWhatWasSquashed: the lower change landed squashed with an earlier
// candidate, and the upper one changes the same lines again.
func TestStackedOnWhatWasSquashed(t *testing.T) {
	l := newLab(t)
	base := l.commit(text("a", "0\n"))
	lower := l.commit(text("a", "1\n"), base)
	upper := l.commit(text("a", "2\n"), lower)
	r := l.mirrored(Limits{}, base, lower, upper)
	landed := candidate(t, r, base, CandidateOptions{Squash: true}, lower)[0].Commit
	missing := strings.Repeat("7", 40)
	for _, squash := range []bool{false, true} {
		var conflict *ConflictError
		if _, err := r.Candidate(t.Context(), landed, changesOf(upper), CandidateOptions{Squash: squash}); !errors.As(err, &conflict) {
			t.Errorf("without a word about it: %v", err)
		}
		made := candidate(t, r, landed, CandidateOptions{Squash: squash, Squashed: []string{lower, missing}}, upper)
		if got := stored(t, r, made[0].Commit); got["a"] != "2\n" {
			t.Errorf("a holds %q", got["a"])
		}
		if err := r.Push(t.Context(), "refs/heads/check", made[0].Commit, ""); err != nil {
			t.Fatal(err)
		}
		parents := strings.Fields(l.raw("", "rev-list", "--parents", "-n1", made[0].Commit))[1:]
		if want := []string{landed, upper}[:2-len(made)*map[bool]int{true: 1}[squash]]; !slices.Equal(parents, want) {
			t.Errorf("squash %v: parents %v, want %v", squash, parents, want)
		}
		l.raw("", "update-ref", "-d", "refs/heads/check")
	}
}

// histories that are not lines.
func TestCandidateOfAnyHistory(t *testing.T) {
	l := newLab(t)
	start := text("a", lines(20), "dir/old", lines(30), "x", "0\n", "y", "0\n")
	base := l.commit(start)
	left, right := l.commit(start.with("x", "left\n"), base), l.commit(start.with("y", "right\n"), base)
	third := l.commit(start.with("z", "third\n"), base)
	octopus := l.commit(start.with("x", "left\n", "y", "right\n", "z", "third\n"), left, right, third)
	evil := l.commit(start.with("x", "left\n", "y", "right\n", "secret", "only in the merge\n"), left, right)
	renamed := l.commit(start.with("dir/old", "-", "dir/new", lines(30)), base)
	edited := l.commit(start.with("dir/old", lines(30, "3", "edited")), base)
	root := l.commit(text("other", "1\n"))
	r := l.mirrored(Limits{}, base, octopus, evil, renamed, edited, root)
	for _, c := range []struct {
		why     string
		heads   []string
		touches []string // by the last
		refused RefusedKind
	}{
		{"an octopus lands what all its arms changed", []string{octopus}, []string{"x", "y", "z"}, ""},
		{"an evil merge is judged by what it lands", []string{evil}, []string{"secret", "x", "y"}, ""},
		{"after the octopus, the evil merge lands only its own", []string{octopus, evil}, []string{"secret"}, ""},
		{"an edit follows a rename, and lands there", []string{renamed, edited}, []string{"dir/new"}, ""},
		{"a rename after an edit moves the edit", []string{edited, renamed}, []string{"dir/new", "dir/old"}, ""},
		{"the same again lands nothing", []string{renamed, renamed}, nil, ""},
		{"the commit itself lands nothing", []string{base}, nil, ""},
		{"another history is refused", []string{renamed, root}, nil, Unrelated},
	} {
		made, err := r.Candidate(t.Context(), base, changesOf(c.heads...), CandidateOptions{})
		if c.refused != "" {
			var entry *EntryError
			if _ = refusal(t, err, c.refused); !errors.As(err, &entry) || entry.Entry != 1 {
				t.Errorf("%s: %v", c.why, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.why, err)
			continue
		}
		before := base
		if n := len(made); n > 1 {
			before = made[n-2].Commit
		}
		touch, err := r.TouchedTree(t.Context(), before, made[len(made)-1].Tree)
		if err != nil || !slices.Equal(changed(touch), c.touches) {
			t.Errorf("%s: it touches %v, %v", c.why, changed(touch), err)
		}
	}
}

// TestHostileAttributesDoNotMerge: a merge driver that a tree names is not run
// and not obeyed, be it one of git's own.
func TestHostileAttributesDoNotMerge(t *testing.T) {
	l := newLab(t)
	flag := filepath.Join(t.TempDir(), "flag")
	attributes := "a merge=union\nb merge=evil filter=evil diff=evil\nc merge=ours\n* text eol=crlf working-tree-encoding=UTF-16\n"
	start := text("a", "0\n", "b", "0\n", "c", "0\n", ".gitattributes", attributes,
		".gitconfig", "[merge \"evil\"]\n\tdriver = touch "+flag+"\n")
	base := l.commit(start)
	one, two := l.commit(start.with("a", "1\n", "b", "1\n", "c", "1\n"), base), l.commit(start.with("a", "2\n", "b", "2\n", "c", "2\n"), base)
	r := l.mirrored(Limits{}, base, one, two)
	_, err := r.Candidate(t.Context(), base, changesOf(one, two), CandidateOptions{})
	var conflict *ConflictError
	if !errors.As(err, &conflict) || !slices.Equal(conflict.Paths, []string{"a", "b", "c"}) {
		t.Errorf("got %v", err)
	}
	if _, err := os.Lstat(flag); err == nil {
		t.Error("the tree's merge driver ran")
	}
	made := candidate(t, r, base, CandidateOptions{}, one)
	if got := stored(t, r, made[0].Commit); got["a"] != "1\n" || got["c"] != "1\n" {
		t.Errorf("contents were changed on the way: %q", got)
	}
}

func TestCandidateLimits(t *testing.T) {
	l := newLab(t)
	big := strings.Repeat("0123456789abcdef\n", 1<<14)
	base := l.commit(text("a", "x\n"+big, "b", "0"))
	fine := l.commit(text("a", "x\n"+big, "b", "1"), base)
	one, two := l.commit(text("a", "1\n"+big, "b", "0"), base), l.commit(text("a", "2\n"+big, "b", "0"), base)
	r := l.mirrored(Limits{Blob: 100 << 10}, base, fine, one, two)
	_, err := r.Candidate(t.Context(), base, changesOf(fine, one, two), CandidateOptions{})
	var entry *EntryError
	if e := refusal(t, err, TooLarge); e.Path != "a" || !errors.As(err, &entry) || entry.Entry != 2 {
		t.Errorf("a file too large to merge: %v", err)
	}
	var missing *NotFoundError
	if _, err := r.Candidate(t.Context(), base, changesOf(fine, strings.Repeat("1", 40)), CandidateOptions{}); !errors.As(err, &missing) || !errors.As(err, &entry) || entry.Entry != 1 {
		t.Errorf("a head that was not fetched: %v", err)
	}
	if _, err := r.Candidate(t.Context(), strings.Repeat("1", 40), changesOf(fine), CandidateOptions{}); !errors.As(err, &missing) {
		t.Errorf("a tip that was not fetched: %v", err)
	}
	long, nul := changesOf(fine), changesOf(fine)
	long[0].Message, nul[0].Message = strings.Repeat("m", maxMessage+1), "a\x00b"
	for why, c := range map[string]struct {
		onto    string
		changes []Commit
		o       CandidateOptions
	}{
		"nothing":        {base, nil, CandidateOptions{}},
		"too many":       {base, changesOf(slices.Repeat([]string{fine}, maxChanges+1)...), CandidateOptions{}},
		"a name":         {"main", changesOf(fine), CandidateOptions{}},
		"a head's name":  {base, changesOf("--all"), CandidateOptions{}},
		"a long message": {base, long, CandidateOptions{}},
		"a NUL":          {base, nul, CandidateOptions{}},
		"squashed":       {base, changesOf(fine), CandidateOptions{Squashed: []string{"HEAD"}}},
		"a relative key": {base, changesOf(fine), CandidateOptions{SigningKey: "key"}},
		"no key":         {base, changesOf(fine), CandidateOptions{SigningKey: "/nonexistent/key"}},
	} {
		if made, err := r.Candidate(t.Context(), c.onto, c.changes, c.o); err == nil {
			t.Errorf("%s: made %+v", why, made)
		}
	}
	if _, err := l.local().Candidate(t.Context(), base, changesOf(fine), CandidateOptions{}); err == nil {
		t.Error("a developer's clone was written to")
	}
	for _, folder := range []string{"", "refs/heads", "refs/heads/a", "refs/heads/*/", "--upload-pack=x/"} {
		if _, err := r.TipsBelow(t.Context(), folder); err == nil {
			t.Errorf("listed %q", folder)
		}
	}
}
