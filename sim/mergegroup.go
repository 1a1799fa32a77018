package sim

import "fmt"

// RequestMergeGroup is GitHub's own merge queue asking for checks of a commit
// that it made for the pull request: the commit gets a branch below
// gh-readonly-queue, merge_group is sent, and the workflows that wait for it
// start. The commit must be in the repository. The queue itself is not simulated.
func (p *Pull) RequestMergeGroup(by *User, sha string) error {
	r := p.repo
	r.g.mu.Lock()
	base := r.refs["refs/heads/"+p.baseRef]
	branch := fmt.Sprintf("gh-readonly-queue/%s/pr-%d-%s", p.baseRef, p.Number, base)
	r.g.mu.Unlock()
	if err := r.Push(by, branch, sha, true); err != nil {
		return fmt.Errorf("request a merge group of %s#%d: %w", r.FullName(), p.Number, err)
	}
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	group := fields{"head_sha": sha, "head_ref": "refs/heads/" + branch, "base_sha": base, "base_ref": "refs/heads/" + p.baseRef,
		"head_commit": r.renderSimpleCommit(sha)}
	r.broadcast("merge_group", "checks_requested", func(*App) fields {
		return fields{"action": "checks_requested", "merge_group": group, "sender": r.g.renderUser(by)}
	})
	p.log(by, "asks for checks of "+short(sha)+" in the merge queue")
	r.startWorkflows(trigger{event: eventMergeGroup, action: "checks_requested", branch: p.baseRef, head: branch, sha: sha, by: by})
	return nil
}
