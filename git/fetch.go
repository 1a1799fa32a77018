package git

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Ref is a reference to fetch.
type Ref struct {
	// Remote is its complete name there, such as refs/heads/main or
	// refs/pull/12/head.
	Remote string
}

// Fetch brings references into the mirror and returns their commits by name.
// When nothing moved it asks the remote once and transfers nothing. A
// reference the remote does not have is a *MissingRefError, and then nothing
// is fetched. What a transfer brings that git's checks or our limits reject is
// a *RefusedError that names the reference; what the remote answers instead of
// serving is a *RemoteError.
func (r *Repo) Fetch(ctx context.Context, refs ...Ref) (map[string]string, error) {
	if r.m == nil {
		return nil, errors.New("fetch: a developer's clone is read-only")
	}
	names := distinctNames(refs)
	tips, err := r.Tips(ctx, names...)
	if err != nil {
		return nil, fmt.Errorf("fetch: %w", err)
	}
	for _, name := range names {
		if tips[name] == "" {
			return nil, fmt.Errorf("fetch: %w", &MissingRefError{Ref: name})
		}
		if err := r.st.memory.recall(name + " " + tips[name]); err != nil {
			return nil, fmt.Errorf("fetch: %w", err)
		}
	}
	if stale, err := r.stale(ctx, tips); err == nil && len(stale) == 0 {
		return tips, nil
	}
	return r.fetch(ctx, names, tips)
}

func distinctNames(refs []Ref) []string {
	names := make([]string, 0, len(refs))
	for _, ref := range refs {
		if !slices.Contains(names, ref.Remote) {
			names = append(names, ref.Remote)
		}
	}
	return names
}

// stale returns the names whose commits the mirror does not hold, sorted.
func (r *Repo) stale(ctx context.Context, tips map[string]string) ([]string, error) {
	r.st.use.RLock()
	defer r.st.use.RUnlock()
	if err := r.check(); err != nil {
		return nil, err
	}
	prefixes := make([]string, 0, len(tips))
	for name := range tips {
		prefixes = append(prefixes, storedRef(name))
	}
	stored, err := r.stored(ctx, prefixes...)
	if err != nil {
		return nil, err
	}
	var stale []string
	for name, id := range tips {
		if o := stored[storedRef(name)]; o.id != id || o.kind != "commit" {
			stale = append(stale, name)
		}
	}
	slices.Sort(stale)
	return stale, nil
}

// stored returns the mirror's references under any of the prefixes.
func (r *Repo) stored(ctx context.Context, prefixes ...string) (map[string]object, error) {
	return listRefs(ctx, r.x, repoDir{git: r.dir}, prefixes...)
}

func listRefs(ctx context.Context, x *runner, dir repoDir, prefixes ...string) (map[string]object, error) {
	args := append([]string{"for-each-ref", "--format=%(objectname) %(objecttype) %(refname)"}, prefixes...)
	out, err := x.run(ctx, command{args: args, dir: dir})
	if err != nil {
		return nil, err
	}
	return parseRefs(string(out))
}

// fetch transfers what is stale. A mirror that does not take what passed the
// quarantine is in doubt: it is deleted, and fetched once more from nothing.
func (r *Repo) fetch(ctx context.Context, names []string, tips map[string]string) (map[string]string, error) {
	release, err := r.writer(ctx)
	if err != nil {
		return nil, fmt.Errorf("fetch: %w", err)
	}
	defer release()
	var doubt *doubtError
	for attempt := range 2 {
		if err = r.prepare(ctx); err != nil {
			return nil, fmt.Errorf("fetch: %w", err)
		}
		var got map[string]string
		got, err = r.refresh(ctx, names, tips)
		if err == nil {
			return got, nil
		}
		if !errors.As(err, &doubt) {
			return nil, fmt.Errorf("fetch: %w", err)
		}
		if attempt == 0 {
			if err := r.reset(ctx, doubt.what); err != nil {
				return nil, fmt.Errorf("fetch: %w", err)
			}
		}
	}
	return nil, fmt.Errorf("fetch: a new mirror fails too: %w", err)
}

// refresh fetches what another writer has not brought meanwhile.
func (r *Repo) refresh(ctx context.Context, names []string, tips map[string]string) (map[string]string, error) {
	if free, err := freeBytes(r.m.options.Root); err != nil || free < r.x.limits.Free {
		return nil, errors.Join(err, fmt.Errorf("%d bytes are free under %s, %d are needed; make room", free, r.m.options.Root, r.x.limits.Free))
	}
	stale, err := r.stale(ctx, tips)
	if err != nil {
		var child *childError
		if errors.As(err, &child) {
			err = &doubtError{child.Error()}
		}
		return nil, err
	}
	got := map[string]string{}
	for _, name := range names {
		got[name] = tips[name]
	}
	if len(stale) == 0 {
		return got, nil
	}
	moved, err := r.transfer(ctx, stale)
	var refused *RefusedError
	if errors.As(err, &refused) {
		moved, err = r.transferEach(ctx, stale, tips, err)
	}
	if err != nil {
		return nil, err
	}
	for name, id := range moved {
		got[name] = id
	}
	return got, nil
}

// transferEach fetches one reference at a time after all together were
// refused, so that the refusal names the reference at fault and the others
// still arrive.
func (r *Repo) transferEach(ctx context.Context, names []string, tips map[string]string, together error) (map[string]string, error) {
	got := map[string]string{}
	var errs []error
	for _, name := range names {
		moved, err := map[string]string(nil), together
		if len(names) > 1 {
			moved, err = r.transfer(ctx, []string{name})
		}
		var refused *RefusedError
		switch {
		case err == nil:
			got[name] = moved[name]
		case errors.As(err, &refused):
			r.st.memory.note(name+" "+tips[name], err)
			errs = append(errs, err)
		default:
			return nil, err
		}
	}
	return got, errors.Join(errs...)
}

// transfer fetches references into a scratch repository, checks every object
// there, and pushes them into the mirror, which checks them again. Nothing
// else ever writes packs into the mirror.
func (r *Repo) transfer(ctx context.Context, names []string) (map[string]string, error) {
	stored, err := r.stored(ctx, storedPrefix)
	if err != nil {
		return nil, err
	}
	s, remove, err := newScratch(r.x, r.m.scratchRoot(), filepath.Join(r.dir, "objects"), "sha1")
	if err != nil {
		return nil, err
	}
	defer remove()
	if err := s.offer(stored); err != nil {
		return nil, err
	}
	if err := r.receive(ctx, s, names); err != nil {
		return nil, err
	}
	arrived, err := listRefs(ctx, r.x, s.repoDir, quarantinePrefix)
	if err != nil {
		return nil, refuseObjects(names, err)
	}
	got := map[string]string{}
	for i, name := range names {
		o := arrived[quarantinePrefix+strconv.Itoa(i)]
		if o.kind != "commit" {
			return nil, &RefusedError{Kind: BadObjects, Ref: name, Detail: fmt.Sprintf("the reference leads to a %q, not to a commit", o.kind)}
		}
		got[name] = o.id
	}
	if err := r.admit(ctx, s, names); err != nil {
		return nil, err
	}
	r.upkeep(ctx, maxPacks)
	return got, nil
}

const quarantinePrefix = "refs/quarantine/"

// offer tells the scratch repository what the mirror has, so that the remote
// sends only the rest.
func (s *scratch) offer(stored map[string]object) error {
	var b strings.Builder
	for name, o := range stored {
		b.WriteString(o.id + " " + name + "\n")
	}
	if b.Len() == 0 {
		return nil
	}
	if err := os.WriteFile(filepath.Join(s.repoDir.git, "packed-refs"), []byte(b.String()), 0o600); err != nil {
		return fmt.Errorf("prepare quarantine: %w", err)
	}
	return nil
}

// receive fetches into the scratch repository. The size of the pack is limited
// by the kernel: the child is killed when it writes more.
func (r *Repo) receive(ctx context.Context, s *scratch, names []string) error {
	args := []string{
		"fetch", "--quiet", "--force", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance",
		"--no-recurse-submodules", "--refmap=", "--no-show-forced-updates", "--end-of-options", r.remote.URL,
	}
	for i, name := range names {
		args = append(args, "+"+name+":"+quarantinePrefix+strconv.Itoa(i))
	}
	c, err := r.talk(ctx, command{args: args, dir: s.repoDir, settings: fsckSettings("fetch"), transfer: true})
	if err != nil {
		return err
	}
	if _, err = r.x.run(ctx, c); err != nil && s.full() {
		return &RefusedError{
			Kind: TooLarge, Ref: strings.Join(names, " "), Detail: fmt.Sprintf("its history needs a pack of more than %d bytes", r.x.limits.Pack),
			Fix: "keep huge files out of the history of this reference",
		}
	}
	var child *childError
	if errors.As(err, &child) {
		if m := vanishedPattern.FindStringSubmatch(child.own()); m != nil {
			return &MissingRefError{Ref: m[1]}
		}
		if m := deniedPattern.FindStringSubmatch(child.own()); m != nil {
			return &NotFoundError{Rev: m[1] + m[2]}
		}
	}
	return refuseObjects(names, err)
}

// vanishedPattern is a reference deleted since the remote was asked.
var vanishedPattern = regexp.MustCompile(`(?m)^fatal: couldn't find remote ref (refs/\S+)$`)

// full reports whether a file in the scratch repository grew to its limit.
func (s *scratch) full() bool {
	packs, err := os.ReadDir(filepath.Join(s.repoDir.git, "objects", "pack"))
	if err != nil {
		return false
	}
	for _, p := range packs {
		if info, err := p.Info(); err == nil && info.Size() >= s.x.limits.Pack {
			return true
		}
	}
	return false
}

// admit pushes what passed the quarantine into the mirror.
func (r *Repo) admit(ctx context.Context, s *scratch, names []string) error {
	args := []string{"push", "--quiet", "--no-verify", "--atomic", "--end-of-options", r.dir}
	for i, name := range names {
		args = append(args, "+"+quarantinePrefix+strconv.Itoa(i)+":"+storedRef(name))
	}
	_, err := r.x.run(ctx, command{args: args, dir: s.repoDir, protocol: "file", transfer: true})
	var child *childError
	if !errors.As(err, &child) {
		return err
	}
	if fsckPattern.MatchString(child.stderr) || memoryPattern.MatchString(child.stderr) {
		return refuseObjects(names, err)
	}
	return &doubtError{"it did not take checked objects: " + child.Error()}
}

// refuseObjects turns a child's end over hostile objects or its limits into a
// *RefusedError, and everything else into what it says about the remote.
func refuseObjects(names []string, err error) error {
	var child *childError
	if !errors.As(err, &child) {
		return err
	}
	e := &RefusedError{Detail: child.Error()}
	if len(names) == 1 {
		e.Ref = names[0]
	}
	switch m := fsckPattern.FindStringSubmatch(child.stderr); {
	case child.starved() || memoryPattern.MatchString(child.stderr):
		e.Kind, e.Fix = OutOfLimits, "keep huge files out of the history of this reference"
	case m != nil:
		e.Kind, e.Fix = BadObjects, "remove the offending object from the history of this reference"
		if m[1] != "" {
			e.Detail = fmt.Sprintf("object %s fails git's check %s", m[1], m[2])
		}
	default:
		return remoteError("fetch", err)
	}
	return e
}
