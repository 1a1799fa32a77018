package app_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/agentplane/agentplane/app"
	"github.com/agentplane/agentplane/checks"
	"github.com/agentplane/agentplane/sim"
	"github.com/agentplane/agentplane/store"
)

// lastExchange is about how many exchanges the story of the lane takes when nobody kills the server.
const lastExchange = 340

// blow is one kill: before or after the n-th exchange since the server was started.
type blow struct {
	exchange int
	after    bool
}

// laneVictim is a world with a lane whose server is killed.
type laneVictim struct {
	*victim
	*queued
}

func newLaneVictim(t *testing.T) *laneVictim {
	v := &victim{t: t, moved: make(chan struct{}, 1), log: &lockedWriter{w: &bytes.Buffer{}}}
	past := &history{}
	o := sim.Options{KeyBits: 1024, Before: v.exchange(false), Observe: v.exchange(true)}
	past.watch(&o)
	hub, err := sim.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	q := &queued{world: &world{t: t, hub: hub, bots: map[string]*sim.User{}, log: v.log.(*lockedWriter).w}, past: past}
	t.Cleanup(func() { q.must(hub.Close()) })
	past.of(hub)
	q.people(laneFiles("merge"))
	v.hub, v.repo = hub, q.repo
	q.must(v.register())
	v.config.SweepEvery, v.config.TickEvery = 3*time.Second, 100*time.Millisecond
	q.reg = v.reg
	q.staff()
	_, err = q.reg.Install("octo", "blog")
	q.must(err)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the servers' log:\n%s", q.log)
		}
	})
	return &laneVictim{victim: v, queued: q}
}

// light sets the fuse.
func (v *victim) light(b blow) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.fuse, v.after = b.exchange, b.after
}

// struck plays the story with a server that is killed by every blow and started again, and tells how many hit. The last
// server's place is taken by one of this process, which is asked when it has nothing to do any more.
func (l *laneVictim) struck(blows []blow) (p played, hits int) {
	l.light(blows[0])
	l.victim.start()
	p = l.played(func() {})
	over := func() bool { return l.decided(p.metadata) && l.decided(p.search) && l.decided(p.review) }
	for i := 0; ; {
		l.await(func() bool { return l.burnt() || over() })
		if l.reap() {
			hits++
		}
		if i++; i == len(blows) || over() {
			break
		}
		l.light(blows[i])
		l.victim.start()
	}
	l.takeOver()
	l.over(p.metadata, p.search, p.review)
	l.settle()
	return p, hits
}

// takeOver runs the App in this process, with what the killed servers left behind.
func (l *laneVictim) takeOver() {
	c := l.victim.config.app()
	c.SweepEvery, c.Log = time.Hour, slog.New(slog.NewTextHandler(l.victim.log, nil)) // over sweeps
	listener, err := net.FileListener(l.listener)
	l.must(err)
	l.app, err = app.New(l.t().Context(), c)
	l.must(err)
	l.queued.world.config = c
	l.queued.run(listener)
}

func (l *laneVictim) t() *testing.T { return l.victim.t }

// once holds what must be there once, however often the server was killed while it wrote it.
func (l *laneVictim) once(p played) {
	t := l.t()
	for _, pull := range []*sim.Pull{p.metadata, p.search, p.review} {
		sticky := 0
		for _, c := range pull.Comments() {
			if strings.HasPrefix(c.Body, strings.TrimSpace(checks.LaneMark)) {
				sticky++
			}
		}
		if sticky != 1 {
			t.Errorf("#%d has %d comments of the lane, want 1", pull.Number, sticky)
		}
		runs := map[string]int{}
		for _, run := range l.queued.repo.AllCheckRuns(pull.Head()) {
			if run.App == l.queued.reg.Slug {
				runs[run.Name]++
			}
		}
		for name, n := range runs {
			if n != 1 {
				t.Errorf("#%d has %d check runs %s at its head, want 1", pull.Number, n, name)
			}
		}
	}
	offers := 0
	for n := 1; l.queued.repo.Pull(n) != nil; n++ {
		if l.queued.repo.Pull(n).Branch() == "integration/next" {
			offers++
		}
	}
	if offers != 1 {
		t.Errorf("%d offers, want 1", offers)
	}
}

// audited verifies the log that the servers wrote together.
func (l *laneVictim) audited() {
	l.stop()
	db, err := store.Open(l.t().Context(), l.queued.world.config.Database, store.Options{})
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for range 200 { // a process that another test is just starting may hold the lock until it has begun
		if err == nil {
			break
		}
		<-look.C
		db, err = store.Open(l.t().Context(), l.queued.world.config.Database, store.Options{})
	}
	l.must(err)
	heads, err := db.VerifyAudit(l.t().Context())
	l.must(err)
	l.must(db.Close())
	if len(heads) != 1 || heads[0].Rows == 0 {
		l.t().Errorf("the audit log has %+v, want one lane with rows", heads)
	}
}

// blows lists the kills of every world: usually some in each, together all over the story; with AGENTPLANE_LONG=1 one in
// each, before and after every exchange there is.
func blows() [][]blow {
	var worlds [][]blow
	if os.Getenv("AGENTPLANE_LONG") != "" && !raceDetector {
		for n := 1; n <= lastExchange; n++ {
			worlds = append(worlds, []blow{{n, false}}, []blow{{n, true}})
		}
		return worlds
	}
	count := 2
	if raceDetector { // make cases kills them all
		count = 1
	}
	rng := rand.New(rand.NewPCG(9, 9))
	for i := range count {
		kills := []blow{{exchange: 10 + i*lastExchange/2/count, after: i%2 == 0}}
		for len(kills) < 6 {
			kills = append(kills, blow{exchange: 12 + rng.IntN(30), after: rng.IntN(2) == 0})
		}
		worlds = append(worlds, kills)
	}
	return worlds
}

// TestAKilledServerLosesNothingOnTheLane kills the server before and after exchanges all over the life of a lane: while it
// judges, builds, pushes, tests, lands, reads back, tells and offers. What stands in the end is what stands without a kill.
func TestAKilledServerLosesNothingOnTheLane(t *testing.T) {
	want := []string{
		"metadata merged", "pair merged open", `src/content/b "b\n"`, "what was pushed late: true", "both of the pair: false",
		"offered: true", "candidates left: []",
	}
	all, hits := blows(), make(chan int, 2*lastExchange)
	t.Run("worlds", func(t *testing.T) {
		for i, kills := range all {
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				t.Parallel()
				l := newLaneVictim(t)
				p, hit := l.struck(kills)
				hits <- hit
				if d := cmp.Diff(want, l.ended(p)); d != "" {
					t.Errorf("killed %v, the story ends differently (-want +got)\n%s", kills, d)
				}
				l.invariants()
				l.once(p)
				l.audited()
			})
		}
	})
	close(hits)
	sum, worlds := 0, len(hits)
	for n := range hits {
		sum += n
	}
	t.Logf("%d kills in %d worlds", sum, worlds)
	if least := worlds * 3; len(all[0]) > 1 && sum < least {
		t.Errorf("only %d kills hit a server at work, want %d", sum, least)
	}
}
