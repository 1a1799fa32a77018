package queue

import (
	"strings"
	"time"
)

// A Lane is the queue of one integration branch: everything the machine knows. It is a value. Step never changes the
// one it is given, and shares with its result only what neither of them changes.
type Lane struct {
	Branch string    // the integration branch, as in "integration/blog"
	Target string    // the last tip seen of the branch that the integration branch is offered to
	Tip    string    // the commit that the integration branch holds by our own records; "" before it was seen
	Start  string    // the tip before anything of Merged
	Now    time.Time // the latest time a Ticked told, in UTC
	Policy Policy

	Entries    []Entry     // in the order they arrived
	Candidates []Candidate // in the order they were planned
	Failed     []FailedSet // what was tested together, failed, and is not yet explained
	Clashes    []Clash     // pairs that did not merge, as builds have shown
	Merged     []Merge     // since the integration branch last started from the target, in order
	Done       Numbers     // every pull request that ever landed here
	Left       []Departure // the last that left otherwise, oldest first, at most MaxLeft

	Paused  Pause    // by a person, or by the lane itself; no build and no landing until it is resumed
	Frozen  Freeze   // the branch is not what our records say; no build and no landing
	Rest    Rest     // GitHub asked for patience
	Restart *Restart // the integration branch is being started again from the target

	Behind       bool          // the target has moved, and the branch is not known to have what it holds
	TargetFailed TargetFailure // why the target's commit cannot be taken in
	Absent       bool          // the branch was looked for and never seen; it is made from the target when there is an entry
	Strange      bool          // the branch was there before the lane, and may hold what the target lacks: it is not started again over that

	Serial  int64         // grows with every candidate, Tell and Offer, so that no name is used twice
	Arrival int64         // grows with every entry
	Landed  int64         // grows with every entry that lands
	Read    Readings      // the newest readings
	Request int64         // the newest command to the lane as a whole
	Silent  int           // candidates in a row on which no requirement started
	Pace    time.Duration // how long a candidate is tested, smoothed; 0 before the first
}

// MaxLeft is how many departures are remembered, for statuses and for counting attempts. A late copy of a Submitted
// that is older than all of them enters its pull request again; it lands only when it is judged good again.
const MaxLeft = 1000

// A Policy is what the contract says about the lane. A zero field takes the value that its comment names.
type Policy struct {
	Contract string        // the contract's blob; a judgement by another one does not count
	Broken   string        // why the contract cannot be used; nothing is built or landed while it is set
	Required []string      // requirements of the integration; none holds everything, for nothing would be tested
	Method   string        // how a change lands, handed on to Build
	Goal     Goal          // what to save first; Fast
	Batch    int           // most entries in a candidate; 8
	Parallel int           // most candidates built or tested at once; 4
	Attempts int           // most failures of one kind before a person must ask; 3
	Start    time.Duration // after which a candidate without a sign of life never started; 15 minutes
	Timeout  time.Duration // after which a candidate takes too long; 60 minutes
	Patience time.Duration // after which an entry goes before those more likely to pass; twice Timeout
}

// A Goal is what the planner saves first.
type Goal string

// The goals.
const (
	Fast Goal = "fast" // time: start what is likely to be needed
	Lean Goal = "lean" // CI runs: wait, and test together
)

// full replaces what is not set or makes no sense.
func (p Policy) full() Policy {
	p.Batch = positive(p.Batch, 8)
	p.Parallel = positive(p.Parallel, 4)
	p.Attempts = positive(p.Attempts, 3)
	p.Start = positive(p.Start, 15*time.Minute)
	p.Timeout = positive(p.Timeout, time.Hour)
	p.Patience = positive(p.Patience, 2*p.Timeout)
	if p.Goal != Lean {
		p.Goal = Fast
	}
	return p
}

// positive is n, or the other where n is not above zero.
func positive[N int | int64 | time.Duration](n, other N) N {
	if n > 0 {
		return n
	}
	return other
}

// A Pause stops building and landing. What is being tested goes on.
type Pause struct {
	Why string // "" when there is none
	By  string // the login of the person; "" when the lane paused itself
}

// A Freeze says that the integration branch is not what our records say. Nothing on it is trusted: all candidates are
// dropped, and no foreign commit is adopted unless a person says so.
type Freeze struct {
	Why      string // "" when there is none
	Expected string // the commit by our records
	Seen     string // what was there; "" when the branch was gone
}

// A Rest is patience that GitHub asked for: a rate limit, a failure of its own.
type Rest struct {
	Until time.Time
	Why   string // "" when there is none
	Times int    // rests in a row, for the length of the next
}

// Readings are the newest readings of what belongs to the lane as a whole.
type Readings struct{ Tip, Target, Policy, Sweep int64 }

// A Restart moves the integration branch to the target's tip.
type Restart struct {
	Target string
	Head   string // the integration commit that the target has; what landed after it lands again
	Sent   bool   // the effect is on its way; only its own outcome ends it
	Retry  bool   // it was refused, and is sent again when the lane moves
	Try    int
	Serial int64 // that no other restart has
}

// A Merge is a pull request that landed, a commit of the target that was taken in, or foreign commits that a person took
// over. Who counts pull requests leaves the others out.
type Merge struct {
	Number int    // TargetNumber for what is no pull request
	Head   string // at which it was judged and tested
	Commit string // the tested commit that the branch was moved to
	Agent  string
}

// A Departure is a pull request that left the lane without landing.
type Departure struct {
	Number   int
	Head     string
	Request  int64 // the newest command on it
	Reading  int64
	Reason   Reason
	Failures Failures
	Carried  bool // it had landed, was to land again, and does not; until the branch starts from the target the next time
}

// Failures counts failures in a row with one signature: the kind, and the requirement.
type Failures struct {
	Signature string
	Count     int
}

// merged tells whether a pull request has landed and stays landed.
func (l *Lane) merged(number int) bool { return l.Done.Has(number) }

// stopped says why nothing may be built or landed, or "".
func (l *Lane) stopped() string {
	switch {
	case l.Frozen.Why != "":
		return "the lane is frozen: " + l.Frozen.text()
	case l.Paused.Why != "":
		return "the lane is paused: " + l.Paused.Why
	case l.Policy.Broken != "":
		return "the contract cannot be used: " + l.Policy.Broken
	case len(l.Policy.Required) == 0:
		return "the contract requires nothing of the integration, so nothing would be tested"
	case l.Tip == "" && l.Restart != nil:
		return "the integration branch is being made from the target"
	case l.Absent:
		return "the integration branch does not exist yet"
	case l.Tip == "":
		return "the integration branch was not seen yet"
	case l.Restart != nil:
		return "the integration branch is starting again from the target"
	case l.Rest.Why != "":
		return "GitHub asks for patience: " + l.Rest.Why
	}
	return ""
}

// text is the freeze with what was seen.
func (f Freeze) text() string {
	switch {
	case f.Seen == "":
		return f.Why
	case f.Expected == "":
		return f.Why + ": it holds " + short(f.Seen)
	}
	return f.Why + ": it holds " + short(f.Seen) + " where " + short(f.Expected) + " was expected"
}

// standstill is what holds the lane as a whole, as a hold of one entry; a zero kind is none.
func (l *Lane) standstill(number int) Hold {
	why := l.stopped()
	switch {
	case why == "":
		return Hold{}
	case l.Rest.Why != "" && strings.HasSuffix(why, l.Rest.Why):
		return Hold{Number: number, Kind: HoldRest, Why: why}
	}
	return Hold{Number: number, Kind: HoldLane, Why: why}
}

// Numbers is a set of pull requests, as spans in rising order that do not touch.
type Numbers []Span

// A Span is the numbers from First to Last.
type Span struct{ First, Last int }

// Has tells whether a number is in the set.
func (s Numbers) Has(number int) bool {
	i := s.find(number)
	return i < len(s) && s[i].First <= number
}

// find is the position of the first span that ends at or after a number.
func (s Numbers) find(number int) int {
	low, high := 0, len(s)
	for low < high {
		if mid := (low + high) / 2; s[mid].Last < number {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low
}

// With returns the set with a number.
func (s Numbers) With(number int) Numbers {
	if s.Has(number) {
		return s
	}
	i := s.find(number)
	add := Span{number, number}
	before, after := s[:i], s[i:]
	if i > 0 && before[i-1].Last == number-1 {
		add.First, before = before[i-1].First, before[:i-1]
	}
	if len(after) > 0 && after[0].First == number+1 {
		add.Last, after = after[0].Last, after[1:]
	}
	return append(append(append(Numbers{}, before...), add), after...)
}

// Without returns the set without a number.
func (s Numbers) Without(number int) Numbers {
	if !s.Has(number) {
		return s
	}
	i := s.find(number)
	out := append(Numbers{}, s[:i]...)
	if s[i].First < number {
		out = append(out, Span{s[i].First, number - 1})
	}
	if s[i].Last > number {
		out = append(out, Span{number + 1, s[i].Last})
	}
	return append(out, s[i+1:]...)
}
