package checks

import (
	"fmt"
	"strings"

	"github.com/agentplane/agentplane/ownership"
)

// authorKind says which part of the contract speaks about a pull request.
type authorKind int

const (
	byAgent  authorKind = iota // an agent's branch
	byBot                      // no agent's, and the author is a bot, an agent's account, or not known
	byPerson                   // no agent's, and the author is a person
	byLocal                    // no agent's, in a clone: the author cannot be known
)

// identify finds out whose pull request this is, and files what does not add up.
func (j *judge) identify() {
	f := j.facts
	if f.Local {
		j.identifyLocally()
		return
	}
	if f.Head.Name == "" {
		j.kind = j.kindOfAuthor()
		j.branch(0, "The name of the head branch is not known", "Push again.")
		return
	}
	agent, matching := j.contract.ForBranch(f.Head.Name)
	switch {
	case j.landed():
		j.kind = byBot
	case f.FromFork() && (agent != nil || len(matching) > 0):
		j.kind = j.kindOfAuthor()
		j.forkOfAgentBranch(agent, matching)
	case agent == nil && len(matching) > 0:
		j.kind = byBot
		j.severalAgents(matching)
	case agent == nil:
		j.kind = j.kindOfAuthor()
		j.unassigned()
	default:
		j.kind, j.agent = byAgent, agent
		j.account("author", "opened", f.Author)
		j.account("pusher", "pushed", f.Pusher)
		j.siblings()
	}
}

// identifyLocally believes --agent, or the branch name. Everything else is the App's to know.
func (j *judge) identifyLocally() {
	f := j.facts
	agent, matching := j.contract.ForBranch(f.Head.Name)
	if f.Agent != "" {
		agent, matching = j.contract.Agent(f.Agent), nil
		if agent == nil {
			j.kind = byBot
			j.branch(0, fmt.Sprintf("The contract has no agent %s", code(f.Agent)), j.agentsToName())
			return
		}
	}
	switch {
	case agent != nil:
		j.kind, j.agent = byAgent, agent
		j.leaveIdentity()
	case len(matching) > 0:
		j.kind = byBot
		j.severalAgents(matching)
	default:
		j.kind = byLocal
		j.unassigned()
	}
}

// agentsToName is the remedy for an agent that the contract does not have.
func (j *judge) agentsToName() string {
	names := make([]string, 0, len(j.contract.Agents))
	for _, a := range j.contract.Agents {
		names = append(names, a.Name)
	}
	return "Name one of " + codes(names) + ", or leave it to the branch."
}

// kindOfAuthor takes an account for a bot when the API says so, when the contract lists it for an agent (a machine
// user is a user to GitHub), or when it is not known.
func (j *judge) kindOfAuthor() authorKind {
	a := j.facts.Author
	if isBot(a) || !a.Known() {
		return byBot
	}
	for i := range j.contract.Agents {
		if agent := &j.contract.Agents[i]; len(agent.Accounts) > 0 && agent.Allows(a.Login, a.ID) {
			return byBot
		}
	}
	return byPerson
}

func isBot(a Account) bool { return a.Bot || strings.HasSuffix(a.Login, "[bot]") }

func (j *judge) branch(line int, message, fix string) {
	j.add(Finding{Rule: RuleBranch, Contract: at(line), Message: message, Fix: fix})
}

func (j *judge) forkOfAgentBranch(agent *ownership.Agent, matching []*ownership.Agent) {
	names, line := namesAndLine(matching)
	if agent != nil {
		names, line = []string{agent.Name}, agent.Line
	}
	j.branch(line,
		fmt.Sprintf("The branch %s is in another repository and has the name of a branch of %s; a fork is never an agent's",
			code(j.facts.Head.Name), codes(names)),
		"Open the pull request from another branch name, or push the agent's branch to this repository.")
}

func (j *judge) severalAgents(matching []*ownership.Agent) {
	names, line := namesAndLine(matching)
	j.add(Finding{
		Rule: RuleBranch, Verdict: ActionRequired, Who: Person, Contract: at(line),
		Message: fmt.Sprintf("The branch %s matches several agents: %s", code(j.facts.Head.Name), codes(names)),
		Fix:     "A person narrows the branch patterns in the contract, so that one agent matches.",
	})
}

func namesAndLine(agents []*ownership.Agent) (names []string, line int) {
	for _, a := range agents {
		if a != nil {
			names = append(names, a.Name)
			line = max(line, a.Line)
		}
	}
	return names, line
}

// account compares the author or the pusher with the agent's accounts, where the contract gives some.
func (j *judge) account(role, did string, a Account) {
	list := j.agent.Accounts
	if len(list) == 0 || a.Known() && j.agent.Allows(a.Login, a.ID) {
		return
	}
	if !a.Known() {
		j.branch(list[0].Line,
			fmt.Sprintf("Who %s is not known, and only the accounts of %s may", did, code(j.agent.Name)),
			"Push again, so that the App sees the push.")
		return
	}
	j.branch(list[0].Line,
		fmt.Sprintf("The %s %s (id %d) is not among the accounts of %s", role, code(a.Login), a.ID, code(j.agent.Name)),
		"One of the agent's accounts opens the pull request and pushes, or a person adds the account to the contract.")
}

func (j *judge) siblings() {
	f := j.facts
	if !f.SiblingsKnown {
		j.branch(j.agent.Line, "Whether the branch has other open pull requests is not known", "Push again.")
		return
	}
	for _, s := range f.Siblings {
		if s.PR == f.PR {
			continue
		}
		j.branch(j.agent.Line,
			fmt.Sprintf("The branch %s has a second open pull request, %d, to %s; an agent's branch has one", code(f.Head.Name), s.PR, code(s.Base)),
			fmt.Sprintf("gh pr close %d", max(s.PR, f.PR)))
	}
}

// unassigned judges a pull request of no agent, by the contract. In a clone it fails only if it fails for everyone; in
// the App an author who is not known passes only if everyone passes.
func (j *judge) unassigned() {
	u, facts := j.contract.Unassigned, j.facts
	bots, people := u.Bots != ownership.Pass, u.People != ownership.Pass
	f := Finding{Rule: RuleUnassigned, Contract: inSection("unassigned"), Fix: "Push to the agent's own branch and open the pull request from there."}
	branch := "The branch " + code(facts.Head.Name) + " is no agent's"
	switch {
	case j.kind == byLocal && bots != people:
		f.Level, f.Verdict = Warning, Success
		f.Message = branch + "; whether it passes depends on who opens the pull request"
	case !facts.Author.Known() && j.kind == byBot && (bots || people):
		f.Message = branch + ", and who opened the pull request is not known"
	case j.kind == byBot && bots:
		f.Message = fmt.Sprintf("%s, and the contract lets no such pull request of a bot pass; its author is %s", branch, j.author())
	case j.kind == byPerson && people:
		f.Message = branch + ", and the contract lets no such pull request of a person pass"
	case j.kind == byLocal && bots:
		f.Message = branch + ", and the contract lets no such pull request pass"
	default:
		return
	}
	j.add(f)
}

func (j *judge) author() string {
	a := j.facts.Author
	if isBot(a) {
		return code(a.Login)
	}
	return code(a.Login) + ", an account that the contract lists for an agent"
}
