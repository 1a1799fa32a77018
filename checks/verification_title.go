package checks

import (
	"fmt"
	"slices"
)

// verificationTitle names the requirements that stand in the way, the gravest kind.
func (j *judge) verificationTitle(standing []Finding) string {
	has := func(rules ...RuleID) bool {
		return slices.ContainsFunc(standing, func(f Finding) bool { return slices.Contains(rules, f.Rule) })
	}
	failed, missing := rowsIn(j.matrix, RowFailed), rowsIn(j.matrix, RowMissing)
	waiting, unknown := rowsIn(j.matrix, RowWaiting), rowsIn(j.matrix, RowUnknown)
	switch {
	case has(RuleAttempts):
		return "The same failure came too often"
	case has(RuleEvidenceUnread):
		return "Not everything could be read" + after(": ", unknown)
	case len(failed) > 0:
		return "Failed: " + listed(failed)
	case len(missing) > 0:
		return "Not shown: " + listed(missing)
	case has(RuleNotesInvalid, RuleNotesStale, RuleNotesMissing):
		return "The notes cannot be used"
	case has(RuleLate):
		return "CI does not go on: " + listed(waiting)
	case has(RuleHarness):
		return "What decides about success was changed"
	case j.facts.Local:
		return "Later, on GitHub: " + listed(waiting)
	}
	return "Waits for " + listed(waiting)
}

// after is the names behind a separator, or nothing.
func after(separator string, names []string) string {
	if len(names) == 0 {
		return ""
	}
	return separator + listed(names)
}

// rowsIn are the requirements of the rows in a state, as titles show them.
func rowsIn(rows []Row, state RowState) []string {
	var names []string
	for _, r := range rows {
		if r.State == state {
			names = append(names, plainName(r.Requirement, "another"))
		}
	}
	return names
}

// shownTitle says what passed.
func (j *judge) shownTitle() string {
	switch n := len(j.matrix); n {
	case 0:
		return "Nothing is required"
	case 1:
		return "Shown: " + plainName(j.matrix[0].Requirement, "another")
	default:
		return fmt.Sprintf("All %d requirements are shown", n)
	}
}
