package store_test

import (
	"testing"
	"time"

	"github.com/agentplane/agentplane/queue"
	"github.com/agentplane/agentplane/store"
)

// tests says how the one candidate of a lane ended.
func tests(t *testing.T, db *store.DB, outcome queue.Outcome) {
	t.Helper()
	must(t, db.Drain(within(t)))
	l, _, err := db.Lane(within(t), blog)
	must(t, err)
	for _, c := range l.Candidates {
		step(t, db, blog, queue.Tested{Candidate: c.ID, Commit: c.Commit, Requirement: "check", Outcome: outcome})
	}
	must(t, db.Drain(within(t)))
}

func TestHowAnAgentsEntriesWent(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		db := open(t, b.url(t), quick())
		startAll(t, db, (&crew{}).handlers())
		step(t, db, blog, opening()...)
		plain := func(passed, failed int) queue.Record {
			return queue.Record{Plain: queue.Tally{Passed: passed, Failed: failed}}
		}
		want := func(why, agent string, want queue.Record) {
			t.Helper()
			if got, err := db.LaneRecord(within(t), blog, agent); err != nil || got != want {
				t.Errorf("%s: %+v, %v, want %+v", why, got, err, want)
			}
		}
		want("nothing happened", "search", plain(0, 0))
		step(t, db, blog, enter(4)...)
		tests(t, db, queue.Pass)
		want("one landed", "search", plain(1, 0))
		step(t, db, blog, enter(5)...)
		tests(t, db, queue.Fail)
		want("one failed", "search", plain(1, 1))
		step(t, db, blog, enter(6)...)
		must(t, db.Drain(within(t)))
		step(t, db, blog, queue.Withdrawn{Number: 6, Request: 7, Why: "cancelled"})
		want("one was withdrawn", "search", plain(1, 1))
		metadata := enter(7)
		metadata[0] = queue.Submitted{Number: 7, Head: head(7), Agent: "metadata", Request: 7}
		step(t, db, blog, metadata...)
		tests(t, db, queue.TooLong)
		want("another agent's took too long", "metadata", plain(0, 1))
		want("and is not this one's", "search", plain(1, 1))
		person := enter(8)
		person[0] = queue.Submitted{Number: 8, Head: head(8), Request: 8}
		step(t, db, blog, person...)
		tests(t, db, queue.Pass)
		want("a person's landed", "", plain(0, 0))
		step(t, db, blog, enter(4)...)
		step(t, db, blog, queue.Ticked{At: noon.Add(time.Minute)})
		want("what has landed is submitted again", "search", plain(1, 1))
		for n, outcome := range map[int]queue.Outcome{9: queue.Pass, 10: queue.Fail} {
			observed := enter(n)
			verdict := observed[1].(queue.Judged)
			verdict.Known.Observed = true
			step(t, db, blog, observed[0], verdict)
			tests(t, db, outcome)
		}
		want("CI had passed on two heads", "search", queue.Record{Plain: queue.Tally{Passed: 1, Failed: 1}, Observed: queue.Tally{Passed: 1, Failed: 1}})
		if l := replay(t, db, blog); len(l) == 0 {
			t.Error("no log")
		}
		if r, err := db.LaneRecord(within(t), store.LaneID{Repo: 1, Branch: "other"}, "search"); r != plain(0, 0) || err != nil {
			t.Errorf("another lane: %+v, %v", r, err)
		}
		must(t, db.ForgetRepository(within(t), blog.Repo))
		want("the repository was forgotten", "search", plain(0, 0))
		var rows int
		if must(t, db.Count(within(t), "lane_records", &rows)); rows != 0 {
			t.Errorf("%d records of a forgotten repository", rows)
		}
	})
}
