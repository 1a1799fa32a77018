package queue

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestWhatCountsInARecord holds which outcomes speak of the agent.
func TestWhatCountsInARecord(t *testing.T) {
	entry := Entry{Number: 4, Agent: "search"}
	with := func(change func(e *Entry)) Entry {
		e := entry
		change(&e)
		return e
	}
	left := func(number int, kind Kind) Lane {
		return Lane{Left: []Departure{{Number: number, Reason: Reason{Kind: kind}}}}
	}
	landed := Lane{Done: Numbers{}.With(4)}
	passed, failed := Record{Plain: Tally{Passed: 1}}, Record{Plain: Tally{Failed: 1}}
	carried := with(func(e *Entry) { e.Carried = true })
	observed := with(func(e *Entry) { e.Known.Observed = true })
	changing := with(func(e *Entry) { e.Known.Interface = true })
	for _, c := range []struct {
		entry  Entry
		landed int64 // since the entry was written
		after  Lane
		want   Record
		why    string
	}{
		{entry, 0, landed, passed, "it landed"},
		{observed, 0, landed, Record{Observed: Tally{Passed: 1}}, "with evidence"},
		{carried, 0, landed, Record{}, "it landed again"},
		{entry, 0, left(4, FailedTest), failed, "its tests failed"},
		{observed, 0, left(4, FailedTest), Record{Observed: Tally{Failed: 1}}, "in spite of evidence"},
		{carried, 0, left(4, FailedTest), failed, "they fail now"},
		{entry, 0, left(4, TookTooLong), failed, "they do not end"},
		{entry, 50, left(4, FailedTest), failed, "one in ten fails by itself, and fewer of fifty landings break it"},
		{changing, 3, left(4, FailedTest), failed, "three landings do not excuse it"},
		{changing, 30, left(4, FailedTest), Record{}, "thirty landings since an interface was changed"},
		{with(func(e *Entry) { e.Known.Observed = true; e.Known.Interface = true }), 3, left(4, FailedTest), Record{}, "three are enough where CI has seen it pass"},
		{with(func(e *Entry) { e.Proven = true; e.Saw = -1 }), 5, left(4, FailedTest), Record{}, "it had passed, and something else landed"},
		{entry, 0, left(4, Conflict), Record{}, "a conflict is nobody's fault"},
		{entry, 0, left(4, NothingStarts), Record{}, "CI is silent"},
		{entry, 0, left(4, Withdrew), Record{}, "it was withdrawn"},
		{entry, 0, left(5, FailedTest), Record{}, "another's tests failed"},
		{entry, 0, Lane{Entries: []Entry{entry}, Left: left(4, FailedTest).Left}, Record{}, "it is in the lane again"},
		{with(func(e *Entry) { e.Agent = "" }), 0, landed, Record{}, "a person's"},
	} {
		got := Outcomes(Lane{Landed: c.landed, Entries: []Entry{c.entry}}, c.after)
		if len(got) > 0 != (c.want != Record{}) || got["search"] != c.want {
			t.Errorf("%s: %v, want %v", c.why, got, c.want)
		}
	}
	two := Lane{Entries: []Entry{entry, {Number: 5, Agent: "search"}, {Number: 6, Agent: "review"}, {Number: 7, Agent: "search", Known: observed.Known}}}
	after := left(5, FailedTest)
	after.Done = after.Done.With(4).With(6).With(7)
	want := map[string]Record{"search": {Plain: Tally{1, 1}, Observed: Tally{1, 0}}, "review": {Plain: Tally{1, 0}}}
	if d := cmp.Diff(want, Outcomes(two, after)); d != "" {
		t.Errorf("several at once (-want +got)\n%s", d)
	}
}
