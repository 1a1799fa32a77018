// Package app is the GitHub App. A delivery becomes notices, a notice wakes a job, the job reads the facts fresh, has them
// judged, and puts the verdict on the head commit:
//
//	inbox    a signed delivery, stored with its jobs before GitHub gets its 2xx
//	work     a job for one pull request, or for a whole repository, which wakes its pull requests
//	facts    the contract and the changed paths from git, the rest from the API and the store
//	publish  check runs, created or updated only when they changed
//	sweep    everything open looked at again, at start and every few minutes; failed deliveries asked for again
//
// Judging itself is checks.Evaluate, which does no I/O. What cannot be read is retried and never passes.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"time"

	"github.com/sourcegraph/conc/pool"

	"github.com/agentplane/agentplane/app/gh"
	"github.com/agentplane/agentplane/git"
	"github.com/agentplane/agentplane/store"
)

// App is one running GitHub App. Its methods are safe for concurrent use.
type App struct {
	config  Config
	log     *slog.Logger
	gh      *gh.App
	db      *store.DB
	mirrors *git.Mirrors
	met     *metrics
	health  health

	standing *standings
	marks    *marks
	doubts   *doubts[store.LaneID] // about where integration branches are
	sent     *doubts[store.LaneID] // about landings that may have been sent
	absent   *doubts[store.Key]    // about pull requests that are to land again
}

// New opens the database and the mirrors. It refuses a configuration that could not work, naming everything that is
// wrong with it, a git that is too old, and a database that another process holds. It does not talk to GitHub.
func New(ctx context.Context, c Config) (*App, error) {
	if err := c.problems(); err != nil {
		return nil, err
	}
	c = c.withDefaults()
	if err := git.CheckSigningKey(ctx, c.SigningKey); err != nil {
		return nil, err
	}
	met := newMetrics()
	hub, err := gh.New(c.gitHub(met))
	if err != nil {
		return nil, err
	}
	if c.Mirrors, err = filepath.Abs(c.Mirrors); err != nil {
		return nil, fmt.Errorf("find the folder for mirrors: %w", err)
	}
	mirrors, err := git.Open(ctx, c.git())
	if err != nil {
		return nil, fmt.Errorf("open the mirrors in %s: %w", c.Mirrors, err)
	}
	db, err := store.Open(ctx, c.Database, c.store())
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	a := &App{
		config: c, log: c.Log, gh: hub, db: db, mirrors: mirrors, met: met,
		standing: newStandings(c.Now), marks: newMarks(),
		doubts: newDoubts[store.LaneID](c.Now), sent: newDoubts[store.LaneID](c.Now), absent: newDoubts[store.Key](c.Now),
	}
	met.watch(db)
	return a, nil
}

// Run works jobs and sweeps until ctx ends, then waits for what is running, at most Config.StopWithin.
func (a *App) Run(ctx context.Context) error {
	p := pool.New().WithContext(ctx).WithCancelOnError()
	p.Go(func(ctx context.Context) error {
		return a.db.Run(ctx, store.Handlers{Notices: a.work, Effects: a.carry})
	})
	p.Go(a.sweepLoop)
	p.Go(a.tickLoop)
	if err := p.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// Close closes the database. Call it after Run has returned.
func (a *App) Close() error { return a.db.Close() }

// Drain returns when no job is waiting or running, those that wait for another attempt included.
func (a *App) Drain(ctx context.Context) error { return a.db.Drain(ctx) }

// Handler serves the webhook endpoint and the operator's endpoints.
func (a *App) Handler() http.Handler {
	in := &inbox{db: a.db, forget: a.forget, log: a.log, now: a.config.Now, met: a.met}
	mux := http.NewServeMux()
	mux.Handle("/api/github/hook", in.handler(a.config.WebhookSecret))
	mux.HandleFunc("GET /healthz", a.alive)
	mux.HandleFunc("GET /readyz", a.ready)
	mux.Handle("GET /metrics", a.met.handler())
	return mux
}

// Server wraps Handler with the limits that keep slow and endless requests from holding it.
func (a *App) Server() *http.Server {
	return &http.Server{
		Handler:           a.Handler(),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       20 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(a.log.Handler(), slog.LevelWarn),
	}
}
