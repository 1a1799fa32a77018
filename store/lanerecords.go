package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/agentplane/agentplane/queue"
)

// LaneRecord tells how an agent's earlier entries in a lane went, as
// queue.Outcomes counts them. What was counted before evidence was told apart
// is counted as without.
func (db *DB) LaneRecord(ctx context.Context, id LaneID, agent string) (r queue.Record, err error) {
	if storable("branch", id.Branch) != nil { // no such lane has ever stepped
		return r, nil
	}
	err = db.r.QueryRowContext(ctx, db.q(`SELECT r.passed, r.failed, r.observed_passed, r.observed_failed
		FROM lane_records r JOIN lanes l ON l.id = r.lane WHERE l.repo = $1 AND l.branch = $2 AND r.agent = $3`),
		id.Repo, id.Branch, clean(agent, maxName)).Scan(&r.Plain.Passed, &r.Plain.Failed, &r.Observed.Passed, &r.Observed.Failed)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return queue.Record{}, fmt.Errorf("read the record of %q on lane %s: %w", agent, id, err)
	}
	return r, nil
}

// tally counts how a step's entries went. It is part of the step: no outcome is
// lost, none is counted twice.
func (db *DB) tally(ctx context.Context, tx *sql.Tx, l *lane, before queue.Lane) error {
	records := map[string]queue.Record{}
	for agent, r := range queue.Outcomes(before, l.value) {
		agent = clean(agent, maxName)
		records[agent] = records[agent].Add(r)
	}
	agents := make([]string, 0, len(records))
	for agent := range records {
		agents = append(agents, agent)
	}
	slices.Sort(agents)
	in := inserter{table: "lane_records", columns: []string{"lane", "agent", "passed", "failed", "observed_passed", "observed_failed"},
		suffix: `ON CONFLICT (lane, agent) DO UPDATE SET
			passed = lane_records.passed + excluded.passed, failed = lane_records.failed + excluded.failed,
			observed_passed = lane_records.observed_passed + excluded.observed_passed,
			observed_failed = lane_records.observed_failed + excluded.observed_failed`}
	for _, agent := range agents {
		r := records[agent]
		in.add(l.row, agent, r.Plain.Passed, r.Plain.Failed, r.Observed.Passed, r.Observed.Failed)
	}
	return in.exec(ctx, db, tx)
}
