package ownership

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
)

// A patternCase is a line of testdata/patterns.json: what a pattern matches and
// misses, or how it is refused.
type patternCase struct {
	Pattern    string
	Match      []string
	Miss       []string
	Error, Fix string // parts of the message and of the remedy
	Why        string
}

// patternCases reads the table.
func patternCases(t testing.TB) []patternCase {
	t.Helper()
	data, err := os.ReadFile("testdata/patterns.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []patternCase
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	return cases
}

func TestPatterns(t *testing.T) {
	for _, tt := range patternCases(t) {
		p, err := CompilePattern(tt.Pattern)
		if tt.Error != "" {
			checkRefused(t, tt, err)
			continue
		}
		if err != nil {
			t.Errorf("%q: %v (%s)", tt.Pattern, err, tt.Why)
			continue
		}
		if p.String() != tt.Pattern {
			t.Errorf("%q is printed as %q", tt.Pattern, p)
		}
		for _, path := range tt.Match {
			if !p.Match(path) {
				t.Errorf("%q does not match %q (%s)", tt.Pattern, path, tt.Why)
			}
		}
		for _, path := range tt.Miss {
			if p.Match(path) {
				t.Errorf("%q matches %q (%s)", tt.Pattern, path, tt.Why)
			}
		}
	}
}

// checkRefused wants an error with the message and the remedy of a case.
func checkRefused(t *testing.T, tt patternCase, err error) {
	t.Helper()
	var bad *SyntaxError
	if !errors.As(err, &bad) || !strings.Contains(bad.Msg, tt.Error) || !strings.Contains(bad.Fix, tt.Fix) {
		t.Errorf("%q: %v, want %q and fix %q (%s)", tt.Pattern, err, tt.Error, tt.Fix, tt.Why)
	}
}

// TestPatternFixesCompile takes the remedy for brackets at its word.
func TestPatternFixesCompile(t *testing.T) {
	for _, s := range []string{"[ab]", "app/[slug]/**", "a]", "{a,b}", `\[a]/[b`, "{[}"} {
		_, err := CompilePattern(s)
		var bad *SyntaxError
		if !errors.As(err, &bad) {
			t.Fatalf("%q was not refused", s)
		}
		mustPattern(t, bad.Fix)
	}
}

// TestZeroPattern: a pattern that was never compiled gives nothing to anyone.
func TestZeroPattern(t *testing.T) {
	c := &Contract{Agents: []Agent{{Name: "a", Owns: []Claim{{}}}}}
	if (Pattern{}).Match("a") || c.Rule(&c.Agents[0], "a").Allowed() {
		t.Error("the zero pattern matches a path")
	}
}

// TestRefusedPatternsAreRead counts how git reads what we refuse: texts of the
// generator that are no patterns must have a reason in one of our messages, not
// in a panic or an empty remedy.
func TestRefusedPatternsAreRead(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		s := randomPatternText(r)
		if r.IntN(2) == 0 {
			i := r.IntN(len(s) + 1)
			s = s[:i] + words[r.IntN(len(words))] + s[i:]
		}
		_, err := CompilePattern(s)
		var bad *SyntaxError
		if err != nil && (!errors.As(err, &bad) || bad.Msg == "" || bad.Fix == "") {
			t.Fatalf("%q: %v has no message or no remedy", s, err)
		}
	}
}
