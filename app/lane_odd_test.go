package app_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/agentplane/agentplane/sim"
)

// TestClocksThatAreFarAheadDoNotStopTheLane: the branch and the head claim to be from the next century, as commits of a
// machine with a wrong clock do.
func TestClocksThatAreFarAheadDoNotStopTheLane(t *testing.T) {
	t.Parallel()
	q := newQueued(t, "merge")
	tip := q.dated("integration/next", q.repo.Tip("integration/next"), q.repo.Tip("integration/next"))
	q.commit("metadata", "agent/metadata", map[string]string{"src/content/b": "b\n"})
	head := q.dated("agent/metadata", q.repo.Tip("agent/metadata"), tip)
	p := q.open("metadata", "agent/metadata")
	q.settle()
	q.integrate(p)
	if p.State() != "merged" || p.Head() != head {
		t.Fatalf("it is %s at %s: %s\n%s", p.State(), p.Head(), q.lane(p), q.comments(p))
	}
	if got := strings.TrimSpace(q.gitOut("log", "-1", "--format=%cd", "--date=format:%Y", q.repo.Tip("integration/next"))); got > "2090" {
		t.Errorf("what landed is of %s", got)
	}
	q.invariants()
}

// dated puts a commit on a branch that has the files of one commit, another one as parent, and was made in 2099.
func (q *queued) dated(branch, files, parent string) string {
	q.t.Helper()
	git := exec.CommandContext(q.t.Context(), "git", "--git-dir", q.repo.Dir, "commit-tree", "-m", "Work", "-p", parent, files+"^{tree}")
	git.Env = append(os.Environ(), "GIT_COMMITTER_DATE=2099-01-01T00:00:00Z", "GIT_AUTHOR_DATE=2099-01-01T00:00:00Z",
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com")
	out, err := git.Output()
	q.must(err)
	sha := strings.TrimSpace(string(out))
	q.must(q.repo.Push(q.bot("metadata"), branch, sha, true))
	return sha
}

// TestAFrozenLaneIsResumedOnItsOffer: no pull request is open but the offer, so the command can be given nowhere else.
func TestAFrozenLaneIsResumedOnItsOffer(t *testing.T) {
	t.Parallel()
	q := newQueued(t, "merge")
	one := q.propose("metadata", map[string]string{"src/content/b": "b\n"})
	q.settle()
	q.integrate(one)
	offer := q.offer()
	_, err := q.repo.Commit(sim.Commit{By: q.ana, Branch: "integration/next", Message: "By hand", Files: map[string]string{"by-hand": "x\n"}})
	q.must(err)
	q.settle()
	offer.Comment(q.ana, "/integrate resume")
	q.settle()
	two := q.propose("search", map[string]string{"src/pages/c": "c\n"})
	q.settle()
	q.integrate(two)
	if two.State() != "merged" || q.file("integration/next", "by-hand") == "" {
		t.Errorf("resumed on the offer, #%d is %s: %s\n%s", two.Number, two.State(), q.lane(two), q.comments(offer))
	}
	q.invariants()
}

func TestAContractMaySaveCIRunsFirst(t *testing.T) {
	t.Parallel()
	for goal, second := range map[string]string{"fast": "in_progress: In test", "lean": "queued: Waits in the lane"} {
		t.Run(goal, func(t *testing.T) {
			t.Parallel()
			q := newQueued(t, "merge", func(s *setup) {
				s.files[".agentplane.yml"] = strings.Replace(s.files[".agentplane.yml"], "method: merge", "method: merge, goal: "+goal, 1)
			})
			one := q.propose("metadata", map[string]string{"src/content/b": "b\n"})
			two := q.propose("search", map[string]string{"src/pages/c": "c\n"})
			q.settle()
			q.ci.Hold()
			q.integrate(one)
			q.integrate(two)
			if got := q.lane(two); got != second {
				t.Errorf("while another one is tested, it is %q, want %q", got, second)
			}
			q.ci.Release()
			q.settle()
			if q.file("integration/next", "src/content/b") == "" || q.file("integration/next", "src/pages/c") == "" {
				t.Errorf("not both landed: %s, %s", q.lane(one), q.lane(two))
			}
		})
	}
}
