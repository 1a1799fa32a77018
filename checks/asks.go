package checks

import (
	"slices"

	"github.com/agentplane/agentplane/ownership"
)

// An ask is a question with the findings that stand until it is answered.
type ask struct {
	question
	pending []Finding // that an approval answers
	known   []Finding // that whoever approves has to know; they stay as notices
}

// ask notes that a finding stands unless a question is answered. Questions of one subject are one.
func (j *judge) ask(q question, f Finding) {
	for _, a := range j.asks {
		if a.subject == q.subject {
			a.pending = append(a.pending, f)
			return
		}
	}
	j.asks = append(j.asks, &ask{question: q, pending: []Finding{f}})
}

// classQuestion covers every change of a class, at any commit of the pull request: by a pattern, by the mode or by
// the base's attributes.
func (j *judge) classQuestion(class *ownership.Class) question {
	return question{subject: ClassRule(class.Name), name: class.Name, by: class.By, line: class.Line, covers: func(c Change) bool {
		switch {
		case slices.ContainsFunc(j.ruler.Rule(j.agent, c.Path).Classes, func(other *ownership.Class) bool { return other.Name == class.Name }):
			return true
		case class.Name == ownership.ClassLinks:
			return c.linked() != ""
		default:
			return class.Name == ownership.ClassGenerated && j.marked(c.Path)
		}
	}}
}

// approvals lists the approvals that count, by their subjects and sources.
func (j *judge) approvals() []Approval {
	var out []Approval
	for _, a := range j.answers {
		out = append(out, a.given...)
	}
	slices.SortFunc(out, compareApprovals)
	return out
}
