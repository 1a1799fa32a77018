package sim

import (
	"net/http"
	"strconv"
	"time"
)

// faultReply is the answer of a fault that hits before the operation, or nil.
func faultReply(fault Fault, g *GitHub) *reply {
	secondary := "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
	switch fault {
	case FaultServerError:
		return fail(http.StatusInternalServerError, "Server Error")
	case FaultBadGateway:
		return fail(http.StatusBadGateway, "Server Error")
	case FaultMissing:
		return notFound()
	case FaultForbiddenRetry:
		return g.retryAfter(fail(http.StatusForbidden, secondary))
	case FaultTooManyRetry:
		return g.retryAfter(fail(http.StatusTooManyRequests, secondary))
	case FaultForbiddenSpent:
		return g.spent(fail(http.StatusForbidden, "API rate limit exceeded."))
	case FaultTooManySpent:
		return g.spent(fail(http.StatusTooManyRequests, "API rate limit exceeded."))
	case FaultForbiddenBare:
		return fail(http.StatusForbidden, secondary)
	case FaultTooManyBare:
		return fail(http.StatusTooManyRequests, secondary)
	}
	return nil
}

func (g *GitHub) limitFor() time.Duration {
	return max(g.faults.RetryAfter, time.Second).Round(time.Second)
}

func (g *GitHub) retryAfter(out *reply) *reply {
	out.header.Set("Retry-After", strconv.Itoa(int(g.limitFor()/time.Second)))
	return out
}

func (g *GitHub) spent(out *reply) *reply {
	out.header.Set("X-RateLimit-Remaining", "0")
	out.header.Set("X-RateLimit-Used", strconv.Itoa(g.o.RateLimit))
	out.header.Set("X-RateLimit-Reset", itoa(g.now().Add(g.limitFor()).Unix()))
	return out
}
