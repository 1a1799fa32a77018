package sim

import (
	"strings"
	"testing"

	"github.com/google/go-github/v60/github"
)

func TestStatuses(t *testing.T) {
	w := wide(t)
	p := w.pull("agent/x", "src/a.txt")
	gh, ctx, head := w.client(), t.Context(), p.Head()
	combined := func(want string, total int) {
		t.Helper()
		got := good[*github.CombinedStatus](t)(gh.Repositories.GetCombinedStatus(ctx, "octo", "blog", head, &github.ListOptions{PerPage: 1}))
		if got.GetState() != want || got.GetTotalCount() != total || len(got.Statuses) > 1 {
			t.Errorf("combined: %s of %d, %d on the page; want %s of %d", got.GetState(), got.GetTotalCount(), len(got.Statuses), want, total)
		}
	}
	set := func(context, state string) *github.RepoStatus {
		t.Helper()
		return good[*github.RepoStatus](t)(gh.Repositories.CreateStatus(ctx, "octo", "blog", head, &github.RepoStatus{Context: &context, State: &state}))
	}
	combined("pending", 0)
	if got := set("a", "success"); got.GetCreator().GetLogin() != "wide[bot]" {
		t.Errorf("creator: %v", got.GetCreator())
	}
	combined("success", 1)
	set("b", "pending")
	combined("pending", 2)
	set("c", "error")
	combined("failure", 3)
	set("c", "success")
	set("b", "success")
	combined("success", 3)
	if list := good[[]*github.RepoStatus](t)(gh.Repositories.ListStatuses(ctx, "octo", "blog", "agent/x", nil)); len(list) != 5 || list[0].GetContext() != "b" {
		t.Errorf("all statuses, the newest first: %v", list)
	}
	w.drain()
	sent := 0
	for _, d := range w.app.Deliveries() {
		var body struct {
			SHA      string
			Branches []struct{ Name string }
		}
		w.must(jsonInto(d.Payload, &body))
		if d.Event == "status" && body.SHA == head && len(body.Branches) == 1 && body.Branches[0].Name == "agent/x" {
			sent++
		}
	}
	if sent != 5 {
		t.Errorf("%d status events, want one for each", sent)
	}
}

func TestStatusesAreRefused(t *testing.T) {
	w := wide(t)
	head := w.repo.Tip("main")
	reader := w.g.User("reader")
	w.must(w.repo.Collaborate(reader, "read"))
	app, person := w.token(`{"permissions":{"statuses":"write"}}`), "token "+w.ann.Token
	for range maxStatuses {
		w.repo.SetStatus(w.ann, head, "pending", "full", "")
	}
	for _, c := range []struct {
		sha, auth, body string
		status          int
		why             string
	}{
		{head, app, `{"state":"success"}`, 201, "context and all else are optional"},
		{head, person, `{"state":"failure","context":"x","target_url":null,"description":null}`, 201, "people who may push"},
		{head, "token " + reader.Token, `{"state":"success"}`, 403, "people who may not"},
		{head, w.token(`{"permissions":{"statuses":"read"}}`), `{"state":"success"}`, 403, "only reading was granted"},
		{head, app, `{"state":"neutral"}`, 422, "a state of check runs"},
		{head, app, `{}`, 422, "no state"},
		{head, app, `{"state":"success","description":"` + strings.Repeat("x", 141) + `"}`, 422, "too long"},
		{head, app, `{"state":"success","target_url":"javascript:alert(1)"}`, 422, "no link"},
		{head, app, `{"state":"success","context":""}`, 422, "no context"},
		{head, app, `{"state":"success","context":"full"}`, 422, "there are a thousand"},
		{head[:39], app, `{"state":"success"}`, 422, "not a whole id"},
		{"main", app, `{"state":"success"}`, 422, "a branch"},
		{strings.Repeat("0", 40), app, `{"state":"success"}`, 422, "no such commit"},
	} {
		got := w.call("POST", "/repos/octo/blog/statuses/"+c.sha, c.auth, c.body)
		if got.status != c.status || c.status >= 400 && got.message() == "" {
			t.Errorf("%s %.60s (%s): %d %s, want %d", c.sha, c.body, c.why, got.status, got.body, c.status)
		}
	}
}
