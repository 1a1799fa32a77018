package git

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// storedPrefix is where a mirror keeps what it fetched. The rest of the name
// is a hash of the remote's: hostile names never become files, and a/b can be
// stored after a was.
const storedPrefix = "refs/agentplane/"

// storedRef is the mirror's name for the remote's reference.
func storedRef(remote string) string {
	sum := sha256.Sum256([]byte(remote))
	return storedPrefix + hex.EncodeToString(sum[:20])
}

// mirrorConfig is the whole configuration of a mirror. What the receiving side
// must obey stands here, because git hides the environment's configuration
// from it.
func mirrorConfig(pack int64) []byte {
	var b strings.Builder
	b.WriteString("[core]\n\trepositoryformatversion = 0\n\tbare = true\n\tfilemode = false\n\tsymlinks = false\n" +
		"\tlogAllRefUpdates = false\n\thooksPath = /dev/null\n\tfsmonitor = false\n\tprotectHFS = true\n\tprotectNTFS = true\n" +
		"\tpackedGitWindowSize = 32m\n\tpackedGitLimit = 256m\n\tdeltaBaseCacheLimit = 32m\n\tbigFileThreshold = 16m\n\tfsync = none\n" +
		"[pack]\n\tthreads = 1\n[gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n" +
		"[receive]\n\tfsckObjects = true\n\tautogc = false\n\tunpackLimit = 1\n\tdenyDeletes = true\n")
	fmt.Fprintf(&b, "\tmaxInputSize = %d\n[receive \"fsck\"]\n", pack)
	for _, id := range toleratedFsck {
		fmt.Fprintf(&b, "\t%s = ignore\n", id)
	}
	return []byte(b.String())
}

// doubtError says what about a mirror is not as this package left it.
type doubtError struct{ what string }

// Error names the doubt.
func (e *doubtError) Error() string { return "mirror in doubt: " + e.what }

// errNoMirror says that nothing was fetched yet.
var errNoMirror = errors.New("the mirror holds nothing yet; fetch first")

// check looks for everything that could change how git reads a mirror. Names
// are allowed, not forbidden: hooks, info/grafts, info/attributes, shallow,
// worktrees and what future versions of git may read are all doubts.
func (r *Repo) check() error {
	top, err := os.Lstat(r.dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return errNoMirror
	case err != nil:
		return fmt.Errorf("look at mirror: %w", err)
	case !top.IsDir() || top.Mode().Perm() != 0o700 || !ownedByUs(top):
		return &doubtError{"it is not a directory of ours with mode 0700"}
	}
	config, err := os.ReadFile(filepath.Join(r.dir, "config"))
	if err != nil || !bytes.Equal(config, mirrorConfig(r.x.limits.Pack)) {
		return &doubtError{"its configuration was changed"}
	}
	entries, err := os.ReadDir(r.dir)
	if err != nil {
		return fmt.Errorf("look at mirror: %w", err)
	}
	for _, e := range entries {
		if !expectedEntry(e) {
			return &doubtError{fmt.Sprintf("unexpected %q", e.Name())}
		}
	}
	for _, name := range []string{"objects/info/alternates", "objects/info/http-alternates"} {
		if _, err := os.Lstat(filepath.Join(r.dir, name)); !errors.Is(err, fs.ErrNotExist) {
			return &doubtError{fmt.Sprintf("unexpected %q", name)}
		}
	}
	return nil
}

func expectedEntry(e os.DirEntry) bool {
	switch e.Name() {
	case "objects", "refs":
		return e.Type().IsDir()
	case "HEAD", "config", "packed-refs", "packed-refs.lock", "packed-refs.new":
		return e.Type().IsRegular()
	}
	return false
}

// writer waits to be the only writer of the mirror, among goroutines and
// processes.
func (r *Repo) writer(ctx context.Context) (release func(), err error) {
	if r.m == nil {
		return nil, errors.New("a developer's clone is read-only")
	}
	select {
	case r.st.writer <- struct{}{}:
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for the mirror: %w", context.Cause(ctx))
	}
	for {
		unlock, ok, err := lockFile(strings.TrimSuffix(r.dir, ".git") + ".lock")
		if ok {
			return func() { unlock(); <-r.st.writer }, nil
		}
		if err == nil {
			err = pause(ctx, 50*time.Millisecond)
		}
		if err != nil {
			<-r.st.writer
			return nil, fmt.Errorf("wait for the mirror: %w", err)
		}
	}
}

// pause waits for d or the end of ctx.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// prepare makes the mirror fit for a fetch: it is created where there is none
// and deleted and created where it is in doubt. The caller is the writer.
func (r *Repo) prepare(ctx context.Context) error {
	err := r.check()
	if _, size := r.packs(); err == nil && size > 3*r.x.limits.Pack {
		err = &doubtError{"it grew beyond what a fresh one would be"}
	}
	var doubt *doubtError
	if errors.As(err, &doubt) {
		if err := r.reset(ctx, doubt.what); err != nil {
			return err
		}
		err = errNoMirror
	}
	if errors.Is(err, errNoMirror) {
		return r.create()
	}
	if err != nil {
		return err
	}
	return r.clearLeftovers()
}

// create writes an empty mirror. It appears whole or not at all.
func (r *Repo) create() error {
	if id, err := strconv.ParseInt(strings.TrimSuffix(filepath.Base(r.dir), ".git"), 10, 64); err != nil || id <= 0 {
		return fmt.Errorf("create mirror: repository id of %q is not a positive number", filepath.Base(r.dir))
	}
	dir, err := os.MkdirTemp(r.m.scratchRoot(), "new-")
	if err != nil {
		return fmt.Errorf("create mirror: %w", err)
	}
	if err = writeRepo(dir, mirrorConfig(r.x.limits.Pack)); err == nil {
		err = os.Rename(dir, r.dir)
	}
	if err != nil {
		_ = os.RemoveAll(dir)
		return fmt.Errorf("create mirror: %w", err)
	}
	return nil
}

// writeRepo makes dir a bare repository without git's help, so that no
// template of the machine gets in.
func writeRepo(dir string, config []byte) error {
	for _, d := range []string{"objects/pack", "objects/info", "refs"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o700); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "config"), config, 0o400); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "HEAD"), []byte("ref: refs/agentplane/none\n"), 0o400)
}

// reset deletes the mirror: the next fetch builds it again. It waits for
// readers. The caller is the writer.
func (r *Repo) reset(ctx context.Context, why string) error {
	r.st.use.Lock()
	defer r.st.use.Unlock()
	r.m.answers.forget(r.answered())
	r.m.log.WarnContext(ctx, "deleting a mirror in doubt", "mirror", filepath.Base(r.dir), "cause", why)
	trash, err := os.MkdirTemp(r.m.scratchRoot(), "old-")
	if err != nil {
		return fmt.Errorf("delete mirror: %w", err)
	}
	if err := os.Rename(r.dir, filepath.Join(trash, "mirror")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("delete mirror: %w", err)
	}
	if err := os.RemoveAll(trash); err != nil {
		return fmt.Errorf("delete mirror: %w", err)
	}
	return nil
}

// clearLeftovers removes what a killed git left in the mirror: objects that
// were still arriving. A stale lock of references is a doubt of its own.
func (r *Repo) clearLeftovers() error {
	for _, pattern := range []string{"objects/tmp_objdir-*", "objects/incoming-*", "objects/pack/tmp_*"} {
		found, err := filepath.Glob(filepath.Join(r.dir, pattern))
		if err != nil {
			return fmt.Errorf("clear leftovers: %w", err)
		}
		for _, f := range found {
			if err := os.RemoveAll(f); err != nil {
				return fmt.Errorf("clear leftovers: %w", err)
			}
		}
	}
	return nil
}

// Delete removes the mirror, for a repository that is gone or no longer ours.
func (r *Repo) Delete(ctx context.Context) error {
	release, err := r.writer(ctx)
	if err != nil {
		return fmt.Errorf("delete mirror: %w", err)
	}
	defer release()
	return r.reset(ctx, "it is no longer needed")
}
