package checks

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// GitHub's limits on one check run (REST API, "Checks: create a check run"). GitHub says characters for summary and
// text; counting bytes keeps the limit however it counts.
const (
	MaxSummary = 65535
	MaxText    = 65535
	MaxTitle   = 255      // of a check's and of an annotation's title
	MaxMessage = 64 << 10 // bytes of an annotation's message
)

// MaxAnnotations is the most annotations that one document carries. GitHub takes 50 in a request, so this is two.
const MaxAnnotations = 100

// truncate returns s in at most limit bytes: whole runes, and a count of those that are missing.
func truncate(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	const room = 40 // for the count
	if limit < room {
		return ""
	}
	end := limit - room
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return fmt.Sprintf("%s… (%d more characters)", s[:end], utf8.RuneCountInString(s[end:]))
}

// page collects blocks of Markdown up to a number of bytes. A block is written whole or not at all.
type page struct {
	b     strings.Builder
	limit int
}

// add writes a block if it fits, and says whether it did.
func (p *page) add(block string) bool {
	if p.b.Len()+len(block) > p.limit {
		return false
	}
	p.b.WriteString(block)
	return true
}

// left is how many bytes still fit.
func (p *page) left() int { return p.limit - p.b.Len() }

// list writes as many of the findings as fit, at most most, while reserve bytes stay free, and then says how many are
// missing.
func (p *page) list(findings []Finding, most, reserve int, missing string) {
	const note = 200 // bytes that the count may take
	for i, f := range findings {
		block := ""
		if i < most {
			block = item(f)
		}
		if i == most || p.left()-len(block) < reserve+note {
			p.add(fmt.Sprintf("- and %s more %s\n", thousands(len(findings)-i), missing))
			return
		}
		p.add(block)
	}
}

// fence returns a fenced code block. The fence is longer than any run of backticks within.
func fence(info, body string) string {
	longest, run := 2, 0
	for _, r := range body {
		run++
		if r != '`' {
			run = 0
		}
		longest = max(longest, run)
	}
	marks := strings.Repeat("`", longest+1)
	return marks + info + "\n" + strings.TrimSuffix(body, "\n") + "\n" + marks + "\n"
}
