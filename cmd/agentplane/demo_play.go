package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/agentplane/agentplane/sim"
)

// play is the story being played: it acts on the stage, and tells what came of it.
type play struct {
	*stage
	tell    teller
	started time.Time
	misses  []string // where the story went another way than told
	opened  []*openedPull
	lane    watchedLane
}

// run plays the whole story. An error means that it could not be played; misses tell where it went another way.
func (p *play) run(ctx context.Context, s *story) error {
	p.say(moment{Kind: "start", Text: p.hub.URL(), Repository: s.Repository})
	if err := p.settle(ctx); err != nil {
		return err
	}
	p.lane = watchedLane{branch: s.Integration, target: s.Default, tip: p.repo.Tip(s.Integration)}
	for i, step := range s.Steps {
		if err := p.step(ctx, s, step); err != nil {
			return fmt.Errorf("play step %d of the story, on %s's pull request: %w", i+1, step.whose(), err)
		}
	}
	if unknown := p.hub.Unknown(); len(unknown) > 0 {
		p.miss("the App asked for what GitHub does not have: %s", strings.Join(unknown, ", "))
	}
	p.say(moment{Kind: "end", Text: strings.Join(p.misses, "\n"), Requests: len(p.hub.APIRequests(0))})
	return nil
}

// step plays one step, tells what it changed, and holds every pull request against the story.
func (p *play) step(ctx context.Context, s *story, step storyStep) error {
	if step.Act != "" {
		p.say(moment{Kind: "act", Text: step.Act})
	}
	began := time.Now()
	if err := p.act(s, step); err != nil {
		return err
	}
	if err := p.settle(ctx); err != nil {
		return err
	}
	p.followLane()
	for _, o := range p.opened {
		p.report(o, time.Since(began))
		if state, changed := step.Then[o.agent]; changed {
			o.state = state
		}
		p.expect(o)
	}
	for agent := range step.Then {
		if p.find(agent) == nil {
			p.miss("%s has no pull request, the story tells how it stands", agent)
		}
	}
	if step.Landed != nil {
		p.lane.landed = step.Landed
	}
	p.expectLane()
	return nil
}

// act does what a step says.
func (p *play) act(s *story, step storyStep) error {
	var told storyPull
	if len(step.Enter) == 0 && step.Pull != offerOf {
		var err error
		if told, err = s.find(step.Pull); err != nil {
			return err
		}
	}
	login := cmp.Or(step.By, told.Author)
	by := p.cast[login]
	if by == nil {
		return fmt.Errorf("nobody of the story is called %q", login)
	}
	if step.Enter != nil {
		return p.enter(by, step.Enter)
	}
	if step.Commit != nil {
		return p.commit(s, told, *step.Commit)
	}
	return p.actOn(p.find(step.Pull), by, step)
}

// actOn does what a step says to an open pull request.
func (p *play) actOn(o *openedPull, by *sim.User, step storyStep) error {
	switch {
	case o == nil:
		return fmt.Errorf("it is not open yet")
	case step.Notes != "":
		return p.rewrite(o, by, step.Notes)
	case step.Comment != "":
		text := o.fill(step.Comment)
		p.happens("commented", o, by, text)
		o.pull.Comment(by, text)
		return nil
	case step.Approve:
		p.happens("approved", o, by, "")
		_, err := o.pull.Review(by, sim.Approved, "")
		return err
	case step.CI != "":
		return p.steer(o, by, step.CI)
	case step.Merge:
		return p.merge(o, by)
	}
	return fmt.Errorf("nothing happens in it")
}

// commit pushes to an agent's branch, and opens its pull request the first time.
func (p *play) commit(s *story, told storyPull, c storyCommit) error {
	files, executable, err := storyFiles(c.Files)
	if err != nil {
		return err
	}
	if c.Held {
		p.ci.Hold()
	}
	by := p.cast[told.Author]
	sha, err := p.repo.Commit(sim.Commit{
		By: by, Branch: told.Branch, From: s.Integration, Message: c.Message, Files: files, Executable: executable,
	})
	if err != nil {
		return err
	}
	if o := p.find(told.Agent); o != nil {
		p.happens("pushed", o, by, c.Message)
		return nil
	}
	pull, err := p.repo.OpenPull(sim.NewPull{
		By: by, Title: told.Title, Body: fill(told.Notes, sha), Head: told.Branch, Base: s.Integration,
	})
	if err != nil {
		return err
	}
	o := &openedPull{pull: pull, agent: told.Agent, branch: told.Branch, author: by, head: sha}
	p.opened = append(p.opened, o)
	p.happens("opened", o, by, told.Title)
	return nil
}

// rewrite puts new notes into a pull request's description.
func (p *play) rewrite(o *openedPull, by *sim.User, notes string) error {
	p.happens("edited", o, by, "")
	body := o.fill(notes)
	return o.pull.Edit(by, sim.PullEdit{Body: &body})
}

// steer cancels CI's runs on a pull request's head, or has them run again. What was held is let go.
func (p *play) steer(o *openedPull, by *sim.User, how string) error {
	do := p.repo.CancelRun
	switch how {
	case "rerun":
		do = p.repo.Rerun
	case "cancel":
	default:
		return fmt.Errorf("CI cannot %q: take cancel or rerun", how)
	}
	p.happens(how, o, by, "")
	for _, run := range p.repo.WorkflowRuns(o.pull.Head()) {
		if err := do(by, run.ID); err != nil {
			return err
		}
	}
	p.ci.Release()
	return nil
}

// happens tells what somebody does to a pull request.
func (p *play) happens(kind string, o *openedPull, by *sim.User, text string) {
	p.say(moment{
		Kind: kind, Actor: by.Login, Agent: o.agent, Branch: o.branch, PR: o.pull.Number, SHA: o.pull.Head(), Text: text,
	})
}

func (p *play) miss(format string, args ...any) {
	p.misses = append(p.misses, fmt.Sprintf(format, args...))
}

func (p *play) say(m moment) {
	m.At = time.Since(p.started)
	p.tell.tell(m)
}

// find is an agent's open pull request, or nil.
func (p *play) find(agent string) *openedPull {
	i := slices.IndexFunc(p.opened, func(o *openedPull) bool { return o.agent == agent })
	if i < 0 {
		return nil
	}
	return p.opened[i]
}
