package store_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/agentplane/agentplane/queue"
	"github.com/agentplane/agentplane/store"
)

// TestAnOlderDatabaseIsBroughtUp starts from the first schema with rows in it,
// and has the upgrade fail in the middle first.
func TestAnOlderDatabaseIsBroughtUp(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		url := b.url(t)
		first, err := os.ReadFile(b.name + "_001.sql")
		must(t, err)
		old := raw(t, url)
		for _, q := range []string{
			`CREATE TABLE agentplane_schema (version INTEGER PRIMARY KEY, applied_at BIGINT NOT NULL)`,
			string(first), `INSERT INTO agentplane_schema (version, applied_at) VALUES (1, 0)`,
			`INSERT INTO pushers (repo, ref, sha, user_id, login, pushed_at) VALUES
				(1, '` + branch + `', 'a', 9, 'ada', 1000000), (1, '` + branch + `', 'b', 9, 'ada2', 3000000), (1, '` + branch + `', 'c', 8, 'bob', 2000000)`,
			`INSERT INTO pulls (repo, number, sha) VALUES (1, 5, 'b')`,
			`CREATE TABLE surroundings (in_the_way INTEGER)`,
		} {
			_, err := old.Exec(q)
			must(t, err)
		}
		if _, err := store.Open(within(t), url, quick()); err == nil {
			t.Fatal("the upgrade did not notice a table in its way")
		}
		if _, err := old.Exec(`SELECT * FROM heads`); err == nil {
			t.Error("a part of the failed upgrade stayed")
		}
		_, err = old.Exec(`DROP TABLE surroundings`)
		must(t, err)
		db := open(t, url, quick())
		got, err := db.Pushers(within(t), 1, branch)
		must(t, err)
		at := func(s int64) time.Time { return time.Unix(s, 0).UTC() }
		if diff := cmp.Diff([]store.Push{
			{Repo: 1, Ref: branch, SHA: "b", UserID: 9, Login: "ada2", At: at(3)}, {Repo: 1, Ref: branch, SHA: "c", UserID: 8, Login: "bob", At: at(2)},
		}, got); diff != "" {
			t.Error(diff)
		}
		if pulls, err := db.Pulls(within(t), 1); err != nil || len(pulls) != 1 || pulls[0] != 5 {
			t.Errorf("pull requests: %v %v", pulls, err)
		}
		must(t, db.PutHead(within(t), 1, branch, "b", noon))
	})
}

// TestASecondSchemaIsBroughtUp: a database from before there were lanes, with an
// upgrade that fails in the middle first.
func TestASecondSchemaIsBroughtUp(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		url := b.url(t)
		old := raw(t, url)
		do := func(q string) {
			t.Helper()
			_, err := old.Exec(q)
			must(t, err)
		}
		do(`CREATE TABLE agentplane_schema (version INTEGER PRIMARY KEY, applied_at BIGINT NOT NULL)`)
		for _, file := range []string{"_001.sql", "_002.sql"} {
			text, err := os.ReadFile(b.name + file)
			must(t, err)
			do(string(text))
		}
		do(`INSERT INTO agentplane_schema (version, applied_at) VALUES (1, 0), (2, 0)`)
		do(`INSERT INTO mailboxes (repo, pr, used_at, retry_at) VALUES (1, 5, 1, 1)`)
		do(`INSERT INTO notices (repo, pr, installation, full_name, reason, ref, sha, comment, delivery, received_at) VALUES (1, 5, 7, 'octo/blog', 'kept', '', '', 0, '', 1)`)
		do(`CREATE TABLE audit (in_the_way INTEGER)`)
		if _, err := store.Open(within(t), url, quick()); err == nil {
			t.Fatal("the upgrade did not notice a table in its way")
		}
		if _, err := old.Exec(`SELECT * FROM lanes`); err == nil {
			t.Error("a part of the failed upgrade stayed")
		}
		do(`DROP TABLE audit`)
		db := open(t, url, quick())
		j := newJournal()
		startAll(t, db, store.Handlers{Notices: j.handle, Effects: (&crew{}).handle})
		step(t, db, blog, append(opening(), enter(4)...)...)
		if l := landAll(t, db, blog); !l.Done.Has(4) || j.seen["kept"] != 1 {
			t.Errorf("landed %v, handled %v", l.Done, j.seen)
		}
	})
}

// TestAThirdSchemaIsBroughtUp: a database from before readings were numbered,
// with an upgrade that fails in the middle first.
func TestAThirdSchemaIsBroughtUp(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		url := b.url(t)
		old := raw(t, url)
		do := func(q string) {
			t.Helper()
			_, err := old.Exec(q)
			must(t, err)
		}
		do(`CREATE TABLE agentplane_schema (version INTEGER PRIMARY KEY, applied_at BIGINT NOT NULL)`)
		for _, file := range []string{"_001.sql", "_002.sql", "_003.sql"} {
			text, err := os.ReadFile(b.name + file)
			must(t, err)
			do(string(text))
		}
		do(`INSERT INTO agentplane_schema (version, applied_at) VALUES (1, 0), (2, 0), (3, 0)`)
		do(`CREATE TABLE lane_records (in_the_way INTEGER)`)
		if _, err := store.Open(within(t), url, quick()); err == nil {
			t.Fatal("the upgrade did not notice a table in its way")
		}
		if _, err := old.Exec(`SELECT * FROM readings`); err == nil {
			t.Error("a part of the failed upgrade stayed")
		}
		do(`DROP TABLE lane_records`)
		db := open(t, url, quick())
		if n, err := db.NextReading(within(t)); err != nil || n != 1 {
			t.Errorf("the first reading is %d, %v", n, err)
		}
	})
}

// TestAFourthSchemaIsBroughtUp: records from before evidence was told apart are kept, as without.
func TestAFourthSchemaIsBroughtUp(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		url := b.url(t)
		db := open(t, url, quick())
		step(t, db, blog, opening()...)
		must(t, db.Close())
		old := raw(t, url)
		for _, q := range []string{
			`ALTER TABLE lane_records DROP COLUMN observed_passed`, `ALTER TABLE lane_records DROP COLUMN observed_failed`,
			`INSERT INTO lane_records (lane, agent, passed, failed) SELECT id, 'search', 7, 2 FROM lanes`,
			`DELETE FROM agentplane_schema WHERE version > 4`,
		} {
			_, err := old.Exec(q)
			must(t, err)
		}
		db = open(t, url, quick())
		want := queue.Record{Plain: queue.Tally{Passed: 7, Failed: 2}}
		if got, err := db.LaneRecord(within(t), blog, "search"); err != nil || got != want {
			t.Errorf("%+v, %v, want %+v", got, err, want)
		}
	})
}

// remember puts a row into every table that keeps history for a repository.
func remember(t *testing.T, db *store.DB, repo int64) {
	t.Helper()
	ctx, k := within(t), store.Key{Repo: repo, PR: 5}
	must(t, db.PutHead(ctx, repo, branch, "a", noon))
	must(t, db.PutFailures(ctx, repo, branch, "a", []store.FailedCheck{{Requirement: "check", Signature: "s", PR: 5, At: noon}}))
	must(t, db.RecordApprovals(ctx, repo, 5, []store.Approval{{Source: "review 1", Subject: "ci", Contents: "d", Contract: "c", At: noon}}))
	must(t, db.RecordInterventions(ctx, repo, []store.Intervention{{PR: 5, Source: "comment 1", Kind: "retry", At: noon}}))
	_, err := db.SeenComment(ctx, k, store.Comment{ID: 1, Head: "a", Written: noon})
	must(t, err)
	_, err = db.PutAnswer(ctx, k, 1)
	must(t, err)
	_, err = db.PutSurroundings(ctx, k, "d")
	must(t, err)
	must(t, db.PutRequested(ctx, k, "@ada"))
	must(t, db.PutCommentPosted(ctx, k, "queue", store.CommentPosted{ID: 1}))
	must(t, db.Receive(ctx, delivery(int(repo)), nil, []store.Push{{Repo: repo, Ref: branch, SHA: "a", UserID: 9, At: noon}}))
}

func TestHistoryGoesWithItsRepositoryAndItsTime(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		c, o := withClock()
		db := open(t, b.url(t), o)
		remember(t, db, 1)
		remember(t, db, 2)
		brief := []string{"surroundings", "posted_comments", "requests"}
		long := []string{"heads", "failed_checks", "approvals", "interventions", "comments", "answers", "branch_pushers"}
		count := func(when string, tables []string, want int) {
			t.Helper()
			for _, table := range tables {
				var n int
				must(t, db.Count(context.Background(), table, &n))
				if n != want {
					t.Errorf("%s: %d rows in %s, want %d", when, n, table, want)
				}
			}
		}
		count("at first", append(brief, long...), 2)
		must(t, db.ForgetRepository(within(t), 1))
		count("after forgetting one", append(brief, long...), 1)
		if got, err := db.Approvals(within(t), 2, 5); err != nil || len(got) != 1 {
			t.Errorf("the other's approvals: %v %v", got, err)
		}
		c.move(399 * 24 * time.Hour)
		must(t, db.Prune(within(t)))
		count("after 399 days", long, 1)
		count("after 399 days", brief[:2], 0)
		c.move(2 * 24 * time.Hour)
		must(t, db.Prune(within(t)))
		count("after 401 days", append(brief, long...), 0)
	})
}
