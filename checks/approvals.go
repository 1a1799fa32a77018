package checks

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// A question asks whether people let the pull request change some of what it changes. It is asked once per subject.
type question struct {
	subject RuleID            // the rule that the answer answers: class/…, interface/…, verification/harness
	name    string            // what /approve calls it
	by      []string          // who may answer; none: a person with write access
	line    int               // of the contract, 0: built-in
	covers  func(Change) bool // what the answer is about
}

// An answer is what people said to a question, as far as it counts.
type answer struct {
	question
	approved bool
	given    []Approval // that count
	refusals []remark   // why others do not count, or what stands in the way
	blockers []Account  // who asked for changes
	comments map[int64]string
}

// A remark is a sentence about one statement, or about the list of those who may make one.
type remark struct {
	message, fix string
	stands       bool // even where somebody else approved
	level        Level
}

// approved asks a question, and remembers the answer for the report. A subject is approved when the newest statement of
// at least one entitled person approves exactly these contents, nobody entitled asks for changes, and who is entitled
// is known.
func (j *judge) approved(q question) *answer {
	a := &answer{question: q, comments: map[int64]string{}}
	j.answers = append(j.answers, a)
	talk := j.facts.Conversation
	if talk == nil {
		if !j.facts.Local {
			a.refuse(remark{message: "Whether somebody approved " + code(q.name) + " is not known: the conversation was not read", fix: lookAtLog})
		}
		return a
	}
	newest := newestOf(j.statements(q.name))
	a.unknownTeams(talk, len(newest) > 0)
	now, known := contents(q.covers, j.changes)
	if !known {
		a.refuse(remark{message: "Which contents of " + code(q.name) + " to approve is not known", fix: lookAtLog, stands: true})
		return a
	}
	for _, s := range newest {
		j.weigh(a, s, now)
	}
	a.approved = len(a.given) > 0 && !slices.ContainsFunc(a.refusals, func(r remark) bool { return r.stands })
	return a
}

// lookAtLog is the way on where the App itself could not find out.
const lookAtLog = "Push again; if it stays, a person looks at the log of the App."

func (a *answer) refuse(r remark) {
	r.level = cmp.Or(r.level, Warning)
	a.refusals = append(a.refusals, r)
}

// unknownTeams refuses where a team cannot be resolved: a team that is not known is not an empty one. As long as nobody
// said anything, teams need not have been read.
func (a *answer) unknownTeams(talk *Conversation, said bool) {
	for _, entry := range a.by {
		if _, problem := talk.members(entry); problem != "" && (said || talk.asked(entry)) {
			a.refuse(remark{
				message: fmt.Sprintf("Who may approve %s is not known: %s", code(a.name), problem), stands: true, level: Error,
				fix: "A person lets the App read the team's members, or names another team or people in the contract.",
			})
		}
	}
}

// contents is the hash of what a question is about: the paths, modes and objects that are covered. It does not change
// when a branch is rebased and these stay as they are. It is not known where nothing is covered or an object's name is
// missing.
func contents(covers func(Change) bool, changes []Change) (hash string, known bool) {
	var lines []string
	for _, c := range changes {
		if !covers(c) {
			continue
		}
		if c.NewMode != 0 && c.NewID == "" {
			return "", false
		}
		id := c.NewID
		if c.removed() {
			id = ""
		}
		lines = append(lines, fmt.Sprintf("%06o %s %d:%s\n", c.NewMode, id, len(c.Path), c.Path))
	}
	if len(lines) == 0 {
		return "", false
	}
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(slices.Compact(lines), "")))
	return hex.EncodeToString(sum[:]), true
}

// weigh lets one person's newest statement count, or says why it does not.
func (j *judge) weigh(a *answer, s statement, now string) {
	right, why := j.mayApprove(s.by, a.by)
	if s.says == saysNo && right != rightNone {
		a.blockers = append(a.blockers, s.by)
		a.refuse(remark{
			message: fmt.Sprintf("%s asks for changes (%s)", code(s.by.Login), code(s.source)), stands: true,
			fix: "Make the changes, and ask the same person to approve; somebody may also dismiss the review.",
		})
	}
	if s.says != saysYes {
		return
	}
	if right == rightFull {
		why = j.faultOf(a, s, now)
	}
	if s.comment != 0 {
		a.comments[s.comment] = why
	}
	if why != "" {
		a.refuse(remark{
			message: fmt.Sprintf("The approval of %s by %s (%s) does not count: %s", code(a.name), code(s.by.Login), code(s.source), why),
			fix:     approvalFix(a.by, a.name, ""),
		})
		return
	}
	a.given = append(a.given, Approval{
		Source: s.source, Subject: string(a.subject), Contents: now, By: s.by, Contract: j.contract.Digest, At: s.at,
	})
}

// faultOf says why an approval by someone entitled is not one of these contents under this contract, or "".
func (j *judge) faultOf(a *answer, s statement, now string) string {
	changes, problem := j.changesAt(s)
	if problem != "" {
		return problem
	}
	then, known := contents(a.covers, changes)
	if !known || then != now {
		return fmt.Sprintf("it is of other contents, at %s; the head is now %s", code(s.sha), code(j.facts.Head.SHA))
	}
	return j.recordedFault(a, s, now)
}

// recordedFault compares an approval with what the App remembers of it.
func (j *judge) recordedFault(a *answer, s statement, now string) string {
	fault := ""
	for _, r := range j.facts.Conversation.Recorded {
		if r.Source != s.source || r.Subject != string(a.subject) {
			continue
		}
		switch {
		case r.By.ID != s.by.ID:
			fault = "it was first seen from another account"
		case r.Contract != j.contract.Digest:
			fault = "it was given under an earlier contract"
		case r.Contents != now:
			fault = "it was given for other contents"
		default:
			return ""
		}
	}
	return fault
}

// changesAt returns what the pull request changed at the commit that a statement approves.
func (j *judge) changesAt(s statement) (changes []Change, problem string) {
	talk, sha := j.facts.Conversation, s.sha
	if sha == "" {
		return nil, "which commit was the head then is not known; name it: " + code("/approve "+s.name+" "+j.facts.Head.SHA)
	}
	if s.comment != 0 && !fullSHA.MatchString(sha) { // somebody could make a later commit that begins alike
		if !strings.HasPrefix(s.head, sha) {
			return nil, fmt.Sprintf("%s is short for no head that is known from then; name it in full: %s", code(sha), code("/approve "+s.name+" "+j.facts.Head.SHA))
		}
		sha = s.head
	}
	if sha == j.facts.Head.SHA {
		return j.changes, ""
	}
	changes, known := talk.Reviewed[sha]
	if !known {
		return nil, fmt.Sprintf("what the pull request changed at %s is not known; the head is now %s", code(sha), code(j.facts.Head.SHA))
	}
	return changes, ""
}

// needApproval files the findings of a question that nobody answered in favour; or one notice that names who did, and
// as notices what they knew.
func (j *judge) needApproval(ask *ask) {
	q, pending := ask.question, ask.pending
	a := j.approved(q)
	for _, f := range ask.known {
		if a.approved {
			f.Level, f.Verdict, f.Who, f.Fix = Notice, Success, Person, ""
		}
		j.add(f)
	}
	for _, r := range a.shownRefusals() {
		j.add(Finding{Rule: q.subject, Level: r.level, Verdict: ActionRequired, Who: Person, Contract: at(q.line), Message: r.message, Fix: r.fix})
	}
	if !a.approved {
		for _, f := range pending {
			j.add(f)
		}
		return
	}
	var paths, people []string
	for _, f := range pending {
		if f.Path != "" && !slices.Contains(paths, f.Path) {
			paths = append(paths, f.Path)
		}
	}
	for _, g := range a.given {
		people = append(people, g.By.Login+" ("+g.Source+")")
	}
	slices.Sort(people)
	message := fmt.Sprintf("%s is approved by %s", code(q.name), codes(people))
	if len(paths) > 0 {
		message += ": " + codes(paths)
	}
	j.add(Finding{Rule: q.subject, Level: Notice, Verdict: Success, Contract: at(q.line), Message: message})
}

// shownRefusals leaves out what no longer matters once somebody approved, and counts what everybody could add to
// without end.
func (a *answer) shownRefusals() []remark {
	const most = 10
	var out []remark
	more := 0
	for _, r := range a.refusals {
		switch {
		case r.stands:
			out = append(out, r)
		case len(a.given) > 0:
		case len(out) >= most:
			more++
		default:
			out = append(out, r)
		}
	}
	if more > 0 {
		out = append(out, remark{message: count(more, "more approval") + " of " + code(a.name) + " by others do not count", fix: approvalFix(a.by, a.name, ""), level: Warning})
	}
	return out
}

// reviewers lists who could still approve what nobody approved: the entries of `by`, without the author, those who
// pushed, and those who already asked for changes.
func (j *judge) reviewers() []string {
	var out []string
	for _, a := range j.answers {
		if a.approved || j.facts.Conversation == nil {
			continue
		}
		for _, entry := range a.by {
			if !j.hasDecided(entry, a) && !slices.Contains(out, entry) {
				out = append(out, entry)
			}
		}
	}
	slices.Sort(out)
	return out
}

func (j *judge) hasDecided(entry string, a *answer) bool {
	out := append([]Account{j.facts.Author, j.facts.Pusher}, j.facts.Conversation.PushedBy...)
	named := func(acc Account) bool { return acc.Login != "" && strings.EqualFold(entry, "@"+acc.Login) }
	blocked := func(acc Account) bool {
		members, _ := j.facts.Conversation.members(entry)
		return named(acc) || slices.Contains(members, acc.ID)
	}
	return slices.ContainsFunc(out, named) || slices.ContainsFunc(a.blockers, blocked)
}
