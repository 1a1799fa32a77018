package checks

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// shownRunes is how much of one attacker-controlled string a document shows.
const shownRunes = 200

// visible returns s with every byte and character that a reader could not see, or that could change how others are
// read, written out: `\n`, `\x1b`, `\u{202e}`. The result is valid UTF-8 on one line.
func visible(s string) string {
	if plain(s) {
		return s
	}
	return visibleUpTo(s, len(s)*len(`\u{10ffff}`))
}

// visibleUpTo is visible, for at most limit characters of the result, and says how many of s are missing then. It
// never splits a rune or an escape.
func visibleUpTo(s string, limit int) string {
	var b strings.Builder
	for i, shown := 0, 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		text := visibleRune(r, s[i:i+n])
		if shown += utf8.RuneCountInString(text); shown > limit {
			fmt.Fprintf(&b, "… (%d more characters)", utf8.RuneCountInString(s[i:]))
			break
		}
		b.WriteString(text)
		i += n
	}
	return b.String()
}

func visibleRune(r rune, raw string) string {
	switch {
	case r == utf8.RuneError && len(raw) == 1:
		return fmt.Sprintf(`\x%02x`, raw[0])
	case r == '\n':
		return `\n`
	case r == '\r':
		return `\r`
	case r == '\t':
		return `\t`
	case r < 0x20 || r == 0x7f:
		return fmt.Sprintf(`\x%02x`, r)
	case hidden(r):
		return fmt.Sprintf(`\u{%x}`, r)
	}
	return raw
}

// plain reports whether s is printable ASCII, which needs no look at each rune.
func plain(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < 0x20 || s[i] > 0x7e {
			return false
		}
	}
	return true
}

// hidden reports whether r is a character without a mark of its own, or one that reorders its neighbours: controls,
// format characters (bidirectional, zero-width, tags), separators but the space, private use and unassigned ones,
// fillers and variation selectors.
func hidden(r rune) bool {
	if r < 0x7f {
		return r < ' '
	}
	return !unicode.IsPrint(r) || unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) ||
		r == 0x2800 // an empty braille pattern
}

// code shows a string that somebody else wrote as a Markdown code span: on one line, visible, without backticks
// (a modifier letter stands for each), and cut. Spaces at either end, which Markdown would drop, are written out.
func code(s string) string { return codeUpTo(s, shownRunes) }

func codeUpTo(s string, limit int) string {
	s = strings.ReplaceAll(visibleUpTo(s, limit), "`", "ˋ")
	if s == "" {
		s = `""`
	}
	if s[0] == ' ' {
		s = `\x20` + s[1:]
	}
	if s[len(s)-1] == ' ' {
		s = s[:len(s)-1] + `\x20`
	}
	return "`" + s + "`"
}

// codes shows a few strings as code spans, and counts the rest.
func codes(list []string) string {
	const most = 5
	shown := make([]string, 0, most+1)
	for i, s := range list {
		if i == most {
			return strings.Join(shown, ", ") + fmt.Sprintf(" and %d more", len(list)-most)
		}
		shown = append(shown, code(s))
	}
	if n := len(shown); n > 1 {
		return strings.Join(shown[:n-1], ", ") + " and " + shown[n-1]
	}
	return strings.Join(shown, "")
}

// ourProse is the character set of the sentences that this package writes itself. It has no Markdown in it, and
// nothing that GitHub would link, close or mention.
var ourProse = regexp.MustCompile(`^[A-Za-z0-9 .,:;()'%+=/-]*$`)

// linked finds what GitHub would link even in such a sentence.
var linked = regexp.MustCompile(`(?i)://|www\.|\bgh-[0-9]|[0-9a-f]{7,}`)

// longestProse is the most bytes of a sentence that a document shows as one.
const longestProse = 4000

// inert returns Markdown that shows a message or a remedy. Those that this package wrote are sentences with code
// spans, and stay that way, each span cleaned again. Anything else is shown as one code span: a report may have been
// read from a file.
func inert(message string) string {
	parts := strings.Split(message, "`")
	if len(parts)%2 == 0 || len(message) > longestProse || strings.HasPrefix(message, "/") {
		return code(message)
	}
	var b strings.Builder
	for i, part := range parts {
		switch {
		case i%2 == 1:
			b.WriteString(codeUpTo(part, shownRunes+40)) // a span that was cut keeps its count
		case ourProse.MatchString(part) && !linked.MatchString(part):
			b.WriteString(part)
		default:
			return code(message)
		}
	}
	return b.String()
}

// safeName matches the contract's names for agents, classes and interfaces.
var safeName = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,79}$`)

// plainName returns name for a title, which is no Markdown, and otherwise a word that stands for it.
func plainName(name, otherwise string) string {
	if safeName.MatchString(name) && !linked.MatchString(name) {
		return name
	}
	return otherwise
}

// titleMarkdown returns a title, in which names may have underscores, as Markdown.
func titleMarkdown(title string) string {
	if shown := strings.ReplaceAll(title, "_", ""); inert(shown) == shown && !strings.Contains(title, "`") {
		return strings.ReplaceAll(title, "_", `\_`)
	}
	return code(title)
}
