package checks

import (
	"fmt"
)

// next is what to do: a sentence in Markdown, and the commands before it that can be run as they stand.
func (v LaneView) next() (text string, script []string) {
	again := "then an integrator comments `/integrate`"
	switch v.Stage {
	case LaneHeld, LaneWaiting, LaneTesting:
		if stop := v.Stop.next(); stop != "" {
			return stop, nil
		}
		if v.Stage == LaneHeld {
			return v.holdNext(), nil
		}
	case LaneLanding, LaneLanded:
	case LaneEjected:
		return v.Reason.next(again), v.Reason.script(v.Branch)
	case "":
		return "To land it, an integrator comments `/integrate`.", nil
	default:
		return "A person looks at the log of the App.", nil
	}
	return "Nothing.", nil
}

func (v LaneView) holdNext() string {
	switch v.HoldKind {
	case HoldJudgement:
		return "Put the other checks of this head in order; it moves by itself then."
	case HoldDependency:
		return "See that " + pulls(v.HoldOn) + " is entered or lands, or take the dependency out of the description."
	case HoldCycle:
		return "A person takes one dependency out of the cycle: a line `Depends-On` in a description, `after` in the contract, or the base of a pull request."
	}
	return "Nothing: it moves by itself when the hold is gone."
}

func (s LaneStop) next() string {
	switch s.Kind {
	case "":
		return ""
	case StopRest:
		return "Nothing: the lane goes on by itself."
	case StopPaused:
		return "When the cause is gone, an integrator comments `/integrate resume`."
	case StopFrozen:
		return "A person finds out who moved the branch and puts it back, or takes it as it is with `/integrate resume`."
	}
	return "A person mends the contract on the default branch."
}

func (r *LaneReason) next(again string) string {
	switch {
	case r == nil:
		return "A person looks at the log of the App."
	case r.Kind == ReasonWithdrawn:
		return "To enter it again, an integrator comments `/integrate`."
	case r.Kind == ReasonRewound:
		return "Reopen it or open it anew if it shall land again; then an integrator comments `/integrate`."
	case r.Kind == ReasonExhausted, r.Attempts > 0 && r.Attempt >= r.Attempts:
		return "A person looks at the failures; " + again + "."
	case r.Kind == ReasonConflict:
		return "Rebase, resolve the conflict, and push; " + again + "."
	case r.Kind == ReasonFailed && len(r.With) > 0:
		return "Rebase on what has landed, mend what fails there, and push; " + again + "."
	case r.Kind == ReasonFailed:
		return "Mend what fails, and push; " + again + "."
	case r.Kind == ReasonTooLong:
		return "Make the tests end within `queue.timeout` of the contract, and push; " + again + "."
	case r.Kind == ReasonNeverStarted:
		return "Have the workflows run on a push to any branch, under the names that the contract gives, and push; " + again + "."
	case r.Kind == ReasonRefused:
		return "Take out what may not be pushed, and push; " + again + "."
	}
	return "Look at what was seen, and push; " + again + "."
}

// script brings what has landed below the pull request, where that is the remedy.
func (r *LaneReason) script(branch string) []string {
	if r == nil || r.verdict() != Failure || r.Kind != ReasonConflict && (r.Kind != ReasonFailed || len(r.With) == 0) {
		return nil
	}
	base := r.Base
	if !fullSHA.MatchString(base) {
		if !shellSafe(branch) {
			return nil
		}
		base = word("origin/" + branch)
	}
	return []string{"git fetch origin", "git rebase " + base, "git push --force-with-lease"}
}

// told lists what there is to know, each as a line of Markdown.
func (v LaneView) told() []string {
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	if v.Branch != "" && v.Target != "" {
		say("The lane of %s, which is offered to %s", code(v.Branch), code(v.Target))
	}
	if v.Head != "" && v.Stage != "" {
		say("At the head %s", short(v.Head))
	}
	if moving := v.Stage == LaneHeld || v.Stage == LaneWaiting || v.Stage == LaneTesting; moving {
		out = append(out, v.Stop.told()...)
	}
	switch v.Stage {
	case LaneWaiting:
		out = append(out, v.queued()...)
	case LaneHeld:
		out = append(out, v.held()...)
	case LaneTesting, LaneLanding:
		out = append(out, v.tested()...)
	case LaneLanded:
		say("Landed on %s as %s", code(v.Branch), short(v.Commit))
	case LaneEjected:
		out = append(out, v.Reason.told(v)...)
	}
	return out
}

func (v LaneView) queued() []string {
	if v.Place == 0 {
		return nil
	}
	text := fmt.Sprintf("Place %d of %d", v.Place, max(v.Place, v.Entries))
	return []string{text + v.estimate()}
}

// estimate says how long it may take, so coarsely that it seldom changes.
func (v LaneView) estimate() string {
	minutes := int((v.Wait.Minutes()) + 0.999)
	switch {
	case minutes <= 0:
		return ""
	case minutes > 120:
		return fmt.Sprintf("; it may take about %d hours", (minutes+59)/60)
	case minutes > 10:
		minutes = (minutes + 4) / 5 * 5
	}
	return "; it may take about " + count(minutes, "minute")
}

// heldRunes is how much of a sentence of the lane is shown: it may name a whole cycle.
const heldRunes = 1000

func (v LaneView) held() []string {
	var out []string
	if v.Hold != "" {
		out = append(out, "It is held: "+codeUpTo(v.Hold, heldRunes))
	}
	if len(v.HoldPaths) > 0 {
		out = append(out, "In question: "+codes(v.HoldPaths))
	}
	return out
}

func (v LaneView) tested() []string {
	var out []string
	text := "Tested"
	if v.Stage == LaneLanding {
		text = "Passed, and landing"
	}
	if others := v.others(v.Batch); len(others) > 0 {
		text += " together with " + pulls(others)
	}
	if v.Candidate != "" {
		text += " as the candidate " + code(v.Candidate)
	}
	if v.Commit != "" {
		text += " at " + short(v.Commit)
	}
	out = append(out, text+link(v.URL)+v.estimate())
	if len(v.Passed) > 0 {
		out = append(out, "Passed: "+codes(v.Passed))
	}
	if len(v.Missing) > 0 {
		out = append(out, "Waits for "+codes(v.Missing))
	}
	return out
}

func (s LaneStop) told() []string {
	if s.Kind == "" {
		return nil
	}
	text := s.title()
	if s.By != "" {
		text += ", by " + code(s.By)
	}
	if s.Why != "" {
		text += ": " + codeUpTo(s.Why, heldRunes)
	}
	if s.Kind == StopFrozen {
		seen := "and is gone"
		if s.Seen != "" {
			seen = "and is at " + short(s.Seen)
		}
		text += "; the branch should be at " + short(s.Expected) + ", " + seen
	}
	return []string{text}
}

func (r *LaneReason) told(v LaneView) []string {
	if r == nil {
		return []string{"Why it left is not known"}
	}
	var out []string
	text := titleMarkdown(r.title())
	if r.Kind == ReasonWithdrawn {
		text = "Withdrawn from the lane"
	}
	if others := v.others(r.Batch); len(others) > 0 {
		text += ", tested together with " + pulls(others)
	}
	if r.Detail != "" {
		text += ": " + codeUpTo(collapsed(r.Detail), heldRunes)
	}
	out = append(out, text+link(r.URL))
	if r.Kind != ReasonConflict && len(r.With) > 0 {
		out = append(out, "It fails together with "+pulls(r.With)+", which landed")
	}
	if len(r.Paths) > 0 {
		out = append(out, "In conflict: "+codes(r.Paths))
	}
	if r.Base != "" {
		out = append(out, "What has landed is at "+short(r.Base))
	}
	if r.Attempt > 0 {
		out = append(out, fmt.Sprintf("Attempt %d of %d", r.Attempt, r.Attempts))
	}
	return out
}

// link is a link to where it can be seen, or nothing.
func link(url string) string {
	if !linkable(url) {
		return ""
	}
	return " ([link](" + url + "))"
}
