package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"

	"github.com/agentplane/agentplane/queue"
)

// Handlers do the work.
type Handlers struct {
	Notices Handler
	Effects EffectHandler // nil: effects wait
}

// Handler works on one key. It gets the notices that wait, oldest first, at
// most 1000. nil: they are handled. An error, a panic or a time-out: it is
// called again after a pause, with these notices and those that came since.
// *Later asks for a certain time instead and counts as no failure.
type Handler func(ctx context.Context, k Key, notices []Notice) error

// Later is returned by a Handler to be called again at Until (at most a day
// from now), for instance when GitHub's rate limit is used up until then.
type Later struct {
	Until  time.Time
	Reason string
}

func (e *Later) Error() string {
	return fmt.Sprintf("postponed until %s: %s", e.Until.UTC().Format(time.RFC3339), e.Reason)
}

// PanicError is a Handler's panic, as the error of its job.
type PanicError struct {
	Value any
	Stack []byte
}

func (e *PanicError) Error() string { return fmt.Sprintf("panic in handler: %v", e.Value) }

// maxNotices is how many one call of a Handler gets, maxLater how far it can postpone.
const (
	maxNotices = 1000
	maxLater   = 24 * time.Hour
)

// worker is River's side of a Handler.
type worker struct {
	river.WorkerDefaults[jobArgs]
	db      *DB
	client  string // River's id of this run
	handler Handler
	effects EffectHandler
}

// NextRetry applies where even the outcome could not be stored.
func (w *worker) NextRetry(*river.Job[jobArgs]) time.Time {
	return time.Now().Add(w.db.o.BackoffBase)
}

// Work runs one job: take the mailbox, call the handler, store the outcome.
func (w *worker) Work(ctx context.Context, job *river.Job[jobArgs]) error {
	token := w.client + "/" + strconv.FormatUint(rand.Uint64(), 36)
	w.db.setActive(token, true)
	defer w.db.setActive(token, false)
	defer w.db.settled.send()
	ctx = context.WithValue(ctx, handling{}, job.Args.Key)

	if job.Args.isLine() {
		return w.workLine(ctx, job, token)
	}
	notices, last, err := w.take(ctx, job, token)
	if err != nil {
		return err // another holder, or the database: River tries again soon
	}
	if len(notices) == 0 {
		return nil
	}
	outcome := w.call(ctx, job.Args.Key, notices)
	if err := w.finish(ctx, job, run{token: token, last: last, err: outcome}); err != nil {
		w.db.o.Log.ErrorContext(ctx, "outcome of a job not stored; it will run again", "repo", job.Args.Repo, "pr", job.Args.PR, "job", job.ID, "err", err)
		return err
	}
	return nil
}

// take marks the mailbox as held by token and reads what waits in it. Without
// notices the job was completed here.
func (w *worker) take(ctx context.Context, job *river.Job[jobArgs], token string) (notices []Notice, last int64, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitTimeout)
	defer cancel()
	db, k := w.db, job.Args.Key
	err = db.tx(ctx, func(tx *sql.Tx) error {
		return w.hold(ctx, tx, job, token, func() (bool, error) {
			notices, last, err = db.waiting(ctx, tx, k)
			return len(notices) > 0, err
		})
	})
	if err != nil {
		return nil, 0, fmt.Errorf("take mailbox %d/%d: %w", k.Repo, k.PR, err)
	}
	return notices, last, nil
}

// hold marks the job's mailbox as held by token, if look finds work in it; look
// is called under its lock. Otherwise the job is completed.
func (w *worker) hold(ctx context.Context, tx *sql.Tx, job *river.Job[jobArgs], token string, look func() (bool, error)) error {
	db, k := w.db, job.Args.Key
	box, err := db.lockMailbox(ctx, tx, k)
	if err != nil {
		return err
	}
	if box.jobID != job.ID { // another job has taken this one's place
		return complete(ctx, tx, job)
	}
	if box.holder != "" && !db.abandoned(box.holder) {
		return river.JobSnooze(time.Second)
	}
	found, err := look()
	if err != nil {
		return err
	}
	if !found {
		_, err = tx.ExecContext(ctx, db.q(`UPDATE mailboxes SET job_id = 0, holder = '', failures = 0, last_error = '' WHERE repo = $1 AND pr = $2`), k.Repo, k.PR)
		return errors.Join(err, complete(ctx, tx, job))
	}
	_, err = tx.ExecContext(ctx, db.q(`UPDATE mailboxes SET holder = $3 WHERE repo = $1 AND pr = $2`), k.Repo, k.PR, token)
	return err
}

// waiting reads the notices of k that no handler has answered for, and the id
// of the last of them. Ids of one mailbox grow in the order of their commits,
// because they are given under its lock.
func (db *DB) waiting(ctx context.Context, tx *sql.Tx, k Key) (notices []Notice, last int64, err error) {
	rows, err := tx.QueryContext(ctx, db.q(`SELECT id, repo, pr, installation, full_name, reason, ref, sha, comment, delivery, received_at
		FROM notices WHERE repo = $1 AND pr = $2 AND handled_at = 0 ORDER BY id LIMIT $3`), k.Repo, k.PR, maxNotices)
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	for rows.Next() {
		var n Notice
		var at int64
		if err := rows.Scan(&last, &n.Repo, &n.PR, &n.Installation, &n.FullName, &n.Reason, &n.Ref, &n.SHA, &n.Comment, &n.Delivery, &at); err != nil {
			return nil, 0, err
		}
		n.At = timeOf(at)
		notices = append(notices, n)
	}
	return notices, last, rows.Err()
}

// call runs the handler within its time and turns a panic into an error.
func (w *worker) call(ctx context.Context, k Key, notices []Notice) (err error) {
	ctx, cancel := context.WithTimeout(ctx, w.db.o.HandlerTimeout)
	defer cancel()
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{Value: v, Stack: debug.Stack()}
		}
	}()
	return w.handler(ctx, k, notices)
}

// run is how one call of a handler ended.
type run struct {
	token string
	last  int64 // id of the last notice it was given
	err   error

	outcome queue.Event // of an effect, or nil
}

// errLost says that the mailbox was given to somebody else meanwhile.
var errLost = errors.New("the mailbox was taken over by another process, which thought this one dead")

// finish stores the outcome, completes the job, and puts the next job in its
// place if notices wait, all in one transaction.
func (w *worker) finish(ctx context.Context, job *river.Job[jobArgs], r run) error {
	stopped := errors.Is(ctx.Err(), context.Canceled) // Run is stopping; the handler's own time-out ends another context
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitTimeout)
	defer cancel()
	db, k := w.db, job.Args.Key
	next := time.Duration(-1) // pause before a retry, if one is needed
	err := db.tx(ctx, func(tx *sql.Tx) error {
		box, err := db.lockMailbox(ctx, tx, k)
		if err != nil {
			return err
		}
		if box.holder != r.token {
			return errLost
		}
		if err := complete(ctx, tx, job); err != nil {
			return err
		}
		if r.err != nil && !stopped {
			next, err = db.postpone(ctx, tx, box, r.err)
			return err
		}
		return db.release(ctx, tx, k, r)
	})
	if err != nil {
		return fmt.Errorf("finish mailbox %d/%d: %w", k.Repo, k.PR, err)
	}
	if next >= 0 {
		time.AfterFunc(next, db.dueNow)
		db.report(ctx, r.err, "repo", k.Repo, "pr", k.PR, "job", job.ID, "err", r.err, "retry_in", next)
	}
	return nil
}

// release marks the notices as handled if the handler was content, and makes a
// job for those that are left.
func (db *DB) release(ctx context.Context, tx *sql.Tx, k Key, r run) error {
	if r.err == nil {
		_, err := tx.ExecContext(ctx, db.q(`UPDATE notices SET handled_at = $4 WHERE repo = $1 AND pr = $2 AND handled_at = 0 AND id <= $3`), k.Repo, k.PR, r.last, db.now())
		if err != nil {
			return err
		}
	}
	_, err := tx.ExecContext(ctx, db.q(`UPDATE mailboxes SET holder = '', job_id = 0, failures = CASE WHEN $3 = 1 THEN 0 ELSE failures END, last_error = CASE WHEN $3 = 1 THEN '' ELSE last_error END
		WHERE repo = $1 AND pr = $2`), k.Repo, k.PR, boolInt(r.err == nil))
	if err != nil {
		return err
	}
	var more int
	err = tx.QueryRowContext(ctx, db.q(`SELECT count(*) FROM (SELECT 1 FROM notices WHERE repo = $1 AND pr = $2 AND handled_at = 0 LIMIT 1) AS one`), k.Repo, k.PR).Scan(&more)
	if err != nil || more == 0 {
		return err
	}
	return db.insertJobs(ctx, tx, []Key{k})
}

// postpone leaves the notices where they are and says when to try again.
func (db *DB) postpone(ctx context.Context, tx *sql.Tx, box mailbox, cause error) (time.Duration, error) {
	pause, failures := db.pause(cause, box.failures)
	_, err := tx.ExecContext(ctx, db.q(`UPDATE mailboxes SET holder = '', job_id = 0, failures = $3, last_error = $4, retry_at = $5 WHERE repo = $1 AND pr = $2`),
		box.key.Repo, box.key.PR, failures, clean(cause.Error(), maxBody), micros(db.o.Now().Add(pause)))
	return pause, err
}

// pause is how long to wait after a run that did not succeed, and how many
// failed in a row with it.
func (db *DB) pause(cause error, failures int) (time.Duration, int) {
	var later *Later
	if errors.As(cause, &later) {
		return min(max(later.Until.Sub(db.o.Now()), time.Millisecond), maxLater), failures
	}
	return db.backoff(failures + 1), failures + 1
}

// backoff doubles from BackoffBase to BackoffMax, less up to a quarter by
// chance, so that what failed together is not tried again together.
func (db *DB) backoff(failures int) time.Duration {
	pause := db.o.BackoffBase
	for range failures - 1 {
		if pause *= 2; pause >= db.o.BackoffMax {
			break
		}
	}
	pause = min(pause, db.o.BackoffMax)
	return pause - time.Duration(rand.Int64N(int64(pause)/4+1))
}

func (db *DB) report(ctx context.Context, err error, attrs ...any) {
	log := db.o.Log.With(attrs...)
	var panicked *PanicError
	var later *Later
	switch {
	case errors.As(err, &panicked):
		log.ErrorContext(ctx, "handler panicked", "stack", string(panicked.Stack))
	case errors.As(err, &later):
		log.InfoContext(ctx, "handler postponed its work")
	default:
		log.WarnContext(ctx, "handler failed")
	}
}

// complete completes the job within the transaction. It is no error if the
// job's row has gone: what counts is the mailbox.
func complete(ctx context.Context, tx *sql.Tx, job *river.Job[jobArgs]) error {
	_, err := river.JobCompleteTx[riverdriver.Driver[*sql.Tx]](ctx, tx, job)
	if errors.Is(err, river.ErrNotFound) {
		return nil
	}
	return err
}

// setActive remembers which handlers run in this process.
func (db *DB) setActive(token string, on bool) {
	db.mu.Lock()
	defer db.mu.Unlock()
	if on {
		db.active[token] = true
	} else {
		delete(db.active, token)
	}
}

// abandoned tells whether a holder was of this process, and no handler stands
// behind it any more: its outcome could not be stored. Holders of other
// processes are freed when those are known to be dead, never here.
func (db *DB) abandoned(holder string) bool {
	db.mu.Lock()
	defer db.mu.Unlock()
	return strings.HasPrefix(holder, db.id+".") && !db.active[holder]
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
