package checks

import (
	"cmp"
	"slices"
	"time"
)

// Report is the answer to one pull request, or, after Combine, to all those that share one head commit. Its JSON form
// is stable (see ReportSchema): fields are added, never renamed.
type Report struct {
	PR       int    // 0: a local branch; in a combined report the one that stands worst
	PRs      []int  // of a combined report: all of them, sorted
	Agent    string // the agent whose pull request this is, or ""
	Target   string // name of the base branch
	Base     string // commit that was judged against
	Head     string // commit that was judged
	Contract Source
	Files    int // changed paths that were judged
	Checks   []Check
	Findings []Finding // complete, worst first
	Matrix   []Row     // one row per requirement that was judged
	Omitted  int       // findings left out of a shortened copy
	Template string    // notes to fill in, where notes are missing or of another commit
	Attempt  int       // of the worst failure signature, counted in heads of the branch; 0: no failing requirement
	Attempts int       // how many there may be before a person has to look
	Outcome
	Rows int // of the whole matrix, in a copy that lacks some
}

// Outcome is what the App has to do or remember besides showing the report.
type Outcome struct {
	Approvals  []Approval      // that count now, for the App to remember
	Commands   []CommandResult // every command that was found in the conversation
	Signatures []Signature     // of the requirements that fail at this head
	Escalated  bool            // the same failure came too often: a person must look, and the label LabelNeedsHuman says so
	History    []PastFailure   // the failures that led there, the oldest first
	Reviewers  []string        // "@login" and "@org/team" who are needed and have not decided
	Effects    *Effects        // of the contract that the pull request proposes; nil: none, or an invalid one
}

// CommandResult says what became of a command in a comment.
type CommandResult struct {
	Comment  int64
	By       Account
	Kind     string // approve, expand, retry, integrate
	Subject  string // the class, interface or pattern; of integrate as in Command
	SHA      string // the whole commit that an accepted integrate enters
	Accepted bool
	Why      string // of a refusal; the reason that was given otherwise
	At       time.Time
}

// Signature names one failure so that it is recognised when it comes again.
type Signature struct {
	Requirement string `json:"requirement"`
	Hash        string `json:"hash"` // of the requirement and the normalised error
	Text        string `json:"text"` // the first error, as CI gave it
	URL         string `json:"url,omitempty"`
}

func compareApprovals(a, b Approval) int {
	return cmp.Or(
		cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.Source, b.Source), cmp.Compare(a.By.ID, b.By.ID), cmp.Compare(a.Contents, b.Contents),
		cmp.Compare(a.Contract, b.Contract), a.At.Compare(b.At), cmp.Compare(a.By.Login, b.By.Login),
	)
}

// Source says which contract judged.
type Source struct {
	File   string `json:"file"`
	Commit string `json:"commit"`
	SHA256 string `json:"sha256"`
}

// Check is what one check run says.
type Check struct {
	Name    string  `json:"name"`
	Verdict Verdict `json:"verdict"`
	Title   string  `json:"title"` // the one fact, plain text
}

// Finding is one reason. Message and Fix are Markdown in which everything that others wrote stands in code spans,
// or Fix is a command (see Command).
type Finding struct {
	PR       int // in a combined report
	Rule     RuleID
	Check    string
	Level    Level
	Verdict  Verdict // what this finding alone makes of its check
	Path     string  // raw bytes; "" where no path is at fault
	Line     int     // in Path; 1 where the whole file is meant
	Owner    string  // the agent that owns Path
	Contract string  // the contract's place that decided, as file:line, or "built-in"
	Message  string
	Fix      string
	Who      Who
}

// Row is one cell of the matrix: a requirement, and the evidence for it on this pull request.
type Row struct {
	PR          int      `json:"pr,omitempty"` // in a combined report
	Requirement string   `json:"requirement"`
	Required    bool     `json:"required"`
	Needs       string   `json:"needs"`    // the level that it needs: claimed, observed or integrated
	Evidence    string   `json:"evidence"` // the level that it has: missing, claimed, observed or integrated
	Claim       string   `json:"claim"`    // what the notes say: success, failure, stale, or "" for nothing
	State       RowState `json:"state"`
	URL         string   `json:"url,omitempty"`
	SHA         string   `json:"sha,omitempty"`  // the other commit, of the same tree, that the evidence is of
	Next        string   `json:"next,omitempty"` // what to do, as Markdown in the manner of a finding's fix
	Contract    string   `json:"contract"`
}

// RowState says how far a requirement has come.
type RowState string

// The states of a row. Only RowShown passes.
const (
	RowShown   RowState = "shown"   // the level that it needs is there
	RowWaiting RowState = "waiting" // CI has not ended, or not begun
	RowFailed  RowState = "failed"  // it was tried and failed
	RowMissing RowState = "missing" // nothing counts as its evidence
	RowUnknown RowState = "unknown" // what there is could not be read
)

// The levels of evidence, from least to most.
const (
	LevelMissing    = "missing"
	LevelClaimed    = "claimed"    // in the notes, for this head
	LevelObserved   = "observed"   // by CI, on the head or on a commit of the same tree
	LevelIntegrated = "integrated" // by CI, on the integration branch's own commit
)

// Verdict is the worst of the report's checks, and Failure for a report without any.
func (r Report) Verdict() Verdict {
	if len(r.Checks) == 0 {
		return Failure
	}
	worst := Success
	for _, c := range r.Checks {
		worst = Worst(worst, c.Verdict)
	}
	return worst
}

// Of returns the findings that stand in the check of that name: its own, and those that blind every check.
func (r Report) Of(check string) []Finding {
	var of []Finding
	for _, f := range r.Findings {
		if f.concerns(check) {
			of = append(of, f)
		}
	}
	return of
}

func (f Finding) concerns(check string) bool {
	return f.Check == check || f.Verdict != Success && ruleOf(f.Rule).Blinds
}

// verdictOf is the worst of the findings.
func verdictOf(fs []Finding) Verdict {
	worst := Success
	for _, f := range fs {
		worst = Worst(worst, f.Verdict)
	}
	return worst
}

// compareFindings orders by verdict and level, worst first, then by rule, place and text: a total order, so that the
// order in which things were found does not show.
func compareFindings(a, b Finding) int {
	return cmp.Or(
		cmp.Compare(b.Verdict.rank(), a.Verdict.rank()),
		cmp.Compare(b.Level.rank(), a.Level.rank()),
		cmp.Compare(a.PR, b.PR),
		cmp.Compare(a.Rule, b.Rule),
		cmp.Compare(a.Path, b.Path),
		cmp.Compare(a.Line, b.Line),
		cmp.Compare(a.Contract, b.Contract),
		cmp.Compare(a.Message, b.Message),
		cmp.Compare(a.Fix, b.Fix),
		cmp.Compare(a.Owner, b.Owner),
	)
}

// sortFindings orders findings and drops exact repetitions.
func sortFindings(fs []Finding) []Finding {
	slices.SortStableFunc(fs, compareFindings)
	return slices.Compact(fs)
}
