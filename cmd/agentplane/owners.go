package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/agentplane/agentplane/ownership"
)

const ownersLong = `Says who owns each path, and by which line of the contract, with the never lines, approval classes and interfaces that
speak about it. Paths are relative to the current directory and need not exist. - reads them from stdin, one a line, or
separated by NUL.

The contract is .agentplane.yml at the top of the working tree, as it lies there; the App reads it from the default branch.

Exit status: 0 every path has an owner, 1 some have none, 2 it could not be told.`

const ownersExample = `  agentplane owners src/pages/index.astro package-lock.json
  git ls-files -z | agentplane owners -
  git diff --name-only -z origin/main... | agentplane owners - --format json`

// maxPathList bounds what is read from stdin, in bytes.
const maxPathList = 64 << 20

type ownersOptions struct{ format, contract string }

func newOwners() *cobra.Command {
	var o ownersOptions
	c := &cobra.Command{
		Use:     "owners [--contract FILE] [--format FORMAT] PATH…",
		Short:   "Say who owns a path, and by which line",
		Long:    ownersLong,
		Example: ownersExample,
		Args:    cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := twoFormats.check(c, o.format); err != nil {
				return err
			}
			return o.run(c, args)
		},
	}
	twoFormats.flag(c, &o.format)
	c.Flags().StringVar(&o.contract, "contract", "", "another contract `FILE`")
	return c
}

func (o ownersOptions) run(c *cobra.Command, args []string) error {
	contract, err := o.read(c)
	if err != nil {
		return err
	}
	paths, err := pathArguments(c.InOrStdin(), args)
	if err != nil {
		return err
	}
	answer := answerOwners(contract, paths)
	if o.format == "json" {
		err = printJSON(c.OutOrStdout(), answer)
	} else {
		err = printText(c.OutOrStdout(), answer.text())
	}
	if err == nil && answer.Unowned > 0 {
		err = errFindings
	}
	return err
}

// read parses the contract. A broken one decides nothing, so it is trouble, not a finding.
func (o ownersOptions) read(c *cobra.Command) (*ownership.Contract, error) {
	if o.contract == "-" {
		return nil, misused(c, errors.New("the contract is a file here: stdin is for paths"))
	}
	file, err := readContractFile(c, o.contract)
	if err != nil {
		return nil, err
	}
	contract, err := ownership.Parse(file.name, file.src)
	var problems ownership.SyntaxErrors
	if errors.As(err, &problems) {
		err = fmt.Errorf("the contract has %s, the first: %w", count(len(problems), "problem"), problems[0])
	}
	return contract, advise(err, "see all of them: agentplane lint "+shown(file.name))
}

// pathArguments turns arguments and stdin into paths from the top of the working tree.
func pathArguments(in io.Reader, args []string) ([]string, error) {
	here, err := os.Getwd()
	if err != nil {
		return nil, fmt.Errorf("find the current directory: %w", err)
	}
	top := here
	if c, err := findClone(here); err != nil {
		return nil, err
	} else if c != nil {
		top = c.top
	}
	var paths []string
	for _, arg := range args {
		list := []string{arg}
		if arg == "-" {
			if list, err = readPaths(in); err != nil {
				return nil, err
			}
		}
		for _, name := range list {
			path, err := fromTop(top, here, name)
			if err != nil {
				return nil, err
			}
			paths = append(paths, path)
		}
	}
	return paths, nil
}

// readPaths splits a list of paths: at NUL where there is one, else at line ends.
func readPaths(in io.Reader) ([]string, error) {
	text, err := readAtMost(in, "stdin", maxPathList)
	if err != nil {
		return nil, err
	}
	separator := "\n"
	if strings.Contains(string(text), "\x00") {
		separator = "\x00"
	}
	var paths []string
	for _, path := range strings.Split(string(text), separator) {
		if path != "" {
			paths = append(paths, path)
		}
	}
	return paths, nil
}

// fromTop is a path as git knows it. It is made from the text alone, but for directories, which have no owner themselves.
func fromTop(top, here, name string) (string, error) {
	whole := name
	if !filepath.IsAbs(name) {
		whole = filepath.Join(here, name)
	}
	rel, err := filepath.Rel(top, whole)
	if err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
		return "", advise(fmt.Errorf("%q is outside the working tree %q", name, top), "name paths inside it")
	}
	info, err := os.Lstat(whole)
	if strings.HasSuffix(name, "/") || rel == "." || err == nil && info.IsDir() {
		return "", advise(fmt.Errorf("%q is a directory; files have owners", name),
			"ask for its files: git ls-files -z DIRECTORY | agentplane owners -")
	}
	return filepath.ToSlash(rel), nil
}
