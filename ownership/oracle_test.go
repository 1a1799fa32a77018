package ownership

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// plainGit runs git in a directory with nobody's configuration.
func plainGit(t *testing.T, dir string, stdin []byte, args ...string) []byte {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Stdin = dir, bytes.NewReader(stdin)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1", "LC_ALL=C"}
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if exit, ok := err.(*exec.ExitError); err != nil && (!ok || exit.ExitCode() != 1) {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, errs.String())
	}
	return out
}

// emptyRepository makes a repository without commits.
func emptyRepository(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	plainGit(t, dir, nil, "init", "-q", ".")
	plainGit(t, dir, nil, "config", "core.ignorecase", "false")
	return dir
}

// TestPatternsAgreeWithGit compares Match with git check-ignore --no-index on
// random pairs. Each pattern is the .gitignore of a directory of its own, so
// that one process answers for all of them.
func TestPatternsAgreeWithGit(t *testing.T) {
	seed := uint64(20240611)
	for round := range scale(1) {
		compareWithGit(t, rand.New(rand.NewPCG(seed, uint64(round))), 900, 360)
	}
}

// compareWithGit asks git and Match about every pattern and its paths.
func compareWithGit(t *testing.T, r *rand.Rand, patterns, paths int) {
	dir := emptyRepository(t)
	var stdin bytes.Buffer
	compiled := make([]Pattern, patterns)
	asked := make([][]string, patterns)
	for i := range compiled {
		compiled[i] = randomPattern(r)
		sub := filepath.Join(dir, fmt.Sprint("d", i))
		if err := os.Mkdir(sub, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(sub, ".gitignore"), []byte(compiled[i].String()+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		for range paths {
			path := randomPath(r)
			if r.IntN(4) > 0 {
				path = pathFor(r, compiled[i])
			}
			if !cleanPath(path) {
				path = "a"
			}
			asked[i] = append(asked[i], path)
			fmt.Fprintf(&stdin, "d%d/%s\x00", i, path)
		}
	}
	ignored := map[string]bool{}
	for _, path := range strings.Split(string(plainGit(t, dir, stdin.Bytes(), "check-ignore", "--no-index", "--stdin", "-z")), "\x00") {
		ignored[path] = true
	}
	pairs, matched, wrong := 0, 0, 0
	for i, p := range compiled {
		for _, path := range asked[i] {
			git := ignored[fmt.Sprintf("d%d/%s", i, path)]
			pairs++
			if git {
				matched++
			}
			if p.Match(path) != git {
				if wrong++; wrong <= 20 {
					t.Errorf("pattern %q, path %q: Match says %v, git %v", p, path, !git, git)
				}
			}
		}
	}
	t.Logf("%d pairs, %d match, %d differences", pairs, matched, wrong)
	if pairs < 300_000 || matched*5 < pairs*2 || matched*5 > pairs*4 {
		t.Errorf("%d pairs of which %d match: the comparison wants 300,000, from 40 to 80 %% of them matching", pairs, matched)
	}
}
