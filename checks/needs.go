package checks

import "github.com/agentplane/agentplane/ownership"

// Needs says which facts a judgement needs besides what git knows, so that nothing is asked of GitHub in vain.
type Needs struct {
	Runs         []string // paths of the workflows whose runs are evidence
	CheckRuns    bool     // check runs of other Apps are evidence
	Statuses     bool     // commit statuses are evidence
	Conversation bool     // approvals or commands could change the verdict
	Surroundings bool     // interfaces are declared, and this pull request or a neighbor may change one
	Proposal     bool     // the pull request changes the contract
}

// NeedsOf says what Evaluate will want to know, from what git and the pull request itself already told. Asking for more
// than it says changes no verdict; leaving out what it says makes findings of what is not known.
func NeedsOf(c *ownership.Contract, f Facts) Needs {
	n := reviewNeeds(c, f)
	if c == nil || f.Local {
		return n
	}
	return needsCI(n, c, f)
}
