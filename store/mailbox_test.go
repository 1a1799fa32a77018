package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/agentplane/agentplane/store"
)

func TestReceivedNoticesReachTheHandler(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		db := open(t, b.url(t), quick())
		got := make(chan []store.Notice, 1)
		start(t, db, func(_ context.Context, k store.Key, n []store.Notice) error {
			if k != (store.Key{Repo: 1, PR: 12}) {
				t.Errorf("key %v", k)
			}
			got <- n
			return nil
		})
		n := store.Notice{Repo: 1, Installation: 3, FullName: "octo/blog", PR: 12, Reason: "push", Ref: "refs/heads/x", SHA: "abc", Comment: 9}
		must(t, db.Receive(within(t), delivery(1), []store.Notice{n}, nil))
		seen := await(t, got, "the handler")
		n.Delivery, n.At = "guid-000001", seen[0].At
		if len(seen) != 1 || seen[0] != n || time.Since(n.At) > patience {
			t.Errorf("got %+v, want %+v", seen, n)
		}
		must(t, db.Drain(within(t)))
	})
}

func TestNothingIsLostAndNothingOverlaps(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		db := open(t, b.url(t), quick())
		j := newJournal()
		var n atomic.Int64
		j.work = func(context.Context, store.Key, []store.Notice) error {
			if n.Add(1)%5 == 0 {
				return errors.New("every fifth run fails")
			}
			return nil
		}
		start(t, db, j.handle)
		const senders, each, keys = 12, 40, 7
		var wg sync.WaitGroup
		for s := range senders {
			wg.Go(func() {
				for i := range each {
					reason := fmt.Sprintf("%d-%d", s, i)
					err := db.Receive(within(t), delivery(s*each+i), []store.Notice{notice(1, (s+i)%keys, reason)}, nil)
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		must(t, db.Drain(within(t)))
		j.mu.Lock()
		defer j.mu.Unlock()
		if j.overlaps > 0 {
			t.Errorf("%d overlapping runs", j.overlaps)
		}
		if len(j.seen) != senders*each {
			t.Errorf("%d of %d notices were handled", len(j.seen), senders*each)
		}
	})
}

func TestEqualWorkIsCoalesced(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		db := open(t, b.url(t), quick())
		j := newJournal()
		first, goOn := make(chan struct{}, 100), make(chan struct{})
		j.work = func(context.Context, store.Key, []store.Notice) error {
			first <- struct{}{}
			<-goOn
			return nil
		}
		start(t, db, j.handle)
		must(t, db.Notify(within(t), notice(1, 1, "first")))
		await(t, first, "the first run")
		var wg sync.WaitGroup
		for sender := range 10 {
			wg.Go(func() {
				for i := range 100 {
					must(t, db.Notify(within(t), notice(1, 1, fmt.Sprint(sender, i))))
				}
			})
		}
		wg.Wait()
		close(goOn)
		must(t, db.Drain(within(t)))
		j.mu.Lock()
		defer j.mu.Unlock()
		if got := j.runs[store.Key{Repo: 1, PR: 1}]; got != 2 {
			t.Errorf("1001 notices took %d runs, want 2", got)
		}
		if len(j.seen) != 1001 {
			t.Errorf("%d notices seen", len(j.seen))
		}
	})
}

func TestAFailureIsRetriedWithItsNotices(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		db := open(t, b.url(t), quick())
		var runs atomic.Int64
		start(t, db, func(_ context.Context, _ store.Key, n []store.Notice) error {
			switch runs.Add(1) {
			case 1:
				return errors.New("first")
			case 2:
				panic("second")
			case 3:
				return &store.Later{Until: time.Now().Add(10 * time.Millisecond), Reason: "third"}
			}
			if len(n) != 1 || n[0].Reason != "kept" {
				t.Errorf("got %+v", n)
			}
			return nil
		})
		must(t, db.Notify(within(t), notice(1, 1, "kept")))
		must(t, db.Drain(within(t)))
		if runs.Load() != 4 {
			t.Errorf("%d runs, want 4", runs.Load())
		}
	})
}
