package checks

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Combine joins the reports of the pull requests that are open on one head commit: check runs belong to the commit, so
// the worse verdict stands for all of them, and the titles name the pull requests. One report comes back as it is;
// none gives a report that does not pass.
func Combine(reports ...Report) Report {
	rs := slices.Clone(reports)
	slices.SortStableFunc(rs, compareReports)
	if len(rs) == 1 {
		return rs[0]
	}
	if len(rs) == 0 {
		return Report{}
	}
	all := rs[0]
	all.PRs, all.Findings, all.Matrix, all.Omitted, all.Outcome = nil, nil, nil, 0, Outcome{}
	for _, r := range rs {
		all.PRs = append(all.PRs, r.PR)
		all.Omitted += r.Omitted
		for _, row := range r.Matrix {
			row.PR = cmp.Or(row.PR, r.PR)
			all.Matrix = append(all.Matrix, row)
		}
		if r.Attempt > all.Attempt {
			all.Attempt, all.Attempts = r.Attempt, r.Attempts
		}
		all.Outcome = all.join(r.Outcome)
		for _, f := range r.Findings {
			f.PR = cmp.Or(f.PR, r.PR)
			all.Findings = append(all.Findings, f)
		}
	}
	slices.Sort(all.PRs)
	all.PRs = slices.Compact(all.PRs)
	slices.Sort(all.Reviewers)
	all.Reviewers = slices.Compact(all.Reviewers)
	all.Findings = sortFindings(all.Findings)
	all.Checks = combineChecks(rs)
	return all
}

// compareReports puts the worst first, so that its agent, base and contract speak for all; then by number and target.
func compareReports(a, b Report) int {
	return cmp.Or(
		cmp.Compare(b.Verdict().rank(), a.Verdict().rank()),
		cmp.Compare(a.PR, b.PR),
		cmp.Compare(a.Target, b.Target),
		cmp.Compare(a.Base, b.Base),
	)
}

func combineChecks(rs []Report) []Check {
	var out []Check
	for _, name := range namesOf(rs) {
		worst := Check{Name: name, Verdict: Success}
		var prs []string
		for _, r := range rs {
			c := r.check(name)
			if len(prs) == 0 || c.Verdict.Worse(worst.Verdict) {
				worst, prs = c, nil
			}
			if c.Verdict == worst.Verdict {
				prs = append(prs, fmt.Sprint(r.PR))
			}
		}
		worst.Title = combinedTitle(worst, prs, len(rs))
		out = append(out, worst)
	}
	return out
}

// combinedTitle says which of several pull requests the title speaks of.
func combinedTitle(c Check, prs []string, all int) string {
	if c.Verdict == Success {
		return fmt.Sprintf("Nothing stands against %d pull requests on this commit", all)
	}
	return fmt.Sprintf("Pull request %s: %s", strings.Join(prs, ", "), c.Title)
}

// check returns the check of that name; one that a report lacks was not judged, and does not pass.
func (r Report) check(name string) Check {
	for _, c := range r.Checks {
		if c.Name == name {
			return c
		}
	}
	return Check{Name: name, Verdict: Failure, Title: "Not judged"}
}

func namesOf(rs []Report) []string {
	names := checkNames()
	known := len(names)
	for _, r := range rs {
		for _, c := range r.Checks {
			if !slices.Contains(names, c.Name) {
				names = append(names, c.Name)
			}
		}
	}
	slices.Sort(names[known:])
	return names
}
