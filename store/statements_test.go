package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/agentplane/agentplane/store"
)

// keeping is a database of one connection, with a table t of the numbers 1 to 3.
func keeping(t testing.TB) *sql.DB {
	t.Helper()
	db, err := store.OpenKeeping(filepath.Join(t.TempDir(), "kept.db"))
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	db.SetMaxOpenConns(1)
	run(t, db, `CREATE TABLE t (n INTEGER PRIMARY KEY)`)
	run(t, db, `INSERT INTO t VALUES (1), (2), (3)`)
	return db
}

func run(t testing.TB, db *sql.DB, text string, args ...any) {
	t.Helper()
	_, err := db.ExecContext(t.Context(), text, args...)
	must(t, err)
}

func keeps(t testing.TB, db *sql.DB, text string) bool {
	t.Helper()
	kept, err := store.Kept(t.Context(), db)
	must(t, err)
	return slices.Contains(kept, text)
}

func TestAStatementIsKeptAndGivesWhatIsThere(t *testing.T) {
	t.Parallel()
	db := keeping(t)
	const text = `SELECT n FROM t WHERE n >= ? ORDER BY n`
	for _, from := range []int{1, 3, 4, 1} {
		rows, err := db.QueryContext(t.Context(), text, from)
		must(t, err)
		for want := from; rows.Next(); want++ {
			var n int
			must(t, rows.Scan(&n))
			if n != want {
				t.Errorf("from %d: %d, want %d", from, n, want)
			}
		}
		must(t, rows.Err())
		if !keeps(t, db, text) {
			t.Errorf("the statement is not kept after its use from %d", from)
		}
	}
}

func TestAStatementThatIsLeftEarlyStartsAnew(t *testing.T) {
	t.Parallel()
	db := keeping(t)
	for range 3 {
		rows, err := db.QueryContext(t.Context(), `SELECT n FROM t ORDER BY n`)
		must(t, err)
		var n int
		if !rows.Next() || rows.Scan(&n) != nil || n != 1 {
			t.Fatalf("the first row is %d", n)
		}
		must(t, rows.Err())
		must(t, rows.Close())
		must(t, rows.Close())
		run(t, db, `UPDATE t SET n = n`) // and it holds no lock
	}
}

func TestAStatementInsideItsOwnResult(t *testing.T) {
	t.Parallel()
	db := keeping(t)
	const text = `SELECT n FROM t ORDER BY n`
	var pairs []string
	tx, err := db.BeginTx(t.Context(), nil)
	must(t, err)
	each(t, tx, text, func(a int) {
		each(t, tx, text, func(b int) { pairs = append(pairs, fmt.Sprint(a, b)) })
	})
	must(t, tx.Commit())
	if got, want := strings.Join(pairs, ","), "1 1,1 2,1 3,2 1,2 2,2 3,3 1,3 2,3 3"; got != want {
		t.Errorf("pairs: %s, want %s", got, want)
	}
}

func each(t testing.TB, tx *sql.Tx, text string, do func(n int)) {
	t.Helper()
	rows, err := tx.QueryContext(t.Context(), text)
	must(t, err)
	defer func() { must(t, rows.Close()) }()
	for rows.Next() {
		var n int
		must(t, rows.Scan(&n))
		do(n)
	}
	must(t, rows.Err())
}

func TestAStatementSeesAnotherSchema(t *testing.T) {
	t.Parallel()
	db := keeping(t)
	columns := func() []string {
		rows, err := db.QueryContext(t.Context(), `SELECT * FROM t`)
		must(t, err)
		names, err := rows.Columns()
		must(t, errors.Join(err, rows.Err()))
		must(t, rows.Close())
		return names
	}
	before := columns()
	run(t, db, `ALTER TABLE t ADD COLUMN word TEXT`)
	if after := columns(); !slices.Equal(before, []string{"n"}) || !slices.Equal(after, []string{"n", "word"}) {
		t.Errorf("columns %q, then %q", before, after)
	}
	run(t, db, `DROP TABLE t`)
	if _, err := db.ExecContext(t.Context(), `SELECT * FROM t`); err == nil || !strings.Contains(err.Error(), "no such table") {
		t.Errorf("a table that is gone: %v", err)
	}
}

func TestAStatementThatFailedIsNotKept(t *testing.T) {
	t.Parallel()
	db := keeping(t)
	const exec, query = `INSERT INTO t VALUES (?)`, `INSERT INTO t VALUES (?) RETURNING n`
	for range 2 {
		if _, err := db.ExecContext(t.Context(), exec, 1); err == nil || keeps(t, db, exec) {
			t.Errorf("it inserts a second 1, with %v, or is kept", err)
		}
		var n int
		if err := db.QueryRowContext(t.Context(), query, 1).Scan(&n); err == nil || keeps(t, db, query) {
			t.Errorf("it inserts a second 1 and returns %d, with %v, or is kept", n, err)
		}
	}
	const late = `SELECT CASE n WHEN 1 THEN 'first' ELSE json('{') END FROM t ORDER BY n`
	rows, err := db.QueryContext(t.Context(), late)
	must(t, err)
	read := 0
	for rows.Next() {
		read++
	}
	if rows.Err() == nil || read != 1 {
		t.Errorf("%d rows, then %v; the second cannot be read", read, rows.Err())
	}
	_ = rows.Close() // it says again what went wrong
	if keeps(t, db, late) {
		t.Error("it is kept although its second row failed")
	}
	run(t, db, exec, 4)
	if !keeps(t, db, exec) {
		t.Error("it is not kept after it went well")
	}
}

func TestAStatementWhoseCallerLeft(t *testing.T) {
	t.Parallel()
	db := keeping(t)
	const text = `WITH RECURSIVE up(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM up) SELECT n FROM up`
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	rows, err := db.QueryContext(ctx, text)
	must(t, err)
	for rows.Next() {
		cancel()
	}
	if rows.Err() == nil {
		t.Error("a result without an end came to its end")
	}
	must(t, rows.Close())
	var n int
	must(t, db.QueryRowContext(t.Context(), text).Scan(&n))
	if n != 1 {
		t.Errorf("the next use begins with %d", n)
	}
}

func TestStatementsAreKeptWithinBounds(t *testing.T) {
	t.Parallel()
	db := keeping(t)
	text := func(i int) string { return fmt.Sprintf(`SELECT n + %d FROM t`, i) }
	for i := range 1000 {
		run(t, db, text(i))
		run(t, db, text(0)) // in use all the time
	}
	long := `SELECT '` + strings.Repeat("a", 8<<10) + `'`
	run(t, db, long)
	kept, err := store.Kept(t.Context(), db)
	must(t, err)
	if len(kept) != 256 {
		t.Errorf("%d statements are kept, want 256", len(kept))
	}
	for _, c := range []struct {
		text string
		want bool
		why  string
	}{
		{text(0), true, "it is used all the time"},
		{text(999), true, "it is the newest"},
		{text(1), false, "it is the oldest"},
		{long, false, "its text is long"},
	} {
		if slices.Contains(kept, c.text) != c.want {
			t.Errorf("%.40s kept is %v, want %v: %s", c.text, !c.want, c.want, c.why)
		}
	}
}
