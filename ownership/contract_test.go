package ownership

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestParseEverything compares every field of the whole contract.
func TestParseEverything(t *testing.T) {
	got, err := Parse(FileName, []byte(everything))
	if err != nil {
		t.Fatal(err)
	}
	claims := func(line int, patterns ...string) []Claim {
		var list []Claim
		for _, p := range patterns {
			list = append(list, Claim{Pattern: mustPattern(t, p), Line: line})
		}
		return list
	}
	branch := func(s string) BranchPattern { return BranchPattern{s} }
	platform := []string{"@octo/platform"}
	mona := []string{"@mona"}
	sum := sha256.Sum256([]byte(everything))
	want := &Contract{
		File: FileName, Digest: hex.EncodeToString(sum[:]), Version: 1,
		Integration: Integration{Branch: "integration/x", Target: "main", Integrators: []string{"@octo/platform", "@mona"}, Line: 3},
		Agents: []Agent{
			{
				Name: "one", Line: 7, Branch: branch("agent/one"), After: []string{"two"},
				Accounts: []Account{{Login: "one[bot]", Line: 9}, {ID: 41898282, Line: 9}, {Login: "Mona_octo", Line: 9}},
				Owns:     claims(10, "src/", "*.go", "/**/x/**", `app/\[slug\]/`), Never: claims(11, "**/secret", "a?b"),
			},
			{Name: "two", Line: 13, Branch: branch("agent/two-*")},
		},
		Shared: claims(14, "**"),
		Requirements: []Requirement{
			{Name: "run", Line: 16, Run: "a | b && c", For: []string{"one", "two", "integration"}},
			{Name: "lines", Line: 17, Run: "make a\nmake b\n", Evidence: Evidence{Workflow: ".github/workflows/ci.yaml", Job: "check it", Events: []string{"push", "merge_group"}, Directory: "web/site", Line: 21}, Harness: claims(22, "Makefile")},
			{Name: "observed", Line: 23, Evidence: Evidence{Check: "build", App: "github-actions", Line: 23}},
			{Name: "pinned", Line: 24, Evidence: Evidence{Check: "build", AppID: 15368, Line: 24}},
			{Name: "once", Line: 25, Run: "make", Evidence: Evidence{Workflow: ".github/workflows/ci.yml", Job: "a", Events: []string{"push"}, Line: 25}},
			{Name: "set", Line: 26, Evidence: Evidence{Status: "ci/build", Creator: "ci[bot]", Line: 26}},
			{Name: "by-id", Line: 27, Evidence: Evidence{Status: "ci/build", CreatorID: 583231, Line: 27}},
			{Name: "statement", Line: 28, Expect: "It works: really"},
			{Name: "notes", Line: 29, Sections: []string{"Commands run"}},
		},
		Interfaces: []Interface{
			{Name: "api", Line: 39, Paths: claims(39, "api/")},
			{Name: "schema", Line: 40, Paths: claims(40, "db/"), Consumers: claims(40, "src/"), By: []string{"@octo/architects"}},
		},
		Limits:     Limits{ActiveAgents: 1, Attempts: 1, Paths: 50000},
		Queue:      QueuePolicy{Batch: 64, Parallel: 32, Timeout: 90 * time.Minute, Method: Squash, Goal: Lean},
		Unassigned: Unassigned{Bots: Pass, People: Fail},
		Harness:    claims(44, "jest.config.js"),
	}
	want.Classes = BuiltinClasses()
	change := func(name string, line int, deny bool, by []string, more ...Claim) {
		c := want.Class(name)
		c.Line, c.Deny, c.By, c.Paths = line, deny, by, append(c.Paths, more...)
	}
	change(ClassContract, 31, false, mona)
	change(ClassCI, 32, false, platform, claims(32, "scripts/ci/")...)
	change(ClassLockfiles, 33, true, nil)
	change(ClassLinks, 34, false, mona)
	change(ClassSecrets, 35, true, nil)
	want.Classes = append(want.Classes, Class{Name: "mine", Line: 36, Paths: claims(36, "x/")}, Class{Name: "yours", Line: 37, Paths: claims(37, "y/"), Deny: true})
	same := cmp.Options{
		cmp.Comparer(func(x, y Pattern) bool { return x.String() == y.String() }),
		cmp.Comparer(func(x, y BranchPattern) bool { return x == y }),
	}
	if diff := cmp.Diff(want, got, same); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestDefaults: what holds when the contract does not say.
func TestDefaults(t *testing.T) {
	c, err := Parse(FileName, []byte(valid))
	if err != nil {
		t.Fatal(err)
	}
	if c.Limits != (Limits{Attempts: 3, Paths: 5000}) || c.Unassigned != (Unassigned{Bots: Fail, People: Pass}) ||
		c.Queue != (QueuePolicy{Batch: 8, Parallel: 4, Timeout: time.Hour, Method: Merge, Goal: Fast}) || c.Integration.Branch != "" {
		t.Errorf("the defaults are %+v %+v %+v %+v", c.Limits, c.Unassigned, c.Queue, c.Integration)
	}
	if c.Agent("b") != nil || c.Class("b") != nil || c.Agent("a").Name != "a" || c.Class(ClassCI).Name != ClassCI {
		t.Error("names are not found, or too many are")
	}
	if c.Place(3) != ".agentplane.yml:3" || c.Place(0) != "built in" {
		t.Errorf("places are %q and %q", c.Place(3), c.Place(0))
	}
}

// TestRequirementApplies: for whom a requirement is.
func TestRequirementApplies(t *testing.T) {
	all, some := Requirement{}, Requirement{For: []string{"a", IntegrationColumn}}
	if !all.Applies("a") || !all.Applies(IntegrationColumn) || !some.Applies("a") || !some.Applies(IntegrationColumn) || some.Applies("b") {
		t.Error("a requirement without for is everyone's, one with it only theirs")
	}
	if (Evidence{Line: 3}).Declared() || !(Evidence{Check: "x"}).Declared() || !(Evidence{Status: "x"}).Declared() || !(Evidence{Workflow: "x"}).Declared() {
		t.Error("evidence is declared when it names something")
	}
}

// TestFirstMatch: lists outside of a ruling.
func TestFirstMatch(t *testing.T) {
	list := []Claim{{Pattern: mustPattern(t, "Src/"), Line: 1}, {Pattern: mustPattern(t, "src/"), Line: 2}}
	if c := FirstMatch(list, "src/a"); c == nil || c.Line != 2 {
		t.Errorf("bytes: %v", c)
	}
	if c := FirstMatchFolded(list, "src/a"); c == nil || c.Line != 1 {
		t.Errorf("folded: %v", c)
	}
	if FirstMatch(list, "SRC/a") != nil || FirstMatchFolded(list, "lib/a") != nil {
		t.Error("too much matches")
	}
}

// TestSyntaxErrorText: all forms of a message.
func TestSyntaxErrorText(t *testing.T) {
	tests := []struct {
		err  SyntaxError
		want string
	}{
		{SyntaxError{"f.yml", 2, 3, "txt", "is wrong", "do it"}, "f.yml:2:3: is wrong (txt); fix: do it"},
		{SyntaxError{Msg: "is wrong"}, "is wrong"},
		{SyntaxError{Msg: "is wrong", Fix: "do it"}, "is wrong; fix: do it"},
	}
	for _, tt := range tests {
		if got := tt.err.Error(); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
	_, err := CompilePattern("a//b")
	var bad *SyntaxError
	if !errors.As(err, &bad) || bad.Line != 0 || bad.Text != "a//b" {
		t.Errorf("a pattern alone: %+v", err)
	}
}

// TestEvidence: which runs and whose statuses count.
func TestEvidence(t *testing.T) {
	if got := (Evidence{}).AcceptedEvents(); !cmp.Equal(got, []string{EventPush, EventPullRequest}) {
		t.Errorf("without event: %v", got)
	}
	e := Evidence{Events: []string{EventMergeGroup}, Creator: "CI[bot]"}
	if got := e.AcceptedEvents(); !cmp.Equal(got, e.Events) {
		t.Errorf("with event: %v", got)
	}
	for _, tc := range []struct {
		e     Evidence
		login string
		id    int64
		want  bool
	}{
		{e, "ci[bot]", 0, true},
		{e, "ci", 5, false},
		{Evidence{CreatorID: 5}, "renamed", 5, true},
		{Evidence{CreatorID: 5}, "5", 6, false},
		{Evidence{}, "", 0, false},
	} {
		if got := tc.e.CreatedBy(tc.login, tc.id); got != tc.want {
			t.Errorf("%+v, %s %d: %v", tc.e, tc.login, tc.id, got)
		}
	}
}
