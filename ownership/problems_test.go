package ownership

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "rewrite golden files and docs/contract.md")

// golden is one archive of testdata/contracts: a contract and its problems.
type golden struct {
	file    string
	archive *txtar.Archive
}

// goldens reads testdata/contracts.
func goldens(t testing.TB) []golden {
	t.Helper()
	files, err := filepath.Glob("testdata/contracts/*.txtar")
	if err != nil || len(files) < 30 {
		t.Fatalf("%d contracts in testdata/contracts (%v)", len(files), err)
	}
	var all []golden
	for _, f := range files {
		a, err := txtar.ParseFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, golden{f, a})
	}
	return all
}

// source is the contract, and problems what is written of it.
func (g golden) source() []byte   { return g.archive.Files[0].Data }
func (g golden) problems() string { return string(g.archive.Files[1].Data) }

// TestProblems holds the messages for invalid contracts to the golden files.
func TestProblems(t *testing.T) {
	for _, g := range goldens(t) {
		c, err := Parse("contract.yml", g.source())
		if c != nil || err == nil {
			t.Errorf("%s: the contract is valid", g.file)
			continue
		}
		got := err.Error() + "\n"
		if *update {
			g.archive.Files[1].Data = []byte(got)
			if err := os.WriteFile(g.file, txtar.Format(g.archive), 0o600); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if diff := cmp.Diff(g.problems(), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", g.file, diff)
		}
	}
}

// TestProblemsAreWhole: each problem has a place, a message and a remedy, and
// they are sorted.
func TestProblemsAreWhole(t *testing.T) {
	for _, g := range goldens(t) {
		_, err := Parse("contract.yml", g.source())
		var all SyntaxErrors
		if !errors.As(err, &all) {
			t.Fatalf("%s: %T is not SyntaxErrors", g.file, err)
		}
		lines := strings.Count(string(g.source()), "\n") + 1
		for i, p := range all {
			if p.File != "contract.yml" || p.Line < 1 || p.Line > lines || p.Col < 1 || p.Msg == "" || p.Fix == "" {
				t.Errorf("%s: %+v is not whole", g.file, *p)
			}
			if i > 0 && (all[i-1].Line > p.Line || all[i-1].Line == p.Line && all[i-1].Col > p.Col) {
				t.Errorf("%s: %v stands after %v", g.file, p, all[i-1])
			}
		}
		var one *SyntaxError
		if !errors.As(err, &one) || one != all[0] {
			t.Errorf("%s: errors.As does not find the first problem", g.file)
		}
	}
}
