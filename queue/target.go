package queue

import "slices"

// TargetNumber stands for the target's own commit where pull requests are named by number: as a member of a candidate,
// in Merged, in a Clash, and in a Reason. No pull request has it.
const TargetNumber = 0

// A TargetFailure is why a commit of the target could not be taken into the integration branch. It is not tried again
// before the target moves or a person resumes the lane.
type TargetFailure struct {
	Commit string // "" when there is none
	Reason Reason
}

// targetFirst is above the priority of everything else: what does not go together with the target had better know soon.
const targetFirst = carriedFirst + 1

// targetRecord is what is believed of the target. Others have tested it, and what it breaks is seldom its own fault.
var targetRecord = Record{Plain: Tally{Passed: 50}}

// targetMoved follows the target.
func (w *work) targetMoved(e TargetMoved) {
	if e.Target == "" || !newer(&w.lane.Read.Target, e.Reading) || e.Target == w.lane.Target {
		return
	}
	if w.lane.Target == "" {
		w.lane.Target = e.Target
		w.lane.Strange = w.lane.Tip != "" && w.lane.Tip != e.Target
		return
	}
	w.retarget(e.Target)
	w.recall(e.Rewound)
	if w.lane.Restart == nil {
		w.offer()
	}
}

// recall takes back what the target holds no more, and what the branch has already. Otherwise an entry that is in a
// candidate stays as it is: a target that moves more often than CI runs would else never be taken in.
func (w *work) recall(rewound bool) {
	e := w.entry(TargetNumber)
	switch {
	case e == nil:
	case !w.lane.Behind:
		e.Leaving = "the branch has the target's commit already"
	case rewound && e.Head != w.lane.Target:
		w.move(e, w.lane.Target)
		e.Leaving = ""
	default:
		e.Leaving = ""
	}
}

// retarget notes what the target holds now.
func (w *work) retarget(target string) {
	if target != w.lane.Target {
		w.lane.Target, w.lane.TargetFailed = target, TargetFailure{}
	}
	w.lane.Behind = !w.lane.includes(target)
}

// includes tells whether the branch is known to have a commit.
func (l *Lane) includes(commit string) bool {
	return commit == l.Start || commit == l.Tip || slices.ContainsFunc(l.Merged, func(m Merge) bool {
		return m.Commit == commit || m.Number == TargetNumber && m.Head == commit
	})
}

// holds tells whether a member has landed and stays landed.
func (l *Lane) holds(m Member) bool {
	if m.Number != TargetNumber {
		return l.merged(m.Number)
	}
	return slices.ContainsFunc(l.Merged, func(o Merge) bool { return o.Number == TargetNumber && o.Head == m.Head })
}

// restart plans to start the branch from the target, which has all of it up to a commit.
func (w *work) restart(head string) {
	w.lane.Restart = &Restart{Target: w.lane.Target, Head: head, Serial: w.serial()}
}

// follow brings the target's newest commit in. While nothing is on the branch or on its way there, the branch starts from
// it; otherwise it is merged through a candidate, like a pull request. A branch that there never was is made when there is
// something for it. It tells whether there is something new to do.
func (w *work) follow() bool {
	l := &w.lane
	if r := l.Restart; r != nil && !r.Sent {
		r.Target = l.Target
	}
	if l.Absent && l.Restart == nil && l.Target != "" && len(l.Entries) > 0 && l.Frozen.Why == "" {
		w.restart("")
		return true
	}
	if !l.Behind || l.Tip == "" || l.Frozen.Why != "" || l.Restart != nil {
		return false
	}
	if len(l.Merged)+len(l.Candidates) == 0 && !l.Strange {
		w.restart(l.Start)
		return true
	}
	return w.enterTarget()
}

// enterTarget enters the target's newest commit, unless it is known to fail, or an older one is in a candidate.
func (w *work) enterTarget() bool {
	l, e := &w.lane, w.entry(TargetNumber)
	switch {
	case l.TargetFailed.Commit == l.Target:
		return false
	case e == nil:
		w.add(Entry{Number: TargetNumber, Head: l.Target, Priority: targetFirst, Known: Known{Record: targetRecord}})
	case e.Head == l.Target || slices.ContainsFunc(l.Candidates, func(c Candidate) bool { return has(c.Members, TargetNumber) }):
		return false
	default:
		w.move(e, l.Target)
	}
	return true
}

// failTarget takes the target's entry out, and shows why where people see what is missing: in the offer.
func (w *work) failTarget(e *Entry, r Reason) {
	r.Base = orElse(r.Base, w.lane.Tip)
	w.lane.TargetFailed = TargetFailure{Commit: e.Head, Reason: r}
	w.remove(TargetNumber)
	w.offer()
}

// targetMerged starts the branch again from the target. What landed after the merged commit lands again. What a person
// took over after it would be lost: the lane asks first.
func (w *work) targetMerged(e TargetMerged) {
	if e.Target == "" || !newer(&w.lane.Read.Target, e.Reading) || w.lane.Start == e.Target {
		return
	}
	w.retarget(e.Target)
	if r := w.lane.Restart; r != nil && (r.Sent || r.Target == e.Target) {
		return
	}
	if w.lane.Tip == "" {
		return
	}
	if w.after(e.Head) < 0 {
		w.recall(true)
		w.pause("the target took " + short(e.Head) + ", which is no commit of this lane; what it lacks is not known")
		return
	}
	w.restart(e.Head)
	if f := w.lane.Frozen; f.Why != "" && f.Seen == "" {
		w.lane.Frozen, w.lane.Tip = Freeze{}, "" // it went with the offer
	}
	for _, m := range w.lane.Merged[w.taken():] {
		if m.Number == TargetNumber && m.Head == m.Commit {
			w.overwrites(m.Commit)
		}
	}
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
	if r == nil || !r.Sent || e.Key != "" && e.Key != w.lane.restart().Key() {
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
	w.lane.Absent, w.lane.Strange, w.lane.TargetFailed = false, false, TargetFailure{}
	w.lane.Behind = e.Commit != w.lane.Target
	w.remove(TargetNumber)
	w.unlearn()
	for i := range w.lane.Left {
		w.lane.Left[i].Carried = false
	}
	for _, m := range carried {
		if m.Number == TargetNumber {
			continue
		}
		w.lane.Done = w.lane.Done.Without(m.Number)
		w.add(Entry{Number: m.Number, Head: m.Head, Agent: m.Agent, Priority: carriedFirst, Carried: true})
	}
}

// carriedFirst is above any priority that a person would set: what lands again was on the branch already.
const carriedFirst = 1 << 30
