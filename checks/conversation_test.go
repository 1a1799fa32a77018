package checks

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/agentplane/agentplane/ownership"
)

// People of the tests: what each is to the example contract.
var (
	sam  = Account{ID: 61, Login: "sam"}  // of the platform team: may approve lockfiles, and expand
	dora = Account{ID: 62, Login: "dora"} // of design
	ada  = Account{ID: 63, Login: "ada"}  // an architect
	eve  = Account{ID: 99, Login: "eve"}  // of nothing
)

// minute is a moment of a test: minutes after the first.
func minute(n int) time.Time { return time.Date(2026, 3, 4, 4, n, 0, 0, time.UTC) }

func reviewBy(a Account, id int64, state, sha string) Review {
	return Review{ID: id, By: a, State: state, SHA: commit(sha), At: minute(int(id))}
}

func commentBy(a Account, id int64, body string) Comment {
	return Comment{ID: id, By: a, Body: body, At: minute(int(id)), Head: commit("a")}
}

// lockfileFacts are those of a pull request that changes a lockfile, which sam's team may approve. What it changed at
// commit c was the same, and at d another content.
func lockfileFacts() Facts {
	f := goodFacts()
	touch(&f, modified("package-lock.json"))
	other := modified("package-lock.json")
	other.NewID = "3"
	f.Conversation.Reviewed[commit("c")] = []Change{modified("package-lock.json"), modified("src/components/search/a.ts")}
	f.Conversation.Reviewed[commit("d")] = []Change{other}
	return f
}

func reviews(rs ...Review) func(*Facts) {
	return func(f *Facts) { f.Conversation.Reviews = append(f.Conversation.Reviews, rs...) }
}

func comments(cs ...Comment) func(*Facts) {
	return func(f *Facts) { f.Conversation.Comments = append(f.Conversation.Comments, cs...) }
}

func both(fs ...func(*Facts)) func(*Facts) {
	return func(f *Facts) {
		for _, change := range fs {
			change(f)
		}
	}
}

// TestApprovals plays what people say about the lockfile. says is a part of what the report says about it.
func TestApprovals(t *testing.T) {
	yes := "APPROVED"
	for _, tc := range []struct {
		why  string
		play func(*Facts)
		want Verdict
		says string
	}{
		{"nobody said anything", reviews(), ActionRequired, "one of `@octo/platform` must approve"},
		{"a review by someone of the team", reviews(reviewBy(sam, 1, yes, "a")), Success, "`lockfiles` is approved by `sam (review:1)`: `package-lock.json`"},
		{"a review before a push that left the lockfile alone", reviews(reviewBy(sam, 1, yes, "c")), Success, "approved by `sam"},
		{"a review before a push that changed it", reviews(reviewBy(sam, 1, yes, "d")), ActionRequired, "it is of other contents, at `" + commit("d") + "`; the head is now `" + commit("a")},
		{"a review at a commit that nobody can look at", reviews(reviewBy(sam, 1, yes, "e")), ActionRequired, "what the pull request changed at `" + commit("e") + "` is not known"},
		{"a review of no commit", reviews(Review{ID: 1, By: sam, State: yes, At: minute(1)}), ActionRequired, "which commit was the head then is not known"},
		{"a comment only", reviews(reviewBy(sam, 1, "COMMENTED", "a")), ActionRequired, "must approve"},
		{"a pending review", reviews(reviewBy(sam, 1, "PENDING", "a")), ActionRequired, "must approve"},
		{"a comment after the approval changes nothing", reviews(reviewBy(sam, 1, yes, "a"), reviewBy(sam, 2, "COMMENTED", "a")), Success, "approved"},

		{"the author approves", both(reviews(reviewBy(sam, 1, yes, "a")), func(f *Facts) { f.Author = sam }), ActionRequired, "the author does not approve"},
		{"the author under a new name", both(reviews(reviewBy(Account{ID: 61, Login: "new"}, 1, yes, "a")), func(f *Facts) { f.Author = sam }), ActionRequired, "the author does not approve"},
		{"an author who is not known could be anybody", both(reviews(reviewBy(sam, 1, yes, "a")), func(f *Facts) { f.Author = Account{} }), ActionRequired, "who opened the pull request is not known"},
		{"who pushed the head approves", both(reviews(reviewBy(sam, 1, yes, "a")), func(f *Facts) { f.Pusher = sam }), ActionRequired, "who pushed to the branch"},
		{"who once pushed approves", both(reviews(reviewBy(sam, 1, yes, "a")), func(f *Facts) { f.Conversation.PushedBy = []Account{sam} }), ActionRequired, "who pushed to the branch"},
		{"a bot approves", reviews(reviewBy(Account{ID: 61, Login: "sam", Bot: true}, 1, yes, "a")), ActionRequired, "bots do not approve"},
		{"a bot by its name approves", reviews(reviewBy(Account{ID: 61, Login: "sam[bot]"}, 1, yes, "a")), ActionRequired, "bots do not approve"},
		{"an agent's machine user approves", both(reviews(reviewBy(Account{ID: 4242, Login: "sam"}, 1, yes, "a")), func(f *Facts) { f.Conversation.Teams[0].Members = []int64{4242} }), ActionRequired, "the account is an agent's"},
		{"an account that is not known", reviews(reviewBy(Account{Login: "sam"}, 1, yes, "a")), ActionRequired, "the account is not known"},
		{"somebody of another team", reviews(reviewBy(dora, 1, yes, "a")), ActionRequired, "only `@octo/platform` may"},
		{"an administrator who is not of the team", both(reviews(reviewBy(eve, 1, yes, "a")), func(f *Facts) {
			f.Conversation.People = []Standing{{Account: eve, Permission: "admin"}}
		}), ActionRequired, "only `@octo/platform` may"},
		{"another account with the login of a member", reviews(reviewBy(Account{ID: 98, Login: "sam"}, 1, yes, "a")), ActionRequired, "only `@octo/platform` may"},

		{"changes are asked for", reviews(reviewBy(sam, 1, "CHANGES_REQUESTED", "a")), ActionRequired, "`sam` asks for changes (`review:1`)"},
		{"changes are asked for after the approval", reviews(reviewBy(sam, 1, yes, "a"), reviewBy(sam, 2, "CHANGES_REQUESTED", "a")), ActionRequired, "asks for changes"},
		{"approved after changes were asked for", reviews(reviewBy(sam, 1, "CHANGES_REQUESTED", "d"), reviewBy(sam, 2, yes, "a")), Success, "approved"},
		{"the order of the list is no order", reviews(reviewBy(sam, 2, yes, "a"), reviewBy(sam, 1, "CHANGES_REQUESTED", "d")), Success, "approved"},
		{"dismissing what asked for changes brings nothing back", reviews(reviewBy(sam, 1, yes, "a"), reviewBy(sam, 2, "DISMISSED", "a")), ActionRequired, "must approve"},
		{"a dismissed approval is none", reviews(reviewBy(sam, 1, "DISMISSED", "a")), ActionRequired, "must approve"},
		{"dismissing an approval by command brings nothing back", both(comments(commentBy(sam, 1, "/approve lockfiles")), reviews(reviewBy(sam, 2, "DISMISSED", "a"))), ActionRequired, "must approve"},
		{"of one moment the cautious one counts", reviews(reviewBy(sam, 1, yes, "a"), Review{ID: 0, By: sam, State: "CHANGES_REQUESTED", SHA: commit("a"), At: minute(1)}), ActionRequired, "asks for changes"},
		{"another member asks for changes", both(reviews(reviewBy(sam, 1, yes, "a"), reviewBy(Account{ID: 64, Login: "kim"}, 2, "CHANGES_REQUESTED", "a")), func(f *Facts) {
			f.Conversation.Teams[0].Members = []int64{61, 64}
		}), ActionRequired, "`kim` asks for changes"},
		{"somebody without a say asks for changes", reviews(reviewBy(sam, 1, yes, "a"), reviewBy(eve, 2, "CHANGES_REQUESTED", "a")), Success, "approved"},
		{"somebody who is not known asks for changes", reviews(reviewBy(sam, 1, yes, "a"), reviewBy(Account{}, 2, "CHANGES_REQUESTED", "a")), ActionRequired, "asks for changes"},

		{"a team that could not be read", both(reviews(reviewBy(sam, 1, yes, "a")), func(f *Facts) {
			f.Conversation.Teams = []Team{{Name: "@octo/platform", Members: []int64{61}, Problem: "404"}}
		}), ActionRequired, "the members of `@octo/platform` could not be read: `404`"},
		{"a team that was not read", both(reviews(reviewBy(sam, 1, yes, "a")), func(f *Facts) { f.Conversation.Teams = nil }), ActionRequired, "the members of `@octo/platform` were not read"},
		{"a team in another case is the same", both(reviews(reviewBy(sam, 1, yes, "a")), func(f *Facts) { f.Conversation.Teams[0].Name = "@Octo/Platform" }), Success, "approved"},
		{"a conversation that was not read", func(f *Facts) { f.Conversation = nil }, ActionRequired, "the conversation was not read"},

		{"a command", comments(commentBy(sam, 1, "/approve lockfiles")), Success, "approved by `sam (comment:1)`"},
		{"a command that names the head in full", comments(Comment{ID: 1, By: sam, Body: "/approve lockfiles " + commit("a"), At: minute(1)}), Success, "approved"},
		{"a command that names its head in short", comments(commentBy(sam, 1, "/approve lockfiles aaaaaaa")), Success, "approved"},
		{"a command that names a commit with the same lockfile", comments(Comment{ID: 1, By: sam, Body: "/approve lockfiles " + commit("c"), At: minute(1)}), Success, "approved"},
		{"a command that names another content", comments(Comment{ID: 1, By: sam, Body: "/approve lockfiles " + commit("d"), At: minute(1)}), ActionRequired, "the head is now `" + commit("a")},
		{"a command that names an unknown commit", comments(commentBy(sam, 1, "/approve lockfiles "+commit("e"))), ActionRequired, "is not known; the head is now"},
		{"a short name of a commit that was not the head then", comments(commentBy(sam, 1, "/approve lockfiles ccccccc")), ActionRequired, "name it in full"},
		{"a later head was made to begin with the short name", comments(Comment{ID: 1, By: sam, Body: "/approve lockfiles aaaaaaa", At: minute(1), Head: "aaaaaaa" + strings.Repeat("b", 33)}), ActionRequired, "is not known; the head is now"},
		{"a short name while the head was not known", comments(Comment{ID: 1, By: sam, Body: "/approve lockfiles aaaaaaa", At: minute(1)}), ActionRequired, "name it in full"},
		{"a command while the head is not known", comments(Comment{ID: 1, By: sam, Body: "/approve lockfiles", At: minute(1)}), ActionRequired, "name it: `/approve lockfiles " + commit("a")},
		{"a command at an earlier head with other contents", comments(Comment{ID: 1, By: sam, Body: "/approve lockfiles", At: minute(1), Head: commit("d")}), ActionRequired, "the head is now"},
		{"a command about another class", comments(commentBy(sam, 1, "/approve ci")), ActionRequired, "must approve"},
		{"an edited command", comments(Comment{ID: 1, By: sam, Body: "/approve lockfiles", At: minute(1), Head: commit("a"), Edited: true}), ActionRequired, "must approve"},
		{"a quoted command", comments(commentBy(sam, 1, "> /approve lockfiles")), ActionRequired, "must approve"},
		{"a fenced command", comments(commentBy(sam, 1, "```\n/approve lockfiles\n```")), ActionRequired, "must approve"},
		{"a command in other letters", comments(commentBy(sam, 1, "/аpprove lockfiles")), ActionRequired, "must approve"},
		{"a command by the author", both(comments(commentBy(sam, 1, "/approve lockfiles")), func(f *Facts) { f.Author = sam }), ActionRequired, "the author does not approve"},
		{"a command by somebody else", comments(commentBy(eve, 1, "/approve lockfiles")), ActionRequired, "only `@octo/platform` may"},

		{"as it was recorded", both(reviews(reviewBy(sam, 1, yes, "a")), recordedAs(sam, "")), Success, "approved"},
		{"recorded under an earlier contract", both(reviews(reviewBy(sam, 1, yes, "a")), recordedAs(sam, strings.Repeat("0", 64))), ActionRequired, "it was given under an earlier contract"},
		{"recorded from another account", both(reviews(reviewBy(sam, 1, yes, "a")), recordedAs(eve, "")), ActionRequired, "it was first seen from another account"},
		{"recorded for other contents", both(reviews(reviewBy(sam, 1, yes, "a")), recordedAs(sam, ""), func(f *Facts) { f.Conversation.Recorded[0].Contents = "x" }), ActionRequired, "it was given for other contents"},
		{"recorded only: the review is gone", recordedAs(sam, ""), ActionRequired, "must approve"},
	} {
		f := lockfileFacts()
		tc.play(&f)
		r := Evaluate(example(t), f)
		var texts strings.Builder
		for _, found := range byRule(r.Findings, ClassRule(ownership.ClassLockfiles)) {
			texts.WriteString(found.Message + "\n")
		}
		if got := r.check(CheckReview).Verdict; got != tc.want || !strings.Contains(texts.String(), tc.says) {
			t.Errorf("%s: %s, want %s, and %q in\n%s", tc.why, got, tc.want, tc.says, texts.String())
		}
		if given := len(r.Approvals) > 0; given && tc.want != Success && !strings.Contains(texts.String(), "asks for changes") && !strings.Contains(texts.String(), "members") {
			t.Errorf("%s: listed as given: %+v", tc.why, r.Approvals)
		}
	}
}

// recordedAs remembers the review as the App saw it first: under the present contract, where none is given.
func recordedAs(by Account, digest string) func(*Facts) {
	return func(f *Facts) {
		hash, _ := contents(func(Change) bool { return true }, f.Touched.Changes)
		f.Conversation.Recorded = append(f.Conversation.Recorded, Approval{Source: "review:1", Subject: "class/lockfiles", By: by, Contract: digest, Contents: hash})
		if digest == "" {
			f.Conversation.Recorded[0].Contract = exampleDigest
		}
	}
}

// exampleDigest is the SHA-256 of testdata/contract.yml.
const exampleDigest = "e44460342f4041988dd2077766009f56fd3383f65cc83323a5d65b38a4547e11"

// TestApprovalWithoutBy: where a contract names nobody, a person with write access decides, and nobody is requested.
func TestApprovalWithoutBy(t *testing.T) {
	for _, tc := range []struct {
		permission string
		want       Verdict
		says       string
	}{
		{"admin", Success, "is approved by"},
		{"write", Success, "is approved by"},
		{"read", ActionRequired, "the account has no write access"},
		{"none", ActionRequired, "the account has no write access"},
		{"", ActionRequired, "what the account may do in the repository is not known"},
		{"maintain", ActionRequired, "the account has no write access"}, // the API answers write for it
	} {
		f := goodFacts()
		touch(&f, modified("CLAUDE.md"))
		f.Conversation.Reviews = []Review{reviewBy(eve, 1, "APPROVED", "a")}
		f.Conversation.People = []Standing{{Account: eve, Permission: tc.permission}, {Account: Account{ID: 98, Login: "eve"}, Permission: "admin"}}
		r := Evaluate(example(t), f)
		if r.check(CheckReview).Verdict != tc.want || !strings.Contains(RenderText(r, nil), tc.says) || len(r.Reviewers) != 0 {
			t.Errorf("%q: %s, want %s and %q: %v", tc.permission, r.check(CheckReview).Verdict, tc.want, tc.says, rulesOf(r))
		}
	}
	f := goodFacts()
	touch(&f, modified("CLAUDE.md"))
	f.Conversation.Reviews = []Review{reviewBy(eve, 1, "APPROVED", "a")}
	if r := Evaluate(example(t), f); r.check(CheckReview).Verdict != ActionRequired {
		t.Error("a permission that was not read passes")
	}
	f.Conversation.People = []Standing{{Account: eve, Permission: "write"}, {Account: eve, Permission: "none"}}
	if r := Evaluate(example(t), f); r.check(CheckReview).Verdict != ActionRequired {
		t.Error("two answers that contradict each other pass")
	}
	f.Conversation.People = nil
	f.Conversation.Reviews = append(f.Conversation.Reviews, reviewBy(eve, 2, "CHANGES_REQUESTED", "a"))
	if r := Evaluate(example(t), f); !strings.Contains(RenderText(r, nil), "asks for changes") {
		t.Error("who asks for changes, and may for all we know, is not heard")
	}
}

// TestDeniedIsNotApproved: nobody can approve what the contract denies, nor what may never be touched.
func TestDeniedIsNotApproved(t *testing.T) {
	f := goodFacts()
	touch(&f, modified(".env"), modified("src/content/drafts/a.md"))
	f.Conversation.People = []Standing{{Account: sam, Permission: "admin"}}
	f.Conversation.Reviews = []Review{reviewBy(sam, 1, "APPROVED", "a")}
	f.Conversation.Comments = []Comment{commentBy(sam, 2, "/approve secrets"), commentBy(sam, 3, "/expand src/content/drafts/"), commentBy(sam, 4, "/expand .env")}
	r := Evaluate(example(t), f)
	if r.check(CheckReview).Verdict != Failure || r.check(CheckOwnership).Verdict != Failure || len(byRule(r.Findings, RuleNever)) != 1 {
		t.Errorf("%v", rulesOf(r))
	}
	if got := r.Commands[0]; got.Accepted || got.Why != "The contract denies `secrets`; nobody can approve it." {
		t.Errorf("%+v", got)
	}
}

func TestReviewers(t *testing.T) {
	src := strings.Replace(string(exampleSource(t)), `lockfiles: { by: ["@octo/platform"] }`, `lockfiles: { by: ["@octo/platform", "@sam", "@Mona", "@kim"] }`, 1)
	c, problems := parseContract(t, []byte(src))
	if problems != nil {
		t.Fatal(problems)
	}
	kim := Account{ID: 64, Login: "kim"}
	for _, tc := range []struct {
		why  string
		play func(*Facts)
		want string
	}{
		{"everybody who may", func(*Facts) {}, "[@Mona @kim @octo/platform @sam]"},
		{"never the author", func(f *Facts) { f.Author = mona }, "[@kim @octo/platform @sam]"},
		{"never who pushed", func(f *Facts) { f.Conversation.PushedBy = []Account{kim} }, "[@Mona @octo/platform @sam]"},
		{"nobody once it is approved", reviews(reviewBy(kim, 1, "APPROVED", "a")), "[]"},
		{"again when it changed", reviews(reviewBy(kim, 1, "APPROVED", "d")), "[@Mona @kim @octo/platform @sam]"},
		{"not who asked for changes, nor that team", reviews(reviewBy(sam, 1, "CHANGES_REQUESTED", "a")), "[@Mona @kim]"},
		{"nobody in a clone", func(f *Facts) { f.Local = true; f.Conversation = nil }, "[]"},
	} {
		f := lockfileFacts()
		f.Conversation.People = []Standing{{Account: kim, Permission: "write"}, {Account: sam, Permission: "write"}}
		tc.play(&f)
		if got := fmt.Sprint(Evaluate(c, f).Reviewers); got != tc.want {
			t.Errorf("%s: %s, want %s", tc.why, got, tc.want)
		}
	}
}

func TestExpansions(t *testing.T) {
	admin := func(a Account) func(*Facts) {
		return func(f *Facts) {
			f.Conversation.People = append(f.Conversation.People, Standing{Account: a, Permission: "admin"})
		}
	}
	for _, tc := range []struct {
		why, path string
		play      func(*Facts)
		want      Verdict
		refused   string
	}{
		{"nobody expanded", "src/lib/a.ts", func(*Facts) {}, Failure, ""},
		{"an integrator, for a folder", "src/lib/a.ts", comments(commentBy(sam, 1, "/expand src/lib/ the search needs it")), Success, ""},
		{"an administrator", "src/lib/a.ts", both(comments(commentBy(eve, 1, "/expand src/lib/a.ts")), admin(eve)), Success, ""},
		{"what another agent owns", "src/lib/listing.ts", comments(commentBy(sam, 1, "/expand src/lib/listing.ts")), Success, ""},
		{"another path", "src/lib/a.ts", comments(commentBy(sam, 1, "/expand src/lib/b.ts")), Failure, ""},
		{"in another case: what allows compares bytes", "src/lib/a.ts", comments(commentBy(sam, 1, "/expand SRC/lib/")), Failure, ""},
		{"never beats it", "src/content/drafts/a.md", comments(commentBy(sam, 1, "/expand src/content/")), Failure, "`search` may never touch `src/content/drafts/a.md`; no expansion helps."},
		{"a class decides", "CLAUDE.md", comments(commentBy(sam, 1, "/expand CLAUDE.md")), Success, "`CLAUDE.md` is in the class `agent-config`; it needs an approval"},
		{"nobody of these", "src/lib/a.ts", comments(commentBy(eve, 1, "/expand src/lib/")), Failure, "What the account may do in the repository is not known."},
		{"write access is not enough", "src/lib/a.ts", both(comments(commentBy(eve, 1, "/expand src/lib/")), func(f *Facts) {
			f.Conversation.People = []Standing{{Account: eve, Permission: "write"}}
		}), Failure, "Only integrators and administrators expand."},
		{"a team that is not known", "src/lib/a.ts", both(comments(commentBy(sam, 1, "/expand src/lib/")), func(f *Facts) { f.Conversation.Teams = nil }), Failure, "The members of `@octo/platform` were not read."},
		{"the agent itself", "src/lib/a.ts", both(comments(commentBy(Account{ID: 4242, Login: "sam"}, 1, "/expand src/lib/")), admin(Account{ID: 4242})), Failure, "An agent's account gives no commands."},
		{"whoever opened it, where no accounts are named for the agent", "src/lib/a.ts", both(comments(commentBy(sam, 1, "/expand src/lib/")), func(f *Facts) { f.Author = sam }), Failure, "Who opened an agent's pull request, or pushed to it, is taken for the agent"},
		{"whoever pushed to it", "src/lib/a.ts", both(comments(commentBy(sam, 1, "/expand src/lib/")), func(f *Facts) { f.Conversation.PushedBy = []Account{sam} }), Failure, "Who opened an agent's pull request, or pushed to it, is taken for the agent"},
		{"an edited comment", "src/lib/a.ts", comments(Comment{ID: 1, By: sam, Body: "/expand src/lib/", Edited: true}), Failure, "The comment was edited; write a new one."},
		{"a pattern that the contract would refuse", "src/lib/a.ts", comments(commentBy(sam, 1, "/expand src/lib/*")), Failure, "This pattern is none that a contract could hold"},
		{"a pattern of everything but", "src/lib/a.ts", comments(commentBy(sam, 1, "/expand !src/lib/")), Failure, "This pattern is none that a contract could hold"},
		{"no pattern", "src/lib/a.ts", comments(commentBy(sam, 1, "/expand")), Failure, "It is written so: `/expand <path or pattern> [<why>]`."},
	} {
		f := goodFacts()
		touch(&f, modified(tc.path))
		tc.play(&f)
		r := Evaluate(example(t), f)
		if got := r.check(CheckOwnership).Verdict; got != tc.want || (len(byRule(r.Findings, RuleExpanded)) == 1) != (tc.want == Success && tc.refused == "") {
			t.Errorf("%s: %s, want %s: %v", tc.why, got, tc.want, rulesOf(r))
		}
		for _, c := range r.Commands {
			if c.Accepted != (tc.refused == "") || tc.refused != "" && !strings.HasPrefix(c.Why, tc.refused) {
				t.Errorf("%s: %+v, want %q", tc.why, c, tc.refused)
			}
		}
	}
}

// TestExpansionIsNoOwnersTool: a bot's pull request that is no agent's has no paths to widen.
func TestExpansionOfNoAgent(t *testing.T) {
	f := goodFacts()
	f.Head.Name = "bots/bump"
	touch(&f, modified("src/a.ts"))
	f.Conversation.Comments = []Comment{commentBy(sam, 1, "/expand src/")}
	r := Evaluate(example(t), f)
	if r.check(CheckOwnership).Verdict != Failure || r.Commands[0].Accepted {
		t.Errorf("%v %+v", rulesOf(r), r.Commands)
	}
}

func TestCommandResults(t *testing.T) {
	for _, tc := range []struct {
		why  string
		c    Comment
		want CommandResult
	}{
		{"accepted", commentBy(sam, 1, "/approve lockfiles"), CommandResult{Kind: "approve", Subject: "lockfiles", Accepted: true}},
		{"no right", commentBy(eve, 1, "/approve lockfiles"), CommandResult{Kind: "approve", Subject: "lockfiles", Why: "Only `@octo/platform` may."}},
		{"nothing of it is changed", commentBy(sam, 1, "/approve ci"), CommandResult{Kind: "approve", Subject: "ci", Why: "Nothing of `ci` needs an approval here."}},
		{"nothing by that name", commentBy(sam, 1, "/approve nothing"), CommandResult{Kind: "approve", Subject: "nothing", Why: "The contract has no class and no interface `nothing`."}},
		{"an interface", commentBy(ada, 1, "/approve post-schema"), CommandResult{Kind: "approve", Subject: "post-schema", Why: "Nothing of `post-schema` needs an approval here."}},
		{"malformed", commentBy(sam, 1, "/approve"), CommandResult{Kind: "approve", Why: "It is written so: `/approve <class, interface or harness> [<commit>]`."}},
		{"retried by an integrator", commentBy(sam, 1, "/retry the disk was full"), CommandResult{Kind: "retry", Accepted: true, Why: "the disk was full"}},
		{"retried by nobody", commentBy(eve, 1, "/retry"), CommandResult{Kind: "retry", Why: "What the account may do in the repository is not known."}},
		{"an account that is not known", commentBy(Account{Login: "sam"}, 1, "/retry"), CommandResult{Kind: "retry", Why: "The account is not known."}},
	} {
		f := lockfileFacts()
		f.Conversation.Comments = []Comment{tc.c}
		r := Evaluate(example(t), f)
		tc.want.Comment, tc.want.By, tc.want.At = 1, tc.c.By, tc.c.At
		if len(r.Commands) != 1 || r.Commands[0] != tc.want {
			t.Errorf("%s: %+v, want %+v", tc.why, r.Commands, tc.want)
		}
	}
	f := lockfileFacts()
	f.Author, f.Conversation.Comments = sam, []Comment{commentBy(sam, 1, "/retry")}
	if r := Evaluate(example(t), f); r.Commands[0].Accepted || !strings.HasPrefix(r.Commands[0].Why, "Who opened an agent's pull request, or pushed to it, is taken for the agent") {
		t.Errorf("an agent that works as a person lets itself go on: %+v", r.Commands)
	}
	f = lockfileFacts()
	f.Conversation.Comments = []Comment{commentBy(searchBot, 1, "/retry"), commentBy(sam, 3, "/merge"), commentBy(sam, 2, "hello")}
	if r := Evaluate(example(t), f); len(r.Commands) != 0 {
		t.Errorf("bots, other commands and talk are answered: %+v", r.Commands)
	}
	f.Conversation.Comments = []Comment{commentBy(sam, 1, "/approve lockfiles"), commentBy(sam, 2, "/approve lockfiles 1234567")}
	if r := Evaluate(example(t), f); r.Commands[0].Why != "A later review or comment of the same person decides." || r.Commands[1].Accepted {
		t.Errorf("%+v", r.Commands)
	}
}

// TestRetries hands on who retried, for those who may.
func TestRetries(t *testing.T) {
	f := lockfileFacts()
	f.Conversation.People = []Standing{{Account: eve, Permission: "write"}}
	f.Conversation.Comments = []Comment{commentBy(eve, 2, "/retry"), commentBy(sam, 1, "/retry now"), commentBy(dora, 3, "/retry"), commentBy(sam, 4, "/approve lockfiles")}
	j := &judge{contract: example(t), facts: f}
	if got := j.retries(); len(got) != 2 || got[0].ID != 1 || got[1].ID != 2 {
		t.Errorf("%+v", got)
	}
}

// TestRefusalsAreBounded: everybody may comment on a public repository, and the report does not grow without end.
func TestRefusalsAreBounded(t *testing.T) {
	f := lockfileFacts()
	for i := range int64(500) {
		f.Conversation.Reviews = append(f.Conversation.Reviews, reviewBy(Account{ID: 1000 + i, Login: "x"}, i, "APPROVED", "a"))
	}
	r := Evaluate(example(t), f)
	if len(r.Findings) > 13 || !strings.Contains(RenderText(r, nil), "490 more approvals of `lockfiles` by others do not count") {
		t.Errorf("%d findings", len(r.Findings))
	}
}
