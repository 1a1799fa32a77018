package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/agentplane/agentplane/checks"
	"github.com/agentplane/agentplane/sim"
)

// watchedLane is what was seen of the integration branch.
type watchedLane struct {
	branch, target string
	tip            string   // where the integration branch was when it was last told
	heard          int      // how many of GitHub's events were told
	landed         []string // as the story has it now: see storyStep.Landed
}

// lanePlace is how a pull request stands in the lane, as the check run agentplane/integration says it to programs.
type lanePlace struct {
	Stage  string      `json:"stage"`
	Hold   *laneWhy    `json:"hold,omitempty"`
	Stop   *laneWhy    `json:"stop,omitempty"`
	Batch  []int       `json:"batch,omitempty"`
	Commit string      `json:"commit,omitempty"`
	Reason *laneReason `json:"reason,omitempty"`
	Next   string      `json:"next,omitempty"`
}

// laneWhy is why a pull request, or the whole lane, does not move.
type laneWhy struct {
	Kind string `json:"kind"`
	By   string `json:"by,omitempty"`
	Why  string `json:"why"`
}

// laneReason is why a pull request left the lane.
type laneReason struct {
	Kind        string `json:"kind"`
	Requirement string `json:"requirement,omitempty"`
	Detail      string `json:"detail,omitempty"`
	With        []int  `json:"with,omitempty"`
	Batch       []int  `json:"batch,omitempty"`
}

// placeIn reads the place in the lane that ends a check run's text, or nil.
func placeIn(run sim.CheckRun) *lanePlace {
	var at lanePlace
	if !readJSON(run, &at) {
		return nil
	}
	return &at
}

// enter has a person enter pull requests into the lane, each at its head, one right after the other.
func (p *play) enter(by *sim.User, agents []string) error {
	for _, agent := range agents {
		o := p.find(agent)
		if o == nil {
			return fmt.Errorf("%s has no open pull request to enter", agent)
		}
		text := o.fill("/integrate {head}")
		p.happens("commented", o, by, text)
		o.pull.Comment(by, text)
	}
	return nil
}

// merge has a person merge a pull request at its head, by a merge commit.
func (p *play) merge(o *openedPull, by *sim.User) error {
	sha, err := o.pull.Merge(by, sim.Merge{Method: "merge", SHA: o.pull.Head()})
	if err != nil {
		return err
	}
	p.say(moment{Kind: "merged", Actor: by.Login, Agent: o.agent, Branch: o.pull.Base(), PR: o.pull.Number, SHA: sha})
	return nil
}

// followLane tells what the lane did since it was told last: what it had tested, the smallest first, what landed, and what
// is offered. Candidates are tested side by side: the order in which their tests end says nothing.
func (p *play) followLane() {
	events := p.hub.Events()
	fresh := events[p.lane.heard:]
	p.lane.heard = len(events)
	var tested []moment
	for _, e := range fresh {
		if e.Kind == "run" && strings.HasPrefix(e.Ref, candidateBranch) && strings.HasPrefix(e.Text, "completed") {
			tested = append(tested, p.tested(e))
		}
	}
	slices.SortStableFunc(tested, func(a, b moment) int { return slices.Compare(a.Pulls, b.Pulls) })
	for _, m := range tested {
		p.say(m)
	}
	for _, e := range fresh {
		if e.Kind == "push" && e.Ref == p.lane.branch && e.SHA != p.lane.tip {
			p.moved(e.SHA)
		}
	}
	p.offered()
}

// candidateBranch begins the names of the App's candidates' branches.
const candidateBranch = "agentplane/candidate/"

// tested is what CI said of a candidate: of its target's contents with all changes that the candidate holds.
func (p *play) tested(e sim.Event) moment {
	m := moment{Kind: "tested", SHA: e.SHA, Branch: e.Ref, Verdict: string(checks.Success)}
	for _, run := range p.repo.WorkflowRuns(e.SHA) {
		for _, job := range run.Jobs {
			if job.Conclusion != string(checks.Success) {
				m.Verdict, m.Check = job.Conclusion, job.Name
			}
		}
	}
	for _, c := range p.repo.History(e.SHA, p.repo.Tip(p.lane.target)) {
		if number := landedBy(c); number > 0 {
			m.Pulls = append(m.Pulls, number)
		}
	}
	return m
}

// moved tells what the integration branch's new commits are: changes that landed, or a new start from the target.
func (p *play) moved(sha string) {
	changes := 0
	for _, c := range p.repo.History(sha, p.lane.tip) {
		if number := landedBy(c); number > 0 {
			changes++
			p.say(moment{Kind: "landed", PR: number, Agent: p.agentOf(number), SHA: c.SHA, Branch: p.lane.branch})
		}
	}
	if p.lane.tip = sha; changes == 0 {
		p.say(moment{Kind: "restarted", SHA: sha, Branch: p.lane.branch, Text: p.lane.target})
	}
}

// landedBy reads from the App's commit which pull request it brings; 0: it is no such commit.
func landedBy(c sim.Logged) int {
	_, rest, _ := strings.Cut(c.Message, "\nAgentplane-Pull: ")
	number, _, _ := strings.Cut(rest, "\n")
	n, err := strconv.Atoi(number)
	if err != nil {
		return 0
	}
	return n
}

// agentOf is whose pull request has a number, "" when it is none of the story's.
func (p *play) agentOf(number int) string {
	for _, o := range p.opened {
		if o.pull.Number == number {
			return o.agent
		}
	}
	return ""
}

// offered finds the pull request that the App opened from the integration branch, and tells what it offers when that is new.
func (p *play) offered() {
	o := p.find(offerOf)
	for n := 1; o == nil; n++ {
		pull := p.repo.Pull(n)
		if pull == nil {
			return
		}
		if pull.Branch() == p.lane.branch {
			o = &openedPull{pull: pull, agent: offerOf, branch: p.lane.branch}
			p.opened = append(p.opened, o)
		}
	}
	title := o.pull.Title()
	if title == o.title || o.pull.State() != "open" {
		return
	}
	o.title = title
	p.say(moment{
		Kind: "offered", PR: o.pull.Number, Agent: offerOf, SHA: o.pull.Head(), Branch: o.branch, Text: title,
		URL: o.pull.URL(), Offered: offeredIn(o.pull.Body()),
	})
}

// offeredIn reads from an offer's description what landed, each change as one line without Markdown.
func offeredIn(body string) []string {
	_, rest, _ := strings.Cut(body, "\n## What landed\n\n")
	rest, _, _ = strings.Cut(rest, "\n## ")
	var all []string
	for line := range strings.Lines(strings.ReplaceAll(rest, "`", "")) {
		line = strings.TrimSpace(line)
		switch item, begins := strings.CutPrefix(line, "- "); {
		case begins:
			all = append(all, item)
		case line != "" && len(all) > 0:
			all[len(all)-1] += ". " + line
		}
	}
	return all
}

// placed holds where a pull request is in the lane, and whether it is merged, against the story.
func (p *play) placed(o *openedPull) {
	run, there := p.repo.CheckRun(o.head, checks.CheckIntegration)
	got := ""
	if there {
		got = verdictOf(run)
	}
	if want := o.state.Integration; got != want {
		p.miss("#%d at %.7s: %s is %q (%s), the story tells %q", o.pull.Number, o.head, checks.CheckIntegration, got, run.Title, want)
	}
	for _, text := range o.state.Says {
		if !strings.Contains(run.Title+run.Summary, text) {
			p.miss("#%d at %.7s: %s does not say %q, as the story tells: %s", o.pull.Number, o.head, checks.CheckIntegration, text, run.Summary)
		}
	}
	want := "open"
	if o.state.Merged {
		want = "merged"
	}
	if got := o.pull.State(); got != want {
		p.miss("#%d is %s, the story tells %s", o.pull.Number, got, want)
	}
}

// expectLane holds the integration branch against the story: what it has and its target lacks, in order; that its tip was
// tested as that very commit; and that both are at one commit where nothing waits to be merged.
func (p *play) expectLane() {
	tip, target := p.repo.Tip(p.lane.branch), p.repo.Tip(p.lane.target)
	var landed []string
	for _, c := range p.repo.History(tip, target) {
		landed = append(landed, p.agentOf(landedBy(c)))
	}
	if !slices.Equal(landed, p.lane.landed) {
		p.miss("%s holds %q, the story tells %q", p.lane.branch, landed, p.lane.landed)
	}
	switch {
	case len(landed) == 0 && tip != target:
		p.miss("%s is at %.7s and %s at %.7s, and nothing is between them", p.lane.branch, tip, p.lane.target, target)
	case len(landed) > 0 && !p.passed(tip):
		p.miss("%s is at %.7s, which CI did not pass as a candidate", p.lane.branch, tip)
	}
}

// passed tells whether CI ran on a commit as a candidate, and passed.
func (p *play) passed(sha string) bool {
	return slices.ContainsFunc(p.repo.WorkflowRuns(sha), func(r sim.WorkflowRun) bool {
		return strings.HasPrefix(r.Branch, candidateBranch) && r.Conclusion == string(checks.Success)
	})
}
