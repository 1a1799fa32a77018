package checks

import (
	"strings"
	"testing"
)

func TestParseCommand(t *testing.T) {
	for _, tc := range []struct {
		body string
		want Command
		why  string
	}{
		{"/approve lockfiles", Command{Kind: CommandApprove, Subject: "lockfiles"}, "a class"},
		{"/approve post-schema abcdef1", Command{Kind: CommandApprove, Subject: "post-schema", SHA: "abcdef1"}, "an interface at a commit"},
		{"/approve harness " + strings.Repeat("a", 40), Command{Kind: CommandApprove, Subject: "harness", SHA: strings.Repeat("a", 40)}, "a whole commit"},
		{"\n \t\n/approve ci\nlooks good, ご苦労様", Command{Kind: CommandApprove, Subject: "ci"}, "blank lines before it, and anything in the lines after it"},
		{"/approve ci\r\n\r\nlooks good\r\n", Command{Kind: CommandApprove, Subject: "ci"}, "a browser ends every line so"},
		{"/approve ci  ", Command{Kind: CommandApprove, Subject: "ci"}, "telephones add a space at the end"},
		{"/expand src/lib/", Command{Kind: CommandExpand, Subject: "src/lib/"}, "a folder"},
		{"/expand src/lib/*.ts the search needs it", Command{Kind: CommandExpand, Subject: "src/lib/*.ts", Why: "the search needs it"}, "a pattern, with the reason"},
		{`/expand src/a\ b.ts why not`, Command{Kind: CommandExpand, Subject: `src/a\ b.ts`, Why: "why not"}, "an escaped space belongs to the pattern"},
		{"/retry", Command{Kind: CommandRetry}, "no reason is needed"},
		{"/retry the runner had no disk", Command{Kind: CommandRetry, Why: "the runner had no disk"}, "a reason"},
	} {
		got, ok := ParseCommand(tc.body)
		if !ok || got != tc.want {
			t.Errorf("%s: %q is %+v, %v; want %+v", tc.why, tc.body, got, ok, tc.want)
		}
	}
}

func TestParseCommandRefuses(t *testing.T) {
	for _, tc := range []struct{ body, why string }{
		{"", "nothing"},
		{"> /approve ci", "a quotation"},
		{"> she wrote\n\n/approve ci", "the answer below a quotation is not the first line"},
		{"```\n/approve ci\n```", "a code fence"},
		{"~~~\n/approve ci\n~~~", "the other code fence"},
		{"`/approve ci`", "a code span"},
		{"    /approve ci", "an indented code block"},
		{" /approve ci", "anything before the slash"},
		{"\t/approve ci", "a tab is an indentation"},
		{"<!-- -->\n/approve ci", "below an HTML comment"},
		{"<!--\n/approve ci\n-->", "in an HTML comment"},
		{"<details>\n\n/approve ci\n\n</details>", "folded away"},
		{"[/approve ci](https://example.com)", "a link"},
		{"![/approve ci](a.png)", "the text of an image"},
		{"- /approve ci", "a list"},
		{"# /approve ci", "a heading"},
		{"**/approve ci**", "emphasis"},
		{"I say /approve ci", "within a sentence"},
		{"Sure.\n\nOn Monday mona wrote:\n> /approve ci", "the tail of an answered mail"},
		{"/аpprove ci", "a Cyrillic a"},
		{"／approve ci", "a wide slash"},
		{"/approve cі", "a Ukrainian i in the class"},
		{"/approve\u00a0ci", "a space that is none"},
		{"/approve \u200bci", "a zero-width space"},
		{"\u200b/approve ci", "a zero-width space in front"},
		{"\ufeff/approve ci", "a byte order mark"},
		{"/approve \u202eci", "text that reads backwards"},
		{"/approve ci\x00", "a NUL"},
		{"/approve ci\nok\x00", "a NUL later"},
		{"/approve\rci", "a carriage return within the line"},
		{"looks good\r/approve ci", "a carriage return alone ends no line"},
		{"/approve ci\r\r\n", "a carriage return too many"},
		{"/approve\tci", "a tab"},
		{"/expand src/é.ts", "ASCII only"},
		{"/Approve ci", "another case"},
		{"/APPROVE ci", "another case"},
		{"/approves ci", "another word"},
		{"//approve ci", "two slashes"},
		{"/ approve ci", "no word"},
		{"/approve-all", "no word of letters only"},
		{"/help", "a kind nobody knows"},
		{"\xff\n/approve ci", "bytes that are not UTF-8"},
		{"/approve ci\n" + strings.Repeat("x", MaxCommand), "longer than a comment with a command may be"},
	} {
		if got, ok := ParseCommand(tc.body); ok {
			t.Errorf("%s: %q is %+v", tc.why, tc.body, got)
		}
	}
}

func TestParseCommandUsage(t *testing.T) {
	for _, tc := range []struct{ body, usage, why string }{
		{"/approve", "/approve <class", "approve what?"},
		{"/approve  ci", "/approve <class", "two spaces"},
		{"/approve ci lockfiles", "/approve <class", "one at a time"},
		{"/approve ci abcdef", "/approve <class", "six digits name no commit"},
		{"/approve ci ABCDEF1", "/approve <class", "git writes commits in small letters"},
		{"/approve ci " + strings.Repeat("a", 65), "/approve <class", "longer than a commit's name"},
		{"/approve CI", "/approve <class", "names are in small letters"},
		{"/approve class/ci", "/approve <class", "the rule is not the name"},
		{"/approve ci please", "/approve <class", "only a commit may follow"},
		{"/expand", "/expand <path", "expand to what?"},
		{"/expand  src/", "/expand <path", "two spaces"},
		{"/retry  now", "/retry", "two spaces"},
	} {
		got, ok := ParseCommand(tc.body)
		if !ok || !strings.HasPrefix(got.Usage, tc.usage) || got.Subject != "" {
			t.Errorf("%s: %q is %+v, %v", tc.why, tc.body, got, ok)
		}
	}
}

// FuzzParseCommand holds that a command is what was written in the first line, in printable ASCII, and nothing else.
func FuzzParseCommand(f *testing.F) {
	for _, s := range []string{"/approve ci", "/approve ci abcdef1", "\n/expand a\\ b why", "/retry x", "> /retry", "/approve ci\r\nx", "/expand \\", "/integrate", "/integrate abcdef1", "/integrate cancel", "/integrate pause it burns", "/integrate  status", "/integrate resume\r\nx"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		c, ok := ParseCommand(body)
		if !ok {
			if c != (Command{}) {
				t.Errorf("%q is no command, and still %+v", body, c)
			}
			return
		}
		line := firstLine(body)
		if len(body) > MaxCommand || !plain(line) || !strings.HasPrefix(line, "/"+c.Kind) || !strings.Contains("\n"+body, "\n"+line) {
			t.Errorf("%q is the command %+v", body, c)
		}
		again := "/" + c.Kind
		for _, part := range []string{c.Subject, c.SHA, c.Why} {
			if part != "" {
				again += " " + part
			}
		}
		if c.Usage == "" && again != line {
			t.Errorf("%q was read as %q", line, again)
		}
	})
}
