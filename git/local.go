package git

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// clone is a developer's repository.
type clone struct {
	git     string // its git directory; a worktree's own
	objects string // its objects, shared by worktrees
	format  string // "sha1" or "sha256"
}

// Local opens the repository of the directory dir, which may be a worktree or
// a folder inside one, for reading. Nothing is ever written into it: what a
// judgement makes goes to a temporary directory. Its configuration, hooks,
// attributes, grafts and replacement references have no effect. A shallow
// clone is a *RefusedError that says how to complete it. Where children cannot
// be given limits, Warnings says so: the developer's own machine is at risk,
// and nobody else's.
func Local(ctx context.Context, dir string) (*Repo, error) {
	x, err := newRunner(Options{})
	if err != nil {
		return nil, fmt.Errorf("open clone: %w", err)
	}
	warnings, err := x.checkMachine(ctx)
	if err != nil {
		return nil, fmt.Errorf("open clone: %w", err)
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, fmt.Errorf("open clone: %w", err)
	}
	if info, err := os.Stat(dir); err != nil {
		return nil, fmt.Errorf("open clone: %w", err)
	} else if !info.IsDir() {
		return nil, fmt.Errorf("open clone: %q is no directory", dir)
	}
	// The owner of the directory does not matter: nothing in it is executed.
	out, err := x.run(ctx, command{
		args: []string{
			"rev-parse", "--path-format=absolute", "--is-shallow-repository", "--show-object-format",
			"--absolute-git-dir", "--git-path", "objects",
		},
		cwd: dir, settings: []setting{{"safe.directory", "*"}},
	})
	if err != nil {
		return nil, fmt.Errorf("open clone: %q is not inside a git repository with a worktree: %w", dir, err)
	}
	f := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	if len(f) != 4 || !filepath.IsAbs(f[2]) || !filepath.IsAbs(f[3]) || f[1] != "sha1" && f[1] != "sha256" {
		return nil, fmt.Errorf("open clone: git describes %q as %.400q, which cannot be read", dir, out)
	}
	if f[0] != "false" {
		return nil, fmt.Errorf("open clone %q: %w", dir, &RefusedError{
			Kind: Shallow, Detail: "the clone's history is cut off, so merge bases cannot be found",
			Fix: "run `git fetch --unshallow` (in GitHub Actions: actions/checkout with `fetch-depth: 0`)",
		})
	}
	return &Repo{
		x: x, clone: clone{git: f[2], format: f[1], objects: f[3]}, maxPaths: x.limits.Paths, warnings: warnings,
	}, nil
}

var (
	shortIDPattern  = regexp.MustCompile(`^[0-9a-f]{7,64}$`)
	ancestorPattern = regexp.MustCompile(`^(.+?)((?:[~^][0-9]{0,6})*)$`)
)

// Resolve returns the commit a revision names. In a mirror that is the
// complete name of a fetched reference, or a commit's id. In a clone it is
// HEAD, a complete name, or a name that is looked up among branches, then
// remote branches, then tags, then origin's branches, so that a tag never
// shadows a branch; or a commit's id of at least 7 digits; each may be
// followed by ~n and ^n. What names nothing is a *NotFoundError.
func (r *Repo) Resolve(ctx context.Context, rev string) (string, error) {
	if r.m != nil {
		return r.resolveStored(ctx, rev)
	}
	m := ancestorPattern.FindStringSubmatch(rev)
	if m == nil {
		return "", fmt.Errorf("resolve: %w", &NotFoundError{Rev: rev})
	}
	id, err := r.resolveName(ctx, m[1])
	if err == nil {
		id, err = r.commitOf(ctx, id+m[2])
	}
	var missing *NotFoundError
	if errors.As(err, &missing) {
		err = &NotFoundError{Rev: rev}
	}
	if err != nil {
		return "", fmt.Errorf("resolve: %w", err)
	}
	return id, nil
}

func (r *Repo) resolveName(ctx context.Context, name string) (string, error) {
	candidates := []string{"refs/heads/" + name, "refs/remotes/" + name, "refs/tags/" + name, "refs/remotes/origin/" + name}
	switch {
	case name == "HEAD" || name == "@":
		return r.commitOf(ctx, "HEAD")
	case len(name) >= 40 && CheckID(name) == nil:
		return name, nil
	case strings.HasPrefix(name, "refs/"):
		candidates = []string{name}
	}
	for _, ref := range candidates {
		if CheckRef(ref) != nil {
			continue
		}
		id, err := r.commitOf(ctx, ref)
		var missing *NotFoundError
		if !errors.As(err, &missing) {
			return id, err
		}
	}
	if shortIDPattern.MatchString(name) {
		return r.disambiguate(ctx, name)
	}
	return "", &NotFoundError{Rev: name}
}

// commitOf returns the commit behind a complete reference name, HEAD or an id
// with steps to ancestors.
func (r *Repo) commitOf(ctx context.Context, rev string) (string, error) {
	out, err := r.x.run(ctx, command{
		args: []string{"rev-parse", "--verify", "--quiet", "--end-of-options", rev + "^{commit}"}, dir: repoDir{git: r.clone.git},
	})
	var child *childError
	if errors.As(err, &child) && child.code == 1 {
		return "", &NotFoundError{Rev: rev}
	}
	if err != nil {
		return "", err
	}
	id := strings.TrimSpace(string(out))
	return id, CheckID(id)
}

// disambiguate completes an abbreviated id without looking at references.
func (r *Repo) disambiguate(ctx context.Context, short string) (string, error) {
	out, err := r.x.run(ctx, command{args: []string{"rev-parse", "--disambiguate=" + short}, dir: repoDir{git: r.clone.git}})
	if err != nil {
		return "", err
	}
	var found []string
	for id := range strings.Lines(string(out)) {
		c, err := r.commitOf(ctx, strings.TrimSpace(id))
		var missing *NotFoundError
		if err != nil && !errors.As(err, &missing) {
			return "", err
		}
		if err == nil {
			found = append(found, c)
		}
	}
	switch len(found) {
	case 0:
		return "", &NotFoundError{Rev: short}
	case 1:
		return found[0], nil
	}
	return "", fmt.Errorf("%q is short for %d commits; give more digits", short, len(found))
}

func (r *Repo) resolveStored(ctx context.Context, rev string) (string, error) {
	if CheckID(rev) == nil {
		return rev, r.read(ctx, "resolve "+rev, func(s *scratch) error { return s.require(ctx, "commit", rev) })
	}
	if err := CheckRef(rev); err != nil {
		return "", fmt.Errorf("resolve: %w", err)
	}
	r.st.use.RLock()
	defer r.st.use.RUnlock()
	err := r.check()
	var refs map[string]object
	if err == nil {
		refs, err = r.stored(ctx, storedRef(rev))
	}
	if err != nil {
		return "", fmt.Errorf("resolve %q: %w", rev, err)
	}
	o, ok := refs[storedRef(rev)]
	if !ok {
		return "", fmt.Errorf("resolve: %w", &NotFoundError{Rev: rev})
	}
	return o.id, nil
}
