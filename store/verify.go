package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/agentplane/agentplane/queue"
)

// AuditHead is the newest row of a lane's log. Who keeps it elsewhere can tell
// later that nothing before it was changed, not even by somebody who computed
// every hash anew.
type AuditHead struct {
	Lane LaneID
	Rows int64 // that are kept
	Seq  int64
	Hash string
}

// BrokenLinkError says where an audit log is not what was written.
type BrokenLinkError struct {
	Lane LaneID
	Seq  int64 // of the first row that is wrong or missing
	What string
}

func (e *BrokenLinkError) Error() string {
	return fmt.Sprintf("the audit log of lane %s is broken at row %d: %s", e.Lane, e.Seq, e.What)
}

// VerifyAudit follows every lane's log from its first row to the lane's state,
// and returns their ends. A *BrokenLinkError names the first link that is
// broken: a row that was changed, removed, added or put elsewhere, or a lane
// that is not what its log says.
func (db *DB) VerifyAudit(ctx context.Context) ([]AuditHead, error) {
	o := &sql.TxOptions{ReadOnly: true}
	if db.dialect == postgres {
		o.Isolation = sql.LevelRepeatableRead
	}
	tx, err := db.r.BeginTx(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("verify the audit log: %w", err)
	}
	heads, err := db.verify(ctx, tx)
	return heads, errors.Join(err, ignoreDone(tx.Rollback()))
}

// chain is a lane as its log must lead to it.
type chain struct {
	row, pruned int64
	first       string // the hash the first row that is kept is chained to
	digest      string
	head        AuditHead
}

func (db *DB) verify(ctx context.Context, tx *sql.Tx) ([]AuditHead, error) {
	rows, err := tx.QueryContext(ctx, `SELECT id, repo, branch, seq, hash, pruned_seq, pruned_hash, digest FROM lanes ORDER BY repo, branch`)
	if err != nil {
		return nil, fmt.Errorf("verify the audit log: %w", err)
	}
	chains, err := collect(rows, func(c *chain) error {
		return rows.Scan(&c.row, &c.head.Lane.Repo, &c.head.Lane.Branch, &c.head.Seq, &c.head.Hash, &c.pruned, &c.first, &c.digest)
	})
	if err != nil {
		return nil, fmt.Errorf("verify the audit log: %w", err)
	}
	var stray int64
	err = tx.QueryRowContext(ctx, `SELECT coalesce(min(seq), 0) FROM audit WHERE lane NOT IN (SELECT id FROM lanes)`).Scan(&stray)
	if err != nil {
		return nil, fmt.Errorf("verify the audit log: %w", err)
	}
	if stray > 0 {
		return nil, &BrokenLinkError{Seq: stray, What: "it belongs to no lane"}
	}
	heads := make([]AuditHead, 0, len(chains))
	for _, c := range chains {
		if err := db.follow(ctx, tx, &c); err != nil {
			return nil, err
		}
		heads = append(heads, c.head)
	}
	return heads, nil
}

// follow checks one lane's log, row by row, and the lane at its end.
func (db *DB) follow(ctx context.Context, tx *sql.Tx, c *chain) error {
	broken := func(seq int64, format string, args ...any) error {
		return &BrokenLinkError{Lane: c.head.Lane, Seq: seq, What: fmt.Sprintf(format, args...)}
	}
	if c.pruned == 0 && c.first != firstLink(c.head.Lane) {
		return broken(1, "it starts at another lane's beginning")
	}
	rows, err := tx.QueryContext(ctx, db.q(selectLinks+`WHERE a.lane = $1 ORDER BY a.seq`), c.row)
	if err != nil {
		return fmt.Errorf("verify the audit log of lane %s: %w", c.head.Lane, err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	last := link{seq: c.pruned, hash: c.first}
	for rows.Next() {
		var r link
		if err := r.scan(rows); err != nil {
			return fmt.Errorf("verify the audit log of lane %s: %w", c.head.Lane, err)
		}
		switch {
		case r.seq != last.seq+1:
			return broken(last.seq+1, "it is missing; the next row is %d", r.seq)
		case r.hash != r.after(last.hash):
			return broken(r.seq, "it was changed, or the row before it is another than it was")
		case r.seq > c.head.Seq:
			return broken(r.seq, "it was added; the lane's last row is %d", c.head.Seq)
		}
		last = r
		c.head.Rows++
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("verify the audit log of lane %s: %w", c.head.Lane, err)
	}
	switch {
	case last.seq < c.head.Seq:
		return broken(last.seq+1, "it is missing, and so is what follows up to row %d", c.head.Seq)
	case last.hash != c.head.Hash:
		return broken(last.seq, "the lane remembers another last row")
	case c.head.Rows > 0 && last.digest != c.digest:
		return broken(last.seq, "the lane's state is not the one that this step led to")
	}
	return db.holdsState(ctx, tx, c)
}

// holdsState checks that a lane's state is the one its row names.
func (db *DB) holdsState(ctx context.Context, tx *sql.Tx, c *chain) error {
	var state []byte
	err := tx.QueryRowContext(ctx, db.q(`SELECT state FROM lanes WHERE id = $1`), c.row).Scan(&state)
	if err != nil {
		return fmt.Errorf("verify the audit log of lane %s: %w", c.head.Lane, err)
	}
	want := c.digest
	if c.head.Seq == 0 {
		if want, err = StateDigest(queue.Lane{Branch: c.head.Lane.Branch}); err != nil {
			return fmt.Errorf("verify the audit log of lane %s: %w", c.head.Lane, err)
		}
	}
	if digest(state) != want {
		return &BrokenLinkError{Lane: c.head.Lane, Seq: c.head.Seq, What: "the lane's state was changed without a step"}
	}
	return nil
}
