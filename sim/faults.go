package sim

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"net/http"
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
	// FaultMissing is 404 for what is there: GitHub hides what spam accounts
	// wrote, and replicas lag.
	FaultMissing   Fault = "404 before"
	FaultCutBefore Fault = "cut before"
	FaultCutAfter  Fault = "cut after"
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
	// FaultRefused refuses for once, with no effect, what would be in order: as
	// when GitHub's replicas lag. Its words are those of lasting refusals.
	FaultRefused Fault = "refused"
	// FaultLate answers late what was done in time.
	FaultLate Fault = "late"
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
	Refused     float64 // of what moves references or opens pull requests, pushes included
	Late        float64 // of all but readings, pushes included
	// StaleGit lets fetches see the references as before the last change.
	StaleGit float64
	// Git hits git over HTTP: 5xx or a cut connection.
	Git float64

	Lose, Fail, Forget, Repeat, Reorder, Delayed float64
	Delay                                        time.Duration // the longest delay; 0 means 20 ms

	// LateBy is how late an answer comes; 0 means 50 ms.
	LateBy time.Duration
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
		return g.pick(key, g.gitChances(x))
	}
	chances := []chance{
		{f.ServerError, []Fault{FaultServerError, FaultBadGateway}}, {f.ErrorAfter, []Fault{FaultErrorAfter}},
		{f.CutBefore, []Fault{FaultCutBefore}}, {f.CutAfter, []Fault{FaultCutAfter}},
		{f.RateLimited, []Fault{FaultForbiddenRetry, FaultForbiddenSpent, FaultForbiddenBare, FaultTooManyRetry,
			FaultTooManySpent, FaultTooManyBare}},
	}
	switch {
	case x.Method == "GET":
		chances = append(chances, chance{f.Stale, []Fault{FaultStale}})
	case refusedOnce(x.Route) != nil:
		chances = append(chances, chance{f.Refused, []Fault{FaultRefused}}, chance{f.Late, []Fault{FaultLate}})
	default:
		chances = append(chances, chance{f.Late, []Fault{FaultLate}})
	}
	return g.pick(key, chances)
}

// gitChances are those of a git request.
func (g *GitHub) gitChances(x Exchange) []chance {
	f := g.faults
	out := []chance{{f.Git, []Fault{FaultServerError, FaultBadGateway, FaultCutBefore, FaultCutAfter}}}
	switch {
	case x.Route == routeFetch:
		return append(out, chance{f.StaleGit, []Fault{FaultStale}})
	case x.Method == "POST":
		return append(out, chance{f.Refused, []Fault{FaultRefused}}, chance{f.Late, []Fault{FaultLate}})
	}
	return out
}

// refusedOnce is how GitHub refuses an operation for once, or nil.
func refusedOnce(route string) *reply {
	switch route {
	case "PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge":
		return fail(http.StatusMethodNotAllowed, "Base branch was modified. Review and try the merge again.")
	case "PUT /repos/{owner}/{repo}/pulls/{pull_number}/update-branch":
		return cannot("merge conflict between base and head")
	case "POST /repos/{owner}/{repo}/merges":
		return fail(http.StatusConflict, "not authorized to push to this branch")
	case "PATCH /repos/{owner}/{repo}/git/refs/{ref}":
		return cannot("Update is not a fast forward")
	case "POST /repos/{owner}/{repo}/git/refs":
		return cannot("Reference update failed")
	case "DELETE /repos/{owner}/{repo}/git/refs/{ref}":
		return cannot("Reference does not exist")
	case "POST /repos/{owner}/{repo}/pulls":
		return validationFailed("PullRequest", "head", "invalid", "")
	}
	return nil
}

// late is how long an answer is held back.
func (g *GitHub) late(fault Fault) time.Duration {
	switch {
	case fault != FaultLate:
		return 0
	case g.faults.LateBy == 0:
		return 50 * time.Millisecond
	}
	return g.faults.LateBy
}

// hold waits, or until nobody waits for the answer any more.
func (g *GitHub) hold(ctx context.Context, d time.Duration) {
	if d == 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	case <-g.ctx.Done():
	}
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
