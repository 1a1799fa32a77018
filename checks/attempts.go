package checks

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// LabelNeedsHuman is the label of a pull request that a person has to look at.
const LabelNeedsHuman = "needs-human"

// escalation is what the same failure on several heads has come to.
type escalation struct {
	attempt   int // heads in a row with the worst present failure, this one included; 0: nothing fails
	escalated bool
	history   []PastFailure
}

// attempts counts how often the failures of the present head came before, and files those that came too often. It
// returns the requirements whose failure a person must look at. What the store does not know is a finding, and the
// label stands in for a history that is gone.
func (j *judge) attempts(cells []cell) map[string]bool {
	f := j.facts
	limit, stuck := j.contract.Limits.Attempts, map[string]bool{}
	var past Past
	switch {
	case f.Past != nil:
		past = *f.Past
	case !f.Local:
		j.add(Finding{
			Rule: RuleEvidenceUnread, Contract: inSection("limits"), Fix: ruleOf(RuleEvidenceUnread).Remedy,
			Message: "Which failures this branch had before could not be read",
		})
	}
	for _, c := range cells {
		if !c.Evidence.Declared() {
			continue
		}
		streak := j.streakOf(c, past)
		if c.seen.outlook == seesFailure {
			j.stuck.attempt = max(j.stuck.attempt, len(streak.present))
		}
		if limit > 0 && len(streak.worst) >= limit {
			stuck[c.Name] = true
			j.escalate(c, streak.worst)
		}
	}
	if !j.stuck.escalated && len(past.Failures) == 0 && j.retriedAt().IsZero() && slices.ContainsFunc(f.Labels, isNeedsHuman) {
		j.stuck.escalated = true
		j.add(Finding{
			Rule: RuleAttempts, Contract: inSection("limits"), Fix: ruleOf(RuleAttempts).Remedy,
			Message: fmt.Sprintf("The label %s says that a person has to look, and the failures before it are not known", code(LabelNeedsHuman)),
		})
	}
	return stuck
}

func isNeedsHuman(label string) bool { return strings.EqualFold(label, LabelNeedsHuman) }

// streak is a row of equal failures of one requirement.
type streak struct {
	worst   []PastFailure // the longest that was not followed by a retry, the newest of several
	present []PastFailure // the one that the present head ends
}

// streakOf goes through the heads of the branch in order. A head that passed ends a row, and so does another failure;
// one at which nothing was decided does not. What failed before a person said /retry does not count.
func (j *judge) streakOf(c cell, past Past) streak {
	var row []PastFailure
	var s streak
	follow := func(failure PastFailure) {
		if len(row) > 0 && row[len(row)-1].Signature != failure.Signature {
			row = nil
		}
		row = append(slices.Clip(row), failure)
		if len(row) >= len(s.worst) {
			s.worst = row
		}
	}
	failures, passes, retried := failuresOf(c.Name, past), map[string]bool{}, j.retriedAt()
	for _, p := range past.Passes {
		passes[p.Head] = passes[p.Head] || p.Requirement == c.Name
	}
	for _, head := range past.Heads {
		failure, failed := failures[head]
		switch {
		case head == j.facts.Head.SHA:
		case failed && failure.At.After(retried):
			follow(failure)
		case passes[head]:
			row = nil
		}
	}
	if c.seen.outlook == seesFailure {
		now := j.presentFailure(c, failures)
		if s.present = []PastFailure{now}; now.At.After(retried) {
			follow(now)
			s.present = row
		}
	}
	return s
}

// presentFailure is the failure of the head, from when it was first seen.
func (j *judge) presentFailure(c cell, failures map[string]PastFailure) PastFailure {
	sig := signatureOf(c.Name, c.seen)
	j.signatures = append(j.signatures, sig)
	now := PastFailure{
		Requirement: c.Name, Signature: sig.Hash, Head: j.facts.Head.SHA, PR: j.facts.PR, URL: sig.URL, At: j.facts.ReadAt,
	}
	if before, ok := failures[now.Head]; ok && before.Signature == now.Signature {
		now.At = before.At
	}
	return now
}

// failuresOf is the newest failure of a requirement by head.
func failuresOf(requirement string, past Past) map[string]PastFailure {
	newest := map[string]PastFailure{}
	for _, p := range past.Failures {
		before, ok := newest[p.Head]
		if p.Requirement == requirement && (!ok || p.At.After(before.At) || p.At.Equal(before.At) && p.Signature > before.Signature) {
			newest[p.Head] = p
		}
	}
	return newest
}

// escalate files a failure that came too often.
func (j *judge) escalate(c cell, row []PastFailure) {
	j.stuck.escalated = true
	j.stuck.attempt = max(j.stuck.attempt, len(row))
	j.stuck.history = append(j.stuck.history, row...)
	heads := make([]string, 0, len(row))
	for _, p := range row {
		heads = append(heads, p.Head[:min(len(p.Head), 10)])
	}
	j.add(Finding{
		Rule: RuleAttempts, Contract: inSection("limits"), Fix: ruleOf(RuleAttempts).Remedy,
		Message: fmt.Sprintf("%s failed in the same way on %d heads in a row, %s; further pushes do not clear it", code(c.Name), len(row), codes(heads)),
	})
}

// retriedAt is when a person last allowed another attempt; zero: never, or the conversation was not read.
func (j *judge) retriedAt() time.Time {
	var last time.Time
	for _, c := range j.retries() {
		if c.At.After(last) {
			last = c.At
		}
	}
	return last
}
