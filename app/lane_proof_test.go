package app_test

import (
	"fmt"
	"testing"

	"github.com/agentplane/agentplane/sim"
)

// TestWhatLandedSquashedIsFoundWithoutTheDatabase: who depends on it lands, whether it is on the branch still or in the target
// by an offer that was squashed. A trailer that somebody wrote proves nothing.
func TestWhatLandedSquashedIsFoundWithoutTheDatabase(t *testing.T) {
	t.Parallel()
	for name, merged := range map[string]bool{"on the branch": false, "in the target": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q := newQueued(t, "squash")
			base := q.propose("metadata", map[string]string{"src/content/b": "b\n"})
			forged := q.propose("review", map[string]string{"tests/two": "t\n"})
			q.settle()
			q.integrate(base)
			if base.State() != "closed" {
				t.Fatalf("it is %s: %s", base.State(), q.lane(base))
			}
			if merged {
				_, err := q.offer().Merge(q.ana, sim.Merge{Method: "squash"})
				q.must(err)
			}
			q.must(forged.Close(q.ana))
			_, err := q.repo.Commit(sim.Commit{By: q.ana, Branch: "main", Files: map[string]string{"by-hand": "x\n"},
				Message: fmt.Sprintf("Merge pull request\n\nAgentplane-Pull: %d\nAgentplane-Head: %s", forged.Number, forged.Head())})
			q.must(err)
			q.settle()
			q.restart(false)
			q.must(q.app.Sweep(t.Context()))
			q.settle()
			next := q.dependent("search", base)
			q.integrate(next)
			if next.State() != "closed" || q.file("integration/next", "src/pages/search") == "" {
				t.Errorf("who depends on what landed is %s: %s\n%s", next.State(), q.lane(next), q.comments(next))
			}
			last := q.dependent("metadata", forged)
			q.integrate(last)
			if last.State() != "open" {
				t.Errorf("who depends on what never landed is %s: %s", last.State(), q.lane(last))
			}
		})
	}
}

// dependent opens an agent's pull request that depends on another one.
func (q *queued) dependent(agent string, on *sim.Pull) *sim.Pull {
	q.t.Helper()
	folder := map[string]string{"search": "src/pages/search", "metadata": "src/content/metadata"}[agent]
	q.must(q.repo.Push(nil, "agent/"+agent, q.repo.Tip("integration/next"), true))
	q.commit(agent, "agent/"+agent, map[string]string{folder: "x\n"})
	p, err := q.repo.OpenPull(sim.NewPull{By: q.bot(agent), Title: "Work", Head: "agent/" + agent, Base: "integration/next", Body: fmt.Sprintf("Depends-On: #%d\n", on.Number)})
	q.must(err)
	q.settle()
	return p
}

// TestWhatWasTakenOffTheBranchIsNotFound: the App's check run still names the commit, and no branch has it any more.
func TestWhatWasTakenOffTheBranchIsNotFound(t *testing.T) {
	t.Parallel()
	q := newQueued(t, "squash")
	base := q.propose("metadata", map[string]string{"src/content/b": "b\n"})
	q.settle()
	q.integrate(base)
	q.stop()
	q.must(q.repo.Push(nil, "integration/next", q.repo.Tip("main"), true))
	q.restart(false)
	q.must(q.app.Sweep(t.Context()))
	q.settle()
	next := q.dependent("search", base)
	q.integrate(next)
	if next.State() != "open" || q.file("integration/next", "src/content/b") != "" {
		t.Errorf("who depends on what was taken away is %s: %s\n%s", next.State(), q.lane(next), q.comments(next))
	}
}
