package main

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"charm.land/lipgloss/v2"

	"github.com/agentplane/agentplane/checks"
)

// print writes what was found.
func (l *linted) print(w io.Writer, format string) error {
	switch format {
	case "json":
		return printJSON(w, l)
	case "github":
		_, err := io.WriteString(w, l.github())
		return err
	}
	return printText(w, l.text())
}

// text is for a terminal: each problem with the line it stands in, and a caret below.
func (l *linted) text() string {
	var b strings.Builder
	lines := strings.Split(string(l.src), "\n")
	for _, p := range l.Problems {
		fmt.Fprintf(&b, "%s %s\n", bold.Render(fmt.Sprintf("%s:%d:%d:", visible(l.File), p.Line, p.Column)), visible(p.Message))
		b.WriteString(excerpt(lines, p))
		writeFix(&b, p.Fix)
	}
	for _, warning := range l.Warnings {
		fmt.Fprintf(&b, "%s %s %s\n", bold.Render(place(l.File, warning.Line)), yellow.Render("warning:"), visible(warning.Message))
		writeFix(&b, warning.Fix)
	}
	b.WriteString(l.summary())
	return b.String()
}

// place is where a warning is, "file:" for the file as a whole.
func place(file string, line int) string {
	if line == 0 {
		return visible(file) + ":"
	}
	return fmt.Sprintf("%s:%d:", visible(file), line)
}

func writeFix(b *strings.Builder, fix string) {
	if fix != "" {
		fmt.Fprintf(b, "  → %s\n", visible(fix))
	}
}

// excerpt is the line in question with carets below the text that is meant.
func excerpt(lines []string, p lintProblem) string {
	if p.Line < 1 || p.Line > len(lines) || p.Column < 1 {
		return ""
	}
	line := []rune(strings.TrimRight(lines[p.Line-1], "\r"))
	if !utf8.ValidString(lines[p.Line-1]) || p.Column > len(line)+1 {
		return ""
	}
	line, start := window(line, p.Column-1)
	before, rest := string(line[:start]), string(line[start:])
	width := 1
	if strings.HasPrefix(rest, p.Text) && p.Text != "" {
		width = lipgloss.Width(visible(p.Text))
	}
	number := fmt.Sprintf("%5d", p.Line)
	return fmt.Sprintf("%s%s\n%s%s%s\n",
		faint.Render(number+" | "), visible(before+rest),
		faint.Render(strings.Repeat(" ", len(number))+" | "),
		strings.Repeat(" ", lipgloss.Width(visible(before))), paint(checks.ToneBad, strings.Repeat("^", max(width, 1))))
}

// longestExcerpt is how many characters of a line are shown.
const longestExcerpt = 120

// window cuts a long line around a position, and returns the position within it.
func window(line []rune, at int) ([]rune, int) {
	if len(line) <= longestExcerpt {
		return line, at
	}
	start := max(0, min(at-longestExcerpt/3, len(line)-longestExcerpt))
	return line[start:min(start+longestExcerpt, len(line))], at - start
}

// summary is the last line.
func (l *linted) summary() string {
	if len(l.Problems) > 0 {
		return fmt.Sprintf("%s %s: %s; nothing passes until they are mended\n", red.Render("✗"), visible(l.File), count(len(l.Problems), "problem"))
	}
	claims := 0
	for _, a := range l.contract.Agents {
		claims += len(a.Owns) + len(a.Never)
	}
	text := fmt.Sprintf("%s %s: valid, %s, %s", green.Render("✓"), visible(l.File), count(len(l.contract.Agents), "agent"), count(claims, "claim"))
	if len(l.Warnings) > 0 {
		text += ", " + count(len(l.Warnings), "warning")
	}
	return text + "\n"
}

// github is the same as workflow commands.
func (l *linted) github() string {
	var b strings.Builder
	add := func(g githubCommand, fix string) {
		g.file = l.File
		if fix != "" {
			g.message += "; fix: " + fix
		}
		b.WriteString(g.String())
	}
	for _, p := range l.Problems {
		add(githubCommand{level: "error", line: p.Line, col: p.Column, title: "contract/invalid", message: p.Message}, p.Fix)
	}
	for _, warning := range l.Warnings {
		add(githubCommand{level: "warning", line: warning.Line, title: "contract", message: warning.Message}, warning.Fix)
	}
	return b.String()
}
