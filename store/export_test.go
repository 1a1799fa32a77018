package store

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"slices"

	"github.com/agentplane/agentplane/queue"
)

// Count counts a table's rows.
func (db *DB) Count(ctx context.Context, table string, n *int) error {
	return db.r.QueryRowContext(ctx, `SELECT count(*) FROM `+table).Scan(n)
}

// Heal is what Run does every ten seconds.
func (db *DB) Heal(ctx context.Context) error { return db.heal(ctx) }

// CommitTogether commits one delivery per event in one batch, past the
// cleaning that Receive does.
func (db *DB) CommitTogether(ctx context.Context, events ...string) []error {
	batch := make([]*request, len(events))
	for i, event := range events {
		batch[i] = &request{delivery: &received{guid: event[:1], event: event}, done: make(chan struct{})}
		db.receiving.queue.push(batch[i])
	}
	db.commitWaiting(ctx)
	errs := make([]error, len(events))
	for i, r := range batch {
		<-r.done
		errs[i] = r.err
	}
	return errs
}

// PutLane puts another lane in a lane's place, which no step can.
func (db *DB) PutLane(ctx context.Context, id LaneID, l queue.Lane) error {
	state, err := stateOf(l)
	if err != nil {
		return err
	}
	db.ForgetDecoded()
	_, err = db.w.ExecContext(ctx, db.q(`UPDATE lanes SET state = $3, digest = $4 WHERE repo = $1 AND branch = $2`), id.Repo, id.Branch, state, digest(state))
	return err
}

// ForgetDecoded makes the next look at a lane read and decode it.
func (db *DB) ForgetDecoded() {
	db.mu.Lock()
	defer db.mu.Unlock()
	clear(db.lanes)
}

// OpenKeeping opens a SQLite file as the store does.
func OpenKeeping(path string) (*sql.DB, error) { return openKeeping(dsn(path, "_txlock=immediate")) }

// Kept lists what OpenKeeping's connection keeps.
func Kept(ctx context.Context, db *sql.DB) ([]string, error) {
	c, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	var kept []string
	err = c.Raw(func(connection any) error {
		kept = slices.Sorted(maps.Keys(connection.(*keepingConn).kept))
		return nil
	})
	return kept, errors.Join(err, c.Close())
}
