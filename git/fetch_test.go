package git

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestFetchTouchedShow(t *testing.T) {
	l := newLab(t)
	base := l.commit(text("a/x", "1\n", "b/y", "1\n", ".agentplane.yml", "version: 1\n"))
	main := l.commit(text("a/x", "1\n", "b/y", "2\n", ".agentplane.yml", "version: 1\n"), base)
	head := l.commit(text("a/x", "2\n", "b/y", "1\n", "c", "new", ".agentplane.yml", "version: 1\n"), base)
	l.ref("refs/heads/main", main)
	l.ref("refs/pull/1/head", head)
	l.ref("refs/tags/main", base) // shadows the branch where a short name is used
	l.ref("refs/tags/refs/heads/main", base)
	srv := l.serve()
	r := mirrors(t, Limits{}).Repo(7, srv.remote())
	got, err := r.Fetch(t.Context(), Ref{"refs/heads/main"}, Ref{"refs/pull/1/head"})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(map[string]string{"refs/heads/main": main, "refs/pull/1/head": head}, got); d != "" {
		t.Error(d)
	}
	touch, err := r.Touched(t.Context(), main, head)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"a/x", "c"}, changed(touch)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{".agentplane.yml", "a/x", "b/y", "c"}, touch.Paths); d != "" {
		t.Error(d)
	}
	f, err := r.Show(t.Context(), main, ".agentplane.yml")
	if err != nil || f.Mode != ModeFile || string(f.Data) != "version: 1\n" {
		t.Errorf("show: %+v %v", f, err)
	}
	var missing *NotFoundError
	if _, err := r.Show(t.Context(), main, "nope"); !errors.As(err, &missing) {
		t.Errorf("show of nothing: %v", err)
	}
}

func TestFetchNothingMoved(t *testing.T) {
	l := newLab(t)
	l.ref("refs/heads/main", l.commit(text("a", "1")))
	srv := l.serve()
	r := mirrors(t, Limits{}).Repo(7, srv.remote())
	for i := range 2 {
		if _, err := r.Fetch(t.Context(), Ref{"refs/heads/main"}); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			srv.set(func(s *server) { s.calls = nil })
		}
	}
	if n := srv.count(); n > 2 {
		t.Errorf("%d requests although nothing moved: %q", n, srv.calls)
	}
}

func TestFetchRemoteErrors(t *testing.T) {
	l := newLab(t)
	l.ref("refs/heads/main", l.commit(text("a", "1")))
	srv := l.serve()
	status := func(code int) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(code); return true }
	}
	for _, tt := range []struct {
		name   string
		answer func(http.ResponseWriter, *http.Request) bool
		want   RemoteKind
		status int
	}{
		{"401", status(401), Auth, 401},
		{"403", status(403), Auth, 403},
		{"404", status(404), NotFound, 404},
		{"429", status(429), Unavailable, 429},
		{"500", status(500), Unavailable, 500},
		{"502", status(502), Unavailable, 502},
		{"503 in the middle", func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method == http.MethodPost {
				w.WriteHeader(503)
			}
			return r.Method == http.MethodPost
		}, Unavailable, 503},
		{"redirect", func(w http.ResponseWriter, r *http.Request) bool {
			http.Redirect(w, r, "/other/blog.git/info/refs?service=git-upload-pack", http.StatusMovedPermanently)
			return true
		}, Moved, 301},
		{"not git", func(w http.ResponseWriter, _ *http.Request) bool {
			_, _ = w.Write([]byte("<html>maintenance</html>"))
			return true
		}, Unavailable, 0},
		{"cut", func(http.ResponseWriter, *http.Request) bool { panic(http.ErrAbortHandler) }, Unavailable, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			srv.set(func(s *server) { s.answer = tt.answer })
			r := mirrors(t, Limits{}).Repo(7, srv.remote())
			_, err := r.Fetch(t.Context(), Ref{"refs/heads/main"})
			var e *RemoteError
			if !errors.As(err, &e) || e.Kind != tt.want || e.Status != tt.status {
				t.Fatalf("want %s %d, got %v", tt.want, tt.status, err)
			}
			if strings.Contains(err.Error(), labToken) {
				t.Errorf("the token is in %v", err)
			}
		})
	}
}

// TestRedirectIsNotFollowed: a token must not travel to another address.
func TestRedirectIsNotFollowed(t *testing.T) {
	l := newLab(t)
	l.ref("refs/heads/main", l.commit(text("a", "1")))
	srv, other := l.serve(), l.serve()
	srv.setAnswer(func(w http.ResponseWriter, r *http.Request) bool {
		http.Redirect(w, r, other.URL+r.URL.RequestURI(), http.StatusMovedPermanently)
		return true
	})
	_, err := mirrors(t, Limits{}).Repo(7, srv.remote()).Fetch(t.Context(), Ref{"refs/heads/main"})
	var e *RemoteError
	if !errors.As(err, &e) || e.Kind != Moved || other.count() != 0 {
		t.Errorf("%d requests went elsewhere: %v", other.count(), err)
	}
}

func TestFetchUnreachableOrHanging(t *testing.T) {
	l := newLab(t)
	l.ref("refs/heads/main", l.commit(text("a", "1")))
	gone, hanging := l.serve(), l.serve()
	gone.Close()
	hanging.setAnswer(func(_ http.ResponseWriter, r *http.Request) bool {
		_, err := io.Copy(io.Discard, r.Body) // else the server does not see that the client has gone
		<-r.Context().Done()
		return err == nil
	})
	for name, srv := range map[string]*server{"gone": gone, "hanging": hanging} {
		_, err := mirrors(t, Limits{Wall: 2 * time.Second}).Repo(7, srv.remote()).Fetch(t.Context(), Ref{"refs/heads/main"})
		var e *RemoteError
		if !errors.As(err, &e) || e.Kind != Unavailable {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFetchTokens(t *testing.T) {
	l := newLab(t)
	l.ref("refs/heads/main", l.commit(text("a", "1")))
	srv := l.serve()
	m := mirrors(t, Limits{})
	var e *RemoteError
	for name, token := range map[string]string{"wrong": "ghs_wrong", "empty": "", "newline": "a\nX-Evil: 1"} {
		r := m.Repo(7, Remote{URL: srv.url(), Token: func(context.Context) (string, error) { return token, nil }})
		_, err := r.Fetch(t.Context(), Ref{"refs/heads/main"})
		if err == nil || name == "wrong" && (!errors.As(err, &e) || e.Kind != Auth) || token != "" && strings.Contains(err.Error(), token) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := m.Repo(7, Remote{URL: srv.url()}).Fetch(t.Context(), Ref{"refs/heads/main"}); !errors.As(err, &e) || e.Kind != Auth || e.Status != 401 {
		t.Errorf("no token: %v", err)
	}
	down := errors.New("no token today")
	r := m.Repo(7, Remote{URL: srv.url(), Token: func(context.Context) (string, error) { return "", down }})
	if _, err := r.Fetch(t.Context(), Ref{"refs/heads/main"}); !errors.Is(err, down) {
		t.Errorf("the cause is lost: %v", err)
	}
}

// TestRefVanishesDuringFetch deletes the reference between the question and
// the transfer.
func TestRefVanishesDuringFetch(t *testing.T) {
	l := newLab(t)
	l.ref("refs/heads/main", l.commit(text("a", "1")))
	l.ref("refs/pull/1/head", l.commit(text("a", "2")))
	srv := l.serve()
	var n atomic.Int32
	srv.setBefore(func(string) {
		if n.Add(1) == 2 { // after the question
			l.raw("", "update-ref", "-d", "refs/pull/1/head")
		}
	})
	_, err := mirrors(t, Limits{}).Repo(7, srv.remote()).Fetch(t.Context(), Ref{"refs/pull/1/head"})
	var missing *MissingRefError
	if !errors.As(err, &missing) || missing.Ref != "refs/pull/1/head" {
		t.Errorf("got %v", err)
	}
}

// TestFetchRefusesWhatIsNoCommit: a reference may lead to a tag or a blob.
func TestFetchRefusesWhatIsNoCommit(t *testing.T) {
	l := newLab(t)
	l.ref("refs/heads/main", l.commit(text("a", "1")))
	l.ref("refs/x/blob", l.raw("x", "hash-object", "-w", "--stdin"))
	_, err := mirrors(t, Limits{}).Repo(7, l.serve().remote()).Fetch(t.Context(), Ref{"refs/x/blob"}, Ref{"refs/heads/main"})
	if e := refusal(t, err, BadObjects); e.Ref != "refs/x/blob" {
		t.Errorf("got %v", e)
	}
}

func TestUpkeepAndForget(t *testing.T) {
	l := newLab(t)
	base := l.commit(text("a", "0"))
	srv := l.serve()
	r := mirrors(t, Limits{}).Repo(7, srv.remote())
	ids := []string{base}
	for i := range 5 {
		ids = append(ids, l.commit(text("a", strings.Repeat("x", i)), ids[i]))
		l.ref("refs/heads/main", ids[i+1])
		if _, err := r.Fetch(t.Context(), Ref{"refs/heads/main"}); err != nil {
			t.Fatal(err)
		}
	}
	if n, _ := r.packs(); n != 5 {
		t.Errorf("%d packs after 5 fetches", n)
	}
	r.upkeep(t.Context(), 4)
	if n, size := r.packs(); n != 1 || size == 0 {
		t.Errorf("%d packs of %d bytes after upkeep", n, size)
	}
	if err := r.check(); err != nil {
		t.Error(err)
	}
	if got, err := r.Touched(t.Context(), base, ids[5]); err != nil || len(got.Changes) != 1 {
		t.Errorf("%v %v", got, err)
	}
	if err := r.Forget(t.Context(), "refs/heads/main", "refs/heads/never"); err != nil {
		t.Fatal(err)
	}
	var missing *NotFoundError
	if _, err := r.Resolve(t.Context(), "refs/heads/main"); !errors.As(err, &missing) {
		t.Errorf("it is still known: %v", err)
	}
	if err := r.Delete(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Resolve(t.Context(), "refs/heads/main"); !errors.Is(err, errNoMirror) {
		t.Errorf("the mirror is still there: %v", err)
	}
	if got, err := r.Fetch(t.Context(), Ref{"refs/heads/main"}); err != nil || got["refs/heads/main"] != ids[5] {
		t.Errorf("after deleting: %v %v", got, err)
	}
}

// TestTwoProcesses has two sets of mirrors write the same directory.
func TestTwoProcesses(t *testing.T) {
	l := newLab(t)
	base := l.commit(text("a", "0"))
	srv := l.serve()
	one := mirrors(t, Limits{})
	two, err := Open(t.Context(), one.options)
	if err != nil {
		t.Fatal(err)
	}
	release, err := one.Repo(7, srv.remote()).writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := two.Repo(7, srv.remote()).writer(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("two writers at once: %v", err)
	}
	release()
	l.ref("refs/heads/main", base)
	for _, m := range []*Mirrors{two, one} {
		if _, err := m.Repo(7, srv.remote()).Fetch(t.Context(), Ref{"refs/heads/main"}); err != nil {
			t.Error(err)
		}
	}
}

func TestFetchMissingRef(t *testing.T) {
	l := newLab(t)
	l.ref("refs/heads/x/refs/heads/main", l.commit(text("a", "1")))
	l.ref("refs/heads/main2", l.commit(text("a", "2")))
	l.raw("", "symbolic-ref", "HEAD", "refs/heads/main2")
	r := mirrors(t, Limits{}).Repo(7, l.serve().remote())
	_, err := r.Fetch(t.Context(), Ref{"refs/heads/main"})
	var missing *MissingRefError
	if !errors.As(err, &missing) || missing.Ref != "refs/heads/main" {
		t.Fatalf("a reference that only begins or ends alike was taken: %v", err)
	}
}

func TestFetchCancelled(t *testing.T) {
	l := newLab(t)
	r := mirrors(t, Limits{}).Repo(7, l.serve().remote())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Fetch(ctx, Ref{"refs/heads/main"}); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
}
