package gh

import (
	"compress/gzip"
	"encoding/json"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadTurnsAPayloadIntoWhatToLookAtAgain(t *testing.T) {
	const repo = `"installation":{"id":7},"repository":{"id":42,"full_name":"octo/blog"},"sender":{"id":5,"login":"bot[bot]","type":"Bot"}`
	at := func(n Notice) Notice {
		n.Installation, n.Repo, n.FullName = 7, 42, "octo/blog"
		return n
	}
	by := Account{ID: 5, Login: "bot[bot]", Bot: true}
	cases := []struct {
		why, event, body string
		want             Reading
	}{
		{
			"a push to a pull request also tells who pushed", "pull_request",
			`{` + repo + `,"action":"synchronize","number":3,"pull_request":{"number":3,"head":{"ref":"agent/x","sha":"abc","repo":{"id":42}}}}`,
			Reading{Notices: []Notice{at(Notice{PR: 3, Reason: "pull_request.synchronize"})}, Pushes: []Push{{42, "agent/x", "abc", by}}},
		},
		{
			"a push to a fork says nothing about our branches", "pull_request",
			`{` + repo + `,"action":"synchronize","number":3,"pull_request":{"number":3,"head":{"ref":"agent/x","sha":"abc","repo":{"id":43}}}}`,
			Reading{Notices: []Notice{at(Notice{PR: 3, Reason: "pull_request.synchronize"})}},
		},
		{
			"opening is no push", "pull_request",
			`{` + repo + `,"action":"opened","number":3,"pull_request":{"number":3,"head":{"ref":"agent/x","sha":"abc","repo":{"id":42}}}}`,
			Reading{Notices: []Notice{at(Notice{PR: 3, Reason: "pull_request.opened"})}},
		},
		{
			"a deleted fork is null", "pull_request",
			`{` + repo + `,"action":"closed","number":3,"pull_request":{"number":3,"head":{"ref":"x","sha":"abc","repo":null}}}`,
			Reading{Notices: []Notice{at(Notice{PR: 3, Reason: "pull_request.closed"})}},
		},
		{
			"a branch moved", "push", `{` + repo + `,"ref":"refs/heads/main","after":"def"}`,
			Reading{Notices: []Notice{at(Notice{Branch: "main", Reason: "push"})}, Pushes: []Push{{42, "main", "def", by}}},
		},
		{
			"a deleted branch has no pusher", "push", `{` + repo + `,"ref":"refs/heads/main","after":"000","deleted":true}`,
			Reading{Notices: []Notice{at(Notice{Branch: "main", Reason: "push"})}},
		},
		{"a tag decides nothing", "push", `{` + repo + `,"ref":"refs/tags/main","after":"def"}`, Reading{}},
		{
			"the header says push, the signed payload is a pull request", "push",
			`{` + repo + `,"ref":"refs/heads/main","number":3,"pull_request":{"number":3}}`, Reading{},
		},
		{"the header says pull_request, the payload is a push", "pull_request", `{` + repo + `,"ref":"refs/heads/main"}`, Reading{}},
		{
			"a person asked for the checks again", "check_run",
			`{` + repo + `,"action":"rerequested","check_run":{"check_suite":{"head_branch":"x","pull_requests":[{"number":3},{"number":4}]}}}`,
			Reading{Notices: []Notice{at(Notice{PR: 3, Reason: "check_run.rerequested"}), at(Notice{PR: 4, Reason: "check_run.rerequested"})}},
		},
		{
			"our own check runs answer themselves with nothing", "check_run",
			`{` + repo + `,"action":"completed","check_run":{"check_suite":{"pull_requests":[{"number":3}]}}}`, Reading{},
		},
		{
			"another App reported on a commit", "check_run",
			`{` + repo + `,"action":"completed","check_run":{"name":"build","head_sha":"abc","check_suite":{}}}`,
			Reading{Notices: []Notice{at(Notice{SHA: "abc", Reason: "check_run.completed"})}},
		},
		{
			"our own report is no news", "check_run",
			`{` + repo + `,"action":"completed","check_run":{"name":"agentplane/review","head_sha":"abc","check_suite":{}}}`, Reading{},
		},
		{
			"a check run that only began decides nothing", "check_run",
			`{` + repo + `,"action":"created","check_run":{"name":"build","head_sha":"abc","check_suite":{}}}`, Reading{},
		},
		{
			"a workflow run moved on", "workflow_run", `{` + repo + `,"action":"completed","workflow_run":{"head_sha":"abc"}}`,
			Reading{Notices: []Notice{at(Notice{SHA: "abc", Reason: "workflow_run.completed"})}},
		},
		{"the header says workflow_run, the payload is none", "workflow_run", `{` + repo + `,"action":"completed","sha":"abc"}`, Reading{}},
		{
			"another CI set a status", "status", `{` + repo + `,"sha":"abc","state":"success"}`,
			Reading{Notices: []Notice{at(Notice{SHA: "abc", Reason: "status"})}},
		},
		{"the header says status, the payload is none", "status", `{` + repo + `,"sha":"abc"}`, Reading{}},
		{
			"GitHub's own merge queue asks for checks of its commit", "merge_group",
			`{` + repo + `,"action":"checks_requested","merge_group":{"head_ref":"refs/heads/gh-readonly-queue/main/pr-3-def","head_sha":"abc","base_ref":"refs/heads/main"}}`,
			Reading{Notices: []Notice{at(Notice{
				Branch: "refs/heads/gh-readonly-queue/main/pr-3-def", SHA: "abc", Reason: "merge_group.checks_requested",
			})}},
		},
		{
			"its commit is gone", "merge_group",
			`{` + repo + `,"action":"destroyed","merge_group":{"head_ref":"refs/heads/gh-readonly-queue/main/pr-3-def","head_sha":"abc"}}`, Reading{},
		},
		{
			"a merge group on a branch of ours", "merge_group",
			`{` + repo + `,"action":"checks_requested","merge_group":{"head_ref":"refs/heads/main","head_sha":"abc"}}`, Reading{},
		},
		{
			"a merge group without a commit", "merge_group",
			`{` + repo + `,"action":"checks_requested","merge_group":{"head_ref":"refs/heads/gh-readonly-queue/main/pr-3-def"}}`, Reading{},
		},
		{"the header says merge_group, the payload is none", "merge_group", `{` + repo + `,"action":"checks_requested","sha":"abc"}`, Reading{}},
		{
			"a review was dismissed", "pull_request_review",
			`{` + repo + `,"action":"dismissed","review":{"id":9},"pull_request":{"number":3,"head":{"ref":"x","sha":"abc"}}}`,
			Reading{Notices: []Notice{at(Notice{PR: 3, Reason: "pull_request_review.dismissed"})}},
		},
		{
			"the header says review, the payload is a push to a pull request", "pull_request_review",
			`{` + repo + `,"action":"synchronize","number":3,"pull_request":{"number":3}}`, Reading{},
		},
		{
			"a comment on a pull request", "issue_comment",
			`{` + repo + `,"action":"created","issue":{"number":3,"pull_request":{}},"comment":{"id":9,"body":"/approve ci"}}`,
			Reading{Notices: []Notice{at(Notice{PR: 3, Comment: 9, Reason: "issue_comment.created"})}},
		},
		{
			"a bot's comment on a pull request", "issue_comment",
			`{"action":"created","installation":{"id":5},"repository":{"id":7,"full_name":"octo/blog"},"issue":{"number":3,"pull_request":{}},"comment":{"id":9,"user":{"id":4,"type":"Bot"}}}`,
			Reading{},
		},
		{
			"a comment on an issue", "issue_comment",
			`{` + repo + `,"action":"created","issue":{"number":3},"comment":{"id":9}}`, Reading{},
		},
		{
			"a suite that names no pull request means its branch", "check_suite",
			`{` + repo + `,"action":"rerequested","check_suite":{"head_branch":"x","pull_requests":[]}}`,
			Reading{Notices: []Notice{at(Notice{Branch: "x", Reason: "check_suite.rerequested"})}},
		},
		{
			"an installation brings its repositories", "installation",
			`{"installation":{"id":7},"action":"created","repositories":[{"id":42,"full_name":"octo/blog"}]}`,
			Reading{Notices: []Notice{at(Notice{Reason: "installation.created"})}},
		},
		{
			"a deleted one takes them away", "installation",
			`{"installation":{"id":7},"action":"deleted","repositories":[{"id":42,"full_name":"octo/blog"}]}`, Reading{Gone: []int64{42}},
		},
		{
			"a suspended one leaves what is known", "installation",
			`{"installation":{"id":7},"action":"suspend","repositories":[{"id":42,"full_name":"octo/blog"}]}`, Reading{},
		},
		{
			"repositories come and go", "installation_repositories",
			`{"installation":{"id":7},"action":"added","repositories_added":[{"id":42,"full_name":"octo/blog"}],"repositories_removed":[{"id":43}]}`,
			Reading{Notices: []Notice{at(Notice{Reason: "installation_repositories.added"})}, Gone: []int64{43}},
		},
		{"a deleted repository is gone", "repository", `{` + repo + `,"action":"deleted"}`, Reading{Gone: []int64{42}}},
		{"a renamed one is looked at", "repository", `{` + repo + `,"action":"renamed"}`, Reading{Notices: []Notice{at(Notice{Reason: "repository.renamed"})}}},
		{"an event nobody knows", "galaxy", `{` + repo + `}`, Reading{}},
		{"a hook that is not an App's", "push", `{"repository":{"id":42},"ref":"refs/heads/main"}`, Reading{}},
		{"a ghost pushed", "push", `{"installation":{"id":7},"repository":{"id":42,"full_name":"octo/blog"},"sender":null,"ref":"refs/heads/m","after":"d"}`,
			Reading{Notices: []Notice{at(Notice{Branch: "m", Reason: "push"})}}},
	}
	for _, c := range cases {
		t.Run(c.why, func(t *testing.T) {
			got, err := Read(c.event, []byte(c.body))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}

// TestReadGitHubsOwnPayloads reads GitHub's published examples: all are understood, and the events that concern a pull
// request give at least one notice when they come from an App.
func TestReadGitHubsOwnPayloads(t *testing.T) {
	read := 0
	for _, e := range examples(t) {
		for _, body := range e.Examples {
			r, err := Read(e.Name, body)
			if err != nil {
				t.Errorf("%s: %v", e.Name, err)
			}
			var p payload
			_ = json.Unmarshal(body, &p)
			if e.Name == "pull_request" && p.Installation != nil && len(r.Notices) != 1 {
				t.Errorf("%s.%s gave %d notices", e.Name, p.Action, len(r.Notices))
			}
			if e.Name == "merge_group" && (len(r.Notices) != 1 || r.Notices[0].SHA == "") {
				t.Errorf("%s.%s gave %+v", e.Name, p.Action, r.Notices)
			}
			read++
		}
	}
	if read < 90 {
		t.Errorf("read only %d examples", read)
	}
}

type example struct {
	Name     string            `json:"name"`
	Examples []json.RawMessage `json:"examples"`
}

func examples(tb testing.TB) []example {
	tb.Helper()
	f, err := os.Open("../../testdata/github/webhook-examples.json.gz")
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	z, err := gzip.NewReader(f)
	if err != nil {
		tb.Fatal(err)
	}
	var all []example
	if err := json.NewDecoder(z).Decode(&all); err != nil {
		tb.Fatal(err)
	}
	return all
}

func FuzzRead(f *testing.F) {
	for _, e := range examples(f) {
		for _, body := range e.Examples[:min(2, len(e.Examples))] {
			f.Add(e.Name, []byte(body))
		}
	}
	f.Add("push", []byte(`{"installation":{"id":1},"repository":null,"ref":"refs/heads/"}`))
	f.Fuzz(func(t *testing.T, event string, body []byte) {
		r, err := Read(event, body)
		if err != nil && (len(r.Notices)+len(r.Pushes)+len(r.Gone)) > 0 {
			t.Error("an error came with notices")
		}
		if len(r.Notices) > maxNotices {
			t.Errorf("%d notices", len(r.Notices))
		}
		for _, n := range r.Notices {
			if n.Installation <= 0 || n.Repo <= 0 || n.PR < 0 {
				t.Errorf("notice %+v", n)
			}
		}
	})
}
