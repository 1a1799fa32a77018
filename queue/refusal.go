package queue

import (
	"slices"
	"time"
)

// refused deals with an effect that was not carried out, or, when it is stale, not even begun. The keys of effects that nothing waits for, and of earlier
// tries, match nothing.
func (w *work) refused(e Refused) {
	if r := w.lane.Restart; r != nil && r.Sent && !r.Retry && w.lane.restart().Key() == e.Key {
		w.refusedRestart(r, e)
		return
	}
	for i := range w.lane.Candidates {
		c := &w.lane.Candidates[i]
		if c.Retry || w.lane.ends(c) != e.Key || e.Key == "" {
			continue
		}
		c.Try++
		switch {
		case e.Stale && w.changed(c):
			w.giveUp(c)
			return
		case e.Final || e.Stale:
			w.giveUp(c)
		default:
			c.Retry = true
		}
		w.postpone(e)
		return
	}
}

// refusedRestart keeps a restart for later. One that was surely not carried out may go elsewhere then.
func (w *work) refusedRestart(r *Restart, e Refused) {
	r.Try++
	maybe := !e.Final && !e.Stale
	r.Sent, r.Retry = maybe, maybe
	switch {
	case e.Stale && r.Target != w.lane.Target: // it goes to the newest
	case e.Final && e.Gone && !e.Stale && w.lane.Tip != "":
		w.lane.Tip = "" // it is started again anyway
	default:
		w.postpone(e)
	}
}

// changed tells whether the lane knows of something that keeps a candidate from landing as it is. When it does not, it
// would ask for the same again at once.
func (w *work) changed(c *Candidate) bool {
	leaves := func(m Member) bool {
		e := w.entry(m.Number)
		return e != nil && e.Leaving != ""
	}
	return !w.valid(c) || c.Late.Outcome != "" ||
		len(w.lane.missing(c)) > 0 && c.State == Landing || slices.ContainsFunc(c.Members, leaves)
}

// giveUp ends the effect that a candidate waits for, which was not carried out. What was not built is planned again.
// Against what was not landed now counts what came while it was being landed: what CI says, and what is newly required.
func (w *work) giveUp(c *Candidate) {
	if c.State == Building {
		w.drop(c.ID)
		return
	}
	c.State = Passed
	if len(w.lane.missing(c)) > 0 {
		c.State, c.Since = Testing, w.lane.Now
	}
	if late := c.Late; late.Outcome != "" {
		w.tested(Tested{c.ID, c.Commit, late.Requirement, late.Outcome, late.Detail})
	}
}

// postpone rests, pauses or freezes after a refusal.
func (w *work) postpone(e Refused) {
	switch {
	case !e.Final || e.Stale:
		w.rest(e)
	case e.Gone:
		w.freeze(orElse(e.Why, "the integration branch is gone"), "")
	case e.Seen != "" && e.Seen != w.lane.Tip:
		w.freeze(orElse(e.Why, "the branch was moved by others"), e.Seen)
	default:
		w.pause("GitHub refuses for good: " + orElse(e.Why, "no reason given"))
	}
}

// Bounds of a rest whose end nobody told: it doubles from the shorter to the longer.
const (
	shortestRest = time.Minute
	longestRest  = time.Hour
)

// rest waits as long as GitHub asks, or twice as long as the last time.
func (w *work) rest(e Refused) {
	until := e.Until.UTC().Round(0)
	if !until.After(w.lane.Now) {
		until = w.lane.Now.Add(min(longestRest, shortestRest<<max(0, min(w.lane.Rest.Times, 10))))
	}
	if w.lane.Rest.Why == "" || until.After(w.lane.Rest.Until) {
		w.lane.Rest = Rest{Until: until, Why: orElse(e.Why, "no reason given"), Times: w.lane.Rest.Times + 1}
	}
}

// again sends what was refused for now. A landing is sent again even when the lane was paused meanwhile: it may have
// happened, and only its outcome tells.
func (w *work) again() {
	if w.lane.Rest.Why != "" {
		return
	}
	for i := range w.lane.Candidates {
		c := &w.lane.Candidates[i]
		switch {
		case !c.Retry:
		case c.State == Landing:
			c.Retry = false
			w.emit(w.lane.land(c))
		case w.lane.stopped() == "":
			c.Retry = false
			w.emit(w.lane.build(c))
		}
	}
	w.sendRestart()
}
