package app

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/agentplane/agentplane/app/gh"
	"github.com/agentplane/agentplane/checks"
	"github.com/agentplane/agentplane/git"
	"github.com/agentplane/agentplane/store"
)

// maxNeighbors is how many other open agents' pull requests are looked at, lowest number first. That there are more is said.
const maxNeighbors = 50

// tree is what git knows of the pull request.
func (r *reader) tree() tree {
	return tree{repo: r.mirror, contract: r.contract, commits: r.commits, touched: r.facts.Touched}
}

// surroundings reads what this pull request takes away from those who build against its interfaces, what its neighbors take
// away from it, and where the names stand.
func (r *reader) surroundings(ctx context.Context, _ checks.Needs) error {
	t := r.tree()
	s, mine, err := t.own(ctx)
	if err != nil {
		return err
	}
	lost := lostIn(mine.changes)
	neighbors, incomplete, err := r.neighbors(ctx)
	if err != nil {
		return err
	}
	s.Incomplete = cmp.Or(s.Incomplete, incomplete)
	var theirs []string
	for _, n := range neighbors {
		theirs = append(theirs, lostIn(n.mark.changes)...)
		uses, err := t.grep(ctx, s, search{n.pull.Head.SHA, lost, n.mark.paths})
		if err != nil {
			return err
		}
		s.Neighbors = append(s.Neighbors, checks.Neighbor{
			PR: n.pull.Number, Agent: n.agent, Branch: n.pull.Head.Name, Head: n.pull.Head.SHA, Changes: n.mark.changes, Uses: uses,
		})
	}
	landed, err := r.landed(ctx, s)
	if err != nil {
		return err
	}
	if len(landed.Changes) > 0 {
		s.Neighbors = append(s.Neighbors, landed)
		theirs = append(theirs, lostIn(landed.Changes)...)
	}
	if s.Mine, err = t.grep(ctx, s, search{r.pull.Head.SHA, distinct(theirs), mine.paths}); err != nil {
		return err
	}
	r.facts.Surroundings = s
	if r.trial {
		return nil
	}
	return r.tellNeighbors(ctx, neighbors, mine.changes, s.Mine)
}

// lostIn lists the names that the changes take away, sorted.
func lostIn(changes []checks.InterfaceChange) []string {
	var names []string
	for _, c := range changes {
		for _, l := range c.Lost {
			names = append(names, l.Name)
		}
	}
	return distinct(names)
}

func distinct(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}

// neighbor is another open agent's pull request.
type neighbor struct {
	pull  gh.Pull
	agent string
	mark  footprint
}

// neighbors reads the other open agents' pull requests and what each touches. incomplete says, as a sentence, what could
// not be looked at.
func (r *reader) neighbors(ctx context.Context) (found []neighbor, incomplete string, err error) {
	open, err := r.openPulls(ctx)
	if err != nil {
		return nil, "", err
	}
	for _, p := range open {
		agent, _ := r.contract.ForBranch(p.Head.Name)
		if agent != nil && p.Head.Repo == r.site.id && p.Number != r.pull.Number {
			found = append(found, neighbor{pull: p, agent: agent.Name})
		}
	}
	slices.SortFunc(found, func(x, y neighbor) int { return x.pull.Number - y.pull.Number })
	if more := len(found) - maxNeighbors; more > 0 {
		found, incomplete = found[:maxNeighbors], fmt.Sprintf("%d more open pull requests of agents were not looked at", more)
	}
	if len(found) == 0 {
		return nil, incomplete, nil
	}
	tips, err := r.fetchNeighbors(ctx, found)
	if err != nil {
		return nil, "", err
	}
	kept := found[:0]
	for _, n := range found {
		n.pull.Head.SHA = tips[pullRef(n.pull.Number)]
		base := tips["refs/heads/"+n.pull.Base.Name]
		if n.pull.Head.SHA == "" || base == "" {
			continue // closed, or its branch is gone, since the list was made
		}
		if n.mark, err = r.neighborsMark(ctx, base, n.pull.Head.SHA); err != nil {
			return nil, "", err
		}
		if n.mark.unknown {
			incomplete = fmt.Sprintf("What pull request %d changes could not be read", n.pull.Number)
		}
		kept = append(kept, n)
	}
	return kept, incomplete, nil
}

func pullRef(number int) string { return fmt.Sprintf("refs/pull/%d/head", number) }

// fetchNeighbors brings the heads and bases of the neighbors into the mirror. One that is gone by now, or that git refuses,
// is left out.
func (r *reader) fetchNeighbors(ctx context.Context, list []neighbor) (map[string]string, error) {
	var refs []git.Ref
	for _, n := range list {
		refs = append(refs, git.Ref{Remote: pullRef(n.pull.Number)}, git.Ref{Remote: "refs/heads/" + n.pull.Base.Name})
	}
	fetched, err := r.mirror.FetchEach(ctx, refs...)
	if err != nil {
		return nil, err
	}
	tips := map[string]string{}
	for name, f := range fetched {
		tips[name] = f.Commit
	}
	return tips, nil
}

// neighborsMark reads what a neighbor touches, from memory where the same commits were read under the same contract.
func (r *reader) neighborsMark(ctx context.Context, base, head string) (footprint, error) {
	key := markKey{r.site.id, r.contract.Digest, base, head}
	if known, ok := r.marks.get(key); ok {
		return known, nil
	}
	mark, err := r.tree().mark(ctx, base, head)
	if err != nil {
		return footprint{}, err
	}
	r.marks.put(key, mark)
	return mark, nil
}

// tellNeighbors wakes the neighbors when what they have to know of this pull request is new to them: the names that it takes
// away, and the names of theirs that it uses.
func (r *reader) tellNeighbors(ctx context.Context, all []neighbor, changes []checks.InterfaceChange, uses []checks.Use) error {
	digest := ""
	if len(changes) > 0 || len(uses) > 0 {
		text, err := json.Marshal([]any{changes, uses})
		if err != nil {
			return fmt.Errorf("digest the surroundings: %w", err)
		}
		sum := sha256.Sum256(text)
		digest = hex.EncodeToString(sum[:])
	}
	changed, err := r.db.PutSurroundings(ctx, store.Key{Repo: r.site.id, PR: r.pull.Number}, digest)
	if err != nil || !changed {
		return err
	}
	for _, n := range all {
		if err := r.wakeOne(ctx, r.site, n.pull.Number, "what a neighbor does to an interface changed"); err != nil {
			return err
		}
	}
	return nil
}
