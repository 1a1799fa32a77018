// Package ownership reads the contract and decides paths.
//
// The contract is the file .agentplane.yml of a repository: which agents work
// there, what each may and may never touch, what has to be shown before a
// change lands, and who approves what. Parse turns its text into a Contract or
// into the list of everything that is wrong with it; there is nothing in
// between. A Contract's Ruler answers for one path after another, and every
// answer, a Ruling, names the claims that matched and the one that decided.
//
// # Order never matters
//
// A path is decided by the strongest kind of claim that matches it, wherever
// that claim stands: an agent's never beats approval classes, and these beat
// owns. Only a Ruling of kind Owned lets an agent's change pass by itself.
//
// # Which way it fails
//
// What allows under-matches, what forbids over-matches. Claims in owns and
// shared match bytes. Claims in never, in classes and in interfaces also match
// after Fold, so that SRC/Layouts and a decomposed spelling of a name are
// caught too. A path that git could not hold and a path that was too costly
// to judge are Unjudged, and that is not a pass.
//
// # Patterns
//
// A Pattern is a gitignore pattern on which gitignore and CODEOWNERS agree.
// What they read differently is refused, with a proposal; see CompilePattern.
// The reference is git check-ignore --no-index.
//
// The package is pure: it reads no clock, disk, network or environment, starts
// no goroutine, and its values, a Ruler apart, may be shared between them.
package ownership
