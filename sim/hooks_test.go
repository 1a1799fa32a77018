package sim

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-github/v60/github"
)

// go-github, as an App would, takes each delivery: signature, event, payload.
func TestDeliveriesAreSigned(t *testing.T) {
	w := newWorld(t)
	w.pull("agent/x", "src/a.txt")
	w.drain()
	guids := map[string]bool{}
	for _, got := range w.hook.all() {
		req, err := http.NewRequestWithContext(t.Context(), "POST", "/", strings.NewReader(string(got.body)))
		w.must(err)
		req.Header = got.header
		payload, err := github.ValidatePayload(req, []byte("s3cret"))
		if err != nil {
			t.Errorf("%s: %v", github.WebHookType(req), err)
		}
		event, err := github.ParseWebHook(github.WebHookType(req), payload)
		w.must(err)
		if with, ok := event.(interface{ GetInstallation() *github.Installation }); ok && with.GetInstallation().GetID() != w.inst.ID {
			t.Errorf("%s: installation %d, want %d", github.WebHookType(req), with.GetInstallation().GetID(), w.inst.ID)
		}
		if _, err := github.ValidatePayload(req.Clone(t.Context()), []byte("other")); err == nil {
			t.Error("another secret verifies")
		}
		mac := hmac.New(sha256.New, []byte("s3cret"))
		mac.Write(got.body)
		if got.header.Get("X-Hub-Signature-256") != "sha256="+hex.EncodeToString(mac.Sum(nil)) {
			t.Error("X-Hub-Signature-256 is not the HMAC of the body")
		}
		guids[got.header.Get("X-Github-Delivery")] = true
	}
	if len(guids) != 3 {
		t.Errorf("%d different delivery ids, want 3", len(guids))
	}
}

// What a push carries, for a new branch, an update, a force and a deletion.
func TestPushPayloads(t *testing.T) {
	w := newWorld(t)
	first := w.commit("agent/x", "a/b.txt", "1\n")
	second := w.commit("agent/x", "a/b.txt", "2\n")
	forced, err := w.repo.Commit(Commit{By: w.ann, Branch: "other", From: "main", Message: "Other", Files: map[string]string{"o": "o"}, Delete: []string{"src"}})
	w.must(err)
	w.must(w.repo.Push(w.ann, "agent/x", forced, true))
	w.must(w.repo.DeleteBranch(w.ann, "agent/x"))
	w.drain()
	type push struct {
		Ref, Before, After       string
		Created, Deleted, Forced bool
		Commits                  []struct{ Added, Removed, Modified []string }
	}
	var got []push
	for _, r := range w.hook.all() {
		if r.header.Get("X-Github-Event") == "push" {
			var p push
			w.must(jsonInto(r.body, &p))
			got = append(got, p)
		}
	}
	change := func(added, removed, modified []string) []struct{ Added, Removed, Modified []string } {
		return []struct{ Added, Removed, Modified []string }{{added, removed, modified}}
	}
	none := []string{}
	ref := "refs/heads/agent/x"
	want := []push{
		{Ref: ref, Before: noCommit, After: first, Created: true, Commits: change([]string{"a/b.txt"}, none, none)},
		{Ref: ref, Before: first, After: second, Commits: change(none, none, []string{"a/b.txt"})},
		{Ref: "refs/heads/other", Before: noCommit, After: forced, Created: true, Commits: change([]string{"o"}, []string{"src/a.txt"}, none)},
		{Ref: ref, Before: second, After: forced, Forced: true, Commits: change([]string{"o"}, []string{"src/a.txt"}, none)},
		{Ref: ref, Before: forced, After: noCommit, Deleted: true, Commits: change(nil, nil, nil)[:0]},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("pushes (-want +got):\n%s", diff)
	}
	if err := w.repo.Push(w.ann, "other", w.repo.Tip("main"), false); err == nil {
		t.Error("a rewind without force was accepted")
	}
}

// What the receiver answers is recorded; a redelivery has the same GUID.
func TestRedelivery(t *testing.T) {
	w := newWorld(t)
	w.hook.mu.Lock()
	w.hook.answer = func(n int) int { return map[int]int{1: 500, 2: 202}[n] }
	w.hook.mu.Unlock()
	w.repo.SetPrivate(false)
	w.drain()
	app := w.appClient()
	failed, _, err := app.Apps.ListHookDeliveries(t.Context(), &github.ListCursorOptions{PerPage: 1})
	w.must(err)
	if len(failed) != 1 || failed[0].GetStatusCode() != 500 || failed[0].GetStatus() == "OK" || failed[0].GetEvent() != "repository" {
		t.Fatalf("newest delivery: %v", failed)
	}
	_, res, err := app.Apps.RedeliverHookDelivery(t.Context(), failed[0].GetID())
	var accepted *github.AcceptedError
	if !errors.As(err, &accepted) || statusOf(res) != http.StatusAccepted {
		t.Fatalf("redeliver: %d %v", statusOf(res), err)
	}
	w.drain()
	again, res, err := app.Apps.ListHookDeliveries(t.Context(), &github.ListCursorOptions{PerPage: 1})
	w.must(err)
	if again[0].GetGUID() != failed[0].GetGUID() || again[0].GetID() == failed[0].GetID() || !again[0].GetRedelivery() || again[0].GetStatus() != "OK" {
		t.Errorf("redelivery: %v", again[0])
	}
	if res.Cursor == "" {
		t.Error("no cursor leads to older deliveries")
	}
	got := w.hook.all()
	if len(got) != 2 || string(got[0].body) != string(got[1].body) || got[0].header.Get("X-Github-Delivery") != got[1].header.Get("X-Github-Delivery") {
		t.Error("the second attempt was not the same delivery")
	}
	older, _, err := app.Apps.ListHookDeliveries(t.Context(), &github.ListCursorOptions{PerPage: 50, Cursor: res.Cursor})
	w.must(err)
	if len(older) == 0 || older[0].GetID() != failed[0].GetID() {
		t.Errorf("after the cursor: %v", older)
	}
	one, _, err := app.Apps.GetHookDelivery(t.Context(), failed[0].GetID())
	w.must(err)
	if !strings.Contains(string(*one.Request.RawPayload), `"publicized"`) {
		t.Error("one delivery does not show its payload")
	}
	if err := w.app.Redeliver(1); err == nil {
		t.Error("redelivered what never was")
	}
}

// Who does not answer within the limit has failed, and holds up nobody for ever.
func TestSlowReceivers(t *testing.T) {
	w := newWorld(t)
	w.g.client.Timeout = 50 * time.Millisecond
	release := make(chan struct{})
	w.hook.Config.Handler = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	w.repo.SetPrivate(false)
	w.drain()
	close(release)
	last := w.app.Deliveries()[len(w.app.Deliveries())-1]
	if last.Status != "timed out" || last.StatusCode != 0 {
		t.Errorf("slow receiver: %s %d", last.Status, last.StatusCode)
	}
	w.hook.Close()
	w.repo.SetPrivate(true)
	w.drain()
	if last := w.app.Deliveries()[len(w.app.Deliveries())-1]; last.Status != "failed to connect to host" || last.StatusCode != 502 {
		t.Errorf("absent receiver: %s %d", last.Status, last.StatusCode)
	}
}

// Apps get what they subscribed to and may read, and nothing of what they are
// not installed on.
func TestSubscriptions(t *testing.T) {
	w := newWorld(t)
	other := newHook(t)
	quiet, err := w.g.RegisterApp([]byte("name: Quiet\nurl: https://q.example.com\ndefault_permissions: {contents: read}\ndefault_events: [push]\n"), other.URL, "q")
	w.must(err)
	inst, err := quiet.Install("octo", "blog")
	w.must(err)
	elsewhere, err := w.g.Repo("octo", "elsewhere", map[string]string{"x": "x"})
	w.must(err)
	w.pull("agent/x", "src/a.txt")
	w.drain()
	if got := other.take(); !slices.Equal(got, []string{"ping", "installation created", "push"}) {
		t.Errorf("subscribed to push alone: %v", got)
	}
	inst.Suspend()
	w.commit("agent/x", "src/a.txt", "more\n")
	inst.Unsuspend()
	w.must(inst.Grant("contents", "none"))
	w.commit("agent/x", "src/a.txt", "most\n")
	w.must(inst.Grant("contents", "read"))
	inst.AddRepo(elsewhere)
	inst.Uninstall()
	w.commit("agent/x", "src/a.txt", "last\n")
	w.drain()
	want := []string{"installation suspend", "installation unsuspend", "installation new_permissions_accepted",
		"installation new_permissions_accepted", "installation_repositories added", "installation deleted"}
	if diff := cmp.Diff(want, other.take()); diff != "" {
		t.Errorf("life of an installation (-want +got):\n%s", diff)
	}
	if err := inst.Grant("contents", "write"); err == nil {
		t.Error("granted more than the manifest asks for")
	}
}

// Check suites are asked for once for a commit, of each App that may write checks.
func TestSuitesAreRequestedOnce(t *testing.T) {
	w := newWorld(t)
	sha := w.commit("agent/x", "x", "x")
	w.must(w.repo.Push(w.ann, "agent/y", sha, false))
	_, err := w.g.git(w.repo.Dir, nil, "update-ref", "refs/tags/v1", sha)
	w.must(err)
	w.must(w.repo.Pushed(w.ann))
	w.drain()
	want := []string{"push", "check_suite requested", "push", "push"}
	if diff := cmp.Diff(want, w.hook.take()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, tag := range []string{"a", "b", "c", "d"} {
		_, err := w.g.git(w.repo.Dir, nil, "update-ref", "refs/tags/"+tag, sha)
		w.must(err)
	}
	w.must(w.repo.Pushed(w.ann))
	w.drain()
	if got := w.hook.take(); len(got) != 0 {
		t.Errorf("four tags in one push fire no event, got %v", got)
	}
}
