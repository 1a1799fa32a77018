package git

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// newClient makes the client that asks remotes for references. It trusts what
// git is told to trust, and follows no redirect: a token goes to one host.
func newClient(o Options) (*http.Client, error) {
	wall := o.Limits.withDefaults().Wall
	transport := &http.Transport{
		MaxConnsPerHost: 8, MaxIdleConnsPerHost: 8, IdleConnTimeout: time.Minute, TLSHandshakeTimeout: 10 * time.Second,
		ForceAttemptHTTP2: true, MaxResponseHeaderBytes: 64 << 10, DisableCompression: true,
		// A connection that was forgotten on the way is left, and not only the question that waits on it.
		HTTP2: &http.HTTP2Config{SendPingTimeout: wall / 4, PingTimeout: wall / 8},
	}
	if o.Proxy != "" {
		proxy, err := url.Parse(o.Proxy)
		if err != nil || proxy.Host == "" {
			return nil, errors.New("the proxy is no address such as http://proxy.example:3128")
		}
		transport.Proxy = http.ProxyURL(proxy)
	}
	if o.CAFile != "" {
		pem, err := os.ReadFile(o.CAFile)
		if err != nil {
			return nil, fmt.Errorf("read the certificates to trust: %w", err)
		}
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s holds no certificate to trust", o.CAFile)
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	}
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &http.Client{Transport: transport, CheckRedirect: stay}, nil
}

// asking names what is done in errors.
const asking = "ask for references"

// list asks the remote for HEAD, and for the references whose names begin with
// one of the prefixes: one request of git's protocol version 2, as git itself
// makes it. `git ls-remote` would list every reference there is, which are two
// for each pull request that ever was, and asks twice.
//
// Source: https://git-scm.com/docs/protocol-v2#_ls_refs
func (r *Repo) list(ctx context.Context, prefixes ...string) (map[string]string, error) {
	if err := r.mayTalk(); err != nil {
		return nil, fmt.Errorf("%s: %w", asking, err)
	}
	token, err := r.token(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", asking, err)
	}
	within, cancel := context.WithTimeout(ctx, r.x.limits.Wall)
	defer cancel()
	req, err := http.NewRequestWithContext(within, http.MethodPost, r.remote.URL+"/git-upload-pack", bytes.NewReader(lsRefs(prefixes)))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", asking, redactURL(err))
	}
	if token != "" {
		req.SetBasicAuth("x-access-token", token)
	}
	for name, value := range map[string]string{
		"Content-Type": "application/x-git-upload-pack-request", "Accept": refsType, "Git-Protocol": "version=2", "User-Agent": "git/agentplane",
	} {
		req.Header.Set(name, value)
	}
	req.Header["X-Idempotency-Key"] = nil // it may be sent again on another connection; see net/http.Transport
	refs, err := r.ask(req)
	if err != nil {
		return nil, unanswered(ctx, err, token)
	}
	return refs, nil
}

// refsType is the media type of what git answers.
const refsType = "application/x-git-upload-pack-result"

// ask sends the request and reads the references. What cannot be read is no
// answer.
func (r *Repo) ask(req *http.Request) (map[string]string, error) {
	res, err := r.m.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	said := res.Header.Get("Content-Type")
	kind, _, _ := mime.ParseMediaType(said)
	switch {
	case res.StatusCode != http.StatusOK:
		return nil, &RemoteError{Kind: kindOf(res.StatusCode), Status: res.StatusCode, Op: asking, Detail: http.StatusText(res.StatusCode)}
	case kind != refsType:
		return nil, &RemoteError{Kind: Unavailable, Op: asking, Detail: fmt.Sprintf("is this a git repository? The remote answers with %q", said)}
	}
	body := io.LimitReader(res.Body, r.x.limits.Output)
	refs, err := readRefs(body)
	if err != nil {
		return nil, err
	}
	_, _ = io.CopyN(io.Discard, body, 1) // up to its end, else the connection serves no other question
	if len(refs) == 0 {                  // no HEAD either
		return nil, &RemoteError{Kind: Unavailable, Op: asking, Detail: "the remote lists no references, not even HEAD"}
	}
	return refs, nil
}

// unanswered is why there is no answer: the caller gave up, or else a
// *RemoteError, which does not tell the token if the remote does.
func unanswered(ctx context.Context, err error, token string) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", asking, context.Cause(ctx))
	}
	var remote *RemoteError
	if !errors.As(err, &remote) {
		remote = &RemoteError{Kind: Unavailable, Op: asking, Detail: redactURL(err).Error()}
	}
	_, secrets := authorization("", token)
	said := redact(remote.Detail, secrets)
	if len(said) > maxSaid {
		said = strings.ToValidUTF8(said[:maxSaid], "") + "…"
	}
	remote.Detail = said
	return remote
}

// maxSaid is how many bytes of what a remote says are told.
const maxSaid = 300

// kindOf is what a status means.
func kindOf(status int) RemoteKind {
	switch {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return Auth
	case status == http.StatusNotFound || status == http.StatusGone:
		return NotFound
	case status >= 300 && status < 400:
		return Moved
	}
	return Unavailable
}

// lsRefs is the request for HEAD and what begins with the prefixes.
func lsRefs(prefixes []string) []byte {
	var b bytes.Buffer
	packet := func(line string) { fmt.Fprintf(&b, "%04x%s\n", len(line)+5, line) }
	packet("command=ls-refs")
	packet("agent=git/agentplane")
	b.WriteString("0001")
	packet("ref-prefix HEAD")
	for _, p := range prefixes {
		packet("ref-prefix " + p)
	}
	b.WriteString("0000")
	return b.Bytes()
}

// readRefs reads packets "<id> <name>" up to the one that ends them. What git
// says behind a name is left out.
func readRefs(r io.Reader) (map[string]string, error) {
	refs := map[string]string{}
	for {
		line, end, err := readPacket(r)
		if err != nil || end {
			return refs, err
		}
		if said, bad := strings.CutPrefix(line, "ERR "); bad {
			return nil, fmt.Errorf("the remote says %q", said)
		}
		id, name, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		name, _, _ = strings.Cut(name, " ")
		if CheckID(id) != nil || name == "" || strings.ContainsFunc(name, func(c rune) bool { return c < ' ' || c == 0x7f }) {
			return nil, fmt.Errorf("the remote's reference line %q cannot be read", line)
		}
		refs[name] = id
	}
}

// readPacket reads one packet: four hexadecimal digits that count themselves,
// and the rest. end: it is the one that ends a list.
//
// Source: https://git-scm.com/docs/protocol-common#_pkt_line_format
func readPacket(r io.Reader) (line string, end bool, err error) {
	var digits [4]byte
	if _, err := io.ReadFull(r, digits[:]); err != nil {
		return "", false, fmt.Errorf("the remote's answer breaks off: %w", err)
	}
	var size [2]byte
	if _, err := hex.Decode(size[:], digits[:]); err != nil {
		return "", false, fmt.Errorf("the remote's answer is no packet: %.20q", digits)
	}
	n := int(size[0])<<8 | int(size[1])
	if n == 0 {
		return "", true, nil
	}
	if n < 5 {
		return "", false, fmt.Errorf("the remote's answer has a packet %q in the middle of a list", digits)
	}
	rest := make([]byte, n-4)
	if _, err := io.ReadFull(r, rest); err != nil {
		return "", false, fmt.Errorf("the remote's answer breaks off: %w", err)
	}
	return string(rest), false, nil
}
