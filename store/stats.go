package store

import (
	"context"
	"fmt"
	"time"
)

// Stats are counts for /metrics and /readyz.
type Stats struct {
	Notices  int           // that wait or are being worked on
	Effects  int           // of lanes, that wait or are being carried out
	Waiting  int           // mailboxes with such notices
	Oldest   time.Duration // age of the oldest of them
	Running  int           // handlers at work, in all processes
	Retrying int           // mailboxes, or lines of a lane, in which something failed or was postponed and nothing else waits
	Jobs     map[string]int
	// Jobs are River's, by state: available, running, completed, discarded …
}

// Stats counts. It reads indexes of what waits, and River's table of recent jobs.
func (db *DB) Stats(ctx context.Context) (Stats, error) {
	s := Stats{Jobs: map[string]int{}}
	var oldest int64
	err := db.r.QueryRowContext(ctx, `SELECT count(*), coalesce(min(received_at), 0),
		(SELECT count(*) FROM (SELECT DISTINCT repo, pr FROM notices WHERE handled_at = 0) AS waiting),
		(SELECT count(*) FROM mailboxes WHERE holder <> ''),
		(SELECT count(*) FROM mailboxes WHERE retry_at > 0),
		(SELECT count(*) FROM effects)
		FROM notices WHERE handled_at = 0`).Scan(&s.Notices, &oldest, &s.Waiting, &s.Running, &s.Retrying, &s.Effects)
	if err != nil {
		return Stats{}, fmt.Errorf("count what waits: %w", err)
	}
	if s.Notices > 0 {
		s.Oldest = max(db.o.Now().Sub(timeOf(oldest)), 0)
	}
	rows, err := db.r.QueryContext(ctx, `SELECT state, count(*) FROM river_job GROUP BY state`)
	if err != nil {
		return Stats{}, fmt.Errorf("count jobs: %w", err)
	}
	type count struct {
		state string
		n     int
	}
	counts, err := collect(rows, func(c *count) error { return rows.Scan(&c.state, &c.n) })
	if err != nil {
		return Stats{}, fmt.Errorf("count jobs: %w", err)
	}
	for _, c := range counts {
		s.Jobs[c.state] = c.n
	}
	return s, nil
}

// Failure is a mailbox that waits for a retry.
type Failure struct {
	Key      Key
	Failures int // in a row; 0: postponed
	Error    string
	RetryAt  time.Time
}

// Failures lists at most limit mailboxes that wait for a retry, those with the
// most failures first.
func (db *DB) Failures(ctx context.Context, limit int) ([]Failure, error) {
	rows, err := db.r.QueryContext(ctx, db.q(`SELECT repo, pr, failures, last_error, retry_at FROM mailboxes
		WHERE retry_at > 0 AND pr >= 0 ORDER BY failures DESC, repo, pr LIMIT $1`), limit)
	if err != nil {
		return nil, fmt.Errorf("list failures: %w", err)
	}
	return collect(rows, func(f *Failure) error {
		var at int64
		err := rows.Scan(&f.Key.Repo, &f.Key.PR, &f.Failures, &f.Error, &at)
		f.RetryAt = timeOf(at)
		return err
	})
}
