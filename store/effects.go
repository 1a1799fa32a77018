package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/agentplane/agentplane/queue"
)

// A lane has two lines of effects. One effect of a line is carried out at a
// time, so that no two of them ever overlap. What is only told does not keep
// what moves branches waiting.
const (
	moves = 0 // Land, Build, Drop
	tells = 1 // Offer, Tell
)

// lineKey names the mailbox of a lane's line. Pull requests have positive
// numbers and repositories 0, so lanes have the negative ones.
func lineKey(repo, lane int64, line int) Key { return Key{Repo: repo, PR: int(-2*lane) + line} }

// isLine tells whether a mailbox is a lane's line.
func (k Key) isLine() bool { return k.PR < 0 }

// line is the id of the lane and the line that a mailbox is of.
func (k Key) line() (lane int64, line int) {
	lane = int64(1-k.PR) / 2
	return lane, k.PR + int(2*lane)
}

// LaneEffect is an effect that waits or runs.
type LaneEffect struct {
	Effect   queue.Effect
	Added    time.Time
	Begun    bool      // it runs, or ran when its process died
	Failures int       // in a row
	Error    string    // why the last run failed or was postponed, or ""
	RetryAt  time.Time // zero: as soon as it is its turn
}

// Effects lists at most limit of a lane's effects that wait or run: first what
// moves branches, in the order in which they are carried out.
func (db *DB) Effects(ctx context.Context, id LaneID, limit int) ([]LaneEffect, error) {
	rows, err := db.r.QueryContext(ctx, db.q(`SELECT e.body, e.added_at, e.begun, e.failures, e.last_error, e.retry_at
		FROM effects e JOIN lanes l ON l.id = e.lane WHERE l.repo = $1 AND l.branch = $2 ORDER BY e.line, e.place, e.id LIMIT $3`), id.Repo, id.Branch, limit)
	if err != nil {
		return nil, fmt.Errorf("list the effects of lane %s: %w", id, err)
	}
	all, err := collect(rows, func(e *LaneEffect) error {
		var body []byte
		var added, retry int64
		err := rows.Scan(&body, &added, &e.Begun, &e.Failures, &e.Error, &retry)
		if err == nil {
			e.Effect, err = queue.DecodeEffect(body)
		}
		e.Added, e.RetryAt = timeOf(added), timeOf(retry)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list the effects of lane %s: %w", id, err)
	}
	return all, nil
}

// position is an effect's line, its place in it (lower goes first), and its
// slot: what waits in a slot is replaced by what is newer.
func position(e queue.Effect) (line, place int, slot string) {
	switch e := e.(type) {
	case queue.Land:
		return moves, 0, e.Key()
	case queue.Build:
		return moves, 1, e.Key()
	case queue.Offer:
		return tells, 0, "offer"
	case queue.Tell:
		return tells, 1, fmt.Sprintf("tell/%d", e.Number)
	}
	return moves, 2, e.Key()
}

// lockLines locks the mailboxes of a lane's lines, making them first.
func (db *DB) lockLines(ctx context.Context, tx *sql.Tx, l *lane) ([]mailbox, error) {
	return db.lockSorted(ctx, tx, []Key{lineKey(l.id.Repo, l.row, moves), lineKey(l.id.Repo, l.row, tells)})
}

// deliver puts effects into a lane's lines, takes out what the lane waits for
// no more, and gives a job to the lines that need one. The lane and the lines
// are locked.
func (db *DB) deliver(ctx context.Context, tx *sql.Tx, l *lane, effects []queue.Effect, boxes []mailbox) error {
	begun, err := db.withdraw(ctx, tx, l, boxes[moves].holder != "")
	if err != nil {
		return err
	}
	if err := db.putEffects(ctx, tx, l, effects, begun); err != nil {
		return err
	}
	return db.assign(ctx, tx, l, boxes)
}

// withdraw takes out the Builds and Lands that the lane waits for no more,
// unless one is running, and lists the keys of what has begun.
func (db *DB) withdraw(ctx context.Context, tx *sql.Tx, l *lane, running bool) (begun map[string]bool, err error) {
	type waiting struct {
		id    int64
		key   string
		place int
		line  int
		begun bool
	}
	rows, err := tx.QueryContext(ctx, db.q(`SELECT id, key, line, place, begun FROM effects WHERE lane = $1 AND (line = 0 AND place < 2 OR begun = 1)`), l.row)
	if err != nil {
		return nil, err
	}
	all, err := collect(rows, func(w *waiting) error { return rows.Scan(&w.id, &w.key, &w.line, &w.place, &w.begun) })
	if err != nil {
		return nil, err
	}
	begun = map[string]bool{}
	for _, w := range all {
		if w.begun {
			begun[w.key] = true
		}
		if w.line != moves || w.place == 2 || w.begun && running || l.value.Awaits(w.key) {
			continue
		}
		if _, err := tx.ExecContext(ctx, db.q(`DELETE FROM effects WHERE id = $1`), w.id); err != nil {
			return nil, err
		}
	}
	return begun, nil
}

// putEffects adds effects. One that waits or runs is not added twice; a newer
// Tell or Offer takes the place of the one that waits, with its failures.
func (db *DB) putEffects(ctx context.Context, tx *sql.Tx, l *lane, effects []queue.Effect, begun map[string]bool) error {
	in := inserter{table: "effects", columns: []string{"lane", "line", "place", "slot", "key", "body", "added_at"},
		suffix: `ON CONFLICT (lane, slot) DO UPDATE SET key = excluded.key, body = excluded.body`}
	last := map[string]int{}
	for i, e := range effects {
		_, _, slot := position(e)
		last[slot] = i
	}
	now := db.now()
	for i, e := range effects {
		line, place, slot := position(e)
		if last[slot] != i || begun[e.Key()] {
			continue
		}
		body, err := queue.EncodeEffect(e)
		if err != nil {
			return err
		}
		in.add(l.row, line, place, slot, e.Key(), body, now)
	}
	return in.exec(ctx, db, tx)
}

// assign gives each line that has no job one for what is due, or the time at
// which something will be.
func (db *DB) assign(ctx context.Context, tx *sql.Tx, l *lane, boxes []mailbox) error {
	now := db.now()
	var due []Key
	for line, box := range boxes {
		if box.jobID != 0 {
			continue
		}
		next, err := db.nextDue(ctx, tx, l.row, line)
		switch {
		case err != nil:
			return err
		case next >= 0 && next <= now:
			due = append(due, box.key)
		case next != box.retryAt:
			if err := db.setRetry(ctx, tx, box.key, max(next, 0)); err != nil {
				return err
			}
		}
	}
	return db.insertJobs(ctx, tx, due)
}

// nextDue is when the next effect of a line is due, or -1 when none waits.
func (db *DB) nextDue(ctx context.Context, tx *sql.Tx, lane int64, line int) (int64, error) {
	var next int64
	err := tx.QueryRowContext(ctx, db.q(`SELECT coalesce(min(retry_at), -1) FROM effects WHERE lane = $1 AND line = $2`), lane, line).Scan(&next)
	return next, err
}

func (db *DB) setRetry(ctx context.Context, tx *sql.Tx, k Key, at int64) error {
	_, err := tx.ExecContext(ctx, db.q(`UPDATE mailboxes SET retry_at = $3 WHERE repo = $1 AND pr = $2`), k.Repo, k.PR, at)
	return err
}
