package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// maxReport is the longest report that is kept, in bytes.
const maxReport = 1 << 20

// PutReport keeps what a pull request's head was judged by when it was in
// order, in whatever form the caller gives it: the offer shows it long after the
// pull request was closed. The newest for a head replaces the one before. A
// report of more than 1 MiB is an error, and changes nothing.
func (db *DB) PutReport(ctx context.Context, k Key, sha string, report []byte) error {
	err := storable("head", sha)
	if err == nil && len(report) > maxReport {
		err = fmt.Errorf("%d bytes are more than %d", len(report), maxReport)
	}
	if err == nil {
		in := inserter{table: "reports", columns: []string{"repo", "pr", "sha", "body", "put_at"},
			suffix: `ON CONFLICT (repo, pr, sha) DO UPDATE SET body = excluded.body, put_at = excluded.put_at WHERE reports.body <> excluded.body`}
		in.add(k.Repo, k.PR, sha, report, db.now())
		_, err = db.w.ExecContext(ctx, db.q(in.statement(1)), in.args...)
	}
	if err != nil {
		return fmt.Errorf("put the report on %.100s of %d/%d: %w", sha, k.Repo, k.PR, err)
	}
	return nil
}

// Report reads what PutReport kept; false: nothing, or no longer.
func (db *DB) Report(ctx context.Context, k Key, sha string) (report []byte, known bool, err error) {
	if storable("head", sha) != nil {
		return nil, false, nil
	}
	err = db.r.QueryRowContext(ctx, db.q(`SELECT body FROM reports WHERE repo = $1 AND pr = $2 AND sha = $3`), k.Repo, k.PR, sha).Scan(&report)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("read the report on %.100s of %d/%d: %w", sha, k.Repo, k.PR, err)
	}
	return report, true, nil
}
