package checks

import (
	"slices"

	"github.com/agentplane/agentplane/ownership"
)

// needsCI adds which evidence is to be asked for: that of the requirements that bind this pull request. What people
// said matters to them where the pull request changes the harness, or where the same failure may have come too often.
func needsCI(n Needs, c *ownership.Contract, f Facts) Needs {
	j := &judge{contract: c, facts: f}
	if !j.contractInForce() {
		return n
	}
	j.identify()
	required, observed := j.required(), false
	for _, q := range required {
		switch e := q.Evidence; {
		case e.Workflow != "":
			if !slices.Contains(n.Runs, e.Workflow) {
				n.Runs = append(n.Runs, e.Workflow)
			}
		case e.Check != "":
			n.CheckRuns = true
		case e.Status != "":
			n.Statuses = true
		}
		observed = observed || q.Evidence.Declared()
	}
	slices.Sort(n.Runs)
	failedBefore := slices.ContainsFunc(f.Labels, isNeedsHuman) || f.Past != nil && len(f.Past.Failures) > 0
	n.Conversation = n.Conversation || observed && failedBefore || j.changesHarness(required)
	return n
}

// changesHarness reports whether the pull request changes what decides the meaning of evidence.
func (j *judge) changesHarness(required []*ownership.Requirement) bool {
	t := j.facts.Touched
	return t != nil && slices.ContainsFunc(t.Changes, func(c Change) bool {
		_, names := j.provenBy(required, c.Path)
		return len(names) > 0
	})
}
