package store_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/agentplane/agentplane/store"
)

// BenchmarkReceive stores deliveries of 25 KB from 64 callers, each for one of
// 500 pull requests, synced to disk. The bar: 2,000/s and p99 < 50 ms.
func BenchmarkReceive(b *testing.B) {
	for _, back := range backends() {
		b.Run(back.name, func(b *testing.B) {
			db := open(b, back.url(b), store.Options{})
			body := make([]byte, 25_000)
			took := make([]time.Duration, b.N)
			var next atomic.Int64
			var wg sync.WaitGroup
			b.ResetTimer()
			for range 64 {
				wg.Go(func() {
					for {
						i := int(next.Add(1)) - 1
						if i >= b.N {
							return
						}
						began := time.Now()
						d := store.Delivery{GUID: fmt.Sprintf("72d3162e-cc78-11e3-81ab-%012d", i), Event: "pull_request", Body: body}
						push := store.Push{Repo: 1, Ref: "refs/heads/agent/search", SHA: fmt.Sprintf("%040x", i), UserID: 9, Login: "search-agent[bot]"}
						if err := db.Receive(context.Background(), d, []store.Notice{notice(1, i%500, "pull_request.synchronize")}, []store.Push{push}); err != nil {
							b.Error(err)
						}
						took[i] = time.Since(began)
					}
				})
			}
			wg.Wait()
			b.StopTimer()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "deliveries/s")
			reportQuantiles(b, took)
		})
	}
}

// BenchmarkCommitToHandler measures from the return of Notify to the start of
// the handler, one at a time. The bar: p50 ≤ 10 ms on SQLite.
func BenchmarkCommitToHandler(b *testing.B) {
	for _, back := range backends() {
		b.Run(back.name, func(b *testing.B) {
			db := open(b, back.url(b), store.Options{})
			started := make(chan time.Time, 1)
			start(b, db, func(context.Context, store.Key, []store.Notice) error {
				started <- time.Now()
				return nil
			})
			took := make([]time.Duration, b.N)
			for i := range b.N {
				must(b, db.Notify(context.Background(), notice(1, i, "bench")))
				committed := time.Now()
				took[i] = max((<-started).Sub(committed), 0)
				must(b, db.Drain(context.Background()))
			}
			reportQuantiles(b, took)
		})
	}
}

func reportQuantiles(b *testing.B, took []time.Duration) {
	slices.Sort(took)
	for _, q := range []int{50, 99} {
		b.ReportMetric(float64(took[len(took)*q/100].Microseconds())/1000, fmt.Sprintf("p%d-ms", q))
	}
}
