package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// mailbox is the row of one Key: a pull request's, a repository's (PR 0), or a
// line of effects' (PR below 0, see lineKey). Whoever holds its lock decides what becomes of
// the key. At most one of these is true of it:
//
//	jobID ≠ 0    a River job is waiting or running for it
//	retryAt ≠ 0  its handler failed or asked for later; promote gives it a job
//	neither      it is empty
type mailbox struct {
	key      Key
	jobID    int64
	holder   string // token of the handler that runs, or ""
	failures int    // in a row
	retryAt  int64
}

// jobArgs are the arguments of a River job.
type jobArgs struct {
	Key
}

// Kind names the job in River's tables.
func (jobArgs) Kind() string { return "mailbox" }

// InsertOpts makes the job unique. The mailbox's job_id does so already; this
// holds even if someone changes River's tables by hand.
//
// What moves branches goes before pull requests, and what is only told after.
func (a jobArgs) InsertOpts() river.InsertOpts {
	priority := 2
	if _, line := a.line(); a.isLine() {
		priority = 1 + 2*line
	}
	return river.InsertOpts{
		Priority:    priority,
		Queue:       queueName,
		MaxAttempts: 1000, // counts crashes only: a failure ends the job and makes a new one
		UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: []rivertype.JobState{
			rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable,
			rivertype.JobStateRunning, rivertype.JobStateScheduled,
		}},
	}
}

// lockMailboxes makes the rows that are missing and locks all until the end of
// the transaction, in the order of their keys. The write, not a SELECT FOR
// UPDATE, is what also waits for a row that another transaction is inserting.
func (db *DB) lockMailboxes(ctx context.Context, tx *sql.Tx, keys map[Key][]Notice) ([]mailbox, error) {
	sorted := make([]Key, 0, len(keys))
	for k := range keys {
		sorted = append(sorted, k)
	}
	slices.SortFunc(sorted, compareKeys)
	return db.lockSorted(ctx, tx, sorted)
}

func (db *DB) lockSorted(ctx context.Context, tx *sql.Tx, keys []Key) ([]mailbox, error) {
	in := inserter{table: "mailboxes", columns: []string{"repo", "pr", "used_at"},
		suffix: `ON CONFLICT (repo, pr) DO UPDATE SET used_at = excluded.used_at RETURNING repo, pr, job_id, holder, failures, retry_at`}
	now := db.now()
	for _, k := range keys {
		in.add(k.Repo, k.PR, now)
	}
	boxes := make([]mailbox, 0, len(keys))
	err := in.chunks(func(query string, args []any) error {
		rows, err := tx.QueryContext(ctx, db.q(query), args...)
		if err != nil {
			return err
		}
		defer rows.Close() //nolint:errcheck // rows.Err tells
		for rows.Next() {
			var m mailbox
			if err := rows.Scan(&m.key.Repo, &m.key.PR, &m.jobID, &m.holder, &m.failures, &m.retryAt); err != nil {
				return err
			}
			boxes = append(boxes, m)
		}
		return rows.Err()
	})
	slices.SortFunc(boxes, func(a, b mailbox) int { return compareKeys(a.key, b.key) })
	return boxes, err
}

func (db *DB) lockMailbox(ctx context.Context, tx *sql.Tx, k Key) (mailbox, error) {
	boxes, err := db.lockSorted(ctx, tx, []Key{k})
	if err != nil {
		return mailbox{}, err
	}
	return boxes[0], nil
}

// insertJobs gives every key a job. Its mailboxes are locked, and have none.
func (db *DB) insertJobs(ctx context.Context, tx *sql.Tx, keys []Key) error {
	if len(keys) == 0 {
		return nil
	}
	params := make([]river.InsertManyParams, len(keys))
	for i, k := range keys {
		params[i].Args = jobArgs{k}
	}
	jobs, err := db.insert.InsertManyTx(ctx, tx, params)
	if err != nil {
		return fmt.Errorf("insert %d jobs: %w", len(keys), err)
	}
	in := inserter{table: "mailboxes", columns: []string{"repo", "pr", "job_id", "used_at"},
		suffix: `ON CONFLICT (repo, pr) DO UPDATE SET job_id = excluded.job_id, retry_at = 0`}
	now := db.now()
	for i, j := range jobs {
		in.add(keys[i].Repo, keys[i].PR, j.Job.ID, now)
	}
	if err := in.exec(ctx, db, tx); err != nil {
		return err
	}
	return db.notifyWorkers(ctx, tx)
}

// notifyWorkers wakes the fetchers of all processes when the transaction
// commits. On SQLite there is one process, and tx does it.
func (db *DB) notifyWorkers(ctx context.Context, tx *sql.Tx) error {
	if db.dialect == sqlite {
		db.jobbed.Store(true)
		return nil
	}
	if _, err := tx.ExecContext(ctx, `SELECT pg_notify(current_schema() || '.`+insertTopic+`', $1)`, insertPayload); err != nil {
		return fmt.Errorf("notify the workers: %w", err)
	}
	return nil
}
