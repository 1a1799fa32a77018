package checks

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/agentplane/agentplane/ownership"
)

// proposalOf reads a proposed contract as the App does. Two other pull requests are open: 20 of search, that changes a
// page, and 21 of metadata, that changes the list.
func proposalOf(t *testing.T, src []byte) *Proposal {
	t.Helper()
	p := &Proposal{State: ContractState{Kind: ContractFound}}
	p.Contract, p.Problems = parseContract(t, src)
	if p.Contract == nil {
		p.State.Kind = ContractInvalid
	} else {
		p.Warnings = ownership.Lint(p.Contract)
	}
	search, metadata := goodFacts(), goodFacts()
	search.PR, metadata.PR = 20, 21
	touch(&search, modified("src/pages/blog/index.astro"))
	metadata.Head.Name, metadata.Author, metadata.Pusher = "agent/metadata-filter-contract", metadataBot, metadataBot
	touch(&metadata, modified("src/lib/listing.ts"))
	p.Pulls = []Facts{metadata, search}
	return p
}

func proposing(t *testing.T, src string) Facts {
	f := goodFacts()
	f.Head.Name, f.Author, f.Pusher = "feature", mona, mona
	touch(&f, modified(ownership.FileName), modified("src/lib/listing.ts"))
	f.Proposal = proposalOf(t, []byte(src))
	return f
}

func TestProposals(t *testing.T) {
	moved := strings.Replace(string(exampleSource(t)), "      - src/lib/listing.ts\n", "", 1)
	for _, tc := range []struct {
		why  string
		src  string
		play func(*Facts)
		want Verdict
		says string
	}{
		{"valid", moved, func(*Facts) {}, ActionRequired, "is in the class `contract`"},
		{"invalid", "version: 2\n", func(*Facts) {}, Failure, "The proposed contract does not parse"},
		{"not read", moved, func(f *Facts) { f.Proposal = nil }, ActionRequired, "The proposed contract was not read"},
		{"not read in a clone", moved, func(f *Facts) { f.Proposal, f.Local = nil, true }, ActionRequired, "looked at by the App, and by `agentplane lint`"},
		{"taken away", moved, func(f *Facts) { f.Proposal = &Proposal{State: ContractState{Kind: ContractMissing}} }, ActionRequired, "takes the contract away"},
		{"a symlink", moved, func(f *Facts) { f.Proposal = &Proposal{State: ContractState{Kind: ContractIrregular, Mode: modeLink}} }, Failure, "The proposed contract is no regular file (mode 120000)"},
		{"too large", moved, func(f *Facts) { f.Proposal = &Proposal{State: ContractState{Kind: ContractTooLarge, Size: 70000}} }, Failure, "has 70000 bytes"},
		{"not looked for", moved, func(f *Facts) { f.Proposal = &Proposal{} }, Failure, "was not read"},
		{"a problem that is nil", moved, func(f *Facts) {
			f.Proposal = &Proposal{State: ContractState{Kind: ContractInvalid}, Problems: ownership.SyntaxErrors{nil}}
		}, Failure, "does not parse"},
		{"approved", moved, func(f *Facts) {
			f.Conversation.Reviews = []Review{reviewBy(eve, 1, "APPROVED", "a")}
			f.Conversation.People = []Standing{{Account: eve, Permission: "write"}}
		}, Success, "`contract` is approved by"},
		{"approved, and invalid", "version: 2\n", func(f *Facts) {
			f.Conversation.Reviews = []Review{reviewBy(eve, 1, "APPROVED", "a")}
			f.Conversation.People = []Standing{{Account: eve, Permission: "write"}}
		}, Failure, "does not parse"},
	} {
		f := proposing(t, tc.src)
		tc.play(&f)
		r := Evaluate(example(t), f)
		if got := r.check(CheckReview).Verdict; got != tc.want || !strings.Contains(RenderText(r, nil), tc.says) {
			t.Errorf("%s: %s, want %s, and %q in\n%s", tc.why, got, tc.want, tc.says, RenderText(r, nil))
		}
	}
	bootstrap := proposing(t, "version: 2\n")
	bootstrap.Contract.Kind = ContractMissing
	if r := Evaluate(nil, bootstrap); r.check(CheckReview).Verdict != Failure || len(byRule(r.Findings, RuleContractProposed)) == 0 {
		t.Errorf("the first contract of a repository is looked at, too: %v", rulesOf(r))
	}
}

func TestProposalEffects(t *testing.T) {
	f := proposing(t, strings.Replace(string(exampleSource(t)), "      - src/lib/listing.ts\n", "", 1))
	f.Touched.Landed = append(f.Touched.Landed, "src/pages/blog/index.astro", "tests/a.ts")
	f.Proposal.Missing = 2
	e := Evaluate(example(t), f).Effects
	want := `{"pulls":[{"pr":21,"old":"success","new":"failure","title":"1 file outside metadata's paths"}],"same":1,"missing":2,"owners":[{"agent":"metadata","gained":0,"lost":1}]}`
	if src, err := json.Marshal(e); err != nil || string(src) != want {
		t.Errorf("%s, want %s", src, want)
	}
}

// TestProposalIsBounded: many pull requests and agents are counted, in the document and its JSON.
func TestProposalIsBounded(t *testing.T) {
	f := proposing(t, strings.Replace(string(exampleSource(t)), "      - src/lib/listing.ts\n", "", 1))
	one := f.Proposal.Pulls[0]
	f.Proposal.Pulls = nil
	for i := range mostProposalPulls + 20 {
		one.PR = 100 + i
		f.Proposal.Pulls = append(f.Proposal.Pulls, one)
	}
	r := Evaluate(example(t), f)
	if len(r.Effects.Pulls) != mostProposalPulls || r.Effects.Missing != 20 {
		t.Errorf("%d pull requests, %d missing", len(r.Effects.Pulls), r.Effects.Missing)
	}
	for i := range 100 {
		r.Effects.Owners = append(r.Effects.Owners, OwnerEffect{Agent: fmt.Sprint("agent-", i), Gained: 1})
		r.Commands = append(r.Commands, CommandResult{Comment: int64(i), By: sam, Kind: CommandRetry, Why: strings.Repeat("x", 900)})
		r.Approvals = append(r.Approvals, Approval{Source: "review:1", Subject: "class/ci", By: sam, Contents: exampleDigest, Contract: exampleDigest})
	}
	d := Render(r)[2]
	holdDocument(t, d)
	for _, want := range []string{"| 129 |", "; 90 not shown", "and 71 more agents"} {
		if !strings.Contains(d.Summary, want) {
			t.Errorf("%q is not in\n%s", want, d.Summary)
		}
	}
	whole := encoded(t, r)
	validate(t, whole)
	var again Report
	if err := json.Unmarshal(whole, &again); err != nil || string(encoded(t, again)) != string(whole) || len(again.Commands) != 100 {
		t.Errorf("the outcome changed on its way through JSON: %v", err)
	}
}

func TestCombineKeepsOutcomes(t *testing.T) {
	a, b := Report{PR: 1}, Report{PR: 2}
	a.Outcome = Outcome{Approvals: []Approval{{Source: "review:1"}}, Reviewers: []string{"@b", "@a"}, Commands: []CommandResult{{Comment: 1}}}
	b.Outcome = Outcome{Approvals: []Approval{{Source: "review:2"}}, Reviewers: []string{"@a"}, Commands: []CommandResult{{Comment: 2}}, Effects: &Effects{Same: 1}, Escalated: true}
	got := Combine(a, b)
	if len(got.Approvals) != 2 || fmt.Sprint(got.Reviewers) != "[@a @b]" || len(got.Commands) != 2 || got.Effects == nil || !got.Escalated {
		t.Errorf("%+v", got.Outcome)
	}
}

func TestSuggestions(t *testing.T) {
	expand := func(f *Facts, subject string, times int) {
		touch(f, modified("src/lib/a.ts"))
		f.Conversation.Comments = append(f.Conversation.Comments, commentBy(sam, 1, "/expand "+subject))
		f.Conversation.Recurring = []Recurring{{Kind: CommandExpand, Agent: "search", Subject: subject, Times: times}}
	}
	approve := func(f *Facts, path, subject string) {
		touch(f, modified(path))
		f.Conversation.People = []Standing{{Account: eve, Permission: "write"}}
		f.Conversation.Reviews = []Review{reviewBy(eve, 1, "APPROVED", "a"), reviewBy(sam, 2, "APPROVED", "a")}
		f.Conversation.Recurring = []Recurring{{Kind: CommandApprove, Agent: "search", Subject: subject, Times: 3}}
	}
	for _, tc := range []struct {
		why  string
		play func(*Facts)
		want string
	}{
		{"three times", func(f *Facts) { expand(f, "src/lib/", 3) }, "a person adds to `owns` of `search` in the contract: `- \"src/lib/\"`"},
		{"twice", func(f *Facts) { expand(f, "src/lib/", 2) }, ""},
		{"another agent", func(f *Facts) { expand(f, "src/lib/", 9); f.Conversation.Recurring[0].Agent = "metadata" }, ""},
		{"not here", func(f *Facts) { expand(f, "src/lib/", 9); f.Conversation.Comments = nil }, ""},
		{"secrets", func(f *Facts) { expand(f, "/.env.local", 9) }, ""},
		{"deployments", func(f *Facts) { expand(f, "deploy/Dockerfile", 9) }, ""},
		{"a class that names nobody", func(f *Facts) { approve(f, "CLAUDE.md", "class/agent-config") }, "a person adds to `approvals` of the contract: `agent-config: { by: [\"@eve\"] }`"},
		{"a class that names a team", func(f *Facts) { approve(f, "package-lock.json", "class/lockfiles") }, ""},
		{"deployments, approved", func(f *Facts) { approve(f, "Dockerfile", "class/deploy") }, ""},
		{"a kind nobody knows", func(f *Facts) { expand(f, "src/lib/", 9); f.Conversation.Recurring[0].Kind = "land" }, ""},
	} {
		f := goodFacts()
		tc.play(&f)
		found := byRule(Evaluate(example(t), f).Findings, RuleSuggestion)
		if (len(found) == 1) != (tc.want != "") || tc.want != "" && !strings.Contains(found[0].Fix, tc.want) {
			t.Errorf("%s: %+v, want %q", tc.why, found, tc.want)
		}
	}
}
