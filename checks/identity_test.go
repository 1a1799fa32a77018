package checks

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/agentplane/agentplane/ownership"
)

// The people and programs of these tests.
var (
	searchBot   = Account{ID: 41, Login: "search-agent[bot]", Bot: true}
	metadataBot = Account{ID: 40, Login: "metadata-agent[bot]", Bot: true}
	reviewer    = Account{ID: 4242, Login: "reviewer"} // a machine user, whom the contract lists by id
	mona        = Account{ID: 5, Login: "mona"}
	nobody      = Account{}
)

// TestWhoMayActForAnAgent tries authors and pushers on a branch whose agent has accounts: one by login, one by id.
func TestWhoMayActForAnAgent(t *testing.T) {
	for _, tc := range []struct {
		branch         string
		author, pusher Account
		faults         int
		why            string
	}{
		{"agent/metadata-filter-contract", metadataBot, metadataBot, 0, "the agent itself"},
		{"agent/metadata-filter-contract", Account{ID: 40, Login: "Metadata-Agent[BOT]", Bot: true}, metadataBot, 0, "GitHub ignores the case of logins"},
		{"agent/metadata-filter-contract", mona, metadataBot, 1, "a person opens what the agent pushed"},
		{"agent/metadata-filter-contract", metadataBot, mona, 1, "a person pushes to the agent's branch"},
		{"agent/metadata-filter-contract", searchBot, searchBot, 2, "another agent's account does both"},
		{"agent/metadata-filter-contract", metadataBot, nobody, 1, "nobody saw the push"},
		{"agent/metadata-filter-contract", nobody, metadataBot, 1, "the author was not read"},
		{"agent/metadata-filter-contract", Account{ID: 9, Login: "metadata-agent"}, metadataBot, 1, "a person took the login without [bot]"},
		{"agent/metadata-filter-contract", Account{ID: 9, Login: "metadata-agent\u212a[bot]"}, metadataBot, 1, "a letter that folds to another"},
		{"agent/blog-render-verifier", reviewer, reviewer, 0, "the id is the one"},
		{"agent/blog-render-verifier", Account{ID: 4242, Login: "renamed"}, reviewer, 0, "an id survives a rename"},
		{"agent/blog-render-verifier", Account{ID: 77, Login: "reviewer"}, reviewer, 1, "the old login, taken by somebody else"},
		{"agent/blog-render-verifier", Account{ID: 77, Login: "4242"}, reviewer, 1, "a login that looks like the id"},
		{"agent/blog-search-ui", mona, nobody, 0, "without accounts the branch alone decides, and restricts"},
	} {
		f := goodFacts()
		f.Head.Name, f.Author, f.Pusher = tc.branch, tc.author, tc.pusher
		r := Evaluate(example(t), f)
		if got := len(byRule(r.Findings, RuleBranch)); got != tc.faults {
			t.Errorf("%s: %d findings of the branch, want %d: %v", tc.why, got, tc.faults, rulesOf(r))
		}
		if r.Agent == "" {
			t.Errorf("%s: the pull request is judged as no agent's, and so by weaker rules", tc.why)
		}
	}
}

// TestUnassignedOutcomes tries every outcome of the contract with every kind of author.
func TestUnassignedOutcomes(t *testing.T) {
	authors := map[string]Account{"bot": searchBot, "listed": reviewer, "person": mona, "unknown": nobody}
	for _, c := range contracts(t) {
		bots, people := c.Unassigned.Bots == ownership.Pass, c.Unassigned.People == ownership.Pass
		want := map[string]bool{"bot": bots, "listed": bots, "person": people, "unknown": bots && people}
		for name, author := range authors {
			for _, fork := range []bool{false, true} {
				f := goodFacts()
				f.Head.Name, f.Author = "feature", author
				if fork {
					f.Head.Repo = 99
				}
				touch(&f, modified("src/a.ts"))
				r := Evaluate(c, f)
				if got := r.Verdict() == Success; got != want[name] {
					t.Errorf("unassigned %+v, %s, fork %v: passes %v, want %v: %v", c.Unassigned, name, fork, got, want[name], rulesOf(r))
				}
				if r.Agent != "" {
					t.Errorf("%s is taken for the agent %s", name, r.Agent)
				}
			}
		}
	}
}

// TestBranchNeverGrants: a branch with an agent's name has, in a fork or a deleted repository, none of its paths.
func TestBranchNeverGrants(t *testing.T) {
	for _, repo := range []int64{0, 99} {
		for _, branch := range []string{"agent/metadata-filter-contract", "agent/blog-search-ui", "agent/blog-render-verifier"} {
			f := goodFacts()
			f.Head.Repo, f.Head.Name = repo, branch
			touch(&f, modified("src/components/search/a.ts"))
			r := Evaluate(example(t), f)
			if r.Agent != "" || r.check(CheckOwnership).Verdict != Failure {
				t.Errorf("repository %d, branch %s: agent %q, %s", repo, branch, r.Agent, r.check(CheckOwnership).Verdict)
			}
		}
	}
}

// TestBranchSpelling: git's branches are case-sensitive, and a twin of an agent's branch is no agent's.
func TestBranchSpelling(t *testing.T) {
	for _, branch := range []string{"Agent/blog-search-ui", "agent/blog-search-ui ", "agent/blog-search-ui2", "agent/blog-search-u\u0456", "refs/heads/agent/blog-search-ui"} {
		f := goodFacts()
		f.Head.Name = branch
		touch(&f, modified("src/components/search/a.ts"))
		r := Evaluate(example(t), f)
		if r.Agent != "" || r.Verdict() != Failure {
			t.Errorf("%q is taken for %q and comes to %s", branch, r.Agent, r.Verdict())
		}
	}
}

func TestSecondPullRequestOfABranch(t *testing.T) {
	for _, tc := range []struct {
		siblings []Sibling
		fix      []string
		why      string
	}{
		{nil, nil, "one"},
		{[]Sibling{{PR: 12, Base: "main"}}, nil, "itself"},
		{[]Sibling{{PR: 30, Base: "main"}}, []string{"gh pr close 30"}, "a later one goes"},
		{[]Sibling{{PR: 3, Base: "main"}}, []string{"gh pr close 12"}, "an earlier one stays"},
		{[]Sibling{{PR: 30}, {PR: 40}}, []string{"gh pr close 30", "gh pr close 40"}, "two more"},
	} {
		f := goodFacts()
		f.Siblings = tc.siblings
		var got []string
		for _, finding := range byRule(Evaluate(example(t), f).Findings, RuleBranch) {
			got = append(got, finding.Fix)
		}
		if fmt.Sprint(got) != fmt.Sprint(tc.fix) {
			t.Errorf("%s: %q, want %q", tc.why, got, tc.fix)
		}
	}
	f := goodFacts()
	f.Head.Name, f.Author, f.Siblings = "feature", mona, []Sibling{{PR: 30}}
	if r := Evaluate(example(t), f); r.Verdict() != Success {
		t.Errorf("people may open as many as they like: %v", rulesOf(r))
	}
}

// TestLocalVerdictNamesTheSameFixes: the same pull request, judged in a clone by its tracking branch, has the same
// findings, but for the notices of what is left to the App.
func TestLocalVerdictNamesTheSameFixes(t *testing.T) {
	f := goodFacts()
	touch(&f, modified("src/content/config.ts"), added("src/a.ts"), modified("src/components/search/a.ts"))
	f.Touched.Conflicts = []string{"src/components/search/a.ts"}
	app := Evaluate(example(t), f)
	f.Local, f.Base.Name, f.Author, f.Pusher, f.SiblingsKnown = true, "origin/main", nobody, nobody, false
	local := Evaluate(example(t), f)
	local.Findings = slices.DeleteFunc(local.Findings, func(f Finding) bool { return strings.Contains(f.Message, "left to the App") })
	if a, b := fmt.Sprintf("%+v", app.Findings), fmt.Sprintf("%+v", local.Findings); a != b {
		t.Errorf("the App says\n%s\nand a clone\n%s", a, b)
	}
	f.Base.Name = "next"
	for _, finding := range Evaluate(example(t), f).Findings {
		if strings.Contains(finding.Fix, "origin/") {
			t.Errorf("the base is a local branch, and the fix says %s", finding.Fix)
		}
	}
}
