package checks

import (
	"strings"
	"testing"
)

// TestTitles reads the one fact of each check, and which of several facts comes first.
func TestTitles(t *testing.T) {
	for _, tc := range []struct {
		why               string
		spoil             func(f *Facts)
		ownership, review string
	}{
		{"nothing changed", func(*Facts) {}, "Nothing changed", "Nothing needs an approval"},
		{"one file of its own", func(f *Facts) { touch(f, modified("src/components/search/a")) },
			"1 file within search's paths", "Nothing needs an approval"},
		{"one of its own and one of a class", func(f *Facts) { touch(f, modified("src/components/search/a"), modified("CLAUDE.md")) },
			"1 file within search's paths, 1 for agentplane/review", "Needs approval: agent-config"},
		{"only of a class", func(f *Facts) { touch(f, modified("CLAUDE.md"), modified("go.sum")) },
			"2 files for agentplane/review", "Needs approval: agent-config, lockfiles"},
		{"outside and never are one number", func(f *Facts) { touch(f, modified("src/a.ts"), modified("src/content/drafts/a")) },
			"2 files outside search's paths", "Nothing needs an approval"},
		{"who before what", func(f *Facts) {
			f.Siblings = []Sibling{{PR: 13}}
			touch(f, modified("src/a.ts"))
		}, "Branch and accounts do not belong to one agent", "Nothing needs an approval"},
		{"what blinds before who", func(f *Facts) { f.Siblings, f.Touched = []Sibling{{PR: 13}}, nil },
			"Not everything could be read", "Not everything could be read"},
		{"outside before conflicts", func(f *Facts) {
			touch(f, modified("src/a.ts"))
			f.Touched.Conflicts = []string{"src/components/search/a"}
		}, "1 file outside search's paths", "Nothing needs an approval"},
		{"conflicts", func(f *Facts) {
			touch(f, modified("src/components/search/a"), modified("src/components/search/b"))
			f.Touched.Conflicts = []string{"src/components/search/a", "src/components/search/b", "src/components/search/a"}
		}, "Conflicts in 2 files", "Nothing needs an approval"},
		{"names", func(f *Facts) { touch(f, added("src/components/search/a.")) }, "1 unusable file name", "Nothing needs an approval"},
		{"twins", func(f *Facts) { touch(f, added("src/components/search/a"), added("src/components/search/A")) },
			"2 file names with a twin", "Nothing needs an approval"},
		{"overlap", func(f *Facts) { touch(f, modified("package.json")) }, "1 file with more than one owner", "Nothing needs an approval"},
		{"denied before approvals", func(f *Facts) { touch(f, modified("CLAUDE.md"), added(".env")) },
			"2 files for agentplane/review", "1 file that nobody can approve: secrets"},
		{"a person", func(f *Facts) {
			f.Head.Name, f.Author = "feature", mona
			touch(f, modified("src/a.ts"))
		}, "1 file, by a person", "Nothing needs an approval"},
		{"a bot", func(f *Facts) { f.Head.Name = "feature" }, "No agent's pull request", "Nothing needs an approval"},
		{"too many", func(f *Facts) { f.Touched.Refused = &Refusal{Kind: RefusedTooManyPaths} }, "Too large to judge", "Too large to judge"},
		{"no history", func(f *Facts) { f.Touched.Refused = &Refusal{Kind: RefusedUnrelated} }, "The history cannot be judged", "The history cannot be judged"},
		{"no contract", func(f *Facts) { f.Contract.Kind = ContractMissing }, "The default branch has no contract", "The default branch has no contract"},
		{"a contract that is a link", func(f *Facts) { f.Contract.Kind = ContractIrregular }, "The contract cannot be used", "The contract cannot be used"},
	} {
		f := goodFacts()
		tc.spoil(&f)
		r := Evaluate(example(t), f)
		if got := r.check(CheckOwnership).Title; got != tc.ownership {
			t.Errorf("%s: ownership says %q, want %q", tc.why, got, tc.ownership)
		}
		if got := r.check(CheckReview).Title; got != tc.review {
			t.Errorf("%s: review says %q, want %q", tc.why, got, tc.review)
		}
	}
}

// TestRefusals reads what a person is told of each reason that git may have, with and without its figures.
func TestRefusals(t *testing.T) {
	for _, tc := range []struct {
		refusal Refusal
		rule    RuleID
		message string
		fix     string
	}{
		{Refusal{Kind: RefusedTooManyPaths, Count: 5001, Limit: 5000}, RuleTooLarge, "Too many paths changed (5001; 5000 allowed)", "Split the pull request."},
		{Refusal{Kind: RefusedTooLarge, Path: "a`b"}, RuleTooLarge, "The commits hold something that is too large, at `aˋb`", "Split the pull request."},
		{Refusal{Kind: RefusedOutOfLimits}, RuleTooLarge, "Computing the changes took more memory or time than is allowed", "Split the pull request."},
		{Refusal{Kind: RefusedUnrelated, Detail: "none"}, RuleHistory, "Head and base share no commit: `none`", ""},
		{Refusal{Kind: RefusedTooManyBases, Count: 9, Limit: 8}, RuleHistory, "Head and base have too many merge bases (9; 8 allowed)", ""},
		{Refusal{Kind: RefusedShallow, Fix: "git fetch --unshallow"}, RuleHistory, "The history is cut off", "`git fetch --unshallow`"},
		{Refusal{Kind: RefusedUnreadable}, RuleUnreadable, "The commits could not be read", ""},
		{Refusal{Kind: RefusedBadObjects}, RuleUnreadable, "The commits hold objects that git rejects", ""},
		{Refusal{Kind: RefusedBadPath, Path: "x"}, RuleUnreadable, "The commits hold a path over git's limits, at `x`", ""},
		{Refusal{}, RuleUnreadable, "The commits could not be read", ""},
		{Refusal{Kind: "`\n@x"}, RuleUnreadable, "The commits could not be read", ""},
	} {
		f := goodFacts()
		f.Touched.Refused = &tc.refusal
		r := Evaluate(example(t), f)
		if len(r.Findings) != 1 || r.Findings[0].Rule != tc.rule || r.Findings[0].Message != tc.message {
			t.Errorf("%+v: %v %+v", tc.refusal, rulesOf(r), r.Findings)
			continue
		}
		if tc.fix != "" && r.Findings[0].Fix != tc.fix {
			t.Errorf("%+v: the fix is %q, want %q", tc.refusal, r.Findings[0].Fix, tc.fix)
		}
	}
}

// TestContractStates reads what a person is told about a contract that cannot be used, and that the one in the pull
// request does not count.
func TestContractStates(t *testing.T) {
	for _, tc := range []struct {
		state ContractState
		says  string
		fix   string
	}{
		{ContractState{Kind: ContractMissing}, "has no `.agentplane.yml`", "A person adds"},
		{ContractState{Kind: ContractIrregular, Mode: modeLink}, "no regular file (mode 120000)", "A person puts"},
		{ContractState{Kind: ContractIrregular, Mode: 0o100755}, "no regular file (mode 100755)", "A person puts"},
		{ContractState{Kind: ContractTooLarge, Size: 70000}, "70000 bytes; 65536 are allowed", "A person puts"},
		{ContractState{Kind: ContractUnreadable, Detail: "bad `object`"}, "could not be read: `bad ˋobjectˋ`", "A person looks at the log"},
		{ContractState{Kind: ContractInvalid}, "does not parse", "A person puts"},
		{ContractState{}, "was not read", "A person looks at the log"},
		{ContractState{Kind: "new"}, "was not read", "A person looks at the log"},
		{ContractState{Kind: ContractFound}, "was not read", "A person looks at the log"},
	} {
		f := goodFacts()
		f.Contract = tc.state
		touch(&f, modified(".agentplane.yml"))
		r := Evaluate(nil, f)
		if len(r.Findings) != 1 || r.Verdict() != ActionRequired {
			t.Errorf("%+v: %v", tc.state, rulesOf(r))
			continue
		}
		got := r.Findings[0]
		if !strings.Contains(got.Message, tc.says) || !strings.HasPrefix(got.Fix, tc.fix) || got.Who != Person {
			t.Errorf("%+v: %q, %q", tc.state, got.Message, got.Fix)
		}
		if !strings.HasSuffix(got.Message, "; the one in this pull request counts once a person has merged it") {
			t.Errorf("%+v: the author is not told when the change counts: %q", tc.state, got.Message)
		}
	}
}

// TestPage holds the bounded page: a block is whole or absent, and what is missing is counted.
func TestPage(t *testing.T) {
	finding := Finding{Rule: RuleOutside, Message: "m"}
	block := item(finding)
	for _, tc := range []struct {
		why          string
		n, most, fit int // fit: how many blocks the page has room for besides the count
		want         int
		missing      string
	}{
		{"all fit", 3, 5, 10, 3, ""},
		{"as many as allowed", 5, 5, 10, 5, ""},
		{"more than allowed", 6, 5, 10, 5, "- and 1 more things\n"},
		{"more than fit", 6, 6, 2, 2, "- and 4 more things\n"},
		{"none fits", 3, 3, 0, 0, "- and 3 more things\n"},
	} {
		findings := make([]Finding, tc.n)
		for i := range findings {
			findings[i] = finding
		}
		p := &page{limit: tc.fit*len(block) + 200}
		p.list(findings, tc.most, 0, "things")
		got := p.b.String()
		if strings.Count(got, block) != tc.want || !strings.HasSuffix(got, tc.missing) || len(got) > p.limit {
			t.Errorf("%s: %q", tc.why, got)
		}
	}
	p := &page{limit: 3}
	if p.add("four") || !p.add("abc") || p.add("d") || p.left() != 0 {
		t.Error("a page takes more than its limit, or less")
	}
}
