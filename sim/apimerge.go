package sim

import (
	"errors"
	"net/http"
	"strings"
)

func mergeRoutes() []route {
	return []route{
		{"POST", "/repos/{owner}/{repo}/merges", "contents:write", (*call).mergeBranch},
		{"PUT", "/repos/{owner}/{repo}/pulls/{pull_number}/update-branch", "pull_requests:write", (*call).updateBranch},
		{"PUT", "/repos/{owner}/{repo}/pulls/{pull_number}/merge", "contents:write", (*call).mergePull},
		{"GET", "/repos/{owner}/{repo}/pulls/{pull_number}/merge", "contents:read", (*call).isMerged},
	}
}

func (c *call) mergePull() *reply {
	p := c.repo.pull(int(c.number("pull_number")))
	if p == nil {
		return notFound()
	}
	var q struct {
		Title   *string `json:"commit_title"`
		Message *string `json:"commit_message"`
		SHA     *string `json:"sha"`
		Method  *string `json:"merge_method"`
	}
	if refusal := c.decode(&q); refusal != nil {
		return refusal
	}
	if q.Method != nil && mergeMethods[*q.Method] == "" {
		return invalid("Invalid property /merge_method: " + quoted(*q.Method) + " is not a possible value. Must be one of the following: merge, rebase, squash.")
	}
	sha, refused, err := p.land(c.pusher(), Merge{Method: deref(q.Method), SHA: deref(q.SHA), Title: deref(q.Title), Message: deref(q.Message)})
	switch {
	case err != nil:
		return c.broken(err)
	case refused.status != 0:
		return fail(refused.status, refused.message)
	}
	return ok(fields{"sha": sha, "merged": true, "message": "Pull Request successfully merged"})
}

func (c *call) isMerged() *reply {
	if p := c.thePull(); p == nil || !p.merged {
		return notFound()
	}
	return answer(http.StatusNoContent, nil)
}

// mergeBranch merges anything into a branch, always by a new commit.
func (c *call) mergeBranch() *reply {
	var q struct {
		Base    *string `json:"base"`
		Head    *string `json:"head"`
		Message *string `json:"commit_message"`
	}
	if refusal := c.decode(&q); refusal != nil {
		return refusal
	}
	if q.Base == nil || q.Head == nil {
		return invalid(`"base", "head" weren't supplied.`)
	}
	m := move{repo: c.repo, who: c.pusher(), ref: "refs/heads/" + *q.Base, before: c.repo.refs["refs/heads/"+*q.Base]}
	if m.before == "" {
		return fail(http.StatusNotFound, "Base does not exist")
	}
	head, err := c.resolve(*q.Head)
	if err != nil {
		return fail(http.StatusNotFound, "Head does not exist")
	}
	if c.repo.reachable(m.before, nil)[head.id] {
		return answer(http.StatusNoContent, nil)
	}
	message := "Merge " + *q.Head + " into " + *q.Base
	if deref(q.Message) != "" {
		message = *q.Message
	}
	refusal := c.mergeInto(&m, head.id, message)
	if refusal != nil {
		return refusal
	}
	made, err := c.repo.commit(m.after)
	if err != nil {
		return c.missing(err)
	}
	out := c.showCommit(made)
	if out.status == http.StatusOK {
		out.status = http.StatusCreated
	}
	return out
}

// mergeInto makes a merge commit and moves the branch to it.
func (c *call) mergeInto(m *move, head, message string) *reply {
	tree, err := m.repo.mergeTrees(m.before, head)
	if errors.Is(err, errConflict) {
		return fail(http.StatusConflict, "Merge conflict")
	}
	if err != nil {
		return c.broken(err)
	}
	m.after, err = m.repo.writeCommit(commit{tree: tree, parents: []string{m.before, head}, author: c.g.signature(m.who.by),
		committer: c.g.webFlow(), message: message + "\n"})
	if err != nil {
		return c.broken(err)
	}
	refused, err := m.carryOut()
	switch {
	case err != nil:
		return c.broken(err)
	case refused != nil && refused.workflow != "":
		return fail(http.StatusForbidden, refused.message())
	case refused != nil:
		return fail(http.StatusConflict, refused.message())
	}
	return nil
}

// updateBranch merges the base into the head, which must be in the same repository.
func (c *call) updateBranch() *reply {
	p := c.repo.pull(int(c.number("pull_number")))
	if p == nil {
		return notFound()
	}
	var q struct {
		Expected *string `json:"expected_head_sha"`
	}
	if refusal := c.decode(&q); refusal != nil {
		return refusal
	}
	switch {
	case p.headRepo != c.repo || c.caller.app == nil && !c.repo.mayPush(c.actor()):
		return fail(http.StatusForbidden, "Must have push access to the head branch")
	case p.state != "open":
		return cannot("Pull request is closed")
	case q.Expected != nil && *q.Expected != p.headSHA:
		return cannot("expected head sha didn’t match current head ref.")
	case !p.behind():
		return cannot("There are no new commits on the base branch.")
	}
	m := move{repo: c.repo, who: c.pusher(), ref: "refs/heads/" + p.headRef, before: p.headSHA}
	refusal := c.mergeInto(&m, c.repo.refs["refs/heads/"+p.baseRef], "Merge branch '"+p.baseRef+"' into "+p.headRef)
	if refusal != nil && refusal.status == http.StatusConflict {
		shown, _ := refusal.body.(fields)
		message, _ := shown["message"].(string)
		if strings.HasPrefix(message, "Merge conflict") {
			message = "merge conflict between base and head"
		}
		return cannot(message)
	}
	if refusal != nil {
		return refusal
	}
	return answer(http.StatusAccepted, fields{"message": "Updating pull request branch.", "url": p.pageURL()})
}
