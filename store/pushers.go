package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
)

func (db *DB) putPushers(ctx context.Context, tx *sql.Tx, batch []*request) error {
	type place struct {
		repo     int64
		ref, sha string
	}
	newest := map[place]Push{}
	for _, r := range batch {
		for _, p := range r.pushers {
			at := place{p.Repo, p.Ref, p.SHA}
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
	return in.exec(ctx, db, tx)
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
