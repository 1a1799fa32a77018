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

// These tests are about several processes on one PostgreSQL; each open store
// stands for one.

func TestTwoProcessesShareTheWork(t *testing.T) {
	t.Parallel()
	url := freshPostgres(t)
	j := newJournal()
	var n atomic.Int64
	j.work = func(context.Context, store.Key, []store.Notice) error {
		if n.Add(1)%6 == 0 {
			return errors.New("every sixth run fails")
		}
		return nil
	}
	const each, keys = 80, 9
	var at [2]atomic.Int64
	dbs := make([]*store.DB, 2)
	for i := range dbs {
		dbs[i] = open(t, url, quick())
		start(t, dbs[i], func(ctx context.Context, k store.Key, notices []store.Notice) error {
			at[i].Add(1)
			return j.handle(ctx, k, notices)
		})
	}
	var wg sync.WaitGroup
	for i, db := range dbs {
		for s := range 4 {
			wg.Go(func() {
				for m := range each {
					// Several keys in one delivery, in another order at each sender.
					a, b := (m+s)%keys, (m+s+i+1)%keys
					reason := fmt.Sprintf("%d-%d-%d", i, s, m)
					d := store.Delivery{GUID: reason, Event: "push"}
					must(t, db.Receive(within(t), d, []store.Notice{notice(1, a, reason+"a"), notice(1, b, reason+"b")}, nil))
				}
			})
		}
	}
	wg.Wait()
	must(t, dbs[0].Drain(within(t)))
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.overlaps > 0 || len(j.seen) != 2*4*each*2 {
		t.Errorf("%d overlaps, %d of %d notices handled", j.overlaps, len(j.seen), 2*4*each*2)
	}
	if at[0].Load() == 0 || at[1].Load() == 0 {
		t.Errorf("the work was not shared: %d and %d", at[0].Load(), at[1].Load())
	}
}

// TestALostSessionIsNoDeath: the connection that proves a process alive is cut
// while a handler runs. The process makes a new one; nobody takes its work.
func TestALostSessionIsNoDeath(t *testing.T) {
	t.Parallel()
	url := freshPostgres(t)
	j := newJournal()
	began, goOn := make(chan struct{}, 10), make(chan struct{})
	j.work = func(context.Context, store.Key, []store.Notice) error {
		began <- struct{}{}
		<-goOn
		return nil
	}
	o := quick()
	o.HandlerTimeout = time.Minute
	one := open(t, url, o)
	start(t, one, j.handle)
	must(t, one.Notify(within(t), notice(1, 1, "a")))
	await(t, began, "the handler")
	cut(t, url)
	two := open(t, url, o)
	start(t, two, j.handle)
	select {
	case <-began:
		t.Error("the other process took the work of a living one")
	case <-time.After(5 * time.Second): // longer than a lease can be gone
	}
	close(goOn)
	must(t, two.Drain(within(t)))
	if j.overlaps > 0 || j.runs[store.Key{Repo: 1, PR: 1}] != 1 {
		t.Errorf("%d overlaps, %d runs", j.overlaps, j.runs[store.Key{Repo: 1, PR: 1}])
	}
}

// TestEveryConnectionIsCut stands for a restart of the server.
func TestEveryConnectionIsCut(t *testing.T) {
	t.Parallel()
	url := freshPostgres(t)
	db := open(t, url, quick())
	j := newJournal()
	start(t, db, j.handle)
	ctx := within(t)
	for i := range 60 {
		if i == 10 { // Run has started: before that, a database that goes away is a reason not to start
			must(t, db.Drain(ctx))
		}
		if i%20 == 10 {
			cut(t, url)
		}
		reason := fmt.Sprint(i)
		for db.Notify(ctx, notice(1, i%4, reason)) != nil { // as GitHub would deliver again
			must(t, ctx.Err())
		}
	}
	must(t, db.Drain(ctx))
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.seen) != 60 || j.overlaps > 0 {
		t.Errorf("%d handled, %d overlaps", len(j.seen), j.overlaps)
	}
}

// cut ends all connections to the database but its own.
func cut(t *testing.T, url string) {
	t.Helper()
	_, err := raw(t, url).Exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
	must(t, err)
}

// TestARefusedDeliveryTakesNoOtherDown: callers share a transaction.
func TestARefusedDeliveryTakesNoOtherDown(t *testing.T) {
	t.Parallel()
	db := open(t, freshPostgres(t), quick())
	errs := db.CommitTogether(within(t), "a fine", "b has a \x00, which PostgreSQL refuses", "c fine")
	if errs[0] != nil || errs[1] == nil || errs[2] != nil {
		t.Errorf("got %v", errs)
	}
	missing, err := db.Missing(within(t), []string{"a", "b", "c"})
	must(t, err)
	if len(missing) != 1 || missing[0] != "b" {
		t.Errorf("missing %v", missing)
	}
}
