package checks

import (
	"fmt"
	"strings"
	"testing"
)

var tagsLost = Lost{Name: "tags", Path: "src/content/config.ts", Kind: KindField, How: "renamed", Now: "labels", Line: 7}

// changer is the pull request of the story that renames the field tags; user is the one that filters by it.
func changer() Facts {
	f := goodFacts()
	f.PR, f.Head.Name, f.Author, f.Pusher = 11, "agent/metadata-filter-contract", metadataBot, metadataBot
	touch(&f, modified("src/content/config.ts"))
	f.Surroundings = &Surroundings{
		Symbols: []Symbols{{Path: "src/content/config.ts", OldText: schemaOld, NewText: strings.Replace(schemaOld, "tags:", "labels:", 1)}},
		Uses:    []Use{{Name: "tags", Path: "src/pages/tags/index.astro", Line: 3, Text: "post.data.tags"}},
		Neighbors: []Neighbor{{
			PR: 12, Agent: "search", Branch: "agent/blog-search-ui", Uses: []Use{{Name: "tags", Path: "src/pages/blog/index.astro", Line: 12}},
		}},
	}
	return f
}

func user() Facts {
	f := goodFacts()
	touch(&f, modified("src/pages/blog/index.astro"))
	f.Surroundings = &Surroundings{
		Neighbors: []Neighbor{{
			PR: 11, Agent: "metadata", Branch: "agent/metadata-filter-contract",
			Changes: []InterfaceChange{{Interface: "post-schema", Paths: []string{"src/content/config.ts"}, Lost: []Lost{tagsLost}}},
		}},
		Mine: []Use{{Name: "tags", Path: "src/pages/blog/index.astro", Line: 40}, {Name: "tags", Path: "src/pages/blog/index.astro", Line: 12}},
	}
	return f
}

// TestTheStory is the collision that no test of either agent sees: one renames the field that the other filters by.
func TestTheStory(t *testing.T) {
	c := example(t)
	a, b := Evaluate(c, changer()), Evaluate(c, user())
	if got := a.check(CheckReview); got.Verdict != ActionRequired || got.Title != "tags is used by pull request 12" {
		t.Errorf("the changer: %+v", got)
	}
	for _, want := range []string{
		"`tags` of `post-schema` is gone, and `labels` stands in its place; used at `src/pages/tags/index.astro:3`",
		"Pull request 12 of `search` uses `tags` of `post-schema`, which is gone, and `labels` stands in its place: `src/pages/blog/index.astro:12`",
		"`post-schema` comes to have `labels`",
	} {
		if !strings.Contains(RenderText(a, nil), want) {
			t.Errorf("the changer does not hear %q:\n%s", want, RenderText(a, nil))
		}
	}
	if got := b.check(CheckReview); got.Verdict != Failure || got.Title != "Uses tags, which pull request 11 takes away" {
		t.Errorf("the user: %+v", got)
	}
	if f := b.Findings[0]; f.Path != "src/pages/blog/index.astro" || f.Line != 12 || f.Who != Agent ||
		!strings.Contains(f.Message, "`tags` of the interface `post-schema` is used at `src/pages/blog/index.astro:12` and `src/pages/blog/index.astro:40`, and pull request 11 of `metadata` changes it") ||
		!strings.HasPrefix(f.Fix, "Use `labels` in its place.") {
		t.Errorf("the user: %+v", f)
	}

	approvedFacts := changer()
	approvedFacts.Conversation.Reviews = []Review{reviewBy(ada, 1, "APPROVED", "a")}
	a = Evaluate(c, approvedFacts)
	if a.Verdict() != Success || !strings.Contains(RenderText(a, nil), "`post-schema` is approved by `ada (review:1)`: `src/content/config.ts`") || !strings.Contains(RenderText(a, nil), "used at") {
		t.Errorf("the architect approved: %v", rulesOf(a))
	}
	adapted := user()
	adapted.Surroundings.Mine = nil
	if b = Evaluate(c, adapted); b.Verdict() != Success {
		t.Errorf("search adapted: %v", rulesOf(b))
	}
}

func TestInterfaceReview(t *testing.T) {
	refuse := func(f *Facts) { f.Surroundings.Symbols[0].Refused = "ctags is not installed" }
	approve := func(f *Facts) { f.Conversation.Reviews = []Review{reviewBy(ada, 1, "APPROVED", "a")} }
	for _, tc := range []struct {
		why  string
		from func() Facts
		play func(*Facts)
		want Verdict
		says string
	}{
		{"somebody else approves", changer, func(f *Facts) { f.Conversation.Reviews = []Review{reviewBy(sam, 1, "APPROVED", "a")} }, ActionRequired, "only `@octo/architects` may"},
		{"ctags is missing", changer, refuse, ActionRequired, "The definitions of `src/content/config.ts` are not known: `ctags is not installed`; the review has to find out"},
		{"ctags is missing, and the architect knows", changer, both(refuse, approve), Success, "is approved by"},
		{"the symbols were not looked at", changer, func(f *Facts) { f.Surroundings.Symbols = nil }, ActionRequired, "What changes in `src/content/config.ts` was not looked at"},
		{"another signature", changer, func(f *Facts) {
			f.Surroundings.Symbols = []Symbols{{Path: "src/content/config.ts", Old: []Definition{def(1, "function", "", "listPosts", "(all)")}, New: []Definition{def(1, "function", "", "listPosts", "(all, tag)")}}}
		}, ActionRequired, "`listPosts` of `post-schema` changes from `(all)` to `(all, tag)`"},
		{"nothing was read", changer, func(f *Facts) { f.Surroundings = nil }, Failure, "What other pull requests do to the interfaces was not read"},
		{"nothing was read, and the architect approved", changer, both(func(f *Facts) { f.Surroundings = nil }, approve), Failure, "was not read"},
		{"something could not be looked at", changer, func(f *Facts) { f.Surroundings.Incomplete = "3 pull requests were left out" }, ActionRequired, "is not known: `3 pull requests were left out`"},
		{"another one changes it too", changer, func(f *Facts) {
			f.Surroundings.Neighbors = append(f.Surroundings.Neighbors, Neighbor{PR: 14, Branch: "fix", Changes: []InterfaceChange{{Interface: "post-schema", Paths: []string{"src/content/config.ts"}}}})
		}, ActionRequired, "Pull request 14 of `fix` changes the interface `post-schema` too: `src/content/config.ts`"},
		{"one that landed changed it", changer, func(f *Facts) {
			f.Surroundings.Neighbors = []Neighbor{{PR: 14, Landed: true, Changes: []InterfaceChange{{Interface: "post-schema", Paths: []string{"src/content/config.ts"}}}}}
		}, ActionRequired, "must approve"},

		{"the user, approved here too", user, approve, Success, "is approved by `ada (review:1)`"},
		{"the user, approved before a push that changed the page", user, func(f *Facts) {
			f.Conversation.Reviews = []Review{reviewBy(ada, 1, "APPROVED", "d")}
			page := modified("src/pages/blog/index.astro")
			page.NewID = "3"
			f.Conversation.Reviewed[commit("d")] = []Change{page}
		}, Failure, "other contents"},
		{"the one who takes it away has landed: the user still uses it", user, func(f *Facts) { f.Surroundings.Neighbors[0].Landed = true }, Failure, "pull request 11 of `metadata`, which has landed,"},
		{"a name that only sounds alike", user, func(f *Facts) {
			for i := range f.Surroundings.Mine {
				f.Surroundings.Mine[i].Name = "hashtags"
			}
		}, Success, ""},
		{"an interface that the contract does not know", user, func(f *Facts) { f.Surroundings.Neighbors[0].Changes[0].Interface = "other" }, Success, ""},
		{"removed", user, func(f *Facts) {
			f.Surroundings.Neighbors[0].Changes[0].Lost[0] = Lost{Name: "tags", How: "removed"}
		}, Failure, "Do without `tags`."},
		{"changed", user, func(f *Facts) {
			f.Surroundings.Neighbors[0].Changes[0].Lost[0] = Lost{Name: "tags", How: "changed", Was: "a", Now: "b"}
		}, ActionRequired, "Use it as it will be."},
		{"nothing was read of the neighbors", user, func(f *Facts) { f.Surroundings = nil }, Failure, "was not read"},
		{"a clone cannot know", user, func(f *Facts) { f.Local = true; f.Surroundings = nil }, Success, "left to the App: what other open pull requests do to the interfaces"},
		{"a clone knows what landed", user, func(f *Facts) { f.Local = true; f.Surroundings.Neighbors[0].Landed = true }, Failure, "left to the App: "},
		{"not everything could be looked at", user, func(f *Facts) {
			f.Surroundings.Neighbors, f.Surroundings.Incomplete = nil, "Looking for the names took more than is allowed"
		}, ActionRequired, "Whether other pull requests and this one agree on the interface `post-schema` is not known"},
		{"not everything could be looked at, and the architect approved all of it", user, both(func(f *Facts) {
			f.Surroundings.Neighbors, f.Surroundings.Incomplete = nil, "Looking for the names took more than is allowed"
		}, approve), Success, "approved"},
	} {
		f := tc.from()
		tc.play(&f)
		r := Evaluate(example(t), f)
		if got := r.check(CheckReview).Verdict; got != tc.want || !strings.Contains(RenderText(r, nil), tc.says) {
			t.Errorf("%s: %s, want %s, and %q in\n%s", tc.why, got, tc.want, tc.says, RenderText(r, nil))
		}
	}
}

// TestApprovalGrowsStale: once a neighbor takes away another name that this pull request mentions elsewhere, what was
// approved and recorded is less than what is asked for.
func TestApprovalGrowsStale(t *testing.T) {
	f := user()
	f.Conversation.Reviews = []Review{reviewBy(ada, 1, "APPROVED", "a")}
	touch(&f, modified("src/components/search/Box.astro"))
	first := Evaluate(example(t), f)
	if first.Verdict() != Success || len(first.Approvals) != 1 {
		t.Fatalf("%v", rulesOf(first))
	}
	f.Conversation.Recorded = first.Approvals
	if again := Evaluate(example(t), f); again.Verdict() != Success {
		t.Fatalf("what was recorded counts no more: %v", rulesOf(again))
	}
	f.Surroundings.Mine = append(f.Surroundings.Mine, Use{Name: "tags", Path: "src/components/search/Box.astro", Line: 1})
	if r := Evaluate(example(t), f); r.check(CheckReview).Verdict != Failure || !strings.Contains(RenderText(r, nil), "given for other contents") {
		t.Errorf("%v", rulesOf(r))
	}
}

// TestMentionsAreBounded: a name that stands everywhere is counted.
func TestMentionsAreBounded(t *testing.T) {
	f := user()
	for i := range 300 {
		path := fmt.Sprintf("src/components/search/%03d%s.ts", i, strings.Repeat("x", 150))
		touch(&f, modified(path))
		f.Surroundings.Mine = append(f.Surroundings.Mine, Use{Name: "tags", Path: path, Line: 1})
	}
	r := Evaluate(example(t), f)
	if r.check(CheckReview).Verdict != Failure || len(r.Of(CheckReview)) > 2*mostKnown || !strings.Contains(RenderText(r, nil), "281 more mentions of `post-schema`") {
		t.Errorf("%d findings\n%s", len(r.Of(CheckReview)), RenderText(r, nil))
	}
	for _, d := range Render(r) {
		holdDocument(t, d)
	}
}

// TestLandedIsNoRival: two open pull requests that change one interface are named to each other, one that landed is not.
func TestLandedIsNoRival(t *testing.T) {
	for _, landed := range []bool{false, true} {
		f := changer()
		f.Surroundings.Neighbors = []Neighbor{{PR: 14, Branch: "fix", Landed: landed, Changes: []InterfaceChange{{Interface: "post-schema", Paths: []string{"src/content/config.ts"}}}}}
		if named := strings.Contains(RenderText(Evaluate(example(t), f), nil), "changes the interface `post-schema` too"); named == landed {
			t.Errorf("landed %v, named %v", landed, named)
		}
	}
}
