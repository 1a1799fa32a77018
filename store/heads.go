package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"
)

const (
	pastHeads       = 50  // how many heads Past goes back
	maxFailedChecks = 500 // of one head
)

// Head is a commit that a branch was judged at.
type Head struct {
	SHA     string
	FirstAt time.Time // when it was first the head
	LastAt  time.Time // when it last became the head
}

// FailedCheck is a required check that failed on a head of a branch.
type FailedCheck struct {
	SHA         string // the head; PutFailures sets it
	Requirement string // its id in the contract
	Signature   string // of the failure
	PR          int
	URL         string    // where to read about it
	At          time.Time // when it was first seen on this head
}

// UnstorableError says that a text which rows are found by cannot be stored as
// it is: it is empty, too long, or holds NUL or broken UTF-8. Nothing of the
// call was stored.
type UnstorableError struct{ What, Text string }

func (e *UnstorableError) Error() string {
	return fmt.Sprintf("%s %.100q cannot be stored: it is empty, too long, or holds NUL or broken UTF-8", e.What, e.Text)
}

// storable refuses texts that would not be found again. They come in pairs of
// what a text is, and the text.
func storable(pairs ...string) error {
	for i := 0; i < len(pairs); i += 2 {
		if what, text := pairs[i], pairs[i+1]; text == "" || clean(text, maxText) != text {
			return &UnstorableError{What: what, Text: text}
		}
	}
	return nil
}

// PutHead records that a branch is judged at sha. Heads belong to the branch,
// in full (refs/heads/…): they survive pull requests, force-pushes and closing.
//
// A head counts once, however often it returns. One that returns after another
// is the newest again, and keeps when it was first seen.
func (db *DB) PutHead(ctx context.Context, repo int64, ref, sha string, at time.Time) error {
	err := storable("branch", ref, "head", sha)
	if err == nil {
		_, err = db.w.ExecContext(ctx, db.q(`INSERT INTO heads (repo, ref, sha, n, first_at, last_at)
			SELECT CAST($1 AS BIGINT), CAST($2 AS TEXT), CAST($3 AS TEXT), coalesce(max(n), 0) + 1, CAST($4 AS BIGINT), CAST($4 AS BIGINT)
				FROM heads WHERE repo = $1 AND ref = $2
			ON CONFLICT (repo, ref, sha) DO UPDATE SET n = excluded.n, last_at = excluded.last_at WHERE heads.n < excluded.n - 1`),
			repo, ref, sha, micros(at))
	}
	if err != nil {
		return fmt.Errorf("put head %.100s of %.200q: %w", sha, ref, err)
	}
	return nil
}

// HeadSince tells when sha was first seen as a head of the branch; false: it
// never was, or so long ago that it was pruned.
func (db *DB) HeadSince(ctx context.Context, repo int64, ref, sha string) (time.Time, bool, error) {
	if storable("branch", ref, "head", sha) != nil {
		return time.Time{}, false, nil
	}
	var at int64
	err := db.r.QueryRowContext(ctx, db.q(`SELECT first_at FROM heads WHERE repo = $1 AND ref = $2 AND sha = $3`), repo, ref, sha).Scan(&at)
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, false, nil
	}
	if err != nil {
		return time.Time{}, false, fmt.Errorf("read since when %s is a head of %s: %w", sha, ref, err)
	}
	return timeOf(at), true, nil
}

// PutFailures replaces what failed on a head. A failure of the same requirement
// and signature keeps when it was first seen. At most 500 are taken.
func (db *DB) PutFailures(ctx context.Context, repo int64, ref, sha string, failed []FailedCheck) error {
	err := storable("branch", ref, "head", sha)
	if len(failed) > maxFailedChecks {
		err = errors.Join(err, fmt.Errorf("%d failures are more than %d", len(failed), maxFailedChecks))
	}
	for _, f := range failed {
		err = errors.Join(err, storable("requirement", f.Requirement, "signature", f.Signature))
	}
	if err == nil {
		err = db.tx(ctx, func(tx *sql.Tx) error { return db.replaceFailures(ctx, tx, Head{SHA: sha}, place{repo, ref}, failed) })
	}
	if err != nil {
		return fmt.Errorf("put the failures on %.100s of %.200q: %w", sha, ref, err)
	}
	return nil
}

// place is a branch.
type place struct {
	repo int64
	ref  string
}

const selectFailures = `SELECT sha, requirement, signature, pr, url, seen_at FROM failed_checks WHERE repo = $1 AND ref = $2 `

func (db *DB) replaceFailures(ctx context.Context, tx *sql.Tx, head Head, on place, failed []FailedCheck) error {
	rows, err := tx.QueryContext(ctx, db.q(selectFailures+`AND sha = $3`), on.repo, on.ref, head.SHA)
	if err != nil {
		return err
	}
	known, err := collect(rows, func(f *FailedCheck) error { return f.scan(rows) })
	if err != nil {
		return err
	}
	for _, k := range known {
		if !slices.ContainsFunc(failed, k.same) {
			_, err := tx.ExecContext(ctx, db.q(`DELETE FROM failed_checks WHERE repo = $1 AND ref = $2 AND sha = $3 AND requirement = $4 AND signature = $5`),
				on.repo, on.ref, head.SHA, k.Requirement, k.Signature)
			if err != nil {
				return err
			}
		}
	}
	in := inserter{table: "failed_checks", columns: []string{"repo", "ref", "sha", "requirement", "signature", "pr", "url", "seen_at"},
		suffix: `ON CONFLICT (repo, ref, sha, requirement, signature) DO UPDATE SET pr = excluded.pr, url = excluded.url
			WHERE failed_checks.pr <> excluded.pr OR failed_checks.url <> excluded.url`}
	for _, f := range distinctFailures(failed) {
		in.add(on.repo, on.ref, head.SHA, f.Requirement, f.Signature, f.PR, clean(f.URL, maxText), micros(f.At))
	}
	return in.exec(ctx, db, tx)
}

func (f *FailedCheck) scan(rows *sql.Rows) error {
	var at int64
	err := rows.Scan(&f.SHA, &f.Requirement, &f.Signature, &f.PR, &f.URL, &at)
	f.At = timeOf(at)
	return err
}

func (f FailedCheck) same(g FailedCheck) bool {
	return f.Requirement == g.Requirement && f.Signature == g.Signature
}

func compareFailures(a, b FailedCheck) int {
	return cmp.Or(cmp.Compare(a.Requirement, b.Requirement), cmp.Compare(a.Signature, b.Signature))
}

// distinctFailures are sorted by their key, each once: the last one given.
func distinctFailures(failed []FailedCheck) []FailedCheck {
	sorted := slices.Clone(failed)
	slices.Reverse(sorted)
	slices.SortStableFunc(sorted, compareFailures)
	return slices.CompactFunc(sorted, FailedCheck.same)
}

// newestHeads selects the heads that Past goes back to: the newest, and the newest at which something was decided. Otherwise
// failures would be forgotten after enough pushes.
const newestHeads = `SELECT sha FROM (SELECT sha FROM heads WHERE repo = $1 AND ref = $2 ORDER BY n DESC, first_at DESC, sha LIMIT $3) AS newest
	UNION SELECT sha FROM (SELECT sha FROM heads WHERE repo = $1 AND ref = $2 AND (
		EXISTS (SELECT 1 FROM failed_checks f WHERE f.repo = heads.repo AND f.ref = heads.ref AND f.sha = heads.sha) OR
		EXISTS (SELECT 1 FROM passed_checks p WHERE p.repo = heads.repo AND p.ref = heads.ref AND p.sha = heads.sha))
		ORDER BY n DESC, first_at DESC, sha LIMIT $3) AS decided`

// Past reads the newest 50 heads of a branch and the newest 50 at which a check
// failed or passed, all newest first, and what failed on
// them, in the order of the heads.
func (db *DB) Past(ctx context.Context, repo int64, ref string) ([]Head, []FailedCheck, error) {
	if storable("branch", ref) != nil {
		return nil, nil, nil
	}
	rows, err := db.r.QueryContext(ctx, db.q(`SELECT sha, first_at, last_at FROM heads WHERE repo = $1 AND ref = $2
		AND sha IN (`+newestHeads+`) ORDER BY n DESC, first_at DESC, sha`), repo, ref, pastHeads)
	if err != nil {
		return nil, nil, fmt.Errorf("read the heads of %s: %w", ref, err)
	}
	heads, err := collect(rows, func(h *Head) error {
		var first, last int64
		err := rows.Scan(&h.SHA, &first, &last)
		h.FirstAt, h.LastAt = timeOf(first), timeOf(last)
		return err
	})
	if err != nil {
		return nil, nil, fmt.Errorf("read the heads of %s: %w", ref, err)
	}
	rows, err = db.r.QueryContext(ctx, db.q(selectFailures+`AND sha IN (`+newestHeads+`)`), repo, ref, pastHeads)
	if err != nil {
		return nil, nil, fmt.Errorf("read the failures of %s: %w", ref, err)
	}
	failed, err := collect(rows, func(f *FailedCheck) error { return f.scan(rows) })
	if err != nil {
		return nil, nil, fmt.Errorf("read the failures of %s: %w", ref, err)
	}
	order := map[string]int{}
	for i, h := range heads {
		order[h.SHA] = i
	}
	slices.SortFunc(failed, func(a, b FailedCheck) int {
		return cmp.Or(cmp.Compare(order[a.SHA], order[b.SHA]), compareFailures(a, b))
	})
	return heads, failed, nil
}
