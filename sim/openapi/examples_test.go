package openapi

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
)

// aged are the differences that GitHub's own examples and the recorded payloads have from the description because they
// are older than it, were anonymised, or were written by hand. They excuse the examples only, never the simulator.
var aged = []exception{
	// Recorded before GitHub added the property.
	{"*", "**/has_discussions", Missing, "recorded before discussions"},
	{"*", "**/topics", Missing, "recorded before topics"},
	{"*", "**/visibility", Missing, "recorded before internal repositories"},
	{"*", "**/is_template", Missing, "recorded before templates"},
	{"*", "**/web_commit_signoff_required", Missing, "recorded before sign-off"},
	{"*", "**/repo/allow_*merge*", Missing, "recorded before merge settings were sent"},
	{"*", "**/delete_branch_on_merge", Missing, "recorded before merge settings were sent"},
	{"*", "**/auto_merge", Missing, "recorded before auto-merge"},
	{"*", "**/draft", Missing, "recorded before drafts"},
	{"*", "**/active_lock_reason", Missing, "recorded before lock reasons"},
	{"*", "**/reactions", Missing, "recorded before reactions were sent"},
	{"*", "**/performed_via_github_app", Missing, "recorded before Apps could comment"},
	{"*", "**/verified_at", Missing, "recorded before verification was kept"},
	{"*", "**/suspended_*", Missing, "recorded before suspension"},
	{"*", "**/app_slug", Missing, "recorded before Apps had slugs"},
	{"check_*", "**/app/slug", Missing, "recorded before Apps had slugs"},
	{"check_run rerequested", "**/app/*", "", "recorded before Apps sent permissions and events, when their times were numbers"},
	{"check_run rerequested", "/check_run/*", Missing, "recorded while checks were a preview"},
	{"check_run rerequested", "/repository/disabled", Missing, "recorded while checks were a preview"},
	{"issue_comment *", "/issue/labels/*/description", Missing, "recorded before labels had descriptions"},
	{"installation_repositories *", "/requester", Missing, "recorded before installations could be asked for"},
	{"installation*", "/installation/permissions/*", Unknown, "a permission that was renamed since"},
	{"status", "/avatar_url", Missing, "recorded before statuses had pictures"},
	{"workflow_job in_progress", "/workflow_job/*", Missing, "recorded before runs could have several attempts"},
	{"workflow_job *", "/repository/allow_forking", Missing, "recorded before forks could be forbidden"},
	{"workflow_run completed", "/workflow_run/*", Missing, "recorded before runs named who and what began them"},
	// From webhooks of repositories and organizations, not of Apps.
	{"*", "/installation", Missing, "not sent to an App"},
	{"ping", "/organization", Conflict, "recorded from a repository's webhook"},
	{"workflow_job *", "/organization", Conflict, "left out where the payload was anonymised"},
	{"repository transferred", "/organization", Conflict, "between two owners"},
	{"merge_group checks_requested", "/repository/homepage", Invalid, "an empty homepage, which GitHub does send"},
}

// writtenByHand are the same for the examples in the description of the REST API.
var writtenByHand = []exception{
	{"actions/*", "**/created_at", Missing, "the example is older than the property"},
	{"*", "**/*_count", Unknown, "an example of a full repository where a list has none"},
	{"*", "**/template_repository", Unknown, "an example of a full repository where a list has none"},
	{"*", "**/security_and_analysis", Unknown, "an example of a full repository where a list has none"},
	{"*", "**/language", Missing, "the example is older than the property"},
	{"*", "**/milestone", Conflict, "an open milestone that was closed"},
	{"pulls/*", "**", Conflict, "an open pull request that was merged"},
	{"repos/list-pull-requests-associated-with-commit", "**", Conflict, "an open pull request that was merged"},
	{"*", "**/requested_teams/*/type", Missing, "the example is older than the property"},
	{"*", "**/teams/*/type", Missing, "the example is older than the property"},
	{"repos/get-branch-protection", "**", "", "protection by teams and Apps, from before both were changed"},
	{"repos/*", "**/files/*/*", Missing, "the example is older than the property"},
	{"repos/merge", "**/files/*/*", Missing, "the example is older than the property"},
	{"repos/get-repo-rulesets", "/*/enforcement", Invalid, "\"enabled\", which is not one of the values"},
	{"repos/list-branches", "**/checks", Missing, "the example is older than the property"},
	{"repos/get-collaborator-permission-level", "/user/role_name", Missing, "the example is older than the property"},
	{"users/*", "", Invalid, "the example is older than user_view_type"},
	{"users/get-authenticated", "/*", Missing, "one example for oneself, one for others"},
	{"*/re*", "", Invalid, "null in place of an empty object"},
}

func load(t testing.TB) *Description {
	t.Helper()
	d, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// remaining returns the violations in err that the list does not excuse, and notes which of its lines were needed.
func remaining(err error, list []exception, used map[int]bool) Violations {
	var out Violations
	vs, _ := err.(Violations)
	for _, v := range vs {
		found := false
		for i := range list {
			if excused(list[i:i+1], v) {
				used[i], found = true, true
			}
		}
		if !found {
			out = append(out, v)
		}
	}
	return out
}

// strict is the description without any exceptions, so that tests see which of them are needed. It shares what is
// compiled with the other; no test here runs in parallel.
func strict(t testing.TB) *Description {
	t.Helper()
	d := load(t)
	return &Description{rest: d.rest, hooks: d.hooks, routes: d.routes, examples: d.examples, operations: d.operations, events: d.events}
}

func needed(t *testing.T, list []exception, used map[int]bool) {
	t.Helper()
	for i, e := range list {
		if !used[i] {
			t.Errorf("no example needs the exception %q at %q any more: remove it", e.op, e.at)
		}
	}
}

func TestRecordedPayloadsPass(t *testing.T) {
	d, used, count := load(t), map[int]bool{}, 0
	for event, payloads := range d.examples {
		for i, payload := range payloads {
			count++
			if left := remaining(d.ValidateEvent(event, encode(t, payload)), aged, used); left != nil {
				t.Errorf("recorded payload %d: %v", i, left)
			}
		}
	}
	if count != 113 {
		t.Errorf("%d recorded payloads, want 113", count)
	}
	needed(t, aged, used)
}

func TestExamplesOfTheDescriptionPass(t *testing.T) {
	d, used, count := load(t), map[int]bool{}, 0
	for x := range exampleExchanges(t, d) {
		count++
		if left := remaining(d.Validate(x), writtenByHand, used); left != nil {
			t.Errorf("%v", left)
		}
	}
	if count < 86 {
		t.Errorf("%d examples, want at least 86", count)
	}
	needed(t, writtenByHand, used)
}

// Every exception of the package is a contradiction that GitHub's own documents show.
func TestExceptionsAreNeeded(t *testing.T) {
	d, used := strict(t), map[int]bool{}
	for event, payloads := range d.examples {
		for _, payload := range payloads {
			_ = remaining(d.ValidateEvent(event, encode(t, payload)), exceptions, used)
		}
	}
	for x := range exampleExchanges(t, d) {
		_ = remaining(d.Validate(x), exceptions, used)
	}
	needed(t, exceptions, used)
}

// exampleExchanges makes an exchange of every example response in the description, with the first example request of
// its operation.
func exampleExchanges(t testing.TB, d *Description) func(func(Exchange) bool) {
	return func(yield func(Exchange) bool) {
		for _, r := range d.routes {
			for _, method := range sortedKeys(r.methods) {
				method = strings.ToUpper(method)
				op, err := d.operation(method+" "+r.template, r.methods[strings.ToLower(method)])
				if err != nil {
					t.Fatal(err)
				}
				for _, x := range examplesOf(t, d, op) {
					x.Method, x.Path = method, parameter.ReplaceAllString(r.template, "1")
					if !yield(x) {
						return
					}
				}
			}
		}
	}
}

func examplesOf(t testing.TB, d *Description, op *operation) []Exchange {
	var body []byte
	if op.spec.RequestBody != nil {
		examples := op.spec.RequestBody.Value.Content["application/json"].Examples
		for _, name := range sortedKeys(examples) {
			body = encode(t, examples[name].Value.Value)
		}
	}
	var out []Exchange
	for status, response := range op.spec.Responses.Map() {
		content := response.Value.Content["application/json"]
		if content == nil {
			continue
		}
		for _, name := range sortedKeys(content.Examples) {
			code, err := strconv.Atoi(status)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, Exchange{
				Query: url.Values{}, RequestBody: body, Status: code,
				ResponseHeader: http.Header{"Content-Type": {"application/json; charset=utf-8"}, "Link": {`<https://api.github.com/?page=2>; rel="next"`}},
				ResponseBody:   encode(t, d.rest.example(content.Examples[name].Value.Value)),
			})
		}
	}
	return out
}

func encode(t testing.TB, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
