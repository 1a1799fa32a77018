package app_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/agentplane/agentplane/sim"
)

// told is the story that the fault schedules of approvals, interfaces and evidence play. It uses nothing that only a
// delivery tells: reviews name their commit, and so does the command.
func (j *judged) told(pause func()) map[string][]string {
	reads := map[string]string{"src/pages/index.astro": "{posts.map((post) => post.data.tags.join(' '))}\n"}
	old := j.commit("search", "agent/search", reads)
	search := j.open("search", "agent/search")
	pause()
	schema := j.commit("metadata", "agent/metadata", map[string]string{"src/content/config.ts": schemaAfter, "package-lock.json": `{"a":1}` + "\n"})
	metadata := j.open("metadata", "agent/metadata")
	j.tell(old, "failure")
	pause()
	_, err := metadata.Review(j.ben, sim.Approved, "")
	j.must(err)
	metadata.Comment(j.ana, "/approve lockfiles "+schema)
	j.tell(schema, "success")
	pause()
	now := j.commit("search", "agent/search", map[string]string{"src/pages/index.astro": "{posts.map((post) => post.data.labels.join(' '))}\n"})
	j.tell(now, "success")
	j.must(search.Edit(j.bot("search"), sim.PullEdit{Body: ptr(bodyOf("search", now, 0))}))
	j.must(metadata.Edit(j.bot("metadata"), sim.PullEdit{Body: ptr(bodyOf("metadata", schema, 0))}))
	return map[string][]string{"agent/search": {old, now}, "agent/metadata": {schema}}
}

// judgedSchedule plays the story under a seed's faults, then heals GitHub, sweeps, and returns what stands. Seed 0 has no
// faults.
func judgedSchedule(t *testing.T, seed uint64) outcome {
	rng := rand.New(rand.NewPCG(seed, 2))
	faults := weather(rng)
	j := newJudged(t, func(s *setup) {
		s.watch, s.sim.Seed, s.sim.Now, s.app.Now = false, int64(seed), nil, hurry()
	})
	if seed != 0 {
		j.hub.SetFaults(faults)
	}
	heads := j.told(func() {
		if rng.IntN(2) == 0 {
			j.settle()
		}
	})
	if seed != 0 {
		j.settle()
	}
	j.hub.Heal()
	j.must(j.app.Sweep(t.Context()))
	j.settle()
	return j.outcome(heads)
}

func TestFaultsChangeNoJudgementInTheEnd(t *testing.T) {
	t.Parallel()
	want := judgedSchedule(t, 0)
	for _, branch := range []string{"agent/search", "agent/metadata"} {
		green := slices.DeleteFunc(slices.Clone(want[branch]), func(line string) bool { return len(line) == 0 })
		if len(green) < 4 {
			t.Fatalf("without faults: %q", want)
		}
	}
	for seed := uint64(1); seed <= uint64(schedules(6, 200)); seed++ {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			t.Parallel()
			if d := cmp.Diff(want, judgedSchedule(t, seed)); d != "" {
				t.Errorf("the same story ends differently under faults (-want +got); run it again with -run '%s'\n%s", t.Name(), d)
			}
		})
	}
}
