package main

import (
	"bufio"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/agentplane/agentplane"
	"github.com/agentplane/agentplane/checks"
	"github.com/agentplane/agentplane/sim"
)

// serveContract is what the served repository begins with.
const serveContract = `version: 1
agents:
  search: { branch: agent/search, owns: [src/] }
`

// hookSecret is the webhook secret of every test, and a canary.
const hookSecret = "canary-webhook-secret-5f8b1d"

// ground is a simulated GitHub on which a real server process can be run, stopped and run again: webhooks go to a proxy, which
// passes them on to wherever the server listens.
type ground struct {
	t      *testing.T
	hub    *sim.GitHub
	reg    *sim.App
	repo   *sim.Repo
	bot    *sim.User
	data   string
	target atomic.Pointer[url.URL]
}

func newGround(t *testing.T, o sim.Options) *ground {
	t.Helper()
	f := &ground{t: t, data: t.TempDir()}
	proxy := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite:      func(r *httputil.ProxyRequest) { r.SetURL(f.target.Load()) },
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	})
	t.Cleanup(proxy.Close)
	f.target.Store(&url.URL{Scheme: "http", Host: "127.0.0.1:1"})
	var err error
	o.KeyBits = 1024
	f.hub, err = sim.Start(o)
	f.must(err)
	t.Cleanup(func() { f.must(f.hub.Close()) })
	f.reg, err = f.hub.RegisterApp(agentplane.Manifest, proxy.URL+"/api/github/hook", hookSecret)
	f.must(err)
	f.repo, err = f.hub.Repo("octo", "blog", map[string]string{".agentplane.yml": serveContract, "src/a.ts": "a\n"})
	f.must(err)
	f.bot = f.hub.Bot("search-agent[bot]")
	f.must(f.repo.Collaborate(f.bot, "write"))
	_, err = f.reg.Install("octo", "blog")
	f.must(err)
	return f
}

func (f *ground) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// change commits a file to the agent's branch, and opens its pull request the first time.
func (f *ground) change(file string) (sha string) {
	f.t.Helper()
	sha, err := f.repo.Commit(sim.Commit{By: f.bot, Branch: "agent/search", From: "main", Message: "Work", Files: map[string]string{file: "x\n"}})
	f.must(err)
	if f.repo.Pull(1) == nil {
		_, err = f.repo.OpenPull(sim.NewPull{By: f.bot, Title: "Work", Head: "agent/search", Base: "main"})
		f.must(err)
	}
	return sha
}

// judged tells whether a commit has a verdict on ownership.
func (f *ground) judged(sha, want string) func() bool {
	return func() bool {
		run, _ := f.repo.CheckRun(sha, checks.CheckOwnership)
		return run.Conclusion == want
	}
}

// process is a running `agentplane serve`.
type process struct {
	f    *ground
	cmd  *exec.Cmd
	addr string
	read sync.WaitGroup

	mu  sync.Mutex
	log strings.Builder
}

// serve starts the server and returns when it listens.
func (f *ground) serve(args ...string) *process {
	f.t.Helper()
	exe, err := os.Executable()
	f.must(err)
	p := &process{f: f, cmd: exec.Command(exe)}
	p.cmd.Args = append([]string{
		"agentplane", "serve", "--github-url", f.hub.URL(), "--app-id", strconv.FormatInt(f.reg.ID, 10), "--data", f.data,
		"--listen", "127.0.0.1:0", "--log-format", "json", "--log-level", "debug",
	}, args...)
	tmp := filepath.Join(f.data, "tmp")
	f.must(os.MkdirAll(tmp, 0o700))
	p.cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "TMPDIR=" + tmp,
		"AGENTPLANE_WEBHOOK_SECRET=" + hookSecret, "AGENTPLANE_PRIVATE_KEY=" + string(f.reg.PrivateKeyPEM),
	}, goVariables()...)
	stderr, err := p.cmd.StderrPipe()
	f.must(err)
	f.must(p.cmd.Start())
	f.t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	listening := make(chan string, 1)
	p.read.Go(func() {
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			p.line(lines.Text(), listening)
		}
		close(listening)
	})
	p.addr = <-listening
	if p.addr == "" {
		f.t.Fatalf("the server does not listen:\n%s", p.logged())
	}
	f.target.Store(&url.URL{Scheme: "http", Host: p.addr})
	return p
}

// goVariables are what the race detector and coverage of a test binary need.
func goVariables() []string {
	var vars []string
	for _, name := range []string{"GOCOVERDIR", "GORACE"} {
		if value := os.Getenv(name); value != "" {
			vars = append(vars, name+"="+value)
		}
	}
	return vars
}

// line keeps a line of the log, and sends the address when it is in there.
func (p *process) line(text string, listening chan<- string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.log.WriteString(text + "\n")
	var entry struct{ Msg, Hook string }
	if json.Unmarshal([]byte(text), &entry) == nil && entry.Msg == "serving" {
		u, err := url.Parse(entry.Hook)
		if err == nil {
			listening <- u.Host
		}
	}
}

func (p *process) logged() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
}

func (p *process) signal(s syscall.Signal) {
	p.f.t.Helper()
	p.f.must(p.cmd.Process.Signal(s))
}

// end waits for the process, and returns how it ended.
func (p *process) end() *os.ProcessState {
	p.f.t.Helper()
	p.read.Wait()
	_ = p.cmd.Wait() // its error only repeats the state
	return p.cmd.ProcessState
}

// wait polls until a condition holds.
func (p *process) wait(what string, holds func() bool) {
	p.f.t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(30 * time.Second); !holds(); {
		select {
		case <-tick.C:
		case <-deadline:
			p.f.t.Fatalf("not after 30 s: %s\n%s", what, p.logged())
		}
	}
}

func (p *process) get(path string) (status int, body string) {
	p.f.t.Helper()
	resp, err := http.Get("http://" + p.addr + path)
	p.f.must(err)
	defer func() { _ = resp.Body.Close() }()
	text, err := readAtMost(resp.Body, path, 1<<20)
	p.f.must(err)
	return resp.StatusCode, string(text)
}

// holdPulls blocks every reading of a pull request while it is on.
type holdPulls struct {
	on      atomic.Bool
	waiting atomic.Int32
	release chan struct{}
}

func (h *holdPulls) before(x sim.Exchange) {
	if h.on.Load() && strings.HasPrefix(x.Path, "/repos/octo/blog/pulls/1") {
		h.waiting.Add(1)
		<-h.release
	}
}

func (h *holdPulls) blocks() bool { return h.waiting.Load() > 0 }

func TestServeStopsGracefully(t *testing.T) {
	t.Parallel()
	h := &holdPulls{release: make(chan struct{})}
	f := newGround(t, sim.Options{Before: h.before})
	p := f.serve()
	if status, _ := p.get("/healthz"); status != http.StatusOK {
		t.Errorf("/healthz answers %d", status)
	}
	if status, body := p.get("/readyz"); status != http.StatusOK || !strings.Contains(body, `"database":"ok"`) {
		t.Errorf("/readyz answers %d %s", status, body)
	}
	p.wait("judged", f.judged(f.change("src/b.ts"), "success"))

	h.on.Store(true)
	sha := f.change("README.md")
	p.wait("a job runs", h.blocks)
	p.signal(syscall.SIGTERM)
	p.wait("no further deliveries are taken", func() bool {
		_, err := http.Get("http://" + p.addr + "/healthz")
		return err != nil
	})
	h.on.Store(false)
	close(h.release)
	if state := p.end(); state.ExitCode() != exitOK {
		t.Errorf("exit status %d, want 0\n%s", state.ExitCode(), p.logged())
	}
	if !f.judged(sha, "failure")() {
		t.Errorf("the job that ran was not finished\n%s", p.logged())
	}
	for _, message := range []string{`"msg":"serving"`, `"msg":"stopping: `, `"msg":"stopped"`} {
		if !strings.Contains(p.logged(), message) {
			t.Errorf("the log lacks %s:\n%s", message, p.logged())
		}
	}
}

func TestServeStopsAtOnceOnASecondSignal(t *testing.T) {
	t.Parallel()
	h := &holdPulls{release: make(chan struct{})}
	f := newGround(t, sim.Options{Before: h.before})
	p := f.serve()
	h.on.Store(true)
	sha := f.change("README.md")
	p.wait("a job runs", h.blocks)
	p.signal(syscall.SIGINT)
	p.wait("it is stopping", func() bool { return strings.Contains(p.logged(), "stopping") })
	p.signal(syscall.SIGTERM)
	state := p.end()
	if status, ok := state.Sys().(syscall.WaitStatus); !ok || !status.Signaled() || status.Signal() != syscall.SIGTERM {
		t.Errorf("it ended by %v, want the second signal", state)
	}
	h.on.Store(false)
	close(h.release)

	// What was accepted is worked by the next one.
	p = f.serve()
	p.wait("judged after the restart", f.judged(sha, "failure"))
	p.signal(syscall.SIGTERM)
	if state := p.end(); state.ExitCode() != exitOK {
		t.Errorf("exit status %d, want 0", state.ExitCode())
	}
}

func TestServeRefusesASecondServerOnOneFile(t *testing.T) {
	t.Parallel()
	f := newGround(t, sim.Options{})
	p := f.serve()
	second := exec.Command(p.cmd.Path)
	second.Args, second.Env = p.cmd.Args, p.cmd.Env
	out, _ := second.CombinedOutput()
	if got := second.ProcessState.ExitCode(); got != exitTrouble || !strings.Contains(string(out), "give another --database") {
		t.Errorf("the second server: exit status %d\n%s", got, out)
	}
	p.signal(syscall.SIGTERM)
	p.end()
}
