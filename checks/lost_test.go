package checks

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// schemaOld is the interface of the story of the blog: ctags lists blog and collections, and none of the fields.
const schemaOld = `import { defineCollection, z } from 'astro:content';

const blog = defineCollection({
  schema: z.object({
    title: z.string(),
    date: z.coerce.date(),
    tags: z.array(z.string()).default([]), // shown below the title
    draft: z.boolean().default(false),
  }),
});

export const collections = { blog };
`

func said(ls []Lost) []string {
	var out []string
	for _, l := range ls {
		out = append(out, strings.TrimSpace(fmt.Sprintf("%d %s %s %s %s", l.Line, l.Kind, l.Name, l.How, l.Now)))
	}
	return out
}

func TestLostFields(t *testing.T) {
	replace := func(pairs ...string) string { return strings.NewReplacer(pairs...).Replace(schemaOld) }
	for _, tc := range []struct {
		why, old, now string
		want          []string
	}{
		{"nothing changes", schemaOld, schemaOld, nil},
		{"the story: tags are labels now", schemaOld, replace("tags:", "labels:"), []string{"7 field tags renamed labels"}},
		{"the old name in a comment is not there", schemaOld, replace("    tags:", "    // tags: see labels\n    labels:"), []string{"7 field tags renamed labels"}},
		{"the old name behind the line is not there", schemaOld, replace("tags:", "labels:", "shown below", "was tags, shown below"), []string{"7 field tags renamed labels"}},
		{"a field goes", schemaOld, replace("    tags: z.array(z.string()).default([]), // shown below the title\n", ""), []string{"7 field tags removed"}},
		{"a field comes", schemaOld, replace("    tags:", "    labels: z.string(),\n    tags:"), nil},
		{"a field moves up", schemaOld, replace("    tags: z.array(z.string()).default([]), // shown below the title\n", "", "    title:", "    tags: z.array(z.string()).default([]),\n    title:"), nil},
		{"renamed, and another one comes", schemaOld, replace("    tags:", "    extra: z.number(),\n    labels:"), []string{"7 field tags renamed labels"}},
		{"renamed, with another type", schemaOld, replace("tags: z.array(z.string()).default([])", "labels: z.set(z.string())"), []string{"7 field tags renamed labels"}},
		{"two are renamed", schemaOld, replace("tags:", "labels:", "draft:", "hidden:"), []string{"7 field tags renamed labels", "8 field draft renamed hidden"}},
		{"the type changes: the name can be relied on", schemaOld, replace("date: z.coerce.date()", "date: z.string()"), nil},
		{"the name is still used otherwise", schemaOld, replace("tags:", "labels:", "export", "export const tags = 1;\nexport"), nil},
		{"the file goes", schemaOld, "", []string{"4 field schema removed", "5 field title removed", "6 field date removed", "7 field tags removed", "8 field draft removed", "3 field blog removed", "12 field collections removed"}},
		{"the file comes", "", schemaOld, nil},
		{"a type of TypeScript", "type P = {\n  tags?: string[]\n  readonly size: number\n}\n", "type P = {\n  labels?: string[]\n  readonly size: number\n}\n", []string{"2 field tags renamed labels"}},
		{"JSON", `{"tags": [1], "size": 2}`, `{"labels": [1], "size": 2}`, []string{"1 field tags renamed labels"}},
		{"YAML", "tags:\n  - a\n", "labels:\n  - a\n", []string{"1 field tags renamed labels"}},
		{"an assignment of Python", "TAGS = 1\nSIZE = 2\n", "SIZE = 2\n", []string{"1 field TAGS removed"}},
		{"comparisons and arrows are none", "if (tags == 1) {}\nconst f = (labels => 1)\n", "x\n", nil},
		{"too short, or too common, to look for", "id: 1\nname: 2\ntype: 3\nDefault: 4\n", "x: 1\n", nil},
		{"a comment has no fields", "// tags: old\n# also: old\n/* more: old */\n * stars: old\n<!-- html: old -->\n-- sql: old\n", "x\n", nil},
		{"several on one line", "type A = { tags: string, size: number }", "type A = { labels: string, size: number }", []string{"1 field tags renamed labels"}},
	} {
		got, incomplete := LostNames(Symbols{Path: "a.ts", OldText: tc.old, NewText: tc.now})
		slices.SortFunc(got, compareLost)
		want := slices.Clone(tc.want)
		slices.SortFunc(want, func(a, b string) int { return number(strings.Fields(a)[0]) - number(strings.Fields(b)[0]) })
		if diff := cmp.Diff(want, said(got)); diff != "" || incomplete != "" {
			t.Errorf("%s (-want +got):\n%s%s", tc.why, diff, incomplete)
		}
	}
}

func def(line int, kind, scope, name, signature string) Definition {
	return Definition{Name: name, Kind: kind, Scope: scope, Signature: signature, Line: line}
}

func TestLostDefinitions(t *testing.T) {
	old := []Definition{
		def(1, "function", "", "listPosts", "(all)"), def(5, "interface", "", "Post", ""), def(6, "property", "Post", "title", ":string"),
		def(7, "property", "Post", "tags", ":string[]"), def(20, "function", "", "readPost", "(slug)"),
	}
	swap := func(i int, d Definition) []Definition {
		out := slices.Clone(old)
		out[i] = d
		return out
	}
	for _, tc := range []struct {
		why  string
		now  []Definition
		want []string
	}{
		{"nothing changes", old, nil},
		{"another order and other lines", []Definition{old[4], old[1], old[3], old[2], old[0]}, nil},
		{"removed", old[1:], []string{"1 function listPosts removed"}},
		{"renamed", swap(0, def(1, "function", "", "allPosts", "(all)")), []string{"1 function listPosts renamed allPosts"}},
		{"renamed, and its signature changed", swap(4, def(20, "function", "", "getPost", "(id)")), []string{"20 function readPost renamed getPost"}},
		{"another signature", swap(0, def(1, "function", "", "listPosts", "(all, tag)")), []string{"1 function listPosts changed (all, tag)"}},
		{"another kind", swap(0, def(1, "constant", "", "listPosts", "")), []string{"1 function listPosts changed constant"}},
		{"a field is renamed", swap(3, def(7, "property", "Post", "labels", ":string[]")), []string{"7 property tags renamed labels"}},
		{"a scope is renamed: its fields are not lost", []Definition{old[0], def(5, "interface", "", "Article", ""), def(6, "property", "Article", "title", ":string"), def(7, "property", "Article", "tags", ":string[]"), old[4]},
			[]string{"5 interface Post renamed Article"}},
		{"an overload comes: the old one is still there", append(slices.Clone(old), def(30, "function", "", "readPost", "(slug, lang)")), nil},
		{"it moved into a scope", swap(4, def(20, "method", "Reader", "readPost", "(slug)")), []string{"20 function readPost changed method in Reader"}},
		{"everything goes", nil, []string{"1 function listPosts removed", "5 interface Post removed", "6 property title removed", "7 property tags removed", "20 function readPost removed"}},
	} {
		got, incomplete := LostNames(Symbols{Path: "a.ts", Old: old, New: tc.now})
		if diff := cmp.Diff(tc.want, said(got)); diff != "" || incomplete != "" {
			t.Errorf("%s (-want +got):\n%s%s", tc.why, diff, incomplete)
		}
	}
}

// TestLostRefused: where ctags refuses, the text still says what it can, and the refusal is said.
func TestLostRefused(t *testing.T) {
	got, incomplete := LostNames(Symbols{
		Path: "a.ts", Old: []Definition{def(1, "function", "", "gone", "")}, Refused: "ctags is not installed",
		OldText: schemaOld, NewText: strings.Replace(schemaOld, "tags:", "labels:", 1),
	})
	if diff := cmp.Diff([]string{"7 field tags renamed labels"}, said(got)); diff != "" {
		t.Error(diff)
	}
	if want := "The definitions of `a.ts` are not known: `ctags is not installed`"; incomplete != want {
		t.Errorf("%q, want %q", incomplete, want)
	}
}

// TestLostIsBounded: too much text and too many names are said, not looked at in part.
func TestLostIsBounded(t *testing.T) {
	large := strings.Repeat("tags: 1\n", MaxLostText/8+1)
	if got, incomplete := LostNames(Symbols{Path: "a.ts", OldText: large}); len(got) != 0 || !strings.Contains(incomplete, "too large") {
		t.Errorf("%d names, %q", len(got), incomplete)
	}
	var many strings.Builder
	for i := range MaxLost + 50 {
		fmt.Fprintf(&many, "field%d: 1\n", i)
	}
	if got, incomplete := LostNames(Symbols{Path: "a.ts", OldText: many.String()}); len(got) != MaxLost || incomplete != "50 more lost names were not looked for" {
		t.Errorf("%d names, %q", len(got), incomplete)
	}
}

// TestLostIsSortedAndWhole merges files, whose order is irrelevant.
func TestLostIsSortedAndWhole(t *testing.T) {
	a := Symbols{Path: "a.ts", OldText: "tags: 1\n"}
	b := Symbols{Path: "b.ts", OldText: "size: 1\n", Old: []Definition{def(9, "function", "", "run", "")}}
	first, _ := LostNames(a, b)
	second, _ := LostNames(b, a)
	if diff := cmp.Diff(first, second); diff != "" || len(first) != 3 || first[0].Path != "a.ts" {
		t.Errorf("%+v\n%s", first, diff)
	}
}

// FuzzLost holds that a lost name was in the old text and that work stays bounded; what does not change loses nothing.
func FuzzLost(f *testing.F) {
	f.Add(schemaOld, strings.Replace(schemaOld, "tags:", "labels:", 1))
	f.Add("a: 1", "b: 1")
	f.Add("'a-b': 1 // c", "\x00\xff:=")
	f.Fuzz(func(t *testing.T, old, now string) {
		got, _ := LostNames(Symbols{Path: "a", OldText: old, NewText: now})
		if len(got) > MaxLost || !slices.IsSortedFunc(got, compareLost) {
			t.Errorf("%d names, or not sorted", len(got))
		}
		for _, l := range got {
			lines := strings.SplitAfter(old, "\n")
			if l.Line < 1 || l.Line > len(lines) || !strings.Contains(lines[l.Line-1], l.Name) || !telling(l.Name) {
				t.Errorf("%+v is not in the old text %q", l, old)
			}
			if l.How == lostRenamed && !strings.Contains(now, l.Now) {
				t.Errorf("%+v is not in the new text %q", l, now)
			}
		}
		if same, _ := LostNames(Symbols{Path: "a", OldText: old, NewText: old}); len(same) != 0 {
			t.Errorf("nothing changed, and lost is %+v", same)
		}
	})
}
