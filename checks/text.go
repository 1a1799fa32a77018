package checks

import (
	"fmt"
	"strings"
)

// Tone is the part that a piece of text plays on a terminal.
type Tone string

// The tones.
const (
	ToneGood    Tone = "good"
	ToneBad     Tone = "bad"
	ToneWaiting Tone = "waiting"
	ToneStrong  Tone = "strong"
	ToneFaint   Tone = "faint"
)

// Painter colours a piece of text that is ready for a terminal. A nil Painter leaves it as it is.
type Painter func(Tone, string) string

func (p Painter) paint(t Tone, s string) string {
	if p == nil {
		return s
	}
	return p(t, s)
}

// RenderText returns the report for a terminal: the checks, then every finding with its next step. No control
// character of a path or a branch reaches the terminal.
func RenderText(r Report, p Painter) string {
	var b strings.Builder
	for _, c := range r.Checks {
		mark, tone := signOf(c.Verdict)
		fmt.Fprintf(&b, "%s %s  %s\n", p.paint(tone, mark), p.paint(ToneStrong, visible(c.Name)), visible(c.Title))
	}
	b.WriteString(matrixText(r.Matrix, p))
	for _, f := range r.Findings {
		writeFinding(&b, p, f)
	}
	b.WriteString(r.Effects.text())
	if r.Template != "" {
		b.WriteString("\nNotes to paste into the description and to fill in:\n\n")
		for line := range strings.Lines(r.Template) {
			b.WriteString("  " + visible(strings.TrimSuffix(line, "\n")) + "\n")
		}
	}
	if r.Omitted > 0 {
		fmt.Fprintf(&b, "\nand %s\n", count(r.Omitted, "more finding"))
	}
	return b.String()
}

func signOf(v Verdict) (string, Tone) {
	switch v {
	case Success:
		return "✓", ToneGood
	case Pending:
		return "…", ToneWaiting
	case ActionRequired:
		return "!", ToneWaiting
	default:
		return "✗", ToneBad
	}
}

func writeFinding(b *strings.Builder, p Painter, f Finding) {
	mark, tone := signOf(f.Verdict)
	if f.Verdict == Success {
		mark, tone = "i", ToneFaint
	}
	place := f.Path
	if place == "" {
		place = "(the pull request)"
	}
	fmt.Fprintf(b, "\n%s %s\n", p.paint(tone, mark), p.paint(ToneStrong, visible(place)))
	fmt.Fprintf(b, "  %s\n", visible(f.Message))
	why := string(f.Rule)
	if f.Contract != "" {
		why += " · " + f.Contract
	}
	if f.Verdict != Success && f.Verdict != Pending {
		why += " · " + actor(f.Who) + " acts"
	}
	fmt.Fprintf(b, "  %s\n", p.paint(ToneFaint, visible(why)))
	if f.Fix != "" {
		fmt.Fprintf(b, "  → %s\n", visible(f.Fix))
	}
}

func actor(w Who) string {
	if w == Person {
		return "a person"
	}
	return "the agent"
}

// RenderGitHub returns the report as workflow commands, which GitHub Actions turns into annotations. A finding that
// stands in the way is an error there, whoever must act. The matrix stands before them, as a group of the log: each of
// its lines begins with a mark, so that none is a command.
func RenderGitHub(r Report) string {
	var b strings.Builder
	if matrix := matrixText(r.Matrix, nil); matrix != "" {
		fmt.Fprintf(&b, "::group::%s%s::endgroup::\n", CheckVerification, matrix)
	}
	for _, f := range r.Findings {
		command := "error"
		switch {
		case f.Level == Notice:
			command = "notice"
		case f.Level == Warning:
			command = "warning"
		}
		properties := "title=" + commandProperty(string(f.Rule))
		if f.Path != "" {
			properties = fmt.Sprintf("file=%s,line=%d,%s", commandProperty(f.Path), max(f.Line, 1), properties)
		}
		message := visible(f.Message)
		if f.Fix != "" {
			message += "\nNext: " + visible(f.Fix)
		}
		fmt.Fprintf(&b, "::%s %s::%s\n", command, properties, commandData(message))
	}
	return b.String()
}

// commandData and commandProperty escape as the runner's toolkit does (actions/toolkit, core/src/command.ts).
func commandData(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

func commandProperty(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(visible(s))
}
