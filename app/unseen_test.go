package app_test

import (
	"testing"

	"github.com/agentplane/agentplane/checks"
	"github.com/agentplane/agentplane/sim"
)

// TestAHeadThatWasOnlyShownIsNotApproved: an agent shows a harmless commit while the App is away, has it approved by a command
// that names no commit, and pushes the first one again. The App never saw the head that the person saw.
func TestAHeadThatWasOnlyShownIsNotApproved(t *testing.T) {
	t.Parallel()
	j := newJudged(t)
	bad := j.commit("metadata", "agent/metadata", map[string]string{"package-lock.json": `{"bad":1}` + "\n"})
	p := j.open("metadata", "agent/metadata")
	j.want(bad, checks.CheckReview, "action_required", "nobody approved the lockfile")
	j.hub.SetFaults(sim.Faults{Fail: 1})
	j.later()
	j.must(j.repo.Push(j.bot("metadata"), "agent/metadata", j.repo.Tip("integration/next"), true))
	j.commit("metadata", "agent/metadata", map[string]string{"package-lock.json": `{"good":1}` + "\n"})
	j.later()
	p.Comment(j.ana, "/approve lockfiles")
	j.later()
	j.must(j.repo.Push(j.bot("metadata"), "agent/metadata", bad, true))
	j.must(j.hub.Drain(t.Context()))
	j.hub.Heal()
	j.later()
	j.must(j.app.Sweep(t.Context()))
	j.want(bad, checks.CheckReview, "action_required", "what ana saw was another commit")
	j.later()
	p.Comment(j.ana, "/approve lockfiles")
	j.want(bad, checks.CheckReview, "success", "she looked again")
}

// TestAForksApprovalIsBoundToItsContract: what is remembered of an approval does not depend on where the branch lives.
func TestAForksApprovalIsBoundToItsContract(t *testing.T) {
	t.Parallel()
	j := newJudged(t)
	dev := j.hub.User("dev")
	fork, err := j.repo.Fork(dev)
	j.must(err)
	sha, err := fork.Commit(sim.Commit{By: dev, Branch: "schema", From: "main", Message: "Work", Files: map[string]string{"src/content/config.ts": schemaAfter}})
	j.must(err)
	p, err := j.repo.OpenPull(sim.NewPull{By: dev, Title: "Work", Head: "dev:schema", Base: "main"})
	j.must(err)
	j.want(sha, checks.CheckReview, "action_required", "an interface changed")
	_, err = p.Review(j.ben, sim.Approved, "")
	j.must(err)
	j.want(sha, checks.CheckReview, "success", "an architect approved")
	_, err = j.repo.Commit(sim.Commit{Branch: "main", Message: "Contract", Files: map[string]string{".agentplane.yml": judgedContract + "# another\n"}})
	j.must(err)
	j.want(sha, checks.CheckReview, "action_required", "it was given under an earlier contract")
}
