package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"
)

// Approval is an approval as it was first seen.
type Approval struct {
	Source   string // what gave it, such as "review 17" or "comment 4"
	Subject  string // the class or interface
	Contents string // digest of what was approved
	Contract string // digest of the contract it was given under
	UserID   int64
	Login    string    // at that time; shown, never compared
	At       time.Time // when it was given, as GitHub says
}

// RecordApprovals keeps those approvals that are not known yet, by source and
// subject. One that is known stays as it is: what it was given for never
// changes, whatever the pull request holds when it is read again. It stays when
// the pull request is closed, because that may be opened again.
//
// An approval given longer ago than Options.RetainHistory is not recorded: its
// row may have been pruned, and what it was given for is not known any more.
func (db *DB) RecordApprovals(ctx context.Context, repo int64, pr int, approvals []Approval) error {
	in := inserter{table: "approvals", columns: []string{"repo", "pr", "source", "subject", "contents", "contract", "user_id", "login", "given_at"},
		suffix: `ON CONFLICT (repo, pr, source, subject) DO NOTHING`}
	sorted := slices.Clone(approvals)
	slices.SortStableFunc(sorted, func(a, b Approval) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Subject, b.Subject))
	})
	for _, a := range sorted {
		if err := storable("source", a.Source, "subject", a.Subject, "contents", a.Contents, "contract", a.Contract); err != nil {
			return fmt.Errorf("record approvals of %d/%d: %w", repo, pr, err)
		}
		if micros(a.At) >= db.before(db.o.RetainHistory) {
			in.add(repo, pr, a.Source, a.Subject, a.Contents, a.Contract, a.UserID, clean(a.Login, maxName), micros(a.At))
		}
	}
	if err := db.tx(ctx, func(tx *sql.Tx) error { return in.exec(ctx, db, tx) }); err != nil {
		return fmt.Errorf("record approvals of %d/%d: %w", repo, pr, err)
	}
	return nil
}

// Approvals reads the approvals of a pull request as they were first seen,
// oldest first.
func (db *DB) Approvals(ctx context.Context, repo int64, pr int) ([]Approval, error) {
	rows, err := db.r.QueryContext(ctx, db.q(`SELECT source, subject, contents, contract, user_id, login, given_at FROM approvals
		WHERE repo = $1 AND pr = $2 ORDER BY given_at, source, subject`), repo, pr)
	if err != nil {
		return nil, fmt.Errorf("read approvals of %d/%d: %w", repo, pr, err)
	}
	return collect(rows, func(a *Approval) error {
		var at int64
		err := rows.Scan(&a.Source, &a.Subject, &a.Contents, &a.Contract, &a.UserID, &a.Login, &at)
		a.At = timeOf(at)
		return err
	})
}
