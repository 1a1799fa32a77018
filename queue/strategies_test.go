package queue

import (
	"fmt"
	"slices"
	"time"
)

// serial tests one change after the other.
type serial struct {
	*simulation
	waiting []int
	testing bool
}

func newSerial(s *simulation) strategy { return &serial{simulation: s} }

func (q *serial) arrive(c *change) {
	q.waiting = append(q.waiting, c.id)
	q.free()
}

func (q *serial) free() {
	q.waiting = slices.DeleteFunc(q.waiting, func(id int) bool { return q.lost(q.changes[id]) })
	i := slices.IndexFunc(q.waiting, func(id int) bool { return q.served(q.changes[id]) })
	if q.testing || i < 0 {
		return
	}
	id := q.waiting[i]
	q.waiting = slices.Delete(q.waiting, i, i+1)
	q.testing = true
	q.start(q.fine(q.trunk, []int{id}), func(pass bool) {
		if q.testing = false; pass {
			q.land(id)
		} else {
			q.eject(id)
		}
		q.free()
	})
}

// halves tests what waits as one batch, and halves a batch that fails (bors).
type halves struct {
	*simulation
	waiting []int
	parts   [][]int // of failed batches, the next one last
	testing bool
}

func newHalves(s *simulation) strategy { return &halves{simulation: s} }

func (q *halves) arrive(c *change) {
	q.waiting = append(q.waiting, c.id)
	q.free()
}

func (q *halves) free() {
	if q.testing {
		return
	}
	batch := q.next()
	if len(batch) == 0 {
		return
	}
	q.testing = true
	q.start(q.fine(q.trunk, batch), func(pass bool) {
		q.testing = false
		switch {
		case pass:
			q.land(batch...)
		case len(batch) == 1:
			q.eject(batch[0])
		default:
			q.parts = append(q.parts, batch[len(batch)/2:], batch[:len(batch)/2])
		}
		q.free()
	})
}

// next is a part of a failed batch, or else a new batch.
func (q *halves) next() (batch []int) {
	for len(q.parts) > 0 && len(batch) == 0 {
		batch = slices.DeleteFunc(q.parts[len(q.parts)-1], func(id int) bool { return q.lost(q.changes[id]) })
		q.parts = q.parts[:len(q.parts)-1]
	}
	if len(batch) > 0 {
		return batch
	}
	q.waiting = slices.DeleteFunc(q.waiting, func(id int) bool { return q.lost(q.changes[id]) })
	for _, id := range q.waiting {
		if len(batch) < 8 && q.served(q.changes[id], batch) {
			batch = append(batch, id)
		}
	}
	q.waiting = slices.DeleteFunc(q.waiting, func(id int) bool { return slices.Contains(batch, id) })
	return batch
}

// train tests every change on all before it (Zuul); behind a failure everything starts again without it.
type train struct {
	*simulation
	cars []*car
}

type car struct {
	id     int
	run    *run
	on     []int // the cars before it that its test contained
	done   bool
	passed bool
}

func newTrain(s *simulation) strategy { return &train{simulation: s} }

func (q *train) arrive(c *change) {
	q.cars = append(q.cars, &car{id: c.id})
	q.free()
}

func (q *train) free() {
	q.settle()
	var before []int
	for _, c := range q.cars {
		if len(before) >= q.team.Workers {
			break
		}
		switch {
		case c.done && !c.passed:
			continue // those behind do without it
		case c.run != nil || c.done:
			if !slices.Equal(c.on, before) {
				q.stop(c.run)
				c.run, c.done, c.passed = nil, false, false
			}
		}
		if c.run == nil && !c.done && q.busy < q.team.Workers && q.served(q.changes[c.id], before) {
			c.on = slices.Clone(before)
			c.run = q.start(q.fine(q.trunk, append(slices.Clone(before), c.id)), func(pass bool) {
				c.run, c.done, c.passed = nil, true, pass
				q.free()
			})
		}
		before = append(before, c.id)
	}
}

// settle lands and ejects at the head.
func (q *train) settle() {
	for len(q.cars) > 0 {
		head := q.cars[0]
		switch {
		case q.lost(q.changes[head.id]):
			q.stop(head.run)
		case head.done && head.passed && len(head.on) == 0:
			q.land(head.id)
			for _, c := range q.cars[1:] {
				if len(c.on) > 0 && c.on[0] == head.id {
					c.on = c.on[1:]
				}
			}
		case head.done && len(head.on) == 0:
			q.eject(head.id)
		case head.done: // it failed on something that has left
			head.done = false
			return
		default:
			return
		}
		q.cars = q.cars[1:]
	}
}

// oracle knows what works, and tests only that, in batches, each on all before.
type oracle struct {
	*simulation
	waiting []int
	flying  []int
}

func newOracle(s *simulation) strategy { return &oracle{simulation: s} }

func (q *oracle) arrive(c *change) {
	q.waiting = append(q.waiting, c.id)
	q.free()
}

func (q *oracle) free() {
	content := append(slices.Clone(q.trunk), q.flying...)
	var batch []int
	q.waiting = slices.DeleteFunc(q.waiting, func(id int) bool {
		c := q.changes[id]
		if q.lost(c) || c.bad || q.clashes(content, c) {
			c.gone = true
			return true
		}
		if q.busy >= q.team.Workers || len(batch) >= 8 || !q.served(c, q.flying, batch) {
			return false
		}
		batch, content = append(batch, id), append(content, id)
		return true
	})
	if len(batch) == 0 {
		return
	}
	q.flying = append(q.flying, batch...)
	last := batch[len(batch)-1]
	q.start(true, func(bool) {
		if i := slices.Index(q.flying, last); i >= 0 {
			q.land(q.flying[:i+1]...)
			q.flying = slices.Clone(q.flying[i+1:])
		}
		q.free()
	})
	q.free()
}

// ours is this package.
type ours struct {
	*simulation
	lane    Lane
	content map[string][]int // of a commit
	tests   map[string]*run
	record  map[string]Record
	begun   time.Time
}

func newOurs(goal Goal) func(*simulation) strategy {
	return func(s *simulation) strategy {
		q := &ours{simulation: s, lane: Lane{Branch: "b"}, content: map[string][]int{"base": nil}, tests: map[string]*run{}, record: map[string]Record{}}
		q.begun = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		q.step(PolicyChanged{Policy: Policy{Required: []string{"ci"}, Goal: goal, Batch: 8, Parallel: s.team.Workers, Start: 1000 * time.Hour, Timeout: 1000 * time.Hour, Patience: 4 * time.Hour}})
		q.step(TipMoved{Tip: "base"})
		return q
	}
}

func (q *ours) free() {}

func (q *ours) arrive(c *change) {
	q.step(Ticked{At: q.begun.Add(time.Duration(q.now * float64(time.Minute)))})
	head := fmt.Sprint("h", c.id)
	q.step(Submitted{Number: c.id + 1, Head: head, Agent: fmt.Sprint("a", c.agent), Request: int64(c.id + 1)})
	known := Known{Interface: c.iface, Observed: c.observed, Record: q.record[fmt.Sprint("a", c.agent)]}
	for _, g := range c.groups {
		known.Groups = append(known.Groups, fmt.Sprint("g", g))
	}
	if c.after >= 0 {
		known.After = []Need{{Number: c.after + 1}}
	}
	q.step(Judged{Number: c.id + 1, Reading: 1, Judgement: Judgement{Head: head, Good: true}, Known: known})
}

func (q *ours) step(e Event) {
	before := q.lane
	var effects []Effect
	q.lane, effects = Step(q.lane, e)
	for agent, r := range Outcomes(before, q.lane) {
		q.record[agent] = q.record[agent].Add(r)
	}
	for _, f := range effects {
		switch f := f.(type) {
		case Build:
			q.build(f)
		case Land:
			q.land(idsOf(f.Members)...)
			q.in(0, func() { q.step(Landed{Candidate: f.Candidate, Commit: f.Commit, Tree: f.Tree}) })
		case Drop:
			q.stop(q.tests[f.Candidate])
			delete(q.tests, f.Candidate)
		case Tell:
			if s := f.Status; s.Stage == Ejected && s.Reason.Kind == FailedTest {
				for _, id := range q.eject(f.Number - 1)[1:] {
					q.in(0, func() { q.step(Withdrawn{Number: id + 1, Request: 1 << 40}) })
				}
			} else if s.Stage == Held && s.Hold.Kind == HoldDependency && q.lost(q.changes[f.Number-1]) {
				q.in(0, func() { q.step(Withdrawn{Number: f.Number, Request: 1 << 40}) })
			}
		}
	}
}

func idsOf(members []Member) []int {
	ids := numbersOf(members)
	for i := range ids {
		ids[i]--
	}
	return ids
}

func (q *ours) build(b Build) {
	commit, ids := "c"+b.Candidate, idsOf(b.Members)
	below := q.content[b.Onto]
	q.content[commit] = append(slices.Clone(below), ids...)
	recent := q.content[commit][min(len(q.trunk), len(below)):]
	pass := q.fine(q.content[commit][:len(q.content[commit])-len(recent)], recent)
	q.in(0, func() { q.step(Built{Candidate: b.Candidate, Commit: commit, Tree: "t"}) })
	q.tests[b.Candidate] = q.start(pass, func(pass bool) {
		delete(q.tests, b.Candidate)
		outcome := Fail
		if pass {
			outcome = Pass
		}
		q.step(Ticked{At: q.begun.Add(time.Duration(q.now * float64(time.Minute)))})
		q.step(Tested{Candidate: b.Candidate, Commit: commit, Outcome: outcome})
	})
}
