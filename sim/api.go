package sim

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// maxBody is the largest request body the API takes.
const maxBody = 10 << 20

// call is one API request on its way.
type call struct {
	g      *GitHub
	x      *Exchange
	caller caller
	params map[string]string
	query  url.Values
	repo   *Repo  // of operations on a repository
	role   string // the caller's role on it; "" for Apps
	stale  bool   // answer as before the last change
}

// window is what one credential used of its rate limit in the current hour.
type window struct {
	used  int
	reset time.Time
}

// serve answers everything that reaches the listener.
func (g *GitHub) serve(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	if g.ctx.Err() != nil {
		g.mu.Unlock()
		return
	}
	g.work.Add(1)
	g.mu.Unlock()
	defer g.work.Done()
	path := r.URL.EscapedPath()
	if rest, isAPI := strings.CutPrefix(path, "/api/v3"); isAPI && (rest == "" || rest[0] == '/') {
		g.serveAPI(w, r, rest)
		return
	}
	if path == "/api/graphql" {
		g.serveAPI(w, r, "/graphql")
		return
	}
	if g.serveGit(w, r) {
		return
	}
	g.mu.Lock()
	g.unknown = append(g.unknown, r.Method+" "+path)
	g.mu.Unlock()
	http.NotFound(w, r)
}

func (g *GitHub) serveAPI(w http.ResponseWriter, r *http.Request, path string) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	x := &Exchange{Method: r.Method, Path: path, Query: r.URL.RawQuery, RequestHeader: r.Header, RequestBody: body}
	segments, decoded := splitPath(path)
	g.mu.Lock()
	segments = g.byID(segments)
	op, params, known := g.find(r.Method, segments)
	if known {
		x.Route = op.method + " " + op.pattern
	}
	moved := g.movedBy(op, params, body)
	g.ids["exchange"]++
	x.N = int(g.ids["exchange"])
	g.mu.Unlock()
	if g.o.Before != nil {
		g.o.Before(*x)
	}
	defer moved.turn()()
	g.mu.Lock()
	fault := g.requestFault(*x)
	x.Fault = string(fault)
	c := &call{g: g, x: x, params: params, query: r.URL.Query(), stale: fault == FaultStale}
	out := faultReply(fault, g)
	if fault == FaultRefused {
		out = refusedOnce(x.Route)
	}
	switch {
	case out != nil || fault == FaultCutBefore:
	case err != nil:
		out = fail(http.StatusRequestEntityTooLarge, "Payload too big")
	case !decoded:
		out = fail(http.StatusBadRequest, "Bad Request")
	default:
		out = c.answer(op, known)
	}
	if fault == FaultErrorAfter {
		out = fail(http.StatusBadGateway, "Server Error")
	}
	c.finish(out, fault)
	late := g.late(fault)
	g.mu.Unlock()
	g.hold(r.Context(), late)
	send(w, x, fault)
	if g.o.Observe != nil {
		g.o.Observe(*x)
	}
}

// byID turns /repositories/{id}/... into /repos/{owner}/{name}/...
func (g *GitHub) byID(segments []string) []string {
	if len(segments) < 2 || segments[0] != "repositories" {
		return segments
	}
	id, err := strconv.ParseInt(segments[1], 10, 64)
	if err != nil || g.repos[id] == nil {
		return segments
	}
	r := g.repos[id]
	return append([]string{"repos", r.owner.Login, r.name}, segments[2:]...)
}

// answer does the operation.
func (c *call) answer(op route, known bool) *reply {
	var refusal *reply
	c.caller, refusal = c.g.identify(c.x.RequestHeader)
	if refusal != nil {
		return refusal
	}
	if !known {
		if c.x.Path != "" && c.x.Path != "/" {
			c.g.unknown = append(c.g.unknown, c.x.Method+" "+c.x.Path)
		}
		return notFound()
	}
	if limited := c.spend(op); limited != nil {
		return limited
	}
	if refusal := c.authorize(op); refusal != nil {
		return refusal
	}
	return op.handle(c)
}

// spend counts the request against the credential's hourly limit.
func (c *call) spend(op route) *reply {
	w := c.window()
	if op.pattern == "/rate_limit" {
		return nil
	}
	if w.used >= c.g.o.RateLimit {
		return fail(http.StatusForbidden, "API rate limit exceeded for "+c.callerName()+".")
	}
	w.used++
	return nil
}

func (c *call) window() *window {
	key := c.callerName()
	w := c.g.limits[key]
	if w == nil || !c.g.now().Before(w.reset) {
		w = &window{reset: c.g.now().Add(time.Hour)}
		c.g.limits[key] = w
	}
	return w
}

// callerName tells the holders of rate limits apart.
func (c *call) callerName() string {
	switch t := c.caller.token; {
	case t != nil && t.install != nil:
		return "installation ID " + itoa(t.install.ID)
	case t != nil:
		return "user ID " + itoa(t.user.ID)
	case c.caller.app != nil:
		return "app ID " + itoa(c.caller.app.ID)
	}
	return "127.0.0.1"
}

// actor is the account the caller acts as; nil for nobody.
func (c *call) actor() *User {
	if t := c.caller.token; t != nil && t.user != nil {
		return t.user
	}
	if c.caller.app != nil {
		return c.caller.app.bot
	}
	return nil
}

// finish turns the reply into the exchange's answer: headers, ETag, 304, and
// the records. A nil reply is a connection cut before anything happened.
func (c *call) finish(out *reply, fault Fault) {
	g, x := c.g, c.x
	if out != nil {
		x.Status, x.ResponseBody = out.status, out.raw
		if out.raw == nil && out.body != nil {
			x.ResponseBody = encode(out.body)
		}
		x.ResponseHeader = c.header(out)
		c.conditional()
	}
	if fault == FaultCutAfter || fault == FaultCutBefore {
		x.Status, x.ResponseHeader, x.ResponseBody = 0, nil, nil
	}
	if fault != FaultNone {
		g.log(Event{Kind: "fault", Actor: c.logName(), Text: string(fault) + ": " + x.Method + " " + x.Path})
	}
	g.requests = append(g.requests, Request{Method: x.Method, Path: x.Path, Query: x.Query, Route: x.Route,
		Caller: c.logName(), Status: x.Status, Fault: x.Fault})
}

func (c *call) logName() string {
	if u := c.actor(); u != nil {
		return u.Login
	}
	return ""
}

func (c *call) header(out *reply) http.Header {
	h := out.header.Clone()
	if h == nil {
		h = http.Header{}
	}
	w := c.window()
	h.Set("Date", c.g.now().Format(http.TimeFormat))
	h.Set("Server", "GitHub.com")
	h.Set("X-GitHub-Request-Id", strings.ToUpper(c.g.secret("request")[:32]))
	h.Set("X-GitHub-Media-Type", "github.v3; format=json")
	setDefault(h, "X-RateLimit-Limit", strconv.Itoa(c.g.o.RateLimit))
	setDefault(h, "X-RateLimit-Remaining", strconv.Itoa(c.g.o.RateLimit-w.used))
	setDefault(h, "X-RateLimit-Used", strconv.Itoa(w.used))
	setDefault(h, "X-RateLimit-Reset", itoa(w.reset.Unix()))
	h.Set("X-RateLimit-Resource", "core")
	h.Set("Vary", "Accept, Authorization, Cookie, X-GitHub-OTP,Accept-Encoding, Accept, X-Requested-With")
	switch {
	case out.kind != "":
		h.Set("Content-Type", out.kind)
	case out.body != nil:
		h.Set("Content-Type", "application/json; charset=utf-8")
	}
	return h
}

func setDefault(h http.Header, name, value string) {
	if h.Get(name) == "" {
		h.Set(name, value)
	}
}

// conditional gives readings an ETag, and answers 304 to who has it already:
// that costs nothing of the rate limit.
func (c *call) conditional() {
	x := c.x
	if x.Method != http.MethodGet || x.Status != http.StatusOK || x.Route == "GET /rate_limit" {
		return
	}
	sum := sha256.Sum256(append([]byte(x.Path+"?"+x.Query+"\n"+x.ResponseHeader.Get("Link")+"\n"), x.ResponseBody...))
	tag := `W/"` + hex.EncodeToString(sum[:]) + `"`
	x.ResponseHeader.Set("ETag", tag)
	x.ResponseHeader.Set("Cache-Control", "private, max-age=60, s-maxage=60")
	if strings.TrimPrefix(x.RequestHeader.Get("If-None-Match"), "W/") != strings.TrimPrefix(tag, "W/") {
		return
	}
	w := c.window()
	w.used--
	x.Status, x.ResponseBody = http.StatusNotModified, nil
	x.ResponseHeader.Del("Content-Type")
	x.ResponseHeader.Set("X-RateLimit-Remaining", strconv.Itoa(c.g.o.RateLimit-w.used))
	x.ResponseHeader.Set("X-RateLimit-Used", strconv.Itoa(w.used))
}

// send writes the answer, or cuts the connection.
func send(w http.ResponseWriter, x *Exchange, fault Fault) {
	if fault == FaultCutBefore || fault == FaultCutAfter {
		cut(w)
		return
	}
	for name, values := range x.ResponseHeader {
		w.Header()[name] = values
	}
	w.WriteHeader(x.Status)
	if x.Status != http.StatusNotModified && x.Status != http.StatusNoContent {
		_, _ = io.Copy(w, bytes.NewReader(x.ResponseBody))
	}
}

// cut ends the connection without an answer.
func cut(w http.ResponseWriter) {
	if hijacker, ok := w.(http.Hijacker); ok {
		if conn, _, err := hijacker.Hijack(); err == nil {
			_ = conn.Close()
			return
		}
	}
	panic(http.ErrAbortHandler)
}
