package ownership

import (
	"errors"
	"os"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzParse: every text is a whole contract or a list of whole problems, and a
// contract's rulings, warnings and messages do not panic.
func FuzzParse(f *testing.F) {
	for _, g := range goldens(f) {
		f.Add(g.source())
	}
	blog, err := os.ReadFile("../testdata/blog/main/" + FileName)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(blog)
	f.Add([]byte(everything))
	f.Fuzz(func(t *testing.T, src []byte) {
		c, err := Parse("c.yml", src)
		if (c == nil) == (err == nil) {
			t.Fatalf("contract %v and error %v", c, err)
		}
		if err != nil {
			checkProblems(t, err)
			return
		}
		checkContract(t, c)
	})
}

// checkProblems wants whole problems that are safe to print.
func checkProblems(t *testing.T, err error) {
	t.Helper()
	var all SyntaxErrors
	if !errors.As(err, &all) || len(all) == 0 {
		t.Fatalf("%T is not SyntaxErrors", err)
	}
	for _, p := range all {
		if p.Line < 1 || p.Col < 1 || p.Msg == "" || p.Fix == "" || !utf8.ValidString(p.Error()) || strings.ContainsAny(p.Text, "\x00\n\r\x1b") {
			t.Fatalf("%q is not whole", p.Error())
		}
	}
}

// checkContract wants a contract that holds what Parse promises.
func checkContract(t *testing.T, c *Contract) {
	t.Helper()
	if c.Version != 1 || len(c.Agents) == 0 {
		t.Fatalf("version %d, %d agents", c.Version, len(c.Agents))
	}
	for i, a := range c.Agents {
		for _, b := range c.Agents[:i] {
			if a.Name == b.Name || a.Branch.Intersects(b.Branch) {
				t.Fatalf("agents %+v and %+v can be one", a, b)
			}
		}
		for _, name := range a.After {
			if c.Agent(name) == nil {
				t.Fatalf("agent %s waits for %s", a.Name, name)
			}
		}
		for _, claim := range a.Owns {
			if example := claim.Pattern.example(); example != "" && c.Rule(&c.Agents[i], example).Kind == Unowned {
				t.Fatalf("%s is not owned by %s", example, a.Name)
			}
		}
	}
	_ = Lint(c)
}

// FuzzCompilePattern: every text is a pattern or has a remedy; the automaton
// and Match agree on every path.
func FuzzCompilePattern(f *testing.F) {
	for _, tt := range patternCases(f) {
		for _, path := range append(append([]string{"a/b"}, tt.Match...), tt.Miss...) {
			f.Add(tt.Pattern, path)
		}
	}
	f.Fuzz(func(t *testing.T, text, path string) {
		p, err := CompilePattern(text)
		if err != nil {
			var bad *SyntaxError
			if !errors.As(err, &bad) || bad.Msg == "" || bad.Fix == "" {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		matches := p.Match(path)
		c := &Contract{Agents: []Agent{{Name: "a", Owns: []Claim{{Pattern: p}}}}}
		if owned := c.Rule(&c.Agents[0], path).Allowed(); owned != matches {
			t.Fatalf("%q, %q: Match says %v, the automaton %v", text, path, matches, owned)
		}
		if matches && !p.Match(path+"/below") {
			t.Fatalf("%q matches %q and not what is below", text, path)
		}
		if example := p.example(); example != "" && !p.Match(example) {
			t.Fatalf("%q does not match its example %q", text, example)
		}
		if matches && cleanPath(Fold(path)) && p.plain() && !p.folded().Match(Fold(path)) {
			t.Fatalf("%q matches %q, folded it does not", text, path)
		}
	})
}

// FuzzAttributes: every .gitattributes is read, and a line at its end that
// sets the attribute on everything counts.
func FuzzAttributes(f *testing.F) {
	f.Add("*.go linguist-generated\n", "a.go")
	f.Add("\"a\\tb\" -linguist-generated\n[attr]x linguist-generated\n* x", "x/y")
	f.Add("[[:alpha:]-\\]]** linguist-generated=false", "a/]")
	f.Fuzz(func(t *testing.T, text, path string) {
		_ = ParseAttributes(map[string]string{"": text, "a": text}).Generated(path)
		if !ParseAttributes(map[string]string{"": text + "\n* linguist-generated"}).Generated(path) && path != "" {
			t.Fatalf("%q after %q is not generated", path, text)
		}
	})
}
