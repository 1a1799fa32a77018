package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/agentplane/agentplane/app"
	"github.com/agentplane/agentplane/checks"
	"github.com/agentplane/agentplane/git"
)

const checkLong = `Judges what would land if a branch were merged now, in a local clone, with the code that the GitHub App judges with.
Nothing is fetched, and nothing in the clone is written: the verdict is about the commits that are there. Uncommitted
changes are not judged.

--body judges the notes: a file with the description that the pull request has or will have, at most 64 KiB. Without it
they are left to the App, and notes to fill in are printed. What only GitHub has is never taken for a pass: evidence of CI
is shown as observed by CI, later; who opens and pushes, who approves, and what other pull requests do are left to the
App, and each check says so once. Whether a workflow runs the commands that it is to be evidence of is judged here, too.

The contract is read, as the App does it, from the tip of the default branch: origin/HEAD, else origin/main,
origin/master, main or master; where none of them exists, from --base. --contract-from names another revision.
--base is the same branch unless another is named: name the integration branch if your pull request goes there.

Exit status: 0 nothing stands in the way (or only CI is awaited), 1 findings, 2 the branch could not be judged.`

const checkExample = `  agentplane check
  agentplane check --base origin/integration/blog-discovery
  agentplane check --body notes.md
  gh pr view --json body --jq .body | agentplane check --body -
  agentplane check --head agent/blog-search-ui --format json
  agentplane check --head "$GITHUB_SHA" --agent search --format github`

type checkOptions struct {
	repo, base, head, contract string
	agent, format, body        string
	notes                      bool // body was given
	progress                   bool
}

func newCheck() *cobra.Command {
	var o checkOptions
	c := &cobra.Command{
		Use:     "check",
		Short:   "Judge a branch of this clone, as the App would",
		Long:    checkLong,
		Example: checkExample,
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := threeFormats.check(c, o.format); err != nil {
				return err
			}
			o.notes = c.Flags().Changed("body")
			if !c.Flags().Changed("progress") {
				o.progress = isTerminal(c.ErrOrStderr())
			}
			return o.run(c)
		},
	}
	f := c.Flags()
	f.StringVar(&o.repo, "repo", ".", "a `DIR` in the clone")
	f.StringVar(&o.base, "base", "", "the `REF` it would land on (default: the default branch)")
	f.StringVar(&o.head, "head", "HEAD", "the `REF` that would land; its branch name says whose work it is")
	f.StringVar(&o.contract, "contract-from", "", "the `REF` whose contract counts (default: the default branch)")
	f.StringVar(&o.agent, "agent", "", "whose work it is, whatever the branch is called: an agent's `NAME`")
	f.StringVar(&o.body, "body", "", "a `FILE` with the pull request's description, whose notes are judged; - for stdin")
	f.BoolVar(&o.progress, "progress", false, "show what is being done on stderr (default: when it is a terminal)")
	threeFormats.flag(c, &o.format)
	complete(c, "agent", completeAgents)
	return c
}

// run judges, prints, and tells by its error whether anything stands in the way.
func (o checkOptions) run(c *cobra.Command) error {
	ctx, out, log := c.Context(), c.OutOrStdout(), c.ErrOrStderr()
	given := checks.Facts{Agent: o.agent, BodyKnown: o.notes}
	if o.notes {
		var err error
		if given.Body, err = readBody(o.body, c.InOrStdin()); err != nil {
			return couldNotJudge(err)
		}
	}
	p := newProgress(log, o.progress)
	defer p.stop()
	p.say("opening the clone")
	repo, err := git.Local(ctx, o.repo)
	if err != nil {
		if c, lost := findClone(o.repo); c == nil && lost == nil {
			err = advise(err, "run it in a clone, or name one with --repo")
		}
		return couldNotJudge(err)
	}
	w, err := o.find(ctx, repo)
	if err != nil {
		return couldNotJudge(err)
	}
	p.say("reading what would land on " + w.base)
	given.Default, given.Base.Name, given.Head.Name, given.ReadAt = w.contract, w.base, w.branch, time.Now()
	contract, facts, err := app.ReadClone(ctx, repo, w.commits, given)
	if err != nil {
		return couldNotJudge(err)
	}
	r := checks.Evaluate(contract, facts)
	p.stop()
	o.tell(log, repo, w)
	if err := o.print(out, r); err != nil {
		return err
	}
	if v := r.Verdict(); v != checks.Success && v != checks.Pending {
		return errFindings
	}
	return nil
}

// couldNotJudge says so, since the reason alone may read like a finding.
func couldNotJudge(err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	return fmt.Errorf("could not judge: %w", err)
}

// tell says on stderr what was compared and what a person should know about it. Warnings about this machine's git are for
// a person at a terminal: programs that call this again and again have no use for them, and agentplane version has them too.
func (o checkOptions) tell(log io.Writer, repo *git.Repo, w *whatToJudge) {
	if isTerminal(log) {
		for _, warning := range repo.Warnings() {
			warn(log, "warning: %s", warning)
		}
	}
	if o.format == "json" {
		return
	}
	head := w.head
	if w.branch != "" && w.branch != w.head {
		head += " (" + w.branch + ")"
	}
	warn(log, "%s at %.10s onto %s at %.10s, by the contract of %s", head, w.commits.Head, w.base, w.commits.Base, w.contract)
	if w.uncommitted != "" {
		warn(log, "not judged: %s", w.uncommitted)
	}
}

func (o checkOptions) print(out io.Writer, r checks.Report) error {
	switch o.format {
	case "json":
		return printJSON(out, r)
	case "github":
		if _, err := io.WriteString(out, checks.RenderGitHub(r)); err != nil {
			return fmt.Errorf("write the output: %w", err)
		}
		return nil
	}
	return printText(out, checks.RenderText(r, paint))
}

// completeAgents offers the names of the contract's agents.
func completeAgents(c *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	contract, err := ownersOptions{}.read(c)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []cobra.Completion
	for _, a := range contract.Agents {
		names = append(names, cobra.CompletionWithDesc(a.Name, "branch "+a.Branch.String()))
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
