package sim

import (
	"fmt"
	"strings"
	"time"
)

// Pull is a pull request.
type Pull struct {
	Number int

	id         int64
	repo       *Repo
	by         *User
	title      string
	body       string
	state      string // "open" or "closed"
	draft      bool
	locked     bool // only people with write access may comment or react
	baseRef    string
	baseSHA    string // the base's tip when the head was last pushed or the base changed
	headRepo   *Repo  // nil once the fork was deleted
	headOwner  *User
	headRef    string
	headSHA    string
	merge      mergeState
	mergeSHA   string // the test merge while open, the merge commit once merged
	merged     bool
	mergedBy   *User
	created    time.Time
	updated    time.Time
	closed     time.Time
	comments   int
	reviews    []review // the oldest first; replaced, never changed, because older has it too
	asked      []*User  // for a review that they have not given
	askedTeams []*Team
	labels     []*label
	happenings []happening
	closedBy   *User
	older      *Pull // as it was before the last change: what a stale replica answers
	changed    int   // request number of that change
}

// mergeState is what GitHub knows about mergeability.
type mergeState int

const (
	mergeUnknown mergeState = iota // nobody asked since something moved
	mergePending                   // asked; the next reading finds the answer
	mergeClean
	mergeConflict
)

// NewPull is a pull request to open.
type NewPull struct {
	By          *User
	Title, Body string
	Head        string // "branch", or "owner:branch" of a fork
	Base        string // "" means the default branch
	Draft       bool
}

// OpenPull opens a pull request.
func (r *Repo) OpenPull(n NewPull) (*Pull, error) {
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	p, problem, err := r.openPull(n)
	if problem != "" {
		err = fmt.Errorf("GitHub refuses it: %s", problem)
	}
	if err != nil {
		return nil, fmt.Errorf("open a pull request from %s to %s of %s: %w", n.Head, n.Base, r.fullName(), err)
	}
	return p, nil
}

// openPull returns GitHub's reason when it refuses, and an error when the
// simulator could not do it.
func (r *Repo) openPull(n NewPull) (*Pull, string, error) {
	if n.Base == "" {
		n.Base = r.defaultBranch
	}
	headRepo, headRef := r, n.Head
	if owner, ref, ok := strings.Cut(n.Head, ":"); ok {
		headRepo, headRef = r.network(owner), ref
	}
	if headRepo == nil || headRepo.refs["refs/heads/"+headRef] == "" {
		return nil, "head invalid", nil
	}
	if r.refs["refs/heads/"+n.Base] == "" {
		return nil, "base invalid", nil
	}
	for _, p := range r.pulls {
		if p.state == "open" && p.headRepo == headRepo && p.headRef == headRef && p.baseRef == n.Base {
			return nil, fmt.Sprintf("A pull request already exists for %s:%s.", headRepo.owner.Login, headRef), nil
		}
	}
	p := &Pull{id: r.g.nextID("pull"), repo: r, by: n.By, title: n.Title, body: n.Body, state: "open", draft: n.Draft,
		baseRef: n.Base, baseSHA: r.refs["refs/heads/"+n.Base], headRepo: headRepo, headOwner: headRepo.owner, headRef: headRef,
		headSHA: headRepo.refs["refs/heads/"+headRef], created: r.g.now(), updated: r.g.now(), changed: len(r.g.requests)}
	if len(r.between(p.baseSHA, p.headSHA)) == 0 && headRepo == r {
		return nil, fmt.Sprintf("No commits between %s and %s", n.Base, headRef), nil
	}
	p.Number = r.issues + 1
	if err := p.moveHeadRef(); err != nil {
		return nil, "", err
	}
	r.issues++
	r.pulls = append(r.pulls, p)
	p.send("opened", p.by, nil)
	p.log(p.by, "opened "+quoted(p.title))
	return p, "", nil
}

// network finds the repository of an owner in the same fork network.
func (r *Repo) network(owner string) *Repo {
	if strings.EqualFold(owner, r.owner.Login) {
		return r
	}
	for _, f := range r.g.sortedRepos() {
		if f.parent == r && strings.EqualFold(f.owner.Login, owner) {
			return f
		}
	}
	return nil
}

// moveHeadRef makes refs/pull/N/head what the head is, fetching from a fork.
func (p *Pull) moveHeadRef() error {
	r, ref := p.repo, fmt.Sprintf("refs/pull/%d/head", p.Number)
	var err error
	if p.headRepo != r && p.headRepo != nil {
		_, err = r.g.git(r.Dir, nil, "fetch", "--quiet", "--no-tags", p.headRepo.Dir, "+"+p.headSHA+":"+ref)
	} else {
		_, err = r.g.git(r.Dir, nil, "update-ref", ref, p.headSHA)
	}
	if err != nil {
		return fmt.Errorf("move %s of %s: %w", ref, r.fullName(), err)
	}
	r.refs[ref] = p.headSHA
	return nil
}

// keep remembers the pull request as it is, for stale reads, and stamps it.
func (p *Pull) keep() {
	old := *p
	old.older = nil
	p.older, p.changed, p.updated = &old, len(p.repo.g.requests), p.repo.g.now()
}

// headMoved follows a push to the head branch, or its deletion.
func (p *Pull) headMoved(by *User, c refChange) error {
	if c.after == "" {
		p.close(by)
		return nil
	}
	p.keep()
	p.headSHA, p.baseSHA = c.after, p.repo.refs["refs/heads/"+p.baseRef]
	p.merge, p.mergeSHA = mergeUnknown, ""
	if err := p.moveHeadRef(); err != nil {
		return err
	}
	p.send("synchronize", by, fields{"before": c.before, "after": c.after})
	p.log(by, "moved to "+short(c.after))
	p.dismissStale(by)
	return nil
}

// baseMoved follows a push to the base branch: mergeability is unknown again,
// and a base that now holds the head has merged the pull request.
func (p *Pull) baseMoved(by *User, c refChange, merged bool) {
	if c.after == "" {
		p.close(by)
		return
	}
	p.merge = mergeUnknown
	if !merged {
		return
	}
	p.keep()
	p.merged, p.mergedBy, p.mergeSHA, p.closedBy = true, by, c.after, by
	p.happened("merged", by, fields{"commit_id": c.after, "commit_url": p.repo.apiURL() + "/commits/" + c.after})
	p.happened("closed", by, nil)
	p.state, p.closed = "closed", p.repo.g.now()
	p.send("closed", by, nil)
	p.log(by, "merged")
}

func (p *Pull) close(by *User) {
	if p.state == "closed" {
		return
	}
	p.keep()
	p.state, p.closed, p.closedBy = "closed", p.repo.g.now(), by
	p.happened("closed", by, nil)
	p.send("closed", by, nil)
	p.log(by, "closed")
}

// reopen returns GitHub's reason when it refuses.
func (p *Pull) reopen(by *User) string {
	switch {
	case p.merged:
		return "state cannot be changed. The pull request cannot be reopened."
	case p.headRepo == nil || p.headRepo.refs["refs/heads/"+p.headRef] == "":
		return fmt.Sprintf("state cannot be changed. The %s branch has been deleted.", p.headRef)
	}
	tip := p.headRepo.refs["refs/heads/"+p.headRef]
	if !p.headRepo.reachable(tip, nil)[p.headSHA] {
		return fmt.Sprintf("state cannot be changed. The %s branch was force-pushed or recreated.", p.headRef)
	}
	p.keep()
	p.state, p.closed, p.closedBy, p.merge = "open", time.Time{}, nil, mergeUnknown
	p.headSHA, p.baseSHA = tip, p.repo.refs["refs/heads/"+p.baseRef]
	if err := p.moveHeadRef(); err != nil {
		return err.Error()
	}
	p.happened("reopened", by, nil)
	p.send("reopened", by, nil)
	p.log(by, "reopened")
	return ""
}

func (p *Pull) log(by *User, text string) {
	p.repo.g.log(Event{Kind: "pull", Repo: p.repo.fullName(), PR: p.Number, Actor: login(by), SHA: p.headSHA, Text: text})
}

func quoted(s string) string { return fmt.Sprintf("%q", s) }
