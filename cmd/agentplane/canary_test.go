package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/agentplane/agentplane/sim"
)

// canaries are the secrets of one run, with where each comes from.
type canaries struct {
	mu   sync.Mutex
	seen map[string]string
}

func (c *canaries) add(secret, what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(secret) >= 12 {
		c.seen[secret] = what
	}
}

// observe gathers what authenticates requests, and the tokens that GitHub hands out.
func (c *canaries) observe(x sim.Exchange) {
	for _, value := range x.RequestHeader.Values("Authorization") {
		_, secret, _ := strings.Cut(value, " ")
		c.add(secret, "the credentials of "+x.Route)
		if plain, err := base64.StdEncoding.DecodeString(secret); err == nil {
			_, password, _ := strings.Cut(string(plain), ":")
			c.add(password, "the password of "+x.Route)
		}
	}
	if strings.HasSuffix(x.Path, "/access_tokens") {
		var answer struct{ Token string }
		if json.Unmarshal(x.ResponseBody, &answer) == nil {
			c.add(answer.Token, "a minted token")
			c.add(base64.StdEncoding.EncodeToString([]byte("x-access-token:"+answer.Token)), "a minted token, for git")
		}
	}
}

// look reports every secret that a text holds.
func (c *canaries) look(t *testing.T, where string, text []byte) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	for secret, what := range c.seen {
		if bytes.Contains(text, []byte(secret)) {
			t.Errorf("%s holds %s", where, what)
		}
	}
}

// arguments gathers the command lines of every process of the machine until stop is closed. Only Linux shows them here.
func arguments(stop <-chan struct{}) []byte {
	var all bytes.Buffer
	seen := map[string]bool{}
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
		for _, file := range files {
			if line, err := os.ReadFile(file); err == nil && !seen[string(line)] {
				seen[string(line)] = true
				all.Write(append(line, '\n'))
			}
		}
		select {
		case <-stop:
			return all.Bytes()
		case <-tick.C:
		}
	}
}

// TestNoSecretIsTold runs a server through deliveries, forged ones and failures of every kind, and then looks for its
// secrets wherever others could read: log, metrics, files, arguments, check runs.
func TestNoSecretIsTold(t *testing.T) {
	t.Parallel()
	c := &canaries{seen: map[string]string{hookSecret: "the webhook secret"}}
	f := newGround(t, sim.Options{Observe: c.observe})
	for line := range strings.Lines(string(f.reg.PrivateKeyPEM)) {
		if !strings.HasPrefix(line, "-----") {
			c.add(strings.TrimSpace(line), "the private key")
		}
	}
	stop, lines := make(chan struct{}), make(chan []byte, 1)
	var watch sync.WaitGroup
	watch.Go(func() { lines <- arguments(stop) })

	p := f.serve("--sweep-every", "1s")
	p.wait("judged", f.judged(f.change("README.md"), "failure"))
	forge(t, p)
	f.hub.SetFaults(sim.Faults{ServerError: 0.3, CutAfter: 0.2, Git: 0.5, Stale: 0.1, Most: 12})
	sha := f.change("src/b.ts")
	p.wait("judged in spite of faults", func() bool { return strings.Contains(p.logged(), `"level":"ERROR"`) || f.judged(sha, "failure")() })
	f.hub.Heal()
	p.wait("judged", f.judged(sha, "failure"))
	_, metrics := p.get("/metrics")
	_, ready := p.get("/readyz")
	p.signal(syscall.SIGTERM)
	p.end()
	close(stop)
	watch.Wait()

	if len(c.seen) < 12 {
		t.Errorf("only %d secrets were seen: the test looks for too little", len(c.seen))
	}
	argv := <-lines
	seen := bytes.Contains(argv, []byte("serve\x00--github-url")) && bytes.Contains(argv, []byte("fetch"))
	if runtime.GOOS == "linux" && !seen {
		t.Errorf("the arguments of the server and of git were not seen: %q", argv)
	}
	c.look(t, "an argument list", argv)
	c.look(t, "/metrics", []byte(metrics))
	c.look(t, "/readyz", []byte(ready))
	c.look(t, "the log", []byte(p.logged()))
	for _, run := range f.repo.AllCheckRuns(sha) {
		c.look(t, "a check run", []byte(run.Title+run.Summary+run.Text))
	}
	files := 0
	f.must(filepath.WalkDir(f.data, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		files++
		text, err := os.ReadFile(name)
		c.look(t, name, text)
		return err
	}))
	if files < 5 {
		t.Errorf("only %d files were looked at", files)
	}
}

// forge sends deliveries that are not GitHub's; each is refused.
func forge(t *testing.T, p *process) {
	t.Helper()
	for _, signature := range []string{"", "sha256=", "sha256=" + strings.Repeat("0", 64), "sha1=" + strings.Repeat("0", 40), hookSecret} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+p.addr+"/api/github/hook", strings.NewReader(`{"zen":"x"}`))
		p.f.must(err)
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("X-GitHub-Event", "push")
		r.Header.Set("X-GitHub-Delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958")
		r.Header.Set("X-Hub-Signature-256", signature)
		resp, err := http.DefaultClient.Do(r)
		p.f.must(err)
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusUnauthorized {
			t.Errorf("signature %q: %s", signature, resp.Status)
		}
	}
}
