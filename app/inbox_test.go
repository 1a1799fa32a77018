package app_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // a delivery signed with SHA-1 only must be refused
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// request is a delivery as GitHub would send it, for tests to spoil.
func request(w *world, body []byte) *http.Request {
	r := httptest.NewRequestWithContext(context.Background(), http.MethodPost, "/api/github/hook", bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-GitHub-Event", "push")
	r.Header.Set("X-GitHub-Delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958")
	r.Header.Set("X-Hub-Signature-256", "sha256="+signed(sha256.New, body))
	return r
}

func signed(kind func() hash.Hash, body []byte) string {
	mac := hmac.New(kind, []byte(hookSecret))
	_, _ = mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

func TestDeliveriesThatAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good := []byte(fmt.Sprintf(`{"ref":"refs/heads/main","after":"x","repository":{"id":%d,"full_name":"octo/blog"},"installation":{"id":%d}}`, w.repo.ID, w.inst.ID))
	cases := []struct {
		why   string
		spoil func(*http.Request)
		want  int
	}{
		{"as GitHub sends it", func(*http.Request) {}, 202},
		{"another method", func(r *http.Request) { r.Method = http.MethodGet }, 405},
		{"no signature", func(r *http.Request) { r.Header.Del("X-Hub-Signature-256") }, 401},
		{"SHA-1 only", func(r *http.Request) {
			r.Header.Del("X-Hub-Signature-256")
			r.Header.Set("X-Hub-Signature", "sha1="+signed(sha1.New, good))
		}, 401},
		{"SHA-1 in SHA-256's place", func(r *http.Request) { r.Header.Set("X-Hub-Signature-256", "sha1="+signed(sha1.New, good)) }, 401},
		{"another secret", func(r *http.Request) {
			mac := hmac.New(sha256.New, []byte("other"))
			_, _ = mac.Write(good)
			r.Header.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac.Sum(nil)))
		}, 401},
		{"an empty secret", func(r *http.Request) {
			mac := hmac.New(sha256.New, nil)
			_, _ = mac.Write(good)
			r.Header.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac.Sum(nil)))
		}, 401},
		{"another body", func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader(`{}`)) }, 401},
		{"a form", func(r *http.Request) { r.Header.Set("Content-Type", "application/x-www-form-urlencoded") }, 415},
		{"compressed", func(r *http.Request) { r.Header.Set("Content-Encoding", "gzip") }, 415},
		{"no event", func(r *http.Request) { r.Header.Del("X-GitHub-Event") }, 400},
		{"no id", func(r *http.Request) { r.Header.Del("X-GitHub-Delivery") }, 400},
		{"an id that is none", func(r *http.Request) { r.Header.Set("X-GitHub-Delivery", "../../etc") }, 400},
		{"an event we do not act on", func(r *http.Request) { r.Header.Set("X-GitHub-Event", "star") }, 200},
		{"larger than GitHub sends", func(r *http.Request) { r.ContentLength = 26 << 20 }, 413},
		{"endless, without a length", func(r *http.Request) {
			r.ContentLength = -1
			r.Body = io.NopCloser(io.LimitReader(zeros{}, 40<<20))
		}, 413},
	}
	for _, c := range cases {
		t.Run(c.why, func(t *testing.T) {
			r := request(w, good)
			c.spoil(r)
			answer := httptest.NewRecorder()
			w.app.Handler().ServeHTTP(answer, r)
			if answer.Code != c.want {
				t.Errorf("answered %d, want %d: %s", answer.Code, c.want, answer.Body)
			}
			if answer.Code >= 400 && strings.TrimSpace(answer.Body.String()) == "" {
				t.Error("the refusal does not say why")
			}
		})
	}
	w.settle()
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestADeliveryForAnotherTenantReadsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other, err := w.hub.Repo("rival", "secret", map[string]string{"README.md": "secret\n"})
	w.must(err)
	w.settle()
	body := []byte(fmt.Sprintf(`{"action":"opened","number":1,"pull_request":{"number":1,"head":{"ref":"x","sha":"y"}},
		"repository":{"id":%d,"full_name":"rival/secret"},"installation":{"id":%d}}`, other.ID, w.inst.ID))
	r := request(w, body)
	r.Header.Set("X-GitHub-Event", "pull_request")
	mark := w.hub.Mark()
	answer := httptest.NewRecorder()
	w.app.Handler().ServeHTTP(answer, r)
	if answer.Code != http.StatusAccepted {
		t.Fatalf("answered %d", answer.Code)
	}
	w.settle()
	for _, r := range w.hub.Requests(mark) {
		if strings.Contains(r.Path, "rival") && r.Status < 400 {
			t.Errorf("the App read %s %s: %d", r.Method, r.Path, r.Status)
		}
	}
}

func TestOperatorsEndpoints(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.commit("search", "agent/search", map[string]string{"src/pages/a.astro": "a\n"})
	w.open("search", "agent/search")
	w.settle()
	w.must(w.app.Sweep(t.Context()))
	w.settle()
	get := func(path string) *httptest.ResponseRecorder {
		answer := httptest.NewRecorder()
		w.app.Handler().ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		return answer
	}
	if a := get("/healthz"); a.Code != 200 {
		t.Errorf("/healthz %d", a.Code)
	}
	if a := get("/readyz"); a.Code != 200 || !strings.Contains(a.Body.String(), `"database":"ok"`) || !strings.Contains(a.Body.String(), "complete at") {
		t.Errorf("/readyz %d %s", a.Code, a.Body)
	}
	metrics := get("/metrics").Body.String()
	for _, want := range []string{
		`agentplane_deliveries_total{status="202"}`, `agentplane_verdicts_total{verdict="success"} `, `agentplane_check_runs_total{done="created"} `,
		`agentplane_job_seconds_count{kind="pull",outcome="done"}`, `agentplane_github_request_seconds_count{method="POST",status="201"}`,
		`agentplane_waiting_keys 0`, `agentplane_sweep_seconds_count{outcome="done"}`, "go_goroutines",
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("/metrics lacks %s", want)
		}
	}
	w.stop()
	if a := get("/readyz"); a.Code != 503 {
		t.Errorf("/readyz with a closed database: %d %s", a.Code, a.Body)
	}
}
