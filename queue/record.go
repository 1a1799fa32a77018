package queue

import "slices"

// A Record counts how an agent's earlier entries went, apart by whether CI had passed on their heads before they were
// tested here: those fail less often, and say less about the others.
type Record struct{ Plain, Observed Tally }

// A Tally counts entries: those that landed, and those that left because their tests failed or did not end.
type Tally struct{ Passed, Failed int }

// Add is the sum of two records.
func (r Record) Add(o Record) Record { return Record{r.Plain.add(o.Plain), r.Observed.add(o.Observed)} }

func (t Tally) add(o Tally) Tally { return Tally{t.Passed + o.Passed, t.Failed + o.Failed} }

// bounded cuts a tally to numbers that can be reckoned with.
func (t Tally) bounded() Tally {
	const most = 1_000_000
	return Tally{max(0, min(t.Passed, most)), max(0, min(t.Failed, most))}
}

// Outcomes tells by agent how the entries went that are in a lane before a step and not after it. What left for another
// reason than its tests says nothing about the agent's next one, and counts nothing; nor does what lands again because the
// target was merged without it, nor a failure that was to be expected of what had landed meanwhile.
func Outcomes(before, after Lane) map[string]Record {
	if len(before.Entries) == 0 {
		return nil
	}
	stays := make(map[int]bool, len(after.Entries))
	for i := range after.Entries {
		stays[after.Entries[i].Number] = true
	}
	var records map[string]Record
	for i := range before.Entries {
		e := &before.Entries[i]
		if stays[e.Number] || e.Agent == "" {
			continue
		}
		went := Tally{}
		switch landed := after.Done.Has(e.Number); {
		case landed && !e.Carried:
			went.Passed = 1
		case !landed && after.failed(e.Number) && before.blames(e):
			went.Failed = 1
		default:
			continue
		}
		if records == nil {
			records = map[string]Record{}
		}
		records[e.Agent] = records[e.Agent].Add(went.of(e))
	}
	return records
}

// of is the record that an entry's outcome makes.
func (t Tally) of(e *Entry) Record {
	if e.Known.Observed {
		return Record{Observed: t}
	}
	return Record{Plain: t}
}

// failed tells whether a pull request left a lane because of its tests.
func (l *Lane) failed(number int) bool {
	return slices.ContainsFunc(l.Left, func(d Departure) bool {
		return d.Number == number && (d.Reason.Kind == FailedTest || d.Reason.Kind == TookTooLong)
	})
}

// blames tells whether a failure is at least as likely the entry's own as of what landed after it was written.
func (l *Lane) blames(e *Entry) bool { return 2*e.ownChance().not() >= l.agedChance(e).not() }
