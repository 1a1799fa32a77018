package app_test

import (
	"strings"
	"testing"
)

// TestACommandOnAClosedPullRequestIsAnsweredOnce: to those who may write, with a reaction and a comment; a stranger and a bot
// get nothing. It does nothing, not even when the pull request is opened again.
func TestACommandOnAClosedPullRequestIsAnsweredOnce(t *testing.T) {
	t.Parallel()
	q := newQueued(t, "merge")
	p := q.propose("metadata", map[string]string{"src/content/b": "b\n"})
	q.settle()
	p.Comment(q.ana, "/integrate status") // there is a lane
	q.settle()
	q.must(p.Close(q.ana))
	q.settle()
	before := q.comments(p)
	p.Comment(q.hub.User("stranger"), "/integrate "+p.Head())
	p.Comment(q.bot("search"), "/integrate "+p.Head())
	p.Comment(q.ana, "what about /integrate?")
	q.settle()
	if now := q.comments(p); now != before {
		t.Errorf("those who may not are answered:\n%s", now)
	}
	p.Comment(q.ana, "/integrate "+p.Head())
	q.settle()
	count := func() int { return strings.Count(q.comments(p), "This pull request is closed") }
	if count() != 1 {
		t.Errorf("%d answers, want one:\n%s", count(), q.comments(p))
	}
	q.must(q.app.Sweep(t.Context()))
	p.Comment(q.ana, "thanks")
	q.settle()
	if count() != 1 {
		t.Errorf("%d answers later, want one:\n%s", count(), q.comments(p))
	}
	q.must(p.Reopen(q.ana))
	q.settle()
	if got := q.lane(p); p.State() != "open" || got != "nothing" {
		t.Errorf("opened again, it is %s: %s", p.State(), got)
	}
}

// TestCommandsOnAMergedPullRequestAreAnsweredInBounds: many in a minute are answered ten times at most.
func TestCommandsOnAMergedPullRequestAreAnsweredInBounds(t *testing.T) {
	t.Parallel()
	q := newQueued(t, "merge")
	p := q.propose("metadata", map[string]string{"src/content/b": "b\n"})
	q.settle()
	q.integrate(p)
	if p.State() != "merged" {
		t.Fatalf("it is %s: %s", p.State(), q.lane(p))
	}
	for range 15 {
		p.Comment(q.ana, "/integrate status")
	}
	q.settle()
	if n := strings.Count(q.comments(p), "This pull request is merged"); n == 0 || n > 10 {
		t.Errorf("%d answers, want one to ten", n)
	}
}
