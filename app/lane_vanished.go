package app

import (
	"context"

	"github.com/agentplane/agentplane/queue"
	"github.com/agentplane/agentplane/store"
)

// vanished is a member that landed and is to land again, and of which GitHub has no pull request or no commit any more. No
// sweep takes it out: it may well be closed. Without either it cannot be judged on the tree that it would give, so it does not
// land; and it leaves, so that it does not hold the others for good.
//
// It counts when it was missing for as long as any other pull request has to be before it is forgotten, while the App could
// read the repository's other pull requests: GitHub answers 404 as well for what the App may not see just now.
func (b *builder) vanished(ctx context.Context, m queue.Member, missing error) (queue.Event, error) {
	if _, err := b.site.OpenPulls(ctx); err != nil {
		return nil, err
	}
	about := store.Key{Repo: b.site.id, PR: m.Number}
	if !b.absent.confirmed(about, b.site.fullName+" "+m.Head, b.config.Pace.Absent) {
		return nil, &store.Later{Until: b.config.Now().Add(b.config.Pace.Absent / 8), Reason: missing.Error()}
	}
	b.absent.settle(about)
	b.log.Warn("what is to land again is gone", "lane", b.id.String(), "pr", m.Number, "head", m.Head, "error", missing)
	return queue.Rejected{
		Candidate: b.Candidate, Number: m.Number,
		Refused: "it had landed, the target was merged without it, and GitHub does not have its pull request or its commit any more, so what would land again cannot be judged",
	}, nil
}
