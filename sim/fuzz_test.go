package sim

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// Whatever is asked, the simulator answers, and never with an error of its own.
func FuzzRequests(f *testing.F) {
	g, err := Start(Options{KeyBits: 1024, RateLimit: 1 << 30})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = g.Close() })
	repo, err := g.Repo("octo", "blog", map[string]string{"README.md": "# blog\n", "src/a.txt": "a"})
	if err != nil {
		f.Fatal(err)
	}
	fuzzThread(f, g, repo)
	app, err := g.RegisterApp([]byte(richManifest), "", "")
	if err != nil {
		f.Fatal(err)
	}
	inst, err := app.Install("octo")
	if err != nil {
		f.Fatal(err)
	}
	g.mu.Lock()
	token, _, refusal := inst.mint(tokenRequest{})
	g.mu.Unlock()
	if refusal != nil {
		f.Fatal(refusal.body)
	}
	for _, r := range g.routes {
		path := strings.NewReplacer("{owner}", "octo", "{repo}", "blog", "{pull_number}", "1", "{issue_number}", "1", "{org}", "octo",
			"{team_slug}", "crew", "{username}", "ann", "{comment_id}", itoa(repo.comments[0].id), "{sha}", repo.Tip("main"), "{name}", "agent").Replace(r.pattern)
		f.Add(r.method, path, "per_page=2&page=1", `{"name":"x","head_sha":"`+repo.Tip("main")+`"}`)
	}
	f.Add("GET", "/repos/octo/blog/contents/src/../README.md", "ref=main^{tree}", "")
	f.Add("GET", "/repos/octo/blog/compare/main...main:main", "page=-1", "")
	f.Add("GET", "/repos/octo/blog/git/trees/"+repo.Tip("main"), "recursive=1", "")
	f.Add("POST", "/repos/octo/blog/check-runs", "", `{"name":"x","head_sha":"`+repo.Tip("main")+`","output":{"title":"","summary":"","annotations":[{}]},"actions":[null]}`)
	f.Add("PATCH", "/repos/octo/blog/pulls/1", "", `{"base":"\u0000","state":"open"}`)
	f.Add("POST", "/repos/octo/blog/pulls", "", `{"title":"","head":":","base":"main"}`)
	f.Add("POST", "/repos/octo/blog/pulls/1/reviews", "", `{"event":"APPROVE","commit_id":"x","comments":[null]}`)
	f.Add("POST", "/repos/octo/blog/pulls/1/requested_reviewers", "", `{"reviewers":["ann",""],"team_reviewers":["crew"]}`)
	f.Add("POST", "/repos/octo/blog/issues/1/labels", "", `{"labels":["a",{"name":"b"},null]}`)
	f.Add("POST", "/repos/octo/blog/issues/2/comments", "", `{"body":"/integrate"}`)
	f.Add("POST", "/repos/octo/blog/statuses/"+repo.Tip("main"), "", `{"state":"success","target_url":":"}`)
	f.Fuzz(func(t *testing.T, method, path, query, body string) {
		r := &http.Request{Method: method, URL: &url.URL{Path: "/api/v3" + path, RawQuery: query}, Header: http.Header{}, Body: http.NoBody}
		if method == "" || strings.ContainsAny(method, " \n") {
			return
		}
		r.Body = http.MaxBytesReader(nil, readCloser{strings.NewReader(body)}, 1<<20)
		r.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		g.serve(w, r.WithContext(t.Context()))
		if w.Code >= 500 || w.Code < 200 {
			t.Errorf("%s %s?%s %s: %d %s", method, path, query, body, w.Code, w.Body)
		}
	})
}

// fuzzThread makes a team, a plain issue, and a pull request with a comment.
func fuzzThread(f *testing.F, g *GitHub, repo *Repo) {
	ann := g.User("ann")
	if err := repo.CollaborateTeam(g.Org("octo").Team("crew", ann), "write"); err != nil {
		f.Fatal(err)
	}
	if _, err := repo.Commit(Commit{By: ann, Branch: "x", From: "main", Message: "x", Files: map[string]string{"x": "x"}}); err != nil {
		f.Fatal(err)
	}
	p, err := repo.OpenPull(NewPull{By: ann, Title: "x", Head: "x"})
	if err != nil {
		f.Fatal(err)
	}
	p.Label(ann, "agent")
	p.Comment(ann, "x")
	repo.OpenIssue(ann, "Slow", "")
}

type readCloser struct{ *strings.Reader }

func (readCloser) Close() error { return nil }

// No header makes the simulator do more than refuse.
func FuzzAuthorization(f *testing.F) {
	g, err := Start(Options{KeyBits: 1024})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = g.Close() })
	for _, text := range []string{"", "Bearer", "Bearer a.b.c", "Basic eA==", "Basic !", "token ghs_1_a.b.c", "Bearer eyJhbGciOiJSUzI1NiJ9.e30.", "Bearer .."} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		g.mu.Lock()
		defer g.mu.Unlock()
		if who, refusal := g.identify(http.Header{"Authorization": {text}}); refusal == nil && (who.app != nil || who.token != nil) {
			t.Errorf("%q is somebody", text)
		}
	})
}
