package checks

import (
	"strings"
	"testing"
)

// TestANamedLoginIsNoIdentity: whoever takes a login that somebody gave up gets no say with it, unless the repository gives
// that account the right to write, as for CODEOWNERS.
func TestANamedLoginIsNoIdentity(t *testing.T) {
	src := strings.Replace(string(exampleSource(t)), `lockfiles: { by: ["@octo/platform"] }`, `lockfiles: { by: ["@kim"] }`, 1)
	c, problems := parseContract(t, []byte(src))
	if problems != nil {
		t.Fatal(problems)
	}
	kim := Account{ID: 64, Login: "kim"}
	for _, tc := range []struct {
		why    string
		people []Standing
		want   Verdict
		says   string
	}{
		{"with write access", []Standing{{Account: kim, Permission: "write"}}, Success, "approved by `kim"},
		{"the heir of the login, on a public repository", []Standing{{Account: kim, Permission: "read"}}, ActionRequired, "the account has no write access"},
		{"a permission that was not read", nil, ActionRequired, "what the account may do in the repository is not known"},
		{"the permission of another account", []Standing{{Account: Account{ID: 65, Login: "kim"}, Permission: "admin"}}, ActionRequired, "is not known"},
	} {
		f := lockfileFacts()
		f.Conversation.Reviews, f.Conversation.People = []Review{reviewBy(kim, 1, "APPROVED", "a")}, tc.people
		r := Evaluate(c, f)
		if got := r.check(CheckReview).Verdict; got != tc.want || !strings.Contains(RenderText(r, nil), tc.says) {
			t.Errorf("%s: %s, want %s and %q in\n%s", tc.why, got, tc.want, tc.says, RenderText(r, nil))
		}
	}
}
