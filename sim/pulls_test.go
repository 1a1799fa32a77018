package sim

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-github/v60/github"
)

// read is a pull request as the API shows it.
func (w *world) read(number int) *github.PullRequest {
	w.t.Helper()
	p, _, err := w.client().PullRequests.Get(w.t.Context(), "octo", "blog", number)
	w.must(err)
	return p
}

// events drains and returns the pull_request events since the last call.
func (w *world) pullEvents() []string {
	w.t.Helper()
	w.drain()
	return slices.DeleteFunc(w.hook.take(), func(e string) bool { return !strings.HasPrefix(e, "pull_request ") })
}

func TestLifeOfAPullRequest(t *testing.T) {
	w := newWorld(t)
	w.commit("release", "r.txt", "r\n")
	p := w.pull("agent/x", "src/a.txt")
	title := "Better title"
	for _, step := range []struct {
		name string
		do   func() error
		want []string
		why  string
	}{
		{"opened", func() error { return nil }, []string{"pull_request opened"}, "from newWorld's push"},
		{"retitled", func() error { return p.Edit(w.ann, PullEdit{Title: &title}) }, []string{"pull_request edited"}, "changes.title"},
		{"same title", func() error { return p.Edit(w.ann, PullEdit{Title: &title}) }, nil, "nothing changed"},
		{"retargeted", func() error { return p.Retarget(w.ann, "release") }, []string{"pull_request edited"}, "changes.base"},
		{"draft", func() error { return p.SetDraft(w.ann, true) }, []string{"pull_request converted_to_draft"}, ""},
		{"ready", func() error { return p.SetDraft(w.ann, false) }, []string{"pull_request ready_for_review"}, ""},
		{"closed", func() error { return p.Close(w.ann) }, []string{"pull_request closed"}, ""},
		{"pushed while closed", func() error { w.commit("agent/x", "n.txt", "n"); return nil }, nil, "a closed one does not follow"},
		{"reopened", func() error { return p.Reopen(w.ann) }, []string{"pull_request reopened"}, ""},
		{"pushed", func() error { w.commit("agent/x", "m.txt", "m"); return nil }, []string{"pull_request synchronize"}, ""},
		{"branch deleted", func() error { return w.repo.DeleteBranch(w.ann, "agent/x") }, []string{"pull_request closed"}, "GitHub closes it"},
	} {
		w.must(step.do())
		if diff := cmp.Diff(step.want, w.pullEvents(), cmp.Comparer(func(a, b []string) bool { return slices.Equal(a, b) })); diff != "" {
			t.Errorf("%s (%s) (-want +got):\n%s", step.name, step.why, diff)
		}
	}
	if err := p.Reopen(w.ann); err == nil || !strings.Contains(err.Error(), "branch has been deleted") {
		t.Errorf("reopening without a branch: %v", err)
	}
	if err := p.Retarget(w.ann, "absent"); err == nil {
		t.Error("retargeting to an absent branch worked")
	}
}

func TestOpeningNeedsReadableRefs(t *testing.T) {
	w, _, _ := richWorld(t)
	w.commit("agent/y", "y.txt", "y")
	for _, c := range []struct {
		permissions string
		status      int
		says        string
	}{
		{`{"pull_requests":"write"}`, 422, "not all refs are readable"},
		{`{"contents":"write"}`, 403, "Resource not accessible by integration"},
		{`{"pull_requests":"write","contents":"read"}`, 201, "agent/y"},
	} {
		got := w.call("POST", "/repos/octo/blog/pulls", w.as(c.permissions), `{"title":"T","head":"agent/y","base":"main"}`)
		if got.status != c.status || !strings.Contains(string(got.body), c.says) {
			t.Errorf("%s: %d %s", c.permissions, got.status, got.body)
		}
	}
}

// A reopened pull request stands where its branch is now.
func TestReopenedAtTheBranchsTip(t *testing.T) {
	w := newWorld(t)
	p := w.pull("agent/x", "src/a.txt")
	w.must(p.Close(w.ann))
	tip := w.commit("agent/x", "n.txt", "n")
	w.must(p.Reopen(w.ann))
	if p.Head() != tip || w.read(1).GetHead().GetSHA() != tip {
		t.Errorf("head after reopening: %s, want %s", p.Head(), tip)
	}
}

func TestMergeability(t *testing.T) {
	w := newWorld(t)
	p := w.pull("agent/x", "src/a.txt")
	for i, want := range []string{"unknown", "clean", "clean"} {
		if got := w.read(p.Number).GetMergeableState(); got != want {
			t.Errorf("reading %d: %s, want %s", i+1, got, want)
		}
	}
	w.commit("main", "src/a.txt", "conflicting\n")
	for i, want := range []string{"unknown", "dirty"} {
		if got := w.read(p.Number).GetMergeableState(); got != want {
			t.Errorf("reading %d after the base moved: %s, want %s", i+1, got, want)
		}
	}
	if got := w.read(p.Number); got.Mergeable == nil || *got.Mergeable || got.GetMergeCommitSHA() != "" {
		t.Errorf("conflict: mergeable %v, test merge %q", got.Mergeable, got.GetMergeCommitSHA())
	}
}

// A base that comes to hold the head has merged the pull request, by any road.
func TestMergedByPush(t *testing.T) {
	w := newWorld(t)
	p := w.pull("agent/x", "src/a.txt")
	w.pullEvents()
	w.must(w.repo.Push(w.ann, "main", p.Head(), false))
	got := w.read(p.Number)
	if !got.GetMerged() || got.GetState() != "closed" || p.State() != "merged" {
		t.Errorf("after its head was pushed to main: merged %v, state %s", got.GetMerged(), got.GetState())
	}
	if events := w.pullEvents(); !slices.Equal(events, []string{"pull_request closed"}) {
		t.Errorf("events: %v", events)
	}
	if err := p.Reopen(w.ann); err == nil {
		t.Error("a merged pull request was reopened")
	}
}

func TestForks(t *testing.T) {
	w := newWorld(t)
	w.repo.SetPrivate(false)
	eve := w.g.User("eve")
	fork, err := w.repo.Fork(eve)
	w.must(err)
	sha, err := fork.Commit(Commit{By: eve, Branch: "agent/search", Message: "From outside", Files: map[string]string{"x": "x"}})
	w.must(err)
	p, err := w.repo.OpenPull(NewPull{By: eve, Title: "x", Head: "eve:agent/search"})
	w.must(err)
	got := w.read(p.Number)
	if got.GetHead().GetRepo().GetID() != fork.ID || got.GetHead().GetLabel() != "eve:agent/search" || got.GetHead().GetSHA() != sha {
		t.Errorf("head of a fork's pull request: %v", got.GetHead())
	}
	out, err := gitRun(t, t.TempDir(), w.ann.Token, "ls-remote", w.repo.CloneURL(), "refs/pull/1/head")
	if err != nil || !strings.HasPrefix(out, sha) {
		t.Errorf("refs/pull/1/head in the base: %s %v", out, err)
	}
	sha, err = fork.Commit(Commit{By: eve, Branch: "agent/search", Message: "More", Files: map[string]string{"y": "y"}})
	w.must(err)
	if p.Head() != sha {
		t.Errorf("the head did not follow the fork: %s, want %s", p.Head(), sha)
	}
	fork.Delete()
	if got := w.read(p.Number); got.GetHead().Repo != nil || got.GetHead().GetSHA() != sha {
		t.Errorf("head after the fork was deleted: %v", got.GetHead())
	}
	w.drain()
}

func TestOpeningIsRefused(t *testing.T) {
	w := newWorld(t)
	w.pull("agent/x", "src/a.txt")
	for _, c := range []struct {
		n       NewPull
		problem string
	}{
		{NewPull{By: w.bot, Title: "again", Head: "agent/x"}, "A pull request already exists for octo:agent/x."},
		{NewPull{By: w.bot, Title: "x", Head: "absent"}, "head invalid"},
		{NewPull{By: w.bot, Title: "x", Head: "agent/x", Base: "absent"}, "base invalid"},
		{NewPull{By: w.bot, Title: "x", Head: "main"}, "No commits between main and main"},
		{NewPull{By: w.bot, Title: "x", Head: "nobody:main"}, "head invalid"},
	} {
		if _, err := w.repo.OpenPull(c.n); err == nil || !strings.Contains(err.Error(), c.problem) {
			t.Errorf("%+v: %v, want %q", c.n, err, c.problem)
		}
	}
}

// A renamed repository answers at its number, and old names lead there.
func TestRenames(t *testing.T) {
	w := newWorld(t)
	w.pull("agent/x", "src/a.txt")
	w.drain()
	w.hook.take()
	w.must(w.repo.Rename("weblog"))
	w.drain()
	if events := w.hook.take(); !slices.Equal(events, []string{"repository renamed"}) {
		t.Errorf("events: %v", events)
	}
	auth := w.token(`null`)
	got := w.call("GET", "/repos/octo/blog/pulls?state=all", auth, "")
	if want := w.g.URL() + "/api/v3/repositories/" + itoa(w.repo.ID) + "/pulls?state=all"; got.status != 301 || got.header.Get("Location") != want {
		t.Errorf("reading by the old name: %d to %s, want %s", got.status, got.header.Get("Location"), want)
	}
	if got := w.call("POST", "/repos/octo/blog/check-runs", auth, `{"name":"x","head_sha":"`+w.repo.Tip("main")+`"}`); got.status != 307 {
		t.Errorf("writing by the old name: %d", got.status)
	}
	if p := w.read(1); p.GetBase().GetRepo().GetFullName() != "octo/weblog" {
		t.Errorf("go-github followed to %s", p.GetBase().GetRepo().GetFullName())
	}
	if _, err := gitRun(t, t.TempDir(), w.ann.Token, "ls-remote", w.g.URL()+"/octo/blog.git"); err != nil {
		t.Errorf("git does not follow the old name: %v", err)
	}
	if _, err := w.g.Repo("octo", "weblog", nil); err == nil {
		t.Error("a name in use was given out again")
	}
	_, err := w.g.Repo("octo", "blog", nil)
	w.must(err) // the old name is free
	if got := w.call("GET", "/repos/octo/blog", auth, ""); got.status != 404 {
		t.Errorf("a new repository under the old name: %d, want 404 (not installed)", got.status)
	}
}

func TestTransfers(t *testing.T) {
	w := newWorld(t)
	moon := w.g.Org("moon")
	auth := w.token(`null`)
	w.must(w.repo.Transfer(moon))
	w.drain()
	if got := w.call("GET", "/repos/moon/blog", auth, ""); got.status != 404 {
		t.Errorf("the old owner's token still sees it: %d", got.status)
	}
	if events := w.hook.take(); !slices.Contains(events, "installation_repositories removed") {
		t.Errorf("events: %v", events)
	}
}
