package agentplane_test

import (
	"path"
	"strings"
	"testing"
)

// module is the import path all packages here start with.
const module = "github.com/agentplane/agentplane"

// folders are the only places for Go packages, with what each is for. Some may
// not exist yet; none may be added without a line here and in ARCHITECTURE.md.
var folders = map[string]string{
	"":               "embeds app.yml and the demo's blog",
	"ownership":      "parses the contract, decides paths; pure",
	"checks":         "facts and contract to report to document; pure",
	"queue":          "the merge queue as a state machine; pure",
	"git":            "the only place that runs git",
	"store":          "deliveries, jobs and state in SQLite or PostgreSQL",
	"app":            "the GitHub App: inbox, jobs, facts, publishing",
	"app/gh":         "the only package that knows GitHub's API types",
	"web":            "the dashboard: read-only pages over store",
	"sim":            "GitHub in one process, for the demo and for tests",
	"sim/openapi":    "holds the simulator to GitHub's description; for tests",
	"cmd/agentplane": "the command line",
}

// plainFolders hold no Go package.
var plainFolders = []string{".ci", ".github", "docs", "testdata"}

// testOnly are packages that only tests import; they may speak to testing.T.
var testOnly = []string{"sim/openapi"}

// pure are the packages that decide. What they may not import would let them
// read a clock, a disk, a network, an environment or chance.
var pure = []string{"ownership", "checks", "queue"}

var impureImports = []string{"context", "os", "net", "net/*", "os/exec", "database/sql", "log", "log/slog", "sync", "math/rand", "math/rand/v2"}

// allowance is what the code of one package may import besides the standard
// library. Tests may import more: see testImports.
type allowance struct {
	here  []string          // packages of this module
	there map[string]string // module path prefix to the reason
}

var imports = map[string]allowance{
	"": {},
	"ownership": {there: map[string]string{
		"go.yaml.in/yaml/v4": "the contract is YAML, and problems need line and column",
		"golang.org/x/text":  "Unicode normal form and case folding of deny lists",
	}},
	"checks": {here: []string{"ownership"}, there: map[string]string{
		"go.yaml.in/yaml/v4":       "the block in the notes, and workflow files",
		"github.com/yuin/goldmark": "the notes are Markdown, and what is quoted or hidden in it is no claim",
	}},
	"queue": {},
	"git": {there: map[string]string{
		"github.com/hashicorp/golang-lru/v2": "what git said before, the oldest forgotten first",
	}},
	"store": {here: []string{"queue"}, there: map[string]string{
		"github.com/riverqueue/river": "durable jobs on both databases",
		"modernc.org/sqlite":          "the embedded database",
		"github.com/jackc/pgx/v5":     "PostgreSQL",
	}},
	"app/gh": {here: []string{"checks"}, there: map[string]string{
		"github.com/google/go-github/v60":            "GitHub's REST types",
		"github.com/bradleyfalzon/ghinstallation/v2": "installation tokens",
		"github.com/golang-jwt/jwt/v4":               "the App's own token",
	}},
	"app": {here: []string{"ownership", "checks", "queue", "git", "store", "app/gh"}, there: map[string]string{
		"github.com/palantir/go-githubapp":    "the webhook dispatcher, with our own scheduler",
		"github.com/sourcegraph/conc":         "goroutines that have an owner",
		"github.com/prometheus/client_golang": "metrics",
	}},
	"web": {here: []string{"store", "checks", "queue"}},
	"sim": {there: map[string]string{
		"go.yaml.in/yaml/v4": "reads the App's manifest and the workflow files it runs",
	}},
	"sim/openapi": {there: map[string]string{
		"github.com/getkin/kin-openapi": "reads GitHub's description and validates by it",
		"github.com/google/uuid":        "the form of a delivery's id",
	}},
	"cmd/agentplane": {here: []string{"", "ownership", "checks", "queue", "git", "store", "app", "app/gh", "web", "sim"}, there: map[string]string{
		"github.com/spf13/cobra":      "commands, flags, help and completion",
		"charm.land/lipgloss/v2":      "colours of the demo's timeline",
		"github.com/sourcegraph/conc": "goroutines that have an owner",
		"go.yaml.in/yaml/v4":          "reads the demo's story",
	}},
}

// testImports are what tests may import besides what their package may. They
// may import every package of this module.
var testImports = map[string]map[string]string{
	"*": {
		"github.com/google/go-cmp":        "readable differences",
		"pgregory.net/rapid":              "properties on random input that shrink",
		"github.com/rogpeppe/go-internal": "txtar goldens and command line scripts",
		"golang.org/x/tools":              "txtar archives",
		"go.yaml.in/yaml/v4":              "reads fixtures",
	},
	"ownership": {
		"github.com/hmarr/codeowners":              "the peer of the benchmark",
		"github.com/santhosh-tekuri/jsonschema/v6": "validates contracts by our own schema",
	},
	"checks": {
		"github.com/santhosh-tekuri/jsonschema/v6": "validates reports by our own schema",
	},
	"cmd/agentplane": {
		"github.com/santhosh-tekuri/jsonschema/v6": "validates what check prints by our own schema",
	},
	"sim": {
		"github.com/google/go-github/v60":            "an independent client",
		"github.com/bradleyfalzon/ghinstallation/v2": "an independent client",
		"github.com/golang-jwt/jwt/v4":               "an independent signer of the App's own token",
	},
}

// reserved are packages of the standard library that only some may import.
var reserved = map[string]struct {
	why    string
	places []string
}{
	"os/exec":       {"git runs in one place, hardened; the simulator runs git and its repositories' commands", []string{"git", "sim"}},
	"unsafe":        {"nothing here is worth it", nil},
	"math/rand":     {"its old functions share one hidden source", nil},
	"math/rand/v2":  {"chance is for pauses between attempts, and seeded in the simulator", []string{"store", "sim", "app"}},
	"log":           {"log with the slog.Logger you were given", nil},
	"plugin":        {"code comes from this module", nil},
	"net/http/cgi":  {"it fails on large pushes", nil},
	"html/template": {"pages are made in web", []string{"web"}},
	"text/template": {"it escapes nothing", nil},
}

// A rule is one convention. It returns a line for every place that breaks it.
type rule struct {
	name  string
	why   string
	check func(*tree) []string
}

var rules = []rule{
	{"folders", "folders name the pipeline; a drawer for everything hides what belongs together", checkFolders},
	{"imports", "the pipeline has one direction, and every dependency a reason", checkImports},
	{"reserved", "what is dangerous or shared happens in few places", checkReserved},
	{"pure", "what decides can be replayed: it reads no clock, disk, network or chance", checkPure},
	{"package-comment", "the package comment is the manual", checkPackageComments},
	{"file-size", "a file holds one idea", checkFileSize},
	{"function-size", "a function fits on a screen", checkFunctionSize},
	{"function-median", "most functions fit in a glance", checkFunctionMedian},
	{"documented", "every exported name says what it promises", checkDocumented},
	{"parameters", "more than five parameters are a struct that was not named", checkParameters},
	{"goroutines", "a goroutine has an owner who waits for it and catches its panic", checkGoroutines},
	{"contexts", "a context belongs to a call, not to a thing", checkContexts},
	{"no-init", "nothing happens before main", checkNoInit},
	{"package-variables", "no state outside of values", checkPackageVariables},
	{"no-sleep-no-skip", "a test waits for a condition, and runs", checkSleepAndSkip},
	{"tests-outweigh", "the packages that decide have at least as much test as code", checkTestsOutweigh},
	{"words", "the repository stands by itself: no place, person or history of its making", checkWords},
	{"stubs", "what is here is whole", checkStubs},
	{"glossary", "one word for a thing, and every word is explained", checkGlossary},
	{"links", "a reader who follows a link arrives", checkLinks},
	{"dependencies", "every dependency is used, and its reason is written down", checkDependencies},
}

func TestArchitecture(t *testing.T) {
	repository := readRepository(t)
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			for _, problem := range r.check(repository) {
				t.Errorf("%s\n\t(%s)", problem, r.why)
			}
		})
	}
}

// TestRulesTurnRed feeds every rule the examples in testdata/architecture whose
// names start with the rule's. The first lines say which problems it must find;
// an example without such a line must pass.
func TestRulesTurnRed(t *testing.T) {
	examples := readExamples(t)
	for _, r := range rules {
		red := 0
		for _, e := range examples[r.name] {
			t.Run(r.name+"/"+e.name, func(t *testing.T) {
				e.compare(t, r.check(e.tree))
			})
			red += min(1, len(e.want))
		}
		if red == 0 {
			t.Errorf("rule %s was never seen red: add testdata/architecture/%s.….txtar", r.name, r.name)
		}
		delete(examples, r.name)
	}
	for name := range examples {
		t.Errorf("testdata/architecture/%s.….txtar: there is no rule of this name", name)
	}
}

// compare holds the problems to the wanted ones, in number and in text.
func (e example) compare(t *testing.T, got []string) {
	t.Helper()
	for _, want := range e.want {
		if !strings.Contains(strings.Join(got, "\n"), want) {
			t.Errorf("no problem says %q in:\n%s", want, strings.Join(got, "\n"))
		}
	}
	if len(got) != len(e.want) {
		t.Errorf("%d problems, want %d:\n%s", len(got), len(e.want), strings.Join(got, "\n"))
	}
}

// TestAllowancesAreUsed keeps the tables from allowing what nobody needs.
func TestAllowancesAreUsed(t *testing.T) {
	repository := readRepository(t)
	for dir, allowed := range imports {
		if !repository.has(dir) {
			continue // a package that does not exist yet
		}
		for name := range allowed.there {
			if !repository.importedIn(dir, name, false) {
				t.Errorf("imports allows %s in %q, where no code imports it", name, dir)
			}
		}
	}
	for dir, allowed := range testImports {
		for name := range allowed {
			if !repository.importedIn(dir, name, true) {
				t.Errorf("testImports allows %s in %q, where no test imports it", name, dir)
			}
		}
	}
}

// under tells whether an import path is a module's or below it.
func under(importPath, prefix string) bool {
	return importPath == prefix || strings.HasPrefix(importPath, prefix+"/")
}

// folder is a file's folder, "" for the top.
func folder(file string) string {
	dir := path.Dir(file)
	if dir == "." {
		return ""
	}
	return dir
}
