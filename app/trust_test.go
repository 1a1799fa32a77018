package app_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/agentplane/agentplane/checks"
	"github.com/agentplane/agentplane/sim"
)

// greedy is a contract that would let search do anything.
var greedy = strings.Replace(contract, "owns: [src/pages/, src/components/search/]\n    never: [src/content/]", `owns: ["**"]`, 1)

func TestAPullRequestCannotChangeItsOwnContract(t *testing.T) {
	t.Parallel()
	trespass := map[string]string{"src/content/config.ts": "export const tags = 1;\n"}
	with := func(more map[string]string) map[string]string {
		files := map[string]string{}
		for k, v := range trespass {
			files[k] = v
		}
		for k, v := range more {
			files[k] = v
		}
		return files
	}
	cases := []struct {
		why    string
		commit sim.Commit
	}{
		{"edits it", sim.Commit{Files: with(map[string]string{".agentplane.yml": greedy})}},
		{"renames it", sim.Commit{Files: with(map[string]string{"old.yml": contract}), Delete: []string{".agentplane.yml"}}},
		{"shadows it in .github", sim.Commit{Files: with(map[string]string{".github/.agentplane.yml": greedy})}},
		{"shadows it in another case", sim.Commit{Files: with(map[string]string{".Agentplane.yml": greedy})}},
		{"shadows it with the other extension", sim.Commit{Files: with(map[string]string{".agentplane.yaml": greedy})}},
		{"makes it a symbolic link", sim.Commit{
			Files: with(map[string]string{".agentplane.yml": "greedy.yml", "greedy.yml": greedy}), Links: []string{".agentplane.yml"},
		}},
		{"makes it executable", sim.Commit{Files: with(map[string]string{".agentplane.yml": greedy}), Executable: []string{".agentplane.yml"}}},
	}
	for _, c := range cases {
		t.Run(c.why, func(t *testing.T) {
			w := newWorld(t)
			c.commit.By, c.commit.Branch, c.commit.From, c.commit.Message = w.bot("search"), "agent/search", "integration/next", "Work"
			sha, err := w.repo.Commit(c.commit)
			w.must(err)
			w.open("search", "agent/search")
			w.expect(sha, "failure", "search "+c.why)
			if rules := w.rules(sha); !slices.ContainsFunc(rules, func(r string) bool { return strings.HasSuffix(r, " src/content/config.ts") }) {
				t.Errorf("the trespass is not among the findings: %q", rules)
			}
		})
	}
}

func TestTheContractIsTheDefaultBranchsTip(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sha := w.commit("search", "agent/search", map[string]string{"src/pages/index.astro": "<input>\n"})
	w.open("search", "agent/search")
	w.expect(sha, "success", "before")
	admin := func(commit sim.Commit) {
		commit.Branch, commit.Message = "main", "Change the contract"
		_, err := w.repo.Commit(commit)
		w.must(err)
	}
	narrow := strings.Replace(contract, "src/pages/, ", "", 1)
	steps := []struct {
		why    string
		commit sim.Commit
		want   string
	}{
		{"a narrower contract counts at once", sim.Commit{Files: map[string]string{".agentplane.yml": narrow}}, "failure"},
		{"the old one again", sim.Commit{Files: map[string]string{".agentplane.yml": contract}}, "success"},
		{"a broken one passes nothing", sim.Commit{Files: map[string]string{".agentplane.yml": contract + "agents: {}\n"}}, "!success"},
		{"a missing one passes nothing", sim.Commit{Delete: []string{".agentplane.yml"}}, "!success"},
		{"a symbolic link passes nothing", sim.Commit{
			Files: map[string]string{".agentplane.yml": "real.yml", "real.yml": contract}, Links: []string{".agentplane.yml"},
		}, "!success"},
		{"an executable one passes nothing", sim.Commit{
			Files: map[string]string{".agentplane.yml": contract}, Executable: []string{".agentplane.yml"},
		}, "!success"},
		{"an empty one passes nothing", sim.Commit{Files: map[string]string{".agentplane.yml": "# nothing\n"}}, "!success"},
		{"a huge one passes nothing", sim.Commit{Files: map[string]string{
			".agentplane.yml": contract + strings.Repeat("# x\n", 20_000),
		}}, "!success"},
		{"the old one at last", sim.Commit{Files: map[string]string{".agentplane.yml": contract}}, "success"},
	}
	for _, s := range steps {
		admin(s.commit)
		w.settle()
		got := w.conclusion(sha)
		if want, not := strings.CutPrefix(s.want, "!"); (got == want) == not || got == "" || got == "neutral" {
			t.Errorf("%s: %q\n%s", s.why, got, w.text(sha))
		}
	}
}

func TestWhoIsAnAgent(t *testing.T) {
	t.Parallel()
	own := map[string]string{"src/content/a.md": "a\n"}
	t.Run("another account opens the pull request", func(t *testing.T) {
		w := newWorld(t)
		sha := w.commit("metadata", "agent/metadata", own)
		w.open("search", "agent/metadata")
		w.expect(sha, "failure", "search is not among metadata's accounts")
	})
	t.Run("another account pushes to the branch", func(t *testing.T) {
		w := newWorld(t)
		sha := w.commit("metadata", "agent/metadata", own)
		w.open("metadata", "agent/metadata")
		w.expect(sha, "success", "metadata's own")
		sha = w.commit("search", "agent/metadata", map[string]string{"src/content/b.md": "b\n"})
		w.expect(sha, "failure", "search pushed to it")
		sha = w.commit("metadata", "agent/metadata", map[string]string{"src/content/b.md": "c\n"})
		w.expect(sha, "success", "metadata pushed again")
	})
	t.Run("a commit that carries the agent's name", func(t *testing.T) {
		w := newWorld(t)
		w.commit("metadata", "agent/metadata", own)
		w.open("metadata", "agent/metadata")
		w.settle()
		// Author, committer and trailer are metadata's; who pushes it is not.
		forged, err := w.repo.Commit(sim.Commit{
			By: w.bot("metadata"), Branch: "scratch", From: "agent/metadata", Files: map[string]string{"src/content/b.md": "b\n"},
			Message: "Work\n\nCo-authored-by: metadata-agent[bot] <metadata-agent[bot]@users.noreply.github.com>",
		})
		w.must(err)
		w.must(w.repo.Push(w.bot("search"), "agent/metadata", forged, false))
		w.expect(forged, "failure", "search pushed a commit in metadata's name")
		w.must(w.repo.Push(w.bot("metadata"), "agent/metadata", w.repo.Tip("integration/next"), true))
		w.must(w.repo.Push(w.bot("metadata"), "agent/metadata", forged, true))
		w.expect(forged, "success", "metadata pushed the same commit")
	})
	t.Run("who pushed is not known", func(t *testing.T) {
		w := newWorld(t)
		w.hub.SetFaults(sim.Faults{Lose: 1})
		sha := w.commit("metadata", "agent/metadata", own)
		w.open("metadata", "agent/metadata")
		w.settle()
		w.hub.Heal()
		w.must(w.app.Sweep(t.Context()))
		w.settle()
		if got := w.conclusion(sha); got == "success" || got == "" {
			t.Errorf("a head that nobody was seen to push is %q", got)
		}
	})
	t.Run("the login was given to another account", func(t *testing.T) {
		w := newWorld(t)
		sha := w.commit("metadata", "agent/metadata", own)
		w.open("metadata", "agent/metadata")
		w.expect(sha, "success", "metadata's own")
		w.hub.RenameUser(w.bot("metadata"), "retired-agent[bot]")
		heir := w.hub.Bot("metadata-agent[bot]")
		w.must(w.repo.Collaborate(heir, "write"))
		w.must(w.app.Sweep(t.Context()))
		w.settle()
		if got := w.conclusion(sha); got != "failure" {
			t.Errorf("the account that lost the login is still the agent: %q", got)
		}
	})
	t.Run("a fork with the agent's branch name", func(t *testing.T) {
		w := newWorld(t)
		stranger := w.hub.User("stranger")
		fork, err := w.repo.Fork(stranger)
		w.must(err)
		sha, err := fork.Commit(sim.Commit{By: stranger, Branch: "agent/search", From: "main", Message: "Work", Files: map[string]string{"src/pages/x.astro": "x\n"}})
		w.must(err)
		_, err = w.repo.OpenPull(sim.NewPull{By: stranger, Title: "Work", Head: "stranger:agent/search", Base: "main"})
		w.must(err)
		w.settle()
		if got := w.conclusion(sha); got != "failure" {
			t.Errorf("a fork's branch counts as the agent's: %q\n%s", got, w.text(sha))
		}
	})
	t.Run("a branch that no agent has", func(t *testing.T) {
		w := newWorld(t)
		sha := w.commit("search", "feature/x", map[string]string{"src/pages/x.astro": "x\n"})
		w.open("search", "feature/x")
		w.expect(sha, "failure", "a bot that is no agent")
		person := w.hub.User("person")
		w.must(w.repo.Collaborate(person, "write"))
		sha, err := w.repo.Commit(sim.Commit{By: person, Branch: "feature/y", From: "main", Message: "Work", Files: map[string]string{"docs/y.md": "y\n"}})
		w.must(err)
		_, err = w.repo.OpenPull(sim.NewPull{By: person, Title: "Work", Head: "feature/y"})
		w.must(err)
		w.expect(sha, "success", "a person who is no agent")
	})
}

func TestAHeadThatMovesIsJudgedAsItIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good := w.commit("search", "agent/search", map[string]string{"src/pages/index.astro": "<input>\n"})
	p := w.open("search", "agent/search")
	w.expect(good, "success", "own paths")
	bad := w.commit("search", "agent/search", map[string]string{"src/content/config.ts": "x\n"})
	w.must(w.repo.Push(w.bot("search"), "agent/search", good, true))
	w.must(w.repo.Push(w.bot("search"), "agent/search", bad, true))
	w.expect(bad, "failure", "moved back and forth")
	if p.Head() != bad {
		t.Fatalf("head %s", p.Head())
	}
	w.must(p.Retarget(w.bot("search"), "main"))
	w.expect(bad, "failure", "another base, the same trespass")
	if run, ok := w.repo.CheckRun(good, checks.CheckOwnership); !ok || run.Conclusion != "success" {
		t.Errorf("the earlier head: %+v", run)
	}
}
