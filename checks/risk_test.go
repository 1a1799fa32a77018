package checks

import (
	"strings"
	"testing"
)

func TestNotedRisk(t *testing.T) {
	for _, tc := range []struct{ why, body, want string }{
		{"a paragraph", "## Remaining risk\n\nThe list stays long.\n", "The list stays long."},
		{"whatever follows up to the next heading of its level", "## Remaining risk\n\none\n\n### More\n\n- two\n- three\n\n## Else\n\nfour\n", "one\ntwo\nthree"},
		{"the heading in other letters", "# REMAINING RISK:\n\nsome\n", "some"},
		{"no such section", "## Commands run\n\n- `make`\n", ""},
		{"an empty one", "## Remaining risk\n\n## Else\n\nsome\n", ""},
		{"what is fenced, quoted or hidden is no note", "## Remaining risk\n\n```\na\n```\n\n> b\n\n<!-- c -->\n", ""},
		{"a body that is too long", "## Remaining risk\n\nx\n" + strings.Repeat("y", maxBody), ""},
		{"nothing", "", ""},
	} {
		if got := NotedRisk(tc.body); got != tc.want {
			t.Errorf("%s: %q, want %q", tc.why, got, tc.want)
		}
	}
}
