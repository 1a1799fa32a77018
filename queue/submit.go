package queue

import "slices"

// submitted enters a head. What has landed never enters again, and an older command never undoes a newer one.
func (w *work) submitted(e Submitted) {
	if e.Number <= 0 || e.Head == "" || w.lane.merged(e.Number) {
		return
	}
	if entry := w.entry(e.Number); entry != nil {
		w.resubmitted(entry, e)
		return
	}
	fresh := Entry{Number: e.Number, Head: e.Head, Agent: e.Agent, Priority: e.Priority, Request: e.Request}
	if d := w.departure(e.Number); d != nil {
		if e.Request <= d.Request {
			return
		}
		if used := d.Failures.Count; used >= w.lane.Policy.Attempts && !e.Anew {
			d.Request, d.Head = e.Request, e.Head
			d.Reason = Reason{Kind: Exhausted, Detail: d.Failures.Signature, Attempt: used}
			return
		}
		fresh.Reading, fresh.Failures = d.Reading, d.Failures
		w.forgetDeparture(e.Number)
	}
	if e.Anew {
		fresh.Failures = Failures{}
	}
	w.add(fresh)
}

// resubmitted is a newer command on what is in the lane already.
func (w *work) resubmitted(entry *Entry, e Submitted) {
	if e.Request <= entry.Request {
		return
	}
	entry.Request, entry.Priority, entry.Leaving = e.Request, e.Priority, ""
	if e.Anew {
		entry.Failures = Failures{}
	}
	if e.Head != entry.Head {
		w.move(entry, e.Head)
	}
}

// move gives an entry another head.
func (w *work) move(e *Entry, head string) {
	e.Saw = w.lane.Landed
	e.move(head)
}

// move forgets what was known of the old head. Nothing of it holds for the new one.
func (e *Entry) move(head string) {
	e.Head, e.Judgement, e.Proven, e.Silent, e.Carried = head, Judgement{}, false, 0, false
	e.Known = Known{Record: e.Known.Record}
}

// withdrawn takes an entry out, after the landing it may be in. A command that overtook the Submitted it undoes is
// remembered, so that the Submitted does nothing.
func (w *work) withdrawn(e Withdrawn) {
	entry := w.entry(e.Number)
	switch {
	case e.Number <= 0:
	case entry == nil:
		w.withdrawnEarly(e)
	case e.Request > 0 && e.Request < entry.Request:
	case e.Request == 0 && (entry.Carried || !newer(&entry.Reading, e.Reading)):
	default:
		entry.Request = max(entry.Request, e.Request)
		entry.Leaving = orElse(e.Why, "it was withdrawn")
	}
}

// withdrawnEarly remembers a command on what is not in the lane.
func (w *work) withdrawnEarly(e Withdrawn) {
	if e.Request <= 0 || w.lane.merged(e.Number) {
		return
	}
	if d := w.departure(e.Number); d != nil {
		d.Request = max(d.Request, e.Request)
		return
	}
	w.record(Departure{Number: e.Number, Request: e.Request, Reason: Reason{Kind: Withdrew, Detail: orElse(e.Why, "it was withdrawn")}})
}

// headMoved gives an entry another head.
func (w *work) headMoved(e HeadMoved) {
	entry := w.entry(e.Number)
	if entry == nil || e.Number <= 0 || e.Head == "" || entry.Carried || !newer(&entry.Reading, e.Reading) || entry.Head == e.Head {
		return
	}
	w.move(entry, e.Head)
}

// judged notes a verdict on the entry's head. A newer reading of another head means that the head moved.
func (w *work) judged(e Judged) {
	entry := w.entry(e.Number)
	if entry == nil || e.Number <= 0 || e.Judgement.Head == "" || entry.Carried || e.Reading < entry.Reading {
		return
	}
	if e.Judgement.Head != entry.Head {
		if e.Reading == entry.Reading {
			return
		}
		w.move(entry, e.Judgement.Head)
	}
	entry.Reading, entry.Judgement, entry.Known = e.Reading, e.Judgement, e.Known.bounded(entry.member())
}

// bounded cuts what is more than an entry may bring. One dependency too many is kept, and holds the entry.
func (k Known) bounded(self Member) Known {
	k.After = slices.Clone(k.After[:min(len(k.After), MaxNeeds+1)])
	k.Clashes = slices.Clone(k.Clashes[:min(len(k.Clashes), MaxClashes)])
	for i := range k.Clashes {
		k.Clashes[i].A = self
	}
	k.Groups = slices.Clone(k.Groups[:min(len(k.Groups), MaxNeeds)])
	k.Record = Record{k.Record.Plain.bounded(), k.Record.Observed.bounded()}
	return k
}

// orElse is the text, or the other one where it is empty.
func orElse(text, other string) string {
	if text == "" {
		return other
	}
	return text
}
