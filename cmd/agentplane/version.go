package main

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/agentplane/agentplane/git"
)

const versionLong = `Prints the versions of this program, of Go and of git, with what is to be known about this git. Git 2.38 or newer is
needed; before 2.50.1 it has known security holes.

Exit status: 0.`

func newVersion() *cobra.Command {
	var format string
	c := &cobra.Command{
		Use:     "version",
		Short:   "Print the versions of this program, Go and git",
		Long:    versionLong,
		Example: "  agentplane version\n  agentplane version --format json",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := twoFormats.check(c, format); err != nil {
				return err
			}
			v := readVersions(c.Context())
			if format == "json" {
				return printJSON(c.OutOrStdout(), v)
			}
			return printText(c.OutOrStdout(), v.text())
		},
	}
	twoFormats.flag(c, &format)
	return c
}

// versions is what can be told about this program and what it runs on.
type versions struct {
	Version    string `json:"version"`          // of the module; "(devel)" for a build from a working tree
	Commit     string `json:"commit,omitempty"` // that it was built from
	Modified   bool   `json:"modified"`         // the working tree had changes
	Go         string `json:"go"`
	Platform   string `json:"platform"`
	Git        string `json:"git,omitempty"`
	GitWarning string `json:"git_warning,omitempty"`
	GitError   string `json:"git_error,omitempty"`
}

func readVersions(ctx context.Context) versions {
	v := versions{Version: "(unknown)", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	if info, ok := debug.ReadBuildInfo(); ok {
		v.Version = info.Main.Version
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				v.Commit = s.Value
			case "vcs.modified":
				v.Modified = s.Value == "true"
			}
		}
	}
	found, warning, err := git.CheckVersion(ctx)
	if found != (git.Version{}) {
		v.Git = found.String()
	}
	v.GitWarning = warning
	if err != nil {
		v.GitError = err.Error()
	}
	return v
}

func (v versions) text() string {
	commit := ""
	if v.Commit != "" {
		commit = fmt.Sprintf(" (commit %.12s", v.Commit)
		if v.Modified {
			commit += ", modified"
		}
		commit += ")"
	}
	text := fmt.Sprintf("agentplane %s%s\n%s %s\n", v.Version, commit, v.Go, v.Platform)
	if v.Git != "" {
		text += "git " + v.Git + "\n"
	}
	if v.GitWarning != "" {
		text += "  " + yellow.Render("warning:") + " " + visible(v.GitWarning) + "\n"
	}
	if v.GitError != "" {
		text += "  " + red.Render("error:") + " " + visible(v.GitError) + "\n"
	}
	return text
}
