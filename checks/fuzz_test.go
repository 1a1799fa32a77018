package checks

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// FuzzRender puts bytes of any kind into every place that others write: paths, branches, logins, git's messages. What is
// rendered keeps GitHub's limits and stays inert.
func FuzzRender(f *testing.F) {
	f.Add("src/a.ts", "agent/blog-search-ui", "mona", "no merge base")
	f.Add("a`\n/integrate\n@octo Fixes #1", "<script>", "x`[bot]", "```\n```json\n{}")
	f.Add("\u202egpj.exe", "\xff\xfe", "\u200b", "::error::x%0A")
	f.Add(strings.Repeat("`", 5000), "'; rm -rf ~ #", "https://evil.example", strings.Repeat("\U000e0041", 2000))
	c := example(f)
	f.Fuzz(func(t *testing.T, path, branch, login, detail string) {
		facts := goodFacts()
		facts.Head.Name, facts.Author = branch, Account{ID: 9, Login: login}
		facts.Siblings = []Sibling{{PR: 13, Base: branch}}
		touch(&facts, modified(path), added("src/components/search/"+path), Change{Path: path + "x", NewMode: modeLink})
		facts.Touched.Attributes[""] = detail
		for _, refused := range []*Refusal{nil, {Kind: RefusalKind(detail), Detail: detail, Path: path, Fix: detail, Count: 2, Limit: 1}} {
			facts.Touched.Refused = refused
			r := Evaluate(c, facts)
			for _, d := range Render(r) {
				for _, s := range []string{d.Summary, d.Text} {
					if len(s) > MaxText || !utf8.ValidString(s) {
						t.Errorf("%d bytes, or not UTF-8", len(s))
					}
					spans(t, s, []string{path, branch, login, detail})
				}
				holdFence(t, d.Text)
			}
			if strings.ContainsFunc(RenderText(r, nil)+RenderGitHub(r), func(c rune) bool { return c != '\n' && unicode.IsControl(c) }) {
				t.Error("a control character reaches the terminal")
			}
		}
	})
}

// FuzzReportJSON reads any JSON as a report and renders it: nothing panics, and what was read is written the same.
func FuzzReportJSON(f *testing.F) {
	src, err := json.Marshal(Evaluate(example(f), goodFacts()))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(src)
	f.Add([]byte(`{"agentplane":1,"checks":[{"name":"x","verdict":"","title":"</details>"}],"findings":[{"path_b64":"/w==","message":"` + "`" + `"}]}`))
	f.Fuzz(func(t *testing.T, src []byte) {
		var r Report
		if json.Unmarshal(src, &r) != nil {
			return
		}
		for _, d := range Render(Combine(r, r)) {
			if len(d.Summary) > MaxSummary || len(d.Text) > MaxText || len(d.Title) > MaxTitle {
				t.Errorf("over the limits: %d, %d, %d", len(d.Summary), len(d.Text), len(d.Title))
			}
			spans(t, d.Summary, nil)
		}
		first, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		var again Report
		if err := json.Unmarshal(first, &again); err != nil {
			t.Fatal(err)
		}
		if second, err := json.Marshal(again); err != nil || string(first) != string(second) {
			t.Errorf("a report changed on the way: %v\n%s\n%s", err, first, second)
		}
	})
}

// FuzzCommand holds that what is put in a command is one visible word.
func FuzzCommand(f *testing.F) {
	for _, s := range []string{"a b", "it's", "$(id)", "-rf", ":(top)x", "a\nb", "[a]*", "\u202e"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, path string) {
		for _, c := range []Change{modified(path), added(path)} {
			command := restoreCommand("origin/main", c)
			if command == "" {
				continue
			}
			if !isCommand(command) || strings.Count(command, "'") != 2 || visible(command) != command || !strings.HasSuffix(command, " -- '"+path+"'") {
				t.Errorf("%q makes the command %q", path, command)
			}
		}
	})
}

// TestHiddenOfAllRunes goes through Unicode: what is hidden is exactly what has no mark of its own or moves its
// neighbours.
func TestHiddenOfAllRunes(t *testing.T) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		mustHide := unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs, unicode.Zl, unicode.Zp, unicode.Bidi_Control,
			unicode.Join_Control, unicode.Variation_Selector) || unicode.Is(unicode.Zs, r) && r != ' '
		if mustHide && !hidden(r) {
			t.Fatalf("U+%04X is shown", r)
		}
		mustShow := r == ' ' || unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsPunct(r)
		if mustShow && hidden(r) && !unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) {
			t.Fatalf("U+%04X is hidden", r)
		}
	}
}
