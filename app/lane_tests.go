package app

import (
	"context"
	"slices"
	"strings"

	"github.com/agentplane/agentplane/app/gh"
	"github.com/agentplane/agentplane/checks"
	"github.com/agentplane/agentplane/queue"
	"github.com/agentplane/agentplane/store"
)

// readTests reads what CI says about every candidate that is being tested, and tells the lane.
func (l *lane) readTests(ctx context.Context, now sight) error {
	if now.contract == nil {
		return nil
	}
	for _, c := range now.lane.Candidates {
		if c.Commit == "" || c.State != queue.Testing && c.State != queue.Passed {
			continue
		}
		seen, err := l.integrated(ctx, now, tested{commit: c.Commit, tree: c.Tree, branch: c.ID, since: c})
		if err != nil {
			return err
		}
		if err := l.tellTests(ctx, now, c, seen); err != nil {
			return err
		}
	}
	return nil
}

// tested is a commit whose evidence is read.
type tested struct {
	commit, tree, branch string
	since                queue.Candidate
}

// integrated judges the integration column of the matrix on one commit: only what was observed on that very commit counts.
func (l *lane) integrated(ctx context.Context, now sight, t tested) ([]checks.Integration, error) {
	if err := l.have(ctx, t); err != nil {
		return nil, err
	}
	r := &reader{
		App: l.App, site: l.site, mirror: l.mirror, contract: now.contract, commits: Commits{Head: t.commit},
		pull: gh.Pull{
			Base: gh.Ref{Repo: l.site.id, Name: l.id.Branch},
			Head: gh.Ref{Repo: l.site.id, Name: t.branch, SHA: t.commit},
		},
	}
	r.facts = checks.Facts{
		Repo: l.site.fullName, Base: checks.Ref(r.pull.Base), Head: checks.Ref(r.pull.Head), HeadTree: t.tree,
		HeadSince: t.since.Since, ReadAt: l.config.Now(),
	}
	err := r.evidence(ctx, columnNeeds(now))
	if err := l.granted(store.Key{Repo: l.site.id}, err); err != nil {
		return nil, err
	}
	return checks.Integrated(now.contract, r.facts), nil
}

// have makes sure that the mirror has a candidate's commit: it may have been built by another process, or the mirror is new.
func (l *lane) have(ctx context.Context, t tested) error {
	has, err := l.mirror.Has(ctx, t.commit)
	if err != nil || has[t.commit] {
		return err
	}
	if _, err = l.fetch(ctx, l.candidateRef(t.branch), l.ref()); err != nil {
		return err
	}
	return nil
}

// columnNeeds is what the integration column's evidence is read from.
func columnNeeds(now sight) checks.Needs {
	needs := checks.Needs{}
	for _, q := range now.contract.Requirements {
		if !slices.Contains(now.policy.Required, q.Name) {
			continue
		}
		switch e := q.Evidence; {
		case e.Workflow != "" && !slices.Contains(needs.Runs, e.Workflow):
			needs.Runs = append(needs.Runs, e.Workflow)
		case e.Check != "":
			needs.CheckRuns = true
		case e.Status != "":
			needs.Statuses = true
		}
	}
	return needs
}

// tellTests tells the lane what was observed. What is not known, or has only not begun, is not told: the lane's own clock
// ends what takes too long.
func (l *lane) tellTests(ctx context.Context, now sight, c queue.Candidate, seen []checks.Integration) error {
	for _, s := range seen {
		e := queue.Tested{Candidate: c.ID, Commit: c.Commit, Requirement: s.Requirement, Detail: strings.TrimSpace(s.Detail + " " + s.URL)}
		switch {
		case s.State == checks.RowShown:
			e.Outcome = queue.Pass
		case s.State == checks.RowFailed, s.State == checks.RowMissing:
			e.Outcome = queue.Fail // it was cancelled or skipped, or nothing could ever be its evidence
			if err := l.blameBase(ctx, now, c, &e); err != nil {
				return err
			}
		case s.Started:
			e.Outcome = queue.Started
		default:
			continue
		}
		if after, effects := queue.Step(now.lane, e); len(effects) == 0 && sameTests(after, now.lane, c.ID) {
			continue // the lane knows
		}
		var err error
		if now.lane, err = l.db.Step(ctx, l.id, e); err != nil {
			return err
		}
	}
	return nil
}

// sameTests tells whether a candidate's tests stand the same in two lanes.
func sameTests(a, b queue.Lane, id string) bool {
	x, in := candidateOf(a, id)
	y, was := candidateOf(b, id)
	return in == was && x.State == y.State && x.Started == y.Started && slices.Equal(x.Passed, y.Passed)
}

// blameBase finds out whether the commit that a candidate is built on fails by itself. What landed was tested; the commit
// that the lane started from was not.
func (l *lane) blameBase(ctx context.Context, now sight, c queue.Candidate, e *queue.Tested) error {
	if c.Onto != now.lane.Start {
		return nil
	}
	trees, err := l.mirror.Trees(ctx, c.Onto)
	if err != nil {
		return err
	}
	seen, err := l.integrated(ctx, now, tested{commit: c.Onto, tree: trees[c.Onto], branch: l.id.Branch})
	if err != nil {
		return err
	}
	for _, s := range seen {
		if s.Requirement == e.Requirement && s.State == checks.RowFailed {
			e.Outcome, e.Detail = queue.BaseFails, s.Detail
		}
	}
	return nil
}
