package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/agentplane/agentplane/git"
)

// Exit statuses, the same for every command.
const (
	exitOK       = 0 // done, and nothing stands in the way
	exitFindings = 1 // done, and something is wrong with what was looked at
	exitTrouble  = 2 // not done: wrong arguments, unreadable files, a machine that lacks something
)

// errFindings ends a command that has already told, on stdout, what is wrong.
var errFindings = errors.New("there are findings")

// errServing says that a server that had started ended by itself.
var errServing = errors.New("the server stopped")

// status is the exit status that an error stands for. What is not known to be a finding is trouble.
func status(err error) int {
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errFindings), errors.Is(err, errMissed), errors.Is(err, errServing):
		return exitFindings
	}
	return exitTrouble
}

// advice is an error with what to do next.
type advice struct {
	err  error
	next string
}

// advise adds what to do next to an error; nil stays nil.
func advise(err error, next string) error {
	if err == nil {
		return nil
	}
	return &advice{err: err, next: next}
}

func (a *advice) Error() string { return a.err.Error() }
func (a *advice) Unwrap() error { return a.err }

// report writes an error as "agentplane: what happened" and, below it and indented, what to do next.
func report(w io.Writer, err error) {
	if err == nil || errors.Is(err, errFindings) {
		return
	}
	what, next := explain(err)
	fmt.Fprintf(w, "agentplane: %s\n", visibleLines(what))
	if next != "" {
		fmt.Fprintf(w, "  %s\n", visibleLines(next))
	}
}

// explain takes an error apart into what happened and what to do next.
func explain(err error) (what, next string) {
	what = err.Error()
	var a *advice
	var refused *git.RefusedError
	switch {
	case errors.As(err, &a):
		next = a.next
	case errors.As(err, &refused):
		next = refused.Fix
	case errors.Is(err, context.Canceled):
		return "interrupted", ""
	case strings.HasPrefix(what, "unknown command "):
		next = "see agentplane --help"
	}
	if cut, ok := strings.CutSuffix(what, "; "+next); ok && next != "" {
		what = cut
	}
	return what, next
}

// warn writes one line that does not end the command.
func warn(w io.Writer, format string, args ...any) {
	fmt.Fprintf(w, "agentplane: %s\n", visibleLines(fmt.Sprintf(format, args...)))
}
