package checks

// Verdict says what a pull request, a check or one finding comes to. The zero value is not a verdict and ranks with
// Failure: whoever forgets to decide does not pass.
type Verdict string

// The verdicts, from best to worst.
const (
	Success        Verdict = "success"         // nothing stands against it
	Pending        Verdict = "pending"         // the App waits for something that will arrive by itself
	ActionRequired Verdict = "action_required" // a person must decide
	Failure        Verdict = "failure"         // the author must change the pull request
)

func (v Verdict) rank() int {
	switch v {
	case Success:
		return 0
	case Pending:
		return 1
	case ActionRequired:
		return 2
	default:
		return 3
	}
}

// Worse reports whether v stands in the way more than w does.
func (v Verdict) Worse(w Verdict) bool { return v.rank() > w.rank() }

// Worst returns the worst of the verdicts, and Success for none.
func Worst(vs ...Verdict) Verdict {
	worst := Success
	for _, v := range vs {
		if v.Worse(worst) {
			worst = v
		}
	}
	return worst
}

// Level says how loudly a finding is shown. It does not decide: Verdict does.
type Level string

// The levels, as GitHub's annotations and workflow commands know them.
const (
	Error   Level = "error"
	Warning Level = "warning"
	Notice  Level = "notice"
)

func (l Level) rank() int {
	switch l {
	case Notice:
		return 0
	case Warning:
		return 1
	default:
		return 2
	}
}

// Who names the party that must act on a finding.
type Who string

// Who acts. Agent is the author of an agent's or a bot's pull request. Person is someone with the right to decide: a
// reviewer, an administrator of the contract, or the person who opened the pull request.
const (
	Agent  Who = "agent"
	Person Who = "person"
)
