package sim

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// PullEdit changes what is not nil.
type PullEdit struct {
	Title, Body, Base, State *string
	Draft                    *bool
}

// Edit changes a pull request as the account would.
func (p *Pull) Edit(by *User, e PullEdit) error {
	p.repo.g.mu.Lock()
	defer p.repo.g.mu.Unlock()
	if problem := p.edit(by, e); problem != "" {
		return fmt.Errorf("edit %s#%d: GitHub refuses it: %s", p.repo.fullName(), p.Number, problem)
	}
	return nil
}

// edit returns GitHub's reason when it refuses.
func (p *Pull) edit(by *User, e PullEdit) string {
	changes := fields{}
	if e.Base != nil && *e.Base != p.baseRef {
		if p.repo.refs["refs/heads/"+*e.Base] == "" {
			return fmt.Sprintf("Proposed base branch '%s' was not found", *e.Base)
		}
		changes["base"] = fields{"ref": fields{"from": p.baseRef}, "sha": fields{"from": p.baseSHA}}
	}
	if e.Title != nil && *e.Title != p.title {
		changes["title"] = fields{"from": p.title}
	}
	if e.Body != nil && *e.Body != p.body {
		changes["body"] = fields{"from": p.body}
	}
	if len(changes) > 0 {
		p.keep()
		if e.Title != nil && *e.Title != p.title {
			p.happened("renamed", by, fields{"rename": fields{"from": p.title, "to": *e.Title}})
		}
		p.apply(e)
		p.send("edited", by, fields{"changes": changes})
		p.log(by, "edited")
		if changes["base"] != nil {
			p.log(by, "goes to "+p.baseRef)
		}
	}
	if e.Draft != nil {
		p.setDraft(by, *e.Draft)
	}
	switch {
	case e.State == nil || *e.State == p.state:
	case *e.State == "closed":
		p.close(by)
	default:
		return p.reopen(by)
	}
	return ""
}

func (p *Pull) apply(e PullEdit) {
	if e.Base != nil && *e.Base != p.baseRef {
		p.baseRef, p.baseSHA = *e.Base, p.repo.refs["refs/heads/"+*e.Base]
		p.merge, p.mergeSHA = mergeUnknown, ""
	}
	if e.Title != nil {
		p.title = *e.Title
	}
	if e.Body != nil {
		p.body = *e.Body
	}
}

func (p *Pull) setDraft(by *User, draft bool) {
	if p.draft == draft {
		return
	}
	p.keep()
	p.draft = draft
	action, event := "ready_for_review", "ready_for_review"
	if draft {
		action, event = "converted_to_draft", "convert_to_draft"
	}
	p.happened(event, by, nil)
	p.send(action, by, nil)
	p.log(by, strings.ReplaceAll(action, "_", " "))
}

// Close closes the pull request without merging it.
func (p *Pull) Close(by *User) error {
	state := "closed"
	return p.Edit(by, PullEdit{State: &state})
}

// Reopen opens a closed pull request again.
func (p *Pull) Reopen(by *User) error {
	state := "open"
	return p.Edit(by, PullEdit{State: &state})
}

// Retarget gives the pull request another base branch.
func (p *Pull) Retarget(by *User, base string) error { return p.Edit(by, PullEdit{Base: &base}) }

// SetDraft makes it a draft, or ready for review.
func (p *Pull) SetDraft(by *User, draft bool) error { return p.Edit(by, PullEdit{Draft: &draft}) }

// Head is the commit the pull request proposes.
func (p *Pull) Head() string {
	p.repo.g.mu.Lock()
	defer p.repo.g.mu.Unlock()
	return p.headSHA
}

// State is "open", "closed" or "merged".
func (p *Pull) State() string {
	p.repo.g.mu.Lock()
	defer p.repo.g.mu.Unlock()
	if p.merged {
		return "merged"
	}
	return p.state
}

// Repo is the repository the pull request is in.
func (p *Pull) Repo() *Repo { return p.repo }

// URL is the pull request's page.
func (p *Pull) URL() string {
	return fmt.Sprintf("%s/%s/pull/%d", p.repo.g.url, p.repo.FullName(), p.Number)
}

// Pull finds a pull request by its number, or nil.
func (r *Repo) Pull(number int) *Pull {
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	return r.pull(number)
}

func (r *Repo) pull(number int) *Pull {
	for _, p := range r.pulls {
		if p.Number == number {
			return p
		}
	}
	return nil
}

// checkMergeable is what a reading of one pull request does: the first one
// since something moved starts the job and still sees "unknown", the next one
// finds the answer.
func (p *Pull) checkMergeable() error {
	switch {
	case p.state != "open" || p.merge == mergeClean || p.merge == mergeConflict:
		return nil
	case p.merge == mergeUnknown:
		p.merge = mergePending
		return nil
	}
	return p.testMerge()
}

// mergedTree is the tree of head and base merged, or "" when they conflict.
func (p *Pull) mergedTree() (string, error) {
	r, base := p.repo, p.repo.refs["refs/heads/"+p.baseRef]
	tree, err := r.mergeTrees(base, p.headSHA)
	if errors.Is(err, errConflict) {
		return "", nil
	}
	return tree, err
}

// conflicts says whether the head cannot be merged into the base.
func (p *Pull) conflicts() (bool, error) {
	tree, err := p.mergedTree()
	return tree == "" && err == nil, err
}

// testMerge makes the test merge, and refs/pull/N/merge when it is clean.
func (p *Pull) testMerge() error {
	r, base := p.repo, p.repo.refs["refs/heads/"+p.baseRef]
	tree, err := p.mergedTree()
	if err != nil {
		return err
	}
	if tree == "" {
		p.merge, p.mergeSHA = mergeConflict, ""
		return nil
	}
	date := fmt.Sprintf("GIT_AUTHOR_DATE=%d +0000", r.g.now().Unix())
	cmd := gitCommand(r.g.ctx, r.Dir, "commit-tree", "-p", base, "-p", p.headSHA, "-m", "Merge "+p.headSHA+" into "+base, tree)
	cmd.Env = append(cmd.Env, date, strings.Replace(date, "AUTHOR", "COMMITTER", 1))
	id, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("commit the test merge of %s#%d: %w", r.fullName(), p.Number, err)
	}
	ref := fmt.Sprintf("refs/pull/%d/merge", p.Number)
	p.merge, p.mergeSHA = mergeClean, strings.TrimSpace(string(id))
	r.refs[ref] = p.mergeSHA
	if _, err := r.g.git(r.Dir, nil, "update-ref", ref, p.mergeSHA); err != nil {
		return fmt.Errorf("move %s of %s: %w", ref, r.fullName(), err)
	}
	return nil
}

// pullsAt lists the pull requests whose head is a commit, the newest first.
func (r *Repo) pullsAt(sha string) []*Pull {
	var out []*Pull
	for _, p := range slices.Backward(r.pulls) {
		if p.headSHA == sha {
			out = append(out, p)
		}
	}
	return out
}
