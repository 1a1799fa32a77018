package gh

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"
)

// OwnComment is a comment that the App wrote. People with write access may have edited it since.
type OwnComment struct {
	ID   int64
	Body string
}

// Say writes a comment on a pull request. After an error that is not GitHub's refusal it may be there all the same: look at
// OwnComments before trying again.
func (r *Repo) Say(ctx context.Context, number int, body string) (int64, error) {
	c, _, err := r.talk.Issues.CreateComment(ctx, r.owner, r.name, number, &github.IssueComment{Body: &body})
	return c.GetID(), plain(fmt.Sprintf("comment on pull request %d", number), err)
}

// SayAgain gives a comment another text. One that was deleted is Absent.
func (r *Repo) SayAgain(ctx context.Context, comment int64, body string) error {
	_, _, err := r.talk.Issues.EditComment(ctx, r.owner, r.name, comment, &github.IssueComment{Body: &body})
	return plain(fmt.Sprintf("edit comment %d", comment), err)
}

// written is what is read of a comment to tell who wrote it. go-github v60 does not know the App.
type written struct {
	ID   int64    `json:"id"`
	Body string   `json:"body"`
	User *account `json:"user"`
	Via  *struct {
		ID int64 `json:"id"`
	} `json:"performed_via_github_app"`
}

// OwnComments reads those comments on a pull request that this App wrote in its own name, the newest first.
//
// GitHub names the App behind a comment by its id, for what a person wrote through the App too: only what the App's own
// account wrote counts, which is a Bot. Where GitHub names no App, the account's login decides: "slug[bot]" is an account
// that GitHub makes for the App of that slug, and nobody can register a name with brackets.
func (r *Repo) OwnComments(ctx context.Context, number int) ([]OwnComment, error) {
	doing := fmt.Sprintf("list our comments on pull request %d", number)
	var list []written
	err := pages(func(o github.ListOptions) (*github.Response, error) {
		url := fmt.Sprintf("repos/%s/%s/issues/%d/comments?per_page=%d&page=%d", r.owner, r.name, number, o.PerPage, max(o.Page, 1))
		req, err := r.client.NewRequest(http.MethodGet, url, nil)
		if err != nil {
			return nil, err
		}
		var page []written
		resp, err := r.client.Do(ctx, req, &page)
		list = append(list, page...)
		return resp, err
	})
	if err != nil {
		return nil, plain(doing, err)
	}
	var own []OwnComment
	for _, w := range slices.Backward(list) {
		mine, err := r.app.wrote(ctx, w)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", doing, err)
		}
		if mine {
			own = append(own, OwnComment{ID: w.ID, Body: w.Body})
		}
	}
	return own, nil
}

// wrote tells whether this App wrote a comment in its own name.
func (a *App) wrote(ctx context.Context, w written) (bool, error) {
	switch {
	case w.User == nil || w.User.Type != "Bot":
		return false, nil
	case w.Via != nil:
		return w.Via.ID == a.id, nil
	case !strings.HasSuffix(w.User.Login, "[bot]"):
		return false, nil
	}
	login, err := a.login(ctx)
	return err == nil && strings.EqualFold(w.User.Login, login), err
}

// loginFor is how long the App's name is taken to be what it was.
const loginFor = 5 * time.Minute

// login is the name of the App's own account. An App may be renamed.
func (a *App) login(ctx context.Context) (string, error) {
	a.mu.Lock()
	login, until := a.bot, a.botUntil
	a.mu.Unlock()
	now := a.now()
	if now.Before(until) {
		return login, nil
	}
	slug, err := a.Self(ctx)
	switch {
	case err != nil:
		return "", err
	case slug == "":
		return "", errors.New("GitHub's answer to who the App is does not name it")
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.bot, a.botUntil = slug+"[bot]", now.Add(loginFor)
	return a.bot, nil
}
