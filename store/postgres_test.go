package store_test

import (
	"context"
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// server is the PostgreSQL of this test binary: started by the first test that
// needs it, stopped by TestMain. AGENTPLANE_TEST_DATABASE names another one.
type server struct {
	once sync.Once
	url  string // of its database "postgres"
	err  error
	dir  string
	cmd  *exec.Cmd
	made atomic.Int64
}

var pg server

const installPostgres = "PostgreSQL is needed for the store's tests: apt-get install -y postgresql, or set AGENTPLANE_TEST_DATABASE=postgres://…"

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		os.Exit(child())
	}
	code := m.Run()
	pg.stop()
	os.Exit(code)
}

// freshPostgres makes an empty database and returns its URL.
func freshPostgres(t testing.TB) string {
	t.Helper()
	pg.once.Do(func() { pg.err = pg.start() })
	if pg.err != nil {
		t.Fatalf("%v\n%s", pg.err, installPostgres)
	}
	name := fmt.Sprintf("agentplane_%d_%d", os.Getpid(), pg.made.Add(1))
	pg.exec(t, `CREATE DATABASE `+name)
	t.Cleanup(func() { pg.exec(t, `DROP DATABASE `+name+` WITH (FORCE)`) })
	u, err := url.Parse(pg.url)
	must(t, err)
	u.Path = "/" + name
	return u.String()
}

func (s *server) exec(t testing.TB, query string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.url)
	must(t, err)
	defer conn.Close(ctx) //nolint:errcheck // a test's connection
	if _, err := conn.Exec(ctx, query); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

// start makes a cluster in a temporary folder, reachable by a socket in it only.
func (s *server) start() error {
	if s.url = os.Getenv("AGENTPLANE_TEST_DATABASE"); s.url != "" {
		return nil
	}
	initdb, err := binary("initdb")
	if err != nil {
		return err
	}
	server, err := binary("postgres")
	if err != nil {
		return err
	}
	if s.dir, err = os.MkdirTemp("", "pg"); err != nil {
		return err
	}
	as, err := unprivileged(s.dir)
	if err != nil {
		return err
	}
	data := filepath.Join(s.dir, "data")
	if out, err := as(exec.Command(initdb, "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")).CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	// The tests kill the store, never the server; only benchmarks need it to sync.
	fsync := "fsync=off"
	if flag.Lookup("test.bench").Value.String() != "" {
		fsync = "fsync=on"
	}
	s.cmd = as(exec.Command(server, "-D", data, "-k", s.dir, "-c", "listen_addresses=", "-c", "max_connections=300", "-c", "shared_buffers=64MB", "-c", fsync))
	log, err := os.Create(filepath.Join(s.dir, "log"))
	if err != nil {
		return err
	}
	s.cmd.Stdout, s.cmd.Stderr = log, log
	if err := s.cmd.Start(); err != nil {
		return fmt.Errorf("start postgres: %w", err)
	}
	s.url = "postgres://postgres@/postgres?host=" + url.QueryEscape(s.dir)
	return s.await(log.Name())
}

// await returns when the server answers.
func (s *server) await(log string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	retry := time.NewTicker(20 * time.Millisecond)
	defer retry.Stop()
	for {
		conn, err := pgx.Connect(ctx, s.url)
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-retry.C:
		case <-ctx.Done():
			said, _ := os.ReadFile(log)
			return fmt.Errorf("postgres does not answer: %w\n%s", err, said)
		}
	}
}

func (s *server) stop() {
	if s.cmd != nil && s.cmd.Process != nil {
		_ = s.cmd.Process.Signal(syscall.SIGINT) // fast shutdown
		_ = s.cmd.Wait()
	}
	if s.dir != "" {
		_ = os.RemoveAll(s.dir)
	}
}

// binary finds a program of PostgreSQL, which Debian keeps out of PATH. The
// real folder counts, because programs look for their files beside themselves.
func binary(name string) (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if len(found) > 0 {
		return found[len(found)-1], nil
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("find %s: %w", name, err)
	}
	return path, nil
}

// unprivileged gives the folder to a user that is not root, because postgres
// refuses to run as root, and returns what makes commands run as that user.
func unprivileged(dir string) (func(*exec.Cmd) *exec.Cmd, error) {
	if os.Getuid() != 0 {
		return func(c *exec.Cmd) *exec.Cmd { return c }, nil
	}
	var uid, gid uint32 = 65534, 65534
	if u, err := user.Lookup("postgres"); err == nil {
		id, err1 := strconv.ParseUint(u.Uid, 10, 32)
		group, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err1 != nil || err2 != nil {
			return nil, fmt.Errorf("user postgres has ids %q and %q", u.Uid, u.Gid)
		}
		uid, gid = uint32(id), uint32(group)
	}
	if err := os.Chown(dir, int(uid), int(gid)); err != nil {
		return nil, err
	}
	return func(c *exec.Cmd) *exec.Cmd {
		c.Dir = dir
		c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: gid}}
		return c
	}, nil
}
