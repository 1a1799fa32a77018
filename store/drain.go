package store

import (
	"context"
	"fmt"
	"time"
)

// drainPoll is how often Drain looks by itself: for work that other processes
// do, and for a test's clock that was moved.
const drainPoll = 20 * time.Millisecond

// Drain returns when no notice and no effect waits: nothing is runnable, running or waiting
// for a retry. It does no work itself; somebody must be in Run. It is meant for
// tests and the demo, which move the clock and then drain.
func (db *DB) Drain(ctx context.Context) error {
	poll := time.NewTicker(drainPoll)
	defer poll.Stop()
	for {
		settled := db.settled.next()
		var waiting int
		if err := db.r.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM notices WHERE handled_at = 0) + (SELECT count(*) FROM effects)`).Scan(&waiting); err != nil {
			return fmt.Errorf("drain: %w", err)
		}
		if waiting == 0 {
			return nil
		}
		db.dueNow()
		select {
		case <-ctx.Done():
			return fmt.Errorf("drain: %d notices or effects still wait: %w", waiting, ctx.Err())
		case <-settled:
		case <-poll.C:
		}
	}
}
