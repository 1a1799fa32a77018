package checks

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/agentplane/agentplane/ownership"
)

var update = flag.Bool("update", false, "rewrite the goldens")

// TestGolden judges the facts of every file in testdata/golden by its contract (or by testdata/contract.yml), and
// compares the report and each of its renderings. The comment at the top of a file says why it is there.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/golden/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no goldens: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) { golden(t, file) })
	}
}

func golden(t *testing.T, file string) {
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if len(bytes.TrimSpace(archive.Comment)) == 0 {
		t.Error("the golden does not say why it is there")
	}
	in := map[string][]byte{}
	var kept []txtar.File
	for _, f := range archive.Files {
		in[f.Name] = f.Data
		if isFact(f) {
			kept = append(kept, f)
		}
	}
	report := judgeGolden(t, in, strings.HasPrefix(filepath.Base(file), "v-"))
	got := renderings(t, report)
	if *update {
		archive.Files = append(kept, got...)
		if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	for _, f := range got {
		if diff := cmp.Diff(string(in[f.Name]), string(f.Data)); diff != "" {
			t.Errorf("%s (-want +got; -update rewrites it):\n%s", f.Name, diff)
		}
	}
	if want := len(kept) + len(got); len(archive.Files) != want {
		t.Errorf("the golden has %d files, want %d", len(archive.Files), want)
	}
	validate(t, in["report.json"])
}

// judgeGolden judges; a golden of verification starts from facts that show everything.
func judgeGolden(t *testing.T, in map[string][]byte, ofVerification bool) Report {
	src, ok := in["contract.yml"]
	start := goodFacts()
	switch {
	case !ok && ofVerification:
		src = readFile(t, verified)
	case !ok:
		src = exampleSource(t)
	}
	if ofVerification {
		start = shownFacts(t)
		if strings.HasPrefix(string(in["facts"]), "fresh\n") {
			start.CI.Runs, start.CI.CheckRuns, start.CI.Statuses = nil, nil, nil
		}
	}
	facts := parseFacts(t, start, string(in["facts"]))
	useFiles(&facts, in)
	if facts.Contract.Kind != ContractFound {
		return Evaluate(nil, facts)
	}
	if proposed, ok := in["proposed.yml"]; ok {
		facts.Proposal = proposalOf(t, proposed)
	}
	contract, problems := parseContract(t, src)
	if problems != nil {
		facts.Contract.Kind, facts.Contract.Problems = ContractInvalid, problems
	}
	return Evaluate(contract, facts)
}

func exampleSource(t testing.TB) []byte { return readFile(t, "testdata/contract.yml") }

func readFile(t testing.TB, name string) []byte {
	src, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return src
}

func example(t testing.TB) *ownership.Contract {
	c, err := ownership.Parse(ownership.FileName, exampleSource(t))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// renderings are all forms of a report, as files. The text of a document repeats the JSON, so it is left out here
// where it says nothing else.
func renderings(t *testing.T, r Report) []txtar.File {
	var indented bytes.Buffer
	src, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Indent(&indented, src, "", "  "); err != nil {
		t.Fatal(err)
	}
	out := []txtar.File{{Name: "report.json", Data: append(indented.Bytes(), '\n')}}
	for _, d := range Render(r) {
		name := strings.TrimPrefix(d.Name, "agentplane/") + ".md"
		out = append(out, txtar.File{Name: name, Data: []byte(d.Conclusion + ": " + d.Title + "\n\n" + d.Summary)})
	}
	return append(out,
		txtar.File{Name: "terminal.txt", Data: []byte(RenderText(r, nil))},
		txtar.File{Name: "workflow.txt", Data: []byte(RenderGitHub(r))},
	)
}
