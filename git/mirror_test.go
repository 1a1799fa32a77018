package git

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

func TestMirrorInDoubtIsFetchedAgain(t *testing.T) {
	write := func(path, data string) func(dir string) error {
		return func(dir string) error {
			full := filepath.Join(dir, path)
			if err := os.MkdirAll(filepath.Dir(full), 0o700); err != nil {
				return err
			}
			_ = os.Remove(full)
			return os.WriteFile(full, []byte(data), 0o700) //nolint:gosec // a hook
		}
	}
	packs := func(dir string, f func(string) error) error {
		found, err := filepath.Glob(filepath.Join(dir, "objects/pack/*.pack"))
		if err != nil || len(found) == 0 {
			return fmt.Errorf("no packs: %w", err)
		}
		for _, p := range found {
			if err := f(p); err != nil {
				return err
			}
		}
		return nil
	}
	for _, tt := range []struct {
		name string
		seen bool // before git runs at all
		harm func(dir string) error
	}{
		{"hook", true, write("hooks/update", "#!/bin/sh\nexit 0\n")},
		{"grafts", true, write("info/grafts", "")},
		{"attributes", true, write("info/attributes", "* merge=union\n")},
		{"alternates", true, write("objects/info/alternates", "/nonexistent\n")},
		{"shallow", true, write("shallow", "")},
		{"configuration", true, write("config", "[core]\n\tbare = true\n")},
		{"mode", true, func(dir string) error { return os.Chmod(dir, 0o755) }}, //nolint:gosec // the harm
		{"stale lock", false, func(dir string) error {
			return os.WriteFile(filepath.Join(dir, storedRef("refs/heads/main")+".lock"), nil, 0o600)
		}},
		{"pack deleted", false, func(dir string) error { return packs(dir, os.Remove) }},
		{"pack cut off", false, func(dir string) error {
			return packs(dir, func(p string) error { _ = os.Chmod(p, 0o600); return os.Truncate(p, 20) })
		}},
		{"reference to nothing", false, write(storedRef("refs/heads/main"), repeat("1", 40)+"\n")},
		{"reference of garbage", false, write(storedRef("refs/heads/main"), "garbage\n")},
		{"all gone", true, os.RemoveAll},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			base := l.commit(text("a", "1"))
			l.ref("refs/heads/main", base)
			r := mirrors(t, Limits{}).Repo(7, l.serve().remote())
			if _, err := r.Fetch(t.Context(), Ref{"refs/heads/main"}); err != nil {
				t.Fatal(err)
			}
			if err := tt.harm(r.dir); err != nil {
				t.Fatal(err)
			}
			if err := r.check(); (err != nil) != tt.seen {
				t.Errorf("looking at it found %v", err)
			}
			head := l.commit(text("a", "2"), base)
			l.ref("refs/heads/main", head)
			if _, err := r.Fetch(t.Context(), Ref{"refs/heads/main"}); err != nil {
				t.Fatal(err)
			}
			got, err := r.Touched(t.Context(), base, head)
			if err != nil || !slices.Equal(changed(got), []string{"a"}) {
				t.Fatalf("after the fetch: %v %v", got, err)
			}
			if err := r.check(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestReadingAMirrorInDoubt(t *testing.T) {
	l := newLab(t)
	base := l.commit(text("a", "1"))
	head := l.commit(text("a", "2"), base)
	l.ref("refs/heads/main", head)
	r := mirrors(t, Limits{}).Repo(7, l.serve().remote())
	if _, err := r.Touched(t.Context(), base, head); !errors.Is(err, errNoMirror) {
		t.Errorf("before any fetch: %v", err)
	}
	if _, err := r.Fetch(t.Context(), Ref{"refs/heads/main"}); err != nil {
		t.Fatal(err)
	}
	var missing *NotFoundError
	if _, err := r.Touched(t.Context(), base, repeat("1", 40)); !errors.As(err, &missing) {
		t.Errorf("a commit nobody fetched: %v", err)
	}
	if _, err := r.Show(t.Context(), repeat("1", 40), "a"); err == nil || errors.As(err, &missing) || !strings.Contains(err.Error(), "fetch it first") {
		t.Errorf("a file of a commit nobody fetched is unknown, not absent: %v", err)
	}
	if err := os.MkdirAll(filepath.Join(r.dir, "hooks"), 0o700); err != nil {
		t.Fatal(err)
	}
	var refused *RefusedError
	if _, err := r.Touched(t.Context(), base, head); err == nil || errors.As(err, &refused) || !strings.Contains(err.Error(), "hooks") {
		t.Errorf("our disk's fault must be an error to retry: %v", err)
	}
	if _, err := r.Fetch(t.Context(), Ref{"refs/heads/main"}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Touched(t.Context(), base, head); err != nil {
		t.Errorf("after the next fetch: %v", err)
	}
}

func TestReadingNeverGrowsTheMirror(t *testing.T) {
	l := newLab(t)
	base := l.commit(text("a", lines(9), "b", "1"))
	target := l.commit(text("a", lines(9, "1", "x"), "b", "1"), base)
	head := l.commit(text("a", lines(9, "7", "y"), "b", "2"), base)
	l.ref("refs/heads/main", target)
	l.ref("refs/pull/1/head", head)
	r := mirrors(t, Limits{}).Repo(7, l.serve().remote())
	if _, err := r.Fetch(t.Context(), Ref{"refs/heads/main"}, Ref{"refs/pull/1/head"}); err != nil {
		t.Fatal(err)
	}
	before := listing(t, r.dir)
	got, err := r.Touched(t.Context(), target, head)
	if err != nil || !slices.Equal(changed(got), []string{"a", "b"}) {
		t.Fatalf("%v %v", got, err)
	}
	if after := listing(t, r.dir); !slices.Equal(before, after) {
		t.Errorf("the mirror changed: %q → %q", before, after)
	}
}

// listing is every file below dir with its size and time.
func listing(t testing.TB, dir string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		out = append(out, fmt.Sprintf("%s %s %d %d", p, info.Mode(), info.Size(), info.ModTime().UnixNano()))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestFetchAtOnce(t *testing.T) {
	l := newLab(t)
	base := l.commit(text("a", "0"))
	var refs []Ref
	for i := range 8 {
		refs = append(refs, Ref{fmt.Sprintf("refs/pull/%d/head", i)})
		l.ref(refs[i].Remote, l.commit(text("a", fmt.Sprint(i)), base))
	}
	m := mirrors(t, Limits{})
	remote := l.serve().remote()
	var wg sync.WaitGroup
	for i := range refs {
		wg.Go(func() {
			r := m.Repo(7, remote)
			got, err := r.Fetch(t.Context(), refs[i], refs[0])
			if err != nil {
				t.Error(err)
				return
			}
			if touch, err := r.Touched(t.Context(), base, got[refs[i].Remote]); err != nil || len(touch.Changes) > 1 {
				t.Errorf("%v %v", touch, err)
			}
		})
	}
	wg.Wait()
}

// TestForcedChangeDuringFetch moves the pull request between the question and
// the transfer: what is returned is what was fetched.
func TestForcedChangeDuringFetch(t *testing.T) {
	l := newLab(t)
	base := l.commit(text("a", "0"))
	first, second := l.commit(text("a", "1"), base), l.commit(text("a", "2"), base)
	l.ref("refs/pull/1/head", first)
	srv := l.serve()
	var n atomic.Int32
	srv.setBefore(func(string) {
		if n.Add(1) == 2 { // after the question
			l.ref("refs/pull/1/head", second)
		}
	})
	r := mirrors(t, Limits{}).Repo(7, srv.remote())
	got, err := r.Fetch(t.Context(), Ref{"refs/pull/1/head"})
	if err != nil {
		t.Fatal(err)
	}
	if got["refs/pull/1/head"] != second {
		t.Errorf("got %v, want %s", got, second)
	}
	if id, err := r.Resolve(t.Context(), "refs/pull/1/head"); err != nil || id != second {
		t.Errorf("the mirror holds %s %v", id, err)
	}
	l.ref("refs/pull/1/head", first) // and back, not a descendant
	if got, err = r.Fetch(t.Context(), Ref{"refs/pull/1/head"}); err != nil || got["refs/pull/1/head"] != first {
		t.Errorf("a forced push back: %v %v", got, err)
	}
}

func TestReferenceBecomesDirectory(t *testing.T) {
	l := newLab(t)
	base := l.commit(text("a", "0"))
	l.ref("refs/heads/x", base)
	r := mirrors(t, Limits{}).Repo(7, l.serve().remote())
	if _, err := r.Fetch(t.Context(), Ref{"refs/heads/x"}); err != nil {
		t.Fatal(err)
	}
	l.raw("", "update-ref", "-d", "refs/heads/x")
	l.ref("refs/heads/x/y", base)
	l.ref("refs/heads/X", base)
	if _, err := r.Fetch(t.Context(), Ref{"refs/heads/x/y"}, Ref{"refs/heads/X"}); err != nil {
		t.Error(err)
	}
}

func TestHostileNames(t *testing.T) {
	l := newLab(t)
	base := l.commit(text("a", "1"))
	names := []string{
		"refs/heads/-x", "refs/heads/--upload-pack=id", "refs/heads/$(id)", "refs/heads/`id`", "refs/heads/<script>", "refs/heads/a;b",
		"refs/heads/" + repeat("a", 40), "refs/heads/\u202eevil", "refs/heads/'\"", "refs/heads/HEAD", "refs/heads/refs/heads/main", "refs/heads/a b"[:12] + "!b",
	}
	var refs []Ref
	for _, n := range names {
		l.ref(n, base)
		refs = append(refs, Ref{n})
	}
	r := mirrors(t, Limits{}).Repo(7, l.serve().remote())
	got, err := r.Fetch(t.Context(), refs...)
	if err != nil || len(got) != len(names) {
		t.Errorf("%v %v", got, err)
	}
	for _, bad := range []string{
		"", "main", "refs/heads", "refs/heads/", "-x", "--upload-pack=id", "refs/heads/a:refs/heads/b", "+refs/heads/a", "refs/heads/*", "^refs/heads/a",
		"refs/heads/a..b", "refs/heads/.a", "refs/heads/a.lock", "refs/heads/a.lock/b", "refs/heads/a//b", "refs/heads/a b", "refs/heads/a\nb", "refs/heads/a@{1}",
		"refs/heads/a\\b", "refs/heads/a~1", "refs/heads/a?", "refs/heads/a[b]", "refs/heads/\xff", "refs/heads/a.", "refs/heads/" + repeat("a", 2000),
	} {
		if _, err := r.Fetch(t.Context(), Ref{bad}); err == nil || !strings.Contains(err.Error(), "reference name") {
			t.Errorf("%q: %v", bad, err)
		}
		if len(bad) < 1000 && strings.HasPrefix(bad, "refs/heads/") && bad != "refs/heads/\xff" {
			if _, err := l.try("", "check-ref-format", bad); err == nil {
				t.Errorf("git allows %q, we refuse it", bad)
			}
		}
	}
}

func TestRemoteURLs(t *testing.T) {
	for _, tt := range []struct {
		url   string
		hosts []string
		http  bool
		ok    bool
	}{
		{url: "https://github.com/octo/blog.git", ok: true},
		{url: "https://ghe.example.com:8443/octo/blog.git", ok: true},
		{url: "https://github.com/octo/.github.git", ok: true},
		{url: "https://github.com/octo/blog.git", hosts: []string{"github.com"}, ok: true},
		{url: "https://evil.example/octo/blog.git", hosts: []string{"github.com"}},
		{url: "https://u:p@github.com/octo/blog.git"},
		{url: "https://github.com/octo/blog.git?x=1"},
		{url: "https://github.com/octo/blog.git#x"},
		{url: "https://github.com/octo/../x.git"},
		{url: "https://github.com/octo/a%2fb.git"},
		{url: "https://github.com/octo/ b.git"},
		{url: "https://-oProxyCommand=x/octo/blog.git"},
		{url: "http://github.com/octo/blog.git", http: true},
		{url: "http://127.0.0.1:99/octo/blog.git", http: true, ok: true},
		{url: "http://[::1]:99/octo/blog.git", http: true, ok: true},
		{url: "http://localhost/octo/blog.git", http: true, ok: true},
		{url: "http://127.0.0.1:99/octo/blog.git"},
		{url: "http://127.0.0.1.evil.example/octo/blog.git", http: true},
		{url: "file:///etc/repo.git"}, {url: "/etc/repo.git"}, {url: "ssh://git@github.com/octo/blog.git"},
		{url: "git@github.com:octo/blog.git"}, {url: "ext::sh -c id"}, {url: "--upload-pack=id"}, {url: ""}, {url: "https://"},
	} {
		err := checkURL(tt.url, tt.hosts, tt.http)
		if (err == nil) != tt.ok {
			t.Errorf("%q hosts %q http %v: %v", tt.url, tt.hosts, tt.http, err)
		}
		if err != nil && strings.Contains(err.Error(), "u:p") {
			t.Errorf("credentials in %v", err)
		}
	}
}

// TestSecretsStayInTheEnvironment looks at everything a child is given but its
// environment, and at everything it leaves behind.
func TestSecretsStayInTheEnvironment(t *testing.T) {
	l := newLab(t)
	l.ref("refs/heads/main", l.commit(text("a", "1")))
	srv := l.serve()
	r := mirrors(t, Limits{}).Repo(7, srv.remote())
	if _, err := r.Fetch(t.Context(), Ref{"refs/heads/main"}); err != nil {
		t.Fatal(err)
	}
	c, err := r.talk(t.Context(), command{args: []string{"ls-remote", r.remote.URL}})
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range r.x.argv(c) {
		for _, s := range c.secrets {
			if strings.Contains(a, s) {
				t.Errorf("argument %q holds a secret", a)
			}
		}
	}
	err = filepath.WalkDir(r.m.options.Root, func(p string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(p)
		if bytes.Contains(data, []byte(labToken)) || bytes.Contains(data, []byte(c.secrets[1])) {
			t.Errorf("%s holds a secret", p)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
