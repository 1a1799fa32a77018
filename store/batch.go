package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"sync"
)

// waitingQueue holds the requests that wait for a commit, oldest first.
type waitingQueue struct {
	mu      sync.Mutex
	waiting []*request
}

func (q *waitingQueue) push(r *request) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = append(q.waiting, r)
}

// take removes as many as one transaction should hold, at least one if any.
func (q *waitingQueue) take() []*request {
	q.mu.Lock()
	defer q.mu.Unlock()
	n, rows := 0, 0
	for n < len(q.waiting) && n < maxBatchRequests {
		rows += q.waiting[n].rows()
		if n > 0 && rows > maxBatchRows {
			break
		}
		n++
	}
	batch := q.waiting[:n:n]
	q.waiting = q.waiting[n:]
	if len(q.waiting) == 0 {
		q.waiting = nil
	}
	return batch
}

// inserter builds INSERT statements of many rows.
type inserter struct {
	table   string
	columns []string
	suffix  string
	args    []any
}

// maxArgs is what one statement binds. SQLite allows 32,766 and PostgreSQL 65,535,
// but SQLite's time to read a statement grows with the square.
const maxArgs = 2_000

func (in *inserter) add(row ...any) { in.args = append(in.args, row...) }

// statement is the text for n rows.
func (in *inserter) statement(n int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "INSERT INTO %s (%s) VALUES ", in.table, strings.Join(in.columns, ", "))
	arg := 0
	for row := range n {
		if row > 0 {
			b.WriteByte(',')
		}
		for col := range in.columns {
			arg++
			sep := ","
			if col == 0 {
				sep = "("
			}
			fmt.Fprintf(&b, "%s$%d", sep, arg)
		}
		b.WriteByte(')')
	}
	b.WriteByte(' ')
	b.WriteString(in.suffix)
	return b.String()
}

// chunks calls f with the statement and its arguments, for as many rows at a
// time as one statement may bind.
func (in *inserter) chunks(f func(query string, args []any) error) error {
	per := maxArgs / len(in.columns) * len(in.columns)
	for args := in.args; len(args) > 0; {
		n := min(per, len(args))
		if err := f(in.statement(n/len(in.columns)), args[:n]); err != nil {
			return fmt.Errorf("insert into %s: %w", in.table, err)
		}
		args = args[n:]
	}
	return nil
}

func (in *inserter) exec(ctx context.Context, db *DB, tx *sql.Tx) error {
	return in.chunks(func(query string, args []any) error {
		_, err := tx.ExecContext(ctx, db.q(query), args...)
		return err
	})
}
