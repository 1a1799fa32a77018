package queue

import (
	"slices"
	"strings"
)

// tipMoved compares a reading of the branch with our records. While a landing or a restart is on its way, only that
// one's own outcome counts: both the old and the new tip are to be expected.
func (w *work) tipMoved(e TipMoved) {
	if !newer(&w.lane.Read.Tip, e.Reading) || w.lane.moving() {
		return
	}
	switch {
	case w.lane.Tip == "":
		w.lane.Tip, w.lane.Start = e.Tip, e.Tip
	case e.Tip == w.lane.Tip:
		w.thaw(e.Tip)
	case e.Tip == "":
		w.freeze("the integration branch is gone", "")
	default:
		w.freeze("the integration branch was moved by others", e.Tip)
	}
}

// moving tells whether the branch is being moved by us.
func (l *Lane) moving() bool {
	return l.landing() != nil || l.Restart != nil && l.Restart.Sent
}

// thaw ends a freeze at a tip. What failed on another tip says nothing of this one.
func (w *work) thaw(tip string) {
	if w.lane.Frozen.Why == "" {
		return
	}
	w.lane.Frozen = Freeze{}
	if tip != w.lane.Tip {
		w.lane.Tip = tip
		w.unlearn()
	}
}

// unlearn forgets what was learned on a tip that is no more.
func (w *work) unlearn() {
	w.lane.Failed = nil
	for i := range w.lane.Entries {
		w.lane.Entries[i].Proven = false
	}
}

// pauseSet pauses the lane, unless a newer command came before.
func (w *work) pauseSet(e PauseSet) {
	if e.Request < w.lane.Request {
		return
	}
	w.lane.Request = e.Request
	w.lane.Paused = Pause{Why: orElse(e.Why, "no reason given"), By: e.By}
}

// resumed ends a pause, and a freeze when the person has seen what the branch holds.
func (w *work) resumed(e Resumed) {
	if e.Request < w.lane.Request || e.Request == w.lane.Request && w.lane.Paused.By != "" {
		return
	}
	w.lane.Request = e.Request
	w.lane.Paused, w.lane.Silent = Pause{}, 0
	if e.Tip != "" && newer(&w.lane.Read.Tip, e.Reading) && !w.lane.moving() {
		w.thaw(e.Tip)
	}
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

// targetMerged starts the branch again from the target. What landed after the merged commit lands again.
func (w *work) targetMerged(e TargetMerged) {
	if e.Target == "" || !newer(&w.lane.Read.Target, e.Reading) || w.lane.Start == e.Target {
		return
	}
	if r := w.lane.Restart; r != nil && (r.Sent || r.Target == e.Target) {
		return
	}
	w.lane.Target = e.Target
	if w.after(e.Head) < 0 {
		w.pause("the target took " + short(e.Head) + ", which is no commit of this lane; what it lacks is not known")
		return
	}
	w.lane.Restart = &Restart{Target: e.Target, Head: e.Head}
}

// after is the position in Merged of what landed after a commit, -1 when the commit is unknown.
func (w *work) after(head string) int {
	for i := len(w.lane.Merged) - 1; i >= 0; i-- {
		if w.lane.Merged[i].Commit == head {
			return i + 1
		}
	}
	if head != "" && head == w.lane.Start {
		return 0
	}
	return -1
}

// targetMoved follows the target. As long as nothing has landed, the branch may as well start from the newest.
func (w *work) targetMoved(e TargetMoved) {
	if e.Target == "" || !newer(&w.lane.Read.Target, e.Reading) || e.Target == w.lane.Target {
		return
	}
	first := w.lane.Target == ""
	w.lane.Target = e.Target
	switch {
	case first || w.lane.Restart != nil && w.lane.Restart.Sent || w.lane.landing() != nil || w.lane.Tip == "":
	case w.lane.Restart != nil:
		w.lane.Restart.Target = e.Target
	case len(w.lane.Merged) > 0:
		w.offer()
	case e.Target != w.lane.Tip && w.lane.Frozen.Why == "":
		w.lane.Restart = &Restart{Target: e.Target, Head: w.lane.Start}
	}
}

// sendRestart sends the restart when nothing else moves the branch.
func (w *work) sendRestart() {
	r := w.lane.Restart
	if r == nil || r.Sent && !r.Retry || w.lane.landing() != nil || w.lane.Frozen.Why != "" || w.lane.Paused.Why != "" {
		return
	}
	r.Sent, r.Retry = true, false
	w.emit(w.lane.restart())
}

// restarted begins again on the target. Entries remain and are rebuilt; what the target lacks lands again.
func (w *work) restarted(e Landed) {
	r := w.lane.Restart
	if r == nil || !r.Sent {
		return
	}
	if e.Commit != r.Target {
		w.lane.Restart = nil
		w.freeze("the branch was started again at "+short(r.Target)+" and holds something else", e.Commit)
		return
	}
	carried := slices.Clone(w.lane.Merged[max(0, w.after(r.Head)):])
	w.lane.Restart, w.lane.Merged = nil, nil
	w.lane.Tip, w.lane.Start = e.Commit, e.Commit
	w.lane.Rest.Times = 0
	w.unlearn()
	for _, m := range carried {
		w.lane.Done = w.lane.Done.Without(m.Number)
		w.add(Entry{Number: m.Number, Head: m.Head, Agent: m.Agent, Priority: carriedFirst, Carried: true})
	}
}

// carriedFirst is above any priority that a person would set: what lands again was on the branch already.
const carriedFirst = 1 << 30

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
