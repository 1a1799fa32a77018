package ownership

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxBranch is the longest branch name or pattern, in bytes.
const maxBranch = 200

// A BranchPattern is a branch's name, or a pattern in which * is any run of
// bytes, none and slashes included: "claude/*" is every branch below claude/.
// It compares bytes. A branch that matches an agent's pattern is held to that
// agent's rules, so a wide * restricts more, it never grants.
type BranchPattern struct{ source string }

// CompileBranch reads a branch name or pattern. The error is a *SyntaxError.
func CompileBranch(s string) (BranchPattern, error) {
	if msg, fix := refuseBranch(s); msg != "" {
		return BranchPattern{}, refuse(s, fix, "%s", msg)
	}
	return BranchPattern{source: s}, nil
}

// refuseBranch says why git could have no branch of this name, and the remedy.
// The rules are those of git check-ref-format.
func refuseBranch(s string) (msg, fix string) {
	switch {
	case s == "":
		return "the branch is empty", "write its name"
	case len(s) > maxBranch:
		return fmt.Sprintf("the branch has %d bytes, more than %d", len(s), maxBranch), "write a shorter one"
	case !utf8.ValidString(s):
		return "the branch is not valid UTF-8", "write it in UTF-8"
	case strings.HasPrefix(s, "refs/"):
		return "a branch is written without refs/heads/", "write " + strings.TrimPrefix(strings.TrimPrefix(s, "refs/"), "heads/")
	case strings.HasPrefix(s, "-") || s == "@" || s == "HEAD":
		return "git has no branch of this name", "write another one"
	}
	for _, bad := range []string{"..", "//", "@{", "**"} {
		if strings.Contains(s, bad) {
			return "a branch cannot contain " + bad, "remove it"
		}
	}
	for _, r := range s {
		if strings.ContainsRune(" ~^:?[\\", r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return fmt.Sprintf("a branch cannot contain %q", r), "remove it; the only wildcard is *"
		}
	}
	for _, part := range strings.Split(s, "/") {
		if part == "" || strings.HasPrefix(part, ".") || strings.HasSuffix(part, ".") || strings.HasSuffix(part, ".lock") {
			return "a part of a branch cannot be empty, start or end with a dot or end with .lock", "rename it"
		}
	}
	return "", ""
}

// String is the pattern as it was written.
func (b BranchPattern) String() string { return b.source }

// IsName tells whether the pattern is one branch's name, without a *.
func (b BranchPattern) IsName() bool { return !strings.Contains(b.source, "*") }

// Match tells whether a branch, written without refs/heads/, is meant. The
// zero pattern matches none.
func (b BranchPattern) Match(branch string) bool {
	parts := strings.Split(b.source, "*")
	if len(parts) == 1 {
		return b.source != "" && branch == b.source
	}
	first, last := parts[0], parts[len(parts)-1]
	if len(branch) < len(first)+len(last) || !strings.HasPrefix(branch, first) || !strings.HasSuffix(branch, last) {
		return false
	}
	rest := branch[len(first) : len(branch)-len(last)]
	for _, part := range parts[1 : len(parts)-1] {
		_, after, found := strings.Cut(rest, part)
		if !found {
			return false
		}
		rest = after
	}
	return true
}

// Intersects tells, exactly, whether some branch name matches both patterns.
//
// Where both have a *, one exists as soon as the texts before the first * are
// one the start of the other, and those after the last * one the end of the
// other: all that stands between can follow one after another, because every *
// takes up the other pattern's part.
func (b BranchPattern) Intersects(other BranchPattern) bool {
	switch {
	case b.source == "" || other.source == "":
		return false
	case b.IsName():
		return other.Match(b.source)
	case other.IsName():
		return b.Match(other.source)
	}
	p, q := b.source, other.source
	p1, q1 := p[:strings.IndexByte(p, '*')], q[:strings.IndexByte(q, '*')]
	p2, q2 := p[strings.LastIndexByte(p, '*')+1:], q[strings.LastIndexByte(q, '*')+1:]
	return (strings.HasPrefix(p1, q1) || strings.HasPrefix(q1, p1)) &&
		(strings.HasSuffix(p2, q2) || strings.HasSuffix(q2, p2))
}
