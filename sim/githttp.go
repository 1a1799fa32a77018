package sim

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// gitCall is one request of git's smart HTTP protocol.
type gitCall struct {
	g       *GitHub
	w       http.ResponseWriter
	r       *http.Request
	x       Exchange
	repo    *Repo
	by      *User
	who     pusher
	service string // "upload-pack" or "receive-pack"

	asked, told firstBytes // what Options.Observe sees of the bodies
}

// serveGit answers /owner/name.git/..., also without .git; false when the
// address is none of git's.
func (g *GitHub) serveGit(w http.ResponseWriter, r *http.Request) bool {
	name, action := cutGitPath(r.URL.Path)
	service := strings.TrimPrefix(r.URL.Query().Get("service"), "git-")
	if action != "info/refs" {
		service = strings.TrimPrefix(action, "git-")
	}
	method := http.MethodPost
	if action == "info/refs" {
		method = http.MethodGet
	}
	if name == "" || r.Method != method || service != "upload-pack" && service != "receive-pack" {
		return false
	}
	c := &gitCall{g: g, w: w, r: r, service: service,
		x: Exchange{Method: r.Method, Path: r.URL.EscapedPath(), Query: r.URL.RawQuery, Route: "git " + service, RequestHeader: r.Header}}
	g.mu.Lock()
	g.ids["exchange"]++
	c.x.N = int(g.ids["exchange"])
	g.mu.Unlock()
	body, err := c.read()
	if g.o.Before != nil {
		g.o.Before(c.x)
	}
	fault, done := c.begin(name)
	switch {
	case done:
	case err != nil:
		c.x.Status = http.StatusBadRequest
		http.Error(w, "request body: "+err.Error(), http.StatusBadRequest)
	default:
		c.run(action, body, fault)
	}
	c.record()
	return true
}

// cutGitPath splits "/owner/name.git/info/refs".
func cutGitPath(path string) (name, action string) {
	for _, action := range []string{"/info/refs", "/git-upload-pack", "/git-receive-pack"} {
		if name, ok := strings.CutSuffix(path, action); ok && strings.Count(name, "/") == 2 {
			return strings.TrimSuffix(strings.TrimPrefix(name, "/"), ".git"), action[1:]
		}
	}
	return "", ""
}

// begin decides about faults and permission; true when the answer is given.
func (c *gitCall) begin(name string) (Fault, bool) {
	c.g.mu.Lock()
	fault := c.g.requestFault(c.x)
	c.x.Fault = string(fault)
	status, text := c.authorize(name)
	if fault != FaultNone {
		c.g.log(Event{Kind: "fault", Actor: login(c.by), Text: string(fault) + ": " + c.x.Route + " " + name})
	}
	c.g.mu.Unlock()
	if status == http.StatusMovedPermanently {
		c.w.Header().Set("Location", text)
	}
	switch {
	case fault == FaultCutBefore:
		cut(c.w)
		return fault, true
	case fault == FaultServerError || fault == FaultBadGateway:
		status, text = http.StatusInternalServerError, "Server Error"
		if fault == FaultBadGateway {
			status = http.StatusBadGateway
		}
	}
	if status == 0 {
		return fault, false
	}
	if status == http.StatusUnauthorized {
		c.w.Header().Set("WWW-Authenticate", `Basic realm="GitHub"`)
	}
	c.x.Status = status
	http.Error(c.w, text, status)
	return fault, true
}

// authorize finds the repository and decides whether the caller may read or
// write it; a status of 0 means yes.
func (c *gitCall) authorize(name string) (int, string) {
	who, refusal := c.g.identify(c.r.Header)
	if refusal != nil || who.app != nil && who.token == nil {
		return http.StatusUnauthorized, "Invalid username or token. Password authentication is not supported for Git operations."
	}
	call := &call{g: c.g, caller: who}
	c.by = call.actor()
	c.who = call.pusher()
	c.repo = c.g.names[strings.ToLower(name)]
	if c.repo == nil || !call.sees(c.repo) {
		if who.token == nil {
			return http.StatusUnauthorized, "Repository not found."
		}
		return http.StatusNotFound, "Repository not found."
	}
	if !strings.EqualFold(name, c.repo.fullName()) {
		_, rest, _ := strings.Cut(strings.TrimPrefix(c.r.URL.RequestURI(), "/"), "/")
		_, rest, _ = strings.Cut(rest, "/")
		return http.StatusMovedPermanently, c.repo.webURL() + ".git/" + rest
	}
	if c.service == "receive-pack" {
		return c.authorizePush(who)
	}
	if t := who.token; t != nil && t.install != nil && t.covers(c.repo) && !t.may("contents", 1) {
		return http.StatusForbidden, "Write access to repository not granted."
	}
	return 0, ""
}

func (c *gitCall) authorizePush(who caller) (int, string) {
	denied := fmt.Sprintf("Permission to %s.git denied to %s.", c.repo.fullName(), login(c.by))
	switch t := who.token; {
	case t == nil:
		return http.StatusUnauthorized, "No anonymous write access."
	case t.install != nil && t.covers(c.repo) && t.may("contents", 2):
		return 0, ""
	case t.install != nil:
		return http.StatusForbidden, denied
	case c.repo.permission(t.user) == "write" || c.repo.permission(t.user) == "admin":
		return 0, ""
	}
	return http.StatusForbidden, denied
}

// run lets git answer.
func (c *gitCall) run(action string, body io.Reader, fault Fault) {
	args := []string{c.service, "--stateless-rpc", c.repo.Dir}
	kind := "application/x-git-" + c.service + "-result"
	if action == "info/refs" {
		args = []string{c.service, "--stateless-rpc", "--advertise-refs", c.repo.Dir}
		kind = "application/x-git-" + c.service + "-advertisement"
	}
	ctx, writes := c.r.Context(), c.writes(action)
	var out io.Writer = c.w
	var held bytes.Buffer
	if fault == FaultStale {
		args[len(args)-1] = c.replica()
	}
	if writes || fault == FaultCutAfter {
		out = &held // answered only after the push was announced
	}
	header := c.w.Header()
	header.Set("Content-Type", kind)
	header.Set("Cache-Control", "no-cache, max-age=0, must-revalidate")
	if action == "info/refs" && c.r.Header.Get("Git-Protocol") != "version=2" || action == "info/refs" && c.service == "receive-pack" {
		line := "# service=git-" + c.service + "\n"
		_, _ = fmt.Fprintf(out, "%04x%s0000", len(line)+4, line)
	}
	c.x.Status = http.StatusOK
	if writes {
		ctx = c.g.ctx // what has arrived goes through, also when the client is gone
		c.repo.writing <- struct{}{}
		defer func() { <-c.repo.writing }()
	}
	refused := false
	if writes {
		body, refused = c.refusePush(body, out, fault)
	}
	if !refused {
		c.child(ctx, args, io.TeeReader(body, &c.asked), io.MultiWriter(out, &c.told))
	}
	if writes {
		c.announce()
	}
	c.g.mu.Lock()
	late := c.g.late(fault)
	c.g.mu.Unlock()
	c.g.hold(c.r.Context(), late)
	if fault == FaultCutAfter {
		c.x.Status = 0
		cut(c.w)
		return
	}
	_, _ = io.Copy(c.w, &held)
}

// child runs git. Its failure is in its output, in git's protocol, or shows as
// an answer that breaks off.
func (c *gitCall) child(ctx context.Context, args []string, body io.Reader, out io.Writer) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Env = gitEnv()
	if protocol := c.r.Header.Get("Git-Protocol"); protocol != "" && len(protocol) < 100 {
		cmd.Env = append(cmd.Env, "GIT_PROTOCOL="+protocol)
	}
	var stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr, cmd.WaitDelay = body, out, &stderr, 5*time.Second
	if err := cmd.Run(); err != nil {
		c.g.o.Log.Debug("simulated github: git ended with an error", "service", c.service, "err", err, "stderr", stderr.String())
	}
}

func (c *gitCall) announce() {
	c.g.mu.Lock()
	defer c.g.mu.Unlock()
	if err := c.repo.announce(c.by); err != nil {
		c.g.o.Log.Error("simulated github could not announce a push", "repo", c.repo.fullName(), "err", err)
	}
}

// read reads what the client sends to its end, before anything is done with it.
func (c *gitCall) read() (io.Reader, error) {
	var body io.Reader = c.r.Body
	if c.r.Header.Get("Content-Encoding") == "gzip" {
		plain, err := gzip.NewReader(body)
		if err != nil {
			return nil, err
		}
		body = plain
	}
	all, err := io.ReadAll(body)
	c.x.RequestBody = all[:min(len(all), maxObserved)]
	return bytes.NewReader(all), err
}

func (c *gitCall) writes(action string) bool {
	return c.service == "receive-pack" && action != "info/refs"
}

func (c *gitCall) record() {
	c.g.mu.Lock()
	c.g.requests = append(c.g.requests, Request{Method: c.x.Method, Path: c.x.Path, Query: c.x.Query, Route: c.x.Route,
		Caller: login(c.by), Status: c.x.Status, Fault: c.x.Fault})
	c.g.mu.Unlock()
	if c.g.o.Observe != nil {
		c.x.RequestBody, c.x.ResponseBody = c.asked.bytes(), c.told.bytes()
		c.g.o.Observe(c.x)
	}
}

// maxObserved is how much of what git said and was answered an Exchange keeps.
const maxObserved = 64 << 10

// firstBytes keeps the beginning of what is written to it.
type firstBytes struct {
	mu   sync.Mutex // a body may still be read when git has ended
	kept []byte
}

func (f *firstBytes) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.kept = append(f.kept, p[:min(len(p), maxObserved-len(f.kept))]...)
	return len(p), nil
}

func (f *firstBytes) bytes() []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	return bytes.Clone(f.kept)
}

// AuthHeader is the Authorization header that signs git in with a token:
// `git -c http.extraHeader="Authorization: …"`.
func AuthHeader(token string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte("x-access-token:"+token))
}
