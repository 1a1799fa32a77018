package sim

import (
	"bytes"
	"net/http"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-github/v60/github"
)

// platform makes the team of octo that may push to the blog, with a maintainer
// and a member; both are private members of octo.
func (w *world) platform() (team *Team, max, mia *User) {
	w.t.Helper()
	max, mia = w.g.User("max"), w.g.User("mia")
	team = w.g.Org("octo").Team("Platform Crew", mia)
	w.must(team.Add(max, "maintainer"))
	w.must(w.repo.CollaborateTeam(team, "write"))
	return team, max, mia
}

// callPeople is a part of TestEveryOperationAnswersAsGitHubDescribes.
func callPeople(t *testing.T, w *world, p *Pull) {
	ctx, gh := t.Context(), w.client()
	w.platform()
	good[[]*github.User](t)(gh.Teams.ListTeamMembersBySlug(ctx, "octo", "platform-crew", nil))
	good[*github.Membership](t)(gh.Teams.GetTeamMembershipBySlug(ctx, "octo", "platform-crew", "max"))
	good[bool](t)(gh.Repositories.IsCollaborator(ctx, "octo", "blog", "mia"))
	good[*github.PullRequest](t)(gh.PullRequests.RequestReviewers(ctx, "octo", "blog", p.Number,
		github.ReviewersRequest{Reviewers: []string{"ann"}, TeamReviewers: []string{"platform-crew"}}))
	good[*github.Reviewers](t)(gh.PullRequests.ListReviewers(ctx, "octo", "blog", p.Number, nil))
	for _, event := range []string{"COMMENT", "REQUEST_CHANGES", "APPROVE", ""} {
		q := &github.PullRequestReviewRequest{Body: github.String("Please look again.")}
		if event != "" {
			q.Event = &event
		}
		good[*github.PullRequestReview](t)(gh.PullRequests.CreateReview(ctx, "octo", "blog", p.Number, q))
	}
	good[[]*github.PullRequestReview](t)(gh.PullRequests.ListReviews(ctx, "octo", "blog", p.Number, nil))
}

// reviewEvents sends each event about reviews once.
func reviewEvents(w *world, p *Pull) {
	w.t.Helper()
	team, _, _ := w.platform()
	w.must(p.RequestReview(w.bot, w.ann))
	w.must(p.RequestTeamReview(w.bot, team))
	w.must(p.UnrequestReview(w.bot, w.ann))
	id, err := p.Review(w.ann, ChangesRequested, "Not yet")
	w.must(err)
	w.must(p.EditReview(w.ann, id, "Not ready yet"))
	w.must(p.Dismiss(w.ann, id, "done"))
}

func TestTeamsGiveRoles(t *testing.T) {
	w := wide(t)
	team, max, mia := w.platform()
	pat := w.g.User("pat")
	w.g.Org("octo").Join(pat, true)
	auth := w.token(`null`)
	see := func(when string, u *User, role string, collaborator int) {
		t.Helper()
		var got struct {
			RoleName string `json:"role_name"`
		}
		w.must(jsonInto(w.call("GET", "/repos/octo/blog/collaborators/"+u.Login+"/permission", auth, "").body, &got))
		status := w.call("GET", "/repos/octo/blog/collaborators/"+u.Login, auth, "").status
		if got.RoleName != role || status != collaborator {
			t.Errorf("%s: %s has role %q and is a collaborator by %d, want %q by %d", when, u.Login, got.RoleName, status, role, collaborator)
		}
	}
	see("in the team", mia, "write", 204)
	see("its maintainer", max, "write", 204)
	see("in the organization", pat, "read", 204)
	see("a stranger", w.g.User("eve"), "none", 404)
	w.must(w.repo.Collaborate(mia, "triage"))
	see("the higher of two roles", mia, "write", 204)
	w.must(w.repo.CollaborateTeam(team, "none"))
	see("the team lost its role", mia, "triage", 204)
	w.must(w.repo.Collaborate(mia, "none"))
	see("only a member of the organization", mia, "read", 204)
	w.g.Org("octo").Leave(mia)
	see("not even that", mia, "none", 404)
	w.must(w.repo.CollaborateTeam(team, "admin"))
	team.Remove(max)
	see("out of the team", max, "read", 204)
	w.repo.SetPrivate(false)
	see("anybody may read a public one", mia, "read", 404)
	if err := w.repo.CollaborateTeam(w.g.Org("moon").Team("crew"), "write"); err == nil {
		t.Error("a team of another organization got a role")
	}
	for _, err := range []error{w.repo.CollaborateTeam(team, "boss"), team.Add(max, "boss")} {
		if err == nil {
			t.Error("a role that does not exist was given")
		}
	}
}

func TestTeamMembers(t *testing.T) {
	w := wide(t)
	_, max, _ := w.platform()
	gh, ctx := w.client(), t.Context()
	names := func(role string) []string {
		var out []string
		for _, u := range good[[]*github.User](t)(gh.Teams.ListTeamMembersBySlug(ctx, "octo", "platform-crew", &github.TeamListTeamMembersOptions{Role: role})) {
			out = append(out, u.GetLogin())
		}
		return out
	}
	if all, max, mia := names("all"), names("maintainer"), names("member"); !slices.Equal(all, []string{"mia", "max"}) ||
		!slices.Equal(max, []string{"max"}) || !slices.Equal(mia, []string{"mia"}) {
		t.Errorf("members %v, of them maintainers %v and others %v", all, max, mia)
	}
	if got := w.call("GET", "/orgs/octo/teams/platform-crew/members?per_page=1", w.token(`null`), ""); got.header.Get("Link") == "" || got.header.Get("Etag") == "" {
		t.Errorf("headers of a page: %v", got.header)
	}
	w.g.Org("moon").Team("Platform Crew")
	all, narrow := w.token(`null`), w.token(`{"permissions":{"contents":"read"}}`)
	base := "/orgs/octo/teams/platform-crew/"
	for _, c := range []struct {
		path, auth string
		status     int
		why        string
	}{
		{base + "memberships/max", all, 200, "in the team"},
		{base + "memberships/MAX", all, 200, "logins are compared without case"},
		{base + "memberships/ann", all, 404, "not in the team"},
		{base + "memberships/nobody", all, 404, "no account"},
		{"/orgs/octo/teams/absent/members", all, 404, "no such team"},
		{"/orgs/absent/teams/platform-crew/members", all, 404, "no such organization"},
		{"/orgs/ann/teams/platform-crew/members", all, 404, "a person has no teams"},
		{"/orgs/moon/teams/platform-crew/members", all, 404, "the App is not installed there"},
		{base + "members", narrow, 403, "the token may not read members"},
		{base + "members", "", 401, "nobody signed in"},
		{base + "members", "token " + max.Token, 200, "a member of the organization"},
		{base + "members", "token " + w.ann.Token, 404, "not one"},
		{base + "members", w.jwt(w.app, nil), 401, "a web token is not for organizations"},
	} {
		got := w.call("GET", c.path, c.auth, "")
		if got.status != c.status {
			t.Errorf("%s (%s): %d %s, want %d", c.path, c.why, got.status, got.body, c.status)
		}
		if accepted := got.header.Get("X-Accepted-Github-Permissions"); c.status == 403 && accepted != "members=read" {
			t.Errorf("%s: accepted permissions %q", c.path, accepted)
		}
	}
}

// reviewsOf are the reviews of a pull request as go-github sees them.
func (w *world) reviewsOf(p *Pull) []string {
	w.t.Helper()
	list, _, err := w.client().PullRequests.ListReviews(w.t.Context(), "octo", "blog", p.Number, nil)
	w.must(err)
	out := []string{}
	for _, v := range list {
		out = append(out, v.GetUser().GetLogin()+" "+v.GetState()+" "+short(v.GetCommitID()))
	}
	return out
}

func TestReviews(t *testing.T) {
	w := wide(t)
	p := w.pull("agent/x", "src/a.txt")
	first := p.Head()
	_, err := p.Review(w.ann, ChangesRequested, "Not yet")
	w.must(err)
	second := w.commit("agent/x", "src/a.txt", "newer\n")
	id, err := p.Review(w.ann, Approved, "")
	w.must(err)
	want := []string{"ann CHANGES_REQUESTED " + short(first), "ann APPROVED " + short(second)}
	if diff := cmp.Diff(want, w.reviewsOf(p)); diff != "" {
		t.Errorf("reviews stay with the head they saw (-want +got):\n%s", diff)
	}
	w.must(p.Dismiss(w.ann, id, "on second thoughts"))
	want[1] = "ann DISMISSED " + short(second)
	if diff := cmp.Diff(want, w.reviewsOf(p)); diff != "" {
		t.Errorf("a dismissed review stays in its place (-want +got):\n%s", diff)
	}
	comment, err := p.Review(w.ann, Commented, "Hm")
	w.must(err)
	for name, err := range map[string]error{"again": p.Dismiss(w.ann, id, ""), "a comment": p.Dismiss(w.ann, comment, ""),
		"no review": p.Dismiss(w.ann, 1, ""), "editing no review": p.EditReview(w.ann, 1, "x")} {
		if err == nil {
			t.Errorf("dismissing %s worked", name)
		}
	}
	w.drain()
	if got := w.hook.take(); !slices.Contains(got, "pull_request_review dismissed") || !slices.Contains(got, "pull_request_review submitted") {
		t.Errorf("events: %v", got)
	}
}

// A push dismisses approvals, and nothing else, where the repository says so.
func TestStaleReviews(t *testing.T) {
	w := wide(t)
	p := w.pull("agent/x", "src/a.txt")
	first := short(p.Head())
	for _, state := range []string{ChangesRequested, Commented, Approved} {
		_, err := p.Review(w.ann, state, "text")
		w.must(err)
	}
	w.commit("agent/x", "src/a.txt", "2\n")
	if got := w.reviewsOf(p); got[2] != "ann APPROVED "+first {
		t.Errorf("dismissed without being asked to: %v", got)
	}
	w.repo.SetDismissStale(true)
	w.commit("agent/x", "src/a.txt", "3\n")
	want := []string{"ann CHANGES_REQUESTED " + first, "ann COMMENTED " + first, "ann DISMISSED " + first}
	if diff := cmp.Diff(want, w.reviewsOf(p)); diff != "" {
		t.Errorf("after a push (-want +got):\n%s", diff)
	}
}

// A reading may be older than a dismissal, and then shows the approval.
func TestReviewsReadLate(t *testing.T) {
	w := wide(t)
	p := w.pull("agent/x", "src/a.txt")
	id, err := p.Review(w.ann, Approved, "")
	w.must(err)
	for range 20 { // the approval is old news
		w.reviewsOf(p)
	}
	w.must(p.Dismiss(w.ann, id, "on second thoughts"))
	w.g.SetFaults(Faults{Stale: 1})
	if got := w.reviewsOf(p); len(got) != 1 || got[0] != "ann APPROVED "+short(p.Head()) {
		t.Errorf("right after the dismissal: %v", got)
	}
	w.g.Heal()
	if got := w.reviewsOf(p); len(got) != 1 || got[0] != "ann DISMISSED "+short(p.Head()) {
		t.Errorf("when all is settled: %v", got)
	}
}

func TestReviewsAreRefused(t *testing.T) {
	w := wide(t)
	p := w.pull("agent/x", "src/a.txt")
	other := w.commit("agent/y", "y.txt", "y\n")
	reader, stranger := w.g.User("reader"), w.g.User("eve")
	w.must(w.repo.Collaborate(reader, "read"))
	base := "/repos/octo/blog/pulls/" + itoa(int64(p.Number))
	for _, c := range []struct {
		path, auth, body string
		status           int
		problem, why     string
	}{
		{base + "/reviews", "token " + w.ann.Token, `{"event":"APPROVE"}`, 200, "", "an approval needs no text"},
		{base + "/reviews", "token " + reader.Token, `{"event":"APPROVE","commit_id":"` + p.Head() + `"}`, 200, "", "readers may, whatever it counts"},
		{base + "/reviews", "token " + w.bot.Token, `{"event":"APPROVE"}`, 422, "Can not approve your own pull request", "the author"},
		{base + "/reviews", "token " + w.bot.Token, `{"event":"REQUEST_CHANGES","body":"x"}`, 422, "Can not request changes", "the author"},
		{base + "/reviews", "token " + w.bot.Token, `{"event":"COMMENT","body":"x"}`, 200, "", "the author may remark"},
		{base + "/reviews", "token " + w.ann.Token, `{"event":"COMMENT"}`, 422, "Body", "a remark needs a text"},
		{base + "/reviews", "token " + w.ann.Token, `{"event":"LGTM"}`, 422, "invalid value", "no such event"},
		{base + "/reviews", "token " + w.ann.Token, `{"event":"APPROVE","commit_id":"` + other + `"}`, 422, "commit_id", "a commit of another branch"},
		{base + "/reviews", "token " + w.ann.Token, `{"body":"x"}`, 200, "", "pending"},
		{base + "/reviews", "token " + w.ann.Token, `{"body":"x"}`, 422, "one pending review", "a second one"},
		{base + "/reviews", "token " + stranger.Token, `{"event":"APPROVE"}`, 404, "Not Found", "who may not see the repository"},
		{base + "/reviews", w.token(`{"permissions":{"pull_requests":"read"}}`), `{"event":"APPROVE"}`, 403, "Resource not", "only reading was granted"},
		{"/repos/octo/blog/pulls/99/reviews", "token " + w.ann.Token, `{"event":"APPROVE"}`, 404, "Not Found", "no such pull request"},
		{base + "/requested_reviewers", "token " + w.ann.Token, `{"reviewers":["reader"]}`, 201, "", "any collaborator may be asked"},
		{base + "/requested_reviewers", "token " + w.ann.Token, `{"reviewers":["ann","eve"]}`, 422, "may only be requested from collaborators", "a stranger"},
		{base + "/requested_reviewers", "token " + w.ann.Token, `{"reviewers":["nobody"]}`, 422, "may only be requested from collaborators", "no account"},
		{base + "/requested_reviewers", "token " + w.ann.Token, `{"reviewers":["search-agent[bot]"]}`, 422, "pull request author", "the author"},
		{base + "/requested_reviewers", "token " + w.ann.Token, `{"team_reviewers":["absent"]}`, 422, "may only be requested from collaborators", "no team"},
		{base + "/requested_reviewers", "token " + w.ann.Token, `{}`, 422, "Name at least one", "nobody"},
		{base + "/requested_reviewers", "token " + reader.Token, `{"reviewers":["ann"]}`, 403, "triage", "readers may not ask"},
		{"/repos/octo/blog/pulls/99/requested_reviewers", "token " + w.ann.Token, `{"reviewers":["ann"]}`, 404, "Not Found", "no such pull request"},
	} {
		got := w.call("POST", c.path, c.auth, c.body)
		if got.status != c.status || c.problem != "" && !bytes.Contains(got.body, []byte(c.problem)) {
			t.Errorf("%s %s (%s): %d %s, want %d %q", c.path, c.body, c.why, got.status, got.body, c.status, c.problem)
		}
	}
	if got := w.reviewsOf(p); len(got) != 3 {
		t.Errorf("reviews, without ann's pending one: %v", got)
	}
	if asked := w.read(p.Number).RequestedReviewers; len(asked) != 1 || asked[0].GetLogin() != "reader" {
		t.Errorf("asked for a review: %v", asked)
	}
}

// Whoever reviewed is asked no longer, nor is the team they stand for.
func TestReviewRequests(t *testing.T) {
	w := wide(t)
	p := w.pull("agent/x", "src/a.txt")
	team, max, _ := w.platform()
	gh, ctx := w.client(), t.Context()
	asked := func() string {
		t.Helper()
		r := good[*github.Reviewers](t)(gh.PullRequests.ListReviewers(ctx, "octo", "blog", p.Number, nil))
		shown := w.read(p.Number)
		if len(shown.RequestedReviewers) != len(r.Users) || len(shown.RequestedTeams) != len(r.Teams) {
			t.Errorf("the pull request shows %v and %v", shown.RequestedReviewers, shown.RequestedTeams)
		}
		out := ""
		for _, u := range r.Users {
			out += u.GetLogin() + " "
		}
		for _, team := range r.Teams {
			out += "@" + team.GetSlug() + " "
		}
		return out
	}
	request := github.ReviewersRequest{Reviewers: []string{"ann"}, TeamReviewers: []string{"platform-crew"}}
	for range 2 { // the second time nothing is left to ask
		good[*github.PullRequest](t)(gh.PullRequests.RequestReviewers(ctx, "octo", "blog", p.Number, request))
	}
	if got := asked(); got != "ann @platform-crew " {
		t.Errorf("asked: %q", got)
	}
	w.drain()
	if got := slices.DeleteFunc(w.app.Deliveries(), func(d Delivery) bool { return d.Action != "review_requested" }); len(got) != 2 {
		t.Errorf("%d events, want one for each who was asked", len(got))
	}
	_, err := p.Review(max, Commented, "Looking")
	w.must(err)
	if got := asked(); got != "ann " {
		t.Errorf("after a member of the team reviewed: %q", got)
	}
	_, err = p.Review(w.ann, Approved, "")
	w.must(err)
	if got := asked(); got != "" {
		t.Errorf("after the approval: %q", got)
	}
	w.must(p.RequestReview(w.bot, w.ann))
	w.must(p.UnrequestReview(w.bot, w.ann))
	if err := p.UnrequestReview(w.bot, w.ann); err == nil {
		t.Error("somebody who was not asked was taken off the list")
	}
	w.must(w.repo.CollaborateTeam(team, "none"))
	if err := p.RequestTeamReview(w.bot, team); err == nil {
		t.Error("a team without access was asked")
	}
	w.must(w.repo.CollaborateTeam(team, "read"))
	blind := w.token(`{"permissions":{"pull_requests":"write"}}`)
	got := w.call("POST", "/repos/octo/blog/pulls/1/requested_reviewers", blind, `{"team_reviewers":["platform-crew"]}`)
	if got.status != http.StatusUnprocessableEntity {
		t.Errorf("a team asked by an App that may not read members: %d %s", got.status, got.body)
	}
}

// What the API says of a membership that is private is not what the author may do.
func TestAssociationsHidePrivateMembers(t *testing.T) {
	w := wide(t)
	_, max, mia := w.platform()
	w.g.Org("octo").Join(mia, true)
	p := w.pull("agent/x", "src/a.txt")
	want := map[string]string{"max": "NONE", "mia": "MEMBER", "ann": "COLLABORATOR"}
	for _, u := range []*User{max, mia, w.ann} {
		_, err := p.Review(u, Approved, "")
		w.must(err)
	}
	got := map[string]string{}
	for _, v := range good[[]*github.PullRequestReview](t)(w.client().PullRequests.ListReviews(t.Context(), "octo", "blog", p.Number, nil)) {
		got[v.GetUser().GetLogin()] = v.GetAuthorAssociation()
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("author_association (-want +got):\n%s", diff)
	}
}
