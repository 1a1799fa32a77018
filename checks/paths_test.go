package checks

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/agentplane/agentplane/ownership"
)

func TestNameFault(t *testing.T) {
	for _, tc := range []struct{ path, fault, why string }{
		{"src/a.ts", "", "an ordinary name"},
		{".github/workflows/ci.yml", "", "a dot at the start"},
		{"a b/c d.md", "", "spaces inside"},
		{"日本/é.md", "", "letters of any script"},
		{"app/[slug]/(group)/@modal/$id.tsx", "", "what web frameworks use"},
		{"emoji/🎉.md", "", "symbols are visible"},
		{".gitignore", "", "only .git itself is reserved"},
		{"git~10", "", "only the first short name is .git's"},
		{"a/.gitx/b", "", "a longer name"},
		{strings.Repeat("a/", 2047) + "aa", "", "4,096 bytes"},
		{strings.Repeat("a/", 2047) + "aaa", "has 4097 bytes; 4096 are allowed", "one more than systems open"},
		{"a\xff", "is not valid UTF-8", "JSON, browsers and some file systems cannot hold it"},
		{"a\xed\xa0\x80", "is not valid UTF-8", "a surrogate"},
		{"a\nb", "control", "a line break forges lines"},
		{"a\x00b", "control", "the end of a C string"},
		{"a\x1b[31mb", "control", "an escape sequence"},
		{"a\u0085b", "control", "C1"},
		{"a\u202eb", "control", "reorders what is read"},
		{"a\u2066b", "control", "isolates what is read"},
		{"a\u200db", "control", "zero-width joiner"},
		{"a\u00adb", "control", "soft hyphen"},
		{"a\ufe0fb", "control", "variation selector"},
		{"a\U000e0061b", "control", "a tag"},
		{"a\u3164b", "control", "a filler that looks like nothing"},
		{"a\u00a0b", "control", "a space that is not one"},
		{"a\ue000b", "control", "private use"},
		{"", "empty segment", "no name"},
		{"a//b", "empty segment", "no name between slashes"},
		{"/a", "empty segment", "absolute"},
		{"a/", "empty segment", "a folder"},
		{"./a", "not a name", "here"},
		{"a/../b", "not a name", "above"},
		{"a.", "dot or a space", "Windows drops it"},
		{"a./b", "dot or a space", "in a folder, too"},
		{"a ", "dot or a space", "Windows drops it"},
		{"...", "dot or a space", "only dots"},
		{".git/config", "take for .git", "the repository itself"},
		{"a/.GIT/config", "take for .git", "without regard to case"},
		{"a/.Git", "take for .git", "as a file"},
		{"GIT~1/config", "take for .git", "its short name on Windows"},
		{".git::$INDEX_ALLOCATION/config", "take for .git", "an NTFS stream"},
		{`a\.git\config`, "take for .git", "Windows splits at a backslash"},
		{".git .\\x", "take for .git", "what Windows drops at the end, before a backslash"},
	} {
		if got := nameFault(tc.path); (got == "") != (tc.fault == "") || !strings.Contains(got, tc.fault) {
			t.Errorf("nameFault(%q) = %q, want %q (%s)", tc.path, got, tc.fault, tc.why)
		}
	}
}

// TestRemovingABadNameIsTheCure: an agent may take away what it may not add.
func TestRemovingABadNameIsTheCure(t *testing.T) {
	bad := "src/components/search/a\u202eb"
	for _, tc := range []struct {
		change Change
		want   Verdict
	}{{added(bad), Failure}, {modified(bad), Failure}, {removed(bad), Success}} {
		f := goodFacts()
		touch(&f, tc.change)
		if got := Evaluate(example(t), f).Verdict(); got != tc.want {
			t.Errorf("%+v: %s, want %s", tc.change, got, tc.want)
		}
	}
}

func TestTwins(t *testing.T) {
	type want struct{ mine, other string }
	for _, tc := range []struct {
		why     string
		changes []Change
		before  []string // what the tree has besides
		want    map[string]want
	}{
		{"no twin", []Change{added("a/b")}, []string{"a/c", "b/a"}, nil},
		{"a file beside a file", []Change{added("a/B")}, []string{"a/b"}, map[string]want{"a/B": {"a/B", "a/b"}}},
		{"a folder beside a folder", []Change{added("A/x")}, []string{"a/y"}, map[string]want{"A/x": {"A", "a"}}},
		{"a file beside a folder", []Change{added("Docs")}, []string{"docs/a"}, map[string]want{"Docs": {"Docs", "docs"}}},
		{"a folder beside a file", []Change{added("docs/a")}, []string{"Docs"}, map[string]want{"docs/a": {"docs", "Docs"}}},
		{"the one that is new is at fault, not its neighbours", []Change{added("a/x"), added("A/y")}, []string{"a/z"}, map[string]want{"A/y": {"A", "a"}}},
		{"both new: both are at fault", []Change{added("x"), added("X")}, nil, map[string]want{"x": {"x", "X"}, "X": {"X", "x"}}},
		{"composed and decomposed", []Change{added("e\u0301")}, []string{"\u00e9"}, map[string]want{"e\u0301": {"e\u0301", "\u00e9"}}},
		{"sharp s", []Change{added("STRASSE")}, []string{"stra\u00dfe"}, map[string]want{"STRASSE": {"STRASSE", "stra\u00dfe"}}},
		{"Kelvin's sign", []Change{added("\u212a")}, []string{"k"}, map[string]want{"\u212a": {"\u212a", "k"}}},
		{"final sigma", []Change{added("\u03c2")}, []string{"\u03c3"}, map[string]want{"\u03c2": {"\u03c2", "\u03c3"}}},
		{"old twins, one of them changed", []Change{modified("a/B")}, []string{"a/b"}, map[string]want{"a/B": {"a/B", "a/b"}}},
		{"old twins of folders are not this pull request's matter", []Change{modified("A/x")}, []string{"a/y"}, nil},
		{"removing one of the twins", []Change{removed("a/B")}, []string{"a/b"}, nil},
		{"a rename that changes the case only", []Change{removed("a/b"), added("a/B")}, nil, nil},
		{"three spellings", []Change{added("README.MD")}, []string{"readme.md", "Readme.md"}, map[string]want{"README.MD": {"README.MD", "Readme.md"}}},
	} {
		f := goodFacts()
		touch(&f, tc.changes...)
		s := newSpellings(tc.changes)
		for _, path := range append(f.Touched.Landed, tc.before...) {
			s.see(path)
		}
		for _, c := range tc.changes {
			var got want
			if !c.removed() {
				tw := s.twinOf(c.Path)
				got = want{tw.mine, tw.other}
			}
			if w := tc.want[c.Path]; w.other != got.other || w.other != "" && w != got {
				t.Errorf("%s: %q has %q, want %q", tc.why, c.Path, got, w)
			}
		}
	}
}

// TestTwinsAgreesWithAllPairs compares with the definition: two paths collide when prefixes of both are spelled
// differently and fold to the same.
func TestTwinsAgreesWithAllPairs(t *testing.T) {
	segment := rapid.SampledFrom([]string{"a", "A", "b", "\u00e9", "e\u0301", "\u00c9", "ss", "\u00df", "x.md", "X.md"})
	rapid.Check(t, func(t *rapid.T) {
		path := rapid.Custom(func(t *rapid.T) string {
			return strings.Join(rapid.SliceOfN(segment, 1, 3).Draw(t, "segments"), "/")
		})
		tree := rapid.SliceOfNDistinct(path, 1, 12, rapid.ID[string]).Draw(t, "tree")
		fresh := tree[rapid.IntRange(0, len(tree)-1).Draw(t, "fresh")]
		s := newSpellings([]Change{added(fresh)})
		for _, p := range tree {
			s.see(p)
		}
		want := ""
		for end := range prefixesOf(fresh) {
			if want == "" && collides(tree, fresh, fresh[:end]) {
				want = fresh[:end]
			}
		}
		got := s.twinOf(fresh)
		if got.mineOld {
			got = twin{} // a warning: the same name is a folder of old paths
		}
		if got.mine != want {
			t.Fatalf("tree %q: %q has the twin %+v, want %q", tree, fresh, got, want)
		}
	})
}

// collides tells whether a prefix of the fresh path is used by no other path and folds like a prefix of one.
func collides(tree []string, fresh, prefix string) bool {
	used := func(p string) bool { return p == prefix || strings.HasPrefix(p, prefix+"/") }
	if slices.ContainsFunc(tree, func(p string) bool { return p != fresh && used(p) }) {
		return false
	}
	for _, p := range tree {
		for end := range prefixesOf(p) {
			if p[:end] != prefix && ownership.Fold(p[:end]) == ownership.Fold(prefix) {
				return true
			}
		}
	}
	return false
}
