package store

import (
	"context"
	"fmt"
)

// PutRequested records that a reviewer ("@login" or "@org/team") was requested, after it was done. A crash in between
// repeats the request, which must do no harm.
func (db *DB) PutRequested(ctx context.Context, k Key, reviewer string) error {
	err := storable("reviewer", reviewer)
	if err == nil {
		in := inserter{table: "requests", columns: []string{"repo", "pr", "reviewer", "requested_at"}, suffix: `ON CONFLICT (repo, pr, reviewer) DO NOTHING`}
		in.add(k.Repo, k.PR, reviewer, db.now())
		_, err = db.w.ExecContext(ctx, db.q(in.statement(1)), in.args...)
	}
	if err != nil {
		return fmt.Errorf("note that %.100q was requested for %d/%d: %w", reviewer, k.Repo, k.PR, err)
	}
	return nil
}

// Requested tells who was requested for a pull request.
func (db *DB) Requested(ctx context.Context, k Key) (map[string]bool, error) {
	rows, err := db.r.QueryContext(ctx, db.q(`SELECT reviewer FROM requests WHERE repo = $1 AND pr = $2`), k.Repo, k.PR)
	if err != nil {
		return nil, fmt.Errorf("read who was requested for %d/%d: %w", k.Repo, k.PR, err)
	}
	names, err := collect(rows, func(name *string) error { return rows.Scan(name) })
	if err != nil {
		return nil, fmt.Errorf("read who was requested for %d/%d: %w", k.Repo, k.PR, err)
	}
	requested := map[string]bool{}
	for _, name := range names {
		requested[name] = true
	}
	return requested, nil
}
