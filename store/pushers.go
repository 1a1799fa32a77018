package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
)

func (db *DB) putPushers(ctx context.Context, tx *sql.Tx, batch []*request) error {
	type commit struct {
		repo     int64
		ref, sha string
	}
	newest := map[commit]Push{}
	for _, r := range batch {
		for _, p := range r.pushers {
			at := commit{p.Repo, p.Ref, p.SHA}
			if known, ok := newest[at]; !ok || p.At.After(known.At) {
				newest[at] = p
			}
		}
	}
	pushes := make([]Push, 0, len(newest))
	for _, p := range newest {
		pushes = append(pushes, p)
	}
	slices.SortFunc(pushes, func(a, b Push) int {
		return cmp.Or(cmp.Compare(a.Repo, b.Repo), cmp.Compare(a.Ref, b.Ref), cmp.Compare(a.SHA, b.SHA))
	})
	in := inserter{table: "pushers", columns: []string{"repo", "ref", "sha", "user_id", "login", "pushed_at"},
		suffix: `ON CONFLICT (repo, ref, sha) DO UPDATE SET user_id = excluded.user_id, login = excluded.login, pushed_at = excluded.pushed_at
			WHERE excluded.pushed_at > pushers.pushed_at`}
	for _, p := range pushes {
		in.add(p.Repo, p.Ref, p.SHA, p.UserID, p.Login, micros(p.At))
	}
	if err := in.exec(ctx, db, tx); err != nil {
		return err
	}
	return db.putBranchPushers(ctx, tx, batch)
}

// putBranchPushers keeps everybody who pushed to a branch, also those whose
// commit somebody else has pushed again.
func (db *DB) putBranchPushers(ctx context.Context, tx *sql.Tx, batch []*request) error {
	type member struct {
		place
		user int64
	}
	newest := map[member]Push{}
	for _, r := range batch {
		for _, p := range r.pushers {
			at := member{place{p.Repo, p.Ref}, p.UserID}
			if known, ok := newest[at]; !ok || p.At.After(known.At) {
				newest[at] = p
			}
		}
	}
	pushes := slices.SortedFunc(maps.Values(newest), func(a, b Push) int {
		return cmp.Or(cmp.Compare(a.Repo, b.Repo), cmp.Compare(a.Ref, b.Ref), cmp.Compare(a.UserID, b.UserID))
	})
	in := inserter{table: "branch_pushers", columns: []string{"repo", "ref", "user_id", "login", "sha", "pushed_at"},
		suffix: `ON CONFLICT (repo, ref, user_id) DO UPDATE SET login = excluded.login, sha = excluded.sha, pushed_at = excluded.pushed_at
			WHERE excluded.pushed_at > branch_pushers.pushed_at`}
	for _, p := range pushes {
		in.add(p.Repo, p.Ref, p.UserID, p.Login, p.SHA, micros(p.At))
	}
	return in.exec(ctx, db, tx)
}

// Pushers lists everybody who is known to have pushed to a branch, each with
// the last push, the newest first.
func (db *DB) Pushers(ctx context.Context, repo int64, ref string) ([]Push, error) {
	if err := storable("branch", ref); err != nil { // its pushers were never recorded: unknown, not absent
		return nil, fmt.Errorf("list who pushed: %w", err)
	}
	rows, err := db.r.QueryContext(ctx, db.q(`SELECT user_id, login, sha, pushed_at FROM branch_pushers
		WHERE repo = $1 AND ref = $2 ORDER BY pushed_at DESC, user_id`), repo, ref)
	if err != nil {
		return nil, fmt.Errorf("list who pushed to %s: %w", ref, err)
	}
	return collect(rows, func(p *Push) error {
		var at int64
		err := rows.Scan(&p.UserID, &p.Login, &p.SHA, &at)
		p.Repo, p.Ref, p.At = repo, ref, timeOf(at)
		return err
	})
}

// Pusher tells who put sha on ref last; false: nobody is known to have.
func (db *DB) Pusher(ctx context.Context, repo int64, ref, sha string) (Push, bool, error) {
	p := Push{Repo: repo, Ref: ref, SHA: sha}
	if !p.storable() {
		return Push{}, false, nil
	}
	var at int64
	err := db.r.QueryRowContext(ctx, db.q(`SELECT user_id, login, pushed_at FROM pushers WHERE repo = $1 AND ref = $2 AND sha = $3`), repo, ref, sha).
		Scan(&p.UserID, &p.Login, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return Push{}, false, nil
	}
	if err != nil {
		return Push{}, false, fmt.Errorf("read who pushed %s to %s: %w", sha, ref, err)
	}
	p.At = timeOf(at)
	return p, true, nil
}
