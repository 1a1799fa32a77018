package checks

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// tableRows is how many rows of the matrix a document shows; the report has all.
const tableRows = 40

// matrixTable is the matrix as a Markdown table, those rows first that stand in the way.
func matrixTable(rows []Row) string {
	if len(rows) == 0 {
		return ""
	}
	sorted := slices.Clone(rows)
	slices.SortStableFunc(sorted, func(a, b Row) int { return b.State.rank() - a.State.rank() })
	var b strings.Builder
	b.WriteString("\n| requirement | needs | evidence | notes say | state | next |\n|---|---|---|---|---|---|\n")
	for _, r := range sorted[:min(len(sorted), tableRows)] {
		b.WriteString(tableRow(r))
	}
	if more := len(sorted) - tableRows; more > 0 {
		fmt.Fprintf(&b, "\nand %s\n", count(more, "more requirement"))
	}
	return b.String()
}

func tableRow(r Row) string {
	name := code(r.Requirement)
	if r.PR != 0 {
		name += fmt.Sprintf(" in %d", r.PR)
	}
	evidence := inert(r.Evidence)
	if r.SHA != "" {
		evidence += " on " + short(r.SHA) + ", which has the same tree"
	}
	state := inert(string(r.State))
	if linkable(r.URL) {
		state += " ([link](" + r.URL + "))"
	}
	next := ""
	if r.Next != "" {
		next = fixMarkdown(r.Next)
	}
	cells := []string{name, inert(r.Needs), evidence, inert(firstOf(r.Claim, "nothing")), state, next}
	for i, c := range cells {
		cells[i] = strings.ReplaceAll(strings.ReplaceAll(c, "\n", " "), "|", "│") // a pipe ends a cell even in code
	}
	return "| " + strings.Join(cells, " | ") + " |\n"
}

// rank orders states, the one that stands in the way most last.
func (s RowState) rank() int {
	return slices.Index([]RowState{RowShown, RowWaiting, RowUnknown, RowMissing, RowFailed}, s)
}

var plainURL = regexp.MustCompile(`^https?://[A-Za-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9._~/?=&%#+:-]*)?$`)

// linkable reports whether an address can stand in Markdown as it is.
func linkable(url string) bool { return len(url) <= 500 && plainURL.MatchString(url) }

// historyList shows the failures that led to an escalation.
func historyList(history []PastFailure) string {
	if len(history) == 0 {
		return ""
	}
	const most = 20
	var b strings.Builder
	b.WriteString("\nThe failures, the oldest first:\n\n")
	for i, p := range history {
		if i == most {
			fmt.Fprintf(&b, "- and %s\n", count(len(history)-most, "more failure"))
			break
		}
		fmt.Fprintf(&b, "- %s on %s", code(p.Requirement), short(p.Head))
		if p.PR != 0 {
			fmt.Fprintf(&b, ", pull request %d", p.PR)
		}
		if !p.At.IsZero() {
			b.WriteString(", " + clock(p.At))
		}
		if linkable(p.URL) {
			b.WriteString(" ([link](" + p.URL + "))")
		}
		b.WriteString("\n")
	}
	return b.String()
}

// templateBlock shows notes to paste.
func templateBlock(template string) string {
	if template == "" {
		return ""
	}
	return "\nNotes to paste into the description and to fill in:\n\n" + fence("markdown", template)
}

// widestName is how much room the names of requirements get on a terminal; a longer one pushes its own line on.
const widestName = 24

// matrixText is the matrix for a terminal.
func matrixText(rows []Row, p Painter) string {
	if len(rows) == 0 {
		return ""
	}
	wide := 0
	for _, r := range rows {
		wide = max(wide, min(len(visible(r.Requirement)), widestName))
	}
	var b strings.Builder
	b.WriteString("\n")
	for _, r := range rows {
		mark, tone := markOf(r.State)
		has := r.Evidence
		if r.Claim != "" && r.Claim != string(claimSuccess) {
			has += ", notes: " + r.Claim
		}
		fmt.Fprintf(&b, "  %s %-*s  %s: needs %s, has %s", p.paint(tone, mark), wide, visible(r.Requirement), visible(string(r.State)), visible(r.Needs), visible(has))
		if r.State == RowWaiting && r.Next != "" {
			b.WriteString(p.paint(ToneFaint, " → "+visible(r.Next)))
		}
		b.WriteString("\n")
	}
	return b.String()
}

func markOf(s RowState) (string, Tone) {
	switch s {
	case RowShown:
		return "✓", ToneGood
	case RowWaiting:
		return "…", ToneWaiting
	}
	return "✗", ToneBad
}
