package git

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// shell runs a shell command as a child, through an alias.
func shell(script string) command {
	return command{args: []string{"-c", "alias.lab=!" + script, "lab"}}
}

func testRunner(t *testing.T, l Limits) *runner {
	t.Helper()
	x, err := newRunner(Options{Limits: l})
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestChildLimits(t *testing.T) {
	x := testRunner(t, Limits{})
	out, err := x.run(t.Context(), shell("cat /proc/self/limits"))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"Max address space": "1073741824 +1073741824", "Max cpu time": "60 +65", "Max file size": "2147483648 +2147483648",
		"Max open files": "256 +256", "Max core file size": "0 +0",
	} {
		if !regexp.MustCompile(`(?m)^` + name + ` +` + want).Match(out) {
			t.Errorf("%s is not %s in:\n%s", name, want, out)
		}
	}
}

func TestChildEnvironment(t *testing.T) {
	for _, name := range []string{"GIT_DIR", "GIT_TRACE", "GIT_SSH_COMMAND", "HTTPS_PROXY", "GIT_CONFIG_PARAMETERS", "GIT_EXTERNAL_DIFF", "GIT_INDEX_FILE", "LD_PRELOAD_CANARY"} {
		t.Setenv(name, "hostile")
	}
	out, err := testRunner(t, Limits{}).run(t.Context(), shell("env"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(out), "hostile") {
		t.Errorf("something was inherited:\n%s", out)
	}
	for _, want := range []string{"GIT_NO_REPLACE_OBJECTS=1", "HOME=/nonexistent", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_ALLOW_PROTOCOL=\n", "LC_ALL=C"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("%q is missing", want)
		}
	}
}

func TestProtocolsAreRefused(t *testing.T) {
	l := newLab(t)
	l.ref("refs/heads/main", l.commit(text("a", "1")))
	x := testRunner(t, Limits{})
	for _, url := range []string{l.dir, "file://" + l.dir, "ext::sh -c id", "ssh://x/y", "git://127.0.0.1/x", "http://127.0.0.1:1/x", "https://u:p@127.0.0.1:1/x"} {
		if out, err := x.run(t.Context(), command{args: []string{"ls-remote", url}}); err == nil {
			t.Errorf("%s was asked: %s", url, out)
		} else if !strings.Contains(err.Error(), "not allowed") && !strings.Contains(err.Error(), "plaintext credentials") {
			t.Errorf("%s: %v", url, err)
		}
	}
}

func TestChildIsKilledWithItsGroup(t *testing.T) {
	pidFile := filepath.Join(t.TempDir(), "pid")
	script := "sleep 300 & echo $! > " + pidFile + "; wait"
	x := testRunner(t, Limits{Wall: 2 * time.Second})
	_, err := x.run(t.Context(), shell(script))
	var child *childError
	if !errors.As(err, &child) || !child.timeout || child.starved() {
		t.Fatalf("want a time-out, which is nobody's fault, got %v", err)
	}
	data, err := os.ReadFile(pidFile)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(5 * time.Second); alive(pid); {
		if time.Now().After(deadline) {
			t.Fatal("the grandchild is still alive")
		}
	}
}

// alive reports whether a process still runs; a zombie does not.
func alive(pid int) bool {
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	return err == nil && !strings.Contains(string(stat), ") Z ") && syscall.Kill(pid, 0) == nil
}

func TestChildOutcomes(t *testing.T) {
	x := testRunner(t, Limits{Output: 1 << 20, CPU: time.Second, Memory: 256 << 20})
	for _, tt := range []struct {
		name, script string
		starved      bool
	}{
		{"too much output", "yes", true},
		{"too much processor time", "while :; do :; done", true},
		{"killed", "kill -9 $$", true},
		{"out of memory", "echo fatal: Out of memory, malloc failed >&2; exit 128", true},
		{"what the remote says", "echo remote: fatal: Out of memory >&2; exit 128", false},
		{"another end", "exit 3", false},
	} {
		_, err := x.run(t.Context(), shell(tt.script))
		var child *childError
		if !errors.As(err, &child) || child.starved() != tt.starved {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

func TestStderrIsCappedAndRedacted(t *testing.T) {
	secret := "ghs_12." + strings.Repeat("s3cret-", 70)
	for lead := range 3 {
		for _, fill := range []int{0, maxError - 10, maxError + 10, 3 * maxError} {
			said := &tail{secrets: []string{secret}}
			for _, part := range []string{strings.Repeat("a", lead), secret, strings.Repeat("b", fill), secret[:100], secret[100:], "end"} {
				if _, err := said.Write([]byte(part)); err != nil {
					t.Fatal(err)
				}
			}
			got := said.String()
			if len(got) > maxError+len(secret) || strings.Contains(got, "s3cret") || !strings.HasSuffix(got, "[redacted]end") {
				t.Errorf("fill %d: %d bytes, %.100q…", fill, len(got), got)
			}
		}
	}
	x := testRunner(t, Limits{})
	c := shell("echo fatal: leaked " + secret + " >&2; exit 1")
	c.secrets = []string{secret}
	if _, err := x.run(t.Context(), c); err == nil || strings.Contains(err.Error(), "s3cret") || !strings.Contains(err.Error(), "[redacted]") {
		t.Errorf("got %v", err)
	}
}

func TestChildrenAtOnce(t *testing.T) {
	dir := t.TempDir()
	x := testRunner(t, Limits{Children: 2})
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			if _, err := x.run(t.Context(), shell("f="+dir+"/$$; touch $f; ls "+dir+" | wc -l >> "+dir+".max; sleep 0.05; rm $f")); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	data, err := os.ReadFile(dir + ".max")
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range strings.Fields(string(data)) {
		if n > "2" || len(n) > 1 {
			t.Errorf("%s children at once", n)
		}
	}
	x.slots <- struct{}{}
	x.slots <- struct{}{}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := x.run(ctx, shell("true")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("waiting must end with the context: %v", err)
	}
}

func TestVersionGate(t *testing.T) {
	for _, tt := range []struct {
		out      string
		ok, warn bool
	}{
		{"git version 2.38.0\n", true, true}, {"git version 2.37.9", false, false}, {"git version 1.99.1", false, false},
		{"git version 2.39.5 (Apple Git-154)", true, true}, {"git version 2.50.0.windows.1", true, true}, {"git version 2.50.1", true, false},
		{"git version 2.51.GIT", true, false}, {"git version 3.0", true, false}, {"", false, false}, {"git version x", false, false},
		{"git version 99999999999999999999.1", false, false},
	} {
		v, err := parseVersion(tt.out)
		warning := ""
		if err == nil {
			_, warning, err = gateVersion(v)
		}
		if (err == nil) != tt.ok || (warning != "") != tt.warn {
			t.Errorf("%q: %v %q %v", tt.out, v, warning, err)
		}
	}
	if v, _, err := CheckVersion(t.Context()); err != nil || v.Less(minVersion) {
		t.Errorf("here: %v %v", v, err)
	}
}

func TestOpenRefuses(t *testing.T) {
	if _, err := Open(t.Context(), Options{Root: "relative"}); err == nil {
		t.Error("a relative directory")
	}
	root := filepath.Join(t.TempDir(), "m")
	m, err := Open(t.Context(), Options{Root: root})
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(root)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("mode %v %v", info.Mode(), err)
	}
	x := testRunner(t, Limits{})
	x.prlimit = ""
	if x.requireLimits(false) == nil || x.requireLimits(true) != nil {
		t.Error("without prlimit only a demonstration may start")
	}
	if warnings, err := x.checkMachine(t.Context()); err != nil || !strings.Contains(strings.Join(warnings, " "), "prlimit(1) is missing") {
		t.Errorf("a clone must be told: %q %v", warnings, err)
	}
	for _, id := range []int64{0, -1} {
		if err := m.Repo(id, Remote{}).create(); err == nil {
			t.Errorf("repository id %d", id)
		}
	}
	old := filepath.Join(m.scratchRoot(), "run-1")
	if err := os.MkdirAll(old, 0o700); err != nil {
		t.Fatal(err)
	}
	past := time.Now().Add(-24 * time.Hour)
	if err := os.Chtimes(old, past, past); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), Options{Root: root}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(old); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a scratch repository of a killed process is left: %v", err)
	}
	full, err := Open(t.Context(), Options{Root: root, AllowHTTP: true, Limits: Limits{Free: 1 << 60}})
	if err != nil {
		t.Fatal(err)
	}
	l := newLab(t)
	l.ref("refs/heads/main", l.commit(text("a", "1")))
	if _, err := full.Repo(7, l.serve().remote()).Fetch(t.Context(), Ref{"refs/heads/main"}); err == nil || !strings.Contains(err.Error(), "make room") {
		t.Errorf("a full disk: %v", err)
	}
}
