package git

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// lab is a real repository that tests write hostile history into.
type lab struct {
	t   testing.TB
	dir string
	n   int
}

func newLab(t testing.TB) *lab {
	t.Helper()
	l := &lab{t: t, dir: filepath.Join(t.TempDir(), "repo.git")}
	l.raw("", "init", "--quiet", "--bare", "-b", "main", l.dir)
	return l
}

// raw runs git with stdin in the lab, without any hardening.
func (l *lab) raw(stdin string, args ...string) string {
	l.t.Helper()
	out, err := l.try(stdin, args...)
	if err != nil {
		l.t.Fatalf("lab: %v", err)
	}
	return out
}

func (l *lab) try(stdin string, args ...string) (string, error) {
	cmd := exec.Command("git", args...)
	cmd.Env = labEnv(l.dir)
	cmd.Stdin = strings.NewReader(stdin)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("git %q: %w: %s", args, err, said.String())
	}
	return strings.TrimSuffix(string(out), "\n"), nil
}

func labEnv(gitDir string) []string {
	env := []string{
		"PATH=" + os.Getenv("PATH"), "HOME=/nonexistent", "LC_ALL=C", "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null",
		"GIT_AUTHOR_NAME=A", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_AUTHOR_DATE=@1700000000 +0000",
		"GIT_COMMITTER_NAME=A", "GIT_COMMITTER_EMAIL=a@example.com", "GIT_COMMITTER_DATE=@1700000000 +0000",
	}
	if gitDir != "" {
		env = append(env, "GIT_DIR="+gitDir)
	}
	return env
}

// file is one entry of a tree to be made. A zero mode is a plain file.
type file struct {
	data string
	mode uint32
	id   string // used instead of data when set
}

type tree map[string]file

// text makes a tree of plain files from pairs of path and contents.
func text(pairs ...string) tree {
	t := tree{}
	for i := 0; i < len(pairs); i += 2 {
		t[pairs[i]] = file{data: pairs[i+1]}
	}
	return t
}

// with returns t changed: a path with contents "-" is removed.
func (t tree) with(pairs ...string) tree {
	c := tree{}
	for p, f := range t {
		c[p] = f
	}
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] == "-" {
			delete(c, pairs[i])
			continue
		}
		c[pairs[i]] = file{data: pairs[i+1], mode: c[pairs[i]].mode}
	}
	return c
}

// lines is n numbered lines, with some replaced.
func lines(n int, swap ...string) string {
	var b strings.Builder
	for i := range n {
		line := fmt.Sprintf("line %d of a file with enough text to be found again", i)
		for j := 0; j < len(swap); j += 2 {
			if swap[j] == fmt.Sprint(i) {
				line = swap[j+1]
			}
		}
		b.WriteString(line + "\n")
	}
	return b.String()
}

// commit writes a tree and a commit with fast-import, which accepts every
// byte in a path. It gives no reference.
func (l *lab) commit(t tree, parents ...string) string {
	l.t.Helper()
	return l.write("deleteall\n", t, parents)
}

// change writes a commit that changes only the paths of t.
func (l *lab) change(parent string, t tree) string {
	l.t.Helper()
	return l.write("", t, []string{parent})
}

func (l *lab) write(start string, t tree, parents []string) string {
	l.t.Helper()
	l.n++
	ref := fmt.Sprintf("refs/lab/%d", l.n)
	var b strings.Builder
	fmt.Fprintf(&b, "commit %s\ncommitter A <a@example.com> %d +0000\ndata 1\nx\n", ref, 1700000000+l.n)
	for i, p := range parents {
		b.WriteString([]string{"from ", "merge "}[min(i, 1)] + p + "\n")
	}
	b.WriteString(start)
	paths := make([]string, 0, len(t))
	for p := range t {
		paths = append(paths, p)
	}
	slices.Sort(paths)
	for _, p := range paths {
		f := t[p]
		mode := cmp.Or(f.mode, ModeFile)
		if f.id != "" {
			fmt.Fprintf(&b, "M %o %s %s\n", mode, f.id, quotePath(p))
			continue
		}
		fmt.Fprintf(&b, "M %o inline %s\ndata %d\n%s\n", mode, quotePath(p), len(f.data), f.data)
	}
	l.raw(b.String(), "fast-import", "--quiet", "--force", "--date-format=raw")
	return l.raw("", "rev-parse", "--verify", ref)
}

func quotePath(p string) string {
	if !strings.ContainsFunc(p, func(c rune) bool { return c <= '"' || c == '\\' || c > '~' }) {
		return p
	}
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(p) {
		fmt.Fprintf(&b, "\\%03o", p[i])
	}
	return b.String() + `"`
}

// ref points a reference at a commit.
func (l *lab) ref(name, id string) { l.t.Helper(); l.raw("", "update-ref", "--", name, id) }

// server serves the lab over git's smart HTTP, to who shows the token.
type server struct {
	*httptest.Server
	lab    *lab
	mu     sync.Mutex
	calls  []string
	answer func(w http.ResponseWriter, r *http.Request) bool // true: answered
	before func(service string)
}

const labToken = "ghs_77.eyJhbGciOi-J9_canary" //nolint:gosec // a canary, not a credential

func (l *lab) serve() *server {
	s := &server{lab: l}
	s.Server = httptest.NewServer(s)
	l.t.Cleanup(s.Close)
	return s
}

// ServeHTTP answers like a git host.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.calls = append(s.calls, r.Method+" "+r.URL.RequestURI())
	answer, before := s.answer, s.before
	s.mu.Unlock()
	if answer != nil && answer(w, r) {
		return
	}
	if _, password, ok := r.BasicAuth(); !ok || password != labToken {
		w.Header().Set("WWW-Authenticate", `Basic realm="lab"`)
		http.Error(w, "no", http.StatusUnauthorized)
		return
	}
	path := strings.TrimPrefix(r.URL.Path, "/octo/blog.git")
	service := strings.TrimPrefix(cmp.Or(r.URL.Query().Get("service"), strings.TrimPrefix(path, "/")), "git-")
	if service != "upload-pack" && service != "receive-pack" {
		http.NotFound(w, r)
		return
	}
	if before != nil {
		before(service)
	}
	args := []string{service, "--stateless-rpc"}
	w.Header().Set("Cache-Control", "no-cache")
	if path == "/info/refs" {
		args = append(args, "--http-backend-info-refs")
		w.Header().Set("Content-Type", "application/x-git-"+service+"-advertisement")
		line := "# service=git-" + service + "\n"
		_, _ = fmt.Fprintf(w, "%04x%s0000", len(line)+4, line)
	} else {
		w.Header().Set("Content-Type", "application/x-git-"+service+"-result")
	}
	body := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(r.Body)
		if err != nil {
			return
		}
		body = z
	}
	cmd := exec.CommandContext(r.Context(), "git", append(args, s.lab.dir)...) //nolint:gosec // a test
	cmd.Env = append(labEnv(""), "GIT_PROTOCOL="+r.Header.Get("Git-Protocol"))
	cmd.Stdin, cmd.Stdout = body, w
	_ = cmd.Run()
}

func (s *server) url() string { return s.URL + "/octo/blog.git" }

func (s *server) remote() Remote {
	return Remote{URL: s.url(), Token: func(context.Context) (string, error) { return labToken, nil }}
}

func (s *server) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.calls)
}

func (s *server) setBefore(f func(string)) { s.set(func(s *server) { s.before = f }) }

func (s *server) setAnswer(f func(http.ResponseWriter, *http.Request) bool) {
	s.set(func(s *server) { s.answer = f })
}

func (s *server) set(f func(s *server)) { s.mu.Lock(); defer s.mu.Unlock(); f(s) }

// mirrors opens mirrors in a new directory.
func mirrors(t testing.TB, limits Limits) *Mirrors {
	t.Helper()
	m, err := Open(t.Context(), Options{
		Root: filepath.Join(t.TempDir(), "mirrors"), AllowHTTP: true, Limits: limits,
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	if err != nil {
		t.Fatalf("open mirrors: %v", err)
	}
	return m
}

// clone opens the lab as a developer's clone: what Touched does with it, it
// does with a mirror.
func (l *lab) local() *Repo {
	l.t.Helper()
	x, err := newRunner(Options{})
	if err != nil {
		l.t.Fatal(err)
	}
	return &Repo{x: x, clone: clone{git: l.dir, objects: filepath.Join(l.dir, "objects"), format: "sha1"}, maxPaths: x.limits.Paths}
}

func refusal(t testing.TB, err error, kind RefusedKind) *RefusedError {
	t.Helper()
	var e *RefusedError
	if !errors.As(err, &e) || e.Kind != kind {
		t.Fatalf("want refusal %q, got %v", kind, err)
	}
	return e
}

// changed is the paths of a Touch.
func changed(t *Touch) []string {
	out := []string{}
	for _, c := range t.Changes {
		out = append(out, c.Path)
	}
	return out
}

func repeat(s string, n int) string { return strings.Repeat(s, n) }

// appendAlternate lets the lab's plain git see what a scratch repository sees.
func appendAlternate(t testing.TB, s *scratch) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(s.repoDir.git, "objects/info/alternates"), []byte(s.repoDir.alternate+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}
