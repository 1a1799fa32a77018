package sim

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// richManifest is an App that may do everything that is simulated.
const richManifest = `
name: Rich
url: https://rich.example.com
default_permissions: {administration: read, checks: write, contents: write, pull_requests: write, statuses: write, issues: write, members: read, actions: read}
default_events: [push, pull_request, repository, issue_comment]
`

// richWorld has one of everything, and an App that may see it all.
func richWorld(t *testing.T) (*world, *Pull, int64) {
	w := newWorld(t)
	app, err := w.g.RegisterApp([]byte(richManifest), w.hook.URL, "rich")
	w.must(err)
	inst, err := app.Install("octo")
	w.must(err)
	w.app, w.inst = app, inst
	p := w.pull("agent/x", "src/a.txt")
	p.Comment(w.ann, "/integrate")
	sha, err := w.repo.Commit(Commit{By: w.ann, Branch: "agent/x", Message: "Odd files", Files: map[string]string{
		"link": "README.md", "tool": "#!/bin/sh\n", "späce dir/ü x.txt": "x\n", "bin": "\x00\x01"}, Links: []string{"link"}, Executable: []string{"tool"}})
	w.must(err)
	w.repo.SetStatus(w.ann, sha, "success", "lint", "fine")
	auth := w.token(`null`)
	got := w.call("POST", "/repos/octo/blog/check-runs", auth, `{"name":"x","head_sha":"`+sha+`","status":"in_progress","external_id":"7",
		"details_url":"https://rich.example.com/7","started_at":"2026-03-01T11:00:00Z",
		"output":{"title":"t","summary":"s","text":"x","annotations":[{"path":"tool","start_line":1,"end_line":1,"annotation_level":"warning","message":"m"}]},
		"actions":[{"label":"Fix","description":"Fix it","identifier":"fix"}]}`)
	if got.status != http.StatusCreated {
		t.Fatalf("check run: %d %s", got.status, got.body)
	}
	_, err = w.g.StartCI(CIOptions{Manual: true})
	w.must(err)
	_, err = w.repo.ReportRun(RunReport{SHA: sha, Jobs: []JobReport{{Name: "check", Steps: []StepReport{{Name: "Run make"}}}}})
	w.must(err)
	w.drain()
	return w, p, w.repo.AllCheckRuns(sha)[0].ID
}

// Every operation answers as GitHub's own description says; the watcher of the
// world compares each exchange and each delivery.
func TestEveryOperation(t *testing.T) {
	w, p, run := richWorld(t)
	head := p.Head()
	blob := w.call("GET", "/repos/octo/blog/contents/tool?ref=agent/x", w.token(`null`), "")
	var file struct{ SHA string }
	w.must(jsonInto(blob.body, &file))
	w.g.mu.Lock()
	suite := w.repo.runs[0].suite.id
	job := w.repo.runs[len(w.repo.runs)-1]
	delivery := w.app.deliveries[0].ID
	w.g.mu.Unlock()
	values := strings.NewReplacer("{owner}", "octo", "{repo}", "blog", "{branch}", "agent/x", "{username}", "ann", "{ref}", "REF",
		"{path}", "README.md", "{basehead}", "main...agent/x", "{commit_sha}", head, "{tree_sha}", head, "{file_sha}", file.SHA,
		"{pull_number}", itoa(int64(p.Number)), "{check_run_id}", itoa(run), "{check_suite_id}", itoa(suite),
		"{org}", "octo", "{issue_number}", itoa(int64(p.Number)), "{comment_id}", itoa(w.repo.comments[0].id), "{name}", "agent", "{sha}", head, "{team_slug}", "platform-crew",
		"{run_id}", itoa(job.job.run.id), "{job_id}", itoa(job.id),
		"{installation_id}", itoa(w.inst.ID), "{delivery_id}", itoa(delivery))
	bodies := map[string]string{
		"POST /repos/{owner}/{repo}/merges":                                  `{"base":"agent/y","head":"main"}`,
		"POST /repos/{owner}/{repo}/git/refs":                                `{"ref":"refs/heads/spare","sha":"` + head + `"}`,
		"PATCH /repos/{owner}/{repo}/git/refs/{ref}":                         `{"sha":"` + head + `"}`,
		"POST /repos/{owner}/{repo}/pulls":                                   `{"title":"again","head":"agent/y","base":"main","draft":true}`,
		"PATCH /repos/{owner}/{repo}/pulls/{pull_number}":                    `{"title":"renamed"}`,
		"POST /repos/{owner}/{repo}/check-runs":                              `{"name":"y","head_sha":"` + head + `","conclusion":"success"}`,
		"PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}":              `{"conclusion":"failure","output":{"title":"t","summary":"s"}}`,
		"POST /repos/{owner}/{repo}/pulls/{pull_number}/reviews":             `{"event":"APPROVE"}`,
		"POST /repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers": `{"reviewers":["ann"]}`,
		"POST /repos/{owner}/{repo}/issues/{issue_number}/comments":          `{"body":"x"}`,
		"PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}":           `{"body":"y"}`,
		"POST /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions":  `{"content":"eyes"}`,
		"POST /repos/{owner}/{repo}/issues/{issue_number}/labels":            `{"labels":["agent"]}`,
		"POST /repos/{owner}/{repo}/statuses/{sha}":                          `{"state":"success"}`,
		"POST /app/installations/{installation_id}/access_tokens":            `{"repositories":["blog"]}`,
	}
	bodies[graphqlRoute] = w.updateRefs(refUpdate{Name: "refs/heads/by-graphql", AfterOid: head})
	w.commit("agent/y", "y.txt", "y\n")
	w.must(w.g.Org("octo").Team("Platform Crew").Add(w.ann, "maintainer"))
	w.repo.Protect("agent/x", Protection{AllowForce: true})
	w.commit("main", "base.txt", "x\n")
	for _, r := range w.g.routes {
		name := r.method + " " + r.pattern
		path := values.Replace(r.pattern)
		ref := head
		if strings.Contains(r.pattern, "/git/") {
			ref = "heads/agent/x"
		}
		if r.method == "DELETE" {
			ref = "heads/spare"
		}
		path = strings.Replace(path, "REF", ref, 1)
		auth := w.token(`null`)
		switch {
		case r.need == "app":
			auth = w.jwt(w.app, nil)
		case r.pattern == "/user":
			auth = "token " + w.ann.Token
		}
		got := w.call(r.method, path, auth, bodies[name])
		if got.status < 200 || got.status > 299 {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
		if got.header.Get("X-Github-Request-Id") == "" || got.status != 204 && !strings.HasPrefix(got.header.Get("Content-Type"), "application/json") {
			t.Errorf("%s: headers %v", name, got.header)
		}
	}
	w.drain()
	if exchanges, hooks := w.watch.inner.Seen(); exchanges < len(w.g.routes)-1 || hooks < 10 {
		t.Errorf("compared %d exchanges and %d deliveries with GitHub's description", exchanges, hooks)
	}
	if unknown := w.g.Unknown(); len(unknown) > 0 {
		t.Errorf("unknown: %v", unknown)
	}
}

func TestContents(t *testing.T) {
	w, _, _ := richWorld(t)
	_, err := w.repo.Commit(Commit{Branch: "main", Message: "big", Files: map[string]string{"big": strings.Repeat("x", 1<<20+1)}})
	w.must(err)
	auth := w.token(`null`)
	for _, c := range []struct{ path, kind, encoding, why string }{
		{"README.md", "file", "base64", "a plain file"},
		{"link?ref=agent/x", "symlink", "base64", "a link is shown as itself"},
		{"sp%C3%A4ce%20dir/%C3%BC%20x.txt?ref=agent/x", "file", "base64", "any name"},
		{"README.md?ref=" + w.repo.Tip("main"), "file", "base64", "by commit"},
		{"README.md?ref=refs/heads/main", "file", "base64", "by full name"},
		{"big", "file", "none", "more than 1 MB has no content"},
	} {
		got := w.call("GET", "/repos/octo/blog/contents/"+c.path, auth, "")
		var body struct{ Type, Encoding, Content string }
		w.must(jsonInto(got.body, &body))
		if body.Type != c.kind || body.Encoding != c.encoding && c.kind == "file" {
			t.Errorf("%s (%s): %s, encoding %s", c.path, c.why, body.Type, body.Encoding)
		}
	}
	raw := w.callWith("GET", "/repos/octo/blog/contents/big", http.Header{"Authorization": {auth}, "Accept": {"application/vnd.github.raw+json"}}, "")
	if raw.status != 200 || len(raw.body) != 1<<20+1 {
		t.Errorf("raw content: %d, %d bytes", raw.status, len(raw.body))
	}
	var names []struct{ Name, Type string }
	w.must(jsonInto(w.call("GET", "/repos/octo/blog/contents/src", auth, "").body, &names))
	if len(names) != 1 || names[0].Name != "a.txt" {
		t.Errorf("folder: %v", names)
	}
	for _, path := range []string{"absent", "README.md/x", "README.md?ref=absent", "README.md?ref=main~1", "x?ref=HEAD%0a"} {
		if got := w.call("GET", "/repos/octo/blog/contents/"+path, auth, ""); got.status != 404 {
			t.Errorf("contents/%s: %d", path, got.status)
		}
	}
}

func TestPaging(t *testing.T) {
	w := newWorld(t)
	for i := range 7 {
		w.pull(fmt.Sprintf("agent/%d", i), "src/a.txt")
		w.clock.advance(1e9)
	}
	auth := w.token(`null`)
	var seen []int
	w.watch.nonsense = true
	next := "/repos/octo/blog/pulls?per_page=3"
	for pages := 0; next != "" && pages < 5; pages++ {
		got := w.call("GET", next, auth, "")
		var list []struct{ Number int }
		w.must(jsonInto(got.body, &list))
		for _, p := range list {
			seen = append(seen, p.Number)
		}
		next = ""
		for link := range strings.SplitSeq(got.header.Get("Link"), ", ") {
			if to, ok := strings.CutSuffix(link, `>; rel="next"`); ok {
				next = strings.TrimPrefix(to, "<"+w.g.URL()+"/api/v3")
			}
		}
	}
	if !slices.Equal(seen, []int{7, 6, 5, 4, 3, 2, 1}) {
		t.Errorf("pull requests over the pages: %v", seen)
	}
	for query, want := range map[string]int{"?per_page=0": 7, "?per_page=1000": 7, "?page=2": 0, "?page=x": 7, "?state=closed": 0,
		"?head=octo:agent/3": 1, "?base=other": 0, "?base=main&sort=updated&direction=asc": 7, "?head=nobody:agent/3": 0} {
		var list []any
		w.must(jsonInto(w.call("GET", "/repos/octo/blog/pulls"+query, auth, "").body, &list))
		if len(list) != want {
			t.Errorf("pulls%s: %d, want %d", query, len(list), want)
		}
	}
}

// Conditional requests cost nothing and notice every change.
func TestETags(t *testing.T) {
	w := newWorld(t)
	p := w.pull("agent/x", "src/a.txt")
	auth := w.token(`null`)
	path := "/repos/octo/blog/pulls"
	first := w.call("GET", path, auth, "")
	header := http.Header{"Authorization": {auth}, "If-None-Match": {first.header.Get("Etag")}}
	same := w.callWith("GET", path, header, "")
	if same.status != 304 || len(same.body) != 0 || same.header.Get("X-Ratelimit-Remaining") != first.header.Get("X-Ratelimit-Remaining") {
		t.Errorf("unchanged: %d, %d bytes, %s remaining after %s", same.status, len(same.body),
			same.header.Get("X-Ratelimit-Remaining"), first.header.Get("X-Ratelimit-Remaining"))
	}
	w.must(p.Retarget(w.ann, "main")) // no change
	if got := w.callWith("GET", path, header, ""); got.status != 304 {
		t.Errorf("still unchanged: %d", got.status)
	}
	w.commit("agent/x", "src/a.txt", "newer\n")
	if got := w.callWith("GET", path, header, ""); got.status != 200 || got.header.Get("Etag") == first.header.Get("Etag") {
		t.Errorf("changed: %d, %s", got.status, got.header.Get("Etag"))
	}
}

// Addresses that are not simulated are recorded, and nonsense is answered.
func TestNonsense(t *testing.T) {
	w := newWorld(t)
	w.watch.nonsense = true
	auth := w.token(`null`)
	head := w.repo.Tip("main")
	for _, c := range []struct {
		method, path, body string
		status             int
	}{
		{"POST", "/repos/octo/blog/check-runs", `{"name":`, 400},
		{"POST", "/repos/octo/blog/check-runs", `[]`, 422},
		{"POST", "/repos/octo/blog/check-runs", `{"name":7}`, 422},
		{"POST", "/repos/octo/blog/check-runs", ``, 422},
		{"POST", "/repos/octo/blog/check-runs", `{"name":"x","head_sha":"main"}`, 422},
		{"POST", "/repos/octo/blog/check-runs", `{"name":"x","head_sha":"` + head[:39] + `"}`, 422},
		{"PATCH", "/repos/octo/blog/check-runs/999", `{}`, 404},
		{"PATCH", "/repos/octo/blog/check-runs/x", `{}`, 404},
		{"GET", "/repos/octo/blog/check-runs/-1", ``, 404},
		{"GET", "/repos/octo/blog/check-runs/99999999999999999999", ``, 404},
		{"GET", "/repos/octo/blog/check-suites/0", ``, 404},
		{"GET", "/repos/octo/blog/pulls/0", ``, 404},
		{"GET", "/repos/octo/blog/pulls/1e3", ``, 404},
		{"GET", "/repos/octo/blog/pulls?state=open%00", ``, 422},
		{"GET", "/repos/octo/absent", ``, 404},
		{"GET", "/repos/octo/..", ``, 404},
		{"GET", "/users/nobody", ``, 404},
		{"GET", "/repos/octo/blog/git/ref/heads", ``, 404},
		{"GET", "/repos/octo/blog/git/commits/zz", ``, 404},
		{"GET", "/repos/octo/blog/git/blobs/" + head, ``, 404},
		{"GET", "/repos/octo/blog/commits/absent", ``, 422},
		{"GET", "/repos/octo/blog/compare/main", ``, 404},
		{"GET", "/repos/octo/blog/compare/main...absent", ``, 404},
	} {
		if got := w.call(c.method, c.path, auth, c.body); got.status != c.status || got.message() == "" {
			t.Errorf("%s %s %s: %d %s, want %d", c.method, c.path, c.body, got.status, got.body, c.status)
		}
	}
	if unknown := w.g.Unknown(); len(unknown) != 0 {
		t.Errorf("counted as not simulated: %v", unknown)
	}
	w.call("GET", "/repos/octo/blog/releases", auth, "")
	w.call("DELETE", "/repos/octo/blog", auth, "")
	if unknown := w.g.Unknown(); !slices.Equal(unknown, []string{"GET /repos/octo/blog/releases", "DELETE /repos/octo/blog"}) {
		t.Errorf("not simulated: %v", unknown)
	}
}
