package git

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestSignedCandidates(t *testing.T) {
	l := newLab(t)
	base := l.commit(text("a", "0", "b", "0"))
	one, two := l.commit(text("a", "1", "b", "0"), base), l.commit(text("a", "0", "b", "1"), base)
	r := l.mirrored(Limits{}, base, one, two)
	dir := t.TempDir()
	makeKey := func(kind, passphrase string) string {
		path := filepath.Join(dir, kind+passphrase)
		if out, err := exec.Command("ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", "", "-f", path).CombinedOutput(); err != nil { //nolint:gosec // a test
			t.Fatalf("%v: %s", err, out)
		}
		return path
	}
	key := makeKey("ed25519", "")
	o := CandidateOptions{SigningKey: key}
	made := candidate(t, r, base, o, one, two)
	if again := candidate(t, r, base, o, one, two); again[1].Commit != made[1].Commit {
		t.Errorf("signed twice, it is %s and %s", made[1].Commit, again[1].Commit)
	}
	if plain := candidate(t, r, base, CandidateOptions{}, one, two); plain[1].Commit == made[1].Commit || plain[1].Tree != made[1].Tree {
		t.Error("the signature changed more or less than the commit")
	}
	public, err := os.ReadFile(key + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	signers := filepath.Join(dir, "signers")
	if err := os.WriteFile(signers, []byte(who.Email+" "+string(public)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, m := range made {
		cmd := exec.Command("git", "-c", "gpg.format=ssh", "-c", "gpg.ssh.allowedSignersFile="+signers, "verify-commit", m.Commit) //nolint:gosec // a test
		cmd.Env = labEnv(r.dir)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", m.Commit, err, out)
		}
	}
	open, torn := makeKey("ed25519", "open"), makeKey("ed25519", "torn")
	for path, text := range map[string]string{open: read(t, key), torn: read(t, key)[:150]} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(open, 0o644); err != nil { //nolint:gosec // which is what is wrong with it
		t.Fatal(err)
	}
	for bad, want := range map[string]string{
		makeKey("ecdsa", ""):          "is of kind \"ecdsa-sha2-nistp256\": make one with ssh-keygen -t ed25519",
		makeKey("ed25519", "secret"):  "has a passphrase",
		key + ".pub":                  "without .pub",
		dir:                           "is a directory",
		filepath.Join(dir, "nowhere"): "no such file",
		open:                          "can be read by others: chmod 600",
		torn:                          "must be a whole OpenSSH private key",
	} {
		if _, err := r.Candidate(t.Context(), base, changesOf(one), CandidateOptions{SigningKey: bad}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("signed by %s: %v, want %q", bad, err, want)
		}
		if err := CheckSigningKey(t.Context(), bad); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("checked %s: %v, want %q", bad, err, want)
		}
	}
	for _, good := range []string{"", key} {
		if err := CheckSigningKey(t.Context(), good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path) //nolint:gosec // a test
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
