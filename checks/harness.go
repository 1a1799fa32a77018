package checks

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/agentplane/agentplane/ownership"
)

// harness asks for an approval of changes of what decides the meaning of evidence: a pull request that makes them
// cannot be its own witness. Patterns match in any spelling, because here a match restricts. Whoever may approve the
// class `ci` may approve these.
func (j *judge) harness(required []*ownership.Requirement) {
	q := question{
		subject: RuleHarness, name: HarnessName, by: j.classNamed(ownership.ClassCI).By,
		covers: func(c Change) bool { _, names := j.provenBy(required, c.Path); return len(names) > 0 },
	}
	var pending []Finding
	for _, c := range j.changes {
		line, names := j.provenBy(required, c.Path)
		if len(names) == 0 {
			continue
		}
		q.line = cmp.Or(q.line, line)
		pending = append(pending, Finding{
			Rule: RuleHarness, Path: c.Path, Contract: at(line), Fix: approvalFix(q.by, q.name, j.restore(c)),
			Message: fmt.Sprintf("%s decides what a success of %s means, so a person must approve the change", code(c.Path), codes(names)),
		})
	}
	if len(pending) > 0 {
		j.needApproval(&ask{question: q, pending: pending})
	}
}

// provenBy returns the requirements whose evidence a path decides the meaning of, and a line of the contract that says so.
func (j *judge) provenBy(required []*ownership.Requirement, path string) (line int, names []string) {
	for _, q := range required {
		if l, is := j.proves(q, path); is {
			line, names = cmp.Or(line, l), append(names, q.Name)
		}
	}
	slices.Sort(names)
	return line, names
}

// proves reports whether a path decides what a requirement's evidence means, and by which line of the contract.
func (j *judge) proves(q *ownership.Requirement, path string) (line int, is bool) {
	e := q.Evidence
	if !e.Declared() {
		return 0, false
	}
	for _, list := range [][]ownership.Claim{q.Harness, j.contract.Harness} {
		if claim := ownership.FirstMatchFolded(list, path); claim != nil {
			return claim.Line, true
		}
	}
	actions := strings.HasPrefix(path, ".github/actions/")
	switch {
	case e.Workflow != "":
		return e.Line, path == e.Workflow || actions
	case e.App == actionsSlug || e.AppID == actionsID: // any workflow can make a check run of that name
		return e.Line, actions || strings.HasPrefix(path, ".github/workflows/")
	}
	return 0, false
}

// GitHub Actions as an App.
const (
	actionsSlug = "github-actions"
	actionsID   = 15368
)
