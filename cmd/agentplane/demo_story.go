package main

import (
	"bytes"
	"cmp"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/agentplane/agentplane"
	"github.com/agentplane/agentplane/ownership"
)

// storyRoot is where the demo's story lies in the binary.
const storyRoot = "testdata/blog"

// story is what the demo plays: story.yml, which explains its fields, and the files beside it.
type story struct {
	Repository  string
	Default     string
	Integration string
	Files       string              // folder of the default branch's files
	Teams       map[string][]string // slug to logins
	Pulls       []storyPull
	Steps       []storyStep
}

// offerOf names the pull request that the App opens, from the integration branch to its target.
const offerOf = ownership.IntegrationColumn

// storyPull is one agent's pull request. Its first commit opens it with these notes.
type storyPull struct {
	Agent, Branch, Author string
	Title, Notes          string
}

// storyStep is one thing that somebody does: exactly one of Commit, Notes, Comment, Approve, CI, Enter and Merge.
type storyStep struct {
	Act     string // the heading of what begins here
	Pull    string // whose pull request: the agent's name, or offerOf. Enter has none
	By      string // a person; "" is the pull request's author
	Commit  *storyCommit
	Notes   string
	Comment string
	Approve bool
	CI      string                // cancel or rerun
	Enter   []string              // agents whose pull requests By enters into the lane, at their heads, in this order
	Merge   bool                  // By merges the pull request, by a merge commit
	Then    map[string]storyState // by agent, and by offerOf
	Landed  []string              // agents whose changes the integration branch has and the default branch lacks, in order; nil: as before
}

// whose names the pull requests that a step is about.
func (s storyStep) whose() string { return cmp.Or(s.Pull, strings.Join(s.Enter, ", ")) }

// storyCommit lays the files of one folder over the branch. Held: CI has no runner for it before it is cancelled or run
// again.
type storyCommit struct {
	Message, Files string
	Held           bool
}

// storyState is how a pull request stands: for each check run its conclusion, or its status before that.
type storyState struct {
	Ownership, Verification, Review string   // "" is success
	Integration                     string   // "" is that there is no such check run: it is not in the lane, and never was
	Says                            []string // what the check run agentplane/integration mentions
	Merged                          bool     // else it is open
	Rules                           []string // of all findings that stand against it, sorted
	Names                           []string // what these findings mention
	Asked                           []string // who is requested as a reviewer, sorted
}

// find is the pull request of an agent.
func (s *story) find(agent string) (storyPull, error) {
	for _, p := range s.Pulls {
		if p.Agent == agent {
			return p, nil
		}
	}
	return storyPull{}, fmt.Errorf("the story has no pull request of %q", agent)
}

// loadStory reads the story that the binary carries.
func loadStory() (*story, error) {
	src, err := agentplane.Blog.ReadFile(path.Join(storyRoot, "story.yml"))
	if err != nil {
		return nil, fmt.Errorf("read the story: %w", err)
	}
	loader, err := yaml.NewLoader(bytes.NewReader(src), yaml.WithKnownFields())
	if err != nil {
		return nil, fmt.Errorf("read the story: %w", err)
	}
	var s story
	if err := loader.Load(&s); err != nil {
		return nil, fmt.Errorf("read the story: %w", err)
	}
	return &s, nil
}

// storyFiles reads one folder of the story: path to content. executable lists the shell scripts.
func storyFiles(folder string) (files map[string]string, executable []string, err error) {
	root := path.Join(storyRoot, folder)
	files = map[string]string{}
	err = fs.WalkDir(agentplane.Blog, root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := agentplane.Blog.ReadFile(name)
		if err != nil {
			return err
		}
		short := strings.TrimPrefix(name, root+"/")
		files[short] = string(content)
		if strings.HasSuffix(short, ".sh") {
			executable = append(executable, short)
		}
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("read the story's files in %s: %w", folder, err)
	}
	return files, executable, nil
}
