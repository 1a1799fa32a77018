package queue

import (
	"maps"
	"os"
	"slices"
	"strconv"
	"time"
)

// worlds is how many worlds are played: AGENTPLANE_WORLDS of them, or enough for a machine that has other work.
func worlds() uint64 {
	if n, err := strconv.ParseUint(os.Getenv("AGENTPLANE_WORLDS"), 10, 64); err == nil {
		return n
	}
	if os.Getenv("AGENTPLANE_LONG") != "" {
		return 200_000
	}
	return usualWorlds
}

// act lets something happen.
func (w *world) act() {
	p := w.pulls[w.rng.IntN(len(w.pulls))]
	switch k := w.rng.IntN(100); {
	case k < 40:
		w.arrive()
	case k < 52:
		w.submit(p)
	case k < 70:
		w.judge(p)
	case k < 74:
		w.push(p)
		if w.chance(70) {
			w.send(HeadMoved{Number: p.number, Head: p.head, Reading: w.reading()})
		}
	case k < 77:
		w.asked++
		w.send(Withdrawn{Number: p.number, Request: w.asked})
	case k < 79 && !w.lane.Done.Has(p.number):
		p.closed = !p.closed
	case k < 87:
		w.tick(time.Duration(w.rng.IntN(40)) * time.Minute)
	case k < 90:
		w.repeat()
	case k < 93:
		w.command()
	case k < 95:
		w.send(TipMoved{Tip: w.tip, Reading: w.reading()})
	case k < 97:
		w.branch()
	default:
		w.sweep()
	}
}

// arrive delivers something that is on its way, not always the oldest, sometimes twice.
func (w *world) arrive() {
	if len(w.waits) == 0 {
		return
	}
	k := 0
	if w.chance(40) {
		k = w.rng.IntN(len(w.waits))
	}
	e := w.waits[k]
	if !w.chance(10) {
		w.waits = slices.Delete(w.waits, k, k+1)
	}
	w.deliver(e)
}

// touched forgets the failed contents with a pull request that people or checks have dealt with since.
func (w *world) touched(number int) {
	maps.DeleteFunc(w.sets, func(_ string, content []Member) bool { return has(content, number) })
}

// note keeps what the lane may rely on.
func (w *world) note(e Event) {
	switch e := e.(type) {
	case Judged:
		w.noteVerdict(e)
	case Submitted:
		w.touched(e.Number)
	case Withdrawn:
		w.touched(e.Number)
	case HeadMoved:
		w.touched(e.Number)
	case TargetMoved:
		w.touched(TargetNumber)
		w.noteLost(e)
	case Reconciled, PolicyChanged, Resumed:
		if r, is := e.(Reconciled); is && r.Target != nil && r.Reading > w.lane.Read.Sweep {
			w.noteLost(*r.Target)
		}
		w.sets = map[string][]Member{}
	case Tested:
		if c := w.lane.candidate(e.Candidate); c != nil && c.State == Testing && e.Outcome == Fail {
			w.sets[w.setKey(w.commits[c.Commit])] = w.commits[c.Commit]
		}
	}
}

// repeat delivers an old event again.
func (w *world) repeat() {
	if len(w.past) > 0 {
		e := w.past[w.rng.IntN(len(w.past))]
		w.deliver(e)
	}
}

// noteVerdict keeps the verdicts on what is in the lane, by their readings.
func (w *world) noteVerdict(e Judged) {
	in := slices.ContainsFunc(w.lane.Entries, func(l Entry) bool { return l.Number == e.Number })
	if !e.Judgement.Good {
		w.touched(e.Number)
	}
	if in && e.Reading >= w.verdict[e.Number] {
		w.verdict[e.Number] = e.Reading
		w.judged[Judgement{Head: e.Judgement.Head, Contract: e.Judgement.Contract, Why: strconv.Itoa(e.Number)}] = e.Judgement.Good
	}
}

func (w *world) submit(p *pull) {
	w.asked++
	w.send(Submitted{Number: p.number, Head: p.head, Agent: []string{"a", "b", ""}[p.number%3], Priority: p.priority, Request: w.asked, Anew: w.chance(20)})
}

func (w *world) judge(p *pull) {
	k := p.known
	k.Observed = k.Observed && w.chance(90)
	w.send(Judged{Number: p.number, Reading: w.reading(), Known: k,
		Judgement: Judgement{Head: p.head, Contract: w.lane.Policy.Contract, Good: p.good, Why: "outside"}})
}

func (w *world) tick(d time.Duration) {
	w.now = w.now.Add(d)
	w.deliver(Ticked{At: w.now})
}

// command lets a person pause or resume, or the contract change.
func (w *world) command() {
	w.asked++
	switch k := w.rng.IntN(10); {
	case k < 4:
		w.send(PauseSet{By: "ann", Why: "release", Request: w.asked})
	case k < 8:
		w.send(w.resumed())
	default:
		p := w.policy()
		p.Contract = []string{"contract-1", "contract-2"}[w.rng.IntN(2)]
		w.send(PolicyChanged{Policy: p, Reading: w.reading()})
	}
}

// branch lets others move the branch or the target, or merge the offer.
func (w *world) branch() {
	switch k := w.rng.IntN(10); {
	case k < 2 && !w.lane.moving():
		w.meddle()
		w.epoch++
	case k < 5 && len(w.lane.Merged) > 0:
		m := w.lane.Merged[w.rng.IntN(len(w.lane.Merged))]
		w.merged(m.Commit)
	case k < 8:
		w.moveTarget()
		w.send(TargetMoved{Target: w.target, Reading: w.reading()})
	}
}

// merged merges the offer as it was at a commit.
func (w *world) merged(head string) {
	next := "merged" + strconv.FormatInt(w.read, 10)
	w.older[next], w.root[next], w.target = w.target, next, next
	w.commits[w.target] = slices.Clone(w.commits[head])
	w.send(TargetMerged{Head: head, Target: w.target, Reading: w.reading()})
}

func (w *world) sweep() {
	e := Reconciled{Reading: w.reading(), OpenAll: true}
	e.Tip = &TipMoved{Tip: w.tip, Reading: e.Reading}
	e.Target = &TargetMoved{Target: w.target, Reading: e.Reading}
	for _, p := range w.pulls {
		if !p.closed && !w.lane.Done.Has(p.number) {
			e.Open = append(e.Open, Member{p.number, p.head})
		}
	}
	w.send(e)
}

// calm ends the faults, and lets everything come to rest. Then whatever is in the lane must have landed, left with a
// reason, or wait for something that has a name.
func (w *world) calm() {
	w.faults = false
	w.settleDown()
	w.asked++
	w.deliver(w.resumed())
	for range 3 {
		w.sweep()
		w.settleDown()
		for _, p := range w.pulls {
			w.judge(p)
		}
		w.settleDown()
		if w.lane.Paused.Why+w.lane.Frozen.Why != "" { // the lane stopped by itself
			w.asked++
			w.deliver(w.resumed())
			w.settleDown()
		}
	}
	if why := w.lane.stopped(); why != "" && !(w.tip == "" && w.lane.Absent && len(w.lane.Entries) == 0) {
		w.fail("the lane stands still: %s", why)
	}
	order, _ := Plan(w.lane)
	if len(order) > 0 {
		w.fail("#%d may move, and nothing moves it", order[0].Number)
	}
	if len(w.lane.Candidates) > 0 || len(w.lane.Failed) > 0 {
		w.fail("candidates or failed sets remain when all is quiet")
	}
	for number, s := range Statuses(w.lane) {
		named := s.Stage == OnBranch || s.Stage == Ejected && s.Reason.String() != "" || s.Stage == Held && s.Hold.Why != ""
		if !named {
			w.fail("#%d has not landed, has not left and waits for nothing: %s", number, s)
		}
	}
	w.truth()
	w.follows()
}

// settleDown delivers all that is on its way, and lets time pass until nothing more comes.
func (w *world) settleDown() {
	for quiet := 0; quiet < 2; quiet++ {
		for round := 0; len(w.waits) > 0; round++ {
			if round > 5000 {
				w.fail("it never comes to rest")
			}
			e := w.waits[0]
			w.waits = w.waits[1:]
			w.deliver(e)
			quiet = 0
		}
		w.tick(61 * time.Minute)
	}
}

// truth holds that what landed works together, as far as the lane brought it there.
func (w *world) truth() {
	content := w.commits[w.tip]
	if !w.works(content) {
		w.fail("the branch holds %v, which does not work", content)
	}
}
