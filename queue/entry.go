package queue

import "time"

// An Entry is a pull request's head in the lane, or the target's commit.
type Entry struct {
	Number    int       // TargetNumber for the target's commit, which needs no judgement, and has no status
	Head      string    // the commit that was entered; what is judged, tested and landed
	Agent     string    // whose pull request it is; "" for a person's
	Priority  int       // higher goes first
	Request   int64     // the command that entered it
	Reading   int64     // the newest reading of the pull request
	Arrival   int64     // place in the order of arrival
	Since     time.Time // when it arrived
	Judgement Judgement
	Known     Known
	Proven    bool   // a candidate with this head passed on an older tip
	Saw       int64  // Lane.Landed when it arrived, moved, or was proven
	Silent    int    // candidates with this head on which nothing started
	Carried   bool   // it landed, and the target was merged without it: it lands again
	Leaving   string // why it leaves when the landing it is in has ended; "" if it stays
	Failures  Failures
}

// A Judgement is what checks say about a head. The zero judgement is none, and holds.
type Judgement struct {
	Head     string
	Contract string // the contract's blob it was judged by
	Good     bool
	Why      string // the report's title
}

// Known is what only we know about an entry: it steers the planner, and the dependencies bind it.
type Known struct {
	After     []Need   // what must land first
	Groups    []string // the subsystems it touches, by owner; entries that share none are disjoint
	Interface bool     // it changes what others build against
	Clashes   []Clash  // predicted merge conflicts; A is this entry
	Observed  bool     // CI has passed the required commands on this very head
	Record    Record   // how the agent's earlier entries went
}

// A Need is a dependency.
type Need struct {
	Number int
	Repo   string // "" for this repository; a foreign one can never be met
	Why    string // where it comes from: "Depends-On", "after: metadata", "stacked on agent/x"
	State  NeedState
}

// NeedState is what is known of a dependency that is not in the lane.
type NeedState string

// The states of a dependency.
const (
	NeedOpen   NeedState = ""       // open, or not known: it must be in the lane, or land
	NeedMerged NeedState = "merged" // on the integration branch or the target already
	NeedClosed NeedState = "closed" // closed without landing; can never be met as it is
)

// A Clash is two heads that do not merge.
type Clash struct {
	A     Member
	B     Member
	Paths []string
}

// A Member is a pull request at a head, or the target at a commit.
type Member struct {
	Number int // TargetNumber for the target
	Head   string
}

// member is the entry as a part of a candidate.
func (e *Entry) member() Member { return Member{e.Number, e.Head} }

// Bounds on what one judgement may bring. More dependencies than MaxNeeds hold the entry; more predicted conflicts than
// MaxClashes are forgotten, which costs a build and lands nothing that it should not.
const (
	MaxNeeds   = 100
	MaxClashes = 100
	MaxDepth   = 50 // of a chain of dependencies
)
