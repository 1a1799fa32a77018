package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

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
		want := func(why, agent string, passed, failed int) {
			t.Helper()
			p, f, err := db.LaneRecord(within(t), blog, agent)
			if err != nil || p != passed || f != failed {
				t.Errorf("%s: %d passed, %d failed, %v, want %d and %d", why, p, f, err, passed, failed)
			}
		}
		want("nothing happened", "search", 0, 0)
		step(t, db, blog, enter(4)...)
		tests(t, db, queue.Pass)
		want("one landed", "search", 1, 0)
		step(t, db, blog, enter(5)...)
		tests(t, db, queue.Fail)
		want("one failed", "search", 1, 1)
		step(t, db, blog, enter(6)...)
		must(t, db.Drain(within(t)))
		step(t, db, blog, queue.Withdrawn{Number: 6, Request: 7, Why: "cancelled"})
		want("one was withdrawn", "search", 1, 1)
		metadata := enter(7)
		metadata[0] = queue.Submitted{Number: 7, Head: head(7), Agent: "metadata", Request: 7}
		step(t, db, blog, metadata...)
		tests(t, db, queue.TooLong)
		want("another agent's took too long", "metadata", 0, 1)
		want("and is not this one's", "search", 1, 1)
		person := enter(8)
		person[0] = queue.Submitted{Number: 8, Head: head(8), Request: 8}
		step(t, db, blog, person...)
		tests(t, db, queue.Pass)
		want("a person's landed", "", 0, 0)
		step(t, db, blog, enter(4)...)
		step(t, db, blog, queue.Ticked{At: noon.Add(time.Minute)})
		want("what has landed is submitted again", "search", 1, 1)
		if l := replay(t, db, blog); len(l) == 0 {
			t.Error("no log")
		}
		if p, f, err := db.LaneRecord(within(t), store.LaneID{Repo: 1, Branch: "other"}, "search"); p+f != 0 || err != nil {
			t.Errorf("another lane: %d, %d, %v", p, f, err)
		}
		must(t, db.ForgetRepository(within(t), blog.Repo))
		want("the repository was forgotten", "search", 0, 0)
		var rows int
		if must(t, db.Count(within(t), "lane_records", &rows)); rows != 0 {
			t.Errorf("%d records of a forgotten repository", rows)
		}
	})
}

func TestWhatCountsInARecord(t *testing.T) {
	entry := queue.Entry{Number: 4, Agent: "search"}
	carried := entry
	carried.Carried = true
	left := func(number int, kind queue.Kind) queue.Lane {
		return queue.Lane{Left: []queue.Departure{{Number: number, Reason: queue.Reason{Kind: kind}}}}
	}
	landed := queue.Lane{Done: queue.Numbers{}.With(4)}
	passed, failed, none := map[string]queue.Record{"search": {Passed: 1}}, map[string]queue.Record{"search": {Failed: 1}}, map[string]queue.Record{}
	for _, c := range []struct {
		entry queue.Entry
		after queue.Lane
		want  map[string]queue.Record
		why   string
	}{
		{entry, landed, passed, "it landed"},
		{carried, landed, none, "it landed again"},
		{entry, left(4, queue.FailedTest), failed, "its tests failed"},
		{carried, left(4, queue.FailedTest), failed, "they fail now"},
		{entry, left(4, queue.TookTooLong), failed, "they do not end"},
		{entry, left(4, queue.Conflict), none, "a conflict is nobody's fault"},
		{entry, left(4, queue.NothingStarts), none, "CI is silent"},
		{entry, left(4, queue.Withdrew), none, "it was withdrawn"},
		{entry, left(5, queue.FailedTest), none, "another's tests failed"},
		{entry, queue.Lane{Entries: []queue.Entry{entry}, Left: left(4, queue.FailedTest).Left}, none, "it is in the lane again"},
		{queue.Entry{Number: 4}, landed, none, "a person's"},
	} {
		if d := cmp.Diff(c.want, store.Went(queue.Lane{Entries: []queue.Entry{c.entry}}, c.after)); d != "" {
			t.Errorf("%s (-want +got)\n%s", c.why, d)
		}
	}
	two := queue.Lane{Entries: []queue.Entry{entry, {Number: 5, Agent: "search"}, {Number: 6, Agent: "review"}}}
	want := map[string]queue.Record{"search": {Passed: 1, Failed: 1}, "review": {Passed: 1}}
	after := left(5, queue.FailedTest)
	after.Done = after.Done.With(4).With(6)
	if d := cmp.Diff(want, store.Went(two, after)); d != "" {
		t.Errorf("several at once (-want +got)\n%s", d)
	}
}
