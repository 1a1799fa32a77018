package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Pull is an open pull request as it was last judged. It is kept so that pull requests which share a head find each other,
// and a push finds those it concerns; it is a hint, and whoever uses it reads the pull request again.
type Pull struct {
	Repo   int64
	Number int
	SHA    string // of its head
	Base   string // the branch it would land on
	Head   string // the branch it comes from; "" when that is another repository's
}

// PutPull records an open pull request and returns the head that was known before, or "".
func (db *DB) PutPull(ctx context.Context, p Pull) (before string, err error) {
	p.SHA, p.Base, p.Head = clean(p.SHA, maxName), clean(p.Base, maxText), clean(p.Head, maxText)
	err = db.tx(ctx, func(tx *sql.Tx) error {
		known := Pull{Repo: p.Repo, Number: p.Number}
		err := tx.QueryRowContext(ctx, db.q(`SELECT sha, base, head FROM pulls WHERE repo = $1 AND number = $2`+db.forUpdate()), p.Repo, p.Number).
			Scan(&known.SHA, &known.Base, &known.Head)
		before = known.SHA
		if err != nil && !errors.Is(err, sql.ErrNoRows) || known == p {
			return err
		}
		in := inserter{table: "pulls", columns: []string{"repo", "number", "sha", "base", "head"},
			suffix: `ON CONFLICT (repo, number) DO UPDATE SET sha = excluded.sha, base = excluded.base, head = excluded.head`}
		in.add(p.Repo, p.Number, p.SHA, p.Base, p.Head)
		return in.exec(ctx, db, tx)
	})
	if err != nil {
		return "", fmt.Errorf("put the head of pull request %d/%d: %w", p.Repo, p.Number, err)
	}
	return before, nil
}

// ForgetPull removes a pull request that is no longer open and returns the head that was known, or "".
// Its approvals, comments and interventions stay, because it may be opened again.
func (db *DB) ForgetPull(ctx context.Context, repo int64, number int) (before string, err error) {
	err = db.tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, db.q(`DELETE FROM surroundings WHERE repo = $1 AND pr = $2`), repo, number); err != nil {
			return err
		}
		err := tx.QueryRowContext(ctx, db.q(`DELETE FROM pulls WHERE repo = $1 AND number = $2 RETURNING sha`), repo, number).Scan(&before)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	})
	if err != nil {
		return "", fmt.Errorf("forget pull request %d/%d: %w", repo, number, err)
	}
	return before, nil
}

// Pulls lists the pull requests of a repository that are believed open, by number.
func (db *DB) Pulls(ctx context.Context, repo int64) ([]int, error) {
	return db.numbers(ctx, `SELECT number FROM pulls WHERE repo = $1 ORDER BY number`, repo)
}

// PullsOn lists those that a branch concerns, from or onto which they are, by number.
func (db *DB) PullsOn(ctx context.Context, repo int64, branch string) ([]int, error) {
	return db.numbers(ctx, `SELECT number FROM pulls WHERE repo = $1 AND (base = $2 OR head = $2) AND $2 <> '' ORDER BY number`, repo, clean(branch, maxText))
}

// PullsAt lists those last seen at a head, by number.
func (db *DB) PullsAt(ctx context.Context, repo int64, sha string) ([]int, error) {
	return db.numbers(ctx, `SELECT number FROM pulls WHERE repo = $1 AND sha = $2 ORDER BY number`, repo, sha)
}

func (db *DB) numbers(ctx context.Context, query string, args ...any) ([]int, error) {
	rows, err := db.r.QueryContext(ctx, db.q(query), args...)
	if err != nil {
		return nil, fmt.Errorf("list pull requests: %w", err)
	}
	return collect(rows, func(n *int) error { return rows.Scan(n) })
}
