package main

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/agentplane/agentplane/checks"
	"github.com/agentplane/agentplane/sim"
)

// openedPull is a pull request of the story, with what was told of it last.
type openedPull struct {
	pull          *sim.Pull
	agent, branch string
	author        *sim.User
	head          string
	told          map[string]string // what each check run said, by its name
	asked         []string
	title         string     // of the offer, as it was told last
	state         storyState // as the story has it now
}

// fill puts the pull request's head into a text of the story.
func (o *openedPull) fill(text string) string { return fill(text, o.pull.Head()) }

func fill(text, head string) string { return strings.ReplaceAll(text, "{head}", head) }

// report tells what the check runs on a pull request's head say now and did not say before, those that pass first, and
// who was asked for a review.
func (p *play) report(o *openedPull, took time.Duration) {
	if head := o.pull.Head(); head != o.head || o.told == nil {
		o.head, o.told = head, map[string]string{}
	}
	runs := p.repo.CheckRuns(o.head)
	slices.SortStableFunc(runs, func(x, y sim.CheckRun) int { return rank(x) - rank(y) })
	for _, run := range runs {
		m := moment{
			Kind: "check", PR: o.pull.Number, SHA: o.head, Agent: o.agent,
			Check: run.Name, App: run.App, Verdict: verdictOf(run), Text: run.Title, Took: took,
		}
		said := m.Verdict
		if said != string(checks.Success) {
			said += " " + run.Title
		}
		if o.told[run.Name] == said {
			continue
		}
		o.told[run.Name] = said
		if r, ok := reportIn(run); ok && run.Name != checks.CheckIntegration {
			m.Findings = r.Of(run.Name)
		}
		if run.Name == checks.CheckIntegration {
			m.Lane = placeIn(run)
		}
		p.say(m)
	}
	for _, who := range o.pull.Requested() {
		if !slices.Contains(o.asked, who) {
			p.say(moment{Kind: "asked", PR: o.pull.Number, SHA: o.head, Agent: o.agent, Text: who})
		}
	}
	o.asked = o.pull.Requested()
}

// verdictOf is a check run's conclusion, or its status as long as it has none.
func verdictOf(r sim.CheckRun) string {
	if r.Status != "completed" {
		return r.Status
	}
	return r.Conclusion
}

// rank puts what passes first, and the CI's check runs before ours.
func rank(r sim.CheckRun) int {
	n := slices.Index([]string{"", checks.CheckOwnership, checks.CheckVerification, checks.CheckReview, checks.CheckIntegration}, r.Name)
	if verdictOf(r) != string(checks.Success) {
		n += 10
	}
	return n
}

// expect holds a pull request against the story. The findings are read from the reports inside the check runs, as an agent
// reads them.
func (p *play) expect(o *openedPull) {
	var findings []checks.Finding
	for _, name := range []string{checks.CheckOwnership, checks.CheckVerification, checks.CheckReview} {
		run, _ := p.repo.CheckRun(o.head, name)
		if got, want := verdictOf(run), o.state.verdict(name); got != want {
			p.miss("#%d at %.7s: %s is %q, the story tells %q", o.pull.Number, o.head, name, got, want)
		}
		report, ok := reportIn(run)
		if !ok {
			p.miss("#%d at %.7s: %s holds no report", o.pull.Number, o.head, name)
		}
		for _, f := range report.Of(name) {
			if f.Verdict == checks.Failure || f.Verdict == checks.ActionRequired {
				findings = append(findings, f)
			}
		}
	}
	p.named(o, findings)
	p.placed(o)
	if asked := slices.Sorted(slices.Values(o.pull.Requested())); !slices.Equal(asked, o.state.Asked) {
		p.miss("#%d at %.7s: %q are asked for a review, the story tells %q", o.pull.Number, o.head, asked, o.state.Asked)
	}
}

// named holds the rules of the findings that stand against a pull request, and what they mention, against the story.
func (p *play) named(o *openedPull, findings []checks.Finding) {
	var rules []string
	var all strings.Builder
	for _, f := range findings {
		rules = append(rules, string(f.Rule))
		all.WriteString(strings.Join([]string{f.Path, f.Message, f.Fix, ""}, "\n"))
	}
	slices.Sort(rules)
	if rules = slices.Compact(rules); !slices.Equal(rules, o.state.Rules) {
		p.miss("#%d at %.7s: findings of %q, the story tells %q", o.pull.Number, o.head, rules, o.state.Rules)
	}
	text := strings.ToLower(all.String())
	for _, name := range o.state.Names {
		if !strings.Contains(text, strings.ToLower(name)) {
			p.miss("#%d at %.7s: no finding names %q, as the story tells", o.pull.Number, o.head, name)
		}
	}
}

// verdict is what one of our check runs should say.
func (s storyState) verdict(check string) string {
	told := map[string]string{
		checks.CheckOwnership: s.Ownership, checks.CheckVerification: s.Verification, checks.CheckReview: s.Review,
	}[check]
	return cmp.Or(told, string(checks.Success))
}

// reportIn reads the report that ends a check run's text.
func reportIn(run sim.CheckRun) (checks.Report, bool) {
	var r checks.Report
	if !readJSON(run, &r) {
		return checks.Report{}, false
	}
	return r, true
}

// readJSON reads the fenced JSON that ends a check run's text, as programs do.
func readJSON(run sim.CheckRun, into any) bool {
	_, rest, ok := strings.Cut(run.Text, "```json\n")
	body, _, closed := strings.Cut(rest, "\n```")
	return ok && closed && json.Unmarshal([]byte(body), into) == nil
}
