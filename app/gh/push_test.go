package gh

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
)

// moves moves a branch with a bare token.
func (w *world) moves(token, branch, sha string) (status int, body string) {
	w.t.Helper()
	return w.send(token, http.MethodPatch, "git/refs/heads/"+branch, `{"sha":"`+sha+`"}`)
}

// send asks GitHub with a bare token.
func (w *world) send(token, method, path, request string) (status int, body string) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.hub.URL()+"/api/v3/repos/octo/blog/"+path, strings.NewReader(request))
	w.must(err)
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	w.must(err)
	defer func() { _ = resp.Body.Close() }()
	all, err := io.ReadAll(resp.Body)
	w.must(err)
	return resp.StatusCode, string(all)
}

func TestPushTokensMayWhatTheInstallationGrants(t *testing.T) {
	for _, c := range []struct {
		workflows      string
		plain, touches int
		why            string
	}{
		{"write", 200, 200, "the owner lets the App write workflows"},
		{"none", 200, 403, "the owner does not: the App goes on landing what changes none"},
	} {
		t.Run(c.why, func(t *testing.T) {
			w := newWorld(t)
			w.must(w.inst.Grant("workflows", c.workflows))
			granted, err := w.Workflows(t.Context())
			if err != nil || granted != (c.workflows == "write") {
				t.Errorf("workflows: %v, %v", granted, err)
			}
			token, err := w.PushToken(t.Context())
			w.must(err)
			for _, branch := range []string{"plain", "touches"} {
				w.must(w.repo.Push(w.ann, branch, w.repo.Tip("main"), false))
			}
			if got, body := w.moves(token, "plain", w.commit("a", "a.txt")); got != c.plain {
				t.Errorf("a plain change: %d %s", got, body)
			}
			if got, body := w.moves(token, "touches", w.commit("b", ".github/workflows/ci.yml")); got != c.touches {
				t.Errorf("a change to a workflow: %d %s", got, body)
			}
		})
	}
}

func TestPushTokensAreTheLeast(t *testing.T) {
	w := newWorld(t)
	token, err := w.PushToken(t.Context())
	w.must(err)
	reading, err := w.GitToken(t.Context())
	w.must(err)
	w.must(w.repo.Push(w.ann, "x", w.repo.Tip("main"), false))
	if got, _ := w.moves(reading, "x", w.commit("a", "a.txt")); got != http.StatusForbidden {
		t.Errorf("the token for reading moved a branch: %d", got)
	}
	if got, body := w.send(token, http.MethodPost, "pulls", `{"title":"T","head":"a","base":"main"}`); got != http.StatusForbidden {
		t.Errorf("the token for pushing opened a pull request: %d %s", got, body)
	}
	again, err := w.PushToken(t.Context())
	if err != nil || again != token {
		t.Errorf("a second token was minted: %v", err)
	}
	w.RenewPushToken()
	if again, err = w.PushToken(t.Context()); err != nil || again == token {
		t.Errorf("the same token after it was refused: %v", err)
	}
}

// TestGrantsAreAskedOfGitHub: nothing is assumed, an answer is used for minutes, and no answer is an error.
func TestGrantsAreAskedOfGitHub(t *testing.T) {
	const route = "GET /app/installations/{installation_id}"
	w := newWorld(t)
	for range 3 {
		if granted, err := w.Workflows(t.Context()); err != nil || !granted {
			t.Fatalf("%v, %v", granted, err)
		}
	}
	if got := w.asked(route); got != 1 {
		t.Errorf("asked %d times at once", got)
	}
	w.must(w.inst.Grant("workflows", "none"))
	w.now = w.now.Add(grantFor)
	if granted, err := w.Workflows(t.Context()); err != nil || granted {
		t.Errorf("after it was taken back: %v, %v", granted, err)
	}
	w.inst.Uninstall()
	w.RenewPushToken()
	if _, err := w.Workflows(t.Context()); !Barred(err) {
		t.Errorf("without an installation: %v", err)
	}
	if _, err := w.PushToken(t.Context()); !Barred(err) {
		t.Errorf("without an installation: %v", err)
	}
}

func TestAGrantTakenBackCostsNoPush(t *testing.T) {
	w := newWorld(t)
	if _, err := w.Workflows(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.must(w.inst.Grant("workflows", "none"))
	token, err := w.PushToken(t.Context())
	w.must(err)
	w.must(w.repo.Push(w.ann, "x", w.repo.Tip("main"), false))
	if got, body := w.moves(token, "x", w.commit("a", "a.txt")); got != http.StatusOK {
		t.Errorf("%d %s", got, body)
	}
}

func TestPushTokensNeedTheirPermission(t *testing.T) {
	w := newWorld(t)
	w.must(w.inst.Grant("contents", "read"))
	if _, err := w.PushToken(t.Context()); !Ungranted(err) {
		t.Errorf("error %v", err)
	}
	w.inst.Suspend()
	w.RenewPushToken()
	if _, err := w.PushToken(t.Context()); !Barred(err) {
		t.Errorf("suspended: %v", err)
	}
}

func TestAnUnreadableGrantIsAnError(t *testing.T) {
	for _, c := range []struct {
		why, body string
		status    int
	}{
		{"GitHub is out of order", `{}`, 502},
		{"an answer without permissions", `{"id":7}`, 200},
		{"an answer about another installation", `{"id":8,"permissions":{"workflows":"write"}}`, 200},
		{"no JSON", `<html>`, 200},
	} {
		t.Run(c.why, func(t *testing.T) {
			h := newHub(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(c.status)
				_, _ = w.Write([]byte(c.body))
			})
			r := repoOn(t, appOn(t, h.URL))
			if granted, err := r.Workflows(t.Context()); err == nil || granted {
				t.Errorf("%v, %v", granted, err)
			}
			if token, err := r.PushToken(t.Context()); err == nil || token != "" {
				t.Errorf("%q, %v", token, errors.Unwrap(err))
			}
		})
	}
}
