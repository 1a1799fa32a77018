//go:build !race

package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// differing is what differs from one run of the demo to the next: the port, times, commits and the number of requests,
// which depends on what is read together. Columns are kept.
var differing = regexp.MustCompile(`127\.0\.0\.1:\d+|(?m:^ *\d+\.\d\ds)|\d+ ms|\d+ API requests|\d+\.\d s\.`)

var (
	commits = regexp.MustCompile(`\b(?:[0-9a-f]{10}\b|[0-9a-f]{7}(?:…|\b))`)
	numbers = regexp.MustCompile(`[ \d]*\d`)
)

func steady(output string) string {
	return differing.ReplaceAllStringFunc(commits.ReplaceAllString(output, "#"), func(s string) string {
		return numbers.ReplaceAllString(s, "#")
	})
}

// TestReadmeShowsTheDemo holds the README's picture of the demo to what the demo prints.
func TestReadmeShowsTheDemo(t *testing.T) {
	t.Parallel()
	got := playDemo(t, t.TempDir())
	page, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, begins := strings.Cut(string(page), readmeFrom)
	shown, after, ends := strings.Cut(rest, readmeTo)
	if !begins || !ends {
		t.Fatalf("%s lacks the marks of the demo's output", readme)
	}
	d := cmp.Diff(steady(shown), steady(got))
	if d == "" {
		return
	}
	if !*update {
		t.Fatalf("the README shows another demo; -update puts this one there (-shown +printed):\n%s", d)
	}
	if err := os.WriteFile(readme, []byte(before+readmeFrom+got+readmeTo+after), 0o644); err != nil { //nolint:gosec // a page of the repository
		t.Fatal(err)
	}
}
