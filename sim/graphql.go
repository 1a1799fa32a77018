package sim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
)

// graphqlRoute is the one operation of the GraphQL API that is simulated.
const graphqlRoute = "POST /graphql"

func graphqlRoutes() []route {
	return []route{{"POST", "/graphql", "", (*call).graphql}}
}

// updateRefsQuery is the one form in which the mutation is taken.
var updateRefsQuery = regexp.MustCompile(`^\s*mutation(?:\s+\w+)?\s*\(\s*\$(\w+)\s*:\s*UpdateRefsInput!\s*\)\s*\{\s*updateRefs\s*\(\s*input\s*:\s*\$(\w+)\s*\)\s*\{\s*clientMutationId\s*\}\s*\}\s*$`)

// updateRefsInput are the variables of the mutation.
type updateRefsInput struct {
	RepositoryID     string      `json:"repositoryId"`
	RefUpdates       []refUpdate `json:"refUpdates"`
	ClientMutationID *string     `json:"clientMutationId"`
}

// refUpdate is one reference that the mutation moves. The id of nothing means
// that the reference is not, or should not be, there; no BeforeOid takes any.
type refUpdate struct {
	Name      string  `json:"name"`
	AfterOid  string  `json:"afterOid"`
	BeforeOid *string `json:"beforeOid"`
	Force     bool    `json:"force"`
}

// readUpdateRefs reads a request, or says why it is not the one that is simulated.
func readUpdateRefs(body []byte) (updateRefsInput, string) {
	var q struct {
		Query         string                     `json:"query"`
		Variables     map[string]json.RawMessage `json:"variables"`
		OperationName string                     `json:"operationName"`
	}
	var in updateRefsInput
	if err := json.Unmarshal(body, &q); err != nil {
		return in, "Problems parsing JSON"
	}
	found := updateRefsQuery.FindStringSubmatch(q.Query)
	if found == nil || found[1] != found[2] {
		return in, "the simulator answers only mutation($input: UpdateRefsInput!) { updateRefs(input: $input) { clientMutationId } }"
	}
	decoder := json.NewDecoder(bytes.NewReader(q.Variables[found[1]]))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&in); err != nil {
		return in, fmt.Sprintf("Variable $%s of type UpdateRefsInput! was provided invalid value: %s", found[1], err)
	}
	return in, ""
}

// graphql answers 200 with data, or with errors.
func (c *call) graphql() *reply {
	in, problem := readUpdateRefs(c.x.RequestBody)
	if problem != "" {
		c.g.unknown = append(c.g.unknown, c.x.Method+" "+c.x.Path)
		return graphqlError("", problem)
	}
	r := c.g.repoByNode(in.RepositoryID)
	if r == nil || !c.sees(r) {
		return graphqlError("NOT_FOUND", fmt.Sprintf("Could not resolve to a node with the global id of '%s'.", in.RepositoryID))
	}
	c.repo = r
	refusal := c.authorizeUser("contents:write")
	if t := c.caller.token; t != nil && t.install != nil {
		refusal = c.authorizeApp(t, "contents:write")
	}
	if refusal != nil {
		return graphqlError("FORBIDDEN", "Resource not accessible by integration")
	}
	moves, kind, problem := c.plan(in.RefUpdates)
	if problem == "" {
		kind, problem = c.moveAll(moves)
	}
	if problem != "" {
		return graphqlError(kind, problem)
	}
	return ok(fields{"data": fields{"updateRefs": fields{"clientMutationId": in.ClientMutationID}}})
}

func graphqlError(kind, message string) *reply {
	problem := fields{"message": message}
	if kind != "" {
		problem["type"], problem["path"] = kind, []string{"updateRefs"}
	}
	return ok(fields{"data": fields{"updateRefs": nil}, "errors": []fields{problem}})
}

func (g *GitHub) repoByNode(id string) *Repo {
	for _, r := range g.sortedRepos() {
		if nodeID("Repository", r.ID) == id {
			return r
		}
	}
	return nil
}

// plan turns updates into moves: all of them are in order, or none.
func (c *call) plan(updates []refUpdate) (moves []move, kind, problem string) {
	seen := map[string]bool{}
	for _, u := range updates {
		m := move{repo: c.repo, who: c.pusher(), ref: u.Name, before: c.repo.refs[u.Name], after: idOf(u.AfterOid)}
		if c.validName(m) != nil || strings.Count(u.Name, "/") < 2 || seen[u.Name] {
			return nil, "UNPROCESSABLE", fmt.Sprintf("%q is not a valid reference", u.Name)
		}
		seen[u.Name] = true
		if m.after != "" {
			if _, refusal := c.object(m); refusal != nil {
				return nil, "NOT_FOUND", "Could not resolve to a node with the oid of " + u.AfterOid
			}
		}
		switch {
		case u.BeforeOid != nil && idOf(*u.BeforeOid) != m.before:
			return nil, "STALE_DATA", fmt.Sprintf("Expected %s to point to %s, but it did not.", u.Name, *u.BeforeOid)
		case !u.Force && m.forced():
			return nil, "UNPROCESSABLE", u.Name + ": Update is not a fast forward"
		case m.before == "" && m.after == "":
			return nil, "UNPROCESSABLE", "Reference does not exist"
		}
		moves = append(moves, m)
	}
	if len(moves) == 0 {
		return nil, "UNPROCESSABLE", "refUpdates can't be blank"
	}
	return moves, "", ""
}

// moveAll carries out all moves in one transaction of git's, unless one of
// them is refused.
func (c *call) moveAll(moves []move) (kind, problem string) {
	script := "start\n"
	for _, m := range moves {
		refused, err := m.refuse()
		if err != nil {
			c.broken(err)
			return "INTERNAL", http.StatusText(http.StatusInternalServerError)
		}
		if refused != nil {
			return "UNPROCESSABLE", refused.message()
		}
		script += fmt.Sprintf("update %s %s %s\n", m.ref, orNone(m.after), orNone(m.before))
	}
	if _, err := c.g.git(c.repo.Dir, []byte(script+"commit\n"), "update-ref", "--stdin"); err != nil {
		return "UNPROCESSABLE", "Reference update failed"
	}
	if err := c.repo.announce(c.actor()); err != nil {
		c.broken(err)
		return "INTERNAL", http.StatusText(http.StatusInternalServerError)
	}
	return "", ""
}
