package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/agentplane/agentplane/git"
	"github.com/agentplane/agentplane/ownership"
)

// againstFiles holds the claims against the files that HEAD has, where the contract is the repository's own or came in on
// stdin. Outside a repository, and in one without a commit, there is nothing to hold them against.
func (l *linted) againstFiles(ctx context.Context, file *contractFile) error {
	c, err := findClone(file.folder())
	if err != nil || c == nil || !file.isContractOf(c) {
		return err
	}
	repo, err := git.Local(ctx, c.top)
	if err != nil {
		return err
	}
	head, err := repo.Resolve(ctx, "HEAD")
	var none *git.NotFoundError
	if errors.As(err, &none) {
		return nil
	}
	if err != nil {
		return err
	}
	paths, err := repo.Paths(ctx, head)
	if err != nil {
		return err
	}
	l.holdAgainst(paths)
	return nil
}

// holdAgainst warns of claims that match no path and of paths that two agents own.
func (l *linted) holdAgainst(paths []string) {
	ruler := l.contract.Ruler()
	used := map[*ownership.Claim]bool{}
	overlaps := map[meeting]*met{}
	for _, path := range paths {
		r := ruler.Rule(nil, path)
		for _, hit := range r.Hits {
			used[hit.Claim] = true
		}
		if len(r.Owners) > 1 && !r.Shared {
			meet(overlaps, r)
		}
	}
	l.unused(used)
	l.overlaps(overlaps)
	slices.SortStableFunc(l.Warnings, func(a, b lintWarning) int { return cmp.Compare(a.Line, b.Line) })
}

// unused warns of claims that match no path, where that is likely a mistake: a never may well speak of what does not exist.
func (l *linted) unused(used map[*ownership.Claim]bool) {
	look := func(who string, claims []ownership.Claim) {
		for i := range claims {
			if !used[&claims[i]] {
				l.warn(claims[i].Line, fmt.Sprintf("%s of %s matches no file that HEAD has", claims[i].Pattern, who),
					"mend the pattern, or leave it where the files are still to come")
			}
		}
	}
	for i := range l.contract.Agents {
		look("agent "+l.contract.Agents[i].Name, l.contract.Agents[i].Owns)
	}
	look("shared", l.contract.Shared)
	for i := range l.contract.Classes {
		if !l.contract.Classes[i].Builtin {
			look("class "+l.contract.Classes[i].Name, l.contract.Classes[i].Paths)
		}
	}
	for i := range l.contract.Interfaces {
		look("interface "+l.contract.Interfaces[i].Name, l.contract.Interfaces[i].Paths)
	}
}

// meeting is a pair of claims of two agents that match one path.
type meeting struct{ first, second *ownership.Claim }

// met counts the paths of a meeting.
type met struct {
	agents  [2]string
	example string
	paths   int
}

// meet notes every pair of claims, of different agents, that match the path of a ruling.
func meet(overlaps map[meeting]*met, r ownership.Ruling) {
	var owns []ownership.Hit
	for _, hit := range r.Hits {
		if hit.Role == ownership.RoleOwns {
			owns = append(owns, hit)
		}
	}
	for i, a := range owns {
		for _, b := range owns[i+1:] {
			if a.Agent == b.Agent {
				continue
			}
			key := meeting{a.Claim, b.Claim}
			if overlaps[key] == nil {
				overlaps[key] = &met{agents: [2]string{a.Agent, b.Agent}, example: r.Path}
			}
			overlaps[key].paths++
		}
	}
}

func (l *linted) overlaps(found map[meeting]*met) {
	for key, m := range found {
		l.warn(max(key.first.Line, key.second.Line),
			fmt.Sprintf("%s that HEAD has, %q for one, belong to %s (%s, line %d) and to %s (%s, line %d)", count(m.paths, "file"), m.example,
				m.agents[0], key.first.Pattern, key.first.Line, m.agents[1], key.second.Pattern, key.second.Line),
			"give them to one agent, or list them under shared")
	}
	slices.SortFunc(l.Warnings, func(a, b lintWarning) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Message, b.Message))
	})
}
