package git

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// scratch is a throw-away repository whose objects come on top of another's.
// Its configuration is ours, it has no references of its own, and what git
// writes into it never reaches the other.
type scratch struct {
	repoDir
	x      *runner
	format string // object format, "sha1" or "sha256"
}

// newScratch makes a scratch repository under root, or under the system's
// directory for temporary files if root is "". The caller calls remove.
func newScratch(x *runner, root, objects, format string) (s *scratch, remove func(), err error) {
	dir, err := os.MkdirTemp(root, "run-")
	if err != nil {
		return nil, nil, fmt.Errorf("make scratch repository: %w", err)
	}
	remove = func() { _ = os.RemoveAll(dir) }
	config := "[core]\n\trepositoryformatversion = 0\n\tbare = true\n"
	if format == "sha256" {
		config = "[core]\n\trepositoryformatversion = 1\n\tbare = true\n[extensions]\n\tobjectFormat = sha256\n"
	}
	if err := writeRepo(dir, []byte(config)); err != nil {
		remove()
		return nil, nil, fmt.Errorf("make scratch repository: %w", err)
	}
	return &scratch{repoDir: repoDir{git: dir, alternate: objects}, x: x, format: format}, remove, nil
}

// git runs a child in the scratch repository that may not leave the machine.
func (s *scratch) git(ctx context.Context, args ...string) ([]byte, error) {
	return s.x.run(ctx, command{args: args, dir: s.repoDir})
}

// view opens the repository's objects for reading. Until done is called the
// mirror is not deleted.
func (r *Repo) view(context.Context) (s *scratch, done func(), err error) {
	if r.m == nil {
		return newScratch(r.x, "", r.clone.objects, r.clone.format)
	}
	r.st.use.RLock()
	if err := r.check(); err != nil {
		r.st.use.RUnlock()
		return nil, nil, err
	}
	s, remove, err := newScratch(r.x, r.m.scratchRoot(), filepath.Join(r.dir, "objects"), "sha1")
	if err != nil {
		r.st.use.RUnlock()
		return nil, nil, err
	}
	return s, func() { remove(); r.st.use.RUnlock() }, nil
}

// read runs f on a view and turns what git says about unreadable objects and
// exhausted limits into errors callers can act on. what names the work.
//
// A mirror was whole when it was fetched. If it is not whole now, that is our
// disk's fault: it is deleted, and the error asks for another try. If the same
// work fails again on the new mirror, the commits are at fault.
func (r *Repo) read(ctx context.Context, what string, f func(*scratch) error) error {
	if r.st != nil {
		if err := r.st.memory.recall(what); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
	s, done, err := r.view(ctx)
	if err == nil {
		err = f(s)
		done()
	}
	if err == nil {
		r.trust(what)
		return nil
	}
	var doubt *doubtError
	if errors.As(err, &doubt) {
		return r.distrust(ctx, what, doubt)
	}
	var child *childError
	if !errors.As(err, &child) {
		return fmt.Errorf("%s: %w", what, err)
	}
	switch {
	case child.starved():
		err = &RefusedError{
			Kind: OutOfLimits, Detail: "git needed more memory, time or room than one judgement may take: " + child.Error(),
			Fix: "split the change, and keep huge files out of it",
		}
		if r.st != nil {
			r.st.memory.note(what, err)
		}
		return fmt.Errorf("%s: %w", what, err)
	case unreadable(child):
		if r.m != nil {
			return r.distrust(ctx, what, child)
		}
		return fmt.Errorf("%s: %w", what, &RefusedError{
			Kind: Unreadable, Detail: child.Error(),
			Fix: "run `git fsck` in this clone; in a partial clone fetch the missing objects with `git fetch --refetch --no-filter`",
		})
	}
	return fmt.Errorf("%s: %w", what, err)
}

// unreadable reports whether git met a missing or corrupt object.
func unreadable(e *childError) bool {
	for _, s := range []string{
		"unable to read", "could not read", "bad object", "corrupt", "not a valid object", "not a valid commit", "bad tree", "is not a tree", "not a tree object",
		"inflate", "failed to read", "missing blob", "missing tree", "cannot be read", "could not parse", "unable to parse", "unknown object type",
		"could not get object info", "cannot read", "could not access", "unable to find", "too-short tree", "malformed",
	} {
		if strings.Contains(strings.ToLower(e.own()), s) {
			return true
		}
	}
	return false
}

// trust forgets that work once met a doubt.
func (r *Repo) trust(what string) {
	if r.st != nil {
		r.st.mu.Lock()
		defer r.st.mu.Unlock()
		delete(r.st.suspects, what)
	}
}

// distrust deletes the mirror once for each work that met a doubt, and refuses
// that work the second time.
func (r *Repo) distrust(ctx context.Context, what string, cause error) error {
	r.st.mu.Lock()
	again := r.st.suspects[what]
	if len(r.st.suspects) > 1000 {
		clear(r.st.suspects)
	}
	r.st.suspects[what] = true
	r.st.mu.Unlock()
	var child *childError
	if again && errors.As(cause, &child) {
		return fmt.Errorf("%s: %w", what, &RefusedError{
			Kind: Unreadable, Detail: child.Error(), Fix: "push the commits again from a clone that passes `git fsck`",
		})
	}
	release, err := r.writer(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	defer release()
	if err := r.reset(ctx, cause.Error()); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return fmt.Errorf("%s: the mirror was deleted because it was in doubt (%w); fetch again", what, cause)
}
