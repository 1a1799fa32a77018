package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Intent is what is known of a thing that is to be put on GitHub: the answer
// of Intend and IntendComment.
type Intent int

// What was found.
const (
	// IntentFresh: nobody has tried before. Create it.
	IntentFresh Intent = iota
	// IntentUnconfirmed: an earlier attempt began and never said how it ended.
	// The thing may exist: look at GitHub before creating it.
	IntentUnconfirmed
	// IntentBusy: another handler is creating it right now. Come back later.
	IntentBusy
	// IntentDone: it is there. Its id and digest tell what.
	IntentDone
)

// String names the intent.
func (i Intent) String() string {
	return [...]string{"fresh", "unconfirmed", "busy", "done"}[i]
}

// thing is what the App puts on GitHub once and changes afterwards, as a row of
// a table of its kind.
type thing struct {
	table  string
	of, id string // columns: what it is on, and GitHub's id of it
	repo   int64
	on     any
	name   string
}

// confirmed is what GitHub said of a thing; id 0: only the intent is known.
type confirmed struct {
	id     int64
	digest string
	at     time.Time
}

// inserter adds the thing's row, or does what suffix says.
func (t thing) inserter(suffix string) inserter {
	return inserter{table: t.table, columns: []string{"repo", t.of, "name", t.id, "digest", "intent_pr", "put_at"},
		suffix: "ON CONFLICT (repo, " + t.of + ", name) DO " + suffix}
}

// where finds the thing's row by the first three arguments.
func (t thing) where() string { return " WHERE repo = $1 AND " + t.of + " = $2 AND name = $3" }

// intend writes down that the handler of a mailbox of t's repository, pr, is
// about to create t. What is returned is what was stored before.
func (db *DB) intend(ctx context.Context, t thing, pr int) (known confirmed, intent Intent, err error) {
	err = db.tx(ctx, func(tx *sql.Tx) error {
		known, intent = confirmed{}, IntentFresh
		in := t.inserter("NOTHING")
		in.add(t.repo, t.on, t.name, 0, "", pr, db.now())
		result, err := tx.ExecContext(ctx, db.q(in.statement(1)), in.args...)
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n > 0 {
			return err
		}
		known, intent, err = db.intended(ctx, tx, t, pr)
		return err
	})
	return known, intent, err
}

// intended reads a thing that is there already and takes it over for pr where
// nobody is at it.
func (db *DB) intended(ctx context.Context, tx *sql.Tx, t thing, pr int) (known confirmed, _ Intent, err error) {
	var at int64
	var by, busy int
	// The update locks the row, so that two handlers take turns.
	err = tx.QueryRowContext(ctx, db.q(`UPDATE `+t.table+` SET put_at = put_at`+t.where()+` RETURNING `+t.id+`, digest, intent_pr, put_at,
		(SELECT count(*) FROM mailboxes m WHERE m.repo = `+t.table+`.repo AND m.pr = `+t.table+`.intent_pr AND m.holder <> '')`),
		t.repo, t.on, t.name).Scan(&known.id, &known.digest, &by, &at, &busy)
	if err != nil {
		return known, 0, err
	}
	known.at = timeOf(at)
	if known.id != 0 {
		return known, IntentDone, nil
	}
	if by != pr && busy > 0 {
		return known, IntentBusy, nil
	}
	_, err = tx.ExecContext(ctx, db.q(`UPDATE `+t.table+` SET intent_pr = $4, put_at = $5`+t.where()), t.repo, t.on, t.name, pr, db.now())
	return known, IntentUnconfirmed, err
}

// confirm writes down what GitHub said of a thing.
func (db *DB) confirm(ctx context.Context, t thing, c confirmed) error {
	if c.id == 0 {
		return fmt.Errorf("without GitHub's id nothing is confirmed")
	}
	in := t.inserter("UPDATE SET " + t.id + " = excluded." + t.id + ", digest = excluded.digest, put_at = excluded.put_at")
	in.add(t.repo, t.on, t.name, c.id, c.digest, 0, db.now())
	_, err := db.w.ExecContext(ctx, db.q(in.statement(1)), in.args...)
	return err
}

// unknow removes what is known of a thing.
func (db *DB) unknow(ctx context.Context, t thing) error {
	_, err := db.w.ExecContext(ctx, db.q(`DELETE FROM `+t.table+t.where()), t.repo, t.on, t.name)
	return err
}
