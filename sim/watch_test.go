package sim

import (
	"errors"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/agentplane/agentplane/sim/openapi"
)

// description is GitHub's own, read once for all tests.
var description = sync.OnceValues(openapi.Load)

// watcher holds every exchange and delivery of a test to GitHub's own
// description, and says each difference once.
type watcher struct {
	t         *testing.T
	d         *openapi.Description
	mu        sync.Mutex
	said      map[string]bool
	nonsense  bool // the test sends what GitHub does not describe
	exchanges int
	hooks     int
}

func newWatcher(t *testing.T) *watcher {
	d, err := description()
	if err != nil {
		t.Fatal(err)
	}
	return &watcher{t: t, d: d, said: map[string]bool{}}
}

// expected are differences that are right: GitHub's examples show another case.
var expected = []struct {
	op, at string
	any    bool // also what the description does not know, not only what is missing
	why    string
}{
	{"ping", "/hook/", false, "the example is a repository's hook; an App's hook has app_id and deliveries_url instead"},
	{"ping", "/repository", false, "an App's hook belongs to no repository"},
	{"ping", "/sender", false, "nobody in particular made it"},
	{"repository", "/changes/owner/from/user", false, "the former owner is an organization"},
	{"repos/get-commit", "/patch", false, "binary files have none"},
	{"repos/compare-commits", "/patch", false, "binary files have none"},
	{"pulls/get", "/head/repo", true, "described as never null; it is once the fork was deleted"},
	{"pulls/list-files", "/patch", false, "binary files have none"},
	{"repos/get", "/parent", false, "only forks"},
	{"repos/get", "/source", false, "only forks"},
	{"apps/create-installation-access-token", "/repositories", false, "only for a token of selected repositories"},
	{"apps/list-installations", "/account/", true, "described as a user and an enterprise at once"},
	{"apps/list-installations", "/client_id", true, "described for one installation, not for lists"},
	{"apps/get-webhook-delivery", "/request/payload/", false, "the example is another event"},
	{"apps/get-webhook-delivery", "/response/headers/", false, "the receiver's own"},
	{"repos/list-pull-requests-associated-with-commit", "/head/repo/", false, "the example has what only a whole repository has"},
	{"repos/list-pull-requests-associated-with-commit", "/base/repo/", false, "the example has what only a whole repository has"},
}

func (w *watcher) observe(x Exchange) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var err error
	switch {
	case x.Hook != "":
		w.hooks++
		err = w.d.ValidateDelivery(x.RequestHeader, x.RequestBody)
	case x.Fault == "" && x.Route != "" && !w.nonsense && !strings.HasPrefix(x.Path, "/repositories/"):
		w.exchanges++
		query, bad := url.ParseQuery(x.Query)
		if bad != nil {
			w.t.Errorf("query of %s %s: %v", x.Method, x.Path, bad)
		}
		err = w.d.Validate(openapi.Exchange{Method: x.Method, Path: x.Path, Query: query, RequestHeader: x.RequestHeader,
			RequestBody: x.RequestBody, Status: x.Status, ResponseHeader: x.ResponseHeader, ResponseBody: x.ResponseBody})
	}
	var found openapi.Violations
	errors.As(err, &found)
	for _, v := range found {
		key := v.Op + v.At + string(v.Kind)
		if !w.said[key] && !isExpected(v) {
			w.said[key] = true
			w.t.Errorf("not as GitHub describes it: %s", v)
		}
	}
}

func isExpected(v openapi.Violation) bool {
	for _, e := range expected {
		if strings.HasPrefix(v.Op, e.op) && strings.Contains(v.At, e.at) && (v.Kind == openapi.Missing || e.any) {
			return true
		}
	}
	return false
}
