package app

import (
	"context"
	"errors"
	"fmt"

	"github.com/agentplane/agentplane/app/gh"
	"github.com/agentplane/agentplane/checks"
	"github.com/agentplane/agentplane/git"
	"github.com/agentplane/agentplane/ownership"
	"github.com/agentplane/agentplane/queue"
	"github.com/agentplane/agentplane/store"
)

// judgement is a report, with what it was made from.
type judgement struct {
	checks.Report
	read *reader
}

// judged reads the facts of one open pull request and has them judged. n is what its job
// knows besides.
func (a *App) judged(ctx context.Context, s site, pull gh.Pull, n news) (judgement, error) {
	mirror := a.mirrors.Repo(s.id, git.Remote{URL: s.CloneURL(), Token: s.GitToken})
	commits, refused, err := fetch(ctx, mirror, pull)
	var remote *git.RemoteError
	if errors.As(err, &remote) && remote.Kind == git.Auth { // revoked, or expired by GitHub's clock before ours
		s.RenewGitToken()
		commits, refused, err = fetch(ctx, mirror, pull)
	}
	if err != nil {
		return judgement{}, err
	}
	if n.at != nil && refused == nil {
		commits.Base, commits.Landing = n.at.Base, n.at.Landing
	}
	var contract *ownership.Contract
	var facts checks.Facts
	if refused != nil {
		facts.Contract = checks.ContractState{Kind: checks.ContractUnknown}
		facts.Touched = refused
	} else if contract, facts, err = ReadTree(ctx, mirror, commits); err != nil {
		return judgement{}, err
	}
	read := facts
	facts = basicFacts(pull, commits)
	facts.Contract, facts.Touched, facts.ReadAt = read.Contract, read.Touched, a.config.Now()
	if facts.Offered, err = a.offered(ctx, s, pull, contract, commits.Base); err != nil {
		return judgement{}, err
	}
	if facts.Stacked, err = a.stack(ctx, s, pull, contract); err != nil {
		return judgement{}, err
	}
	facts.Siblings, facts.SiblingsKnown = siblings(pull, n.same), true
	if facts.Pusher, err = a.pusher(ctx, s, pull, contract); err != nil {
		return judgement{}, err
	}
	r := &reader{
		App: a, site: s, mirror: mirror, pull: pull, commits: commits, contract: contract, heard: n.heard, trial: n.at != nil, facts: facts,
	}
	if err := r.gather(ctx); err != nil {
		return judgement{}, err
	}
	return judgement{checks.Evaluate(contract, r.facts), r}, nil
}

// offered is what the lane landed on the branch that a pull request offers to a base. It is nil for every other pull request.
func (a *App) offered(ctx context.Context, s site, pull gh.Pull, c *ownership.Contract, base string) (*checks.Offered, error) {
	if c == nil || pull.Head.Repo != s.id || pull.Head.Name != c.Integration.Branch {
		return nil, nil
	}
	id := store.LaneID{Repo: s.id, Branch: c.Integration.Branch}
	now, known, err := a.db.Lane(ctx, id)
	if err != nil || !known || now.Tip == "" {
		return nil, err
	}
	if moving(now) && now.Tip != pull.Head.SHA {
		return nil, fmt.Errorf("%w: the integration branch is being moved", errUnsettled)
	}
	o := &checks.Offered{Tip: now.Tip}
	for _, m := range now.Merged {
		if m.Number != queue.TargetNumber {
			o.Changes++
		}
	}
	o.Began, err = a.laneAt(s, id).unjudged(ctx, now, base)
	return o, err
}

// stack finds the open pull request that another one is stacked on. One that goes to the integration branch, or to where
// that is offered, is on none.
func (a *App) stack(ctx context.Context, s site, pull gh.Pull, c *ownership.Contract) (*checks.Stack, error) {
	if c == nil || c.Integration.Branch == "" {
		return nil, nil
	}
	if base := pull.Base.Name; base == c.Integration.Branch || base == target(c, pull.Default) || base == pull.Default {
		return nil, nil
	}
	open, err := s.OpenPulls(ctx)
	if err != nil {
		return nil, err
	}
	on := stackedOn(pull, open, c.Integration.Branch)
	if on == nil {
		return nil, nil
	}
	return &checks.Stack{PR: on.Number, Branch: on.Head.Name}, nil
}

// basicFacts are what the API told of a pull request.
func basicFacts(pull gh.Pull, commits Commits) checks.Facts {
	return checks.Facts{
		Repo: pull.FullName, PR: pull.Number, Default: pull.Default,
		Base:  checks.Ref{Repo: pull.Base.Repo, Name: pull.Base.Name, SHA: commits.Base},
		Head:  checks.Ref{Repo: pull.Head.Repo, Name: pull.Head.Name, SHA: pull.Head.SHA},
		Draft: pull.Draft, Author: checks.Account(pull.Author), Body: pull.Body, BodyKnown: true, Labels: pull.Labels,
	}
}

// fetch brings the default branch, the base and the head into the mirror. The head must be the commit that the API named:
// otherwise one of the two answers is stale. What git refuses because of the pull request's own objects is a fact.
func fetch(ctx context.Context, mirror *git.Repo, pull gh.Pull) (Commits, *checks.Touched, error) {
	head := fmt.Sprintf("refs/pull/%d/head", pull.Number)
	def, base := "refs/heads/"+pull.Default, "refs/heads/"+pull.Base.Name
	got, err := mirror.Fetch(ctx, git.Ref{Remote: def}, git.Ref{Remote: base}, git.Ref{Remote: head})
	var missing *git.MissingRefError
	if errors.As(err, &missing) {
		return Commits{}, nil, fmt.Errorf("%w: %w", errUnsettled, err)
	}
	if err != nil {
		refused, err := refusal(err)
		return Commits{}, refused, err
	}
	if got[head] != pull.Head.SHA {
		return Commits{}, nil, fmt.Errorf("%w: the API has the head at %s, git at %s", errUnsettled, pull.Head.SHA, got[head])
	}
	return Commits{Default: got[def], Base: got[base], Head: got[head]}, nil, nil
}

// siblings are the other open pull requests of the same branch. They always share its head.
func siblings(pull gh.Pull, same []gh.Pull) []checks.Sibling {
	var list []checks.Sibling
	for _, o := range same {
		if o.Head.Repo == pull.Head.Repo && o.Head.Name == pull.Head.Name {
			list = append(list, checks.Sibling{PR: o.Number, Base: o.Base.Name})
		}
	}
	return list
}

// pusher tells who pushed the head, from the signed deliveries that were stored; GitHub's API does not tell. A login that
// changed hands since is not handed on: the id decides then.
//
// The login is looked up only where the contract asks for accounts and the pusher is not the author, whose login the API
// has just told.
func (a *App) pusher(ctx context.Context, s site, pull gh.Pull, contract *ownership.Contract) (checks.Account, error) {
	if pull.Head.Repo != s.id || contract == nil {
		return checks.Account{}, nil
	}
	if agent, _ := contract.ForBranch(pull.Head.Name); agent == nil || len(agent.Accounts) == 0 {
		return checks.Account{}, nil
	}
	push, known, err := a.db.Pusher(ctx, s.id, "refs/heads/"+pull.Head.Name, pull.Head.SHA)
	if err != nil || !known {
		return checks.Account{}, err
	}
	if push.UserID == pull.Author.ID {
		return checks.Account(pull.Author), nil
	}
	now, err := s.Account(ctx, push.Login)
	switch {
	case err != nil && !gh.Absent(err):
		return checks.Account{}, err
	case err != nil || now.ID != push.UserID:
		return checks.Account{ID: push.UserID}, nil
	}
	return checks.Account(now), nil
}
