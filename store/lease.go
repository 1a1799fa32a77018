package store

import (
	"context"
	"errors"
)

// lease proves to the other processes that this one is alive.
type lease interface {
	// keep renews the lease; errLease: it is lost, and with it all jobs.
	keep(ctx context.Context) error
	// freeDead gives back what processes without a lease were working on.
	freeDead(ctx context.Context) error
	release() error
}

// errLease says that other processes may take this one for dead.
var errLease = errors.New("the lease on the database is lost")

func (db *DB) takeLease(ctx context.Context, client string) (lease, error) {
	if db.dialect == sqlite {
		return fileLease{}, nil
	}
	return db.takeSession(ctx, client)
}

// fileLease is SQLite's: the file lock, which ends with the process.
type fileLease struct{}

func (fileLease) keep(context.Context) error     { return nil }
func (fileLease) freeDead(context.Context) error { return nil }
func (fileLease) release() error                 { return nil }
