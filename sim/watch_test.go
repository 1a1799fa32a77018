package sim

import (
	"net/url"
	"strings"
	"testing"

	"github.com/agentplane/agentplane/sim/openapi"
)

// watcher holds every exchange and delivery of a test to GitHub's own
// description, and says each difference once.
type watcher struct {
	t        *testing.T
	inner    *openapi.Watcher
	nonsense bool // the test sends what GitHub does not describe
}

func newWatcher(t *testing.T) *watcher {
	return &watcher{t: t, inner: openapi.Watch(t)}
}

// observe takes what the simulator lets tests see. What a fault did to an
// exchange, and what is asked of addresses that are not simulated, is described
// nowhere.
func (w *watcher) observe(x Exchange) {
	switch {
	case x.Hook != "":
		w.inner.Delivery(x.RequestHeader, x.RequestBody)
	case x.Route == graphqlRoute || strings.HasPrefix(x.Route, "git "): // not part of the description
	case x.Fault == "" && x.Route != "" && !w.nonsense:
		query, err := url.ParseQuery(x.Query)
		if err != nil {
			w.t.Errorf("query of %s %s: %v", x.Method, x.Path, err)
		}
		w.inner.Exchange(openapi.Exchange{Method: x.Method, Path: x.Path, Query: query, RequestHeader: x.RequestHeader,
			RequestBody: x.RequestBody, Status: x.Status, ResponseHeader: x.ResponseHeader, ResponseBody: x.ResponseBody})
	}
}
