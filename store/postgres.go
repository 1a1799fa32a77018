package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
)

// lockClass is the first half of our advisory locks' names; the second is 0 for
// migrations, else the worker's lock_id.
const lockClass = 0x61677470 // "agtp"

func (db *DB) openPostgres(ctx context.Context, url string) error {
	db.dialect = postgres
	config, err := pgxpool.ParseConfig(url) // its error leaves the password out
	if err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	config.MaxConns = max(config.MaxConns, int32(min(db.o.Workers, 100))+8)
	if config.ConnConfig.RuntimeParams["application_name"] == "" {
		config.ConnConfig.RuntimeParams["application_name"] = "agentplane"
	}
	// What was accepted must be on disk, whatever the server's default is.
	config.ConnConfig.RuntimeParams["synchronous_commit"] = "on"
	where := fmt.Sprintf("%s/%s", config.ConnConfig.Host, config.ConnConfig.Database)
	if db.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return fmt.Errorf("open database %s: %w", where, err)
	}
	db.w = stdlib.OpenDBFromPool(db.pool)
	db.r = db.w
	if err := db.Ping(ctx); err != nil {
		return fmt.Errorf("open database %s: %w", where, err)
	}
	db.newDriver = func() riverdriver.Driver[*sql.Tx] { return riverdatabasesql.NewWithPgxListener(db.w, db.pool) }
	if err := db.prepareAlone(ctx); err != nil {
		return fmt.Errorf("open database %s: %w", where, err)
	}
	return nil
}

// prepareAlone migrates while no other process does.
func (db *DB) prepareAlone(ctx context.Context) (err error) {
	conn, err := db.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	if _, err := conn.Exec(ctx, `SELECT pg_advisory_lock($1, 0)`, int32(lockClass)); err != nil {
		return fmt.Errorf("wait for other processes to migrate: %w", err)
	}
	defer func() {
		if _, e := conn.Exec(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock($1, 0)`, int32(lockClass)); err == nil {
			err = e
		}
	}()
	return db.prepare(ctx)
}
