package checks

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/agentplane/agentplane/ownership"
)

// model is the ownership of an agent's pull request once more, path by path and without a compiled matcher: what the
// verdict on one path must at least be.
func model(c *ownership.Contract, agent *ownership.Agent, path string) Verdict {
	if ownership.FirstMatchFolded(agent.Never, path) != nil {
		return Failure
	}
	verdict := Success
	for i := range c.Classes {
		if class := &c.Classes[i]; ownership.FirstMatchFolded(class.Paths, path) != nil {
			verdict = Worst(verdict, ActionRequired)
			if class.Deny {
				verdict = Failure
			}
		}
	}
	for _, in := range c.Interfaces {
		if ownership.FirstMatchFolded(in.Paths, path) != nil {
			verdict = Worst(verdict, ActionRequired)
		}
	}
	if verdict != Success && !onlyInterfaces(c, path) {
		return verdict
	}
	return Worst(verdict, modelOwns(c, agent, path))
}

func onlyInterfaces(c *ownership.Contract, path string) bool {
	return !slices.ContainsFunc(c.Classes, func(class ownership.Class) bool {
		return ownership.FirstMatchFolded(class.Paths, path) != nil
	})
}

func modelOwns(c *ownership.Contract, agent *ownership.Agent, path string) Verdict {
	mine := ownership.FirstMatch(agent.Owns, path) != nil
	others := false
	for i := range c.Agents {
		if a := &c.Agents[i]; a.Name != agent.Name && ownership.FirstMatch(a.Owns, path) != nil {
			others = true
		}
	}
	switch {
	case !mine:
		return Failure
	case others && ownership.FirstMatch(c.Shared, path) == nil:
		return ActionRequired
	default:
		return Success
	}
}

// TestEvaluateAgreesWithTheModel changes tracked files of ordinary names; nothing but the model's rules can stand
// against them.
func TestEvaluateAgreesWithTheModel(t *testing.T) {
	c := example(t)
	segment := rapid.SampledFrom([]string{
		"src", "content", "config.ts", "blog", "lib", "listing.ts", "layouts", "pages", "index.astro", "components", "search", "drafts",
		"package.json", "package-lock.json", ".env", "tests", "docs", "test-plan.md", "dist", ".github", "workflows", "SRC", "a.ts", "CLAUDE.md",
	})
	path := rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(segment, 1, 4).Draw(t, "segments"), "/")
	})
	rapid.Check(t, func(t *rapid.T) {
		agent := &c.Agents[rapid.IntRange(0, 2).Draw(t, "agent")]
		f := goodFacts()
		f.Head.Name = agent.Branch.String()
		f.Author = []Account{metadataBot, searchBot, reviewer}[slices.IndexFunc(c.Agents, func(a ownership.Agent) bool { return a.Name == agent.Name })]
		f.Pusher = f.Author
		want := Success
		for _, p := range rapid.SliceOfNDistinct(path, 1, 6, rapid.ID[string]).Draw(t, "paths") {
			touch(&f, modified(p))
			want = Worst(want, model(c, agent, p))
		}
		if r := Evaluate(c, f); r.Verdict() != want {
			t.Fatalf("%s, want %s: %q for %s", r.Verdict(), want, f.Touched.Landed, agent.Name)
		}
	})
}

// place is what a finding says about who decided.
var place = regexp.MustCompile(`^(built-in|\.agentplane\.yml(:[0-9]+| [a-z]+)?)$`)

// TestFindingsAreWhole holds what every finding of Evaluate has.
func TestFindingsAreWhole(t *testing.T) {
	all := contracts(t)
	rapid.Check(t, func(t *rapid.T) {
		r := Evaluate(all[rapid.IntRange(0, len(all)-1).Draw(t, "contract")], anyFacts(t))
		if !slices.IsSortedFunc(r.Findings, compareFindings) {
			t.Fatal("the findings are not sorted")
		}
		for _, f := range r.Findings {
			if !slices.Contains(checkNames(), f.Check) || f.Level == "" || f.Who == "" || f.Message == "" || !place.MatchString(f.Contract) {
				t.Fatalf("not whole: %+v", f)
			}
			if f.Verdict != Success && f.Fix == "" {
				t.Fatalf("no remedy: %+v", f)
			}
			if f.Level == Error && f.Verdict == Success || f.Verdict == Failure && f.Level != Error {
				t.Fatalf("level and verdict do not fit: %+v", f)
			}
			if f.Verdict == ActionRequired && f.Who != Person {
				t.Fatalf("a person must decide, and %s acts: %+v", f.Who, f)
			}
			if inert(f.Message) != f.Message || !f.Command() && inert(f.Fix) != f.Fix {
				t.Fatalf("the text is not inert as it stands: %+v", f)
			}
			if (f.Path == "") != (f.Line == 0) {
				t.Fatalf("a path without a line, or the other way round: %+v", f)
			}
		}
		for _, c := range r.Checks {
			if c.Verdict != verdictOf(r.Of(c.Name)) || c.Title == "" {
				t.Fatalf("a check is not the worst of its findings: %+v", c)
			}
		}
	})
}
