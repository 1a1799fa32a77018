package ownership

import (
	"slices"
	"strings"
)

// A wildPattern is a pattern of .gitattributes: all of git's wildmatch,
// brackets included. Unlike a Pattern it says nothing about what is below a
// directory that it matches.
type wildPattern struct {
	parts    []string // nil matches nothing
	floating bool
}

// newWild reads a pattern. One that ends in a slash matches nothing, as in git.
func newWild(s string) wildPattern {
	body := strings.TrimPrefix(s, "/")
	if body == "" || strings.HasSuffix(body, "/") {
		return wildPattern{}
	}
	return wildPattern{parts: splitWild(body), floating: !strings.Contains(s, "/")}
}

// splitWild splits at slashes; a backslash before one changes nothing.
func splitWild(s string) []string {
	var parts []string
	var part []byte
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '/':
			parts, part = append(parts, string(part)), nil
		case s[i] == '\\' && i+1 < len(s) && s[i+1] != '/':
			part = append(part, s[i], s[i+1])
			i++
		case s[i] != '\\' || i+1 == len(s):
			part = append(part, s[i])
		}
	}
	parts = append(parts, string(part))
	for i, p := range parts {
		if len(p) > 1 && strings.Trim(p, "*") == "" {
			parts[i] = "**" // git takes more stars for two
		}
	}
	return parts
}

// match compares a path, and counts the steps that takes.
func (w wildPattern) match(path string, work *int) bool {
	if w.parts == nil {
		return false
	}
	if w.floating {
		return wildSegment(w.parts[0], path[strings.LastIndexByte(path, '/')+1:], work)
	}
	at := []int{0}
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		var next []int
		for k := 0; k < len(at); k++ {
			switch n := at[k]; {
			case n == len(w.parts):
			case w.parts[n] == "**":
				next = append(next, n)
				if n+1 < len(w.parts) {
					if !slices.Contains(at, n+1) {
						at = append(at, n+1)
					}
				} else if i == len(segments)-1 {
					return true
				}
			case wildSegment(w.parts[n], segment, work):
				next = append(next, n+1)
			}
		}
		slices.Sort(next)
		at = slices.Compact(next)
	}
	return slices.Contains(at, len(w.parts))
}

// wildSegment compares one segment with wildcards, brackets and escapes. After
// a mismatch only the last * takes more.
func wildSegment(pattern, s string, work *int) bool {
	i, j := 0, 0
	run, resume := -1, 0
	*work++
	for ; j < len(s); *work++ {
		if i < len(pattern) && pattern[i] == '*' {
			run, resume = i, j
			i++
			continue
		}
		if width := wildByte(pattern[i:], s[j]); width > 0 {
			i, j = i+width, j+1
			continue
		}
		if run < 0 {
			return false
		}
		resume++
		i, j = run+1, resume
	}
	return strings.Trim(pattern[i:], "*") == ""
}

// wildByte compares the first element of a pattern with a byte, and returns
// how long the element is, or 0 when it does not match.
func wildByte(pattern string, c byte) int {
	switch {
	case pattern == "":
		return 0
	case pattern[0] == '?':
		return 1
	case pattern[0] == '[':
		return wildBracket(pattern, c)
	case pattern[0] == '\\' && len(pattern) > 1:
		if pattern[1] == c {
			return 2
		}
		return 0
	case pattern[0] == c:
		return 1
	}
	return 0
}

// wildBracket compares a bracket expression with a byte. One without an end, or
// with a class that does not exist, matches nothing, as in git.
func wildBracket(pattern string, c byte) int {
	i := 1
	negated := i < len(pattern) && (pattern[i] == '!' || pattern[i] == '^')
	if negated {
		i++
	}
	matched := false
	for first := true; i < len(pattern); first = false {
		if pattern[i] == ']' && !first {
			if matched == negated {
				return 0
			}
			return i + 1
		}
		class, width := wildClass(pattern[i:], c)
		if width < 0 {
			return 0
		}
		if width > 0 {
			matched = matched || class
			i += width
			continue
		}
		var low byte
		low, width = wildEscaped(pattern[i:])
		i += width
		high := low
		if i+1 < len(pattern) && pattern[i] == '-' && pattern[i+1] != ']' {
			high, width = wildEscaped(pattern[i+1:])
			i += 1 + width
		}
		matched = matched || low <= c && c <= high
	}
	return 0
}

// wildEscaped reads a byte that a backslash may stand before.
func wildEscaped(s string) (c byte, width int) {
	if s[0] == '\\' && len(s) > 1 {
		return s[1], 2
	}
	return s[0], 1
}

// wildClass reads a named class such as [:digit:]. The width is 0 where there
// is none, and negative for a name that git does not know.
func wildClass(s string, c byte) (matched bool, width int) {
	end := strings.IndexByte(s, ']') - 1
	if !strings.HasPrefix(s, "[:") || end < 2 || s[end] != ':' {
		return false, 0
	}
	lower, upper, digit := c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9'
	graph := c > ' ' && c < 0x7f
	switch s[2:end] {
	case "alpha":
		matched = lower || upper
	case "alnum":
		matched = lower || upper || digit
	case "digit":
		matched = digit
	case "lower":
		matched = lower
	case "upper":
		matched = upper
	case "punct":
		matched = graph && !lower && !upper && !digit
	case "xdigit":
		matched = digit || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
	case "space":
		matched = c == ' ' || c == '\t' || c == '\n' || c == '\r' // git's own isspace
	case "blank":
		matched = c == ' ' || c == '\t'
	case "cntrl":
		matched = c < ' ' || c == 0x7f
	case "graph":
		matched = graph
	case "print":
		matched = graph || c == ' '
	default:
		return false, -1
	}
	return matched, end + 2
}
