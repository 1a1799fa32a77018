package checks

import (
	"fmt"
	"strings"

	"github.com/agentplane/agentplane/ownership"
)

// What only GitHub knows, a clone leaves to the App: who opens and pushes, what people say, what CI reports, and the
// other pull requests. Each check says that once. It is never taken for a pass: requirements wait, changes that need an
// approval need it still, and everything else is judged as the App judges it.

// leaveToApp files, once for a check, what is not known in a clone.
func (j *judge) leaveToApp(rule RuleID, contract string, what ...string) {
	text, last := "", what[len(what)-1]
	if rest := what[:len(what)-1]; len(rest) > 0 {
		text = strings.Join(rest, ", ") + ", and "
	}
	j.add(Finding{
		Rule: rule, Level: Notice, Verdict: Success, Contract: contract,
		Message: "Not known here, and left to the App: " + text + last,
	})
}

// leaveIdentity says what a clone does not know of an agent's pull request.
func (j *judge) leaveIdentity() {
	j.leaveToApp(RuleBranch, at(j.agent.Line), "who opens the pull request and pushes", "whether the branch has another one open")
}

// leaveReview says what a clone does not know of approvals and of others' pull requests.
func (j *judge) leaveReview() {
	var what []string
	if len(j.asks) > 0 {
		what = append(what, "who approves what needs an approval")
	}
	if len(j.contract.Interfaces) > 0 && len(j.changes) > 0 {
		what = append(what, "what other open pull requests do to the interfaces")
	}
	if changesContract(j.changes) {
		what = append(what, "what the proposed contract would change for other open pull requests")
	}
	if j.facts.Local && len(what) > 0 {
		j.left = true
		j.leaveToApp(RuleUnread, "built-in", what...)
	}
}

// lookLocally looks for what stands in the way of evidence before CI has seen anything: a command that no step of the
// workflow at the head runs can never be observed.
func (j *judge) lookLocally(q *ownership.Requirement) sighting {
	s := sighting{what: evidencePlace(q.Evidence)}
	if j.facts.CI != nil && q.Evidence.Workflow != "" {
		job, why := j.declaredJob(q.Evidence)
		if why == "" {
			_, why = job.stepsOf(q)
		}
		if why != "" {
			s.why = why
			s.fix, s.person = j.workflowRemedy(q.Evidence.Workflow)
			return s
		}
	}
	s.outlook, s.why = seesWaiting, "is observed by CI, later"
	return s
}

// leaveEvidence says which requirements wait for what only GitHub has, once for CI and once for the notes.
func (j *judge) leaveEvidence(cells []cell) {
	var byCI, inNotes []string
	for i := range cells {
		switch c := &cells[i]; {
		case c.row.State != RowWaiting:
		case c.Evidence.Declared():
			byCI = append(byCI, c.Name)
		default:
			inNotes = append(inNotes, c.Name)
		}
	}
	wait := func(message, fix string, names []string) {
		if j.facts.Local && len(names) > 0 {
			j.add(Finding{
				Rule: RuleWaiting, Contract: inSection("verification"), Message: fmt.Sprintf(message, codes(names)), Fix: fix,
			})
		}
	}
	wait("Observed by CI, later: %s", "Nothing here: push, and the App reads what CI reports.", byCI)
	wait("The notes were not given here, so the App judges what they say of %s", "Write them to a file, and judge them with "+code("agentplane check --body FILE")+".", inNotes)
}
