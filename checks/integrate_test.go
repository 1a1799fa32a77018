package checks

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/agentplane/agentplane/ownership"
)

func TestParseIntegrate(t *testing.T) {
	enter := func(sha string) Command { return Command{Kind: CommandIntegrate, SHA: sha} }
	of := func(subject, why string) Command {
		return Command{Kind: CommandIntegrate, Subject: subject, Why: why}
	}
	usage := Command{Kind: CommandIntegrate, Usage: integrateUsage}
	for _, tc := range []struct {
		body string
		want Command
		why  string
	}{
		{"/integrate", enter(""), "the head"},
		{"/integrate\r\n\r\nthanks, 皆さん", enter(""), "a browser's line ends, and anything after them"},
		{"\n\n/integrate  ", enter(""), "blank lines before it, and spaces after it"},
		{"/integrate abcdef1", enter("abcdef1"), "the start of a commit's name"},
		{"/integrate " + strings.Repeat("a", 40), enter(strings.Repeat("a", 40)), "a whole name"},
		{"/integrate " + strings.Repeat("a", 64), enter(strings.Repeat("a", 64)), "a whole name of SHA-256"},
		{"/integrate cancel", of(IntegrateCancel, ""), "out again"},
		{"/integrate status", of(IntegrateStatus, ""), "a question"},
		{"/integrate resume", of(IntegrateResume, ""), "on again"},
		{"/integrate pause main is red", of(IntegratePause, "main is red"), "with the reason"},
		{"/integrate pause cancel", of(IntegratePause, "cancel"), "a reason may be any word"},

		{"/integrate pause", usage, "a pause without a reason helps nobody"},
		{"/integrate pause  red", usage, "two spaces"},
		{"/integrate  cancel", usage, "two spaces"},
		{"/integrate cancel now", usage, "more than the word"},
		{"/integrate resume please", usage, "more than the word"},
		{"/integrate status all", usage, "more than the word"},
		{"/integrate abcdef", usage, "six digits name no commit"},
		{"/integrate " + strings.Repeat("a", 65), usage, "longer than a commit's name"},
		{"/integrate ABCDEF1", usage, "git writes commits in small letters"},
		{"/integrate abcdef1 abcdef2", usage, "one commit"},
		{"/integrate #12", usage, "the pull request is the one that the comment is in"},
		{"/integrate Cancel", usage, "another case"},
		{"/integrate now", usage, "a word that nobody knows"},
	} {
		if got, ok := ParseCommand(tc.body); !ok || got != tc.want {
			t.Errorf("%s: %q is %+v, %v; want %+v", tc.why, tc.body, got, ok, tc.want)
		}
	}
}

// TestIntegrateIsNotHeard plays what only looks like the command. None of it is even answered.
func TestIntegrateIsNotHeard(t *testing.T) {
	for _, tc := range []struct{ body, why string }{
		{"> /integrate", "a quotation"},
		{"> /integrate\n\nI agree", "an answered mail"},
		{"```\n/integrate\n```", "a code fence"},
		{"~~~\n/integrate\n~~~", "the other code fence"},
		{"    /integrate", "an indented code block"},
		{"`/integrate`", "a code span"},
		{"<!--\n/integrate\n-->", "an HTML comment"},
		{"<details>\n/integrate\n</details>", "folded away"},
		{"[/integrate](https://example.com)", "a link"},
		{"![/integrate](a.png)", "an image's text"},
		{"/іntegrate", "a Ukrainian i"},
		{"/integratе", "a Cyrillic e"},
		{"/integrate cаncel", "a Cyrillic a in the word after it"},
		{"/integrate\u00a0cancel", "a space that is none"},
		{"/integrate\u200b", "a zero-width space"},
		{"\ufeff/integrate", "a byte order mark"},
		{"/integrate \u202elecnac", "text that reads backwards"},
		{"/integrate\x00", "a NUL"},
		{"/integrate\nthanks\x00", "a NUL later"},
		{"thanks\r/integrate", "a carriage return ends no line"},
		{"/integrate\rcancel", "a carriage return within the line"},
		{"/integrate\r\r\n", "a carriage return too many"},
		{"/integrate\tcancel", "a tab"},
		{"thanks\n/integrate", "the second line"},
		{"/Integrate", "another case"},
		{"/integrated", "another word"},
		{"/integrate-now", "no word of letters only"},
		{"/integrate\n" + strings.Repeat("x", MaxCommand), "longer than a comment with a command may be"},
	} {
		f := landingFacts()
		f.Conversation.Comments = []Comment{commentBy(sam, 1, tc.body)}
		if r := Evaluate(example(t), f); len(r.Commands) != 0 {
			t.Errorf("%s: %q is heard: %+v", tc.why, tc.body, r.Commands)
		}
	}
}

// landingFacts are those of the search agent's pull request to the integration branch.
func landingFacts() Facts {
	f := goodFacts()
	f.Base.Name = "integration/blog-discovery"
	touch(&f, modified("src/components/search/a.ts"))
	return f
}

// samSays lets sam, an integrator, say one thing at the present head.
func samSays(body string) func(*Facts) { return comments(commentBy(sam, 1, body)) }

// standing gives eve a permission.
func standing(permission string) func(*Facts) {
	return func(f *Facts) { f.Conversation.People = []Standing{{Account: eve, Permission: permission}} }
}

// TestIntegrate plays who may enter what, and at which commit. An accepted command carries the whole commit.
func TestIntegrate(t *testing.T) {
	onto := func(branch string, s *Stack) func(*Facts) {
		return func(f *Facts) { f.Base.Name, f.Stacked = branch, s }
	}
	below := &Stack{PR: 11, Branch: "agent/metadata-filter-contract"}
	at := func(body, head string) func(*Facts) {
		return comments(Comment{ID: 1, By: sam, Body: body, At: minute(1), Head: head})
	}
	moved := "The head is now `aaaaaaaaaaaa`; comment `/integrate " + commit("a") + "` if you mean that."
	named := "name the commit: `/integrate " + commit("a") + "`."
	for _, tc := range []struct {
		why     string
		play    func(*Facts)
		refused string // a part of why; "" accepts
	}{
		{"an integrator", samSays("/integrate"), ""},
		{"an administrator", both(comments(commentBy(eve, 1, "/integrate")), standing("admin")), ""},
		{"write access is not enough where integrators are named", both(comments(commentBy(eve, 1, "/integrate")), standing("write")), "Only integrators and administrators integrate."},
		{"what somebody may do is not known", comments(commentBy(eve, 1, "/integrate")), "What the account may do in the repository is not known."},
		{"the integrators are not known", both(samSays("/integrate"), func(f *Facts) { f.Conversation.Teams = nil }), "The members of `@octo/platform` were not read."},
		{"an account that is not known", comments(commentBy(Account{Login: "sam"}, 1, "/integrate")), "The account is not known."},
		{"another account of the same login", both(comments(commentBy(Account{ID: 98, Login: "sam"}, 1, "/integrate")), standing("admin")), "What the account may do in the repository is not known."},
		{"an agent's account with every right", comments(commentBy(reviewer, 1, "/integrate")), "An agent's account gives no commands."},
		{"who opened it, where no accounts are named for the agent", both(samSays("/integrate"), func(f *Facts) { f.Author = sam }), "Who opened an agent's pull request, or pushed to it, is taken for the agent"},
		{"who pushed to it", both(samSays("/integrate"), func(f *Facts) { f.Conversation.PushedBy = []Account{sam} }), "Who opened an agent's pull request, or pushed to it, is taken for the agent"},
		{"an edited comment", comments(Comment{ID: 1, By: sam, Body: "/integrate", Head: commit("a"), Edited: true}), "The comment was edited; write a new one."},
		{"written otherwise", samSays("/integrate now"), "It is written so: `" + integrateUsage + "`."},

		{"to the target", both(samSays("/integrate"), onto("main", nil)), "The pull request is to `main`, and what is integrated goes to `integration/blog-discovery`"},
		{"to a branch in another case", both(samSays("/integrate"), onto("Integration/blog-discovery", nil)), "The pull request is to `Integration/blog-discovery`"},
		{"to a branch that is not known", both(samSays("/integrate"), onto("", &Stack{PR: 11})), "The pull request is to"},
		{"on another agent's branch that leads there", both(samSays("/integrate"), onto(below.Branch, below)), ""},
		{"on a branch of which nothing is known", both(samSays("/integrate"), onto(below.Branch, nil)), "The pull request is to `agent/metadata-filter-contract`"},
		{"the base moved since the stack was read", both(samSays("/integrate"), onto("main", below)), "The pull request is to `main`"},
		{"stacked on itself", both(samSays("/integrate"), onto(below.Branch, &Stack{PR: 12, Branch: below.Branch})), "The pull request is to"},
		{"a draft", both(samSays("/integrate"), func(f *Facts) { f.Draft = true }), "The pull request is a draft"},
		{"a fork's", both(samSays("/integrate"), func(f *Facts) { f.Head.Repo, f.Head.Name, f.Author = 99, "fix", mona }), "The pull request comes from a fork."},
		{"its author, a person, who is an integrator", both(samSays("/integrate"), func(f *Facts) { f.Head.Name, f.Author = "fix", sam }), ""},
		{"no contract in force", both(samSays("/integrate"), func(f *Facts) { f.Contract.Kind = ContractUnreadable }), "The contract cannot be used, so nothing lands."},

		{"the whole commit, whatever was the head", at("/integrate "+commit("a"), ""), ""},
		{"the whole commit, which came later", at("/integrate "+commit("a"), commit("c")), ""},
		{"another commit", at("/integrate "+commit("c"), commit("c")), moved},
		{"the start of the head's name", at("/integrate aaaaaaa", commit("a")), ""},
		{"the start of another commit's name", at("/integrate ccccccc", commit("c")), moved},
		{"a head that was made to begin as the one before", at("/integrate aaaaaaa", "aaaaaaa"+strings.Repeat("b", 33)), moved},
		{"a short name, and the head then is not known", at("/integrate aaaaaaa", ""), "`aaaaaaa` is short for no head that is known from then; name the commit in full: `/integrate " + commit("a") + "`."},
		{"a push since the comment", at("/integrate", commit("c")), moved},
		{"the head then is not known", at("/integrate", ""), named},
		{"the head is not known", both(samSays("/integrate"), func(f *Facts) { f.Head.SHA = "" }), "The head is not known."},
		{"a longer name than the head's", at("/integrate "+commit("a")+"a", commit("a")), moved},
	} {
		f := landingFacts()
		tc.play(&f)
		r := Evaluate(example(t), f)
		if len(r.Commands) != 1 {
			t.Errorf("%s: %+v", tc.why, r.Commands)
			continue
		}
		got := r.Commands[0]
		if got.Accepted != (tc.refused == "") || !strings.Contains(got.Why, tc.refused) || got.Accepted && (got.SHA != f.Head.SHA || got.Why != "") || !got.Accepted && got.SHA != "" {
			t.Errorf("%s: %+v, want %q", tc.why, got, tc.refused)
		}
		if inert(got.Why) != got.Why {
			t.Errorf("%s: the refusal is no prose of ours: %s", tc.why, got.Why)
		}
		if src, err := json.Marshal(r); err != nil {
			t.Error(err)
		} else {
			validate(t, src)
		}
	}
}

// TestIntegrateWithoutIntegrators: where the contract names none, write access is enough.
func TestIntegrateWithoutIntegrators(t *testing.T) {
	src := strings.Replace(string(exampleSource(t)), `  integrators: ["@octo/platform"]`+"\n", "", 1)
	c, problems := parseContract(t, []byte(src))
	if problems != nil || len(c.Integration.Integrators) > 0 {
		t.Fatal(problems)
	}
	for permission, want := range map[string]string{
		"admin": "", "write": "",
		"read": "The account has no write access.", "none": "The account has no write access.", "triage": "The account has no write access.",
		"": "What the account may do in the repository is not known.",
	} {
		for _, body := range []string{"/integrate", "/integrate cancel", "/integrate pause it burns", "/integrate resume"} {
			f := landingFacts()
			both(comments(commentBy(eve, 1, body)), standing(permission))(&f)
			if got := Evaluate(c, f).Commands[0]; got.Accepted != (want == "") || want != "" && got.Why != want {
				t.Errorf("%s with %q: %+v, want %q", body, permission, got, want)
			}
		}
	}
}

// TestIntegrateTheLane plays the commands about the lane: they ask nothing of the pull request that they are written in.
func TestIntegrateTheLane(t *testing.T) {
	asksLittle := both(func(f *Facts) { f.Base.Name, f.Draft = "main", true }, comments())
	for _, body := range []string{"/integrate cancel", "/integrate pause it burns", "/integrate resume"} {
		for _, tc := range []struct {
			why     string
			play    func(*Facts)
			refused string
		}{
			{"an integrator, in a draft, at whatever head", both(asksLittle, comments(Comment{ID: 1, By: sam, Body: body})), ""},
			{"somebody", both(comments(commentBy(eve, 1, body)), standing("write")), "Only integrators and administrators integrate."},
			{"the agent", comments(commentBy(reviewer, 1, body)), "An agent's account gives no commands."},
			{"who may be the agent", both(samSays(body), func(f *Facts) { f.Author = sam }), "Who opened an agent's pull request"},
			{"an edited comment", comments(Comment{ID: 1, By: sam, Body: body, Edited: true}), "The comment was edited"},
		} {
			f := landingFacts()
			tc.play(&f)
			if got := Evaluate(example(t), f).Commands[0]; got.Accepted != (tc.refused == "") || !strings.HasPrefix(got.Why, tc.refused) || got.SHA != "" {
				t.Errorf("%s: %s: %+v, want %q", body, tc.why, got, tc.refused)
			}
		}
	}
	f := landingFacts()
	samSays("/integrate pause it burns")(&f)
	if got := Evaluate(example(t), f).Commands[0]; got.Why != "it burns" || got.Subject != IntegratePause {
		t.Errorf("the reason is lost: %+v", got)
	}
}

func TestIntegrateStatus(t *testing.T) {
	for permission, want := range map[string]string{
		"admin": "", "write": "", "read": "", "none": "The account has no read access.", "": "What the account may do in the repository is not known.",
	} {
		f := landingFacts()
		both(comments(commentBy(eve, 1, "/integrate status")), standing(permission))(&f)
		if got := Evaluate(example(t), f).Commands[0]; got.Accepted != (want == "") || got.Why != want {
			t.Errorf("%q: %+v, want %q", permission, got, want)
		}
	}
	f := landingFacts()
	f.Conversation.Comments = []Comment{commentBy(searchBot, 1, "/integrate status"), commentBy(Account{ID: 7, Login: "app[bot]"}, 2, "/integrate")}
	if r := Evaluate(example(t), f); len(r.Commands) != 0 {
		t.Errorf("bots are answered, and could answer: %+v", r.Commands)
	}
}

// TestIntegrateNeedsABranch: without an integration branch there is no lane to ask about.
func TestIntegrateNeedsABranch(t *testing.T) {
	c := *example(t)
	c.Integration = ownership.Integration{}
	for _, body := range []string{"/integrate", "/integrate " + commit("a"), "/integrate cancel", "/integrate status", "/integrate pause x", "/integrate resume"} {
		f := landingFacts()
		both(comments(commentBy(eve, 1, body)), standing("admin"))(&f)
		if got := Evaluate(&c, f).Commands[0]; got.Accepted || got.Why != "The contract declares no integration branch." {
			t.Errorf("%s: %+v", body, got)
		}
	}
}
