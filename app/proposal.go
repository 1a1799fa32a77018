package app

import (
	"context"
	"errors"
	"slices"

	"github.com/agentplane/agentplane/app/gh"
	"github.com/agentplane/agentplane/checks"
	"github.com/agentplane/agentplane/git"
)

// maxProposalPulls is how many other open pull requests are judged under a proposed contract, lowest number first.
const maxProposalPulls = 50

// proposal reads the contract that the pull request proposes, and what the other open pull requests change, so that they can
// be judged under both. The proposed contract decides nothing.
func (r *reader) proposal(ctx context.Context, _ checks.Needs) error {
	p, err := r.tree().proposal(ctx)
	if err != nil {
		return err
	}
	r.facts.Proposal = p
	if r.contract == nil { // nothing to compare it with
		return nil
	}
	open, err := r.openPulls(ctx)
	if err != nil {
		return err
	}
	others := slices.DeleteFunc(slices.Clone(open), func(o gh.Pull) bool { return o.Number == r.pull.Number })
	slices.SortFunc(others, func(x, y gh.Pull) int { return x.Number - y.Number })
	p.Missing = max(0, len(others)-maxProposalPulls)
	for _, other := range others[:min(len(others), maxProposalPulls)] {
		facts, ok, err := r.factsOf(ctx, other)
		if err != nil {
			return err
		}
		if !ok {
			p.Missing++
			continue
		}
		p.Pulls = append(p.Pulls, facts)
	}
	return nil
}

// openPulls lists the open pull requests, once for one judgement.
func (r *reader) openPulls(ctx context.Context) ([]gh.Pull, error) {
	if r.open == nil {
		open, err := r.site.OpenPulls(ctx)
		if err != nil {
			return nil, err
		}
		r.open = open
	}
	return r.open, nil
}

// factsOf reads of another pull request what ownership is judged by; false when it cannot be had.
func (r *reader) factsOf(ctx context.Context, other gh.Pull) (checks.Facts, bool, error) {
	commits, refused, err := fetch(ctx, r.mirror, other)
	if errors.Is(err, errUnsettled) || refused != nil {
		return checks.Facts{}, false, nil
	}
	var remote *git.RemoteError
	if err != nil && !errors.As(err, &remote) {
		return checks.Facts{}, false, err
	}
	if err != nil {
		return checks.Facts{}, false, nil
	}
	facts := basicFacts(other, commits)
	facts.Contract = r.facts.Contract
	facts.SiblingsKnown = true
	if facts.Touched, err = readTouched(ctx, r.mirror.WithPaths(r.contract.Limits.Paths), commits); err != nil {
		return checks.Facts{}, false, err
	}
	if other.Head.Repo != r.site.id {
		return facts, true, nil
	}
	push, known, err := r.db.Pusher(ctx, r.site.id, headRef(other), other.Head.SHA)
	if known && push.UserID == other.Author.ID {
		facts.Pusher = checks.Account(other.Author)
	} else if known {
		facts.Pusher = checks.Account{ID: push.UserID, Login: push.Login}
	}
	return facts, true, err
}
