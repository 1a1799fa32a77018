package queue

import (
	"fmt"
	"testing"
	"time"
)

// crowd is a busy lane of n entries: some depend on others, some are held, some are being tested.
func crowd(n int) Lane {
	l, _ := Step(Lane{Branch: "integration/x"}, PolicyChanged{Policy: Policy{Contract: "k", Required: []string{"check"}, Batch: 8, Parallel: 16}})
	l, _ = Step(l, Ticked{At: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)})
	l, _ = Step(l, PauseSet{Why: "until all are in"})
	for i := 1; i <= n; i++ {
		e := Entry{Number: i, Head: fmt.Sprintf("%040d", i), Agent: fmt.Sprint("agent", i%7), Arrival: int64(i), Since: l.Now,
			Judgement: Judgement{Head: fmt.Sprintf("%040d", i), Contract: "k", Good: i%9 != 0},
			Known:     Known{Groups: []string{fmt.Sprint("group", i%13)}, Observed: i%5 < 3, Record: Record{Tally{i % 20, i % 5}, Tally{i % 7, i % 2}}}}
		if i%6 == 0 {
			e.Known.After = []Need{{Number: i - 5}}
		}
		if i%11 == 0 {
			e.Known.Clashes = []Clash{{A: e.member(), B: Member{i - 10, fmt.Sprintf("%040d", i-10)}, Paths: []string{"a"}}}
		}
		l.Entries = append(l.Entries, e)
	}
	l.Arrival = int64(n)
	l, _ = Step(l, TipMoved{Tip: "base"})
	l, effects := Step(l, Resumed{Request: 1})
	for k := 0; k < len(effects); k++ { // until no build is left
		if b, ok := effects[k].(Build); ok {
			var more []Effect
			l, more = Step(l, Built{Candidate: b.Candidate, Commit: "commit-" + b.Candidate, Tree: "tree"})
			effects = append(effects, more...)
		}
	}
	return l
}

var sizes = []int{500, 10_000}

// BenchmarkStep steps a busy lane: an event that changes nothing, and one that lands a candidate.
func BenchmarkStep(b *testing.B) {
	for _, n := range sizes {
		l := crowd(n)
		c := l.Candidates[0]
		b.Run(fmt.Sprintf("tick/%d", n), func(b *testing.B) {
			for range b.N {
				Step(l, Ticked{At: l.Now.Add(time.Second)})
			}
		})
		passed, _ := Step(l, Tested{Candidate: c.ID, Commit: c.Commit, Outcome: Pass})
		b.Run(fmt.Sprintf("landed/%d", n), func(b *testing.B) {
			for range b.N {
				Step(passed, Landed{Candidate: c.ID, Commit: c.Commit, Tree: c.Tree})
			}
		})
	}
}

func BenchmarkPlan(b *testing.B) {
	for _, n := range sizes {
		l := crowd(n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for range b.N {
				Plan(l)
			}
		})
	}
}

func BenchmarkStatuses(b *testing.B) {
	for _, n := range sizes {
		l := crowd(n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for range b.N {
				Statuses(l)
			}
		})
	}
}

// TestBusyLane holds the sizes that the benchmarks mean to measure, and that ten thousand entries are no trouble: a
// hundred times the work of a hundred, not ten thousand times.
func TestBusyLane(t *testing.T) {
	l := crowd(10_000)
	if len(l.Candidates) != 16 {
		t.Errorf("%d candidates, want 16: %+v", len(l.Candidates), l.Candidates)
	}
	order, holds := Plan(l)
	if len(order)+len(holds) != 10_000 || len(order) < 5_000 || len(holds) < 1_000 {
		t.Errorf("%d in order, %d held", len(order), len(holds))
	}
	small, large := crowd(1_000), l
	few := testing.AllocsPerRun(3, func() { Step(small, Ticked{At: small.Now.Add(time.Second)}) })
	many := testing.AllocsPerRun(3, func() { Step(large, Ticked{At: large.Now.Add(time.Second)}) })
	if many > 20*few {
		t.Errorf("a step of a lane ten times as large allocates %.0f times instead of %.0f", many, few)
	}
}
