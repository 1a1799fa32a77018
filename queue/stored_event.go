package queue

import (
	"fmt"
	"time"
)

// EncodeEvent is the stored form of an event.
func EncodeEvent(e Event) ([]byte, error) {
	switch e := e.(type) {
	case Submitted:
		return encode("submitted", submittedForm(e))
	case Withdrawn:
		return encode("withdrawn", withdrawnForm(e))
	case HeadMoved:
		return encode("head-moved", headMovedForm(e))
	case Judged:
		return encode("judged", judgedForm{e.Number, e.Reading, judgementForm(e.Judgement), storeKnown(e.Known)})
	case Built:
		return encode("built", builtForm(e))
	case Rejected:
		return encode("rejected", rejectedForm(e))
	case Tested:
		return encode("tested", testedForm(e))
	case TipMoved:
		return encode("tip-moved", tipMovedForm(e))
	case Refused:
		return encode("refused", refusedForm(e))
	case Landed:
		return encode("landed", landedForm(e))
	case Ticked:
		return encode("ticked", tickedForm(e))
	case PauseSet:
		return encode("pause-set", pauseSetForm(e))
	case Resumed:
		return encode("resumed", resumedForm(e))
	case PolicyChanged:
		return encode("policy-changed", policyChangedForm{policyForm(e.Policy), e.Reading})
	case TargetMerged:
		return encode("target-merged", targetMergedForm(e))
	case TargetMoved:
		return encode("target-moved", targetMovedForm(e))
	case Reconciled:
		return encode("reconciled", storeReconciled(e))
	}
	return nil, fmt.Errorf("store an event: there is no form for %T", e)
}

// DecodeEvent reads the stored form of an event.
func DecodeEvent(data []byte) (Event, error) {
	kind, body, err := unwrap(data, "event", MaxStoredEvent)
	if err != nil {
		return nil, err
	}
	if e, known, err := decodePullEvent(kind, body); known {
		return e, err
	}
	switch kind {
	case "tip-moved":
		return decode(body, func(f tipMovedForm) Event { return TipMoved(f) })
	case "refused":
		return decode(body, func(f refusedForm) Event { return Refused(f) })
	case "ticked":
		return decode(body, func(f tickedForm) Event { return Ticked(f) })
	case "pause-set":
		return decode(body, func(f pauseSetForm) Event { return PauseSet(f) })
	case "resumed":
		return decode(body, func(f resumedForm) Event { return Resumed(f) })
	case "policy-changed":
		return decode(body, func(f policyChangedForm) Event { return PolicyChanged{Policy(f.Policy), f.Reading} })
	case "target-merged":
		return decode(body, func(f targetMergedForm) Event { return TargetMerged(f) })
	case "target-moved":
		return decode(body, func(f targetMovedForm) Event { return TargetMoved(f) })
	case "reconciled":
		return decode(body, reconciledForm.reconciled)
	}
	return nil, fmt.Errorf("read a stored event: there is no event %q", kind)
}

// decodePullEvent reads the events about one pull request or one candidate. It tells whether the kind is one.
func decodePullEvent(kind string, body []byte) (e Event, known bool, err error) {
	switch kind {
	case "submitted":
		e, err = decode(body, func(f submittedForm) Event { return Submitted(f) })
	case "withdrawn":
		e, err = decode(body, func(f withdrawnForm) Event { return Withdrawn(f) })
	case "head-moved":
		e, err = decode(body, func(f headMovedForm) Event { return HeadMoved(f) })
	case "judged":
		e, err = decode(body, func(f judgedForm) Event { return Judged{f.Number, f.Reading, Judgement(f.Judgement), f.Known.known()} })
	case "built":
		e, err = decode(body, func(f builtForm) Event { return Built(f) })
	case "rejected":
		e, err = decode(body, func(f rejectedForm) Event { return Rejected(f) })
	case "tested":
		e, err = decode(body, func(f testedForm) Event { return Tested(f) })
	case "landed":
		e, err = decode(body, func(f landedForm) Event { return Landed(f) })
	default:
		return nil, false, nil
	}
	return e, true, err
}

// decode reads a body and converts it.
func decode[F, T any](body []byte, convert func(F) T) (T, error) {
	var form F
	if err := strict(body, &form); err != nil {
		var none T
		return none, fmt.Errorf("read a stored form: %w", err)
	}
	return convert(form), nil
}

type submittedForm struct {
	Number   int    `json:"number"`
	Head     string `json:"head"`
	Agent    string `json:"agent,omitempty"`
	Priority int    `json:"priority,omitempty"`
	Request  int64  `json:"request,omitempty"`
	Anew     bool   `json:"anew,omitempty"`
}

type withdrawnForm struct {
	Number  int    `json:"number"`
	Request int64  `json:"request,omitempty"`
	Reading int64  `json:"reading,omitempty"`
	Why     string `json:"why,omitempty"`
}

type headMovedForm struct {
	Number  int    `json:"number"`
	Head    string `json:"head"`
	Reading int64  `json:"reading,omitempty"`
}

type judgedForm struct {
	Number    int           `json:"number"`
	Reading   int64         `json:"reading,omitempty"`
	Judgement judgementForm `json:"judgement"`
	Known     knownForm     `json:"known,omitzero"`
}

type builtForm struct {
	Candidate string `json:"candidate,omitempty"`
	Commit    string `json:"commit"`
	Tree      string `json:"tree,omitempty"`
}

type landedForm struct {
	Key       string `json:"key,omitempty"`
	Candidate string `json:"candidate,omitempty"`
	Commit    string `json:"commit"`
	Tree      string `json:"tree,omitempty"`
}

type rejectedForm struct {
	Candidate string   `json:"candidate"`
	Number    int      `json:"number"`
	Paths     []string `json:"paths,omitempty"`
	With      []int    `json:"with,omitempty"`
	Refused   string   `json:"refused,omitempty"`
}

type testedForm struct {
	Candidate   string  `json:"candidate"`
	Commit      string  `json:"commit"`
	Requirement string  `json:"requirement,omitempty"`
	Outcome     Outcome `json:"outcome"`
	Detail      string  `json:"detail,omitempty"`
}

type tipMovedForm struct {
	Tip     string `json:"tip"`
	Reading int64  `json:"reading,omitempty"`
}

type refusedForm struct {
	Key   string    `json:"key"`
	Stale bool      `json:"stale,omitempty"`
	Final bool      `json:"final,omitempty"`
	Until time.Time `json:"until,omitzero"`
	Seen  string    `json:"seen,omitempty"`
	Gone  bool      `json:"gone,omitempty"`
	Why   string    `json:"why,omitempty"`
}

type tickedForm struct {
	At time.Time `json:"at"`
}

type pauseSetForm struct {
	By      string `json:"by,omitempty"`
	Why     string `json:"why,omitempty"`
	Request int64  `json:"request,omitempty"`
}

type resumedForm struct {
	By      string `json:"by,omitempty"`
	Tip     string `json:"tip,omitempty"`
	Gone    bool   `json:"gone,omitempty"`
	Holds   string `json:"holds,omitempty"`
	Request int64  `json:"request,omitempty"`
	Reading int64  `json:"reading,omitempty"`
}

type policyChangedForm struct {
	Policy  policyForm `json:"policy"`
	Reading int64      `json:"reading,omitempty"`
}

type targetMergedForm struct {
	Head    string `json:"head"`
	Target  string `json:"target"`
	Reading int64  `json:"reading,omitempty"`
}

type targetMovedForm struct {
	Target  string `json:"target"`
	Rewound bool   `json:"rewound,omitempty"`
	Reading int64  `json:"reading,omitempty"`
}

type reconciledForm struct {
	Reading  int64            `json:"reading"`
	Tip      *tipMovedForm    `json:"tip,omitempty"`
	Target   *targetMovedForm `json:"target,omitempty"`
	Open     []memberForm     `json:"open,omitempty"`
	OpenAll  bool             `json:"open_all,omitempty"`
	Branches []string         `json:"branches,omitempty"`
	HaveAll  bool             `json:"have_all,omitempty"`
}

func storeReconciled(e Reconciled) reconciledForm {
	return reconciledForm{e.Reading, (*tipMovedForm)(e.Tip), (*targetMovedForm)(e.Target), storeMembers(e.Open), e.OpenAll, e.Branches, e.HaveAll}
}

func (f reconciledForm) reconciled() Event {
	return Reconciled{f.Reading, (*TipMoved)(f.Tip), (*TargetMoved)(f.Target), readMembers(f.Open), f.OpenAll, f.Branches, f.HaveAll}
}
