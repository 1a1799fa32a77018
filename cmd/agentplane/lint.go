package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/agentplane/agentplane/ownership"
)

const lintLong = `Checks a contract: every problem at once, with its place, the text in question and the remedy, and warnings for
what is valid and probably not meant. Without FILE it is .agentplane.yml at the top of the working tree; - is stdin.

Inside a git repository the claims are also held against the files that HEAD has: claims that match nothing, and files
that two agents own, are warnings.

Exit status: 0 the contract is valid, 1 it has problems (or warnings, with --strict), 2 it could not be read.`

const lintExample = `  agentplane lint
  agentplane lint --strict --format github   # in a workflow
  git show HEAD:.agentplane.yml | agentplane lint -`

type lintOptions struct {
	format string
	strict bool
}

func newLint() *cobra.Command {
	var o lintOptions
	c := &cobra.Command{
		Use:     "lint [FILE|-]",
		Short:   "Check a contract: every problem with its place and remedy",
		Long:    lintLong,
		Example: lintExample,
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := threeFormats.check(c, o.format); err != nil {
				return err
			}
			name := ""
			if len(args) == 1 {
				name = args[0]
			}
			file, err := readContractFile(c, name)
			if err != nil {
				return err
			}
			return o.run(c, file)
		},
	}
	threeFormats.flag(c, &o.format)
	c.Flags().BoolVar(&o.strict, "strict", false, "warnings count as problems")
	return c
}

// run checks one file and prints what was found.
func (o lintOptions) run(c *cobra.Command, file *contractFile) error {
	l, err := lintFile(c.Context(), file)
	if err != nil {
		return err
	}
	if l.unread != nil {
		warn(c.ErrOrStderr(), "the claims were not held against the repository's files: %s", l.unread)
	}
	if err := l.print(c.OutOrStdout(), o.format); err != nil {
		return err
	}
	if len(l.Problems) > 0 || o.strict && len(l.Warnings) > 0 {
		return errFindings
	}
	return nil
}

// linted is what was found in one file.
type linted struct {
	Form     int           `json:"agentplane"` // version of this form
	File     string        `json:"file"`
	Valid    bool          `json:"valid"`
	Problems []lintProblem `json:"problems"`
	Warnings []lintWarning `json:"warnings"`

	contract *ownership.Contract
	src      []byte
	unread   error // why the repository's files were not looked at
}

// lintProblem is one problem. Line and Column count from 1, Column in characters.
type lintProblem struct {
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Text    string `json:"text,omitempty"`
	Message string `json:"message"`
	Fix     string `json:"fix,omitempty"`
}

type lintWarning struct {
	Line    int    `json:"line,omitempty"`
	Message string `json:"message"`
	Fix     string `json:"fix,omitempty"`
}

// lintFile finds problems, or, in a valid contract, warnings.
func lintFile(ctx context.Context, file *contractFile) (*linted, error) {
	l := &linted{Form: 1, File: file.name, src: file.src, Problems: []lintProblem{}, Warnings: []lintWarning{}}
	contract, err := ownership.Parse(file.name, file.src)
	var problems ownership.SyntaxErrors
	switch {
	case errors.As(err, &problems):
		for _, p := range problems {
			l.Problems = append(l.Problems, lintProblem{Line: p.Line, Column: p.Col, Text: p.Text, Message: p.Msg, Fix: p.Fix})
		}
		return l, nil
	case err != nil:
		return nil, fmt.Errorf("read the contract: %w", err)
	}
	l.contract, l.Valid = contract, true
	if why := file.irregular(); why != "" {
		l.warn(1, why, "make it a regular file: chmod 644, and no link")
	}
	for _, w := range ownership.Lint(contract) {
		l.warn(w.Line, w.Msg, w.Fix)
	}
	l.unread = l.againstFiles(ctx, file)
	return l, nil
}

func (l *linted) warn(line int, message, fix string) {
	l.Warnings = append(l.Warnings, lintWarning{Line: line, Message: message, Fix: fix})
}
