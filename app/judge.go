package app

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/agentplane/agentplane/app/gh"
	"github.com/agentplane/agentplane/checks"
	"github.com/agentplane/agentplane/store"
)

// judge looks at one pull request and puts its verdict on its head commit.
//
// Check runs belong to a commit, not to a pull request. When several open pull requests have the same head, the one with
// the lowest number speaks for all of them, and the worse verdict stands: the others wake it and leave. So two jobs never
// write the check runs of one commit.
func (a *App) judge(ctx context.Context, s site, number int, notices []store.Notice) error {
	reading, err := a.db.NextReading(ctx)
	if err != nil {
		return err
	}
	pull, err := s.Pull(ctx, number)
	if err != nil {
		return gone(err)
	}
	if !pull.Open {
		return errors.Join(a.closed(ctx, s, number), a.leave(ctx, s, pull, reading), a.answerClosed(ctx, s, pull, heard(notices, number)))
	}
	if s, err = a.now(s, pull.FullName); err != nil {
		return err
	}
	moved, err := a.db.PutPull(ctx, known(s, pull))
	if err != nil {
		return err
	}
	if moved != "" && moved != pull.Head.SHA {
		if err := a.wakeAt(ctx, s, number, moved); err != nil {
			return err
		}
	}
	group, err := a.group(ctx, s, pull)
	if err != nil {
		return err
	}
	if leader := group[0].Number; leader != number {
		return a.wakeOne(ctx, s, leader, "same head as another pull request")
	}
	return a.judgeGroup(ctx, s, group, occasion{reading, notices})
}

// occasion is what brought a judgement about.
type occasion struct {
	reading int64 // taken before anything was read
	notices []store.Notice
}

// judgeGroup judges pull requests that have the same head, and puts the worst verdict there.
func (a *App) judgeGroup(ctx context.Context, s site, group []gh.Pull, on occasion) error {
	followUps := make([]*followUp, 0, len(group))
	reports := make([]checks.Report, 0, len(group))
	for _, p := range group {
		if err := a.seen(ctx, s, p); err != nil {
			return err
		}
		j, err := a.judged(ctx, s, p, news{same: others(group, p), heard: heard(on.notices, p.Number)})
		if err != nil {
			return fmt.Errorf("judge pull request %d: %w", p.Number, err)
		}
		o := &followUp{App: a, site: s, pull: p, report: j.Report, read: j.read, reading: on.reading}
		if err := o.remember(ctx); err != nil {
			return err
		}
		followUps, reports = append(followUps, o), append(reports, j.Report)
	}
	a.met.verdict(reports)
	p := &publisher{App: a, site: s, key: store.Key{Repo: s.id, PR: group[0].Number}, again: slices.ContainsFunc(on.notices, isAgain)}
	if err := p.publish(ctx, checks.Combine(reports...)); err != nil {
		return err
	}
	for _, o := range followUps {
		if err := o.feed(ctx); err != nil {
			return fmt.Errorf("bring pull request %d to the lane: %w", o.pull.Number, err)
		}
		if err := o.act(ctx); err != nil {
			return fmt.Errorf("follow up on pull request %d: %w", o.pull.Number, err)
		}
	}
	return nil
}

// seen records that the branch of a pull request is judged at its head, since when that was pushed as far as it is known.
func (a *App) seen(ctx context.Context, s site, pull gh.Pull) error {
	push, known, err := a.db.Pusher(ctx, s.id, headRef(pull), pull.Head.SHA)
	if err != nil {
		return err
	}
	at := a.config.Now()
	if known && push.At.Before(at) {
		at = push.At
	}
	return a.db.PutHead(ctx, s.id, headRef(pull), pull.Head.SHA, at)
}

// known is what the store keeps of an open pull request.
func known(s site, pull gh.Pull) store.Pull {
	p := store.Pull{Repo: s.id, Number: pull.Number, SHA: pull.Head.SHA, Base: pull.Base.Name}
	if pull.Head.Repo == s.id {
		p.Head = pull.Head.Name
	}
	return p
}

// closed forgets a pull request and wakes those that shared its head: their combined verdict may be another now.
func (a *App) closed(ctx context.Context, s site, number int) error {
	changed, err := a.db.PutSurroundings(ctx, store.Key{Repo: s.id, PR: number}, "")
	if err != nil {
		return err
	}
	if changed { // what it did to interfaces is off the table
		numbers, err := a.db.Pulls(ctx, s.id)
		if err != nil {
			return err
		}
		for _, other := range numbers {
			if err := a.wakeOne(ctx, s, other, "a neighbor was closed"); err != nil {
				return err
			}
		}
	}
	sha, err := a.db.ForgetPull(ctx, s.id, number)
	if err != nil || sha == "" {
		return err
	}
	return a.wakeAt(ctx, s, number, sha)
}

// group reads the open pull requests whose head is the same commit, lowest number first, pull among them.
func (a *App) group(ctx context.Context, s site, pull gh.Pull) ([]gh.Pull, error) {
	believed, err := a.db.PullsAt(ctx, s.id, pull.Head.SHA)
	if err != nil {
		return nil, err
	}
	group := []gh.Pull{pull}
	for _, number := range believed {
		if number == pull.Number {
			continue
		}
		other, err := s.Pull(ctx, number)
		if err != nil {
			return nil, err
		}
		if other.Open && other.Head.SHA == pull.Head.SHA {
			group = append(group, other)
		}
	}
	slices.SortFunc(group, func(x, y gh.Pull) int { return x.Number - y.Number })
	return group, nil
}

// news is what the job knows of one pull request besides what GitHub tells.
type news struct {
	same  []gh.Pull      // the other open pull requests with the same head
	heard map[int64]bool // comments whose own delivery brought this judgement about
	at    *Commits       // where a candidate would land it; nil: on its base as it is
}

// heard lists the comments on a pull request that notices tell of.
func heard(notices []store.Notice, number int) map[int64]bool {
	comments := map[int64]bool{}
	for _, n := range notices {
		if n.PR == number && n.Comment != 0 {
			comments[n.Comment] = true
		}
	}
	return comments
}

func others(group []gh.Pull, p gh.Pull) []gh.Pull {
	return slices.DeleteFunc(slices.Clone(group), func(o gh.Pull) bool { return o.Number == p.Number })
}

// wakeAt wakes the pull requests last seen at sha, except one.
func (a *App) wakeAt(ctx context.Context, s site, except int, sha string) error {
	numbers, err := a.db.PullsAt(ctx, s.id, sha)
	if err != nil {
		return err
	}
	for _, number := range numbers {
		if number == except {
			continue
		}
		if err := a.wakeOne(ctx, s, number, "a pull request with the same head changed"); err != nil {
			return err
		}
	}
	return nil
}

func (a *App) wakeOne(ctx context.Context, s site, number int, reason string) error {
	return a.db.Notify(ctx, store.Notice{
		Installation: s.installation, Repo: s.id, FullName: s.fullName, PR: number, Reason: reason,
	})
}
