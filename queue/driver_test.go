package queue

import (
	"slices"
	"strconv"
)

// stale reads the heads of a Build's or Land's members again, as whoever carries it out does: when one has moved or was
// closed, it says so, and does not begin. Sometimes it says that something has changed, and nothing has.
func (w *world) stale(key string, members []Member) bool {
	stale := w.faults && w.chance(3)
	for _, m := range w.lane.Recheck(members) {
		p := w.pull(m.Number)
		if p.head == m.Head && !p.closed {
			continue
		}
		stale = true
		switch {
		case w.faults && w.chance(30): // it is told late, or by a sweep
		case p.closed:
			w.send(Withdrawn{Number: p.number, Reading: w.reading(), Why: "it was closed"})
		default:
			w.send(HeadMoved{Number: p.number, Head: p.head, Reading: w.reading()})
		}
	}
	for _, m := range members {
		if m.Number == TargetNumber && !w.below(w.target, m.Head) {
			stale = true
			w.send(TargetMoved{Target: w.target, Reading: w.reading()})
		}
	}
	if stale {
		w.send(Refused{Key: key, Stale: true, Final: w.chance(10), Why: "something has changed"})
	}
	return stale
}

// unhurt holds that what was not begun stops nothing.
func (w *world) unhurt(e Event, before Lane) {
	if r, is := e.(Refused); is && r.Stale && (before.Paused != w.lane.Paused || before.Frozen != w.lane.Frozen) {
		w.fail("%s was not begun, and the lane stops: %s", r.Key, w.lane.stopped())
	}
}

// moveTarget lets people push to the target, or rewind it, sometimes to a commit that it had.
func (w *world) moveTarget() {
	old := w.target
	if w.chance(25) {
		old = w.older[old]
	}
	if w.target = old; old != "" && w.older[old] != "" && w.chance(20) {
		return
	}
	w.target = "target" + strconv.FormatInt(w.read, 10)
	w.commits[w.target], w.root[w.target], w.older[w.target] = nil, w.target, old
}

// below tells whether the target at a commit contains what it held before.
func (w *world) below(target, commit string) bool {
	for ; target != ""; target = w.older[target] {
		if target == commit {
			return true
		}
	}
	return false
}

// compared tells whether a reading of the target contains what the lane knows, as whoever drives it does.
func (w *world) compared(e Event) Event {
	switch m := e.(type) {
	case TargetMoved:
		m.Rewound = !w.below(m.Target, w.lane.Target)
		return m
	case Reconciled:
		if m.Target != nil {
			m.Target = &TargetMoved{Target: m.Target.Target, Rewound: !w.below(m.Target.Target, w.lane.Target), Reading: m.Target.Reading}
		}
		return m
	}
	return e
}

// noteLost keeps what the target has lost, as far as the lane knows.
func (w *world) noteLost(e TargetMoved) {
	if e.Reading < w.lane.Read.Target || e.Target == w.lane.Target {
		return
	}
	for commit := range w.root {
		w.lost[commit] = w.lost[commit] || e.Rewound
	}
	for commit := e.Target; commit != ""; commit = w.older[commit] {
		w.lost[commit] = false
	}
}

// unjust holds that a commit of the target that is said to fail, or to conflict, does so on what the branch holds.
func (w *world) unjust(before Lane) {
	f := w.lane.TargetFailed
	if f.Commit == "" || f.Commit == before.TargetFailed.Commit {
		return
	}
	target, content := Member{TargetNumber, f.Commit}, w.commits[w.lane.Tip]
	switch f.Reason.Kind {
	case FailedTest:
		if w.works(append(slices.Clone(content), target)) {
			w.fail("the target's %s leaves, and works: %s", f.Commit, f.Reason)
		}
	case Conflict:
		if !slices.ContainsFunc(content, func(m Member) bool { return w.conflicts(m, target) }) {
			w.fail("the target's %s leaves, and merges: %s", f.Commit, f.Reason)
		}
	}
}

// follows holds that the branch has, in the end, what the target holds, or the lane knows why not.
func (w *world) follows() {
	l := &w.lane
	if l.Target != w.target {
		w.fail("the target is at %s, and the lane knows %s", w.target, l.Target)
	}
	in := w.root[w.tip] == w.target || w.tip == w.target || slices.Contains(w.commits[w.tip], Member{TargetNumber, w.target})
	in = in || l.Strange && w.target == w.first // it is taken in when the target moves
	if w.tip != "" && !in && l.TargetFailed.Commit != w.target && !w.below(w.root[w.tip], w.target) {
		w.fail("the branch lacks %s, which the target holds", w.target)
	}
}

// meddle lets others do to the branch what they should not: delete it, rewind it, push on top, or push something else.
func (w *world) meddle() {
	old := w.tip
	switch w.rng.IntN(4) {
	case 0:
		w.tip = ""
		return
	case 1:
		if len(w.lane.Merged) > 0 && w.chance(70) {
			w.tip = w.lane.Merged[w.rng.IntN(len(w.lane.Merged))].Commit
			return
		}
		w.tip = orElse(w.lane.Start, w.tip)
		return
	}
	w.tip = "foreign" + strconv.Itoa(len(w.commits))
	w.commits[w.tip], w.root[w.tip] = nil, w.tip
	if w.chance(50) {
		w.commits[w.tip], w.root[w.tip], w.under[w.tip] = w.commits[old], w.root[old], old
	}
}

// resumed is a person's command to go on, who sees the branch as it is, with what git tells of it.
func (w *world) resumed() Resumed {
	e := Resumed{By: "ann", Tip: w.tip, Gone: w.tip == "", Request: w.asked, Reading: w.reading()}
	for commit := w.tip; commit != "" && e.Holds == ""; commit = w.under[commit] {
		if commit == w.lane.Start || slices.ContainsFunc(w.lane.Merged, func(m Merge) bool { return m.Commit == commit }) {
			e.Holds = commit
		}
	}
	return e
}

// noteGone keeps what a person let go, and what the lane took as it was.
func (w *world) noteGone(e Event, before Lane) {
	if before.Tip == "" && w.lane.Strange {
		w.first = w.lane.Target
	}
	if r, is := e.(Resumed); is {
		for _, m := range before.Merged {
			if before.Done.Has(m.Number) && !w.lane.Done.Has(m.Number) {
				w.gone[m.Number] = r.Request
			}
		}
	}
}

// land moves the branch by compare and swap, and holds that what lands was tested.
func (w *world) land(f Land) {
	switch {
	case w.tip == f.Commit: // an earlier try went through
	case w.faults && w.chance(8):
		w.send(Refused{Key: f.Key(), Why: "500 before"})
		return
	case w.tip != f.Expect:
		w.send(Refused{Key: f.Key(), Final: true, Seen: w.tip, Gone: w.tip == "", Why: "the branch was moved"})
		return
	case w.stale(f.Key(), f.Members):
		return
	default:
		w.move(f)
	}
	if w.faults && w.chance(8) {
		w.send(Refused{Key: f.Key(), Why: "500 after"})
		return
	}
	w.send(Landed{Key: f.Key(), Candidate: f.Candidate, Commit: f.Commit, Tree: f.Tree})
}

func (w *world) move(f Land) {
	if f.Candidate == "" {
		w.tip = f.Commit
		w.epoch++
		return
	}
	if !w.tests[f.Commit] {
		w.fail("%s lands and was not tested", f.Commit)
	}
	base, content := w.commits[f.Expect], w.commits[f.Commit]
	if !slices.Equal(content, append(slices.Clone(base), f.Members...)) {
		w.fail("%s lands %v and contains %v", f.Commit, f.Members, content)
	}
	for _, m := range f.Members {
		again := w.gone[m.Number] > 0 || m.Number == TargetNumber // a person let it go, and asked again
		if has(base, m.Number) && !again {
			w.fail("#%d lands twice", m.Number)
		}
	}
	if w.lane.Paused.Why != "" && w.lane.landing() == nil || w.lane.Frozen.Why != "" {
		w.fail("a landing in a lane that stands still")
	}
	w.tip = f.Commit
}
