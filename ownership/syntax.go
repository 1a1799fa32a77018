package ownership

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A SyntaxError is one problem of a contract: where it is, what stands there,
// what is wrong with it and what to do. Line and Col count from 1, Col in
// characters; both are 0 where a pattern alone was compiled.
type SyntaxError struct {
	File      string
	Line, Col int
	Text      string // the offending text, shortened
	Msg       string
	Fix       string
}

// Error is "file:line:col: message (text); fix: remedy", without the parts
// that are empty.
func (e *SyntaxError) Error() string {
	var b strings.Builder
	if e.File != "" || e.Line > 0 {
		fmt.Fprintf(&b, "%s:%d:%d: ", e.File, e.Line, e.Col)
	}
	b.WriteString(e.Msg)
	if e.Text != "" {
		fmt.Fprintf(&b, " (%s)", e.Text)
	}
	if e.Fix != "" {
		b.WriteString("; fix: " + e.Fix)
	}
	return b.String()
}

// SyntaxErrors are all problems of one contract, sorted by their places.
type SyntaxErrors []*SyntaxError

// Error has one line for each problem.
func (e SyntaxErrors) Error() string {
	lines := make([]string, len(e))
	for i, p := range e {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap lets errors.As find the single problems.
func (e SyntaxErrors) Unwrap() []error {
	errs := make([]error, len(e))
	for i, p := range e {
		errs[i] = p
	}
	return errs
}

// maxProblems bounds how many problems are listed. The rest is counted.
const maxProblems = 200

// problems collects what is wrong with one file.
type problems struct {
	file  string
	list  SyntaxErrors
	extra int
}

// add notes a problem at a place.
func (p *problems) add(line, col int, text, msg, fix string) {
	if len(p.list) >= maxProblems {
		p.extra++
		return
	}
	p.list = append(p.list, &SyntaxError{File: p.file, Line: line, Col: col, Text: shorten(text), Msg: msg, Fix: fix})
}

// full tells that further problems are only counted, so that work on their
// wording can be saved.
func (p *problems) full() bool { return len(p.list) >= maxProblems }

// err returns the problems sorted, or nil.
func (p *problems) err() error {
	if len(p.list) == 0 {
		return nil
	}
	slices.SortStableFunc(p.list, func(a, b *SyntaxError) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col))
	})
	if p.extra > 0 {
		last := p.list[len(p.list)-1]
		p.list = append(p.list, &SyntaxError{File: p.file, Line: last.Line, Col: last.Col,
			Msg: fmt.Sprintf("and %d more problems", p.extra), Fix: "mend the ones above first"})
	}
	return p.list
}

// maxText bounds the offending text in a message, in bytes.
const maxText = 80

// shorten makes a text fit to be shown: printable, in quotes when it was not,
// and not longer than maxText.
func shorten(text string) string {
	cut := text
	if len(cut) > maxText {
		cut = cut[:maxText]
		for len(cut) > 0 && !utf8.ValidString(cut[max(0, len(cut)-utf8.UTFMax):]) && utf8.ValidString(text) {
			cut = cut[:len(cut)-1]
		}
		cut += "…"
	}
	if quoted := strconv.Quote(cut); quoted[1:len(quoted)-1] != cut {
		return quoted
	}
	return cut
}

// nearest returns the word of a list that a typing error may have meant, or
// "". It accepts one edit in three letters.
func nearest(word string, words []string) string {
	best, least := "", min(len(word), 30)/3+1
	for _, w := range words {
		if abs(len(w)-len(word)) >= least {
			continue
		}
		if d := distance(strings.ToLower(word), strings.ToLower(w)); d < least {
			best, least = w, d
		}
	}
	return best
}

// abs is the absolute value.
func abs(n int) int { return max(n, -n) }

// distance counts the insertions, deletions, replacements and swaps of
// neighbours that turn a into b.
func distance(a, b string) int {
	var before []int
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		next := make([]int, len(b)+1)
		next[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			next[j] = min(row[j]+1, next[j-1]+1, row[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				next[j] = min(next[j], before[j-2]+1)
			}
		}
		before, row = row, next
	}
	return row[len(b)]
}

// oneOf lists words for a message: a, b or c.
func oneOf(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}
