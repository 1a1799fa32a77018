package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/agentplane/agentplane/app/gh"
	"github.com/agentplane/agentplane/git"
	"github.com/agentplane/agentplane/store"
)

// redeliverWithin is how far back failed deliveries are asked for again: GitHub keeps them for three days
// (https://docs.github.com/en/webhooks/testing-and-troubleshooting-webhooks/redelivering-webhooks).
const redeliverWithin = 3 * 24 * time.Hour

// maxRedeliveries bounds how often one delivery is asked for again. What it would have said, the sweep has seen by then.
const maxRedeliveries = 3

// sweepLoop sweeps at once, and then every Config.SweepEvery until ctx ends. A sweep that fails is logged; the next one
// is the retry.
func (a *App) sweepLoop(ctx context.Context) error {
	tick := time.NewTicker(a.config.SweepEvery)
	defer tick.Stop()
	for {
		if err := a.Sweep(ctx); err != nil && ctx.Err() == nil {
			a.log.Error("sweep incomplete", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Sweep looks at everything again: it notices every repository of every installation, forgets repositories that no
// installation reaches, and asks GitHub for the deliveries that failed. With an empty database it rebuilds everything but
// history. It goes on past what fails, and returns all failures.
func (a *App) Sweep(ctx context.Context) error {
	start := time.Now()
	err := errors.Join(a.redeliver(ctx), a.sweepInstallations(ctx)) // first what was missed: see missedMark
	a.met.sweep(time.Since(start), err)
	a.health.swept(a.config.Now(), err)
	return err
}

// sweepInstallations forgets only what a complete list does not hold: a list that failed, or a suspended installation,
// says nothing about what is gone.
func (a *App) sweepInstallations(ctx context.Context) error {
	installations, err := a.gh.Installations(ctx)
	if err != nil {
		return err
	}
	reached, unsure := map[int64]bool{}, map[int64]bool{}
	var all []error
	for _, i := range installations {
		if i.Suspended {
			unsure[i.ID] = true
			continue
		}
		repos, err := a.gh.Repositories(ctx, i.ID)
		unsure[i.ID] = err != nil
		all = append(all, err, a.noticeAll(ctx, repos))
		for _, r := range repos {
			reached[r.ID] = true
		}
	}
	return errors.Join(append(all, a.forgetUnreached(ctx, reached, unsure))...)
}

// noticeAll wakes repositories. An archived one takes no check runs.
func (a *App) noticeAll(ctx context.Context, repos []gh.Repository) error {
	var notices []store.Notice
	for _, r := range repos {
		if r.Archived {
			continue
		}
		known := store.Repository{ID: r.ID, Installation: r.Installation, FullName: r.FullName, DefaultBranch: r.DefaultBranch}
		if err := a.db.PutRepository(ctx, known); err != nil {
			return err
		}
		notices = append(notices, store.Notice{Installation: r.Installation, Repo: r.ID, FullName: r.FullName, Reason: "sweep"})
	}
	return a.db.Notify(ctx, notices...)
}

func (a *App) forgetUnreached(ctx context.Context, reached, unsure map[int64]bool) error {
	known, err := a.db.Repositories(ctx)
	if err != nil {
		return err
	}
	var all []error
	for _, r := range known {
		if !reached[r.ID] && !unsure[r.Installation] {
			all = append(all, a.forget(ctx, r.ID))
		}
	}
	return errors.Join(all...)
}

// forget removes everything kept of a repository that the App no longer reaches, its code first: what fails is tried again
// by the next sweep as long as the database knows it.
func (a *App) forget(ctx context.Context, repo int64) error {
	if err := a.mirrors.Repo(repo, git.Remote{}).Delete(ctx); err != nil {
		return err
	}
	return a.db.ForgetRepository(ctx, repo)
}

// redeliver asks for every delivery of the last days of which no attempt succeeded. The attempts of one delivery share a
// GUID, as in GitHub's own script
// (https://docs.github.com/en/webhooks/using-webhooks/automatically-redelivering-failed-deliveries-for-a-github-app-webhook).
func (a *App) redeliver(ctx context.Context) error {
	attempts, err := a.gh.Deliveries(ctx, a.config.Now().Add(-redeliverWithin))
	if err != nil {
		return err
	}
	tries, done := map[string]int{}, map[string]bool{}
	newest := map[string]int64{}
	var missed time.Time
	for _, d := range attempts {
		if !d.OK && d.At.After(missed) {
			missed = d.At
		}
		tries[d.GUID]++
		done[d.GUID] = done[d.GUID] || d.OK
		newest[d.GUID] = max(newest[d.GUID], d.ID)
	}
	if !missed.IsZero() {
		if err := a.db.SetWatermark(ctx, missedMark, missed); err != nil {
			return err
		}
	}
	var all []error
	for guid, id := range newest {
		if done[guid] || tries[guid] > maxRedeliveries {
			continue
		}
		if err := a.gh.Redeliver(ctx, id); err != nil {
			all = append(all, fmt.Errorf("delivery %s: %w", guid, err))
		}
	}
	return errors.Join(all...)
}
