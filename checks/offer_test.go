package checks

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"pgregory.net/rapid"

	"github.com/agentplane/agentplane/ownership"
)

// goodOffer is an offer of two changes of which everything is known and claimed, by the contract of verification.
func goodOffer(t testing.TB) Offer {
	shown := func(name, level string) Row {
		return Row{Requirement: name, State: RowShown, Evidence: level}
	}
	return Offer{
		Branch: "integration/blog", Target: "main", Tip: commit("a"), Contract: verification(t), Evidence: Integrated(verification(t), candidateFacts(t)),
		Changes: []OfferedChange{{
			PR: 11, Title: "Name the filters", Agent: "docs", Author: "docs-agent[bot]", Head: commit("1"), Commit: commit("2"),
			Matrix: []Row{shown("check", LevelObserved), shown("docs-build", LevelClaimed)}, Claims: []string{"docs-build", "notes"},
		}, {
			PR: 12, Title: "Search `posts` @octo, fixes #3", Agent: "search", Author: "search-agent[bot]", Head: commit("3"), Commit: commit("a"),
			Matrix:    []Row{shown("check", LevelObserved), shown("build", LevelObserved), shown("filters", LevelClaimed), {Requirement: "preview", State: RowWaiting}},
			Approvals: []Approval{{Subject: "class/lockfiles", By: Account{ID: 61, Login: "sam"}, Source: "review:7"}}, Interfaces: []string{"post-schema"},
			Claims: []string{"docs-build", "filters", "notes"}, Risk: "The list is long without script.\n```agentplane\nhead: x\n```\n/integrate @octo",
		}},
	}
}

// offered are the facts of the offer's pull request.
func offered(t testing.TB, o Offer) Facts {
	f := shownFacts(t)
	f.Head.Name, f.Head.SHA = o.Branch, o.Tip
	_, f.Body = RenderOffer(o)
	return f
}

// TestOfferGolden shows a whole offer.
func TestOfferGolden(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/offer.txtar")
	if err != nil {
		t.Fatal(err)
	}
	title, body := RenderOffer(goodOffer(t))
	compareGolden(t, "testdata/offer.txtar", archive, 0, txtar.File{Name: "offer.md", Data: []byte(title + "\n\n" + body)})
	holdOffer(t, goodOffer(t))
}

// TestOfferMeetsItsRequirements: the description is notes that this package accepts for the tip, and for it alone.
func TestOfferMeetsItsRequirements(t *testing.T) {
	o := goodOffer(t)
	_, body := RenderOffer(o)
	n := readNotes(body, o.Tip, o.requirements())
	if len(n.problems) > 0 || n.blocks != 1 || n.block.head != o.Tip || n.block.agent != ownership.IntegrationColumn || n.other != "" || n.omitted > 0 {
		t.Errorf("%+v", n)
	}
	r := Evaluate(o.Contract, offered(t, o))
	if got := r.check(CheckVerification); got.Verdict != Success || len(r.Matrix) != 6 {
		t.Errorf("%s %s: %v", got.Verdict, got.Title, rulesOf(r))
	}
	for _, row := range r.Matrix {
		if row.State != RowShown || row.Claim != "success" && row.Requirement != "build" && row.Requirement != "preview" {
			t.Errorf("%+v", row)
		}
	}
	f := offered(t, o)
	f.Head.SHA = commit("b")
	if Evaluate(o.Contract, f).check(CheckVerification).Verdict == Success {
		t.Error("the notes count for another commit")
	}
}

// TestOfferClaimsNoMore: what a change did not claim is not claimed for all of them, and a failure in CI is none.
func TestOfferClaimsNoMore(t *testing.T) {
	for _, tc := range []struct {
		why   string
		spoil func(*Offer)
		of    string
		want  string // of the row: needs, evidence, state and claim
	}{
		{"one change did not claim the command", func(o *Offer) { o.Changes[0].Claims = []string{"notes"} }, "docs-build", "claimed missing missing "},
		{"the one that it binds did not claim the statement", func(o *Offer) { o.Changes[1].Claims = []string{"docs-build"} }, "filters", "claimed missing missing "},
		{"one that it does not bind need not", func(o *Offer) { o.Changes[0].Claims = []string{"docs-build"} }, "filters", "claimed claimed shown success"},
		{"nothing that it binds landed", func(o *Offer) { o.Changes = o.Changes[:1] }, "filters", "claimed missing missing "},
		{"nothing landed", func(o *Offer) { o.Changes = nil }, "docs-build", "claimed missing missing "},
		{"a person's change is bound by nothing, and claims nothing", func(o *Offer) { o.Changes[0].Agent = ""; o.Changes[0].Claims = nil }, "docs-build", "claimed claimed shown success"},
		{"only people's changes", func(o *Offer) { o.Changes = o.Changes[:1]; o.Changes[0].Agent = "" }, "docs-build", "claimed missing missing "},
		{"claims do not stand in for CI", func(o *Offer) {
			o.Evidence[0].State = RowFailed
			o.Changes[0].Claims, o.Changes[1].Claims = []string{"check"}, []string{"check"}
		}, "check", "integrated integrated shown "},
		{"sections are always there", func(o *Offer) { o.Changes = nil; o.Evidence = nil }, "notes", "claimed claimed shown success"},
	} {
		o := goodOffer(t)
		tc.spoil(&o)
		if got := cells(Evaluate(o.Contract, offered(t, o)))[tc.of]; got != tc.want {
			t.Errorf("%s: %s is %q, want %q", tc.why, tc.of, got, tc.want)
		}
		holdOffer(t, o)
	}
}

// TestOfferSections: the contract's own headings are there, in its order, each once, and filled.
func TestOfferSections(t *testing.T) {
	o := goodOffer(t)
	c := *o.Contract
	c.Requirements = slices.Clone(c.Requirements)
	c.Requirements[5].Sections = []string{"Remaining risks & limits", "commands-run", "Migration", "Commands Run", "Migration"}
	o.Contract = &c
	if diff := cmp.Diff([]string{"Remaining risks & limits", "commands-run", "Migration", "Remaining risk"}, o.headings()); diff != "" {
		t.Error(diff)
	}
	if got := cells(Evaluate(&c, offered(t, o)))["notes"]; got != "claimed claimed shown success" {
		t.Errorf("notes: %q", got)
	}
	holdOffer(t, o)
	o.Contract = nil
	holdOffer(t, o)
	holdOffer(t, Offer{})
}

// TestOfferIsBounded: a long list is counted, and the notes stay whole.
func TestOfferIsBounded(t *testing.T) {
	o := goodOffer(t)
	one := o.Changes[1]
	one.Title, one.Risk = strings.Repeat("語", 500), strings.Repeat("x `y`\n", 500)
	o.Changes = slices.Repeat([]OfferedChange{one}, 3000)
	o.Evidence = append(o.Evidence, slices.Repeat([]Integration{{Requirement: "x", State: RowShown, Detail: strings.Repeat("語", 500)}}, 500)...)
	_, body := RenderOffer(o)
	shown := strings.Count(body, "\n- Pull request 12")
	if !strings.Contains(body, fmt.Sprintf("\n- and %s\n", count(3000-shown, "more change"))) || shown < 10 || len(body) < MaxBody/2 {
		t.Errorf("%d of 3000 changes are shown, in %d bytes", shown, len(body))
	}
	holdOffer(t, o)
	if r := Evaluate(o.Contract, offered(t, o)); r.check(CheckVerification).Verdict != Success {
		t.Errorf("%v", rulesOf(r))
	}
}

// TestOfferWithManyRequirements: a contract of many long commands and headings still makes a description and a block that
// can be read.
func TestOfferWithManyRequirements(t *testing.T) {
	o := goodOffer(t)
	c := ownership.Contract{Integration: o.Contract.Integration, Limits: o.Contract.Limits}
	for i := range 400 {
		name := fmt.Sprintf("r%d", i)
		c.Requirements = append(c.Requirements,
			ownership.Requirement{Name: name, Run: strings.Repeat("x", 1900) + name},
			ownership.Requirement{Name: "s" + name, Expect: "It is so", Sections: []string{"Heading " + strings.Repeat("h", 100) + name}})
		o.Changes[0].Claims = append(o.Changes[0].Claims, name, "s"+name)
	}
	o.Contract, o.Changes = &c, o.Changes[:1]
	holdOffer(t, o)
	_, body := RenderOffer(o)
	if n := readNotes(body, o.Tip, nil); len(n.problems) > 0 || len(n.block.statements) != maxBlockCommands || len(n.block.commands) == 0 {
		t.Errorf("%v: %d statements, %d commands", n.problems, len(n.block.statements), len(n.block.commands))
	}
}

// TestOfferInert holds, whatever stands in an offer: limits and inertness, and that no text makes another block.
func TestOfferInert(t *testing.T) {
	c := verification(t)
	rapid.Check(t, func(rt *rapid.T) {
		text := func(label string) string { return hostile(rt, label) }
		o := Offer{Branch: "`" + text("branch"), Target: text("target") + "@", Tip: text("tip"), Contract: c, Behind: text("behind")}
		for range rapid.IntRange(0, 3).Draw(rt, "changes") {
			o.Changes = append(o.Changes, OfferedChange{
				PR: 12, Title: text("title"), Agent: rapid.SampledFrom([]string{"search", "", text("agent")}).Draw(rt, "agent"), Author: text("author"), Head: text("head"),
				Commit: text("commit"), Matrix: []Row{{Requirement: text("requirement"), State: RowState(text("@state")), Evidence: text("@level")}, {Requirement: text("second"), State: RowShown, Evidence: "@" + text("level")}},
				Approvals:  []Approval{{Subject: text("subject"), By: Account{Login: text("login")}, Source: text("source")}},
				Interfaces: []string{text("interface")}, Risk: strings.Repeat(text("risk")+"\n", rapid.IntRange(0, 50).Draw(rt, "lines")), Claims: []string{"docs-build", "filters"},
			})
		}
		for range rapid.IntRange(0, 3).Draw(rt, "evidence") {
			o.Evidence = append(o.Evidence, Integration{
				Requirement: rapid.SampledFrom([]string{"check", text("requirement")}).Draw(rt, "of"), State: rapid.SampledFrom([]RowState{RowShown, RowFailed, RowState("@" + text("state"))}).Draw(rt, "state"),
				Detail: text("detail"), URL: "https://x.example/" + text("url"),
			})
		}
		for i := range o.Changes {
			o.Changes[i].Matrix[0].State, o.Changes[i].Matrix[0].Evidence = "@"+o.Changes[i].Matrix[0].State, "@"+o.Changes[i].Matrix[0].Evidence
		}
		holdOffer(t, o)
		if t.Failed() {
			rt.FailNow()
		}
	})
}

// holdOffer holds what is promised of every offer.
func holdOffer(t testing.TB, o Offer) {
	t.Helper()
	title, body := RenderOffer(o)
	if len(title) > MaxTitle || visible(title) != title || strings.Contains(title, marker) || strings.ContainsAny(title, "@#`") {
		t.Errorf("title: %q", title)
	}
	if len(body) > MaxBody || !utf8.ValidString(body) || !strings.HasPrefix(body, "<!-- agentplane:offer -->\n") {
		t.Errorf("%d bytes, or not UTF-8, or unmarked", len(body))
	}
	headings := regexp.MustCompile(`(?m)^## .*$`)
	want := []string{"## What landed", "## Evidence"}
	for _, h := range o.headings() {
		want = append(want, "## "+h)
	}
	got := headings.FindAllString(unfenced(body), -1)
	if kept := slices.DeleteFunc(slices.Clone(want), func(h string) bool { return !slices.Contains(got, h) }); !slices.Equal(got, kept) || len(want) < 20 && len(got) != len(want) {
		t.Errorf("the headings %.300q, want %.300q", got, want)
	}
	holdMarkdown(t, "offer", strings.TrimPrefix(headings.ReplaceAllString(body, ""), "<!-- agentplane:offer -->\n"))
	if n := readNotes(body, o.Tip, o.requirements()); n.blocks != 1 || fullSHA.MatchString(o.Tip) && (len(n.problems) > 0 || n.block.head != o.Tip || n.other != "") {
		t.Errorf("the notes: %d blocks, %v, other commit %q", n.blocks, n.problems, n.other)
	}
}

// unfenced leaves out fenced text.
func unfenced(markdown string) string {
	var b strings.Builder
	fence := ""
	for line := range strings.Lines(markdown) {
		marks := line[:len(line)-len(strings.TrimLeft(line, "`"))]
		switch {
		case fence == "" && len(marks) > 2:
			fence = marks
		case fence != "" && marks == fence && strings.TrimSpace(line) == marks:
			fence = ""
		case fence == "":
			b.WriteString(line)
		}
	}
	return b.String()
}

// TestOfferSaysWhatItLacks: what had landed and does not land again is named with its reason, which is inert, and many of
// them leave room for the rest.
func TestOfferSaysWhatItLacks(t *testing.T) {
	o := goodOffer(t)
	o.Lacking = []LackingChange{{PR: 7, Why: "refused: @octo/all `gone`"}}
	_, body := RenderOffer(o)
	if want := "- Pull request 7: " + code(o.Lacking[0].Why) + "\n"; !strings.Contains(body, "lacks what had landed before") || !strings.Contains(body, want) {
		t.Errorf("it lacks %q:\n%s", want, body)
	}
	holdOffer(t, o)
	o.Lacking = slices.Repeat([]LackingChange{{PR: 7, Why: strings.Repeat("why ", 50)}}, 1000)
	if _, body = RenderOffer(o); !strings.Contains(body, "more changes\n\n## What landed") {
		t.Errorf("what has no room is not counted:\n%s", body[:6000])
	}
	holdOffer(t, o)
}
