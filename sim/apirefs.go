package sim

import (
	"net/http"
	"strings"
)

func refRoutes() []route {
	return []route{
		{"POST", "/repos/{owner}/{repo}/git/refs", "contents:write", (*call).createRef},
		{"PATCH", "/repos/{owner}/{repo}/git/refs/{ref}", "contents:write", (*call).updateRef},
		{"DELETE", "/repos/{owner}/{repo}/git/refs/{ref}", "contents:write", (*call).deleteRef},
	}
}

// movedBy is the repository whose references an operation may move, or nil.
func (g *GitHub) movedBy(op route, params map[string]string, body []byte) *Repo {
	if op.pattern == "/graphql" {
		in, _ := readUpdateRefs(body)
		return g.repoByNode(in.RepositoryID)
	}
	if op.need != "contents:write" && !strings.HasSuffix(op.pattern, "/update-branch") {
		return nil
	}
	return g.names[strings.ToLower(params["owner"]+"/"+params["repo"])]
}

// turn waits for the turn to move references, and returns what ends it. It is
// taken before the lock.
func (r *Repo) turn() func() {
	if r == nil {
		return func() {}
	}
	r.writing <- struct{}{}
	return func() { <-r.writing }
}

// pusher is the caller as who moves references.
func (c *call) pusher() pusher { return pusher{by: c.actor(), token: c.caller.token} }

// refRequest is the body of POST and PATCH git/refs.
type refRequest struct {
	Ref   *string `json:"ref"`
	SHA   *string `json:"sha"`
	Force bool    `json:"force"`
}

// cannot is a 422 with a plain message, as operations of git have it.
func cannot(message string) *reply { return fail(http.StatusUnprocessableEntity, message) }

func (c *call) createRef() *reply {
	var q refRequest
	if refusal := c.decode(&q); refusal != nil {
		return refusal
	}
	switch {
	case len(c.repo.refs) == 0:
		return fail(http.StatusConflict, "Git Repository is empty.")
	case q.Ref == nil || q.SHA == nil:
		return invalid(`"ref", "sha" weren't supplied.`)
	case !strings.HasPrefix(*q.Ref, "refs/") || strings.Count(*q.Ref, "/") < 2:
		return cannot("Reference name must start with 'refs/' and have at least two slashes")
	case c.repo.refs[*q.Ref] != "":
		return cannot("Reference already exists")
	}
	out := c.moveRef(move{ref: *q.Ref, after: *q.SHA})
	if out.status == http.StatusOK {
		out.status = http.StatusCreated
		out.header.Set("Location", c.repo.apiURL()+"/git/"+*q.Ref)
	}
	return out
}

func (c *call) updateRef() *reply {
	var q refRequest
	if refusal := c.decode(&q); refusal != nil {
		return refusal
	}
	if q.SHA == nil {
		return invalid(`"sha" wasn't supplied.`)
	}
	name := "refs/" + c.params["ref"]
	m := move{repo: c.repo, ref: name, before: c.repo.refs[name], after: *q.SHA}
	if m.before == "" {
		return cannot("Reference does not exist")
	}
	if _, refusal := c.object(m); refusal != nil {
		return refusal
	}
	if !q.Force && m.forced() {
		return cannot("Update is not a fast forward")
	}
	return c.moveRef(m)
}

func (c *call) deleteRef() *reply {
	name := "refs/" + c.params["ref"]
	m := move{ref: name, before: c.repo.refs[name]}
	switch {
	case m.before == "":
		return cannot("Reference does not exist")
	case name == "refs/heads/"+c.repo.defaultBranch:
		return cannot("Cannot delete the default branch")
	}
	return c.moveRef(m)
}

// object reads what a reference should point to: a branch takes only commits.
func (c *call) object(m move) (object, *reply) {
	if len(m.after) != 40 || !isHex(m.after) {
		return object{}, cannot("The sha parameter must be exactly 40 characters and contain only [0-9a-f].")
	}
	o, err := c.repo.objects.read(m.after)
	if err != nil {
		return o, cannot("Object does not exist")
	}
	if strings.HasPrefix(m.ref, "refs/heads/") && o.kind != "commit" {
		return o, cannot("Reference update failed")
	}
	return o, nil
}

// moveRef carries a move out and answers the reference as it then is.
func (c *call) moveRef(m move) *reply {
	m.repo, m.who = c.repo, c.pusher()
	if m.after != "" {
		if _, refusal := c.object(m); refusal != nil {
			return refusal
		}
	}
	if refusal := c.validName(m); refusal != nil {
		return refusal
	}
	refused, err := m.carryOut()
	switch {
	case err != nil && m.before == "":
		return cannot("Reference update failed") // a branch a/b where a is one
	case err != nil:
		return c.broken(err)
	case refused != nil && refused.workflow != "":
		return fail(http.StatusForbidden, refused.message())
	case refused != nil && refused.protection != nil && m.before == "":
		return cannot("Reference update failed")
	case refused != nil:
		return cannot(refused.message())
	case m.after == "":
		return answer(http.StatusNoContent, nil)
	}
	shown, err := c.renderRef(m.ref, m.after)
	if err != nil {
		return c.missing(err)
	}
	return ok(shown)
}

// validName refuses names that git does not take, and GitHub's own.
func (c *call) validName(m move) *reply {
	if strings.HasPrefix(m.ref, "refs/pull/") || strings.ContainsAny(m.ref, "\x00\n") {
		return cannot("Reference update failed")
	}
	if _, err := c.g.git(c.repo.Dir, nil, "check-ref-format", m.ref); err != nil {
		return cannot("Reference name is not valid")
	}
	return nil
}
