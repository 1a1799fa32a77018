package ownership

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestWildClassesAgreeWithGit compares every named class with git check-attr,
// for every byte that a name may have. Capital letters are left to TestFold:
// what sets an attribute is matched in any case here, and not by git.
func TestWildClassesAgreeWithGit(t *testing.T) {
	classes := []string{"alpha", "alnum", "digit", "lower", "upper", "punct", "xdigit", "space", "blank", "cntrl", "graph", "print", "nothing", ""}
	dir := emptyRepository(t)
	files := map[string]string{}
	var paths []string
	for i, class := range classes {
		sub := fmt.Sprint("d", i)
		files[sub] = "\"x[[:" + class + ":]]\" linguist-generated\n\"y[^[:" + class + ":]_]\" linguist-generated\n" +
			"\"z[[:" + class + "]:]\" linguist-generated\n"
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, sub, ".gitattributes"), []byte(files[sub]), 0o600); err != nil {
			t.Fatal(err)
		}
		for c := byte(1); c < 0x80; c++ {
			if c != '/' && (c < 'A' || c > 'Z') {
				at := string(rune(c))
				paths = append(paths, sub+"/x"+at, sub+"/y"+at, sub+"/z"+at+":]")
			}
		}
	}
	out := bytes.Split(plainGit(t, dir, []byte(strings.Join(paths, "\x00")+"\x00"), "check-attr", "-z", "--stdin", generatedAttribute), []byte{0})
	a, set := ParseAttributes(files), 0
	for i, path := range paths {
		want := string(out[3*i+2]) == "set"
		if want {
			set++
		}
		if got := a.Generated(path); got != want {
			t.Errorf("%q: Generated says %v, git %q, by %q", path, got, out[3*i+2], files[path[:strings.IndexByte(path, '/')]])
		}
	}
	if set < 500 || set > len(paths)-500 {
		t.Errorf("%d of %d are set: the test tells nothing", set, len(paths))
	}
}

func TestUnquote(t *testing.T) {
	tests := []struct {
		quoted, want string
		ok           bool
		why          string
	}{
		{`plain`, "plain", true, "nothing to undo"},
		{`\a\b\f\n\r\t\v\"\\`, "\a\b\f\n\r\t\v\"\\", true, "every letter that C knows"},
		{`\303\251`, "é", true, "octal bytes"},
		{`\000`, "\x00", true, "the least byte"},
		{`\377`, "\xff", true, "the greatest"},
		{`\400`, "", false, "more than a byte"},
		{`\089`, "", false, "no octal digits"},
		{`\01`, "", false, "two digits"},
		{`\x41`, "", false, "hexadecimal"},
		{`a\`, "", false, "a backslash before nothing"},
	}
	for _, tt := range tests {
		if got, ok := unquote(tt.quoted); got != tt.want || ok != tt.ok {
			t.Errorf("%s: %q becomes %q, %v", tt.why, tt.quoted, got, ok)
		}
	}
}
