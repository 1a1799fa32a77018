package sim

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"
)

// Fault is something that goes wrong with one request or delivery.
type Fault string

// Faults of requests to the API and to git. "Before" means that the request
// had no effect, "after" that it had.
const (
	FaultNone        Fault = ""
	FaultServerError Fault = "500 before"
	FaultBadGateway  Fault = "502 before"
	FaultErrorAfter  Fault = "502 after"
	FaultCutBefore   Fault = "cut before"
	FaultCutAfter    Fault = "cut after"
	// The six forms of a rate limit that GitHub's clients have met.
	FaultForbiddenRetry Fault = "403 retry-after"
	FaultForbiddenSpent Fault = "403 remaining 0"
	FaultForbiddenBare  Fault = "403 bare"
	FaultTooManyRetry   Fault = "429 retry-after"
	FaultTooManySpent   Fault = "429 remaining 0"
	FaultTooManyBare    Fault = "429 bare"
	// FaultStale answers a reading as it was before the last change: an older
	// head, an older list, 404 for what was just created.
	FaultStale Fault = "stale"
)

// Faults of webhook deliveries.
const (
	FaultLose    Fault = "lose"    // never attempted, and no trace of it
	FaultFail    Fault = "fail"    // recorded as failed without reaching the App
	FaultForget  Fault = "forget"  // the App took it, GitHub records a time-out
	FaultRepeat  Fault = "repeat"  // delivered twice
	FaultReorder Fault = "reorder" // up to four later ones pass it
	FaultDelay   Fault = "delay"   // up to Faults.Delay late
)

// Faults says how often what goes wrong: rates between 0 and 1, drawn from the
// seed for each request or delivery. Draws depend on the address and on how
// often it was asked for, and not on how requests interleave.
type Faults struct {
	ServerError float64 // 500 or 502, before the effect
	ErrorAfter  float64 // 502, after the effect
	CutBefore   float64
	CutAfter    float64
	RateLimited float64 // one of the six forms
	Stale       float64
	// Git hits git over HTTP: 5xx or a cut connection.
	Git float64

	Lose, Fail, Forget, Repeat, Reorder, Delayed float64
	Delay                                        time.Duration // the longest delay; 0 means 20 ms

	// RetryAfter is what rate limits ask for; 0 means a second.
	RetryAfter time.Duration
	// StaleFor is how many requests long a change may be seen late; 0 means 10.
	StaleFor int
	// Most ends the faults after so many; 0 means no end.
	Most int
	// Decide, when set, decides alone. It is called under the simulator's lock:
	// it must not call methods of GitHub.
	Decide func(Exchange) Fault
}

// SetFaults makes things go wrong from now on.
func (g *GitHub) SetFaults(f Faults) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.faults, g.draws["faults"] = f, 0
}

// Heal ends all faults. Deliveries that were lost stay lost.
func (g *GitHub) Heal() { g.SetFaults(Faults{}) }

// draw is a number below n that depends on the seed, the key, and how often
// the key was drawn before.
func (g *GitHub) draw(key string, n int) int {
	g.draws[key]++
	sum := sha256.Sum256(fmt.Appendf(nil, "%d/%s/%d", g.o.Seed, key, g.draws[key]))
	return int(binary.BigEndian.Uint64(sum[:8]) % uint64(n))
}

// chance is one kind of fault with its rate.
type chance struct {
	rate  float64
	kinds []Fault
}

// pick draws at most one fault out of several chances.
func (g *GitHub) pick(key string, chances []chance) Fault {
	if g.faults.Most > 0 && g.draws["faults"] >= g.faults.Most {
		return FaultNone
	}
	at := float64(g.draw(key, 1<<30)) / (1 << 30)
	for _, c := range chances {
		if at < c.rate {
			g.draws["faults"]++
			return c.kinds[g.draw(key+"/kind", len(c.kinds))]
		}
		at -= c.rate
	}
	return FaultNone
}

// requestFault decides about one request. Writes are never stale.
func (g *GitHub) requestFault(x Exchange) Fault {
	f := g.faults
	if f.Decide != nil {
		return f.Decide(x)
	}
	key := x.Method + " " + x.Path
	if x.Route == routeFetch || x.Route == routePush {
		return g.pick(key, []chance{{f.Git, []Fault{FaultServerError, FaultBadGateway, FaultCutBefore, FaultCutAfter}}})
	}
	chances := []chance{
		{f.ServerError, []Fault{FaultServerError, FaultBadGateway}}, {f.ErrorAfter, []Fault{FaultErrorAfter}},
		{f.CutBefore, []Fault{FaultCutBefore}}, {f.CutAfter, []Fault{FaultCutAfter}},
		{f.RateLimited, []Fault{FaultForbiddenRetry, FaultForbiddenSpent, FaultForbiddenBare, FaultTooManyRetry,
			FaultTooManySpent, FaultTooManyBare}},
	}
	if x.Method == "GET" {
		chances = append(chances, chance{f.Stale, []Fault{FaultStale}})
	}
	return g.pick(key, chances)
}

// hookFault decides about one delivery.
func (g *GitHub) hookFault(v *Delivery) Fault {
	f := g.faults
	if f.Decide != nil {
		return f.Decide(Exchange{Hook: v.Event, Method: "POST", Path: v.url, RequestHeader: v.RequestHeader, RequestBody: v.Payload})
	}
	return g.pick("hook "+v.GUID, []chance{{f.Lose, []Fault{FaultLose}}, {f.Fail, []Fault{FaultFail}}, {f.Forget, []Fault{FaultForget}},
		{f.Repeat, []Fault{FaultRepeat}}, {f.Reorder, []Fault{FaultReorder}}, {f.Delayed, []Fault{FaultDelay}}})
}

// staleWindow says whether a change made at a request's number may still be
// seen late.
func (g *GitHub) staleWindow(changed int) bool {
	window := g.faults.StaleFor
	if window == 0 {
		window = 10
	}
	return len(g.requests)-changed <= window
}
