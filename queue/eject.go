package queue

import "slices"

// A Reason is why a pull request left the lane without landing, for people as text (String) and for agents field by
// field.
type Reason struct {
	Kind        Kind
	Requirement string   // that failed; "" when it is not one
	Detail      string   // what was seen
	Paths       []string // that conflict
	With        []int    // the pull requests, and TargetNumber, that it conflicts with, or fails together with; they have landed
	Batch       []int    // what it was tested with, itself included
	Base        string   // the commit to rebase on
	Attempt     int      // failures in a row of this kind, this one included; 0 when it does not count
	Attempts    int      // how many there may be
}

// A Kind is a sort of reason.
type Kind string

// The kinds of reasons.
const (
	FailedTest    Kind = "failed"        // a requirement failed, and this entry is the culprit
	Conflict      Kind = "conflict"      // it does not merge with what has landed
	TookTooLong   Kind = "too-long"      // its tests do not end
	NothingStarts Kind = "never-started" // its tests do not start, and those of others do
	NotAllowed    Kind = "refused"       // it may not be pushed
	Withdrew      Kind = "withdrawn"     // by a command, or it was closed
	Rewound       Kind = "rewound"       // it had landed, and the branch does not hold it any more
	Exhausted     Kind = "exhausted"     // entered again after its last attempt
)

// record remembers a departure, and forgets the oldest of too many.
func (w *work) record(d Departure) {
	w.forgetDeparture(d.Number)
	w.lane.Left = append(w.lane.Left, d)
	if n := len(w.lane.Left) - MaxLeft; n > 0 {
		w.lane.Left = slices.Delete(w.lane.Left, 0, n)
	}
}

// departure finds how a pull request left, or nil.
func (w *work) departure(number int) *Departure {
	for i := range w.lane.Left {
		if w.lane.Left[i].Number == number {
			return &w.lane.Left[i]
		}
	}
	return nil
}

// forgetDeparture forgets how a pull request left.
func (w *work) forgetDeparture(number int) {
	w.lane.Left = slices.DeleteFunc(w.lane.Left, func(d Departure) bool { return d.Number == number })
}

// depart takes an entry out, with a reason.
func (w *work) depart(e Entry, r Reason) {
	if e.Number != TargetNumber {
		w.record(Departure{Number: e.Number, Head: e.Head, Request: e.Request, Reading: e.Reading, Reason: r, Failures: e.Failures, Carried: e.Carried})
	}
	w.remove(e.Number)
	if e.Carried {
		w.offer() // which says what it lacks by now
	}
}

// eject takes out an entry that is at fault, and counts the attempt.
func (w *work) eject(number int, r Reason) {
	e := w.entry(number)
	switch {
	case e == nil:
		return
	case number == TargetNumber:
		w.failTarget(e, r)
		return
	}
	signature := string(r.Kind)
	if r.Requirement != "" {
		signature += " " + r.Requirement
	}
	if e.Failures.Signature != signature {
		e.Failures = Failures{Signature: signature}
	}
	e.Failures.Count++
	r.Attempt, r.Attempts = e.Failures.Count, w.lane.Policy.Attempts
	r.Base = orElse(r.Base, w.lane.Tip)
	w.depart(*e, r)
}

// leave takes out the entries that were withdrawn, but for those whose landing is on its way.
func (w *work) leave() bool {
	var gone []Entry
	for _, e := range w.lane.Entries {
		if e.Leaving != "" && !w.beingLanded(e.Number) {
			gone = append(gone, e)
		}
	}
	for _, e := range gone {
		w.depart(e, Reason{Kind: Withdrew, Detail: e.Leaving})
	}
	return len(gone) > 0
}

// beingLanded tells whether a landing that is on its way has a pull request in it.
func (w *work) beingLanded(number int) bool {
	c := w.lane.landing()
	return c != nil && has(c.Members, number)
}

// fail ends a candidate's tests. What it stands on may be to blame as well: the failed set contains all of it.
func (w *work) fail(c *Candidate, cause Cause) {
	members := w.lane.content(c)
	blamed := true
	if cause.Outcome == NeverStarted {
		members, blamed = c.Members, w.silence(c, cause)
	}
	if blamed {
		w.lane.Failed = append(w.lane.Failed, FailedSet{Members: members, Cause: cause})
	}
	w.drop(c.ID)
}

// silence deals with a candidate on which nothing started: it tells whether its members are to blame. Two such
// candidates in a row, of whomever, mean that CI is silent: the lane pauses. An entry is to blame for the second of its
// own when others have started in between.
func (w *work) silence(c *Candidate, cause Cause) bool {
	w.lane.Silent++
	again := false
	for _, m := range c.Members {
		if e := w.entry(m.Number); e != nil && e.Head == m.Head {
			e.Silent++
			again = again || e.Silent > 1
		}
	}
	if w.lane.Silent > 1 {
		w.pause("two candidates in a row never started: is CI running, and are the required checks still named so? The last one, " + cause.Detail)
		return false
	}
	return again || len(c.Members) > 1
}

// pause is the lane pausing itself. A pause that stands keeps its reason.
func (w *work) pause(why string) {
	if w.lane.Paused.Why == "" {
		w.lane.Paused = Pause{Why: why}
	}
}

// explain draws conclusions from the failed sets. It tells whether an entry was ejected.
func (w *work) explain() bool {
	var kept []FailedSet
	var culprit *FailedSet
	for _, s := range w.lane.Failed {
		s, alive := w.reduce(s)
		switch {
		case !alive:
		case len(s.Members) > 1:
			kept = append(kept, s)
		case culprit == nil && w.proves(s):
			culprit = &s
		case w.proves(s):
			kept = append(kept, s) // the next round's
		}
	}
	w.lane.Failed = minimal(kept)
	if culprit == nil {
		return false
	}
	w.convict(*culprit)
	return true
}

// proves tells whether a set of one is evidence against its member. That others have landed out of a set whose tests
// were merely slow or silent says nothing of who remains.
func (w *work) proves(s FailedSet) bool { return len(s.With) == 0 || s.Cause.Outcome == Fail }

// reduce takes the landed members out of a failed set. A set with a member that left or moved says nothing;
// one that moved while it lands still lands as it was.
func (w *work) reduce(s FailedSet) (FailedSet, bool) {
	var members, landing []Member
	if c := w.lane.landing(); c != nil {
		landing = c.Members
	}
	with := slices.Clone(s.With)
	for _, m := range s.Members {
		e := w.entry(m.Number)
		switch {
		case e != nil && e.Head == m.Head, slices.Contains(landing, m):
			members = append(members, m)
		case w.lane.holds(m):
			with = append(with, m.Number)
		default:
			return s, false
		}
	}
	s.Members, s.With = members, with
	return s, len(members) > 0
}

// convict ejects the one member of a failed set.
func (w *work) convict(s FailedSet) {
	kind := FailedTest
	switch s.Cause.Outcome {
	case TooLong:
		kind = TookTooLong
	case NeverStarted:
		kind = NothingStarts
	}
	r := Reason{Kind: kind, Requirement: s.Cause.Requirement, Detail: s.Cause.Detail, With: s.With}
	if e := w.entry(s.Members[0].Number); e != nil && e.Head == s.Members[0].Head {
		w.eject(e.Number, r)
	}
}

// minimal leaves out the sets that another one explains.
func minimal(sets []FailedSet) []FailedSet {
	var kept []FailedSet
	for i, s := range sets {
		explained := slices.ContainsFunc(sets[:i], func(o FailedSet) bool { return explains(o, s) }) ||
			slices.ContainsFunc(sets[i+1:], func(o FailedSet) bool { return explains(o, s) && !within(s, o) })
		if !explained {
			kept = append(kept, s)
		}
	}
	return kept
}

// explains tells whether a set is in another one and makes it superfluous. One that was merely slow or silent may be
// forgotten when others of it land, and says nothing of why the larger one failed.
func explains(small, large FailedSet) bool {
	return within(small, large) && (small.Cause.Outcome == Fail || large.Cause.Outcome != Fail)
}

// within tells whether all members of one set are in another.
func within(small, large FailedSet) bool {
	return !slices.ContainsFunc(small.Members, func(m Member) bool { return !slices.Contains(large.Members, m) })
}
