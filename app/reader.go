package app

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/agentplane/agentplane/app/gh"
	"github.com/agentplane/agentplane/checks"
	"github.com/agentplane/agentplane/git"
	"github.com/agentplane/agentplane/ownership"
	"github.com/agentplane/agentplane/store"
)

// reader gathers the facts of one pull request that git alone does not tell. It asks only for what the judgement needs, and
// fills in nothing that it could not read: an error is retried, and what is missing does not pass.
type reader struct {
	*App
	site     site
	mirror   *git.Repo
	pull     gh.Pull
	commits  Commits
	contract *ownership.Contract
	heads    []store.Head   // of the branch, newest first
	heard    map[int64]bool // comments whose own delivery brought this judgement about
	pushed   time.Time      // when the head was last pushed, as far as a delivery told
	open     []gh.Pull      // see openPulls
	entered  *int64         // the comment that entered the present head by our check run there; nil: not asked
	trial    bool           // what would land on a candidate is judged: nobody is told
	facts    checks.Facts
}

// gather reads what checks.NeedsOf asks for.
func (r *reader) gather(ctx context.Context) error {
	if r.contract != nil {
		if err := r.past(ctx); err != nil { // first: what failed before says what else is needed
			return fmt.Errorf("read the past of the branch: %w", err)
		}
	}
	needs := checks.NeedsOf(r.contract, r.facts)
	steps := []struct {
		doing  string
		wanted bool
		read   func(context.Context, checks.Needs) error
	}{
		{"read what CI reported", len(needs.Runs) > 0 || needs.CheckRuns || needs.Statuses, r.evidence},
		{"read the neighbors", needs.Surroundings, r.surroundings},
		{"read the proposed contract", needs.Proposal, r.proposal},
	}
	for _, s := range steps {
		if !s.wanted {
			continue
		}
		if err := r.granted(store.Key{Repo: r.site.id, PR: r.pull.Number}, s.read(ctx, needs)); err != nil {
			return fmt.Errorf("%s: %w", s.doing, err)
		}
	}
	if r.contract == nil {
		return nil
	}
	needs = checks.NeedsOf(r.contract, r.facts) // whether anybody has to be heard may depend on the neighbors
	if !needs.Conversation && r.pull.Comments == 0 {
		return nil
	}
	if err := r.conversation(ctx, needs); err != nil {
		return fmt.Errorf("read the conversation: %w", err)
	}
	return nil
}

// past reads what the store remembers of the branch.
func (r *reader) past(ctx context.Context) error {
	heads, failures, err := r.db.Past(ctx, r.site.id, headRef(r.pull))
	if err != nil {
		return err
	}
	r.heads = heads
	push, _, err := r.db.Pusher(ctx, r.site.id, headRef(r.pull), r.pull.Head.SHA)
	if err != nil {
		return err
	}
	r.pushed = push.At
	past := &checks.Past{}
	for _, h := range slices.Backward(heads) {
		past.Heads = append(past.Heads, h.SHA)
		if h.SHA == r.pull.Head.SHA {
			r.facts.HeadSince = h.LastAt
		}
	}
	for _, f := range failures {
		past.Failures = append(past.Failures, checks.PastFailure{
			Requirement: f.Requirement, Signature: f.Signature, Head: f.SHA, PR: f.PR, URL: f.URL, At: f.At,
		})
	}
	passes, err := r.db.Passes(ctx, r.site.id, headRef(r.pull))
	if err != nil {
		return err
	}
	for _, p := range passes {
		past.Passes = append(past.Passes, checks.PastPass{Requirement: p.Requirement, Head: p.SHA})
	}
	r.facts.Past = past
	trees, err := r.mirror.Trees(ctx, r.pull.Head.SHA)
	r.facts.HeadTree = trees[r.pull.Head.SHA]
	return err
}

// headRef is the full name, in the base's repository, of what a pull request comes from: a branch, or of a fork the
// reference that GitHub keeps for the pull request.
func headRef(p gh.Pull) string {
	if p.Head.Repo != p.Base.Repo {
		return pullRef(p.Number)
	}
	return "refs/heads/" + p.Head.Name
}

// maxOtherHeads is how many earlier heads with the head's own tree are asked for evidence.
const maxOtherHeads = 2

// evidence reads what CI reported: on the head, and on earlier heads of the branch that have the very same tree.
func (r *reader) evidence(ctx context.Context, needs checks.Needs) error {
	ci := &checks.CI{Workflows: map[string]string{}}
	if len(needs.Runs) > 0 {
		if err := r.workflows(ctx, ci, needs.Runs); err != nil {
			return err
		}
	}
	var err error
	if needs.CheckRuns {
		if ci.CheckRuns, err = r.site.OtherCheckRuns(ctx, r.pull.Head.SHA); err != nil {
			return err
		}
	}
	if needs.Statuses {
		if ci.Statuses, err = r.site.Statuses(ctx, r.pull.Head.SHA); err != nil {
			return err
		}
	}
	r.facts.CI = ci
	return nil
}

// workflows reads the sources and the newest runs of the workflows that are evidence.
func (r *reader) workflows(ctx context.Context, ci *checks.CI, paths []string) error {
	var err error
	if ci.Workflows, err = r.tree().workflows(ctx, paths); err != nil {
		return err
	}
	twins, err := r.sameTree(ctx)
	if err != nil {
		return err
	}
	for _, sha := range append([]string{r.pull.Head.SHA}, twins...) {
		runs, err := r.site.Runs(ctx, sha)
		if err != nil {
			return err
		}
		own := false
		for _, run := range newestRuns(runs, paths, r.pull.Head.Repo) {
			if run.Tree = r.facts.HeadTree; run.Repo == r.pull.Head.Repo { // others count for nothing, and cost nothing
				if run.Jobs, err = r.jobs(ctx, run.ID); err != nil {
					return err
				}
				run.JobsKnown, own = true, true
			}
			ci.Runs = append(ci.Runs, run)
		}
		if own {
			return nil
		}
	}
	return nil
}

// sameTree lists earlier heads of the branch, newest first, whose tree is the head's.
func (r *reader) sameTree(ctx context.Context) ([]string, error) {
	if r.facts.HeadTree == "" {
		return nil, nil
	}
	var earlier []string
	for _, h := range r.heads {
		if h.SHA != r.pull.Head.SHA {
			earlier = append(earlier, h.SHA)
		}
	}
	trees, err := r.mirror.Trees(ctx, earlier...)
	if err != nil {
		return nil, err
	}
	earlier = slices.DeleteFunc(earlier, func(sha string) bool { return trees[sha] != r.facts.HeadTree })
	return earlier[:min(len(earlier), maxOtherHeads)], nil
}

// newestRuns keeps, of the runs of the named workflows, the newest of each workflow and event, by id: GitHub's ids grow,
// its clocks may disagree. A fork that has the same commit has runs of its own on it: of theirs, too, only the newest.
func newestRuns(runs []checks.Run, paths []string, home int64) []checks.Run {
	type kind struct {
		workflow, event string
		home            bool
	}
	newest := map[kind]checks.Run{}
	for _, run := range runs {
		k := kind{run.Workflow, run.Event, run.Repo == home}
		if slices.Contains(paths, run.Workflow) && run.ID > newest[k].ID {
			newest[k] = run
		}
	}
	var kept []checks.Run
	for _, run := range newest {
		kept = append(kept, run)
	}
	slices.SortFunc(kept, func(a, b checks.Run) int { return int(a.ID - b.ID) })
	return kept
}

// maxFailedJobs is how many failed jobs of a run are asked for their first error.
const maxFailedJobs = 5

// jobs reads the jobs of a run, and the errors of those that failed.
func (r *reader) jobs(ctx context.Context, run int64) ([]checks.RunJob, error) {
	jobs, err := r.site.Jobs(ctx, run)
	if err != nil {
		return nil, err
	}
	asked := 0
	for i, j := range jobs {
		if j.Conclusion != "failure" && j.Conclusion != "timed_out" || asked == maxFailedJobs {
			continue
		}
		asked++
		if jobs[i].Errors, err = r.site.Errors(ctx, j.ID); err != nil && !gh.Absent(err) {
			return nil, err
		}
	}
	return jobs, nil
}
