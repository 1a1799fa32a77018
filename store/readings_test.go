package store_test

import (
	"sync"
	"testing"

	"github.com/agentplane/agentplane/store"
)

func TestReadingsGrow(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		url := b.url(t)
		dbs := []*store.DB{open(t, url, quick())}
		if b.name == "postgres" { // a second process
			dbs = append(dbs, open(t, url, quick()))
		}
		const sides, each = 6, 20
		all := make([][]int64, sides)
		var wg sync.WaitGroup
		for side := range sides {
			wg.Go(func() {
				for range each {
					n, err := dbs[side%len(dbs)].NextReading(within(t))
					if err != nil {
						t.Error(err)
					}
					all[side] = append(all[side], n)
				}
			})
		}
		wg.Wait()
		seen, last := map[int64]bool{}, int64(0)
		for _, numbers := range all {
			before := int64(0)
			for _, n := range numbers {
				if seen[n] || n <= before {
					t.Errorf("%d came after %d, or twice", n, before)
				}
				seen[n], before, last = true, n, max(last, n)
			}
		}
		must(t, dbs[0].Close())
		if n, err := open(t, url, quick()).NextReading(within(t)); err != nil || n <= last {
			t.Errorf("after a restart %d, %v, and %d before", n, err, last)
		}
	})
}
