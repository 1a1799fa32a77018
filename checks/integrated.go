package checks

import (
	"strings"

	"github.com/agentplane/agentplane/ownership"
)

// Integration is one cell of the matrix's integration column: what CI says about a candidate.
type Integration struct {
	Requirement  string
	State        RowState   // only RowShown passes: success was observed on this very commit
	Started      bool       // CI has noticed the commit, if only by putting something in a queue
	Late         bool       // of RowWaiting: for longer than the contract's queue.timeout
	NeverStarted bool       // of Late: nothing of it ever began to run
	Blocked      bool       // of RowWaiting: a person must let it run on GitHub
	Detail       string     // what was seen, with the first error: plain text on one line, in part written by others
	URL          string     // of the run, check run or status; "" for none
	Signature    *Signature // of a failure
}

// IntegrationColumn names the requirements that a candidate has to show, in the contract's order: those that apply to the
// integration and are observed in CI. None means that nothing would be tested, and nothing may land then.
func IntegrationColumn(c *ownership.Contract) []string {
	var names []string
	for _, q := range integrationColumn(c) {
		names = append(names, q.Name)
	}
	return names
}

func integrationColumn(c *ownership.Contract) []*ownership.Requirement {
	if c == nil {
		return nil
	}
	var column []*ownership.Requirement
	for i := range c.Requirements {
		if q := &c.Requirements[i]; q.Applies(ownership.IntegrationColumn) && q.Evidence.Declared() {
			column = append(column, q)
		}
	}
	return column
}

// Integrated says what CI shows of the integration column on one commit: a candidate's, or the integration branch's own.
// Of the facts it reads Head (Repo is the repository, Name the branch that the commit is on, SHA the commit), CI,
// HeadSince (when the commit was pushed) and ReadAt.
//
// It judges as Evaluate judges a pull request's head, but for this: a commit lands exactly as it was tested, so evidence of
// another commit does not count, whatever its tree; and neither does a run by pull_request, which tests a merge. What
// could not be read is RowUnknown.
func Integrated(c *ownership.Contract, f Facts) []Integration {
	f.Local = false
	j := &judge{contract: c, facts: f, exact: true}
	var column []Integration
	for _, q := range integrationColumn(c) {
		column = append(column, integration(q, j.look(q)))
	}
	return column
}

func integration(q *ownership.Requirement, s sighting) Integration {
	i := Integration{Requirement: q.Name, Started: s.alive, URL: s.url, Detail: s.plain()}
	switch s.outlook {
	case seesSuccess:
		i.State = RowShown
	case seesWaiting:
		i.State = RowWaiting
	case seesLate:
		i.State, i.Late, i.NeverStarted = RowWaiting, true, !s.ran
	case seesBlocked:
		i.State, i.Blocked = RowWaiting, true
	case seesFailure:
		sig := signatureOf(q.Name, s)
		i.State, i.Signature = RowFailed, &sig
	case seesNothing:
		i.State = RowMissing
	default:
		i.State = RowUnknown
	}
	return i
}

// plain is what was seen, as plain text on one line.
func (s sighting) plain() string {
	text := strings.ReplaceAll(s.what+" "+s.why, "`", "")
	if first := collapsed(s.first); first != "" && s.outlook == seesFailure {
		text += ": " + visibleUpTo(first, shownRunes)
	}
	return text
}
