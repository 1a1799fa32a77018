package openapi

import (
	"net/http"
	"path"
	"strings"
)

// general says why a status is in order for operations that do not document it.
type general struct {
	why         string
	read, write bool // only for GET, only for other methods
}

// generalStatuses are those that any operation may answer.
var generalStatuses = map[int]general{
	http.StatusMovedPermanently:    {why: "the repository was renamed or transferred; clients follow", read: true},
	http.StatusTemporaryRedirect:   {why: "the same for other methods", write: true},
	http.StatusNotModified:         {why: "conditional requests work everywhere", read: true},
	http.StatusBadRequest:          {why: "the body is no JSON", write: true},
	http.StatusUnauthorized:        {why: "the token is missing, wrong or expired"},
	http.StatusForbidden:           {why: "a permission is missing, or a rate limit was met"},
	http.StatusNotFound:            {why: "what a token may not see does not exist for it"},
	http.StatusTooManyRequests:     {why: "a secondary rate limit was met"},
	http.StatusInternalServerError: {why: "a fault of GitHub's"},
	http.StatusBadGateway:          {why: "a fault of GitHub's, or the request took longer than 10 s"},
	http.StatusServiceUnavailable:  {why: "a fault of GitHub's"},
}

// anyMayAnswer reports whether a status needs no documentation.
func anyMayAnswer(method string, status int) bool {
	g, ok := generalStatuses[status]
	return ok && (method == http.MethodGet && !g.write || method != http.MethodGet && !g.read)
}

// prosaic are the media types that the description offers for an operation only in prose.
var prosaic = map[string]bool{
	"repos/get-content raw": true,
	"pulls/get diff":        true,
	"pulls/get patch":       true,
	"git/get-blob raw":      true,
}

// exception excuses violations that are GitHub's own.
type exception struct {
	op   string // the operation's id, or event and action; * is any text
	at   string // JSON pointer whose segments are patterns as of path.Match; ** is any number of segments
	kind Kind   // "" for any; Missing includes Absent
	why  string
}

// exceptions are the places where the description is stricter than GitHub, or where recorded payloads have what
// only some repositories have.
var exceptions = []exception{
	// Properties that depend on the repository, the App or the account.
	{"*", "**/permissions/*", Absent, "a map of what this App was granted"},
	{"*", "/organization", Absent, "only where an organization owns the repository; payloads are checked for that apart"},
	{"push", "/repository/organization", Absent, "only where an organization owns the repository"},
	{"*", "**/custom_properties", Absent, "only repositories of organizations have them"},
	{"*", "**/custom_properties", Unknown, "recorded payloads have them in more places than the description"},
	{"check_run created", "**/deployment", "", "only runs of workflows that deploy"},
	{"workflow_job queued", "/deployment", Absent, "only jobs that deploy"},
	{"installation*", "/requester", Absent, "only where a member asked an owner for the installation"},
	{"*", "**/author/username", Absent, "only where an account has the commit's address"},
	{"*", "**/committer/username", Absent, "only where an account has the commit's address"},
	{"repository edited", "/changes/*", Absent, "only what was changed"},
	{"git/get-tree", "/tree/*/size", Absent, "only blobs have one"},
	{"actions/get-workflow-run", "/referenced_workflows/*/ref", Absent, "only where a workflow was not named by its commit"},
	{"users/*", "/plan", Absent, "only for the account itself"},

	// One example each of several kinds of answer; what a kind needs, the description requires.
	{"repos/get-content", "/content", Absent, "only files"},
	{"repos/get-content", "/encoding", Absent, "only files"},
	{"repos/get-content", "/target", Absent, "only symbolic links"},
	{"repos/get-content", "/submodule_git_url", Absent, "only submodules"},

	// What the description says otherwise than GitHub does.
	{"apps/list-installations", "/*/account/*", Missing, "the description wants an account to be a user and an enterprise at once"},
	{"installation*", "/installation/created_at", Invalid, "recorded payloads have seconds since 1970"},
	{"installation*", "/installation/updated_at", Invalid, "recorded payloads have seconds since 1970"},
}

// unshown are the same where GitHub has one example only, of another case.
var unshown = []exception{
	{"apps/create-installation-access-token", "/repositories", Absent, "only for a token of selected repositories"},
	{"apps/create-installation-access-token", "/repositories/*/permissions", Absent, "said of the token itself"},
	{"apps/list-installations", "/*/account/user_view_type", Unknown, "described for accounts elsewhere, and forgotten here"},
	{"apps/list-installations", "/*/suspended_by/user_view_type", Unknown, "described for accounts elsewhere, and forgotten here"},
	{"apps/list-installations", "/*/client_id", Unknown, "described for one installation, and forgotten here"},
	{"apps/get-webhook-delivery", "/request/payload/**", Absent, "the payload of another event"},
	{"apps/get-webhook-delivery", "/response/headers/*", Absent, "what the receiver sends"},
	{"apps/*", "/repositories/*/allow_*", Absent, "only for administrators"},
	{"apps/*", "/repositories/*/delete_branch_on_merge", Absent, "only for administrators"},
	{"apps/*", "/repositories/*/temp_clone_token", Absent, "only for administrators"},
	{"checks/list-suites-for-ref", "/check_suites/*/repository/*", Absent, "the example has all that a repository in a list may have"},
	{"checks/get-suite", "/repository/*", Absent, "the example has all that a repository in a list may have"},
	{"pulls/list-files", "/*/patch", Absent, "not for binary and large files"},
	{"repos/compare-commits*", "/files/*/patch", Absent, "not for binary and large files"},
	{"repos/get-commit", "/files/*/patch", Absent, "not for binary and large files"},
	{"repos/get-branch-protection", "/required_pull_request_reviews", Absent, "only where pull requests are required"},
	{"repos/get-branch-protection", "/required_pull_request_reviews/dismissal_restrictions", Absent, "only where not all may dismiss"},
	{"repos/get-branch-protection", "/required_status_checks", Absent, "only where checks are required"},
	{"repos/get-branch-protection", "/restrictions", Absent, "only where not all may push"},
	{"repos/get-branch-protection", "/restrictions/apps/*/permissions/*", Unknown, "a map of what this App was granted"},
	{"repos/get-branch-protection", "/restrictions/apps/*/owner/*", Absent, "the example's owner is an organization"},
	{"repos/get-branch-rules", "/*/parameters/*", Absent, "each kind of rule has its own parameters, and the example's are of others"},
	{"repos/get-branch-rules", "/*/parameters", Absent, "not every kind of rule has some"},
	{"check_suite*", "/check_suite/app/events/*", Invalid, "the list of events is older than rulesets"},
	{"repos/list-branches", "/*/protection*", Absent, "only for protected branches"},
	{"repos/get", "/parent", Absent, "only forks"},
	{"repos/get", "/source", Absent, "only forks"},
	{"issues/get", "/pull_request", Absent, "only of pull requests"},
	{"issues/list-events", "/*/label", Absent, "only of labels put on and taken off"},
	{"issues/add-labels", "", Invalid, "a bare list of labels is documented, in prose"},
	{"repos/create-commit-status", "status", Unknown, "422 answers a wrong one, and a context that has a thousand already"},
	{"status", "/commit/*/user_view_type", Unknown, "described for accounts elsewhere, and forgotten here"},
	{"pulls/create-review", "/submitted_at", Absent, "not of a review that is pending"},
	{"pulls/list-reviews", "/*/submitted_at", Absent, "not of a review that is pending"},
	{"pull_request_review *", "/pull_request/*/repo/*", Unknown, "described for the same repository in pull_request, and forgotten here"},
	{"pull_request *", "/pull_request/requested_teams/*/type", Missing, "required for some actions and unknown for others"},
	{"pull_request review_request*", "/requested_reviewer", Absent, "an account or a team"},
	{"*", "**/permissions/merge_queues", Unknown, "recorded payloads have it, and the description forgets it"},
	{"workflow_run in_progress", "**/user_view_type", Unknown, "described for the other actions, and forgotten here"},
	{"workflow_run in_progress", "/workflow_run/display_title", Unknown, "described for the other actions, and forgotten here"},
	{"pulls/*", "**/head/repo", Invalid, "described as never null, which it is once a fork was deleted"},
	{"pulls/*", "**/labels/*/description", Invalid, "described as never null, which a label without one is everywhere else"},
	{"repository transferred", "/changes/owner/from/user", Absent, "from a user or from an organization"},
	{"repository transferred", "/changes/owner/from/organization", Absent, "from a user or from an organization"},
}

// excused reports whether one of the exceptions covers v.
func excused(exceptions []exception, v Violation) bool {
	for _, e := range exceptions {
		if (e.kind == "" || e.kind == v.Kind || e.kind == Missing && v.Kind == Absent) && matchOp(e.op, v.Op) &&
			matchPointer(strings.Split(e.at, "/"), strings.Split(v.At, "/")) {
			return true
		}
	}
	return false
}

// matchOp is path.Match, but * also matches slashes, which divide an operation's id.
func matchOp(pattern, op string) bool {
	flat := strings.NewReplacer("/", ":")
	ok, err := path.Match(flat.Replace(pattern), flat.Replace(op))
	return ok && err == nil
}

func matchPointer(pattern, pointer []string) bool {
	switch {
	case len(pattern) == 0:
		return len(pointer) == 0
	case pattern[0] == "**":
		return matchPointer(pattern[1:], pointer) || len(pointer) > 0 && matchPointer(pattern, pointer[1:])
	case len(pointer) == 0:
		return false
	}
	ok, err := path.Match(pattern[0], pointer[0])
	return ok && err == nil && matchPointer(pattern[1:], pointer[1:])
}
