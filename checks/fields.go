package checks

import (
	"regexp"
	"strings"
)

// field finds the keys of a line of code: a word, perhaps in quotes or optional, before a colon or an equals sign that
// is no part of another operator. What follows is the field's signature.
var field = regexp.MustCompile("([\"']?)([A-Za-z_$][A-Za-z0-9_$]*)([\"']?)[?!]?[ \t]*(?::(?:[^:]|$)|=(?:[^=>]|$))")

var anyWord = regexp.MustCompile(`[A-Za-z_$][A-Za-z0-9_$]*`)

// lostFields compares the fields of two texts by name. Names that ctags lists are left to it.
func lostFields(old, now string, defined map[string]bool) []Lost {
	words := map[string]bool{}
	for _, line := range codeLines(now) {
		for _, w := range anyWord.FindAllString(line.text, -1) {
			words[w] = true
		}
	}
	var out []Lost
	for _, r := range renames(fieldsOf(old), fieldsOf(now)) {
		if defined[r.old.Name] || words[r.old.Name] {
			continue
		}
		l := Lost{Name: r.old.Name, Kind: KindField, How: lostRemoved, Line: r.old.Line}
		if r.now != "" {
			l.How, l.Now = lostRenamed, r.now
		}
		out = append(out, l)
	}
	return out
}

// fieldsOf lists the fields of a text in their order, each with what follows it on its line.
func fieldsOf(text string) []Definition {
	var out []Definition
	for _, line := range codeLines(text) {
		for _, m := range field.FindAllStringSubmatchIndex(line.text, -1) {
			name, quoted := line.text[m[4]:m[5]], line.text[m[2]:m[3]] == line.text[m[6]:m[7]]
			if quoted && telling(name) { // a quote on one side only: a word in a string
				out = append(out, Definition{Name: name, Kind: KindField, Line: line.number, Signature: strings.TrimSpace(line.text[m[7]:])})
			}
		}
	}
	return out
}

// A numbered line of a text, without what looks like a comment.
type codeLine struct {
	number int
	text   string
}

// codeLines leaves out comments as most languages write them, so that a name that is only spoken of does not count as
// there. A comment of another form counts as code.
func codeLines(text string) []codeLine {
	var out []codeLine
	number := 0
	for line := range strings.Lines(text) {
		number++
		trimmed := strings.TrimSpace(line)
		switch {
		case trimmed == "", strings.HasPrefix(trimmed, "//"), strings.HasPrefix(trimmed, "#"), strings.HasPrefix(trimmed, "/*"),
			strings.HasPrefix(trimmed, "* "), trimmed == "*", strings.HasPrefix(trimmed, "*/"), strings.HasPrefix(trimmed, "<!--"),
			strings.HasPrefix(trimmed, "--"):
			continue
		}
		for _, mark := range []string{" //", "\t//", " # ", " /*"} {
			trimmed, _, _ = strings.Cut(trimmed, mark)
		}
		out = append(out, codeLine{number, trimmed})
	}
	return out
}

// commonWord knows the words that languages keep for themselves and those that say nothing of one interface.
func commonWord(name string) bool {
	switch strings.ToLower(name) {
	case "abstract", "and", "any", "async", "await", "bool", "boolean", "break", "byte", "case", "catch", "char", "class", "const",
		"continue", "data", "def", "default", "defer", "delete", "double", "elif", "else", "end", "enum", "export", "extends", "false",
		"final", "finally", "float", "for", "foreach", "from", "func", "function", "goto", "href", "http", "https", "implements", "import",
		"include", "instanceof", "int", "interface", "key", "lambda", "let", "long", "map", "match", "module", "name", "namespace", "new",
		"nil", "none", "not", "null", "number", "object", "override", "package", "pass", "private", "protected", "public", "raise",
		"readonly", "return", "self", "short", "static", "string", "struct", "super", "switch", "then", "this", "throw", "throws", "true",
		"try", "type", "typedef", "typeof", "undefined", "union", "unsigned", "use", "using", "val", "value", "var", "void", "volatile",
		"when", "where", "while", "with", "yield":
		return true
	}
	return false
}
