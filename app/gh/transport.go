package gh

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	maxBody        = 10 << 20         // bytes of one API answer; GitHub's largest list page stays far below
	requestTimeout = 30 * time.Second // GitHub ends its own work after 10 s
)

// Request is what the metrics learn of one API request that reached the network.
type Request struct {
	Method  string
	Status  int // 0 when no answer came
	Elapsed time.Duration
}

// guard is the last transport before the network. It sends nothing to another host than the configured one, waits for no
// answer longer than requestTimeout, reads no body larger than maxBody, and turns every form of GitHub's rate limiting
// into a *RateLimitError. While an installation is limited its requests are refused here, without being sent.
//
// The libraries above it do none of this: go-github v60 takes a 429 for an ordinary error, ghinstallation sends its token
// wherever a redirect points, and neither has a time-out.
type guard struct {
	base    http.RoundTripper
	host    string // scheme://host of the API
	gate    *gate
	id      int64 // installation; 0 for requests signed by the App itself
	now     func() time.Time
	observe func(Request)
}

// RoundTrip implements http.RoundTripper.
func (g *guard) RoundTrip(req *http.Request) (*http.Response, error) {
	if host := req.URL.Scheme + "://" + req.URL.Host; host != g.host {
		closeBody(req)
		return nil, fmt.Errorf("refused to send a request to %s: only %s is GitHub's API here", host, g.host)
	}
	if until := g.gate.closedUntil(g.id); g.now().Before(until) {
		closeBody(req)
		return nil, &RateLimitError{Until: until}
	}
	ctx, cancel := context.WithTimeout(req.Context(), requestTimeout)
	defer cancel()
	start := time.Now()
	resp, body, err := g.exchange(req.WithContext(ctx))
	status := 0
	if resp != nil {
		status = resp.StatusCode
	}
	g.observe(Request{Method: req.Method, Status: status, Elapsed: time.Since(start)})
	if err != nil {
		return nil, err
	}
	if wait, limited := limitedFor(resp, body, g.now()); limited {
		return nil, &RateLimitError{Until: g.gate.close(g.id, wait, g.now())}
	}
	if status < 400 {
		g.gate.open(g.id)
	}
	return resp, nil
}

// exchange sends req and reads the whole answer.
func (g *guard) exchange(req *http.Request) (*http.Response, []byte, error) {
	resp, err := g.base.RoundTrip(req)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if err != nil {
		return resp, nil, fmt.Errorf("read GitHub's answer to %s %s: %w", req.Method, req.URL.Path, err)
	}
	if len(body) > maxBody {
		return resp, nil, fmt.Errorf("GitHub's answer to %s %s is larger than %d bytes", req.Method, req.URL.Path, maxBody)
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, body, nil
}

// limitedFor tells whether an answer is a rate limit, and how long GitHub asks to wait; 0 when it does not say.
//
// GitHub documents 403 and 429 for both limits, with retry-after, or x-ratelimit-remaining 0 and a reset, or neither:
// https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit
func limitedFor(resp *http.Response, body []byte, now time.Time) (time.Duration, bool) {
	if resp.StatusCode != http.StatusForbidden && resp.StatusCode != http.StatusTooManyRequests {
		return 0, false
	}
	if after := resp.Header.Get("Retry-After"); after != "" {
		if seconds, err := strconv.Atoi(after); err == nil && seconds >= 0 {
			return time.Duration(seconds) * time.Second, true
		}
		if at, err := http.ParseTime(after); err == nil {
			return at.Sub(now), true
		}
		return 0, true
	}
	if resp.Header.Get("X-RateLimit-Remaining") == "0" {
		reset, err := strconv.ParseInt(resp.Header.Get("X-RateLimit-Reset"), 10, 64)
		if err != nil {
			return 0, true
		}
		return time.Unix(reset, 0).Sub(now), true
	}
	named := strings.Contains(strings.ToLower(string(body)), "rate limit")
	return 0, resp.StatusCode == http.StatusTooManyRequests || named
}

// network is the transport to the network itself, with a time-out on every phase.
func network() http.RoundTripper {
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           dialer.DialContext,
		ForceAttemptHTTP2:     true,
		MaxIdleConnsPerHost:   16,
		IdleConnTimeout:       90 * time.Second,
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: 20 * time.Second,
	}
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
}
