package queue

import "slices"

// resumed ends a pause, and a freeze when the person has seen what the branch holds. What the target's commit failed on
// may have been repaired, so that it is tried again.
func (w *work) resumed(e Resumed) {
	l := &w.lane
	if e.Request <= l.Request {
		return
	}
	l.Request = e.Request
	l.Paused, l.Silent, l.TargetFailed = Pause{}, 0, TargetFailure{}
	if e.Tip == "" && !e.Gone || !newer(&l.Read.Tip, e.Reading) || l.moving() {
		return
	}
	switch {
	case l.Frozen.Why == "": // nobody was told of another tip, and so nobody has agreed to one
		w.see(e.Tip)
	case e.Tip != "":
		w.adopt(e)
	case l.Target != "":
		w.anew(e)
	}
}

// adopt takes the branch as a person has seen it. What landed here and is not on it any more has left, and comes back by
// nothing but a new command. Foreign commits are remembered like a commit of the target: they are on the
// branch, and are no pull request's.
func (w *work) adopt(e Resumed) {
	l := &w.lane
	l.Frozen, l.Absent = Freeze{}, false
	if e.Tip == l.Tip {
		return
	}
	kept := w.after(e.Tip)
	foreign := kept < 0
	if foreign {
		kept = w.after(e.Holds)
	}
	known, taken := kept >= 0, w.taken()
	kept = max(0, kept)
	behind := l.Behind || !known || slices.ContainsFunc(l.Merged[kept:], func(m Merge) bool { return m.Number == TargetNumber })
	w.lose(l.Merged[max(kept, taken):], e.Request)
	w.keepRestart(e.Tip, kept, foreign)
	l.Tip, l.Merged = e.Tip, slices.Clip(l.Merged[:kept])
	if !known {
		l.Start = e.Tip
	}
	if foreign {
		l.Merged = append(l.Merged, Merge{Number: TargetNumber, Head: e.Tip, Commit: e.Tip})
	}
	l.Behind = behind && l.Target != "" && !l.includes(l.Target)
	w.recall(false)
	w.unlearn()
	if l.Restart == nil {
		w.offer()
	}
}

// anew starts the branch from the target after a person has seen that it is gone, with all that landed there.
func (w *work) anew(e Resumed) {
	l := &w.lane
	w.lose(l.Merged[w.taken():], e.Request)
	w.remove(TargetNumber)
	w.unlearn()
	l.Frozen, l.Absent, l.Strange, l.Behind = Freeze{}, false, false, false
	l.Tip, l.Start, l.Merged = "", "", nil
	w.restart("")
}

// taken counts what the target has of Merged, as far as it is to be started again from there.
func (w *work) taken() int {
	if w.lane.Restart == nil {
		return 0
	}
	return max(0, w.after(w.lane.Restart.Head))
}

// keepRestart keeps a restart that is still to come when the branch is taken over with only so much of Merged. It waits
// for a person when it would throw away what one has just taken over.
func (w *work) keepRestart(tip string, kept int, foreign bool) {
	l := &w.lane
	switch {
	case l.Restart == nil:
		return
	case len(l.Merged) == 0:
		l.Restart = nil
		return
	case w.taken() > kept:
		l.Restart.Head = tip
	}
	if foreign {
		w.overwrites(tip)
	}
}

// overwrites pauses before a restart loses what a person took over.
func (w *work) overwrites(tip string) {
	w.pause("the branch is to start again from the target, which lacks " + short(tip) + ", which a person took over; resuming loses that")
}

// lose takes what had landed out of the records. A command that is not newer than the person's does not enter it again.
func (w *work) lose(lost []Merge, request int64) {
	for _, m := range lost {
		if m.Number == TargetNumber {
			continue
		}
		w.lane.Done = w.lane.Done.Without(m.Number)
		w.record(Departure{Number: m.Number, Head: m.Head, Request: request, Reason: Reason{Kind: Rewound, Detail: "it had landed as " + short(m.Commit)}})
	}
}

// unlearn forgets what was learned on a tip that is no more.
func (w *work) unlearn() {
	w.lane.Failed = nil
	for i := range w.lane.Entries {
		w.lane.Entries[i].Proven = false
	}
}
