package sim

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Equal seeds and clocks give equal identifiers, tokens, commits and payloads.
func TestReproducible(t *testing.T) {
	story := func() ([]Event, string, string) {
		at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		g, err := Start(Options{Dir: t.TempDir(), Seed: 42, Now: func() time.Time { return at }, KeyBits: 1024})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = g.Close() }()
		app, err := g.RegisterApp([]byte(gateManifest), "", "")
		if err != nil {
			t.Fatal(err)
		}
		repo, err := g.Repo("octo", "blog", map[string]string{"a": "a"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := app.Install("octo"); err != nil {
			t.Fatal(err)
		}
		bot := g.Bot("x[bot]")
		if _, err := repo.Commit(Commit{By: bot, Branch: "b", Message: "b", Files: map[string]string{"b": "b"}}); err != nil {
			t.Fatal(err)
		}
		p, err := repo.OpenPull(NewPull{By: bot, Title: "b", Head: "b"})
		if err != nil {
			t.Fatal(err)
		}
		g.mu.Lock()
		defer g.mu.Unlock()
		return g.events, strings.ReplaceAll(string(encode(p.renderFull())), strings.TrimPrefix(g.url, "http://"), ""), bot.Token
	}
	events, pull, token := story()
	again, pullAgain, tokenAgain := story()
	if diff := cmp.Diff(events, again); diff != "" {
		t.Errorf("timelines differ:\n%s", diff)
	}
	if pull != pullAgain || token != tokenAgain {
		t.Errorf("pull requests or tokens differ:\n%s\n%s", pull, pullAgain)
	}
}

// Close ends goroutines, children and deliveries, and may be called again.
func TestClose(t *testing.T) {
	before := runtime.NumGoroutine()
	blocked := make(chan struct{})
	slow := newHook(t)
	slow.Config.Handler = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-blocked:
		case <-r.Context().Done():
		}
	})
	g, err := Start(Options{KeyBits: 1024})
	if err != nil {
		t.Fatal(err)
	}
	dir := g.tempDir
	if _, err := g.RegisterApp([]byte(gateManifest), slow.URL, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := g.Repo("octo", "blog", map[string]string{"a": "a"}); err != nil {
		t.Fatal(err)
	}
	if err := g.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	if err := g.Close(); err != nil {
		t.Errorf("close again: %v", err)
	}
	close(blocked)
	slow.CloseClientConnections()
	slow.Close()
	http.DefaultClient.CloseIdleConnections()
	if out, err := gitRun(t, t.TempDir(), "", "-C", dir, "status"); err == nil {
		t.Errorf("its folder is still there: %s", out)
	}
	if after := runtime.NumGoroutine(); after > before+3 {
		buf := make([]byte, 1<<16)
		t.Errorf("%d goroutines before, %d after:\n%s", before, after, buf[:runtime.Stack(buf, true)])
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_ = g.Drain(ctx) // returns, whatever was pending
}

// A test can count requests, and stop a server at the k-th.
func TestCountingAndHooks(t *testing.T) {
	var mu sync.Mutex
	var before []string
	g, err := Start(Options{KeyBits: 1024, RateLimit: 3, Before: func(x Exchange) {
		mu.Lock()
		defer mu.Unlock()
		before = append(before, fmt.Sprint(x.N, " ", x.Route))
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = g.Close() }()
	repo, err := g.Repo("octo", "blog", map[string]string{"a": "a"})
	if err != nil {
		t.Fatal(err)
	}
	repo.SetPrivate(false)
	w := &world{t: t, g: g}
	w.call("GET", "/repos/octo/blog", "", "")
	mark := g.Mark()
	w.call("GET", "/repos/octo/blog/pulls?state=all", "", "")
	if out, err := gitRun(t, t.TempDir(), "", "ls-remote", repo.CloneURL()); err != nil {
		t.Fatal(out)
	}
	w.call("GET", "/repos/octo/blog", "", "")
	limited := w.call("GET", "/repos/octo/blog", "", "")
	if limited.status != 403 || limited.header.Get("X-Ratelimit-Remaining") != "0" || !strings.HasPrefix(limited.message(), "API rate limit exceeded") {
		t.Errorf("beyond the limit: %d %s, remaining %s", limited.status, limited.message(), limited.header.Get("X-Ratelimit-Remaining"))
	}
	if got := w.call("GET", "/rate_limit", "", ""); got.status != 200 {
		t.Errorf("asking for the limit counts against it: %d", got.status)
	}
	var routes []string
	for _, r := range g.APIRequests(mark) {
		routes = append(routes, r.Route)
	}
	want := []string{"GET /repos/{owner}/{repo}/pulls", "GET /repos/{owner}/{repo}", "GET /repos/{owner}/{repo}", "GET /rate_limit"}
	if diff := cmp.Diff(want, routes); diff != "" {
		t.Errorf("API requests since the mark (-want +got):\n%s", diff)
	}
	if all := g.Requests(mark); len(all) != len(want)+2 {
		t.Errorf("%d requests with git's, want %d", len(all), len(want)+2)
	}
	if len(before) != 7 || before[0] != "1 GET /repos/{owner}/{repo}" {
		t.Errorf("called before: %v", before)
	}
}

// Verbs, requests, pushes and deliveries may all happen at once.
func TestConcurrency(t *testing.T) {
	w := newWorld(t)
	w.g.SetFaults(Faults{Reorder: 0.3, Repeat: 0.2, Delayed: 0.2, Delay: 5 * time.Millisecond})
	auth := w.token(`null`)
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			branch := fmt.Sprintf("agent/%d", i)
			for j := range 4 {
				sha, err := w.repo.Commit(Commit{By: w.bot, Branch: branch, Message: "m", Files: map[string]string{branch: fmt.Sprint(j)}})
				if err != nil {
					t.Error(err)
				}
				if j == 0 {
					if _, err := w.repo.OpenPull(NewPull{By: w.bot, Title: "t", Head: branch}); err != nil {
						t.Error(err)
					}
				}
				w.call("POST", "/repos/octo/blog/check-runs", auth, `{"name":"x","head_sha":"`+sha+`","conclusion":"success"}`)
				w.call("GET", "/repos/octo/blog/pulls?state=all", auth, "")
				if out, err := gitRun(t, t.TempDir(), w.ann.Token, "push", "-q", w.repo.Dir, ":absent"); err == nil {
					t.Errorf("deleted an absent branch: %s", out)
				}
				if out, err := gitRun(t, w.repo.Dir, w.ann.Token, "push", "-q", w.repo.CloneURL(), sha+":refs/heads/pushed/"+itoa(int64(10*i+j))); err != nil {
					t.Errorf("push: %s", out)
				}
			}
		})
	}
	all.Wait()
	w.drain()
	w.g.mu.Lock()
	defer w.g.mu.Unlock()
	if len(w.repo.pulls) != 4 || len(w.repo.runs) != 16 {
		t.Errorf("%d pull requests, %d check runs", len(w.repo.pulls), len(w.repo.runs))
	}
}
