package ownership

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

// TestLint holds the warnings to testdata/lint.
func TestLint(t *testing.T) {
	files, err := filepath.Glob("testdata/lint/*.txtar")
	if err != nil || len(files) < 8 {
		t.Fatalf("%d files in testdata/lint (%v)", len(files), err)
	}
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		c, err := Parse("contract.yml", a.Files[0].Data)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		var got strings.Builder
		for _, w := range Lint(c) {
			fmt.Fprintf(&got, "%s: %s; %s\n", c.Place(w.Line), w.Msg, w.Fix)
		}
		if *update {
			a.Files[1].Data = []byte(got.String())
			if err := os.WriteFile(file, txtar.Format(a), 0o600); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if diff := cmp.Diff(string(a.Files[1].Data), got.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", file, diff)
		}
	}
}

// TestLintIsBounded: the largest contracts are looked at in no time.
func TestLintIsBounded(t *testing.T) {
	var b strings.Builder
	b.WriteString("version: 1\nagents:\n")
	for i := range 10 {
		fmt.Fprintf(&b, "  a%d:\n    branch: b%d\n    owns:\n", i, i)
		for j := range 400 {
			fmt.Fprintf(&b, "    - p%d*\n", j)
		}
	}
	c, err := Parse("contract.yml", []byte(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	warnings := Lint(c)
	if len(warnings) == 0 || len(warnings) > maxProblems+1 {
		t.Errorf("%d warnings", len(warnings))
	}
}
