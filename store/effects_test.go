package store_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/agentplane/agentplane/queue"
	"github.com/agentplane/agentplane/store"
)

func TestAnEffectThatFailsWaitsAloneAndIsRetried(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		clock, o := withClock()
		o.BackoffBase, o.BackoffMax = time.Second, 4*time.Second
		db := open(t, b.url(t), o)
		var builds, tells int
		tried := make(chan string, 1000)
		c := &crew{}
		c.work = func(_ context.Context, _ store.LaneID, e queue.Effect) error {
			defer func() { tried <- e.Key() }()
			switch e := e.(type) {
			case queue.Build:
				if builds++; builds == 1 {
					return errors.New("the disk is full")
				} else if builds == 2 {
					panic("third time lucky")
				} else if builds == 3 {
					return &store.Later{Until: clock.Now().Add(time.Hour), Reason: "rate limit"}
				}
			case queue.Tell:
				if e.Number == 4 && tells < 1 {
					tells++
					return errors.New("the comment was deleted")
				}
			}
			return nil
		}
		startAll(t, db, c.handlers())
		step(t, db, blog, opening()...)
		step(t, db, blog, enter(4)...)
		for _, want := range []struct {
			failures int
			err      string
			pause    time.Duration
		}{{1, "disk is full", time.Second}, {2, "panic in handler", 2 * time.Second}, {2, "rate limit", time.Hour}} {
			e := awaitFailed(t, db, want.err)
			if pause := e.RetryAt.Sub(clock.Now()); e.Failures != want.failures || pause > want.pause || pause < want.pause*3/4 {
				t.Errorf("%s: %+v, a pause of %s", want.err, e, pause)
			}
			clock.move(want.pause)
		}
		must(t, db.Drain(within(t)))
		if l := landAll(t, db, blog); !l.Done.Has(4) {
			t.Errorf("not landed: %+v", l)
		}
		if builds != 4 {
			t.Errorf("%d builds", builds)
		}
		replay(t, db, blog)
	})
}

// awaitFailed returns the effect that waits after a certain failure.
func awaitFailed(t *testing.T, db *store.DB, cause string) store.LaneEffect {
	t.Helper()
	look, ctx := time.NewTicker(5*time.Millisecond), within(t)
	defer look.Stop()
	for {
		all, err := db.Effects(ctx, blog, 100)
		must(t, err)
		for _, e := range all {
			if strings.Contains(e.Error, cause) {
				return e
			}
		}
		<-look.C
	}
}

func TestTheNewestStatusIsTold(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		db := open(t, b.url(t), quick())
		step(t, db, blog, opening()...)
		step(t, db, blog, enter(4)...)
		step(t, db, blog, queue.PauseSet{Why: "one", Request: 1}, queue.PauseSet{Why: "two", Request: 2})
		waiting := func() (serials []int64) {
			all, err := db.Effects(within(t), blog, 100)
			must(t, err)
			for _, e := range all {
				if told, ok := e.Effect.(queue.Tell); ok {
					serials = append(serials, told.Serial)
				}
			}
			return serials
		}
		first := waiting()
		if len(first) != 1 {
			t.Fatalf("statuses %v wait for one pull request", first)
		}
		var mu sync.Mutex
		var told []int64
		began, goOn := make(chan struct{}, 100), make(chan struct{})
		startAll(t, db, store.Handlers{Notices: newJournal().handle, Effects: func(_ context.Context, _ store.LaneID, e queue.Effect) (queue.Event, error) {
			if e, ok := e.(queue.Tell); ok {
				began <- struct{}{}
				<-goOn
				mu.Lock()
				defer mu.Unlock()
				if told = append(told, e.Serial); len(told) == 1 {
					return nil, errors.New("and what it had to say is old now")
				}
			}
			return carried(e), nil
		}})
		await(t, began, "the first status")
		step(t, db, blog, queue.PauseSet{Why: "three", Request: 3}, queue.PauseSet{Why: "four", Request: 4})
		if both := waiting(); len(both) != 2 || both[0] != first[0] {
			t.Errorf("%v wait or run; one that runs is not replaced", both)
		}
		close(goOn)
		must(t, db.Drain(within(t)))
		if len(told) != 2 || told[0] != first[0] || told[1] <= told[0] {
			t.Errorf("told %v, want the one that ran and the newest", told)
		}
	})
}

func TestABuildThatNobodyWaitsForIsNotBegun(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		db := open(t, b.url(t), quick())
		step(t, db, blog, opening()...)
		step(t, db, blog, enter(4)...)
		step(t, db, blog, queue.Withdrawn{Number: 4, Request: 5, Why: "by a command"})
		all, err := db.Effects(within(t), blog, 100)
		must(t, err)
		for _, e := range all {
			if _, is := e.Effect.(queue.Build); is {
				t.Errorf("%s still waits", e.Effect.Key())
			}
		}
		c := &crew{}
		startAll(t, db, c.handlers())
		must(t, db.Drain(within(t)))
		if len(c.done) < 2 || slices.ContainsFunc(c.done, func(key string) bool { return strings.HasPrefix(key, "build/") }) {
			t.Errorf("carried out: %v", c.done)
		}
	})
}
