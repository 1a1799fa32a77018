package checks

import (
	"fmt"
	"slices"
	"strings"

	"github.com/agentplane/agentplane/ownership"
)

// often is from how many pull requests in 30 days on an intervention should be a setting.
const often = 3

// suggest proposes the contract line that would make of what people decide again and again a setting that is reviewed
// once. Secrets and deployments stay a decision each time.
func (j *judge) suggest() {
	if j.facts.Conversation == nil || j.contract == nil {
		return
	}
	for _, r := range j.facts.Conversation.Recurring {
		if r.Times < often {
			continue
		}
		switch r.Kind {
		case CommandExpand:
			j.suggestOwns(r)
		case CommandApprove:
			j.suggestBy(r)
		}
	}
}

func (j *judge) suggestion(line int, message, fix string) {
	j.add(Finding{Rule: RuleSuggestion, Contract: at(line), Message: message, Fix: fix})
}

// suggestOwns is for a pattern that this pull request was expanded by, too.
func (j *judge) suggestOwns(r Recurring) {
	here := slices.ContainsFunc(j.expansions, func(e expansion) bool { return e.command.Subject == r.Subject })
	if !here || j.agent == nil || r.Agent != j.agent.Name || j.sensitive(r.Subject) {
		return
	}
	j.suggestion(j.agent.Line,
		fmt.Sprintf("%s was expanded by %s in %s of the last 30 days, and is here", code(r.Agent), code(r.Subject), count(r.Times, "pull request")),
		fmt.Sprintf("If it should be so, a person adds to %s of %s in the contract: %s", code("owns"), code(r.Agent), code(fmt.Sprintf("- %q", r.Subject))))
}

// sensitive reports whether a pattern is about secrets or deployments, as far as its text shows.
func (j *judge) sensitive(pattern string) bool {
	path := strings.Trim(pattern, "/")
	return slices.ContainsFunc([]string{ownership.ClassSecrets, ownership.ClassDeploy}, func(name string) bool {
		return ownership.FirstMatchFolded(j.classNamed(name).Paths, path) != nil
	})
}

// suggestBy is for a class or interface that was approved here, too, and names nobody who may.
func (j *judge) suggestBy(r Recurring) {
	at := slices.IndexFunc(j.answers, func(a *answer) bool { return string(a.subject) == r.Subject && a.approved })
	if at < 0 || len(j.answers[at].by) > 0 || r.Agent != "" && r.Agent != j.agentName() {
		return
	}
	a := j.answers[at]
	section := "approvals"
	switch {
	case strings.HasPrefix(r.Subject, interfacePrefix):
		section = "interfaces"
	case !strings.HasPrefix(r.Subject, classPrefix), a.name == ownership.ClassSecrets, a.name == ownership.ClassDeploy:
		return
	}
	var people []string
	for _, g := range a.given {
		people = append(people, fmt.Sprintf("%q", "@"+g.By.Login))
	}
	slices.Sort(people)
	j.suggestion(a.line,
		fmt.Sprintf("%s was approved in %s of the last 30 days, and is here; the contract names nobody who decides", code(a.name), count(r.Times, "pull request")),
		fmt.Sprintf("If the same people should be asked each time, a person adds to %s of the contract: %s", code(section),
			code(fmt.Sprintf("%s: { by: [%s] }", a.name, strings.Join(slices.Compact(people), ", ")))))
}
