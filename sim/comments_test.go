package sim

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-github/v60/github"
)

// callThreads is a part of TestEveryOperationAnswersAsGitHubDescribes.
func callThreads(t *testing.T, w *world, p *Pull) {
	ctx, gh := t.Context(), w.client()
	issue := w.repo.OpenIssue(w.ann, "Search is slow", "Very.")
	for _, n := range []int{p.Number, issue.Number} {
		good[*github.Issue](t)(gh.Issues.Get(ctx, "octo", "blog", n))
		mine := good[*github.IssueComment](t)(gh.Issues.CreateComment(ctx, "octo", "blog", n, &github.IssueComment{Body: github.String("Me too")}))
		good[*github.IssueComment](t)(gh.Issues.EditComment(ctx, "octo", "blog", mine.GetID(), &github.IssueComment{Body: github.String("Me three")}))
		good[*github.IssueComment](t)(gh.Issues.GetComment(ctx, "octo", "blog", mine.GetID()))
		for _, want := range []int{http.StatusCreated, http.StatusOK} {
			if _, res, err := gh.Reactions.CreateIssueCommentReaction(ctx, "octo", "blog", mine.GetID(), "eyes"); err != nil || statusOf(res) != want {
				t.Errorf("reaction: %d %v, want %d", statusOf(res), err, want)
			}
		}
		good[[]*github.Reaction](t)(gh.Reactions.ListIssueCommentReactions(ctx, "octo", "blog", mine.GetID(), nil))
		good[[]*github.IssueComment](t)(gh.Issues.ListComments(ctx, "octo", "blog", n, &github.IssueListCommentsOptions{ListOptions: github.ListOptions{PerPage: 1}}))
		good[[]*github.IssueComment](t)(gh.Issues.ListComments(ctx, "octo", "blog", 0, &github.IssueListCommentsOptions{Sort: github.String("updated"), Direction: github.String("desc")}))
		if _, err := gh.Issues.DeleteComment(ctx, "octo", "blog", mine.GetID()); err != nil {
			t.Error(err)
		}
	}
	good[[]*github.Label](t)(gh.Issues.ListLabelsByIssue(ctx, "octo", "blog", p.Number, nil))
	good[[]*github.Label](t)(gh.Issues.AddLabelsToIssue(ctx, "octo", "blog", p.Number, []string{"area/search", "agent"}))
	good[[]*github.Label](t)(gh.Issues.ListLabelsByIssue(ctx, "octo", "blog", p.Number, nil))
	if _, err := gh.Issues.RemoveLabelForIssue(ctx, "octo", "blog", p.Number, "area/search"); err != nil {
		t.Error(err)
	}
	id, err := p.Review(w.ann, Approved, "")
	w.must(err)
	w.must(p.Dismiss(w.ann, id, "again"))
	w.must(p.SetDraft(w.bot, true))
	w.must(p.SetDraft(w.bot, false))
	w.must(p.Edit(w.bot, PullEdit{Title: ptr("Newer title")}))
	w.must(p.Close(w.ann))
	good[*github.Issue](t)(gh.Issues.Get(ctx, "octo", "blog", p.Number))
	w.must(p.Reopen(w.ann))
	events := []string{}
	for _, e := range good[[]*github.IssueEvent](t)(gh.Issues.ListIssueEvents(ctx, "octo", "blog", p.Number, &github.ListOptions{PerPage: 100})) {
		events = append(events, e.GetEvent())
	}
	want := []string{"review_requested", "review_requested", "labeled", "labeled", "unlabeled", "review_dismissed", "convert_to_draft",
		"ready_for_review", "renamed", "closed", "reopened"}
	if diff := cmp.Diff(want, events); diff != "" {
		t.Errorf("events of the pull request (-want +got):\n%s", diff)
	}
	good[*github.RepoStatus](t)(gh.Repositories.CreateStatus(ctx, "octo", "blog", p.Head(), &github.RepoStatus{State: github.String("pending"),
		Context: github.String("ci/api"), Description: github.String("waiting"), TargetURL: github.String("https://ci.example.com/1")}))
}

// threadEvents sends each event about comments, labels and statuses once.
func threadEvents(w *world, p *Pull) {
	w.t.Helper()
	id := p.Comment(w.ann, "Looks good")
	w.must(w.repo.EditComment(w.bot, id, "Looks bad"))
	w.must(w.repo.DeleteComment(w.ann, id))
	w.repo.OpenIssue(w.ann, "Slow", "").Comment(w.app.Bot(), "Noted")
	p.Label(w.ann, "agent")
	w.must(p.Unlabel(w.ann, "Agent"))
	w.repo.SetStatus(w.ann, p.Head(), "success", "ci/legacy", "")
}

func TestCommentsChange(t *testing.T) {
	w := wide(t)
	p := w.pull("agent/x", "src/a.txt")
	gh, ctx := w.client(), t.Context()
	id := p.Comment(w.ann, "/integrate")
	w.clock.advance(time.Minute)
	w.must(w.repo.EditComment(w.bot, id, "/integrate now"))
	got := good[*github.IssueComment](t)(gh.Issues.GetComment(ctx, "octo", "blog", id))
	if got.GetBody() != "/integrate now" || got.GetUser().GetLogin() != "ann" || got.GetUpdatedAt().Sub(got.GetCreatedAt().Time) != time.Minute {
		t.Errorf("edited by another: %v", got)
	}
	if err := w.repo.EditComment(w.ann, id, "/integrate now"); err != nil {
		t.Errorf("the same text again: %v", err)
	}
	w.drain()
	var edited []string
	for _, d := range w.app.Deliveries() {
		var body struct {
			Changes struct{ Body struct{ From string } }
			Sender  struct{ Login string }
		}
		w.must(jsonInto(d.Payload, &body))
		if d.Event == "issue_comment" && d.Action == "edited" {
			edited = append(edited, body.Sender.Login+": "+body.Changes.Body.From)
		}
	}
	if !slices.Equal(edited, []string{"search-agent[bot]: /integrate"}) {
		t.Errorf("edited events: %q", edited)
	}
	mine := good[*github.IssueComment](t)(gh.Issues.CreateComment(ctx, "octo", "blog", p.Number, &github.IssueComment{Body: github.String("Merged.")}))
	raw := w.call("GET", "/repos/octo/blog/issues/comments/"+itoa(mine.GetID()), w.token(`null`), "")
	if mine.GetUser().GetLogin() != "wide[bot]" || !bytes.Contains(raw.body, []byte(`"performed_via_github_app":{`)) {
		t.Errorf("an App's own comment: %s", raw.body)
	}
	if n := w.read(p.Number).GetComments(); n != 2 {
		t.Errorf("%d comments counted, want 2", n)
	}
	w.must(w.repo.DeleteComment(w.ann, id))
	if _, res, _ := gh.Issues.GetComment(ctx, "octo", "blog", id); statusOf(res) != 404 || w.read(p.Number).GetComments() != 1 {
		t.Errorf("a deleted comment: %d, %d counted", statusOf(res), w.read(p.Number).GetComments())
	}
	for name, err := range map[string]error{"edit": w.repo.EditComment(w.ann, id, "x"), "delete": w.repo.DeleteComment(w.ann, id),
		"react": w.repo.React(w.ann, id, "+1"), "no sign": w.repo.React(w.ann, mine.GetID(), "shrug")} {
		if err == nil {
			t.Errorf("%s of a deleted comment worked", name)
		}
	}
}

func TestCommentLists(t *testing.T) {
	w := wide(t)
	p, q := w.pull("agent/x", "src/a.txt"), w.pull("agent/y", "src/b.txt")
	var ids []int64
	for i := range 5 {
		on := p
		if i == 3 {
			on = q
		}
		ids = append(ids, on.Comment(w.ann, fmt.Sprint(i)))
		w.clock.advance(time.Minute)
	}
	w.must(w.repo.EditComment(w.ann, ids[0], "newest"))
	w.repo.OpenIssue(w.ann, "Slow", "").Comment(w.ann, "plain")
	full, narrow := w.token(`null`), w.token(`{"permissions":{"pull_requests":"read"}}`)
	since := "since=" + w.clock.now().Add(-150*time.Second).UTC().Format(time.RFC3339)
	for _, c := range []struct{ path, auth, want, why string }{
		{"/issues/1/comments", full, "newest 1 2 4", "the oldest first"},
		{"/issues/1/comments?per_page=2&page=2", full, "2 4", "a page"},
		{"/issues/1/comments?" + since, full, "newest 4", "changed since, by edits too"},
		{"/issues/comments", full, "newest 1 2 3 4 plain", "of the whole repository"},
		{"/issues/comments", narrow, "newest 1 2 3 4", "issues need their own permission"},
		{"/issues/comments?sort=created&direction=desc", full, "plain 4 3 2 1 newest", "the newest first"},
		{"/issues/comments?sort=updated&direction=asc&per_page=3", full, "1 2 3", "by the last change"},
		{"/issues/comments?direction=desc", narrow, "newest 1 2 3 4", "no direction without a sort"},
	} {
		got := w.call("GET", "/repos/octo/blog"+c.path, c.auth, "")
		var list []struct{ Body string }
		w.must(jsonInto(got.body, &list))
		var bodies []string
		for _, m := range list {
			bodies = append(bodies, m.Body)
		}
		if text := strings.Join(bodies, " "); text != c.want {
			t.Errorf("%s (%s): %q, want %q", c.path, c.why, text, c.want)
		}
		if strings.Contains(c.path, "per_page") && got.header.Get("Link") == "" || got.header.Get("Etag") == "" {
			t.Errorf("%s: headers %v", c.path, got.header)
		}
	}
}

// A reading may be older than the comment, its edit or its deletion.
func TestStaleComments(t *testing.T) {
	w := wide(t)
	p := w.pull("agent/x", "src/a.txt")
	id := p.Comment(w.ann, "old")
	auth := w.token(`null`)
	list := func() string {
		return string(w.call("GET", "/repos/octo/blog/issues/1/comments", auth, "").body)
	}
	w.g.SetFaults(Faults{Stale: 1})
	if got := list(); got != "[]" {
		t.Errorf("right after the comment: %s", got)
	}
	w.g.Heal()
	for range 20 {
		list()
	}
	w.must(w.repo.EditComment(w.ann, id, "new"))
	w.g.SetFaults(Faults{Stale: 1})
	if got := list(); !strings.Contains(got, `"body":"old"`) {
		t.Errorf("right after the edit: %s", got)
	}
	w.must(w.repo.DeleteComment(w.ann, id))
	if got := list(); !strings.Contains(got, `"body":"new"`) {
		t.Errorf("right after the deletion: %s", got)
	}
	if got := w.call("GET", "/repos/octo/blog/issues/comments/"+itoa(id), auth, ""); got.status != 200 {
		t.Errorf("the comment itself right after the deletion: %d", got.status)
	}
	w.g.Heal()
	if got := list(); got != "[]" {
		t.Errorf("when all is settled: %s", got)
	}
}

func TestThreadsAreRefused(t *testing.T) {
	w := wide(t)
	w.pull("agent/x", "src/a.txt")
	onPull := itoa(w.repo.Pull(1).Comment(w.ann, "x"))
	w.repo.OpenIssue(w.ann, "Slow", "")
	onIssue := itoa(w.repo.issue(2).Comment(w.ann, "x"))
	reader := w.g.User("reader")
	w.must(w.repo.Collaborate(reader, "read"))
	person, other := "token "+w.ann.Token, "token "+reader.Token
	may := func(what string) string { return w.token(`{"permissions":{` + what + `}}`) }
	issues, pulls, contents := may(`"issues":"write"`), may(`"pull_requests":"write"`), may(`"contents":"write"`)
	for _, c := range []struct {
		method, path, auth, body string
		status                   int
		why                      string
	}{
		{"POST", "issues/1/comments", issues, `{"body":"x"}`, 201, "either permission opens a pull request's comments"},
		{"POST", "issues/1/comments", pulls, `{"body":"x"}`, 201, "either permission opens a pull request's comments"},
		{"POST", "issues/1/comments", contents, `{"body":"x"}`, 403, "another one does not"},
		{"POST", "issues/2/comments", issues, `{"body":"x"}`, 201, "a plain issue"},
		{"POST", "issues/2/comments", pulls, `{"body":"x"}`, 403, "a plain issue is no pull request"},
		{"PATCH", "issues/comments/" + onIssue, pulls, `{"body":"x"}`, 403, "nor are its comments"},
		{"GET", "issues/comments/" + onIssue, pulls, "", 403, "nor are its comments"},
		{"GET", "issues/comments/" + onPull, pulls, "", 200, "a pull request's are"},
		{"GET", "issues/1", pulls, "", 403, "the issue behind a pull request needs issues"},
		{"GET", "issues/1", issues, "", 200, "the issue behind a pull request"},
		{"POST", "issues/comments/" + onPull + "/reactions", issues, `{"content":"eyes"}`, 403, "reactions go by what the comment is on"},
		{"POST", "issues/comments/" + onPull + "/reactions", pulls, `{"content":"eyes"}`, 201, "reactions go by what the comment is on"},
		{"POST", "issues/comments/" + onIssue + "/reactions", issues, `{"content":"eyes"}`, 201, "reactions go by what the comment is on"},
		{"POST", "issues/comments/" + onPull + "/reactions", other, `{"content":"+1"}`, 201, "readers may react"},
		{"POST", "issues/comments/" + onPull + "/reactions", other, `{"content":"shrug"}`, 422, "no such sign"},
		{"POST", "issues/1/comments", other, `{"body":"x"}`, 201, "readers may comment"},
		{"POST", "issues/1/comments", "", `{"body":"x"}`, 404, "nobody, in private"},
		{"POST", "issues/1/comments", person, `{"body":""}`, 422, "blank"},
		{"POST", "issues/1/comments", person, `{"body":"` + strings.Repeat("ü", maxComment) + `"}`, 201, "as long as may be"},
		{"POST", "issues/1/comments", person, `{"body":"` + strings.Repeat("x", maxComment+1) + `"}`, 422, "too long"},
		{"POST", "issues/9/comments", person, `{"body":"x"}`, 404, "no such issue"},
		{"GET", "issues/9", person, "", 404, "no such issue"},
		{"GET", "issues/comments/1", person, "", 404, "no such comment"},
		{"GET", "issues/1/comments?since=yesterday", person, "", 422, "no time"},
		{"PATCH", "issues/comments/" + onPull, other, `{"body":"y"}`, 403, "somebody else's"},
		{"DELETE", "issues/comments/" + onPull, other, "", 403, "somebody else's"},
		{"PATCH", "issues/comments/" + onPull, "token " + w.bot.Token, `{"body":"y"}`, 200, "who may push may edit it"},
		{"PATCH", "issues/comments/" + onPull, person, `{"body":""}`, 422, "blank"},
		{"DELETE", "issues/comments/" + onPull, pulls, "", 204, "an App with the permission"},
		{"DELETE", "issues/comments/" + onPull, pulls, "", 404, "it is gone"},
		{"POST", "issues/1/labels", pulls, `{"labels":["a",{"name":"b"}]}`, 200, "names and objects"},
		{"POST", "issues/1/labels", issues, `["A","c"]`, 200, "a bare list"},
		{"POST", "issues/1/labels", contents, `{"labels":["a"]}`, 403, "another permission"},
		{"POST", "issues/1/labels", other, `{"labels":["a"]}`, 403, "readers do not label"},
		{"POST", "issues/1/labels", person, `{"labels":["` + strings.Repeat("x", 51) + `"]}`, 422, "too long"},
		{"POST", "issues/1/labels", person, `{"labels":[7]}`, 422, "no name"},
		{"POST", "issues/1/labels", person, `{}`, 422, "no labels"},
		{"POST", "issues/1/labels", person, `7`, 422, "no labels"},
		{"POST", "issues/9/labels", person, `{"labels":["a"]}`, 404, "no such issue"},
		{"DELETE", "issues/1/labels/absent", person, "", 404, "not on it"},
		{"DELETE", "issues/1/labels/A", other, "", 403, "readers do not label"},
		{"DELETE", "issues/1/labels/B", person, "", 200, "whatever its case"},
		{"DELETE", "issues/9/labels/B", person, "", 404, "no such issue"},
	} {
		w.watch.nonsense = strings.HasPrefix(c.body, "[") || strings.Contains(c.path, "yesterday")
		got := w.call(c.method, "/repos/octo/blog/"+c.path, c.auth, c.body)
		if got.status != c.status || c.status >= 400 && got.message() == "" {
			t.Errorf("%s %s %.60s (%s): %d %s, want %d", c.method, c.path, c.body, c.why, got.status, got.body, c.status)
		}
	}
	var names []string
	for _, l := range w.read(1).Labels {
		names = append(names, l.GetName())
	}
	if !slices.Equal(names, []string{"a", "c"}) {
		t.Errorf("labels: %v", names)
	}
}

func TestLockedConversations(t *testing.T) {
	w := wide(t)
	gh, p := w.client(), w.pull("work", "a.md")
	say := func() int {
		_, res, _ := gh.Issues.CreateComment(t.Context(), "octo", "blog", p.Number, &github.IssueComment{Body: github.String("Me too")})
		return statusOf(res)
	}
	p.Lock(true)
	if got := say(); got != http.StatusForbidden {
		t.Errorf("in a locked conversation: %d", got)
	}
	p.Lock(false)
	if got := say(); got != http.StatusCreated {
		t.Errorf("unlocked: %d", got)
	}
}
