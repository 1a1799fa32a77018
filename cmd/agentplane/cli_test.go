package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
)

// cliPage is the reference of the command line.
const cliPage = "../../docs/cli.md"

const cliIntro = `# Command line

The reference of every command: what ` + "`agentplane COMMAND --help`" + ` prints. This
page is written from the commands themselves (` + "`make generate`" + `), and a test holds
it to them.

`

// TestCommandLinePage holds docs/cli.md to the commands; -update writes it.
func TestCommandLinePage(t *testing.T) {
	t.Parallel()
	root := newRoot()
	var page strings.Builder
	page.WriteString(cliIntro)
	page.WriteString("| command | does |\n|---|---|\n")
	for _, c := range described(root) {
		fmt.Fprintf(&page, "| [`%s`](#%s) | %s |\n", c.CommandPath(), strings.ReplaceAll(c.CommandPath(), " ", "-"), c.Short)
	}
	page.WriteString("\n" + prose(root.Long))
	for _, c := range described(root) {
		page.WriteString(section(c))
	}
	got := page.String()
	if *update {
		if err := os.WriteFile(cliPage, []byte(got), 0o644); err != nil { //nolint:gosec // a page of the repository
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(cliPage)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s is not what the commands say; -update writes it (-page +commands):\n%s", cliPage, d)
	}
}

// described are the commands of our own, in the order of the help.
func described(root *cobra.Command) []*cobra.Command {
	var list []*cobra.Command
	for _, group := range root.Groups() {
		for _, c := range root.Commands() {
			if c.GroupID == group.ID && c.Name() != "help" {
				list = append(list, c)
			}
		}
	}
	return list
}

// section is a command's part of the page.
func section(c *cobra.Command) string {
	c.InitDefaultHelpFlag()
	var b strings.Builder
	fmt.Fprintf(&b, "\n## %s\n\n```text\n%s\n```\n\n%s", c.CommandPath(), c.UseLine(), prose(c.Long))
	if c.HasAvailableSubCommands() {
		b.WriteString("\nOne for each shell:\n\n```text\n")
		for _, sub := range c.Commands() {
			fmt.Fprintf(&b, "%-33s %s\n", sub.CommandPath(), sub.Short)
		}
		b.WriteString("```\n")
	}
	if c.Example != "" {
		fmt.Fprintf(&b, "\n```sh\n%s\n```\n", strings.ReplaceAll(strings.TrimPrefix(c.Example, "  "), "\n  ", "\n"))
	}
	if flags := c.NonInheritedFlags(); flags.HasAvailableFlags() {
		fmt.Fprintf(&b, "\n```text\n%s```\n", flags.FlagUsages())
	}
	return b.String()
}

// prose is a long help text as Markdown: what is indented there stands in a fence here.
func prose(long string) string {
	var b strings.Builder
	for i, part := range strings.Split(strings.TrimSpace(long), "\n\n") {
		if i > 0 {
			b.WriteString("\n")
		}
		if strings.HasPrefix(part, "  ") {
			part = "```text\n" + strings.ReplaceAll(part[2:], "\n  ", "\n") + "\n```"
		}
		b.WriteString(part + "\n")
	}
	return b.String()
}

// TestEveryCommandIsTried holds that each command of ours is run by a script, and its help by one too.
func TestEveryCommandIsTried(t *testing.T) {
	t.Parallel()
	files, err := os.ReadDir("testdata/script")
	if err != nil {
		t.Fatal(err)
	}
	var scripts strings.Builder
	for _, f := range files {
		text, err := os.ReadFile("testdata/script/" + f.Name())
		if err != nil {
			t.Fatal(err)
		}
		scripts.Write(text)
	}
	for _, c := range described(newRoot()) {
		for _, line := range []string{"exits 0 agentplane %s --help\n", "exits 2 agentplane %s"} {
			if c.Name() == "completion" && strings.Contains(line, "help") {
				continue
			}
			if want := fmt.Sprintf(line, c.Name()); !strings.Contains(scripts.String(), want) {
				t.Errorf("no script has a line %q", want)
			}
		}
		if c.Long == "" || c.Name() != "completion" && (c.Example == "" || !strings.Contains(c.Long, "Exit status: ")) {
			t.Errorf("the help of %s lacks a text, an example or its exit status", c.Name())
		}
	}
}
