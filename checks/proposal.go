package checks

import "github.com/agentplane/agentplane/ownership"

// Proposal is a contract that the pull request would put in the place of the one in force.
type Proposal struct {
	Contract *ownership.Contract    // nil: missing or invalid
	State    ContractState          // what was found at the head
	Problems ownership.SyntaxErrors // of an invalid one
	Warnings []ownership.Warning    // of a valid one
	Pulls    []Facts                // the other open pull requests, without their own proposals
	Missing  int                    // open pull requests that are not in Pulls
}
