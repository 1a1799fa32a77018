package app_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/agentplane/agentplane"
	"github.com/agentplane/agentplane/app"
	"github.com/agentplane/agentplane/checks"
	"github.com/agentplane/agentplane/sim"
)

// childVariable holds the configuration of a test binary that is started again as a server, to be killed.
const childVariable = "AGENTPLANE_TEST_SERVER"

func TestMain(m *testing.M) {
	if config := os.Getenv(childVariable); config != "" {
		fmt.Fprintln(os.Stderr, serveForever([]byte(config)))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// childConfig is what the server process is told.
type childConfig struct {
	URL   string
	AppID int64
	Key   []byte
	Dir   string

	SweepEvery, TickEvery time.Duration // 0: hardly ever
}

// app is the configuration of the App that it asks for.
func (c childConfig) app() app.Config {
	return app.Config{
		GitHubURL: c.URL, AppID: c.AppID, PrivateKey: c.Key, WebhookSecret: hookSecret,
		Database: filepath.Join(c.Dir, "agentplane.db"), Mirrors: filepath.Join(c.Dir, "mirrors"),
		SweepEvery: cmp.Or(c.SweepEvery, time.Hour), TickEvery: cmp.Or(c.TickEvery, time.Hour),
		Pace: app.Pace{Retry: 10 * time.Millisecond, RetryMax: 100 * time.Millisecond, Settle: 20 * time.Millisecond, Push: 2 * time.Second},
		Log:  slog.New(slog.NewTextHandler(os.Stderr, nil)),
	}
}

// serveForever runs the App on the listener that it inherited, until it is killed.
func serveForever(config []byte) error {
	var given childConfig
	if err := json.Unmarshal(config, &given); err != nil {
		return err
	}
	c := given.app()
	listener, err := net.FileListener(os.NewFile(3, "webhooks"))
	if err != nil {
		return err
	}
	a, err := app.New(context.Background(), c)
	if err != nil {
		return err
	}
	var done sync.WaitGroup
	done.Go(func() { err = errors.Join(err, a.Run(context.Background())) })
	serving := a.Server().Serve(listener)
	done.Wait()
	return errors.Join(err, serving)
}

// victim is a server process that is killed at a chosen moment.
type victim struct {
	t        *testing.T
	hub      *sim.GitHub
	repo     *sim.Repo
	reg      *sim.App
	config   childConfig
	listener *os.File
	log      io.Writer // what the servers say; nil: nobody reads it

	mu    sync.Mutex
	child *exec.Cmd
	fuse  int  // exchanges until the kill; 0: none
	after bool // kill after the exchange was answered, not before it
	kills int
	moved chan struct{} // told of every exchange
}

// exchange burns the fuse. GitHub's side of the exchange goes on without the server.
func (v *victim) exchange(after bool) func(sim.Exchange) {
	return func(x sim.Exchange) {
		v.mu.Lock()
		defer v.mu.Unlock()
		select {
		case v.moved <- struct{}{}:
		default:
		}
		if v.fuse == 0 || after != v.after {
			return
		}
		if v.fuse--; v.fuse == 0 {
			v.kills++
			_ = v.child.Process.Kill()
		}
	}
}

func (v *victim) start() {
	config, err := json.Marshal(v.config)
	if err != nil {
		v.t.Fatal(err)
	}
	child := exec.Command(os.Args[0]) //nolint:gosec // this very test binary
	child.Env = append(os.Environ(), childVariable+"="+string(config))
	child.ExtraFiles = []*os.File{v.listener}
	if v.log != nil {
		child.Stderr = v.log
	}
	if err := child.Start(); err != nil {
		v.t.Fatal(err)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.child = child
}

// reap waits for the killed server, or kills it now if the fuse was too long.
func (v *victim) reap() (killed bool) {
	v.mu.Lock()
	killed, v.fuse = v.fuse == 0, 0
	child := v.child
	v.mu.Unlock()
	_ = child.Process.Kill()
	_ = child.Wait()
	return killed
}

// burnt tells whether the kill has happened.
func (v *victim) burnt() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.fuse == 0
}

// await returns when ok holds, looking after every exchange.
func (v *victim) await(ok func() bool) bool {
	deadline := time.NewTimer(30 * time.Second)
	defer deadline.Stop()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for !ok() {
		select {
		case <-v.moved:
		case <-look.C:
		case <-deadline.C:
			return false
		}
	}
	return true
}

// newVictim makes the world and starts the server in a process of its own. The sweep is made to fail: what is found again
// must have been kept.
func newVictim(t *testing.T) *victim {
	v := &victim{t: t, moved: make(chan struct{}, 1)}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var err error
	v.hub, err = sim.Start(sim.Options{KeyBits: 1024, Before: v.exchange(false), Observe: v.exchange(true)})
	must(err)
	t.Cleanup(func() { must(v.hub.Close()) })
	v.hub.SetFaults(sim.Faults{Decide: func(x sim.Exchange) sim.Fault {
		if x.Route == "GET /app/installations" || x.Route == "GET /app/hook/deliveries" {
			return sim.FaultServerError
		}
		return sim.FaultNone
	}})
	must(v.register())
	v.repo, err = v.hub.Repo("octo", "blog", map[string]string{".agentplane.yml": contract})
	must(err)
	must(v.repo.Push(nil, "integration/next", v.repo.Tip("main"), false))
	_, err = v.reg.Install("octo", "blog")
	must(err)
	v.start()
	t.Cleanup(func() { v.reap() })
	return v
}

// register makes the App, with an address that stays when its server is killed.
func (v *victim) register() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	if v.listener, err = listener.(*net.TCPListener).File(); err != nil {
		return err
	}
	v.t.Cleanup(func() { _ = v.listener.Close() })
	v.reg, err = v.hub.RegisterApp(agentplane.Manifest, "http://"+listener.Addr().String()+"/api/github/hook", hookSecret)
	if err != nil {
		return err
	}
	v.config = childConfig{URL: v.hub.URL(), AppID: v.reg.ID, Key: v.reg.PrivateKeyPEM, Dir: v.t.TempDir()}
	return listener.Close()
}

// TestAKilledServerLosesNoAcceptedDelivery kills the server before and after every exchange of a judgement. What was
// answered 2xx must lead to a verdict after the restart; what was not is delivered again, as GitHub would on request.
func TestAKilledServerLosesNoAcceptedDelivery(t *testing.T) {
	v := newVictim(t)
	bot := v.hub.Bot("search-agent[bot]")
	if err := v.repo.Collaborate(bot, "write"); err != nil {
		t.Fatal(err)
	}
	stride := 1
	if raceDetector { // make cases kills it at all of them
		stride = 4
	}
	kills := 0
	for point := 1; point <= 12; point += stride {
		kills += 2
		for _, after := range []bool{false, true} {
			v.mu.Lock()
			v.fuse, v.after = point, after
			v.mu.Unlock()
			sha, err := v.repo.Commit(sim.Commit{
				By: bot, Branch: "agent/search", From: "integration/next", Message: "Work",
				Files: map[string]string{"src/pages/a.astro": fmt.Sprintf("%d %v\n", point, after)},
			})
			if err != nil {
				t.Fatal(err)
			}
			if point == 1 && !after {
				if _, err := v.repo.OpenPull(sim.NewPull{By: bot, Title: "Work", Head: "agent/search", Base: "integration/next"}); err != nil {
					t.Fatal(err)
				}
			}
			v.survive(sha, fmt.Sprintf("killed at exchange %d, after its answer: %v", point, after))
		}
	}
	if v.kills < kills*5/6 {
		t.Errorf("only %d of %d kills hit a server at work", v.kills, kills)
	}
	t.Logf("%d kills", v.kills)
}

// survive waits for the kill or the verdict, restarts the server, and expects the verdict.
func (v *victim) survive(sha, when string) {
	v.t.Helper()
	judged := func() bool {
		run, ok := v.repo.CheckRun(sha, checks.CheckReview)
		own, _ := v.repo.CheckRun(sha, checks.CheckOwnership)
		return ok && run.Status == "completed" && own.Status == "completed"
	}
	v.await(func() bool { return v.burnt() || judged() })
	v.reap()
	v.start()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := v.hub.Drain(ctx); err != nil {
		v.t.Fatalf("%s: %v", when, err)
	}
	failed := map[string]int64{}
	for _, d := range v.reg.Deliveries() {
		failed[d.GUID] = max(failed[d.GUID], d.ID)
	}
	for _, d := range v.reg.Deliveries() {
		if d.StatusCode >= http.StatusOK && d.StatusCode < 300 {
			delete(failed, d.GUID)
		}
	}
	for _, id := range failed {
		if err := v.reg.Redeliver(id); err != nil {
			v.t.Fatalf("%s: %v", when, err)
		}
	}
	if !v.await(judged) {
		v.t.Fatalf("%s: no verdict after the restart: %+v", when, v.repo.CheckRuns(sha))
	}
	if runs := v.repo.AllCheckRuns(sha); len(runs) != 3 {
		v.t.Errorf("%s: %d check runs on one commit, want 3: %+v", when, len(runs), runs)
	}
}
