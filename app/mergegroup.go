package app

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"

	"github.com/agentplane/agentplane/app/gh"
	"github.com/agentplane/agentplane/checks"
	"github.com/agentplane/agentplane/git"
	"github.com/agentplane/agentplane/store"
)

// groupBranch is what GitHub's own merge queue calls the branch of a commit that it made for a pull request.
// Source: https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/configuring-pull-request-merges/managing-a-merge-queue
var groupBranch = regexp.MustCompile(`^refs/heads/gh-readonly-queue/.+/pr-([1-9][0-9]{0,9})-[0-9a-f]{40}$`)

// lookAtGroups answers GitHub's own merge queue: what the App says about a pull request's head, it says about the commit
// that the queue made of it. Where a branch rule requires the App's checks, the queue waits for them there. Whether that
// commit passes CI, the queue sees for itself.
func (a *App) lookAtGroups(ctx context.Context, s site, notices []store.Notice) error {
	var all []error
	for _, n := range notices {
		m := groupBranch.FindStringSubmatch(n.Ref)
		if m == nil || git.CheckID(n.SHA) != nil {
			continue
		}
		number, err := strconv.Atoi(m[1])
		if err == nil {
			err = a.judgeGroupCommit(ctx, s, number, n.SHA)
		}
		if err != nil {
			all = append(all, fmt.Errorf("answer the merge queue about pull request %s: %w", m[1], err))
		}
	}
	return errors.Join(all...)
}

// judgeGroupCommit judges a pull request, and puts the verdict on a commit that was made of it.
func (a *App) judgeGroupCommit(ctx context.Context, s site, number int, sha string) error {
	pull, err := s.Pull(ctx, number)
	if gh.Absent(err) || err == nil && !pull.Open {
		return nil // it left the queue
	}
	if err != nil {
		return err
	}
	group, err := a.group(ctx, s, pull)
	if err != nil {
		return err
	}
	j, err := a.judged(ctx, s, pull, news{same: others(group, pull)})
	if err != nil {
		return err
	}
	report := checks.Combine(j.Report)
	report.Head = sha
	p := &publisher{App: a, site: s, key: store.Key{Repo: s.id}}
	return p.publish(ctx, report)
}
