package queue

import "time"

type entryForm struct {
	Number    int           `json:"number"`
	Head      string        `json:"head"`
	Agent     string        `json:"agent,omitempty"`
	Priority  int           `json:"priority,omitempty"`
	Request   int64         `json:"request,omitempty"`
	Reading   int64         `json:"reading,omitempty"`
	Arrival   int64         `json:"arrival"`
	Since     time.Time     `json:"since,omitzero"`
	Judgement judgementForm `json:"judgement,omitzero"`
	Known     knownForm     `json:"known,omitzero"`
	Proven    bool          `json:"proven,omitempty"`
	Saw       int64         `json:"saw,omitempty"`
	Silent    int           `json:"silent,omitempty"`
	Carried   bool          `json:"carried,omitempty"`
	Leaving   string        `json:"leaving,omitempty"`
	Failures  failuresForm  `json:"failures,omitzero"`
}

func storeEntry(e Entry) entryForm {
	return entryForm{e.Number, e.Head, e.Agent, e.Priority, e.Request, e.Reading, e.Arrival, e.Since,
		judgementForm(e.Judgement), storeKnown(e.Known), e.Proven, e.Saw, e.Silent, e.Carried, e.Leaving, failuresForm(e.Failures)}
}

func (f entryForm) entry() Entry {
	return Entry{f.Number, f.Head, f.Agent, f.Priority, f.Request, f.Reading, f.Arrival, f.Since,
		Judgement(f.Judgement), f.Known.known(), f.Proven, f.Saw, f.Silent, f.Carried, f.Leaving, Failures(f.Failures)}
}

type judgementForm struct {
	Head     string `json:"head"`
	Contract string `json:"contract,omitempty"`
	Good     bool   `json:"good"`
	Why      string `json:"why,omitempty"`
}

type knownForm struct {
	After     []needForm  `json:"after,omitempty"`
	Groups    []string    `json:"groups,omitempty"`
	Interface bool        `json:"interface,omitempty"`
	Clashes   []clashForm `json:"clashes,omitempty"`
	Observed  bool        `json:"observed,omitempty"`
	Record    recordForm  `json:"record,omitzero"`
}

func storeKnown(k Known) knownForm {
	after := each(k.After, func(n Need) needForm { return needForm(n) })
	return knownForm{after, k.Groups, k.Interface, each(k.Clashes, storeClash), k.Observed, storeRecord(k.Record)}
}

func (f knownForm) known() Known {
	after := each(f.After, func(n needForm) Need { return Need(n) })
	return Known{after, f.Groups, f.Interface, each(f.Clashes, clashForm.clash), f.Observed, f.Record.record()}
}

type needForm struct {
	Number int       `json:"number"`
	Repo   string    `json:"repo,omitempty"`
	Why    string    `json:"why,omitempty"`
	State  NeedState `json:"state,omitempty"`
}

// recordForm has the tally of entries without evidence as its own fields: versions that counted all as one wrote these.
type recordForm struct {
	Passed   int       `json:"passed"`
	Failed   int       `json:"failed"`
	Observed tallyForm `json:"observed,omitzero"`
}

type tallyForm struct {
	Passed int `json:"passed"`
	Failed int `json:"failed"`
}

func storeRecord(r Record) recordForm {
	return recordForm{r.Plain.Passed, r.Plain.Failed, tallyForm(r.Observed)}
}

func (f recordForm) record() Record { return Record{Tally{f.Passed, f.Failed}, Tally(f.Observed)} }

type failuresForm struct {
	Signature string `json:"signature"`
	Count     int    `json:"count"`
}

type departureForm struct {
	Number   int          `json:"number"`
	Head     string       `json:"head,omitempty"`
	Request  int64        `json:"request,omitempty"`
	Reading  int64        `json:"reading,omitempty"`
	Reason   reasonForm   `json:"reason"`
	Failures failuresForm `json:"failures,omitzero"`
	Carried  bool         `json:"carried,omitempty"`
}

func storeDeparture(d Departure) departureForm {
	return departureForm{d.Number, d.Head, d.Request, d.Reading, reasonForm(d.Reason), failuresForm(d.Failures), d.Carried}
}

func (f departureForm) departure() Departure {
	return Departure{f.Number, f.Head, f.Request, f.Reading, Reason(f.Reason), Failures(f.Failures), f.Carried}
}

type reasonForm struct {
	Kind        Kind     `json:"kind"`
	Requirement string   `json:"requirement,omitempty"`
	Detail      string   `json:"detail,omitempty"`
	Paths       []string `json:"paths,omitempty"`
	With        []int    `json:"with,omitempty"`
	Batch       []int    `json:"batch,omitempty"`
	Base        string   `json:"base,omitempty"`
	Attempt     int      `json:"attempt,omitempty"`
	Attempts    int      `json:"attempts,omitempty"`
}

type holdForm struct {
	Number int      `json:"number"`
	Kind   HoldKind `json:"kind"`
	On     []int    `json:"on,omitempty"`
	Paths  []string `json:"paths,omitempty"`
	Why    string   `json:"why"`
}

type statusForm struct {
	Number    int           `json:"number"`
	Head      string        `json:"head,omitempty"`
	Stage     Stage         `json:"stage"`
	Hold      holdForm      `json:"hold,omitzero"`
	Candidate string        `json:"candidate,omitempty"`
	Batch     []int         `json:"batch,omitempty"`
	Commit    string        `json:"commit,omitempty"`
	Reason    reasonForm    `json:"reason,omitzero"`
	Missing   []string      `json:"missing,omitempty"`
	Place     int           `json:"place,omitempty"`
	Wait      time.Duration `json:"wait_ns,omitempty"`
}

func storeStatus(s Status) statusForm {
	return statusForm{s.Number, s.Head, s.Stage, holdForm(s.Hold), s.Candidate, s.Batch, s.Commit, reasonForm(s.Reason), s.Missing, s.Place, s.Wait}
}

func (f statusForm) status() Status {
	return Status{f.Number, f.Head, f.Stage, Hold(f.Hold), f.Candidate, f.Batch, f.Commit, Reason(f.Reason), f.Missing, f.Place, f.Wait}
}
