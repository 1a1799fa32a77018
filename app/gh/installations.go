package gh

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bradleyfalzon/ghinstallation/v2"
	"github.com/google/go-github/v60/github"
)

const (
	pageSize = 100 // the most GitHub gives a page
	maxPages = 100 // a list longer than this is cut off with an error, never silently
)

// Repository names a repository that an installation reaches.
type Repository struct {
	Installation, ID        int64
	FullName, DefaultBranch string
	Archived                bool
}

// Installation is one account's installation of the App. While it is suspended GitHub issues no tokens for it.
type Installation struct {
	ID        int64
	Suspended bool
}

// Installations lists the App's installations.
func (a *App) Installations(ctx context.Context) ([]Installation, error) {
	var all []Installation
	err := pages(func(o github.ListOptions) (*github.Response, error) {
		list, resp, err := a.self.Apps.ListInstallations(ctx, &o)
		for _, i := range list {
			all = append(all, Installation{ID: i.GetID(), Suspended: i.SuspendedAt != nil})
		}
		return resp, err
	})
	return all, plain("list the App's installations", err)
}

// Repositories lists what one installation reaches.
func (a *App) Repositories(ctx context.Context, installation int64) ([]Repository, error) {
	client, err := a.client(newTokens(func() *ghinstallation.AppsTransport { return a.jwt(installation) }, installation, 0, accessList))
	if err != nil {
		return nil, err
	}
	var repos []Repository
	err = pages(func(o github.ListOptions) (*github.Response, error) {
		list, resp, err := client.Apps.ListRepos(ctx, &o)
		if err != nil {
			return resp, err
		}
		for _, r := range list.Repositories {
			repos = append(repos, Repository{
				Installation: installation, ID: r.GetID(), FullName: r.GetFullName(),
				DefaultBranch: r.GetDefaultBranch(), Archived: r.GetArchived(),
			})
		}
		return resp, nil
	})
	return repos, plain(fmt.Sprintf("list installation %d's repositories", installation), err)
}

// HookDelivery is one attempt of GitHub's to deliver a webhook. Attempts of one delivery share their GUID.
type HookDelivery struct {
	ID   int64
	GUID string
	At   time.Time
	OK   bool
}

// Deliveries lists the attempts since a moment, newest first.
func (a *App) Deliveries(ctx context.Context, since time.Time) ([]HookDelivery, error) {
	var all []HookDelivery
	cursor := ""
	for range maxPages {
		list, resp, err := a.self.Apps.ListHookDeliveries(ctx, &github.ListCursorOptions{PerPage: pageSize, Cursor: cursor})
		if err != nil {
			return nil, plain("list webhook deliveries", err)
		}
		for _, d := range list {
			if d.GetDeliveredAt().Before(since) {
				return all, nil
			}
			code := d.GetStatusCode()
			all = append(all, HookDelivery{ID: d.GetID(), GUID: d.GetGUID(), At: d.GetDeliveredAt().Time, OK: code >= 200 && code < 300})
		}
		if cursor = resp.Cursor; cursor == "" {
			return all, nil
		}
	}
	return nil, fmt.Errorf("list webhook deliveries: more than %d since %s", maxPages*pageSize, since.UTC().Format(time.RFC3339))
}

// Redeliver asks GitHub to deliver again. GitHub answers 202, which go-github returns as an error.
func (a *App) Redeliver(ctx context.Context, delivery int64) error {
	_, _, err := a.self.Apps.RedeliverHookDelivery(ctx, delivery)
	var accepted *github.AcceptedError
	if errors.As(err, &accepted) {
		return nil
	}
	return plain("ask for a redelivery", err)
}

// pages calls get for one page after the other until there is none.
func pages(get func(github.ListOptions) (*github.Response, error)) error {
	o := github.ListOptions{PerPage: pageSize}
	for range maxPages {
		resp, err := get(o)
		if err != nil {
			return err
		}
		if resp.NextPage == 0 {
			return nil
		}
		o.Page = resp.NextPage
	}
	return fmt.Errorf("the list has more than %d pages of %d", maxPages, pageSize)
}
