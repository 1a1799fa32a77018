package ownership

import (
	"math/rand/v2"
	"os"
	"strings"
	"testing"
)

// long tells that a run may take long, and wants many seeds: make long.
func long() bool { return os.Getenv("AGENTPLANE_LONG") != "" }

// scale multiplies a number for a long run.
func scale(n int) int {
	if long() {
		return 20 * n
	}
	return n
}

// words are names that are easily confused with each other.
var words = []string{"a", "b", "ab", "ba", "aab", "abc", "a.b", ".a", ".ab", "a b", " a", "é", "e\u0301", "É", "A", "ß", "ss",
	"*", "?", "a*", "[", "a]", "{a}", "#a", "!a", `\`, `a\b`, "a\nb", "\"a", "\xff", "a\xe9", "...", "-", "b.c.d", "aaaaaaab"}

// randomPath makes a path of such names.
func randomPath(r *rand.Rand) string {
	parts := make([]string, 1+r.IntN(5))
	for i := range parts {
		parts[i] = words[r.IntN(len(words))]
		for r.IntN(5) == 0 {
			parts[i] += words[r.IntN(len(words))]
		}
	}
	return strings.Join(parts, "/")
}

// randomPattern makes a pattern that CompilePattern takes.
func randomPattern(r *rand.Rand) Pattern {
	for {
		if p, err := CompilePattern(randomPatternText(r)); err == nil {
			return p
		}
	}
}

// randomPatternText makes a text that is often a pattern: parts of a path, with
// wildcards in place of some.
func randomPatternText(r *rand.Rand) string {
	parts := strings.Split(randomPath(r), "/")
	for i, part := range parts {
		switch r.IntN(8) {
		case 0:
			parts[i] = "**"
		case 1:
			parts[i] = "*"
		case 2, 3:
			parts[i] = randomWildcards(r, part)
		default:
			parts[i] = escape(part)
		}
	}
	text := strings.Join(parts, "/")
	if r.IntN(3) == 0 {
		text = "/" + text
	}
	if r.IntN(3) == 0 {
		text += "/"
	}
	return text
}

// randomWildcards replaces bytes of a name by wildcards.
func randomWildcards(r *rand.Rand, part string) string {
	var b strings.Builder
	for i := 0; i < len(part); i++ {
		switch r.IntN(4) {
		case 0:
			b.WriteByte('?')
		case 1:
			if !strings.HasSuffix(b.String(), "*") {
				b.WriteByte('*')
			}
			if r.IntN(2) == 0 {
				b.WriteString(escape(part[i : i+1]))
			}
		default:
			b.WriteString(escape(part[i : i+1]))
		}
	}
	return b.String()
}

// escape puts backslashes where a pattern needs them.
func escape(part string) string {
	var b strings.Builder
	for i := 0; i < len(part); i++ {
		if strings.IndexByte(`*?[]{}\#! `, part[i]) >= 0 {
			b.WriteByte('\\')
		}
		b.WriteByte(part[i])
	}
	return b.String()
}

// pathFor makes a path that a pattern often matches.
func pathFor(r *rand.Rand, p Pattern) string {
	var parts []string
	if p.floating && r.IntN(2) == 0 {
		parts = append(parts, randomPath(r))
	}
	for _, s := range p.segments {
		switch {
		case s.deep:
			if r.IntN(2) == 0 {
				parts = append(parts, randomPath(r))
			}
		case s.glob != nil:
			parts = append(parts, segmentFor(r, s.glob))
		default:
			parts = append(parts, s.literal)
		}
	}
	if r.IntN(3) == 0 || len(parts) == 0 || p.dirOnly && r.IntN(4) > 0 {
		parts = append(parts, randomPath(r))
	}
	if r.IntN(6) == 0 {
		i := r.IntN(len(parts))
		parts[i] = words[r.IntN(len(words))]
	}
	return strings.Join(parts, "/")
}

// segmentFor makes a name that a glob matches.
func segmentFor(r *rand.Rand, g *glob) string {
	var b strings.Builder
	for _, a := range g.atoms {
		switch {
		case a.kind == atomByte:
			b.WriteByte(a.b)
		case a.kind == atomAny:
			b.WriteString([]string{"a", "b", ".", "\xff", "*"}[r.IntN(5)])
		case r.IntN(2) == 0:
			b.WriteString(words[r.IntN(len(words))])
		}
	}
	if b.Len() == 0 {
		return "a"
	}
	return b.String()
}

// mustPattern compiles a pattern of a test.
func mustPattern(t testing.TB, s string) Pattern {
	t.Helper()
	p, err := CompilePattern(s)
	if err != nil {
		t.Fatalf("compile %q: %v", s, err)
	}
	return p
}
