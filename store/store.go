// Package store keeps what the App must not forget: accepted deliveries, the
// notices read from them, who pushed what, which check runs and comments were put where,
// what branches were judged at, what people approved and did by hand, which
// repositories were seen, and the lanes with their effects and their audit log.
// It runs on SQLite (one file, one process) and on
// PostgreSQL (several replicas), with River as the job queue on both.
//
// # Guarantees
//
//   - Receive returns nil only after the delivery, its notices, its pushers and
//     the jobs for them are committed in one transaction and synced to disk.
//     Killing the process at any point loses nothing that was accepted.
//   - Every Key is a mailbox. Notices wait in it until a Handler that was given
//     them returned nil. Waiting notices of one key are handed over together.
//   - Work on one Key never overlaps, neither within a process nor between live
//     processes on one PostgreSQL database.
//   - What arrives while a Handler runs is handled afterwards: the job of a key
//     is completed only in a transaction that holds the mailbox's row lock and
//     sees the mailbox empty, or puts the next job in its place.
//   - A Handler that fails is run again with growing pauses, without end; nothing
//     is discarded. *Later postpones without counting as a failure.
//   - After kill -9 the jobs that were running are run again within seconds.
//     So a Handler's effects outside the database happen at least once, and must
//     be looked up before they are repeated (see Intend).
//
// # Lanes
//
// Step brings an event to a lane, and writes what queue.Step makes of it in one
// transaction: the lane, a row of its audit log, and its effects.
//
//   - Steps of one lane never overlap. A killed process has taken a step as a
//     whole or not at all.
//   - An effect waits until its EffectHandler returned nil. What came of it is
//     stepped in the very transaction that ends it: no outcome is lost, none is
//     counted twice. It may be carried out more than once, as handlers are.
//   - One effect at a time moves branches (Land, then Build, then Drop), and one
//     tells (Offer, then Tell), in each lane. One that failed waits alone, and
//     keeps no other waiting.
//   - An effect that waits or runs is not added twice. A newer Tell for a pull
//     request, or a newer Offer, replaces one that waits. A Build or Land that
//     the lane awaits no more is not begun.
//   - StepIf decides under the lane's lock whether to step at all. NextReading
//     numbers what is read of GitHub, so that the lane knows old from new.
//   - The audit log is append-only, and each row's hash covers the one before.
//     It replays to the lane. VerifyAudit names the first row that is not as it
//     was written.
//
// The webhook's body itself is not kept: only its digest and size. It may hold
// private code and addresses, GitHub keeps it for redelivery, and nothing here
// treats it as a fact.
package store

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
)

// Options configure Open. The zero value is ready for production.
type Options struct {
	Log *slog.Logger     // default: discard
	Now func() time.Time // default: time.Now; decides when retries are due

	Workers        int           // handlers at once, default 8
	HandlerTimeout time.Duration // a handler's context ends after it, default 2 min
	StopTimeout    time.Duration // Run waits so long for running handlers, default 30 s

	// Pause after the first failure and the longest pause, default 1 s and 5 min.
	// In between it doubles; up to a quarter is taken off by chance.
	BackoffBase, BackoffMax time.Duration

	Retain        time.Duration // deliveries and handled notices, default 7 days
	RetainRecords time.Duration // publications, posted comments, pushers of commits, surroundings and idle mailboxes, default 180 days
	// RetainHistory is for heads and what failed on them, approvals, comments'
	// heads, answers, interventions, who pushed to a branch and the audit log,
	// default 400 days.
	RetainHistory time.Duration
	PruneEvery    time.Duration // default 10 min
}

func (o Options) withDefaults() Options {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	o.Workers = cmp.Or(o.Workers, 8)
	o.HandlerTimeout = cmp.Or(o.HandlerTimeout, 2*time.Minute)
	o.StopTimeout = cmp.Or(o.StopTimeout, 30*time.Second)
	o.BackoffBase = cmp.Or(o.BackoffBase, time.Second)
	o.BackoffMax = cmp.Or(o.BackoffMax, 5*time.Minute)
	o.Retain = cmp.Or(o.Retain, 7*24*time.Hour)
	o.RetainRecords = cmp.Or(o.RetainRecords, 180*24*time.Hour)
	o.RetainHistory = cmp.Or(o.RetainHistory, 400*24*time.Hour)
	o.PruneEvery = cmp.Or(o.PruneEvery, 10*time.Minute)
	return o
}

const (
	sqlite   = "sqlite"
	postgres = "postgres"
)

// DB is an open store. It is safe for concurrent use.
type DB struct {
	o       Options
	dialect string
	id      string // of this process's handle, unlike any other

	w, r     *sql.DB // SQLite: one connection that writes, several that read. PostgreSQL: the same pool
	pool     *pgxpool.Pool
	lockFile *os.File // SQLite: held while open

	insert    *river.Client[*sql.Tx] // inserts jobs; Run makes its own to work them
	newDriver func() riverdriver.Driver[*sql.Tx]

	receiving commits
	wake      *waker      // SQLite: tells River's fetcher that jobs were committed
	jobbed    atomic.Bool // SQLite: the open transaction has inserted jobs
	settled   *broadcast  // a mailbox was worked on
	due       chan struct{}

	mu      sync.Mutex
	active  map[string]bool // holder tokens of handlers that run in this process
	lanes   map[int64]cached
	working atomic.Bool  // Run is on
	runs    atomic.Int64 // how often River was started
	closed  sync.Once
}

// Open opens the database at url and brings its schema up to date. url is a
// file ("sqlite:agentplane.db", or just its path) or "postgres://…".
//
// A SQLite file belongs to one process at a time; a second one gets an error
// that names the file. A corrupt file and a newer schema are refused.
func Open(ctx context.Context, url string, o Options) (*DB, error) {
	db := &DB{
		o: o.withDefaults(), wake: newWaker(), settled: newBroadcast(),
		due: make(chan struct{}, 1), active: map[string]bool{}, lanes: map[int64]cached{},
	}
	db.receiving.turn = make(chan struct{}, 1)
	db.id = newID()
	scheme, rest, found := strings.Cut(url, ":")
	var err error
	switch {
	case found && (scheme == "postgres" || scheme == "postgresql"):
		err = db.openPostgres(ctx, url)
	case found && scheme == "sqlite":
		err = db.openSQLite(ctx, strings.TrimPrefix(rest, "//"))
	case found && strings.HasPrefix(rest, "//"):
		err = fmt.Errorf("open database: unknown kind %q: use sqlite:FILE or postgres://…", scheme)
	default:
		err = db.openSQLite(ctx, url)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// Close releases the database. End Run first. It may be called twice.
func (db *DB) Close() error {
	var errs []error
	db.closed.Do(func() {
		if db.r != nil && db.r != db.w {
			errs = append(errs, db.r.Close())
		}
		if db.w != nil {
			errs = append(errs, db.w.Close())
		}
		if db.pool != nil {
			db.pool.Close()
		}
		if db.lockFile != nil {
			errs = append(errs, db.lockFile.Close())
		}
	})
	return errors.Join(errs...)
}

// Ping asks the database for a sign of life.
func (db *DB) Ping(ctx context.Context) error {
	var one int
	if err := db.r.QueryRowContext(ctx, `SELECT 1`).Scan(&one); err != nil {
		return fmt.Errorf("ping the %s database: %w", db.dialect, err)
	}
	return nil
}

// Dialect names the database behind the store: "sqlite" or "postgres".
func (db *DB) Dialect() string { return db.dialect }

// prepare migrates and makes the client that inserts jobs.
func (db *DB) prepare(ctx context.Context) error {
	driver := db.newDriver()
	if err := db.migrate(ctx, driver); err != nil {
		return err
	}
	client, err := river.NewClient(driver, &river.Config{Logger: db.riverLog()})
	if err != nil {
		return fmt.Errorf("make the job queue: %w", err)
	}
	db.insert = client
	return nil
}

// q turns $1 into SQLite's ?1. Our statements use $ for nothing else.
func (db *DB) q(query string) string {
	if db.dialect == sqlite {
		return strings.ReplaceAll(query, "$", "?")
	}
	return query
}

// tx runs f in one transaction and commits it. On SQLite it holds the only
// writing connection: f must not write but through tx.
func (db *DB) tx(ctx context.Context, f func(tx *sql.Tx) error) error {
	tx, err := db.w.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		return errors.Join(err, ignoreDone(tx.Rollback()))
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	if db.jobbed.Swap(false) {
		db.wake.set()
	}
	return nil
}

// ignoreGone drops the error of a row that is not there any more.
func ignoreGone(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	return err
}

// ignoreDone drops the error of rolling back a transaction that the end of its
// context has rolled back already.
func ignoreDone(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
}

// now is the time as it is stored.
func (db *DB) now() int64 { return micros(db.o.Now()) }

func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func timeOf(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

func newID() string {
	b := make([]byte, 8)
	_, _ = rand.Read(b) // never fails, see crypto/rand
	return "agentplane-" + hex.EncodeToString(b)
}
