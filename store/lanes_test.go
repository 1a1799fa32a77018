package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/agentplane/agentplane/queue"
	"github.com/agentplane/agentplane/store"
)

var blog = store.LaneID{Repo: 1, Branch: "integration/blog"}

func head(n int) string { return fmt.Sprintf("%040x", n) }

func step(t testing.TB, db *store.DB, id store.LaneID, events ...queue.Event) (l queue.Lane) {
	t.Helper()
	var err error
	for _, e := range events {
		l, err = db.Step(within(t), id, e)
		must(t, err)
	}
	return l
}

// opening is what a lane must know before anything can move on it.
func opening() []queue.Event {
	return []queue.Event{
		queue.PolicyChanged{Policy: queue.Policy{Contract: "k", Required: []string{"check"}, Parallel: 2}, Reading: 1},
		queue.Ticked{At: noon}, queue.TipMoved{Tip: "base", Reading: 1},
	}
}

// enter is a pull request that was submitted and judged good.
func enter(n int) []queue.Event {
	return []queue.Event{
		queue.Submitted{Number: n, Head: head(n), Agent: "search", Request: int64(n)},
		queue.Judged{Number: n, Reading: int64(n), Judgement: queue.Judgement{Head: head(n), Contract: "k", Good: true}},
	}
}

// carried is what comes of an effect where all goes well.
func carried(e queue.Effect) queue.Event {
	switch e := e.(type) {
	case queue.Build:
		return queue.Built{Candidate: e.Candidate, Commit: "commit-" + e.Candidate, Tree: "tree-" + e.Candidate}
	case queue.Land:
		return queue.Landed{Candidate: e.Candidate, Commit: e.Commit, Tree: e.Tree}
	}
	return nil
}

// passing are the tests of a lane's candidates.
func passing(l queue.Lane) (all []queue.Event) {
	for _, c := range l.Candidates {
		if c.State == queue.Testing {
			all = append(all, queue.Tested{Candidate: c.ID, Commit: c.Commit, Requirement: "check", Outcome: queue.Pass})
		}
	}
	return all
}

// crew carries out effects and writes down what it did.
type crew struct {
	mu       sync.Mutex
	done     []string
	running  map[string]int // by lane: effects that move branches
	overlaps int
	work     func(ctx context.Context, id store.LaneID, e queue.Effect) error
}

func (c *crew) handle(ctx context.Context, id store.LaneID, e queue.Effect) (queue.Event, error) {
	_, told := e.(queue.Tell)
	_, offered := e.(queue.Offer)
	moves := !told && !offered
	c.mu.Lock()
	if c.running == nil {
		c.running = map[string]int{}
	}
	if moves {
		if c.running[id.String()]++; c.running[id.String()] > 1 {
			c.overlaps++
		}
	}
	c.mu.Unlock()
	var err error
	if c.work != nil {
		err = c.work(ctx, id, e)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if moves {
		c.running[id.String()]--
	}
	if err != nil {
		return nil, err
	}
	c.done = append(c.done, e.Key())
	return carried(e), nil
}

func (c *crew) handlers() store.Handlers {
	return store.Handlers{Notices: newJournal().handle, Effects: c.handle}
}

// replay steps a lane's whole log, and wants the lane at its end.
func replay(t testing.TB, db *store.DB, id store.LaneID) []store.AuditEntry {
	t.Helper()
	l := queue.Lane{Branch: id.Branch}
	var log []store.AuditEntry
	for {
		page, err := db.Audit(within(t), id, int64(len(log))+1)
		must(t, err)
		for _, row := range page {
			l.Now = row.Clock
			var effects []queue.Effect
			l, effects = queue.Step(l, row.Event)
			state, err := store.StateDigest(l)
			must(t, err)
			asked, err := store.EffectsDigest(effects)
			must(t, err)
			if state != row.State || asked != row.Digest || row.Seq != int64(len(log))+1 {
				t.Fatalf("row %d replays to another lane: %T, %d effects", row.Seq, row.Event, len(effects))
			}
			log = append(log, row)
		}
		if len(page) == 0 {
			break
		}
	}
	now, _, err := db.Lane(within(t), id)
	must(t, err)
	l.Now = now.Now
	got, err := queue.EncodeLane(now)
	must(t, err)
	want, err := queue.EncodeLane(l)
	must(t, err)
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("the log does not lead to the lane: %s", d)
	}
	heads, err := db.VerifyAudit(within(t))
	if err != nil || !slices.ContainsFunc(heads, func(h store.AuditHead) bool { return h.Lane == id && h.Rows == int64(len(log)) }) {
		t.Errorf("verified %+v, %v", heads, err)
	}
	return log
}

// landAll tests what is built until a lane is empty.
func landAll(t testing.TB, db *store.DB, id store.LaneID) queue.Lane {
	t.Helper()
	for ctx := within(t); ; {
		must(t, db.Drain(ctx))
		l, _, err := db.Lane(ctx, id)
		must(t, err)
		events := passing(l)
		if len(events) == 0 {
			return l
		}
		step(t, db, id, events...)
	}
}

func TestALaneGoesItsWay(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		db := open(t, b.url(t), quick())
		c := &crew{}
		startAll(t, db, c.handlers())
		step(t, db, blog, opening()...)
		step(t, db, blog, slices.Concat(enter(4), enter(5), enter(6))...)
		l := landAll(t, db, blog)
		if len(l.Entries) > 0 || len(l.Merged) != 3 || !l.Done.Has(4) || !l.Done.Has(5) || !l.Done.Has(6) {
			t.Errorf("%d entries, landed %+v", len(l.Entries), l.Merged)
		}
		log := replay(t, db, blog)
		var asked []string
		for _, row := range log {
			asked = append(asked, row.Effects...)
		}
		for _, key := range asked {
			if !slices.Contains(c.done, key) && !strings.HasPrefix(key, "offer/") && !strings.HasPrefix(key, "build/") {
				t.Errorf("%s was not carried out", key)
			}
		}
		if c.overlaps > 0 {
			t.Errorf("%d effects overlapped", c.overlaps)
		}
		all, err := db.Lanes(within(t), 1)
		if err != nil || len(all) != 1 || all[0].Branch != blog.Branch || all[0].Tip != l.Tip {
			t.Errorf("lanes: %+v %v", all, err)
		}
		if _, known, err := db.Lane(within(t), store.LaneID{Repo: 2, Branch: blog.Branch}); known || err != nil {
			t.Errorf("another repository has the lane: %v", err)
		}
		if ids, err := db.LaneIDs(within(t)); err != nil || !slices.Equal(ids, []store.LaneID{blog}) {
			t.Errorf("ids: %v %v", ids, err)
		}
	})
}

func TestWhatChangesNothingIsNotLogged(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		db := open(t, b.url(t), quick())
		events := append(opening(), enter(4)...)
		step(t, db, blog, events...)
		rows := len(replay(t, db, blog))
		step(t, db, blog, events...)
		l := step(t, db, blog, queue.Ticked{At: noon.Add(time.Second + time.Nanosecond)}, queue.Ticked{At: noon})
		if !l.Now.Equal(noon.Add(time.Second + time.Nanosecond)) {
			t.Errorf("the lane's time is %v", l.Now)
		}
		if n := len(replay(t, db, blog)); n != rows {
			t.Errorf("repeated events were logged: %d rows instead of %d", n, rows)
		}
		l = step(t, db, blog, enter(5)...) // uses the time that only the clock has kept
		if got := l.Entries[1].Since; !got.Equal(noon.Add(time.Second + time.Nanosecond)) {
			t.Errorf("arrived at %v", got)
		}
		log := replay(t, db, blog)
		if last := log[len(log)-1]; !last.Clock.Equal(l.Now) || last.Tells == 0 {
			t.Errorf("the last row is %+v", last)
		}
		if _, err := db.Step(within(t), store.LaneID{Repo: 1, Branch: "a\x00"}, queue.Ticked{At: noon}); err == nil {
			t.Error("a branch that cannot be stored has a lane")
		}
		if _, err := db.Step(within(t), blog, nil); err == nil {
			t.Error("no event was stepped")
		}
	})
}

// TestHostileTextReplays: what JSON cannot hold is replaced before the lane sees
// it, so that the lane in memory and the one on disk are the same.
func TestHostileTextReplays(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		db := open(t, b.url(t), quick())
		step(t, db, blog, opening()...)
		step(t, db, blog, enter(4)...)
		step(t, db, blog, queue.PauseSet{By: "a\xffb\x00", Why: "\xc3\x28 \u2028", Request: 1})
		replay(t, db, blog)
	})
}

// TestManyLanesUnderFire: handlers fail at random while events come from several
// sides; every entry lands, nothing overlaps, and the log replays.
func TestManyLanesUnderFire(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		url := b.url(t)
		c := &crew{}
		var n int
		c.work = func(context.Context, store.LaneID, queue.Effect) error {
			c.mu.Lock()
			defer c.mu.Unlock()
			if n++; n%4 == 0 {
				return errors.New("every fourth run fails")
			}
			return nil
		}
		dbs := []*store.DB{open(t, url, quick())}
		if b.name == "postgres" { // a second process
			dbs = append(dbs, open(t, url, quick()))
		}
		for _, db := range dbs {
			startAll(t, db, c.handlers())
		}
		ids := []store.LaneID{blog, {Repo: 1, Branch: "integration/shop"}, {Repo: 2, Branch: "integration/blog"}}
		var wg sync.WaitGroup
		for _, id := range ids {
			step(t, dbs[0], id, opening()...)
			for side := range 3 {
				wg.Go(func() {
					for i := range 4 {
						step(t, dbs[(side+i)%len(dbs)], id, enter(1+side*4+i)...)
					}
				})
			}
		}
		wg.Wait()
		for _, id := range ids {
			l := landAll(t, dbs[0], id)
			if len(l.Merged) != 12 {
				t.Errorf("%s: %d of 12 landed; %+v", id, len(l.Merged), l.Entries)
			}
			replay(t, dbs[len(dbs)-1], id)
		}
		if c.overlaps > 0 {
			t.Errorf("%d effects overlapped", c.overlaps)
		}
		stats, err := dbs[0].Stats(within(t))
		if err != nil || stats.Effects+stats.Running+stats.Retrying > 0 {
			t.Errorf("left over: %+v %v", stats, err)
		}
	})
}
