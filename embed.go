// Package agentplane is the module's root. It carries the files that the
// binary needs at run time and that people also read in the repository: the
// App's manifest and the demo's blog. Go can embed only files below the
// package that embeds them, and these two stand at the top level, so this
// package does too. It holds no code.
package agentplane

import "embed"

// Manifest is the GitHub App's manifest: its permissions, each with the reason
// beside it, and the events it receives. The simulator registers the App from
// it, so that a call or an event that the manifest does not grant is refused
// in every test.
//
//go:embed app.yml
var Manifest []byte

// Blog is the repository that the demo plays on, under testdata/blog:
// story.yml says which pull requests are opened and when, main holds the files
// of the default branch, and pulls holds what each commit lays over them.
//
//go:embed all:testdata/blog
var Blog embed.FS
