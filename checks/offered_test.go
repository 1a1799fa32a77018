package checks

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestOffered holds what an integration branch is judged by where it is offered: what landed on it was judged change by
// change, and nothing else passes for it.
func TestOffered(t *testing.T) {
	contract := verification(t)
	app := Account{ID: 90, Login: "agentplane[bot]", Bot: true}
	for _, tc := range []struct {
		why   string
		spoil func(f *Facts)
		want  []string
	}{
		{"what landed, and nothing else, opened by the App", func(*Facts) {}, nil},
		{"no lane is known, so it is a bot's pull request like any other", func(f *Facts) { f.Offered = nil },
			[]string{"failure ownership/unassigned", "action_required class/lockfiles"}},
		{"somebody pushed to the branch", func(f *Facts) { f.Offered.Tip = "cccccccccccccccccccccccccccccccccccccccc" },
			[]string{"action_required ownership/foreign", "failure ownership/unassigned", "action_required class/lockfiles"}},
		{"nothing has landed", func(f *Facts) { f.Offered.Tip = "" },
			[]string{"action_required ownership/foreign", "failure ownership/unassigned", "action_required class/lockfiles"}},
		{"the branch held something before the lane began", func(f *Facts) { f.Offered.Began = "cccccccccccccccccccccccccccccccccccccccc" },
			[]string{"action_required ownership/foreign", "failure ownership/unassigned", "action_required class/lockfiles"}},
		{"a fork's branch of that name", func(f *Facts) { f.Head.Repo = 99 },
			[]string{"failure ownership/unassigned", "action_required class/lockfiles"}},
		{"another branch at that commit", func(f *Facts) { f.Head.Name = "topic" },
			[]string{"failure ownership/unassigned", "action_required class/lockfiles"}},
		{"the target has moved on, and conflicts", func(f *Facts) { f.Touched.Conflicts, f.Touched.Landed = []string{"a"}, nil },
			[]string{"failure ownership/merge-conflict"}},
	} {
		f := shownFacts(t)
		f.Head.Name, f.Author = contract.Integration.Branch, app
		touch(&f, modified("package-lock.json"))
		f.Offered = &Offered{Tip: f.Head.SHA, Changes: 2}
		tc.spoil(&f)
		var got []string
		for _, finding := range Evaluate(contract, f).Findings {
			if finding.Check != CheckVerification && finding.Verdict != Success {
				got = append(got, string(finding.Verdict)+" "+string(finding.Rule))
			}
		}
		slices.Sort(got)
		slices.Sort(tc.want)
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.why, diff)
		}
	}
}
