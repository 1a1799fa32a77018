package sim

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-github/v60/github"
)

// A pull request from its push to a red and then a green check run, seen
// through go-github.
func TestStoryOfAPullRequest(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	p := w.pull("agent/x", "src/a.txt")
	w.drain()
	want := []string{"push", "check_suite requested", "pull_request opened"}
	if diff := cmp.Diff(want, w.hook.take()); diff != "" {
		t.Errorf("events of a new pull request (-want +got):\n%s", diff)
	}
	gh := w.client()
	got, _, err := gh.PullRequests.Get(ctx, "octo", "blog", p.Number)
	w.must(err)
	if got.GetHead().GetSHA() != p.Head() || got.Mergeable != nil || got.GetChangedFiles() != 1 {
		t.Errorf("pull request as first read: head %s, mergeable %v, files %d", got.GetHead().GetSHA(), got.Mergeable, got.GetChangedFiles())
	}
	got, _, err = gh.PullRequests.Get(ctx, "octo", "blog", p.Number)
	w.must(err)
	if !got.GetMergeable() || got.GetMergeCommitSHA() == "" {
		t.Errorf("mergeability at the second reading: %v, test merge %q", got.Mergeable, got.GetMergeCommitSHA())
	}
	run, _, err := gh.Checks.CreateCheckRun(ctx, "octo", "blog", github.CreateCheckRunOptions{Name: "agentplane/ownership",
		HeadSHA: p.Head(), Status: github.String("completed"), Conclusion: github.String("failure"),
		Output: &github.CheckRunOutput{Title: github.String("1 file outside"), Summary: github.String("no")}})
	w.must(err)
	_, _, err = gh.Checks.UpdateCheckRun(ctx, "octo", "blog", run.GetID(), github.UpdateCheckRunOptions{Name: "agentplane/ownership",
		Conclusion: github.String("success"), Output: &github.CheckRunOutput{Title: github.String("fine"), Summary: github.String("yes")}})
	w.must(err)
	if seen, ok := w.repo.CheckRun(p.Head(), "agentplane/ownership"); !ok || seen.Conclusion != "success" || seen.Title != "fine" {
		t.Errorf("check run on the head: %+v", seen)
	}
	list, _, err := gh.PullRequests.ListPullRequestsWithCommit(ctx, "octo", "blog", p.Head(), nil)
	w.must(err)
	if len(list) != 1 || list[0].GetNumber() != p.Number {
		t.Errorf("pull requests of the head commit: %v", list)
	}
	w.commit("agent/x", "src/b.txt", "more\n")
	w.drain()
	events := w.hook.take()
	if !slices.Contains(events, "pull_request synchronize") || !slices.Contains(events, "check_run created") {
		t.Errorf("events after a push: %v", events)
	}
	if unknown := w.g.Unknown(); len(unknown) > 0 {
		t.Errorf("requests to what is not simulated: %v", unknown)
	}
}
