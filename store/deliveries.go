package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// StoredDelivery is what is kept of a delivery.
type StoredDelivery struct {
	GUID, Event string
	SHA256      string // of the body, in hex
	Size        int    // of the body, in bytes
	ReceivedAt  time.Time
	Times       int // how often this GUID came
}

// Deliveries lists at most limit deliveries received at or after since, oldest
// first.
func (db *DB) Deliveries(ctx context.Context, since time.Time, limit int) ([]StoredDelivery, error) {
	rows, err := db.r.QueryContext(ctx, db.q(`SELECT guid, event, sha256, size, received_at, times FROM deliveries
		WHERE received_at >= $1 ORDER BY received_at, guid LIMIT $2`), micros(since), limit)
	if err != nil {
		return nil, fmt.Errorf("list deliveries: %w", err)
	}
	return collect(rows, func(d *StoredDelivery) error {
		var at int64
		err := rows.Scan(&d.GUID, &d.Event, &d.SHA256, &d.Size, &at, &d.Times)
		d.ReceivedAt = timeOf(at)
		return err
	})
}

// Missing returns those of guids that were never stored, or so long ago that
// they were pruned: of the deliveries that GitHub lists as failed, those to
// ask for again.
func (db *DB) Missing(ctx context.Context, guids []string) ([]string, error) {
	var missing []string
	for _, guid := range guids {
		var one int
		err := db.r.QueryRowContext(ctx, db.q(`SELECT 1 FROM deliveries WHERE guid = $1`), clean(guid, maxName)).Scan(&one)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			missing = append(missing, guid)
		case err != nil:
			return nil, fmt.Errorf("look for delivery %s: %w", guid, err)
		}
	}
	return missing, nil
}

// Watermark tells how far a scan (such as that of failed deliveries) has got;
// zero: it never ran.
func (db *DB) Watermark(ctx context.Context, name string) (time.Time, error) {
	var at int64
	err := db.r.QueryRowContext(ctx, db.q(`SELECT reached_at FROM watermarks WHERE name = $1`), name).Scan(&at)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, fmt.Errorf("read watermark %s: %w", name, err)
	}
	return timeOf(at), nil
}

// SetWatermark moves a watermark forward. It never moves back: a scan that is
// overtaken by another loses nothing and repeats nothing.
func (db *DB) SetWatermark(ctx context.Context, name string, reached time.Time) error {
	in := inserter{table: "watermarks", columns: []string{"name", "reached_at"},
		suffix: `ON CONFLICT (name) DO UPDATE SET reached_at = excluded.reached_at WHERE excluded.reached_at > watermarks.reached_at`}
	in.add(name, micros(reached))
	if _, err := db.w.ExecContext(ctx, db.q(in.statement(1)), in.args...); err != nil {
		return fmt.Errorf("set watermark %s: %w", name, err)
	}
	return nil
}
