package checks

import (
	"cmp"
	"slices"

	"github.com/agentplane/agentplane/ownership"
)

// lookForCheck looks for the newest check run of the pinned App on the head. One of the same name by another App is
// none, whatever it concludes.
func (j *judge) lookForCheck(e ownership.Evidence) sighting {
	s := sighting{what: "check run " + code(e.Check)}
	var newest *CheckRun
	others, stale := []string{}, ""
	for i, r := range j.facts.CI.CheckRuns {
		switch {
		case r.Name != e.Check:
		case e.AppID != r.AppID && (e.App == "" || e.App != r.App) || r.AppID == 0 && r.App == "":
			others = append(others, cmp.Or(r.App, "unknown"))
		case r.SHA != j.facts.Head.SHA:
			stale = max(stale, r.SHA)
		case newest == nil || compareCheckRuns(r, *newest) > 0:
			newest = &j.facts.CI.CheckRuns[i]
		}
	}
	if newest == nil {
		return j.notReported(s, others, stale)
	}
	s.url, s.alive, s.ran = newest.URL, true, newest.Status == "completed" || !newest.Started.IsZero()
	switch {
	case !s.ran:
		return j.awaited(s, "has been queued", j.facts.HeadSince)
	case newest.Status != "completed":
		return j.awaited(s, "has been running", newest.Started)
	}
	s.outlook, s.why = ended(newest.Conclusion)
	if s.outlook == seesFailure {
		s.first = firstOf(append(slices.Clone(newest.Errors), newest.Title, newest.Conclusion)...)
	}
	return s
}

func compareCheckRuns(a, b CheckRun) int {
	return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Status, b.Status), cmp.Compare(a.Conclusion, b.Conclusion),
		cmp.Compare(a.URL, b.URL), cmp.Compare(a.Title, b.Title), slices.Compare(a.Errors, b.Errors))
}

// lookForStatus looks for the newest status of the pinned account. Anyone with write access can set one of that name.
func (j *judge) lookForStatus(e ownership.Evidence) sighting {
	s := sighting{what: "status " + code(e.Status)}
	var newest *Status
	var others []string
	for i, t := range j.facts.CI.Statuses {
		switch {
		case t.Context != e.Status:
		case !t.Creator.Known() || !e.CreatedBy(t.Creator.Login, t.Creator.ID):
			others = append(others, cmp.Or(t.Creator.Login, "unknown"))
		case newest == nil || compareStatuses(t, *newest) > 0:
			newest = &j.facts.CI.Statuses[i]
		}
	}
	if newest == nil {
		return j.notReported(s, others, "")
	}
	s.url, s.alive, s.ran = newest.URL, true, true
	if newest.State == "pending" {
		return j.awaited(s, "has been pending", newest.At)
	}
	s.outlook, s.why = ended(newest.State)
	if s.outlook == seesFailure {
		s.first = firstOf(newest.Description, newest.State)
	}
	return s
}

// compareStatuses orders by time; of two at once the one that stands in the way counts as the newer one. It is total, as
// compareCheckRuns is: the order in which GitHub lists them must not show.
func compareStatuses(a, b Status) int {
	good := func(s Status) int {
		if s.State == "success" {
			return 0
		}
		return 1
	}
	return cmp.Or(a.At.Compare(b.At), cmp.Compare(good(a), good(b)), cmp.Compare(a.State, b.State),
		cmp.Compare(a.URL, b.URL), cmp.Compare(a.Description, b.Description))
}

// notReported is what is seen where the pinned App or account said nothing about the head.
func (j *judge) notReported(s sighting, others []string, stale string) sighting {
	s = j.awaited(s, "was not reported on this commit", j.facts.HeadSince)
	if s.outlook == seesLate {
		s.person = true
		s.fix = "A person looks why it does not report, or mends the evidence in the contract."
	}
	if stale != "" {
		s.stale = stale
		s.why += "; it was reported on " + short(stale)
	}
	if len(others) > 0 {
		slices.Sort(others)
		s.why += "; one of this name is by " + codes(slices.Compact(others)) + ", which does not count"
	}
	return s
}
