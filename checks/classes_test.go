package checks

import (
	"slices"
	"strings"
	"testing"

	"github.com/agentplane/agentplane/ownership"
)

// TestBuiltinClasses changes a path of each built-in class: in an agent's, a bot's and a person's pull request.
func TestBuiltinClasses(t *testing.T) {
	for _, tc := range []struct {
		class         string
		path          string
		agent, person Verdict
	}{
		{ownership.ClassContract, ".agentplane.yml", ActionRequired, ActionRequired},
		{ownership.ClassContract, ".AGENTPLANE.yml", ActionRequired, ActionRequired},
		{ownership.ClassCI, ".github/workflows/ci.yml", ActionRequired, Success},
		{ownership.ClassCI, ".GitHub/Workflows/ci.yml", ActionRequired, Success},
		{ownership.ClassLockfiles, "package-lock.json", ActionRequired, Success},
		{ownership.ClassLockfiles, "web/go.sum", ActionRequired, Success},
		{ownership.ClassAgentConfig, "CLAUDE.md", ActionRequired, Success},
		{ownership.ClassAgentConfig, "docs/agents.md", ActionRequired, Success},
		{ownership.ClassAgentConfig, ".claude/settings.json", ActionRequired, Success},
		{ownership.ClassAgentConfig, ".mcp.json", ActionRequired, Success},
		{ownership.ClassSecrets, ".env", Failure, Failure},
		{ownership.ClassSecrets, "config/.ENV.production", Failure, Failure},
		{ownership.ClassSecrets, "keys/id_rsa", Failure, Failure},
		{ownership.ClassGitAttributes, ".gitattributes", ActionRequired, Success},
		{ownership.ClassGitAttributes, ".gitmodules", ActionRequired, Success},
		{ownership.ClassGitAttributes, "docs/CODEOWNERS", ActionRequired, Success},
		{ownership.ClassGenerated, "dist/a.js", ActionRequired, Success},
		{"layouts", "src/layouts/Base.astro", ActionRequired, Success},
	} {
		for branch, want := range map[string]Verdict{"agent/blog-search-ui": tc.agent, "feature": tc.person} {
			f := goodFacts()
			f.Head.Name = branch
			if branch == "feature" {
				f.Author = mona
			}
			touch(&f, modified(tc.path))
			r := Evaluate(example(t), f)
			found := byRule(r.Findings, ClassRule(tc.class))
			if got := r.check(CheckReview).Verdict; got != want || (len(found) == 1) != (want != Success) {
				t.Errorf("%s on %s: %s, want %s: %v", tc.path, branch, got, want, rulesOf(r))
			}
			if r.check(CheckOwnership).Verdict != Success {
				t.Errorf("%s on %s: the class decides, and ownership says %s", tc.path, branch, r.check(CheckOwnership).Title)
			}
		}
	}
}

// TestBotsArePasses: where bots may pass without being agents, classes still bind them.
func TestBotsAreBoundByClasses(t *testing.T) {
	c := contracts(t)[1]
	f := goodFacts()
	f.Head.Name = "bots/bump"
	touch(&f, modified("package-lock.json"), modified("src/a.ts"))
	r := Evaluate(c, f)
	if r.check(CheckOwnership).Verdict != Success || r.check(CheckReview).Verdict != ActionRequired {
		t.Errorf("%v", rulesOf(r))
	}
	if got := r.check(CheckOwnership).Title; got != "2 files, by no agent" {
		t.Errorf("title %q", got)
	}
}

func TestLinksOfEitherSide(t *testing.T) {
	for _, tc := range []struct {
		old, new uint32
		want     bool
		why      string
	}{
		{0, modeLink, true, "a new symlink"},
		{modeLink, 0, true, "a symlink goes"},
		{modeLink, modeLink, true, "a symlink points elsewhere"},
		{modeFile, modeLink, true, "a file becomes a symlink"},
		{modeLink, modeFile, true, "a symlink becomes a file"},
		{0, modeGitlink, true, "a new submodule"},
		{modeGitlink, modeGitlink, true, "a submodule moves"},
		{modeGitlink, 0, true, "a submodule goes"},
		{modeFile, 0o100755, false, "an executable bit is a matter of ownership"},
		{0, modeFile, false, "a file"},
	} {
		f := goodFacts()
		touch(&f, Change{Path: "src/components/search/x", OldMode: tc.old, NewMode: tc.new, OldID: "1", NewID: "2"})
		r := Evaluate(example(t), f)
		if got := len(byRule(r.Findings, ClassRule(ownership.ClassLinks))) == 1; got != tc.want {
			t.Errorf("%s (%06o to %06o): found %v, want %v", tc.why, tc.old, tc.new, got, tc.want)
		}
	}
}

// TestLinksDoNotWidenOwnership: a symlink at a path of nobody's is outside, too.
func TestLinksDoNotWidenOwnership(t *testing.T) {
	f := goodFacts()
	touch(&f, Change{Path: "src/x", NewMode: modeLink, NewID: "2"})
	r := Evaluate(example(t), f)
	if len(byRule(r.Findings, RuleOutside)) != 1 || len(byRule(r.Findings, ClassRule(ownership.ClassLinks))) != 1 {
		t.Errorf("%v", rulesOf(r))
	}
}

func TestGenerated(t *testing.T) {
	for _, tc := range []struct {
		attributes string
		change     Change
		want       Verdict
		why        string
	}{
		{"", modified("src/components/search/a.ts"), Success, "not generated"},
		{"*.ts linguist-generated", modified("src/components/search/a.ts"), ActionRequired, "generated, and tracked by the base"},
		{"*.ts linguist-generated=true", added("src/components/search/a.ts"), Failure, "generated, and new"},
		{"*.ts linguist-generated", removed("src/components/search/a.ts"), ActionRequired, "taken away"},
		{"*.ts linguist-generated\n*.ts -linguist-generated", added("src/components/search/a.ts"), Success, "the last line that matches counts"},
		{"\r\n\r\n*.ts linguist-generated\r", modified("src/components/search/a.ts"), ActionRequired, "line ends and empty lines of Windows"},
		{"\r", modified("src/components/search/a.ts"), Success, "nothing but a carriage return"},
		{"*.js linguist-generated", added("src/components/search/a.ts"), Success, "others are"},
	} {
		f := goodFacts()
		f.Touched.Attributes[""] = tc.attributes + "\n"
		touch(&f, tc.change)
		if r := Evaluate(example(t), f); r.Verdict() != tc.want {
			t.Errorf("%s: %s, want %s: %v", tc.why, r.Verdict(), tc.want, rulesOf(r))
		}
	}
}

// TestClassOutcomes sets a built-in class to deny, or gives it approvers, and reads what the finding asks for.
func TestClassOutcomes(t *testing.T) {
	for _, tc := range []struct {
		approvals string
		want      Verdict
		says      string
	}{
		{"lockfiles: deny", Failure, "which nobody may change"},
		{`lockfiles: { by: ["@octo/platform", "@mona"] }`, ActionRequired, "one of `@octo/platform` and `@mona` must approve"},
		{`layouts: { paths: [src/layouts/], by: ["@octo/design"] }`, ActionRequired, "a person with write access who is no agent must approve"},
	} {
		src := string(exampleSource(t))
		start, end := strings.Index(src, "approvals:"), strings.Index(src, "interfaces:")
		c, problems := parseContract(t, []byte(src[:start]+"approvals:\n  "+tc.approvals+"\n"+src[end:]))
		if c == nil {
			t.Fatal(problems)
		}
		f := goodFacts()
		touch(&f, modified("package-lock.json"))
		found := byRule(Evaluate(c, f).Findings, ClassRule(ownership.ClassLockfiles))
		if len(found) != 1 || found[0].Verdict != tc.want || !strings.Contains(found[0].Message, tc.says) {
			t.Errorf("%s: %+v", tc.approvals, found)
		}
		if named := found[0].Contract != "built-in"; named != strings.HasPrefix(tc.approvals, "lockfiles") {
			t.Errorf("%s: decided by %s", tc.approvals, found[0].Contract)
		}
	}
}

// TestInterfacesBindEveryone: those who build against an interface break whoever changed it.
func TestInterfacesBindEveryone(t *testing.T) {
	for _, tc := range []struct {
		branch string
		author Account
	}{{"agent/metadata-filter-contract", metadataBot}, {"feature", mona}} {
		f := goodFacts()
		f.Head.Name, f.Author, f.Pusher = tc.branch, tc.author, tc.author
		touch(&f, modified("src/content/config.ts"))
		r := Evaluate(example(t), f)
		if r.check(CheckReview).Verdict != ActionRequired || r.check(CheckOwnership).Verdict != Success {
			t.Errorf("%s: %v", tc.branch, rulesOf(r))
		}
		if got := r.check(CheckReview).Title; got != "Needs approval: post-schema" {
			t.Errorf("title %q", got)
		}
	}
}

func TestReviewTitle(t *testing.T) {
	finding := func(name string, v Verdict) Finding {
		return Finding{Rule: ClassRule(name), Verdict: v, Path: name}
	}
	for _, tc := range []struct {
		findings []Finding
		want     string
	}{
		{[]Finding{finding("ci", ActionRequired)}, "Needs approval: ci"},
		{[]Finding{finding("b", ActionRequired), finding("a", ActionRequired), finding("b", ActionRequired)}, "Needs approval: a, b"},
		{[]Finding{finding("secrets", Failure), finding("ci", ActionRequired)}, "1 file that nobody can approve: secrets"},
		{[]Finding{finding("a", ActionRequired), finding("b", ActionRequired), finding("c", ActionRequired), finding("d", ActionRequired), finding("e", ActionRequired)},
			"Needs approval: a, b, c, d and 1 more"},
		{[]Finding{finding("<b>`@x", ActionRequired)}, "Needs approval: another"},
	} {
		if got := reviewTitle(tc.findings); got != tc.want {
			t.Errorf("%v: %q, want %q", slices.Collect(slices.Values(tc.findings)), got, tc.want)
		}
	}
}
