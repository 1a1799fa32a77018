package checks

import (
	"strings"

	"github.com/yuin/goldmark/ast"
)

// NotedRisk returns what a pull request's body says under the heading of remaining risk, line by line, as plain text of the
// author's. "" is nothing: no such section, an empty one, or a body that is too long or too nested to be read.
func NotedRisk(body string) string {
	if len(body) > maxBody || tooNested(body) {
		return ""
	}
	src := []byte(body)
	var lines []string
	inside := 0 // the section's level
	for n := parseMarkdown(src).FirstChild(); n != nil; n = n.NextSibling() {
		if h, ok := n.(*ast.Heading); ok {
			var p passage
			p.add(h, src)
			switch {
			case headingKey(p.content()) == headingKey(riskHeading):
				inside = h.Level
			case h.Level <= inside:
				inside = 0
			}
			continue
		}
		if inside == 0 {
			continue
		}
		for _, p := range passages(n, src, 0) {
			if text := collapsed(p.content()); text != "" && len(lines) < maxNoteRows {
				lines = append(lines, text)
			}
		}
	}
	return strings.Join(lines, "\n")
}
