package sim

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// refChange is one reference that moved: before or after is "" when it did not
// or does not exist.
type refChange struct {
	ref, before, after string
}

// noCommit is how git and GitHub write "there is none".
const noCommit = "0000000000000000000000000000000000000000"

func orNone(id string) string {
	if id == "" {
		return noCommit
	}
	return id
}

// Pushed announces what was changed in Dir by plain git, as if the account had
// pushed it: events are sent and pull requests updated.
func (r *Repo) Pushed(by *User) error {
	r.writing <- struct{}{}
	defer func() { <-r.writing }()
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	return r.announce(by)
}

// Push moves a branch to a commit that is already in the repository, as the
// account's push would. An empty commit deletes the branch. Without force,
// only a fast-forward is accepted.
func (r *Repo) Push(by *User, branch, sha string, force bool) error {
	r.writing <- struct{}{}
	defer func() { <-r.writing }()
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	if by == nil {
		by = r.owner
	}
	m := move{repo: r, who: pusher{by: by}, ref: "refs/heads/" + branch, before: r.refs["refs/heads/"+branch], after: sha}
	if !force && m.forced() {
		return fmt.Errorf("push %s to %s of %s: not a fast-forward of %s; fetch first, or force", sha, branch, r.fullName(), m.before)
	}
	refused, err := m.carryOut()
	if refused != nil {
		err = fmt.Errorf("GitHub refuses it: %s", strings.TrimSpace(refused.message()))
	}
	if err != nil {
		return fmt.Errorf("push to %s of %s: %w", branch, r.fullName(), err)
	}
	return nil
}

// Rewind takes the last n commits off a branch, along first parents, by a force-push.
func (r *Repo) Rewind(by *User, branch string, n int) error {
	r.g.mu.Lock()
	c, err := r.commit(fmt.Sprintf("refs/heads/%s~%d", branch, n))
	r.g.mu.Unlock()
	if err != nil {
		return fmt.Errorf("rewind %s by %d commits: %w", branch, n, err)
	}
	return r.Push(by, branch, c.id, true)
}

// carryOut moves the reference and announces it, unless something refuses. The
// caller holds the lock and the turn to write.
func (m move) carryOut() (*refusal, error) {
	if refused, err := m.refuse(); refused != nil || err != nil {
		return refused, err
	}
	args := []string{"update-ref", m.ref, m.after, orNone(m.before)}
	if m.after == "" {
		args = []string{"update-ref", "-d", m.ref, m.before}
	}
	if _, err := m.repo.g.git(m.repo.Dir, nil, args...); err != nil {
		return nil, err
	}
	m.repo.merging = m.pull
	defer func() { m.repo.merging = nil }()
	return nil, m.repo.announce(m.who.by)
}

// DeleteBranch deletes a branch; pull requests from and to it are closed.
func (r *Repo) DeleteBranch(by *User, branch string) error { return r.Push(by, branch, "", true) }

// readRefs reads all references from disk.
func (r *Repo) readRefs() (map[string]string, error) {
	out, err := r.g.git(r.Dir, nil, "for-each-ref", "--format=%(objectname) %(refname)")
	if err != nil {
		return nil, fmt.Errorf("read the references of %s: %w", r.fullName(), err)
	}
	refs := map[string]string{}
	for line := range strings.SplitSeq(strings.TrimSpace(string(out)), "\n") {
		if id, name, ok := strings.Cut(line, " "); ok {
			refs[name] = id
		}
	}
	return refs, nil
}

// announce compares the references on disk with those last announced, and
// lets GitHub act on each that moved. Nobody in particular is the owner. The
// caller holds the lock.
func (r *Repo) announce(by *User) error {
	if by == nil {
		by = r.owner
	}
	refs, err := r.readRefs()
	if err != nil {
		return err
	}
	changes := compareRefs(r.refs, refs)
	if len(changes) == 0 {
		return nil
	}
	r.staleRefs, r.refs, r.refsChanged = r.refs, refs, len(r.g.requests)
	r.pushed, r.updated = r.g.now(), r.g.now()
	tags := 0
	for _, c := range changes {
		if strings.HasPrefix(c.ref, "refs/tags/") {
			tags++
		}
	}
	for _, c := range changes {
		branch, isBranch := strings.CutPrefix(c.ref, "refs/heads/")
		if isBranch || tags <= 3 { // more than three tags at once: no event at all
			r.sendPush(by, c)
			r.sendMade(by, c)
		}
		r.g.log(Event{Kind: "push", Repo: r.fullName(), Actor: login(by), SHA: c.after, Ref: shortRef(c.ref), Text: describePush(c)})
		if isBranch {
			if err := r.branchMoved(by, branch, c); err != nil {
				return err
			}
		}
	}
	return nil
}

func shortRef(ref string) string {
	return strings.TrimPrefix(strings.TrimPrefix(ref, "refs/heads/"), "refs/tags/")
}

func describePush(c refChange) string {
	name := shortRef(c.ref)
	switch {
	case c.after == "":
		return "deleted " + name
	case c.before == "":
		return "created " + name + " at " + short(c.after)
	}
	return "pushed " + short(c.after) + " to " + name
}

// compareRefs lists branches and tags that differ, by name. References below
// refs/pull are GitHub's own and not announced.
func compareRefs(old, now map[string]string) []refChange {
	var changes []refChange
	names := map[string]bool{}
	for name := range old {
		names[name] = true
	}
	for name := range now {
		names[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		branchOrTag := strings.HasPrefix(name, "refs/heads/") || strings.HasPrefix(name, "refs/tags/")
		if branchOrTag && old[name] != now[name] {
			changes = append(changes, refChange{ref: name, before: old[name], after: now[name]})
		}
	}
	return changes
}

// branchMoved updates everything that follows a branch.
func (r *Repo) branchMoved(by *User, branch string, c refChange) error {
	if c.after != "" {
		r.requestSuites(by, branch, c)
		r.startWorkflows(trigger{event: eventPush, branch: branch, before: c.before, sha: c.after, by: by})
	}
	brought := map[string]bool{} // commits that the branch did not have before
	if c.before != "" && c.after != "" {
		for _, found := range r.between(c.before, c.after) {
			brought[found.id] = true
		}
	}
	for _, other := range r.g.sortedRepos() {
		for _, p := range other.pulls {
			if p.state != "open" {
				continue
			}
			if p.headRepo == r && p.headRef == branch {
				if err := p.headMoved(by, c); err != nil {
					return err
				}
			}
			if p.repo == r && p.baseRef == branch && p.state == "open" {
				p.baseMoved(by, c, brought[p.headSHA] || p == r.merging)
			}
		}
	}
	return nil
}

func (g *GitHub) sortedRepos() []*Repo {
	var out []*Repo
	for _, id := range slices.Sorted(maps.Keys(g.repos)) {
		out = append(out, g.repos[id])
	}
	return out
}

func login(u *User) string {
	if u == nil {
		return ""
	}
	return u.Login
}

func short(sha string) string {
	if len(sha) > 7 {
		return sha[:7]
	}
	return sha
}
