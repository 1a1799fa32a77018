package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Publication is a check run that the App put on a commit, or is about to.
type Publication struct {
	Repo      int64
	SHA, Name string
	CheckRun  int64     // GitHub's id of it; 0: not known to be there
	Digest    string    // of the document it shows
	At        time.Time // of the last change
}

// Intent is the answer of Intend.
type Intent int

// What Intend found.
const (
	// IntentFresh: nobody has tried before. Create it.
	IntentFresh Intent = iota
	// IntentUnconfirmed: an earlier attempt began and never said how it ended.
	// The check run may exist: look at GitHub before creating it.
	IntentUnconfirmed
	// IntentBusy: another key's handler is creating it right now. Come back later.
	IntentBusy
	// IntentDone: it is there. CheckRun and Digest tell what.
	IntentDone
)

// String names the intent.
func (i Intent) String() string {
	return [...]string{"fresh", "unconfirmed", "busy", "done"}[i]
}

// Intend writes down, before a check run is created, that k's handler is about
// to: a crash in between is then known as IntentUnconfirmed. p names it by
// Repo, SHA and Name. The Publication returned is the one stored before.
//
// Two keys can share a commit. IntentBusy keeps the second from creating the
// same check run while the first does; it ends with the first one's handler,
// however that ends.
func (db *DB) Intend(ctx context.Context, k Key, p Publication) (Publication, Intent, error) {
	p.Digest, p.CheckRun = "", 0
	known, intent := p, IntentFresh
	err := db.tx(ctx, func(tx *sql.Tx) error {
		in := inserter{table: "publications", columns: []string{"repo", "sha", "name", "check_run", "digest", "intent_pr", "put_at"},
			suffix: `ON CONFLICT (repo, sha, name) DO NOTHING`}
		in.add(p.Repo, p.SHA, p.Name, 0, "", k.PR, db.now())
		result, err := tx.ExecContext(ctx, db.q(in.statement(1)), in.args...)
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n > 0 {
			return err
		}
		known, intent, err = db.intended(ctx, tx, k, p)
		return err
	})
	if err != nil {
		return Publication{}, 0, fmt.Errorf("note the intent to publish %s on %s: %w", p.Name, p.SHA, err)
	}
	return known, intent, nil
}

// intended reads a publication that is there already and takes it over for k
// where nobody is at it.
func (db *DB) intended(ctx context.Context, tx *sql.Tx, k Key, p Publication) (Publication, Intent, error) {
	var at int64
	var pr, busy int
	// The update locks the row, so that two keys take turns.
	err := tx.QueryRowContext(ctx, db.q(`UPDATE publications SET put_at = put_at WHERE repo = $1 AND sha = $2 AND name = $3
		RETURNING check_run, digest, intent_pr, put_at, (SELECT count(*) FROM mailboxes m
			WHERE m.repo = publications.repo AND m.pr = publications.intent_pr AND m.holder <> '')`), p.Repo, p.SHA, p.Name).
		Scan(&p.CheckRun, &p.Digest, &pr, &at, &busy)
	if err != nil {
		return p, 0, err
	}
	p.At = timeOf(at)
	if p.CheckRun != 0 {
		return p, IntentDone, nil
	}
	if pr != k.PR && busy > 0 {
		return p, IntentBusy, nil
	}
	_, err = tx.ExecContext(ctx, db.q(`UPDATE publications SET intent_pr = $4, put_at = $5 WHERE repo = $1 AND sha = $2 AND name = $3`),
		p.Repo, p.SHA, p.Name, k.PR, db.now())
	return p, IntentUnconfirmed, err
}

// PutPublication writes down what GitHub confirmed: the check run's id, and
// what it now shows.
func (db *DB) PutPublication(ctx context.Context, p Publication) error {
	if p.CheckRun == 0 {
		return fmt.Errorf("put publication %s on %s: without the check run's id nothing is confirmed", p.Name, p.SHA)
	}
	in := inserter{table: "publications", columns: []string{"repo", "sha", "name", "check_run", "digest", "intent_pr", "put_at"},
		suffix: `ON CONFLICT (repo, sha, name) DO UPDATE SET check_run = excluded.check_run, digest = excluded.digest, put_at = excluded.put_at`}
	in.add(p.Repo, p.SHA, p.Name, p.CheckRun, p.Digest, 0, db.now())
	if _, err := db.w.ExecContext(ctx, db.q(in.statement(1)), in.args...); err != nil {
		return fmt.Errorf("put publication %s on %s: %w", p.Name, p.SHA, err)
	}
	return nil
}

// ForgetPublication removes what is known of a check run, for instance when
// GitHub says that it does not exist.
func (db *DB) ForgetPublication(ctx context.Context, repo int64, sha, name string) error {
	if _, err := db.w.ExecContext(ctx, db.q(`DELETE FROM publications WHERE repo = $1 AND sha = $2 AND name = $3`), repo, sha, name); err != nil {
		return fmt.Errorf("forget publication %s on %s: %w", name, sha, err)
	}
	return nil
}

// Publication reads one; false: nothing is known of it. CheckRun is 0 if only
// the intent is.
func (db *DB) Publication(ctx context.Context, repo int64, sha, name string) (Publication, bool, error) {
	p := Publication{Repo: repo, SHA: sha, Name: name}
	var at int64
	err := db.r.QueryRowContext(ctx, db.q(`SELECT check_run, digest, put_at FROM publications WHERE repo = $1 AND sha = $2 AND name = $3`), repo, sha, name).
		Scan(&p.CheckRun, &p.Digest, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return Publication{}, false, nil
	}
	if err != nil {
		return Publication{}, false, fmt.Errorf("read publication %s on %s: %w", name, sha, err)
	}
	p.At = timeOf(at)
	return p, true, nil
}

// Publications reads all of a commit, by name.
func (db *DB) Publications(ctx context.Context, repo int64, sha string) ([]Publication, error) {
	rows, err := db.r.QueryContext(ctx, db.q(`SELECT name, check_run, digest, put_at FROM publications WHERE repo = $1 AND sha = $2 ORDER BY name`), repo, sha)
	if err != nil {
		return nil, fmt.Errorf("read the publications on %s: %w", sha, err)
	}
	return collect(rows, func(p *Publication) error {
		var at int64
		p.Repo, p.SHA = repo, sha
		err := rows.Scan(&p.Name, &p.CheckRun, &p.Digest, &at)
		p.At = timeOf(at)
		return err
	})
}

// collect reads all rows into values and closes them.
func collect[T any](rows *sql.Rows, scan func(*T) error) ([]T, error) {
	defer rows.Close() //nolint:errcheck // rows.Err tells
	var all []T
	for rows.Next() {
		var one T
		if err := scan(&one); err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}
