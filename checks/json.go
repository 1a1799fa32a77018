package checks

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"unicode/utf8"
)

// reportJSON is the stored form of a Report. The order of its fields is the order of the output.
type reportJSON struct {
	Agentplane int       `json:"agentplane"` // version of this form
	Verdict    Verdict   `json:"verdict"`
	PR         int       `json:"pr"`
	PRs        []int     `json:"prs,omitempty"`
	Agent      string    `json:"agent"`
	Target     string    `json:"target"`
	Base       string    `json:"base"`
	Head       string    `json:"head"`
	Contract   Source    `json:"contract"`
	Files      int       `json:"files"`
	Checks     []Check   `json:"checks"`
	Findings   []Finding `json:"findings"`
	Omitted    int       `json:"omitted,omitempty"`
	Matrix     []Row     `json:"matrix"`
	Rows       int       `json:"rows,omitempty"` // of the whole matrix, in a copy that lacks some
	Template   string    `json:"template,omitempty"`

	Attempt    int           `json:"attempt"`
	Attempts   int           `json:"attempts"`
	Escalated  bool          `json:"escalated,omitempty"`
	Signatures []Signature   `json:"signatures,omitempty"`
	History    []PastFailure `json:"history,omitempty"`

	Approvals []approvalJSON `json:"approvals,omitempty"`
	Commands  []commandJSON  `json:"commands,omitempty"`
	Reviewers []string       `json:"reviewers,omitempty"`
	Proposal  *Effects       `json:"proposal,omitempty"`
}

// findingJSON is the stored form of a Finding. A path that is not valid UTF-8 is in path_b64, in base64.
type findingJSON struct {
	PR       int     `json:"pr,omitempty"`
	Rule     RuleID  `json:"rule"`
	Check    string  `json:"check"`
	Level    Level   `json:"level"`
	Verdict  Verdict `json:"verdict"`
	Path     string  `json:"path,omitempty"`
	PathB64  string  `json:"path_b64,omitempty"`
	Line     int     `json:"line,omitempty"`
	Owner    string  `json:"owner,omitempty"`
	Contract string  `json:"contract,omitempty"`
	Message  string  `json:"message"`
	Fix      string  `json:"fix,omitempty"`
	Who      Who     `json:"who"`
}

// MarshalJSON writes the stored form. Every character in it is visible: what is not is escaped, and so are runs of
// backticks and the characters of HTML.
func (r Report) MarshalJSON() ([]byte, error) {
	out, err := json.Marshal(reportJSON{
		Agentplane: 1, Verdict: r.Verdict(), PR: r.PR, PRs: r.PRs, Agent: r.Agent, Target: r.Target, Base: r.Base,
		Head: r.Head, Contract: r.Contract, Files: r.Files, Checks: orEmpty(r.Checks), Findings: orEmpty(r.Findings),
		Omitted: r.Omitted, Matrix: orEmpty(r.Matrix), Rows: r.Rows, Template: r.Template,
		Attempt: r.Attempt, Attempts: r.Attempts, Escalated: r.Escalated, Signatures: r.Signatures, History: r.History,
		Approvals: storeApprovals(r.Approvals), Commands: storeCommands(r.Commands), Reviewers: r.Reviewers, Proposal: r.Effects,
	})
	return visibleJSON(out), err
}

// UnmarshalJSON reads the stored form. The verdict is derived from the checks again.
func (r *Report) UnmarshalJSON(src []byte) error {
	var s reportJSON
	if err := json.Unmarshal(src, &s); err != nil {
		return fmt.Errorf("read report: %w", err)
	}
	if s.Agentplane != 1 {
		return fmt.Errorf("read report: form %d is not known; this program reads form 1", s.Agentplane)
	}
	*r = Report{
		PR: s.PR, PRs: s.PRs, Agent: s.Agent, Target: s.Target, Base: s.Base, Head: s.Head, Contract: s.Contract,
		Files: s.Files, Checks: s.Checks, Findings: s.Findings, Omitted: s.Omitted, Matrix: s.Matrix, Rows: s.Rows,
		Template: s.Template, Attempt: s.Attempt, Attempts: s.Attempts,
		Outcome: Outcome{Approvals: readApprovals(s.Approvals), Commands: readCommands(s.Commands), Reviewers: s.Reviewers, Effects: s.Proposal},
	}
	r.Escalated, r.Signatures, r.History = s.Escalated, s.Signatures, s.History
	return nil
}

// MarshalJSON writes the stored form.
func (f Finding) MarshalJSON() ([]byte, error) {
	s := findingJSON{
		PR: f.PR, Rule: f.Rule, Check: f.Check, Level: f.Level, Verdict: f.Verdict, Line: f.Line, Owner: f.Owner,
		Contract: f.Contract, Message: f.Message, Fix: f.Fix, Who: f.Who,
	}
	if utf8.ValidString(f.Path) {
		s.Path = f.Path
	} else {
		s.PathB64 = base64.StdEncoding.EncodeToString([]byte(f.Path))
	}
	return json.Marshal(s)
}

// UnmarshalJSON reads the stored form.
func (f *Finding) UnmarshalJSON(src []byte) error {
	var s findingJSON
	if err := json.Unmarshal(src, &s); err != nil {
		return fmt.Errorf("read finding: %w", err)
	}
	*f = Finding{
		PR: s.PR, Rule: s.Rule, Check: s.Check, Level: s.Level, Verdict: s.Verdict, Path: s.Path, Line: s.Line,
		Owner: s.Owner, Contract: s.Contract, Message: s.Message, Fix: s.Fix, Who: s.Who,
	}
	if s.PathB64 == "" {
		return nil
	}
	raw, err := base64.StdEncoding.DecodeString(s.PathB64)
	if err != nil {
		return fmt.Errorf("read finding: path_b64: %w", err)
	}
	f.Path = string(raw)
	return nil
}

func orEmpty[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

// visibleJSON escapes, in JSON text, every rune that is hidden, and a backtick after another one: in valid JSON they
// occur in strings only, so the meaning stays the same and no fence around the text can be closed from within.
func visibleJSON(src []byte) []byte {
	var b bytes.Buffer
	b.Grow(len(src))
	for i := 0; i < len(src); {
		r, n := rune(src[i]), 1
		if r >= utf8.RuneSelf {
			r, n = utf8.DecodeRune(src[i:])
		}
		switch {
		case r == '`' && i > 0 && src[i-1] == '`':
			b.WriteString(`\u0060`)
		case r == '\n' || !hidden(r):
			b.Write(src[i : i+n])
		case r > 0xffff:
			r -= 0x10000
			fmt.Fprintf(&b, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
		i += n
	}
	return b.Bytes()
}

// indentedJSON returns the report as indented JSON of at most limit bytes, without a final newline. Where it would be
// longer, findings are left out from the end, where the least grave ones are, and counted; the result is always a
// whole report.
func indentedJSON(r Report, limit int) string {
	r.Outcome = r.brief()
	for keep := r.fitting(limit); ; keep-- {
		if text := indent(r.shortened(keep)); len(text) <= limit || keep == 0 {
			return text
		}
	}
}

// fitting is how many findings fit into limit bytes of indented JSON, or one too many: it adds up their own lengths.
func (r Report) fitting(limit int) int {
	const around = len("\n    ,") // a finding in its list
	size := len(indent(r.shortened(0)))
	for i, f := range r.Findings {
		src, err := json.MarshalIndent(f, "    ", "  ")
		if size += len(visibleJSON(src)) + around; err != nil || size > limit {
			return i
		}
	}
	return len(r.Findings)
}

// shortened returns the report with its first findings only, and counts the others.
func (r Report) shortened(keep int) Report {
	r.Omitted += len(r.Findings) - keep
	r.Findings = r.Findings[:keep]
	return r
}

// withRows returns the report with at most that many rows of the matrix, signatures and past failures, and without the
// template where the matrix is cut.
func (r Report) withRows(most int) Report {
	if len(r.Matrix) > most {
		r.Rows = max(r.Rows, len(r.Matrix))
		r.Matrix = r.Matrix[:most]
	}
	r.Signatures = r.Signatures[:min(len(r.Signatures), most/4)]
	r.History = r.History[:min(len(r.History), most)]
	return r
}

func indent(r Report) string {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil { // cannot happen: the form holds only strings, numbers and slices of them
		return `{"agentplane": 1, "verdict": "failure"}`
	}
	return string(text)
}
