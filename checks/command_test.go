package checks

import (
	"os/exec"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestRestoreCommand(t *testing.T) {
	for _, tc := range []struct {
		base   string
		change Change
		want   string
		why    string
	}{
		{"main", modified("src/content/config.ts"), "git checkout origin/main -- 'src/content/config.ts'", "changed: as the base has it"},
		{"main", removed("a"), "git checkout origin/main -- 'a'", "removed: as the base has it"},
		{"main", added("a b"), "git rm -- 'a b'", "added: the base has none"},
		{"release/1.x", modified("a"), "git checkout origin/release/1.x -- 'a'", "a base with a slash"},
		{"a#b", modified("a"), "git checkout 'origin/a#b' -- 'a'", "a base that needs quotes"},
		{"main", modified("pages/[...slug].astro"), "git --literal-pathspecs checkout origin/main -- 'pages/[...slug].astro'", "brackets are a pattern to git"},
		{"main", modified(":(top)x"), "git --literal-pathspecs checkout origin/main -- ':(top)x'", "a colon starts pathspec magic"},
		{"main", modified("routes/posts.$slug.tsx"), "git checkout origin/main -- 'routes/posts.$slug.tsx'", "a dollar means nothing between single quotes"},
		{"main", modified("-rf"), "git checkout origin/main -- '-rf'", "after -- there are no options"},
		{"main", modified("日本.md"), "git checkout origin/main -- '日本.md'", "letters of any script"},
		{"main", modified("it's"), "", "PowerShell and POSIX shells quote a quote differently"},
		{"main", modified("a;b"), "", "cmd.exe knows no single quotes"},
		{"main", modified("a`b"), "", "a backtick ends a code span"},
		{"main", modified("a\nb"), "", "a line break"},
		{"main", modified("a\u202eb"), "", "a reader would see another name"},
		{"main", modified("a\xffb"), "", "not UTF-8"},
		{"main", modified(strings.Repeat("a", 201)), "", "too long to be shown whole"},
		{"ma'in", modified("a"), "", "the base is a name as any other"},
		{"", modified("a"), "", "no base"},
		{"main", modified(""), "", "no path"},
	} {
		if got := restoreCommand(prefixed(tc.base), tc.change); got != tc.want {
			t.Errorf("restoreCommand(%q, %q) = %q, want %q (%s)", tc.base, tc.change.Path, got, tc.want, tc.why)
		}
	}
}

func prefixed(base string) string {
	if base == "" {
		return ""
	}
	return "origin/" + base
}

func TestIsCommand(t *testing.T) {
	for fix, want := range map[string]bool{
		"git checkout origin/main -- 'a b'": true,
		"git merge origin/main":             true,
		"gh pr close 12":                    true,
		"git":                               false,
		"git ":                              false,
		"github is a place":                 false,
		"git status; rm -rf ~":              false,
		"git status `id`":                   false,
		"git rm -- 'a'b'":                   false,
		"git rm -- 'a\nb'":                  false,
		"git log $(id)":                     false,
		"Push again.":                       false,
	} {
		if got := isCommand(fix); got != want {
			t.Errorf("isCommand(%q) = %v, want %v", fix, got, want)
		}
	}
}

// TestShellReadsOneWord asks a real shell what it reads: every path that is put in a command arrives as one argument,
// byte for byte.
func TestShellReadsOneWord(t *testing.T) {
	special := rapid.SampledFrom([]rune(" ._-/+@=,~[](){}#!$:'\"`\\;&|<>*?%^\n\taé日"))
	rapid.Check(t, func(t *rapid.T) {
		path := rapid.StringOfN(special, 1, 30, -1).Draw(t, "path")
		command := restoreCommand("origin/main", modified(path))
		if command == "" {
			return
		}
		arguments := command[strings.Index(command, "origin/"):]
		out, err := exec.Command("sh", "-c", "printf '%s\\0' "+arguments).Output()
		if err != nil {
			t.Fatalf("sh: %v", err)
		}
		if want := "origin/main\x00--\x00" + path + "\x00"; string(out) != want {
			t.Fatalf("%s: a shell reads %q, want %q", command, out, want)
		}
		if !isCommand(command) {
			t.Fatalf("%s: not taken for a command", command)
		}
	})
}
