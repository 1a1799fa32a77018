package openapi

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

var asJSON = http.Header{"Content-Type": {"application/json; charset=utf-8"}}

const (
	gitRef   = `{"ref":"refs/heads/a/b","node_id":"MDM=","url":"https://api.github.com/repos/o/r/git/refs/heads/a/b","object":{"type":"commit","sha":"aa218f56b14c9653891f9e74264a383fa43fefbd","url":"https://api.github.com/repos/o/r/git/commits/aa218f56"}}`
	notFound = `{"message":"Not Found","documentation_url":"https://docs.github.com/rest","status":"404"}`
	noRuns   = `{"total_count":0,"check_runs":[]}`
)

// Each case changes one thing of an exchange that is in order, or is one; want is "" for no violation and otherwise
// words that the one violation has.
func TestValidate(t *testing.T) {
	cases := []struct {
		why  string
		x    Exchange
		want string
	}{
		{"a ref may hold slashes", Exchange{Method: "GET", Path: "/repos/o/r/git/ref/heads/a/b", Status: 200, ResponseHeader: asJSON, ResponseBody: []byte(gitRef)}, ""},
		{"or escaped ones", Exchange{Method: "GET", Path: "/repos/o/r/git/ref/heads%2Fa%2Fb", Status: 200, ResponseHeader: asJSON, ResponseBody: []byte(gitRef)}, ""},
		{"a repository by its id", Exchange{Method: "GET", Path: "/repositories/17/git/ref/heads/a/b", Status: 200, ResponseHeader: asJSON, ResponseBody: []byte(gitRef)}, ""},
		{"an operation the project does not use", Exchange{Method: "GET", Path: "/repos/o/r/stargazers", Status: 200, ResponseHeader: asJSON, ResponseBody: []byte(`[]`)}, "no operation GET /repos/o/r/stargazers"},
		{"a method the path does not have", Exchange{Method: "PUT", Path: "/repos/o/r", Status: 200, ResponseHeader: asJSON, ResponseBody: []byte(`{}`)}, "no operation PUT"},
		{"the longer template wins over a ref with slashes", Exchange{Method: "GET", Path: "/repos/o/r/commits/a/b/check-runs", Status: 200, ResponseHeader: asJSON, ResponseBody: []byte(noRuns)}, ""},
		{"the error of anything that is hidden", Exchange{Method: "GET", Path: "/repos/o/r/commits/a/check-runs", Status: 404, ResponseHeader: asJSON, ResponseBody: []byte(notFound)}, ""},
		{"errors have a link to the documentation", Exchange{Method: "GET", Path: "/repos/o/r/commits/a/check-runs", Status: 404, ResponseHeader: asJSON, ResponseBody: []byte(`{"message":"Not Found"}`)}, "/documentation_url"},
		{"what a broken server says is not described", Exchange{Method: "GET", Path: "/repos/o/r", Status: 502, ResponseBody: []byte(`<html>`)}, ""},
		{"a status nobody documents", Exchange{Method: "GET", Path: "/repos/o/r", Status: 418, ResponseHeader: asJSON, ResponseBody: []byte(notFound)}, "status: unknown"},
		{"GitHub does not redirect a write permanently", Exchange{Method: "POST", Path: "/repos/o/r/git/refs", RequestBody: []byte(`{"ref":"refs/heads/a","sha":"a"}`), Status: 301, ResponseHeader: asJSON, ResponseBody: []byte(notFound)}, "status: unknown"},
		{"unchanged", Exchange{Method: "GET", Path: "/repos/o/r/pulls/1/files", Status: 304}, ""},
		{"unchanged has no body", Exchange{Method: "GET", Path: "/repos/o/r/pulls/1/files", Status: 304, ResponseBody: []byte(`[]`)}, "body: unknown"},
		{"deleted", Exchange{Method: "DELETE", Path: "/repos/o/r/git/refs/heads/a", Status: 204}, ""},
		{"an answer must be of the type it says", Exchange{Method: "GET", Path: "/repos/o/r/commits/a/check-runs", Status: 200, ResponseHeader: http.Header{"Content-Type": {"text/plain"}}, ResponseBody: []byte(noRuns)}, "Content-Type"},
		{"an answer must be JSON", Exchange{Method: "GET", Path: "/repos/o/r/commits/a/check-runs", Status: 200, ResponseHeader: asJSON, ResponseBody: []byte(`{`)}, "not JSON"},
		{"more than the list has", Exchange{Method: "GET", Path: "/repos/o/r/commits/a/check-runs", Status: 200, ResponseHeader: asJSON, ResponseBody: []byte(`{"total_count":1,"check_runs":[]}`)}, "no Link says where"},
		{"numbers are numbers", Exchange{Method: "GET", Path: "/repos/o/r/pulls/x", Status: 404, ResponseHeader: asJSON, ResponseBody: []byte(notFound)}, `path: pull_number: invalid: "x" is no integer`},
		{"a parameter that would be ignored", Exchange{Method: "GET", Path: "/repos/o/r/commits/a/check-runs", Query: url.Values{"per-page": {"100"}}, Status: 200, ResponseHeader: asJSON, ResponseBody: []byte(noRuns)}, "query: per-page: unknown"},
		{"a value that would be ignored", Exchange{Method: "GET", Path: "/repos/o/r/commits/a/check-runs", Query: url.Values{"filter": {"newest"}}, Status: 200, ResponseHeader: asJSON, ResponseBody: []byte(noRuns)}, "query: filter: invalid"},
		{"a page that would be cut", Exchange{Method: "GET", Path: "/repos/o/r/commits/a/check-runs", Query: url.Values{"per_page": {"1000"}}, Status: 200, ResponseHeader: asJSON, ResponseBody: []byte(noRuns)}, "at most 100"},
		{"a flag", Exchange{Method: "GET", Path: "/repos/o/r/branches", Query: url.Values{"protected": {"yes"}}, Status: 200, ResponseHeader: asJSON, ResponseBody: []byte(`[]`)}, "query: protected: invalid"},
		{"a wrong name in a request", createRef(`{"ref":"refs/heads/a/b","sha":"a","force":true}`, 201), "request body: /force: unknown"},
		{"a request without what it needs", createRef(`{"ref":"refs/heads/a/b"}`, 201), "request body: /sha: missing"},
		{"no request at all", createRef(``, 201), "request body: missing"},
		{"the server said that the request is wrong", createRef(`{"ref":7}`, 422), ""},
		{"a body where none is taken", Exchange{Method: "DELETE", Path: "/repos/o/r/git/refs/heads/a", RequestBody: []byte(`{"x":1}`), Status: 204}, "request body: unknown"},
		{"null is no body", Exchange{Method: "DELETE", Path: "/repos/o/r/git/refs/heads/a", RequestBody: []byte("null\n"), Status: 204}, ""},
		{"raw contents", Exchange{Method: "GET", Path: "/repos/o/r/contents/a/b.txt", RequestHeader: http.Header{"Accept": {"application/vnd.github.v3.raw"}}, Status: 200,
			ResponseHeader: http.Header{"Content-Type": {"application/vnd.github.v3.raw; charset=utf-8"}}, ResponseBody: []byte("text")}, ""},
		{"raw contents under another name", Exchange{Method: "GET", Path: "/repos/o/r/contents/a/b.txt", RequestHeader: http.Header{"Accept": {"application/vnd.github.raw+json"}}, Status: 200,
			ResponseHeader: asJSON, ResponseBody: []byte("text")}, "not application/vnd.github.raw"},
		{"the root directory", Exchange{Method: "GET", Path: "/repos/o/r/contents", Status: 200, ResponseHeader: asJSON, ResponseBody: []byte(`[]`)}, ""},
		{"the root directory, with a slash", Exchange{Method: "GET", Path: "/repos/o/r/contents/", Status: 200, ResponseHeader: asJSON, ResponseBody: []byte(`[]`)}, ""},
	}
	d := load(t)
	for _, c := range cases {
		t.Run(c.why, func(t *testing.T) { expect(t, d.Validate(c.x), c.want) })
	}
}

func createRef(body string, status int) Exchange {
	answer := gitRef
	if status == 422 {
		answer = `{"message":"Invalid request.","documentation_url":"https://docs.github.com/rest","status":"422"}`
	}
	return Exchange{Method: "POST", Path: "/repos/o/r/git/refs", RequestBody: []byte(body), Status: status, ResponseHeader: asJSON, ResponseBody: []byte(answer)}
}

// expect holds err to one violation that contains want, or to none.
func expect(t *testing.T, err error, want string) {
	t.Helper()
	vs, _ := err.(Violations)
	switch {
	case want == "" && err != nil:
		t.Errorf("unexpected: %v", err)
	case want != "" && (len(vs) != 1 || !strings.Contains(vs[0].String(), want)):
		t.Errorf("got %v\nwant one violation with %q", err, want)
	}
}

// What no schema says: documents that contradict themselves.
func TestConflicts(t *testing.T) {
	cases := []struct{ why, doc, want string }{
		{"a completed run has a conclusion", `{"status":"completed","conclusion":null}`, `status "completed" with conclusion`},
		{"a running one has none", `[{"status":"in_progress","conclusion":"success"}]`, `status "in_progress" with conclusion success`},
		{"a completed run was completed at some time", `{"status":"completed","conclusion":"success","completed_at":null}`, "completed_at"},
		{"a run in order", `{"status":"completed","conclusion":"success","completed_at":"2026-01-01T00:00:00Z"}`, ""},
		{"merged means closed", `{"merged":true,"merged_at":"2026-01-01T00:00:00Z","state":"open"}`, "merged true"},
		{"merged has a time", `{"pull_request":{"merged":true,"merged_at":null,"state":"closed"}}`, "/pull_request"},
		{"closed has a time", `{"state":"closed","closed_at":null}`, `state "closed"`},
		{"open has none", `{"state":"open","closed_at":"2026-01-01T00:00:00Z"}`, `state "open"`},
		{"a status has a state of its own", `{"state":"success","closed_at":null}`, ""},
	}
	for _, c := range cases {
		t.Run(c.why, func(t *testing.T) {
			v, err := decode([]byte(c.doc))
			if err != nil {
				t.Fatal(err)
			}
			var got error
			if vs := conflicts(v, ""); vs != nil {
				got = Violations(vs)
			}
			expect(t, got, c.want)
		})
	}
}

func TestValidateDelivery(t *testing.T) {
	d := load(t)
	payload := d.examples["installation_repositories"][2] // removed: every property the description asks for but app_slug
	payload.(map[string]any)["installation"].(map[string]any)["app_slug"] = "agentplane"
	body := encode(t, payload)
	good := http.Header{}
	for name, value := range map[string]string{
		"X-GitHub-Event": "installation_repositories", "X-GitHub-Delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
		"X-GitHub-Hook-ID": "292430182", "X-GitHub-Hook-Installation-Target-ID": "79929171",
		"X-GitHub-Hook-Installation-Target-Type": "integration", "X-Hub-Signature": "sha1=" + strings.Repeat("ab", 20),
		"X-Hub-Signature-256": "sha256=" + strings.Repeat("ab", 32), "User-Agent": "GitHub-Hookshot/044aadd",
		"Content-Type": "application/json",
	} {
		good.Set(name, value)
	}
	expect(t, d.ValidateDelivery(good, body), "")
	for name, value := range map[string]string{
		"X-GitHub-Delivery": "1", "X-Hub-Signature-256": "sha256=ab", "X-GitHub-Hook-ID": "", "User-Agent": "Go-http-client/1.1",
		"Content-Type": "application/x-www-form-urlencoded", "X-GitHub-Event": "gollum",
	} {
		bad := good.Clone()
		bad.Set(name, value)
		if err := d.ValidateDelivery(bad, body); err == nil {
			t.Errorf("%s: %q was not noticed", name, value)
		}
	}
	delete(payload.(map[string]any), "installation")
	if err := d.ValidateDelivery(good, encode(t, payload)); err == nil || !strings.Contains(err.Error(), "/installation/id") {
		t.Errorf("a delivery without an installation: %v", err)
	}
}

func TestValidateEventRefusesWhatIsNone(t *testing.T) {
	d := load(t)
	for _, c := range []struct{ event, body, want string }{
		{"push", `{`, "not JSON"},
		{"push", `[]`, "must be an object"},
		{"pull_request", `{"action":"exploded"}`, `no webhook "pull_request" with action "exploded"`},
		{"pull_request", `{}`, `no webhook "pull_request" with action ""`},
		{"page_build", `{}`, `no webhook "page_build"`},
	} {
		expect(t, d.ValidateEvent(c.event, []byte(c.body)), c.want)
	}
}

// recorder is a test that only takes notes.
type recorder struct {
	testing.TB
	errors int
}

func (r *recorder) Helper()               {}
func (r *recorder) Errorf(string, ...any) { r.errors++ }

func TestWatchSaysEachViolationOnce(t *testing.T) {
	r := &recorder{TB: t}
	w := Watch(r)
	for range 3 {
		w.Exchange(Exchange{Method: "GET", Path: "/repos/o/r/pulls/x", Status: 404, ResponseHeader: asJSON, ResponseBody: []byte(notFound)})
	}
	w.Delivery(http.Header{}, nil)
	if exchanges, deliveries := w.Seen(); exchanges != 3 || deliveries != 1 {
		t.Errorf("saw %d exchanges and %d deliveries, want 3 and 1", exchanges, deliveries)
	}
	if r.errors != 11 { // one for the exchange; nine headers and the payload
		t.Errorf("%d errors, want 11", r.errors)
	}
}

func TestEveryOperationIsDescribed(t *testing.T) {
	d := load(t)
	for _, r := range d.routes {
		for method := range r.methods {
			path := parameter.ReplaceAllString(r.template, "1")
			op, _, err := d.find(method, path)
			if err != nil || op.name != strings.ToUpper(method)+" "+r.template && op.spec.OperationID == "" {
				t.Errorf("%s %s: found %v, %v", method, path, op, err)
			}
		}
	}
}
