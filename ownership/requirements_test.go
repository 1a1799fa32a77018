package ownership

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// evidenceOf parses a contract with one requirement whose evidence is given.
func evidenceOf(evidence string) (Evidence, error) {
	c, err := Parse("contract.yml", fmt.Appendf(nil, "version: 1\nagents: { a: { branch: a } }\nverification:\n  x: { run: make, evidence: %s }\n", evidence))
	if err != nil {
		return Evidence{}, err
	}
	return c.Requirements[0].Evidence, nil
}

// TestEvidenceForms reads every form of evidence, and refuses what is none.
func TestEvidenceForms(t *testing.T) {
	const file = ".github/workflows/ci.yml"
	job := "{ workflow: " + file + ", job: x"
	for _, tc := range []struct {
		src  string
		want Evidence
		err  string
		why  string
	}{
		{job + " }", Evidence{Workflow: file, Job: "x"}, "", "a job"},
		{job + ", event: push }", Evidence{Workflow: file, Job: "x", Events: []string{"push"}}, "", "one event"},
		{job + ", event: [merge_group, pull_request] }", Evidence{Workflow: file, Job: "x", Events: []string{"merge_group", "pull_request"}}, "", "a list of events"},
		{job + ", event: [push, push] }", Evidence{}, "stands twice in event", "an event twice"},
		{job + ", event: [] }", Evidence{}, "event is empty", "no event would let nothing pass"},
		{job + ", event: pull_request_target }", Evidence{}, "event has to be push, pull_request or merge_group", "it runs the target's workflow on nothing of the head"},
		{job + ", event: schedule }", Evidence{}, "event has to be", "it runs the default branch"},
		{job + ", event: on }", Evidence{}, "put quotes around it", "a switch of YAML 1.1"},
		{job + ", directory: web }", Evidence{Workflow: file, Job: "x", Directory: "web"}, "", "a directory"},
		{job + ", directory: packages/site }", Evidence{Workflow: file, Job: "x", Directory: "packages/site"}, "", "a directory below"},
		{job + ", directory: ./web }", Evidence{}, "directory has to be a directory", "a second spelling"},
		{job + ", directory: web/ }", Evidence{}, "directory has to be a directory", "a second spelling"},
		{job + ", directory: . }", Evidence{}, "directory has to be a directory", "the root needs no key"},
		{job + ", directory: a/../b }", Evidence{}, "directory has to be a directory", "above itself"},
		{job + ", directory: 'a\\b' }", Evidence{}, "directory has to be a directory", "a separator on one system only"},
		{job + ", check: y }", Evidence{}, "names both a job and a check run", "two forms"},
		{job + ", status: y }", Evidence{}, "names both a job and a status", "two forms"},
		{"{ check: y, app: ci }", Evidence{Check: "y", App: "ci"}, "", "a slug"},
		{"{ check: y, app: 15368 }", Evidence{Check: "y", AppID: 15368}, "", "an id"},
		{"{ check: y, app: '15368' }", Evidence{Check: "y", App: "15368"}, "", "a slug of digits, in quotes"},
		{"{ check: y, app: -1 }", Evidence{}, "positive whole number", "no id"},
		{"{ check: y, app: 0 }", Evidence{}, "positive whole number", "the id of what is not known"},
		{"{ check: y, app: 99999999999999999999 }", Evidence{}, "", "too large for an id"},
		{"{ check: y, app: 1.5 }", Evidence{}, "put quotes around it", "no whole number"},
		{"{ check: y, app: CI }", Evidence{}, "slug", "slugs are lower case"},
		{"{ check: y }", Evidence{}, "needs the key app", "anyone's check run"},
		{"{ app: y }", Evidence{}, "needs the key check", "which check run"},
		{"{ status: y, creator: 'ci[bot]' }", Evidence{Status: "y", Creator: "ci[bot]"}, "", "a login"},
		{"{ status: y, creator: 12 }", Evidence{Status: "y", CreatorID: 12}, "", "an id"},
		{"{ status: y, creator: [a] }", Evidence{}, "creator has to be a text", "one creator"},
		{"{ status: y, creator: a/b }", Evidence{}, "creator has to be a GitHub account", "a team sets no status"},
		{"{ status: y }", Evidence{}, "needs the key creator", "anyone's status"},
		{"{ creator: y }", Evidence{}, "needs the key status", "which status"},
		{"{ event: push }", Evidence{}, "needs the key workflow", "runs of which workflow"},
	} {
		got, err := evidenceOf(tc.src)
		got.Line = 0
		refused := tc.err != "" || cmp.Equal(tc.want, Evidence{})
		if (err != nil) != refused || err != nil && !strings.Contains(err.Error(), tc.err) {
			t.Errorf("%s: the error is %v, want %q (%s)", tc.src, err, tc.err, tc.why)
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s (%s) (-want +got):\n%s", tc.src, tc.why, diff)
		}
	}
}

// TestEventsAreTheCallers: changing the answer changes no contract.
func TestEventsAreTheCallers(t *testing.T) {
	e, err := evidenceOf("{ workflow: .github/workflows/ci.yml, job: x, event: push }")
	if err != nil {
		t.Fatal(err)
	}
	e.AcceptedEvents()[0] = "x"
	if e.Events[0] != EventPush {
		t.Error("the contract was changed")
	}
}
