package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/agentplane/agentplane/ownership"
)

// clone is where a developer's working tree and its git directories lie. Only names are read from there; objects and
// verdicts come from package git.
type clone struct {
	top    string // of the working tree, absolute
	git    string // the worktree's own git directory
	common string // the git directory that all worktrees share
}

// findClone looks for the working tree that a directory is in. It returns nil where there is none.
func findClone(dir string) (*clone, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("find the working tree: %w", err)
	}
	for {
		entry := filepath.Join(dir, ".git")
		info, err := os.Stat(entry)
		switch {
		case err == nil && info.IsDir():
			return &clone{top: dir, git: entry, common: entry}, nil
		case err == nil:
			return linkedClone(dir, entry)
		case !errors.Is(err, fs.ErrNotExist):
			return nil, fmt.Errorf("find the working tree: %w", err)
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return nil, nil
		}
		dir = parent
	}
}

// linkedClone follows the .git file of a worktree or a submodule.
func linkedClone(top, entry string) (*clone, error) {
	dir, err := readName(entry, "gitdir: ")
	if err != nil {
		return nil, err
	}
	c := &clone{top: top, git: beside(top, dir)}
	c.common = c.git
	if shared, err := readName(filepath.Join(c.git, "commondir"), ""); err == nil {
		c.common = beside(c.git, shared)
	}
	return c, nil
}

// beside is a path that may be relative to a directory.
func beside(dir, path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(dir, path)
}

// readName reads a file of git's that holds one name behind a prefix.
func readName(file, prefix string) (string, error) {
	text, err := readUpTo(file, 4096)
	if err != nil {
		return "", err
	}
	name, ok := strings.CutPrefix(strings.TrimRight(string(text), "\r\n"), prefix)
	if !ok || name == "" || strings.ContainsAny(name, "\n\x00") {
		return "", fmt.Errorf("%q does not hold what git writes there", file)
	}
	return name, nil
}

// branch is the branch that HEAD stands on, or "" where it is detached.
func (c *clone) branch() string {
	name, err := readName(filepath.Join(c.git, "HEAD"), "ref: refs/heads/")
	if err != nil || name == ".invalid" { // what repositories with a reftable have there
		return ""
	}
	return name
}

// originHead is what refs/remotes/origin/HEAD points to, as "origin/main", or "".
func (c *clone) originHead() string {
	name, err := readName(filepath.Join(c.common, "refs", "remotes", "origin", "HEAD"), "ref: refs/remotes/")
	if err != nil {
		return ""
	}
	return name
}

// findContract looks for the contract from a directory upward, up to the top of the working tree. Outside one, only the
// directory itself counts.
func findContract(dir string) (string, error) {
	c, err := findClone(dir)
	if err != nil {
		return "", err
	}
	if c != nil {
		dir = c.top
	}
	file := filepath.Join(dir, ownership.FileName)
	if _, err := os.Lstat(file); errors.Is(err, fs.ErrNotExist) {
		where := "in this directory, which is no git working tree"
		if c != nil {
			where = fmt.Sprintf("at the top of the working tree %q", c.top)
		}
		return "", advise(fmt.Errorf("there is no %s %s", ownership.FileName, where),
			"write one (docs/contract.md; agentplane schema for your editor), or name the file")
	} else if err != nil {
		return "", fmt.Errorf("find the contract: %w", err)
	}
	return file, nil
}

// readUpTo reads a file of at most limit bytes.
func readUpTo(file string, limit int64) (text []byte, err error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return readAtMost(f, file, limit)
}

// readAtMost reads a stream that must end within limit bytes.
func readAtMost(r io.Reader, name string, limit int64) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, fmt.Errorf("read %q: %w", name, err)
	}
	if int64(len(text)) > limit {
		return nil, fmt.Errorf("read %q: it is larger than %d bytes", name, limit)
	}
	return text, nil
}

// shown is a file's name as a person would write it here: relative where that is shorter.
func shown(file string) string {
	here, err := os.Getwd()
	if err != nil {
		return file
	}
	if rel, err := filepath.Rel(here, file); err == nil && len(rel) < len(file) {
		return rel
	}
	return file
}
