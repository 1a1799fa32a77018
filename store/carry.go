package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/riverqueue/river"

	"github.com/agentplane/agentplane/queue"
)

// EffectHandler carries out an effect of a lane. The event it returns is what
// came of it: it is stepped in the very transaction that ends the effect, so it
// is never lost and never counted twice. nil is no event, for effects that
// nothing waits for.
//
// An error, a panic or a time-out: it is called again after a pause, without
// end, and other effects of the lane go on meanwhile. *Later postpones and
// counts as no failure. It may have run before, in a process that died: look up
// what was done under the effect's key before doing it. TriedBefore tells.
type EffectHandler func(ctx context.Context, lane LaneID, e queue.Effect) (outcome queue.Event, err error)

// tried marks the context of an effect that was begun before.
type tried struct{}

// TriedBefore tells an EffectHandler whether its effect was begun before: by a
// process that died, or by a run that ended with an error. What that run has
// asked of GitHub may still go through.
func TriedBefore(ctx context.Context) bool { return ctx.Value(tried{}) != nil }

// task is an effect that is being carried out.
type task struct {
	row    int64 // of the effect
	lane   int64 // its row
	line   int
	id     LaneID
	key    string
	body   []byte
	effect queue.Effect
	again  bool // it was begun before
}

// workLine runs one job of a lane's line: begin an effect, call the handler,
// settle what came of it.
func (w *worker) workLine(ctx context.Context, job *river.Job[jobArgs], token string) error {
	if w.effects == nil {
		return river.JobSnooze(time.Minute)
	}
	t, err := w.begin(ctx, job, token)
	if err != nil || t == nil {
		return err
	}
	outcome, failure := w.carry(ctx, t)
	if err := w.settle(ctx, job, t, run{token: token, err: failure, outcome: outcome}); err != nil {
		w.db.o.Log.ErrorContext(ctx, "outcome of an effect not stored; it will run again", "lane", t.id.String(), "effect", t.key, "job", job.ID, "err", err)
		return err
	}
	return nil
}

// begin marks the line as held by token, and the first effect that is due as
// begun. Without one the job was completed here.
func (w *worker) begin(ctx context.Context, job *river.Job[jobArgs], token string) (t *task, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitTimeout)
	defer cancel()
	lane, line := job.Args.line()
	err = w.db.tx(ctx, func(tx *sql.Tx) error {
		t = nil
		return w.hold(ctx, tx, job, token, func() (bool, error) {
			t, err = w.db.firstDue(ctx, tx, lane, line)
			if err == nil && t == nil {
				var next int64
				if next, err = w.db.nextDue(ctx, tx, lane, line); err == nil {
					err = w.db.setRetry(ctx, tx, job.Args.Key, max(next, 0))
				}
			}
			return t != nil, err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("begin an effect of lane %d: %w", lane, err)
	}
	return t, nil
}

// firstDue marks the first effect that is due as begun, or is nil.
func (db *DB) firstDue(ctx context.Context, tx *sql.Tx, lane int64, line int) (*task, error) {
	t := &task{lane: lane, line: line}
	err := tx.QueryRowContext(ctx, db.q(`SELECT e.id, e.key, e.body, e.begun = 1 OR e.last_error <> '', l.repo, l.branch FROM effects e JOIN lanes l ON l.id = e.lane
		WHERE e.lane = $1 AND e.line = $2 AND e.retry_at <= $3 ORDER BY e.place, e.id LIMIT 1`), lane, line, db.now()).
		Scan(&t.row, &t.key, &t.body, &t.again, &t.id.Repo, &t.id.Branch)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	_, err = tx.ExecContext(ctx, db.q(`UPDATE effects SET begun = 1, slot = key WHERE id = $1`), t.row)
	return t, err
}

// carry calls the handler within its time. A panic is an error, and so is an
// outcome that has no stored form.
func (w *worker) carry(ctx context.Context, t *task) (outcome queue.Event, err error) {
	ctx, cancel := context.WithTimeout(ctx, w.db.o.HandlerTimeout)
	defer cancel()
	defer func() {
		if v := recover(); v != nil {
			outcome, err = nil, &PanicError{Value: v, Stack: debug.Stack()}
		}
	}()
	if t.effect, err = queue.DecodeEffect(t.body); err != nil {
		return nil, err
	}
	if t.again {
		ctx = context.WithValue(ctx, tried{}, true)
	}
	return w.effects(ctx, t.id, t.effect)
}

// settle ends or postpones an effect, steps its outcome, completes the job, and
// puts the next ones in its place, all in one transaction.
func (w *worker) settle(ctx context.Context, job *river.Job[jobArgs], t *task, r run) error {
	stopped := errors.Is(ctx.Err(), context.Canceled) // Run is stopping; the handler's own time-out ends another context
	var s *step
	if r.err == nil && r.outcome != nil {
		s, r.err = prepareStep(r.outcome)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitTimeout)
	defer cancel()
	db := w.db
	pause := time.Duration(-1)
	var l *lane
	err := db.tx(ctx, func(tx *sql.Tx) (err error) {
		var boxes []mailbox
		if l, boxes, err = db.lockTask(ctx, tx, t); err != nil {
			return err
		}
		if boxes[t.line].holder != r.token {
			return errLost
		}
		if err := complete(ctx, tx, job); err != nil {
			return err
		}
		if err := db.vacate(ctx, tx, &boxes[t.line]); err != nil || l == nil {
			return err
		}
		if r.err != nil {
			s = nil
			pause, err = db.putOff(ctx, tx, t, r.err, stopped)
		} else {
			_, err = tx.ExecContext(ctx, db.q(`DELETE FROM effects WHERE id = $1`), t.row)
		}
		if err != nil {
			return err
		}
		return db.conclude(ctx, tx, l, s, boxes)
	})
	if err != nil {
		return fmt.Errorf("settle %s: %w", t.key, err)
	}
	if l != nil {
		db.remember(l)
	}
	if pause >= 0 {
		time.AfterFunc(pause, db.dueNow)
		db.report(ctx, r.err, "lane", t.id.String(), "effect", t.key, "job", job.ID, "err", r.err, "retry_in", pause)
	}
	return nil
}

// lockTask locks the lane and its lines. A nil lane was forgotten meanwhile.
func (db *DB) lockTask(ctx context.Context, tx *sql.Tx, t *task) (*lane, []mailbox, error) {
	l, err := db.readLane(ctx, tx, t.id, db.forUpdate())
	if errors.Is(err, sql.ErrNoRows) || err == nil && l.row != t.lane {
		boxes, err := db.lockLines(ctx, tx, &lane{row: t.lane, id: t.id})
		return nil, boxes, err
	}
	if err != nil {
		return nil, nil, err
	}
	boxes, err := db.lockLines(ctx, tx, l)
	return l, boxes, err
}

// vacate gives a mailbox back; its job is completed.
func (db *DB) vacate(ctx context.Context, tx *sql.Tx, box *mailbox) error {
	box.jobID, box.holder, box.retryAt = 0, "", 0
	_, err := tx.ExecContext(ctx, db.q(`UPDATE mailboxes SET holder = '', job_id = 0, retry_at = 0 WHERE repo = $1 AND pr = $2`), box.key.Repo, box.key.PR)
	return err
}

// conclude steps an outcome, if there is one, and sees to the lane's lines.
func (db *DB) conclude(ctx context.Context, tx *sql.Tx, l *lane, s *step, boxes []mailbox) error {
	var effects []queue.Effect
	if s != nil {
		if _, err := db.step(ctx, tx, l, s); err != nil {
			return err
		}
		effects = s.effects
	}
	return db.deliver(ctx, tx, l, effects, boxes)
}

// putOff lets an effect wait again: until its pause is over, or, when Run is
// stopping, for the next start (-1). When something newer waits in its slot, it
// is not needed any more.
func (db *DB) putOff(ctx context.Context, tx *sql.Tx, t *task, cause error, stopped bool) (time.Duration, error) {
	slot := t.key
	if t.effect != nil {
		_, _, slot = position(t.effect)
	}
	var newer, failures int
	err := tx.QueryRowContext(ctx, db.q(`SELECT count(*), coalesce(max(CASE WHEN id = $1 THEN failures ELSE 0 END), 0) FROM effects
		WHERE id = $1 OR lane = $2 AND slot = $3 AND id <> $1`), t.row, t.lane, slot).Scan(&newer, &failures)
	if err != nil {
		return -1, err
	}
	if newer > 1 {
		_, err = tx.ExecContext(ctx, db.q(`DELETE FROM effects WHERE id = $1`), t.row)
		return -1, err
	}
	pause, retryAt := time.Duration(-1), int64(0)
	if !stopped {
		pause, failures = db.pause(cause, failures)
		retryAt = micros(db.o.Now().Add(pause))
	}
	_, err = tx.ExecContext(ctx, db.q(`UPDATE effects SET slot = $2, begun = 0, failures = $3, last_error = $4, retry_at = $5 WHERE id = $1`),
		t.row, slot, failures, clean(cause.Error(), maxBody), retryAt)
	return pause, err
}
