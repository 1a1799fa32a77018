package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/agentplane/agentplane/checks"
	"github.com/agentplane/agentplane/sim"
)

// play is the story being played: it acts on the stage, and tells what came of it.
type play struct {
	*stage
	tell    teller
	started time.Time
	misses  []string // where the story went another way than told
	opened  []openedPull
}

// openedPull is a pull request of the story, with the head that was told last.
type openedPull struct {
	pull   *sim.Pull
	author string
	head   string
}

// run plays the whole story. An error means that it could not be played; misses tell where it ended differently.
func (p *play) run(ctx context.Context, s *story) error {
	p.say(moment{Kind: "start", Text: p.hub.URL(), Repository: s.Repository})
	if err := p.settle(ctx); err != nil {
		return err
	}
	for _, pull := range s.Pulls {
		if err := p.pull(ctx, s, pull); err != nil {
			return fmt.Errorf("play %s's pull request: %w", pull.Agent, err)
		}
	}
	if unknown := p.hub.Unknown(); len(unknown) > 0 {
		p.miss("the App asked for what GitHub does not have: %s", strings.Join(unknown, ", "))
	}
	p.say(moment{Kind: "end", Text: strings.Join(p.misses, "\n"), Requests: len(p.hub.APIRequests(0))})
	return nil
}

// pull plays one agent's pull request, from the first commit to the last answer.
func (p *play) pull(ctx context.Context, s *story, told storyPull) error {
	bot := p.bots[told.Author]
	var opened *sim.Pull
	for i, c := range told.Commits {
		files, executable, err := storyFiles(c.Files)
		if err != nil {
			return err
		}
		pushed := time.Now()
		sha, err := p.repo.Commit(sim.Commit{
			By: bot, Branch: told.Branch, From: s.Integration, Message: c.Message, Files: files, Executable: executable,
		})
		if err != nil {
			return err
		}
		m := moment{Kind: "pushed", Actor: told.Author, Branch: told.Branch, SHA: sha, Text: c.Message, Agent: told.Agent}
		if i == 0 {
			opened, err = p.repo.OpenPull(sim.NewPull{
				By: bot, Title: told.Title, Body: told.Body, Head: told.Branch, Base: s.Integration,
			})
			if err != nil {
				return err
			}
			m.Kind, m.Text = "opened", told.Title
		}
		m.PR = opened.Number
		p.say(m)
		if err := p.settle(ctx); err != nil {
			return err
		}
		p.verdicts(sha, opened.Number, time.Since(pushed))
		p.expect(sha, opened.Number, c)
	}
	p.opened = append(p.opened, openedPull{pull: opened, author: told.Author, head: opened.Head()})
	return nil
}

// verdicts tells what the check runs on a commit say.
func (p *play) verdicts(sha string, number int, took time.Duration) {
	runs := p.repo.CheckRuns(sha)
	slices.SortStableFunc(runs, func(x, y sim.CheckRun) int { return rank(x) - rank(y) })
	for _, run := range runs {
		m := moment{Kind: "check", PR: number, SHA: sha, Check: run.Name, Verdict: run.Conclusion, Text: run.Title, App: run.App, Took: took}
		if r, ok := reportIn(run); ok {
			m.Findings = r.Of(run.Name)
		}
		p.say(m)
	}
}

// rank puts the CI's check runs before ours.
func rank(r sim.CheckRun) int {
	if strings.HasPrefix(r.Name, "agentplane/") {
		return 1
	}
	return 0
}

// expect holds the check run on ownership against the story. The paths are read from the report inside the check run, as
// an agent reads them.
func (p *play) expect(sha string, number int, c storyCommit) {
	run, ok := p.repo.CheckRun(sha, checks.CheckOwnership)
	if !ok || run.Status != "completed" || run.Conclusion != c.Ownership {
		p.miss("#%d at %.7s: %s is %q, the story tells %q", number, sha, checks.CheckOwnership, run.Conclusion, c.Ownership)
		return
	}
	report, ok := reportIn(run)
	if !ok {
		p.miss("#%d at %.7s: the check run holds no report", number, sha)
	}
	var outside []string
	for _, f := range report.Of(checks.CheckOwnership) {
		if f.Verdict != checks.Success {
			outside = append(outside, f.Path)
		}
	}
	if slices.Sort(outside); !slices.Equal(outside, c.Outside) {
		p.miss("#%d at %.7s: the findings name %q, the story tells %q", number, sha, outside, c.Outside)
	}
}

func (p *play) miss(format string, args ...any) {
	p.misses = append(p.misses, fmt.Sprintf(format, args...))
}

func (p *play) say(m moment) {
	m.At = time.Since(p.started)
	p.tell.tell(m)
}

// stay keeps the simulated GitHub up and tells what is pushed to its pull requests, until ctx ends.
func (p *play) stay(ctx context.Context, s *story) error {
	second := s.Pulls[min(1, len(s.Pulls)-1)]
	address := strings.Replace(p.repo.CloneURL(), "://", "://x:"+p.bots[second.Author].Token+"@", 1)
	p.say(moment{Kind: "stay", Text: fmt.Sprintf("git clone -b %s %s", second.Branch, address), Agent: second.Agent})
	look := time.NewTicker(200 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-look.C:
		}
		for i := range p.opened {
			if err := p.follow(ctx, &p.opened[i]); err != nil {
				return err
			}
		}
	}
}

// follow tells what came of a push to a pull request, if there was one.
func (p *play) follow(ctx context.Context, o *openedPull) error {
	head := o.pull.Head()
	if head == o.head {
		return nil
	}
	o.head = head
	pushed := time.Now()
	p.say(moment{Kind: "pushed", Actor: o.author, PR: o.pull.Number, SHA: head, Text: head[:7]})
	if err := p.settle(ctx); err != nil {
		return err
	}
	p.verdicts(head, o.pull.Number, time.Since(pushed))
	return nil
}

// reportIn reads the report that ends a check run's text, as fenced JSON.
func reportIn(run sim.CheckRun) (checks.Report, bool) {
	_, rest, ok := strings.Cut(run.Text, "```json\n")
	body, _, closed := strings.Cut(rest, "\n```")
	var r checks.Report
	if !ok || !closed || json.Unmarshal([]byte(body), &r) != nil {
		return checks.Report{}, false
	}
	return r, true
}
