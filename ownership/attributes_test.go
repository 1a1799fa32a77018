package ownership

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestGenerated(t *testing.T) {
	tests := []struct {
		files map[string]string
		path  string
		want  bool
		why   string
	}{
		{nil, "a.go", false, "no file"},
		{map[string]string{"": "*.go linguist-generated"}, "x/a.go", true, "at any depth"},
		{map[string]string{"": "*.go linguist-generated=true"}, "a.go", true, "set to true"},
		{map[string]string{"": "*.go linguist-generated=yes"}, "a.go", true, "any value but false, as in linguist"},
		{map[string]string{"": "*.go linguist-generated=false"}, "a.go", false, "set to false"},
		{map[string]string{"": "*.go linguist-generated\n/x/*.go -linguist-generated"}, "x/a.go", false, "the last line counts"},
		{map[string]string{"": "/x/*.go -linguist-generated\n*.go linguist-generated"}, "x/a.go", true, "the last line counts"},
		{map[string]string{"": "*.go linguist-generated\n*.go !linguist-generated"}, "a.go", false, "said to be unsaid"},
		{map[string]string{"": "*.go linguist-generated", "x": "*.go -linguist-generated"}, "x/a.go", false, "the deeper file counts"},
		{map[string]string{"": "*.go linguist-generated", "x": "*.go -linguist-generated"}, "y/a.go", true, "the deeper file is elsewhere"},
		{map[string]string{"x/y": "/a linguist-generated"}, "x/y/a", true, "relative to its directory"},
		{map[string]string{"x/y": "/a linguist-generated"}, "a", false, "relative to its directory"},
		{map[string]string{"": "dist linguist-generated"}, "dist/a.js", false, "a directory says nothing about what is below"},
		{map[string]string{"": "dist/ linguist-generated"}, "dist/a.js", false, "nor with a slash"},
		{map[string]string{"": "dist/** linguist-generated"}, "dist/x/a.js", true, "that is how it is written"},
		{map[string]string{"": "\"a b\\tc\" linguist-generated"}, "a b\tc", true, "in quotes"},
		{map[string]string{"": `"caf\303\251" linguist-generated`}, "café", true, "in quotes, with octal bytes"},
		{map[string]string{"": `"a linguist-generated`}, "a", false, "quotes that do not end: ignored, as in git"},
		{map[string]string{"": "!a linguist-generated"}, "a", false, "negative patterns are ignored, as in git"},
		{map[string]string{"": "a linguist-generated\n!a -linguist-generated"}, "a", true, "and take nothing away"},
		{map[string]string{"": "# a linguist-generated\n\n  a linguist-generated\r"}, "a", true, "comments, blanks, a carriage return"},
		{map[string]string{"": "\r\n \r\n\ra linguist-generated\r\n"}, "a", true, "Windows line ends, and lines of nothing else"},
		{map[string]string{"": "a text linguist-generated -diff"}, "a", true, "among others"},
		{map[string]string{"": "a text"}, "a", false, "others only"},
		{map[string]string{"": "[attr]made linguist-generated\n*.x made"}, "a.x", true, "a macro that sets it"},
		{map[string]string{"": "[attr]made -linguist-generated\n*.x linguist-generated\n*.x made"}, "a.x", true, "a macro takes nothing away"},
		{map[string]string{"": "[attr]made linguist-generated\n*.x made\n*.x -made"}, "a.x", true, "nor does a macro that is taken away"},
		{map[string]string{"x": "[attr]made linguist-generated\n*.x made"}, "x/a.x", false, "macros exist at the root only, as in git"},
		{map[string]string{"": "*.PB.go linguist-generated"}, "a.pb.GO", true, "setting matches any case"},
		{map[string]string{"": "*.go linguist-generated\n*.PB.go -linguist-generated"}, "a.pb.go", true, "taking away matches bytes"},
		{map[string]string{"": "a" + strings.Repeat("b", maxAttributeLine) + "* linguist-generated"}, "ab", false, "git ignores longer lines"},
		{map[string]string{"x": strings.Repeat("a -linguist-generated\n", maxAttributeRules+1)}, "x/y", true, "too many lines: all below is generated"},
		{map[string]string{"x": strings.Repeat("a -linguist-generated\n", maxAttributeRules+1)}, "y", false, "and nothing else"},
	}
	for _, tt := range tests {
		if got := ParseAttributes(tt.files).Generated(tt.path); got != tt.want {
			t.Errorf("%q with %.200q: generated is %v (%s)", tt.path, tt.files, got, tt.why)
		}
	}
}

// TestAttributesAreBounded: attributes that are slow to compare make every
// path generated, soon.
func TestAttributesAreBounded(t *testing.T) {
	line := strings.Repeat("*a", 60) + "b -linguist-generated\n"
	a := ParseAttributes(map[string]string{"": strings.Repeat(line, 1000)})
	name := strings.Repeat("a", 250)
	last := false
	for range 300 {
		last = a.Generated(name)
	}
	if !last {
		t.Error("the last path is not generated")
	}
}

// randomAttributePattern makes patterns of .gitattributes, brackets included.
func randomAttributePattern(r *rand.Rand) string {
	s := randomPatternText(r)
	for r.IntN(3) == 0 {
		i := r.IntN(len(s) + 1)
		set := []string{"[ab]", "[!a]", "[^b]", "[a-c]", "[]a]", "[a", "[[:alpha:]]", "[[:digit:]-]", `[\]]`, `[a-]`, "[[:space:]]", "[.-0]", "**", "***", "?"}
		s = s[:i] + set[r.IntN(len(set))] + s[i:]
	}
	return strings.ToLower(strings.NewReplacer("e\u0301", "e", "\xff", "f", "\xe9", "g", "é", "h", "É", "i", "ß", "j", "A", "a", "\n", "n").Replace(s))
}

// TestAttributesAgreeWithGit compares Generated with git check-attr. Names are
// lower-case ASCII, so that what we match after folding does not differ.
func TestAttributesAgreeWithGit(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	dir := emptyRepository(t)
	files := map[string]string{}
	var paths []string
	for i := range scale(250) {
		sub := fmt.Sprint("d", i)
		files[sub] = attributeFile(t, r, filepath.Join(dir, sub))
		inner := sub + "/a"
		files[inner] = attributeFile(t, r, filepath.Join(dir, inner))
		for range 60 {
			path := strings.ToLower(strings.ToValidUTF8(strings.NewReplacer("e\u0301", "e", "é", "h", "É", "i", "ß", "j", "A", "a").Replace(randomPath(r)), "x"))
			if r.IntN(4) > 0 {
				path = []string{"a", "b", "ab", "a.b", "a/b", "a/a/b", "a/ab", "b/a"}[r.IntN(8)]
			}
			if cleanPath(path) {
				paths = append(paths, sub+"/"+path)
			}
		}
	}
	out := strings.Split(string(plainGit(t, dir, []byte(strings.Join(paths, "\x00")+"\x00"), "check-attr", "-z", "--stdin", generatedAttribute)), "\x00")
	a, set, wrong := ParseAttributes(files), 0, 0
	for i, path := range paths {
		want := slices.Contains([]string{"set", "true"}, out[3*i+2])
		if want {
			set++
		}
		if got := a.Generated(path); got != want {
			if wrong++; wrong < 20 {
				sub, _, _ := strings.Cut(path, "/")
				t.Errorf("%q: Generated says %v, git %q, by\n%s\n%s", path, got, out[3*i+2], files[sub], files[sub+"/a"])
			}
		}
	}
	if set*10 < len(paths) {
		t.Errorf("only %d of %d paths are generated", set, len(paths))
	}
}

// attributeFile writes a random .gitattributes into a directory.
func attributeFile(t *testing.T, r *rand.Rand, dir string) string {
	t.Helper()
	var b strings.Builder
	for range 1 + r.IntN(4) {
		pattern := randomAttributePattern(r)
		if simple := strings.Fields("a b a/b **/b a/** *b [ab] a/* /a [!a]b a? * [a-b]/* **/a/** *.[a-z] a/[!b]*"); r.IntN(3) > 0 {
			pattern = simple[r.IntN(len(simple))]
		}
		if r.IntN(3) == 0 || strings.ContainsAny(pattern, " \"\\") {
			pattern = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(pattern) + `"`
		}
		value := []string{" linguist-generated", " linguist-generated=true", " -linguist-generated", " text", " !linguist-generated", " linguist-generated=false"}[r.IntN(6)]
		b.WriteString(pattern + value + "\n")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, ".gitattributes"), []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
