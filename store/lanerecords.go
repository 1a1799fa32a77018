package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/agentplane/agentplane/queue"
)

// LaneRecord tells how an agent's earlier entries in a lane went: how many
// landed, and how often one was taken out because its tests failed or did not
// end. What left for another reason says nothing about the next one's chances
// and is not counted, nor is what lands again because the target was merged
// without it.
func (db *DB) LaneRecord(ctx context.Context, id LaneID, agent string) (passed, failed int, err error) {
	if storable("branch", id.Branch) != nil { // no such lane has ever stepped
		return 0, 0, nil
	}
	err = db.r.QueryRowContext(ctx, db.q(`SELECT r.passed, r.failed FROM lane_records r JOIN lanes l ON l.id = r.lane
		WHERE l.repo = $1 AND l.branch = $2 AND r.agent = $3`), id.Repo, id.Branch, clean(agent, maxName)).Scan(&passed, &failed)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, 0, fmt.Errorf("read the record of %q on lane %s: %w", agent, id, err)
	}
	return passed, failed, nil
}

// tally counts how a step's entries went. It is part of the step: no outcome is
// lost, none is counted twice.
func (db *DB) tally(ctx context.Context, tx *sql.Tx, l *lane, before queue.Lane) error {
	in := inserter{table: "lane_records", columns: []string{"lane", "agent", "passed", "failed"},
		suffix: `ON CONFLICT (lane, agent) DO UPDATE SET passed = lane_records.passed + excluded.passed, failed = lane_records.failed + excluded.failed`}
	counts := went(before, l.value)
	agents := make([]string, 0, len(counts))
	for agent := range counts {
		agents = append(agents, agent)
	}
	slices.Sort(agents)
	for _, agent := range agents {
		in.add(l.row, agent, counts[agent].Passed, counts[agent].Failed)
	}
	return in.exec(ctx, db, tx)
}

// went tells by agent how the entries fared that are in a lane before a step
// and not after it.
func went(before, after queue.Lane) map[string]queue.Record {
	counts := map[string]queue.Record{}
	if len(before.Entries) == 0 {
		return counts
	}
	stays := make(map[int]bool, len(after.Entries))
	for _, e := range after.Entries {
		stays[e.Number] = true
	}
	for _, e := range before.Entries {
		if stays[e.Number] || e.Agent == "" {
			continue
		}
		agent := clean(e.Agent, maxName)
		record := counts[agent]
		switch {
		case after.Done.Has(e.Number) && e.Carried:
			continue
		case after.Done.Has(e.Number):
			record.Passed++
		case failedIn(after, e.Number):
			record.Failed++
		default:
			continue
		}
		counts[agent] = record
	}
	return counts
}

// failedIn tells whether a pull request left a lane because of its tests.
func failedIn(l queue.Lane, number int) bool {
	return slices.ContainsFunc(l.Left, func(d queue.Departure) bool {
		return d.Number == number && (d.Reason.Kind == queue.FailedTest || d.Reason.Kind == queue.TookTooLong)
	})
}
