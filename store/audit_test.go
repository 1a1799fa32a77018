package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/agentplane/agentplane/queue"
	"github.com/agentplane/agentplane/store"
)

// TestVerifyNamesTheFirstBrokenLink changes the database by hand, as somebody
// would who wants history to be another.
func TestVerifyNamesTheFirstBrokenLink(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		url := b.url(t)
		db, tamper := open(t, url, quick()), raw(t, url)
		step(t, db, blog, append(opening(), enter(4)...)...)
		if _, err := tamper.Exec(`UPDATE audit SET at = 0`); err == nil || !strings.Contains(err.Error(), "append-only") {
			t.Errorf("the database lets the log be changed: %v", err)
		}
		drop := `DROP TRIGGER audit_is_append_only`
		if b.name == "postgres" {
			drop += ` ON audit`
		}
		_, err := tamper.Exec(drop)
		must(t, err)
		for _, c := range []struct {
			why, do, what string
			seq           int64
		}{
			{"a row is edited", `UPDATE audit SET clock = 'x' WHERE seq = 3`, "it was changed", 3},
			{"an event is edited", `UPDATE audit SET event = (SELECT event FROM audit WHERE seq = 1) WHERE seq = 2`, "it was changed", 2},
			{"effects are edited", `UPDATE audit SET effects = '{}' WHERE seq = 4`, "it was changed", 4},
			{"the time is edited", `UPDATE audit SET at = at + 1 WHERE seq = 4`, "it was changed", 4},
			{"a row is removed", `DELETE FROM audit WHERE seq = 3`, "it is missing", 3},
			{"the first row is removed", `DELETE FROM audit WHERE seq = 1`, "it is missing", 1},
			{"the last row is removed", `DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit)`, "it is missing", 4},
			{"the last row is removed, and the lane set back", `DELETE FROM audit WHERE seq = 4; UPDATE lanes SET seq = 3, hash = (SELECT hash FROM audit WHERE seq = 3)`, "not the one that this step led to", 3},
			{"a row is added", `INSERT INTO audit SELECT lane, seq + 1, at, clock, event, effects, digest, hash FROM audit WHERE seq = 4`, "it was changed", 5},
			{"rows of another lane", `INSERT INTO audit SELECT lane + 7, seq, at, clock, event, effects, digest, hash FROM audit WHERE seq = 2`, "it belongs to no lane", 2},
			{"the lane is edited", `UPDATE lanes SET state = (SELECT event FROM audit WHERE seq = 1)`, "without a step", 4},
			{"the lane is edited, and its digest", `UPDATE lanes SET digest = 'x'`, "not the one that this step led to", 4},
			{"the lane is given to another branch", `UPDATE lanes SET branch = 'main'`, "another lane's beginning", 1},
		} {
			must(t, db.ForgetRepository(within(t), 1))
			_, err := tamper.Exec(`DELETE FROM audit`)
			must(t, err)
			step(t, db, blog, append(opening(), enter(4)...)...)
			replay(t, db, blog)
			for _, do := range strings.Split(c.do, ";") {
				_, err := tamper.Exec(do)
				must(t, err)
			}
			_, err = db.VerifyAudit(within(t))
			var broken *store.BrokenLinkError
			if !errors.As(err, &broken) || broken.Seq != c.seq || !strings.Contains(broken.What, c.what) {
				t.Errorf("%s: %v", c.why, err)
			}
		}
	})
}

// TestAStateOfAnotherHandIsNotStepped: a lane that no step has led to decides
// nothing.
func TestAStateOfAnotherHandIsNotStepped(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		url := b.url(t)
		step(t, open(t, url, quick()), blog, append(opening(), enter(4)...)...)
		_, err := raw(t, url).Exec(`UPDATE lanes SET state = (SELECT event FROM audit WHERE seq = 1)`)
		must(t, err)
		if b.name == "sqlite" {
			return // its file belongs to the process that has it decoded already
		}
		db := open(t, url, quick())
		if _, err := db.Step(within(t), blog, queue.Ticked{At: noon.Add(time.Hour)}); err == nil || !strings.Contains(err.Error(), "not what was stored") {
			t.Errorf("stepped: %v", err)
		}
		if _, _, err := db.Lane(within(t), blog); err == nil {
			t.Error("read")
		}
	})
}

func TestLanesGoWithTheirRepositoryAndTheirLogWithTime(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		clock, o := withClock()
		db := open(t, b.url(t), o)
		other := store.LaneID{Repo: 2, Branch: blog.Branch}
		for _, id := range []store.LaneID{blog, other} {
			step(t, db, id, append(opening(), enter(4)...)...)
		}
		count := func(when string, want map[string]int) {
			t.Helper()
			for table, n := range want {
				var got int
				must(t, db.Count(context.Background(), table, &got))
				if got != n {
					t.Errorf("%s: %d rows in %s, want %d", when, got, table, n)
				}
			}
		}
		count("at first", map[string]int{"lanes": 2, "audit": 8, "effects": 4})
		must(t, db.ForgetRepository(within(t), 1))
		count("after forgetting one", map[string]int{"lanes": 1, "audit": 4, "effects": 2})
		l := step(t, db, blog, opening()...)
		if len(l.Entries) > 0 {
			t.Error("what was forgotten came back")
		}
		must(t, db.ForgetRepository(within(t), 1))

		clock.move(399 * 24 * time.Hour)
		step(t, db, other, enter(5)...)
		must(t, db.Prune(within(t)))
		count("after 399 days", map[string]int{"lanes": 1, "audit": 6})
		clock.move(2 * 24 * time.Hour)
		must(t, db.Prune(within(t)))
		count("after 401 days", map[string]int{"lanes": 1, "audit": 2})
		heads, err := db.VerifyAudit(within(t))
		if err != nil || len(heads) != 1 || heads[0].Rows != 2 || heads[0].Seq != 6 {
			t.Errorf("a pruned log: %+v %v", heads, err)
		}
		clock.move(401 * 24 * time.Hour)
		must(t, db.Prune(within(t)))
		step(t, db, other, enter(6)...)
		heads, err = db.VerifyAudit(within(t))
		if err != nil || len(heads) != 1 || heads[0].Rows != 2 || heads[0].Seq != 8 {
			t.Errorf("a log that was pruned whole: %+v %v", heads, err)
		}
		if l, _, err := db.Lane(within(t), other); err != nil || len(l.Entries) != 3 {
			t.Errorf("the lane itself: %+v %v", l, err)
		}
	})
}

func TestThePrunedLogIsLong(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		clock, o := withClock()
		db := open(t, b.url(t), o)
		for i := range 1100 { // more than one statement takes
			step(t, db, blog, queue.PauseSet{Why: fmt.Sprint(i), Request: int64(i + 1)})
		}
		clock.move(401 * 24 * time.Hour)
		step(t, db, blog, queue.PauseSet{Why: "the last", Request: 5000})
		must(t, db.Prune(within(t)))
		heads, err := db.VerifyAudit(within(t))
		if err != nil || len(heads) != 1 || heads[0].Rows != 1 || heads[0].Seq != 1101 {
			t.Errorf("%+v %v", heads, err)
		}
	})
}
