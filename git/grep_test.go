package git

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestGrep(t *testing.T) {
	l := newLab(t)
	long := repeat("x", 5000) + " tags " + repeat("y", 5000)
	head := l.commit(tree{
		"src/a.ts":       {data: "const t = post.tags;\n  tags\nmy_tags tagset TAGS\npost.tags(date)\n"},
		"src/deep/b.ts":  {data: "date: 1\n$tags-x\n"},
		"src-other/c.ts": {data: "tags\n"},
		"new\nline":      {data: "tags"},
		":(top)glob*":    {data: "tags\n"},
		"*":              {data: "tags\n"},
		"binary":         {data: "a\x00b\ntags\n"},
		"late":           {data: repeat("z\n", 5000) + "tags\x00tags\n"},
		"link":           {data: "tags", mode: ModeSymlink},
		"long":           {data: long},
		"latin":          {data: "\xe9 tags \xff\n"},
		"regex":          {data: "a.b\naxb\n"},
		".gitattributes": {data: "* diff=evil -text binary\n"},
	})
	all := []string{"src", "src-other", "new\nline", ":(top)glob*", "*", "binary", "late", "link", "long", "latin", "regex", "nowhere"}
	for _, tt := range []struct {
		why          string
		names, paths []string
		want         []string
	}{
		{"a file, whole words only, two names on a line", []string{"tags", "date"}, []string{"src/a.ts"}, []string{
			"src/a.ts:1:tags:const t = post.tags;", "src/a.ts:2:tags:tags", "src/a.ts:4:date:post.tags(date)", "src/a.ts:4:tags:post.tags(date)",
		}},
		{"a directory, not one that begins alike", []string{"date"}, []string{"src"}, []string{"src/a.ts:4:date:post.tags(date)", "src/deep/b.ts:1:date:date: 1"}},
		{"a path twice counts once", []string{"date"}, []string{"src/deep", "src/deep/b.ts"}, []string{"src/deep/b.ts:1:date:date: 1"}},
		{"a name with signs", []string{"$tags-x"}, []string{"src"}, []string{"src/deep/b.ts:2:$tags-x:$tags-x"}},
		{"paths are literal", []string{"tags"}, []string{"*", ":(top)glob*", "new\nline"}, []string{"*:1:tags:tags", ":(top)glob*:1:tags:tags", "new\nline:1:tags:tags"}},
		{"text only, attributes have no say", []string{"tags"}, []string{"binary", "link", "late", "latin"}, []string{"late:5001:tags:tags\x00tags", "latin:1:tags:\ufffd tags \ufffd"}},
		{"names are no patterns", []string{"a.b"}, []string{"regex"}, []string{"regex:1:a.b:a.b"}},
		{"a name like an option", []string{"-e", "--and"}, all, nil},
		{"nowhere", []string{"absent"}, all, nil},
		{"nothing asked", nil, all, nil},
		{"no paths", []string{"tags"}, nil, nil},
	} {
		got, err := l.local().Grep(t.Context(), head, tt.names, tt.paths)
		var found []string
		for _, m := range got.Found {
			found = append(found, fmt.Sprintf("%s:%d:%s:%s", m.Path, m.Line, m.Name, m.Text))
		}
		if d := cmp.Diff(tt.want, found); err != nil || d != "" || got.More {
			t.Errorf("%s: %v %v %s", tt.why, err, got.More, d)
		}
	}
	got, err := l.local().Grep(t.Context(), head, []string{"tags"}, []string{"long"})
	if err != nil || len(got.Found) != 1 || len(got.Found[0].Text) > maxLineText || !strings.Contains(got.Found[0].Text, "x tags y") {
		t.Errorf("a long line: %v %v", got, err)
	}
}

func TestGrepIsBounded(t *testing.T) {
	l := newLab(t)
	files := tree{"many": {data: repeat("tags\n", 51)}, "fifty": {data: repeat("tags\n", 50)}}
	for i := range 30 {
		files[fmt.Sprintf("d/%02d", i)] = file{data: repeat("tags date\n", 40)}
	}
	head := l.commit(files)
	for _, tt := range []struct {
		path string
		want int
		more bool
	}{{"many", 50, true}, {"fifty", 50, false}, {"d", 1000, true}} {
		got, err := l.local().Grep(t.Context(), head, []string{"tags", "date"}, []string{tt.path})
		if err != nil || len(got.Found) != tt.want || got.More != tt.more {
			t.Errorf("%s: %d, more %v, %v", tt.path, len(got.Found), got.More, err)
		}
	}
}

func TestGrepRefuses(t *testing.T) {
	l := newLab(t)
	head := l.commit(text("a", "tags\n"))
	r := l.local()
	for _, bad := range []struct{ commit, name, path string }{
		{"HEAD", "tags", "a"}, {head, "", "a"}, {head, "a\nb", "a"}, {head, "a\x00", "a"}, {head, "\xff", "a"}, {head, repeat("x", 201), "a"},
		{head, "tags", ""}, {head, "tags", "/a"}, {head, "tags", "../a"}, {head, "tags", "a/"}, {head, "tags", "a\x00"},
	} {
		if got, err := r.Grep(t.Context(), bad.commit, []string{bad.name}, []string{bad.path}); err == nil {
			t.Errorf("%q: %v", bad, got)
		}
	}
	if _, err := r.Grep(t.Context(), head, strings.Split(repeat("n ", 101), " ")[:101], []string{"a"}); err == nil {
		t.Error("101 names")
	}
	var missing *NotFoundError
	if _, err := r.Grep(t.Context(), id1, []string{"tags"}, []string{"a"}); !errors.As(err, &missing) {
		t.Errorf("a commit that is not here: %v", err)
	}
	// A blob that cannot be read is not a file without matches.
	gone := l.raw("tags", "hash-object", "-w", "--stdin")
	lost := l.change(head, tree{"b": {id: gone}})
	if err := os.Remove(filepath.Join(l.dir, "objects", gone[:2], gone[2:])); err != nil {
		t.Fatal(err)
	}
	_, err := r.Grep(t.Context(), lost, []string{"tags"}, []string{"a", "b"})
	_ = refusal(t, err, Unreadable)
}

func FuzzGrep(f *testing.F) {
	f.Add([]byte(id1+":a\x001\x00some tags\n"+id1+":b\nc\x0012\x00tags\x00\n"), 3)
	f.Add([]byte(id1+":a\x00-1\x00tags\n"), 9)
	f.Fuzz(func(t *testing.T, data []byte, n int) {
		read := func(n int) (Matches, bool) {
			g := &grep{commit: id1, names: []string{"tags", "a"}}
			err := feed(append([]byte(nil), data...), n, g)
			return g.matches(), err == nil && g.idle()
		}
		whole, ok1 := read(len(data))
		parts, ok2 := read(n)
		if ok1 != ok2 || ok1 && cmp.Diff(whole, parts) != "" {
			t.Fatalf("pieces of %d read differently", n)
		}
		for _, m := range whole.Found {
			if m.Path == "" || m.Line < 1 || len(m.Text) > 3*maxLineText || strings.Contains(m.Text, "\n") {
				t.Fatalf("impossible match %+v", m)
			}
		}
	})
}
