package main

import (
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"charm.land/lipgloss/v2"

	"github.com/agentplane/agentplane/checks"
)

// moment is one thing that happened in the demo. Its JSON form is one line of --format json.
type moment struct {
	At         time.Duration    `json:"-"`
	Seconds    float64          `json:"seconds"`         // since the start
	Kind       string           `json:"event"`           // start, opened, pushed, check, end, stay
	Repository string           `json:"repo,omitempty"`  //
	Actor      string           `json:"actor,omitempty"` // login of who did it
	Agent      string           `json:"agent,omitempty"`
	PR         int              `json:"pr,omitempty"`
	Branch     string           `json:"branch,omitempty"`
	SHA        string           `json:"sha,omitempty"`
	Check      string           `json:"check,omitempty"`
	App        string           `json:"app,omitempty"` // who put the check run
	Verdict    string           `json:"verdict,omitempty"`
	Took       time.Duration    `json:"-"`
	Millis     int64            `json:"milliseconds,omitempty"` // from the push to all verdicts
	Findings   []checks.Finding `json:"findings,omitempty"`
	Requests   int              `json:"api_requests,omitempty"`
	Text       string           `json:"text,omitempty"`
}

// teller tells moments, as they happen.
type teller interface{ tell(m moment) }

// jsonTeller writes one object a line.
type jsonTeller struct{ out io.Writer }

func (j jsonTeller) tell(m moment) {
	m.Seconds, m.Millis = m.At.Round(time.Millisecond).Seconds(), m.Took.Milliseconds()
	line, err := json.Marshal(m)
	if err != nil {
		return
	}
	_, _ = fmt.Fprintf(j.out, "%s\n", line)
}

// textTeller writes the timeline that a person reads.
type textTeller struct {
	out   io.Writer
	heads int
	last  string // commit whose verdicts are being told
}

// Colours are the terminal's own, so that they fit every theme; the writer drops them where they are not wanted.
var (
	bold   = lipgloss.NewStyle().Bold(true)
	faint  = lipgloss.NewStyle().Faint(true)
	green  = lipgloss.NewStyle().Foreground(lipgloss.Green)
	red    = lipgloss.NewStyle().Foreground(lipgloss.Red).Bold(true)
	yellow = lipgloss.NewStyle().Foreground(lipgloss.Yellow)
)

func (t *textTeller) tell(m moment) {
	switch m.Kind {
	case "start":
		t.start(m)
	case "opened":
		t.line("\n%s %s", bold.Render(fmt.Sprintf("#%d  %s", m.PR, m.Text)), faint.Render("· agent "+m.Agent))
		t.at(m, "%s opened it from %s", m.Actor, m.Branch)
	case "pushed":
		t.at(m, "%s pushed: %s", m.Actor, m.Text)
	case "check":
		t.check(m)
	case "end":
		t.end(m)
	case "stay":
		t.line("\nIt stays up. Be the %s agent, and watch what your push is told:\n\n  %s\n\n%s", m.Agent, m.Text, faint.Render("Ctrl-C ends it."))
	}
}

func (t *textTeller) start(m moment) {
	t.line("%s", bold.Render("Three coding agents, one repository"))
	t.line("%s", faint.Render("GitHub is simulated at "+m.Text+": real HTTP, real webhooks, real git; nothing leaves this machine."))
	t.line("%s", faint.Render(m.Repository+" holds a small blog and .agentplane.yml, which says who owns what."))
}

func (t *textTeller) check(m moment) {
	mark, style := "✗", red
	switch m.Verdict {
	case "success":
		mark, style = "✓", green
	case "action_required":
		mark, style = "●", yellow
	}
	when := ""
	if t.last != m.SHA {
		t.last = m.SHA
		t.heads++
		when = faint.Render(fmt.Sprintf("  (%d ms after the push)", m.Took.Milliseconds()))
	}
	if m.Text == "" {
		m.Text = m.Verdict
	}
	t.line("          %s %-24s %s%s", style.Render(mark), m.Check, m.Text, when)
	for _, f := range m.Findings {
		if f.Verdict != checks.Success {
			t.finding(f)
		}
	}
}

// The indent of a finding, and the columns that its lines fill.
const (
	findingIndent = "              "
	findingWidth  = 100
)

func (t *textTeller) finding(f checks.Finding) {
	t.wrapped("", strings.ReplaceAll(f.Message, "`", ""), lipgloss.NewStyle())
	decided := "decided by " + f.Contract
	if f.Owner != "" && !strings.Contains(f.Message, f.Owner) {
		decided += "; the file is " + f.Owner + "'s"
	}
	t.wrapped("", decided, faint)
	switch {
	case strings.HasPrefix(f.Fix, "git "): // a command and nothing else
		t.line("%s%s", findingIndent, faint.Render("next: "+f.Fix))
	case f.Fix != "":
		t.wrapped("next: ", f.Fix, faint)
	}
}

// wrapped writes a text below a check run. Lines break at spaces, but not within backticks: a command stays whole, so that
// it can be copied.
func (t *textTeller) wrapped(lead, text string, style lipgloss.Style) {
	indent, width := findingIndent, findingWidth-len(findingIndent)
	line := lead
	for _, word := range unbroken.FindAllString(text, -1) {
		if len(line) > len(lead) && len([]rune(line))+len([]rune(word)) >= width {
			t.line("%s%s", indent, style.Render(line))
			line = strings.Repeat(" ", len(lead))
		}
		if len(line) > len(lead) {
			line += " "
		}
		line += word
	}
	t.line("%s%s", indent, style.Render(line))
}

// unbroken is a word, or words within backticks with what touches them.
var unbroken = regexp.MustCompile("(?:`[^`]*`|\\S)+")

func (t *textTeller) end(m moment) {
	if m.Text != "" {
		t.line("\n%s\n%s", red.Render("The story went another way than told:"), m.Text)
		return
	}
	t.line("\n%s %d heads judged, %d API requests, %.1f s.", green.Render("The story ended as told."), t.heads, m.Requests, m.At.Seconds())
}

func (t *textTeller) at(m moment, format string, args ...any) {
	t.line("%s  %s", faint.Render(fmt.Sprintf("%7.2fs", m.At.Seconds())), fmt.Sprintf(format, args...))
}

func (t *textTeller) line(format string, args ...any) {
	_ = printText(t.out, fmt.Sprintf(format, args...)+"\n")
}
