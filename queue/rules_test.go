package queue

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// ready is a lane in which everything may move, with entries that were judged good.
func ready(entries ...Entry) Lane {
	l := Lane{Branch: "b", Tip: "base", Start: "base", Now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		Policy: Policy{Contract: "k", Required: []string{"check"}}}
	for i := range entries {
		e := &entries[i]
		e.Arrival, e.Since = int64(i+1), l.Now
		e.Head = orElse(e.Head, fmt.Sprint(e.Number, "a"))
		e.Judgement = Judgement{Head: e.Head, Contract: "k", Good: true}
	}
	l.Entries, l.Arrival = entries, int64(len(entries))
	return l
}

// chainOf is entries each of which needs the one before.
func chainOf(n int) []Entry {
	entries := make([]Entry, n)
	for i := range entries {
		entries[i].Number = i + 1
		if i > 0 {
			entries[i].Known.After = []Need{{Number: i}}
		}
	}
	return entries
}

// TestRules holds what is too long for a conversation.
func TestRules(t *testing.T) {
	t.Run("a chain of fifty may move, and no more", func(t *testing.T) {
		order, holds := Plan(ready(chainOf(60)...))
		if len(order) != MaxDepth || len(holds) != 10 || !strings.Contains(holds[0].Why, "longer than 50") {
			t.Errorf("%d in order, held: %v", len(order), holds)
		}
	})
	t.Run("a chain of a thousand in reverse, and a cycle of a thousand", func(t *testing.T) {
		entries := chainOf(1000)
		slices.Reverse(entries)
		if order, holds := Plan(ready(entries...)); len(order) != MaxDepth || len(holds) != 950 {
			t.Errorf("%d in order, %d held", len(order), len(holds))
		}
		ring := chainOf(1000)
		ring[0].Known.After = []Need{{Number: 1000}}
		if order, holds := Plan(ready(ring...)); len(order) != 0 || len(holds) != 1000 || holds[999].Kind != HoldCycle {
			t.Errorf("%d in order, %d held", len(order), len(holds))
		}
	})
	t.Run("too many dependencies hold", func(t *testing.T) {
		l := ready(Entry{Number: 1})
		needs := make([]Need, 5000)
		for i := range needs {
			needs[i] = Need{Number: i + 2, State: NeedMerged}
		}
		l, _ = Step(l, Judged{Number: 1, Reading: 1, Judgement: l.Entries[0].Judgement, Known: Known{After: needs}})
		_, holds := Plan(l)
		if len(holds) != 1 || !strings.Contains(holds[0].Why, "more than 100") || len(l.Entries[0].Known.After) > MaxNeeds+1 {
			t.Errorf("held: %v", holds)
		}
	})
	t.Run("departures are forgotten, the oldest first", func(t *testing.T) {
		l := ready()
		for i := 1; i <= MaxLeft+5; i++ {
			l, _ = Step(l, Withdrawn{Number: i, Request: int64(i)})
		}
		if len(l.Left) != MaxLeft || l.Left[0].Number != 6 {
			t.Errorf("%d remembered, from #%d", len(l.Left), l.Left[0].Number)
		}
	})
	t.Run("nonsense changes nothing", func(t *testing.T) {
		l, _ := Step(ready(Entry{Number: 1}), TipMoved{Tip: "base"})
		for _, e := range []Event{nil, Submitted{}, Submitted{Number: -1, Head: "x"}, Submitted{Number: 3}, Withdrawn{Number: 9}, Withdrawn{Number: -1, Request: 4},
			HeadMoved{Number: 1}, HeadMoved{Number: 9, Head: "x"}, Judged{Number: 1, Reading: 9}, Judged{Number: 9}, Built{Candidate: "x", Commit: "y"},
			Built{}, Rejected{Candidate: "x"}, Tested{Candidate: "x"}, Refused{}, Refused{Key: "x"}, Landed{}, Landed{Candidate: "x"}, TargetMerged{}, TargetMoved{},
			Reconciled{}, Ticked{}, Ticked{At: l.Now.Add(-time.Hour)}} {
			after, effects := Step(l, e)
			if len(effects) > 0 || fmt.Sprint(after) != fmt.Sprint(l) {
				t.Errorf("%T%+v changes the lane, or asks for %v", e, e, effects)
			}
		}
	})
	t.Run("a rest doubles up to an hour", func(t *testing.T) {
		l, effects := Step(ready(Entry{Number: 1}), TipMoved{Tip: "base"})
		var rests []time.Duration
		for range 9 {
			build, _ := effects[0].(Build)
			l, _ = Step(l, Refused{Key: build.Key(), Why: "502"})
			rests = append(rests, l.Rest.Until.Sub(l.Now))
			l, effects = Step(l, Ticked{At: l.Rest.Until})
		}
		if rests[0] != time.Minute || rests[3] != 8*time.Minute || rests[8] != time.Hour {
			t.Errorf("rests of %v", rests)
		}
	})
}

// TestNumbers compares the set with a map, by chance.
func TestNumbers(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var set Numbers
		model := map[int]bool{}
		for range 60 {
			n := 1 + rng.IntN(25)
			before := slices.Clone(set)
			next := set.With(n)
			if model[n] = true; rng.IntN(3) == 0 {
				next = set.Without(n)
				delete(model, n)
			}
			if !slices.Equal(before, set) {
				t.Fatalf("%v was changed to %v", before, set)
			}
			set = next
			for i := range 28 {
				if set.Has(i) != model[i] {
					t.Fatalf("%v has %d: %v", set, i, set.Has(i))
				}
			}
			for i := range set {
				if set[i].First > set[i].Last || i > 0 && set[i].First <= set[i-1].Last+1 {
					t.Fatalf("%v is not in order, or touches", set)
				}
			}
		}
	}
}

// TestKeys holds that effects that differ have keys that differ, whatever the names of lanes.
func TestKeys(t *testing.T) {
	effects := []Effect{Build{Lane: "a", Candidate: "1-x"}, Build{Lane: "a", Candidate: "1-x", Try: 1}, Build{Lane: "a/b", Candidate: "1-x"},
		Build{Lane: "a", Candidate: "b/1-x"}, Build{Lane: "a//b", Candidate: "1-x"}, Land{Lane: "a", Candidate: "1-x"}, Land{Lane: "a", Candidate: "1-x", Try: 1},
		Land{Lane: "a", Expect: "p", Commit: "q"}, Land{Lane: "a", Expect: "q", Commit: "p"}, Land{Lane: "a", Expect: "q", Commit: "p", Serial: 1}, Land{Lane: "a", Serial: 2}, Drop{Lane: "a", Candidate: "1-x"}, Drop{Lane: "a", Candidate: "1-x", Sweep: 7},
		Tell{Lane: "a", Number: 1, Serial: 1}, Tell{Lane: "a", Number: 1, Serial: 2}, Offer{Lane: "a", Tip: "p", Serial: 1}, Offer{Lane: "a", Tip: "p", Serial: 2}}
	seen := map[string]Effect{}
	for _, e := range effects {
		if other, twice := seen[e.Key()]; twice {
			t.Errorf("%#v and %#v have the key %s", e, other, e.Key())
		}
		seen[e.Key()] = e
	}
}

// TestChances holds what the planner believes.
func TestChances(t *testing.T) {
	tests := []struct {
		e    Entry
		want Chance
		why  string
	}{
		{Entry{}, 900_000, "nothing is known: one in ten fails"},
		{Entry{Known: Known{Observed: true}}, 980_000, "seen to pass on this head: five times less likely to fail"},
		{Entry{Known: Known{Record: Record{Plain: Tally{54, 0}}}}, 990_000, "sixty times, six of them believed"},
		{Entry{Known: Known{Record: Record{Observed: Tally{270, 0}}}}, 990_000, "with evidence, five times as many say the same"},
		{Entry{Known: Known{Record: Record{Plain: Tally{10, 4}}}}, 770_000, "four and a bit of twenty failed"},
		{Entry{Known: Known{Record: Record{Plain: Tally{10, 2}, Observed: Tally{8, 2}}}}, 770_000, "a failure in spite of evidence says as much as another"},
		{Entry{Known: Known{Observed: true, Record: Record{Plain: Tally{10, 4}}}}, 954_000, "evidence helps whoever fails often"},
		{Entry{Known: Known{Record: Record{Plain: Tally{0, 54}}}}, 100_000, "an agent that always fails"},
		{Entry{Known: Known{Record: Record{Observed: Tally{0, 54}}}}, 100_000, "not less than never"},
		{Entry{Known: Known{Observed: true, Record: Record{Observed: Tally{0, 54}}}}, 820_000, "evidence that was of no use is still believed: the test tells"},
		{Entry{Proven: true, Known: Known{Record: Record{Plain: Tally{0, 54}}}}, 995_000, "it has passed already"},
		{Entry{Known: Known{Observed: true, Record: Record{Plain: Tally{1_000_000_000, 0}}}}, 995_000, "nothing is certain"},
		{Entry{Known: Known{Record: Record{Tally{-5, -5}, Tally{-5, -5}}}}, 900_000, "no such numbers"},
	}
	for _, tt := range tests {
		if got := tt.e.ownChance(); got != tt.want {
			t.Errorf("%+v: %d, want %d: %s", tt.e.Known, got, tt.want, tt.why)
		}
	}
	got := suspicion([]Chance{900_000, 900_000})
	if got[0] != got[1] || got[0] < 470_000 || got[0] > 475_000 {
		t.Errorf("of two equals of which one must be wrong, each passes with %v; Bayes says 9/19", got)
	}
	if got := suspicion([]Chance{sure, sure}); got[0] != sure {
		t.Errorf("what cannot fail is not suspected: %v", got)
	}
}
