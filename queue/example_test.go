package queue_test

import (
	"fmt"

	"github.com/agentplane/agentplane/queue"
)

// A driver saves what Step returns, carries the effects out, and brings what comes of them back as events.
func ExampleStep() {
	lane := queue.Lane{Branch: "integration/blog"}
	events := []queue.Event{
		queue.PolicyChanged{Policy: queue.Policy{Required: []string{"check"}}, Reading: 1},
		queue.TipMoved{Tip: "4f1c", Reading: 2},
		queue.Submitted{Number: 12, Head: "a81e", Agent: "search", Request: 1},
		queue.Judged{Number: 12, Reading: 3, Judgement: queue.Judgement{Head: "a81e", Good: true}},
	}
	for len(events) > 0 {
		var effects []queue.Effect
		lane, effects = queue.Step(lane, events[0])
		events = events[1:]
		for _, effect := range effects {
			switch e := effect.(type) {
			case queue.Build: // git merges, pushes the candidate's branch, and CI runs on it
				events = append(events, queue.Built{Candidate: e.Candidate, Commit: "c0ff", Tree: "7ee5"},
					queue.Tested{Candidate: e.Candidate, Commit: "c0ff", Requirement: "check", Outcome: queue.Pass})
			case queue.Land: // compare and swap, and read back
				events = append(events, queue.Landed{Candidate: e.Candidate, Commit: e.Commit, Tree: e.Tree})
			case queue.Tell:
				fmt.Printf("#%d %s\n", e.Number, e.Status.Stage)
			case queue.Offer:
				fmt.Println("offer", e.Tip)
			}
		}
	}
	// Output:
	// #12 held
	// #12 testing
	// #12 landing
	// offer c0ff
	// #12 landed
}
