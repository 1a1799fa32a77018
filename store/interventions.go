package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"
)

// Intervention is something that a person did by hand for a pull request, such
// as an approval, an expansion of its scope or a retry.
type Intervention struct {
	PR      int
	Source  string // what it was read from, such as "comment 4" or "review 17"
	Kind    string // "approve", "expand", "retry"
	Agent   string // whose pull request it was; "" for nobody's
	Subject string // the class, interface or path; "" where the kind says all
	UserID  int64
	Login   string // at that time; shown, never compared
	Why     string // the person's own words
	At      time.Time
}

// Recurrence counts the pull requests for which the same was done.
type Recurrence struct {
	Kind, Agent, Subject string
	Times                int // pull requests, not interventions
}

// RecordInterventions keeps those that are not known yet, by source, kind and
// subject: reading a comment again adds nothing, and changes nothing.
func (db *DB) RecordInterventions(ctx context.Context, repo int64, done []Intervention) error {
	in := inserter{table: "interventions",
		columns: []string{"repo", "source", "kind", "subject", "pr", "agent", "user_id", "login", "why", "done_at"},
		suffix:  `ON CONFLICT (repo, source, kind, subject) DO NOTHING`}
	sorted := slices.Clone(done)
	slices.SortStableFunc(sorted, func(a, b Intervention) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Subject, b.Subject))
	})
	for _, i := range sorted {
		if err := storable("source", i.Source, "kind", i.Kind, "agent", "."+i.Agent, "subject", "."+i.Subject); err != nil {
			return fmt.Errorf("record interventions in %d: %w", repo, err)
		}
		if micros(i.At) >= db.before(db.o.RetainHistory) {
			in.add(repo, i.Source, i.Kind, i.Subject, i.PR, i.Agent, i.UserID, clean(i.Login, maxName), clean(i.Why, maxText), micros(i.At))
		}
	}
	if err := db.tx(ctx, func(tx *sql.Tx) error { return in.exec(ctx, db, tx) }); err != nil {
		return fmt.Errorf("record interventions in %d: %w", repo, err)
	}
	return nil
}

// Interventions lists what was done for a pull request, oldest first.
func (db *DB) Interventions(ctx context.Context, repo int64, pr int) ([]Intervention, error) {
	rows, err := db.r.QueryContext(ctx, db.q(`SELECT pr, source, kind, agent, subject, user_id, login, why, done_at FROM interventions
		WHERE repo = $1 AND pr = $2 ORDER BY done_at, source, kind, subject`), repo, pr)
	if err != nil {
		return nil, fmt.Errorf("list interventions for %d/%d: %w", repo, pr, err)
	}
	return collect(rows, func(i *Intervention) error {
		var at int64
		err := rows.Scan(&i.PR, &i.Source, &i.Kind, &i.Agent, &i.Subject, &i.UserID, &i.Login, &i.Why, &at)
		i.At = timeOf(at)
		return err
	})
}

// Recurring counts, for each kind, agent and subject, the pull requests that
// needed it at or after since: at most 200, the most frequent first.
func (db *DB) Recurring(ctx context.Context, repo int64, since time.Time) ([]Recurrence, error) {
	rows, err := db.r.QueryContext(ctx, db.q(`SELECT kind, agent, subject, count(DISTINCT pr) AS times FROM interventions
		WHERE repo = $1 AND done_at >= $2 GROUP BY kind, agent, subject ORDER BY times DESC, kind, agent, subject LIMIT 200`), repo, micros(since))
	if err != nil {
		return nil, fmt.Errorf("count what recurs in %d: %w", repo, err)
	}
	return collect(rows, func(r *Recurrence) error { return rows.Scan(&r.Kind, &r.Agent, &r.Subject, &r.Times) })
}
