package queue

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// A Status is how a pull request stands, derived from the lane whenever it is asked for.
type Status struct {
	Number    int
	Head      string
	Stage     Stage
	Hold      Hold     // of Held; of Waiting, what holds the lane as a whole
	Candidate string   // of Tested and Landing
	Batch     []int    // tested together, itself included
	Commit    string   // of OnBranch: where it landed
	Reason    Reason   // of Ejected
	Missing   []string // of Tested: the requirements that have not passed yet

	// Estimates. They change all the time, and no Tell is for them alone.
	Place int           // in the order, from 1; 0 when it is held
	Wait  time.Duration // until it has landed; 0 when not known
}

// A Stage is how far a pull request is.
type Stage string

// The stages.
const (
	Held     Stage = "held"
	Waiting  Stage = "waiting"
	InTest   Stage = "testing"
	InLand   Stage = "landing"
	OnBranch Stage = "landed"
	Ejected  Stage = "ejected"
)

// Statuses tells how everything stands that is in the lane, or was and is remembered.
func Statuses(l Lane) map[int]Status {
	l.Policy = l.Policy.full()
	return l.statuses(nil)
}

// statuses derives them from a view of this very lane, or from a new one.
func (l *Lane) statuses(v *view) map[int]Status {
	if v == nil {
		v = look(l)
	}
	all := make(map[int]Status, len(l.Entries)+len(l.Left)+len(l.Merged))
	for _, d := range l.Left {
		all[d.Number] = Status{Number: d.Number, Head: d.Head, Stage: Ejected, Reason: d.Reason}
	}
	for _, m := range l.Merged {
		if m.Number == TargetNumber {
			continue
		}
		all[m.Number] = Status{Number: m.Number, Head: m.Head, Stage: OnBranch, Commit: m.Commit}
	}
	place, next := make([]int, len(l.Entries)), 1
	for _, i := range v.order {
		if place[i] = next; l.Entries[i].Number != TargetNumber {
			next++
		}
	}
	carriers, landing := l.carriers(), l.landing()
	for i := range l.Entries {
		e := &l.Entries[i]
		if e.Number == TargetNumber {
			continue
		}
		s := Status{Number: e.Number, Head: e.Head, Stage: Waiting, Hold: v.holds[i], Place: place[i]}
		c := carriers[e.member()]
		if landing != nil && has(landing.Members, e.Number) {
			c = landing
		}
		switch {
		case c != nil:
			s.carried(l, c)
		case s.Hold.Kind != "":
			s.Stage = Held
		default:
			s.Hold = l.standstill(e.Number)
		}
		if e.Leaving != "" {
			s.Hold = Hold{Number: e.Number, Kind: HoldLane, Why: "leaves unless the landing goes through: " + e.Leaving}
		}
		s.Wait = l.wait(s, c)
		all[e.Number] = s
	}
	return all
}

// carriers finds the candidate that an entry is shown in: the oldest that stands on the tip, or else the oldest. The one
// that is landing goes before both, at whatever head.
func (l *Lane) carriers() map[Member]*Candidate {
	found := map[Member]*Candidate{}
	pass := func(ok func(*Candidate) bool) {
		for i := range l.Candidates {
			c := &l.Candidates[i]
			if !ok(c) {
				continue
			}
			for _, m := range c.Members {
				if found[m] == nil {
					found[m] = c
				}
			}
		}
	}
	pass(l.rooted)
	pass(func(*Candidate) bool { return true })
	return found
}

// carried is the status of an entry in a candidate.
func (s *Status) carried(l *Lane, c *Candidate) {
	s.Stage, s.Candidate, s.Hold = InTest, c.ID, Hold{}
	s.Batch = slices.DeleteFunc(c.numbers(), func(n int) bool { return n == TargetNumber })
	if c.State == Landing {
		s.Stage = InLand
		return
	}
	s.Hold = l.standstill(s.Number)
	s.Missing = l.missing(c)
}

// wait estimates how long it takes until an entry has landed, by how long tests take and how many go at once.
func (l *Lane) wait(s Status, c *Candidate) time.Duration {
	switch {
	case l.Pace == 0 || s.Hold.Kind != "":
		return 0
	case c != nil && !c.Since.IsZero():
		return max(time.Second, l.Pace-l.Now.Sub(c.Since))
	case c != nil:
		return l.Pace
	}
	return l.Pace * time.Duration(1+s.Place/l.Policy.Parallel)
}

// same compares statuses without their estimates, and without what only shrinks while a test goes on.
func (s Status) same(o Status) bool {
	return s.Number == o.Number && s.Head == o.Head && s.Stage == o.Stage && s.Candidate == o.Candidate && s.Commit == o.Commit &&
		slices.Equal(s.Batch, o.Batch) && s.Hold.same(o.Hold) && s.Reason.same(o.Reason)
}

// same compares holds. A rest is none.
func (h Hold) same(o Hold) bool {
	if h.Kind == HoldRest {
		h = Hold{}
	}
	if o.Kind == HoldRest {
		o = Hold{}
	}
	return h.Number == o.Number && h.Kind == o.Kind && h.Why == o.Why && slices.Equal(h.On, o.On) && slices.Equal(h.Paths, o.Paths)
}

// same compares reasons.
func (r Reason) same(o Reason) bool {
	return r.Kind == o.Kind && r.Requirement == o.Requirement && r.Detail == o.Detail && r.Base == o.Base &&
		r.Attempt == o.Attempt && r.Attempts == o.Attempts &&
		slices.Equal(r.Paths, o.Paths) && slices.Equal(r.With, o.With) && slices.Equal(r.Batch, o.Batch)
}

// String is the status as one line.
func (s Status) String() string {
	switch s.Stage {
	case OnBranch:
		return "landed as " + short(s.Commit)
	case Ejected:
		return "left: " + s.Reason.String()
	case Held:
		return "held: " + s.Hold.Why
	}
	text := string(s.Stage)
	if s.Candidate != "" {
		text += " in " + s.Candidate
	}
	if len(s.Batch) > 1 {
		text += " with " + hashes(slices.DeleteFunc(slices.Clone(s.Batch), func(n int) bool { return n == s.Number }))
	}
	if s.Hold.Kind != "" {
		text += "; " + s.Hold.Why
	}
	return text
}

// String is the reason as one line: what happened, with whom, and what to do next.
func (r Reason) String() string {
	var b strings.Builder
	switch r.Kind {
	case FailedTest:
		b.WriteString(orElse(r.Requirement, "its test") + " failed")
	case Conflict:
		b.WriteString("it conflicts with " + orElse(hashes(r.With), "what has landed"))
	case TookTooLong:
		b.WriteString("its tests take too long")
	case NothingStarts:
		b.WriteString("its tests never start")
	case Rewound:
		b.WriteString("the branch does not hold it any more")
	case NotAllowed:
		b.WriteString("it may not be pushed")
	case Exhausted:
		fmt.Fprintf(&b, "its %d attempts are used up", r.Attempt)
	}
	if b.Len() > 0 && r.Detail != "" {
		b.WriteString(" (" + r.Detail + ")")
	} else {
		b.WriteString(r.Detail)
	}
	if len(r.With) > 0 && r.Kind != Conflict {
		b.WriteString(" together with " + hashes(r.With) + ", which landed")
	}
	if len(r.Paths) > 0 {
		fmt.Fprintf(&b, " on %q", r.Paths)
	}
	b.WriteString(r.next())
	return b.String()
}

// next is what to do.
func (r Reason) next() string {
	switch {
	case r.Kind == Exhausted, r.Kind == Rewound:
		return "; a person must enter it"
	case r.Attempt == 0:
		return ""
	case r.Kind == Conflict:
		return fmt.Sprintf("; rebase on %s (attempt %d of %d)", short(r.Base), r.Attempt, r.Attempts)
	}
	return fmt.Sprintf("; base %s (attempt %d of %d)", short(r.Base), r.Attempt, r.Attempts)
}

// hashes writes pull requests as people do.
func hashes(numbers []int) string {
	text := make([]string, len(numbers))
	for i, n := range numbers {
		text[i] = hash(n)
	}
	return strings.Join(text, ", ")
}

// hash writes a pull request as people do.
func hash(number int) string {
	if number == TargetNumber {
		return "the target"
	}
	return fmt.Sprintf("#%d", number)
}
