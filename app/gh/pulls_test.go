package gh

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/agentplane/agentplane/sim"
)

func TestAnOffersLife(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	head := w.commit("integration/next", "a.txt")
	offer, err := w.CreatePull(ctx, NewPull{Title: "Offer", Body: "Evidence", Head: "integration/next", Base: "main"})
	w.must(err)
	if offer.Title != "Offer" || offer.Body != "Evidence" || offer.Head.SHA != head || offer.Base.Name != "main" || !offer.Open || offer.Draft || !offer.Author.Bot {
		t.Errorf("opened %+v", offer)
	}
	_, err = w.CreatePull(ctx, NewPull{Title: "Again", Head: "integration/next", Base: "main"})
	var refused *StatusError
	if !errors.As(err, &refused) || refused.Status != http.StatusUnprocessableEntity || !strings.Contains(err.Error(), "already exists") {
		t.Errorf("a second one: %v", err)
	}
	_, err = w.CreatePull(ctx, NewPull{Title: "No such branch", Head: "integration/none", Base: "main"})
	if !errors.As(err, &refused) || !strings.Contains(err.Error(), "Validation Failed: head invalid") {
		t.Errorf("from nowhere: %v", err)
	}
	w.commit("release", "b.txt")
	title, body, base := "Offer 2", "", "release"
	w.must(w.EditPull(ctx, offer.Number, EditedPull{Title: &title, Body: &body, Base: &base}))
	p, err := w.Pull(ctx, offer.Number)
	w.must(err)
	if p.Title != title || p.Body != "" || p.Base.Name != base {
		t.Errorf("edited %+v", p)
	}
	w.must(w.EditPull(ctx, offer.Number, EditedPull{}))
	if err := w.EditPull(ctx, offer.Number, EditedPull{Base: &base, Close: true}); err == nil || !strings.Contains(err.Error(), "at once") {
		t.Errorf("closed and retargeted: %v", err)
	}
	w.must(w.EditPull(ctx, offer.Number, EditedPull{Close: true}))
	if p, err = w.Pull(ctx, offer.Number); err != nil || p.Open || p.Merged || p.MergeCommit != "" {
		t.Errorf("closed %+v, %v", p, err)
	}
}

func TestPullsFromMeansTheRepositorysOwnBranch(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	w.commit("integration/next", "a.txt")
	w.commit("release", "b.txt")
	open := func(head, base string) int {
		p, err := w.repo.OpenPull(sim.NewPull{By: w.ann, Title: head, Head: head, Base: base})
		w.must(err)
		return p.Number
	}
	first := open("integration/next", "main")
	w.must(w.repo.Pull(first).Close(w.ann))
	second := open("integration/next", "main")
	open("integration/next", "release")
	open("release", "main")
	mallory := w.hub.User("mallory")
	fork, err := w.repo.Fork(mallory)
	w.must(err)
	_, err = fork.Commit(sim.Commit{By: mallory, Branch: "integration/next", From: "main", Message: "Evil", Files: map[string]string{"e": "e"}})
	w.must(err)
	open("mallory:integration/next", "main")
	for _, c := range []struct {
		branch, state string
		want          []int
		why           string
	}{
		{"integration/next", "open", []int{second}, "neither the fork's, nor the closed one, nor the one onto another base"},
		{"integration/next", "all", []int{second, first}, "the newest first"},
		{"integration/next", "closed", []int{first}, "closed"},
		{"integration/none", "all", nil, "no such branch"},
		{"", "all", nil, "no branch is not every branch"},
	} {
		pulls, err := w.PullsFrom(ctx, c.branch, "main", c.state)
		w.must(err)
		var got []int
		for _, p := range pulls {
			got = append(got, p.Number)
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s (-want +got)\n%s", c.why, d)
		}
	}
}

func TestPullsFromFiltersWhatGitHubDoesNot(t *testing.T) {
	with := func(old, text string) string { return strings.Replace(pullJSON, old, text, 1) }
	const good = `{"number":7,"state":"open","base":{"ref":"main","repo":{"id":42}},"head":{"ref":"x","sha":"abc","repo":{"id":42}}}`
	list := strings.Join([]string{
		pullJSON, // its head's repository was deleted
		with(`"sha":"abc"`, `"sha":"abc","repo":{"id":43}`),
		strings.Replace(good, `"ref":"main"`, `"ref":"other"`, 1), strings.Replace(good, `"ref":"x"`, `"ref":"y"`, 1),
		strings.Replace(good, `"repo":{"id":42}},"head"`, `"repo":{"id":41}},"head"`, 1),
		good,
	}, ",")
	h := newHub(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("[" + list + "]")) })
	pulls, err := repoOn(t, appOn(t, h.URL)).PullsFrom(t.Context(), "x", "main", "open")
	if err != nil || len(pulls) != 1 || pulls[0].Number != 7 {
		t.Errorf("%+v, %v", pulls, err)
	}
}

func TestAMergedPullNamesItsCommit(t *testing.T) {
	w := newWorld(t)
	w.commit("x", "a.txt")
	opened, err := w.repo.OpenPull(sim.NewPull{By: w.ann, Title: "Work", Head: "x", Base: "main", Draft: true})
	w.must(err)
	for range 3 { // until the test merge is known
		p, err := w.Pull(t.Context(), opened.Number)
		if err != nil || !p.Draft || p.Merged || p.MergeCommit != "" {
			t.Fatalf("before: %+v, %v", p, err)
		}
	}
	w.must(opened.SetDraft(w.ann, false))
	sha, err := opened.Merge(w.ann, sim.Merge{Method: "squash"})
	w.must(err)
	p, err := w.Pull(t.Context(), opened.Number)
	if err != nil || !p.Merged || p.Open || p.Draft || p.MergeCommit != sha {
		t.Errorf("after: %+v, %v, want commit %s", p, err, sha)
	}
	listed, err := w.PullsFrom(t.Context(), "x", "main", "closed")
	if err != nil || len(listed) != 1 || !listed[0].Merged || listed[0].MergeCommit != sha {
		t.Errorf("listed: %+v, %v", listed, err)
	}
}

func TestOffersNeedTheirPermissions(t *testing.T) {
	w := newWorld(t)
	w.commit("integration/next", "a.txt")
	w.must(w.inst.Grant("pull_requests", "read"))
	if _, err := w.CreatePull(t.Context(), NewPull{Title: "Offer", Head: "integration/next", Base: "main"}); !Ungranted(err) {
		t.Errorf("error %v", err)
	}
}
