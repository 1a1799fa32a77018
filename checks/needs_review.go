package checks

import (
	"slices"
	"strings"

	"github.com/agentplane/agentplane/ownership"
)

// reviewNeeds says what the rules on approvals, expansions, interfaces and proposals will want to know. It judges the
// paths once more without those facts, and looks for what they could change.
func reviewNeeds(c *ownership.Contract, f Facts) Needs {
	n := Needs{Proposal: f.Touched != nil && changesContract(f.Touched.Changes)}
	if c == nil || f.Touched == nil || f.Touched.Refused != nil || len(f.Touched.Changes) == 0 {
		return n
	}
	n.Surroundings = len(c.Interfaces) > 0
	f.Conversation, f.Proposal = nil, nil
	j := &judge{contract: c, facts: f}
	if !j.contractInForce() {
		return Needs{Proposal: n.Proposal}
	}
	j.identify()
	j.touched()
	n.Conversation = n.Surroundings && f.Surroundings == nil || slices.ContainsFunc(j.findings, answerable)
	return n
}

// answerable reports whether something that people say could answer a finding.
func answerable(f Finding) bool {
	rule := string(f.Rule)
	return f.Rule == RuleOutside || f.Verdict == ActionRequired && strings.HasPrefix(rule, classPrefix) ||
		f.Verdict != Success && strings.HasPrefix(rule, interfacePrefix)
}

// changesContract reports whether the contract itself is among the changes.
func changesContract(changes []Change) bool {
	return slices.ContainsFunc(changes, func(c Change) bool { return c.Path == ownership.FileName })
}
