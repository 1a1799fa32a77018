package app

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/agentplane/agentplane/app/gh"
	"github.com/agentplane/agentplane/checks"
	"github.com/agentplane/agentplane/queue"
)

// known gathers what only this program knows of a pull request: what binds it, and what steers the planner.
func (r *reader) known(ctx context.Context, now queue.Lane, report checks.Report) (queue.Known, error) {
	needs, err := r.dependencies(ctx, now)
	if err != nil {
		return queue.Known{}, err
	}
	k := queue.Known{After: needs, Observed: observed(report)}
	k.Groups, k.Interface = r.subsystems()
	return k, nil
}

// observed tells whether CI has shown every requirement of the head that has evidence.
func observed(report checks.Report) bool {
	some := false
	for _, row := range report.Matrix {
		if row.Needs == checks.LevelClaimed {
			continue
		}
		if row.State != checks.RowShown {
			return false
		}
		some = true
	}
	return some
}

// subsystems are the owners of what is touched, and whether an interface is among it. What nobody owns is told apart by its
// first directory.
func (r *reader) subsystems() (groups []string, shared bool) {
	if r.facts.Touched == nil {
		return nil, false
	}
	ruler := r.contract.Ruler()
	for _, c := range r.facts.Touched.Changes {
		ruling := ruler.Rule(nil, c.Path)
		shared = shared || len(ruling.Interfaces) > 0
		groups = append(groups, ruling.Owners...)
		if len(ruling.Owners) == 0 {
			first, _, _ := strings.Cut(c.Path, "/")
			groups = append(groups, "/"+strings.ToValidUTF8(first, "?"))
		}
	}
	return distinct(groups), shared
}

// after lists the agents that an agent comes after.
func (r *reader) after(agent string) []string {
	for i := range r.contract.Agents {
		if r.contract.Agents[i].Name == agent {
			return r.contract.Agents[i].After
		}
	}
	return nil
}

// dependencies lists what has to land first: what the description names, the pull request that this one is stacked on, and
// those in the lane of the agents that its agent comes after.
func (r *reader) dependencies(ctx context.Context, now queue.Lane) ([]queue.Need, error) {
	var needs []queue.Need
	for _, d := range checks.Depends(r.pull.Body, r.pull.FullName, r.pull.Number) {
		n, err := r.dependency(ctx, now, d)
		if err != nil {
			return nil, err
		}
		needs = append(needs, n)
	}
	if s := r.facts.Stacked; s != nil {
		needs = append(needs, queue.Need{Number: s.PR, Why: stackedWhy + s.Branch})
	}
	agent := ""
	if a, _ := r.contract.ForBranch(r.pull.Head.Name); a != nil && r.pull.Head.Repo == r.site.id {
		agent = a.Name
	}
	for _, e := range now.Entries {
		if agent != "" && e.Number != r.pull.Number && slices.Contains(r.after(agent), e.Agent) {
			needs = append(needs, queue.Need{Number: e.Number, Why: "after: " + e.Agent})
		}
	}
	return needs, nil
}

// stackedWhy begins the reason of the dependency on the pull request that another one is stacked on.
const stackedWhy = "stacked on "

// stackLanded tells whether what an entry was stacked on has landed, and nobody has given it another base since: it goes to
// the integration branch from then on.
func stackLanded(now queue.Lane, e queue.Entry, base string) bool {
	return slices.ContainsFunc(e.Known.After, func(n queue.Need) bool {
		return n.Why == stackedWhy+base && now.Done.Has(n.Number)
	})
}

// stackWaits tells whether what an entry is stacked on is still in the lane. If it is not open any more, the lane will hear
// of it: that it has landed, or that somebody closed it.
func stackWaits(now queue.Lane, e queue.Entry, base string) bool {
	return slices.ContainsFunc(e.Known.After, func(n queue.Need) bool {
		_, in := entryOf(now, n.Number)
		return n.Why == stackedWhy+base && in
	})
}

// dependency reads how a pull request that is depended on stands. What cannot be read as one can never be met.
func (r *reader) dependency(ctx context.Context, now queue.Lane, d checks.Dependency) (queue.Need, error) {
	n := queue.Need{Number: d.Number, Repo: d.Repo, Why: "Depends-On"}
	switch {
	case d.Bad != "":
		n.Repo, n.Why, n.State = "?", fmt.Sprintf("Depends-On, which cannot be read: %q", d.Bad), queue.NeedClosed
		return n, nil
	case d.Repo != "":
		n.Why = fmt.Sprintf("Depends-On: %s#%d", d.Repo, d.Number)
		return n, nil
	case d.Number == r.pull.Number:
		return n, nil
	}
	pull, err := r.site.Pull(ctx, d.Number)
	switch {
	case gh.Absent(err):
		n.State, n.Why = queue.NeedClosed, "Depends-On, but there is no such pull request"
	case err != nil:
		return n, err
	case pull.Merged && (pull.Base.Name == now.Branch || pull.Base.Name == target(r.contract, pull.Default)):
		n.State = queue.NeedMerged
	case !pull.Open && !now.Done.Has(d.Number):
		n.State = queue.NeedClosed
		if landed, err := r.proven(ctx, now, pull); err != nil {
			return n, err
		} else if landed {
			n.State = queue.NeedMerged
		}
	case !pull.Open:
		n.State = queue.NeedClosed
	}
	return n, nil
}
