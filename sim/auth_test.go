package sim

import (
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v4"
	"github.com/google/go-github/v60/github"
)

func TestWebTokens(t *testing.T) {
	w := newWorld(t)
	now := w.clock.now().Unix()
	stranger, err := rsa.GenerateKey(rand.Reader, 1024)
	w.must(err)
	forged, err := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims{"iat": now, "exp": now + 60, "iss": itoa(w.app.ID)}).SignedString(stranger)
	w.must(err)
	symmetric, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"iat": now, "exp": now + 60, "iss": itoa(w.app.ID)}).SignedString([]byte("x"))
	w.must(err)
	claim := func(name string, value any) string {
		return w.jwt(w.app, func(c jwt.MapClaims) { c[name] = value })
	}
	for _, c := range []struct {
		name, auth string
		status     int
		why        string
	}{
		{"good", w.jwt(w.app, nil), 200, "as ghinstallation signs"},
		{"client id", claim("iss", w.app.ClientID), 200, "the client id is taken for the issuer too"},
		{"numeric issuer", claim("iss", w.app.ID), 200, "older clients send a number"},
		{"exp at the limit", claim("exp", now+600), 200, "ten minutes are allowed"},
		{"exp beyond it", claim("exp", now+601), 401, "more are not"},
		{"expired", claim("exp", now-1), 401, "the time is over"},
		{"from the future", claim("iat", now+60), 401, "clock ahead of GitHub's"},
		{"no iat", w.jwt(w.app, func(c jwt.MapClaims) { delete(c, "iat") }), 401, "it is required"},
		{"other key", "Bearer " + forged, 401, "the signature decides"},
		{"other algorithm", "Bearer " + symmetric, 401, "only RS256"},
		{"unknown App", claim("iss", "1"), 404, "Integration not found"},
		{"installation token", w.token(`null`), 401, "not a web token"},
		{"garbage", "Bearer a.b.c", 401, "cannot be decoded"},
		{"no scheme", "xyz", 401, "Bad credentials"},
		{"nobody", "", 401, "not signed in"},
	} {
		if got := w.call("GET", "/app", c.auth, ""); got.status != c.status || c.status != 200 && got.message() == "" {
			t.Errorf("%s (%s): %d %s, want %d", c.name, c.why, got.status, got.body, c.status)
		}
	}
}

func TestInstallationTokens(t *testing.T) {
	w := newWorld(t)
	other, err := w.g.Repo("octo", "other", map[string]string{"x": "x"})
	w.must(err)
	for _, c := range []struct {
		name, body string
		status     int
		why        string
	}{
		{"null", `null`, 201, "ghinstallation sends it for an unrestricted token"},
		{"nothing", ``, 201, "everything that was granted"},
		{"one repository", `{"repositories":["blog"]}`, 201, "by name"},
		{"by id", `{"repository_ids":[` + itoa(w.repo.ID) + `]}`, 201, "by number"},
		{"fewer permissions", `{"permissions":{"contents":"read"}}`, 201, "a subset"},
		{"lower level", `{"permissions":{"checks":"read"}}`, 201, "read is within write"},
		{"not installed", `{"repositories":["other"]}`, 422, "outside the installation"},
		{"not installed by id", `{"repository_ids":[` + itoa(other.ID) + `]}`, 422, "outside the installation"},
		{"not granted", `{"permissions":{"issues":"write"}}`, 422, "more than granted"},
		{"higher level", `{"permissions":{"contents":"write"}}`, 422, "more than granted"},
		{"no level", `{"permissions":{"contents":"some"}}`, 422, "no such level"},
		{"no JSON", `{`, 400, "Problems parsing JSON"},
		{"wrong type", `{"repositories":"blog"}`, 422, "a list is wanted"},
	} {
		path := "/app/installations/" + itoa(w.inst.ID) + "/access_tokens"
		if got := w.call("POST", path, w.jwt(w.app, nil), c.body); got.status != c.status {
			t.Errorf("%s (%s): %d %s, want %d", c.name, c.why, got.status, got.body, c.status)
		}
	}
	secret := strings.TrimPrefix(w.token(`null`), "Bearer ")
	if !strings.HasPrefix(secret, "ghs_"+itoa(w.app.ID)+"_") || len(secret) < 480 || strings.Count(secret, ".") != 2 || !strings.Contains(secret, "-") {
		t.Errorf("token looks like %q (%d characters)", secret, len(secret))
	}
}

// What a token may do: its own subset, for an hour, while the installation lasts.
func TestTokensEnd(t *testing.T) {
	w := newWorld(t)
	token := w.token(`null`)
	see := func(when string, want int, message string) {
		t.Helper()
		if got := w.call("GET", "/repos/octo/blog", token, ""); got.status != want || !strings.Contains(got.message(), message) {
			t.Errorf("%s: %d %q, want %d %q", when, got.status, got.message(), want, message)
		}
	}
	see("fresh", 200, "")
	w.clock.advance(59 * time.Minute)
	see("after 59 minutes", 200, "")
	w.inst.Suspend()
	see("suspended", 403, "This installation has been suspended")
	if got := w.call("POST", "/app/installations/"+itoa(w.inst.ID)+"/access_tokens", w.jwt(w.app, nil), ""); got.status != 403 {
		t.Errorf("minting while suspended: %d", got.status)
	}
	w.inst.Unsuspend()
	see("unsuspended", 200, "")
	w.clock.advance(time.Minute)
	see("after an hour", 401, "Bad credentials")
	token = w.token(`null`)
	w.inst.RemoveRepo(w.repo)
	see("repository taken away", 404, "Not Found")
	w.inst.AddRepo(w.repo)
	see("repository given back", 200, "")
	w.inst.Uninstall()
	see("uninstalled", 401, "Bad credentials")
	if got := w.call("GET", "/app/installations/"+itoa(w.inst.ID), w.jwt(w.app, nil), ""); got.status != 404 {
		t.Errorf("installation after it was removed: %d", got.status)
	}
}

func TestPermissions(t *testing.T) {
	w := newWorld(t)
	other, err := w.g.Repo("octo", "other", map[string]string{"x": "x"})
	w.must(err)
	open, err := w.g.Repo("octo", "open", map[string]string{"x": "x"})
	w.must(err)
	open.SetPrivate(false)
	head := w.repo.Tip("main")
	all, narrow := w.token(`null`), w.token(`{"permissions":{"contents":"read"}}`)
	run := `{"name":"x","head_sha":"` + head + `"}`
	reader := w.g.User("reader")
	w.must(w.repo.Collaborate(reader, "read"))
	_ = other
	for _, c := range []struct {
		method, path, auth, body string
		status                   int
		accepted, why            string
	}{
		{"GET", "/repos/octo/blog/pulls", all, "", 200, "", "granted"},
		{"POST", "/repos/octo/blog/pulls", all, `{"title":"x","head":"x","base":"main"}`, 403, "pull_requests=write", "only reading was granted"},
		{"GET", "/repos/octo/blog/commits/main/statuses", all, "", 403, "statuses=read", "never asked for"},
		{"GET", "/repos/octo/blog/pulls", narrow, "", 403, "pull_requests=read", "not in the token's subset"},
		{"POST", "/repos/octo/blog/check-runs", narrow, run, 403, "checks=write", "not in the token's subset"},
		{"GET", "/repos/octo/blog", narrow, "", 200, "", "metadata always"},
		{"GET", "/repos/octo/other", all, "", 404, "", "private and not in the installation"},
		{"GET", "/repos/octo/open", all, "", 200, "", "public"},
		{"POST", "/repos/octo/open/check-runs", all, run, 403, "checks=write", "public, and not in the installation"},
		{"GET", "/repos/octo/blog", "", "", 404, "", "private, nobody signed in"},
		{"GET", "/repos/octo/open", "", "", 200, "", "public, nobody signed in"},
		{"GET", "/repos/octo/blog", "token " + w.ann.Token, "", 200, "", "a collaborator"},
		{"GET", "/repos/octo/other", "token " + w.ann.Token, "", 404, "", "no collaborator of that one"},
		{"POST", "/repos/octo/blog/check-runs", "token " + w.ann.Token, run, 403, "", "check runs are for Apps"},
		{"POST", "/repos/octo/open/pulls", "", `{"title":"x","head":"x","base":"main"}`, 401, "", "nobody signed in"},
		{"GET", "/installation/repositories", "token " + w.ann.Token, "", 403, "", "for installations"},
		{"GET", "/user", all, "", 403, "", "an installation is no user"},
		{"GET", "/user", "token " + w.ann.Token, "", 200, "", "a person"},
		{"GET", "/repos/octo/blog/installation", w.jwt(w.app, nil), "", 200, "", "the App itself"},
		{"GET", "/repos/octo/other/installation", w.jwt(w.app, nil), "", 404, "", "not installed there"},
		{"GET", "/repos/octo/blog/pulls", w.jwt(w.app, nil), "", 401, "", "a web token is not for repositories"},
	} {
		got := w.call(c.method, c.path, c.auth, c.body)
		if got.status != c.status || got.header.Get("X-Accepted-Github-Permissions") != c.accepted {
			t.Errorf("%s %s (%s): %d %s, accepted permissions %q; want %d %q", c.method, c.path, c.why, got.status, got.message(),
				got.header.Get("X-Accepted-Github-Permissions"), c.status, c.accepted)
		}
		if c.accepted != "" && got.message() != "Resource not accessible by integration" {
			t.Errorf("%s %s: message %q", c.method, c.path, got.message())
		}
	}
}

// Two Apps see each other's check runs and cannot change them.
func TestTwoApps(t *testing.T) {
	w := newWorld(t)
	ci, err := w.g.RegisterApp([]byte("name: CI\nurl: https://ci.example.com\ndefault_permissions: {checks: write, contents: read}\n"), "", "")
	w.must(err)
	_, err = ci.Install("octo")
	w.must(err)
	head := w.repo.Tip("main")
	gh := w.client()
	mine, _, err := gh.Checks.CreateCheckRun(t.Context(), "octo", "blog", github.CreateCheckRunOptions{Name: "build", HeadSHA: head})
	w.must(err)
	w.g.mu.Lock()
	name := "build"
	theirs, refusal := w.repo.createRun(ci, checkRequest{Name: &name, HeadSHA: &head})
	w.g.mu.Unlock()
	if refusal != nil {
		t.Fatalf("second App's run: %v", refusal.body)
	}
	_, res, err := gh.Checks.UpdateCheckRun(t.Context(), "octo", "blog", theirs.id, github.UpdateCheckRunOptions{Name: "build", Conclusion: github.String("success")})
	var failed *github.ErrorResponse
	want := "Invalid app_id `" + itoa(w.app.ID) + "` - check run can only be modified by the GitHub App that created it."
	if statusOf(res) != http.StatusForbidden || !errors.As(err, &failed) || failed.Message != want {
		t.Errorf("changing the other App's run: %d %v", statusOf(res), err)
	}
	list, _, err := gh.Checks.ListCheckRunsForRef(t.Context(), "octo", "blog", "main", nil)
	w.must(err)
	if list.GetTotal() != 2 {
		t.Errorf("runs of both Apps with one name: %d, want 2", list.GetTotal())
	}
	list, _, err = gh.Checks.ListCheckRunsForRef(t.Context(), "octo", "blog", head, &github.ListCheckRunsOptions{AppID: &w.app.ID, CheckName: &name})
	w.must(err)
	if list.GetTotal() != 1 || list.CheckRuns[0].GetID() != mine.GetID() {
		t.Errorf("own runs by app_id and name: %v", list.CheckRuns)
	}
}

// What a manifest must not say is refused with its reason.
func TestManifests(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct{ manifest, problem string }{
		{"url: https://x.example\n", "needs a name"},
		{"name: X\nurl: https://x.example\ndefault_permissions: {checks: rw}\n", "is no level"},
		{"name: X\nurl: https://x.example\ndefault_events: [pull_request]\n", "needs permission to read pull_requests"},
		{"name: X\nurl: https://x.example\ndefault_events: [installation]\n", "always sent"},
		{"name: X\nurl: https://x.example\ndefault_events: [moon]\n", "not simulated"},
		{"name: X\nurl: https://x.example\npermissions: {}\n", "permissions"},
		{"name: agent plane\nurl: https://x.example\n", "already been taken"},
		{"{", "manifest"},
	} {
		if _, err := w.g.RegisterApp([]byte(c.manifest), "", ""); err == nil || !strings.Contains(err.Error(), c.problem) {
			t.Errorf("manifest %q: %v, want %q", c.manifest, err, c.problem)
		}
	}
}
