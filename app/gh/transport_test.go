package gh

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// hub is a server that issues tokens and leaves every other request to the test.
type hub struct {
	*httptest.Server
	minted atomic.Int32
	scopes sync.Map // token → body of the request that minted it
}

func newHub(t *testing.T, answer http.HandlerFunc) *hub {
	t.Helper()
	h := &hub{}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/access_tokens") {
			answer(w, r)
			return
		}
		n := h.minted.Add(1)
		var scope map[string]any
		_ = json.NewDecoder(r.Body).Decode(&scope)
		token := fmt.Sprintf("ghs_%d", n)
		h.scopes.Store(token, scope)
		w.WriteHeader(http.StatusCreated)
		_ = json.NewEncoder(w).Encode(map[string]any{"token": token, "expires_at": time.Now().Add(time.Hour)})
	}))
	t.Cleanup(h.Close)
	return h
}

func key(t *testing.T) []byte {
	t.Helper()
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(k)})
}

func appOn(t *testing.T, url string, change ...func(*Options)) *App {
	t.Helper()
	o := Options{URL: url, AppID: 1, PrivateKey: key(t)}
	for _, c := range change {
		c(&o)
	}
	a, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func repoOn(t *testing.T, a *App) *Repo {
	t.Helper()
	r, err := a.Repo(7, 42, "octo/blog")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

const pullJSON = `{"number":3,"state":"open","base":{"ref":"main","repo":{"id":42,"full_name":"octo/blog","default_branch":"main"}},"head":{"ref":"x","sha":"abc"}}`

func TestEveryFormOfALimitClosesTheGate(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	cases := []struct {
		why    string
		status int
		header map[string]string
		body   string
		wait   time.Duration // 0: not a limit
	}{
		{"seconds to wait", 429, map[string]string{"Retry-After": "30"}, `{}`, 30 * time.Second},
		{"a date to wait for", 403, map[string]string{"Retry-After": now.Add(90 * time.Second).Format(http.TimeFormat)}, `{}`, 90 * time.Second},
		{"the primary limit", 403, map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": fmt.Sprint(now.Add(10 * time.Minute).Unix())}, `{}`, 10 * time.Minute},
		{"a limit without any header", 429, nil, `{}`, time.Minute},
		{"a secondary limit named only in its message", 403, nil, `{"message":"You have exceeded a secondary rate limit."}`, time.Minute},
		{"a header nobody can read still is a limit", 403, map[string]string{"Retry-After": "soon"}, `{}`, time.Minute},
		{"a reset in the past waits the least", 403, map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1"}, `{}`, time.Minute},
		{"a missing permission is no limit", 403, nil, `{"message":"Resource not accessible by integration"}`, 0},
		{"an outage is no limit", 502, nil, `{}`, 0},
	}
	for _, c := range cases {
		t.Run(c.why, func(t *testing.T) {
			var asked atomic.Int32
			h := newHub(t, func(w http.ResponseWriter, _ *http.Request) {
				asked.Add(1)
				for k, v := range c.header {
					w.Header().Set(k, v)
				}
				w.WriteHeader(c.status)
				_, _ = w.Write([]byte(c.body))
			})
			r := repoOn(t, appOn(t, h.URL, func(o *Options) { o.Now = func() time.Time { return now } }))
			_, err := r.Pull(t.Context(), 3)
			var limit *RateLimitError
			if got := errors.As(err, &limit); got != (c.wait > 0) {
				t.Fatalf("a limit: %v, want %v: %v", got, c.wait > 0, err)
			}
			if c.wait == 0 {
				return
			}
			if want := now.Add(c.wait); !limit.Until.Equal(want) {
				t.Errorf("until %s, want %s", limit.Until, want)
			}
			if _, err := r.Pull(t.Context(), 3); !errors.As(err, &limit) || asked.Load() != 1 {
				t.Errorf("the second request was sent (%d in all): %v", asked.Load(), err)
			}
		})
	}
}

func TestAnUnstatedLimitDoubles(t *testing.T) {
	now := time.Unix(0, 0)
	g := newGate(time.Minute)
	for _, want := range []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 15 * time.Minute, 15 * time.Minute} {
		if got := g.close(7, 0, now).Sub(now); got != want {
			t.Errorf("wait %s, want %s", got, want)
		}
	}
	g.open(7)
	if got := g.close(7, 0, now).Sub(now); got != time.Minute {
		t.Errorf("after an answer: wait %s", got)
	}
	if !g.closedUntil(8).IsZero() {
		t.Error("another installation waits too")
	}
}

func TestNoTokenLeavesForAnotherHost(t *testing.T) {
	var leaked atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { leaked.Add(1) }))
	defer other.Close()
	h := newHub(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL+"/api/v3/repos/octo/blog/pulls/3", http.StatusTemporaryRedirect)
	})
	_, err := repoOn(t, appOn(t, h.URL)).Pull(t.Context(), 3)
	if err == nil || !strings.Contains(err.Error(), "refused to send a request to "+other.URL) {
		t.Errorf("error %v", err)
	}
	if leaked.Load() != 0 {
		t.Error("the other host was asked")
	}
}

func TestARenameIsFollowedOnTheSameHost(t *testing.T) {
	h := newHub(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/api/v3/repositories/42/") {
			_, _ = w.Write([]byte(pullJSON))
			return
		}
		http.Redirect(w, r, "/api/v3/repositories/42/pulls/3", http.StatusMovedPermanently)
	})
	p, err := repoOn(t, appOn(t, h.URL)).Pull(t.Context(), 3)
	if err != nil || p.Number != 3 {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestAnAnswerAboutAnotherRepositoryIsRefused(t *testing.T) {
	h := newHub(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(strings.Replace(pullJSON, `"id":42`, `"id":43`, 1)))
	})
	if _, err := repoOn(t, appOn(t, h.URL)).Pull(t.Context(), 3); err == nil || !strings.Contains(err.Error(), "repository 43, not 42") {
		t.Errorf("error %v", err)
	}
}

func TestAnEndlessAnswerIsCutOff(t *testing.T) {
	h := newHub(t, func(w http.ResponseWriter, _ *http.Request) {
		chunk := make([]byte, 1<<20)
		for range 2 * maxBody >> 20 {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	})
	if _, err := repoOn(t, appOn(t, h.URL)).Pull(t.Context(), 3); err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Errorf("error %v", err)
	}
}

func TestAnUnchangedAnswerIsAskedForConditionally(t *testing.T) {
	var full, unchanged atomic.Int32
	h := newHub(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"v1"`)
		if r.Header.Get("If-None-Match") == `"v1"` {
			unchanged.Add(1)
			w.WriteHeader(http.StatusNotModified)
			return
		}
		full.Add(1)
		_, _ = w.Write([]byte(pullJSON))
	})
	a := appOn(t, h.URL)
	for range 3 {
		if p, err := repoOn(t, a).Pull(t.Context(), 3); err != nil || p.Head.SHA != "abc" {
			t.Fatalf("%+v, %v", p, err)
		}
	}
	if full.Load() != 1 || unchanged.Load() != 2 {
		t.Errorf("%d full, %d unchanged", full.Load(), unchanged.Load())
	}
	if other, err := a.Repo(8, 42, "octo/blog"); err != nil {
		t.Fatal(err)
	} else if _, err := other.Pull(t.Context(), 3); err != nil || full.Load() != 2 {
		t.Errorf("another installation was served from the first one's cache: %v", err)
	}
}

func TestTheCacheStaysWithinItsBound(t *testing.T) {
	e := newETags(nil)
	for i := range 30 {
		resp := &http.Response{StatusCode: 200, Header: http.Header{}, Body: http.NoBody}
		resp.Body = http.MaxBytesReader(nil, noise(t, cacheBytes/5), cacheBytes)
		if _, err := e.keep(fmt.Sprint(i), `"x"`, resp); err != nil {
			t.Fatal(err)
		}
	}
	if e.size > cacheBytes || e.order.Len() != len(e.byURL) || e.order.Len() != 5 {
		t.Errorf("%d bytes, %d entries, %d keys", e.size, e.order.Len(), len(e.byURL))
	}
}

func noise(t *testing.T, n int) *readCloser {
	t.Helper()
	return &readCloser{strings.NewReader(strings.Repeat("x", n))}
}

type readCloser struct{ *strings.Reader }

func (*readCloser) Close() error { return nil }

func TestARefusedTokenIsReplacedOnce(t *testing.T) {
	var asked atomic.Int32
	h := newHub(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.Header.Get("Authorization") == "token ghs_1" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = w.Write([]byte(pullJSON))
	})
	r := repoOn(t, appOn(t, h.URL))
	if _, err := r.Pull(t.Context(), 3); err != nil {
		t.Fatal(err)
	}
	if h.minted.Load() != 2 || asked.Load() != 2 {
		t.Errorf("%d tokens, %d requests", h.minted.Load(), asked.Load())
	}
}

func TestTokensAreMintedForOneRepositoryAndOneUse(t *testing.T) {
	h := newHub(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(pullJSON)) })
	r := repoOn(t, appOn(t, h.URL))
	if _, err := r.Pull(t.Context(), 3); err != nil {
		t.Fatal(err)
	}
	git, err := r.GitToken(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	push, err := r.pushWorkflows.token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		push:    `{"permissions":{"contents":"write","metadata":"read","workflows":"write"},"repository_ids":[42]}`,
		"ghs_1": `{"permissions":{"checks":"write","metadata":"read","pull_requests":"read"},"repository_ids":[42]}`,
		git:     `{"permissions":{"contents":"read","metadata":"read"},"repository_ids":[42]}`,
	}
	for token, scope := range want {
		minted, _ := h.scopes.Load(token)
		if got, _ := json.Marshal(minted); string(got) != scope {
			t.Errorf("%s was minted with %s, want %s", token, got, scope)
		}
	}
}

func TestAddressesAreRefusedUnlessSafe(t *testing.T) {
	for url, want := range map[string]string{
		"https://github.com":         "https://api.github.com",
		"https://git.example.com/":   "https://git.example.com/api/v3",
		"http://127.0.0.1:80":        "http://127.0.0.1:80/api/v3",
		"http://git.example.com":     "",
		"https://a:b@git.example":    "",
		"ftp://127.0.0.1":            "",
		"git.example.com":            "",
		"https://git.example.com?x=": "",
	} {
		_, api, err := addresses(url)
		if api != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v", url, api, err)
		}
	}
	a := appOn(t, "https://git.example.com")
	for _, name := range []string{"", "octo", "octo/", "octo/..", "octo/a/b", "octo/a?b", "octo/a%2fb", "../x"} {
		if _, err := a.Repo(7, 42, name); err == nil {
			t.Errorf("the name %q was accepted", name)
		}
	}
}
