package app_test

import (
	"testing"

	"github.com/agentplane/agentplane/checks"
	"github.com/agentplane/agentplane/sim"
)

// TestAHeadThatWasOnlyShownIsNotApproved: an agent shows a harmless commit while the App is away, has it approved by a command
// that names no commit, and pushes the first one again. The App never saw the head that the person saw.
func TestAHeadThatWasOnlyShownIsNotApproved(t *testing.T) {
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
