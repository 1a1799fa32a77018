package app

import (
	"context"
	"errors"
	"time"

	"github.com/agentplane/agentplane/queue"
	"github.com/agentplane/agentplane/store"
)

// tickLoop tells the lanes the time, until ctx ends. A tick that fails is logged; the next one is the retry.
func (a *App) tickLoop(ctx context.Context) error {
	tick := time.NewTicker(a.config.TickEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if err := a.Tick(ctx); err != nil && ctx.Err() == nil {
			a.log.Error("lanes not told the time", "error", err)
		}
	}
}

// Tick tells the time to every lane that waits for something, and has those candidates looked at that CI is not known to
// have begun with: it may have told so before the lane knew the commit.
func (a *App) Tick(ctx context.Context) error {
	ids, err := a.db.LaneIDs(ctx)
	if err != nil {
		return err
	}
	var all []error
	for _, id := range ids {
		l, _, err := a.db.Lane(ctx, id)
		if err == nil && (len(l.Entries) > 0 || l.Rest.Why != "" || l.Restart != nil) {
			if l, err = a.db.Step(ctx, id, queue.Ticked{At: a.config.Now()}); err == nil {
				err = a.wakeUnstarted(ctx, id, l)
			}
		}
		all = append(all, err)
	}
	return errors.Join(all...)
}

// wakeUnstarted has the candidates of a lane looked at on which nothing has started.
func (a *App) wakeUnstarted(ctx context.Context, id store.LaneID, l queue.Lane) error {
	for _, c := range l.Candidates {
		if c.State != queue.Testing || c.Started || l.Now.Sub(c.Since) < a.config.Pace.Settle {
			continue
		}
		known, ok, err := a.db.Repository(ctx, id.Repo)
		if err != nil || !ok {
			return err
		}
		n := testNotice(c.Commit)
		n.Repo, n.Installation, n.FullName = known.ID, known.Installation, known.FullName
		if err := a.db.Notify(ctx, n); err != nil {
			return err
		}
	}
	return nil
}

// carry carries out an effect of a lane. It implements store.EffectHandler: an error is tried again.
func (a *App) carry(ctx context.Context, id store.LaneID, e queue.Effect) (queue.Event, error) {
	start := time.Now()
	kind, outcome, err := a.perform(ctx, id, e)
	a.met.effect(kind, time.Since(start), err)
	if errors.Is(err, errGone) {
		a.log.Warn("effect dropped: the repository is gone", "lane", id.String(), "effect", e.Key(), "error", err)
		return nil, nil
	}
	return outcome, a.gentle(err)
}

// perform does what an effect asks for, and names its kind.
func (a *App) perform(ctx context.Context, id store.LaneID, e queue.Effect) (kind string, outcome queue.Event, err error) {
	l, err := a.openLane(ctx, id)
	if err != nil {
		return "unknown", nil, err
	}
	switch e := e.(type) {
	case queue.Build:
		outcome, err = l.build(ctx, e)
		return "build", outcome, err
	case queue.Land:
		outcome, err = l.land(ctx, e)
		return "land", outcome, err
	case queue.Drop:
		return "drop", nil, l.drop(ctx, e)
	case queue.Offer:
		return "offer", nil, l.offer(ctx)
	case queue.Tell:
		return "tell", nil, l.tell(ctx, e)
	}
	return "unknown", nil, errors.New("an effect that this program does not know")
}

// drop deletes a candidate's branch, if it is there.
func (l *lane) drop(ctx context.Context, e queue.Drop) error {
	ref := l.candidateRef(e.Candidate)
	tips, err := l.tips(ctx, ref)
	if err != nil || tips[ref] == "" {
		return err
	}
	return l.push(ctx, ref, "", tips[ref])
}
