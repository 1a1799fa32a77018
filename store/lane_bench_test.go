package store_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/agentplane/agentplane/queue"
	"github.com/agentplane/agentplane/store"
)

// crowded puts n entries into a lane that is paused.
func crowded(t testing.TB, db *store.DB, n int) {
	t.Helper()
	l := step(t, db, blog, append(opening(), queue.PauseSet{Why: "until all are in", Request: 1})...)
	for i := 1; i <= n; i++ {
		l.Entries = append(l.Entries, queue.Entry{Number: i, Head: head(i), Agent: fmt.Sprint("agent", i%7), Arrival: int64(i), Since: l.Now,
			Judgement: queue.Judgement{Head: head(i), Contract: "k", Good: true}})
	}
	l.Arrival = int64(n)
	must(t, db.PutLane(within(t), blog, l))
}

// BenchmarkLaneStep steps a lane of 500 entries, synced to disk: a verdict that
// came again, one that changes a status, and the time. The bar: < 10 ms.
func BenchmarkLaneStep(b *testing.B) {
	for _, back := range backends() {
		b.Run(back.name, func(b *testing.B) {
			db := open(b, back.url(b), store.Options{})
			crowded(b, db, 500)
			step(b, db, blog, queue.Resumed{Tip: "base", Request: 2})
			reading := int64(1000)
			for _, c := range []struct {
				name  string
				event func(i int) queue.Event
			}{
				{"tick", func(i int) queue.Event { return queue.Ticked{At: noon.Add(time.Duration(i+1) * time.Millisecond)} }},
				{"judged", func(int) queue.Event {
					reading++
					return queue.Judged{Number: 300, Reading: reading, Judgement: queue.Judgement{Head: head(300), Contract: "k", Good: reading%2 == 0}}
				}},
			} {
				b.Run(c.name, func(b *testing.B) {
					took := make([]time.Duration, b.N)
					for i := range b.N {
						began := time.Now()
						if _, err := db.Step(context.Background(), blog, c.event(i)); err != nil {
							b.Fatal(err)
						}
						took[i] = time.Since(began)
					}
					reportQuantiles(b, took)
				})
			}
		})
	}
}

// TestTenThousandEntries: a lane of that size still moves.
func TestTenThousandEntries(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		db := open(t, b.url(t), quick())
		const n = 10_000
		crowded(t, db, n)
		began := time.Now()
		l := step(t, db, blog, queue.Resumed{Tip: "base", Request: 2}) // tells everybody
		t.Logf("a step that changes every status took %s", time.Since(began))
		all, err := db.Effects(within(t), blog, 2*n)
		must(t, err)
		if len(l.Candidates) == 0 || len(all) < n {
			t.Errorf("%d candidates, %d effects", len(l.Candidates), len(all))
		}
		if _, is := all[0].Effect.(queue.Build); !is {
			t.Errorf("%s goes first", all[0].Effect.Key())
		}
		began = time.Now()
		l = step(t, db, blog, queue.HeadMoved{Number: 77, Head: head(20_000), Reading: 2})
		t.Logf("a step of 10,000 entries took %s", time.Since(began))
		if i := slices.IndexFunc(l.Entries, func(e queue.Entry) bool { return e.Number == 77 }); i < 0 || l.Entries[i].Head != head(20_000) {
			t.Error("the head has not moved")
		}
		db.ForgetDecoded()
		again, _, err := db.Lane(within(t), blog)
		if err != nil || len(again.Entries) != n {
			t.Errorf("read again: %d entries, %v", len(again.Entries), err)
		}
	})
}
