package sim

import (
	"slices"
	"time"
)

// Event is one thing that happened, for a timeline to show.
type Event struct {
	N     int // counts from 1
	At    time.Time
	Kind  string // "repository", "push", "pull", "suite", "check", "run", "app", "installation", "account", "fault"
	Repo  string // owner/name, or ""
	PR    int    // pull request number, or 0
	Actor string // login, or ""
	SHA   string // the commit it is about, or ""
	Ref   string // of a push and of a run: the branch or tag, without refs/heads/ or refs/tags/; or ""
	Text  string // without the actor: "opened \"Add search\""
}

// Request is one request that was answered, or cut off.
type Request struct {
	Method, Path, Route string
	Query               string
	Caller              string // login or App slug; "" for anonymous
	Status              int    // 0: cut off
	Fault               string
}

// Mark is a moment in the sequence of requests.
type Mark int

// Mark remembers now, for Requests.
func (g *GitHub) Mark() Mark {
	g.mu.Lock()
	defer g.mu.Unlock()
	return Mark(len(g.requests))
}

// Requests lists the requests answered since a mark, API and git, in order.
func (g *GitHub) Requests(since Mark) []Request {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.requests[min(int(since), len(g.requests)):])
}

// APIRequests lists the API requests since a mark: what counts against a
// budget of requests. Git transfers are not in it.
func (g *GitHub) APIRequests(since Mark) []Request {
	return slices.DeleteFunc(g.Requests(since), func(r Request) bool { return r.Route == routeFetch || r.Route == routePush })
}

// Unknown lists requests to addresses that are not simulated. A test should
// fail when there are any.
func (g *GitHub) Unknown() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.unknown)
}

// Events is the timeline so far.
func (g *GitHub) Events() []Event {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.events)
}

func (g *GitHub) log(e Event) {
	e.N, e.At = len(g.events)+1, g.now()
	g.events = append(g.events, e)
}
