package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/agentplane/agentplane"
	"github.com/agentplane/agentplane/app"
	"github.com/agentplane/agentplane/checks"
	"github.com/agentplane/agentplane/sim"
	"github.com/agentplane/agentplane/sim/openapi"
)

// contract is what most tests' repositories begin with: three agents, one of them bound to an account.
const contract = `version: 1
integration: { branch: integration/next, target: main }
agents:
  metadata:
    branch: agent/metadata
    accounts: ["metadata-agent[bot]"]
    owns: [src/content/, src/lib/listing.ts]
  search:
    branch: agent/search
    owns: [src/pages/, src/components/search/]
    never: [src/content/]
  review:
    branch: agent/review-*
    owns: [tests/]
`

// hookSecret signs the deliveries of every test.
const hookSecret = "correct horse battery staple"

// world is one simulated GitHub with the App running against it, both over loopback.
type world struct {
	t       testing.TB
	hub     *sim.GitHub
	app     *app.App
	reg     *sim.App
	inst    *sim.Installation
	repo    *sim.Repo
	bots    map[string]*sim.User
	log     *bytes.Buffer
	hook    string // the App's webhook address
	mirrors string // its folder of mirrors
	config  app.Config
	socket  *os.File // that deliveries arrive at: nobody else takes the port while the App is stopped
	stop    func()
}

// setup changes what newWorld makes.
type setup struct {
	sim   sim.Options
	app   app.Config
	files map[string]string
	watch bool // hold every exchange against GitHub's description
	dark  bool // do not start the App
}

func newWorld(t testing.TB, change ...func(*setup)) *world {
	t.Helper()
	s := setup{watch: true, files: map[string]string{
		".agentplane.yml": contract, "README.md": "# blog\n",
		"src/content/config.ts": "export const tags = [];\n", "src/pages/index.astro": "<ul></ul>\n",
	}}
	s.sim.KeyBits = 1024
	s.app = app.Config{
		SweepEvery: time.Hour, Workers: 4,
		Pace: app.Pace{
			Retry: 5 * time.Millisecond, RetryMax: 40 * time.Millisecond, Settle: 10 * time.Millisecond, Push: time.Second,
			Limited: 5 * time.Millisecond, Absent: 5 * time.Second,
		},
	}
	for _, c := range change {
		c(&s)
	}
	w := &world{t: t, bots: map[string]*sim.User{}, log: &bytes.Buffer{}}
	if s.watch {
		s.sim.Observe = watch(t, s.sim.Observe)
	}
	var err error
	if w.hub, err = sim.Start(s.sim); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.must(w.hub.Close()) })
	w.people(s.files)
	w.start(s)
	return w
}

// people makes the repository, its branches and the agents' accounts.
func (w *world) people(files map[string]string) {
	var err error
	w.repo, err = w.hub.Repo("octo", "blog", files)
	w.must(err)
	w.must(w.repo.Push(nil, "integration/next", w.repo.Tip("main"), false))
	for _, login := range []string{"metadata-agent[bot]", "search-agent[bot]", "review-agent[bot]"} {
		w.bots[login] = w.hub.Bot(login)
		w.must(w.repo.Collaborate(w.bots[login], "write"))
	}
}

// start registers the App, installs it, and runs it unless the world is dark.
func (w *world) start(s setup) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	w.must(err)
	w.socket, err = listener.(*net.TCPListener).File()
	w.must(err)
	w.t.Cleanup(func() { w.must(w.socket.Close()) })
	w.hook = "http://" + listener.Addr().String() + "/api/github/hook"
	w.reg, err = w.hub.RegisterApp(agentplane.Manifest, w.hook, hookSecret)
	w.must(err)
	dir := w.t.TempDir()
	c := s.app
	c.GitHubURL, c.AppID, c.PrivateKey, c.WebhookSecret = w.hub.URL(), w.reg.ID, w.reg.PrivateKeyPEM, hookSecret
	c.Database, c.Mirrors = filepath.Join(dir, "agentplane.db"), filepath.Join(dir, "mirrors")
	w.mirrors = c.Mirrors
	c.Log = slog.New(slog.NewTextHandler(&lockedWriter{w: w.log}, &slog.HandlerOptions{Level: slog.LevelDebug}))
	w.config = c
	w.app, err = app.New(w.t.Context(), c)
	w.must(err)
	if s.dark {
		w.must(listener.Close())
		w.t.Cleanup(func() { w.must(w.app.Close()) })
	} else {
		w.run(listener)
	}
	w.inst, err = w.reg.Install("octo", "blog")
	w.must(err)
}

// run serves webhooks and works jobs until the test ends.
func (w *world) run(listener net.Listener) {
	ctx, cancel := context.WithCancel(context.Background())
	server := w.app.Server()
	var done sync.WaitGroup
	done.Go(func() {
		if err := server.Serve(listener); err != http.ErrServerClosed {
			w.t.Errorf("serve: %v", err)
		}
	})
	done.Go(func() {
		if err := w.app.Run(ctx); err != nil {
			w.t.Errorf("run: %v", err)
		}
	})
	var once sync.Once
	w.stop = func() {
		once.Do(func() {
			_ = server.Close()
			cancel()
			done.Wait()
			w.must(w.app.Close())
		})
	}
	w.t.Cleanup(w.stop)
	w.t.Cleanup(func() {
		if w.t.Failed() {
			w.t.Logf("the App's log:\n%s", w.log)
		}
	})
}

// restart stops the App and starts it again at the same address, with or without what its database held.
func (w *world) restart(database bool) {
	w.t.Helper()
	w.stop()
	if !database {
		for _, suffix := range []string{"", "-wal", "-shm", ".lock"} {
			w.must(os.RemoveAll(w.config.Database + suffix))
		}
	}
	listener, err := net.FileListener(w.socket)
	w.must(err)
	w.app, err = app.New(w.t.Context(), w.config)
	w.must(err)
	w.run(listener)
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// settle returns when every delivery was made and every job is done.
func (w *world) settle() {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	for {
		before := w.hub.Mark()
		w.must(w.hub.Drain(ctx))
		w.must(w.app.Drain(ctx))
		w.must(w.hub.Drain(ctx))
		if w.hub.Mark() == before {
			return
		}
	}
}

// bot is an agent's account.
func (w *world) bot(agent string) *sim.User { return w.bots[agent+"-agent[bot]"] }

// commit commits files to a branch as an agent; a new branch starts from the integration branch.
func (w *world) commit(agent, branch string, files map[string]string) string {
	w.t.Helper()
	sha, err := w.repo.Commit(sim.Commit{By: w.bot(agent), Branch: branch, From: "integration/next", Message: "Work", Files: files})
	w.must(err)
	return sha
}

// open opens a pull request onto the integration branch.
func (w *world) open(agent, branch string) *sim.Pull {
	w.t.Helper()
	return w.openOnto(agent, branch, "integration/next")
}

func (w *world) openOnto(agent, branch, base string) *sim.Pull {
	w.t.Helper()
	p, err := w.repo.OpenPull(sim.NewPull{By: w.bot(agent), Title: "Work", Head: branch, Base: base})
	w.must(err)
	return p
}

// conclusion is what agentplane/ownership says about a commit; "" when it says nothing.
func (w *world) conclusion(sha string) string {
	run, _ := w.repo.CheckRun(sha, checks.CheckOwnership)
	return run.Conclusion
}

// expect settles and holds the conclusion on ownership against want.
func (w *world) expect(sha, want, why string) {
	w.t.Helper()
	w.settle()
	if got := w.conclusion(sha); got != want {
		w.t.Errorf("%s: agentplane/ownership is %q, want %q\n%s", why, got, want, w.text(sha))
	}
}

func (w *world) text(sha string) string {
	run, _ := w.repo.CheckRun(sha, checks.CheckOwnership)
	return run.Title + "\n" + run.Summary
}

// rules lists the rules of the findings on a commit that do not pass.
func (w *world) rules(sha string) []string {
	w.t.Helper()
	run, ok := w.repo.CheckRun(sha, checks.CheckOwnership)
	if !ok {
		return nil
	}
	_, rest, _ := strings.Cut(run.Text, "```json\n")
	body, _, _ := strings.Cut(rest, "\n```")
	var r checks.Report
	if err := json.Unmarshal([]byte(body), &r); err != nil {
		w.t.Fatalf("the check run holds no report: %v\n%s", err, run.Text)
	}
	var rules []string
	for _, f := range r.Findings {
		if f.Verdict != checks.Success {
			rules = append(rules, string(f.Rule)+" "+f.Path)
		}
	}
	return rules
}

// watch holds everything that crosses the wire against GitHub's own description.
func watch(t testing.TB, also func(sim.Exchange)) func(sim.Exchange) {
	watcher := openapi.Watch(t)
	return func(x sim.Exchange) {
		if also != nil {
			also(x)
		}
		switch {
		case x.Hook != "":
			watcher.Delivery(x.RequestHeader, x.RequestBody)
		case x.Status != 0 && !strings.HasPrefix(x.Route, "git "):
			query, _ := url.ParseQuery(x.Query)
			watcher.Exchange(openapi.Exchange{
				Method: x.Method, Path: x.Path, Query: query, RequestHeader: x.RequestHeader, RequestBody: x.RequestBody,
				Status: x.Status, ResponseHeader: x.ResponseHeader, ResponseBody: x.ResponseBody,
			})
		}
	}
}

// lockedWriter lets several goroutines log into one buffer.
type lockedWriter struct {
	mu sync.Mutex
	w  *bytes.Buffer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}
