package queue

import (
	"slices"
	"time"
)

// built notes a candidate's commit. From now on it is tested.
func (w *work) built(e Built) {
	c := w.lane.candidate(e.Candidate)
	if c == nil || c.State != Building || e.Commit == "" {
		return
	}
	c.State, c.Commit, c.Tree, c.Since = Testing, e.Commit, e.Tree, w.lane.Now
	c.Try, c.Retry = 0, false
	w.lane.Rest.Times = 0
}

// rejected deals with a member that cannot be merged. When what it conflicts with has landed, it leaves; when it has not,
// the two are kept apart from now on.
func (w *work) rejected(e Rejected) {
	c := w.lane.candidate(e.Candidate)
	if c == nil || c.State != Building {
		return
	}
	below, self := w.below(c, e.Number)
	switch {
	case self.Head == "":
		w.pause("a build was rejected for a pull request that is not in it")
	case e.Refused != "":
		w.eject(e.Number, Reason{Kind: NotAllowed, Detail: e.Refused, Paths: e.Paths, Base: c.Onto})
	default:
		w.conflicted(self, w.partners(below, e.With), e)
	}
	w.drop(e.Candidate)
}

// below lists what lies below a pull request in a candidate's chain and has not landed, and its own member; a zero
// member when it is not in the candidate itself.
func (w *work) below(c *Candidate, number int) (below []Member, self Member) {
	for _, link := range w.lane.chain(c) {
		for _, m := range link.Members {
			if m.Number == number && link.ID == c.ID {
				return below, m
			}
			below = append(below, m)
		}
	}
	return below, Member{}
}

// partners lists the members below that a conflict is with. None means that it is with what has landed. When nobody
// knows, it may be any of them.
func (w *work) partners(below []Member, with []int) []Member {
	if len(with) == 0 {
		return below
	}
	var found []Member
	for _, number := range with {
		i := slices.IndexFunc(below, func(m Member) bool { return m.Number == number })
		if i < 0 {
			return nil
		}
		found = append(found, below[i])
	}
	return found
}

// conflicted ejects a member, or keeps it apart from its partners.
func (w *work) conflicted(self Member, partners []Member, e Rejected) {
	if len(partners) == 0 {
		with := slices.Clone(e.With)
		for _, c := range slices.Concat(w.lane.Clashes, w.entry(self.Number).Known.Clashes) {
			if other, ours := c.other(self); ours && len(e.With) == 0 && w.lane.holds(other) {
				with = append(with, other.Number)
			}
		}
		w.eject(self.Number, Reason{Kind: Conflict, Paths: e.Paths, With: with})
		return
	}
	for _, p := range partners {
		w.lane.Clashes = append(w.lane.Clashes, Clash{A: self, B: p, Paths: e.Paths})
	}
}

// other is the other one of a pair.
func (c Clash) other(m Member) (Member, bool) {
	switch m {
	case c.A:
		return c.B, true
	case c.B:
		return c.A, true
	}
	return Member{}, false
}

// tested notes what CI says. A pass that is followed by a failure is a failure. Once the landing has begun, that counts
// only when it does not go through.
func (w *work) tested(e Tested) {
	c := w.lane.candidate(e.Candidate)
	if c == nil || c.Commit == "" || e.Commit != c.Commit || c.State == Building {
		return
	}
	if c.State == Landing {
		c.late(e)
		return
	}
	if e.Outcome != NeverStarted {
		w.alive(c)
	}
	switch e.Outcome {
	case Pass:
		w.pass(c, e.Requirement)
	case Fail, TooLong:
		w.fail(c, Cause{e.Outcome, e.Requirement, e.Detail})
	case NeverStarted:
		if c.State == Testing && !c.Started {
			w.fail(c, Cause{e.Outcome, e.Requirement, orElse(e.Detail, "nothing from: "+list(w.lane.missing(c)))})
		}
	case BaseFails:
		w.pause("the integration branch itself fails " + orElse(e.Requirement, "its tests") + " at " + short(c.Onto) + "; " + e.Detail)
		w.drop(c.ID)
	}
}

// late keeps what CI says against a candidate that is being landed.
func (c *Candidate) late(e Tested) {
	if against := e.Outcome == Fail || e.Outcome == TooLong || e.Outcome == BaseFails; against && c.Late.Outcome == "" {
		c.Late = Cause{e.Outcome, e.Requirement, e.Detail}
	}
}

// alive notes a sign of life.
func (w *work) alive(c *Candidate) {
	c.Started, w.lane.Silent = true, 0
	for _, m := range c.Members {
		if e := w.entry(m.Number); e != nil && e.Head == m.Head {
			e.Silent = 0
		}
	}
}

// pass notes a requirement that passed; "" stands for all that are required now.
func (w *work) pass(c *Candidate, requirement string) {
	names := []string{requirement}
	if requirement == "" {
		names = w.lane.Policy.Required
	}
	for _, name := range names {
		if slices.Contains(w.lane.Policy.Required, name) && !slices.Contains(c.Passed, name) {
			c.Passed = append(slices.Clip(c.Passed), name)
		}
	}
	if c.State == Testing && len(w.lane.Policy.Required) > 0 && len(w.lane.missing(c)) == 0 {
		c.State = Passed
		w.pace(w.lane.Now.Sub(c.Since))
	}
}

// pace smooths how long tests take.
func (w *work) pace(took time.Duration) {
	if w.lane.Pace == 0 {
		w.lane.Pace = took
	}
	w.lane.Pace = (3*w.lane.Pace + took) / 4
}

// drop takes a candidate out, and asks for the end of its branch.
func (w *work) drop(id string) {
	w.lane.Candidates = slices.DeleteFunc(w.lane.Candidates, func(c Candidate) bool { return c.ID == id })
	w.emit(Drop{Lane: w.lane.Branch, Candidate: id})
}

// forget drops the clashes of which one side is gone. One that has landed stays, for the other's reason.
func (w *work) forget() {
	here := func(m Member) bool {
		e := w.entry(m.Number)
		return e != nil && e.Head == m.Head
	}
	w.lane.Clashes = slices.DeleteFunc(w.lane.Clashes, func(c Clash) bool {
		a, b := here(c.A), here(c.B)
		return !(a && b || a && w.lane.holds(c.B) || b && w.lane.holds(c.A))
	})
}
