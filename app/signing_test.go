package app_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/agentplane/agentplane/app"
)

func TestWhatLandsIsSigned(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"merge", "squash"} {
		t.Run(method, func(t *testing.T) {
			key := filepath.Join(t.TempDir(), "key")
			if out, err := exec.CommandContext(t.Context(), "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", key).CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			q := newQueued(t, method, func(s *setup) { s.app.SigningKey = key })
			one := q.propose("metadata", map[string]string{"src/content/b": "b\n"})
			two := q.propose("search", map[string]string{"src/pages/c": "c\n"})
			q.settle()
			q.integrate(one, two)
			landed := q.firstParents("integration/next", "main")
			if len(landed) != 2 {
				t.Fatalf("landed %v, want two commits: %s; %s", landed, q.lane(one), q.lane(two))
			}
			public, err := os.ReadFile(key + ".pub")
			q.must(err)
			signers := filepath.Join(t.TempDir(), "signers")
			q.must(os.WriteFile(signers, append([]byte("agentplane@users.noreply.github.com "), public...), 0o600))
			for _, sha := range landed {
				verdict := q.gitOut("-c", "gpg.format=ssh", "-c", "gpg.ssh.allowedSignersFile="+signers, "verify-commit", "-v", sha)
				if !strings.Contains(verdict, `Good "git" signature for agentplane@users.noreply.github.com with ED25519 key`) {
					t.Errorf("%s: %s", sha, verdict)
				}
			}
			q.invariants()
		})
	}
}

func TestAKeyThatCannotSignIsRefusedAtTheStart(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(s *setup) { s.dark = true })
	c := w.config
	c.Database, c.Mirrors = filepath.Join(t.TempDir(), "db"), t.TempDir()
	c.SigningKey = filepath.Join(t.TempDir(), "nowhere")
	a, err := app.New(t.Context(), c)
	if err == nil {
		w.must(a.Close())
	}
	if err == nil || !strings.Contains(err.Error(), "read the signing key: open "+c.SigningKey) {
		t.Errorf("the App starts, or says %v", err)
	}
}
