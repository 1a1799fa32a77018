package store

import "context"

// Count counts a table's rows.
func (db *DB) Count(ctx context.Context, table string, n *int) error {
	return db.r.QueryRowContext(ctx, `SELECT count(*) FROM `+table).Scan(n)
}

// Heal is what Run does every ten seconds.
func (db *DB) Heal(ctx context.Context) error { return db.heal(ctx) }
