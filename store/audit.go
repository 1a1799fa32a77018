package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/agentplane/agentplane/queue"
)

// AuditEntry is one row of a lane's audit log: an event that changed the lane.
// Give a lane Clock as its time and step Event, and it has the digest State and
// asked for the effects with the digest Digest: decisions can be replayed.
type AuditEntry struct {
	Seq     int64       // 1 is the lane's first; without gaps
	At      time.Time   // when it was stored, by this program's clock
	Clock   time.Time   // the lane's time before the event
	Event   queue.Event // what was seen
	Effects []string    // the keys of what the lane asked for, in order, but for Tells
	Tells   int         // how many statuses changed
	Digest  string      // SHA-256 of all effects, see EffectsDigest
	State   string      // SHA-256 of the lane afterwards, see StateDigest
	Hash    string      // of this row and the Hash before it
}

// asked is what a lane asked for in one step, as the log keeps it.
type asked struct {
	Keys   []string `json:"keys,omitempty"`
	Tells  int      `json:"tells,omitempty"`
	Digest string   `json:"digest"`
}

// link is a row of the log as it is stored and hashed.
type link struct {
	seq, at                int64
	clock, effects, digest string
	event                  []byte
	hash                   string
}

// chained hashes texts, each with its length, so that none can flow into the
// next.
func chained(texts ...string) string {
	h := sha256.New()
	for _, t := range texts {
		_, _ = fmt.Fprintf(h, "%d:%s,", len(t), t)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// firstLink is what the first row of a lane's log is chained to.
func firstLink(id LaneID) string {
	return chained("agentplane lane", strconv.FormatInt(id.Repo, 10), id.Branch)
}

// after is the hash of the row, chained to the one before.
func (r *link) after(before string) string {
	return chained(before, strconv.FormatInt(r.seq, 10), strconv.FormatInt(r.at, 10), r.clock, string(r.event), r.effects, r.digest)
}

// StateDigest is what the log keeps of a lane.
func StateDigest(l queue.Lane) (string, error) {
	state, err := stateOf(l)
	return digest(state), err
}

// EffectsDigest is what the log keeps of all that a lane asked for in one step.
func EffectsDigest(effects []queue.Effect) (string, error) {
	forms := make([]string, 0, len(effects))
	for _, e := range effects {
		form, err := queue.EncodeEffect(e)
		if err != nil {
			return "", err
		}
		forms = append(forms, string(form))
	}
	return chained(forms...), nil
}

// log appends a step to the lane's log. clock is the lane's time before it.
func (db *DB) log(ctx context.Context, tx *sql.Tx, l *lane, s *step, clock string) error {
	sum, err := EffectsDigest(s.effects)
	if err != nil {
		return err
	}
	a := asked{Digest: sum}
	for _, e := range s.effects {
		if _, told := e.(queue.Tell); told {
			a.Tells++
		} else {
			a.Keys = append(a.Keys, e.Key())
		}
	}
	effects, err := json.Marshal(a)
	if err != nil {
		return err
	}
	r := link{seq: l.seq + 1, at: db.now(), clock: clock, event: s.form, effects: string(effects), digest: l.digest}
	r.hash = r.after(l.hash)
	l.seq, l.hash = r.seq, r.hash
	in := inserter{table: "audit", columns: []string{"lane", "seq", "at", "clock", "event", "effects", "digest", "hash"}}
	in.add(l.row, r.seq, r.at, r.clock, r.event, r.effects, r.digest, r.hash)
	return in.exec(ctx, db, tx)
}

const selectLinks = `SELECT a.seq, a.at, a.clock, a.event, a.effects, a.digest, a.hash FROM audit a `

func (r *link) scan(row interface{ Scan(...any) error }) error {
	return row.Scan(&r.seq, &r.at, &r.clock, &r.event, &r.effects, &r.digest, &r.hash)
}

// auditPage is how many rows Audit reads.
const auditPage = 500

// Audit reads a lane's log from the row with number from on, oldest first, at
// most 500 rows: ask again from the one after the last. What is older than
// RetainHistory is gone. It does not check the chain; VerifyAudit does.
func (db *DB) Audit(ctx context.Context, id LaneID, from int64) ([]AuditEntry, error) {
	rows, err := db.r.QueryContext(ctx, db.q(selectLinks+`JOIN lanes l ON l.id = a.lane
		WHERE l.repo = $1 AND l.branch = $2 AND a.seq >= $3 ORDER BY a.seq LIMIT $4`), id.Repo, id.Branch, from, auditPage)
	if err != nil {
		return nil, fmt.Errorf("read the audit log of lane %s: %w", id, err)
	}
	all, err := collect(rows, func(e *AuditEntry) error {
		var r link
		if err := r.scan(rows); err != nil {
			return err
		}
		return e.read(r)
	})
	if err != nil {
		return nil, fmt.Errorf("read the audit log of lane %s: %w", id, err)
	}
	return all, nil
}

func (e *AuditEntry) read(r link) (err error) {
	e.Seq, e.At, e.State, e.Hash = r.seq, timeOf(r.at), r.digest, r.hash
	if r.clock != "" {
		if e.Clock, err = time.Parse(time.RFC3339Nano, r.clock); err != nil {
			return fmt.Errorf("row %d: %w", r.seq, err)
		}
	}
	if e.Event, err = queue.DecodeEvent(r.event); err != nil {
		return fmt.Errorf("row %d: %w", r.seq, err)
	}
	var a asked
	if err = json.Unmarshal([]byte(r.effects), &a); err != nil {
		return fmt.Errorf("row %d: %w", r.seq, err)
	}
	e.Effects, e.Tells, e.Digest = a.Keys, a.Tells, a.Digest
	return nil
}

// pruneAudit removes rows from before a time, oldest first, and remembers where
// the log was cut: the next row is chained to the last that went.
func (db *DB) pruneAudit(ctx context.Context, before int64) error {
	rows, err := db.r.QueryContext(ctx, db.q(`SELECT id FROM lanes WHERE EXISTS (
		SELECT 1 FROM audit a WHERE a.lane = lanes.id AND a.seq = lanes.pruned_seq + 1 AND a.at < $1) ORDER BY id`), before)
	if err != nil {
		return err
	}
	lanes, err := collect(rows, func(row *int64) error { return rows.Scan(row) })
	if err != nil {
		return err
	}
	for _, row := range lanes {
		for range pruneRounds {
			n, err := db.cutAudit(ctx, row, before)
			if err != nil {
				return err
			}
			if n < prunePer {
				break
			}
		}
	}
	return nil
}

// cutAudit removes at most prunePer rows of one lane, up to the first that is
// not old, and tells how many.
func (db *DB) cutAudit(ctx context.Context, row, before int64) (n int, err error) {
	err = db.tx(ctx, func(tx *sql.Tx) error {
		n = 0
		var last link
		err := tx.QueryRowContext(ctx, db.q(`SELECT pruned_seq, pruned_hash FROM lanes WHERE id = $1`+db.forUpdate()), row).Scan(&last.seq, &last.hash)
		if err != nil {
			return ignoreGone(err)
		}
		rows, err := tx.QueryContext(ctx, db.q(`SELECT seq, at, hash FROM audit WHERE lane = $1 AND seq > $2 ORDER BY seq LIMIT $3`), row, last.seq, prunePer)
		if err != nil {
			return err
		}
		links, err := collect(rows, func(r *link) error { return rows.Scan(&r.seq, &r.at, &r.hash) })
		if err != nil {
			return err
		}
		for n < len(links) && links[n].at < before {
			last = links[n]
			n++
		}
		if n == 0 {
			return nil
		}
		if _, err := tx.ExecContext(ctx, db.q(`DELETE FROM audit WHERE lane = $1 AND seq <= $2`), row, last.seq); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, db.q(`UPDATE lanes SET pruned_seq = $2, pruned_hash = $3 WHERE id = $1`), row, last.seq, last.hash)
		return err
	})
	return n, err
}
