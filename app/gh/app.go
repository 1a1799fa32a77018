// Package gh is the only place that knows GitHub's API: its types, tokens, limits and webhook payloads. It decides
// nothing. It hands out plain values, and errors that tell a missing thing (Absent), a repository that is not ours (Barred) and a rate limit
// (*RateLimitError) apart from GitHub being out of reach, which is every other error.
//
// Each repository has a client of its own, with tokens restricted to that repository and to what the client does, and a
// cache of its own for conditional requests. No token is sent to another host than the configured one.
package gh

import (
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/bradleyfalzon/ghinstallation/v2"
	"github.com/golang-jwt/jwt/v4"
	"github.com/google/go-github/v60/github"
)

// Options says which GitHub, and as which App.
type Options struct {
	URL        string           // https://github.com, or a GitHub Enterprise Server's address
	AppID      int64            // the App's numeric id
	PrivateKey []byte           // the App's RSA key, PEM
	Now        func() time.Time // the clock that rate limits are measured on; nil for the wall clock
	MinWait    time.Duration    // wait after a limit that does not state its end; 0 for the minute GitHub asks for
	Observe    func(Request)    // told of every request that was sent; nil for nobody
}

// App is GitHub as one App sees it. It is safe for concurrent use.
type App struct {
	web, api string // without a final slash
	id       int64
	key      *rsa.PrivateKey
	base     http.RoundTripper
	gate     *gate
	now      func() time.Time
	observe  func(Request)
	self     *github.Client

	mu       sync.Mutex
	repos    map[[2]int64]*Repo
	grants   map[int64]grant // by installation
	bot      string          // the login of the App's own account
	botUntil time.Time       // when it is asked for again
}

// New makes an App. It sends nothing yet. Plain http is accepted for a loopback address only.
func New(o Options) (*App, error) {
	key, err := jwt.ParseRSAPrivateKeyFromPEM(o.PrivateKey)
	if err != nil {
		return nil, fmt.Errorf("read the App's private key: %w (give the .pem file that GitHub let you download)", err)
	}
	if o.AppID <= 0 {
		return nil, errors.New("the App's id is missing: it is the number on the App's settings page")
	}
	web, api, err := addresses(o.URL)
	if err != nil {
		return nil, err
	}
	a := &App{
		web: web, api: api, id: o.AppID, key: key, base: network(), now: o.Now, observe: o.Observe,
		gate: newGate(o.MinWait), repos: map[[2]int64]*Repo{}, grants: map[int64]grant{},
	}
	if a.now == nil {
		a.now = time.Now
	}
	if a.observe == nil {
		a.observe = func(Request) {}
	}
	if o.MinWait == 0 {
		a.gate.minWait = time.Minute
	}
	a.self, err = a.client(a.jwt(0))
	return a, err
}

// addresses derives the web and API addresses. GitHub Enterprise Server's API is below /api/v3.
func addresses(raw string) (web, api string, err error) {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" {
		return "", "", fmt.Errorf("GitHub's address %q is not a URL such as https://github.com", raw)
	}
	local := u.Hostname() == "localhost" || u.Hostname() == "127.0.0.1" || u.Hostname() == "::1"
	if u.Scheme != "https" && (u.Scheme != "http" || !local) {
		return "", "", fmt.Errorf("GitHub's address %q must begin with https://", raw)
	}
	web = u.Scheme + "://" + u.Host + strings.TrimRight(u.Path, "/")
	if u.Hostname() == "github.com" {
		return web, "https://api.github.com", nil
	}
	return web, web + "/api/v3", nil
}

// jwt makes the transport that signs as the App, for one installation's share of the rate limit.
func (a *App) jwt(installation int64) *ghinstallation.AppsTransport {
	u, _ := url.Parse(a.api)
	t := ghinstallation.NewAppsTransportFromPrivateKey(&guard{
		base: a.base, host: u.Scheme + "://" + u.Host, gate: a.gate, id: installation, now: a.now, observe: a.observe,
	}, a.id, a.key)
	t.BaseURL = a.api
	return t
}

// client makes a go-github client over an authenticating transport. Redirects are followed to the same host only: GitHub
// answers 301 and 307 for a renamed repository.
func (a *App) client(t http.RoundTripper) (*github.Client, error) {
	c := github.NewClient(&http.Client{Transport: t, Timeout: 2 * requestTimeout})
	base, err := url.Parse(a.api + "/")
	if err != nil {
		return nil, fmt.Errorf("read the API's address: %w", err)
	}
	c.BaseURL, c.UserAgent = base, "agentplane"
	return c, nil
}

// Self asks GitHub who the App is: the cheapest proof that its id and key are right.
func (a *App) Self(ctx context.Context) (slug string, err error) {
	app, _, err := a.self.Apps.Get(ctx, "")
	return app.GetSlug(), plain("ask GitHub who the App is", err)
}

// Repo is the client for one repository of one installation. The full name is a hint; the ids are the identity.
func (a *App) Repo(installation, id int64, fullName string) (*Repo, error) {
	owner, name, ok := strings.Cut(fullName, "/")
	if !ok || !safeName(owner) || !safeName(name) {
		return nil, fmt.Errorf("%q is not a repository's name: it must be owner/name", fullName)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	key := [2]int64{installation, id}
	r := a.repos[key]
	if r == nil {
		jwt := func() *ghinstallation.AppsTransport { return a.jwt(installation) }
		var err error
		use := func(of access) *github.Client {
			client, problem := a.client(newETags(newTokens(jwt, installation, id, of)))
			err = errors.Join(err, problem)
			return client
		}
		r = &Repo{
			id: id, installation: installation, app: a, client: use(accessAPI), talk: use(accessTalk), teams: use(accessTeams),
			actions: use(accessActions), statuses: use(accessStatuses), offers: use(accessOffers),
			git: newTokens(jwt, installation, id, accessGit), push: newTokens(jwt, installation, id, accessPush),
			pushWorkflows: newTokens(jwt, installation, id, accessPushWorkflows),
		}
		if err != nil {
			return nil, err
		}
		a.repos[key] = r
	}
	return r.named(owner, name), nil
}

// safeName accepts GitHub's own alphabet for owners and repositories, so that a name never changes a URL's shape.
func safeName(s string) bool {
	if s == "" || s == "." || s == ".." || len(s) > 100 {
		return false
	}
	return strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == ""
}
