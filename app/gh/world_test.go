package gh

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/agentplane/agentplane/sim"
	"github.com/agentplane/agentplane/sim/openapi"
)

// lander is an App that may land. What it is not granted is in the tests' hands.
const lander = `
name: lander
url: https://lander.example.com
default_permissions: {contents: write, pull_requests: write, checks: write, workflows: write}
`

// world is a simulated GitHub with the App installed on a repository. Every exchange is held against GitHub's description.
type world struct {
	t    *testing.T
	hub  *sim.GitHub
	reg  *sim.App
	inst *sim.Installation
	repo *sim.Repo // octo/blog
	ann  *sim.User
	now  time.Time // the App's clock
	app  *App
	*Repo
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	watcher := openapi.Watch(t)
	var err error
	w.hub, err = sim.Start(sim.Options{KeyBits: 1024, Observe: func(x sim.Exchange) {
		if x.Hook != "" || x.Status == 0 || strings.HasPrefix(x.Route, "git ") {
			return
		}
		query, _ := url.ParseQuery(x.Query)
		watcher.Exchange(openapi.Exchange{
			Method: x.Method, Path: x.Path, Query: query, RequestHeader: x.RequestHeader, RequestBody: x.RequestBody,
			Status: x.Status, ResponseHeader: x.ResponseHeader, ResponseBody: x.ResponseBody,
		})
	}})
	w.must(err)
	t.Cleanup(func() { w.must(w.hub.Close()) })
	w.repo, err = w.hub.Repo("octo", "blog", map[string]string{"README.md": "# blog\n"})
	w.must(err)
	w.ann = w.hub.User("ann")
	w.must(w.repo.Collaborate(w.ann, "write"))
	w.reg, err = w.hub.RegisterApp([]byte(lander), "", "")
	w.must(err)
	w.inst, err = w.reg.Install("octo", "blog")
	w.must(err)
	w.app, err = New(Options{
		URL: w.hub.URL(), AppID: w.reg.ID, PrivateKey: w.reg.PrivateKeyPEM, MinWait: time.Millisecond,
		Now: func() time.Time { return w.now },
	})
	w.must(err)
	w.Repo, err = w.app.Repo(w.inst.ID, w.repo.ID, "octo/blog")
	w.must(err)
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// commit makes a commit on a branch, in ann's name; a new branch starts from main.
func (w *world) commit(branch, path string) string {
	w.t.Helper()
	sha, err := w.repo.Commit(sim.Commit{By: w.ann, Branch: branch, From: "main", Message: "Work", Files: map[string]string{path: path}})
	w.must(err)
	return sha
}

// asked counts the requests for a route, such as "GET /app".
func (w *world) asked(route string) int {
	n := 0
	for _, x := range w.hub.Requests(0) {
		if x.Route == route {
			n++
		}
	}
	return n
}
