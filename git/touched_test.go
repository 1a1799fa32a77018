package git

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A history is what one case judges.
type history struct{ target, head string }

// touchedCases are the ways a pull request may try to hide what it touches.
var touchedCases = []struct {
	name, why string
	build     func(l *lab) history
	want      []string
	conflicts []string // not nil: the merge conflicts
}{
	{
		name: "plain edit", why: "the base case, with a target that moved on",
		build: func(l *lab) history {
			base := l.commit(text("a/x", "1\n", "b/y", "1\n"))
			return history{l.commit(text("a/x", "1\n", "b/y", "2\n"), base), l.commit(text("a/x", "2\n", "b/y", "1\n"), base)}
		},
		want: []string{"a/x"},
	},
	{
		name: "rename, 100 %", why: "a rename takes the file away from its owner: both paths are touched",
		build: func(l *lab) history {
			base := l.commit(text("theirs/f", lines(20), "mine/g", "1"))
			return history{base, l.commit(text("mine/f", lines(20), "mine/g", "1"), base)}
		},
		want: []string{"mine/f", "theirs/f"},
	},
	{
		name: "rename, 60 %", why: "also where git would still call it a rename",
		build: func(l *lab) history {
			base := l.commit(text("theirs/f", lines(10)))
			return history{base, l.commit(text("mine/f", lines(10, "1", "x", "3", "x", "5", "x", "7", "x")), base)}
		},
		want: []string{"mine/f", "theirs/f"},
	},
	{
		name: "copy", why: "a copy touches only where it goes",
		build: func(l *lab) history {
			base := l.commit(text("theirs/f", lines(20)))
			return history{base, l.commit(text("theirs/f", lines(20), "mine/f", lines(20)), base)}
		},
		want: []string{"mine/f"},
	},
	{
		name: "criss-cross, empty three-dot diff", why: "git diff target...head picks one merge base and shows nothing",
		build: func(l *lab) history { return crissCross(l, "0\n") },
		want:  []string{"theirs/f"},
	},
	{
		name: "lands elsewhere through the other side's rename", why: "the target renamed the file: the edit lands at the new path",
		build: func(l *lab) history {
			base := l.commit(text("mine/f", lines(20), "keep", "1"))
			target := l.commit(text("theirs/f", lines(20), "keep", "1"), base)
			return history{target, l.commit(text("mine/f", lines(20, "3", "evil"), "keep", "1"), base)}
		},
		want: []string{"mine/f", "theirs/f"},
	},
	{
		name: "lands elsewhere through the other side's directory rename", why: "git would move the new file along: it is a conflict, and the head is judged",
		build: func(l *lab) history {
			base := l.commit(text("mine/f", lines(20), "mine/g", lines(22), "keep", "1"))
			target := l.commit(text("theirs/f", lines(20), "theirs/g", lines(22), "keep", "1"), base)
			return history{target, l.commit(text("mine/f", lines(20), "mine/g", lines(22), "mine/new", "evil", "keep", "1"), base)}
		},
		want: []string{"mine/new"}, conflicts: []string{"theirs/new"},
	},
	{
		name: "relocation of a relocation", why: "head renames a directory, the target adds a file to it: it is a conflict, never a silent move",
		build: func(l *lab) history {
			base := l.commit(text("d/f", lines(20), "d/g", lines(22), "keep", "1"))
			target := l.commit(text("d/f", lines(20), "d/g", lines(22), "d/new", "n", "keep", "1"), base)
			return history{target, l.commit(text("e/f", lines(20), "e/g", lines(22), "keep", "1"), base)}
		},
		want: []string{"d/f", "d/g", "e/f", "e/g"}, conflicts: []string{"e/new"},
	},
	{
		name: "evil merge", why: "a change made inside a merge commit is in neither parent",
		build: func(l *lab) history {
			base := l.commit(text("mine/a", "1", "theirs/f", "1"))
			target := l.commit(text("mine/a", "1", "theirs/f", "1", "t", "1"), base)
			side := l.commit(text("mine/a", "2", "theirs/f", "1"), base)
			return history{target, l.commit(text("mine/a", "2", "theirs/f", "evil", "t", "1"), side, target)}
		},
		want: []string{"mine/a", "theirs/f"},
	},
	{
		name: "octopus", why: "a merge of many parents is judged by its tree",
		build: func(l *lab) history {
			base := l.commit(text("a", "0", "b", "0", "c", "0", "theirs/f", "0"))
			p1, p2 := l.commit(text("a", "1", "b", "0", "c", "0", "theirs/f", "0"), base), l.commit(text("a", "0", "b", "1", "c", "0", "theirs/f", "0"), base)
			p3 := l.commit(text("a", "0", "b", "0", "c", "1", "theirs/f", "0"), base)
			return history{base, l.commit(text("a", "1", "b", "1", "c", "1", "theirs/f", "evil"), p1, p2, p3)}
		},
		want: []string{"a", "b", "c", "theirs/f"},
	},
	{
		name: "merge -s ours", why: "it takes the target's history and drops its contents: what it drops is touched",
		build: func(l *lab) history {
			base := l.commit(text("mine/a", "1", "theirs/f", "1"))
			target := l.commit(text("mine/a", "1", "theirs/f", "2", "theirs/new", "n"), base)
			side := l.commit(text("mine/a", "2", "theirs/f", "1"), base)
			return history{target, l.commit(text("mine/a", "2", "theirs/f", "1"), side, target)}
		},
		want: []string{"mine/a", "theirs/f", "theirs/new"},
	},
	{
		name: "merge from the target", why: "taking the target in touches nothing of it",
		build: func(l *lab) history {
			base := l.commit(text("mine/a", "1", "theirs/f", "1"))
			t1 := l.commit(text("mine/a", "1", "theirs/f", "2"), base)
			side := l.commit(text("mine/a", "2", "theirs/f", "1"), base)
			head := l.commit(text("mine/a", "2", "theirs/f", "2"), side, t1)
			return history{l.commit(text("mine/a", "1", "theirs/f", "3"), t1), head}
		},
		want: []string{"mine/a"},
	},
	{
		name: "change and revert", why: "nothing lands, and the head is as it was: no net change",
		build: func(l *lab) history {
			base := l.commit(text("a", "1", "theirs/f", "1"))
			side := l.commit(text("a", "1", "theirs/f", "secret"), base)
			return history{base, l.commit(text("a", "1", "theirs/f", "1"), side)}
		},
		want: []string{},
	},
	{
		name: "already landed", why: "the head is the target's ancestor",
		build: func(l *lab) history {
			base := l.commit(text("a", "1"))
			return history{l.commit(text("a", "2"), base), base}
		},
		want: []string{},
	},
	{
		name: "same change on both sides", why: "the head's entry equals the target's",
		build: func(l *lab) history {
			base := l.commit(text("a", "1", "b", "1"))
			return history{l.commit(text("a", "2", "b", "1"), base), l.commit(text("a", "2", "b", "2"), base)}
		},
		want: []string{"b"},
	},
	{
		name: "conflict", why: "the head's own changes are judged, and the conflict is named",
		build: func(l *lab) history {
			base := l.commit(text("a", "1\n", "b", "1\n"))
			return history{l.commit(text("a", "2\n", "b", "1\n"), base), l.commit(text("a", "3\n", "b", "3\n"), base)}
		},
		want: []string{"a", "b"}, conflicts: []string{"a"},
	},
	{
		name: "hostile attributes", why: "merge=union in the tree would hide the conflict: attributes are never read",
		build: func(l *lab) history {
			attr := "* merge=union\n* merge=ours -text filter=evil diff=evil\n"
			base := l.commit(text(".gitattributes", attr, "a", "1\n"))
			return history{l.commit(text(".gitattributes", attr, "a", "2\n"), base), l.commit(text(".gitattributes", attr, "a", "3\n"), base)}
		},
		want: []string{"a"}, conflicts: []string{"a"},
	},
	{
		name: "line ends only", why: "renormalisation would hide it",
		build: func(l *lab) history {
			base := l.commit(text(".gitattributes", "* text=auto\n", "a", "1\r\n"))
			return history{base, l.commit(text(".gitattributes", "* text=auto\n", "a", "1\n"), base)}
		},
		want: []string{"a"},
	},
	{
		name: "twins", why: "case and Unicode twins are other paths; bytes come back as they are",
		build: func(l *lab) history {
			base := l.commit(text("a", "1", ".agentplane.yml", "1", "caf\u00e9", "1"))
			return history{base, l.commit(text("a", "1", ".agentplane.yml", "1", "caf\u00e9", "1", ".AGENTPLANE.yml", "2", "cafe\u0301", "2", "A", "2"), base)}
		},
		want: []string{".AGENTPLANE.yml", "A", "cafe\u0301"},
	},
	{
		name: "strange bytes", why: "newline, quote, tab, backslash, invalid UTF-8, bidi, a leading dash or colon, trailing dot and space",
		build: func(l *lab) history {
			base := l.commit(text("a", "1"))
			t := text("a", "1")
			for _, p := range strangePaths {
				t = t.with(p, "x")
			}
			return history{base, l.commit(t, base)}
		},
		want: strangePaths,
	},
}

// strangePaths are sorted by byte.
var strangePaths = []string{
	" ", "-rf", ":(glob)*", ":100644 100644 x", "\"q\"/\xff\xfe", "\\x", "a b", "nl\nnl", "tab\tx", "tail.", "tail ", "\u202eevil", "\xff",
}

func TestTouched(t *testing.T) {
	for _, tt := range touchedCases {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			h := tt.build(l)
			got, err := l.local().Touched(t.Context(), h.target, h.head)
			if err != nil {
				t.Fatalf("%s: %v", tt.why, err)
			}
			want := map[string]bool{}
			for _, p := range tt.want {
				want[p] = true
			}
			have := map[string]bool{}
			for _, p := range changed(got) {
				have[p] = true
			}
			if d := cmp.Diff(want, have); d != "" {
				t.Errorf("%s (-want +got):\n%s", tt.why, d)
			}
			if got.Conflicted() != (tt.conflicts != nil) {
				t.Errorf("%s: conflicted is %v", tt.why, got.Conflicted())
			}
			if d := cmp.Diff(tt.conflicts, got.Conflicts); d != "" {
				t.Errorf("%s: conflicts (-want +got):\n%s", tt.why, d)
			}
		})
	}
}

// crissCross is a history in which git diff target...head shows nothing: both
// sides merged the other, and the target dropped the change to theirs/f.
func crissCross(l *lab, old string) history {
	root := l.commit(text("theirs/f", old))
	other := l.commit(text("theirs/f", old), root)
	evil := l.commit(text("theirs/f", "evil\n"), root)
	return history{target: l.commit(text("theirs/f", old), other, evil), head: l.commit(text("theirs/f", "evil\n"), evil, other)}
}

// TestEveryBaseCounts has the telling merge base sorted first, and last.
func TestEveryBaseCounts(t *testing.T) {
	telling := map[bool]bool{}
	for i := 0; len(telling) < 2; i++ {
		l := newLab(t)
		h := crissCross(l, fmt.Sprintf("%d\n", i))
		got, err := l.local().Touched(t.Context(), h.target, h.head)
		if err != nil || len(got.Bases) != 2 || !slices.Equal(changed(got), []string{"theirs/f"}) {
			t.Fatalf("%+v %v", got, err)
		}
		if got.Changes[0].Lands {
			t.Error("the merge drops the change: only the merge bases tell")
		}
		telling[l.raw("", "diff", "--name-only", got.Bases[0], h.head) != ""] = true
	}
}

// TestThreeDotDiffIsEmpty shows that the criss-cross case really hides its
// change from the diff people look at.
func TestThreeDotDiffIsEmpty(t *testing.T) {
	l := newLab(t)
	for _, tt := range touchedCases {
		if tt.name == "criss-cross, empty three-dot diff" {
			h := tt.build(l)
			if out := l.raw("", "diff", "--name-only", h.target+"..."+h.head); out != "" {
				t.Errorf("three-dot diff shows %q", out)
			}
			if bases := l.raw("", "merge-base", "--all", h.target, h.head); len(bases) < 80 {
				t.Errorf("only one merge base: %s", bases)
			}
		}
	}
}

func TestTouchedModes(t *testing.T) {
	link := func(to string) file { return file{data: to, mode: ModeSymlink} }
	sub := func(digit string) file { return file{id: repeat(digit, 40), mode: ModeSubmodule} }
	plain := func(s string) file { return file{data: s} }
	for _, tt := range []struct {
		name, why string
		base, to  tree
		want      []Change // without ids
	}{
		{"executable", "a mode bit alone is a change", tree{"f": plain("x")}, tree{"f": {data: "x", mode: ModeExecutable}},
			[]Change{{Path: "f", OldMode: ModeFile, NewMode: ModeExecutable}}},
		{"symlink added", "120000 shows", tree{"f": plain("x")}, tree{"f": plain("x"), "l": link("../../etc/passwd")},
			[]Change{{Path: "l", NewMode: ModeSymlink}}},
		{"file becomes symlink", "a type change at the same path", tree{"f": plain("x")}, tree{"f": link("x")},
			[]Change{{Path: "f", OldMode: ModeFile, NewMode: ModeSymlink}}},
		{"symlink aimed elsewhere", "only the contents change", tree{"l": link("a")}, tree{"l": link("b")},
			[]Change{{Path: "l", OldMode: ModeSymlink, NewMode: ModeSymlink}}},
		{"submodule added", "160000 shows, and its commit is not looked for", tree{"f": plain("x")}, tree{"f": plain("x"), "s": sub("1")},
			[]Change{{Path: "s", NewMode: ModeSubmodule}}},
		{"submodule moved on", "its commit is a change", tree{"s": sub("1")}, tree{"s": sub("2")},
			[]Change{{Path: "s", OldMode: ModeSubmodule, NewMode: ModeSubmodule}}},
		{"submodule becomes files", "its directory may hide anything", tree{"s": sub("1")}, tree{"s/f": plain("x")},
			[]Change{{Path: "s", OldMode: ModeSubmodule}, {Path: "s/f", NewMode: ModeFile}}},
		{"file becomes directory", "one path goes, another comes", tree{"d": plain("x"), "k": plain("k")}, tree{"d/f": plain("x"), "k": plain("k")},
			[]Change{{Path: "d", OldMode: ModeFile}, {Path: "d/f", NewMode: ModeFile}}},
		{"directory becomes symlink", "what was below is gone", tree{"d/f": plain("x")}, tree{"d": link("elsewhere")},
			[]Change{{Path: "d", NewMode: ModeSymlink}, {Path: "d/f", OldMode: ModeFile}}},
		{"last file of a directory", "a removal alone", tree{"d/f": plain("x"), "k": plain("k")}, tree{"k": plain("k")},
			[]Change{{Path: "d/f", OldMode: ModeFile}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			base := l.commit(tt.base)
			got, err := l.local().Touched(t.Context(), base, l.commit(tt.to, base))
			if err != nil {
				t.Fatal(err)
			}
			for i := range got.Changes {
				c := &got.Changes[i]
				if !c.Lands || (c.OldMode == 0) != (c.OldID == "") || (c.NewMode == 0) != (c.NewID == "") {
					t.Errorf("inconsistent %+v", *c)
				}
				c.OldID, c.NewID, c.Lands = "", "", false
			}
			if d := cmp.Diff(tt.want, got.Changes); d != "" {
				t.Errorf("%s (-want +got):\n%s", tt.why, d)
			}
		})
	}
}

func TestTouchedTree(t *testing.T) {
	l := newLab(t)
	base := l.commit(text("a", "1", "b", "1"))
	head := l.commit(text("a", "2", "b", "1"), base)
	target := l.commit(text("a", "1", "b", "2"), base)
	r := l.local()
	landed := l.raw("", "rev-parse", l.commit(text("a", "2", "b", "2", "extra", "x"), target, head)+"^{tree}")
	got, err := r.TouchedTree(t.Context(), target, landed)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"a", "extra"}, changed(got)); d != "" {
		t.Errorf("what was smuggled into the tree must show (-want +got):\n%s", d)
	}
	if _, err := r.TouchedTree(t.Context(), target, head); err == nil {
		t.Error("a commit was taken for a tree")
	}
}
