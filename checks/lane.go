package checks

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// CheckIntegration is the check run about the place in the lane. No report decides it: see RenderLane.
const CheckIntegration = "agentplane/integration"

// The stages of LaneView: how far a pull request is. "" is not in the lane.
const (
	LaneHeld    = "held"
	LaneWaiting = "waiting"
	LaneTesting = "testing"
	LaneLanding = "landing"
	LaneLanded  = "landed"
	LaneEjected = "ejected"
)

// The kinds of LaneView.Hold that are told apart.
const (
	HoldJudgement  = "judgement"  // not judged good at this head
	HoldDependency = "dependency" // something must land first
	HoldCycle      = "cycle"      // entries wait for each other
	HoldClash      = "clash"      // it would conflict with one that goes first
)

// The kinds of LaneStop. "" is none.
const (
	StopPaused = "paused" // by a person, or by the lane itself
	StopFrozen = "frozen" // the integration branch is not what our records say
	StopBroken = "broken" // the contract cannot be used, or requires nothing
	StopRest   = "rest"   // GitHub asked for patience; it goes on by itself
)

// The kinds of LaneReason.
const (
	ReasonFailed       = "failed"
	ReasonConflict     = "conflict"
	ReasonTooLong      = "too-long"
	ReasonNeverStarted = "never-started"
	ReasonRefused      = "refused"
	ReasonWithdrawn    = "withdrawn"
	ReasonRewound      = "rewound" // it had landed, and the branch was put back behind it
	ReasonExhausted    = "exhausted"
)

// LaneView is how one pull request stands in a lane, as it is shown to people and agents. A view without a pull request
// stands for the lane itself. Whatever is text in it may be written by others.
type LaneView struct {
	Repo   string // owner/name
	Branch string // the integration branch
	Target string // the branch that it is offered to
	PR     int
	Agent  string // "" for a person's
	Head   string // the commit that was entered
	Stage  string

	Place   int           // in the order, from 1; 0 when it is held
	Entries int           // how many there are
	Wait    time.Duration // until it has landed, an estimate; 0 when not known

	HoldKind  string
	Hold      string // one sentence
	HoldPaths []string
	HoldOn    []int // the pull requests that it waits for; for a cycle, all of it in order

	Batch     []int // tested together, itself included
	Candidate string
	Commit    string   // the candidate's, or where it landed
	URL       string   // of the candidate's tests
	Missing   []string // requirements that have not passed yet on the candidate
	Passed    []string // those that have

	Stop   LaneStop
	Reason *LaneReason // why it left without landing
}

// LaneStop is why the whole lane does not move. The zero value: it moves.
type LaneStop struct {
	Kind     string
	By       string // the login of who paused it; "" when the lane paused itself
	Why      string
	Expected string // of frozen: the commit by our records
	Seen     string // of frozen: what was there; "" when the branch was gone
}

// LaneReason is why a pull request left the lane without landing.
type LaneReason struct {
	Kind        string
	Requirement string   // that failed; "" when it is not one
	Detail      string   // what was seen
	Paths       []string // that conflict; raw bytes
	With        []int    // the pull requests that it conflicts with, or fails together with; they have landed
	Batch       []int    // what it was tested with, itself included
	Base        string   // the commit to rebase on
	Attempt     int      // failures in a row of this kind, this one included; 0 when it does not count
	Attempts    int      // how many there may be
	URL         string   // of the failed tests
}

// verdict is what the check run comes to. It waits while something arrives by itself; a stage that is not known needs a
// person.
func (v LaneView) verdict() Verdict {
	needsPerson := v.HoldKind == HoldCycle || v.Stop.Kind != "" && v.Stop.Kind != StopRest
	switch v.Stage {
	case LaneLanded:
		return Success
	case LaneLanding, "":
		return Pending
	case LaneHeld, LaneWaiting, LaneTesting:
		if needsPerson {
			return ActionRequired
		}
		return Pending
	case LaneEjected:
		return v.Reason.verdict()
	}
	return ActionRequired
}

// verdict is Failure where the agent can help, and ActionRequired where a person has to enter the pull request again.
func (r *LaneReason) verdict() Verdict {
	switch {
	case r == nil:
		return ActionRequired
	case r.Kind == ReasonExhausted, r.Kind == ReasonWithdrawn, r.Kind == ReasonRewound, r.Attempts > 0 && r.Attempt >= r.Attempts:
		return ActionRequired
	}
	return Failure
}

// title is the one fact, in plain text. A place is none: nobody is told when only that changes.
func (v LaneView) title() string {
	switch v.Stage {
	case "":
		return "Not in the lane"
	case LaneLanded:
		return "Landed"
	case LaneLanding:
		return "Landing"
	case LaneEjected:
		return v.Reason.title()
	case LaneHeld, LaneWaiting, LaneTesting:
		if stop := v.Stop.title(); stop != "" {
			return stop
		}
	default:
		return "How it stands is not known"
	}
	switch others := v.others(v.Batch); {
	case v.Stage == LaneHeld:
		return v.holdTitle()
	case v.Stage == LaneWaiting:
		return "Waits in the lane"
	case len(others) > 0:
		return "In test with " + pulls(others)
	}
	return "In test"
}

func (v LaneView) holdTitle() string {
	switch v.HoldKind {
	case HoldJudgement:
		return "Held: not in order at this head"
	case HoldDependency:
		return "Held: waits for " + pulls(v.HoldOn)
	case HoldCycle:
		return "Held: waits for itself"
	case HoldClash:
		return "Held: would conflict with " + pulls(v.HoldOn)
	}
	return "Held"
}

func (s LaneStop) title() string {
	switch s.Kind {
	case "":
		return ""
	case StopPaused:
		return "The lane is paused"
	case StopFrozen:
		return "The lane is frozen"
	case StopRest:
		return "The lane rests"
	}
	return "The lane stands still"
}

func (r *LaneReason) title() string {
	switch {
	case r == nil:
		return "Left the lane"
	case r.Kind == ReasonConflict && len(r.Paths) > 0:
		return fmt.Sprintf("Conflicts with %s in %s", pulls(r.With), count(len(r.Paths), "file"))
	case r.Kind == ReasonConflict:
		return "Conflicts with " + pulls(r.With)
	case r.Kind == ReasonFailed && r.Requirement != "":
		return "Failed: " + plainName(r.Requirement, "a requirement")
	case r.Kind == ReasonFailed:
		return "The tests failed"
	case r.Kind == ReasonTooLong:
		return "The tests take too long"
	case r.Kind == ReasonNeverStarted:
		return "The tests never start"
	case r.Kind == ReasonRefused:
		return "May not be pushed"
	case r.Kind == ReasonRewound:
		return "No longer on the branch"
	case r.Kind == ReasonExhausted:
		return "The attempts are used up"
	case r.Kind == ReasonWithdrawn && r.Detail != "" && len(r.Detail) < 100 && inert(r.Detail) == r.Detail && !strings.Contains(r.Detail, "`"):
		return "Withdrawn from the lane: " + r.Detail
	case r.Kind == ReasonWithdrawn:
		return "Withdrawn from the lane"
	}
	return "Left the lane"
}

// others are pull requests without this one.
func (v LaneView) others(numbers []int) []int {
	return slices.DeleteFunc(slices.Clone(numbers), func(n int) bool { return n == v.PR })
}

// pulls names pull requests, as prose that GitHub does not link: a link would show in each of them.
func pulls(numbers []int) string {
	const most = 8
	switch n := len(numbers); {
	case n == 0:
		return "what has landed"
	case n == 1:
		return fmt.Sprintf("pull request %d", numbers[0])
	case n > most:
		return fmt.Sprintf("%s and %s", commas(numbers[:most]), count(n-most, "other"))
	default:
		return commas(numbers[:n-1]) + fmt.Sprintf(" and %d", numbers[n-1])
	}
}

func commas(numbers []int) string {
	words := make([]string, len(numbers))
	for i, n := range numbers {
		words[i] = fmt.Sprint(n)
	}
	return "pull requests " + strings.Join(words, ", ")
}
