package agentplane_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// A source is one file. Syntax is nil for what is not Go, and for Go under a
// testdata folder, which is data.
type source struct {
	path   string
	data   []byte
	syntax *ast.File
}

// isTest tells a test file by its name.
func (s *source) isTest() bool { return strings.HasSuffix(s.path, "_test.go") }

// lines counts the lines of the file.
func (s *source) lines() int { return strings.Count(string(s.data), "\n") }

// statements counts the lines that are neither empty nor a comment of their own.
func (s *source) statements() (n int) {
	for line := range strings.Lines(string(s.data)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "//") {
			n++
		}
	}
	return n
}

// line is the number of the line at an offset. A pattern may begin at the end
// of the line before.
func (s *source) line(offset int) int {
	if s.data[offset] == '\n' {
		offset++
	}
	return bytes.Count(s.data[:offset], []byte("\n")) + 1
}

// A tree is a set of files that the rules are run on.
type tree struct {
	files []*source
	fset  *token.FileSet
}

// add parses and keeps a file.
func (t *tree) add(path string, data []byte) error {
	s := &source{path: path, data: data}
	if strings.HasSuffix(path, ".go") && !slices.Contains(strings.Split(path, "/"), "testdata") {
		parsed, err := parser.ParseFile(t.fset, path, data, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		s.syntax = parsed
	}
	t.files = append(t.files, s)
	return nil
}

// at formats a problem with its place.
func (t *tree) at(pos token.Pos, format string, args ...any) string {
	p := t.fset.Position(pos)
	return fmt.Sprintf("%s:%d: ", p.Filename, p.Line) + fmt.Sprintf(format, args...)
}

// golang returns the Go files, code and tests.
func (t *tree) golang() []*source {
	return t.keep(func(s *source) bool { return s.syntax != nil })
}

// code returns the Go files that are not tests.
func (t *tree) code() []*source {
	return t.keep(func(s *source) bool { return s.syntax != nil && !s.isTest() })
}

// handwritten returns the code that no tool generated.
func (t *tree) handwritten() []*source {
	return t.keep(func(s *source) bool { return s.syntax != nil && !s.isTest() && !ast.IsGenerated(s.syntax) })
}

// keep returns the files for which the condition holds.
func (t *tree) keep(ok func(*source) bool) []*source {
	var kept []*source
	for _, s := range t.files {
		if ok(s) {
			kept = append(kept, s)
		}
	}
	return kept
}

// has tells whether there is a file or a folder of this name.
func (t *tree) has(name string) bool {
	return slices.ContainsFunc(t.files, func(s *source) bool { return s.path == name || under(s.path, name) })
}

// text returns the content of a file, "" when there is none.
func (t *tree) text(name string) string {
	for _, s := range t.files {
		if s.path == name {
			return string(s.data)
		}
	}
	return ""
}

// functions calls back for every function with a body in the files.
func functions(files []*source, each func(*source, *ast.FuncDecl)) {
	for _, s := range files {
		for _, d := range s.syntax.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Body != nil {
				each(s, f)
			}
		}
	}
}

// readRepository reads every file that git tracks or would track.
func readRepository(t *testing.T) *tree {
	t.Helper()
	list := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	out, err := list.Output()
	if err != nil {
		t.Fatalf("list the files of the repository with git: %v", err)
	}
	repository := &tree{fset: token.NewFileSet()}
	for _, name := range strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		data, err := os.ReadFile(name)
		if os.IsNotExist(err) {
			continue // deleted, and not yet committed
		}
		if err != nil {
			t.Fatalf("read the repository: %v", err)
		}
		if err := repository.add(name, data); err != nil {
			t.Errorf("parse: %v", err)
		}
	}
	return repository
}

// An example is a small tree and the problems a rule must find in it.
type example struct {
	name string
	want []string
	tree *tree
}

// readExamples reads testdata/architecture, by the name of the rule. Words that
// the repository itself may not contain are written with underscores between
// their letters.
func readExamples(t *testing.T) map[string][]example {
	t.Helper()
	names, err := filepath.Glob("testdata/architecture/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatalf("no examples in testdata/architecture (%v)", err)
	}
	examples := map[string][]example{}
	for _, name := range names {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		rule, rest, _ := strings.Cut(filepath.Base(name), ".")
		e := example{name: strings.TrimSuffix(rest, ".txtar"), tree: &tree{fset: token.NewFileSet()}}
		for _, line := range strings.Split(string(archive.Comment), "\n") {
			if want, ok := strings.CutPrefix(unspell(line), "want: "); ok {
				e.want = append(e.want, want)
			}
		}
		for _, f := range archive.Files {
			if err := e.tree.add(f.Name, []byte(unspell(string(f.Data)))); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		examples[rule] = append(examples[rule], e)
	}
	return examples
}

// unspell joins words that are written w_o_r_d.
func unspell(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		spelled := text[i] == '_' && i > 0 && i+1 < len(text) && letter(text[i-1]) && letter(text[i+1]) &&
			(i < 2 || text[i-2] == '_' || !letter(text[i-2])) && (i+2 >= len(text) || text[i+2] == '_' || !letter(text[i+2]))
		if !spelled {
			b.WriteByte(text[i])
		}
	}
	return b.String()
}

func letter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
