package gh

import (
	"context"
	"fmt"
	"time"

	"github.com/google/go-github/v60/github"
)

// Account is a user or bot; the id is its identity, the login may change hands.
type Account struct {
	ID    int64
	Login string
	Bot   bool
}

// Ref is one side of a pull request. Repo is 0 when the repository was deleted.
type Ref struct {
	Repo int64
	Name string
	SHA  string
}

// Pull is a pull request as GitHub described it a moment ago.
type Pull struct {
	Number     int
	Title      string
	Open       bool
	Draft      bool
	Merged     bool
	Base, Head Ref
	Author     Account
	Created    time.Time
	Comments   int // in the conversation; 0 as OpenPulls lists it
	Body       string
	Labels     []string
	Requested  []string // who is asked to review: "@login", "@org/team"
	Default    string   // the repository's default branch
	FullName   string   // the repository's present owner/name

	// MergeCommit is the commit that merging made; "" before. GitHub calls a test merge by the same name until then.
	MergeCommit string
}

// Repo is the client for one repository. It is safe for concurrent use.
type Repo struct {
	id           int64
	installation int64
	owner, name  string
	app          *App
	client       *github.Client // reads, and writes check runs
	actions      *github.Client // reads workflow runs
	statuses     *github.Client // reads commit statuses
	talk         *github.Client // writes to pull requests
	offers       *github.Client // opens and edits pull requests
	teams        *github.Client // reads the organization's teams, and asks them for reviews
	git          *tokens

	push, pushWorkflows *tokens
}

func (r *Repo) named(owner, name string) *Repo {
	c := *r
	c.owner, c.name = owner, name
	return &c
}

// CloneURL is where git fetches from. It holds no credential.
func (r *Repo) CloneURL() string { return fmt.Sprintf("%s/%s/%s.git", r.app.web, r.owner, r.name) }

// GitToken mints a token that may only read this repository's contents.
func (r *Repo) GitToken(ctx context.Context) (string, error) { return r.git.token(ctx) }

// RenewGitToken throws away the token that GitToken gave, after git was refused with it.
func (r *Repo) RenewGitToken() { r.git.renew(r.git.transport()) }

// Pull reads one pull request. It refuses an answer about another repository, which a reused name would give.
func (r *Repo) Pull(ctx context.Context, number int) (Pull, error) {
	doing := fmt.Sprintf("read pull request %s/%s#%d", r.owner, r.name, number)
	p, _, err := r.client.PullRequests.Get(ctx, r.owner, r.name, number)
	if err != nil {
		return Pull{}, plain(doing, err)
	}
	pull := toPull(p)
	if pull.Base.Repo != r.id {
		return Pull{}, fmt.Errorf("%s: GitHub answered for repository %d, not %d", doing, pull.Base.Repo, r.id)
	}
	return pull, nil
}

// OpenPulls lists the open pull requests.
func (r *Repo) OpenPulls(ctx context.Context) ([]Pull, error) {
	var pulls []Pull
	err := pages(func(o github.ListOptions) (*github.Response, error) {
		list, resp, err := r.client.PullRequests.List(ctx, r.owner, r.name, &github.PullRequestListOptions{State: "open", ListOptions: o})
		for _, p := range list {
			pulls = append(pulls, toPull(p))
		}
		return resp, err
	})
	if err != nil {
		return nil, plain(fmt.Sprintf("list the open pull requests of %s/%s", r.owner, r.name), err)
	}
	for _, p := range pulls {
		if p.Base.Repo != r.id {
			return nil, fmt.Errorf("list the open pull requests of %s/%s: GitHub answered for repository %d, not %d",
				r.owner, r.name, p.Base.Repo, r.id)
		}
	}
	return pulls, nil
}

// Account looks a login up. An unknown login is Absent.
func (r *Repo) Account(ctx context.Context, login string) (Account, error) {
	u, _, err := r.client.Users.Get(ctx, login)
	return toAccount(u), plain("look up the account "+login, err)
}

func toPull(p *github.PullRequest) Pull {
	pull := Pull{
		Number: p.GetNumber(), Title: p.GetTitle(), Open: p.GetState() == "open", Draft: p.GetDraft(),
		Merged: p.MergedAt != nil, // lists have no other sign of it
		Base:   toRef(p.GetBase()), Head: toRef(p.GetHead()), Author: toAccount(p.GetUser()),
		Default:  p.GetBase().GetRepo().GetDefaultBranch(),
		FullName: p.GetBase().GetRepo().GetFullName(),
		Created:  p.GetCreatedAt().Time,
		Comments: p.GetComments(),
		Body:     p.GetBody(),
	}
	if pull.Merged {
		pull.MergeCommit = p.GetMergeCommitSHA()
	}
	for _, l := range p.Labels {
		pull.Labels = append(pull.Labels, l.GetName())
	}
	for _, u := range p.RequestedReviewers {
		pull.Requested = append(pull.Requested, "@"+u.GetLogin())
	}
	for _, t := range p.RequestedTeams {
		pull.Requested = append(pull.Requested, "@"+p.GetBase().GetRepo().GetOwner().GetLogin()+"/"+t.GetSlug())
	}
	return pull
}

func toRef(b *github.PullRequestBranch) Ref {
	return Ref{Repo: b.GetRepo().GetID(), Name: b.GetRef(), SHA: b.GetSHA()}
}

// toAccount maps a user; a deleted account (null, or the ghost) becomes the zero account, which matches nobody.
func toAccount(u *github.User) Account {
	return Account{ID: u.GetID(), Login: u.GetLogin(), Bot: u.GetType() == "Bot"}
}
