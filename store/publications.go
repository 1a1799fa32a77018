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

// thing is the publication's place among what is put on GitHub.
func (p Publication) thing() thing {
	return thing{table: "publications", of: "sha", id: "check_run", repo: p.Repo, on: p.SHA, name: p.Name}
}

// Intend writes down, before a check run is created, that k's handler is about
// to: a crash in between is then known as IntentUnconfirmed. p names it by
// Repo, SHA and Name. The Publication returned is the one stored before.
//
// Two keys can share a commit. IntentBusy keeps the second from creating the
// same check run while the first does; it ends with the first one's handler,
// however that ends.
func (db *DB) Intend(ctx context.Context, k Key, p Publication) (Publication, Intent, error) {
	known, intent, err := db.intend(ctx, p.thing(), k.PR)
	if err != nil {
		return Publication{}, 0, fmt.Errorf("note the intent to publish %s on %s: %w", p.Name, p.SHA, err)
	}
	p.CheckRun, p.Digest, p.At = known.id, known.digest, known.at
	return p, intent, nil
}

// PutPublication writes down what GitHub confirmed: the check run's id, and
// what it now shows.
func (db *DB) PutPublication(ctx context.Context, p Publication) error {
	if err := db.confirm(ctx, p.thing(), confirmed{id: p.CheckRun, digest: p.Digest}); err != nil {
		return fmt.Errorf("put publication %s on %s: %w", p.Name, p.SHA, err)
	}
	return nil
}

// ForgetPublication removes what is known of a check run, for instance when
// GitHub says that it does not exist.
func (db *DB) ForgetPublication(ctx context.Context, repo int64, sha, name string) error {
	if err := db.unknow(ctx, Publication{Repo: repo, SHA: sha, Name: name}.thing()); err != nil {
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
