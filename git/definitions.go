package git

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	maxDefined    = 50               // files of one call
	maxDefinition = 5000             // definitions of one file
	definingWall  = 20 * time.Second // of one call
)

// Definition is something a file defines that others can name.
type Definition struct {
	Name  string
	Kind  string // as ctags names it: "function", "property", "key"
	Scope string // what it is part of, such as "Post" or "pkg.Type"; "" for the file
	// Signature is its parameters and type where the language's parser tells
	// them: "(a int) error", "string". Where it does not, Text has to do.
	Signature string
	Line      int    // counted from 1
	Text      string // its first line, without the space around it, at most 300 bytes
}

// UnknownKind says why definitions of a file are unknown. The values are stable.
type UnknownKind string

// The reasons why definitions are unknown.
const (
	NoCtags     UnknownKind = "no-ctags"      // this machine has no Universal Ctags that can be used
	NoParser    UnknownKind = "no-parser"     // the language is not one that is looked into
	NotAFile    UnknownKind = "not-a-file"    // a symlink, submodule or directory
	NotText     UnknownKind = "not-text"      // it is not UTF-8, or holds NUL
	TooBig      UnknownKind = "too-big"       // more than 1 MiB, or more than 5,000 definitions
	TooCostly   UnknownKind = "too-costly"    // ctags took more time or memory than one file may, or crashed
	CtagsFailed UnknownKind = "ctags-refused" // ctags crashed, warned, or printed what cannot be read
)

// Definitions are what one file defines.
type Definitions struct {
	// Found is sorted by line. Where Unknown is "" it is all that ctags sees.
	Found []Definition
	// Unknown says why nothing is known of the file, and Why what happened, in
	// one sentence without a full stop. Unknown is no error: trying again at
	// once changes nothing.
	Unknown UnknownKind
	Why     string
}

// Definitions tells what the files at some paths of a commit define, by
// Universal Ctags. A path that does not exist is not in the map. At most 50
// paths may be given, and only regular files of at most 1 MiB are looked into.
//
// ctags runs once for each file, under the limits of every child, without
// configuration, in its own system-call sandbox (seccomp), in which it can open
// no file: it reads the contents from a pipe. It never sees the path: the
// language follows from the path's extension, by a list of ours.
//
// What it sees, with version 5.9:
//
//   - Go: functions, methods, types, members and interface methods with types
//     and signatures; a method's scope is "package.Type".
//   - Python: classes, functions, members and variables; signatures and what a
//     function returns, no types of variables.
//   - TypeScript: functions, classes, members of interfaces and classes, enums,
//     aliases, constants; no signatures at all, no members of a type alias. The
//     keys of object literals, schemas among them (z.object({tags: …})), have
//     the kind "key": a pattern of ours finds them, without scope. It also
//     takes some parameters for keys, where a list of them has a line for each.
//   - JavaScript: as TypeScript, and signatures.
//   - Astro has no parser: the part between the --- lines is read as
//     TypeScript, the template is not looked into.
//   - Vue, Svelte, GraphQL, TOML, Swift and others have none: NoParser.
func (r *Repo) Definitions(ctx context.Context, commit string, paths []string) (map[string]Definitions, error) {
	files, err := r.readSources(ctx, commit, paths)
	if err != nil {
		return nil, err
	}
	all := map[string]Definitions{}
	var tags *ctags
	bounded, cancel := context.WithTimeout(ctx, definingWall)
	defer cancel()
	for _, path := range paths {
		f, ok := files[path]
		if !ok || all[path].Unknown != "" || all[path].Found != nil {
			continue
		}
		language, text, unknown := legible(path, f)
		if unknown.Unknown == "" && tags == nil {
			tags = r.x.findCtags(bounded)
		}
		if unknown.Unknown == "" {
			unknown = r.define(bounded, tags, language, File{ID: f.ID, Data: text})
		}
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("find definitions in %s: %w", commit, context.Cause(ctx))
		}
		all[path] = unknown
	}
	return all, nil
}

// readSources reads the files that may be looked into. Of the others it returns
// the mode alone, and of those too large no data.
func (r *Repo) readSources(ctx context.Context, commit string, paths []string) (map[string]File, error) {
	err := CheckID(commit)
	if len(paths) > maxDefined {
		err = errors.Join(err, fmt.Errorf("%d paths are more than %d", len(paths), maxDefined))
	}
	for _, p := range paths {
		err = errors.Join(err, checkPath(p))
	}
	if err != nil {
		return nil, fmt.Errorf("find definitions: %w", err)
	}
	files := map[string]File{}
	if len(paths) == 0 {
		return files, nil
	}
	err = r.read(ctx, fmt.Sprintf("read %d files of %s for their definitions", len(paths), commit), func(s *scratch) error {
		if err := s.require(ctx, "commit", commit); err != nil {
			return err
		}
		return s.sources(ctx, commit, paths, files)
	})
	return files, err
}

func (s *scratch) sources(ctx context.Context, commit string, paths []string, files map[string]File) error {
	var ids []string
	var entries []entry
	for len(paths) > 0 {
		n := chunk(paths)
		some, err := s.entries(ctx, commit, paths[:n])
		if err != nil {
			return err
		}
		entries, paths = append(entries, some...), paths[n:]
	}
	for _, e := range entries {
		if isSource(e) && e.size <= s.x.limits.File {
			ids = append(ids, e.id)
		}
	}
	data, err := s.blobs(ctx, ids)
	for _, e := range entries {
		files[e.path] = File{Mode: e.mode, ID: e.id, Data: data[e.id]}
	}
	return err
}

func isSource(e entry) bool {
	return e.kind == "blob" && (e.mode == ModeFile || e.mode == ModeExecutable)
}

// legible returns the language and contents to look into, or why it is not
// looked into.
func legible(path string, f File) (language string, text []byte, unknown Definitions) {
	language = languageOf(path)
	switch {
	case f.Mode != ModeFile && f.Mode != ModeExecutable:
		return "", nil, Definitions{Unknown: NotAFile, Why: "it is a symlink, a submodule or a directory"}
	case language == "":
		return "", nil, Definitions{Unknown: NoParser, Why: "its language is not one that is looked into"}
	case f.Data == nil:
		return "", nil, Definitions{Unknown: TooBig, Why: "the file is too large to be looked into"}
	case !utf8.Valid(f.Data) || strings.Contains(string(f.Data), "\x00"):
		return "", nil, Definitions{Unknown: NotText, Why: "the file is not UTF-8 text"}
	case language == astro:
		return typescript, frontmatter(f.Data), Definitions{}
	}
	return language, f.Data, Definitions{}
}

// define asks ctags. What a file costs too much is remembered, so that it costs
// that once an hour.
func (r *Repo) define(ctx context.Context, tags *ctags, language string, f File) Definitions {
	if tags.unusable != "" {
		return Definitions{Unknown: NoCtags, Why: tags.unusable}
	}
	work := "definitions of " + f.ID + " as " + language
	if r.st != nil && r.st.memory.recall(work) != nil {
		return Definitions{Unknown: TooCostly, Why: "ctags took more time or memory than one file may, within the last hour"}
	}
	found, err := tags.read(ctx, language, f.Data)
	var child *childError
	switch {
	case errors.Is(err, errTooMany):
		return Definitions{Unknown: TooBig, Why: fmt.Sprintf("it has more than %d definitions", maxDefinition)}
	case errors.As(err, &child) && (child.starved() || child.timeout), errors.Is(err, context.DeadlineExceeded):
		if r.st != nil && ctx.Err() == nil {
			r.st.memory.note(work, &RefusedError{Kind: OutOfLimits})
		}
		return Definitions{Unknown: TooCostly, Why: "ctags took more time or memory than one file may, or crashed"}
	case err != nil:
		return Definitions{Unknown: CtagsFailed, Why: err.Error()}
	}
	return Definitions{Found: found}
}
