package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/agentplane/agentplane/ownership"
)

// contractFile is a contract as it lies on disk, or came in on stdin.
type contractFile struct {
	name string // as a person would write it; "stdin" for a stream
	path string // "" for a stream
	src  []byte
}

// readContractFile reads a contract from a file, from stdin ("-"), or, where nothing is named, from the top of the working
// tree. Parse refuses what is too large, so one byte more than it takes is read.
func readContractFile(c *cobra.Command, name string) (*contractFile, error) {
	if name == "-" {
		src, err := io.ReadAll(io.LimitReader(c.InOrStdin(), ownership.MaxSize+1))
		if err != nil {
			return nil, fmt.Errorf("read the contract from stdin: %w", err)
		}
		return &contractFile{name: "stdin", src: src}, nil
	}
	path := name
	if name == "" {
		var err error
		if path, err = findContract("."); err != nil {
			return nil, err
		}
		name = shown(path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, advise(fmt.Errorf("read the contract: %w", err), "name the file, or - for stdin")
	}
	src, err := io.ReadAll(io.LimitReader(f, ownership.MaxSize+1))
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("read the contract: %w", err)
	}
	return &contractFile{name: name, path: path, src: src}, nil
}

// folder is where to look for the repository that a contract belongs to.
func (f *contractFile) folder() string {
	if f.path == "" {
		return "."
	}
	return filepath.Dir(f.path)
}

// isContractOf tells whether the file is a repository's contract, or may become it.
func (f *contractFile) isContractOf(c *clone) bool {
	path, err := filepath.Abs(f.path)
	return f.path == "" || err == nil && path == filepath.Join(c.top, ownership.FileName)
}

// irregular says why the App would not read a file that is fine in itself, or "". It reads only a regular file without
// executable bits.
func (f *contractFile) irregular() string {
	if f.path == "" || filepath.Base(f.path) != ownership.FileName {
		return ""
	}
	info, err := os.Lstat(f.path)
	switch {
	case err != nil:
		return ""
	case info.Mode()&os.ModeSymlink != 0:
		return "the file is a symbolic link; on GitHub only a regular file is read"
	case !info.Mode().IsRegular():
		return "the file is no regular file; on GitHub only a regular file is read"
	case info.Mode()&0o111 != 0:
		return "the file is executable; on GitHub only a file with mode 100644 is read"
	}
	return ""
}
