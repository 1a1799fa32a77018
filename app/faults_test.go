package app_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/agentplane/agentplane/sim"
)

// schedules is how many seeded fault schedules of a story are run: usually a few (make cases), and many with
// AGENTPLANE_LONG=1 (make soak). Under the race detector, which takes five times as long for each, they are fewer.
func schedules(usually, long int) int {
	wanted := usually
	if os.Getenv("AGENTPLANE_LONG") != "" {
		wanted = long
	}
	if raceDetector {
		return max(1, wanted/16)
	}
	return wanted
}

// hurry is a clock that runs fast, so that a rate limit's second is over in milliseconds.
func hurry() func() time.Time {
	start := time.Now()
	return func() time.Time { return start.Add(500 * time.Since(start)) }
}

// anyAccount is the contract without accounts. Who pushed is told by deliveries only: when all of them are lost without
// a trace, an agent that is bound to accounts must push again, and that is not the same end.
var anyAccount = strings.Replace(contract, "    accounts: [\"metadata-agent[bot]\"]\n", "", 1)

// outcome is what stands at the end of a schedule: per pull request, what each of its heads was told.
type outcome map[string][]string

// schedule plays one short story under a seed's faults, then heals GitHub, sweeps, and returns what stands. Seed 0 has
// no faults: it is what every other seed is held against.
func schedule(t *testing.T, seed uint64) outcome {
	rng := rand.New(rand.NewPCG(seed, 1))
	faults := weather(rng)
	w := newWorld(t, func(s *setup) {
		s.watch, s.sim.Seed, s.app.Now = false, int64(seed), hurry()
		if faults.Lose > 0 {
			s.files[".agentplane.yml"] = anyAccount
		}
	})
	if seed != 0 {
		w.hub.SetFaults(faults)
	}
	heads := map[string][]string{}
	commit := func(agent, branch string, files map[string]string) {
		heads[branch] = append(heads[branch], w.commit(agent, branch, files))
		if rng.IntN(3) == 0 {
			w.settle()
		}
	}
	commit("search", "agent/search", map[string]string{"src/pages/a.astro": "a\n", "src/content/config.ts": "x\n"})
	w.open("search", "agent/search")
	commit("metadata", "agent/metadata", map[string]string{"src/content/b.md": "b\n"})
	w.open("metadata", "agent/metadata")
	commit("search", "agent/search", map[string]string{"src/content/config.ts": "export const tags = [];\n"})
	if seed != 0 {
		w.settle()
	}
	w.hub.Heal()
	w.must(w.app.Sweep(t.Context()))
	w.settle()
	return w.outcome(heads)
}

// outcome reads the check runs of every branch's last head. Earlier heads may have been overtaken before they were judged.
func (w *world) outcome(heads map[string][]string) outcome {
	o := outcome{}
	for branch, shas := range heads {
		last := shas[len(shas)-1]
		for _, run := range w.repo.CheckRuns(last) {
			o[branch] = append(o[branch], fmt.Sprintf("%s %s %q", run.Name, run.Conclusion, run.Title))
		}
		slices.Sort(o[branch])
	}
	return o
}

// weather draws how much goes wrong, up to a third of everything.
func weather(rng *rand.Rand) sim.Faults {
	rate := func() float64 {
		if rng.IntN(2) == 0 {
			return 0
		}
		return rng.Float64() / 3
	}
	return sim.Faults{
		ServerError: rate() / 2, ErrorAfter: rate() / 2, CutBefore: rate() / 2, CutAfter: rate() / 2,
		RateLimited: rate() / 4, Stale: rate(), Git: rate(),
		Lose: rate(), Fail: rate(), Forget: rate(), Repeat: rate(), Reorder: rate(), Delayed: rate(),
		Delay: 10 * time.Millisecond, Most: 60,
	}
}

func TestFaultsChangeNothingInTheEnd(t *testing.T) {
	t.Parallel()
	want := schedule(t, 0)
	if len(want) != 2 || len(want["agent/search"]) == 0 {
		t.Fatalf("without faults: %v", want)
	}
	for seed := uint64(1); seed <= uint64(schedules(16, 1000)); seed++ {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			t.Parallel()
			if d := cmp.Diff(want, schedule(t, seed)); d != "" {
				t.Errorf("the same story ends differently under faults (-want +got); run it again with -run '%s'\n%s", t.Name(), d)
			}
		})
	}
}

// swept waits until the sweep that the App begins with has ended, by what /readyz says.
func (w *world) swept() {
	w.t.Helper()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	running := func() bool {
		answer := httptest.NewRecorder()
		w.app.Handler().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/readyz", nil))
		return strings.Contains(answer.Body.String(), "for the first time")
	}
	for deadline := time.After(time.Minute); running(); {
		select {
		case <-look.C:
		case <-deadline:
			w.t.Fatal("no sweep within a minute")
		}
	}
	w.settle()
}

func TestFailedDeliveriesAreAskedForAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.swept() // else it might find the pull request by itself
	w.hub.SetFaults(sim.Faults{Fail: 1})
	sha := w.commit("metadata", "agent/metadata", map[string]string{"src/content/b.md": "b\n"})
	w.open("metadata", "agent/metadata")
	w.settle()
	w.hub.Heal()
	if got := w.conclusion(sha); got != "" {
		t.Fatalf("no delivery arrived, and the verdict is %q", got)
	}
	w.must(w.app.Sweep(t.Context()))
	// Who pushed is told by a delivery only: the verdict proves that the redelivery arrived.
	w.expect(sha, "success", "after the sweep")
	mark := w.hub.Mark()
	w.must(w.app.Sweep(t.Context()))
	w.settle()
	for _, r := range w.hub.APIRequests(mark) {
		if strings.HasSuffix(r.Path, "/attempts") {
			t.Errorf("a second sweep still asks: %s %s", r.Method, r.Path)
		}
	}
}
