package sim

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

const updateRefs = "mutation($input: UpdateRefsInput!) { updateRefs(input: $input) { clientMutationId } }"

// updateRefs is the body of a request to the GraphQL API.
func (w *world) updateRefs(updates ...refUpdate) string {
	w.t.Helper()
	return body(w.t, fields{"query": updateRefs, "variables": fields{"input": fields{"repositoryId": nodeID("Repository", w.repo.ID), "refUpdates": updates}}})
}

// graphql makes a request and returns the kind and the words of its first error.
func (w *world) graphql(authorization, request string) (kind, message string) {
	w.t.Helper()
	got := w.call("POST", "/graphql", authorization, request)
	var answer struct {
		Data   struct{ UpdateRefs *struct{} }
		Errors []struct{ Type, Message string }
	}
	w.must(jsonInto(got.body, &answer))
	if got.status != http.StatusOK || (answer.Data.UpdateRefs == nil) != (len(answer.Errors) > 0) {
		w.t.Errorf("%d %s", got.status, got.body)
	}
	if len(answer.Errors) == 0 {
		return "", ""
	}
	return answer.Errors[0].Type, answer.Errors[0].Message
}

// The mutation is a compare and swap over several references, all or none.
func TestUpdateRefs(t *testing.T) {
	w := wide(t)
	base := w.repo.Tip("main")
	next, aside := w.child(base), w.child(base, w.commit("x", "x", "x"))
	app := w.token(`null`)
	zero := ptr(noCommit)
	for _, c := range []struct {
		why     string
		who     string
		updates []refUpdate
		kind    string
		main    string
	}{
		{"the tip it is at", app, []refUpdate{{Name: "refs/heads/main", AfterOid: next, BeforeOid: &base}}, "", next},
		{"a tip it is not at", app, []refUpdate{{Name: "refs/heads/main", AfterOid: aside, BeforeOid: &base, Force: true}}, "STALE_DATA", next},
		{"no tip given", app, []refUpdate{{Name: "refs/heads/main", AfterOid: next}}, "", next},
		{"no fast-forward", app, []refUpdate{{Name: "refs/heads/main", AfterOid: aside, BeforeOid: &next}}, "UNPROCESSABLE", next},
		{"one of two stale", app, []refUpdate{{Name: "refs/heads/main", AfterOid: aside, Force: true}, {Name: "refs/heads/x", AfterOid: base, BeforeOid: &base}}, "STALE_DATA", next},
		{"forced", app, []refUpdate{{Name: "refs/heads/main", AfterOid: aside, BeforeOid: &next, Force: true}}, "", aside},
		{"made, where there is one", app, []refUpdate{{Name: "refs/heads/main", AfterOid: next, BeforeOid: zero, Force: true}}, "STALE_DATA", aside},
		{"made and moved together", app, []refUpdate{{Name: "refs/heads/new", AfterOid: next, BeforeOid: zero}, {Name: "refs/heads/main", AfterOid: next, Force: true}}, "", next},
		{"deleted", app, []refUpdate{{Name: "refs/heads/new", AfterOid: noCommit, BeforeOid: &next}}, "", next},
		{"deleted again", app, []refUpdate{{Name: "refs/heads/new", AfterOid: noCommit}}, "UNPROCESSABLE", next},
		{"no object", app, []refUpdate{{Name: "refs/heads/main", AfterOid: strings.Repeat("1", 40)}}, "NOT_FOUND", next},
		{"no name", app, []refUpdate{{Name: "main", AfterOid: base}}, "UNPROCESSABLE", next},
		{"one name twice", app, []refUpdate{{Name: "refs/heads/main", AfterOid: next}, {Name: "refs/heads/main", AfterOid: next}}, "UNPROCESSABLE", next},
		{"nothing", app, nil, "UNPROCESSABLE", next},
		{"without contents: write", w.as(`{"contents":"read"}`), []refUpdate{{Name: "refs/heads/main", AfterOid: aside, Force: true}}, "FORBIDDEN", next},
		{"nobody", "", []refUpdate{{Name: "refs/heads/main", AfterOid: aside, Force: true}}, "NOT_FOUND", next},
		{"a person", "Bearer " + w.ann.Token, []refUpdate{{Name: "refs/heads/main", AfterOid: base, Force: true}}, "", base},
	} {
		if kind, message := w.graphql(c.who, w.updateRefs(c.updates...)); kind != c.kind || w.repo.Tip("main") != c.main {
			t.Errorf("%s: %s %q, main at %s; want %q, %s", c.why, kind, message, short(w.repo.Tip("main")), c.kind, short(c.main))
		}
	}
	w.repo.Protect("main", Protection{Rules: Rules{Reviews: 1}})
	if kind, message := w.graphql(app, w.updateRefs(refUpdate{Name: "refs/heads/main", AfterOid: next})); kind != "UNPROCESSABLE" || message != "Changes must be made through a pull request." {
		t.Errorf("a protected branch: %s %s", kind, message)
	}
	if unknown := w.g.Unknown(); len(unknown) > 0 {
		t.Errorf("unknown: %v", unknown)
	}
}

// Whatever else is asked in GraphQL is an error, and counts as not simulated.
func TestOtherQueriesFail(t *testing.T) {
	w := wide(t)
	w.watch.nonsense = true
	app := w.token(`null`)
	good := w.updateRefs(refUpdate{Name: "refs/heads/n", AfterOid: w.repo.Tip("main")})
	requests := []string{`{"query":"{ viewer { login } }"}`, `{"query":`, `{}`, strings.Replace(good, "clientMutationId }", "clientMutationId x }", 1),
		strings.Replace(good, `"name"`, `"nom"`, 1), strings.Replace(good, "input: $input", "input: $other", 1), strings.Replace(good, `"input":{`, `"in":{`, 1)}
	for _, request := range requests {
		if _, message := w.graphql(app, request); message == "" {
			t.Errorf("%s was answered", request)
		}
	}
	want := slices.Repeat([]string{"POST /graphql"}, len(requests))
	if unknown := w.g.Unknown(); !slices.Equal(unknown, want) || w.repo.Tip("n") != "" {
		t.Errorf("unknown: %v", unknown)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.g.URL()+"/api/graphql", strings.NewReader(good))
	w.must(err)
	req.Header.Set("Authorization", app)
	res, err := http.DefaultClient.Do(req)
	w.must(err)
	w.must(res.Body.Close())
	if res.StatusCode != http.StatusOK || w.repo.Tip("n") == "" {
		t.Errorf("at GitHub Enterprise Server's address: %d", res.StatusCode)
	}
}
