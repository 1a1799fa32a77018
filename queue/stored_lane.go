package queue

import "time"

type laneForm struct {
	Branch     string          `json:"branch"`
	Target     string          `json:"target,omitempty"`
	Tip        string          `json:"tip,omitempty"`
	Start      string          `json:"start,omitempty"`
	Now        time.Time       `json:"now,omitzero"`
	Policy     policyForm      `json:"policy"`
	Entries    []entryForm     `json:"entries,omitempty"`
	Candidates []candidateForm `json:"candidates,omitempty"`
	Failed     []failedForm    `json:"failed,omitempty"`
	Clashes    []clashForm     `json:"clashes,omitempty"`
	Merged     []mergeForm     `json:"merged,omitempty"`
	Done       [][2]int        `json:"done,omitempty"`
	Left       []departureForm `json:"left,omitempty"`
	Paused     pauseForm       `json:"paused,omitzero"`
	Frozen     freezeForm      `json:"frozen,omitzero"`
	Rest       restForm        `json:"rest,omitzero"`
	Restart    *restartForm    `json:"restart,omitempty"`
	Serial     int64           `json:"serial,omitempty"`
	Arrival    int64           `json:"arrival,omitempty"`
	Landed     int64           `json:"landed,omitempty"`
	Read       readingsForm    `json:"read,omitzero"`
	Request    int64           `json:"request,omitempty"`
	Silent     int             `json:"silent,omitempty"`
	Pace       time.Duration   `json:"pace_ns,omitempty"`

	Behind       bool              `json:"behind,omitempty"`
	TargetFailed targetFailureForm `json:"target_failed,omitzero"`
	Absent       bool              `json:"absent,omitempty"`
	Strange      bool              `json:"strange,omitempty"`
}

func storeLane(l Lane) laneForm {
	return laneForm{
		Branch: l.Branch, Target: l.Target, Tip: l.Tip, Start: l.Start, Now: l.Now, Policy: policyForm(l.Policy),
		Entries: each(l.Entries, storeEntry), Candidates: each(l.Candidates, storeCandidate),
		Failed: each(l.Failed, storeFailed), Clashes: each(l.Clashes, storeClash),
		Merged: each(l.Merged, func(m Merge) mergeForm { return mergeForm(m) }),
		Done:   each(l.Done, func(s Span) [2]int { return [2]int{s.First, s.Last} }),
		Left:   each(l.Left, storeDeparture), Paused: pauseForm(l.Paused), Frozen: freezeForm(l.Frozen), Rest: restForm(l.Rest),
		Restart: (*restartForm)(l.Restart), Serial: l.Serial, Arrival: l.Arrival, Landed: l.Landed, Read: readingsForm(l.Read),
		Request: l.Request, Silent: l.Silent, Pace: l.Pace,
		Behind: l.Behind, TargetFailed: storeTargetFailure(l.TargetFailed), Absent: l.Absent, Strange: l.Strange,
	}
}

func (f laneForm) lane() Lane {
	return Lane{
		Branch: f.Branch, Target: f.Target, Tip: f.Tip, Start: f.Start, Now: f.Now, Policy: Policy(f.Policy),
		Entries: each(f.Entries, entryForm.entry), Candidates: each(f.Candidates, candidateForm.candidate),
		Failed: each(f.Failed, failedForm.failed), Clashes: each(f.Clashes, clashForm.clash),
		Merged: each(f.Merged, func(m mergeForm) Merge { return Merge(m) }),
		Done:   each(f.Done, func(s [2]int) Span { return Span{s[0], s[1]} }),
		Left:   each(f.Left, departureForm.departure), Paused: Pause(f.Paused), Frozen: Freeze(f.Frozen), Rest: Rest(f.Rest),
		Restart: (*Restart)(f.Restart), Serial: f.Serial, Arrival: f.Arrival, Landed: f.Landed, Read: Readings(f.Read),
		Request: f.Request, Silent: f.Silent, Pace: f.Pace,
		Behind: f.Behind, TargetFailed: f.TargetFailed.failure(), Absent: f.Absent, Strange: f.Strange,
	}
}

type targetFailureForm struct {
	Commit string     `json:"commit"`
	Reason reasonForm `json:"reason,omitzero"`
}

func storeTargetFailure(f TargetFailure) targetFailureForm {
	return targetFailureForm{f.Commit, reasonForm(f.Reason)}
}

func (f targetFailureForm) failure() TargetFailure { return TargetFailure{f.Commit, Reason(f.Reason)} }

type policyForm struct {
	Contract string        `json:"contract,omitempty"`
	Broken   string        `json:"broken,omitempty"`
	Required []string      `json:"required,omitempty"`
	Method   string        `json:"method,omitempty"`
	Goal     Goal          `json:"goal,omitempty"`
	Batch    int           `json:"batch,omitempty"`
	Parallel int           `json:"parallel,omitempty"`
	Attempts int           `json:"attempts,omitempty"`
	Start    time.Duration `json:"start_ns,omitempty"`
	Timeout  time.Duration `json:"timeout_ns,omitempty"`
	Patience time.Duration `json:"patience_ns,omitempty"`
}

type memberForm struct {
	Number int    `json:"number"`
	Head   string `json:"head"`
}

func storeMembers(in []Member) []memberForm {
	return each(in, func(m Member) memberForm { return memberForm(m) })
}

func readMembers(in []memberForm) []Member {
	return each(in, func(f memberForm) Member { return Member(f) })
}

type mergeForm struct {
	Number int    `json:"number"`
	Head   string `json:"head"`
	Commit string `json:"commit"`
	Agent  string `json:"agent,omitempty"`
}

type pauseForm struct {
	Why string `json:"why,omitempty"`
	By  string `json:"by,omitempty"`
}

type freezeForm struct {
	Why      string `json:"why,omitempty"`
	Expected string `json:"expected,omitempty"`
	Seen     string `json:"seen,omitempty"`
}

type restForm struct {
	Until time.Time `json:"until,omitzero"`
	Why   string    `json:"why,omitempty"`
	Times int       `json:"times,omitempty"`
}

type restartForm struct {
	Target string `json:"target"`
	Head   string `json:"head"`
	Sent   bool   `json:"sent,omitempty"`
	Retry  bool   `json:"retry,omitempty"`
	Try    int    `json:"try,omitempty"`
	Serial int64  `json:"serial,omitempty"`
}

type readingsForm struct {
	Tip    int64 `json:"tip,omitempty"`
	Target int64 `json:"target,omitempty"`
	Policy int64 `json:"policy,omitempty"`
	Sweep  int64 `json:"sweep,omitempty"`
}

type candidateForm struct {
	ID      string       `json:"id"`
	Base    string       `json:"base,omitempty"`
	Onto    string       `json:"onto"`
	Members []memberForm `json:"members"`
	State   State        `json:"state"`
	Apart   bool         `json:"apart,omitempty"`
	Commit  string       `json:"commit,omitempty"`
	Tree    string       `json:"tree,omitempty"`
	Passed  []string     `json:"passed,omitempty"`
	Started bool         `json:"started,omitempty"`
	Since   time.Time    `json:"since,omitzero"`
	Try     int          `json:"try,omitempty"`
	Retry   bool         `json:"retry,omitempty"`
	Method  string       `json:"method,omitempty"`
	Late    causeForm    `json:"late,omitzero"`
}

func storeCandidate(c Candidate) candidateForm {
	return candidateForm{c.ID, c.Base, c.Onto, storeMembers(c.Members), c.State, c.Apart, c.Commit, c.Tree, c.Passed, c.Started, c.Since, c.Try, c.Retry,
		c.Method, causeForm(c.Late)}
}

func (f candidateForm) candidate() Candidate {
	return Candidate{f.ID, f.Base, f.Onto, readMembers(f.Members), f.State, f.Apart, f.Commit, f.Tree, f.Passed, f.Started, f.Since, f.Try, f.Retry,
		f.Method, Cause(f.Late)}
}

type failedForm struct {
	Members []memberForm `json:"members"`
	Cause   causeForm    `json:"cause"`
	With    []int        `json:"with,omitempty"`
}

type causeForm struct {
	Outcome     Outcome `json:"outcome"`
	Requirement string  `json:"requirement,omitempty"`
	Detail      string  `json:"detail,omitempty"`
}

func storeFailed(s FailedSet) failedForm {
	return failedForm{storeMembers(s.Members), causeForm(s.Cause), s.With}
}

func (f failedForm) failed() FailedSet {
	return FailedSet{readMembers(f.Members), Cause(f.Cause), f.With}
}

type clashForm struct {
	A     memberForm `json:"a"`
	B     memberForm `json:"b"`
	Paths []string   `json:"paths,omitempty"`
}

func storeClash(c Clash) clashForm { return clashForm{memberForm(c.A), memberForm(c.B), c.Paths} }

func (f clashForm) clash() Clash { return Clash{Member(f.A), Member(f.B), f.Paths} }
