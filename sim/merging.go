package sim

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Merge is how to merge a pull request.
type Merge struct {
	Method  string // "merge", which "" means, "squash" or "rebase"
	SHA     string // the head that is meant; "" means any
	Title   string // of the new commit; "" means GitHub's own
	Message string // below the title; "" means GitHub's own
}

// mergeMethods name what GitHub says of a method that is switched off.
var mergeMethods = map[string]string{"merge": "Merge commits", "squash": "Squash merges", "rebase": "Rebase merges"}

// problem is a refusal of the API: its status and its words. The zero value is none.
type problem struct {
	status  int
	message string
}

// SetMergeMethods leaves only these ways of merging pull requests: merge, squash, rebase.
func (r *Repo) SetMergeMethods(methods ...string) error {
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	for _, m := range methods {
		if mergeMethods[m] == "" {
			return fmt.Errorf("set how %s merges: there is no method %q; take merge, squash or rebase", r.fullName(), m)
		}
	}
	r.methods = slices.Clone(methods)
	return nil
}

// SetDeleteMerged makes the head branch go when its pull request is merged.
func (r *Repo) SetDeleteMerged(on bool) {
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	r.deleteMerged = on
}

// Merge merges the pull request as the account would by the button, and
// returns the base's new tip.
func (p *Pull) Merge(by *User, m Merge) (string, error) {
	p.repo.writing <- struct{}{}
	defer func() { <-p.repo.writing }()
	p.repo.g.mu.Lock()
	defer p.repo.g.mu.Unlock()
	sha, refused, err := p.land(pusher{by: by}, m)
	if refused.status != 0 {
		err = fmt.Errorf("GitHub refuses it: %s", strings.TrimSpace(refused.message))
	}
	if err != nil {
		return "", fmt.Errorf("merge %s#%d: %w", p.repo.fullName(), p.Number, err)
	}
	return sha, nil
}

// land merges the pull request. The caller holds the lock and the turn to write.
func (p *Pull) land(who pusher, m Merge) (string, problem, error) {
	if m.Method == "" {
		m.Method = "merge"
	}
	r := p.repo
	switch {
	case p.state != "open":
		return "", problem{http.StatusMethodNotAllowed, "Pull Request is not mergeable"}, nil
	case p.draft:
		return "", problem{http.StatusMethodNotAllowed, "Pull Request is still a draft"}, nil
	case m.SHA != "" && m.SHA != p.headSHA:
		return "", problem{http.StatusConflict, "Head branch was modified. Review and try the merge again."}, nil
	case r.methods != nil && !slices.Contains(r.methods, m.Method):
		return "", problem{http.StatusMethodNotAllowed, mergeMethods[m.Method] + " are not allowed on this repository."}, nil
	}
	ref := "refs/heads/" + p.baseRef
	sha, err := p.result(who, m, r.refs[ref])
	switch {
	case errors.Is(err, errConflict) && m.Method == "rebase":
		return "", problem{http.StatusMethodNotAllowed, "This branch can't be rebased"}, nil
	case errors.Is(err, errConflict):
		return "", problem{http.StatusMethodNotAllowed, "Pull Request is not mergeable"}, nil
	case err != nil:
		return "", problem{}, err
	}
	refused, err := move{repo: r, who: who, ref: ref, before: r.refs[ref], after: sha, pull: p}.carryOut()
	switch {
	case err != nil:
		return "", problem{}, err
	case refused != nil && refused.workflow != "":
		return "", problem{http.StatusForbidden, refused.message()}, nil
	case refused != nil:
		return "", problem{http.StatusMethodNotAllowed, refused.message()}, nil
	}
	return sha, problem{}, p.deleteHead(who)
}

// result makes the commit that the base would get by the method.
func (p *Pull) result(who pusher, m Merge, base string) (string, error) {
	if m.Method == "rebase" {
		return p.repo.rebase(base, p.headSHA, who.by)
	}
	tree, err := p.repo.mergeTrees(base, p.headSHA)
	if err != nil {
		return "", err
	}
	c := commit{tree: tree, parents: []string{base, p.headSHA}, author: p.repo.g.signature(who.by), committer: p.repo.g.webFlow()}
	title, message := fmt.Sprintf("Merge pull request #%d from %s/%s", p.Number, login(p.headOwner), p.headRef), p.title
	if m.Method == "squash" {
		c.parents, c.author = []string{base}, p.repo.g.signature(p.by)
		title, message = fmt.Sprintf("%s (#%d)", p.title, p.Number), p.squashed()
	}
	if m.Title != "" {
		title = m.Title
	}
	if m.Message != "" {
		message = m.Message
	}
	c.message = strings.TrimRight(title+"\n\n"+message, "\n") + "\n"
	return p.repo.writeCommit(c)
}

// squashed lists the titles of what a squash puts together.
func (p *Pull) squashed() string {
	list := p.repo.between(p.repo.refs["refs/heads/"+p.baseRef], p.headSHA)
	if len(list) == 1 {
		_, message, _ := strings.Cut(list[0].message, "\n\n")
		return message
	}
	var lines []string
	for _, c := range list {
		lines = append(lines, "* "+firstLine(c.message))
	}
	return strings.Join(lines, "\n\n")
}

// deleteHead deletes the branch of a merged pull request where the repository
// says so. Those stacked on it get the merged one's base.
func (p *Pull) deleteHead(who pusher) error {
	r, ref := p.repo, "refs/heads/"+p.headRef
	if !r.deleteMerged || p.headRepo != r || r.refs[ref] == "" || p.headRef == r.defaultBranch {
		return nil
	}
	for _, other := range r.pulls {
		if other.state == "open" && other.baseRef == p.headRef {
			other.edit(who.by, PullEdit{Base: &p.baseRef})
		}
	}
	_, err := move{repo: r, who: who, ref: ref, before: r.refs[ref]}.carryOut() // a branch that rules keep stays
	return err
}

var errConflict = errors.New("the commits conflict")

// mergeTrees is the tree of two commits merged; errConflict when there is none.
func (r *Repo) mergeTrees(a, b string) (string, error) {
	out, err := r.g.git(r.Dir, nil, "merge-tree", "--write-tree", "--no-messages", "--allow-unrelated-histories", a, b)
	var failed *gitError
	if errors.As(err, &failed) && failed.code == 1 {
		return "", errConflict
	}
	if err != nil {
		return "", fmt.Errorf("merge %s and %s of %s: %w", short(a), short(b), r.fullName(), err)
	}
	return strings.TrimSpace(string(out)), nil
}

// rebase copies the commits of head that base does not have onto base, merges
// left out. Copies are always new, also where nothing would have to move.
func (r *Repo) rebase(base, head string, by *User) (string, error) {
	tip := base
	for _, c := range r.between(base, head) {
		if len(c.parents) != 1 {
			continue
		}
		at, err := r.commit(tip)
		if err != nil {
			return "", fmt.Errorf("rebase %s: %w", short(head), err)
		}
		// A commit with the tip's tree beside c makes c's parent the merge base.
		beside, err := r.writeCommit(commit{tree: at.tree, parents: c.parents, author: c.author, committer: c.author, message: "beside\n"})
		if err != nil {
			return "", err
		}
		tree, err := r.mergeTrees(beside, c.id)
		if err != nil {
			return "", err
		}
		if tip, err = r.writeCommit(commit{tree: tree, parents: []string{tip}, author: c.author, committer: r.g.signature(by), message: c.message}); err != nil {
			return "", err
		}
	}
	return tip, nil
}

// writeCommit stores a commit and returns its id.
func (r *Repo) writeCommit(c commit) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "tree %s\n", c.tree)
	for _, p := range c.parents {
		fmt.Fprintf(&b, "parent %s\n", p)
	}
	fmt.Fprintf(&b, "author %s\ncommitter %s\n\n%s", c.author, c.committer, strings.ReplaceAll(c.message, "\x00", ""))
	out, err := r.g.git(r.Dir, []byte(b.String()), "hash-object", "-t", "commit", "-w", "--stdin")
	if err != nil {
		return "", fmt.Errorf("write a commit to %s: %w", r.fullName(), err)
	}
	return strings.TrimSpace(string(out)), nil
}

// String is a signature as git stores it.
func (s signature) String() string {
	return fmt.Sprintf("%s <%s> %d +0000", s.name, s.email, s.at.Unix())
}

// signature signs for an account, now.
func (g *GitHub) signature(u *User) signature {
	if u == nil {
		return g.webFlow()
	}
	return signature{name: u.Login, email: u.email(), at: g.now()}
}

// webFlow is who commits what GitHub itself makes.
func (g *GitHub) webFlow() signature {
	return signature{name: "GitHub", email: "noreply@github.com", at: g.now()}
}
