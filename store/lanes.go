package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/agentplane/agentplane/queue"
)

// LaneID names a lane: the queue of one integration branch of one repository.
type LaneID struct {
	Repo   int64
	Branch string // as in "integration/blog"
}

// String is the repository's id and the branch.
func (id LaneID) String() string { return fmt.Sprintf("%d/%s", id.Repo, id.Branch) }

// maxCached is how many decoded lanes a process keeps.
const maxCached = 32

// lane is a row of lanes, with the lane it holds.
type lane struct {
	row    int64 // its id
	id     LaneID
	seq    int64
	hash   string // of the newest row of its log; it differs for every state
	clock  string
	digest string // of the stored state
	value  queue.Lane
}

// cached is a lane as it was when the newest row of its log had a hash.
type cached struct {
	hash  string
	value queue.Lane
}

// Lane reads a lane; false: nothing ever happened on it, or its repository was
// forgotten. It is shared with others: do not change what it points to.
func (db *DB) Lane(ctx context.Context, id LaneID) (queue.Lane, bool, error) {
	l, err := db.readLane(ctx, db.r, id, "")
	if errors.Is(err, sql.ErrNoRows) {
		return queue.Lane{}, false, nil
	}
	if err != nil {
		return queue.Lane{}, false, fmt.Errorf("read lane %s: %w", id, err)
	}
	db.remember(l)
	return l.value, true, nil
}

// Lanes lists a repository's lanes, by branch.
func (db *DB) Lanes(ctx context.Context, repo int64) ([]queue.Lane, error) {
	ids, err := db.laneIDs(ctx, `WHERE repo = $1`, repo)
	if err != nil {
		return nil, err
	}
	lanes := make([]queue.Lane, 0, len(ids))
	for _, id := range ids {
		l, known, err := db.Lane(ctx, id)
		if err != nil {
			return nil, err
		}
		if known {
			lanes = append(lanes, l)
		}
	}
	return lanes, nil
}

// LaneIDs names all lanes, by repository and branch: who is told the time.
func (db *DB) LaneIDs(ctx context.Context) ([]LaneID, error) { return db.laneIDs(ctx, ``) }

func (db *DB) laneIDs(ctx context.Context, where string, args ...any) ([]LaneID, error) {
	rows, err := db.r.QueryContext(ctx, db.q(`SELECT repo, branch FROM lanes `+where+` ORDER BY repo, branch`), args...)
	if err != nil {
		return nil, fmt.Errorf("list lanes: %w", err)
	}
	return collect(rows, func(id *LaneID) error { return rows.Scan(&id.Repo, &id.Branch) })
}

// querier is a database or a transaction.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// readLane reads a lane's row, and its state unless this process has it decoded
// already. sql.ErrNoRows: there is none.
func (db *DB) readLane(ctx context.Context, from querier, id LaneID, lock string) (*lane, error) {
	l := &lane{id: id}
	err := from.QueryRowContext(ctx, db.q(`SELECT id, seq, hash, clock, digest FROM lanes WHERE repo = $1 AND branch = $2`+lock), id.Repo, id.Branch).
		Scan(&l.row, &l.seq, &l.hash, &l.clock, &l.digest)
	if err != nil {
		return nil, err
	}
	db.mu.Lock()
	known, ok := db.lanes[l.row]
	db.mu.Unlock()
	if ok && known.hash == l.hash {
		l.value = known.value
		return l, l.setClock()
	}
	var state []byte
	err = from.QueryRowContext(ctx, db.q(`SELECT seq, hash, clock, digest, state FROM lanes WHERE id = $1`), l.row).
		Scan(&l.seq, &l.hash, &l.clock, &l.digest, &state)
	if err != nil {
		return nil, err
	}
	if digest(state) != l.digest {
		return nil, errors.New("its stored state is not what was stored: restore a backup, or forget the repository to start anew")
	}
	if l.value, err = queue.DecodeLane(state); err != nil {
		return nil, err
	}
	return l, l.setClock()
}

// setClock gives the lane the time that stands beside its state.
func (l *lane) setClock() (err error) {
	l.value.Now = time.Time{}
	if l.clock != "" {
		l.value.Now, err = time.Parse(time.RFC3339Nano, l.clock)
	}
	return err
}

// clockOf is a lane's time as it is stored: "" before the first.
func clockOf(l *queue.Lane) string {
	if l.Now.IsZero() {
		return ""
	}
	return l.Now.UTC().Format(time.RFC3339Nano)
}

// remember keeps a lane that is committed, so that the next step need not read
// and decode it. Whether it is still the newest is asked of the row each time.
func (db *DB) remember(l *lane) {
	db.mu.Lock()
	defer db.mu.Unlock()
	for row := range db.lanes {
		if len(db.lanes) < maxCached {
			break
		}
		delete(db.lanes, row)
	}
	db.lanes[l.row] = cached{hash: l.hash, value: l.value}
}

// lockLane locks a lane's row until the end of the transaction, and makes it if
// there is none. Locks are taken in the order lane, mailboxes.
func (db *DB) lockLane(ctx context.Context, tx *sql.Tx, id LaneID) (*lane, error) {
	l, err := db.readLane(ctx, tx, id, db.forUpdate())
	if !errors.Is(err, sql.ErrNoRows) {
		return l, err
	}
	state, err := queue.EncodeLane(queue.Lane{Branch: id.Branch})
	if err != nil {
		return nil, err
	}
	in := inserter{table: "lanes", columns: []string{"repo", "branch", "seq", "hash", "pruned_seq", "pruned_hash", "clock", "digest", "changed_at", "state"},
		suffix: `ON CONFLICT (repo, branch) DO NOTHING`}
	in.add(id.Repo, id.Branch, 0, firstLink(id), 0, firstLink(id), "", digest(state), db.now(), state)
	if err := in.exec(ctx, db, tx); err != nil {
		return nil, err
	}
	return db.readLane(ctx, tx, id, db.forUpdate())
}
