package store

import (
	"context"
	"fmt"
	"time"
)

// prunePer bounds the rows that one statement removes, and pruneRounds how many
// statements one Prune runs per table: a large backlog takes several rounds,
// and never keeps Receive waiting.
const (
	prunePer    = 500
	pruneRounds = 20
)

// Prune removes what is older than the retention: deliveries and handled
// notices (Retain), publications, posted comments, pushers, surroundings and idle mailboxes
// (RetainRecords), and the history of branches, people and lanes
// (RetainHistory). A notice or an effect that waits is never removed, and a lane
// stays as long as its repository: it knows what has landed. River removes its finished jobs itself.
// Run calls it every PruneEvery.
func (db *DB) Prune(ctx context.Context) error {
	events, records, history := db.before(db.o.Retain), db.before(db.o.RetainRecords), db.before(db.o.RetainHistory)
	for _, p := range []struct {
		what, query string
		before      int64
	}{
		{"deliveries", `DELETE FROM deliveries WHERE guid IN (SELECT guid FROM deliveries WHERE received_at < $1 LIMIT $2)`, events},
		{"notices", `DELETE FROM notices WHERE id IN (SELECT id FROM notices WHERE handled_at > 0 AND handled_at < $1 LIMIT $2)`, events},
		{"publications", `DELETE FROM publications WHERE (repo, sha, name) IN (SELECT repo, sha, name FROM publications WHERE put_at < $1 LIMIT $2)`, records},
		{"posted comments", `DELETE FROM posted_comments WHERE (repo, pr, name) IN (SELECT repo, pr, name FROM posted_comments WHERE put_at < $1 LIMIT $2)`, records},
		{"pushers", `DELETE FROM pushers WHERE (repo, ref, sha) IN (SELECT repo, ref, sha FROM pushers WHERE pushed_at < $1 LIMIT $2)`, records},
		{"surroundings", `DELETE FROM surroundings WHERE (repo, pr) IN (SELECT repo, pr FROM surroundings WHERE put_at < $1 LIMIT $2)`, records},
		{"heads", `DELETE FROM heads WHERE (repo, ref, sha) IN (SELECT repo, ref, sha FROM heads WHERE last_at < $1 LIMIT $2)`, history},
		{"passed checks", `DELETE FROM passed_checks WHERE (repo, ref, sha, requirement) IN (
			SELECT repo, ref, sha, requirement FROM passed_checks WHERE seen_at < $1 LIMIT $2)`, history},
		{"failed checks", `DELETE FROM failed_checks WHERE (repo, ref, sha, requirement, signature) IN (
			SELECT repo, ref, sha, requirement, signature FROM failed_checks WHERE seen_at < $1 LIMIT $2)`, history},
		{"approvals", `DELETE FROM approvals WHERE (repo, pr, source, subject) IN (
			SELECT repo, pr, source, subject FROM approvals WHERE given_at < $1 LIMIT $2)`, history},
		{"interventions", `DELETE FROM interventions WHERE (repo, source, kind, subject) IN (
			SELECT repo, source, kind, subject FROM interventions WHERE done_at < $1 LIMIT $2)`, history},
		{"comments", `DELETE FROM comments WHERE (repo, comment) IN (SELECT repo, comment FROM comments WHERE written_at < $1 LIMIT $2)`, history},
		{"answers", `DELETE FROM answers WHERE (repo, comment) IN (SELECT repo, comment FROM answers WHERE answered_at < $1 LIMIT $2)`, history},
		{"requests", `DELETE FROM requests WHERE (repo, pr, reviewer) IN (SELECT repo, pr, reviewer FROM requests WHERE requested_at < $1 LIMIT $2)`, history},
		{"branch pushers", `DELETE FROM branch_pushers WHERE (repo, ref, user_id) IN (
			SELECT repo, ref, user_id FROM branch_pushers WHERE pushed_at < $1 LIMIT $2)`, history},
		{"reports", `DELETE FROM reports WHERE (repo, pr, sha) IN (SELECT repo, pr, sha FROM reports WHERE put_at < $1 LIMIT $2)`, history},
		{"mailboxes", `DELETE FROM mailboxes WHERE job_id = 0 AND retry_at = 0 AND holder = '' AND (repo, pr) IN (
			SELECT repo, pr FROM mailboxes WHERE used_at < $1 AND job_id = 0 AND retry_at = 0 AND holder = '' LIMIT $2)`, records},
	} {
		if err := db.pruneTable(ctx, p.query, p.before); err != nil {
			return fmt.Errorf("prune %s: %w", p.what, err)
		}
	}
	if err := db.pruneAudit(ctx, history); err != nil {
		return fmt.Errorf("prune the audit log: %w", err)
	}
	return nil
}

func (db *DB) pruneTable(ctx context.Context, query string, before int64) error {
	for range pruneRounds {
		result, err := db.w.ExecContext(ctx, db.q(query), before, prunePer)
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n < prunePer {
			return err
		}
	}
	return nil
}

func (db *DB) before(age time.Duration) int64 { return micros(db.o.Now().Add(-age)) }
