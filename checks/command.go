package checks

import (
	"regexp"
	"strings"
	"unicode"
)

// shellSafe reports whether s, between single quotes, is one word with exactly these characters in POSIX shells and in
// PowerShell, and at least no operator in cmd.exe, which knows no single quotes. Other strings are never put into a
// command.
func shellSafe(s string) bool {
	if s == "" || len(s) > shownRunes {
		return false
	}
	for _, r := range s {
		ascii := r < 0x80 && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune(" ._-/+@=,~[](){}#!$:", r))
		if !ascii && (r < 0x80 || !unicode.IsLetter(r) && !unicode.IsDigit(r) || hidden(r)) {
			return false
		}
	}
	return true
}

var bareWord = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._/-]*$`)

// word quotes s as one shell word. The caller has asked shellSafe.
func word(s string) string {
	if bareWord.MatchString(s) {
		return s
	}
	return "'" + s + "'"
}

// gitFor starts a git command that names path. Names in which git would see a pattern are marked as literal.
func gitFor(path string) string {
	if strings.ContainsAny(path, "[:") {
		return "git --literal-pathspecs"
	}
	return "git"
}

// restoreCommand returns the command that makes path what the base has, or "" where path or base, a revision, are not
// safe to put in one. It is to be run from the top of the working tree.
func restoreCommand(base string, c Change) string {
	switch {
	case !shellSafe(c.Path):
		return ""
	case c.added():
		return gitFor(c.Path) + " rm -- '" + c.Path + "'"
	case !shellSafe(base):
		return ""
	default:
		return gitFor(c.Path) + " checkout " + word(base) + " -- '" + c.Path + "'"
	}
}

// untrackCommand returns the command that takes path out of the branch and leaves the file alone, or "".
func untrackCommand(path string) string {
	if !shellSafe(path) {
		return ""
	}
	return gitFor(path) + " rm --cached -- '" + path + "'"
}

// Command reports whether a finding's fix is a command, to be run as it stands, rather than a sentence.
func (f Finding) Command() bool { return isCommand(f.Fix) }

var commandWord = regexp.MustCompile(`^ ([A-Za-z0-9._/-]+|'[^']+')`)

// isCommand holds for git and gh commands of plain words and safely quoted ones, and for nothing else.
func isCommand(fix string) bool {
	rest, git := strings.CutPrefix(fix, "git")
	if !git {
		rest, git = strings.CutPrefix(fix, "gh")
	}
	if !git || rest == "" {
		return false
	}
	for rest != "" {
		w := commandWord.FindString(rest)
		if w == "" || !shellSafe(strings.Trim(w[1:], "'")) {
			return false
		}
		rest = rest[len(w):]
	}
	return true
}
