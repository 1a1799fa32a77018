// Package main is the command agentplane: the GitHub App as a server, and the same judgement for a clone.
//
//	main      signals, exit status, the one style of errors
//	root      the tree of commands
//	serve     the App: flags and variables, all problems at once, graceful stop
//	check     a branch of a local clone, judged by the App's own code
//	lint      a contract: every problem with its place and remedy
//	owners    who owns a path, and by which line
//	schema    JSON Schemas
//	version   this program, Go and git
//	demo      the story of three agents on a simulated GitHub
//
// Results go to stdout, everything else to stderr. Whatever others wrote (paths, branches, contracts) is written out where
// it could move the cursor, colour the terminal or reorder text.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() { os.Exit(run(os.Args[1:])) }

// run executes one command line and returns its exit status. The first signal asks the command to end; a second one ends
// the process at once.
func run(args []string) int {
	ctx, stop := untilSignalled()
	defer stop()
	root := newRoot()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	report(root.ErrOrStderr(), err)
	return status(err)
}

// untilSignalled returns a context that ends with the first signal. Nobody hears of it before a second signal would end the
// process.
func untilSignalled() (context.Context, func()) {
	signalled, restore := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	ctx, cancel := context.WithCancel(context.Background())
	end := func() { restore(); cancel() }
	context.AfterFunc(signalled, end)
	return ctx, end
}
