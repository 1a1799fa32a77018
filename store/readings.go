package store

import (
	"context"
	"database/sql"
	"fmt"
)

// NextReading numbers a reading of GitHub. Take the number before reading: of
// two readings of one thing, the one with the larger number then began later,
// and saw what is at least as new.
//
// A number is larger than all that were returned before the call began, in
// this process or another, before and after every restart: it is returned only
// when it is committed and synced to disk, as all that is written here. A crash
// or an error in between skips a number, and never repeats one. With a database
// that was lost or put back from a backup, the lanes that know the numbers are
// lost or put back too.
func (db *DB) NextReading(ctx context.Context) (n int64, err error) {
	err = db.tx(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `UPDATE readings SET n = n + 1 RETURNING n`).Scan(&n)
	})
	if err != nil {
		return 0, fmt.Errorf("number a reading: %w", err)
	}
	return n, nil
}
