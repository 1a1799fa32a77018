package queue

import (
	"maps"
	"slices"
	"time"
)

// Step tells what an event does to a lane: the lane afterwards, and what is to be done. It is total (any event on any
// lane), deterministic, and idempotent (the same event again changes nothing and asks for nothing). It does not change
// its argument. Save the lane and the effects together before any effect is carried out.
func Step(l Lane, e Event) (Lane, []Effect) {
	w := begin(l)
	if t, ok := e.(Ticked); ok && w.uneventful(t) {
		return w.lane, nil
	}
	before := Statuses(w.lane)
	w.apply(e)
	w.settle()
	w.tell(before)
	return w.lane, w.effects
}

// uneventful keeps the time when that is all there is to do: no rest ends, no test is overdue, nobody's patience ends once
// more, and nobody is left behind.
func (w *work) uneventful(e Ticked) bool {
	at, l := e.At.UTC().Round(0), &w.lane
	if !at.After(l.Now) {
		return false
	}
	within := func(since time.Time, d time.Duration) bool { return l.Now.Sub(since) < d && at.Sub(since) >= d }
	if l.Now.IsZero() || l.Rest.Why != "" ||
		slices.ContainsFunc(l.Candidates, func(c Candidate) bool {
			return c.State == Testing && at.Sub(c.Since) >= min(l.Policy.Start, l.Policy.Timeout)
		}) ||
		slices.ContainsFunc(l.Entries, func(e Entry) bool {
			return l.patience(&e, l.Now) < l.patience(&e, at) || l.Pace > 0 && within(e.Since, l.lingering())
		}) {
		return false
	}
	l.Now = at
	return true
}

// work is a lane that is being stepped.
type work struct {
	lane    Lane
	effects []Effect
	at      map[int]int // pull request to its position in Entries; nil when it must be counted again
	seen    *view       // of the lane as it is at the end, when a plan has looked already; nil otherwise
}

// begin copies what a step may change in place. Slices inside of entries and candidates are replaced, never written to.
func begin(l Lane) *work {
	l.Policy = l.Policy.full()
	l.Entries = slices.Clone(l.Entries)
	l.Candidates = slices.Clone(l.Candidates)
	l.Left = slices.Clone(l.Left)
	l.Merged = slices.Clip(l.Merged)
	l.Failed = slices.Clone(l.Failed)
	l.Clashes = slices.Clone(l.Clashes)
	if l.Restart != nil {
		r := *l.Restart
		l.Restart = &r
	}
	return &work{lane: l}
}

// apply writes down what was seen.
func (w *work) apply(e Event) {
	switch e := e.(type) {
	case Submitted:
		w.submitted(e)
	case Withdrawn:
		w.withdrawn(e)
	case HeadMoved:
		w.headMoved(e)
	case Judged:
		w.judged(e)
	case Built:
		w.built(e)
	case Rejected:
		w.rejected(e)
	case Tested:
		w.tested(e)
	case TipMoved:
		w.tipMoved(e)
	case Refused:
		w.refused(e)
	case Landed:
		w.landed(e)
	case Ticked:
		w.ticked(e)
	case PauseSet:
		w.pauseSet(e)
	case Resumed:
		w.resumed(e)
	case PolicyChanged:
		w.policyChanged(e)
	case TargetMerged:
		w.targetMerged(e)
	case TargetMoved:
		w.targetMoved(e)
	case Reconciled:
		w.reconciled(e)
	}
}

// settle draws the consequences, until there are no more. Each round but the last takes out an entry, a candidate or a
// failed set, or follows the target to the one commit that it holds, so it ends.
func (w *work) settle() {
	for w.leave() || w.explain() || w.follow() || w.invalidate() {
		continue
	}
	w.forget()
	w.again()
	w.startLanding()
	w.fill()
}

// entry finds an entry, or nil. The pointer holds until an entry is added or taken out.
func (w *work) entry(number int) *Entry {
	if w.at == nil {
		w.at = make(map[int]int, len(w.lane.Entries))
		for i := range w.lane.Entries {
			w.at[w.lane.Entries[i].Number] = i
		}
	}
	if i, ok := w.at[number]; ok {
		return &w.lane.Entries[i]
	}
	return nil
}

// add appends an entry.
func (w *work) add(e Entry) {
	w.lane.Arrival++
	e.Arrival, e.Since, e.Saw = w.lane.Arrival, w.lane.Now, w.lane.Landed
	w.lane.Entries = append(w.lane.Entries, e)
	w.at = nil
}

// remove takes entries out.
func (w *work) remove(numbers ...int) {
	w.lane.Entries = slices.DeleteFunc(w.lane.Entries, func(e Entry) bool { return slices.Contains(numbers, e.Number) })
	w.at = nil
}

// emit asks for an effect.
func (w *work) emit(e Effect) { w.effects = append(w.effects, e) }

// serial is the next number that was never used.
func (w *work) serial() int64 {
	w.lane.Serial++
	return w.lane.Serial
}

// tell asks for a Tell for each status that is new or other than before. What a lane has forgotten is not told.
func (w *work) tell(before map[int]Status) {
	after := w.lane.statuses(w.seen)
	for _, number := range slices.Sorted(maps.Keys(after)) {
		if old, known := before[number]; !known || !old.same(after[number]) {
			w.emit(Tell{Lane: w.lane.Branch, Number: number, Status: after[number], Serial: w.serial()})
		}
	}
}

// newer accepts a reading that is not older than the newest one, and remembers it.
func newer(newest *int64, reading int64) bool {
	if reading < *newest {
		return false
	}
	*newest = reading
	return true
}

// ticked keeps the time, and ends what took too long.
func (w *work) ticked(e Ticked) {
	at := e.At.UTC().Round(0)
	if !at.After(w.lane.Now) {
		return
	}
	if w.lane.Now.IsZero() {
		w.started(at)
	}
	w.lane.Now = at
	if w.lane.Rest.Why != "" && !at.Before(w.lane.Rest.Until) {
		w.lane.Rest = Rest{Times: w.lane.Rest.Times}
	}
	for _, c := range slices.Clone(w.lane.Candidates) {
		w.overdue(&c)
	}
}

// started gives what happened before the first tick the time of that tick.
func (w *work) started(at time.Time) {
	for i := range w.lane.Entries {
		w.lane.Entries[i].Since = at
	}
	for i := range w.lane.Candidates {
		w.lane.Candidates[i].Since = at
	}
}

// overdue ends a test that never started or takes too long.
func (w *work) overdue(c *Candidate) {
	if c.State != Testing {
		return
	}
	switch took := w.lane.Now.Sub(c.Since); {
	case !c.Started && took >= w.lane.Policy.Start:
		w.fail(c, Cause{Outcome: NeverStarted, Detail: "after " + took.String() + ", nothing from: " + list(w.lane.missing(c))})
	case took >= w.lane.Policy.Timeout:
		w.fail(c, Cause{Outcome: TooLong, Detail: "after " + took.String() + ", still missing: " + list(w.lane.missing(c))})
	}
}
