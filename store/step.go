package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/agentplane/agentplane/queue"
)

// Step brings an event to a lane: it reads the lane under its lock, asks
// queue.Step what follows, and writes the lane, a row of its audit log, its
// effects and jobs for them in one transaction that is synced to disk before
// Step returns. It returns the lane afterwards, which is shared with others: do
// not change what it points to. After an error nothing has happened, or all of
// it has: the same event again is safe.
//
// An event that changes nothing but the time, and asks for nothing, is not
// logged. Each row of the log has the time that the lane had before it, so that
// replaying the log gives the lane.
func (db *DB) Step(ctx context.Context, id LaneID, e queue.Event) (queue.Lane, error) {
	l, _, err := db.StepIf(ctx, id, e, func(queue.Lane) bool { return true })
	return l, err
}

// errDeclined rolls back a step that is not wanted.
var errDeclined = errors.New("the lane is not as it must be for this step")

// StepIf is Step where the lane is such that when is true of it, and else it
// does nothing; it tells which. The lane is asked under its lock, so that no
// other step comes between the answer and the event. when must only look at the
// lane: the database waits for it.
func (db *DB) StepIf(ctx context.Context, id LaneID, e queue.Event, when func(queue.Lane) bool) (queue.Lane, bool, error) {
	s, err := prepareStep(e)
	if err == nil {
		err = storable("branch", id.Branch)
	}
	if err != nil {
		return queue.Lane{}, false, fmt.Errorf("step lane %s: %w", id, err)
	}
	var l *lane
	err = db.tx(ctx, func(tx *sql.Tx) (err error) {
		if l, err = db.lockLane(ctx, tx, id); err != nil {
			return err
		}
		if !when(l.value) {
			return errDeclined
		}
		logged, err := db.step(ctx, tx, l, s)
		if err != nil || !logged {
			return err
		}
		boxes, err := db.lockLines(ctx, tx, l)
		if err != nil {
			return err
		}
		return db.deliver(ctx, tx, l, s.effects, boxes)
	})
	switch {
	case errors.Is(err, errDeclined): // rolled back, with the lane's row if it was made for this
		return l.value, false, nil
	case err != nil:
		return queue.Lane{}, false, fmt.Errorf("step lane %s with %T: %w", id, e, err)
	}
	db.remember(l)
	return l.value, true, nil
}

// step is one event on its way into a lane.
type step struct {
	event   queue.Event
	form    []byte // as it is stored
	effects []queue.Effect
}

// prepareStep reads an event back from its stored form, so that what is stepped
// now is what a replay will step: JSON has no invalid UTF-8, and no zone.
func prepareStep(e queue.Event) (*step, error) {
	form, err := queue.EncodeEvent(e)
	if err != nil {
		return nil, err
	}
	if e, err = queue.DecodeEvent(form); err != nil {
		return nil, err
	}
	return &step{event: e, form: form}, nil
}

// step changes the lane and its row, and logs the event. false: it had no
// consequences beyond the lane's time.
func (db *DB) step(ctx context.Context, tx *sql.Tx, l *lane, s *step) (logged bool, err error) {
	var after queue.Lane
	after, s.effects = queue.Step(l.value, s.event)
	was, before, clock := l.value, l.clock, clockOf(&after)
	state, err := stateOf(after)
	if err != nil {
		return false, err
	}
	l.value, l.clock = after, clock
	if d := digest(state); d != l.digest || len(s.effects) > 0 {
		l.digest, logged = d, true
	}
	if !logged {
		if clock == before {
			return false, nil
		}
		_, err = tx.ExecContext(ctx, db.q(`UPDATE lanes SET clock = $2 WHERE id = $1`), l.row, clock)
		return false, err
	}
	if err := db.log(ctx, tx, l, s, before); err != nil {
		return false, err
	}
	if err := db.tally(ctx, tx, l, was); err != nil {
		return false, err
	}
	_, err = tx.ExecContext(ctx, db.q(`UPDATE lanes SET seq = $2, hash = $3, clock = $4, digest = $5, changed_at = $6, state = $7 WHERE id = $1`),
		l.row, l.seq, l.hash, clock, l.digest, db.now(), state)
	return true, err
}

// stateOf is a lane as it is stored: without its time.
func stateOf(l queue.Lane) ([]byte, error) {
	l.Now = time.Time{}
	state, err := queue.EncodeLane(l)
	if err == nil && len(state) > queue.MaxStoredLane {
		err = fmt.Errorf("the lane would grow to %d bytes, at most %d are stored: take entries out first", len(state), queue.MaxStoredLane)
	}
	return state, err
}
