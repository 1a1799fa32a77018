package checks

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/agentplane/agentplane/ownership"
)

// TestEdges holds single judgements that no golden shows: the findings, as "verdict rule path".
func TestEdges(t *testing.T) {
	contract := example(t)
	for _, tc := range []struct {
		why   string
		spoil func(c **ownership.Contract, f *Facts)
		want  []string
	}{
		{"the zero facts know nothing", func(_ **ownership.Contract, f *Facts) { *f = Facts{} },
			[]string{`action_required contract/invalid ""`}},
		{"a contract that is there and was not parsed", func(c **ownership.Contract, _ *Facts) { *c = nil },
			[]string{`action_required contract/invalid ""`}},
		{"a contract that was parsed, of a state that says otherwise", func(_ **ownership.Contract, f *Facts) { f.Contract.Kind = ContractMissing },
			[]string{`action_required contract/missing ""`}},
		{"a broken contract without its problems", func(c **ownership.Contract, f *Facts) { *c, f.Contract.Kind = nil, ContractInvalid },
			[]string{`action_required contract/invalid ""`}},
		{"a problem that is nil", func(c **ownership.Contract, f *Facts) {
			*c, f.Contract.Kind, f.Contract.Problems = nil, ContractInvalid, ownership.SyntaxErrors{nil}
		}, []string{`action_required contract/invalid ""`}},
		{"git refused the commits before anyone looked for the contract", func(c **ownership.Contract, f *Facts) {
			*c, f.Contract, f.Touched.Refused = nil, ContractState{}, &Refusal{Kind: RefusedBadObjects}
		}, []string{`failure ownership/unreadable ""`}},
		{"a path that git refused", func(_ **ownership.Contract, f *Facts) { f.Touched.Refused = &Refusal{Kind: RefusedBadPath, Path: "a"} },
			[]string{`failure ownership/unreadable ""`}},
		{"a shallow clone", func(_ **ownership.Contract, f *Facts) { f.Touched.Refused = &Refusal{Kind: RefusedShallow} },
			[]string{`failure ownership/history ""`}},
		{"time ran out", func(_ **ownership.Contract, f *Facts) { f.Touched.Refused = &Refusal{Kind: RefusedOutOfLimits} },
			[]string{`failure ownership/too-large ""`}},
		{"no head", func(_ **ownership.Contract, f *Facts) { f.Head.SHA = "" },
			[]string{`failure ownership/unreadable ""`, `success ownership/empty ""`}},
		{"no branch", func(_ **ownership.Contract, f *Facts) { f.Head.Name = "" },
			[]string{`failure ownership/branch ""`, `success ownership/empty ""`}},
		{"the head repository was deleted: a fork", func(_ **ownership.Contract, f *Facts) { f.Head.Repo = 0 },
			[]string{`failure ownership/branch ""`, `success ownership/empty ""`}},
		{"the tree that would land was not listed", func(_ **ownership.Contract, f *Facts) {
			touch(f, modified("src/components/search/a"))
			f.Touched.Landed = nil
		}, []string{`failure ownership/unreadable ""`}},
		{"only removals: no name can be new", func(_ **ownership.Contract, f *Facts) {
			touch(f, removed("src/components/search/a"))
			f.Touched.Landed = nil
		}, nil},
		{"the attributes were not read", func(_ **ownership.Contract, f *Facts) {
			touch(f, modified("src/components/search/a"))
			f.Touched.Attributes = nil
		}, []string{`failure ownership/unreadable ""`}},
		{"a person's pull request needs no attributes", func(_ **ownership.Contract, f *Facts) {
			f.Head.Name, f.Author, f.Touched.Attributes = "fix", Account{ID: 5, Login: "mona"}, nil
			touch(f, modified("src/a.ts"))
		}, nil},
		{"a bot without the flag is still one by its login", func(_ **ownership.Contract, f *Facts) {
			f.Head.Name, f.Author = "fix", Account{ID: 5, Login: "x[bot]"}
			touch(f, modified("src/a.ts"))
		}, []string{`failure ownership/unassigned ""`}},
		{"the right login without an id was not read from the API", func(_ **ownership.Contract, f *Facts) {
			f.Head.Name, f.Author, f.Pusher = "agent/metadata-filter-contract", Account{Login: "metadata-agent[bot]"}, Account{ID: 40, Login: "metadata-agent[bot]"}
			touch(f, modified("src/lib/listing.ts"))
		}, []string{`failure ownership/branch ""`}},
		{"--agent is not heard in the App", func(_ **ownership.Contract, f *Facts) {
			f.Agent = "metadata"
			touch(f, modified("src/lib/listing.ts"))
		}, []string{`failure ownership/outside "src/lib/listing.ts"`}},
		{"one path twice is one finding", func(_ **ownership.Contract, f *Facts) {
			touch(f, modified("src/a.ts"), Change{Path: "src/a.ts", OldMode: modeFile, NewMode: 0o100755})
		}, []string{`failure ownership/outside "src/a.ts"`}},
		{"a mode alone needs ownership", func(_ **ownership.Contract, f *Facts) {
			touch(f, Change{Path: "src/a.sh", OldMode: modeFile, NewMode: 0o100755, OldID: "1", NewID: "1"})
		}, []string{`failure ownership/outside "src/a.sh"`}},
		{"both sides of a rename", func(_ **ownership.Contract, f *Facts) {
			touch(f, removed("src/content/config.ts"), added("src/components/search/config.ts"))
		}, []string{`failure ownership/outside "src/content/config.ts"`, `action_required interface/post-schema "src/content/config.ts"`, `action_required interface/post-schema "src/content/config.ts"`}},
		{"the contract under another spelling", func(_ **ownership.Contract, f *Facts) { touch(f, added(".AgentPlane.YML")) },
			[]string{`action_required class/contract ".AgentPlane.YML"`}},
	} {
		c, f := contract, goodFacts()
		tc.spoil(&c, &f)
		r := Evaluate(c, f)
		if diff := cmp.Diff(tc.want, rulesOf(r)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.why, diff)
		}
	}
}

// TestUnassignedLocally: in a clone the author is not known, so it fails only where everyone would.
func TestUnassignedLocally(t *testing.T) {
	f := goodFacts()
	f.Local, f.Head.Name = true, "fix"
	touch(&f, modified("src/a.ts"))
	var got []Verdict
	for _, c := range contracts(t) {
		got = append(got, Evaluate(c, f).Verdict())
	}
	if want := []Verdict{Success, Success, Success, Failure}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestSeveralAgents judges a contract that the parser would not let through: a branch of two agents is no agent's.
func TestSeveralAgents(t *testing.T) {
	c := *example(t)
	c.Agents = append(slices.Clone(c.Agents), c.Agents[1])
	c.Agents[3].Name = "twin"
	for _, local := range []bool{false, true} {
		f := goodFacts()
		f.Local = local
		touch(&f, modified("src/components/search/a"))
		r := Evaluate(&c, f)
		if r.Verdict() != ActionRequired || r.Findings[0].Rule != RuleBranch || r.Agent != "" {
			t.Errorf("local %v: %v", local, rulesOf(r))
		}
	}
}

// TestBlindness: what could not be judged stands against every check, and says so in each.
func TestBlindness(t *testing.T) {
	f := goodFacts()
	f.Touched = nil
	for _, c := range Evaluate(example(t), f).Checks {
		if c.Verdict != Failure || c.Title != "Not everything could be read" {
			t.Errorf("%+v", c)
		}
	}
}

func TestTitlesCount(t *testing.T) {
	for n, want := range map[int]string{0: "0 files", 1: "1 file", 999: "999 files", 5001: "5,001 files", 1234567: "1,234,567 files"} {
		if got := count(n, "file"); got != want {
			t.Errorf("count(%d) = %q, want %q", n, got, want)
		}
	}
	c := *example(t)
	c.Agents = slices.Clone(c.Agents)
	c.Agents[1].Name = "se_arch"
	f := goodFacts()
	touch(&f, modified("src/a.ts"))
	d := Render(Evaluate(&c, f))[0]
	if d.Title != "1 file outside se_arch's paths" || !strings.HasPrefix(d.Summary, `**1 file outside se\_arch's paths.**`) {
		t.Errorf("title %q, summary %q", d.Title, d.Summary)
	}
}
