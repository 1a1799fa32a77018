package checks

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/agentplane/agentplane/ownership"
)

// Effects are what a proposed contract would change.
type Effects struct {
	Pulls   []PullEffect  `json:"pulls"`             // open pull requests whose ownership verdict would be another one
	Same    int           `json:"same"`              // open pull requests whose verdict stays
	Missing int           `json:"missing,omitempty"` // open pull requests that were not looked at
	Unread  bool          `json:"unread,omitempty"`  // in a clone: no other pull request was looked at
	Owners  []OwnerEffect `json:"owners"`            // agents that would own other paths of the tree
}

// PullEffect is one open pull request's verdict on ownership under the contract in force and under the proposed one.
type PullEffect struct {
	PR    int     `json:"pr"`
	Old   Verdict `json:"old"`
	New   Verdict `json:"new"`
	Title string  `json:"title"` // under the proposed one
}

// OwnerEffect counts the paths of the tree that an agent would come to own, and to own no more.
type OwnerEffect struct {
	Agent  string `json:"agent"`
	Gained int    `json:"gained"`
	Lost   int    `json:"lost"`
}

// mostProposalPulls is how many open pull requests are judged under a proposed contract.
const mostProposalPulls = 100

// proposed judges the contract that the pull request proposes. It decides nothing else: that takes its being merged.
func (j *judge) proposed() {
	touched, p := j.facts.Touched, j.facts.Proposal
	if touched == nil || touched.Refused != nil || !changesContract(touched.Changes) {
		return
	}
	if p == nil {
		j.unreadProposal()
		return
	}
	for _, problem := range p.Problems {
		j.proposalProblem(problem)
	}
	for _, w := range p.Warnings {
		f := Finding{Level: Notice, Verdict: Success, Line: w.Line, Message: "The proposed contract: " + code(w.Msg)}
		if w.Fix != "" {
			f.Fix = code(w.Fix)
		}
		j.addProposed(f)
	}
	switch {
	case p.Contract != nil && j.contract != nil:
		j.effects = j.effectsOf(p)
	case p.Contract == nil && p.State.Kind == ContractMissing:
		j.addProposed(Finding{Level: Warning, Verdict: Success, Message: "The pull request takes the contract away; without one nothing passes"})
	case p.Contract == nil && len(p.Problems) == 0:
		j.addProposed(Finding{Verdict: Failure, Who: j.writer(), Message: stateFault("The proposed contract", p.State), Fix: "Make it a valid contract, in a regular file of mode 100644."})
	}
}

func (j *judge) addProposed(f Finding) {
	f.Rule, f.Path, f.Contract = RuleContractProposed, ownership.FileName, "built-in"
	j.add(f)
}

func (j *judge) unreadProposal() {
	switch {
	case j.facts.Local:
		j.addProposed(Finding{Level: Notice, Verdict: Success, Message: "The proposed contract is looked at by the App, and by " + code("agentplane lint")})
	case j.contract != nil:
		j.addProposed(Finding{Message: "The proposed contract was not read", Fix: lookAtLog})
	}
}

func (j *judge) proposalProblem(p *ownership.SyntaxError) {
	f := Finding{Verdict: Failure, Who: j.writer(), Message: "The proposed contract does not parse", Fix: "Mend it; " + code("agentplane lint") + " shows every problem."}
	if p != nil {
		f.Line = p.Line
		f.Message += fmt.Sprintf(": %s, column %d", code(p.Msg), p.Col)
		if p.Text != "" {
			f.Message += ", at " + code(p.Text)
		}
		if p.Fix != "" {
			f.Fix = "Mend it: " + code(p.Fix)
		}
	}
	j.addProposed(f)
}

// effectsOf compares the two contracts on the open pull requests and on the tree.
func (j *judge) effectsOf(p *Proposal) *Effects {
	e := &Effects{Missing: p.Missing, Pulls: []PullEffect{}, Unread: j.facts.Local}
	pulls := slices.SortedStableFunc(slices.Values(p.Pulls), func(a, b Facts) int {
		return cmp.Or(cmp.Compare(a.PR, b.PR), cmp.Compare(a.Head.SHA, b.Head.SHA))
	})
	for i, f := range pulls {
		if i == mostProposalPulls {
			e.Missing += len(pulls) - i
			break
		}
		f.CI, f.Conversation, f.Surroundings, f.Proposal = nil, nil, nil, nil
		old, now := Evaluate(j.contract, f).check(CheckOwnership), Evaluate(p.Contract, f).check(CheckOwnership)
		if old.Verdict == now.Verdict {
			e.Same++
			continue
		}
		e.Pulls = append(e.Pulls, PullEffect{PR: f.PR, Old: old.Verdict, New: now.Verdict, Title: now.Title})
	}
	e.Owners = ownerEffects(j.contract, p.Contract, j.facts.Touched.Landed)
	return e
}

// ownerEffects counts, per agent, the paths that only one of the contracts gives it.
func ownerEffects(old, now *ownership.Contract, paths []string) []OwnerEffect {
	before, after := old.Ruler(), now.Ruler()
	counts := map[string]*OwnerEffect{}
	of := func(agent string) *OwnerEffect {
		if counts[agent] == nil {
			counts[agent] = &OwnerEffect{Agent: agent}
		}
		return counts[agent]
	}
	for _, path := range paths {
		was, is := before.Rule(nil, path).Owners, after.Rule(nil, path).Owners
		for _, agent := range was {
			if !slices.Contains(is, agent) {
				of(agent).Lost++
			}
		}
		for _, agent := range is {
			if !slices.Contains(was, agent) {
				of(agent).Gained++
			}
		}
	}
	out := make([]OwnerEffect, 0, len(counts))
	for _, c := range counts {
		out = append(out, *c)
	}
	slices.SortFunc(out, func(a, b OwnerEffect) int { return cmp.Compare(a.Agent, b.Agent) })
	return out
}

// mostEffects is how many rows a table of effects has in a document, and in its JSON.
const mostEffects = 30

// shortened leaves out what a document has no room for. What is left out is counted as missing.
func (e *Effects) shortened() *Effects {
	if e == nil {
		return nil
	}
	short := *e
	if more := len(e.Pulls) - mostEffects; more > 0 {
		short.Pulls, short.Missing = e.Pulls[:mostEffects], e.Missing+more
	}
	short.Owners = e.Owners[:min(len(e.Owners), mostEffects)]
	return &short
}

// others says what becomes of the open pull requests that are not listed.
func (e *Effects) others() string {
	if e.Unread {
		return "Other open pull requests were not looked at"
	}
	text := count(e.Same, "open pull request") + " would keep the same verdict"
	if more := e.Missing + max(0, len(e.Pulls)-mostEffects); more > 0 {
		text += fmt.Sprintf("; %s not shown", thousands(more))
	}
	return text
}

// text shows the effects on a terminal.
func (e *Effects) text() string {
	if e == nil {
		return ""
	}
	var b strings.Builder
	b.WriteString("\nWhat the proposed contract would change:\n")
	for _, p := range e.Pulls[:min(len(e.Pulls), mostEffects)] {
		fmt.Fprintf(&b, "  pull request %d: %s now, %s as proposed (%s)\n", p.PR, p.Old, p.New, visible(p.Title))
	}
	for _, o := range e.Owners[:min(len(e.Owners), mostEffects)] {
		fmt.Fprintf(&b, "  %s: %s gained, %s lost\n", visible(o.Agent), count(o.Gained, "path"), count(o.Lost, "path"))
	}
	if more := len(e.Owners) - mostEffects; more > 0 {
		fmt.Fprintf(&b, "  and %s\n", count(more, "more agent"))
	}
	if len(e.Owners) == 0 {
		b.WriteString("  No path of the tree gets another owner.\n")
	}
	b.WriteString("  " + e.others() + ".\n")
	return b.String()
}

// markdown shows the effects as tables.
func (e *Effects) markdown() string {
	if e == nil {
		return ""
	}
	var b strings.Builder
	b.WriteString("\nWhat the proposed contract would change:\n\n")
	if len(e.Pulls) > 0 {
		b.WriteString("| pull request | ownership now | as proposed | |\n|---|---|---|---|\n")
		for _, p := range e.Pulls[:min(len(e.Pulls), mostEffects)] {
			fmt.Fprintf(&b, "| %d | `%s` | `%s` | %s |\n", p.PR, p.Old, p.New, strings.ReplaceAll(code(p.Title), "|", "¦"))
		}
		b.WriteString("\n")
	}
	b.WriteString(e.others() + ".\n\n")
	if len(e.Owners) == 0 {
		b.WriteString("No path of the tree gets another owner.\n")
		return b.String()
	}
	b.WriteString("| agent | paths gained | paths lost |\n|---|---|---|\n")
	for _, o := range e.Owners[:min(len(e.Owners), mostEffects)] {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", code(o.Agent), thousands(o.Gained), thousands(o.Lost))
	}
	if more := len(e.Owners) - mostEffects; more > 0 {
		fmt.Fprintf(&b, "\nand %s\n", count(more, "more agent"))
	}
	return b.String()
}
