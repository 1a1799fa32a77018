package store_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/agentplane/agentplane/store"
)

func TestLaterIsNoFailureAndWaitsForItsTime(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		c, o := withClock()
		db := open(t, b.url(t), o)
		ran := make(chan time.Time, 10)
		start(t, db, func(context.Context, store.Key, []store.Notice) error {
			now := c.Now()
			ran <- now
			if now.Before(noon.Add(time.Hour)) {
				return &store.Later{Until: noon.Add(time.Hour), Reason: "GitHub's rate limit is used up"}
			}
			return nil
		})
		must(t, db.Notify(within(t), notice(1, 1, "a")))
		await(t, ran, "the first run")
		fail := awaitFailure(t, db)
		if fail.Failures != 0 || !fail.RetryAt.Equal(noon.Add(time.Hour)) || !strings.Contains(fail.Error, "rate limit") {
			t.Errorf("%+v", fail)
		}
		must(t, db.Notify(within(t), notice(1, 1, "comes while it is postponed")))
		stats, err := db.Stats(within(t))
		must(t, err)
		if stats.Retrying != 1 || stats.Jobs["available"]+stats.Jobs["running"] != 0 {
			t.Errorf("postponed work got a job: %+v", stats)
		}
		c.move(61 * time.Minute)
		must(t, db.Drain(within(t)))
		if at := await(t, ran, "the second run"); !at.Equal(noon.Add(61*time.Minute)) || len(ran) > 0 {
			t.Errorf("ran at %v, and %d times more", at, len(ran))
		}
	})
}

// awaitFailure returns the one mailbox that waits for a retry.
func awaitFailure(t *testing.T, db *store.DB) store.Failure {
	t.Helper()
	look, ctx := time.NewTicker(5*time.Millisecond), within(t)
	defer look.Stop()
	for {
		all, err := db.Failures(ctx, 10)
		must(t, err)
		if len(all) == 1 {
			return all[0]
		}
		<-look.C
	}
}

func TestPausesGrowToTheirLimitAndNeverEnd(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		c, o := withClock()
		o.BackoffBase, o.BackoffMax = time.Second, 8*time.Second
		db := open(t, b.url(t), o)
		var runs atomic.Int64
		start(t, db, func(context.Context, store.Key, []store.Notice) error {
			if runs.Add(1) <= 27 { // more than River would try
				return errors.New("GitHub is down")
			}
			return nil
		})
		must(t, db.Notify(within(t), notice(1, 1, "a")))
		for i := 1; i <= 27; i++ {
			fail := awaitFailure(t, db)
			pause, longest := fail.RetryAt.Sub(c.Now()), min(time.Second<<min(i-1, 10), 8*time.Second)
			if fail.Failures != i || fail.Error != "GitHub is down" || pause > longest || pause < longest*3/4 {
				t.Fatalf("failure %d: %+v, a pause of %s", i, fail, pause)
			}
			c.move(pause)
			settle(t, db, runs.Load, int64(i+1))
		}
		must(t, db.Drain(within(t)))
		stats, err := db.Stats(within(t))
		must(t, err)
		if stats.Retrying != 0 || runs.Load() != 28 {
			t.Errorf("%d runs, %+v", runs.Load(), stats)
		}
	})
}

// settle lets due work run until it was done n times and its outcome stored.
func settle(t *testing.T, db *store.DB, runs func() int64, n int64) {
	t.Helper()
	ctx := within(t)
	for {
		short, cancel := context.WithTimeout(ctx, 30*time.Millisecond)
		_ = db.Drain(short)
		cancel()
		stats, err := db.Stats(ctx)
		must(t, err)
		if runs() >= n && stats.Running == 0 {
			return
		}
	}
}

func TestAHandlerThatTakesTooLongIsEnded(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		o := quick()
		o.HandlerTimeout = 20 * time.Millisecond
		db := open(t, b.url(t), o)
		var runs atomic.Int64
		start(t, db, func(ctx context.Context, _ store.Key, _ []store.Notice) error {
			if runs.Add(1) > 1 {
				return nil
			}
			<-ctx.Done()
			return ctx.Err()
		})
		must(t, db.Notify(within(t), notice(1, 1, "slow")))
		must(t, db.Drain(within(t)))
		if runs.Load() != 2 {
			t.Errorf("%d runs", runs.Load())
		}
	})
}

func TestStopWaitsForHandlers(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		url := b.url(t)
		db := open(t, url, quick())
		began, goOn := make(chan struct{}), make(chan struct{})
		var finished atomic.Bool
		stop := start(t, db, func(ctx context.Context, _ store.Key, _ []store.Notice) error {
			close(began)
			<-goOn
			finished.Store(ctx.Err() == nil)
			return nil
		})
		must(t, db.Notify(within(t), notice(1, 1, "a")))
		await(t, began, "the handler")
		stopped := make(chan struct{})
		go func() { stop(); close(stopped) }()
		select {
		case <-stopped:
			t.Error("stopped under a running handler")
		case <-time.After(50 * time.Millisecond):
		}
		close(goOn)
		await(t, stopped, "the stop")
		stats, err := db.Stats(within(t))
		must(t, err)
		if !finished.Load() || stats.Notices != 0 || stats.Running != 0 {
			t.Errorf("finished %v, %+v", finished.Load(), stats)
		}
	})
}

func TestWhatTheStopCutsOffRunsAgain(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		o := quick()
		o.StopTimeout = 30 * time.Millisecond
		db := open(t, b.url(t), o)
		began := make(chan struct{}, 1)
		stop := start(t, db, func(ctx context.Context, _ store.Key, _ []store.Notice) error {
			began <- struct{}{}
			<-ctx.Done()
			return ctx.Err()
		})
		must(t, db.Notify(within(t), notice(1, 1, "a")))
		await(t, began, "the handler")
		stop()
		stats, err := db.Stats(within(t))
		must(t, err)
		if stats.Retrying != 0 || stats.Running != 0 || stats.Notices != 1 || stats.Jobs["available"] != 1 {
			t.Errorf("after the stop: %+v", stats)
		}
		j := newJournal()
		start(t, db, j.handle)
		must(t, db.Drain(within(t)))
		if j.seen["a"] != 1 {
			t.Error("not handled")
		}
	})
}

func TestOneRunAtATime(t *testing.T) {
	db := open(t, "sqlite:"+t.TempDir()+"/x.db", quick())
	began := make(chan struct{})
	start(t, db, func(context.Context, store.Key, []store.Notice) error { close(began); return nil })
	must(t, db.Notify(within(t), notice(1, 1, "a")))
	await(t, began, "the first Run")
	if err := db.Run(within(t), store.Handlers{Notices: newJournal().handle}); err == nil || !strings.Contains(err.Error(), "already") {
		t.Errorf("got %v", err)
	}
}

// TestAVanishedJobIsReplaced: an operator's hand in River's tables, or River
// giving a job up, must not leave a mailbox stuck.
func TestAVanishedJobIsReplaced(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		for _, c := range []struct{ why, do string }{
			{"deleted", `DELETE FROM river_job`},
			{"cancelled", `UPDATE river_job SET state = 'cancelled', finalized_at = CURRENT_TIMESTAMP`},
			{"given up", `UPDATE river_job SET state = 'discarded', finalized_at = CURRENT_TIMESTAMP`},
		} {
			url := b.url(t)
			db := open(t, url, quick())
			must(t, db.Notify(within(t), notice(1, 1, c.why)))
			_, err := raw(t, url).Exec(c.do)
			must(t, err)
			must(t, db.Heal(within(t)))
			must(t, db.Heal(within(t))) // the second finds nothing to do
			j := newJournal()
			stop := start(t, db, j.handle)
			must(t, db.Drain(within(t)))
			stop()
			if j.seen[c.why] != 1 {
				t.Errorf("%s: not handled", c.why)
			}
		}
	})
}

// TestAJobThatRunsTwiceDoesNotOverlap: River takes a job for stuck and starts
// it again while its handler still runs.
func TestAJobThatRunsTwiceDoesNotOverlap(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		url := b.url(t)
		db := open(t, url, quick())
		j := newJournal()
		began, goOn := make(chan struct{}, 10), make(chan struct{})
		j.work = func(context.Context, store.Key, []store.Notice) error {
			began <- struct{}{}
			<-goOn
			return nil
		}
		start(t, db, j.handle)
		must(t, db.Notify(within(t), notice(1, 1, "a")))
		await(t, began, "the handler")
		_, err := raw(t, url).Exec(`UPDATE river_job SET state = 'available' WHERE state = 'running'`)
		must(t, err)
		must(t, db.Notify(within(t), notice(1, 2, "wakes the fetcher")))
		await(t, began, "the other handler")
		select {
		case <-began:
			t.Error("started again")
		case <-time.After(100 * time.Millisecond):
		}
		close(goOn)
		must(t, db.Drain(within(t)))
		if j.overlaps > 0 {
			t.Error("overlap")
		}
	})
}

func TestReceiveGoesOnWhileTheCallerGivesUp(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		db := open(t, b.url(t), quick())
		var wg sync.WaitGroup
		var stored atomic.Int64
		for i := range 200 {
			wg.Go(func() {
				ctx, cancel := context.WithTimeout(context.Background(), time.Duration(i%20)*time.Millisecond)
				defer cancel()
				if db.Receive(ctx, delivery(i), []store.Notice{notice(1, i%3, "x")}, nil) == nil {
					stored.Add(1)
				}
			})
		}
		wg.Wait()
		must(t, db.Receive(within(t), delivery(1000), nil, nil)) // nothing is wedged
		all, err := db.Deliveries(within(t), time.Time{}, 1000)
		must(t, err)
		if int64(len(all)) < stored.Load()+1 {
			t.Errorf("%d said to be stored, %d are", stored.Load()+1, len(all))
		}
	})
}
