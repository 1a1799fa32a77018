package queue

import (
	"testing"
	"time"
)

// TestAwaits walks one entry to its landing, and a restart to its end: what the lane asked for is awaited until its
// outcome is there, and nothing else is.
func TestAwaits(t *testing.T) {
	l := Lane{Branch: "integration/x"}
	var asked []Effect
	step := func(e Event) (made []Effect) {
		l, made = Step(l, e)
		asked = append(asked, made...)
		return made
	}
	awaited := func() (keys []string) {
		for _, e := range asked {
			if l.Awaits(e.Key()) {
				keys = append(keys, e.Key())
			}
		}
		return keys
	}
	want := func(when string, e Effect) {
		t.Helper()
		switch got := awaited(); {
		case e == nil && len(got) > 0, e != nil && (len(got) != 1 || got[0] != e.Key()):
			t.Errorf("%s it awaits %q", when, got)
		}
	}
	step(PolicyChanged{Policy: Policy{Contract: "k", Required: []string{"check"}}, Reading: 1})
	step(Ticked{At: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)})
	step(TipMoved{Tip: "base", Reading: 1})
	step(Submitted{Number: 4, Head: "h", Request: 1})
	want("before it is judged,", nil)
	var build Build
	for _, e := range step(Judged{Number: 4, Reading: 1, Judgement: Judgement{Head: "h", Contract: "k", Good: true}}) {
		if b, is := e.(Build); is {
			build = b
		}
	}
	want("while it builds,", build)
	step(Refused{Key: build.Key(), Why: "GitHub is down"})
	want("after a refusal,", nil)
	again := step(Ticked{At: l.Now.Add(time.Hour)})[0].(Build)
	want("when it builds again,", again)
	step(Built{Candidate: build.Candidate, Commit: "c", Tree: "t"})
	want("while it is tested,", nil)
	land := step(Tested{Candidate: build.Candidate, Commit: "c", Requirement: "check", Outcome: Pass})[0].(Land)
	want("while it lands,", land)
	step(Landed{Candidate: land.Candidate, Commit: "c", Tree: "t"})
	want("when it has landed,", nil)
	restart := step(TargetMerged{Head: "c", Target: "m", Reading: 2})[0].(Land)
	want("while it starts again,", restart)
	step(Landed{Commit: "m", Tree: "t"})
	want("when it has started again,", nil)
	if l.Awaits("") {
		t.Error("it awaits nothing in particular")
	}
}
