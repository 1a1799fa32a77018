package app_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/agentplane/agentplane/sim"
)

// brisk is a clock that runs fast enough for a lane's rests to be over soon, and slow enough for CI to answer in its time.
func brisk() func() time.Time {
	start := time.Now()
	return func() time.Time { return start.Add(30 * time.Since(start)) }
}

// played is the story that the fault schedules of the lane play: three that land, one of which moves after it was entered;
// and a fourth that does not go together with the second. pause comes between any two things that happen.
type played struct{ metadata, search, review *sim.Pull }

func (q *queued) played(pause func()) played {
	var p played
	p.metadata = q.propose("metadata", map[string]string{"src/content/b": "b\n"})
	pause()
	p.search = q.propose("search", map[string]string{"src/pages/feed": "f\n"})
	p.review = q.propose("review", map[string]string{"tests/x.forbids": "feed\n"})
	pause()
	p.search.Comment(q.ana, "/integrate "+p.search.Head())
	p.metadata.Comment(q.ana, "/integrate "+p.metadata.Head())
	pause()
	q.commit("metadata", "agent/metadata", map[string]string{"src/content/c": "c\n"})
	pause()
	p.metadata.Comment(q.ana, "/integrate "+p.metadata.Head()) // the first may have been read after the push, and refused
	p.review.Comment(q.ana, "/integrate "+p.review.Head())
	pause()
	return p
}

// over waits until every pull request has landed or left, sweeping and telling the time: lost news is found, rests end.
func (q *queued) over(pulls ...*sim.Pull) {
	q.t.Helper()
	q.until(q.decided, pulls...)
}

// decided tells whether a pull request has landed or left.
func (q *queued) decided(p *sim.Pull) bool {
	return p.State() == "merged" || strings.HasPrefix(q.lane(p), "failure: ")
}

// until waits until something is true of every pull request. It sweeps at first, and now and then.
func (q *queued) until(done func(*sim.Pull) bool, pulls ...*sim.Pull) {
	q.t.Helper()
	ctx, cancel := context.WithTimeout(q.t.Context(), 2*time.Minute)
	defer cancel()
	look := time.NewTicker(100 * time.Millisecond)
	defer look.Stop()
	for n := 0; ; n++ {
		if n%8 == 0 {
			q.must(q.app.Sweep(q.t.Context()))
		}
		q.settle()
		waiting := slices.DeleteFunc(slices.Clone(pulls), done)
		if len(waiting) == 0 {
			return
		}
		select {
		case <-ctx.Done():
			for _, p := range waiting {
				q.t.Errorf("#%d is %s: %s\n%s", p.Number, p.State(), q.lane(p), q.comments(p))
			}
			q.t.Fatal("not everything has landed or left")
		case <-look.C:
			q.must(q.app.Tick(q.t.Context()))
		}
	}
}

// ended is what must be the same whatever went wrong on the way.
func (q *queued) ended(p played) []string {
	lines := []string{"metadata " + p.metadata.State()}
	pair := []string{p.search.State(), p.review.State()} // whichever was first
	slices.Sort(pair)
	lines = append(lines, "pair "+strings.Join(pair, " "))
	lines = append(lines, fmt.Sprintf("src/content/b %q", q.file("integration/next", "src/content/b")))
	late := q.fileAt(p.metadata.Head(), "src/content/c") // pushed after it was entered: landed if that was its head by then
	lines = append(lines, fmt.Sprintf("what was pushed late: %v", q.file("integration/next", "src/content/c") == late))
	both := q.file("integration/next", "src/pages/feed") != "" && q.file("integration/next", "tests/x.forbids") != ""
	return append(lines, fmt.Sprintf("both of the pair: %v", both), fmt.Sprintf("offered: %v", q.offer() != nil), fmt.Sprintf("candidates left: %v", q.candidates()))
}

// laneSchedule plays the story under a seed's faults, heals GitHub, and returns what stands. Seed 0 has no faults.
func laneSchedule(t *testing.T, seed uint64) []string {
	rng := rand.New(rand.NewPCG(seed, 3))
	faults := laneWeather(rng)
	q := newQueued(t, "merge", func(s *setup) {
		s.watch, s.sim.Seed, s.app.Now, s.app.TickEvery = false, int64(seed), brisk(), 250*time.Millisecond
	})
	if seed != 0 {
		q.hub.SetFaults(faults)
	}
	p := q.played(func() {
		if rng.IntN(3) == 0 {
			q.settle()
		}
	})
	if seed != 0 {
		q.settle()
	}
	q.hub.Heal()
	q.over(p.metadata, p.search, p.review)
	q.settle()
	q.invariants()
	return q.ended(p)
}

// laneWeather is weather, with what can go wrong when references are moved.
func laneWeather(rng *rand.Rand) sim.Faults {
	f := weather(rng)
	rate := func() float64 {
		if rng.IntN(2) == 0 {
			return 0
		}
		return rng.Float64() / 4
	}
	f.Refused, f.Late, f.StaleGit = rate(), rate(), rate()
	return f
}

func TestFaultsLoseNothingOnTheLane(t *testing.T) {
	t.Parallel()
	want := laneSchedule(t, 0)
	if want[0] != "metadata merged" || want[1] != "pair merged open" {
		t.Fatalf("without faults: %q", want)
	}
	for seed := uint64(1); seed <= uint64(schedules(4, 1000)); seed++ {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			t.Parallel()
			if d := cmp.Diff(want, laneSchedule(t, seed)); d != "" {
				t.Errorf("the same story ends differently under faults (-want +got); run it again with -run '%s'\n%s", t.Name(), d)
			}
		})
	}
}
