package checks_test

import (
	"fmt"

	"github.com/agentplane/agentplane/checks"
	"github.com/agentplane/agentplane/ownership"
)

const contract = `version: 1
agents:
  metadata:
    branch: agent/metadata
    owns: [src/content/]
  search:
    branch: agent/search
    owns: [src/search/]
`

// facts are those of a clone: the branch, the commits, and what would land.
func facts(changed ...string) checks.Facts {
	f := checks.Facts{
		Local:    true,
		Base:     checks.Ref{Name: "origin/main", SHA: "1f0c5a9e8f8d1c3b5a7e9d2c4b6a8f0e1d3c5b7a"},
		Head:     checks.Ref{Name: "agent/search", SHA: "9b2d4f6a8c0e1d3b5f7a9c1e3d5b7f9a1c3e5d7b"},
		Contract: checks.ContractState{Kind: checks.ContractFound},
		Touched:  &checks.Touched{Landed: changed, Attributes: map[string]string{}},
	}
	for _, path := range changed {
		f.Touched.Changes = append(f.Touched.Changes, checks.Change{Path: path, OldMode: 0o100644, NewMode: 0o100644})
	}
	return f
}

func ExampleEvaluate() {
	c, err := ownership.Parse(ownership.FileName, []byte(contract))
	if err != nil {
		fmt.Println(err)
		return
	}
	report := checks.Evaluate(c, facts("src/search/box.ts", "src/content/config.ts"))
	fmt.Println(report.Verdict(), "for", report.Agent)
	for _, f := range report.Findings {
		fmt.Println(f.Rule, f.Path, f.Contract, f.Owner)
		fmt.Println(f.Fix)
	}
	// Output:
	// failure for search
	// ownership/outside src/content/config.ts .agentplane.yml:5 metadata
	// git checkout origin/main -- 'src/content/config.ts'
	// ownership/branch  .agentplane.yml:6
}

func ExampleRender() {
	c, err := ownership.Parse(ownership.FileName, []byte(contract))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, d := range checks.Render(checks.Evaluate(c, facts("src/search/box.ts"))) {
		fmt.Printf("%s: %s, %s\n", d.Name, d.Conclusion, d.Title)
	}
	// Output:
	// agentplane/ownership: success, 1 file within search's paths
	// agentplane/verification: success, Nothing is required
	// agentplane/review: success, Nothing needs an approval
}

func ExampleRenderText() {
	c, err := ownership.Parse(ownership.FileName, []byte(contract))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(checks.RenderText(checks.Evaluate(c, facts("src/content/config.ts")), nil))
	// Output:
	// ✗ agentplane/ownership  1 file outside search's paths
	// ✓ agentplane/verification  Nothing is required
	// ✓ agentplane/review  Nothing needs an approval
	//
	// ✗ src/content/config.ts
	//   `src/content/config.ts` belongs to `metadata`, not to `search`
	//   ownership/outside · .agentplane.yml:5 · the agent acts
	//   → git checkout origin/main -- 'src/content/config.ts'
	//
	// i (the pull request)
	//   Not known here, and left to the App: who opens the pull request and pushes, and whether the branch has another one open
	//   ownership/branch · .agentplane.yml:6
}
