package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// leaseGrace is how long a lease can be gone before the process is taken for
// dead, and keepTimeout how long one proof of life may take. A process that
// cannot prove its life for leaseGrace less keepTimeout ends its handlers.
const (
	leaseGrace  = 3 * time.Second
	keepTimeout = 1 * time.Second
)

// session is PostgreSQL's lease: an advisory lock that the server drops when
// the connection ends, and a row that says whose it is.
type session struct {
	db     *DB
	client string
	lockID int32
	conn   *pgx.Conn // nil: to be made anew
	proved time.Time // when the lock was last known to be held

	missing map[string]time.Time // workers without a lock, and since when
}

// takeSession locks first, then shows the row: a row without a lock is a dead worker.
func (db *DB) takeSession(ctx context.Context, client string) (lease, error) {
	s := &session{db: db, client: client, missing: map[string]time.Time{}}
	if err := s.take(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("take a lease on the database: %w", err), s.close())
	}
	return s, nil
}

func (s *session) take(ctx context.Context) error {
	if err := s.db.w.QueryRowContext(ctx, `SELECT nextval('worker_locks')`).Scan(&s.lockID); err != nil {
		return err
	}
	if err := s.relock(ctx); err != nil {
		return err
	}
	_, err := s.conn.Exec(ctx, `INSERT INTO workers (id, lock_id) VALUES ($1, $2)`, s.client, s.lockID)
	return err
}

// relock makes a connection and takes the lock on it.
func (s *session) relock(ctx context.Context) error {
	conn, err := pgx.ConnectConfig(ctx, s.db.pool.Config().ConnConfig)
	if err != nil {
		return err
	}
	s.conn = conn
	var ok bool
	if err := conn.QueryRow(ctx, `SELECT pg_try_advisory_lock($1, $2)`, int32(lockClass), s.lockID).Scan(&ok); err != nil {
		return err
	}
	if !ok {
		return errors.New("its old session still holds the lock, or somebody is freeing its jobs")
	}
	s.proved = time.Now()
	return nil
}

// keep proves that the session lives, or makes a new one in time.
func (s *session) keep(ctx context.Context) error {
	bounded, cancel := context.WithTimeout(ctx, keepTimeout)
	defer cancel()
	err := s.prove(bounded)
	if err == nil {
		s.proved = time.Now()
		return nil
	}
	_ = s.close()
	if errors.Is(err, errLease) || time.Since(s.proved) > leaseGrace-keepTimeout {
		return fmt.Errorf("%w: %w", errLease, err)
	}
	s.db.o.Log.WarnContext(ctx, "lost the database session that holds the lease; making a new one", "err", err)
	return nil
}

func (s *session) prove(ctx context.Context) error {
	if s.conn != nil {
		return s.conn.Ping(ctx)
	}
	if err := s.relock(ctx); err != nil {
		return err
	}
	var rows int
	if err := s.conn.QueryRow(ctx, `SELECT count(*) FROM workers WHERE id = $1`, s.client).Scan(&rows); err != nil {
		return err
	}
	if rows == 0 {
		return fmt.Errorf("%w: another process has freed its jobs", errLease)
	}
	return nil
}

// freeDead frees the jobs of workers that have had no lock for leaseGrace.
func (s *session) freeDead(ctx context.Context) error {
	unlocked, err := s.unlocked(ctx)
	if err != nil {
		return err
	}
	seen := map[string]time.Time{}
	var errs []error
	for id, lockID := range unlocked {
		since, ok := s.missing[id]
		if !ok {
			since = time.Now()
		}
		if time.Since(since) < leaseGrace {
			seen[id] = since
			continue
		}
		errs = append(errs, s.free(ctx, id, lockID))
	}
	s.missing = seen
	return errors.Join(errs...)
}

// unlocked lists the workers whose lock nobody holds.
func (s *session) unlocked(ctx context.Context) (map[string]int32, error) {
	rows, err := s.db.r.QueryContext(ctx, `SELECT w.id, w.lock_id FROM workers w WHERE w.id <> $2 AND NOT EXISTS (
		SELECT 1 FROM pg_locks l JOIN pg_database d ON d.oid = l.database
		WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2 AND d.datname = current_database()
		AND l.classid::bigint = $1 AND l.objid::bigint = w.lock_id)`, int64(lockClass), s.client)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	unlocked := map[string]int32{}
	for rows.Next() {
		var id string
		var lockID int32
		if err := rows.Scan(&id, &lockID); err != nil {
			return nil, err
		}
		unlocked[id] = lockID
	}
	return unlocked, rows.Err()
}

// free gives back everything a dead worker held. Having its lock meanwhile
// proves that it is dead, and keeps it from coming back in between.
func (s *session) free(ctx context.Context, id string, lockID int32) error {
	freed := false
	err := s.db.tx(ctx, func(tx *sql.Tx) error {
		if err := tx.QueryRowContext(ctx, `SELECT pg_try_advisory_xact_lock($1, $2)`, int32(lockClass), lockID).Scan(&freed); err != nil || !freed {
			return err
		}
		for _, q := range []string{
			`UPDATE mailboxes SET holder = '' WHERE (repo, pr) IN (
				SELECT repo, pr FROM mailboxes WHERE holder <> '' AND starts_with(holder, $1 || '/') ORDER BY repo, pr FOR UPDATE)`,
			`UPDATE river_job SET state = 'available', attempt = greatest(attempt - 1, 0) WHERE state = 'running' AND attempted_by[array_upper(attempted_by, 1)] = $1`,
			`DELETE FROM river_leader WHERE leader_id = $1`,
			`DELETE FROM workers WHERE id = $1`,
		} {
			if _, err := tx.ExecContext(ctx, q, id); err != nil {
				return err
			}
		}
		return s.db.notifyWorkers(ctx, tx)
	})
	if err != nil {
		return fmt.Errorf("free the jobs of %s: %w", id, err)
	}
	if freed {
		s.db.o.Log.WarnContext(ctx, "freed the jobs of a process that has died", "worker", id)
	}
	return nil
}

// release ends the lease in order. What its handlers could not finish is freed
// here, so that nobody has to wait for it.
func (s *session) release() error {
	ctx, cancel := context.WithTimeout(context.Background(), commitTimeout)
	defer cancel()
	err := s.close()
	return errors.Join(err, s.free(ctx, s.client, s.lockID))
}

func (s *session) close() error {
	if s.conn == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), keepTimeout)
	defer cancel()
	conn := s.conn
	s.conn = nil
	return conn.Close(ctx)
}
