package queue

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"
)

// A Candidate is a commit that is built, tested and perhaps landed: its members merged one after the other onto a
// commit, which is the integration tip or another candidate's.
type Candidate struct {
	ID      string   // unique in the lane's life; names its branch
	Base    string   // the candidate it is stacked on; "" when it stands on a commit of the integration branch
	Onto    string   // the commit it is built on
	Members []Member // once it lands, also those of all it stood on
	State   State
	Apart   bool   // it is tested for what that teaches: nothing is stacked on it, and nothing waits for it
	Commit  string // once built
	Tree    string
	Passed  []string  // requirements that passed on this commit
	Started bool      // a requirement gave a sign of life
	Since   time.Time // when it was built
	Try     int       // of the effect it waits for
	Retry   bool      // that effect was refused for now, and is sent again when the lane moves
	Method  string    // by which it is built; a landing by another one than the contract's is not begun
	Late    Cause     // what CI said against it while it was being landed; it counts when it does not land
}

// State is how far a candidate is.
type State string

// The states of a candidate.
const (
	Building State = "building"
	Testing  State = "testing"
	Passed   State = "passed"
	Landing  State = "landing" // the effect is on its way; only its own outcome ends it
)

// A Cause is why a test failed.
type Cause struct {
	Outcome     Outcome
	Requirement string
	Detail      string
}

// A FailedSet is entries that failed together on a branch that is good without them: the members of a candidate, and of
// all that it stood on. Some of them must be wrong, or not go together. It is never tested again as it is, nor inside anything larger. Members that land are taken out of it:
// what remains then fails on the new tip; when one member remains, it is the culprit. When a member leaves or moves,
// the set says nothing any more.
type FailedSet struct {
	Members []Member
	Cause   Cause
	With    []int // members that have landed since
}

// newCandidate names a candidate by a number that is never used again and by what is in it.
func newCandidate(serial int64, base, onto string, members []Member) Candidate {
	h := sha256.New()
	fmt.Fprintln(h, onto)
	for _, m := range members {
		fmt.Fprintln(h, m.Number, m.Head)
	}
	id := fmt.Sprintf("%d-%s", serial, hex.EncodeToString(h.Sum(nil))[:10])
	return Candidate{ID: id, Base: base, Onto: onto, Members: members, State: Building}
}

// content lists what would land with a candidate, in order.
func (l *Lane) content(c *Candidate) (members []Member) {
	for _, link := range l.chain(c) {
		members = append(members, link.Members...)
	}
	return members
}

// running tells whether it occupies a place of Policy.Parallel.
func (c *Candidate) running() bool { return c.State == Building || c.State == Testing }

// numbers lists the members.
func (c *Candidate) numbers() []int { return numbersOf(c.Members) }

// numbersOf lists pull requests without their heads.
func numbersOf(members []Member) []int {
	all := make([]int, len(members))
	for i, m := range members {
		all[i] = m.Number
	}
	return all
}

// has tells whether a pull request is a member, at whatever head.
func has(members []Member, number int) bool {
	return slices.ContainsFunc(members, func(m Member) bool { return m.Number == number })
}

// candidate finds a candidate, or nil.
func (l *Lane) candidate(id string) *Candidate {
	for i := range l.Candidates {
		if l.Candidates[i].ID == id && id != "" {
			return &l.Candidates[i]
		}
	}
	return nil
}

// landing is the candidate that is being landed, or nil. There is never a second one.
func (l *Lane) landing() *Candidate {
	for i := range l.Candidates {
		if l.Candidates[i].State == Landing {
			return &l.Candidates[i]
		}
	}
	return nil
}

// chain lists what lands with a candidate: what it stands on, lowest first, and itself. It ends with nil where a base
// is gone.
func (l *Lane) chain(c *Candidate) []*Candidate {
	var up []*Candidate
	for c != nil && len(up) <= len(l.Candidates) {
		up = append(up, c)
		if c.Base == "" {
			slices.Reverse(up)
			return up
		}
		c = l.candidate(c.Base)
	}
	return nil
}

// rooted tells whether a candidate would land on today's tip.
func (l *Lane) rooted(c *Candidate) bool {
	chain := l.chain(c)
	return len(chain) > 0 && chain[0].Onto == l.Tip
}

// ends names the effect that a candidate waits for by its key.
func (l *Lane) ends(c *Candidate) string {
	switch c.State {
	case Building:
		return l.build(c).Key()
	case Landing:
		return l.land(c).Key()
	}
	return ""
}

// missing lists the requirements that have not passed on a candidate.
func (l *Lane) missing(c *Candidate) []string {
	var names []string
	for _, name := range l.Policy.Required {
		if !slices.Contains(c.Passed, name) {
			names = append(names, name)
		}
	}
	return names
}

// Awaits tells whether the lane waits for the outcome of the Build or Land with a key. What it waits for no more need
// not be begun.
func (l Lane) Awaits(key string) bool {
	if l.Restart != nil && l.Restart.Sent && l.restart().Key() == key {
		return true
	}
	return slices.ContainsFunc(l.Candidates, func(c Candidate) bool { return l.ends(&c) == key && key != "" })
}

// Recheck lists those members of a Build or Land whose pull requests must still be open, at these heads and in order,
// when it is begun. One that lands again may be merged or closed long since, and goes by what landed; the target's commit
// goes by TargetMoved.
func (l Lane) Recheck(members []Member) []Member {
	return slices.DeleteFunc(slices.Clone(members), func(m Member) bool {
		return m.Number == TargetNumber || slices.ContainsFunc(l.Entries, func(e Entry) bool { return e.Number == m.Number && e.Carried })
	})
}
