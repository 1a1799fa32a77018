package gh

import (
	"context"
	"fmt"
	"net/http"
	"sync"

	"github.com/bradleyfalzon/ghinstallation/v2"
	"github.com/google/go-github/v60/github"
)

// access names a set of permissions that a token is minted with. Each use gets its own token, so that the git child never
// holds one that may write.
type access int

const (
	accessAPI           access = iota // check runs: write; pull requests and metadata: read
	accessGit                         // contents: read
	accessList                        // metadata: read, for the whole installation
	accessTalk                        // pull requests: write, for comments, reviewers, labels and reactions
	accessTeams                       // members: read, of the organization; pull requests: write, to ask its teams for reviews
	accessActions                     // Actions: read
	accessStatuses                    // commit statuses: read
	accessOffers                      // pull requests: write; contents: read, without which GitHub opens none
	accessPush                        // contents: write
	accessPushWorkflows               // contents: write; workflows: write
)

// Actions and statuses have tokens of their own: GitHub mints none that asks for more than an installation's owner has
// accepted, and an App that came to need them must go on judging what it can.

func (a access) permissions() *github.InstallationPermissions {
	read, write := github.String("read"), github.String("write")
	switch a {
	case accessGit:
		return &github.InstallationPermissions{Contents: read, Metadata: read}
	case accessList:
		return &github.InstallationPermissions{Metadata: read}
	case accessTalk:
		return &github.InstallationPermissions{PullRequests: write, Metadata: read}
	case accessTeams:
		return &github.InstallationPermissions{Members: read, PullRequests: write, Metadata: read}
	case accessActions:
		return &github.InstallationPermissions{Actions: read, Metadata: read}
	case accessStatuses:
		return &github.InstallationPermissions{Statuses: read, Metadata: read}
	case accessOffers:
		return &github.InstallationPermissions{PullRequests: write, Contents: read, Metadata: read}
	case accessPush:
		return &github.InstallationPermissions{Contents: write, Metadata: read}
	case accessPushWorkflows:
		return &github.InstallationPermissions{Contents: write, Workflows: write, Metadata: read}
	default:
		return &github.InstallationPermissions{Checks: write, PullRequests: read, Metadata: read}
	}
}

// tokens authenticates requests with an installation token restricted to one repository (or, for listing, to metadata)
// and to one access. A token that GitHub no longer accepts (revoked, or expired by GitHub's clock before ours) is thrown
// away and the request repeated once with a new one.
type tokens struct {
	mint func() *ghinstallation.Transport

	mu      sync.Mutex
	current *ghinstallation.Transport
}

// newTokens mints for one installation; repository 0 stands for all its repositories. Minting for a repository that is
// not the installation's is refused by GitHub, which is what confirms the pair that a webhook named.
func newTokens(jwt func() *ghinstallation.AppsTransport, installation, repository int64, a access) *tokens {
	options := &github.InstallationTokenOptions{Permissions: a.permissions()}
	if repository != 0 {
		options.RepositoryIDs = []int64{repository}
	}
	mint := func() *ghinstallation.Transport {
		t := ghinstallation.NewFromAppsTransport(jwt(), installation)
		t.InstallationTokenOptions = options
		return t
	}
	return &tokens{mint: mint, current: mint()}
}

// RoundTrip implements http.RoundTripper.
func (t *tokens) RoundTrip(req *http.Request) (*http.Response, error) {
	used := t.transport()
	resp, err := used.RoundTrip(req)
	if err != nil || resp.StatusCode != http.StatusUnauthorized {
		return resp, err
	}
	again := req.Clone(req.Context())
	if req.Body != nil {
		if req.GetBody == nil {
			return resp, nil
		}
		if again.Body, err = req.GetBody(); err != nil {
			return resp, nil
		}
	}
	_ = resp.Body.Close()
	return t.renew(used).RoundTrip(again)
}

// token is the bare token, for git.
func (t *tokens) token(ctx context.Context) (string, error) {
	token, err := t.transport().Token(ctx)
	if err != nil {
		return "", plain("mint a token", err)
	}
	if token == "" {
		return "", fmt.Errorf("mint a token: GitHub's answer held none")
	}
	return token, nil
}

func (t *tokens) transport() *ghinstallation.Transport {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.current
}

// renew replaces the transport whose token was refused, unless another request did so already.
func (t *tokens) renew(refused *ghinstallation.Transport) *ghinstallation.Transport {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.current == refused {
		t.current = t.mint()
	}
	return t.current
}
