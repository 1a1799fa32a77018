package git

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFetchTouchedShow(t *testing.T) {
	l := newLab(t)
	base := l.commit(text("a/x", "1\n", "b/y", "1\n", ".agentplane.yml", "version: 1\n"))
	main := l.commit(text("a/x", "1\n", "b/y", "2\n", ".agentplane.yml", "version: 1\n"), base)
	head := l.commit(text("a/x", "2\n", "b/y", "1\n", "c", "new", ".agentplane.yml", "version: 1\n"), base)
	l.ref("refs/heads/main", main)
	l.ref("refs/pull/1/head", head)
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

func TestFetchMissingRef(t *testing.T) {
	l := newLab(t)
	l.ref("refs/heads/x/refs/heads/main", l.commit(text("a", "1")))
	r := mirrors(t, Limits{}).Repo(7, l.serve().remote())
	_, err := r.Fetch(t.Context(), Ref{"refs/heads/main"})
	var missing *MissingRefError
	if !errors.As(err, &missing) || missing.Ref != "refs/heads/main" {
		t.Fatalf("a reference that only ends alike was taken: %v", err)
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
