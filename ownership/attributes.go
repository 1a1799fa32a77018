package ownership

import (
	"slices"
	"strconv"
	"strings"
)

// generatedAttribute is the attribute by which GitHub hides files as generated.
const generatedAttribute = "linguist-generated"

// attributeBlanks separate the words of a line, for git.
const attributeBlanks = " \t\r"

// Bounds on what one .gitattributes can ask of us. Git ignores longer lines.
const (
	maxAttributeLine  = 2048
	maxAttributeRules = 2000
	maxAttributeWork  = 50_000_000
)

// Attributes are the .gitattributes files of a tree, as far as they say what
// is generated. The zero value says nothing. They count their work and so are
// not safe for concurrent use.
type Attributes struct {
	files map[string][]attributeRule // by directory
	work  int
}

// An attributeRule sets or unsets the attribute for the paths of a pattern.
type attributeRule struct {
	pattern wildPattern
	folded  wildPattern
	set     bool
	all     bool // every path: what could not be read
}

// ParseAttributes reads .gitattributes files, by the directory that each
// stands in ("" is the root, "web/app" has no slash at its end).
//
// It reads them as git does: in a file the last line that matches counts, a
// file of a deeper directory counts before one above, a pattern without a
// slash matches names at any depth, and one that matches a directory says
// nothing about what is below. The attribute counts as set for every value but
// "false", as in github-linguist.
//
// A generated file needs an approval, so in doubt a file is generated: a line
// that sets the attribute matches folded paths too, one that takes it away
// only bytes; macros are followed where they set it and ignored where they
// take it away; lines that git ignores as malformed take nothing away; and a
// file with more than 2,000 lines about the attribute makes all below its
// directory generated. So is every path once comparing took too many steps.
func ParseAttributes(files map[string]string) *Attributes {
	a := &Attributes{files: map[string][]attributeRule{}}
	macros := attributeMacros(files[""])
	for dir, text := range files {
		if rules := attributeRules(text, macros); len(rules) > 0 {
			a.files[dir] = rules
		}
	}
	return a
}

// Generated tells whether a path is marked as generated.
func (a *Attributes) Generated(path string) bool {
	if len(a.files) == 0 {
		return false
	}
	for dir, found := path, true; found; {
		dir, found = parent(dir)
		rules := a.files[dir]
		if len(rules) == 0 {
			continue
		}
		rest := strings.TrimPrefix(strings.TrimPrefix(path, dir), "/")
		folded := Fold(rest)
		for _, rule := range slices.Backward(rules) {
			if a.work > maxAttributeWork {
				return true
			}
			if rule.all || rule.pattern.match(rest, &a.work) || rule.set && rule.folded.match(folded, &a.work) {
				return rule.set
			}
		}
	}
	return false
}

// parent returns the directory of a path, and whether there was one left.
func parent(path string) (string, bool) {
	if slash := strings.LastIndexByte(path, '/'); slash >= 0 {
		return path[:slash], true
	}
	return "", false
}

// attributeMacros finds the names whose definition sets the attribute. Macros
// can be defined at the root only.
func attributeMacros(text string) []string {
	macros := []string{generatedAttribute}
	for line := range strings.SplitSeq(text, "\n") {
		definition, ok := strings.CutPrefix(strings.TrimLeft(line, attributeBlanks), "[attr]")
		if fields := attributeFields(definition); ok && len(fields) > 1 && attributeState(fields[1:], macros) == attributeSet {
			macros = append(macros, fields[0])
		}
	}
	return macros
}

// attributeRules reads the lines of one file that say something about the
// attribute.
func attributeRules(text string, macros []string) []attributeRule {
	var rules []attributeRule
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimLeft(line, attributeBlanks)
		if line == "" || line[0] == '#' || line[0] == '!' || len(line) > maxAttributeLine || strings.HasPrefix(line, "[attr]") {
			continue
		}
		pattern, rest, ok := attributePattern(line)
		state := attributeState(attributeFields(rest), macros)
		if !ok || state == attributeUnsaid {
			continue
		}
		if len(rules) == maxAttributeRules {
			return []attributeRule{{set: true, all: true}}
		}
		rules = append(rules, attributeRule{pattern: newWild(pattern), folded: newWild(Fold(pattern)), set: state == attributeSet})
	}
	return rules
}

// attributePattern takes the pattern from the start of a line. It may stand in
// quotes, as git quotes paths.
func attributePattern(line string) (pattern, rest string, ok bool) {
	if line[0] != '"' {
		end := strings.IndexAny(line, attributeBlanks)
		if end < 0 {
			return "", "", false
		}
		pattern, rest = line[:end], line[end:]
		return pattern, rest, pattern[0] != '!'
	}
	for i := 1; i < len(line); i++ {
		switch line[i] {
		case '\\':
			i++
		case '"':
			pattern, ok = unquote(line[1:i])
			return pattern, line[i+1:], ok && pattern != "" && pattern[0] != '!'
		}
	}
	return "", "", false
}

// unquote undoes git's quoting in the manner of C.
func unquote(s string) (string, bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			b.WriteByte(s[i])
			continue
		}
		i++
		if i == len(s) {
			return "", false
		}
		if j := strings.IndexByte(`abfnrtv"\`, s[i]); j >= 0 {
			b.WriteByte("\a\b\f\n\r\t\v\"\\"[j])
			continue
		}
		if i+3 > len(s) {
			return "", false
		}
		octal, err := strconv.ParseUint(s[i:i+3], 8, 8)
		if err != nil {
			return "", false
		}
		b.WriteByte(byte(octal))
		i += 2
	}
	return b.String(), true
}

// attributeFields splits at blanks.
func attributeFields(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(attributeBlanks, r) })
}

// What a line says about the attribute.
const (
	attributeUnsaid = iota
	attributeSet
	attributeUnset
)

// attributeState reads the attributes of a line; the last one counts. Macros
// are names besides the attribute's own that set it.
func attributeState(fields, macros []string) int {
	state := attributeUnsaid
	for _, f := range fields {
		bare, value, valued := strings.Cut(strings.TrimLeft(f, "-!"), "=")
		switch {
		case !slices.Contains(macros, bare):
		case bare == f, valued && bare+"="+value == f && value != "false":
			state = attributeSet
		case bare == generatedAttribute:
			state = attributeUnset
		}
	}
	return state
}
