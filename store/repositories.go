package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Repository is one that the App was seen to be installed on. It is what the
// sweep goes through, and which installation a repository is known to belong to.
type Repository struct {
	ID            int64
	Installation  int64
	FullName      string // "owner/name"
	DefaultBranch string // "" if not known yet
	SeenAt        time.Time
}

// PutRepository records what was seen at GitHub. An empty DefaultBranch keeps
// the one that is known.
func (db *DB) PutRepository(ctx context.Context, r Repository) error {
	if r.SeenAt.IsZero() {
		r.SeenAt = db.o.Now()
	}
	in := inserter{table: "repositories", columns: []string{"id", "installation", "full_name", "default_branch", "seen_at"},
		suffix: `ON CONFLICT (id) DO UPDATE SET installation = excluded.installation, full_name = excluded.full_name, seen_at = excluded.seen_at,
			default_branch = CASE WHEN excluded.default_branch = '' THEN repositories.default_branch ELSE excluded.default_branch END`}
	in.add(r.ID, r.Installation, clean(r.FullName, maxName), clean(r.DefaultBranch, maxName), micros(r.SeenAt))
	if _, err := db.w.ExecContext(ctx, db.q(in.statement(1)), in.args...); err != nil {
		return fmt.Errorf("put repository %d (%s): %w", r.ID, r.FullName, err)
	}
	return nil
}

const selectRepository = `SELECT id, installation, full_name, default_branch, seen_at FROM repositories `

func (r *Repository) scan(row interface{ Scan(...any) error }) error {
	var at int64
	err := row.Scan(&r.ID, &r.Installation, &r.FullName, &r.DefaultBranch, &at)
	r.SeenAt = timeOf(at)
	return err
}

// Repository reads one; false: never seen, or forgotten.
func (db *DB) Repository(ctx context.Context, id int64) (Repository, bool, error) {
	var r Repository
	err := r.scan(db.r.QueryRowContext(ctx, db.q(selectRepository+`WHERE id = $1`), id))
	if errors.Is(err, sql.ErrNoRows) {
		return Repository{}, false, nil
	}
	if err != nil {
		return Repository{}, false, fmt.Errorf("read repository %d: %w", id, err)
	}
	return r, true, nil
}

// Repositories lists all, by id.
func (db *DB) Repositories(ctx context.Context) ([]Repository, error) {
	rows, err := db.r.QueryContext(ctx, selectRepository+`ORDER BY id`)
	if err != nil {
		return nil, fmt.Errorf("list repositories: %w", err)
	}
	return collect(rows, func(r *Repository) error { return r.scan(rows) })
}

// ForgetRepository removes a repository and everything kept about it: the App
// was taken off it, or it was deleted. A handler that runs for it finishes.
func (db *DB) ForgetRepository(ctx context.Context, id int64) error {
	err := db.tx(ctx, func(tx *sql.Tx) error {
		// The mailboxes' rows stay, locked after the lanes as everywhere; a job that
		// finds its mailbox empty ends by itself, and Prune removes them.
		for _, q := range []string{
			`SELECT id FROM lanes WHERE repo = $1 ORDER BY id` + db.forUpdate(),
			`UPDATE mailboxes SET retry_at = 0, failures = 0, last_error = '' WHERE (repo, pr) IN (
				SELECT repo, pr FROM mailboxes WHERE repo = $1 ORDER BY repo, pr` + db.forUpdate() + `)`,
			`DELETE FROM notices WHERE repo = $1`,
			`DELETE FROM publications WHERE repo = $1`,
			`DELETE FROM posted_comments WHERE repo = $1`,
			`DELETE FROM pushers WHERE repo = $1`,
			`DELETE FROM pulls WHERE repo = $1`,
			`DELETE FROM heads WHERE repo = $1`,
			`DELETE FROM failed_checks WHERE repo = $1`,
			`DELETE FROM passed_checks WHERE repo = $1`,
			`DELETE FROM approvals WHERE repo = $1`,
			`DELETE FROM interventions WHERE repo = $1`,
			`DELETE FROM comments WHERE repo = $1`,
			`DELETE FROM answers WHERE repo = $1`,
			`DELETE FROM requests WHERE repo = $1`,
			`DELETE FROM branch_pushers WHERE repo = $1`,
			`DELETE FROM reports WHERE repo = $1`,
			`DELETE FROM surroundings WHERE repo = $1`,
			`DELETE FROM effects WHERE lane IN (SELECT id FROM lanes WHERE repo = $1)`,
			`DELETE FROM audit WHERE lane IN (SELECT id FROM lanes WHERE repo = $1)`,
			`DELETE FROM lane_records WHERE lane IN (SELECT id FROM lanes WHERE repo = $1)`,
			`DELETE FROM lanes WHERE repo = $1`,
			`DELETE FROM repositories WHERE id = $1`,
		} {
			if _, err := tx.ExecContext(ctx, db.q(q), id); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("forget repository %d: %w", id, err)
	}
	return nil
}

// forUpdate locks what a SELECT reads, in its order. SQLite has one writer.
func (db *DB) forUpdate() string {
	if db.dialect == postgres {
		return ` FOR UPDATE`
	}
	return ""
}

// ForgetInstallation forgets all repositories of an installation, one
// transaction each.
func (db *DB) ForgetInstallation(ctx context.Context, installation int64) error {
	rows, err := db.r.QueryContext(ctx, db.q(`SELECT id FROM repositories WHERE installation = $1 ORDER BY id`), installation)
	if err != nil {
		return fmt.Errorf("forget installation %d: %w", installation, err)
	}
	ids, err := collect(rows, func(id *int64) error { return rows.Scan(id) })
	if err != nil {
		return fmt.Errorf("forget installation %d: %w", installation, err)
	}
	for _, id := range ids {
		if err := db.ForgetRepository(ctx, id); err != nil {
			return err
		}
	}
	return nil
}
