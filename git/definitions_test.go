package git

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// listed prints definitions as "line kind scope.name signature".
func listed(d Definitions) []string {
	var out []string
	for _, f := range d.Found {
		name := f.Name
		if f.Scope != "" {
			name = f.Scope + "." + name
		}
		out = append(out, strings.TrimSpace(fmt.Sprintf("%d %s %s %s", f.Line, f.Kind, name, f.Signature)))
	}
	return out
}

func TestDefinitions(t *testing.T) {
	files := []struct {
		path, text string
		want       []string
	}{
		{"src/content/config.ts", `import { defineCollection, z } from 'astro:content';
export const TAGS = ['a', 'b'] as const;
const blog = defineCollection({
  type: 'content', // note, remark: none
  schema: z.object({
    title: z.string(), 'sub-title': z.string(),
    /** What it is about. */
    tags: z.array(z.enum(TAGS)).min(1), draft: z.boolean(),
  }),
});
export interface Post { title: string; readonly tags?: string[] }
export function list(a: number, b?: string): Post[] { switch (a) { default: return [] } }
export type Id = string;
`, []string{
			"2 constant TAGS", "3 constant blog", "4 key type", "5 key schema", "6 key title", "8 key tags", "8 key draft",
			"11 interface Post", "11 property Post.title", "11 property Post.tags", "12 function list", "13 alias Id",
		}},
		{"a.go", "package p\n\ntype T struct{ Name string }\n\nfunc (t *T) Do(a int) (string, error) { return \"\", nil }\n\ntype I interface{ M() error }\n", []string{
			"1 package p", "3 struct p.T", "3 member p.T.Name string", "5 func p.T.Do (a int) (string, error)", "7 interface p.I", "7 methodSpec p.I.M () error",
		}},
		{"a.py", "class A:\n    x = 1\n    def m(self, a=2): pass\ndef f(a: int) -> str: pass\n", []string{
			"1 class A", "2 variable A.x", "3 member A.m (self, a=2)", "4 function f (a: int) str",
		}},
		{"a.mjs", "export function f(a, b) {}\ncall({ k: 1 });\n", []string{"1 function f (a, b)", "2 key k"}},
		{"page.ASTRO", "---\nconst posts = 1;\n---\n<p>{x}</p>\n<script>const hidden = 1;</script>\n---\n", []string{"2 constant posts"}},
		{"empty.ts", "", nil},
		{"only.astro", "<p>const a = 1;</p>\n", nil},
	}
	l := newLab(t)
	tr, paths := tree{}, []string{"nowhere.ts"}
	for _, f := range files {
		tr[f.path] = file{data: f.text}
		paths = append(paths, f.path, f.path)
	}
	got, err := l.local().Definitions(t.Context(), l.commit(tr), paths)
	if err != nil || len(got) != len(files) {
		t.Fatalf("%d of %d files: %v", len(got), len(files), err)
	}
	for _, f := range files {
		if d := cmp.Diff(f.want, listed(got[f.path])); d != "" || got[f.path].Unknown != "" {
			t.Errorf("%s: %s %s %s", f.path, got[f.path].Unknown, got[f.path].Why, d)
		}
	}
	if text := got["a.go"].Found[1].Text; text != "type T struct{ Name string }" {
		t.Errorf("text %q", text)
	}
}

func TestDefinitionsUnknown(t *testing.T) {
	l := newLab(t)
	tr := tree{
		"link.ts": {data: "/etc/passwd", mode: ModeSymlink}, "sub.go": {id: repeat("1", 40), mode: ModeSubmodule}, "dir.ts/f": {data: "x"},
		"a.vue": {data: "x"}, "Makefile": {data: "x"}, "latin.py": {data: "def \xe9(): pass\n"}, "nul.ts": {data: "const a = 1\x00"},
		"big.ts": {data: repeat("const a = 1;\n", 100_000)}, "many.ts": {data: repeat("const a = 1;\n", 5001)},
		"--options=x.ts": {data: "const a = 1;"}, "a\nb.ts": {data: "const a = 1;"}, "fine.ts": {data: "const a = 1;"},
		"json.ts": {data: "{\"command\":\"generate-tags\",\"filename\":\"/etc/passwd\"}\nconst a = 1;"},
	}
	want := map[string]UnknownKind{
		"link.ts": NotAFile, "sub.go": NotAFile, "dir.ts": NotAFile, "a.vue": NoParser, "Makefile": NoParser, "latin.py": NotText, "nul.ts": NotText,
		"big.ts": TooBig, "many.ts": TooBig, "--options=x.ts": "", "a\nb.ts": "", "fine.ts": "", "json.ts": "",
	}
	var paths []string
	for p := range want {
		paths = append(paths, p)
	}
	head := l.commit(tr)
	got, err := l.local().Definitions(t.Context(), head, paths)
	if err != nil || len(got) != len(want) {
		t.Fatalf("%d of %d files: %v", len(got), len(want), err)
	}
	for p, kind := range want {
		d := got[p]
		if d.Unknown != kind || (kind == "") != (d.Why == "") || kind != "" && d.Found != nil {
			t.Errorf("%q: %q, want %q: %s %v", p, d.Unknown, kind, d.Why, d.Found)
		}
		if found := listed(d); kind == "" && (len(found) == 0 || !strings.HasSuffix(found[len(found)-1], "constant a")) {
			t.Errorf("%q: %v", p, found)
		}
	}
	for _, bad := range []string{"", "/a.ts", "../a.ts", "a.ts/"} {
		if _, err := l.local().Definitions(t.Context(), head, []string{bad}); err == nil {
			t.Errorf("path %q", bad)
		}
	}
	if _, err := l.local().Definitions(t.Context(), head, make([]string, 51)); err == nil {
		t.Error("51 paths")
	}
	if _, err := l.local().Definitions(t.Context(), id1, []string{"fine.ts"}); err == nil {
		t.Error("a commit that is not here")
	}
}

// TestCtagsThatCannotBeUsed puts programs of its name on PATH.
func TestCtagsThatCannotBeUsed(t *testing.T) {
	const features = `case "$*" in *--list-features*) printf '#NAME\njson x\ninteractive x\nsandbox x\n'; exit;; esac; cat >/dev/null; `
	const done = `echo '{"_type":"completed","command":"generate-tags"}'; `
	const one = `echo '{"_type":"tag","name":"a","line":1,"kind":"constant"}'; `
	l := newLab(t)
	head := l.commit(text("a.ts", "const a = 1;\n", "b.ts", "const b = 1;\n"))
	for _, tt := range []struct {
		why, script string
		want        UnknownKind
	}{
		{"none", "", NoCtags},
		{"Exuberant", `echo 'ctags: Unknown option: --list-features' >&2; exit 1`, NoCtags},
		{"without JSON", `printf '#NAME\nsandbox x\ninteractive x\n'`, NoCtags},
		{"crashes", features + `kill -SEGV $$`, TooCostly},
		{"fails", features + one + done + `exit 1`, CtagsFailed},
		{"warns", features + one + done + `echo 'ctags: Warning: x' >&2`, CtagsFailed},
		{"ends in the middle", features + one, CtagsFailed},
		{"goes on after the end", features + done + one, CtagsFailed},
		{"says nothing", features, CtagsFailed},
		{"reports an error", features + `echo '{"_type":"error","message":"x","fatal":true}';` + done, CtagsFailed},
		{"prints no JSON", features + `echo tags;` + done, CtagsFailed},
		{"prints a tag without a line", features + `echo '{"_type":"tag","name":"a","kind":"constant"}';` + done, CtagsFailed},
		{"prints without end", features + `while :; do echo '{"_type":"program"}'; done`, TooCostly},
		{"works", features + one + done, ""},
	} {
		t.Run(tt.why, func(t *testing.T) {
			r := l.local()
			r.x.limits.Output = 1 << 20
			dir := t.TempDir()
			if tt.script != "" {
				if err := os.WriteFile(filepath.Join(dir, "ctags"), []byte("#!/bin/sh\n"+tt.script+"\n"), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			t.Setenv("PATH", dir)
			got, err := r.Definitions(t.Context(), head, []string{"a.ts", "b.ts"})
			if err != nil || len(got) != 2 {
				t.Fatalf("%v %v", got, err)
			}
			for p, d := range got {
				if d.Unknown != tt.want || (tt.want == "") != (d.Why == "") {
					t.Errorf("%s: %q, want %q: %s", p, d.Unknown, tt.want, d.Why)
				}
			}
		})
	}
}

// TestCtagsIsConfined runs a child as ctags runs, and looks at what it has.
func TestCtagsIsConfined(t *testing.T) {
	t.Setenv("CTAGS", "--hostile")
	dir := t.TempDir()
	program := filepath.Join(dir, "ctags")
	if err := os.WriteFile(program, []byte("#!/bin/sh\n/usr/bin/env; cat /proc/self/limits\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	out, err := testRunner(t, Limits{}).run(t.Context(), command{program: program, args: []string{"x"}, brief: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"HOME=/nonexistent\n", "LC_ALL=C\n", "Max cpu time              2                    7", "Max address space         1073741824"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("%q is missing in\n%s", want, out)
		}
	}
	if strings.Contains(string(out), "hostile") || strings.Contains(string(out), "GIT_") {
		t.Errorf("too much was handed over:\n%s", out)
	}
}

func FuzzTags(f *testing.F) {
	f.Add([]byte(`{"_type":"program"}`+"\n"+`{"_type":"tag","name":"a","line":1,"kind":"key"}`+"\n"+`{"_type":"completed","command":"generate-tags"}`+"\n"), []byte("{ a: 1 }\n"))
	f.Add([]byte(`{"_type":"tag","name":"a","line":9223372036854775807,"kind":"k","typeref":"typename:"}`), []byte("a"))
	f.Fuzz(func(t *testing.T, out, source []byte) {
		found, err := parseTags(out)
		if err != nil {
			return
		}
		for _, d := range describe(found, source) {
			if d.Name == "" || d.Kind == "" || d.Line < 1 || d.Line > strings.Count(string(source), "\n")+1 || len(d.Text) > 3*maxLineText {
				t.Fatalf("impossible definition %+v", d)
			}
		}
	})
}

func FuzzFrontmatter(f *testing.F) {
	f.Add([]byte("---\na\n---\nb\n---\n"))
	f.Fuzz(func(t *testing.T, source []byte) {
		kept := frontmatter(source)
		if strings.Count(string(kept), "\n") != strings.Count(string(source), "\n") || len(kept) > len(source) {
			t.Fatalf("%q became %q", source, kept)
		}
	})
}
