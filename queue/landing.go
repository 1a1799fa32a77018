package queue

import "slices"

// invalidate drops the candidates that can no longer land as they are, unless what they will tell is still worth
// knowing. A landing that is on its way is left alone. It tells whether it dropped one.
func (w *work) invalidate() bool {
	var gone []string
	for i := range w.lane.Candidates {
		if c := &w.lane.Candidates[i]; c.State != Landing && !w.valid(c) {
			gone = append(gone, c.ID)
		}
	}
	for _, id := range gone {
		w.prove(w.lane.candidate(id))
		w.drop(id)
	}
	return len(gone) > 0
}

// prove notes that the members of a candidate have passed on the branch, even though it will not land.
func (w *work) prove(c *Candidate) {
	if c.State != Passed || c.Base != "" {
		return
	}
	for _, m := range c.Members {
		if e := w.entry(m.Number); e != nil && e.Head == m.Head {
			e.Proven, e.Saw = true, w.lane.Landed
		}
	}
}

// valid tells whether a candidate stands on something that stands, its members are as they were when it was planned,
// and it can land or teach.
func (w *work) valid(c *Candidate) bool {
	chain := w.lane.chain(c)
	if len(chain) == 0 || w.lane.Frozen.Why != "" || w.lane.Restart != nil {
		return false
	}
	if c.Method != w.lane.Policy.Method || !w.movable(chain, c) {
		return false
	}
	for _, m := range c.Members {
		e := w.entry(m.Number)
		if (e == nil || e.Head != m.Head) && !w.lane.holds(m) {
			return false
		}
	}
	return chain[0].Onto == w.lane.Tip || w.teaches(c)
}

// movable tells whether every member may move, with all that it needs below it.
func (w *work) movable(chain []*Candidate, c *Candidate) bool {
	var below []Member
	for _, link := range chain[:len(chain)-1] {
		below = append(below, link.Members...)
	}
	for _, m := range c.Members {
		e := w.entry(m.Number)
		if e == nil {
			continue // it landed, or it is gone, which valid sees
		}
		if ownHold(&w.lane, e).Kind != "" || !w.served(e, below) {
			return false
		}
		below = append(below, m)
	}
	return true
}

// served tells whether everything that an entry needs has landed or is among the members below it.
func (w *work) served(e *Entry, below []Member) bool {
	for _, n := range e.Known.After {
		if !n.met(&w.lane) && !has(below, n.Number) {
			return false
		}
	}
	return true
}

// teaches tells whether a candidate on an older tip still has something to say. It stands on what has landed, so a
// failure is its members' own, and a pass makes them likely to pass again.
func (w *work) teaches(c *Candidate) bool {
	if c.Base != "" || c.State == Building || c.State == Passed {
		return false
	}
	return slices.ContainsFunc(c.Members, func(m Member) bool {
		return w.entry(m.Number) != nil && !w.testedElsewhere(m, c)
	})
}

// testedElsewhere tells whether a candidate that can land has a member.
func (w *work) testedElsewhere(m Member, than *Candidate) bool {
	for i := range w.lane.Candidates {
		c := &w.lane.Candidates[i]
		if c.ID != than.ID && slices.Contains(c.Members, m) && w.lane.rooted(c) {
			return true
		}
	}
	return false
}

// startLanding lands the candidate that brings the most, one at a time. What it stands on need not have been tested to
// the end: its own commit contains all of it, and was. It waits while what it would overtake is expected to bring more.
func (w *work) startLanding() {
	if w.lane.stopped() != "" || w.lane.landing() != nil {
		return
	}
	var best *Candidate
	most := 0
	for i := range w.lane.Candidates {
		c := &w.lane.Candidates[i]
		if n := w.lands(c); n > most {
			best, most = c, n
		}
	}
	if best != nil && !w.worthWaiting(best) {
		w.fold(best)
	}
}

// worthWaiting tells whether the candidates that a landing would leave behind on an older tip are likely to land more
// than it does. An entry that has waited too long does not wait for that.
func (w *work) worthWaiting(c *Candidate) bool {
	chain := w.lane.chain(c)
	for _, m := range w.lane.content(c) {
		if e := w.entry(m.Number); e != nil && w.lane.Now.Sub(e.Since) >= w.lane.Policy.Patience {
			return false
		}
	}
	p := w.plan()
	expected := Chance(0)
	for _, n := range p.nodes[1:] {
		with := w.lane.candidate(n.id)
		if !slices.Contains(w.lane.chain(with), c) && !slices.Contains(chain, with) {
			expected += n.arrive * Chance(len(n.members))
		}
	}
	return expected > Chance(len(w.lane.content(c)))*sure
}

// fold makes one candidate of what lands together, so that nothing that happens to its parts can stop it any more, and
// lands it.
func (w *work) fold(c *Candidate) {
	members := w.lane.content(c)
	var below []string
	for _, link := range w.lane.chain(c) {
		if link.ID != c.ID {
			below = append(below, link.ID)
		}
	}
	c.State, c.Members, c.Base, c.Onto = Landing, members, "", w.lane.Tip
	w.emit(w.lane.land(c))
	for _, id := range below {
		w.drop(id)
	}
	w.invalidate()
}

// lands counts the pull requests that would land with a candidate; 0 when it cannot.
func (w *work) lands(c *Candidate) int {
	if c.State != Passed || !w.lane.rooted(c) {
		return 0
	}
	return len(w.lane.content(c))
}

// landed notes what the branch holds after a Land. Anything but the tested commit and tree freezes the lane.
func (w *work) landed(e Landed) {
	if e.Candidate == "" {
		w.restarted(e)
		return
	}
	c := w.lane.candidate(e.Candidate)
	if c == nil || c.State != Landing {
		return
	}
	if e.Commit != c.Commit || e.Tree != c.Tree {
		c.State = Passed
		w.freeze("the branch was moved to "+short(c.Commit)+" and holds something else", e.Commit)
		return
	}
	w.lane.Tip = c.Commit
	w.lane.Rest.Times = 0
	id, members := c.ID, c.Members
	for _, m := range members {
		w.merge(m, e.Commit)
	}
	w.remove(numbersOf(members)...)
	w.drop(id)
	for i := range w.lane.Candidates {
		if w.lane.Candidates[i].Base == id {
			w.lane.Candidates[i].Base = ""
		}
	}
	w.offer()
}

// merge remembers a pull request as landed, for good, or the target's commit as taken in.
func (w *work) merge(m Member, commit string) {
	if m.Number == TargetNumber {
		w.lane.Merged = append(w.lane.Merged, Merge{Number: TargetNumber, Head: m.Head, Commit: commit})
		w.lane.Behind = !w.lane.includes(w.lane.Target)
		return
	}
	agent := ""
	if e := w.entry(m.Number); e != nil {
		agent = e.Agent
	}
	w.lane.Merged = append(w.lane.Merged, Merge{Number: m.Number, Head: m.Head, Commit: commit, Agent: agent})
	w.lane.Done = w.lane.Done.With(m.Number)
	w.lane.Landed++
}

// offer asks for the offer to be brought up to date. The target's own commits are nothing to offer.
func (w *work) offer() {
	if l := &w.lane; slices.ContainsFunc(l.Merged, func(m Merge) bool { return m.Number != TargetNumber }) {
		w.emit(Offer{Lane: l.Branch, Tip: l.Tip, Target: l.Target, Merged: slices.Clone(l.Merged), Failed: l.TargetFailed, Serial: w.serial()})
	}
}

// freeze stops the lane because the branch is not what it should be. What was seen last is what a person is shown.
func (w *work) freeze(why, seen string) {
	w.lane.Frozen = Freeze{Why: why, Expected: w.lane.Tip, Seen: seen}
}
