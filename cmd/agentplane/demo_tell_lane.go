package main

import (
	"fmt"
	"strings"

	"charm.land/lipgloss/v2"

	"github.com/agentplane/agentplane/checks"
)

// laneMoment tells what the lane did, and whether the moment is about that.
func (t *textTeller) laneMoment(m moment) bool {
	switch m.Kind {
	case "tested":
		t.tested(m)
	case "landed":
		t.line("%s%s #%d landed on %s as %.7s", checkIndent, green.Render("✓"), m.PR, m.Branch, m.SHA)
	case "restarted":
		t.line("%s%s %s starts again from %s, at %.7s", checkIndent, yellow.Render("→"), m.Branch, m.Text, m.SHA)
	case "offered":
		t.offered(m)
	default:
		return false
	}
	return true
}

// tested tells what was tested together, as which commit, and what CI said.
func (t *textTeller) tested(m moment) {
	what := fmt.Sprintf("CI passed %s as %.7s", together(m.Pulls), m.SHA)
	mark := green.Render("✓")
	if m.Verdict != string(checks.Success) {
		what, mark = fmt.Sprintf("CI did not pass %s as %.7s: %s", together(m.Pulls), m.SHA, m.Check), red.Render("✗")
	}
	t.line("%s%s %s", checkIndent, mark, what)
}

// together names pull requests that were put together.
func together(pulls []int) string {
	var all []string
	for _, n := range pulls {
		all = append(all, fmt.Sprintf("#%d", n))
	}
	return strings.Join(all, " + ")
}

func (t *textTeller) offered(m moment) {
	t.wrapped(checkIndent, fmt.Sprintf("→ #%d offers %s", m.PR, m.Text), yellow)
	t.line("%s%s", findingIndent, m.URL)
	for _, change := range m.Offered {
		if !t.shown[change] {
			t.shown[change] = true
			t.wrapped(findingIndent, change, faint)
		}
	}
}

// place tells why a pull request does not move in the lane, or has left it, and what to do next.
func (t *textTeller) place(m moment) {
	l := m.Lane
	if l == nil {
		return
	}
	plain := lipgloss.NewStyle()
	if l.Stop != nil && !t.shown["stop "+l.Stop.Why] {
		t.shown["stop "+l.Stop.Why] = true
		t.wrapped(findingIndent, "by "+l.Stop.By+": "+l.Stop.Why, plain)
	}
	if l.Hold != nil {
		t.wrapped(findingIndent, l.Hold.Why, plain)
	}
	if r := l.Reason; r != nil {
		if r.Requirement != "" {
			t.wrapped(findingIndent, r.Requirement+": "+r.Detail, plain)
		}
		if len(r.With) > 0 {
			t.wrapped(findingIndent, "it fails together with "+together(r.With)+", which landed", plain)
		}
		t.wrapped(findingIndent+"next: ", l.Next, faint)
	}
}
