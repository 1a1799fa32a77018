package store_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/stdlib"

	"github.com/agentplane/agentplane/store"
)

// raw opens the database beside the store.
func raw(t testing.TB, url string) *sql.DB {
	t.Helper()
	driver, dsn := "pgx", url
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		driver, dsn = "sqlite", "file:"+path+"?_pragma=busy_timeout(10000)"
	}
	db, err := sql.Open(driver, dsn)
	must(t, err)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

var _ = stdlib.GetDefaultDriver // registers "pgx"

func TestANewerSchemaIsRefused(t *testing.T) {
	for _, newer := range []struct{ schema, insert string }{
		{"agentplane", `INSERT INTO agentplane_schema (version, applied_at) VALUES (9001, 0)`},
		{"river", `INSERT INTO river_migration (line, version) VALUES ('main', 9001)`},
	} {
		t.Run(newer.schema, func(t *testing.T) {
			onBoth(t, func(t *testing.T, b backend) {
				url := b.url(t)
				must(t, open(t, url, quick()).Close())
				_, err := raw(t, url).Exec(newer.insert)
				must(t, err)
				_, err = store.Open(within(t), url, quick())
				var refused *store.NewerSchemaError
				if !errors.As(err, &refused) || refused.Have != 9001 || refused.Schema != newer.schema {
					t.Fatalf("got %v", err)
				}
			})
		})
	}
}

// TestAHalfMigratedDatabaseIsFinished: each step of the migration was
// committed on its own, so a kill leaves one of these states.
func TestAHalfMigratedDatabaseIsFinished(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		for _, state := range []struct{ why, make string }{
			{"nothing was made yet", `SELECT 1`},
			{"only the schema table", `CREATE TABLE agentplane_schema (version INTEGER PRIMARY KEY, applied_at BIGINT NOT NULL)`},
		} {
			url := b.url(t)
			_, err := raw(t, url).Exec(state.make)
			must(t, err)
			db := open(t, url, quick())
			if err := db.Notify(within(t), notice(1, 1, "works")); err != nil {
				t.Errorf("%s: %v", state.why, err)
			}
		}
		url := b.url(t) // River's tables are there, ours are not
		must(t, open(t, url, quick()).Close())
		db := raw(t, url)
		for _, table := range []string{"deliveries", "mailboxes", "notices", "pushers", "repositories", "publications", "watermarks", "pulls", "agentplane_schema",
			"heads", "failed_checks", "passed_checks", "approvals", "interventions", "comments", "answers", "branch_pushers", "surroundings", "requests",
			"lanes", "effects", "audit", "readings", "posted_comments", "lane_records", "reports"} {
			_, err := db.Exec(`DROP TABLE ` + table)
			must(t, err)
		}
		if b.name == "postgres" {
			_, err := db.Exec(`DROP TABLE workers; DROP SEQUENCE worker_locks; DROP FUNCTION audit_refuses_changes`)
			must(t, err)
		}
		must(t, db.Close())
		must(t, open(t, url, quick()).Notify(within(t), notice(1, 1, "works")))
	})
}

func TestWhatCannotBeOpenedSaysWhy(t *testing.T) {
	dir := t.TempDir()
	garbage := filepath.Join(dir, "garbage.db")
	must(t, os.WriteFile(garbage, []byte(strings.Repeat("this is no database\n", 500)), 0o600))
	for _, c := range []struct{ url, says, why string }{
		{"", "name of a file", "nothing given"},
		{"sqlite:", "name of a file", "no file given"},
		{"sqlite::memory:", "name of a file", "memory survives nothing"},
		{"mysql://db/agentplane", "unknown kind \"mysql\"", "not supported"},
		{"sqlite:" + filepath.Join(dir, "no", "such", "folder.db"), "no such file", "folder missing"},
		{"sqlite:" + garbage, "is damaged", "not a database"},
		{"postgres://user:canary@/db?host=" + dir, "open database", "no server; the password is not shown"},
		{"postgres://user:canary@:bad/db", "open database", "broken URL; the password is not shown"},
	} {
		_, err := store.Open(within(t), c.url, quick())
		if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v", c.why, err)
		}
	}
}

func TestADamagedPageIsFoundAtStart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	db := open(t, path, quick())
	for i := range 300 {
		must(t, db.Receive(within(t), delivery(i), []store.Notice{notice(1, i, strings.Repeat("x", 200))}, nil))
	}
	must(t, db.Close())
	text, err := os.ReadFile(path)
	must(t, err)
	for i := range 3000 { // several pages in the middle of the data
		text[len(text)/2+i] ^= 0x55
	}
	must(t, os.WriteFile(path, text, 0o600))
	_, err = store.Open(within(t), path, quick())
	var damaged *store.CorruptError
	if !errors.As(err, &damaged) || damaged.File != path {
		t.Fatalf("got %v", err)
	}
}

func TestOneProcessPerFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	db := open(t, path, quick())
	_, err := store.Open(within(t), "sqlite:"+path, quick())
	var locked *store.LockedError
	if !errors.As(err, &locked) || locked.File != path || locked.PID == "" || !strings.Contains(err.Error(), path) {
		t.Fatalf("got %v", err)
	}
	must(t, db.Notify(within(t), notice(1, 1, "the first is unharmed")))
	must(t, db.Close())
	must(t, db.Close()) // twice is fine
	must(t, open(t, path, quick()).Ping(within(t)))
}

func TestFilesAreTheOwnersOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a b%c?#.db") // SQLite's URL must not lose a part
	must(t, os.WriteFile(path, nil, 0o644))
	db := open(t, path, quick())
	must(t, db.Notify(within(t), notice(1, 1, "x")))
	files, err := os.ReadDir(filepath.Dir(path))
	must(t, err)
	if len(files) < 3 {
		t.Errorf("files: %v", files)
	}
	for _, f := range files {
		info, err := f.Info()
		must(t, err)
		if info.Mode().Perm() != 0o600 || !strings.HasPrefix(f.Name(), "a b%c?#.db") {
			t.Errorf("%s has mode %v", f.Name(), info.Mode())
		}
	}
}

// TestEveryScanHasItsIndex holds the indexes by name: without one of them the
// store works, and slows down with its history.
func TestEveryScanHasItsIndex(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		url := b.url(t)
		must(t, open(t, url, quick()).Close())
		query := `SELECT name FROM sqlite_master WHERE type = 'index'`
		if b.name == "postgres" {
			query = `SELECT indexname FROM pg_indexes WHERE schemaname = current_schema()`
		}
		rows, err := raw(t, url).QueryContext(context.Background(), query)
		must(t, err)
		defer rows.Close() //nolint:errcheck // rows.Err tells
		have := map[string]bool{}
		for rows.Next() {
			var name string
			must(t, rows.Scan(&name))
			have[name] = true
		}
		must(t, rows.Err())
		for _, name := range []string{"deliveries_received", "mailboxes_retry", "mailboxes_job", "mailboxes_holder", "mailboxes_used",
			"notices_waiting", "notices_handled", "pushers_pushed", "repositories_installation", "publications_put", "pulls_sha",
			"heads_order", "heads_last", "failed_checks_seen", "passed_checks_seen", "approvals_given", "interventions_pull", "interventions_done",
			"comments_pull", "comments_written", "answers_pull", "answers_answered", "branch_pushers_pushed", "surroundings_put", "requests_requested"} {
			if !have[name] {
				t.Errorf("index %s is missing", name)
			}
		}
	})
}
