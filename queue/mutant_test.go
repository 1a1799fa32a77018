package queue

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A mutant is a small wrong change to the code that the tests must notice.
type mutant struct{ why, file, old, new string }

// readMutants reads testdata/mutants/mutants.txt: "# why", "@ file", the old lines with "-", the new ones with "+".
func readMutants(t *testing.T) (all []mutant) {
	src, err := os.ReadFile("testdata/mutants/mutants.txt")
	if err != nil {
		t.Fatal(err)
	}
	for block := range strings.SplitSeq(strings.TrimSpace(string(src)), "\n\n") {
		var m mutant
		for line := range strings.SplitSeq(block, "\n") {
			switch kind, rest := line[:1], strings.TrimPrefix(line[1:], " "); kind {
			case "#":
				m.why = rest
			case "@":
				m.file = rest
			case "-":
				m.old += rest + "\n"
			case "+":
				m.new += rest + "\n"
			default:
				t.Fatalf("testdata/mutants/mutants.txt: a line begins with %q: %s", kind, line)
			}
		}
		all = append(all, m)
	}
	return all
}

// TestMutants runs the other tests on changed code, by an overlay that leaves the files alone, and fails when one does
// not notice. By itself it tries a few; make mutants tries all.
func TestMutants(t *testing.T) {
	all := readMutants(t)
	if len(all) < 30 {
		t.Errorf("%d mutants, at least 30 are expected", len(all))
	}
	few := 18
	if os.Getenv("AGENTPLANE_MUTANTS") != "" {
		few = 1
	}
	if out, err := (mutant{}).test(t, t.TempDir()); err != nil {
		t.Fatalf("the tests fail on the code as it is:\n%s", out)
	}
	for i, m := range all {
		src, err := os.ReadFile(m.file)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(src), m.old); n != 1 {
			t.Errorf("%s: the old lines are in %s %d times, want once:\n%s", m.why, m.file, n, m.old)
			continue
		}
		if i%few == 0 {
			t.Run(strings.ReplaceAll(m.why, " ", "-"), func(t *testing.T) {
				m.try(t, strings.Replace(string(src), m.old, m.new, 1))
			})
		}
	}
}

// try tests a mutant, and fails when it survives.
func (m mutant) try(t *testing.T, changed string) {
	dir := t.TempDir()
	file, err := filepath.Abs(m.file)
	if err != nil {
		t.Fatal(err)
	}
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {file: filepath.Join(dir, m.file)}})
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{m.file: []byte(changed), "overlay.json": overlay} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := m.test(t, dir)
	switch {
	case err == nil:
		t.Errorf("%s: no test notices", m.why)
	case strings.Contains(out, "[build failed]"), strings.Contains(out, "[setup failed]"):
		t.Errorf("%s: the mutant is no program:\n%s", m.why, out)
	}
}

// test runs the tests that a mutant must fail, with the overlay in a folder, if there is one.
func (m mutant) test(t *testing.T, dir string) (string, error) {
	args := []string{"test", "-vet=off", "-failfast", "-run", "^(TestConversations|TestRules|TestKeys|TestNumbers|TestStored.*|TestChances|TestWhatCounts.*|TestWorlds)$"}
	if m.file != "" {
		args = append(args, "-overlay", filepath.Join(dir, "overlay.json"))
	}
	test := exec.CommandContext(t.Context(), "go", append(args, ".")...)
	test.Env = append(os.Environ(), "AGENTPLANE_WORLDS=1500")
	out, err := test.CombinedOutput()
	return string(out), err
}
