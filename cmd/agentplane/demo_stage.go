package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/sourcegraph/conc/pool"

	"github.com/agentplane/agentplane"
	"github.com/agentplane/agentplane/app"
	"github.com/agentplane/agentplane/sim"
)

// stage is what the demo plays on: a simulated GitHub and the App, both in this process, talking over loopback.
type stage struct {
	dir    string
	hub    *sim.GitHub
	app    *app.App
	server *http.Server
	repo   *sim.Repo
	ci     *sim.CI
	cast   map[string]*sim.User // agents' accounts and people, by login
	stop   context.CancelFunc
	work   *pool.ContextPool // the App and its server
}

// newStage starts both and registers the App from its manifest. listen is the simulated GitHub's address.
func newStage(ctx context.Context, listen string, told *story) (*stage, error) {
	dir, err := os.MkdirTemp("", "agentplane-demo-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for the demo: %w", err)
	}
	s := &stage{dir: dir, cast: map[string]*sim.User{}}
	if err := s.start(ctx, listen, told); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *stage) start(ctx context.Context, listen string, told *story) (err error) {
	if s.hub, err = sim.Start(sim.Options{Addr: listen}); err != nil {
		return advise(err, "give another --listen, or none")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen for webhooks: %w", err)
	}
	secret := rand.Text()
	registered, err := s.hub.RegisterApp(agentplane.Manifest, "http://"+listener.Addr().String()+"/api/github/hook", secret)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	s.app, err = app.New(ctx, app.Config{
		GitHubURL: s.hub.URL(), AppID: registered.ID, PrivateKey: registered.PrivateKeyPEM, WebhookSecret: secret,
		Database: filepath.Join(s.dir, "agentplane.db"), Mirrors: filepath.Join(s.dir, "mirrors"), Unlimited: true,
		Log:  slog.New(slog.NewTextHandler(io.Discard, nil)),
		Pace: app.Pace{Retry: 50 * time.Millisecond, Settle: 100 * time.Millisecond},
	})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	ctx, s.stop = context.WithCancel(ctx)
	s.server = s.app.Server()
	s.work = pool.New().WithContext(ctx).WithCancelOnError()
	s.work.Go(func(context.Context) error {
		if err := s.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve webhooks: %w", err)
		}
		return nil
	})
	s.work.Go(s.app.Run)
	return s.install(registered, told)
}

// install makes the account that owns the blog, with its people and agents, and installs the App there, and a CI that runs
// the blog's own commands.
func (s *stage) install(registered *sim.App, told *story) (err error) {
	owner, name, _ := strings.Cut(told.Repository, "/")
	org := s.hub.Org(owner)
	files, _, err := storyFiles(told.Files)
	if err != nil {
		return err
	}
	if s.repo, err = s.hub.Repo(owner, name, files); err != nil {
		return err
	}
	if err := s.repo.Push(nil, told.Integration, s.repo.Tip(told.Default), false); err != nil {
		return err
	}
	if err := s.invite(org, told); err != nil {
		return err
	}
	if _, err := registered.Install(owner, name); err != nil {
		return err
	}
	if s.ci, err = s.hub.StartCI(sim.CIOptions{}); err != nil {
		return err
	}
	_, err = s.ci.App.Install(owner, name)
	return err
}

// invite gives the story's agents and teams the right to write.
func (s *stage) invite(org *sim.User, told *story) error {
	for _, p := range told.Pulls {
		s.cast[p.Author] = s.hub.Bot(p.Author)
		if err := s.repo.Collaborate(s.cast[p.Author], "write"); err != nil {
			return err
		}
	}
	for _, slug := range slices.Sorted(maps.Keys(told.Teams)) {
		team := org.Team(slug)
		for _, login := range told.Teams[slug] {
			s.cast[login] = s.hub.User(login)
			if err := team.Add(s.cast[login], "member"); err != nil {
				return err
			}
		}
		if err := s.repo.CollaborateTeam(team, "write"); err != nil {
			return err
		}
	}
	return nil
}

// settle returns when every delivery was made and every job it caused is done.
func (s *stage) settle(ctx context.Context) error {
	for {
		before := s.hub.Mark()
		if err := errors.Join(s.hub.Drain(ctx), s.app.Drain(ctx), s.hub.Drain(ctx)); err != nil {
			return fmt.Errorf("wait for the App: %w", err)
		}
		if s.hub.Mark() == before {
			return nil
		}
	}
}

// close stops everything and removes what the demo wrote.
func (s *stage) close() error {
	var all []error
	if s.server != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		all = append(all, s.server.Shutdown(ctx))
	}
	if s.stop != nil {
		s.stop()
		all = append(all, s.work.Wait())
	}
	if s.app != nil {
		all = append(all, s.app.Close())
	}
	if s.hub != nil {
		all = append(all, s.hub.Close())
	}
	return errors.Join(append(all, os.RemoveAll(s.dir))...)
}
