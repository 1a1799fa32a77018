package checks

import (
	"fmt"
	"strings"
)

// What /integrate can ask for besides entering the pull request, as a command's subject.
const (
	IntegrateCancel = "cancel" // take the pull request out of the lane
	IntegrateStatus = "status" // say how the lane stands
	IntegratePause  = "pause"  // build and land nothing more
	IntegrateResume = "resume" // go on
)

// Stack says that a pull request is stacked: its base is another open pull request's branch, which leads, perhaps over
// further ones, to the integration branch.
type Stack struct {
	PR     int    // the pull request whose branch is the base
	Branch string // that branch: the base's name
}

const integrateUsage = "/integrate [<commit> | cancel | status | pause <why> | resume]"

func parseIntegrate(rest string) Command {
	c := Command{Kind: CommandIntegrate}
	word, why, more := strings.Cut(rest, " ")
	switch {
	case word == IntegratePause && why != "" && !strings.HasPrefix(why, " "):
		c.Subject, c.Why = word, why
	case more || word == IntegratePause:
		c.Usage = integrateUsage
	case word == IntegrateCancel || word == IntegrateStatus || word == IntegrateResume:
		c.Subject = word
	case word == "" || commitPrefix.MatchString(word):
		c.SHA = word
	default:
		c.Usage = integrateUsage
	}
	return c
}

// enters reports whether a command asks to enter the pull request's head.
func (c Command) enters() bool {
	return c.Kind == CommandIntegrate && c.Subject == "" && c.Usage == ""
}

// integrateRefusal asks for the right, for an integration branch, and, to enter, for a pull request that may land there
// at the very commit that is meant.
func (j *judge) integrateRefusal(c spoken) string {
	if j.facts.Contract.Kind != ContractFound {
		return "The contract cannot be used, so nothing lands."
	}
	if why := j.noIntegrator(c); why != "" {
		return sentence(why)
	}
	switch {
	case j.contract.Integration.Branch == "":
		return "The contract declares no integration branch."
	case c.Subject != "":
		return ""
	case !j.leadsToIntegration():
		return fmt.Sprintf("The pull request is to %s, and what is integrated goes to %s or to the branch of an open pull request that leads there.",
			code(j.facts.Base.Name), code(j.contract.Integration.Branch))
	case j.facts.FromFork():
		return "The pull request comes from a fork. A candidate is a branch of this repository, so CI would run the fork's code with this repository's secrets. Push what you reviewed to a branch here, and open it from there."
	case j.facts.Draft:
		return "The pull request is a draft; mark it as ready for review first."
	}
	return j.unpinned(c)
}

// noIntegrator says why an account may not give this command, or "". To ask how the lane stands takes only the right to
// read; everything else an integrator or an administrator, or, where the contract names no integrators, write access.
func (j *judge) noIntegrator(c spoken) string {
	switch {
	case c.Subject == IntegrateStatus:
		_, why := j.hasPermission(c.comment.By, "admin", "write", "read")
		return why
	case len(j.contract.Integration.Integrators) > 0:
		return j.planner(c.comment.By, "integrate")
	}
	_, why := j.hasPermission(c.comment.By, "admin", "write")
	return why
}

// leadsToIntegration reports whether the pull request would land on the integration branch, itself or after those that
// it is stacked on.
func (j *judge) leadsToIntegration() bool {
	f := j.facts
	if f.Base.Name == "" {
		return false
	}
	s := f.Stacked
	return f.Base.Name == j.contract.Integration.Branch || s != nil && s.PR > 0 && s.PR != f.PR && s.Branch == f.Base.Name
}

// unpinned says why it is not sure that a command to enter means the present head, or "". Whoever pushes after the
// comment lands nothing by it: a comment without a commit is about the head that it was written at, and so is one with
// the start of a commit's name, which somebody could make a later commit begin with.
func (j *judge) unpinned(c spoken) string {
	head, then := j.facts.Head.SHA, c.comment.Head
	named := c.SHA == head
	switch again := code("/integrate " + head); {
	case head == "":
		return "The head is not known."
	case named:
		return ""
	case !strings.HasPrefix(head, c.SHA) || then != "" && then != head:
		return fmt.Sprintf("The head is now %s; comment %s if you mean that.", code(head[:min(len(head), 12)]), again)
	case then == "" && c.SHA == "":
		return fmt.Sprintf("Which commit was the head then is not known; name the commit: %s.", again)
	case then == "":
		return fmt.Sprintf("%s is short for no head that is known from then; name the commit in full: %s.", code(c.SHA), again)
	}
	return ""
}
