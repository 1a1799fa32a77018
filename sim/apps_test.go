package sim

import (
	"slices"
	"testing"
)

// A permission alone sends nothing: the App must subscribe. Check suites are
// the exception, and each App is asked for its own only.
func TestAppsGetTheirOwn(t *testing.T) {
	w := newWorld(t)
	other := newHook(t)
	second, err := w.g.RegisterApp([]byte("name: Second\nurl: https://s.example.com\ndefault_permissions: {checks: write, contents: read, pull_requests: read}\n"), other.URL, "s")
	w.must(err)
	_, err = second.Install("octo")
	w.must(err)
	w.drain()
	other.take()
	w.pull("agent/x", "src/a.txt")
	w.drain()
	if got := other.take(); !slices.Equal(got, []string{"check_suite requested"}) {
		t.Errorf("without a subscription: %v", got)
	}
	if got := w.hook.take(); !slices.Equal(got, []string{"push", "check_suite requested", "pull_request opened"}) {
		t.Errorf("the first App: %v", got)
	}
}
