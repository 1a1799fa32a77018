package checks

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/agentplane/agentplane/ownership"
)

// marker is in every hostile string, so that a test can find it again.
const marker = "Zq9X"

// hostile draws text that wants to be more than text.
func hostile(t *rapid.T, label string) string {
	parts := rapid.SliceOfN(rapid.OneOf(
		rapid.SampledFrom([]string{
			"`", "``", "```", "~~~", "\n", "\r\n", "\n/integrate", "@octo/platform", "Fixes #1", "closes GH-1", "<script>", "-->", "<!--",
			"[a](b)", "![", "https://evil.example", "www.evil.example", "\u202e", "\u200b", "\x1b[31m", "\x00", "\xff", "\xc3", "|", "**", "_",
			"'", "\"", "$(id)", "; rm -rf ~", "::error::", "%0A", "\\", "&lt;", "# x", "    ", "\t", "]]>", "é", "e\u0301", "日本", "/", "..", "",
		}),
		rapid.String(),
	), 0, 6).Draw(t, label)
	at := rapid.IntRange(0, len(parts)).Draw(t, label+" marker")
	return strings.Join(slices.Insert(parts, at, marker), "")
}

func anyPath(t *rapid.T) string {
	if rapid.Bool().Draw(t, "known") {
		return rapid.SampledFrom([]string{
			"src/components/search/a.ts", "src/pages/blog/index.astro", "src/content/config.ts", "src/content/drafts/a.md", "package.json",
			"package-lock.json", ".env", ".agentplane.yml", ".github/workflows/ci.yml", "dist/a.js", "src/layouts/Base.astro", "src/a.ts",
			"tests/a.ts", "src/Components/search/a.ts", "src/components/search/A.ts", "src/components/search/gen.ts",
		}).Draw(t, "path")
	}
	return "src/components/search/" + hostile(t, "path")
}

func anyChange(t *rapid.T) Change {
	modes := rapid.SampledFrom([]uint32{0, 0, modeFile, modeFile, modeFile, 0o100755, modeLink, modeGitlink})
	return Change{Path: anyPath(t), OldMode: modes.Draw(t, "old mode"), NewMode: modes.Draw(t, "new mode"), OldID: "1", NewID: "2"}
}

func anyAccount(t *rapid.T, label string) Account {
	return rapid.SampledFrom([]Account{
		{}, {ID: 41, Login: "search-agent[bot]", Bot: true}, {ID: 40, Login: "metadata-agent[bot]", Bot: true}, {ID: 4242, Login: "reviewer"},
		{ID: 5, Login: "mona"}, {ID: 6, Login: marker + "`@x"}, {Login: "metadata-agent[bot]"},
	}).Draw(t, label)
}

// anyFacts draws facts that are near to good ones, with hostile text in every place that others write.
func anyFacts(t *rapid.T) Facts {
	f := goodFacts()
	f.Head.Name = rapid.SampledFrom([]string{
		"agent/blog-search-ui", "agent/metadata-filter-contract", "agent/blog-render-verifier", "fix", "", marker + "`<b>",
	}).Draw(t, "head")
	f.Base.Name = rapid.SampledFrom([]string{"main", "integration/blog-discovery", marker + "'`; id"}).Draw(t, "base")
	f.Head.Repo = rapid.SampledFrom([]int64{7, 7, 7, 0, 9}).Draw(t, "head repo")
	f.Author, f.Pusher = anyAccount(t, "author"), anyAccount(t, "pusher")
	f.Local = rapid.IntRange(0, 5).Draw(t, "local") == 0
	f.SiblingsKnown = rapid.IntRange(0, 5).Draw(t, "siblings known") > 0
	for range rapid.IntRange(0, 2).Draw(t, "siblings") {
		f.Siblings = append(f.Siblings, Sibling{PR: rapid.IntRange(1, 20).Draw(t, "sibling"), Base: hostile(t, "sibling base")})
	}
	touch(&f, rapid.SliceOfN(rapid.Custom(anyChange), 0, 12).Draw(t, "changes")...)
	f.Touched.Landed = append(f.Touched.Landed, rapid.SliceOfN(rapid.Custom(anyPath), 0, 5).Draw(t, "tree")...)
	f.Touched.Attributes[""] = rapid.SampledFrom([]string{"", "gen.ts linguist-generated\n", hostile(t, "attributes")}).Draw(t, "attributes")
	if rapid.IntRange(0, 5).Draw(t, "conflict") == 0 {
		f.Touched.Conflicts, f.Touched.Landed = []string{anyPath(t)}, nil
	}
	anyTalk(t, &f)
	if rapid.IntRange(0, 8).Draw(t, "refused") == 0 {
		f.Touched.Refused = &Refusal{Kind: RefusalKind(hostile(t, "refusal")), Detail: hostile(t, "detail"), Fix: hostile(t, "fix"), Path: hostile(t, "path")}
	}
	return f
}

// anyTalk draws what people and neighbors say and do. Commits are the head or one at which the changes are known.
func anyTalk(t *rapid.T, f *Facts) {
	who := rapid.SampledFrom([]Account{{}, sam, dora, ada, eve, {ID: 4242, Login: "reviewer"}, {ID: 5, Login: "mona"}, {ID: 7, Login: marker + "`@x"}, {ID: 8, Login: "bot[bot]", Bot: true}})
	sha := rapid.SampledFrom([]string{commit("a"), commit("a"), commit("c"), commit("e"), "", marker + "`"})
	state := rapid.SampledFrom([]string{"APPROVED", "APPROVED", "CHANGES_REQUESTED", "COMMENTED", "DISMISSED", marker})
	talk := f.Conversation
	talk.Reviewed[commit("c")] = f.Touched.Changes
	for i := range rapid.IntRange(0, 3).Draw(t, "reviews") {
		talk.Reviews = append(talk.Reviews, Review{ID: int64(i), By: who.Draw(t, "by"), State: state.Draw(t, "state"), SHA: sha.Draw(t, "sha"), At: minute(rapid.IntRange(0, 9).Draw(t, "at"))})
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "comments") {
		body := rapid.SampledFrom([]string{
			"/approve lockfiles", "/approve post-schema aaaaaaa", "/approve ci", "/approve", "/expand src/", "/expand src/ " + marker + "`@x", "/expand ../" + marker, "/retry", "> /approve ci",
		}).Draw(t, "body")
		talk.Comments = append(talk.Comments, Comment{ID: int64(i), By: who.Draw(t, "by"), Body: body, Head: sha.Draw(t, "head"), At: minute(rapid.IntRange(0, 9).Draw(t, "at")), Edited: rapid.IntRange(0, 4).Draw(t, "edited") == 0})
	}
	if rapid.IntRange(0, 5).Draw(t, "team") == 0 {
		talk.Teams[rapid.IntRange(0, 2).Draw(t, "which")].Problem = hostile(t, "problem")
	}
	talk.People = []Standing{{Account: eve, Permission: rapid.SampledFrom([]string{"", "admin", "write", "read"}).Draw(t, "permission")}}
	anyNeighbors(t, f.Surroundings)
}

func anyNeighbors(t *rapid.T, around *Surroundings) {
	name := rapid.SampledFrom([]string{"tags", "labels", marker, marker + "`<b>"})
	use := func() []Use {
		return []Use{{Name: name.Draw(t, "name"), Path: anyPath(t), Line: rapid.IntRange(0, 9).Draw(t, "line"), Text: marker}}
	}
	if rapid.Bool().Draw(t, "symbols") {
		around.Symbols = []Symbols{{Path: "src/content/config.ts", OldText: name.Draw(t, "old") + ": 1\n", NewText: name.Draw(t, "new") + ": 1\n", Old: []Definition{def(1, marker+"`", marker+"<", name.Draw(t, "definition"), marker+"`")}}}
	}
	around.Uses, around.Mine = use(), use()
	for i := range rapid.IntRange(0, 2).Draw(t, "neighbors") {
		lost := Lost{Name: name.Draw(t, "lost"), How: rapid.SampledFrom([]string{"removed", "renamed", "changed", ""}).Draw(t, "how"), Now: marker + "`", Was: marker + "<"}
		around.Neighbors = append(around.Neighbors, Neighbor{
			PR: 20 + i, Agent: rapid.SampledFrom([]string{"metadata", "", marker + "`"}).Draw(t, "agent"), Branch: hostile(t, "branch"), Uses: use(),
			Changes: []InterfaceChange{{Interface: "post-schema", Paths: []string{anyPath(t)}, Lost: []Lost{lost}}},
		})
	}
	if rapid.IntRange(0, 5).Draw(t, "incomplete") == 0 {
		around.Incomplete = hostile(t, "incomplete")
	}
}

// contracts are those that properties are tried with: every outcome for pull requests of no agent.
func contracts(t testing.TB) []*ownership.Contract {
	src := string(exampleSource(t))
	var out []*ownership.Contract
	for _, u := range []string{"bots: fail, people: pass", "bots: pass, people: pass", "bots: pass, people: fail", "bots: fail, people: fail"} {
		c, err := ownership.Parse(ownership.FileName, []byte(strings.Replace(src, "bots: fail, people: pass", u, 1)))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, c)
	}
	return out
}

func encoded(t rapid.TB, r Report) []byte {
	src, err := json.Marshal(r)
	if err != nil {
		t.Fatalf("marshal: %v", err)
	}
	return src
}

// TestRenderInert renders arbitrary reports of arbitrary facts: limits, conclusions and inertness hold for all.
func TestRenderInert(t *testing.T) {
	all := contracts(t)
	schema := compiledSchema(t)
	rapid.Check(t, func(rt *rapid.T) {
		f := anyFacts(rt)
		r := Evaluate(all[rapid.IntRange(0, len(all)-1).Draw(rt, "contract")], f)
		for _, d := range Render(r) {
			holdDocument(t, d)
		}
		if out := RenderText(r, nil); strings.ContainsFunc(out, func(c rune) bool { return c != '\n' && hidden(c) }) || !utf8.ValidString(out) {
			t.Errorf("a terminal would see a hidden character: %q", out)
		}
		for line := range strings.Lines(RenderGitHub(r)) {
			if !strings.HasPrefix(line, "::") || strings.Count(line, "::") < 2 {
				t.Errorf("no workflow command: %q", line)
			}
		}
		var doc any
		if err := json.Unmarshal(encoded(rt, r), &doc); err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(doc); err != nil {
			t.Errorf("schema: %v", err)
		}
		if t.Failed() {
			rt.FailNow()
		}
	})
}

func holdDocument(t testing.TB, d Document) {
	for name, s := range map[string]string{"summary": d.Summary, "text": d.Text} {
		if len(s) > MaxText || !utf8.ValidString(s) {
			t.Errorf("%s has %d bytes, or is not UTF-8", name, len(s))
		}
		spans(t, s, []string{marker})
		if strings.Contains(outside(t, s), marker) {
			t.Errorf("hostile text outside code in the %s: %q", name, s)
		}
	}
	if len(d.Title) > MaxTitle || strings.Contains(d.Title, marker) || visible(d.Title) != d.Title {
		t.Errorf("title: %q", d.Title)
	}
	if d.Status != "completed" || !slices.Contains([]string{"success", "failure", "action_required"}, d.Conclusion) {
		t.Errorf("%s: status %q, conclusion %q", d.Name, d.Status, d.Conclusion)
	}
	if len(d.Annotations) > MaxAnnotations {
		t.Errorf("%d annotations", len(d.Annotations))
	}
	for _, a := range d.Annotations {
		if len(a.Message) > MaxMessage || len(a.Title) > MaxTitle || a.StartLine < 1 || visible(a.Path) != a.Path {
			t.Errorf("annotation: %+v", a)
		}
		for line := range strings.Lines(a.Message) {
			if prose := outside(t, line); acting.MatchString(prose) {
				t.Errorf("annotation acts: %q", line)
			}
		}
	}
	holdFence(t, d.Text)
}

// holdFence holds that the text ends with the report as fenced JSON.
func holdFence(t testing.TB, text string) {
	_, after, found := strings.Cut(text, "```json\n")
	body, ok := strings.CutSuffix(after, "\n```\n")
	var r Report
	if !found || !ok {
		t.Errorf("the text does not end with a fence: %q", text)
	} else if err := json.Unmarshal([]byte(body), &r); err != nil {
		t.Errorf("the fenced report: %v", err)
	}
}

// TestOrderIsIrrelevant shuffles everything that has an order.
func TestOrderIsIrrelevant(t *testing.T) {
	all := contracts(t)
	rapid.Check(t, func(rt *rapid.T) {
		c := all[rapid.IntRange(0, len(all)-1).Draw(rt, "contract")]
		f := anyFacts(rt)
		want := encoded(rt, Evaluate(c, f))
		if again := encoded(rt, Evaluate(c, f)); !bytes.Equal(want, again) {
			rt.Fatalf("equal facts, different reports:\n%s\n%s", want, again)
		}
		g, touched := f, *f.Touched
		touched.Changes = rapid.Permutation(touched.Changes).Draw(rt, "changes")
		touched.Landed = rapid.Permutation(touched.Landed).Draw(rt, "landed")
		touched.Conflicts = append(slices.Clone(touched.Conflicts), touched.Conflicts...)
		if f.Touched.Landed == nil {
			touched.Landed = nil
		}
		talk, around := *f.Conversation, *f.Surroundings
		talk.Reviews, talk.Comments = rapid.Permutation(talk.Reviews).Draw(rt, "reviews"), rapid.Permutation(talk.Comments).Draw(rt, "comments")
		around.Neighbors, talk.Teams = rapid.Permutation(around.Neighbors).Draw(rt, "neighbors"), rapid.Permutation(talk.Teams).Draw(rt, "teams")
		g.Conversation, g.Surroundings = &talk, &around
		g.Touched, g.Siblings = &touched, rapid.Permutation(f.Siblings).Draw(rt, "siblings")
		if got := encoded(rt, Evaluate(c, g)); !bytes.Equal(want, got) {
			rt.Fatalf("another order, another report:\n%s\n%s", want, got)
		}
	})
}

// forgets are the ways not to know.
func forgets() map[string]func(*Facts) {
	return map[string]func(*Facts){
		"contract":   func(f *Facts) { f.Contract.Kind = ContractUnknown },
		"changes":    func(f *Facts) { f.Touched = nil },
		"author":     func(f *Facts) { f.Author = Account{} },
		"pusher":     func(f *Facts) { f.Pusher = Account{} },
		"siblings":   func(f *Facts) { f.Siblings, f.SiblingsKnown = nil, false },
		"head repo":  func(f *Facts) { f.Head.Repo = 0 },
		"base repo":  func(f *Facts) { f.Base.Repo = 0 },
		"branch":     func(f *Facts) { f.Head.Name = "" },
		"head":       func(f *Facts) { f.Head.SHA = "" },
		"base":       func(f *Facts) { f.Base.SHA = "" },
		"landed":     func(f *Facts) { f.Touched.Landed = nil },
		"talk":       func(f *Facts) { f.Conversation = nil },
		"neighbors":  func(f *Facts) { f.Surroundings = nil },
		"reviewed":   forgetTalk(func(c *Conversation) { c.Reviewed = nil }),
		"teams":      forgetTalk(func(c *Conversation) { c.Teams = nil }),
		"people":     forgetTalk(func(c *Conversation) { c.People = nil }),
		"attributes": func(f *Facts) { f.Touched.Attributes = nil },
	}
}

func forgetTalk(forget func(*Conversation)) func(*Facts) {
	return func(f *Facts) {
		talk := *f.Conversation
		forget(&talk)
		f.Conversation = &talk
	}
}

// TestIdleTalkNeverHelps adds what somebody without any right says: the verdict does not improve.
func TestIdleTalkNeverHelps(t *testing.T) {
	all := contracts(t)
	rapid.Check(t, func(rt *rapid.T) {
		c, f := all[rapid.IntRange(0, len(all)-1).Draw(rt, "contract")], anyFacts(rt)
		before := Evaluate(c, f)
		by := rapid.SampledFrom([]Account{{}, {ID: 77, Login: "nobody"}, {ID: 4242, Login: "reviewer"}, {ID: 78, Login: "x[bot]"}, f.Author, f.Pusher}).Draw(rt, "by")
		if by == sam || by == ada || by == eve {
			return
		}
		talk := *f.Conversation
		talk.Reviews = append(slices.Clone(talk.Reviews), Review{ID: 50, By: by, State: "APPROVED", SHA: f.Head.SHA, At: minute(50)})
		for i, body := range []string{"/approve lockfiles", "/approve post-schema", "/approve ci", "/expand src/"} {
			talk.Comments = append(slices.Clone(talk.Comments), Comment{ID: int64(60 + i), By: by, Body: body, Head: f.Head.SHA, At: minute(51 + i)})
		}
		f.Conversation = &talk
		if after := Evaluate(c, f); before.Verdict().Worse(after.Verdict()) {
			rt.Fatalf("%+v improves %s to %s: %v", by, before.Verdict(), after.Verdict(), rulesOf(before))
		}
	})
}

// TestUnknownNeverPasses forgets one fact after another: what did not pass does not pass then either.
func TestUnknownNeverPasses(t *testing.T) {
	all := contracts(t)
	rapid.Check(t, func(rt *rapid.T) {
		c, f := all[rapid.IntRange(0, len(all)-1).Draw(rt, "contract")], anyFacts(rt)
		f.Local = false
		before := Evaluate(c, f)
		for name, forget := range forgets() {
			g, touched := f, *f.Touched
			g.Touched = &touched
			forget(&g)
			after := Evaluate(c, g)
			if before.Verdict() != Success && after.Verdict() == Success {
				rt.Fatalf("without %s it passes; with it: %v", name, rulesOf(before))
			}
			for i, check := range before.Checks {
				if check.Verdict != Success && after.Checks[i].Verdict == Success && !slices.Contains([]string{"author", "branch", "head repo", "base repo"}, name) {
					rt.Fatalf("without %s %s passes; with it: %v", name, check.Name, rulesOf(before))
				}
			}
		}
		if r := Evaluate(nil, f); r.Verdict() == Success {
			rt.Fatal("no contract passes")
		}
	})
}

// TestMoreChangesNeverHelp adds a change: the verdict does not improve, and no finding on another path disappears.
func TestMoreChangesNeverHelp(t *testing.T) {
	all := contracts(t)
	rapid.Check(t, func(rt *rapid.T) {
		c, f := all[rapid.IntRange(0, len(all)-1).Draw(rt, "contract")], anyFacts(rt)
		before := Evaluate(c, f)
		touched := *f.Touched
		touched.Changes, touched.Landed = slices.Clone(touched.Changes), slices.Clone(touched.Landed)
		more := anyChange(rt)
		f.Touched = &touched
		touched.Changes = append(touched.Changes, more)
		if !more.removed() && len(touched.Conflicts) == 0 {
			touched.Landed = append(touched.Landed, more.Path)
		}
		if after := Evaluate(c, f); before.Verdict().Worse(after.Verdict()) {
			rt.Fatalf("with %+v the verdict improves from %s to %s", more, before.Verdict(), after.Verdict())
		}
	})
}

// TestCombineIsWorst combines reports: the worst verdict stands in every check, whatever the order.
func TestCombineIsWorst(t *testing.T) {
	all := contracts(t)
	rapid.Check(t, func(rt *rapid.T) {
		var rs []Report
		for i := range rapid.IntRange(1, 4).Draw(rt, "reports") {
			f := anyFacts(rt)
			f.PR = 12 + i
			rs = append(rs, Evaluate(all[rapid.IntRange(0, len(all)-1).Draw(rt, "contract")], f))
		}
		got := Combine(rs...)
		for _, name := range checkNames() {
			want := Success
			for _, r := range rs {
				want = Worst(want, r.check(name).Verdict)
			}
			if v := got.check(name).Verdict; v != want {
				rt.Fatalf("%s is %s, want %s", name, v, want)
			}
		}
		shuffled := rapid.Permutation(rs).Draw(rt, "order")
		if a, b := encoded(rt, got), encoded(rt, Combine(shuffled...)); !bytes.Equal(a, b) {
			rt.Fatalf("another order, another report:\n%s\n%s", a, b)
		}
		docs := Render(got)
		for _, r := range rs {
			if named := strings.Contains(docs[0].Summary, fmt.Sprint(r.PR)); len(rs) > 1 && !named {
				rt.Fatalf("pull request %d is not named", r.PR)
			}
		}
		for _, d := range docs {
			holdDocument(t, d)
		}
		if t.Failed() {
			rt.FailNow()
		}
	})
}
