package queue

import (
	"slices"
	"strings"
)

// tipMoved compares a reading of the branch with our records. While a landing or a restart is on its way, only that
// one's own outcome counts: both the old and the new tip are to be expected.
func (w *work) tipMoved(e TipMoved) {
	if newer(&w.lane.Read.Tip, e.Reading) && !w.lane.moving() {
		w.see(e.Tip)
	}
}

// see compares what the branch holds with our records. The first commit that is ever seen there is where the lane begins.
// A branch that is started again from the target anyway may be gone: many repositories delete it when the offer is merged.
func (w *work) see(tip string) {
	l := &w.lane
	switch {
	case tip == l.Tip:
		l.Absent = l.Absent || tip == "" && l.Restart == nil
		l.Frozen = Freeze{}
	case l.Tip == "" && l.Frozen.Why == "" && (l.Absent || l.Restart == nil):
		l.Tip, l.Start, l.Strange = tip, tip, tip != l.Target
		l.Absent, l.Behind, l.Restart = false, false, nil
	case l.Tip == "":
		w.freeze("the integration branch was made by others", tip)
	case tip == "" && l.Restart != nil:
		l.Tip, l.Frozen = "", Freeze{}
	case tip == "":
		w.freeze("the integration branch is gone", "")
	default:
		w.freeze("the integration branch was moved by others", tip)
	}
}

// moving tells whether the branch is being moved by us.
func (l *Lane) moving() bool {
	return l.landing() != nil || l.Restart != nil && l.Restart.Sent
}

// pauseSet pauses the lane, unless a newer command came before.
func (w *work) pauseSet(e PauseSet) {
	if e.Request < w.lane.Request {
		return
	}
	w.lane.Request = e.Request
	w.lane.Paused = Pause{Why: orElse(e.Why, "no reason given"), By: e.By}
}

// policyChanged takes over what the contract says. What has passed must pass what is newly required.
func (w *work) policyChanged(e PolicyChanged) {
	if !newer(&w.lane.Read.Policy, e.Reading) {
		return
	}
	w.lane.Policy = e.Policy.full()
	w.lane.Policy.Required = slices.Compact(slices.Sorted(slices.Values(e.Policy.Required)))
	for i := range w.lane.Candidates {
		if c := &w.lane.Candidates[i]; c.State == Passed && len(w.lane.missing(c)) > 0 {
			c.State, c.Since = Testing, w.lane.Now
		}
	}
}

// reconciled compares the lane with a sweep's picture. A sweep is older than the events that came after its reading.
func (w *work) reconciled(e Reconciled) {
	if e.Reading <= w.lane.Read.Sweep {
		return
	}
	w.lane.Read.Sweep = e.Reading
	if e.Tip != nil {
		w.tipMoved(*e.Tip)
	}
	if e.Target != nil {
		w.targetMoved(*e.Target)
	}
	open := map[int]string{}
	for _, m := range e.Open {
		open[m.Number] = m.Head
	}
	for _, entry := range slices.Clone(w.lane.Entries) {
		head, is := open[entry.Number]
		switch {
		case is:
			w.headMoved(HeadMoved{Number: entry.Number, Head: head, Reading: e.Reading})
		case e.OpenAll:
			w.withdrawn(Withdrawn{Number: entry.Number, Reading: e.Reading, Why: "it is no longer open here"})
		}
	}
	for _, id := range e.Branches {
		if e.HaveAll && w.lane.candidate(id) == nil {
			w.emit(Drop{Lane: w.lane.Branch, Candidate: id, Sweep: e.Reading})
		}
	}
}

// list joins names for a reader.
func list(names []string) string {
	if len(names) == 0 {
		return "nothing"
	}
	return strings.Join(names, ", ")
}

// short is a commit as people write it.
func short(commit string) string {
	if len(commit) == 40 {
		return commit[:10]
	}
	return orElse(commit, "an unknown commit")
}
