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
// than it says changes no verdict; asked again once the surroundings are known, it may need the conversation no more; leaving out what it says makes findings of what is not known. Of a clone it asks only
// for what git has: the workflows' files, the interfaces as they are here, and a proposed contract.
func NeedsOf(c *ownership.Contract, f Facts) Needs {
	n := reviewNeeds(c, f)
	if c != nil {
		n = needsCI(n, c, f)
	}
	if f.Local {
		n.CheckRuns, n.Statuses, n.Conversation = false, false, false // GitHub alone has them
	}
	return n
}
