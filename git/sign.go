package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// signing are the settings with which git signs a commit by a key file.
func signing(key string) []setting {
	return []setting{{"gpg.format", "ssh"}, {"user.signingKey", key}, {"gpg.ssh.program", "ssh-keygen"}}
}

// maxKeyFile bounds the file of a signing key, in bytes.
const maxKeyFile = 64 << 10

// CheckSigningKey says why commits cannot be signed with a file, and what to do
// about it. "" is no key, and fine.
func CheckSigningKey(ctx context.Context, file string) error {
	x, err := newRunner(Options{})
	if err != nil {
		return err
	}
	return x.checkSigningKey(ctx, file)
}

// checkSigningKey asks OpenSSH whether a file is a key that signs the same
// thing the same way each time. "" is no key, and fine.
func (x *runner) checkSigningKey(ctx context.Context, key string) error {
	if key == "" {
		return nil
	}
	program, err := exec.LookPath("ssh-keygen")
	if err == nil {
		program, err = filepath.Abs(program)
	}
	if err != nil {
		return fmt.Errorf("sign commits: %w; install OpenSSH's client", err)
	}
	if err := checkKeyFile(key); err != nil {
		return err
	}
	out, err := x.run(ctx, command{program: program, args: []string{"-y", "-P", "", "-f", key}, brief: true})
	if err != nil {
		return unusableKey(key, err)
	}
	if kind, _, _ := strings.Cut(string(out), " "); kind != "ssh-ed25519" {
		return fmt.Errorf("the signing key %s is of kind %.40q: make one with ssh-keygen -t ed25519, for only those sign the same commit the same way each time", key, kind)
	}
	return nil
}

// checkKeyFile refuses what is no private key in OpenSSH's form by its looks.
func checkKeyFile(key string) error {
	f, err := os.Open(key) //nolint:gosec // the operator named it
	if err != nil {
		return fmt.Errorf("read the signing key: %w", err)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxKeyFile))
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("read the signing key: %w", err)
	}
	if !bytes.Contains(text, []byte("-----BEGIN OPENSSH PRIVATE KEY-----")) {
		return fmt.Errorf("the signing key %s is no private key in OpenSSH's form: give the file without .pub that ssh-keygen -t ed25519 made", key)
	}
	return nil
}

// unusableKey says why OpenSSH did not read a private key.
func unusableKey(key string, err error) error {
	var child *childError
	said := ""
	if errors.As(err, &child) {
		said = child.stderr
	}
	switch {
	case strings.Contains(said, "too open"):
		return fmt.Errorf("the signing key %s can be read by others: chmod 600 it, and make another if anyone may have seen it", key)
	case strings.Contains(said, "passphrase"):
		return fmt.Errorf("the signing key %s has a passphrase, and nobody is there to type it: make a key of its own without one, ssh-keygen -t ed25519 -N ''", key)
	}
	return fmt.Errorf("read the signing key %s: %w; it must be a whole OpenSSH private key", key, err)
}

// commitTree writes a commit, signed if there is a key.
func (s *scratch) commitTree(ctx context.Context, tree string, parents []string, c Commit, key string) (string, error) {
	args := []string{"commit-tree", tree}
	for _, p := range parents {
		args = append(args, "-p", p)
	}
	run := command{
		dir: s.repoDir, stdin: []byte(c.Message),
		env: append(c.Author.env("AUTHOR"), c.Committer.env("COMMITTER")...),
	}
	if key != "" {
		args = append(args, "-S")
		run.settings = signing(key)
		run.env = append(run.env, "TMPDIR="+s.repoDir.git)
	}
	run.args = append(args, "-F", "-")
	out, err := s.x.run(ctx, run)
	if err != nil {
		return "", err
	}
	id := strings.TrimSpace(string(out))
	return id, CheckID(id)
}

// check refuses what git would drop, read differently, or not store.
func (c Commit) check() error {
	if err := errors.Join(CheckID(c.Head), c.Author.check(), c.Committer.check()); err != nil {
		return err
	}
	if strings.Contains(c.Message, "\x00") || len(c.Message) > maxMessage {
		return fmt.Errorf("the message holds a NUL or is longer than %d bytes", maxMessage)
	}
	return nil
}
