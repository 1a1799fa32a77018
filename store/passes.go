package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
)

// PassedCheck is a required check that passed on a head of a branch.
type PassedCheck struct {
	SHA         string
	Requirement string // its id in the contract
}

// PutPasses replaces what passed on a head, as PutFailures does what failed. At most 500 are taken.
func (db *DB) PutPasses(ctx context.Context, repo int64, ref, sha string, passed []string) error {
	if err := passable(ref, sha, passed); err != nil {
		return fmt.Errorf("put the passes on %.100s of %.200q: %w", sha, ref, err)
	}
	passed = slices.Compact(slices.Sorted(slices.Values(passed)))
	known, err := db.passes(ctx, `SELECT sha, requirement FROM passed_checks WHERE repo = $1 AND ref = $2 AND sha = $3 ORDER BY requirement`, repo, ref, sha)
	same := err == nil && slices.EqualFunc(known, passed, func(k PassedCheck, p string) bool { return k.Requirement == p })
	if err == nil && !same {
		err = db.tx(ctx, func(tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, db.q(`DELETE FROM passed_checks WHERE repo = $1 AND ref = $2 AND sha = $3`), repo, ref, sha)
			if err != nil {
				return err
			}
			in := inserter{table: "passed_checks", columns: []string{"repo", "ref", "sha", "requirement", "seen_at"}, suffix: `ON CONFLICT DO NOTHING`}
			for _, p := range passed {
				in.add(repo, ref, sha, p, db.now())
			}
			return in.exec(ctx, db, tx)
		})
	}
	if err != nil {
		return fmt.Errorf("put the passes on %.100s of %.200q: %w", sha, ref, err)
	}
	return nil
}

func passable(ref, sha string, passed []string) error {
	if err := storable("branch", ref, "head", sha); err != nil {
		return err
	}
	if len(passed) > maxFailedChecks {
		return fmt.Errorf("%d passes are more than %d", len(passed), maxFailedChecks)
	}
	for _, p := range passed {
		if err := storable("requirement", p); err != nil {
			return err
		}
	}
	return nil
}

// Passes reads what passed on the newest 50 heads of a branch.
func (db *DB) Passes(ctx context.Context, repo int64, ref string) ([]PassedCheck, error) {
	if storable("branch", ref) != nil {
		return nil, nil
	}
	passed, err := db.passes(ctx, `SELECT sha, requirement FROM passed_checks WHERE repo = $1 AND ref = $2 AND sha IN (`+newestHeads+`)
		ORDER BY sha, requirement`, repo, ref, pastHeads)
	if err != nil {
		return nil, fmt.Errorf("read the passes of %s: %w", ref, err)
	}
	return passed, nil
}

func (db *DB) passes(ctx context.Context, query string, args ...any) ([]PassedCheck, error) {
	rows, err := db.r.QueryContext(ctx, db.q(query), args...)
	if err != nil {
		return nil, err
	}
	return collect(rows, func(p *PassedCheck) error { return rows.Scan(&p.SHA, &p.Requirement) })
}
