package queue

import (
	"fmt"
	"strings"
)

// An Effect is something to be done. Its key is the same for the same effect and differs for every other one in the
// lane's life, also for a second try: what was done under a key is looked up, never done again.
type Effect interface{ Key() string }

// Build merges the members, in order, onto a commit, and pushes the result to the candidate's branch. Before, the heads
// that Lane.Recheck names are read again; when one is another now, nothing is built. It ends with Built, Rejected or
// Refused.
type Build struct {
	Lane      string
	Candidate string
	Onto      string
	Members   []Member
	Method    string
	Try       int
}

// Land moves the integration branch from Expect to Commit, and nothing else: compare and swap, after the branch was
// read. When it holds Commit already, an earlier try went through: that is success, whatever else has changed since.
// Otherwise the heads that Lane.Recheck names are read again, and when one is another now, nothing is moved. It ends with
// Landed or Refused. A Land without a Candidate starts the branch from the target, and is the only one that may rewind;
// where Expect is "", there must be no branch, and it is made.
type Land struct {
	Lane      string
	Candidate string
	Expect    string
	Commit    string
	Tree      string
	Members   []Member
	Try       int
	Serial    int64 // of a start from the target
}

// Drop deletes a candidate's branch; CI may still run to its end. Nothing waits for it.
type Drop struct {
	Lane      string
	Candidate string
	Sweep     int64 // the reading that found a branch of no candidate; 0 otherwise
}

// Tell shows a pull request's status, because it has changed.
type Tell struct {
	Lane   string
	Number int
	Status Status
	Serial int64
}

// Offer keeps the pull request from the integration branch to the target up to date. Nothing waits for it.
type Offer struct {
	Lane   string
	Tip    string
	Target string
	Merged []Merge       // with the target's commits that were taken in
	Failed TargetFailure // why the branch lacks what the target holds
	Serial int64
}

// Key is build, the lane, the candidate and the try.
func (e Build) Key() string { return key("build", e.Lane, e.Candidate, e.Try) }

// Key is land, the lane, the candidate (or the serial, for a restart) and the try. Restarts had no serial in version 1.
func (e Land) Key() string {
	switch {
	case e.Candidate == "" && e.Serial == 0:
		return key("restart", e.Lane, e.Expect, e.Commit, e.Try)
	case e.Candidate == "":
		return key("restart", e.Lane, e.Serial, e.Try)
	}
	return key("land", e.Lane, e.Candidate, e.Try)
}

// Key is drop, the lane, the candidate and the sweep.
func (e Drop) Key() string { return key("drop", e.Lane, e.Candidate, e.Sweep) }

// Key is tell, the lane, the pull request and a number that grows with each Tell of the lane.
func (e Tell) Key() string { return key("tell", e.Lane, e.Number, e.Serial) }

// Key is offer, the lane and a number that grows with each Offer of the lane.
func (e Offer) Key() string { return key("offer", e.Lane, e.Serial) }

// key joins the parts. A lane's name may hold slashes, and is quoted by doubling them, so that no two keys are equal.
func key(kind, lane string, parts ...any) string {
	var b strings.Builder
	b.WriteString(kind + "/" + strings.ReplaceAll(lane, "/", "//"))
	for _, p := range parts {
		fmt.Fprint(&b, "/", p)
	}
	return b.String()
}

// build is the effect that a candidate in building waits for.
func (l *Lane) build(c *Candidate) Build {
	return Build{Lane: l.Branch, Candidate: c.ID, Onto: c.Onto, Members: c.Members, Method: l.Policy.Method, Try: c.Try}
}

// land is the effect that a candidate in landing waits for.
func (l *Lane) land(c *Candidate) Land {
	return Land{Lane: l.Branch, Candidate: c.ID, Expect: l.Tip, Commit: c.Commit, Tree: c.Tree, Members: c.Members, Try: c.Try}
}

// restart is the effect that a restart waits for.
func (l *Lane) restart() Land {
	return Land{Lane: l.Branch, Expect: l.Tip, Commit: l.Restart.Target, Try: l.Restart.Try, Serial: l.Restart.Serial}
}
