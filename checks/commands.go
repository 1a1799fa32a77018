package checks

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/agentplane/agentplane/ownership"
)

// HarnessName is what /approve calls a change of what proves a requirement.
const HarnessName = "harness"

// An expansion is a pattern that a planner lets the agent of this pull request change.
type expansion struct {
	pattern ownership.Pattern
	comment Comment
	command Command
}

// hear reads the commands that do not wait for a judgement of the paths.
func (j *judge) hear() {
	if j.facts.Conversation == nil {
		return
	}
	for _, c := range j.commands() {
		if c.Kind != CommandExpand || j.refusalOf(c) != "" {
			continue
		}
		pattern, err := ownership.CompilePattern(c.Subject)
		if err == nil {
			j.expansions = append(j.expansions, expansion{pattern, c.comment, c.Command})
		}
	}
}

// A spoken command is one with the comment that it stands in.
type spoken struct {
	Command
	comment Comment
}

// commands lists the commands of the conversation by the comments' ids. What bots write is never one: they would be
// answered, and answer.
func (j *judge) commands() []spoken {
	var out []spoken
	if j.facts.Conversation == nil {
		return nil
	}
	for _, c := range j.facts.Conversation.Comments {
		if command, ok := ParseCommand(c.Body); ok && !isBot(c.By) {
			out = append(out, spoken{command, c})
		}
	}
	slices.SortStableFunc(out, func(a, b spoken) int {
		return cmp.Or(cmp.Compare(a.comment.ID, b.comment.ID), cmp.Compare(a.comment.Body, b.comment.Body))
	})
	return out
}

// retries lists the accepted /retry commands, oldest first.
func (j *judge) retries() []Comment {
	var out []Comment
	for _, c := range j.commands() {
		if c.Kind == CommandRetry && j.refusalOf(c) == "" {
			out = append(out, c.comment)
		}
	}
	return out
}

// commandResults says what became of every command.
func (j *judge) commandResults() []CommandResult {
	var out []CommandResult
	for _, c := range j.commands() {
		why := j.refusalOf(c)
		r := CommandResult{Comment: c.comment.ID, By: c.comment.By, Kind: c.Kind, Subject: c.Subject, Accepted: why == "", Why: cmp.Or(why, c.Why), At: c.comment.At}
		if r.Accepted && c.enters() {
			r.SHA = j.facts.Head.SHA
		}
		out = append(out, r)
	}
	return out
}

// refusalOf says why a command is not carried out, or "".
func (j *judge) refusalOf(c spoken) string {
	switch {
	case c.comment.Edited:
		return "The comment was edited; write a new one."
	case c.Usage != "":
		return "It is written so: " + code(c.Usage) + "."
	case !c.comment.By.Known():
		return "The account is not known."
	case j.isAgents(c.comment.By):
		return "An agent's account gives no commands."
	case c.Kind != CommandApprove && j.mayBeAgent(c.comment.By):
		return fmt.Sprintf("Who opened an agent's pull request, or pushed to it, is taken for the agent: the contract names no accounts of %s.", code(j.agent.Name))
	}
	switch c.Kind {
	case CommandApprove:
		return j.approveRefusal(c)
	case CommandExpand:
		return j.expandRefusal(c)
	case CommandIntegrate:
		return j.integrateRefusal(c)
	default:
		return j.retryRefusal(c)
	}
}

// mayBeAgent reports whether an account could be the one that the pull request's agent works as: where the contract names
// none, anybody who wrote the pull request. Otherwise an agent with a person's token would let itself go on.
func (j *judge) mayBeAgent(a Account) bool {
	return j.agent != nil && len(j.agent.Accounts) == 0 && j.wrote(a)
}

func sentence(why string) string {
	if why == "" {
		return ""
	}
	return strings.ToUpper(why[:1]) + why[1:] + "."
}

// approveRefusal knows what became of an /approve by the answers to the questions of that name.
func (j *judge) approveRefusal(c spoken) string {
	why, asked := "", false
	for _, a := range j.answers {
		if a.name != c.Subject {
			continue
		}
		asked = true
		fault, weighed := a.comments[c.comment.ID]
		if weighed && fault == "" {
			return ""
		}
		why = cmp.Or(fault, "a later review or comment of the same person decides")
	}
	switch class := j.contract.Class(c.Subject); {
	case asked:
		return sentence(why)
	case class != nil && class.Deny:
		return fmt.Sprintf("The contract denies %s; nobody can approve it.", code(c.Subject))
	case class == nil && c.Subject != HarnessName && !slices.ContainsFunc(j.contract.Interfaces, func(i ownership.Interface) bool { return i.Name == c.Subject }):
		return fmt.Sprintf("The contract has no class and no interface %s.", code(c.Subject))
	}
	return fmt.Sprintf("Nothing of %s needs an approval here.", code(c.Subject))
}

// expandRefusal asks for an integrator or an administrator, and for a pattern that the contract could hold.
func (j *judge) expandRefusal(c spoken) string {
	if why := j.planner(c.comment.By, "expand"); why != "" {
		return sentence(why)
	}
	if _, err := ownership.CompilePattern(c.Subject); err != nil {
		return "This pattern is none that a contract could hold: " + code(err.Error()) + "."
	}
	if j.agent == nil {
		return "This pull request is no agent's, so no agent's paths bind it."
	}
	return j.expandedInVain(c.Subject)
}

// expandedInVain says that all changed paths of a pattern are such that no expansion helps, or "".
func (j *judge) expandedInVain(subject string) string {
	pattern, err := ownership.CompilePattern(subject)
	if err != nil || j.ruler == nil {
		return ""
	}
	vain := ""
	for _, c := range j.changes {
		if !pattern.Match(c.Path) {
			continue
		}
		switch r := j.ruler.Rule(j.agent, c.Path); r.Kind {
		case ownership.Never:
			vain = fmt.Sprintf("%s may never touch %s; no expansion helps.", code(j.agent.Name), code(c.Path))
		case ownership.Classed:
			vain = fmt.Sprintf("%s is in the class %s; it needs an approval, and no expansion helps.", code(c.Path), code(r.Classes[0].Name))
		default:
			return ""
		}
	}
	return vain
}

// planner says why an account is neither an integrator nor an administrator, who alone do something, or "".
func (j *judge) planner(a Account, do string) string {
	admin, why := j.hasPermission(a, "admin")
	named, other := rightNone, ""
	if list := j.contract.Integration.Integrators; len(list) > 0 {
		named, other = j.isNamed(a, list)
	}
	switch {
	case admin == rightFull || named == rightFull:
		return ""
	case named == rightUnknown:
		return other
	case admin == rightUnknown:
		return why
	}
	return "only integrators and administrators " + do
}

// retryRefusal asks for an integrator or a person with write access.
func (j *judge) retryRefusal(c spoken) string {
	if j.planner(c.comment.By, "retry") == "" {
		return ""
	}
	_, why := j.hasPermission(c.comment.By, "admin", "write")
	return sentence(why)
}

// expanded returns the expansion that covers a path, or nil.
func (j *judge) expanded(path string) *expansion {
	for i := range j.expansions {
		if j.expansions[i].pattern.Match(path) {
			return &j.expansions[i]
		}
	}
	return nil
}

// expandedFinding says who let the agent change a path that it does not own.
func (j *judge) expandedFinding(f Finding, e *expansion) Finding {
	f.Rule, f.Level, f.Verdict, f.Fix = RuleExpanded, Notice, Success, ""
	f.Message += fmt.Sprintf("; %s expanded the scope of this pull request by %s", code(e.comment.By.Login), code(e.command.Subject))
	if !e.comment.At.IsZero() {
		f.Message += e.comment.At.UTC().Format(", 2006-01-02 15:04 UTC")
	}
	f.Message += " (" + code(fmt.Sprintf("comment:%d", e.comment.ID)) + ")"
	if e.command.Why != "" {
		f.Message += ": " + code(e.command.Why)
	}
	return f
}
