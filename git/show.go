package git

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
)

// File is one entry of a commit's tree.
type File struct {
	Mode uint32 // ModeFile and so on; what a symlink or submodule means is the caller's decision
	ID   string
	Data []byte // a symlink's is its target; nil for directories and submodules
}

// Show returns the file at path in a commit. There is no file: *NotFoundError.
// It is larger than Limits.File: *RefusedError. A commit that was not fetched
// is neither: its files are unknown, not absent.
func (r *Repo) Show(ctx context.Context, commit, path string) (File, error) {
	files, err := r.ShowAll(ctx, commit, path)
	if err != nil {
		return File{}, err
	}
	f, ok := files[path]
	if !ok {
		return File{}, fmt.Errorf("show: %w", &NotFoundError{Rev: commit, Path: path})
	}
	return f, nil
}

// ShowAll returns the files at several paths of a commit in two children. A
// path that does not exist is not in the map. What the files hold may be given
// to several callers, who must not change it.
func (r *Repo) ShowAll(ctx context.Context, commit string, paths ...string) (map[string]File, error) {
	if err := CheckID(commit); err != nil {
		return nil, fmt.Errorf("show: %w", err)
	}
	for _, p := range paths {
		if err := checkPath(p); err != nil {
			return nil, fmt.Errorf("show: %w", err)
		}
	}
	question := "show " + commit + " " + strings.Join(paths, "\x00")
	what := fmt.Sprintf("show %d files of %s", len(paths), commit)
	files, err := once(ctx, r, question, what, func(s *scratch) (shown, error) {
		files := shown{}
		for rest := paths; len(rest) > 0; {
			n := chunk(rest)
			if err := s.show(ctx, commit, rest[:n], files); err != nil {
				return nil, err
			}
			rest = rest[n:]
		}
		return files, nil
	})
	if err != nil {
		return nil, err
	}
	return maps.Clone(files), nil
}

// shown are files by path.
type shown map[string]File

// size is about how many bytes files take.
func (files shown) size() int {
	n := 0
	for path, f := range files {
		n += len(path) + len(f.Data) + 100
	}
	return n
}

// chunk is how many paths go into one argument list.
func chunk(paths []string) int {
	size := 0
	for i, p := range paths {
		if size += len(p) + 1; size > 64<<10 && i > 0 {
			return i
		}
	}
	return len(paths)
}

// show adds the files at paths to files.
func (s *scratch) show(ctx context.Context, commit string, paths []string, files map[string]File) error {
	entries, err := s.entries(ctx, commit, paths)
	if err != nil {
		return err
	}
	var ids []string
	var sum int64
	for _, e := range entries {
		files[e.path] = File{Mode: e.mode, ID: e.id}
		if e.kind != "blob" {
			continue
		}
		if sum += e.size; e.size > s.x.limits.File || sum > s.x.limits.Output/2 {
			return &RefusedError{
				Kind: TooLarge, Path: e.path, Count: int(max(e.size, sum)), Limit: int(s.x.limits.File),
				Detail: "the file is too large to be read, in bytes", Fix: "make it smaller",
			}
		}
		ids = append(ids, e.id)
	}
	data, err := s.blobs(ctx, ids)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.kind == "blob" {
			files[e.path] = File{Mode: e.mode, ID: e.id, Data: data[e.id]}
		}
	}
	return nil
}

// entries lists the tree entries at paths. Each may be a file or a directory.
func (s *scratch) entries(ctx context.Context, commit string, paths []string) ([]entry, error) {
	var entries []entry
	lines := &records{end: 0, each: func(rec []byte) error {
		e, err := parseEntry(string(rec))
		entries = append(entries, e)
		return err
	}}
	args := append([]string{"ls-tree", "-z", "-l", "--full-tree", "--end-of-options", commit, "--"}, paths...)
	_, err := s.x.run(ctx, command{args: args, dir: s.repoDir, sink: lines})
	var child *childError
	if errors.As(err, &child) {
		var missing *NotFoundError
		if errors.As(s.require(ctx, "commit", commit), &missing) {
			return nil, fmt.Errorf("commit %s is not here; fetch it first", commit)
		}
	}
	return entries, cmp.Or(err, lines.close())
}

// blobs reads blobs by id.
func (s *scratch) blobs(ctx context.Context, ids []string) (map[string][]byte, error) {
	data := map[string][]byte{}
	if len(ids) == 0 {
		return data, nil
	}
	out, err := s.x.run(ctx, command{args: []string{"cat-file", "--batch"}, dir: s.repoDir, stdin: []byte(strings.Join(ids, "\n") + "\n")})
	if err != nil {
		return nil, err
	}
	err = parseBatch(out, func(o object, b []byte) {
		if o.kind == "blob" {
			data[o.id] = b
		}
	})
	for _, id := range ids {
		if _, ok := data[id]; !ok && err == nil {
			err = missingObject("cat-file", id)
		}
	}
	return data, err
}

// Paths returns every file of a commit or tree, submodules and symlinks among
// them, as raw bytes in git's order. More than Limits.Entries is a
// *RefusedError.
func (r *Repo) Paths(ctx context.Context, treeish string) ([]string, error) {
	if err := CheckID(treeish); err != nil {
		return nil, fmt.Errorf("list paths: %w", err)
	}
	var paths []string
	err := r.read(ctx, "list paths of "+treeish, func(s *scratch) error {
		found, err := s.objects(ctx, []string{treeish})
		if err == nil && found[0].missing {
			err = &NotFoundError{Rev: treeish}
		}
		if err == nil {
			paths, err = s.paths(ctx, treeish)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return paths, nil
}
