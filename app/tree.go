package app

import (
	"context"
	"errors"
	"slices"

	"github.com/agentplane/agentplane/checks"
	"github.com/agentplane/agentplane/git"
	"github.com/agentplane/agentplane/ownership"
)

// tree is one judgement as far as git knows it. The App and `agentplane check` read through it, so that what git decides is
// the same for both.
type tree struct {
	repo     *git.Repo
	contract *ownership.Contract // nil: missing or broken
	commits  Commits
	touched  *checks.Touched
}

// ReadClone reads all that a developer's clone knows of a branch: what ReadTree reads, and, where a judgement needs them, the
// workflows' files, what the branch does to interfaces, what landed on them since it left the base, and the contract that it
// proposes. given holds what the caller knows: the names of the branches, the agent, and the notes.
func ReadClone(ctx context.Context, repo *git.Repo, c Commits, given checks.Facts) (*ownership.Contract, checks.Facts, error) {
	contract, read, err := ReadTree(ctx, repo, c)
	if err != nil {
		return nil, checks.Facts{}, err
	}
	facts := given
	facts.Local, facts.Contract, facts.Touched = true, read.Contract, read.Touched
	facts.Base.SHA, facts.Head.SHA = c.Base, c.Head
	needs := checks.NeedsOf(contract, facts)
	t := tree{repo: repo, contract: contract, commits: c, touched: facts.Touched}
	if len(needs.Runs) > 0 {
		files, err := t.workflows(ctx, needs.Runs)
		if err != nil {
			return nil, checks.Facts{}, err
		}
		facts.CI = &checks.CI{Workflows: files}
	}
	if needs.Surroundings {
		if facts.Surroundings, err = t.surroundings(ctx); err != nil {
			return nil, checks.Facts{}, err
		}
	}
	if needs.Proposal {
		if facts.Proposal, err = t.proposal(ctx); err != nil {
			return nil, checks.Facts{}, err
		}
	}
	return contract, facts, nil
}

// workflows reads the workflow files at the head. Only a regular file is one.
func (t tree) workflows(ctx context.Context, paths []string) (map[string]string, error) {
	files, err := t.repo.ShowAll(ctx, t.commits.Head, paths...)
	if err != nil {
		return nil, err
	}
	sources := map[string]string{}
	for path, file := range files {
		if file.Mode == git.ModeFile || file.Mode == git.ModeExecutable {
			sources[path] = string(file.Data)
		}
	}
	return sources, nil
}

// proposal reads the contract that the head proposes.
func (t tree) proposal(ctx context.Context) (*checks.Proposal, error) {
	contract, state, err := readContract(ctx, t.repo, t.commits.Head)
	if err != nil {
		return nil, err
	}
	p := &checks.Proposal{Contract: contract, State: state, Problems: state.Problems}
	if contract != nil {
		p.Warnings = ownership.Lint(contract)
	}
	return p, nil
}

// surroundings reads what the branch takes away from those who build against its interfaces, and what landed on the base
// takes away from the branch. Which head a pull request had first is not known in a clone, so the branch left the base where
// its head did.
func (t tree) surroundings(ctx context.Context) (*checks.Surroundings, error) {
	s, mine, err := t.own(ctx)
	if err != nil || t.touched == nil || len(t.touched.Bases) == 0 {
		return s, err
	}
	landed := checks.Neighbor{Landed: true, Head: t.commits.Base}
	if since := t.touched.Bases[0]; since != t.commits.Base {
		mark, err := t.mark(ctx, since, t.commits.Base)
		if err != nil {
			return nil, err
		}
		noteLanded(s, &landed, mark)
	}
	if len(landed.Changes) == 0 {
		return s, nil
	}
	s.Neighbors = append(s.Neighbors, landed)
	s.Mine, err = t.grep(ctx, s, search{t.commits.Head, lostIn(landed.Changes), mine.paths})
	return s, err
}

// noteLanded takes over what landed on the base.
func noteLanded(s *checks.Surroundings, n *checks.Neighbor, mark footprint) {
	if mark.unknown {
		s.Incomplete = "What landed on the base since this branch left it is too much to look at"
	}
	n.Changes = mark.changes
}

// own reads what the branch itself does to interfaces: their definitions before and after, and where the base uses what is
// lost.
func (t tree) own(ctx context.Context) (*checks.Surroundings, footprint, error) {
	mine, err := t.footprint(ctx)
	if err != nil {
		return nil, footprint{}, err
	}
	s := &checks.Surroundings{Symbols: mine.symbols}
	s.Uses, err = t.grep(ctx, s, search{t.commits.Base, lostIn(mine.changes), t.consumers(mine)})
	return s, mine, err
}

// mark reads what another head does to interfaces, seen from another base.
func (t tree) mark(ctx context.Context, base, head string) (footprint, error) {
	other := tree{repo: t.repo, contract: t.contract, commits: Commits{Base: base, Head: head}}
	var err error
	if other.touched, err = readTouched(ctx, t.repo.WithPaths(t.contract.Limits.Paths), other.commits); err != nil {
		return footprint{}, err
	}
	return other.footprint(ctx)
}

// search is where to look for which names.
type search struct {
	commit       string
	names, paths []string
}

// grepNames is how many names one search takes.
const grepNames = 100

// grep finds the places that mention any of the names as a whole word. What could not be searched is said in the facts.
func (t tree) grep(ctx context.Context, s *checks.Surroundings, in search) ([]checks.Use, error) {
	var uses []checks.Use
	for names := range slices.Chunk(in.names, grepNames) {
		if len(in.paths) == 0 {
			break
		}
		found, err := t.repo.Grep(ctx, in.commit, names, in.paths)
		var refused *git.RefusedError
		switch {
		case errors.As(err, &refused):
			s.Incomplete = "Looking for the names took more than is allowed"
			return uses, nil
		case err != nil:
			return nil, err
		}
		if found.More {
			s.Incomplete = "The names stand in more places than were looked at"
		}
		for _, m := range found.Found {
			uses = append(uses, checks.Use{Name: m.Name, Path: m.Path, Line: m.Line, Text: m.Text})
		}
	}
	return uses, nil
}

// consumers lists the paths of the target that the changed interfaces name as their consumers.
func (t tree) consumers(m footprint) []string {
	if t.touched == nil {
		return nil
	}
	var paths []string
	for _, c := range m.changes {
		i := slices.IndexFunc(t.contract.Interfaces, func(in ownership.Interface) bool { return in.Name == c.Interface })
		if i < 0 {
			continue
		}
		for _, path := range t.touched.Landed {
			claimed := slices.ContainsFunc(t.contract.Interfaces[i].Consumers, func(cl ownership.Claim) bool { return cl.Pattern.Match(path) })
			if claimed && !slices.Contains(c.Paths, path) {
				paths = append(paths, path)
			}
		}
	}
	return distinct(paths)
}
