package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/sourcegraph/conc/pool"

	"github.com/agentplane/agentplane/app"
	"github.com/agentplane/agentplane/store"
)

// closeWithin is how long a stop waits for deliveries that are being taken.
const closeWithin = 10 * time.Second

// serve runs the App until ctx ends, which is a stop and no error.
func serve(ctx context.Context, log io.Writer, g *given) error {
	c, err := g.config(ctx, log)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(g.data, 0o700); err != nil {
		return advise(fmt.Errorf("cannot start: make the folder for data: %w", err), "give another --data")
	}
	a, err := app.New(ctx, c)
	if err != nil {
		return couldNotStart(err)
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", g.listen)
	if err != nil {
		return errors.Join(advise(fmt.Errorf("cannot start: %w", err), "give another --listen"), a.Close())
	}
	announce(ctx, c, listener)
	err = runServer(ctx, c.Log, a, listener)
	err = errors.Join(err, a.Close())
	if err != nil {
		return fmt.Errorf("%w: %w", errServing, err)
	}
	c.Log.Info("stopped")
	return nil
}

// couldNotStart adds what to do to the errors of app.New that say only what happened.
func couldNotStart(err error) error {
	next := "see agentplane serve --help"
	var locked *store.LockedError
	if errors.As(err, &locked) {
		next = "stop the other server, or give another --database; several servers need postgres://…"
	}
	return advise(fmt.Errorf("cannot start: %w", err), next)
}

// announce logs where the server listens, and with what.
func announce(ctx context.Context, c app.Config, listener net.Listener) {
	v := readVersions(ctx)
	if v.GitWarning != "" {
		c.Log.Warn("git is old", "warning", v.GitWarning)
	}
	if len(c.WebhookSecret) < 16 {
		c.Log.Warn("the webhook secret is short and could be guessed; use 32 random bytes")
	}
	c.Log.Info("serving",
		"hook", "http://"+listener.Addr().String()+"/api/github/hook", "github", c.GitHubURL, "app", c.AppID,
		"database", withoutPassword(c.Database), "mirrors", c.Mirrors, "version", v.Version, "commit", v.Commit, "git", v.Git)
}

// withoutPassword is a database's address for a log.
func withoutPassword(address string) string {
	if !hasPassword(address) {
		return address
	}
	u, err := url.Parse(address)
	if err != nil {
		return "postgres"
	}
	return "postgres://" + u.Host + u.Path
}

// runServer takes deliveries and works jobs until ctx ends or one of the two fails. Then it takes no further deliveries
// and waits for what is running; what was stored and not worked waits in the database for the next start.
func runServer(ctx context.Context, log *slog.Logger, a *app.App, listener net.Listener) error {
	server := a.Server()
	p := pool.New().WithContext(ctx).WithCancelOnError()
	p.Go(func(context.Context) error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve webhooks: %w", err)
		}
		return nil
	})
	p.Go(a.Run)
	p.Go(func(ctx context.Context) error {
		<-ctx.Done()
		log.Info("stopping: no further deliveries, finishing running jobs; a second signal ends at once")
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeWithin)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			return fmt.Errorf("stop taking deliveries: %w", err)
		}
		return nil
	})
	return p.Wait()
}
