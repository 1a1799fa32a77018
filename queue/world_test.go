package queue

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"time"
)

// A world plays GitHub, CI, git, the people and the agents around a lane, by chance, and badly: outcomes come late and
// twice, old events come again, heads move under running candidates, others push to the branch. It checks every step
// against what must always hold. It knows the truth (which entries are broken, which pairs do not go together), which
// the lane must find out.
type world struct {
	rng    *rand.Rand
	lane   Lane
	now    time.Time
	read   int64 // the counter of readings
	asked  int64 // the counter of commands
	pulls  []*pull
	waits  []Event // outcomes and readings on their way
	past   []Event // what was delivered, to be delivered again
	faults bool
	target string
	log    []logged

	tip     string              // what the branch really holds
	commits map[string][]Member // what a commit contains, in order, since the world began
	tests   map[string]bool     // commits that passed everything, as CI said it
	judged  map[Judgement]bool  // what was judged good, and not worse by a newer reading; its Why is the pull request
	verdict map[int]int64       // the newest reading of a verdict on what was in the lane
	keys    map[string]bool
	sets    map[string][]Member // contents that failed, while nobody has touched their members since
	epoch   int                 // how often the branch was moved other than by landing
	older   map[string]string   // a target's commit and the one below it
	root    map[string]string   // a commit and the target's commit that it began from
	lost    map[string]bool     // what the target held, and does not any more, as the lane knows
	under   map[string]string   // a commit of the branch and the one below it
	first   string              // the target when the lane began on a branch that others had made
	gone    map[int]int64       // what a person let go with the branch that held it, and the command
	effects int
}

// A pull is a pull request.
type pull struct {
	number   int
	head     string
	pushes   int
	closed   bool
	broken   map[string]bool // by head
	good     bool            // what checks would say
	known    Known
	priority int
}

func newWorld(seed uint64) *world {
	w := &world{rng: rand.New(rand.NewPCG(seed, 1)), now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), faults: true,
		commits: map[string][]Member{"base": nil}, tests: map[string]bool{}, judged: map[Judgement]bool{}, verdict: map[int]int64{}, keys: map[string]bool{}, sets: map[string][]Member{}}
	w.tip, w.target = "base", "base"
	w.older, w.root, w.lost = map[string]string{}, map[string]string{"base": "base"}, map[string]bool{}
	w.under, w.gone = map[string]string{}, map[int]int64{}
	if w.chance(10) {
		w.tip = ""
	}
	w.lane = Lane{Branch: "integration/x"}
	w.deliver(PolicyChanged{Policy: w.policy(), Reading: w.reading()})
	w.deliver(Ticked{At: w.now})
	w.deliver(TargetMoved{Target: w.target, Reading: w.reading()})
	w.deliver(TipMoved{Tip: w.tip, Reading: w.reading()})
	for n := range 2 + w.rng.IntN(9) {
		w.pulls = append(w.pulls, w.newPull(n+1))
	}
	return w
}

func (w *world) chance(percent int) bool { return w.rng.IntN(100) < percent }

func (w *world) reading() int64 { w.read++; return w.read }

func (w *world) policy() Policy {
	goal := Fast
	if w.chance(40) {
		goal = Lean
	}
	return Policy{Contract: "contract-1", Required: []string{"check", "build"}[:1+w.rng.IntN(2)], Goal: goal,
		Batch: 1 + w.rng.IntN(6), Parallel: 1 + w.rng.IntN(5), Attempts: 2 + w.rng.IntN(2)}
}

func (w *world) newPull(n int) *pull {
	p := &pull{number: n, broken: map[string]bool{}, good: w.chance(90), priority: w.rng.IntN(20) / 19}
	p.known = Known{Observed: w.chance(50), Groups: []string{fmt.Sprint("g", w.rng.IntN(3))}, Interface: w.chance(10),
		Record: Record{Tally{w.rng.IntN(20), w.rng.IntN(6)}, Tally{w.rng.IntN(20), w.rng.IntN(3)}}}
	w.push(p)
	for range w.rng.IntN(3) {
		if w.chance(30) {
			p.known.After = append(p.known.After, Need{Number: 1 + w.rng.IntN(10)})
		}
	}
	return p
}

// push gives a pull request a new head.
func (w *world) push(p *pull) {
	p.pushes++
	p.head = fmt.Sprintf("%d%c", p.number, 'a'+p.pushes-1)
	p.broken[p.head] = w.chance(25)
}

// conflicts tells whether two heads do not merge, and breaks whether they merge and fail together.
func (w *world) conflicts(a, b Member) bool { return pairHash(a, b)%29 == 0 }
func (w *world) breaks(a, b Member) bool    { return pairHash(a, b)%31 == 0 }

func pairHash(a, b Member) int {
	if a.Number > b.Number || a.Number == b.Number && a.Head > b.Head {
		a, b = b, a
	}
	h := 17
	for _, c := range fmt.Sprint(a, b) {
		h = (h*131 + int(c)) % 1_000_003
	}
	return h
}

// deliver steps the lane, checks what must hold, and takes up the effects.
func (w *world) deliver(e Event) {
	e = w.compared(e)
	w.past = append(w.past, e)
	w.note(e)
	before := w.lane
	check := w.rng.IntN(4) == 0
	var frozen Lane
	if check {
		frozen = copied(before)
	}
	next, effects := Step(before, e)
	w.log = append(w.log, logged{e, effects})
	if check && !reflect.DeepEqual(before, frozen) {
		w.fail("Step changed its argument")
	}
	if check {
		if twin, twinEffects := Step(before, e); !reflect.DeepEqual(next, twin) || !reflect.DeepEqual(effects, twinEffects) {
			w.fail("Step is not deterministic")
		}
	}
	second, more := Step(next, e)
	if len(more) > 0 || !reflect.DeepEqual(next, second) {
		w.fail("a second copy of %T changed something: %v", e, more)
	}
	w.lane = next
	w.checkLane()
	w.unhurt(e, before)
	w.unjust(before)
	w.noteGone(e, before)
	for _, f := range effects {
		w.effects++
		if w.keys[f.Key()] {
			w.fail("the key %s was used before", f.Key())
		}
		w.keys[f.Key()] = true
		w.carryOut(f)
	}
}

// A broken property ends the world.
type broken struct{ text string }

func (w *world) fail(format string, args ...any) {
	tail := w.log[max(0, len(w.log)-40):]
	panic(broken{fmt.Sprintf(format, args...) + "\n" + fmt.Sprintf("%+v", w.lane) + "\n" + joinLines(tail)})
}

func joinLines(lines []logged) (text string) {
	for _, l := range lines {
		text += l.String()
	}
	return text
}

// checkLane holds what can be seen of a lane alone.
func (w *world) checkLane() {
	l := &w.lane
	running, landing := 0, 0
	for i := range l.Candidates {
		c := &l.Candidates[i]
		if c.running() {
			running++
		}
		if c.State == Landing {
			landing++
		}
	}
	if landing > 1 {
		w.fail("two landings at once")
	}
	seen := map[int]bool{}
	if l.Done.Has(TargetNumber) || slices.ContainsFunc(l.Left, func(d Departure) bool { return d.Number == TargetNumber }) {
		w.fail("the target is counted as a pull request")
	}
	for _, e := range l.Entries {
		if seen[e.Number] || l.Done.Has(e.Number) {
			w.fail("#%d is in the lane twice, or has landed", e.Number)
		}
		seen[e.Number] = true
		if asked, gone := w.gone[e.Number]; gone && e.Request <= asked {
			w.fail("#%d comes back without a command", e.Number)
		}
	}
	for _, m := range l.Merged {
		if m.Number != TargetNumber && l.Tip != "" && !slices.Contains(w.commits[l.Tip], Member{m.Number, m.Head}) {
			w.fail("#%d is said to be on %s, and is not", m.Number, l.Tip)
		}
	}
	order, holds := Plan(*l)
	if len(order)+len(holds) != len(l.Entries) && !(seen[TargetNumber] && len(order)+len(holds) == len(l.Entries)-1) {
		w.fail("%d in order and %d held of %d entries", len(order), len(holds), len(l.Entries))
	}
}

// carryOut does what an effect asks for, and puts its outcome on the way.
func (w *world) carryOut(f Effect) {
	switch f := f.(type) {
	case Build:
		w.build(f)
	case Land:
		w.land(f)
	case Tell:
		if s, ok := Statuses(w.lane)[f.Number]; !ok || !s.same(f.Status) {
			w.fail("a Tell for #%d that is not its status", f.Number)
		}
		w.guilty(f.Status)
	}
}

func (w *world) build(f Build) {
	if w.faults && w.chance(5) {
		w.send(Refused{Key: f.Key(), Why: "502"})
		return
	}
	if len(f.Members) == 0 || len(f.Members) > w.lane.Policy.Batch {
		w.fail("a candidate of %d members with batches of %d", len(f.Members), w.lane.Policy.Batch)
	}
	if slices.ContainsFunc(f.Members, func(m Member) bool { return m.Number == TargetNumber && w.lost[m.Head] }) {
		w.fail("what the target has lost is built: %v", f.Members)
	}
	if w.stale(f.Key(), f.Members) {
		return
	}
	below := w.commits[f.Onto]
	content := slices.Clone(below)
	for _, m := range f.Members {
		w.mayBuild(m)
		w.dependencies(m, content)
		for _, o := range content {
			if w.conflicts(m, o) {
				with := []int{o.Number}
				if w.chance(30) {
					with = nil
				}
				w.send(Rejected{Candidate: f.Candidate, Number: m.Number, Paths: []string{"x"}, With: with})
				return
			}
		}
		content = append(content, m)
	}
	w.untried(f, content)
	commit := "commit-" + f.Candidate
	w.commits[commit], w.root[commit], w.under[commit] = content, w.root[f.Onto], f.Onto
	w.send(Built{Candidate: f.Candidate, Commit: commit, Tree: "tree-" + f.Candidate})
	w.test(f, commit, content)
}

// guilty holds that who leaves because a requirement failed does fail on what the branch holds.
func (w *world) guilty(s Status) {
	if s.Stage != Ejected || s.Reason.Kind != FailedTest {
		return
	}
	if content := w.commits[w.lane.Tip]; w.works(append(slices.Clone(content), Member{s.Number, s.Head})) {
		w.fail("#%d leaves, and works: %s", s.Number, s)
	}
}

// mayBuild holds that nothing is built at a head that was not judged good by the contract in force.
func (w *world) mayBuild(m Member) {
	for _, e := range w.lane.Entries {
		if e.Number == m.Number && (e.Carried || m.Number == TargetNumber) {
			return
		}
	}
	if !w.judged[Judgement{Head: m.Head, Contract: w.lane.Policy.Contract, Why: fmt.Sprint(m.Number)}] {
		w.fail("#%d is built at %s, which was not judged good", m.Number, m.Head)
	}
}

// dependencies holds that what an entry needs lies below it.
func (w *world) dependencies(m Member, below []Member) {
	for _, e := range w.lane.Entries {
		for _, n := range e.Known.After {
			if e.Number == m.Number && !w.lane.Done.Has(n.Number) && !has(below, n.Number) {
				w.fail("#%d is built before #%d, which it needs", m.Number, n.Number)
			}
		}
	}
}

// untried holds that no failed content is tested again.
func (w *world) untried(f Build, content []Member) {
	if w.sets[w.setKey(content)] != nil {
		w.fail("%v onto %s was tested before and failed", f.Members, f.Onto)
	}
}

func (w *world) setKey(content []Member) string {
	sorted := slices.SortedFunc(slices.Values(content), func(a, b Member) int { return a.Number - b.Number })
	return fmt.Sprint(w.epoch, sorted)
}

// test lets CI speak, by the truth, sometimes not at all.
func (w *world) test(f Build, commit string, content []Member) {
	if w.faults && w.chance(4) {
		return // silence
	}
	w.send(Tested{Candidate: f.Candidate, Commit: commit, Outcome: Started})
	if w.faults && w.chance(3) {
		return // it hangs
	}
	if !w.works(content) {
		w.send(Tested{Candidate: f.Candidate, Commit: commit, Requirement: "check", Outcome: Fail})
		return
	}
	w.tests[commit] = true
	for _, r := range []string{"check", "build"} {
		w.send(Tested{Candidate: f.Candidate, Commit: commit, Requirement: r, Outcome: Pass})
	}
}

// works tells the truth about a content.
func (w *world) works(content []Member) bool {
	for i, m := range content {
		if m.Number == TargetNumber && pairHash(m, m)%7 == 0 || m.Number != TargetNumber && w.pull(m.Number).broken[m.Head] {
			return false
		}
		for _, o := range content[:i] {
			if w.breaks(m, o) {
				return false
			}
		}
	}
	return true
}

func (w *world) pull(number int) *pull { return w.pulls[number-1] }

// send puts an event on its way.
func (w *world) send(e Event) { w.waits = append(w.waits, e) }
