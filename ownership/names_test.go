package ownership

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"unicode/utf8"
)

// TestRefusedBranches: what cannot be a branch says so, and how to mend it.
// Git refuses it too, where it is a name and no pattern.
func TestRefusedBranches(t *testing.T) {
	tests := []struct {
		branch, msg, fix string
		git              bool // git check-ref-format is asked too
	}{
		{"", "is empty", "write its name", true},
		{strings.Repeat("a", maxBranch+1), "more than", "shorter", false},
		{"a\xff", "not valid UTF-8", "write it in UTF-8", false},
		{"refs/heads/agent/a", "without refs/heads/", "write agent/a", false},
		{"-a", "no branch of this name", "another", true},
		{"@", "no branch of this name", "another", false}, // to git it is HEAD
		{"HEAD", "no branch of this name", "another", true},
		{"a..b", "cannot contain ..", "remove it", true},
		{"a//b", "cannot contain //", "remove it", false}, // git takes one slash away
		{"a@{b", "cannot contain @{", "remove it", true},
		{"a/**", "cannot contain **", "remove it", false},
		{"a b", `cannot contain ' '`, "remove it", true},
		{"a~1", `cannot contain '~'`, "remove it", true},
		{"a^", `cannot contain '^'`, "remove it", true},
		{"a:b", `cannot contain ':'`, "remove it", true},
		{"a?", `cannot contain '?'`, "the only wildcard is *", true},
		{"a[b]", `cannot contain '['`, "the only wildcard is *", true},
		{`a\b`, `cannot contain '\\'`, "remove it", true},
		{"a\x7f", `cannot contain '\x7f'`, "remove it", true},
		{"a\u202eb", `cannot contain '\u202e'`, "remove it", false},
		{"/a", "start or end with a dot", "rename it", false},
		{"a/", "start or end with a dot", "rename it", true},
		{".a", "start or end with a dot", "rename it", true},
		{"a/.b", "start or end with a dot", "rename it", true},
		{"a.", "start or end with a dot", "rename it", true},
		{"a.lock", "end with .lock", "rename it", true},
		{"a.lock/b", "end with .lock", "rename it", true},
	}
	for _, tt := range tests {
		_, err := CompileBranch(tt.branch)
		if err == nil || !strings.Contains(err.Error(), tt.msg) || !strings.Contains(err.Error(), tt.fix) {
			t.Errorf("%.60q: %v, want %q and %q", tt.branch, err, tt.msg, tt.fix)
		}
		if tt.git && exec.Command("git", "check-ref-format", "--branch", tt.branch).Run() == nil {
			t.Errorf("git allows %q, we refuse it", tt.branch)
		}
	}
}

// TestShortenedTexts: what is shown of an offending text is short, valid and
// visible.
func TestShortenedTexts(t *testing.T) {
	tests := []struct{ text, want, why string }{
		{"src/", "src/", "as it is"},
		{"a\x1b[31m", `"a\x1b[31m"`, "controls are written out"},
		{"a\u202eb", `"a\u202eb"`, "so is what turns text around"},
		{`say "hi"`, `"say \"hi\""`, "so are quotes"},
		{strings.Repeat("a", maxText), strings.Repeat("a", maxText), "just short enough"},
		{strings.Repeat("a", maxText+1), strings.Repeat("a", maxText) + "…", "one too long"},
		{strings.Repeat("é", maxText), strings.Repeat("é", maxText/2) + "…", "two bytes a letter"},
		{strings.Repeat("a", maxText-1) + "é", strings.Repeat("a", maxText-1) + "…", "never half a letter"},
		{strings.Repeat("a", maxText-2) + "😀", strings.Repeat("a", maxText-2) + "…", "nor half of four bytes"},
		{"\xff" + strings.Repeat("a", maxText), `"\xff` + strings.Repeat("a", maxText-1) + `…"`, "bytes that are not UTF-8"},
	}
	for _, tt := range tests {
		got := shorten(tt.text)
		if got != tt.want || !utf8.ValidString(got) {
			t.Errorf("%s: %q is shown as %q, want %q", tt.why, tt.text, got, tt.want)
		}
	}
}

// TestKindsAndRolesHaveNames: what is printed in messages and by tests.
func TestKindsAndRolesHaveNames(t *testing.T) {
	seen := map[string]bool{}
	for k := range Unowned + 1 {
		name := k.String()
		if name == "" || name == "unknown" || seen[name] {
			t.Errorf("kind %d is called %q", k, name)
		}
		seen[name] = true
	}
	if got := fmt.Sprint(Unowned+1, Owned, OwnedByOther); got != "unknown owned owned by another" {
		t.Errorf("kinds are called %q", got)
	}
	if got := fmt.Sprint(RoleNever, RoleClass, RoleOwns, RoleShared, RoleInterface); got != "never class owns shared interface" {
		t.Errorf("roles are called %q", got)
	}
}
