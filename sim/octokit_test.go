//go:build octokit

package sim

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-github/v60/github"
)

// octokitInput is what the script is told.
type octokitInput struct {
	Modules      string            `json:"modules"`
	API          string            `json:"api"`
	AppID        int64             `json:"appId"`
	PrivateKey   string            `json:"privateKey"`
	Secret       string            `json:"secret"`
	Installation int64             `json:"installation"`
	Owner        string            `json:"owner"`
	Repo         string            `json:"repo"`
	Pull         int               `json:"pull_number"`
	Deliveries   []octokitDelivery `json:"deliveries"`
}

type octokitDelivery struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Signature string `json:"signature"`
	Body      []byte `json:"body"`
}

// octokitSeen is what it saw.
type octokitSeen struct {
	Slug          string
	Installations []int64
	Head, Ref     string
	Files         []string
	Content       string
	Permission    string
	Run           struct {
		Conclusion  string
		Annotations int
		Listed      []string
	}
	Refused int
	Missing string
	Events  []string
	Forged  string
}

// octokitModules installs octokit.js once, outside of the checkout.
func octokitModules(t *testing.T) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := os.ReadFile(filepath.Join("testdata", "octokit", "package.json"))
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(cache, "agentplane", "octokit")
	if have, err := os.ReadFile(filepath.Join(dir, "package.json")); err == nil && bytes.Equal(have, manifest) {
		return dir
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "package.json"), manifest, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		_ = os.RemoveAll(dir)
		t.Fatalf("install octokit.js with npm: %v\n%s", err, out)
	}
	return dir
}

// A second client, which shares no code with go-github, plays an App: its
// tokens, pages, reports and errors, and the webhooks it got.
func TestOctokit(t *testing.T) {
	w := newWorld(t)
	p := w.pull("agent/x", "src/a.txt")
	for _, name := range []string{"src/b.txt", "src/c.txt"} {
		w.commit("agent/x", name, "new\n")
	}
	good[*github.CheckRun](t)(w.client().Checks.CreateCheckRun(t.Context(), "octo", "blog", github.CreateCheckRunOptions{
		Name: "go-github", HeadSHA: p.Head(), Conclusion: github.String("neutral")}))
	w.drain()
	in := octokitInput{Modules: octokitModules(t), API: w.g.URL() + "/api/v3", AppID: w.app.ID, PrivateKey: string(w.app.PrivateKeyPEM),
		Secret: "s3cret", Installation: w.inst.ID, Owner: "octo", Repo: "blog", Pull: p.Number}
	for _, h := range w.hook.all() {
		in.Deliveries = append(in.Deliveries, octokitDelivery{ID: h.header.Get("X-GitHub-Delivery"), Name: h.header.Get("X-GitHub-Event"),
			Signature: h.header.Get("X-Hub-Signature-256"), Body: h.body})
	}
	stdin, err := json.Marshal(in)
	w.must(err)
	cmd := exec.CommandContext(t.Context(), "node", filepath.Join("testdata", "octokit", "story.mjs"))
	var stderr bytes.Buffer
	cmd.Stdin, cmd.Stderr = bytes.NewReader(stdin), &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("octokit.js: %v\n%s", err, stderr.String())
	}
	var got octokitSeen
	w.must(json.Unmarshal(out, &got))
	want := octokitSeen{Slug: w.app.Slug, Installations: []int64{w.inst.ID}, Head: p.Head(), Ref: p.Head(),
		Files: []string{"src/a.txt", "src/b.txt", "src/c.txt"}, Content: "new\n", Permission: "write",
		Refused: 403, Missing: "404 Not Found", Events: w.hook.take()[:len(in.Deliveries)], Forged: "refused"}
	want.Run.Conclusion, want.Run.Annotations, want.Run.Listed = "success", 1, []string{"go-github", "octokit"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what octokit.js saw (-want +got):\n%s", diff)
	}
}
