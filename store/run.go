package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/riverqueue/river"
)

const (
	tick       = time.Second      // retries that are due, dead workers
	healEvery  = 10 * time.Second // jobs that vanished
	stopGrace  = 5 * time.Second  // for a handler to return after its context ended
	duePerTick = 200
)

// Run works jobs until ctx ends, then stops taking new ones and waits for the
// running handlers: up to StopTimeout, then their contexts end too. It returns
// nil after an orderly stop. What was cut off runs again at the next start.
//
// If the database goes away meanwhile, Run goes on when it is back.
//
// It also retries, prunes, and frees the jobs of dead processes. One Run per DB
// at a time.
func (db *DB) Run(ctx context.Context, h Handlers) error {
	if !db.working.CompareAndSwap(false, true) {
		return errors.New("run jobs: this store is already being run")
	}
	defer db.working.Store(false)
	for again := false; ; again = true {
		err := db.runOnce(ctx, h)
		if err == nil || ctx.Err() != nil || !again && !errors.Is(err, errLease) {
			return err
		}
		db.o.Log.ErrorContext(ctx, "no lease on the database; starting over until there is one", "err", err)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(tick):
		}
	}
}

// runOnce works jobs until ctx ends or the lease is lost.
func (db *DB) runOnce(ctx context.Context, h Handlers) error {
	w := &worker{db: db, handler: h.Notices, effects: h.Effects, client: fmt.Sprintf("%s.%d", db.id, db.runs.Add(1))}
	lease, err := db.takeLease(ctx, w.client)
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	client, err := db.riverClient(w)
	if err != nil {
		return errors.Join(fmt.Errorf("make the job queue: %w", err), lease.release())
	}
	if err := client.Start(context.WithoutCancel(ctx)); err != nil {
		return errors.Join(fmt.Errorf("start the job queue: %w", err), lease.release())
	}
	lost := db.attend(ctx, lease)
	if err := db.stop(client, lost != nil); err != nil {
		return errors.Join(lost, err) // a handler still runs: the lease ends with the process
	}
	return errors.Join(lost, lease.release())
}

func (db *DB) riverClient(w *worker) (*river.Client[*sql.Tx], error) {
	workers := river.NewWorkers()
	if err := river.AddWorkerSafely[jobArgs](workers, w); err != nil {
		return nil, err
	}
	timeout := db.o.HandlerTimeout + 3*commitTimeout
	return river.NewClient(db.newDriver(), &river.Config{
		ID:                   w.client,
		Logger:               db.riverLog(),
		Workers:              workers,
		Queues:               map[string]river.QueueConfig{queueName: {MaxWorkers: db.o.Workers}},
		FetchCooldown:        2 * time.Millisecond,
		FetchPollInterval:    500 * time.Millisecond,
		JobTimeout:           timeout,
		RescueStuckJobsAfter: 2*timeout + time.Minute, // never overlaps: the mailbox has a holder
		SoftStopTimeout:      db.o.StopTimeout,
	})
}

// attend does the regular work beside the jobs until ctx ends (nil) or the
// lease is lost (errLease).
func (db *DB) attend(ctx context.Context, lease lease) error {
	ticks, heal, prune := time.NewTicker(tick), time.NewTicker(healEvery), time.NewTicker(db.o.PruneEvery)
	defer ticks.Stop()
	defer heal.Stop()
	defer prune.Stop()
	db.chore(ctx, "retry what is due", db.promote)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-db.due:
			db.chore(ctx, "retry what is due", db.promote)
		case <-ticks.C:
			if err := lease.keep(ctx); err != nil && ctx.Err() == nil {
				return err
			}
			db.chore(ctx, "retry what is due", db.promote)
			db.chore(ctx, "free the jobs of dead processes", lease.freeDead)
		case <-heal.C:
			db.chore(ctx, "find mailboxes without a job", db.heal)
		case <-prune.C:
			db.chore(ctx, "prune", db.Prune)
		}
	}
}

// chore does something that is tried again at the next tick anyway.
func (db *DB) chore(ctx context.Context, what string, do func(context.Context) error) {
	bounded, cancel := context.WithTimeout(ctx, commitTimeout)
	defer cancel()
	if err := do(bounded); err != nil && ctx.Err() == nil {
		db.o.Log.WarnContext(ctx, "chore not done; it is tried again soon", "chore", what, "err", err)
	}
}

// stop ends the client, at once if the lease is lost.
func (db *DB) stop(client *river.Client[*sql.Tx], atOnce bool) error {
	limit, end := db.o.StopTimeout+stopGrace, client.Stop
	if atOnce {
		limit, end = stopGrace, client.StopAndCancel
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	if err := end(ctx); err != nil {
		return fmt.Errorf("stop the job queue: a handler still runs %s after its context ended: %w", stopGrace, err)
	}
	return nil
}

// dueNow asks Run to look for due retries at once.
func (db *DB) dueNow() {
	select {
	case db.due <- struct{}{}:
	default:
	}
}

// promote gives a job to the mailboxes whose retry is due.
func (db *DB) promote(ctx context.Context) error {
	keys, err := db.keys(ctx, `SELECT repo, pr FROM mailboxes WHERE retry_at > 0 AND retry_at <= $1 ORDER BY retry_at LIMIT $2`, db.now(), duePerTick)
	if err != nil || len(keys) == 0 {
		return err
	}
	if len(keys) == duePerTick {
		defer db.dueNow()
	}
	return db.rejob(ctx, keys, func(m mailbox, now int64) bool { return m.jobID == 0 && m.retryAt > 0 && m.retryAt <= now })
}

// heal gives a new job to mailboxes whose job has vanished: finished by
// somebody else's hand, or given up by River after too many crashes.
func (db *DB) heal(ctx context.Context) error {
	const lost = `SELECT m.repo, m.pr FROM mailboxes m LEFT JOIN river_job j ON j.id = m.job_id
		WHERE m.job_id > 0 AND m.holder = '' AND (j.id IS NULL OR j.state IN ('completed', 'cancelled', 'discarded')) LIMIT $1`
	keys, err := db.keys(ctx, lost, duePerTick)
	if err != nil || len(keys) == 0 {
		return err
	}
	db.o.Log.WarnContext(ctx, "mailboxes had lost their job and get a new one", "count", len(keys))
	return db.rejob(ctx, keys, func(m mailbox, _ int64) bool { return m.holder == "" && m.jobID > 0 })
}

// rejob locks the mailboxes and gives a job to those that still need one.
func (db *DB) rejob(ctx context.Context, keys []Key, needs func(mailbox, int64) bool) error {
	byKey := make(map[Key][]Notice, len(keys))
	for _, k := range keys {
		byKey[k] = nil
	}
	return db.tx(ctx, func(tx *sql.Tx) error {
		boxes, err := db.lockMailboxes(ctx, tx, byKey)
		if err != nil {
			return err
		}
		now := db.now()
		var due []Key
		for _, m := range boxes {
			if needs(m, now) {
				due = append(due, m.key)
			}
		}
		return db.insertJobs(ctx, tx, due)
	})
}

// keys reads Keys outside of any transaction; look again under the lock.
func (db *DB) keys(ctx context.Context, query string, args ...any) ([]Key, error) {
	rows, err := db.r.QueryContext(ctx, db.q(query), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	var keys []Key
	for rows.Next() {
		var k Key
		if err := rows.Scan(&k.Repo, &k.PR); err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	return keys, rows.Err()
}

// riverLog lets River's warnings and errors through; below that it reports
// every job and every few seconds itself.
func (db *DB) riverLog() *slog.Logger {
	return slog.New(warnings{db.o.Log.Handler()})
}

type warnings struct{ slog.Handler }

// Enabled refuses everything below a warning.
func (h warnings) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && h.Handler.Enabled(ctx, l)
}

// WithAttrs keeps the threshold.
func (h warnings) WithAttrs(attrs []slog.Attr) slog.Handler {
	return warnings{h.Handler.WithAttrs(attrs)}
}

// WithGroup keeps the threshold.
func (h warnings) WithGroup(name string) slog.Handler { return warnings{h.Handler.WithGroup(name)} }
