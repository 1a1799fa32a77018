package ownership

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"
)

// valid is a small contract that tests add to.
const valid = "version: 1\nagents:\n  a: { branch: agent/a, owns: [src/] }\n"

// fill repeats a text up to the largest size of a contract.
func fill(before, text, after string) string {
	room := MaxSize - len(before) - len(after)
	return before + strings.Repeat(text, room/len(text)) + after
}

// TestRefusedFiles: what is not a contract by its bytes or by its size.
func TestRefusedFiles(t *testing.T) {
	agents := "version: 1\nagents:\n"
	for i := range MaxAgents + 1 {
		agents += fmt.Sprintf("  a%d: { branch: b%d }\n", i, i)
	}
	patterns := valid + "shared:\n"
	for i := range MaxPatterns {
		patterns += fmt.Sprintf("- p%d\n", i)
	}
	tests := []struct{ src, want, why string }{
		{"", "is empty", "an empty file is not an empty permission"},
		{" \n\n# x\n", "is empty", "blank lines and comments"},
		{strings.Repeat("#", MaxSize) + "\n", "has 65537 bytes", "larger than 64 KiB"},
		{"\ufeff" + valid, "byte order mark", "a byte order mark"},
		{"\xff\xfev\x00e\x00", "UTF-16", "UTF-16, little end first"},
		{"\xfe\xff\x00v\x00e", "UTF-16", "UTF-16, big end first"},
		{"v\x00e\x00r\x00", "UTF-16", "UTF-16 without a mark"},
		{valid + "# \xff\n", "0xFF is not UTF-8", "not UTF-8, even in a comment"},
		{valid + "# \x00\n", "U+0000", "NUL"},
		{valid + "# \x1b[31m\n", "U+001B", "terminal control"},
		{valid + "# \u202e\n", "U+202E", "text that runs the other way"},
		{valid + "# \u2028\n", "U+2028", "a line end that only some see"},
		{valid + "# a\rb\n", "U+000D", "a lone carriage return"},
		{valid + "--- \n", "second document", "a second document"},
		{valid + "--- x\n", "second document", "a second document on one line"},
		{agents, "501 agents", "too many agents"},
		{patterns, "more than 5000 patterns", "too many patterns"},
		{fill(valid, "\n", ""), "lines and entries", "mostly line ends"},
		{fill(valid+"shared: [", "a,", "a]\n"), "lines and entries", "mostly commas"},
		{fill("", "[", ""), "deeper than 8", "mostly brackets"},
		{fill(valid+"shared: [\"", "a", "\"]\n"), "more than 2000", "one long text"},
	}
	for _, tt := range tests {
		c, err := Parse(FileName, []byte(tt.src))
		if c != nil || err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.why, err, tt.want)
		}
	}
}

// TestAcceptedFiles: what may look odd and is a contract.
func TestAcceptedFiles(t *testing.T) {
	agents := "version: 1\nagents:\n"
	for i := range MaxAgents {
		agents += fmt.Sprintf("  a%d: { branch: b%d }\n", i, i)
	}
	patterns := valid + "shared:\n"
	for i := range MaxPatterns - 1 {
		patterns += fmt.Sprintf("- p%d\n", i)
	}
	tests := []struct{ src, why string }{
		{valid, "the smallest useful one"},
		{"---\n" + valid, "a document mark at the start"},
		{"# yaml-language-server: $schema=x\n---\n" + valid, "an editor's comment before it"},
		{strings.TrimSuffix(valid, "\n"), "no line end at the end"},
		{valid + "\n\n   \n#\tx\n  # é ✓\n", "blank lines, and a tab in a comment"},
		{agents, "as many agents as allowed"},
		{patterns, "as many patterns as allowed"},
		{fill(valid, "# 23456789 123456789 123456789\n", ""), "64 KiB of comments"},
		{"{version: 1, agents: {a: {branch: agent/a}}}", "JSON's style"},
	}
	for _, tt := range tests {
		if _, err := Parse(FileName, []byte(tt.src)); err != nil {
			t.Errorf("%s: %v", tt.why, err)
		}
	}
}

// hostile are 64 KiB files that were made to be slow.
func hostile() map[string]string {
	var keys, waits, branches, words strings.Builder
	for i := range 9000 {
		fmt.Fprintf(&keys, "k%d: 1\n", i)
	}
	waits.WriteString("version: 1\nagents:\n")
	branches.WriteString("version: 1\nagents:\n")
	for i := range MaxAgents {
		fmt.Fprintf(&waits, "  a%d: { branch: b%d, after: [", i, i)
		for j := 1; j <= 12; j++ {
			fmt.Fprintf(&waits, "a%d,", (i+j*31)%MaxAgents)
		}
		waits.WriteString("x] }\n")
		fmt.Fprintf(&branches, "  a%d: { branch: \"*%s*\" }\n", i, strings.Repeat("ab", 30)+fmt.Sprint(i))
	}
	for i := range 1500 {
		fmt.Fprintf(&words, "agent%s%d: 1\n", strings.Repeat("s", 30), i)
	}
	stars := strings.TrimSuffix(strings.Repeat("a*b*c*d?e*/**/", 8), "/")
	return map[string]string{
		"empty keys":      fill("", "?\n", ""),
		"same keys":       fill("", "a: 1\n", ""),
		"distinct keys":   keys.String(),
		"unknown keys":    words.String(),
		"waits":           waits.String(),
		"branches":        branches.String(),
		"flow list":       fill(valid+"shared: [", "ab,  ", "x]\n"),
		"flow mapping":    fill(valid+"shared: {", "ab: cd, ", "x: y}\n"),
		"flow keys":       fill(valid+"shared: [", "? a,  ", "x]\n"),
		"quoted keys":     fill("{", `"ab":cd,   `, "x: y}\n"),
		"block list":      fill(valid+"shared:\n", "- a\n", ""),
		"nested lists":    fill("a:\n", "- - - - - - -\n", ""),
		"dashes":          fill("", "- ", "\n"),
		"brackets":        fill("", "[", ""),
		"closed brackets": fill("a: [", "[],  ", "]\n"),
		"anchors":         fill("a: [", "&a b,  ", "c]\n"),
		"aliases":         fill("a: [", "*a ,  ", "c]\n"),
		"tags":            fill("a: [", "!a b,  ", "c]\n"),
		"comments":        fill(valid, "  #c\n", "x: y\n"),
		"comments inside": fill(valid+"shared: [", "a #\n,  ", "b]\n"),
		"head comments":   fill("a:\n", "  # c\n  b: c\n", ""),
		"wildcards":       fill(valid+"shared:\n", "- \""+stars+"\"\n", ""),
		"escapes":         fill("a: \"", `\u0041`, "\"\n"),
		"folded":          fill("a: >\n", " x\n\n", ""),
		"plain lines":     fill("a: ", "b\n ", "\n"),
		"one line":        fill("a: ", "b ", "\n"),
		"not UTF-8":       fill("", "\xff", ""),
		"controls":        fill("", "\x01\n", ""),
		"carriage":        fill("", "a\r\n", ""),
		"tabs":            fill("", "\ta\n", ""),
		"wide letters":    fill("a: [", "\"é\u0301\",  ", "b]\n"),
	}
}

// parseBound is the longest that any contract may take to parse. The race
// detector and a busy machine make everything slower; the least of several
// runs counts, in processor time.
const parseBound = 50 * time.Millisecond

func TestParseIsFast(t *testing.T) {
	bound := parseBound * slowdown
	for name, src := range hostile() {
		if len(src) > MaxSize {
			src = src[:MaxSize]
		}
		took := bound + 1
		for range 8 {
			took = min(took, fastest(t, 1, func() { _, _ = Parse(FileName, []byte(src)) }))
			if took <= bound {
				break
			}
		}
		if took > bound {
			t.Errorf("%s: %v, more than %v", name, took, bound)
		}
	}
}

// TestProblemsAreBounded: a file full of mistakes gives a list that a person
// can read.
func TestProblemsAreBounded(t *testing.T) {
	for name, src := range hostile() {
		_, err := Parse(FileName, []byte(src))
		if err == nil {
			t.Errorf("%s is valid", name)
			continue
		}
		if text := err.Error(); strings.Count(text, "\n") > maxProblems+1 || len(text) > 200_000 || bytes.ContainsAny([]byte(text), "\x00\x1b\r") {
			t.Errorf("%s: the message has %d lines and %d bytes", name, strings.Count(text, "\n"), len(text))
		}
	}
}
