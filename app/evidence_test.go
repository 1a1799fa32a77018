package app_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/agentplane/agentplane/checks"
	"github.com/agentplane/agentplane/sim"
)

// bodyOf is a pull request's text that says what an agent ran on a head, and how it ended.
func bodyOf(agent, head string, exit int) string {
	ended := "passed"
	if exit != 0 {
		ended = "failed"
	}
	return fmt.Sprintf("## Commands run\n\n- `sh check.sh`: %s\n\n## Remaining risk\n\nNone that is known.\n\n"+
		"```agentplane\nhead: %s\nagent: %s\ncommands:\n  - { id: check, run: sh check.sh, exit: %d }\n```\n", ended, head, agent, exit)
}

// tell ends the CI's job check on a commit.
func (j *judged) tell(sha, conclusion string) {
	j.t.Helper()
	_, err := j.repo.ReportRun(sim.RunReport{SHA: sha, Jobs: []sim.JobReport{{
		Name: "check", Conclusion: conclusion, Steps: []sim.StepReport{{Name: "Run actions/checkout@v4"}, {Name: "Run sh check.sh", Conclusion: conclusion}},
	}}})
	j.must(err)
}

func TestEvidenceComesAndGoes(t *testing.T) {
	t.Parallel()
	j := newJudged(t)
	sha := j.commit("search", "agent/search", map[string]string{"src/pages/index.astro": "<input>\n"})
	p := j.open("search", "agent/search")
	j.must(p.Edit(j.bot("search"), sim.PullEdit{Body: ptr(bodyOf("search", sha, 0))}))
	j.want(sha, checks.CheckVerification, "in_progress", "CI has not reported")
	j.tell(sha, "success")
	j.want(sha, checks.CheckVerification, "success", "claimed and observed")
	j.tell(sha, "failure")
	j.want(sha, checks.CheckVerification, "failure", "a later failure revokes")
	if got := j.says(sha, checks.CheckVerification); !strings.Contains(got, "verification/contradicted") {
		t.Errorf("the summary does not say that the claim is contradicted:\n%s", got)
	}
	next := j.commit("search", "agent/search", map[string]string{"src/pages/index.astro": "<select>\n"})
	j.tell(next, "success")
	j.want(next, checks.CheckVerification, "failure", "the notes are about another head")
	j.must(p.Edit(j.bot("search"), sim.PullEdit{Body: ptr(bodyOf("search", next, 0))}))
	j.want(next, checks.CheckVerification, "success", "the notes are about this head")
}

func TestTheSameFailureThreeTimesAsksForAPerson(t *testing.T) {
	t.Parallel()
	j := newJudged(t)
	var p *sim.Pull
	push := func(n string) string {
		sha := j.commit("search", "agent/search", map[string]string{"src/pages/index.astro": n + "\n"})
		if p == nil {
			p = j.open("search", "agent/search")
		}
		j.must(p.Edit(j.bot("search"), sim.PullEdit{Body: ptr(bodyOf("search", sha, 1))}))
		j.tell(sha, "failure")
		return sha
	}
	j.want(push("1"), checks.CheckVerification, "failure", "the first")
	j.want(push("2"), checks.CheckVerification, "failure", "the second")
	third := push("3")
	j.want(third, checks.CheckVerification, "action_required", "the third")
	if got := p.Labels(); len(got) != 1 || got[0] != "needs-human" {
		t.Errorf("labels %q, want needs-human", got)
	}
	fourth := push("4")
	j.want(fourth, checks.CheckVerification, "action_required", "a push does not clear it")
	j.later()
	p.Comment(j.ana, "/retry the runner was full")
	j.want(fourth, checks.CheckVerification, "failure", "a person let the agent go on")
	if got := p.Labels(); len(got) != 0 {
		t.Errorf("labels %q after a retry", got)
	}
}

func TestAPassInBetweenBreaksTheRow(t *testing.T) {
	t.Parallel()
	j := newJudged(t)
	var p *sim.Pull
	for i, round := range []struct{ ended, want string }{
		{"failure", "failure"}, {"failure", "failure"}, {"success", "success"},
		{"failure", "failure"}, {"failure", "failure"}, {"failure", "action_required"},
	} {
		sha := j.commit("search", "agent/search", map[string]string{"src/pages/index.astro": fmt.Sprintf("%d\n", i)})
		if p == nil {
			p = j.open("search", "agent/search")
		}
		exit := 0
		if round.ended == "failure" {
			exit = 1
		}
		j.must(p.Edit(j.bot("search"), sim.PullEdit{Body: ptr(bodyOf("search", sha, exit))}))
		j.tell(sha, round.ended)
		j.want(sha, checks.CheckVerification, round.want, fmt.Sprintf("round %d", i+1))
	}
}
