package checks

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestCode(t *testing.T) {
	for _, tc := range []struct{ in, want, why string }{
		{"src/a.ts", "`src/a.ts`", "an ordinary path stays as it is"},
		{"[...slug].astro", "`[...slug].astro`", "brackets mean nothing in a code span"},
		{"é/日本.md", "`é/日本.md`", "letters of any script are visible"},
		{"a`b", "`aˋb`", "a backtick would end the span"},
		{"a\nb\tc\rd\x00\x1b[31m", "`a\\nb\\tc\\rd\\x00\\x1b[31m`", "controls are written out"},
		{"a\x7f\u0085b", "`a\\x7f\\u{85}b`", "DEL and C1 are controls"},
		{"\u202egpj.exe", "`\\u{202e}gpj.exe`", "bidirectional overrides reverse what is read"},
		{"a\u200b\u2060\ufeffb", "`a\\u{200b}\\u{2060}\\u{feff}b`", "zero-width characters hide"},
		{"a\u00a0b\u2028c", "`a\\u{a0}b\\u{2028}c`", "spaces that are not the space, and line separators"},
		{"a\u3164b\u115f\ufe0f\u2800", "`a\\u{3164}b\\u{115f}\\u{fe0f}\\u{2800}`", "fillers, variation selectors, the empty braille pattern"},
		{"x\U000e0041", "`x\\u{e0041}`", "tag characters carry hidden text"},
		{"\xff\xfe", "`\\xff\\xfe`", "bytes that are not UTF-8"},
		{"\ufffd", "`\ufffd`", "a real replacement character is visible"},
		{"", "`\"\"`", "a code span cannot be empty"},
		{" a ", "`\\x20a\\x20`", "Markdown would drop both spaces"},
		{" ", "`\\x20`", "one space"},
		{strings.Repeat("é", 300), "`" + strings.Repeat("é", 200) + "… (100 more characters)`", "cut between runes, with a count"},
		{strings.Repeat("\u202e", 100), "`" + strings.Repeat(`\u{202e}`, 25) + "… (75 more characters)`", "the escaped form is what is bounded"},
	} {
		if got := code(tc.in); got != tc.want {
			t.Errorf("code(%q) = %s, want %s (%s)", tc.in, got, tc.want, tc.why)
		}
		if got := inert(code(tc.in)); got != tc.want {
			t.Errorf("inert changes %s to %s (%s)", tc.want, got, tc.why)
		}
	}
}

func TestInert(t *testing.T) {
	for _, tc := range []struct{ in, want, why string }{
		{"`a` belongs to `b`, not to `c`", "`a` belongs to `b`, not to `c`", "a sentence of ours stays"},
		{"closes #1", "`closes #1`", "a closing keyword with a number"},
		{"ask @octo", "`ask @octo`", "a mention"},
		{"see https://evil.example", "`see https://evil.example`", "GitHub links addresses"},
		{"see WWW.evil.example", "`see WWW.evil.example`", "and names that look like one"},
		{"GH-12 is fixed", "`GH-12 is fixed`", "and numbers of pull requests"},
		{"<b>x</b>", "`<b>x</b>`", "HTML"},
		{"[x](y)", "`[x](y)`", "a link"},
		{"a `b", "`a ˋb`", "an open span"},
		{"x\n/integrate", "`x\\n/integrate`", "a command on its own line"},
		{"``` x", "`ˋˋˋ x`", "a fence"},
		{"/", "`/`", "what could become a command"},
	} {
		if got := inert(tc.in); got != tc.want {
			t.Errorf("inert(%q) = %s, want %s (%s)", tc.in, got, tc.want, tc.why)
		}
	}
}

func TestTruncate(t *testing.T) {
	for _, tc := range []struct {
		in    string
		limit int
		want  string
	}{
		{"short", 255, "short"},
		{strings.Repeat("é", 200), 255, strings.Repeat("é", 107) + "… (93 more characters)"},
		{"anything", 3, ""},
	} {
		got := truncate(tc.in, tc.limit)
		if got != tc.want || len(got) > tc.limit || !utf8.ValidString(got) {
			t.Errorf("truncate(%.10q…, %d) = %q (%d bytes), want %q", tc.in, tc.limit, got, len(got), tc.want)
		}
	}
}

func TestFence(t *testing.T) {
	for body, want := range map[string]string{
		"x":        "```\nx\n```\n",
		"```\nx\n": "````\n```\nx\n````\n",
		"a `` b":   "```\na `` b\n```\n",
		"`````":    "``````\n`````\n``````\n",
	} {
		if got := fence("", body); got != want {
			t.Errorf("fence(%q) = %q, want %q", body, got, want)
		}
	}
}

func TestCodes(t *testing.T) {
	for _, tc := range []struct {
		in   []string
		want string
	}{
		{nil, ""},
		{[]string{"a"}, "`a`"},
		{[]string{"a", "b", "c"}, "`a`, `b` and `c`"},
		{[]string{"a", "b", "c", "d", "e", "f", "g"}, "`a`, `b`, `c`, `d`, `e` and 2 more"},
	} {
		if got := codes(tc.in); got != tc.want {
			t.Errorf("codes(%q) = %s, want %s", tc.in, got, tc.want)
		}
	}
}

func FuzzCode(f *testing.F) {
	for _, s := range []string{"a`b", "\u202e", "\xff", " ", strings.Repeat("a\n", 300), "`/integrate`\n@octo"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := code(s)
		inner := got[1 : len(got)-1]
		if strings.ContainsAny(inner, "`\n\r") || visible(inner) != inner || !utf8.ValidString(got) {
			t.Errorf("code(%q) = %q is not inert", s, got)
		}
		if n := utf8.RuneCountInString(inner); n > shownRunes+40 {
			t.Errorf("code(%q) shows %d characters", s, n)
		}
		if again := inert(got); again != got {
			t.Errorf("inert(%q) = %q is not idempotent", got, again)
		}
		spans(t, inert(s), []string{s})
	})
}
