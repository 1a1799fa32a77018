package app_test

import (
	"strings"
	"testing"

	"github.com/agentplane/agentplane/checks"
	"github.com/agentplane/agentplane/sim"
)

// passing is a run's report of the job check as its workflow would give it.
func passing(sha string) sim.RunReport {
	return sim.RunReport{SHA: sha, Jobs: []sim.JobReport{{
		Name: "check", Steps: []sim.StepReport{{Name: "Run actions/checkout@v4"}, {Name: "Run sh check.sh"}},
	}}}
}

// claimed is a pull request of search's, with notes on its head and nothing observed.
func (j *judged) claimed() (sha string, p *sim.Pull) {
	j.t.Helper()
	sha = j.commit("search", "agent/search", map[string]string{"src/pages/index.astro": "<input>\n"})
	p = j.open("search", "agent/search")
	j.must(p.Edit(j.bot("search"), sim.PullEdit{Body: ptr(bodyOf("search", sha, 0))}))
	return sha, p
}

func TestRunsThatProveNothing(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		why   string
		spoil func(*sim.RunReport)
	}{
		{"of a file whose name only begins like the workflow's", func(r *sim.RunReport) { r.Workflow = ".github/workflows/ci.yml@x.yml" }},
		{"of a file whose name ends like the workflow's with a branch", func(r *sim.RunReport) { r.Workflow = ".github/workflows/ci.yml@refs/x.yaml" }},
		{"of another file with the same job", func(r *sim.RunReport) { r.Workflow = ".github/workflows/other.yml" }},
		{"by an event that does not count", func(r *sim.RunReport) { r.Event = "workflow_dispatch" }},
	} {
		t.Run(c.why, func(t *testing.T) {
			t.Parallel()
			j := newJudged(t)
			sha, _ := j.claimed()
			report := passing(sha)
			c.spoil(&report)
			_, err := j.repo.ReportRun(report)
			j.must(err)
			j.want(sha, checks.CheckVerification, "in_progress", "a run "+c.why)
		})
	}
}

// TestAForksRunHidesNoRun: a pull request from a fork of the very same commit starts a run too, which is newer and counts
// for nobody here. It must not void the branch's own.
func TestAForksRunHidesNoRun(t *testing.T) {
	t.Parallel()
	j := newJudged(t, func(s *setup) {
		s.files[".github/workflows/ci.yml"] = strings.Replace(judgedWorkflow, "[push]", "[pull_request]", 1)
	})
	sha, p := j.claimed()
	report := passing(sha)
	report.Pull = p
	_, err := j.repo.ReportRun(report)
	j.must(err)
	j.want(sha, checks.CheckVerification, "success", "its own run")
	stranger := j.hub.User("stranger")
	fork, err := j.repo.Fork(stranger)
	j.must(err)
	j.must(fork.Push(nil, "copy", sha, true))
	copied, err := j.repo.OpenPull(sim.NewPull{By: stranger, Title: "Copy", Head: "stranger:copy", Base: "integration/next"})
	j.must(err)
	report.Pull = copied
	_, err = j.repo.ReportRun(report)
	j.must(err)
	j.must(copied.Close(stranger))
	j.want(sha, checks.CheckVerification, "success", "a fork's newer run of the same commit")
}

// TestARunInAnotherStateDecides: of what the same commit was shown, the worst newest run of an event that counts stands.
func TestARunInAnotherStateDecides(t *testing.T) {
	t.Parallel()
	j := newJudged(t)
	sha, p := j.claimed()
	id, err := j.repo.ReportRun(passing(sha))
	j.must(err)
	j.want(sha, checks.CheckVerification, "success", "observed")
	again := passing(sha)
	again.Run, again.Jobs[0].Status, again.Jobs[0].Steps = id, "in_progress", nil
	_, err = j.repo.ReportRun(again)
	j.must(err)
	j.want(sha, checks.CheckVerification, "in_progress", "it runs again")
	again = passing(sha)
	again.Run = id
	_, err = j.repo.ReportRun(again)
	j.must(err)
	j.want(sha, checks.CheckVerification, "success", "it passed again")
	failed := passing(sha)
	failed.Pull, failed.Jobs[0].Conclusion, failed.Jobs[0].Steps[1].Conclusion = p, "failure", "failure"
	_, err = j.repo.ReportRun(failed)
	j.must(err)
	j.want(sha, checks.CheckVerification, "failure", "the run of the pull request's merge says no")
}

// TestPermissionsThatWereNotAccepted: an installation keeps its permissions until its owner accepts new ones, and GitHub
// mints no token with more (422). What cannot be read then does not pass, and what can be said is said.
func TestPermissionsThatWereNotAccepted(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ permission, has, why, check, want, says string }{
		{"actions", "none", "runs cannot be read", checks.CheckVerification, "failure", "could not be read"},
		{"pull_requests", "read", "nobody can be asked for a review", checks.CheckReview, "action_required", "must approve"},
		{"members", "none", "nobody can be asked for a review, and no team is known", checks.CheckReview, "action_required", "must approve"},
	} {
		t.Run(c.permission, func(t *testing.T) {
			t.Parallel()
			j := newJudged(t)
			j.must(j.inst.Grant(c.permission, c.has))
			sha := j.commit("metadata", "agent/metadata", map[string]string{"package-lock.json": `{"a":1}` + "\n"})
			p := j.open("metadata", "agent/metadata")
			j.must(p.Edit(j.bot("metadata"), sim.PullEdit{Body: ptr(bodyOf("metadata", sha, 0))}))
			j.tell(sha, "success")
			j.want(sha, c.check, c.want, c.why)
			j.want(sha, checks.CheckOwnership, "success", "what can be judged is judged")
			if got := j.says(sha, c.check); !strings.Contains(got, c.says) {
				t.Errorf("%s: the check run does not say %q:\n%s", c.why, c.says, got)
			}
			if got := j.log.String(); !strings.Contains(got, "level=ERROR") || !strings.Contains(got, "accept") {
				t.Errorf("%s: the operator is not told to have the permissions accepted", c.why)
			}
			j.must(j.inst.Grant(c.permission, map[string]string{"actions": "read", "pull_requests": "write", "members": "read"}[c.permission]))
			j.must(j.app.Sweep(t.Context()))
			j.want(sha, checks.CheckVerification, "success", "once it is accepted")
			if got := p.Requested(); len(got) != 1 || got[0] != "@octo/platform" {
				t.Errorf("requested %q once it is accepted, want @octo/platform", got)
			}
		})
	}
}

// TestAFloodOfCommandsIsNotAnswered: everybody may comment on a public repository, and GitHub limits what an App may write.
func TestAFloodOfCommandsIsNotAnswered(t *testing.T) {
	t.Parallel()
	j := newJudged(t)
	sha := j.commit("metadata", "agent/metadata", map[string]string{"package-lock.json": `{"a":1}` + "\n"})
	p := j.open("metadata", "agent/metadata")
	j.settle()
	mark := j.hub.Mark()
	for range 130 {
		p.Comment(j.eve, "/retry please")
	}
	j.settle()
	answers := 0
	for _, w := range j.since(mark).written {
		if strings.Contains(w, "/reactions") {
			answers++
		}
	}
	if answers == 0 || answers > 10 {
		t.Errorf("130 commands of one minute were answered %d times, want at most 10", answers)
	}
	j.later()
	p.Comment(j.ana, "/approve lockfiles")
	j.want(sha, checks.CheckReview, "success", "somebody else is heard all the same")
}
