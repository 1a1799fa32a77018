package ownership

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"
)

// unseen are the golden contracts whose problems no schema can see: how the
// file is written, and names and branches that do not fit together.
var unseen = map[string]string{
	"after":        "agents that wait for each other",
	"anchors":      "anchors are gone when the schema looks",
	"branches":     "branches that can be one",
	"for":          "names of agents",
	"same-branch":  "two keys that are equal",
	"timeouts":     "the range of a time",
	"directive":    "how the file is written",
	"document-end": "how the file is written",
}

// validator compiles the schema, as an editor would.
func validator(t testing.TB) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("contract.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := compiler.Compile("contract.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// value reads YAML as the schema's validator wants it; readable is false when
// it is not one document that JSON could hold.
func value(src []byte) (v any, readable bool) {
	var tree any
	if err := yaml.Load(src, &tree); err != nil {
		return nil, false
	}
	text, err := json.Marshal(tree)
	if err != nil {
		return nil, false
	}
	v, err = jsonschema.UnmarshalJSON(bytes.NewReader(text))
	return v, err == nil
}

// TestSchemaRefusesWhatParseRefuses runs the golden contracts through the
// schema. Those that it accepts must be listed as unseen.
func TestSchemaRefusesWhatParseRefuses(t *testing.T) {
	s := validator(t)
	for _, g := range goldens(t) {
		name := strings.TrimSuffix(strings.TrimPrefix(g.file, "testdata/contracts/"), ".txtar")
		v, readable := value(g.source())
		accepted := readable && s.Validate(v) == nil
		_, listed := unseen[name]
		if accepted && !listed {
			t.Errorf("%s: the schema accepts it", g.file)
		}
		if listed && !accepted && readable {
			t.Errorf("%s: the schema refuses it, so it is not unseen", g.file)
		}
	}
}

// TestSchemaAcceptsTheBlog: the demo's contract, and the smallest one.
func TestSchemaAcceptsTheBlog(t *testing.T) {
	blog, err := os.ReadFile("../testdata/blog/main/" + FileName)
	if err != nil {
		t.Fatal(err)
	}
	s := validator(t)
	for _, src := range []string{string(blog), valid, everything} {
		if _, err := Parse(FileName, []byte(src)); err != nil {
			t.Errorf("Parse: %v", err)
		}
		v, _ := value([]byte(src))
		if err := s.Validate(v); err != nil {
			t.Errorf("schema: %v\n%s", err, src)
		}
	}
}

// everything has every key, each in every form that it can have.
const everything = `version: 1
integration:
  branch: integration/x
  target: main
  integrators: ["@octo/platform", "@mona"]
agents:
  one:
    branch: agent/one
    accounts: ["one[bot]", 41898282, Mona_octo]
    owns: [src/, "*.go", "/**/x/**", "app/\\[slug\\]/"]
    never: ["**/secret", "a?b"]
    after: [two]
  two: { branch: "agent/two-*" }
shared: ["**"]
verification:
  run: { run: "a | b && c", for: [one, two, integration] }
  lines:
    run: |
      make a
      make b
    evidence: { workflow: .github/workflows/ci.yaml, job: check it, event: [push, merge_group], directory: web/site }
    harness: [Makefile]
  observed: { evidence: { check: build, app: github-actions } }
  pinned: { evidence: { check: build, app: 15368 } }
  once: { run: make, evidence: { workflow: .github/workflows/ci.yml, job: a, event: push } }
  set: { evidence: { status: ci/build, creator: "ci[bot]" } }
  by-id: { evidence: { status: ci/build, creator: 583231 } }
  statement: { expect: "It works: really" }
  notes: { sections: [Commands run] }
approvals:
  contract: { by: ["@mona"] }
  ci: { paths: [scripts/ci/], by: ["@octo/platform"] }
  lockfiles: deny
  links: { by: ["@mona"] }
  secrets: { by: deny }
  mine: { paths: [x/] }
  yours: { paths: [y/], by: deny }
interfaces:
  api: { paths: [api/] }
  schema: { paths: [db/], consumers: [src/], by: ["@octo/architects"] }
limits: { active_agents: 1, attempts: 1, paths: 50000 }
queue: { batch: 64, parallel: 32, timeout: 1h30m, method: squash, goal: lean }
unassigned: { bots: pass, people: fail }
harness: [jest.config.js]
`

// TestSchemaFollowsParse changes a whole contract at random places. What Parse
// accepts the schema accepts; what the schema accepts Parse accepts too, but
// for the problems that Schema's comment lists.
func TestSchemaFollowsParse(t *testing.T) {
	s, r := validator(t), rand.New(rand.NewPCG(11, 5))
	swaps := []string{"[]", "{}", "1", "0", "-1", "x", "\"\"", "null", "true", "deny", "pass", "[x]", "{ x: y }", "[\"@a\"]", "[1]", "[[x]]", "main", "\"a b\""}
	known := []string{"no agent has this name", "wait for each other", "are the same branch", "branch is the", "can match", "lane tests", "stands twice",
		"from 1m to 24h", "take this for something else", "is not YAML", "one line"}
	accepted, refused := 0, 0
	for range scale(1200) {
		src := mutate(r, swaps)
		_, err := Parse(FileName, []byte(src))
		v, readable := value([]byte(src))
		schemaErr := error(nil)
		if readable {
			schemaErr = s.Validate(v)
		}
		switch {
		case err == nil && (!readable || schemaErr != nil):
			t.Fatalf("Parse accepts, the schema does not: %v\n%s", schemaErr, src)
		case err == nil:
			accepted++
		case readable && schemaErr == nil && !onlyKnown(err, known):
			t.Fatalf("the schema accepts, Parse does not: %v\n%s", err, src)
		default:
			refused++
		}
	}
	if accepted < 50 || refused < 500 {
		t.Errorf("%d accepted, %d refused: the comparison is lopsided", accepted, refused)
	}
}

// mutate replaces a value of the whole contract, or removes a line.
func mutate(r *rand.Rand, swaps []string) string {
	lines := strings.Split(everything, "\n")
	i := r.IntN(len(lines) - 1)
	if before, after, ok := strings.Cut(lines[i], ": "); ok && r.IntN(4) > 0 {
		swap := swaps[r.IntN(len(swaps))]
		inner := strings.LastIndex(after, ": ")
		switch end := strings.IndexAny(after[max(0, inner):], ",}"); {
		case inner >= 0 && end > 0 && strings.HasPrefix(after, "{"):
			lines[i] = before + ": " + after[:inner+2] + swap + " " + after[inner+end:]
		default:
			lines[i] = before + ": " + swap
		}
	} else {
		lines = append(lines[:i], lines[i+1:]...)
	}
	return strings.Join(lines, "\n")
}

// onlyKnown tells whether all problems are of a kind that a schema cannot see.
func onlyKnown(err error, known []string) bool {
	for line := range strings.SplitSeq(err.Error(), "\n") {
		seen := false
		for _, k := range known {
			seen = seen || strings.Contains(line, k)
		}
		if !seen {
			return false
		}
	}
	return true
}

// TestSchemaPatterns holds the schema's regular expression to CompilePattern.
func TestSchemaPatterns(t *testing.T) {
	s, r := validator(t), rand.New(rand.NewPCG(8, 8))
	check := func(pattern string) bool {
		v := map[string]any{"version": json.Number("1"), "shared": []any{pattern}, "agents": map[string]any{"a": map[string]any{"branch": "x"}}}
		return s.Validate(v) == nil
	}
	for _, tt := range patternCases(t) {
		unseen := strings.Contains(tt.Error, "invisible") || strings.Contains(tt.Error, "normal form") || strings.Contains(tt.Error, "segments **") || tt.Pattern == "a\u0085b"
		if got := check(tt.Pattern); got != (tt.Error == "" || unseen) {
			t.Errorf("the schema says %v to %q (%s)", got, tt.Pattern, tt.Why)
		}
	}
	for range 3000 {
		text := strings.ToValidUTF8(randomPatternText(r), "x")
		_, err := CompilePattern(text)
		if got := check(text); got != (err == nil) && (err == nil || !strings.Contains(err.Error(), "normal form")) {
			t.Fatalf("the schema says %v to %q, CompilePattern %v", got, text, err)
		}
	}
}
