package checks

import (
	"fmt"
	"slices"
	"strings"

	"github.com/agentplane/agentplane/ownership"
)

// title is the one fact of a check: the gravest kind of finding, counted.
func (j *judge) title(check string, of []Finding) string {
	standing := slices.DeleteFunc(slices.Clone(of), func(f Finding) bool { return f.Verdict == Success })
	if len(standing) == 0 {
		return j.goodTitle(check)
	}
	for _, rule := range titleOrder() {
		if these := byRule(standing, rule); len(these) > 0 {
			return j.ruleTitle(rule, these, standing)
		}
	}
	if check == CheckVerification {
		return j.verificationTitle(standing)
	}
	if title := j.interfaceTitle(standing); title != "" {
		return title
	}
	return reviewTitle(standing)
}

// approvedNames are the subjects that people approved.
func (j *judge) approvedNames() []string {
	var names []string
	for _, a := range j.answers {
		if ruleOf(a.subject).Check == CheckReview {
			names = append(names, plainName(a.name, "another"))
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// interfaceTitle says what two pull requests disagree on, where nothing graver stands.
func (j *judge) interfaceTitle(standing []Finding) string {
	worst := verdictOf(standing)
	if slices.ContainsFunc(standing, func(f Finding) bool { return f.Verdict == worst && !strings.HasPrefix(string(f.Rule), interfacePrefix) }) && worst == Failure {
		return ""
	}
	for _, c := range j.contacts {
		stands := slices.ContainsFunc(standing, func(f Finding) bool { return f.Rule == InterfaceRule(c.Name) && f.Verdict == worst })
		for _, title := range c.titles {
			if mine := strings.HasPrefix(title, "Uses "); stands && mine == (worst == Failure) {
				return title
			}
		}
	}
	return ""
}

// titleOrder is the order in which rules claim the title: what blinds comes first, then who, then what.
func titleOrder() []RuleID {
	return []RuleID{
		RuleContractMissing, RuleContractInvalid, RuleUnreadable, RuleTooLarge, RuleHistory, RuleForeign, RuleBranch, RuleUnassigned,
		RuleNever, RuleOutside, RuleOverlap, RulePath, RuleTwin, RuleMergeConflict, RuleUnread, RuleContractProposed,
	}
}

func (j *judge) ruleTitle(rule RuleID, these, standing []Finding) string {
	n := pathsOf(these)
	agent := plainName(j.agentName(), "the agent")
	switch rule {
	case RuleContractMissing:
		return "The default branch has no contract"
	case RuleContractInvalid:
		if these[0].Contract == ownership.FileName {
			return "The contract cannot be used"
		}
		return "The contract has " + count(len(these), "problem")
	case RuleContractProposed:
		return "The proposed contract has " + count(len(these), "problem")
	case RuleUnreadable, RuleUnread:
		return "Not everything could be read"
	case RuleTooLarge:
		return "Too large to judge"
	case RuleHistory:
		return "The history cannot be judged"
	case RuleForeign:
		return "The branch holds what did not land on it"
	case RuleBranch:
		if j.facts.Local && j.facts.Agent != "" && j.agent == nil {
			return "The contract has no agent " + plainName(j.facts.Agent, "of that name")
		}
		return "Branch and accounts do not belong to one agent"
	case RuleUnassigned:
		return "No agent's pull request"
	case RuleNever, RuleOutside:
		both := append(byRule(standing, RuleNever), byRule(standing, RuleOutside)...)
		return fmt.Sprintf("%s outside %s's paths", count(pathsOf(both), "file"), agent)
	case RuleOverlap:
		return count(n, "file") + " with more than one owner"
	case RulePath:
		return count(n, "unusable file name")
	case RuleTwin:
		return count(n, "file name") + " with a twin"
	default:
		return "Conflicts in " + count(n, "file")
	}
}

func (j *judge) agentName() string {
	if j.agent == nil {
		return ""
	}
	return j.agent.Name
}

// goodTitle says what passed.
func (j *judge) goodTitle(check string) string {
	files := count(len(j.paths()), "file")
	agent := plainName(j.agentName(), "the agent")
	switch {
	case check != CheckVerification && j.landed():
		return files + " of " + count(j.facts.Offered.Changes, "change") + ", each judged as it landed"
	case check == CheckReview && len(j.approvedNames()) > 0:
		return "Approved: " + listed(j.approvedNames())
	case check == CheckReview && j.left:
		return "Nothing needs an approval, as far as is known here"
	case check == CheckReview:
		return "Nothing needs an approval"
	case check == CheckVerification:
		return j.shownTitle()
	case len(j.changes) == 0:
		return "Nothing changed"
	case j.agent != nil && j.classed == len(j.paths()):
		return files + " for " + CheckReview
	case j.agent != nil && j.classed > 0:
		return fmt.Sprintf("%s within %s's paths, %s for %s", count(len(j.paths())-j.classed, "file"), agent, thousands(j.classed), CheckReview)
	case j.agent != nil:
		return fmt.Sprintf("%s within %s's paths", files, agent)
	case j.kind == byPerson:
		return files + ", by a person"
	default:
		return files + ", by no agent"
	}
}

// reviewTitle names the classes and interfaces that stand in the way.
func reviewTitle(standing []Finding) string {
	if denied := named(standing, Failure); len(denied) > 0 {
		return fmt.Sprintf("%s that nobody can approve: %s", count(pathsOf(withVerdict(standing, Failure)), "file"), listed(denied))
	}
	return "Needs approval: " + listed(named(standing, ActionRequired))
}

// named returns the names of the families' rules among the findings with that verdict.
func named(fs []Finding, v Verdict) []string {
	var names []string
	for _, f := range withVerdict(fs, v) {
		_, name, _ := strings.Cut(string(f.Rule), "/")
		if name = plainName(name, "another"); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func listed(names []string) string {
	const most = 4
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}

func withVerdict(fs []Finding, v Verdict) []Finding {
	return slices.DeleteFunc(slices.Clone(fs), func(f Finding) bool { return f.Verdict != v })
}

func byRule(fs []Finding, rule RuleID) []Finding {
	return slices.DeleteFunc(slices.Clone(fs), func(f Finding) bool { return f.Rule != rule })
}

// pathsOf counts the different paths of findings.
func pathsOf(fs []Finding) int {
	paths := map[string]bool{}
	for _, f := range fs {
		paths[f.Path] = true
	}
	return len(paths)
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return thousands(n) + " " + what + "s"
}

// thousands writes n with a comma before every third digit.
func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
