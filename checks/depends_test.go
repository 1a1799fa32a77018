package checks

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestDepends reads descriptions of pull request 9 of octo/blog. Dependencies are written 12, octo/site#12 for another
// repository, and !text for what cannot be read.
func TestDepends(t *testing.T) {
	for _, tc := range []struct{ body, want, why string }{
		{"Depends-On: #12", "12", "the form of the documents"},
		{"depends-on: #12", "12", "the key in another case"},
		{"DEPENDS-ON:#12", "12", "no space"},
		{"Depends-On : #12", "12", "a space before the colon"},
		{"Depends-On: #12, #13,#14", "12 13 14", "a list"},
		{"Depends-On: #12 #13", "12 13", "a list without commas"},
		{"Depends-On: #12\r\nDepends-On: #13\r\n", "12 13", "two lines of a browser"},
		{"Adds search.\n\nDepends-On: #12\nSigned-off-by: mona\n", "12", "among other trailers"},
		{"Adds search.\nDepends-On: #12", "12", "within a paragraph, at the start of a line"},
		{"- Depends-On: #12\n- [ ] Depends-On: #13\n1. text\n   Depends-On: #14\n", "12 13 14", "entries of lists"},
		{"- a\n  - Depends-On: #12", "12", "a list in a list"},
		{"**Depends-On:** #12\n__Depends-On__: #13", "12 13", "emphasised"},
		{"Depends-On: #12\n---\n", "12", "a ruler of dashes below makes a heading of it"},
		{"Depends-On: #12 <!-- the schema -->", "12", "a comment behind it"},
		{"a `b`\nDepends-On: #12", "12", "after a line that ends in code"},
		{"a <b>\nDepends-On: #12", "12", "after a line that ends in HTML"},
		{"a\\\nDepends-On: #12", "12", "after a hard line break"},
		{"a  \nDepends-On: #12", "12", "after another hard line break"},
		{"[a]: b\nDepends-On: #12", "12", "after a definition"},
		{"Depends-On: #13, #12, #13", "13 12", "in order, once"},
		{"Depends-On: #12\nDepends-On: https://github.com/octo/blog/pull/12\nDepends-On: octo/blog#12", "12", "three ways to write one"},

		{"Depends-On: https://github.com/octo/blog/pull/12", "12", "an address"},
		{"Depends-On: https://github.example:8443/Octo/Blog/pull/12/", "12", "GitHub ignores the case of names"},
		{"Depends-On: <https://github.com/octo/blog/pull/12>", "12", "an address between angle brackets"},
		{"Depends-On: https://github.com/octo/blog/pull/12/files#diff-1", "12", "an address of a page of it"},
		{"Depends-On: https://github.com/octo/site/pull/12", "octo/site#12", "another repository"},
		{"Depends-On: octo/blog#12", "12", "this one by its name"},
		{"Depends-On: Octo/Site#12, octo/site#12", "Octo/Site#12", "another one, once"},
		{"Depends-On: octo/site#12, #12", "octo/site#12 12", "one number in two repositories"},

		{"> Depends-On: #12", "", "a quotation"},
		{"```\nDepends-On: #12\n```", "", "a fence"},
		{"~~~ text\nDepends-On: #12\n~~~", "", "the other fence"},
		{"- a\n  ```\n  Depends-On: #12\n  ```\n", "", "a fence in a list"},
		{"- > Depends-On: #12\n", "", "a quotation in a list"},
		{"    Depends-On: #12", "", "code by its indentation"},
		{"<!-- Depends-On: #12 -->", "", "a comment"},
		{"<!--\n\nDepends-On: #12\n\n-->", "", "a comment over several paragraphs"},
		{"text <!--\nDepends-On: #12\n-->", "", "a comment within a paragraph"},
		{"`Depends-On: #12`", "", "a code span"},
		{"It says Depends-On: #12", "", "not at the start of a line"},
		{"Depends-On-Me: #12", "", "another key"},
		{"Depends-onwards #12", "", "another word"},
		{"Depends-On the weather", "", "prose"},
		{"Depends on #12", "", "prose; the key has a hyphen"},
		{"", "", "nothing"},
		{strings.Repeat("x", maxBody+1), "", "too long, and without the word"},

		{"Depends-On: #9, #8", "!#9 is the pull request itself 8", "itself"},
		{"Depends-On:", "!Depends-On:", "nothing"},
		{"Depends-On: none", "!Depends-On: none", "a word"},
		{"Depends-On: #12 and #13", "12 !Depends-On: #12 and #13 13", "a word between: all that can be read counts too"},
		{"Depends-On: #12,\n#13", "12 !Depends-On: #12,", "a list that goes on in the next line"},
		{"Depends-On: #12.", "!Depends-On: #12.", "a full stop"},
		{"Depends-On: 12", "!Depends-On: 12", "a number alone"},
		{"Depends-On #12", "!Depends-On #12 12", "no colon"},
		{"Depends-On： #12", "!Depends-On： #12 12", "a wide colon"},
		{"Depends-On https://github.com/octo/blog/pull/12", "!Depends-On https://github.com/octo/blog/pull/12 12", "no colon before an address"},
		{"Depends-On: #0", "!Depends-On: #0", "GitHub counts from one"},
		{"Depends-On: #012", "!Depends-On: #012", "a number in other clothes"},
		{"Depends-On: #2147483647, #2147483648", "2147483647 !Depends-On: #2147483647, #2147483648", "the largest number, and one more"},
		{"Depends-On: #99999999999999999999", "!Depends-On: #99999999999999999999", "a number without end"},
		{"Depends-On: #-1", "!Depends-On: #-1", "a sign"},
		{"Depends-On: #1\u200b2", `!Depends-On: #1\u{200b}2`, "a digit that is hidden behind another"},
		{"Depends-On: #１２", "!Depends-On: #１２", "wide digits"},
		{"Depends-On: `#12`", "!Depends-On: #12", "in code"},
		{"Depends-On: #12 `#13`", "!Depends-On: #12 #13 12", "half of it in code"},
		{"Depends-On: [#12](https://github.com/octo/blog/pull/12)", "!Depends-On: [#12](https://github.com/octo/blog/pull/12)", "a link"},
		{"Depends-On: https://github.com/octo/blog/issues/12", "!Depends-On: https://github.com/octo/blog/issues/12", "an issue"},
		{"Depends-On: https://github.com/octo/blog/pull/12abc", "!Depends-On: https://github.com/octo/blog/pull/12abc", "more than a number"},
		{"Depends-On: octo/blog/pull#12", "!Depends-On: octo/blog/pull#12", "a path"},
		{"Depends-On: " + strings.Repeat("x", 300), "!Depends-On: " + strings.Repeat("x", 188) + "… (112 more characters)", "shown in part"},
		{strings.Repeat("x", maxBody) + "\nDepends-On: #12", "!the description has more than 64 KiB", "too long"},
		{strings.Repeat("> ", 100) + "\n\nDepends-On: #12", "!the description nests quotes or lists too deeply", "too deep"},
	} {
		var got []string
		for _, d := range Depends(tc.body, "octo/blog", 9) {
			got = append(got, d.text())
		}
		if text := strings.Join(got, " "); text != tc.want {
			t.Errorf("%s: %q is %q, want %q", tc.why, tc.body, text, tc.want)
		}
	}
}

// text writes a dependency as tables do.
func (d Dependency) text() string {
	switch {
	case d.Bad != "":
		return "!" + d.Bad
	case d.Repo != "":
		return fmt.Sprintf("%s#%d", d.Repo, d.Number)
	}
	return fmt.Sprint(d.Number)
}

// TestDependsOnMany: whoever takes at most MaxDependencies sees that there were more.
func TestDependsOnMany(t *testing.T) {
	var body strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&body, "Depends-On: #%d\n", i+1)
	}
	if got := Depends(body.String(), "octo/blog", 0); len(got) != MaxDependencies+1 || got[MaxDependencies].Number != 101 {
		t.Errorf("%d dependencies", len(got))
	}
	if got := Depends("Depends-On: octo/blog#12, #12", "", 0); len(got) != 2 || got[0].Repo != "octo/blog" {
		t.Errorf("a repository that is not known: %+v", got)
	}
}

// FuzzDepends reads any description: it keeps the bounds, returns nothing twice, and reads every line by itself that it
// reads within the whole.
func FuzzDepends(f *testing.F) {
	f.Add("Depends-On: #12, octo/site#13 https://github.com/octo/blog/pull/14\n\n- depends-on: `x`\n")
	f.Add("> Depends-On: #1\n\n```\nDepends-On: #2\n```\n<!-- Depends-On: #3 -->")
	f.Add("1. > - **Depends-On:**# \xff\u202e\nDepends-On: ,,\n===")
	f.Fuzz(func(t *testing.T, body string) {
		all := Depends(body, "octo/blog", 9)
		if len(all) > MaxDependencies+1 {
			t.Errorf("%d dependencies", len(all))
		}
		for i, d := range all {
			if slices.Contains(all[:i], d) || d.Bad == "" && d.Number < 1 || d.Number > 1<<31-1 || d.Repo != "" && strings.Count(d.Repo, "/") != 1 {
				t.Errorf("%q has %+v", body, d)
			}
			if visible(d.Bad) != d.Bad || len(d.Bad) > 5*shownRunes {
				t.Errorf("%q has the text %q", body, d.Bad)
			}
			if d.Bad == "" && !strings.Contains(body, fmt.Sprint(d.Number)) && !strings.Contains(body, "<") {
				t.Errorf("%q never says %d", body, d.Number)
			}
		}
		if len(all) > 0 && !namesDependency.MatchString(body) {
			t.Errorf("%q names nothing, and still %+v", body, all)
		}
	})
}
