package ownership

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// MaxPattern is the longest pattern, in bytes.
const MaxPattern = 256

// maxDeep is how many ** segments a pattern may have.
const maxDeep = 8

// A Pattern says which paths a claim is about. The zero Pattern matches none.
type Pattern struct {
	source   string
	segments []segment // what remains after ** at the start and at the end became floating and dirOnly
	floating bool      // may begin at any depth
	dirOnly  bool      // owns what is below, not the name itself
	all      bool      // every path
}

// A segment is what stands between two slashes. An empty glob is **.
type segment struct {
	literal string
	glob    *glob
	deep    bool
}

// String is the pattern as it was written.
func (p Pattern) String() string { return p.source }

// CompilePattern reads a pattern. The error is a *SyntaxError whose Fix says
// how to write what was probably meant.
//
// The grammar is gitignore's, as far as CODEOWNERS reads it the same way:
//
//   - "foo" is a file or directory of this name at any depth; "/foo" and
//     "a/b", with a slash at the start or inside, count from the root;
//   - a pattern that matches a directory owns all below it; "dir/" is only
//     that, not a file of this name;
//   - * is any run of bytes within a segment, ? one byte within a segment, and
//     ** as a whole segment any number of segments;
//   - a backslash takes the meaning from * ? [ ] { } \ # ! and the space.
//
// Everything else on which the two differ is refused: a final "/*" (one level
// for CODEOWNERS, everything for gitignore), "/**/" at the end, "[ ] {"
// without a backslash, "!" and "#" at the start, ** glued to other text, "//",
// "." and "..", control and invisible characters, and text that is not in
// Unicode normal form C.
func CompilePattern(s string) (Pattern, error) {
	if err := checkText(s); err != nil {
		return Pattern{}, err
	}
	if err := checkEnds(s); err != nil {
		return Pattern{}, err
	}
	body := strings.TrimPrefix(s, "/")
	anchored := body != s
	trimmed := trimSlash(body)
	p := Pattern{source: s, dirOnly: trimmed != body}
	parts := strings.Split(trimmed, "/")
	for _, part := range parts {
		seg, err := compileSegment(s, part)
		if err != nil {
			return Pattern{}, err
		}
		p.segments = append(p.segments, seg)
	}
	p.floating = !anchored && len(parts) == 1
	if err := p.checkShape(anchored); err != nil {
		return Pattern{}, err
	}
	p.reduce()
	return p, nil
}

// trimSlash removes a final slash that is not escaped. A backslash before a
// slash is an error that compileSegment reports.
func trimSlash(s string) string { return strings.TrimSuffix(s, "/") }

// refuse makes the error for a pattern.
func refuse(text, fix, format string, args ...any) error {
	return &SyntaxError{Text: shorten(text), Msg: fmt.Sprintf(format, args...), Fix: fix}
}

// checkText refuses characters that must not be in a pattern at all.
func checkText(s string) error {
	switch {
	case s == "":
		return refuse(s, "name a file or a directory, such as src/pages/", "the pattern is empty")
	case len(s) > MaxPattern:
		return refuse(s, "name a directory above", "the pattern has %d bytes, more than %d", len(s), MaxPattern)
	case !utf8.ValidString(s):
		return refuse(s, "write the pattern in UTF-8, with ? for each byte that is not", "the pattern is not valid UTF-8")
	}
	for _, r := range s {
		switch {
		case unicode.IsControl(r):
			return refuse(s, "remove it, or write ? for it", "the pattern contains the control character U+%04X", r)
		case unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r) || r == '\uFEFF':
			return refuse(s, "remove it", "the pattern contains the invisible character U+%04X", r)
		}
	}
	if !norm.NFC.IsNormalString(s) {
		return refuse(s, fmt.Sprintf("write it composed: %q", norm.NFC.String(s)), "the pattern is not in Unicode normal form C")
	}
	return nil
}

// checkEnds refuses what cannot stand at the start or at the end, and empty
// segments.
func checkEnds(s string) error {
	switch {
	case s == "/":
		return refuse(s, "write ** for the whole repository", "the pattern / names nothing")
	case s[0] == '!':
		return refuse(s, `list it under never, or write \! for a name that starts with it`, "a pattern cannot be negated with !")
	case s[0] == '#':
		return refuse(s, `write \#`, "a pattern that starts with # is a comment for gitignore")
	case s[0] == ' ':
		return refuse(s, `remove it, or write "\ "`, "the pattern starts with a space")
	case endsInSpace(s):
		return refuse(s, `remove it, or write "\ "`, "the pattern ends with a space")
	case strings.Contains(s, "//"):
		return refuse(s, strings.ReplaceAll(s, "//", "/"), "the pattern contains //")
	}
	return nil
}

// endsInSpace tells whether the last byte is a space without a backslash.
func endsInSpace(s string) bool {
	body := strings.TrimSuffix(s, " ")
	return body != s && (len(body)-len(strings.TrimRight(body, `\`)))%2 == 0
}

// compileSegment reads what stands between two slashes.
func compileSegment(source, part string) (segment, error) {
	switch {
	case part == "." || part == "..":
		return segment{}, refuse(source, "write the path from the root of the repository", "the pattern contains the segment %s", part)
	case part == "**":
		return segment{deep: true}, nil
	case part == "":
		return segment{}, refuse(source, "write ** for the whole repository", "the pattern names nothing")
	}
	atoms, err := readAtoms(source, part)
	if err != nil {
		return segment{}, err
	}
	if slices.ContainsFunc(atoms, func(a atom) bool { return a.kind != atomByte }) {
		return segment{glob: newGlob(atoms)}, nil
	}
	return segment{literal: literalOf(atoms)}, nil
}

// readAtoms reads the bytes, wildcards and escapes of a segment.
func readAtoms(source, part string) ([]atom, error) {
	var atoms []atom
	for i := 0; i < len(part); i++ {
		c := part[i]
		switch c {
		case '*':
			if strings.HasPrefix(part[i:], "**") {
				return nil, refuse(source, "give ** a segment of its own, or write *", "** is glued to other text in %q", part)
			}
			atoms = append(atoms, atom{kind: atomRun})
		case '?':
			atoms = append(atoms, atom{kind: atomAny})
		case '[', ']', '{':
			return nil, refuse(source, escapeBrackets(source), "%c has to be escaped: gitignore and CODEOWNERS read it differently", c)
		case '\\':
			i++
			if i == len(part) {
				return nil, refuse(source, `write \\ for a backslash`, `a lone \ ends a segment`)
			}
			if !strings.ContainsRune(`*?[]{}\#! `, rune(part[i])) {
				return nil, refuse(source, `remove the backslash, or write \\ for one`, `\ stands before a character that needs none`)
			}
			atoms = append(atoms, atom{kind: atomByte, b: part[i]})
		default:
			atoms = append(atoms, atom{kind: atomByte, b: c})
		}
	}
	return atoms, nil
}

// escapeBrackets puts a backslash before every bracket and brace that has none.
func escapeBrackets(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s):
			b.WriteByte(s[i])
			i++
		case strings.IndexByte("[]{", s[i]) >= 0:
			b.WriteByte('\\')
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// checkShape refuses patterns whose last segments gitignore and CODEOWNERS
// read differently, and too many ** segments.
func (p *Pattern) checkShape(anchored bool) error {
	n := len(p.segments)
	last := p.segments[n-1]
	dir := strings.TrimRight(p.source, "*/")
	if dir = p.source[:len(dir)]; dir != "" || anchored {
		dir += "/"
	}
	deep := 0
	for _, s := range p.segments {
		if s.deep {
			deep++
		}
	}
	switch {
	case last.glob.onlyRun() && !p.dirOnly && (anchored || n > 1):
		fix := fmt.Sprintf("write %s** for everything below, or %s*.ext for files of one kind", dir, dir)
		return refuse(p.source, fix, "a final /* is one level for CODEOWNERS and everything for gitignore")
	case last.deep && p.dirOnly:
		return refuse(p.source, fmt.Sprintf("write %s**", dir), "**/ at the end is read differently by gitignore and CODEOWNERS")
	case deep > maxDeep:
		return refuse(p.source, "name the directories", "the pattern has %d segments **, more than %d", deep, maxDeep)
	}
	return nil
}

// reduce brings patterns that mean the same into one form: a leading ** is
// floating, a final ** is dirOnly, neighbouring ** are one.
func (p *Pattern) reduce() {
	for len(p.segments) > 0 && p.segments[0].deep {
		p.segments, p.floating = p.segments[1:], true
	}
	p.segments = slices.CompactFunc(p.segments, func(a, b segment) bool { return a.deep && b.deep })
	if n := len(p.segments); n > 0 && p.segments[n-1].deep {
		p.segments, p.dirOnly = p.segments[:n-1], true
	}
	p.all = len(p.segments) == 0
}

// folded is the pattern for folded paths: its literal text is folded too.
func (p Pattern) folded() Pattern {
	f := p
	f.segments = slices.Clone(p.segments)
	for i, s := range f.segments {
		f.segments[i] = segment{literal: Fold(s.literal), deep: s.deep}
		if s.glob != nil {
			f.segments[i].glob = s.glob.folded()
		}
	}
	return f
}

// Match tells whether the pattern matches a path or one of its directories. It
// compares bytes. A path that git could not hold matches nothing.
func (p Pattern) Match(path string) bool {
	if !cleanPath(path) {
		return false
	}
	return p.all || len(p.segments) > 0 && p.matchParts(strings.Split(path, "/"))
}

// matchParts runs all ways through the pattern at once, as a set of positions,
// so its time is bounded by pattern times path.
func (p Pattern) matchParts(parts []string) bool {
	n := len(p.segments)
	at, next := make([]bool, n), make([]bool, n)
	at[0] = true
	for i, part := range parts {
		clear(next)
		at[0] = at[0] || p.floating
		for j, seg := range p.segments {
			switch {
			case !at[j]:
			case seg.deep: // never the last segment, see reduce
				next[j], at[j+1] = true, true
			case !seg.match(part):
			case j+1 < n:
				next[j+1] = true
			case i+1 < len(parts) || !p.dirOnly:
				return true
			}
		}
		at, next = next, at
	}
	return false
}

// match compares one segment of a path. A ** segment is the caller's matter.
func (s segment) match(part string) bool {
	if s.glob != nil {
		return s.glob.match(part)
	}
	return s.literal == part
}

// cleanPath tells whether git could hold a path: not empty, and no segment is
// empty, "." or "..".
func cleanPath(path string) bool {
	for start := 0; ; {
		end := strings.IndexByte(path[start:], '/')
		part := path[start:]
		if end >= 0 {
			part = path[start : start+end]
		}
		if part == "" || part == "." || part == ".." {
			return false
		}
		if end < 0 {
			return true
		}
		start += end + 1
	}
}
