package sim

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// only hits every API request, and nothing else, with one fault.
func only(fault Fault) Faults {
	return Faults{Decide: func(x Exchange) Fault {
		if x.Hook != "" {
			return FaultNone
		}
		return fault
	}}
}

func TestRequestFaults(t *testing.T) {
	for _, c := range []struct {
		fault      Fault
		status     int
		retry      string
		remaining0 bool
		applied    bool
	}{
		{FaultServerError, 500, "", false, false},
		{FaultBadGateway, 502, "", false, false},
		{FaultErrorAfter, 502, "", false, true},
		{FaultCutBefore, 0, "", false, false},
		{FaultCutAfter, 0, "", false, true},
		{FaultForbiddenRetry, 403, "7", false, false},
		{FaultForbiddenSpent, 403, "", true, false},
		{FaultForbiddenBare, 403, "", false, false},
		{FaultTooManyRetry, 429, "7", false, false},
		{FaultTooManySpent, 429, "", true, false},
		{FaultTooManyBare, 429, "", false, false},
		{FaultStale, 201, "", false, true},
	} {
		t.Run(string(c.fault), func(t *testing.T) {
			w := newWorld(t)
			auth, head := w.token(`null`), w.repo.Tip("main")
			f := only(c.fault)
			f.RetryAfter = 7 * time.Second
			w.g.SetFaults(f)
			got := w.call("POST", "/repos/octo/blog/check-runs", auth, `{"name":"x","head_sha":"`+head+`"}`)
			if got.status != c.status || got.header.Get("Retry-After") != c.retry || (got.header.Get("X-Ratelimit-Remaining") == "0") != c.remaining0 {
				t.Errorf("%d, Retry-After %q, remaining %q", got.status, got.header.Get("Retry-After"), got.header.Get("X-Ratelimit-Remaining"))
			}
			if applied := len(w.repo.AllCheckRuns(head)) == 1; applied != c.applied {
				t.Errorf("applied: %v, want %v", applied, c.applied)
			}
			w.g.Heal()
			if got := w.call("GET", "/repos/octo/blog", auth, ""); got.status != 200 {
				t.Errorf("after healing: %d", got.status)
			}
		})
	}
}

// Stale readings show what was, for a while.
func TestStaleReads(t *testing.T) {
	w := newWorld(t)
	auth := w.token(`null`)
	p := w.pull("agent/x", "src/a.txt")
	first := p.Head()
	head := func() string {
		var got struct{ Head struct{ SHA string } }
		answer := w.call("GET", "/repos/octo/blog/pulls/1", auth, "")
		w.must(jsonInto(answer.body, &got))
		return fmt.Sprint(answer.status, got.Head.SHA)
	}
	f := only(FaultStale)
	f.StaleFor = 4
	w.g.SetFaults(f)
	if got := head(); got != "404" {
		t.Errorf("just opened: %s", got)
	}
	second := w.commit("agent/x", "src/a.txt", "second\n")
	if got := head(); got != "200"+first {
		t.Errorf("just pushed: %s, want the old head %s", got, first)
	}
	var list []any
	w.must(jsonInto(w.call("GET", "/repos/octo/blog/commits/"+second+"/pulls", auth, "").body, &list))
	if len(list) != 0 {
		t.Error("the new commit leads to the pull request at once")
	}
	for range 4 {
		head()
	}
	if got := head(); got != "200"+second {
		t.Errorf("a while later: %s, want %s", got, second)
	}
	runs := func() int {
		var got struct {
			TotalCount int `json:"total_count"`
		}
		w.must(jsonInto(w.call("GET", "/repos/octo/blog/commits/"+second+"/check-runs", auth, "").body, &got))
		return got.TotalCount
	}
	w.call("POST", "/repos/octo/blog/check-runs", auth, `{"name":"x","head_sha":"`+second+`"}`)
	stale := runs()
	w.g.Heal()
	if stale != 0 || runs() != 1 {
		t.Errorf("check runs right after creating one: %d, then %d", stale, runs())
	}
}

// deliveries pushes ten commits under faults and returns the heads that
// arrived, in order of arrival.
func deliveries(t *testing.T, seed int64, f Faults) (sent, arrived []string, app *App) {
	w := newWorld(t)
	w.g.o.Seed = seed
	w.g.SetFaults(f)
	for i := range 10 {
		sent = append(sent, w.commit("agent/x", "src/a.txt", fmt.Sprint(i)))
	}
	w.drain()
	for _, got := range w.hook.all() {
		if got.header.Get("X-Github-Event") == "push" {
			var body struct{ After string }
			w.must(jsonInto(got.body, &body))
			arrived = append(arrived, body.After)
		}
	}
	return sent, arrived, w.app
}

func TestHookFaults(t *testing.T) {
	sorted := func(s []string) []string { return slices.Sorted(slices.Values(s)) }
	t.Run("none", func(t *testing.T) {
		sent, arrived, _ := deliveries(t, 1, Faults{})
		if diff := cmp.Diff(sent, arrived); diff != "" {
			t.Errorf("without faults the order is kept (-sent +arrived):\n%s", diff)
		}
	})
	t.Run("lose", func(t *testing.T) {
		sent, arrived, app := deliveries(t, 1, Faults{Lose: 0.5})
		if len(arrived) == 0 || len(arrived) >= len(sent) {
			t.Errorf("%d of %d arrived", len(arrived), len(sent))
		}
		for _, d := range app.Deliveries() {
			if d.Status != "OK" {
				t.Errorf("a lost delivery left a trace: %+v", d)
			}
		}
	})
	t.Run("fail", func(t *testing.T) {
		_, arrived, app := deliveries(t, 1, Faults{Fail: 1})
		last := app.Deliveries()[len(app.Deliveries())-1]
		if len(arrived) != 0 || last.StatusCode != 502 {
			t.Errorf("%d arrived, last recorded as %d", len(arrived), last.StatusCode)
		}
	})
	t.Run("forget", func(t *testing.T) {
		sent, arrived, app := deliveries(t, 1, Faults{Forget: 1})
		last := app.Deliveries()[len(app.Deliveries())-1]
		if len(arrived) != len(sent) || last.Status != "timed out" {
			t.Errorf("%d of %d arrived, last recorded as %s", len(arrived), len(sent), last.Status)
		}
	})
	t.Run("repeat", func(t *testing.T) {
		sent, arrived, _ := deliveries(t, 1, Faults{Repeat: 1})
		if len(arrived) != 2*len(sent) {
			t.Errorf("%d arrived of %d sent", len(arrived), len(sent))
		}
	})
	for name, f := range map[string]Faults{"reorder": {Reorder: 0.5}, "delay": {Delayed: 0.5, Delay: 50 * time.Millisecond}} {
		t.Run(name, func(t *testing.T) {
			sent, arrived, _ := deliveries(t, 1, f)
			if diff := cmp.Diff(sorted(sent), sorted(arrived)); diff != "" {
				t.Errorf("not the same deliveries:\n%s", diff)
			}
			if name == "delay" && slices.Equal(sent, arrived) {
				t.Error("nothing came late")
			}
		})
	}
}

// Equal seeds give equal faults, others others, and Most ends them.
func TestFaultsAreReproducible(t *testing.T) {
	run := func(seed int64, most int) []Fault {
		w := newWorld(t)
		w.g.o.Seed = seed
		auth := w.token(`null`)
		w.g.SetFaults(Faults{ServerError: 0.2, ErrorAfter: 0.1, CutAfter: 0.1, RateLimited: 0.2, Stale: 0.2, Most: most})
		mark := w.g.Mark()
		for range 30 {
			w.call("GET", "/repos/octo/blog", auth, "")
		}
		var out []Fault
		for _, r := range w.g.Requests(mark) {
			out = append(out, Fault(r.Fault))
		}
		return out
	}
	first := run(1, 0)
	if diff := cmp.Diff(first, run(1, 0)); diff != "" {
		t.Errorf("two runs with one seed differ:\n%s", diff)
	}
	if slices.Equal(first, run(2, 0)) {
		t.Error("another seed gave the same faults")
	}
	hit := 0
	for _, fault := range run(1, 3) {
		if fault != FaultNone {
			hit++
		}
	}
	if hit != 3 {
		t.Errorf("%d faults, want at most 3", hit)
	}
}

// Right after a reference moved, readings may show its older tip.
func TestStaleReferences(t *testing.T) {
	w := wide(t)
	auth := w.token(`null`)
	old := w.repo.Tip("main")
	next := w.child(old)
	if got := w.call("PATCH", "/repos/octo/blog/git/refs/heads/main", auth, body(t, fields{"sha": next})); got.status != 200 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	see := func(path string) string {
		var got struct{ Object, Commit struct{ SHA string } }
		w.must(jsonInto(w.call("GET", "/repos/octo/blog"+path, auth, "").body, &got))
		return got.Object.SHA + got.Commit.SHA
	}
	f := only(FaultStale)
	f.StaleFor = 5
	w.g.SetFaults(f)
	for _, path := range []string{"/git/ref/heads/main", "/branches/main"} {
		if got := see(path); got != old {
			t.Errorf("%s: %s, want the older tip %s", path, got, old)
		}
	}
	for range 4 {
		see("/branches/main")
	}
	if got := see("/git/ref/heads/main"); got != next {
		t.Errorf("a while later: %s, want %s", got, next)
	}
}
