package ownership

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestFold(t *testing.T) {
	tests := []struct{ a, b, why string }{
		{"CLAUDE.md", "claude.MD", "ASCII"},
		{"É", "e\u0301", "another case, decomposed"},
		{"straße", "STRASSE", "one letter becomes two"},
		{"ΣΊΣΥΦΟΣ", "σίσυφος", "the final sigma"},
		{"\u212a", "k", "the Kelvin sign"},
		{"\u01c5", "\u01c6", "title case"},
		{"\u0345", "ι", "an iota below alone"},
		{"ᾳ", "αι", "an iota below a letter"},
		{"\u13a0", "\uab70", "Cherokee, the only script that folds to capitals"},
		{"\u13f5", "\u13fd", "the last of its six that lie elsewhere"},
		{"a\xffB", "A\xffb", "bytes that are not UTF-8 stay"},
		{"\ufffd", "\ufffd", "the replacement character itself"},
	}
	for _, tt := range tests {
		if Fold(tt.a) != Fold(tt.b) {
			t.Errorf("Fold(%q) is %q, Fold(%q) is %q (%s)", tt.a, Fold(tt.a), tt.b, Fold(tt.b), tt.why)
		}
	}
	for _, pair := range [][2]string{{"a", "b"}, {"\xff", "\xfe"}, {"\xff", "\ufffd"}, {"a\xff", "a"}, {"i", "ı"}} {
		if Fold(pair[0]) == Fold(pair[1]) {
			t.Errorf("Fold makes %q and %q one", pair[0], pair[1])
		}
	}
}

// TestFoldOfAllRunes: every character folds as all others that differ from it
// by case only, and what is folded stays.
func TestFoldOfAllRunes(t *testing.T) {
	wrong := 0
	for r := rune(0); r <= unicode.MaxRune && wrong < 10; r++ {
		if !utf8.ValidRune(r) {
			continue
		}
		folded := Fold(string(r))
		if again := Fold(folded); again != folded {
			wrong++
			t.Errorf("%U folds to %+q and then to %+q", r, folded, again)
		}
		for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
			if got := Fold(string(other)); got != folded {
				wrong++
				t.Errorf("%U folds to %+q, %U to %+q", r, folded, other, got)
			}
		}
	}
}

// TestFoldIsStable: folding twice changes nothing, and neither a slash nor a
// name can come or go.
func TestFoldIsStable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(rapid.String(), rapid.StringMatching(`[a-zA-ZäÄéßſKİıΣςé\x{301}\x{345}/.-]{0,20}`)).Draw(t, "text")
		s += string(rapid.SliceOfN(rapid.Byte(), 0, 4).Draw(t, "bytes"))
		once := Fold(s)
		if Fold(once) != once {
			t.Fatalf("%q folds to %q and then to %q", s, once, Fold(once))
		}
		if strings.Count(s, "/") != strings.Count(once, "/") {
			t.Fatalf("%q folds to %q, with another number of slashes", s, once)
		}
		parts := strings.Split(s, "/")
		for i := range parts {
			parts[i] = Fold(parts[i])
		}
		if strings.Join(parts, "/") != once {
			t.Fatalf("%q folds to %q, its parts to %q", s, once, parts)
		}
	})
}
