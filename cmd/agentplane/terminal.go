package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"charm.land/lipgloss/v2"

	"github.com/agentplane/agentplane/checks"
)

// colours are the sequences that paint makes. Nothing else here writes an escape character.
var colours = regexp.MustCompile(`\x1b\[[0-9;]*m`)

// printText writes text with colours, which are dropped where the writer is no terminal or TERM is dumb; CLICOLOR_FORCE=1
// keeps them, and NO_COLOR, with any value, drops them always (https://no-color.org).
func printText(w io.Writer, text string) error {
	if os.Getenv("NO_COLOR") != "" {
		text = colours.ReplaceAllString(text, "")
	}
	if _, err := lipgloss.Fprint(w, text); err != nil {
		return fmt.Errorf("write the output: %w", err)
	}
	return nil
}

// paint is the colour of a tone.
func paint(t checks.Tone, s string) string {
	switch t {
	case checks.ToneGood:
		return green.Render(s)
	case checks.ToneBad:
		return red.Render(s)
	case checks.ToneWaiting:
		return yellow.Render(s)
	case checks.ToneStrong:
		return bold.Render(s)
	case checks.ToneFaint:
		return faint.Render(s)
	}
	return s
}

// printJSON writes indented JSON in which every character is visible.
func printJSON(w io.Writer, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	var b strings.Builder
	for _, r := range string(text) {
		switch {
		case r == '\n' || !hidden(r):
			b.WriteRune(r)
		case r > 0xffff:
			fmt.Fprintf(&b, `\u%04x\u%04x`, 0xd800+(r-0x10000)>>10, 0xdc00+(r-0x10000)&0x3ff)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	if _, err := fmt.Fprintln(w, b.String()); err != nil {
		return fmt.Errorf("write the output: %w", err)
	}
	return nil
}

// hidden tells characters without a mark of their own and those that reorder their neighbours: controls, bidirectional and
// zero-width ones, separators but the space, private and unassigned ones, fillers and variation selectors.
func hidden(r rune) bool {
	return !unicode.IsPrint(r) || unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) || r == 0x2800
}

// visible writes a text on one line, every hidden character and every byte that is no UTF-8 written out as an escape.
func visible(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < 0x20 || r == 0x7f:
			fmt.Fprintf(&b, `\x%02x`, r)
		case hidden(r):
			fmt.Fprintf(&b, `\u{%x}`, r)
		default:
			b.WriteString(s[i : i+n])
		}
		i += n
	}
	return b.String()
}

// visibleLines is visible for each line of a message of our own; later lines are indented.
func visibleLines(s string) string {
	var lines []string
	for line := range strings.SplitSeq(s, "\n") {
		if line = strings.TrimLeft(line, "\t"); line != "" {
			lines = append(lines, visible(line))
		}
	}
	return strings.Join(lines, "\n  ")
}

// count is a number with its noun: "1 file", "2 files".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// githubCommand is a workflow command, which GitHub Actions turns into an annotation. What stands in it is escaped as the
// runner's toolkit does (actions/toolkit, core/src/command.ts).
type githubCommand struct {
	level, file, title, message string
	line, col                   int
}

func (g githubCommand) String() string {
	data := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	place := "file=" + property.Replace(visible(g.file))
	if g.line > 0 {
		place += fmt.Sprintf(",line=%d", g.line)
	}
	if g.col > 0 {
		place += fmt.Sprintf(",col=%d", g.col)
	}
	return fmt.Sprintf("::%s %s,title=%s::%s\n", g.level, place, property.Replace(g.title), data.Replace(visible(g.message)))
}
