package git

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestShow(t *testing.T) {
	l := newLab(t)
	files := tree{
		"link": {data: "../../etc/passwd", mode: ModeSymlink}, "run": {data: "x", mode: ModeExecutable}, "sub": {id: repeat("1", 40), mode: ModeSubmodule},
		"dir/f": {data: "in"}, "empty": {data: ""}, "zeros": {data: "a\x00b\n"}, "big": {data: strings.Repeat("x", 2<<20)}, "*": {data: "star"},
	}
	for _, p := range strangePaths {
		files[p] = file{data: "at " + p}
	}
	head := l.commit(files)
	r := l.local()
	for _, tt := range []struct {
		path, data string
		mode       uint32
	}{
		{"link", "../../etc/passwd", ModeSymlink}, {"run", "x", ModeExecutable}, {"sub", "", ModeSubmodule}, {"dir", "", ModeTree},
		{"dir/f", "in", ModeFile}, {"empty", "", ModeFile}, {"zeros", "a\x00b\n", ModeFile}, {"*", "star", ModeFile},
	} {
		f, err := r.Show(t.Context(), head, tt.path)
		if err != nil || f.Mode != tt.mode || string(f.Data) != tt.data || CheckID(f.ID) != nil {
			t.Errorf("%q: %o %q %v", tt.path, f.Mode, f.Data, err)
		}
	}
	got, err := r.ShowAll(t.Context(), head, append([]string{"none", "dir/none", "run/below", "?", "**"}, strangePaths...)...)
	if err != nil || len(got) != len(strangePaths) {
		t.Errorf("%d files, want %d: %v", len(got), len(strangePaths), err)
	}
	for _, p := range strangePaths {
		if string(got[p].Data) != "at "+p {
			t.Errorf("%q holds %q", p, got[p].Data)
		}
	}
	_, err = r.Show(t.Context(), head, "big")
	if e := refusal(t, err, TooLarge); e.Path != "big" || e.Count != 2<<20 || e.Limit != 1<<20 {
		t.Errorf("got %+v", e)
	}
	var missing *NotFoundError
	for _, p := range []string{"", "/", "/run", "run/", "..", "../x", "./run", "dir//f", "dir/../run", "a\x00b", strings.Repeat("x", 5000)} {
		if _, err := r.Show(t.Context(), head, p); err == nil || errors.As(err, &missing) {
			t.Errorf("path %.20q: %v", p, err)
		}
	}
	for _, c := range []string{"", "HEAD", "--output=x", head[:39], strings.ToUpper(head)} {
		if _, err := r.Show(t.Context(), c, "run"); err == nil || errors.As(err, &missing) {
			t.Errorf("commit %q: %v", c, err)
		}
	}
}

// TestShowMany asks for more paths than one argument list takes.
func TestShowMany(t *testing.T) {
	l := newLab(t)
	files := tree{}
	var paths []string
	for i := range 2000 {
		p := fmt.Sprintf("%s/%d", strings.Repeat("p", 100), i)
		files[p] = file{data: fmt.Sprint(i % 7)}
		paths = append(paths, p)
	}
	got, err := l.local().ShowAll(t.Context(), l.commit(files), paths...)
	if err != nil || len(got) != len(paths) {
		t.Fatalf("%d files: %v", len(got), err)
	}
	for i, p := range paths {
		if string(got[p].Data) != fmt.Sprint(i%7) {
			t.Fatalf("%s holds %q", p, got[p].Data)
		}
	}
}
