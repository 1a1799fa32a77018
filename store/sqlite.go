package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	_ "modernc.org/sqlite" // the database/sql driver "sqlite"
)

// LockedError says that another process has the SQLite file open.
type LockedError struct {
	File string
	PID  string // as the other process wrote it, or ""
}

func (e *LockedError) Error() string {
	return fmt.Sprintf("database %s is in use by another agentplane process (pid %s): stop that one, or give this one its own file; several processes need --database postgres://…", e.File, e.PID)
}

// CorruptError says what SQLite's quick_check found.
type CorruptError struct{ File, Found string }

func (e *CorruptError) Error() string {
	return fmt.Sprintf("database %s is damaged (%s): restore a backup, or move the file away to start anew; what is open on GitHub is read again, history is lost", e.File, e.Found)
}

func (db *DB) openSQLite(ctx context.Context, path string) error {
	db.dialect = sqlite
	if path == "" || strings.Contains(path, ":memory:") {
		return errors.New("open database: SQLite needs the name of a file, because what was accepted must survive a crash")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	if err := db.lock(path); err != nil {
		return err
	}
	if err := private(path); err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	if db.w, err = openKeeping(dsn(path, "_txlock=immediate")); err != nil {
		return fmt.Errorf("open database %s: %w", path, err)
	}
	// One writer, and callers queue for it in Go, in order: SQLite's own
	// waiting sleeps and is not fair.
	db.w.SetMaxOpenConns(1)
	if db.r, err = openKeeping(dsn(path, "_pragma=query_only(1)")); err != nil {
		return fmt.Errorf("open database %s: %w", path, err)
	}
	db.r.SetMaxOpenConns(4)
	db.r.SetMaxIdleConns(4)
	if err := db.quickCheck(ctx, path); err != nil {
		return err
	}
	db.newDriver = func() riverdriver.Driver[*sql.Tx] { return &sqliteDriver{riversqlite.New(db.w), db.wake} }
	if err := db.prepare(ctx); err != nil {
		return fmt.Errorf("open database %s: %w", path, err)
	}
	return db.freeAll(ctx)
}

// dsn asks for write-ahead logging with a sync at every commit.
func dsn(path, more string) string {
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath()}
	return u.String() + "?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)&" + more
}

// lock takes FILE.lock until Close or the end of the process. The file itself
// cannot be locked: SQLite's own locks would be lost with it.
func (db *DB) lock(path string) error {
	name := path + ".lock"
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return fmt.Errorf("open database: make its lock file: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		pid, _ := io.ReadAll(io.LimitReader(f, 20))
		_ = f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return &LockedError{File: path, PID: strings.TrimSpace(string(pid))}
		}
		return fmt.Errorf("lock %s: %w", name, err)
	}
	db.lockFile = f
	if err := f.Truncate(0); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if _, err := fmt.Fprintln(f, os.Getpid()); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// private makes the file readable by its owner only; SQLite gives the same mode
// to the -wal and -shm files beside it.
func private(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(f.Chmod(0o600), f.Close())
}

func (db *DB) quickCheck(ctx context.Context, path string) error {
	var found string
	if err := db.w.QueryRowContext(ctx, `PRAGMA quick_check(1)`).Scan(&found); err != nil {
		if notADatabase(err) {
			return &CorruptError{File: path, Found: err.Error()}
		}
		return fmt.Errorf("check database %s: %w", path, err)
	}
	if found != "ok" {
		return &CorruptError{File: path, Found: found}
	}
	return nil
}

// notADatabase tells SQLITE_CORRUPT (11) and SQLITE_NOTADB (26) from the rest.
func notADatabase(err error) bool {
	var coded interface{ Code() int }
	if !errors.As(err, &coded) {
		return false
	}
	code := coded.Code() & 0xff
	return code == 11 || code == 26
}

// freeAll gives back what a dead process was working on. The file lock proves
// that there is no other live process.
func (db *DB) freeAll(ctx context.Context) error {
	err := db.tx(ctx, func(tx *sql.Tx) error {
		for _, q := range []string{
			`UPDATE river_job SET state = 'available', attempt = max(attempt - 1, 0) WHERE state = 'running'`,
			`UPDATE mailboxes SET holder = '' WHERE holder <> ''`,
			`DELETE FROM river_leader`,
		} {
			if _, err := tx.ExecContext(ctx, q); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("free the jobs of the last run: %w", err)
	}
	return nil
}
