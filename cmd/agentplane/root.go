package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

const rootLong = `agentplane keeps several coding agents on one repository within their bounds. Each agent has a branch and paths
in the contract, .agentplane.yml on the default branch. The GitHub App (agentplane serve) fails pull requests that touch
what is not their agent's; agentplane check gives the same verdict in a clone, before anything is pushed.

Exit status, for every command: 0 done and nothing stands in the way, 1 findings, 2 it could not be done (wrong arguments,
unreadable files, a git that is too old). Results go to stdout, everything else to stderr. NO_COLOR takes the colours
away, CLICOLOR_FORCE=1 keeps them where the output is no terminal.`

const rootExample = `  agentplane demo                      # see it: three agents, one blog, nothing leaves the machine
  agentplane check                     # is this branch in order?
  agentplane lint                      # is the contract?
  agentplane owners src/pages/a.astro  # whose is this file?`

// The groups of commands in the help.
const (
	groupWork   = "work"
	groupServer = "server"
	groupOther  = "other"
)

// newRoot makes the tree of commands.
func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:           "agentplane",
		Short:         "Keep coding agents within their bounds",
		Long:          rootLong,
		Example:       rootExample,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.AddGroup(
		&cobra.Group{ID: groupWork, Title: "In a clone:"},
		&cobra.Group{ID: groupServer, Title: "The GitHub App:"},
		&cobra.Group{ID: groupOther, Title: "Besides:"},
	)
	add(root, groupWork, newCheck(), newLint(), newOwners(), newSchema())
	add(root, groupServer, newServe(), newDemo())
	add(root, groupOther, newVersion())
	root.SetHelpCommand(newHelp())
	root.SetHelpCommandGroupID(groupOther)
	root.SetCompletionCommandGroupID(groupOther)
	root.InitDefaultCompletionCmd()
	strictCompletion(root)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error { return misused(c, err) })
	return root
}

func add(root *cobra.Command, group string, commands ...*cobra.Command) {
	for _, c := range commands {
		c.GroupID = group
		c.DisableFlagsInUseLine = strings.Contains(c.Use, "--")
		if args := c.Args; args != nil {
			c.Args = func(c *cobra.Command, given []string) error { return misused(c, args(c, given)) }
		}
		root.AddCommand(c)
	}
}

// misused adds where to read on to an error about arguments.
func misused(c *cobra.Command, err error) error {
	return advise(err, fmt.Sprintf("see %s --help", c.CommandPath()))
}

// newHelp is cobra's help command, but for an unknown topic, which is an error.
func newHelp() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Help about any command",
		Long:  "Help prints what a command does, its flags and its exit status; it is the same as COMMAND --help.",
		ValidArgsFunction: func(c *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			var names []cobra.Completion
			for _, sub := range c.Root().Commands() {
				if sub.IsAvailableCommand() && len(args) == 0 {
					names = append(names, cobra.CompletionWithDesc(sub.Name(), sub.Short))
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(c *cobra.Command, args []string) error {
			found, rest, err := c.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return misused(c.Root(), fmt.Errorf("there is no command %q to help with", strings.Join(args, " ")))
			}
			found.InitDefaultHelpFlag()
			return found.Help()
		},
	}
}

// strictCompletion makes an unknown shell an error; cobra would show the help and succeed.
func strictCompletion(root *cobra.Command) {
	for _, c := range root.Commands() {
		if c.Name() != "completion" {
			continue
		}
		c.Args = cobra.ArbitraryArgs
		c.RunE = func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return misused(c, fmt.Errorf("there is no completion for the shell %q", args[0]))
			}
			return c.Help()
		}
	}
}

// formats are the values of --format.
type formats []string

var (
	twoFormats   = formats{"text", "json"}
	threeFormats = formats{"text", "json", "github"}
)

// flag adds --format to a command.
func (f formats) flag(c *cobra.Command, value *string) {
	c.Flags().StringVar(value, "format", "text", "how to print: "+strings.Join(f, ", "))
	complete(c, "format", cobra.FixedCompletions(f, cobra.ShellCompDirectiveNoFileComp))
}

// check refuses a format that the command does not have.
func (f formats) check(c *cobra.Command, value string) error {
	for _, known := range f {
		if value == known {
			return nil
		}
	}
	return misused(c, fmt.Errorf("unknown format %q: use %s", value, strings.Join(f, ", ")))
}

// complete registers what a shell offers for a flag. It fails only for a flag that does not exist.
func complete(c *cobra.Command, flag string, f cobra.CompletionFunc) {
	_ = c.RegisterFlagCompletionFunc(flag, f)
}
