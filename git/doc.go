// Package git is the only place that runs git.
//
// A Mirrors holds one bare mirror per numeric repository id under one
// directory. A mirror is a cache: when anything about it is in doubt it is
// deleted, and the next Fetch builds it again. Local opens a developer's
// clone for reading with the same hardening.
//
// Everything that comes from a repository is hostile: objects, paths,
// references, configuration and what a server answers. So
//
//   - children get an environment built from nothing, a git directory this
//     package wrote, limits of memory, CPU, file size and open files that hold
//     before git's first instruction, a wall time-out, and a process group
//     that is killed as a whole;
//   - only complete reference names and full object ids that passed CheckRef
//     and CheckID reach an argument list, after --end-of-options;
//   - credentials travel in the environment, never in arguments or URLs, and
//     are cut out of every error by value;
//   - fetched objects are checked in a scratch repository before they are
//     pushed, and checked again, into the mirror;
//   - nothing is checked out, no hook, filter, attribute, graft, replacement
//     or configuration of a repository is ever read.
//
// Touched answers what a pull request would change if it landed now. What is
// wrong with the pull request is a *RefusedError, which fails it; any other
// error means that we could not find out, and is worth another try. Neither
// ever passes.
package git
