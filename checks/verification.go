package checks

import (
	"fmt"
	"slices"
	"strings"

	"github.com/agentplane/agentplane/ownership"
)

// cell is a requirement on this pull request, while it is judged.
type cell struct {
	*ownership.Requirement
	row  Row
	seen sighting // where it has evidence
}

// required returns the requirements that bind this pull request. The matrix has a column for each agent and one for the
// integration branch, so people's pull requests are in none: people answer for their own changes, and the repository's
// branch rules ask for CI. A bot's pull request that is no agent's is in none either, but what everyone must have
// observed in CI binds it too, so that no agent loses its requirements by leaving its branch.
func (j *judge) required() []*ownership.Requirement {
	var all []*ownership.Requirement
	for i := range j.contract.Requirements {
		q := &j.contract.Requirements[i]
		switch {
		case j.agent != nil && q.Applies(j.agent.Name),
			j.agent == nil && j.offers() && q.Applies(ownership.IntegrationColumn),
			j.agent == nil && !j.offers() && j.kind == byBot && len(q.For) == 0 && q.Evidence.Declared():
			all = append(all, q)
		}
	}
	return all
}

// verify judges what has to be shown.
func (j *judge) verify() {
	required := j.required()
	if len(required) == 0 {
		return
	}
	if j.facts.BodyKnown {
		j.notes = readNotes(j.facts.Body, j.facts.Head.SHA, required)
	}
	cells := make([]cell, len(required))
	observed := 0
	for i, q := range required {
		cells[i] = j.cell(q)
		if q.Evidence.Declared() {
			observed++
		}
	}
	stuck := map[string]bool{}
	if observed > 0 {
		stuck = j.attempts(cells)
		if !j.landed() {
			j.harness(required)
		}
	}
	j.judgeNotes(cells)
	for i := range cells {
		j.file(&cells[i], stuck[cells[i].Name])
		j.matrix = append(j.matrix, cells[i].row)
	}
	j.leaveEvidence(cells)
	j.template(required)
}

// cell finds out what the notes and CI say about a requirement.
func (j *judge) cell(q *ownership.Requirement) cell {
	c := cell{Requirement: q, row: Row{
		Requirement: q.Name, Required: true, Needs: LevelClaimed, Evidence: LevelMissing, State: RowMissing, Contract: at(q.Line),
	}}
	said := claimNone
	if j.facts.BodyKnown {
		said = j.notes.about(q, j.facts.Head.SHA)
	}
	c.row.Claim = string(said)
	if said == claimSuccess {
		c.row.Evidence = LevelClaimed
	}
	if !q.Evidence.Declared() {
		return c
	}
	c.row.Needs = LevelObserved
	if j.offers() {
		c.row.Needs = LevelIntegrated
	}
	if j.facts.Local {
		c.seen = j.lookLocally(q)
	} else {
		c.seen = j.look(q)
	}
	c.row.URL, c.row.SHA = c.seen.url, c.seen.sha
	return c
}

// evidencePlace names where a requirement's evidence would be.
func evidencePlace(e ownership.Evidence) string {
	switch {
	case e.Workflow != "":
		return "job " + code(e.Job) + " of " + code(e.Workflow)
	case e.Check != "":
		return "check run " + code(e.Check)
	}
	return "status " + code(e.Status)
}

// file files what a cell lacks, and completes its row. stuck says that a person must look at its failure.
func (j *judge) file(c *cell, stuck bool) {
	if c.Evidence.Declared() {
		j.fileObserved(c, stuck)
	} else {
		j.fileClaimed(c)
	}
}

// lacks files a finding about a cell.
func (j *judge) lacks(c *cell, f Finding) {
	f.Contract = at(c.Line)
	if f.Fix == "" {
		f.Fix = ruleOf(f.Rule).Remedy
	}
	if c.row.State != RowShown && c.row.Next == "" {
		c.row.Next = f.Fix
	}
	j.add(f)
}

// fileObserved is file for a requirement with evidence.
func (j *judge) fileObserved(c *cell, stuck bool) {
	s := c.seen
	f := Finding{Message: fmt.Sprintf("%s: %s %s", code(c.Name), s.what, s.why), Fix: s.fix}
	if s.person {
		f.Verdict, f.Who = ActionRequired, Person
	}
	switch s.outlook {
	case seesSuccess:
		c.row.State, c.row.Evidence = RowShown, c.row.Needs
		j.disagreeing(c)
		return
	case seesWaiting:
		c.row.State, f.Rule = RowWaiting, RuleWaiting
		if j.facts.Local { // leaveEvidence says it once for all
			c.row.Next = "Observed by CI, later."
			return
		}
	case seesLate, seesBlocked:
		c.row.State, f.Rule = RowWaiting, RuleLate
	case seesUnknown:
		c.row.State, f.Rule = RowUnknown, RuleEvidenceUnread
	case seesFailure:
		j.fileFailure(c, stuck)
		return
	default:
		f.Rule = RuleMissing
	}
	if began := s.url != ""; s.outlook == seesLate && !began || s.outlook == seesNothing {
		switch claimed := c.row.Claim == string(claimSuccess); {
		case s.stale != "":
			f.Rule = RuleStale
		case claimed:
			f.Rule = RuleUnobserved
			f.Message += "; the notes claim success, and a claim is no evidence"
		}
	}
	j.lacks(c, f)
}

// fileFailure files that CI says no, and apart from that, that the notes said yes.
func (j *judge) fileFailure(c *cell, stuck bool) {
	s := c.seen
	c.row.State = RowFailed
	f := Finding{Rule: RuleFailed, Message: fmt.Sprintf("%s: %s %s", code(c.Name), s.what, s.why)}
	if s.first != "" {
		f.Message += ": " + code(s.first)
	}
	g := Finding{
		Rule:    RuleContradicted,
		Message: fmt.Sprintf("%s: the notes claim success, and CI says that it %s", code(c.Name), s.why),
		Fix:     "Mend what fails, run it, and write down what it really gave.",
	}
	if stuck {
		f.Verdict, f.Who, g.Verdict, g.Who = ActionRequired, Person, ActionRequired, Person
	}
	j.lacks(c, f)
	if c.row.Claim == string(claimSuccess) {
		j.lacks(c, g)
	}
}

// disagreeing notes a claim that is worse than what CI observed. Evidence decides.
func (j *judge) disagreeing(c *cell) {
	if c.row.Claim == string(claimFailure) {
		j.lacks(c, Finding{
			Rule: RuleContradicted, Level: Notice, Verdict: Success, Fix: "Nothing.",
			Message: fmt.Sprintf("%s: the notes say that it failed, and CI says that it passed", code(c.Name)),
		})
	}
}

// fileClaimed is file for a requirement that the notes alone show.
func (j *judge) fileClaimed(c *cell) {
	f := Finding{Rule: RuleMissing, Message: code(c.Name) + ": the notes do not " + asked(c.Requirement)}
	switch {
	case !j.facts.BodyKnown && j.facts.Local:
		c.row.State, c.row.Next = RowWaiting, "Judged with the notes."
		return
	case !j.facts.BodyKnown:
		c.row.State = RowUnknown
		f.Rule, f.Message, f.Fix = RuleEvidenceUnread, code(c.Name)+": the description of the pull request could not be read", ""
	case c.row.Claim == string(claimSuccess):
		c.row.State = RowShown
		return
	case c.row.Claim == string(claimFailure):
		c.row.State = RowFailed
		f.Rule, f.Message, f.Fix = RuleFailed, code(c.Name)+": the notes say that it failed or was not run", "Mend it, run it, and write down what it gave."
	case c.row.Claim == string(claimStale):
		f.Rule, f.Message = RuleStale, code(c.Name)+": the notes claim it for another commit, not for the head "+short(j.facts.Head.SHA)
	case len(c.Sections) > 0:
		f.Rule = RuleNotesMissing
		f.Message = fmt.Sprintf("%s: the description has no section %s that says something", code(c.Name), codes(j.notes.missing(c.Sections)))
	}
	j.lacks(c, f)
}

// asked is what the notes should do for a requirement, as prose.
func asked(q *ownership.Requirement) string {
	if q.Run != "" {
		return "say that " + code(q.Run) + " exited with 0"
	}
	return "state " + code(q.Expect)
}

// judgeNotes files what is wrong with the notes as such. It stands in the way where something needs them.
func (j *judge) judgeNotes(cells []cell) {
	if !j.facts.BodyKnown {
		return
	}
	needed := slices.ContainsFunc(cells, func(c cell) bool { return c.row.Needs == LevelClaimed })
	note := func(rule RuleID, message string, stands bool) {
		f := Finding{Rule: rule, Contract: inSection("verification"), Message: message, Fix: ruleOf(rule).Remedy}
		if !stands {
			f.Level, f.Verdict = Warning, Success
		}
		j.add(f)
	}
	for _, p := range j.notes.problems {
		note(RuleNotesInvalid, p, needed)
	}
	if len(j.notes.problems) == 0 && j.notes.blocks == 1 {
		j.judgeBlock(note, needed)
	}
	if j.notes.omitted > 0 {
		note(RuleNotesInvalid, fmt.Sprintf("The notes list more than %d commands; %d were not read", maxNoteRows, j.notes.omitted), false)
	}
	if n := j.notes; n.other != "" && n.block.head != j.facts.Head.SHA {
		note(RuleNotesStale, "The section of commands speaks of "+short(n.other)+", and the head is "+short(j.facts.Head.SHA), needed)
	}
}

// judgeBlock compares the block with the pull request and the contract.
func (j *judge) judgeBlock(note func(RuleID, string, bool), needed bool) {
	b := j.notes.block
	if b.head != j.facts.Head.SHA {
		note(RuleNotesStale, "The agentplane block is about "+short(b.head)+", and the head is "+short(j.facts.Head.SHA), needed)
	}
	if j.agent != nil && b.agent != j.agent.Name {
		note(RuleNotesInvalid, "The agentplane block speaks for the agent "+code(b.agent)+", and the pull request is "+code(j.agent.Name)+"'s", needed)
	}
	var unknown []string
	for _, id := range b.names() {
		if !slices.ContainsFunc(j.contract.Requirements, func(q ownership.Requirement) bool { return q.Name == id }) {
			unknown = append(unknown, id)
		}
	}
	if len(unknown) > 0 {
		note(RuleNotesInvalid, "The contract has no requirement "+codes(unknown), false)
	}
	for i := range j.contract.Requirements {
		for _, run := range j.notes.contradicting(&j.contract.Requirements[i]) {
			note(RuleNotesInvalid, fmt.Sprintf("The agentplane block gives %s for %s, and the contract says %s",
				code(run), code(j.contract.Requirements[i].Name), code(j.contract.Requirements[i].Run)), needed)
		}
	}
}

// names are the requirements that the block speaks of, as it writes them.
func (b noteBlock) names() []string {
	names := slices.Clone(b.statements)
	for _, c := range b.commands {
		names = append(names, c.id)
	}
	return names
}

// template offers notes to fill in where some are missing.
func (j *judge) template(required []*ownership.Requirement) {
	wants := j.facts.Local && !j.facts.BodyKnown || slices.ContainsFunc(j.findings, func(f Finding) bool {
		return strings.HasPrefix(string(f.Rule), "notes/") || f.Rule == RuleMissing || f.Rule == RuleStale
	})
	claims := slices.ContainsFunc(required, func(q *ownership.Requirement) bool { return !q.Evidence.Declared() })
	if wants && claims {
		j.notesTemplate = notesTemplate(j.facts.Head.SHA, j.agentName(), required)
	}
}
