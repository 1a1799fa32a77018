package sim

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-github/v60/github"
)

// wideManifest is an App that may use every operation that is simulated and
// takes every event.
const wideManifest = `
name: Wide
url: https://example.com
default_permissions: {checks: write, administration: read, contents: write, issues: write, pull_requests: write, statuses: write, metadata: read, actions: read, members: read}
default_events: [push, create, delete, pull_request, pull_request_review, check_run, check_suite, status, issue_comment, repository, workflow_run, workflow_job, branch_protection_rule, repository_ruleset]
`

// wide is a world whose App may do anything. Its watcher holds every exchange
// and every delivery to GitHub's description.
func wide(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	var err error
	w.app, err = w.g.RegisterApp([]byte(wideManifest), w.hook.URL+"/wide", "s3cret")
	w.must(err)
	w.inst, err = w.app.Install("octo", "blog")
	w.must(err)
	w.drain()
	return w
}

// good fails the test when a call did not end well. It is used around go-github's
// three results.
func good[T any](t *testing.T) func(T, *github.Response, error) T {
	t.Helper()
	return func(v T, _ *github.Response, err error) T {
		t.Helper()
		if err != nil {
			t.Errorf("%v", err)
		}
		return v
	}
}

// Every operation is called by an independent client at least once with
// success, so that each answer was held to GitHub's description.
func TestEveryOperationAnswersAsGitHubDescribes(t *testing.T) {
	w := wide(t)
	p := w.pull("agent/x", "src/b.txt")
	w.drain()
	for _, part := range []func(*testing.T, *world, *Pull){callApp, callRepo, callGit, callRules, callPulls, callChecks, callPeople, callThreads, callActions, callMerges} {
		part(t, w, p)
	}
	answered := map[string]bool{}
	for _, r := range w.g.Requests(0) {
		if r.Status >= 200 && r.Status < 300 {
			answered[r.Route] = true
		}
	}
	for _, r := range routes() {
		if name := r.method + " " + r.pattern; !answered[name] && name != graphqlRoute {
			t.Errorf("%s was never answered with success: call it here", name)
		}
	}
	if unknown := w.g.Unknown(); len(unknown) > 0 {
		t.Errorf("requests to what is not simulated: %v", unknown)
	}
}

func callApp(t *testing.T, w *world, _ *Pull) {
	ctx, gh := t.Context(), w.appClient()
	if app := good[*github.App](t)(gh.Apps.Get(ctx, "")); app.GetSlug() != "wide" {
		t.Errorf("the App is %q", app.GetSlug())
	}
	if list := good[[]*github.Installation](t)(gh.Apps.ListInstallations(ctx, nil)); len(list) != 1 {
		t.Errorf("%d installations", len(list))
	}
	good[*github.Installation](t)(gh.Apps.GetInstallation(ctx, w.inst.ID))
	good[*github.Installation](t)(gh.Apps.FindRepositoryInstallation(ctx, "octo", "blog"))
	good[*github.InstallationToken](t)(gh.Apps.CreateInstallationToken(ctx, w.inst.ID, nil))
	good[*github.InstallationToken](t)(gh.Apps.CreateInstallationToken(ctx, w.inst.ID, &github.InstallationTokenOptions{
		Repositories: []string{"blog"}, Permissions: &github.InstallationPermissions{Contents: github.String("read")}}))
	good[*github.HookConfig](t)(gh.Apps.GetHookConfig(ctx))
	deliveries := good[[]*github.HookDelivery](t)(gh.Apps.ListHookDeliveries(ctx, &github.ListCursorOptions{PerPage: 50}))
	if len(deliveries) == 0 {
		t.Fatal("no deliveries")
	}
	good[*github.HookDelivery](t)(gh.Apps.GetHookDelivery(ctx, deliveries[0].GetID()))
	if _, res, _ := gh.Apps.RedeliverHookDelivery(ctx, deliveries[0].GetID()); statusOf(res) != http.StatusAccepted {
		t.Errorf("redelivery: %d", statusOf(res))
	}
	w.drain()
	good[*github.ListRepositories](t)(w.client().Apps.ListRepos(ctx, nil))
	good[*github.RateLimits](t)(w.client().RateLimit.Get(ctx))
	person := w.clientOn(bearer{w.ann.Token})
	if me := good[*github.User](t)(person.Users.Get(ctx, "")); me.GetLogin() != "ann" {
		t.Errorf("signed in as %q", me.GetLogin())
	}
	for _, login := range []string{"ann", "octo", "search-agent[bot]"} {
		good[*github.User](t)(w.client().Users.Get(ctx, login))
	}
}

// bearer signs requests in with a token.
type bearer struct{ token string }

// RoundTrip adds the header to a copy of the request.
func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+b.token)
	return http.DefaultTransport.RoundTrip(r)
}

func callRepo(t *testing.T, w *world, p *Pull) {
	ctx, gh := t.Context(), w.client()
	good[*github.Repository](t)(gh.Repositories.Get(ctx, "octo", "blog"))
	good[[]*github.Branch](t)(gh.Repositories.ListBranches(ctx, "octo", "blog", &github.BranchListOptions{ListOptions: github.ListOptions{PerPage: 1}}))
	good[*github.Branch](t)(gh.Repositories.GetBranch(ctx, "octo", "blog", "agent/x", 0))
	for _, login := range []string{"ann", "octo", "search-agent[bot]"} {
		good[*github.RepositoryPermissionLevel](t)(gh.Repositories.GetPermissionLevel(ctx, "octo", "blog", login))
	}
	for _, path := range []string{"", "src", "src/a.txt"} {
		if _, _, _, err := gh.Repositories.GetContents(ctx, "octo", "blog", path, &github.RepositoryContentGetOptions{Ref: "main"}); err != nil {
			t.Error(err)
		}
	}
	good[[]*github.RepositoryCommit](t)(gh.Repositories.ListCommits(ctx, "octo", "blog", &github.CommitsListOptions{SHA: "agent/x"}))
	good[*github.RepositoryCommit](t)(gh.Repositories.GetCommit(ctx, "octo", "blog", p.Head(), nil))
	good[*github.CommitsComparison](t)(gh.Repositories.CompareCommits(ctx, "octo", "blog", "main", "agent/x", nil))
	w.repo.SetStatus(w.ann, p.Head(), "success", "ci/legacy", "fine")
	good[*github.CombinedStatus](t)(gh.Repositories.GetCombinedStatus(ctx, "octo", "blog", p.Head(), nil))
	good[[]*github.RepoStatus](t)(gh.Repositories.ListStatuses(ctx, "octo", "blog", p.Head(), nil))
}

func callGit(t *testing.T, w *world, p *Pull) {
	ctx, gh := t.Context(), w.client()
	ref := good[*github.Reference](t)(gh.Git.GetRef(ctx, "octo", "blog", "heads/agent/x"))
	if ref.GetObject().GetSHA() != p.Head() {
		t.Errorf("heads/agent/x is %s, want %s", ref.GetObject().GetSHA(), p.Head())
	}
	good[[]*github.Reference](t)(gh.Git.ListMatchingRefs(ctx, "octo", "blog", &github.ReferenceListOptions{Ref: "heads/agent"}))
	commit := good[*github.Commit](t)(gh.Git.GetCommit(ctx, "octo", "blog", p.Head()))
	tree := good[*github.Tree](t)(gh.Git.GetTree(ctx, "octo", "blog", commit.GetTree().GetSHA(), true))
	for _, entry := range tree.Entries {
		if entry.GetType() == "blob" {
			good[*github.Blob](t)(gh.Git.GetBlob(ctx, "octo", "blog", entry.GetSHA()))
		}
	}
}

func callRules(t *testing.T, w *world, p *Pull) {
	ctx, gh := t.Context(), w.client()
	good[*github.Reference](t)(gh.Git.CreateRef(ctx, "octo", "blog", &github.Reference{Ref: github.String("refs/heads/spare"), Object: &github.GitObject{SHA: github.String(p.Head())}}))
	good[*github.Reference](t)(gh.Git.UpdateRef(ctx, "octo", "blog", &github.Reference{Ref: github.String("refs/heads/spare"), Object: &github.GitObject{SHA: github.String(w.repo.Tip("main"))}}, true))
	if _, err := gh.Git.DeleteRef(ctx, "octo", "blog", "heads/spare"); err != nil {
		t.Error(err)
	}
	w.must(w.everyRule("main", "guarded"))
	w.commit("guarded", "g", "g")
	protection := good[*github.Protection](t)(gh.Repositories.GetBranchProtection(ctx, "octo", "blog", "main"))
	if checks := protection.GetRequiredStatusChecks(); checks == nil || checks.Checks == nil || len(*checks.Checks) != 2 {
		t.Errorf("required checks: %v", checks)
	}
	good[[]*github.RepositoryRule](t)(gh.Repositories.GetRulesForBranch(ctx, "octo", "blog", "guarded"))
	good[[]*github.Ruleset](t)(gh.Repositories.GetAllRulesets(ctx, "octo", "blog", false))
	good[*github.Branch](t)(gh.Repositories.GetBranch(ctx, "octo", "blog", "main", 0))
	good[[]*github.Branch](t)(gh.Repositories.ListBranches(ctx, "octo", "blog", nil))
	w.repo.Unprotect("main")
	w.must(w.repo.RemoveRuleset("all"))
}

// everyRule protects a branch by all that a protection has, and another by a
// ruleset that holds for nobody here but has every rule.
func (w *world) everyRule(protected, ruled string) error {
	team := w.g.Org("octo").Team("Platform Crew")
	rules := Rules{Checks: []RequiredCheck{{Name: "build"}, {Name: "gate", App: w.app}}, Strict: true, Reviews: 1,
		NoCreation: true, NoUpdate: true, NoDeletion: true, NonFastForward: true}
	allowed := Allowed{Users: []*User{w.ann}, Teams: []*Team{team}, Apps: []*App{w.app}}
	w.repo.Protect(protected, Protection{Rules: rules, Admins: true, Push: &allowed, NoReview: allowed, AllowForce: true, AllowDeletion: true})
	w.repo.Protect(protected, Protection{Rules: rules, Push: &allowed, NoReview: allowed})
	s := Ruleset{Name: "all", Include: []string{"refs/heads/" + ruled}, Exclude: []string{"refs/heads/x"}, Rules: rules,
		Bypass: []Bypass{{App: w.app}, {Team: team, Mode: "pull_request"}, {Role: "write"}}}
	return errors.Join(w.repo.SetRuleset(s), w.repo.SetRuleset(s))
}

func callMerges(t *testing.T, w *world, _ *Pull) {
	ctx, gh := t.Context(), w.client()
	p := w.pull("agent/m", "m.txt")
	w.commit("main", "base.txt", "x")
	if _, res, _ := gh.PullRequests.UpdateBranch(ctx, "octo", "blog", p.Number, nil); statusOf(res) != http.StatusAccepted {
		t.Errorf("update-branch: %d", statusOf(res))
	}
	w.commit("lane", "lane.txt", "x")
	good[*github.RepositoryCommit](t)(gh.Repositories.Merge(ctx, "octo", "blog", &github.RepositoryMergeRequest{Base: github.String("lane"), Head: github.String("agent/m")}))
	merged := good[*github.PullRequestMergeResult](t)(gh.PullRequests.Merge(ctx, "octo", "blog", p.Number, "", &github.PullRequestOptions{SHA: p.Head()}))
	if merged.GetSHA() != w.repo.Tip("main") || !merged.GetMerged() {
		t.Errorf("merged at %s, and main is at %s", merged.GetSHA(), w.repo.Tip("main"))
	}
	if is := good[bool](t)(gh.PullRequests.IsMerged(ctx, "octo", "blog", p.Number)); !is {
		t.Error("a merged pull request is not")
	}
	w.drain()
}

func callPulls(t *testing.T, w *world, p *Pull) {
	ctx, gh := t.Context(), w.client()
	w.commit("agent/y", "src/y.txt", "y\n")
	opened := good[*github.PullRequest](t)(gh.PullRequests.Create(ctx, "octo", "blog",
		&github.NewPullRequest{Title: github.String("Y"), Head: github.String("agent/y"), Base: github.String("main"), Draft: github.Bool(true)}))
	good[*github.PullRequest](t)(gh.PullRequests.Edit(ctx, "octo", "blog", opened.GetNumber(),
		&github.PullRequest{Title: github.String("Why"), State: github.String("closed")}))
	for range 2 { // mergeability unknown, and then known
		good[*github.PullRequest](t)(gh.PullRequests.Get(ctx, "octo", "blog", p.Number))
	}
	good[*github.PullRequest](t)(gh.PullRequests.Get(ctx, "octo", "blog", opened.GetNumber()))
	for _, state := range []string{"open", "closed", "all"} {
		good[[]*github.PullRequest](t)(gh.PullRequests.List(ctx, "octo", "blog", &github.PullRequestListOptions{State: state, Sort: "updated", Direction: "desc"}))
	}
	good[[]*github.PullRequest](t)(gh.PullRequests.List(ctx, "octo", "blog", &github.PullRequestListOptions{Head: "octo:agent/x", Base: "main"}))
	good[[]*github.CommitFile](t)(gh.PullRequests.ListFiles(ctx, "octo", "blog", p.Number, nil))
	good[[]*github.RepositoryCommit](t)(gh.PullRequests.ListCommits(ctx, "octo", "blog", p.Number, nil))
	good[[]*github.PullRequest](t)(gh.PullRequests.ListPullRequestsWithCommit(ctx, "octo", "blog", p.Head(), nil))
}

func callChecks(t *testing.T, w *world, p *Pull) {
	ctx, gh := t.Context(), w.client()
	output := &github.CheckRunOutput{Title: github.String("1 finding"), Summary: github.String("One."), Text: github.String("Text."),
		Annotations: []*github.CheckRunAnnotation{{Path: github.String("src/b.txt"), StartLine: github.Int(1), EndLine: github.Int(1),
			StartColumn: github.Int(1), EndColumn: github.Int(2), AnnotationLevel: github.String("failure"), Message: github.String("no")}}}
	queued := good[*github.CheckRun](t)(gh.Checks.CreateCheckRun(ctx, "octo", "blog", github.CreateCheckRunOptions{Name: "queued", HeadSHA: p.Head(), Status: github.String("queued")}))
	run := good[*github.CheckRun](t)(gh.Checks.CreateCheckRun(ctx, "octo", "blog", github.CreateCheckRunOptions{Name: "gate", HeadSHA: p.Head(),
		Status: github.String("in_progress"), DetailsURL: github.String("https://example.com/1"), ExternalID: github.String("7")}))
	good[*github.CheckRun](t)(gh.Checks.UpdateCheckRun(ctx, "octo", "blog", run.GetID(), github.UpdateCheckRunOptions{Name: "gate",
		Status: github.String("completed"), Conclusion: github.String("action_required"), CompletedAt: &github.Timestamp{Time: w.clock.now()}, Output: output,
		Actions: []*github.CheckRunAction{{Label: "Fix", Description: "Fix it", Identifier: "fix"}}}))
	good[*github.CheckRun](t)(gh.Checks.GetCheckRun(ctx, "octo", "blog", run.GetID()))
	good[[]*github.CheckRunAnnotation](t)(gh.Checks.ListCheckRunAnnotations(ctx, "octo", "blog", run.GetID(), nil))
	good[*github.ListCheckRunsResults](t)(gh.Checks.ListCheckRunsForRef(ctx, "octo", "blog", "agent/x",
		&github.ListCheckRunsOptions{Filter: github.String("all"), AppID: &w.app.ID, ListOptions: github.ListOptions{PerPage: 1}}))
	suites := good[*github.ListCheckSuiteResults](t)(gh.Checks.ListCheckSuitesForRef(ctx, "octo", "blog", p.Head(), nil))
	suite := suites.CheckSuites[slices.IndexFunc(suites.CheckSuites, func(s *github.CheckSuite) bool { return s.GetApp().GetSlug() == "wide" })]
	good[*github.CheckSuite](t)(gh.Checks.GetCheckSuite(ctx, "octo", "blog", suite.GetID()))
	good[*github.ListCheckRunsResults](t)(gh.Checks.ListCheckRunsCheckSuite(ctx, "octo", "blog", suite.GetID(), nil))
	good[*github.CheckRun](t)(gh.Checks.UpdateCheckRun(ctx, "octo", "blog", queued.GetID(), github.UpdateCheckRunOptions{Name: "queued", Conclusion: github.String("success")}))
	for _, call := range []func() (*github.Response, error){
		func() (*github.Response, error) { return gh.Checks.ReRequestCheckRun(ctx, "octo", "blog", run.GetID()) },
		func() (*github.Response, error) {
			return gh.Checks.ReRequestCheckSuite(ctx, "octo", "blog", suite.GetID())
		},
	} {
		if _, err := call(); err != nil {
			t.Error(err)
		}
	}
	w.drain()
}

// everyEvent is what the simulator can send.
var everyEvent = []string{
	"branch_protection_rule created", "branch_protection_rule deleted", "branch_protection_rule edited",
	"check_run completed", "check_run created", "check_run rerequested",
	"check_suite completed", "check_suite requested", "check_suite rerequested",
	"create", "delete", "installation created", "installation deleted", "installation new_permissions_accepted", "installation suspend", "installation unsuspend",
	"installation_repositories added", "installation_repositories removed", "issue_comment created", "issue_comment deleted", "issue_comment edited", "ping",
	"pull_request closed", "pull_request converted_to_draft", "pull_request edited", "pull_request labeled", "pull_request opened",
	"pull_request ready_for_review", "pull_request reopened", "pull_request review_request_removed", "pull_request review_requested",
	"pull_request synchronize", "pull_request unlabeled", "pull_request_review dismissed", "pull_request_review edited", "pull_request_review submitted", "push",
	"repository deleted", "repository edited", "repository privatized", "repository publicized", "repository renamed", "repository transferred",
	"repository_ruleset created", "repository_ruleset deleted", "repository_ruleset edited", "status",
	"workflow_job completed", "workflow_job in_progress", "workflow_job queued",
	"workflow_run completed", "workflow_run in_progress", "workflow_run requested",
}

// Every webhook the simulator can send is sent once, and each was held to
// GitHub's description and to recorded real payloads by the watcher.
func TestEveryEventIsAsGitHubDescribes(t *testing.T) {
	w := wide(t)
	p := w.pull("agent/x", "src/b.txt")
	run := good[*github.CheckRun](t)(w.client().Checks.CreateCheckRun(t.Context(), "octo", "blog", github.CreateCheckRunOptions{
		Name: "gate", HeadSHA: p.Head(), Conclusion: github.String("success")}))
	w.repo.Rerequest(w.ann, run.GetID())
	w.repo.RerequestSuites(w.ann, p.Head())
	w.commit("agent/x", "src/b.txt", "newer\n")
	threadEvents(w, p)
	reviewEvents(w, p)
	runSome(w, p)
	w.must(p.SetDraft(w.bot, true))
	w.must(p.SetDraft(w.bot, false))
	w.must(p.Edit(w.bot, PullEdit{Title: ptr("New title"), Body: ptr("New body")}))
	w.commit("integration", "src/c.txt", "c\n")
	w.must(p.Retarget(w.bot, "integration"))
	w.must(p.Close(w.ann))
	w.must(p.Reopen(w.ann))
	w.must(w.everyRule("integration", "guarded"))
	w.repo.Unprotect("integration")
	w.must(w.repo.RemoveRuleset("all"))
	changeRepository(w)
	changeInstallation(w)
	w.drain()
	got := map[string]bool{}
	for _, d := range w.app.Deliveries() {
		got[strings.TrimSpace(d.Event+" "+d.Action)] = true
	}
	var sent []string
	for event := range got {
		sent = append(sent, event)
	}
	slices.Sort(sent)
	if diff := cmp.Diff(everyEvent, sent); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func changeRepository(w *world) {
	w.t.Helper()
	w.repo.SetPrivate(false)
	w.repo.SetPrivate(true)
	w.must(w.repo.SetDefaultBranch("agent/x"))
	w.must(w.repo.DeleteBranch(w.ann, "integration"))
	w.must(w.repo.Rename("journal"))
	for i, name := range []string{"gone", "moved"} {
		r, err := w.g.Repo("octo", name, map[string]string{"a": fmt.Sprint(i)})
		w.must(err)
		w.inst.AddRepo(r)
		if name == "gone" {
			r.Delete()
			continue
		}
		w.inst.RemoveRepo(r)
		w.inst.AddRepo(r)
	}
	_, err := w.app.Install("ann")
	w.must(err)
	mine, err := w.repo.Fork(w.ann)
	w.must(err)
	_, err = mine.Commit(Commit{By: w.ann, Branch: "mine", From: "main", Message: "From a fork", Files: map[string]string{"f": "f\n"}})
	w.must(err)
	_, err = w.repo.OpenPull(NewPull{By: w.ann, Title: "From a fork", Head: "ann:mine", Base: "main"})
	w.must(err)
	w.must(mine.Transfer(w.g.User("bob")))
	w.must(w.repo.Transfer(w.ann))
}

func changeInstallation(w *world) {
	w.t.Helper()
	w.clock.advance(time.Second)
	w.must(w.inst.Grant("issues", "read"))
	w.inst.Suspend()
	w.inst.Unsuspend()
	w.inst.Uninstall()
}
