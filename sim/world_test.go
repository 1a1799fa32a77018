package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bradleyfalzon/ghinstallation/v2"
	"github.com/golang-jwt/jwt/v4"
	"github.com/google/go-github/v60/github"
)

// gateManifest is an App with what a gate for pull requests needs.
const gateManifest = `
name: Agent Plane
url: https://example.com
public: false
default_permissions: {checks: write, contents: read, pull_requests: read, metadata: read}
default_events: [push, pull_request, check_run, check_suite, repository]
`

// clock is a time that only the test moves.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// follow moves a clock that is behind the real one: clients sign web tokens by
// the real one, and a slow machine would sign in from the future.
func (c *clock) follow() {
	if behind := time.Since(c.now()); behind > 0 {
		c.advance(behind)
	}
}

// hook is a receiver of webhooks that remembers them.
type hook struct {
	*httptest.Server
	mu     sync.Mutex
	got    []hookRequest
	answer func(n int) int
}

type hookRequest struct {
	header http.Header
	body   []byte
}

func newHook(t *testing.T) *hook {
	h := &hook{}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body bytes.Buffer
		_, _ = body.ReadFrom(r.Body)
		h.mu.Lock()
		defer h.mu.Unlock()
		h.got = append(h.got, hookRequest{r.Header.Clone(), body.Bytes()})
		if h.answer != nil {
			w.WriteHeader(h.answer(len(h.got)))
		}
	}))
	t.Cleanup(h.Close)
	return h
}

// take returns what arrived since the last call, as "event action".
func (h *hook) take() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []string
	for _, r := range h.got {
		var body struct{ Action string }
		_ = jsonInto(r.body, &body)
		out = append(out, strings.TrimSpace(r.header.Get("X-GitHub-Event")+" "+body.Action))
	}
	h.got = nil
	return out
}

func (h *hook) all() []hookRequest {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]hookRequest(nil), h.got...)
}

// world is a simulator with one App installed on one repository.
type world struct {
	t     *testing.T
	g     *GitHub
	clock *clock
	hook  *hook
	app   *App
	inst  *Installation
	repo  *Repo
	ann   *User
	bot   *User
	watch *watcher
}

// newWorld starts a simulator and makes octo/blog with one commit, a
// collaborator, an agent's bot account, and the App installed.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, clock: &clock{at: time.Now()}, hook: newHook(t), watch: newWatcher(t)}
	g, err := Start(Options{Dir: t.TempDir(), Seed: 7, Now: w.clock.now, KeyBits: 1024, Observe: w.watch.observe})
	w.must(err)
	w.g = g
	t.Cleanup(func() {
		if err := g.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	w.app, err = g.RegisterApp([]byte(gateManifest), w.hook.URL+"/hook", "s3cret")
	w.must(err)
	g.Org("octo")
	w.repo, err = g.Repo("octo", "blog", map[string]string{"README.md": "# blog\n", "src/a.txt": "one\ntwo\n"})
	w.must(err)
	w.ann, w.bot = g.User("ann"), g.Bot("search-agent[bot]")
	w.must(w.repo.Collaborate(w.ann, "write"))
	w.must(w.repo.Collaborate(w.bot, "write"))
	w.inst, err = w.app.Install("octo", "blog")
	w.must(err)
	w.drain()
	w.hook.take()
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) drain() {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 20*time.Second)
	defer cancel()
	w.must(w.g.Drain(ctx))
}

// commit commits one file as the bot.
func (w *world) commit(branch, path, content string) string {
	w.t.Helper()
	sha, err := w.repo.Commit(Commit{By: w.bot, Branch: branch, Message: "Change " + path, Files: map[string]string{path: content}})
	w.must(err)
	return sha
}

// pull opens a pull request of a new branch with one changed file.
func (w *world) pull(branch, path string) *Pull {
	w.t.Helper()
	w.commit(branch, path, "new\n")
	p, err := w.repo.OpenPull(NewPull{By: w.bot, Title: "Change " + path, Body: "notes", Head: branch})
	w.must(err)
	return p
}

// client is go-github as the App's installation.
func (w *world) client() *github.Client {
	w.t.Helper()
	transport, err := ghinstallation.New(http.DefaultTransport, w.app.ID, w.inst.ID, w.app.PrivateKeyPEM)
	w.must(err)
	transport.BaseURL = w.g.URL() + "/api/v3"
	return w.clientOn(transport)
}

// appClient is go-github as the App itself.
func (w *world) appClient() *github.Client {
	w.t.Helper()
	transport, err := ghinstallation.NewAppsTransport(http.DefaultTransport, w.app.ID, w.app.PrivateKeyPEM)
	w.must(err)
	transport.BaseURL = w.g.URL() + "/api/v3"
	return w.clientOn(transport)
}

func (w *world) clientOn(rt http.RoundTripper) *github.Client {
	w.t.Helper()
	w.clock.follow()
	client, err := github.NewClient(&http.Client{Transport: rt}).WithEnterpriseURLs(w.g.APIURL(), w.g.APIURL())
	w.must(err)
	return client
}

// statusOf is the HTTP status of a go-github call: 0 when there was no answer.
func statusOf(res *github.Response) int {
	if res == nil || res.Response == nil {
		return 0
	}
	return res.StatusCode
}

// gitRun runs git as a client, with nothing of the machine's configuration.
func gitRun(t *testing.T, dir, token string, args ...string) (string, error) {
	t.Helper()
	if token != "" {
		args = append([]string{"-c", "http.extraHeader=Authorization: " + AuthHeader(token)}, args...)
	}
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null",
		"GIT_TERMINAL_PROMPT=0", "GIT_AUTHOR_NAME=x", "GIT_AUTHOR_EMAIL=x@x", "GIT_COMMITTER_NAME=x", "GIT_COMMITTER_EMAIL=x@x"}
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(out), err
}

// answer is what a plain HTTP request got.
type answered struct {
	status int // 0: the connection was cut
	header http.Header
	body   []byte
}

// message is the error message of an answer.
func (a answered) message() string {
	var body struct{ Message string }
	_ = json.Unmarshal(a.body, &body)
	return body.Message
}

// call makes one API request with an Authorization header, unless it is "".
func (w *world) call(method, path, authorization, body string) answered {
	w.t.Helper()
	return w.callWith(method, path, http.Header{"Authorization": {authorization}}, body)
}

func (w *world) callWith(method, path string, header http.Header, body string) answered {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.g.URL()+"/api/v3"+path, strings.NewReader(body))
	w.must(err)
	for name, values := range header {
		if values[0] != "" {
			req.Header[name] = values
		}
	}
	transport := &http.Transport{DisableKeepAlives: true} // a cut connection must not be retried on another
	client := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		return answered{}
	}
	defer func() { _ = res.Body.Close() }()
	data, err := io.ReadAll(res.Body)
	w.must(err)
	return answered{res.StatusCode, res.Header, data}
}

// token mints an installation token with the JSON body of a request.
func (w *world) token(body string) string {
	w.t.Helper()
	a := w.call("POST", "/app/installations/"+itoa(w.inst.ID)+"/access_tokens", w.jwt(w.app, nil), body)
	if a.status != http.StatusCreated {
		w.t.Fatalf("mint a token with %s: %d %s", body, a.status, a.body)
	}
	var got struct{ Token string }
	w.must(json.Unmarshal(a.body, &got))
	return "Bearer " + got.Token
}

// jwt signs a web token for an App by the world's clock; change alters its claims.
func (w *world) jwt(a *App, change func(jwt.MapClaims)) string {
	w.t.Helper()
	now := w.clock.now().Unix()
	claims := jwt.MapClaims{"iat": now - 30, "exp": now + 120, "iss": itoa(a.ID)}
	if change != nil {
		change(claims)
	}
	signed, err := jwt.NewWithClaims(jwt.SigningMethodRS256, claims).SignedString(a.key)
	w.must(err)
	return "Bearer " + signed
}

func jsonInto(data []byte, into any) error { return json.Unmarshal(data, into) }
