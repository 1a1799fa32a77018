package store

import (
	"context"
	"fmt"
)

// PutSurroundings records a digest of what a pull request's neighbors look at,
// and tells whether it is another than before. A pull request that is not known
// has an empty one. ForgetPull removes it, so that what was closed and opened
// again is new.
func (db *DB) PutSurroundings(ctx context.Context, k Key, digest string) (changed bool, err error) {
	query := `DELETE FROM surroundings WHERE repo = $1 AND pr = $2`
	args := []any{k.Repo, k.PR}
	if digest != "" {
		in := inserter{table: "surroundings", columns: []string{"repo", "pr", "digest", "put_at"},
			suffix: `ON CONFLICT (repo, pr) DO UPDATE SET digest = excluded.digest, put_at = excluded.put_at WHERE surroundings.digest <> excluded.digest`}
		in.add(k.Repo, k.PR, clean(digest, maxName), db.now())
		query, args = in.statement(1), in.args
	}
	result, err := db.w.ExecContext(ctx, db.q(query), args...)
	var n int64
	if err == nil {
		n, err = result.RowsAffected()
	}
	if err != nil {
		return false, fmt.Errorf("put the surroundings of %d/%d: %w", k.Repo, k.PR, err)
	}
	return n > 0, nil
}
