package git

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
)

// signing are the settings with which git signs a commit by a key file.
func signing(key string) []setting {
	return []setting{{"gpg.format", "ssh"}, {"user.signingKey", key}, {"gpg.ssh.program", "ssh-keygen"}}
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
	out, err := x.run(ctx, command{program: program, args: []string{"-y", "-P", "", "-f", key}, brief: true})
	if err != nil {
		return fmt.Errorf("read the signing key: %w; it must be an OpenSSH private key without a passphrase that only this user can read", err)
	}
	if kind, _, _ := strings.Cut(string(out), " "); kind != "ssh-ed25519" {
		return fmt.Errorf("the signing key is of kind %.40q: make one with ssh-keygen -t ed25519, for only those sign the same commit the same way each time", kind)
	}
	return nil
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
