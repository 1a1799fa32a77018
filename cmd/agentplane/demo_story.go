package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/agentplane/agentplane"
)

// storyRoot is where the demo's story lies in the binary.
const storyRoot = "testdata/blog"

// story is what the demo plays: story.yml and the files beside it.
type story struct {
	Repository  string
	Default     string
	Integration string
	Files       string // folder of the default branch's files
	Pulls       []storyPull
}

// storyPull is one agent's pull request. The first commit opens it; each later one answers a check run.
type storyPull struct {
	Agent, Branch, Author string
	Title, Body           string
	Commits               []storyCommit
}

// storyCommit lays the files of one folder over the branch, and says which verdict on ownership the story expects.
type storyCommit struct {
	Message, Files string
	Ownership      string   // the expected conclusion of agentplane/ownership
	Outside        []string // the paths it is expected to name
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
