package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"charm.land/lipgloss/v2"

	"github.com/agentplane/agentplane/checks"
)

// moment is one thing that happened in the demo. Its JSON form is one line of --format json.
type moment struct {
	At         time.Duration    `json:"-"`
	Seconds    float64          `json:"seconds"`         // since the start
	Kind       string           `json:"event"`           // start, act, opened, pushed, edited, commented, approved, cancel, rerun, check, asked, tested, landed, restarted, offered, merged, end, stay
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
	Millis     int64            `json:"milliseconds,omitempty"` // from what was done to all verdicts
	Findings   []checks.Finding `json:"findings,omitempty"`
	Pulls      []int            `json:"prs,omitempty"`     // of tested: what was tested together, in order
	Lane       *lanePlace       `json:"lane,omitempty"`    // of agentplane/integration
	Offered    []string         `json:"offered,omitempty"` // what an offer's description says of each change
	URL        string           `json:"url,omitempty"`
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
	out    io.Writer
	steps  int
	timed  bool            // it was told how long this step took
	passed []moment        // check runs that pass, to be told on one line
	shown  map[string]bool // findings that were told
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
	if m.Kind == "check" {
		t.check(m)
		return
	}
	t.pass()
	if t.laneMoment(m) {
		return
	}
	switch m.Kind {
	case "start":
		t.start(m)
	case "act":
		t.line("\n%s", bold.Render(m.Text))
	case "asked":
		t.line("%s%s #%d %s is asked for a review", checkIndent, yellow.Render("→"), m.PR, m.Text)
	case "end":
		t.end(m)
	case "stay":
		t.line("\nIt stays up. Be the %s agent, and watch what your push is told:\n\n  %s\n\n%s", m.Agent, m.Text, faint.Render("Ctrl-C ends it."))
	default:
		t.step(m)
	}
}

func (t *textTeller) start(m moment) {
	t.line("%s", bold.Render("Three coding agents, one repository"))
	t.line("%s", faint.Render("GitHub is simulated at "+m.Text+":"))
	t.line("%s", faint.Render("real HTTP, real webhooks, real git; nothing leaves this machine."))
	t.line("%s", faint.Render(m.Repository+" holds a small blog and .agentplane.yml, which says who owns what."))
}

// step tells what somebody did, and when.
func (t *textTeller) step(m moment) {
	t.steps, t.timed = t.steps+1, false
	what := map[string]string{
		"opened": "opens #%d: %s", "pushed": "pushes to #%d: %s", "edited": "rewrites the notes of #%d%s",
		"commented": "comments on #%d: %s", "approved": "approves #%d in a review%s",
		"merged": "merges #%d into %s", "cancel": "cancels CI on #%d%s", "rerun": "has CI run again on #%d%s",
	}[m.Kind]
	text := m.Text
	if m.Kind == "merged" {
		text = fmt.Sprintf("%s as %.7s", m.Branch, m.SHA)
	}
	if m.Kind == "commented" { // a command may end in a commit
		text = longCommit.ReplaceAllString(text, "$1…")
	}
	t.line("%s  %s %s", faint.Render(fmt.Sprintf("%6.2fs", m.At.Seconds())), bold.Render(m.Actor), fmt.Sprintf(what, m.PR, text))
}

// longCommit is a whole commit id, of which a person reads the beginning.
var longCommit = regexp.MustCompile(`\b([0-9a-f]{7})[0-9a-f]{33}\b`)

// check tells what a check run says. Those that pass wait for each other.
func (t *textTeller) check(m moment) {
	ours := strings.HasPrefix(m.Check, "agentplane/")
	switch {
	case m.Check == checks.CheckIntegration && m.Verdict == string(checks.Success):
		return // that it landed is told with the commit
	case m.Verdict == string(checks.Success):
		if len(t.passed) > 0 && t.passed[0].PR != m.PR {
			t.pass()
		}
		t.passed = append(t.passed, m)
		return
	case !ours && (m.Verdict == "queued" || m.Verdict == "in_progress"):
		return // agentplane/verification says what it waits for
	}
	t.pass()
	mark, style := "✗", red
	switch m.Verdict {
	case "action_required":
		mark, style = "●", yellow
	case "queued", "in_progress":
		mark, style = "…", yellow
	}
	t.wrapped(checkIndent, fmt.Sprintf("%s #%d %s: %s", mark, m.PR, m.Check, cmp.Or(m.Text, m.Verdict)), style)
	if ours {
		t.findings(m)
		t.place(m)
	}
}

// pass tells the check runs that pass, on one line.
func (t *textTeller) pass() {
	if len(t.passed) == 0 {
		return
	}
	var names []string
	for _, m := range t.passed {
		names = append(names, strings.TrimPrefix(m.Check, "agentplane/"))
	}
	took := ""
	if !t.timed {
		t.timed, took = true, faint.Render(fmt.Sprintf("  (%d ms)", t.passed[0].Took.Milliseconds()))
	}
	t.line("%s%s #%d %s%s", checkIndent, green.Render("✓"), t.passed[0].PR, strings.Join(names, ", "), took)
	t.passed = nil
}

// The indents of a check run and of a finding, the columns that lines fill, and how many findings of a check run are told.
const (
	checkIndent   = "         "
	findingIndent = "           "
	lineWidth     = 80
	maxTold       = 3
)

// findings tells what a check run found, worst first, and did not tell of that pull request before.
func (t *textTeller) findings(m moment) {
	var fresh []checks.Finding
	for _, f := range m.Findings {
		key := fmt.Sprintln(m.PR, f.Rule, f.Path, f.Message)
		if f.Verdict == checks.Success || f.Verdict == checks.Pending || t.shown[key] {
			continue
		}
		t.shown[key] = true
		fresh = append(fresh, f)
	}
	for i, f := range fresh[:min(len(fresh), maxTold)] {
		t.wrapped(findingIndent, strings.ReplaceAll(f.Message, "`", ""), lipgloss.NewStyle())
		if i+1 < min(len(fresh), maxTold) && fresh[i+1].Fix == f.Fix && fresh[i+1].Contract == f.Contract {
			continue // the next one says the same
		}
		t.remedy(f)
	}
	if more := len(fresh) - maxTold; more > 0 {
		t.line("%s%s", findingIndent, faint.Render("and "+count(more, "more finding")+" in the check run"))
	}
}

// remedy tells what decided, and what to do next.
func (t *textTeller) remedy(f checks.Finding) {
	decided := "decided by " + f.Contract
	if f.Owner != "" && !strings.Contains(f.Message, f.Owner) {
		decided += "; the file is " + f.Owner + "'s"
	}
	t.wrapped(findingIndent, decided, faint)
	switch {
	case strings.HasPrefix(f.Fix, "git "): // a command and nothing else
		t.line("%s%s", findingIndent, faint.Render("next: "+f.Fix))
	case f.Fix != "":
		t.wrapped(findingIndent+"next: ", f.Fix, faint)
	}
}

// wrapped writes a text after a lead, and its later lines below the text. Lines break at spaces, but not within backticks: a
// command stays whole, so that it can be copied.
func (t *textTeller) wrapped(lead, text string, style lipgloss.Style) {
	width := lineWidth - len(lead)
	line := ""
	for _, word := range unbroken.FindAllString(text, -1) {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width {
			t.line("%s", style.Render(lead+line))
			lead, line = strings.Repeat(" ", len(lead)), ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	t.line("%s", style.Render(lead+line))
}

// unbroken is a word, or words within backticks with what touches them.
var unbroken = regexp.MustCompile("(?:`[^`]*`|\\S)+")

func (t *textTeller) end(m moment) {
	if m.Text != "" {
		t.line("\n%s\n%s", red.Render("The story went another way than told:"), m.Text)
		return
	}
	t.line("\n%s %d steps, %d API requests, %.1f s.", green.Render("The story ended as told."), t.steps, m.Requests, m.At.Seconds())
}

func (t *textTeller) line(format string, args ...any) {
	_ = printText(t.out, fmt.Sprintf(format, args...)+"\n")
}
