package queue

import "time"

// An Event is something that was seen. Events may come late, twice and in any order: what is older than what the lane
// knows changes nothing.
//
// A Request is the id of the command that asked: it grows with time, as GitHub's comment ids do, so that an older
// command never undoes a newer one. A Reading is a number that grows with each reading of GitHub (a row's id, not a
// clock): an older reading never undoes a newer one.
type Event interface{ event() }

// Submitted enters a pull request's head.
type Submitted struct {
	Number   int
	Head     string
	Agent    string
	Priority int
	Request  int64
	Anew     bool // a person takes responsibility: attempts count from zero
}

// Withdrawn takes a pull request out: by a command (Request is set), or because a reading showed that it is closed, a
// draft, or based elsewhere (Reading is set).
type Withdrawn struct {
	Number  int
	Request int64
	Reading int64
	Why     string
}

// HeadMoved says that a pull request has another head. It waits until that is judged. During a landing it changes the
// entry and not the landing: when that goes through, what was tested has landed at its own head, and the pull request has
// a newer one that is not on the branch; when it does not, the candidate ends.
type HeadMoved struct {
	Number  int
	Head    string
	Reading int64
}

// Judged is the verdict on a head, with what else is known about it. Only Good passes.
type Judged struct {
	Number    int
	Reading   int64
	Judgement Judgement
	Known     Known
}

// Built says that a candidate's commit exists and is on its branch.
type Built struct {
	Candidate string
	Commit    string
	Tree      string
}

// Rejected says that one member cannot be merged onto what lies below it.
type Rejected struct {
	Candidate string
	Number    int
	Paths     []string // the conflicting ones
	With      []int    // the members or earlier landings that changed them; empty when not known
	Refused   string   // it is no conflict: why this member may not land at all
}

// Tested is what CI says about a candidate's commit.
type Tested struct {
	Candidate   string
	Commit      string // must be the candidate's
	Requirement string // "" for the candidate as a whole
	Outcome     Outcome
	Detail      string
}

// Outcome is how a test went. Nothing but Pass passes.
type Outcome string

// The outcomes.
const (
	Started      Outcome = "started" // a sign of life
	Pass         Outcome = "pass"
	Fail         Outcome = "fail"
	NeverStarted Outcome = "never-started"
	TooLong      Outcome = "too-long"
	BaseFails    Outcome = "base-fails" // the commit it is built on fails the same requirement
)

// TipMoved is a reading of the integration branch.
type TipMoved struct {
	Tip     string // "" when there is no such branch
	Reading int64
}

// Refused says that an effect was not carried out. It never ejects.
//
// A stale effect was not begun: nothing was done, and nothing is wrong with GitHub, but what the effect relied on has
// changed. Whoever carries it out brings what has changed first, as HeadMoved, Judged, Withdrawn or TargetMoved; then
// the candidate is dropped, and its other members are planned again at once. When the lane knows of no change, it rests
// as after any other refusal, so that it does not ask for the same without end. Final and Seen do not count then.
type Refused struct {
	Key   string    // of the effect
	Stale bool      // it was not begun, because what it relied on has changed
	Final bool      // trying again will not help; a person must look
	Until time.Time // when to try again; zero leaves it to the lane
	Seen  string    // of a Land: what the branch holds instead of what was expected
	Gone  bool      // of a Land: there is no branch, and one was expected
	Why   string
}

// Landed says what the integration branch holds after a Land, as it was read back.
type Landed struct {
	Key       string // of the Land, so that a late copy is not taken for the outcome of a later start from the target
	Candidate string // "" for a start from the target
	Commit    string
	Tree      string
}

// Ticked tells the time. Times that go backwards change nothing.
type Ticked struct{ At time.Time }

// PauseSet pauses the lane.
type PauseSet struct {
	By      string
	Why     string
	Request int64
}

// Resumed ends a pause. It also ends a freeze, but only when the person saw the tip and takes it as it is. What landed
// here and is not known to be on the branch any more leaves then.
type Resumed struct {
	By      string
	Tip     string // the integration branch as the person sees it; "" when it could not be read, or is gone
	Gone    bool   // there is no integration branch, as the person sees; it is made from the target
	Holds   string // the newest commit of Merged, or else Start, that Tip contains; "" when it has none of them
	Request int64
	Reading int64
}

// PolicyChanged brings what the contract says now.
type PolicyChanged struct {
	Policy  Policy
	Reading int64
}

// TargetMerged says that the offer was merged.
type TargetMerged struct {
	Head    string // the integration commit that was merged
	Target  string // the target's tip since
	Reading int64
}

// TargetMoved is a reading of the target.
type TargetMoved struct {
	Target  string
	Rewound bool // it does not contain the commit that the lane knew, or that could not be told: what it has lost must not land
	Reading int64
}

// Reconciled is a sweep's picture of GitHub. Only what it claims to know counts.
type Reconciled struct {
	Reading  int64
	Tip      *TipMoved    // nil when it was not read
	Target   *TargetMoved // nil when it was not read
	Open     []Member     // the open pull requests into the integration branch
	OpenAll  bool         // Open is complete: what is not in it is closed
	Branches []string     // candidates that have a branch
	HaveAll  bool         // Branches is complete
}

func (Submitted) event()     {}
func (Withdrawn) event()     {}
func (HeadMoved) event()     {}
func (Judged) event()        {}
func (Built) event()         {}
func (Rejected) event()      {}
func (Tested) event()        {}
func (TipMoved) event()      {}
func (Refused) event()       {}
func (Landed) event()        {}
func (Ticked) event()        {}
func (PauseSet) event()      {}
func (Resumed) event()       {}
func (PolicyChanged) event() {}
func (TargetMerged) event()  {}
func (TargetMoved) event()   {}
func (Reconciled) event()    {}
