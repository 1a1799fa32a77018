package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Comment is a comment on a pull request, and the head it was read at.
type Comment struct {
	ID      int64
	Head    string
	Written time.Time // as GitHub says
}

// SeenComment binds a comment to the head at which it was first read, and
// returns that head: a command that names no commit means this one, whatever
// is pushed later. It stays bound when the pull request is closed, because that
// may be opened again.
//
// A comment that is not known and was written longer ago than
// Options.RetainHistory is bound to nothing, and the head is "": its row may
// have been pruned.
func (db *DB) SeenComment(ctx context.Context, k Key, c Comment) (head string, err error) {
	if err := storable("head", c.Head); err != nil {
		return "", fmt.Errorf("note comment %d of %d/%d: %w", c.ID, k.Repo, k.PR, err)
	}
	in := inserter{table: "comments", columns: []string{"repo", "comment", "pr", "head", "written_at"}, suffix: `ON CONFLICT (repo, comment) DO NOTHING`}
	in.add(k.Repo, c.ID, k.PR, c.Head, micros(c.Written))
	err = db.tx(ctx, func(tx *sql.Tx) error {
		if micros(c.Written) >= db.before(db.o.RetainHistory) {
			if err := in.exec(ctx, db, tx); err != nil {
				return err
			}
		}
		return tx.QueryRowContext(ctx, db.q(`SELECT head FROM comments WHERE repo = $1 AND comment = $2 AND pr = $3`), k.Repo, c.ID, k.PR).Scan(&head)
	})
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("note comment %d of %d/%d: %w", c.ID, k.Repo, k.PR, err)
	}
	return head, nil
}

// CommentHeads tells at which head each known comment of a pull request was
// first read.
func (db *DB) CommentHeads(ctx context.Context, k Key) (map[int64]string, error) {
	rows, err := db.r.QueryContext(ctx, db.q(`SELECT comment, head FROM comments WHERE repo = $1 AND pr = $2`), k.Repo, k.PR)
	if err != nil {
		return nil, fmt.Errorf("read the heads of comments of %d/%d: %w", k.Repo, k.PR, err)
	}
	all, err := collect(rows, func(c *Comment) error { return rows.Scan(&c.ID, &c.Head) })
	if err != nil {
		return nil, fmt.Errorf("read the heads of comments of %d/%d: %w", k.Repo, k.PR, err)
	}
	heads := map[int64]string{}
	for _, c := range all {
		heads[c.ID] = c.Head
	}
	return heads, nil
}

// PutAnswer records that a comment was answered, after it was; true: for the
// first time. A crash in between repeats the answer, which must do no harm.
func (db *DB) PutAnswer(ctx context.Context, k Key, comment int64) (first bool, err error) {
	in := inserter{table: "answers", columns: []string{"repo", "comment", "pr", "answered_at"}, suffix: `ON CONFLICT (repo, comment) DO NOTHING`}
	in.add(k.Repo, comment, k.PR, db.now())
	result, err := db.w.ExecContext(ctx, db.q(in.statement(1)), in.args...)
	var n int64
	if err == nil {
		n, err = result.RowsAffected()
	}
	if err != nil {
		return false, fmt.Errorf("note the answer to comment %d of %d/%d: %w", comment, k.Repo, k.PR, err)
	}
	return n > 0, nil
}

// Answers tells which comments of a pull request were answered.
func (db *DB) Answers(ctx context.Context, k Key) (map[int64]bool, error) {
	rows, err := db.r.QueryContext(ctx, db.q(`SELECT comment FROM answers WHERE repo = $1 AND pr = $2`), k.Repo, k.PR)
	if err != nil {
		return nil, fmt.Errorf("read the answers of %d/%d: %w", k.Repo, k.PR, err)
	}
	ids, err := collect(rows, func(id *int64) error { return rows.Scan(id) })
	if err != nil {
		return nil, fmt.Errorf("read the answers of %d/%d: %w", k.Repo, k.PR, err)
	}
	answered := map[int64]bool{}
	for _, id := range ids {
		answered[id] = true
	}
	return answered, nil
}
