package queue

import "fmt"

// EncodeEffect is the stored form of an effect.
func EncodeEffect(e Effect) ([]byte, error) {
	switch e := e.(type) {
	case Build:
		return encode("build", buildForm{e.Lane, e.Candidate, e.Onto, storeMembers(e.Members), e.Method, e.Try})
	case Land:
		return encode("land", landForm{e.Lane, e.Candidate, e.Expect, e.Commit, e.Tree, storeMembers(e.Members), e.Try, e.Serial})
	case Drop:
		return encode("drop", dropForm(e))
	case Tell:
		return encode("tell", tellForm{e.Lane, e.Number, storeStatus(e.Status), e.Serial})
	case Offer:
		merged := each(e.Merged, func(m Merge) mergeForm { return mergeForm(m) })
		return encode("offer", offerForm{e.Lane, e.Tip, e.Target, merged, storeTargetFailure(e.Failed), e.Serial})
	}
	return nil, fmt.Errorf("store an effect: there is no form for %T", e)
}

// DecodeEffect reads the stored form of an effect.
func DecodeEffect(data []byte) (Effect, error) {
	kind, body, err := unwrap(data, "effect", MaxStoredEvent)
	if err != nil {
		return nil, err
	}
	switch kind {
	case "build":
		return decode(body, func(f buildForm) Effect {
			return Build{f.Lane, f.Candidate, f.Onto, readMembers(f.Members), f.Method, f.Try}
		})
	case "land":
		return decode(body, func(f landForm) Effect {
			return Land{f.Lane, f.Candidate, f.Expect, f.Commit, f.Tree, readMembers(f.Members), f.Try, f.Serial}
		})
	case "drop":
		return decode(body, func(f dropForm) Effect { return Drop(f) })
	case "tell":
		return decode(body, func(f tellForm) Effect { return Tell{f.Lane, f.Number, f.Status.status(), f.Serial} })
	case "offer":
		return decode(body, func(f offerForm) Effect {
			merged := each(f.Merged, func(m mergeForm) Merge { return Merge(m) })
			return Offer{f.Lane, f.Tip, f.Target, merged, f.Failed.failure(), f.Serial}
		})
	}
	return nil, fmt.Errorf("read a stored effect: there is no effect %q", kind)
}

type buildForm struct {
	Lane      string       `json:"lane"`
	Candidate string       `json:"candidate"`
	Onto      string       `json:"onto"`
	Members   []memberForm `json:"members"`
	Method    string       `json:"method,omitempty"`
	Try       int          `json:"try,omitempty"`
}

type landForm struct {
	Lane      string       `json:"lane"`
	Candidate string       `json:"candidate,omitempty"`
	Expect    string       `json:"expect"`
	Commit    string       `json:"commit"`
	Tree      string       `json:"tree,omitempty"`
	Members   []memberForm `json:"members,omitempty"`
	Try       int          `json:"try,omitempty"`
	Serial    int64        `json:"serial,omitempty"`
}

type dropForm struct {
	Lane      string `json:"lane"`
	Candidate string `json:"candidate"`
	Sweep     int64  `json:"sweep,omitempty"`
}

type tellForm struct {
	Lane   string     `json:"lane"`
	Number int        `json:"number"`
	Status statusForm `json:"status"`
	Serial int64      `json:"serial"`
}

type offerForm struct {
	Lane   string            `json:"lane"`
	Tip    string            `json:"tip"`
	Target string            `json:"target,omitempty"`
	Merged []mergeForm       `json:"merged,omitempty"`
	Failed targetFailureForm `json:"failed,omitzero"`
	Serial int64             `json:"serial,omitempty"`
}
