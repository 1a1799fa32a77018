package gh

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/go-github/v60/github"

	"github.com/agentplane/agentplane/checks"
)

// Reviews reads the reviews of a pull request, oldest first.
func (r *Repo) Reviews(ctx context.Context, number int) ([]checks.Review, error) {
	var reviews []checks.Review
	err := pages(func(o github.ListOptions) (*github.Response, error) {
		list, resp, err := r.client.PullRequests.ListReviews(ctx, r.owner, r.name, number, &o)
		for _, v := range list {
			reviews = append(reviews, checks.Review{
				ID: v.GetID(), By: checks.Account(toAccount(v.GetUser())), State: v.GetState(), SHA: v.GetCommitID(),
				At: v.GetSubmittedAt().Time, URL: v.GetHTMLURL(),
			})
		}
		return resp, err
	})
	return reviews, plain(fmt.Sprintf("list the reviews of pull request %d", number), err)
}

// Comments reads the conversation of a pull request, oldest first. GitHub shows no mark on an edited comment: its two
// times differ.
func (r *Repo) Comments(ctx context.Context, number int) ([]checks.Comment, error) {
	var comments []checks.Comment
	err := pages(func(o github.ListOptions) (*github.Response, error) {
		list, resp, err := r.client.Issues.ListComments(ctx, r.owner, r.name, number, &github.IssueListCommentsOptions{ListOptions: o})
		for _, c := range list {
			comments = append(comments, checks.Comment{
				ID: c.GetID(), By: checks.Account(toAccount(c.GetUser())), Body: c.GetBody(), At: c.GetCreatedAt().Time,
				Edited: !c.GetUpdatedAt().Equal(c.GetCreatedAt()), URL: c.GetHTMLURL(),
			})
		}
		return resp, err
	})
	return comments, plain(fmt.Sprintf("list the comments of pull request %d", number), err)
}

// Permission reads what an account may do in the repository: admin, write, read or none. GitHub folds maintain into write
// and triage into read (https://docs.github.com/en/rest/collaborators/collaborators#get-repository-permissions-for-a-user).
// The answer must be about the account that is meant: a login may have changed hands.
func (r *Repo) Permission(ctx context.Context, who checks.Account) (string, error) {
	level, _, err := r.client.Repositories.GetPermissionLevel(ctx, r.owner, r.name, who.Login)
	err = plain("read the permission of "+who.Login, err)
	switch {
	case Absent(err):
		return "none", nil
	case err != nil:
		return "", err
	case level.GetUser().GetID() != who.ID:
		return "none", nil
	}
	return level.GetPermission(), nil
}

// TeamError says why a team's members are not known. Trying again does not help.
type TeamError struct{ Team, Why string }

func (e *TeamError) Error() string { return "the team " + e.Team + " cannot be read: " + e.Why }

// Team reads the ids of a team's members, those of its child teams among them. The name is "@org/team". A team that does
// not exist, that is another organization's, or that the App may not read is a *TeamError, never an empty team.
func (r *Repo) Team(ctx context.Context, name string) ([]int64, error) {
	org, slug, ok := strings.Cut(strings.TrimPrefix(name, "@"), "/")
	if !ok || !safeName(org) || !safeName(slug) {
		return nil, &TeamError{name, "it is not written as @organization/team"}
	}
	if !strings.EqualFold(org, r.owner) {
		return nil, &TeamError{name, "it is not of the organization that owns the repository"}
	}
	var ids []int64
	err := pages(func(o github.ListOptions) (*github.Response, error) {
		list, resp, err := r.teams.Teams.ListTeamMembersBySlug(ctx, org, slug, &github.TeamListTeamMembersOptions{ListOptions: o})
		for _, u := range list {
			ids = append(ids, u.GetID())
		}
		return resp, err
	})
	err = plain("list the members of "+name, err)
	var answer *StatusError
	switch {
	case !errors.As(err, &answer):
		return ids, err
	case strings.HasSuffix(answer.Path, "/access_tokens"), answer.Status == http.StatusForbidden:
		return nil, &TeamError{name, "the App was not granted the permission to read members"}
	case answer.Status == http.StatusNotFound:
		return nil, &TeamError{name, "there is no such team, or the App may not see it"}
	}
	return nil, err
}

// RequestReviewer asks a person or a team ("@login", "@org/team") for a review. One who cannot be asked is a *StatusError
// of 422, and so is a team that the App may not read.
func (r *Repo) RequestReviewer(ctx context.Context, number int, name string) error {
	client, request := r.talk, github.ReviewersRequest{}
	org, slug, team := strings.Cut(strings.TrimPrefix(name, "@"), "/")
	if team {
		client, request.TeamReviewers = r.teams, []string{slug}
	} else {
		request.Reviewers = []string{org}
	}
	_, _, err := client.PullRequests.RequestReviewers(ctx, r.owner, r.name, number, request)
	return plain(fmt.Sprintf("ask %s to review pull request %d", name, number), err)
}

// React puts a reaction on a comment. Doing it again changes nothing.
func (r *Repo) React(ctx context.Context, comment int64, content string) error {
	_, _, err := r.talk.Reactions.CreateIssueCommentReaction(ctx, r.owner, r.name, comment, content)
	return plain(fmt.Sprintf("react to comment %d", comment), err)
}

// Label adds a label to a pull request. Doing it again changes nothing.
func (r *Repo) Label(ctx context.Context, number int, label string) error {
	_, _, err := r.talk.Issues.AddLabelsToIssue(ctx, r.owner, r.name, number, []string{label})
	return plain(fmt.Sprintf("label pull request %d", number), err)
}

// Unlabel removes a label from a pull request. One that is not there is no error.
func (r *Repo) Unlabel(ctx context.Context, number int, label string) error {
	_, err := r.talk.Issues.RemoveLabelForIssue(ctx, r.owner, r.name, number, label)
	if err = plain(fmt.Sprintf("take a label from pull request %d", number), err); Absent(err) {
		return nil
	}
	return err
}
