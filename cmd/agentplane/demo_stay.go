package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/agentplane/agentplane/sim"
)

// stay keeps the simulated GitHub up and tells what is pushed to the agents' branches, until ctx ends.
func (p *play) stay(ctx context.Context) error {
	o := p.opened[min(1, len(p.opened)-1)]
	address := strings.Replace(p.repo.CloneURL(), "://", "://x:"+o.author.Token+"@", 1)
	p.say(moment{Kind: "stay", Text: fmt.Sprintf("git clone -b %s %s", o.branch, address), Agent: o.agent})
	look := time.NewTicker(200 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-look.C:
		}
		if err := p.follow(ctx); err != nil {
			return err
		}
	}
}

// follow tells what came of pushes to the agents' branches, if there were any.
func (p *play) follow(ctx context.Context) error {
	began, moved := time.Now(), false
	for _, o := range p.opened {
		tip := p.repo.Tip(o.branch)
		if o.agent == offerOf || tip == o.head || tip == "" {
			continue
		}
		if err := p.pushed(o, tip); err != nil {
			return err
		}
		moved = true
	}
	if !moved {
		return nil
	}
	if err := p.settle(ctx); err != nil {
		return err
	}
	p.followLane()
	for _, o := range p.opened {
		p.report(o, time.Since(began))
	}
	return nil
}

// pushed tells of a push to an agent's branch. Where its pull request was merged, the agent opens another one, with the same
// title and notes.
func (p *play) pushed(o *openedPull, tip string) error {
	if o.pull.State() == "open" {
		p.happens("pushed", o, o.author, tip[:7])
		return nil
	}
	pull, err := p.repo.OpenPull(sim.NewPull{
		By: o.author, Title: o.pull.Title(), Body: o.pull.Body(), Head: o.branch, Base: p.lane.branch,
	})
	if err != nil {
		return err
	}
	*o = openedPull{pull: pull, agent: o.agent, branch: o.branch, author: o.author, head: tip}
	p.happens("opened", o, o.author, pull.Title())
	return nil
}
