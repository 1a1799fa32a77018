package checks

import (
	"fmt"
	"slices"
	"strings"
)

// RuleID names a rule. Names are stable: people and programs refer to them. The rules of classes and interfaces end
// with the contract's own name for them; see ClassRule and InterfaceRule.
type RuleID string

// The rules. docs/rules.md says what each means.
const (
	RuleContractMissing  RuleID = "contract/missing"
	RuleContractInvalid  RuleID = "contract/invalid"
	RuleContractProposed RuleID = "contract/proposed"
	RuleSuggestion       RuleID = "contract/suggestion"
	RuleOutside          RuleID = "ownership/outside"
	RuleExpanded         RuleID = "ownership/expanded"
	RuleNever            RuleID = "ownership/never"
	RuleOverlap          RuleID = "ownership/overlap"
	RuleUnassigned       RuleID = "ownership/unassigned"
	RuleForeign          RuleID = "ownership/foreign"
	RuleBranch           RuleID = "ownership/branch"
	RuleTooLarge         RuleID = "ownership/too-large"
	RulePath             RuleID = "ownership/path"
	RuleTwin             RuleID = "ownership/twin"
	RuleMergeConflict    RuleID = "ownership/merge-conflict"
	RuleHistory          RuleID = "ownership/history"
	RuleUnreadable       RuleID = "ownership/unreadable"
	RuleEmpty            RuleID = "ownership/empty"
	RuleUnread           RuleID = "review/unread"

	classPrefix     = "class/"
	interfacePrefix = "interface/"
)

// ClassRule names the rule of a permission class.
func ClassRule(class string) RuleID { return RuleID(classPrefix + class) }

// InterfaceRule names the rule of an interface.
func InterfaceRule(name string) RuleID { return RuleID(interfacePrefix + name) }

// The check runs that Evaluate decides about. The names are stable: branch rules refer to them.
const (
	CheckOwnership = "agentplane/ownership"
	CheckReview    = "agentplane/review"
)

// checkNames is the order in which checks are reported.
func checkNames() []string { return []string{CheckOwnership, CheckVerification, CheckReview} }

// Rule describes one rule for readers, and says what its finding comes to when nothing special is known.
type Rule struct {
	ID      RuleID // of a family: its prefix and <name>
	Check   string
	Level   Level
	Verdict Verdict
	Who     Who
	// Blinds says that with this finding nothing, or not everything, could be judged. It stands against every check.
	Blinds  bool
	Meaning string // Markdown
	Remedy  string // Markdown
}

// Rules returns all rules, in the order of the documentation. The slice is the caller's.
func Rules() []Rule {
	return slices.Concat(contractRules(), ownershipRules(), pathRules(), verificationRules(), notesRules(), reviewRules())
}

func contractRules() []Rule {
	return []Rule{{
		ID: RuleContractMissing, Check: CheckOwnership, Level: Error, Verdict: ActionRequired, Who: Person, Blinds: true,
		Meaning: "The tip of the default branch has no `.agentplane.yml`. Without a contract nothing passes.",
		Remedy:  "A person adds the contract on the default branch; `agentplane lint` checks it first.",
	}, {
		ID: RuleContractInvalid, Check: CheckOwnership, Level: Error, Verdict: ActionRequired, Who: Person, Blinds: true,
		Meaning: "The contract on the default branch does not parse, is not a regular file of mode 100644, is over " +
			"64 KiB, or could not be read. One finding per problem. A broken contract passes nothing, and the last good one is never used.",
		Remedy: "A person mends it on the default branch; `agentplane lint` shows every problem with its fix.",
	}}
}

func ownershipRules() []Rule {
	return []Rule{{
		ID: RuleOutside, Check: CheckOwnership, Level: Error, Verdict: Failure, Who: Agent,
		Meaning: "The agent's pull request touches a path that the agent does not own. `owner` names the agents that do, " +
			"if any. A rename touches both its names, and a change of mode counts.",
		Remedy: "Restore the path with the command in `fix`, and leave the change to its owner.",
	}, {
		ID: RuleExpanded, Check: CheckOwnership, Level: Notice, Verdict: Success, Who: Agent,
		Meaning: "The agent does not own the path, and an integrator or an administrator let this pull request change it, by the comment " +
			"`/expand <path or pattern> [<why>]`. It holds for this pull request only, and never beats `never` or a permission class.",
		Remedy: "Nothing. Where it comes again and again, let the contract say it.",
	}, {
		ID: RuleNever, Check: CheckOwnership, Level: Error, Verdict: Failure, Who: Agent,
		Meaning: "The path matches the agent's `never`, compared after Unicode normalisation and case folding. `never` beats `owns`.",
		Remedy:  "Restore the path with the command in `fix`.",
	}, {
		ID: RuleOverlap, Check: CheckOwnership, Level: Error, Verdict: ActionRequired, Who: Person,
		Meaning: "Several agents own the path, and the contract does not list it under `shared`.",
		Remedy:  "A person narrows one agent's `owns`, or lists the path under `shared`.",
	}, {
		ID: RuleUnassigned, Check: CheckOwnership, Level: Error, Verdict: Failure, Who: Agent,
		Meaning: "The pull request is no agent's: its branch matches none. The contract's `unassigned` says whether it may " +
			"pass, by its author: bots (and accounts that the contract lists for agents) or people; an author who is not known passes only where both do. " +
			"In a local clone the author is not known: it is then a warning, unless both must fail.",
		Remedy: "Push to the agent's own branch and open the pull request from there.",
	}, {
		ID: RuleForeign, Check: CheckOwnership, Level: Error, Verdict: ActionRequired, Who: Person,
		Meaning: "The integration branch holds another commit than the lane has landed. What landed was judged change by change, and is " +
			"not judged again where the branch is offered; what somebody put there besides was judged by nobody.",
		Remedy: "A person looks at the branch and puts it back to what landed, or to the target; where the lane is frozen, `/integrate resume` takes it as it is.",
	}, {
		ID: RuleBranch, Check: CheckOwnership, Level: Error, Verdict: Failure, Who: Agent,
		Meaning: "The branch and the accounts do not add up to one agent: a fork uses an agent's branch name, several agents " +
			"match the branch, author or pusher is not among the agent's `accounts` or not known, or the branch has a second open pull request.",
		Remedy: "Follow `fix`: it differs by case. Branch names restrict, they never grant.",
	}}
}

func pathRules() []Rule {
	return []Rule{{
		ID: RuleTooLarge, Check: CheckOwnership, Level: Error, Verdict: Failure, Who: Agent, Blinds: true,
		Meaning: "More changed paths than `limits.paths`, or objects, memory or time over git's limits.",
		Remedy:  "Split the pull request.",
	}, {
		ID: RulePath, Check: CheckOwnership, Level: Error, Verdict: Failure, Who: Agent,
		Meaning: "A path that not every system can represent, or that reads as another: not UTF-8, control, bidirectional or " +
			"invisible characters, a segment that ends in a dot or a space, `.`, `..` or a spelling of `.git`, over 4,096 bytes. " +
			"Removing such a path is a warning only.",
		Remedy: "Rename it.",
	}, {
		ID: RuleTwin, Check: CheckOwnership, Level: Error, Verdict: Failure, Who: Agent,
		Meaning: "Two paths or folders of the tree that would land differ only in case or Unicode form: they are one on some systems. " +
			"Twins that the base already had are a warning.",
		Remedy: "Use the spelling that is there already.",
	}, {
		ID: RuleMergeConflict, Check: CheckOwnership, Level: Error, Verdict: Failure, Who: Agent,
		Meaning: "The pull request conflicts with its base. What would land is not known; its own changes alone are judged.",
		Remedy:  "Merge the base into the branch and resolve the conflict within the agent's own paths.",
	}, {
		ID: RuleHistory, Check: CheckOwnership, Level: Error, Verdict: Failure, Who: Agent, Blinds: true,
		Meaning: "Head and base share no commit, have too many merge bases, or the history is cut off.",
		Remedy:  "Make the branch anew from the base; in a local clone, fetch the whole history.",
	}, {
		ID: RuleUnreadable, Check: CheckOwnership, Level: Error, Verdict: Failure, Who: Agent, Blinds: true,
		Meaning: "Something that is needed to judge could not be read, and what is not known never passes.",
		Remedy:  "Push again. If it stays, a person looks at the App's log.",
	}, {
		ID: RuleEmpty, Check: CheckOwnership, Level: Notice, Verdict: Success, Who: Agent,
		Meaning: "The pull request changes nothing.",
		Remedy:  "Nothing.",
	}}
}

func reviewRules() []Rule {
	return []Rule{{
		ID: classPrefix + "<name>", Check: CheckReview, Level: Warning, Verdict: ActionRequired, Who: Person,
		Meaning: "The path belongs to a permission class, built-in or declared. A class that is set to `deny`, and a generated file that " +
			"the base does not track, are errors that nobody can approve: the author must act. Binds agents and bots; `contract` and " +
			"denied classes bind people too.",
		Remedy: "Someone of the class's `by` approves, by a review or by the comment `/approve <name>`; without `by`, a person with write " +
			"access. Never an agent, a bot, the author or whoever pushed. Or restore the path. What was approved is a notice.",
	}, {
		ID: interfacePrefix + "<name>", Check: CheckReview, Level: Warning, Verdict: ActionRequired, Who: Person,
		Meaning: "The path belongs to an interface that others build against, and the names that the change takes away from them are named, with " +
			"the places that mention each: in the interface's consumers, and in other agents' open pull requests. Or this pull request mentions, " +
			"in a path that it touches, a name that another pull request takes away: an error of this one, which its agent mends by using the new " +
			"name, or which someone of `by` approves here too; where the name stays and only its signature changes, a person must decide. Or two open pull requests change one interface. Binds everyone.",
		Remedy: "Someone of the interface's `by` approves the change, by a review or by the comment `/approve <name>`, with the consumers in mind.",
	}, {
		ID: RuleContractProposed, Check: CheckReview, Level: Error, Verdict: ActionRequired, Who: Person,
		Meaning: "The pull request changes `.agentplane.yml`, and this is what `agentplane lint` says of the proposed one: one finding per problem, " +
			"which the author must mend, and a notice per warning. What it would change for the open pull requests and for the owners of the tree's " +
			"paths stands in the report. The contract in force judges until the pull request is merged, and the class `contract` needs its approval.",
		Remedy: "Follow `fix`.",
	}, {
		ID: RuleSuggestion, Check: CheckReview, Level: Notice, Verdict: Success, Who: Person,
		Meaning: "The same expansion or approval was needed in three or more pull requests of the last 30 days. `fix` has the contract line that " +
			"would make it a setting, reviewed once. Never for secrets and deployments.",
		Remedy: "A person decides whether the contract should say it.",
	}, {
		ID: RuleUnread, Check: CheckReview, Level: Error, Verdict: Failure, Who: Agent,
		Meaning: "What other pull requests do to the contract's interfaces was not read, and what is not known never passes. In a local clone " +
			"it cannot be known, and is a notice.",
		Remedy: "Push again. If it stays, a person looks at the App's log.",
	}}
}

// ruleOf returns the description of a rule. An unknown name gets the strictest one.
func ruleOf(id RuleID) Rule {
	for _, r := range Rules() {
		if r.ID == id || r.family(id) {
			return r
		}
	}
	return Rule{ID: id, Check: CheckOwnership, Level: Error, Verdict: Failure, Who: Agent, Blinds: true}
}

func (r Rule) family(id RuleID) bool {
	prefix, ok := strings.CutSuffix(string(r.ID), "<name>")
	return ok && strings.HasPrefix(string(id), prefix)
}

// RulesMarkdown returns the reference of all rules, which is docs/rules.md.
func RulesMarkdown() string {
	var b strings.Builder
	b.WriteString(rulesHead)
	for _, r := range Rules() {
		fmt.Fprintf(&b, "\n## `%s`\n\n", r.ID)
		fmt.Fprintf(&b, "| check | level | verdict | who acts |\n|---|---|---|---|\n| `%s` | %s | `%s` | %s |\n\n", r.Check, r.Level, r.Verdict, r.Who)
		b.WriteString(r.Meaning + "\n\n")
		if r.Blinds {
			b.WriteString("It stands against every check: with it not everything could be judged.\n\n")
		}
		b.WriteString("**What to do:** " + r.Remedy + "\n")
	}
	return b.String()
}

const rulesHead = `<!-- Written from the rules in checks/rules.go: go test ./checks -run TestRulesPage -update -->
# Rules

Every finding of a report names one of these rules. The names are stable.

The table of a rule says what its finding comes to as a rule; a finding's own ` + "`level`, `verdict` and `who`" + ` decide.
A check's verdict is the worst of its findings: ` + "`success` < `pending` < `action_required` < `failure`" + `.
` + "`failure`" + `: the author must change the pull request. ` + "`action_required`" + `: a person must decide. In a person's pull request it is
always a person who acts.

Classes bind agents' and bots' pull requests. People's are bound by ` + "`contract`" + ` and by classes set to ` + "`deny`" + `. Interfaces bind everyone.

An approval is a review that approves, or the comment ` + "`/approve <class, interface or harness> [<commit>]`" + `, by somebody who may. It is
for the contents that the class or interface had at that commit: a rebase that leaves them alone keeps it, another change of them, or another
contract, ends it. Of each person the newest review or command counts; one that asks for changes stands against it until that person approves or
it is dismissed, and then nothing older comes back. A command is the first line of a comment, exactly, and never edited.
`
