package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"log/slog"

	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivermigrate"
)

// Our own migrations, one file per dialect and version: sqlite_001.sql,
// postgres_001.sql, … A file that was released is never edited.
//
//go:embed sqlite_*.sql postgres_*.sql
var migrations embed.FS

// schemaVersion is the newest version this program knows.
const schemaVersion = 5

// NewerSchemaError says that a newer program has already changed the database.
// This one must not write to it: it would not know what its rows mean.
type NewerSchemaError struct {
	Schema      string // "agentplane" or "river"
	Have, Knows int
}

func (e *NewerSchemaError) Error() string {
	return fmt.Sprintf("the database has %s schema version %d, and this program knows only %d: run the newer program, or restore a backup made before the upgrade", e.Schema, e.Have, e.Knows)
}

// migrate brings the database to the schema of this program. Every version is
// one transaction together with its row in agentplane_schema, so a kill between
// any two steps leaves a version that the next start continues from.
func (db *DB) migrate(ctx context.Context, driver riverdriver.Driver[*sql.Tx]) error {
	have, err := db.schema(ctx)
	if err != nil {
		return err
	}
	if have > schemaVersion {
		return &NewerSchemaError{Schema: "agentplane", Have: have, Knows: schemaVersion}
	}
	if err := db.migrateRiver(ctx, driver); err != nil {
		return err
	}
	for v := have + 1; v <= schemaVersion; v++ {
		if err := db.apply(ctx, v); err != nil {
			return fmt.Errorf("bring the database to schema version %d: %w", v, err)
		}
	}
	return nil
}

// schema reads the version, making its table first.
func (db *DB) schema(ctx context.Context) (int, error) {
	const table = `CREATE TABLE IF NOT EXISTS agentplane_schema (version INTEGER PRIMARY KEY, applied_at BIGINT NOT NULL)`
	if _, err := db.w.ExecContext(ctx, table); err != nil {
		return 0, fmt.Errorf("make the schema table: %w", err)
	}
	var have int
	if err := db.w.QueryRowContext(ctx, `SELECT coalesce(max(version), 0) FROM agentplane_schema`).Scan(&have); err != nil {
		return 0, fmt.Errorf("read the schema version: %w", err)
	}
	return have, nil
}

func (db *DB) apply(ctx context.Context, version int) error {
	text, err := migrations.ReadFile(fmt.Sprintf("%s_%03d.sql", db.dialect, version))
	if err != nil {
		return err
	}
	return db.tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, string(text)); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, db.q(`INSERT INTO agentplane_schema (version, applied_at) VALUES ($1, $2)`), version, db.now())
		return err
	})
}

func (db *DB) migrateRiver(ctx context.Context, driver riverdriver.Driver[*sql.Tx]) error {
	m, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return fmt.Errorf("prepare River's migrations: %w", err)
	}
	all := m.AllVersions()
	knows := all[len(all)-1].Version
	have, err := db.riverVersion(ctx)
	if err != nil {
		return err
	}
	if have > knows {
		return &NewerSchemaError{Schema: "river", Have: have, Knows: knows}
	}
	if have == knows {
		return nil
	}
	if _, err := m.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("bring River's tables to version %d: %w", knows, err)
	}
	return nil
}

// riverVersion reads the version of River's tables itself, because River's own
// reader stumbles over a version it does not know. 0: not migrated yet.
func (db *DB) riverVersion(ctx context.Context) (int, error) {
	exists := `SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'river_migration'`
	if db.dialect == postgres {
		exists = `SELECT count(*) FROM pg_class WHERE oid = to_regclass('river_migration')`
	}
	var n int
	if err := db.w.QueryRowContext(ctx, exists).Scan(&n); err != nil || n == 0 {
		return 0, err
	}
	var have int
	err := db.w.QueryRowContext(ctx, `SELECT coalesce(max(version), 0) FROM river_migration`).Scan(&have)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("read River's schema version: %w", err)
	}
	return have, nil
}
